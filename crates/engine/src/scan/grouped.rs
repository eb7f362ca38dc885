//! The records of a partition, by device and connection.

use crate::partition::{Owner, Packed, Taken, next_record};
use hashbrown::HashMap;
use std::collections::BTreeMap;
use undertone_core::device::UidKey;
use undertone_wire::packed::{Lists, RecordCounts};

/// Only ever asked, never walked.
type Numbers<K> = HashMap<K, u32, foldhash::fast::RandomState>;

/// Packed bytes of a record, with its head, and of all records of an id: of a day of phones about 90 and 180. Room for so
/// many is made at once; where there are more it grows.
const RECORD_BYTES: usize = 80;
const ID_BYTES: usize = 180;

/// The records of a partition. Those of one id lie side by side, and ids are in the order in which they came: logs are
/// written by time, so what is unpacked and looked at by time is read from memory nearly in one go.
#[derive(Default)]
pub(super) struct Grouped<'b> {
    /// Names of the devices.
    names: Vec<&'b str>,
    /// Records as they came.
    records: Vec<Grouping<'b>>,
    /// Ids by their numbers, which are given as they come.
    ids: Vec<Id>,
    /// Places in `records`, by name of the device, then by id, then as they came.
    order: Vec<u32>,
    /// What there is of each device, by its number.
    of_device: Vec<OfDevice>,
}

/// An id of one device.
struct Id {
    device: u32,
    records: u32,
}

/// Numbers of the ids of a device, and how many records it has.
#[derive(Default)]
struct OfDevice {
    ids: Vec<u32>,
    counts: RecordCounts,
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
        let bytes: usize = taken.iter().flat_map(|part| &part.chunks).map(Vec::len).sum();
        let mut grouped = Self { records: Vec::with_capacity(bytes / RECORD_BYTES), ..Self::default() };
        let (mut devices, mut ids) = (BTreeMap::new(), Numbers::default());
        ids.reserve(bytes / ID_BYTES);
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
            self.of_device.push(OfDevice::default());
            self.names.len() as u32 - 1
        })
    }

    fn add(&mut self, ids: &mut Numbers<(u32, u64)>, device: u32, key: u64, record: &'b [u8]) {
        let next = self.ids.len() as u32;
        let id = *ids.entry((device, key)).or_insert(next);
        let Some(of_device) = self.of_device.get_mut(device as usize) else { return };
        if id == next {
            self.ids.push(Id { device, records: 0 });
            of_device.ids.push(id);
        }
        of_device.counts.add(record);
        if let Some(id) = self.ids.get_mut(id as usize) {
            id.records += 1;
        }
        self.records.push(Grouping { record, key, id });
    }

    /// Finds the order: ids by device, then records by id, each in the order in which they came. `by_name` gives the
    /// devices ascending by name.
    fn sort(&mut self, by_name: impl Iterator<Item = u32>) {
        let mut places = vec![0_u32; self.ids.len()];
        let mut start = 0;
        let of_devices = by_name.filter_map(|device| self.of_device.get(device as usize));
        for id in of_devices.flat_map(|of_device| &of_device.ids) {
            if let (Some(place), Some(id)) = (places.get_mut(*id as usize), self.ids.get(*id as usize)) {
                *place = start;
                start += id.records;
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
        let counts = self.of_device.iter().map(|of_device| of_device.counts);
        lists.reserve(counts.fold(RecordCounts::default(), RecordCounts::max));
        let device_of = |place: &u32| {
            let record = self.records.get(*place as usize)?;
            self.ids.get(record.id as usize).map(|id| id.device)
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
