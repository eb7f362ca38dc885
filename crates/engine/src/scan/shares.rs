//! What the memory of a run may be taken for, and how large the devices of a partition are.

use crate::partition::{Packed, Untaken, next_record};
use hashbrown::HashMap;
use std::collections::BTreeSet;
use std::io;
use undertone_core::series::stable_hash;

/// What a packed record takes while its device is looked at, bytes: the record decoded (about 700), its place in the
/// join, and its part in profiles. Measured: one phone of 1 million connections, 1 million series.
const RECORD_BYTES: usize = 1000;
/// What a packed record takes at the least, bytes.
const PACKED_BYTES: usize = 60;
/// What a record takes besides its packed bytes until its device's turn comes: its slot and its place.
const SLOT_BYTES: usize = 40;

/// Shares of the memory that a run was given, bytes. With the packed records (a quarter) they leave room for what the
/// second pass and the output need.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Shares {
    /// One device at hand, or all that are at hand on the threads together.
    devices: usize,
    /// Destinations that devices reached.
    pub(super) reached: usize,
    /// Series that may be machines': packed, before they wait in a file; of one device that is looked at in parts,
    /// unpacked.
    pub(super) assessed: usize,
    /// Marks by which machine-driven series are compared.
    pub(super) marks: usize,
    /// Devices without such series, packed, before they wait in a file.
    pub(super) quiet: usize,
    /// Check-ins and evidence of what the alert budget has yet to decide on.
    pub(super) details: usize,
}

impl Shares {
    pub(super) fn of(memory_bytes: u64) -> Self {
        let memory = usize::try_from(memory_bytes).unwrap_or(usize::MAX);
        Self {
            devices: memory / 8,
            reached: memory / 10,
            assessed: memory / 8,
            marks: memory / 12,
            quiet: memory / 16,
            details: memory / 32,
        }
    }

    /// Whether a partition of so many packed bytes certainly fits a thread's share.
    pub(super) fn fits(&self, packed_bytes: usize, threads: usize) -> bool {
        packed_bytes / PACKED_BYTES * (PACKED_BYTES + SLOT_BYTES + RECORD_BYTES)
            <= self.devices / threads.max(1)
    }

    /// Records from which a device is looked at in parts. The same for any number of threads: it decides what is
    /// seen.
    pub(super) fn records_max(&self) -> usize {
        (self.devices / RECORD_BYTES).max(1)
    }

    /// Packed bytes that are worked on at once where records do not fit.
    pub(super) fn part_bytes(&self) -> usize {
        (self.devices / 4).max(1 << 16)
    }
}

/// Records and packed bytes of the devices of a partition, by the hash of their names.
#[derive(Debug)]
pub(super) struct Sizes {
    devices: HashMap<u64, (usize, usize), foldhash::fast::RandomState>,
    bytes: usize,
    records: usize,
}

impl Sizes {
    pub(super) fn of(untaken: &Untaken<'_>) -> io::Result<Self> {
        let mut sizes = Self { devices: HashMap::default(), bytes: 0, records: 0 };
        untaken.each_chunk(|names, mut rest| {
            while let Some(Packed { owner, record, .. }) = next_record(&mut rest) {
                let (records, bytes) =
                    sizes.devices.entry(stable_hash(owner.name(names).as_bytes())).or_default();
                *records += 1;
                *bytes += record.len() + SLOT_BYTES;
                sizes.records += 1;
                sizes.bytes += record.len() + SLOT_BYTES;
            }
            Ok(())
        })?;
        Ok(sizes)
    }

    /// Whether all fits a thread's share, with the largest device decoded.
    pub(super) fn fit(&self, shares: Shares, threads: usize) -> bool {
        let largest = self.devices.values().map(|(records, _)| *records).max().unwrap_or(0);
        largest <= shares.records_max()
            && self.bytes + largest * RECORD_BYTES <= shares.devices / threads.max(1)
    }

    /// Devices that are to be looked at in parts, by the hashes of their names, ascending.
    pub(super) fn large(&self, shares: Shares) -> Vec<u64> {
        let is_large = |(_, (records, _)): &(&u64, &(usize, usize))| *records > shares.records_max();
        let mut large: Vec<u64> = self.devices.iter().filter(is_large).map(|(name, _)| *name).collect();
        large.sort_unstable();
        large
    }

    /// The other devices, as many at once as fit.
    pub(super) fn batches(&self, shares: Shares) -> Vec<BTreeSet<u64>> {
        let is_small = |(_, (records, _)): &(&u64, &(usize, usize))| *records <= shares.records_max();
        let mut small: Vec<(u64, usize)> =
            self.devices.iter().filter(is_small).map(|(name, (_, bytes))| (*name, *bytes)).collect();
        small.sort_unstable();
        let mut batches: Vec<(BTreeSet<u64>, usize)> = Vec::new();
        for (name, bytes) in small {
            match batches.last_mut().filter(|(_, held)| held + bytes <= shares.part_bytes()) {
                Some((batch, held)) => {
                    batch.insert(name);
                    *held += bytes;
                }
                None => batches.push((BTreeSet::from([name]), bytes)),
            }
        }
        batches.into_iter().map(|(batch, _)| batch).collect()
    }
}
