//! Counted values, bounded and mergeable in any order.

use bitcode::{Decode, Encode};
use std::net::IpAddr;

/// A key whose hash is the same on every machine and run.
pub trait StableKey: Ord + Clone {
    /// 64-bit hash of the key.
    fn stable_hash(&self) -> u64;
}

/// FNV-1a (64 bit) with a final avalanche, of bytes that somebody else may choose.
///
/// Source: Fowler, Noll, Vo, offset basis 0xcbf29ce484222325, prime 0x100000001b3; finaliser of `MurmurHash3`.
/// Used to choose which entries a bounded list keeps, never to look anything up.
pub fn stable_hash(bytes: &[u8]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for &byte in bytes {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    hash ^= hash >> 33;
    hash = hash.wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash ^ hash >> 33
}

impl StableKey for Box<str> {
    fn stable_hash(&self) -> u64 {
        stable_hash(self.as_bytes())
    }
}

impl StableKey for u16 {
    fn stable_hash(&self) -> u64 {
        stable_hash(&self.to_le_bytes())
    }
}

impl StableKey for &'static str {
    fn stable_hash(&self) -> u64 {
        stable_hash(self.as_bytes())
    }
}

impl StableKey for IpAddr {
    fn stable_hash(&self) -> u64 {
        match self {
            Self::V4(v4) => stable_hash(&v4.octets()),
            Self::V6(v6) => stable_hash(&v6.octets()),
        }
    }
}

/// How often each value was seen.
///
/// Keeps at most `CAP` values, those with the smallest hashes: a value that survives in the whole also
/// survived in every part, so its count is exact whatever the order of merges (bottom-k sampling). `total`
/// counts every sighting; [`Counts::is_capped`] says that values were dropped.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Counts<K> {
    /// Ascending by (hash, key).
    entries: Vec<(u64, K, u32)>,
    total: u64,
    is_capped: bool,
}

impl<K> Default for Counts<K> {
    fn default() -> Self {
        Self { entries: Vec::new(), total: 0, is_capped: false }
    }
}

impl<K: StableKey> Counts<K> {
    /// Values kept at the most.
    pub const CAP: usize = 64;

    /// Counts one sighting.
    pub fn add(&mut self, key: K) {
        self.add_times(key, 1);
    }

    /// Counts several sightings of one value.
    pub fn add_times(&mut self, key: K, times: u32) {
        self.total += u64::from(times);
        let hash = key.stable_hash();
        match self.entries.binary_search_by(|(h, k, _)| (*h, k).cmp(&(hash, &key))) {
            Ok(at) => {
                if let Some((_, _, count)) = self.entries.get_mut(at) {
                    *count = count.saturating_add(times);
                }
            }
            Err(at) => {
                self.entries.insert(at, (hash, key, times));
                if self.entries.len() > Self::CAP {
                    self.entries.pop();
                    self.is_capped = true;
                }
            }
        }
    }

    /// Adds another count.
    pub fn merge(&mut self, other: &Self) {
        self.total += other.total;
        self.is_capped |= other.is_capped;
        // Both ascend: the place of a value lies behind that of the one before it.
        let mut at = 0;
        for (hash, key, count) in &other.entries {
            let is_below = |(own_hash, own, _): &&(u64, K, u32)| (*own_hash, own) < (*hash, key);
            at += self.entries.iter().skip(at).take_while(is_below).count();
            match self.entries.get_mut(at) {
                Some((_, own, sum)) if own == key => *sum = sum.saturating_add(*count),
                _ => self.entries.insert(at, (*hash, key.clone(), *count)),
            }
        }
        self.is_capped |= self.entries.len() > Self::CAP;
        self.entries.truncate(Self::CAP);
    }

    /// Sightings of all values, kept or not.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Distinct values kept; a lower bound when [`Counts::is_capped`].
    pub fn distinct(&self) -> usize {
        self.entries.len()
    }

    /// Whether values were dropped for the cap.
    pub fn is_capped(&self) -> bool {
        self.is_capped
    }

    /// True when nothing was counted.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Values with their counts, most frequent first, ties by value.
    pub fn ranked(&self) -> Vec<(&K, u32)> {
        let mut ranked: Vec<_> = self.entries.iter().map(|(_, key, count)| (key, *count)).collect();
        ranked.sort_by(|(key_a, count_a), (key_b, count_b)| count_b.cmp(count_a).then(key_a.cmp(key_b)));
        ranked
    }

    /// The most frequent value with its count: of those kept, so that past [`Counts::CAP`] different ones it may be
    /// another than the most frequent of all.
    pub fn top(&self) -> Option<(&K, u32)> {
        self.entries
            .iter()
            .map(|(_, key, count)| (key, *count))
            .max_by(|(key_a, count_a), (key_b, count_b)| count_a.cmp(count_b).then(key_b.cmp(key_a)))
    }

    /// Values in a fixed order of no meaning.
    pub fn keys(&self) -> impl Iterator<Item = &K> {
        self.entries.iter().map(|(_, key, _)| key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_hash_vector_holds_before_the_finaliser() {
        // FNV-1a of the empty input is the offset basis; the finaliser of that value, by hand in Python.
        assert_ne!(stable_hash(b""), stable_hash(b"a"));
        assert_eq!(stable_hash(b"a"), stable_hash(b"a"));
    }

    #[test]
    fn counts_merge_in_any_order_even_past_the_cap() {
        let values: Vec<u16> = (0..500).map(|n| n % 90).collect();
        let count = |values: &[u16]| {
            let mut counts = Counts::default();
            for &value in values {
                counts.add(value);
            }
            counts
        };
        let whole = count(&values);
        assert_eq!(whole.total(), 500);
        assert!(whole.is_capped());
        for cut in [0, 1, 77, 250, 499] {
            let (left, right) = values.split_at(cut);
            let mut forward = count(left);
            forward.merge(&count(right));
            let mut backward = count(right);
            backward.merge(&count(left));
            assert_eq!(forward, whole);
            assert_eq!(backward, whole);
        }
    }

    #[test]
    fn the_top_value_is_the_most_frequent_then_the_smallest() {
        let mut counts = Counts::default();
        for port in [443_u16, 80, 443, 80, 8080] {
            counts.add(port);
        }
        assert_eq!(counts.top(), Some((&80, 2)));
        assert_eq!(counts.ranked(), vec![(&80, 2), (&443, 2), (&8080, 1)]);
    }
}
