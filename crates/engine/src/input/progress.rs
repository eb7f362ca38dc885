//! How far a run is, for whoever draws it, and the flag that ends it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};

/// What the engine is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Finding and recognising inputs.
    Discovering,
    /// Reading leases and inventories.
    Leases,
    /// Reading records.
    Records,
    /// Everything is read.
    Done,
}

impl Phase {
    const ALL: [Self; 4] = [Self::Discovering, Self::Leases, Self::Records, Self::Done];

    /// Lower-case words for a progress line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Discovering => "looking",
            Self::Leases => "reading leases",
            Self::Records => "reading",
            Self::Done => "read",
        }
    }
}

#[derive(Debug, Default)]
struct Counters {
    bytes_done: AtomicU64,
    bytes_total: AtomicU64,
    phase: AtomicU8,
}

/// A handle to the counters of one run; clones share them. Another thread polls it.
#[derive(Debug, Clone, Default)]
pub struct Progress(Arc<Counters>);

impl Progress {
    /// Bytes read so far, as stored (before decompression).
    pub fn bytes_done(&self) -> u64 {
        self.0.bytes_done.load(Ordering::Relaxed)
    }

    /// Bytes to read, as stored. Pipes have no size and count nothing here.
    pub fn bytes_total(&self) -> u64 {
        self.0.bytes_total.load(Ordering::Relaxed)
    }

    /// What the engine is doing.
    pub fn phase(&self) -> Phase {
        Phase::ALL.get(usize::from(self.0.phase.load(Ordering::Relaxed))).copied().unwrap_or(Phase::Done)
    }

    pub(super) fn set_phase(&self, phase: Phase) {
        self.0.phase.store(phase as u8, Ordering::Relaxed);
    }

    pub(super) fn add_total(&self, bytes: u64) {
        self.0.bytes_total.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn add_done(&self, bytes: u64) {
        self.0.bytes_done.fetch_add(bytes, Ordering::Relaxed);
    }
}

/// Raised once to end a run early (Ctrl-C). Clones share it.
#[derive(Debug, Clone, Default)]
pub struct StopFlag(Arc<AtomicBool>);

impl StopFlag {
    /// Asks every reader to end. Safe in a signal handler: it stores one atomic.
    pub fn stop(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether the run was asked to end.
    pub fn is_stopped(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
