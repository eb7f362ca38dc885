//! What all sinks of a run share, and what each counts.

use super::spill::SpillFile;
use crate::identity::{Directory, Inside};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use undertone_core::model::Timestamp;

/// Share of the packed bytes' budget that the names of devices may take; past it, names stand before the records.
const NAMES_SHARE: usize = 6;

/// What all sinks of a run share.
#[derive(Debug)]
pub struct SinkSettings {
    /// Who held which address.
    pub directory: Directory,
    /// Which addresses are inside.
    pub inside: Inside,
    /// Packed bytes kept in memory before partitions spill.
    pub memory_bytes: usize,
    /// Where to spill; the system's temporary folder if `None`.
    pub spill_folder: Option<PathBuf>,
    pub(super) in_memory: AtomicUsize,
    names_in_memory: AtomicUsize,
    pub(super) spill: OnceLock<SpillFile>,
}

impl SinkSettings {
    /// Settings for one run.
    pub fn new(
        directory: Directory,
        inside: Inside,
        memory_bytes: usize,
        spill_folder: Option<PathBuf>,
    ) -> Self {
        let (in_memory, names_in_memory) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let spill = OnceLock::new();
        Self { directory, inside, memory_bytes, spill_folder, in_memory, names_in_memory, spill }
    }

    /// Takes room for what lists of devices hold; false when there is none left.
    pub(super) fn takes_names(&self, bytes: usize) -> bool {
        let most = self.memory_bytes / NAMES_SHARE;
        let is_room = self.names_in_memory.load(Ordering::Relaxed) + bytes <= most;
        if is_room {
            self.names_in_memory.fetch_add(bytes, Ordering::Relaxed);
        }
        is_room
    }

    pub(super) fn spill_file(&self) -> io::Result<&SpillFile> {
        if self.spill.get().is_none() {
            let file = SpillFile::create(self.spill_folder.as_deref())?;
            // Another sink may have been faster: its file serves both.
            drop(self.spill.set(file));
        }
        self.spill.get().ok_or_else(|| io::Error::other("no spill file"))
    }
}

/// What a sink saw besides what it packed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SinkCounts {
    /// Sessions and messages that came from outside to a device: not the device's doing.
    pub inbound: u64,
    /// First and last event.
    pub span: Option<(Timestamp, Timestamp)>,
    /// Addresses that telemetry says are the device's own.
    pub claims: BTreeMap<String, BTreeSet<IpAddr>>,
    /// Records of phones whose claims found no room.
    pub unclaimed: u64,
    /// Whether some devices are in no list of names.
    pub(super) has_unlisted: bool,
}

impl SinkCounts {
    pub(super) fn see(&mut self, at: Timestamp) {
        self.span = Some(self.span.map_or((at, at), |(first, last)| (first.min(at), last.max(at))));
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.inbound += other.inbound;
        self.unclaimed += other.unclaimed;
        self.has_unlisted |= other.has_unlisted;
        if let Some((first, last)) = other.span {
            self.see(first);
            self.see(last);
        }
        for (device, addrs) in other.claims {
            self.claims.entry(device).or_default().extend(addrs);
        }
    }
}
