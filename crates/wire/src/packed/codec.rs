//! Varints, texts, addresses and optional fields.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use undertone_core::model::{Timestamp, Transport};

pub(super) struct Writer<'v>(pub(super) &'v mut Vec<u8>);

#[expect(clippy::cast_possible_truncation, reason = "a varint byte holds the low seven bits")]
impl Writer<'_> {
    pub(super) fn byte(&mut self, byte: u8) {
        self.0.push(byte);
    }

    #[inline]
    pub(super) fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    pub(super) fn signed(&mut self, value: i64) {
        self.varint((value << 1 ^ value >> 63).cast_unsigned());
    }

    pub(super) fn text(&mut self, text: &str) {
        self.varint(text.len() as u64);
        self.0.extend_from_slice(text.as_bytes());
    }

    /// Bytes as they are.
    #[inline]
    pub(super) fn raw(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    /// An address without its family, which somebody else writes.
    #[inline]
    pub(super) fn octets(&mut self, addr: IpAddr) {
        match addr {
            IpAddr::V4(v4) => self.raw(&v4.octets()),
            IpAddr::V6(v6) => self.raw(&v6.octets()),
        }
    }

    /// Texts: their lengths, then all of them in one piece.
    #[inline]
    pub(super) fn texts<'t>(&mut self, texts: impl Iterator<Item = &'t str> + Clone) {
        texts.clone().for_each(|text| self.varint(text.len() as u64));
        texts.for_each(|text| self.raw(text.as_bytes()));
    }

    pub(super) fn time(&mut self, time: Timestamp) {
        self.signed(time.micros());
    }

    pub(super) fn addr(&mut self, addr: IpAddr) {
        match addr {
            IpAddr::V4(v4) => {
                self.0.push(4);
                self.0.extend_from_slice(&v4.octets());
            }
            IpAddr::V6(v6) => {
                self.0.push(6);
                self.0.extend_from_slice(&v6.octets());
            }
        }
    }

    pub(super) fn transport(&mut self, transport: Transport) {
        self.0.push(transport_code(transport));
    }

    /// 0 absent, 1 false, 2 true.
    pub(super) fn flag(&mut self, flag: Option<bool>) {
        self.0.push(flag_code(flag));
    }
}

/// Two bits.
pub(super) fn transport_code(transport: Transport) -> u8 {
    match transport {
        Transport::Tcp => 0,
        Transport::Udp => 1,
        Transport::Icmp => 2,
        Transport::Other => 3,
    }
}

/// The transport of the two low bits.
pub(super) fn transport_of(code: u8) -> Transport {
    match code & 3 {
        0 => Transport::Tcp,
        1 => Transport::Udp,
        2 => Transport::Icmp,
        _ => Transport::Other,
    }
}

/// Two bits: 0 absent, 1 false, 2 true.
pub(super) fn flag_code(flag: Option<bool>) -> u8 {
    flag.map_or(0, |set| 1 + u8::from(set))
}

/// The flag of the two low bits; 3 is none.
#[expect(clippy::option_option, reason = "outer: is it one; inner: was it there")]
pub(super) fn flag_of(code: u8) -> Option<Option<bool>> {
    match code & 3 {
        0 => Some(None),
        1 => Some(Some(false)),
        2 => Some(Some(true)),
        _ => None,
    }
}

pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (head, tail) = self.0.split_at_checked(count)?;
        self.0 = tail;
        Some(head)
    }

    #[inline]
    pub(super) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, tail) = self.0.split_first_chunk::<N>()?;
        self.0 = tail;
        Some(*head)
    }

    pub(super) fn byte(&mut self) -> Option<u8> {
        let (&byte, tail) = self.0.split_first()?;
        self.0 = tail;
        Some(byte)
    }

    #[inline]
    pub(super) fn varint(&mut self) -> Option<u64> {
        match self.0.split_first() {
            Some((&byte, tail)) if byte < 0x80 => {
                self.0 = tail;
                Some(u64::from(byte))
            }
            _ => self.long_varint(),
        }
    }

    fn long_varint(&mut self) -> Option<u64> {
        let mut value = 0_u64;
        for shift in (0..70).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f).checked_shl(shift)?;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    pub(super) fn number<T: TryFrom<u64>>(&mut self) -> Option<T> {
        T::try_from(self.varint()?).ok()
    }

    pub(super) fn signed(&mut self) -> Option<i64> {
        let raw = self.varint()?;
        Some((raw >> 1).cast_signed() ^ -(raw & 1).cast_signed())
    }

    pub(super) fn text(&mut self) -> Option<&'a str> {
        let length = self.number()?;
        std::str::from_utf8(self.take(length)?).ok()
    }

    /// Texts that [`Writer::texts`] wrote, as many as `count`, which is at most `N`. All are checked as one.
    pub(super) fn texts<const N: usize>(&mut self, count: usize) -> Option<[&'a str; N]> {
        let mut lengths = [0_usize; N];
        let mut total = 0_usize;
        for length in lengths.get_mut(..count)? {
            *length = self.number()?;
            total = total.checked_add(*length)?;
        }
        let mut rest = std::str::from_utf8(self.take(total)?).ok()?;
        let mut texts = [""; N];
        for (text, length) in texts.iter_mut().zip(lengths).take(count) {
            (*text, rest) = rest.split_at_checked(length)?;
        }
        Some(texts)
    }

    /// An address of a family that is known.
    #[inline]
    pub(super) fn octets(&mut self, is_v6: bool) -> Option<IpAddr> {
        if is_v6 {
            self.array::<16>().map(|octets| IpAddr::V6(Ipv6Addr::from(octets)))
        } else {
            self.array::<4>().map(|octets| IpAddr::V4(Ipv4Addr::from(octets)))
        }
    }

    pub(super) fn time(&mut self) -> Option<Timestamp> {
        self.signed().map(Timestamp::from_micros)
    }

    pub(super) fn addr(&mut self) -> Option<IpAddr> {
        match self.byte()? {
            4 => Some(IpAddr::V4(Ipv4Addr::from(self.array::<4>()?))),
            6 => Some(IpAddr::V6(Ipv6Addr::from(self.array::<16>()?))),
            _ => None,
        }
    }

    pub(super) fn transport(&mut self) -> Option<Transport> {
        self.byte().filter(|code| *code <= 3).map(transport_of)
    }

    #[expect(clippy::option_option, reason = "outer: could it be read; inner: was it there")]
    pub(super) fn flag(&mut self) -> Option<Option<bool>> {
        self.byte().filter(|code| *code <= 3).and_then(flag_of)
    }
}

/// Writes or reads the optional fields of a record in one order: the bits of `mask` say which are there.
pub(super) struct Mask(u32);

impl Mask {
    #[inline]
    pub(super) fn of(present: &[bool]) -> Self {
        Self(present.iter().enumerate().fold(0, |mask, (bit, &is)| mask | u32::from(is) << bit))
    }

    /// A mask of sixteen fields or fewer in two bytes.
    #[expect(clippy::cast_possible_truncation, reason = "the caller has sixteen fields at the most")]
    pub(super) fn short(&self) -> [u8; 2] {
        (self.0 as u16).to_le_bytes()
    }

    /// What [`Mask::short`] gave.
    pub(super) fn of_short(bytes: [u8; 2]) -> Self {
        Self(u32::from(u16::from_le_bytes(bytes)))
    }

    /// Whether the field of a bit is there.
    #[inline]
    pub(super) fn has(&self, bit: u32) -> bool {
        self.0 & 1 << bit != 0
    }

    pub(super) fn write(&self, writer: &mut Writer<'_>) {
        writer.varint(u64::from(self.0));
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        reader.number().map(Self)
    }

    /// `Some(None)` when the field is absent, `None` when it cannot be read.
    #[expect(clippy::option_option, reason = "outer: could it be read; inner: was it there")]
    #[inline]
    pub(super) fn field<T>(&self, bit: u32, read: impl FnOnce() -> Option<T>) -> Option<Option<T>> {
        if self.0 & 1 << bit == 0 { Some(None) } else { read().map(Some) }
    }
}
