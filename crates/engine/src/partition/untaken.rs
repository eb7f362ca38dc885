//! One partition of all sinks, to be looked at: what was taken out for good, or is lent for some days of it.

use super::chunks::{Packed, Partition, Taken, append_record, next_record};
use super::settings::SinkSettings;
use std::io;
use std::ops::{Deref, RangeInclusive};
use std::sync::Arc;
use undertone_core::model::Day;
use undertone_wire::packed::time_of;

/// The records of one partition, perhaps still in the spill file.
#[derive(Debug)]
pub struct Untaken<'p> {
    pub(super) settings: Arc<SinkSettings>,
    pub(super) partitions: Vec<Held<'p>>,
    /// Days that are looked at; `None` for all.
    pub(super) days: Option<RangeInclusive<Day>>,
}

/// A partition of one sink.
#[derive(Debug)]
pub(super) enum Held<'p> {
    Own(Partition),
    Lent(&'p Partition),
}

impl Deref for Held<'_> {
    type Target = Partition;

    fn deref(&self) -> &Partition {
        match self {
            Self::Own(partition) => partition,
            Self::Lent(partition) => partition,
        }
    }
}

impl Untaken<'_> {
    /// Bytes of it on all days, in memory or not.
    pub fn bytes(&self) -> usize {
        self.partitions.iter().map(|partition| partition.len()).sum()
    }

    /// Shows every chunk of records with the list of names that goes with it, one at a time.
    ///
    /// # Errors
    /// When spilled bytes cannot be read back, or what `show` says.
    pub fn each_chunk(&self, mut show: impl FnMut(&[String], &[u8]) -> io::Result<()>) -> io::Result<()> {
        let (file, mut buffer, mut left) = (self.settings.spill.get(), Vec::new(), Vec::new());
        self.partitions.iter().try_for_each(|partition| {
            partition.each_chunk(file, &mut buffer, |names, chunk| {
                let Some(days) = &self.days else { return show(names, chunk) };
                left.clear();
                narrow(chunk, days, &mut left);
                if left.is_empty() { Ok(()) } else { show(names, &left) }
            })
        })
    }

    /// The records, by the sink that they came from.
    ///
    /// # Errors
    /// When spilled bytes cannot be read back.
    pub fn gather(self) -> io::Result<Vec<Taken>> {
        let file = self.settings.spill.get();
        let gathered = |held| match (held, &self.days) {
            (Held::Own(partition), None) => partition.gather(file),
            (Held::Lent(partition), None) => partition.copy(file),
            (Held::Own(partition), Some(days)) => within(&partition, days, &self.settings),
            (Held::Lent(partition), Some(days)) => within(partition, days, &self.settings),
        };
        self.partitions.into_iter().map(gathered).collect()
    }
}

/// The records of some days.
fn within(partition: &Partition, days: &RangeInclusive<Day>, settings: &SinkSettings) -> io::Result<Taken> {
    let mut taken = Taken { names: partition.names.clone(), chunks: Vec::new() };
    partition.each_chunk(settings.spill.get(), &mut Vec::new(), |_, chunk| {
        let mut left = Vec::new();
        narrow(chunk, days, &mut left);
        if !left.is_empty() {
            left.shrink_to_fit();
            taken.chunks.push(left);
        }
        Ok(())
    })?;
    Ok(taken)
}

/// Appends the records of some days.
fn narrow(mut chunk: &[u8], days: &RangeInclusive<Day>, left: &mut Vec<u8>) {
    left.reserve(chunk.len());
    while let Some(Packed { owner, key, record }) = next_record(&mut chunk) {
        if time_of(record).is_some_and(|at| days.contains(&at.day())) {
            append_record(left, owner, key, |left| left.extend_from_slice(record));
        }
    }
}
