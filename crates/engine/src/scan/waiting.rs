//! Series between the passes: packed, in memory while they fit, else in a temporary file.
//!
//! The second pass looks at one device at a time, so only what it compares series with must be at hand: a mark for
//! each that a machine drives.

use super::devices::Assessed;
use crate::partition::{Extent, SpillFile};
use std::io;
use undertone_core::baseline::Shape;
use undertone_core::model::Day;
use undertone_core::series::{Destination, SeriesKey, StableKey};

/// A machine-driven series on its last day: what it is to the others.
#[derive(Debug)]
pub(super) struct Mark {
    pub(super) key: SeriesKey,
    pub(super) shape: Shape,
    /// Pace of its rhythm, seconds; `None` for a kept connection.
    pub(super) pace_secs: Option<f64>,
    /// First day on which it was long enough to be judged.
    pub(super) first_judged: Day,
    /// Check-ins on its last window.
    pub(super) check_ins: u64,
}

impl Mark {
    fn of(series: &Assessed) -> Option<Self> {
        let is_one = series.is_last && series.machine.is_machine_driven();
        is_one.then(|| Self {
            key: series.key.clone(),
            shape: Shape::of(&series.profile, &series.machine),
            pace_secs: series.machine.pace_secs(),
            first_judged: series.first_judged,
            check_ins: series.machine.check_ins,
        })
    }

    /// About how much memory it takes, here and among peers and polls, bytes.
    pub(super) fn bytes(&self) -> usize {
        // A peer is nine numbers, each in four lists; a poll is the key again.
        let key = self.key.app.as_ref().map_or(0, |app| app.len()) + self.key.destination.text_bytes();
        size_of::<Self>() + self.shape.text_bytes() + 2 * key + 400
    }
}

/// The series of a device that wait for the second pass.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    packed: Packed,
    marks: Vec<Mark>,
    /// Hashes of the series' destinations, ascending.
    asked: Vec<u64>,
    has_apps: bool,
}

#[derive(Debug)]
enum Packed {
    Here(Vec<u8>),
    There(Extent),
}

impl Default for Packed {
    fn default() -> Self {
        Self::Here(Vec::new())
    }
}

impl Waiting {
    /// Packs series.
    pub(super) fn of(series: &[Assessed]) -> Self {
        if series.is_empty() {
            return Self::default();
        }
        let mut asked: Vec<u64> = series.iter().map(|one| one.key.destination.stable_hash()).collect();
        asked.sort_unstable();
        asked.dedup();
        Self {
            packed: Packed::Here(bitcode::encode(series)),
            marks: series.iter().filter_map(Mark::of).collect(),
            asked,
            has_apps: series.iter().any(|one| one.key.app.is_some()),
        }
    }

    /// Whether nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.asked.is_empty()
    }

    /// Whether the app of any series is known.
    pub(super) fn has_apps(&self) -> bool {
        self.has_apps
    }

    /// Marks of machine-driven series.
    pub(super) fn marks(&self) -> &[Mark] {
        &self.marks
    }

    /// Keeps the marks of which `stays` says so, in their order; how many went.
    pub(super) fn retain_marks(&mut self, mut stays: impl FnMut(&Mark) -> bool) -> u64 {
        let before = self.marks.len();
        self.marks.retain(|mark| stays(mark));
        self.marks.shrink_to_fit();
        (before - self.marks.len()) as u64
    }

    /// Whether one of the series goes there.
    pub(super) fn asks_for(&self, destination: &Destination) -> bool {
        self.asked.binary_search(&destination.stable_hash()).is_ok()
    }

    /// Packed bytes in memory.
    pub(super) fn bytes_here(&self) -> usize {
        match &self.packed {
            Packed::Here(bytes) => bytes.len(),
            Packed::There(_) => 0,
        }
    }

    /// Moves the packed series to a file.
    pub(super) fn move_to(&mut self, file: &SpillFile) -> io::Result<()> {
        if let Packed::Here(bytes) = &self.packed {
            self.packed = Packed::There(file.append(bytes)?);
        }
        Ok(())
    }

    /// The packed series, as they are kept from run to run.
    pub(super) fn packed(&self, file: Option<&SpillFile>) -> io::Result<Vec<u8>> {
        match (&self.packed, file) {
            (Packed::Here(bytes), _) => Ok(bytes.clone()),
            (Packed::There(extent), Some(file)) => {
                let mut bytes = Vec::new();
                file.read(*extent, &mut bytes)?;
                Ok(bytes)
            }
            (Packed::There(_), None) => Err(io::Error::other("the file of waiting series is gone")),
        }
    }

    /// The series.
    pub(super) fn unpacked(&self, file: Option<&SpillFile>) -> io::Result<Vec<Assessed>> {
        if self.is_empty() {
            return Ok(Vec::new());
        }
        let decoded = match &self.packed {
            Packed::Here(bytes) => bitcode::decode(bytes),
            Packed::There(_) => bitcode::decode(&self.packed(file)?),
        };
        decoded.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
    }
}
