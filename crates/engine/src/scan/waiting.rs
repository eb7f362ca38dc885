//! Series between the passes: packed, in memory while they fit, else in a temporary file.
//!
//! The second pass looks at one device at a time, so only what it compares series with must be at hand: a mark for
//! each that a machine drives. Strays, of which rotations are put together once it is known which destinations are
//! rare, wait beside the series.

use super::quiet::decoded;
use crate::partition::{Extent, SpillFile};
use bitcode::{Decode, DecodeOwned, Encode};
use std::borrow::Cow;
use std::io;
use undertone_core::baseline::Shape;
use undertone_core::device::SeriesDays;
use undertone_core::model::Day;
use undertone_core::score::days::Assessed;
use undertone_core::series::{Destination, SeriesKey, StableKey};
use undertone_core::timing::AwakeClock;

/// A series on the last day on which a machine drove it: what it is to the others.
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
    fn of(series: &Assessed) -> Self {
        Self {
            key: series.key.clone(),
            shape: Shape::of(&series.profile, &series.machine),
            pace_secs: series.machine.pace_secs(),
            first_judged: series.first_judged,
            check_ins: series.machine.check_ins,
        }
    }

    /// About how much memory it takes, here and among peers and polls, bytes.
    pub(super) fn bytes(&self) -> usize {
        // A peer is nine numbers, each in four lists; a poll is the key again.
        let key = self.key.app.as_ref().map_or(0, |app| app.len()) + self.key.destination.text_bytes();
        size_of::<Self>() + self.shape.text_bytes() + 2 * key + 400
    }
}

/// Of each series the last day on which a machine drove it; the days of a series stand together, ascending. A day later may
/// have too little of it: an hour past midnight that a log still holds.
pub(super) fn last_driven(series: &[Assessed]) -> impl Iterator<Item = &Assessed> {
    let of_one = series.chunk_by(|a, b| a.key == b.key);
    of_one.filter_map(|days| days.iter().rfind(|day| day.machine.is_machine_driven()))
}

/// The series of a device that wait for the second pass.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    series: Packed,
    strays: Packed,
    marks: Vec<Mark>,
    /// Hashes of the series' destinations, ascending.
    asked: Vec<u64>,
    has_apps: bool,
}

/// What a rotation may be made of.
#[derive(Debug, Default, Encode, Decode)]
pub(super) struct Strays {
    pub(super) series: Vec<SeriesDays>,
    /// The device's awake clock.
    pub(super) awake: AwakeClock,
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

impl Packed {
    /// Nothing takes no bytes.
    fn of<T: Encode + ?Sized>(is_empty: bool, value: &T, room: &mut bitcode::Buffer) -> Self {
        if is_empty { Self::default() } else { Self::Here(room.encode(value).to_vec()) }
    }

    fn is_empty(&self) -> bool {
        matches!(self, Self::Here(bytes) if bytes.is_empty())
    }

    fn bytes_here(&self) -> usize {
        match self {
            Self::Here(bytes) => bytes.len(),
            Self::There(_) => 0,
        }
    }

    fn move_to(&mut self, file: &SpillFile) -> io::Result<()> {
        if let Self::Here(bytes) = self
            && !bytes.is_empty()
        {
            *self = Self::There(file.append(bytes)?);
        }
        Ok(())
    }

    fn bytes(&self, file: Option<&SpillFile>) -> io::Result<Cow<'_, [u8]>> {
        match (self, file) {
            (Self::Here(bytes), _) => Ok(Cow::Borrowed(bytes)),
            (Self::There(extent), Some(file)) => {
                let mut bytes = Vec::new();
                file.read(*extent, &mut bytes)?;
                Ok(Cow::Owned(bytes))
            }
            (Self::There(_), None) => Err(io::Error::other("the file of waiting series is gone")),
        }
    }

    fn unpacked<T: DecodeOwned + Default>(&self, file: Option<&SpillFile>) -> io::Result<T> {
        if self.is_empty() {
            return Ok(T::default());
        }
        decoded(&self.bytes(file)?)
    }
}

impl Waiting {
    /// Packs series and strays, in room that is used again for the next device.
    pub(super) fn of(series: &[Assessed], strays: &Strays, room: &mut bitcode::Buffer) -> Self {
        let mut asked: Vec<u64> = series.iter().map(|one| one.key.destination.stable_hash()).collect();
        asked.sort_unstable();
        asked.dedup();
        Self {
            series: Packed::of(series.is_empty(), series, room),
            strays: Packed::of(strays.series.is_empty(), strays, room),
            marks: last_driven(series).map(Mark::of).collect(),
            asked,
            has_apps: series.iter().any(|one| one.key.app.is_some()),
        }
    }

    /// Whether nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.series.is_empty() && self.strays.is_empty()
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
        self.series.bytes_here() + self.strays.bytes_here()
    }

    /// Moves what is packed to a file.
    pub(super) fn move_to(&mut self, file: &SpillFile) -> io::Result<()> {
        self.series.move_to(file)?;
        self.strays.move_to(file)
    }

    /// The series.
    pub(super) fn series(&self, file: Option<&SpillFile>) -> io::Result<Vec<Assessed>> {
        self.series.unpacked(file)
    }

    /// The strays.
    pub(super) fn strays(&self, file: Option<&SpillFile>) -> io::Result<Strays> {
        self.strays.unpacked(file)
    }
}
