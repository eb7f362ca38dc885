//! The records of a large device by connection, before it is known where they go.

use super::super::devices::FirstContext;
use super::route::{Hosts, Route};
use super::{mixed, place, slots};
use crate::partition::{Owner, Packed, Regroup, Untaken, next_record};
use std::io;
use undertone_core::model::{Record, Timestamp};
use undertone_core::series::stable_hash;
use undertone_wire::packed::{Kind, decode, kind_of, time_of};

/// Counters of the records of ids and of destinations, each for all that share the low bits of their hash.
pub(super) const COUNTERS: usize = 1 << 16;

/// A record, and where it goes.
pub(super) struct Routed<'r> {
    pub(super) key: u64,
    pub(super) route: Route,
    pub(super) record: &'r Record<'r>,
    pub(super) bytes: &'r [u8],
}

/// The records of a device in groups that fit, each with all of a connection.
pub(super) struct Groups {
    pub(super) id: String,
    pub(super) by_key: Regroup,
    pub(super) telemetry: Regroup,
    /// Records by the hash of their id: an id of too many is no connection.
    counts: Vec<u32>,
    /// Mixed into the hashes of destinations: made of the microseconds at which the sensor saw each record, so that who
    /// chooses names cannot choose which of them share a counter or a part.
    salt: u64,
}

impl Groups {
    pub(super) fn of(
        untaken: &Untaken<'_>,
        name: u64,
        context: FirstContext<'_>,
    ) -> io::Result<Option<Self>> {
        let (mut id, mut counts, mut bytes, mut salt) = (None, vec![0_u32; COUNTERS], 0, 0_u64);
        each_of_device(untaken, name, |known, key, record| {
            id.get_or_insert_with(|| known.to_owned());
            count(&mut counts, key);
            bytes += record.len();
            // Whatever the order of the records.
            salt = salt.wrapping_add(mixed(time_of(record).map_or(0, Timestamp::micros).cast_unsigned()));
            Ok(())
        })?;
        let Some(id) = id else { return Ok(None) };
        let part_bytes = context.shares.part_bytes();
        let parts = bytes.div_ceil(part_bytes).max(1);
        let mut groups = Self {
            id,
            by_key: Regroup::new(parts, part_bytes),
            telemetry: Regroup::new(1, part_bytes),
            counts,
            salt,
        };
        let nameless = stable_hash(b"");
        let records_max = context.shares.records_max();
        each_of_device(untaken, name, |_, key, record| {
            if kind_of(record) == Some(Kind::Telemetry) {
                return groups.telemetry.push(0, key, record);
            }
            let is_loose = key == nameless || groups.is_heavy(key, records_max);
            let spread = if is_loose { stable_hash(record) } else { mixed(key) };
            groups.by_key.push(place(spread, parts), key, record)
        })?;
        Ok(Some(groups))
    }

    /// Whether so many records share an id that they cannot be one connection at hand.
    fn is_heavy(&self, key: u64, records_max: usize) -> bool {
        self.counts.get(place(key, COUNTERS)).is_some_and(|count| *count as usize > records_max / 2)
    }

    /// The number of a destination that only this device's records give it.
    pub(super) fn salted(&self, destination: u64) -> u64 {
        mixed(destination ^ self.salt)
    }

    /// Shows each record of a group with its key, where it goes, and the record itself.
    pub(super) fn each_routed(
        &self,
        group: usize,
        records_max: usize,
        mut show: impl FnMut(Routed<'_>) -> io::Result<()>,
    ) -> io::Result<()> {
        let storage = self.by_key.chunks(group)?;
        let mut slots = slots(&storage);
        slots.sort_by_key(|(key, _)| *key);
        let nameless = stable_hash(b"");
        for of_key in slots.chunk_by(|(a, _), (b, _)| a == b) {
            let Some(&(key, _)) = of_key.first() else { continue };
            let is_loose = key == nameless || self.is_heavy(key, records_max);
            for records in of_key.chunks(if is_loose { 1 } else { of_key.len() }) {
                let decoded: Vec<(Record<'_>, &[u8])> =
                    records.iter().filter_map(|(_, bytes)| Some((decode(&mut &**bytes)?, *bytes))).collect();
                let hosts = Hosts::of(decoded.iter().map(|(record, _)| record));
                for (record, bytes) in &decoded {
                    let route = hosts.route(record).map(|destination| self.salted(destination));
                    show(Routed { key, route, record, bytes })?;
                }
            }
        }
        Ok(())
    }
}

/// Shows the records of one device: its name, the key, the record.
fn each_of_device(
    untaken: &Untaken<'_>,
    device: u64,
    mut show: impl FnMut(&str, u64, &[u8]) -> io::Result<()>,
) -> io::Result<()> {
    untaken.each_chunk(|names, mut rest| {
        let of_number: Vec<bool> = names.iter().map(|name| stable_hash(name.as_bytes()) == device).collect();
        while let Some(Packed { owner, key, record }) = next_record(&mut rest) {
            let is_device = match owner {
                Owner::Number(number) => of_number.get(number as usize).copied().unwrap_or(false),
                Owner::Name(name) => stable_hash(name.as_bytes()) == device,
            };
            if is_device {
                show(owner.name(names), key, record)?;
            }
        }
        Ok(())
    })
}

pub(super) fn count(counts: &mut [u32], hash: u64) {
    if let Some(count) = counts.get_mut(place(hash, COUNTERS)) {
        *count = count.saturating_add(1);
    }
}
