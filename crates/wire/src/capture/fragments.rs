//! Reassembly of IPv4 and IPv6 fragments (RFC 791, RFC 8200 section 4.5), bounded in datagrams, bytes and age.

use std::collections::BTreeMap;
use std::net::IpAddr;
use undertone_core::model::Timestamp;

/// Datagrams under reassembly at once; past it the oldest is dropped.
const DATAGRAMS_MAX: usize = 1024;
/// Fragments of one datagram. 64 KiB over the smallest common fragment (552 bytes) makes 119.
const PIECES_MAX: usize = 128;
/// Bytes of all that wait: 128 datagrams of the largest size. Fragments that overlap are kept whole.
const BYTES_MAX: usize = 8 << 20;
/// Largest IP payload.
const PAYLOAD_MAX: usize = 65_535;
/// Age at which a datagram is given up; RFC 8200 gives 60 s.
const AGE_MAX_MICROS: u64 = 60_000_000;

/// Which datagram a fragment belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct DatagramKey {
    pub(super) src: IpAddr,
    pub(super) dst: IpAddr,
    pub(super) protocol: u8,
    pub(super) id: u32,
}

/// One fragment.
pub(super) struct Fragment<'a> {
    pub(super) at: Timestamp,
    pub(super) offset_bytes: usize,
    pub(super) is_last: bool,
    pub(super) payload: &'a [u8],
}

struct Datagram {
    begun: Timestamp,
    serial: u64,
    total_bytes: Option<usize>,
    pieces: BTreeMap<usize, Vec<u8>>,
    /// Bytes of the pieces.
    bytes: usize,
}

/// Datagrams that wait for fragments.
#[derive(Default)]
pub(super) struct Fragments {
    waiting: BTreeMap<DatagramKey, Datagram>,
    /// Bytes of all of them.
    bytes: usize,
    serial: u64,
    /// Datagrams given up.
    pub(super) dropped: u64,
}

impl Fragments {
    /// Takes one fragment; the payload of the whole datagram once it is complete.
    pub(super) fn add(&mut self, key: DatagramKey, fragment: &Fragment<'_>) -> Option<Vec<u8>> {
        let end = fragment.offset_bytes.checked_add(fragment.payload.len())?;
        if end > PAYLOAD_MAX || fragment.payload.is_empty() {
            self.drop_datagram(key);
            return None;
        }
        // An identifier used again long after names another datagram.
        let is_old = |known: &Datagram| fragment.at.since(known.begun).unsigned_abs() > AGE_MAX_MICROS;
        if self.waiting.get(&key).is_some_and(is_old) {
            self.drop_datagram(key);
        }
        self.make_room(key, fragment.payload.len());
        self.serial += 1;
        let serial = self.serial;
        let datagram = self.waiting.entry(key).or_insert_with(|| Datagram {
            begun: fragment.at,
            serial,
            total_bytes: None,
            pieces: BTreeMap::new(),
            bytes: 0,
        });
        if fragment.is_last {
            datagram.total_bytes = Some(end);
        }
        // The first copy of a byte wins, as in Linux.
        datagram.pieces.entry(fragment.offset_bytes).or_insert_with(|| {
            datagram.bytes += fragment.payload.len();
            self.bytes += fragment.payload.len();
            fragment.payload.to_vec()
        });
        if datagram.pieces.len() > PIECES_MAX {
            self.drop_datagram(key);
            return None;
        }
        let whole = datagram.whole()?;
        self.take(key);
        Some(whole)
    }

    fn drop_datagram(&mut self, key: DatagramKey) {
        self.take(key);
        self.dropped += 1;
    }

    fn take(&mut self, key: DatagramKey) {
        self.bytes -= self.waiting.remove(&key).map_or(0, |datagram| datagram.bytes);
    }

    /// Drops the oldest until a fragment has room.
    fn make_room(&mut self, key: DatagramKey, bytes: usize) {
        while self.bytes + bytes > BYTES_MAX
            || (self.waiting.len() >= DATAGRAMS_MAX && !self.waiting.contains_key(&key))
        {
            let oldest = self.waiting.iter().min_by_key(|(_, datagram)| datagram.serial);
            let Some((oldest, _)) = oldest else { return };
            self.drop_datagram(*oldest);
        }
    }

    /// Datagrams that never became whole.
    pub(super) fn unfinished(&self) -> u64 {
        self.waiting.len() as u64
    }
}

impl Datagram {
    /// The payload when no byte is missing.
    fn whole(&self) -> Option<Vec<u8>> {
        let total = self.total_bytes?;
        let mut payload = Vec::with_capacity(total);
        for (offset, piece) in &self.pieces {
            let known = payload.len().checked_sub(*offset)?;
            payload.extend_from_slice(piece.get(known..).unwrap_or_default());
        }
        if payload.len() < total {
            return None;
        }
        payload.truncate(total);
        Some(payload)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(id: u32) -> DatagramKey {
        let addr = "10.0.0.1".parse().unwrap();
        DatagramKey { src: addr, dst: addr, protocol: 17, id }
    }

    fn add(fragments: &mut Fragments, id: u32, secs: i64, piece: (usize, &[u8], bool)) -> Option<Vec<u8>> {
        let (offset_bytes, payload, is_last) = piece;
        let at = Timestamp::from_secs(secs);
        fragments.add(key(id), &Fragment { at, offset_bytes, is_last, payload })
    }

    #[test]
    fn fragments_in_any_order_make_the_datagram() {
        let mut fragments = Fragments::default();
        assert_eq!(add(&mut fragments, 1, 0, (8, b"ijkl", true)), None);
        assert_eq!(add(&mut fragments, 2, 0, (0, b"ABCDEFGH", false)), None);
        assert_eq!(add(&mut fragments, 1, 0, (0, b"abcdefgh", false)).unwrap(), b"abcdefghijkl");
        assert_eq!(fragments.unfinished(), 1);
    }

    #[test]
    fn an_old_identifier_starts_anew() {
        let mut fragments = Fragments::default();
        assert_eq!(add(&mut fragments, 1, 0, (0, b"old.....", false)), None);
        assert_eq!(add(&mut fragments, 1, 90, (8, b"new", true)), None);
        assert_eq!(fragments.dropped, 1);
    }

    #[test]
    fn floods_are_bounded() {
        let mut fragments = Fragments::default();
        for id in 0..5000 {
            add(&mut fragments, id, 0, (0, b"12345678", false));
        }
        assert_eq!(fragments.unfinished(), DATAGRAMS_MAX as u64);
        assert_eq!(fragments.dropped, 5000 - DATAGRAMS_MAX as u64);
        assert_eq!(add(&mut fragments, 4999, 0, (65_528, b"12345678", true)), None);
    }

    #[test]
    fn fragments_that_overlap_are_bounded_in_bytes() {
        let mut fragments = Fragments::default();
        let long = vec![7; 65_000];
        for id in 0..100 {
            for offset in 1..=60 {
                add(&mut fragments, id, 0, (8 * offset, &long, false));
                let held: usize = fragments
                    .waiting
                    .values()
                    .flat_map(|datagram| datagram.pieces.values())
                    .map(Vec::len)
                    .sum();
                assert!(held == fragments.bytes && held <= BYTES_MAX, "{held}");
            }
        }
        assert!(fragments.dropped > 0);
    }
}
