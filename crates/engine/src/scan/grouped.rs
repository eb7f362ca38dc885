//! The records of a partition, by device and connection.

use crate::partition::{Owner, Packed, Taken, next_record};
use hashbrown::HashMap;
use std::collections::BTreeMap;
use undertone_core::device::UidKey;
use undertone_wire::packed::{Lists, RecordCounts};

/// Packed bytes of a record, with its head: of a day of phones about 90. Room for so many is made at once; where there
/// are more it grows.
const RECORD_BYTES: usize = 80;

/// The records of a partition by device. Only one device is looked at at a time, so that what is asked about its records
/// stays in a core's cache however many devices a partition has.
#[derive(Default)]
pub(super) struct Grouped<'b> {
    devices: Vec<OfDevice<'b>>,
    /// Places in `devices`, by name.
    by_name: BTreeMap<&'b str, u32>,
}

/// The records of a device.
struct OfDevice<'b> {
    /// As they came.
    records: Vec<Grouping<'b>>,
    counts: RecordCounts,
}

/// A record with the hash of its id.
#[derive(Clone, Copy)]
struct Grouping<'b> {
    record: &'b [u8],
    key: u64,
}

#[expect(clippy::cast_possible_truncation, reason = "a partition has far fewer than 2^32 records")]
impl<'b> Grouped<'b> {
    /// Groups the records of one partition. A device has one number, whatever sink its records came by.
    pub(super) fn of(taken: &'b [Taken]) -> Self {
        let bytes: usize = taken.iter().flat_map(|part| &part.chunks).map(Vec::len).sum();
        let names: usize = taken.iter().map(|part| part.names.len()).sum();
        let room = bytes / RECORD_BYTES / names.max(1);
        let mut grouped = Self::default();
        for part in taken {
            let numbers: Vec<u32> = part.names.iter().map(|name| grouped.device(name, room)).collect();
            for chunk in &part.chunks {
                let mut rest = chunk.as_slice();
                while let Some(Packed { owner, key, record }) = next_record(&mut rest) {
                    let device = match owner {
                        Owner::Number(number) => numbers.get(number as usize).copied(),
                        Owner::Name(name) => Some(grouped.device(name, 0)),
                    };
                    if let Some(device) = device.and_then(|device| grouped.devices.get_mut(device as usize)) {
                        device.counts.add(record);
                        device.records.push(Grouping { record, key });
                    }
                }
            }
        }
        grouped
    }

    /// The number of a device, in the order of their sight; a new one has room for so many records.
    fn device(&mut self, name: &'b str, room: usize) -> u32 {
        *self.by_name.entry(name).or_insert_with(|| {
            let records = Vec::with_capacity(room);
            self.devices.push(OfDevice { records, counts: RecordCounts::default() });
            self.devices.len() as u32 - 1
        })
    }

    /// Shows the records of each device to `take`, which leaves the lists empty; devices by name. The room is given back.
    pub(super) fn each_device(
        &self,
        mut room: Room<'b>,
        mut take: impl FnMut(&str, &mut Lists<'b>),
    ) -> Room<'b> {
        let Room { lists, ids } = &mut room;
        let counts = self.devices.iter().map(|device| device.counts);
        lists.reserve(counts.fold(RecordCounts::default(), RecordCounts::max));
        for (name, device) in &self.by_name {
            let device = self.devices.get(*device as usize).filter(|device| !device.records.is_empty());
            let Some(OfDevice { records, .. }) = device else { continue };
            ids.number(records);
            for (id, record) in ids.in_order(records) {
                lists.push(UidKey { rank: id, hash: record.key }, record.record);
            }
            take(name, lists);
        }
        room
    }
}

/// Room for the records of a device, used again for the next.
#[derive(Default)]
pub(super) struct Room<'b> {
    lists: Lists<'b>,
    ids: Ids,
}

impl Room<'_> {
    /// The same room for records that borrow from other bytes.
    pub(super) fn recycled<'b>(self) -> Room<'b> {
        Room { lists: self.lists.recycled(), ids: self.ids }
    }
}

/// The ids of a device's records by numbers, which are given as they come: logs are written by time, so what is unpacked
/// by number and looked at by time is read from memory nearly in one go.
#[derive(Default)]
struct Ids {
    /// Only ever asked, never walked.
    numbers: HashMap<u64, u32, foldhash::fast::RandomState>,
    /// Id of each record.
    of_record: Vec<u32>,
    /// Records of each id, then where the next of them goes.
    places: Vec<u32>,
    /// Records by id, each in the order in which they came.
    order: Vec<u32>,
}

#[expect(clippy::cast_possible_truncation, reason = "a partition has far fewer than 2^32 records")]
impl Ids {
    /// Numbers the ids of these records and finds their order.
    fn number(&mut self, records: &[Grouping<'_>]) {
        let Self { numbers, of_record, places, order } = self;
        numbers.clear();
        of_record.clear();
        places.clear();
        for record in records {
            let id = *numbers.entry(record.key).or_insert(places.len() as u32);
            match places.get_mut(id as usize) {
                Some(count) => *count += 1,
                None => places.push(1),
            }
            of_record.push(id);
        }
        let mut start = 0;
        for place in places.iter_mut() {
            start += std::mem::replace(place, start);
        }
        order.clear();
        order.resize(records.len(), 0);
        for (number, id) in (0..).zip(of_record.iter()) {
            let Some(place) = places.get_mut(*id as usize) else { continue };
            if let Some(slot) = order.get_mut(*place as usize) {
                *slot = number;
            }
            *place += 1;
        }
    }

    /// The records that were numbered, by id, with their ids.
    fn in_order<'r, 'b>(
        &'r self,
        records: &'r [Grouping<'b>],
    ) -> impl Iterator<Item = (u32, &'r Grouping<'b>)> {
        let at = |place: &u32| Some((*self.of_record.get(*place as usize)?, records.get(*place as usize)?));
        self.order.iter().filter_map(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_of_an_id_lie_side_by_side_and_a_device_leaves_nothing_for_the_next() {
        let mut ids = Ids::default();
        let mut order_of = |keys: &[u64]| {
            let records: Vec<_> = keys.iter().map(|key| Grouping { record: &[], key: *key }).collect();
            ids.number(&records);
            ids.in_order(&records).map(|(id, record)| (id, record.key)).collect::<Vec<_>>()
        };
        assert_eq!(order_of(&[5, 7, 5, 9, 7]), [(0, 5), (0, 5), (1, 7), (1, 7), (2, 9)]);
        assert_eq!(order_of(&[9, 5]), [(0, 9), (1, 5)]);
        assert_eq!(order_of(&[]), []);
    }
}
