//! Bounds on what an input may cost.

use super::fault::Fault;
use std::sync::atomic::{AtomicU64, Ordering};

const MIB: u64 = 1 << 20;

/// Bounds on reading. Hitting one is counted and shown, never silent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Longest line, bytes. A longer one is rejected without being stored. Default 1 MiB: the longest EVE and
    /// Zeek rows of the sample data are below 100 KB.
    pub line_bytes_max: usize,
    /// Largest document (an input that must be read whole), bytes. Default 256 MiB: a full bugreport text of a
    /// phone is 50 to 150 MB.
    pub document_bytes_max: u64,
    /// Decompressed bytes allowed for each compressed byte, beyond `decompressed_base_bytes`. Default 250: logs
    /// compress 5 to 50 times, a gzip bomb reaches 1030 times.
    pub decompressed_ratio_max: u64,
    /// Decompressed bytes that any input may have whatever its ratio. Default 64 MiB.
    pub decompressed_base_bytes: u64,
    /// Decompressed bytes of one given file, all archive entries together. Default 1 TiB.
    pub decompressed_bytes_max: u64,
    /// Largest archive that has to be spooled because it is inside another container, bytes. Default 4 GiB.
    pub spool_bytes_max: u64,
    /// How deep archives may nest: 1 reads an archive, 3 also an archive in an archive in an archive. Default 3
    /// (Android's intrusion logs nest twice).
    pub archive_depth_max: usize,
    /// Entries read from one archive. Default 100,000.
    pub archive_entries_max: usize,
    /// How many compressions may be stacked on one stream (gz in gz). Default 3.
    pub compression_depth_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            line_bytes_max: 1 << 20,
            document_bytes_max: 256 * MIB,
            decompressed_ratio_max: 250,
            decompressed_base_bytes: 64 * MIB,
            decompressed_bytes_max: 1 << 40,
            spool_bytes_max: 4096 * MIB,
            archive_depth_max: 3,
            archive_entries_max: 100_000,
            compression_depth_max: 3,
        }
    }
}

/// What one given file may still decompress to, shared by all readers of its entries.
///
/// Counting per given file and against its size on disk defeats archives whose entries overlap: they consume
/// the same compressed bytes again and again.
#[derive(Debug)]
pub(super) struct Budget {
    limits: Limits,
    /// Size on disk; `None` for a pipe.
    size: Option<u64>,
    consumed: AtomicU64,
    produced: AtomicU64,
}

impl Budget {
    pub(super) fn new(limits: Limits, size: Option<u64>) -> Self {
        Self { limits, size, consumed: AtomicU64::new(0), produced: AtomicU64::new(0) }
    }

    /// Counts compressed bytes taken from the file.
    pub(super) fn consume(&self, bytes: usize) {
        self.consumed.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Counts decompressed bytes; an error once they exceed what the compressed ones allow.
    pub(super) fn produce(&self, bytes: usize) -> Result<(), Fault> {
        let produced = self.produced.fetch_add(bytes as u64, Ordering::Relaxed) + bytes as u64;
        if produced > self.limits.decompressed_bytes_max {
            return Err(Fault::BytesExceeded(self.limits.decompressed_bytes_max));
        }
        if produced <= self.limits.decompressed_base_bytes {
            return Ok(());
        }
        let consumed = self.consumed.load(Ordering::Relaxed);
        let distinct = self.size.map_or(consumed, |size| consumed.min(size));
        let ratio = self.limits.decompressed_ratio_max;
        let allowed = distinct.saturating_mul(ratio).saturating_add(self.limits.decompressed_base_bytes);
        if produced > allowed { Err(Fault::RatioExceeded { ratio, bytes: produced }) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_grows_with_distinct_compressed_bytes_only() {
        let limits = Limits { decompressed_base_bytes: 100, decompressed_ratio_max: 10, ..Limits::default() };
        let budget = Budget::new(limits, Some(50));
        assert_eq!(budget.produce(100), Ok(()));
        assert_eq!(budget.produce(1), Err(Fault::RatioExceeded { ratio: 10, bytes: 101 }));
        budget.consume(50);
        // 50 * 10 + 100 = 600 bytes are allowed; 101 are counted.
        assert_eq!(budget.produce(499), Ok(()));
        budget.consume(1000);
        assert!(budget.produce(1).is_err(), "bytes read twice do not count twice");
    }

    #[test]
    fn the_absolute_limit_holds_whatever_the_ratio() {
        let limits = Limits { decompressed_bytes_max: 1000, ..Limits::default() };
        let budget = Budget::new(limits, None);
        budget.consume(1_000_000);
        assert_eq!(budget.produce(1001), Err(Fault::BytesExceeded(1000)));
    }
}
