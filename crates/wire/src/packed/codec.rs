//! Varints, texts, addresses and optional fields.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use undertone_core::model::{Endpoint, Timestamp, Transport};

pub(super) struct Writer<'v>(pub(super) &'v mut Vec<u8>);

#[expect(clippy::cast_possible_truncation, reason = "a varint byte holds the low seven bits")]
impl Writer<'_> {
    pub(super) fn byte(&mut self, byte: u8) {
        self.0.push(byte);
    }

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

    pub(super) fn endpoint(&mut self, endpoint: Endpoint) {
        self.addr(endpoint.addr);
        self.0.extend_from_slice(&endpoint.port.to_le_bytes());
    }

    pub(super) fn transport(&mut self, transport: Transport) {
        self.0.push(match transport {
            Transport::Tcp => 0,
            Transport::Udp => 1,
            Transport::Icmp => 2,
            Transport::Other => 3,
        });
    }

    /// 0 absent, 1 false, 2 true.
    pub(super) fn flag(&mut self, flag: Option<bool>) {
        self.0.push(flag.map_or(0, |set| 1 + u8::from(set)));
    }
}

pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (head, tail) = self.0.split_at_checked(count)?;
        self.0 = tail;
        Some(head)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, tail) = self.0.split_first_chunk::<N>()?;
        self.0 = tail;
        Some(*head)
    }

    pub(super) fn byte(&mut self) -> Option<u8> {
        let (&byte, tail) = self.0.split_first()?;
        self.0 = tail;
        Some(byte)
    }

    pub(super) fn varint(&mut self) -> Option<u64> {
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

    pub(super) fn endpoint(&mut self) -> Option<Endpoint> {
        let addr = self.addr()?;
        Some(Endpoint { addr, port: u16::from_le_bytes(self.array()?) })
    }

    pub(super) fn transport(&mut self) -> Option<Transport> {
        match self.byte()? {
            0 => Some(Transport::Tcp),
            1 => Some(Transport::Udp),
            2 => Some(Transport::Icmp),
            3 => Some(Transport::Other),
            _ => None,
        }
    }

    #[expect(clippy::option_option, reason = "outer: could it be read; inner: was it there")]
    pub(super) fn flag(&mut self) -> Option<Option<bool>> {
        match self.byte()? {
            0 => Some(None),
            1 => Some(Some(false)),
            2 => Some(Some(true)),
            _ => None,
        }
    }
}

/// Writes or reads the optional fields of a record in one order: the bits of `mask` say which are there.
pub(super) struct Mask(u32);

impl Mask {
    pub(super) fn of(present: &[bool]) -> Self {
        Self(present.iter().enumerate().fold(0, |mask, (bit, &is)| mask | u32::from(is) << bit))
    }

    pub(super) fn write(&self, writer: &mut Writer<'_>) {
        writer.varint(u64::from(self.0));
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        reader.number().map(Self)
    }

    /// `Some(None)` when the field is absent, `None` when it cannot be read.
    #[expect(clippy::option_option, reason = "outer: could it be read; inner: was it there")]
    pub(super) fn field<T>(&self, bit: u32, read: impl FnOnce() -> Option<T>) -> Option<Option<T>> {
        if self.0 & 1 << bit == 0 { Some(None) } else { read().map(Some) }
    }
}
