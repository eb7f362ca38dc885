//! The records of a partition, by device and connection.

use crate::partition::{Owner, Packed, Taken, next_record};
use hashbrown::HashMap;
use std::collections::BTreeMap;
use undertone_core::device::UidKey;
use undertone_wire::packed::{Lists, RecordCounts};

/// Only ever asked, never walked.
type Numbers<K> = HashMap<K, u32, foldhash::fast::RandomState>;

/// The records of a partition. Those of one id lie side by side, and ids are in the order in which they came: logs are
/// written by time, so what is unpacked and looked at by time is read from memory nearly in one go.
#[derive(Default)]
pub(super) struct Grouped<'b> {
    /// Names of the devices.
    names: Vec<&'b str>,
    /// Records as they came.
    records: Vec<Grouping<'b>>,
    /// Device of each id, by the id's number.
    devices: Vec<u32>,
    /// Places in `records`, by name of the device, then by id, then as they came.
    order: Vec<u32>,
    /// Records of each device.
    counts: Vec<RecordCounts>,
}

/// A record with the number of its id.
#[derive(Clone, Copy)]
struct Grouping<'b> {
    record: &'b [u8],
    key: u64,
    id: u32,
}

#[expect(clippy::cast_possible_truncation, reason = "a partition has far fewer than 2^32 records")]
impl<'b> Grouped<'b> {
    /// Groups the records of one partition. A device has one number, whatever sink its records came by.
    pub(super) fn of(taken: &'b [Taken]) -> Self {
        let mut grouped = Self::default();
        let (mut devices, mut ids) = (BTreeMap::new(), Numbers::default());
        for part in taken {
            let numbers: Vec<u32> =
                part.names.iter().map(|name| grouped.device(&mut devices, name)).collect();
            for chunk in &part.chunks {
                let mut rest = chunk.as_slice();
                while let Some(Packed { owner, key, record }) = next_record(&mut rest) {
                    let device = match owner {
                        Owner::Number(number) => numbers.get(number as usize).copied(),
                        Owner::Name(name) => Some(grouped.device(&mut devices, name)),
                    };
                    if let Some(device) = device {
                        grouped.add(&mut ids, device, key, record);
                    }
                }
            }
        }
        grouped.sort(devices.into_values());
        grouped
    }

    /// The number of a device, in the order of their sight.
    fn device(&mut self, devices: &mut BTreeMap<&'b str, u32>, name: &'b str) -> u32 {
        *devices.entry(name).or_insert_with(|| {
            self.names.push(name);
            self.counts.push(RecordCounts::default());
            self.names.len() as u32 - 1
        })
    }

    fn add(&mut self, ids: &mut Numbers<(u32, u64)>, device: u32, key: u64, record: &'b [u8]) {
        let next = self.devices.len() as u32;
        let id = *ids.entry((device, key)).or_insert(next);
        if id == next {
            self.devices.push(device);
        }
        self.records.push(Grouping { record, key, id });
        if let Some(counts) = self.counts.get_mut(device as usize) {
            counts.add(record);
        }
    }

    /// Finds the order: ids by device, then records by id, each in the order in which they came. `by_name` gives the
    /// devices ascending by name.
    fn sort(&mut self, by_name: impl Iterator<Item = u32>) {
        let mut ranks = vec![0_u32; self.names.len()];
        for (rank, device) in (0..).zip(by_name) {
            if let Some(slot) = ranks.get_mut(device as usize) {
                *slot = rank;
            }
        }
        let rank_of = |id: &u32| ranks.get(*self.devices.get(*id as usize)? as usize);
        let mut ids: Vec<u32> = (0..self.devices.len() as u32).collect();
        ids.sort_by_key(rank_of);
        let mut places = vec![0_u32; self.devices.len()];
        for record in &self.records {
            if let Some(count) = places.get_mut(record.id as usize) {
                *count += 1;
            }
        }
        let mut start = 0;
        for id in ids {
            if let Some(place) = places.get_mut(id as usize) {
                start += std::mem::replace(place, start);
            }
        }
        self.order = vec![0; self.records.len()];
        for (number, record) in (0..).zip(&self.records) {
            let Some(place) = places.get_mut(record.id as usize) else { continue };
            if let Some(slot) = self.order.get_mut(*place as usize) {
                *slot = number;
            }
            *place += 1;
        }
    }

    /// Shows the records of each device to `take`, which leaves the lists empty. The lists are those given, and are
    /// given back.
    pub(super) fn each_device(
        &self,
        mut lists: Lists<'b>,
        mut take: impl FnMut(&str, &mut Lists<'b>),
    ) -> Lists<'b> {
        lists.reserve(self.counts.iter().copied().fold(RecordCounts::default(), RecordCounts::max));
        let device_of = |place: &u32| {
            let record = self.records.get(*place as usize)?;
            self.devices.get(record.id as usize).copied()
        };
        for places in self.order.chunk_by(|a, b| device_of(a) == device_of(b)) {
            let Some(device) = places.first().and_then(device_of) else { continue };
            let Some(name) = self.names.get(device as usize) else { continue };
            for record in places.iter().filter_map(|place| self.records.get(*place as usize)) {
                lists.push(UidKey { rank: record.id, hash: record.key }, record.record);
            }
            take(name, &mut lists);
        }
        lists
    }
}
