//! All partitions of all sinks: gathered, taken and lent one by one, written and restored.

use super::aliases::aliases;
use super::chunks::{Packed, next_record};
use super::settings::{SinkCounts, SinkSettings};
use super::sink::{PARTITIONS, PartitionSink, partition_of};
use super::untaken::{Held, Untaken};
use crate::identity::{Directory, LeaseBook};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::ops::RangeInclusive;
use std::sync::Arc;
use undertone_core::model::{Day, Record, Timestamp};
use undertone_wire::packed;

/// All partitions of all sinks.
#[derive(Debug)]
pub struct Partitions {
    settings: Arc<SinkSettings>,
    directory: Arc<Directory>,
    sinks: Vec<PartitionSink>,
}

impl Partitions {
    /// Gathers the sinks of a run and settles which device names are one device. The second value is what the
    /// sinks saw.
    ///
    /// # Errors
    /// The first error of spilling: records were lost, so the run must not go on.
    pub fn new(
        settings: Arc<SinkSettings>,
        directory: Arc<Directory>,
        mut sinks: Vec<PartitionSink>,
    ) -> io::Result<(Self, SinkCounts)> {
        let mut counts = SinkCounts::default();
        for sink in &mut sinks {
            if let Some(error) = sink.failure.take() {
                return Err(error);
            }
            counts.merge(&sink.counts);
        }
        let late = settings.take_leases();
        let is_early = |sink: &PartitionSink| !Arc::ptr_eq(&sink.directory, &directory);
        sinks.retain(|sink| !(is_early(sink) && sink.is_empty()));
        let is_settled = late.is_empty() && !sinks.iter().any(is_early);
        let mut partitions = Self { settings, directory, sinks };
        if !is_settled {
            counts.has_unlisted = partitions.settle(late)?;
        }
        partitions.merge_names(&mut counts)?;
        // Nobody is looked up from here on.
        partitions.sinks.iter_mut().for_each(PartitionSink::forget_places);
        Ok((partitions, counts))
    }

    /// Who held which address, by all leases.
    pub fn directory(&self) -> &Arc<Directory> {
        &self.directory
    }

    /// Asks anew whose each record is, since not all leases were known when it was packed. Whether some devices found
    /// no room in the lists of names.
    fn settle(&mut self, late: LeaseBook) -> io::Result<bool> {
        for sink in &mut self.sinks {
            sink.forget_places();
            sink.directory = Arc::default();
        }
        self.settings.forget_names();
        Arc::make_mut(&mut self.directory).extend(late);
        let mut settled = PartitionSink::new(Arc::clone(&self.settings), Arc::clone(&self.directory));
        for index in 0..PARTITIONS {
            self.take(index).each_chunk(|names, mut rest| {
                while let Some(Packed { owner, key, record }) = next_record(&mut rest) {
                    let device = match packed::decode(&mut &*record) {
                        Some(Record::Session(session)) => settled.opener(&session),
                        Some(Record::Exchange(message)) => settled.device_at(message.orig.addr, message.at),
                        _ => settled.number_of(owner.name(names)),
                    };
                    settled.append(device, key, |chunk| chunk.extend_from_slice(record));
                }
                Ok(())
            })?;
        }
        let has_unlisted = settled.counts.has_unlisted;
        let failure = settled.failure.take();
        self.sinks = vec![settled];
        failure.map_or(Ok(has_unlisted), Err)
    }

    /// Settles which device names are one device, and puts their records together.
    fn merge_names(&mut self, counts: &mut SinkCounts) -> io::Result<()> {
        let partitions = self.sinks.iter().flat_map(|sink| &sink.partitions);
        let names: BTreeSet<&str> =
            partitions.flat_map(|partition| partition.names.iter().map(String::as_str)).collect();
        let aliases = {
            let claims = self.settings.claims();
            counts.claims = claims.cut();
            aliases(&names, (&claims, counts.has_unlisted), &self.directory)
        };
        self.reroute(&aliases)
    }

    /// Number of partitions.
    pub const COUNT: usize = PARTITIONS;

    /// Takes the packed records of one partition from every sink; quick, since nothing is read back yet.
    pub fn take(&mut self, index: usize) -> Untaken<'static> {
        let partitions = self.sinks.iter_mut().filter_map(|sink| sink.partitions.get_mut(index));
        let partitions: Vec<Held<'_>> =
            partitions.map(std::mem::take).map(Held::Own).filter(|one| !one.is_empty()).collect();
        self.settings.shrinks(partitions.iter().map(|one| one.in_memory()).sum());
        Untaken { settings: Arc::clone(&self.settings), partitions, days: None }
    }

    /// The records of a partition on some days; they stay where they are.
    pub fn lend(&self, index: usize, days: RangeInclusive<Day>) -> Untaken<'_> {
        let partitions = self.sinks.iter().filter_map(|sink| sink.partitions.get(index));
        let partitions = partitions.map(Held::Lent).filter(|one| !one.is_empty()).collect();
        Untaken { settings: Arc::clone(&self.settings), partitions, days: Some(days) }
    }

    /// Days that hold records.
    ///
    /// # Errors
    /// Spilled bytes that cannot be read back.
    pub fn days(&self) -> io::Result<BTreeSet<Day>> {
        let (mut days, mut buffer, mut latest) = (BTreeSet::new(), Vec::new(), None);
        for partition in self.sinks.iter().flat_map(|sink| &sink.partitions) {
            partition.each_chunk(self.settings.spill.get(), &mut buffer, |_, mut rest| {
                while let Some(Packed { record, .. }) = next_record(&mut rest) {
                    let day = packed::time_of(record).map(Timestamp::day);
                    // Nearly all are of the day of the one before.
                    if day != latest {
                        days.extend(day);
                        latest = day;
                    }
                }
                Ok(())
            })?;
        }
        Ok(days)
    }

    /// Device names and lengths of all partitions, those of one sink side by side: what [`Partitions::restore`] needs
    /// besides the bytes.
    pub fn parts(&self) -> Vec<(Vec<String>, u64)> {
        let all = self.sinks.iter().flat_map(|sink| &sink.partitions);
        all.map(|partition| (partition.names.clone(), partition.len() as u64)).collect()
    }

    /// Writes the bytes of all partitions, in the order of [`Partitions::parts`].
    ///
    /// # Errors
    /// The output's error, or spilled bytes that cannot be read back.
    pub fn write(&self, out: &mut impl io::Write) -> io::Result<()> {
        let (file, mut buffer) = (self.settings.spill.get(), Vec::new());
        let mut partitions = self.sinks.iter().flat_map(|sink| &sink.partitions);
        partitions.try_for_each(|partition| {
            partition.each_chunk(file, &mut buffer, |_, chunk| out.write_all(chunk))
        })
    }

    /// Partitions whose bytes were written before; past the memory budget they spill, as when they were made.
    ///
    /// # Errors
    /// An input that is shorter than its parts say, parts that fit no run, or a spill file that cannot be written.
    pub fn restore(
        settings: Arc<SinkSettings>,
        directory: Arc<Directory>,
        parts: &[(Vec<String>, u64)],
        input: &mut impl io::Read,
    ) -> io::Result<Self> {
        let mut sinks = Vec::with_capacity(parts.len() / PARTITIONS);
        for of_sink in parts.chunks(PARTITIONS) {
            let mut sink = PartitionSink::new(Arc::clone(&settings), Arc::clone(&directory));
            if of_sink.len() != sink.partitions.len() {
                return Err(io::ErrorKind::InvalidData.into());
            }
            for (at, (names, length)) in of_sink.iter().enumerate() {
                sink.restore(at, names, *length, input)?;
            }
            sinks.push(sink);
        }
        Ok(Self { settings, directory, sinks })
    }

    /// Packed bytes in memory, as the budget counts them and as they are.
    #[cfg(test)]
    pub(crate) fn in_memory(&self) -> (usize, usize) {
        let held =
            self.sinks.iter().flat_map(|sink| &sink.partitions).map(super::chunks::Partition::in_memory);
        (self.settings.in_memory(), held.sum())
    }

    /// Moves the records of renamed devices to the partition of their new name.
    fn reroute(&mut self, aliases: &BTreeMap<String, String>) -> io::Result<()> {
        let touched: BTreeSet<usize> = aliases.keys().map(|name| partition_of(name.as_bytes())).collect();
        for index in touched {
            let taken = self.take(index);
            let Some(sink) = self.sinks.first_mut() else { continue };
            // The places of the devices that were in this partition are no more.
            sink.forget_places();
            taken.each_chunk(|names, mut rest| {
                while let Some(Packed { owner, key, record }) = next_record(&mut rest) {
                    let name = owner.name(names);
                    let number = sink.number_of(aliases.get(name).map_or(name, String::as_str));
                    sink.append(number, key, |chunk| chunk.extend_from_slice(record));
                }
                Ok(())
            })?;
        }
        match self.sinks.first_mut().and_then(|sink| sink.failure.take()) {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }
}
