//! What all sinks of a run share, and what each counts.

use super::chunks::CHUNK_BYTES_MAX;
use super::claims::{Claims, ClaimsCut};
use super::hours::{Feed, HourCounts};
use super::sink::PARTITIONS;
use super::spill::SpillFile;
use crate::identity::{Inside, LeaseBook};
use std::io;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use undertone_core::model::{Lease, Timestamp};

/// Share of the packed bytes' budget that the names of devices may take; past it, names stand before the records.
const NAMES_SHARE: usize = 8;
/// Share of it that addresses which phones claim may take.
const CLAIMS_SHARE: usize = 24;

/// Smallest size of a chunk: a dozen records are written to the spill file at once.
const CHUNK_BYTES_MIN: usize = 2 * 1024;
/// Chunks of each partition that a sink's fair part of the budget holds, so that few of them are almost empty.
const CHUNKS_OF_PART: usize = 8;

/// What all sinks of a run share.
#[derive(Debug)]
pub struct SinkSettings {
    /// Which addresses are inside.
    pub inside: Inside,
    /// Packed bytes kept in memory before partitions spill.
    packed_bytes: usize,
    /// Size of a chunk.
    pub(super) chunk_bytes: usize,
    /// Packed bytes from which a sink spills when the budget is used up. With less, others hold what fills it, and it
    /// would write its records one by one.
    pub(super) spill_bytes_min: usize,
    in_memory: AtomicUsize,
    names_in_memory: AtomicUsize,
    leases: Mutex<LeaseBook>,
    claims: Mutex<Claims>,
    pub(super) spill: OnceLock<SpillFile>,
}

impl SinkSettings {
    /// Sinks that a budget is enough for, at least one: each has a chunk of every partition.
    pub fn sinks_within(packed_bytes: usize) -> usize {
        (packed_bytes / (2 * PARTITIONS * CHUNK_BYTES_MIN)).max(1)
    }

    /// Settings for one run of so many sinks at a time. All together hold at most the budget and a half: a sink that has
    /// less than half of its fair part of it does not spill.
    pub fn new(inside: Inside, packed_bytes: usize, sinks: usize) -> Self {
        let fair_bytes = packed_bytes / sinks.max(1);
        let chunk_bytes = fair_bytes / (CHUNKS_OF_PART * PARTITIONS);
        Self {
            inside,
            packed_bytes,
            chunk_bytes: chunk_bytes.clamp(CHUNK_BYTES_MIN, CHUNK_BYTES_MAX),
            spill_bytes_min: fair_bytes / 2,
            in_memory: AtomicUsize::new(0),
            names_in_memory: AtomicUsize::new(0),
            leases: Mutex::new(LeaseBook::within(packed_bytes)),
            claims: Mutex::new(Claims::within(packed_bytes / CLAIMS_SHARE)),
            spill: OnceLock::new(),
        }
    }

    /// The leases that sinks met since they were last taken.
    pub fn take_leases(&self) -> LeaseBook {
        lock(&self.leases).take()
    }

    /// Notes who held an address.
    pub(super) fn lease(&self, lease: &Lease<'_>) {
        lock(&self.leases).add(lease);
    }

    /// Notes that a phone says an address is its own.
    pub(super) fn claim(&self, phone: &str, addr: IpAddr) {
        lock(&self.claims).add(phone, addr);
    }

    /// What phones say their addresses are.
    pub(super) fn claims(&self) -> MutexGuard<'_, Claims> {
        lock(&self.claims)
    }

    /// Takes room for what lists of devices hold; false when there is none left.
    pub(super) fn takes_names(&self, bytes: usize) -> bool {
        let most = self.packed_bytes / NAMES_SHARE;
        let is_room = self.names_in_memory.load(Ordering::Relaxed) + bytes <= most;
        if is_room {
            self.names_in_memory.fetch_add(bytes, Ordering::Relaxed);
        }
        is_room
    }

    /// Gives back what all lists of devices hold.
    pub(super) fn forget_names(&self) {
        self.names_in_memory.store(0, Ordering::Relaxed);
    }

    /// Counts packed bytes; whether they are more than may stay in memory.
    pub(super) fn grows(&self, bytes: usize) -> bool {
        self.in_memory.fetch_add(bytes, Ordering::Relaxed) + bytes > self.packed_bytes
    }

    /// Counts off packed bytes that were spilled or taken.
    pub(super) fn shrinks(&self, bytes: usize) {
        self.in_memory.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Packed bytes that are counted.
    #[cfg(test)]
    pub(super) fn in_memory(&self) -> usize {
        self.in_memory.load(Ordering::Relaxed)
    }

    pub(super) fn spill_file(&self) -> io::Result<&SpillFile> {
        if self.spill.get().is_none() {
            let file = SpillFile::create()?;
            // Another sink may have been faster: its file serves both.
            drop(self.spill.set(file));
        }
        self.spill.get().ok_or_else(|| io::Error::other("no spill file"))
    }
}

/// A lock whose holder never leaves half-done work behind: a panic elsewhere ends the run anyway.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a sink saw besides what it packed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SinkCounts {
    /// Sessions and messages that came from outside to a device: not the device's doing.
    pub inbound: u64,
    /// First and last event.
    pub span: Option<(Timestamp, Timestamp)>,
    /// What phones claimed that found no room.
    pub claims: ClaimsCut,
    /// Whether some devices are in no list of names.
    pub(super) has_unlisted: bool,
    /// Rows by hour.
    pub(super) hours: HourCounts,
}

impl SinkCounts {
    /// Where one source fell silent while the others went on, in words.
    pub fn silences(&self) -> Vec<String> {
        self.hours.clone().silences()
    }

    /// Counts a row of a source, or one of none that is counted.
    #[inline]
    pub(super) fn row(&mut self, feed: Option<Feed>, at: Timestamp) {
        self.see(at);
        if let Some(feed) = feed {
            self.hours.add(feed, at);
        }
    }

    fn see(&mut self, at: Timestamp) {
        self.span = Some(self.span.map_or((at, at), |(first, last)| (first.min(at), last.max(at))));
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.inbound += other.inbound;
        self.has_unlisted |= other.has_unlisted;
        self.hours.merge(&other.hours);
        if let Some((first, last)) = other.span {
            self.see(first);
            self.see(last);
        }
    }
}
