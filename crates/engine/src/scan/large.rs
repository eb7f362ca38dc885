//! Devices with more records than fit: looked at in parts, each with all traffic of some destinations.
//!
//! Records go by the hash of their connection's id into groups that fit, so that a connection lies in one. Each group
//! is read twice: once to count what goes where and when, once to send each connection to the part of its
//! destination. A part is then joined and summed up like a device, beside the moments and lookups of the whole, so
//! that a series comes out as if the device had been looked at at once, however much else it does. What is lost: a
//! rotation over destinations of several parts, and of a destination that alone would not fit, all but the latest
//! records (counted).

mod route;

use super::devices::{Device, FirstContext, platform};
use super::folding::keep_within;
use crate::partition::{Owner, Packed, Regroup, Taken, Untaken, next_record};
use crate::telemetry::{self, Roles};
use route::{Hosts, Route};
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::io;
use undertone_core::device::{self, Moments, MomentsSketch, Rest, UidKey};
use undertone_core::model::{Record, Timestamp};
use undertone_core::series::stable_hash;
use undertone_wire::packed::{Kind, Lists, RecordCounts, decode, kind_of, time_of};

/// Counters of the records of ids and of destinations, each for all that share the low bits of their hash.
const COUNTERS: usize = 1 << 16;

/// The records of some devices of a partition, with their names.
pub(super) fn batch(untaken: &Untaken<'_>, devices: &BTreeSet<u64>) -> io::Result<Vec<Taken>> {
    let mut taken = Taken { names: Vec::new(), chunks: Vec::new() };
    let mut numbers = BTreeMap::new();
    untaken.each_chunk(|names, mut rest| {
        while let Some(Packed { owner, key, record }) = next_record(&mut rest) {
            let name = owner.name(names);
            let hash = stable_hash(name.as_bytes());
            if devices.contains(&hash) {
                let next = numbers.len();
                let number = *numbers.entry(hash).or_insert(next);
                if number == next {
                    taken.names.push(name.to_owned());
                }
                taken.push(Owner::Number(u32::try_from(number).unwrap_or_default()), key, record);
            }
        }
        Ok(())
    })?;
    Ok(vec![taken])
}

/// Pass 1 over the device whose name has this hash.
pub(super) fn device(
    untaken: &Untaken<'_>,
    name: u64,
    context: FirstContext<'_>,
) -> io::Result<Option<Device>> {
    let Some(groups) = Groups::of(untaken, name, context)? else { return Ok(None) };
    let shares = context.shares;
    let mut device_left_out = 0;
    let storage = latest(&groups.telemetry, 0, shares.records_max(), &mut device_left_out)?;
    let mut lists = Lists::default();
    fill(&mut lists, &storage);
    let mut telemetry = std::mem::take(&mut lists.telemetry);
    let duplicates = telemetry::leave_each_once(&mut telemetry);
    let platform = platform(&groups.id, &telemetry, context.directory);
    let mut roles = Roles::default();
    roles.count(&telemetry);
    let reports = telemetry::Reports::of(&telemetry);
    let mut device = Device::new(&groups.id, platform, roles);
    (device.left_out, device.duplicates) = (device_left_out, duplicates);
    if groups.is_phone_only() {
        let mut joined = device::Joined::default();
        telemetry::add_unseen(&mut joined, &telemetry);
        device.add(&joined, (&telemetry, &reports), None, context);
        return Ok(Some(device));
    }
    let parts = Parts::of(groups, context)?;
    for part in 0..parts.records.len() {
        let storage = latest(&parts.records, part, 2 * shares.records_max(), &mut device.left_out)?;
        let lookups = latest(&parts.lookups, part, shares.records_max(), &mut device.left_out)?;
        let mut lists = Lists::default();
        fill(&mut lists, &storage);
        let joined = device::join::join_grouped(lists.sessions, lists.messages);
        let lookups = lookups_of(&lookups);
        let rest = Rest { moments: &parts.moments, lookups: &lookups };
        // What is counted of telemetry is counted once.
        let told = if part == 0 { telemetry.as_slice() } else { &[] };
        device.add(&joined, (told, &reports), Some(rest), context);
        keep_within(&mut device, shares);
    }
    device.settle_parts();
    Ok(Some(device))
}

/// The records of a device in groups that fit, each with all of a connection.
struct Groups {
    id: String,
    by_key: Regroup,
    telemetry: Regroup,
    /// Records by the hash of their id: an id of too many is no connection.
    counts: Vec<u32>,
    /// Mixed into the hashes of destinations: made of the microseconds at which the sensor saw each record, so that who
    /// chooses names cannot choose which of them share a counter or a part.
    salt: u64,
}

impl Groups {
    fn of(untaken: &Untaken<'_>, name: u64, context: FirstContext<'_>) -> io::Result<Option<Self>> {
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

    fn is_phone_only(&self) -> bool {
        (0..self.by_key.len()).all(|part| self.by_key.records(part) == 0)
    }

    /// Shows each record of a group with its key, where it goes, and the record itself.
    fn each_routed(
        &self,
        group: usize,
        records_max: usize,
        mut show: impl FnMut(u64, Route, &[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        let salted = |destination: u64| mixed(destination ^ self.salt);
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
                    show(key, hosts.route(record).map(salted), bytes)?;
                }
            }
        }
        Ok(())
    }
}

/// The records of a device in parts by destination, with what each must know of the others.
struct Parts {
    records: Regroup,
    lookups: Regroup,
    moments: Moments,
}

impl Parts {
    fn of(mut groups: Groups, context: FirstContext<'_>) -> io::Result<Self> {
        let records_max = context.shares.records_max();
        let (mut counts, mut moments, mut all) = (vec![0_u32; COUNTERS], MomentsSketch::default(), 0);
        for group in 0..groups.by_key.len() {
            groups.each_routed(group, records_max, |_, route, _| {
                count(&mut counts, route.destination);
                if let Some(start) = route.start {
                    moments.add(start.micros(), route.destination);
                }
                all += 1;
                Ok(())
            })?;
        }
        let shared = (2_usize * all).div_ceil(records_max);
        let part_of = part_of(&counts, shared, records_max);
        let parts = part_of.values().copied().max().map_or(shared, |last| last + 1);
        let budget_bytes = context.shares.part_bytes();
        let mut found = Self {
            records: Regroup::new(parts, budget_bytes),
            lookups: Regroup::new(parts, budget_bytes),
            moments: moments.finish(),
        };
        let part = |destination: u64| {
            let own = part_of.get(&place(destination, COUNTERS)).copied();
            own.unwrap_or_else(|| place(mixed(destination), shared))
        };
        for group in 0..groups.by_key.len() {
            groups.each_routed(group, records_max, |key, route, record| {
                let own = part(route.destination);
                let others: BTreeSet<usize> = route.named.iter().map(|addr| part(*addr)).collect();
                for other in others.into_iter().filter(|other| *other != own) {
                    found.lookups.push(other, key, record)?;
                }
                found.records.push(own, key, record)
            })?;
            groups.by_key.drop_part(group);
        }
        Ok(found)
    }
}

/// Parts of their own, behind the shared ones, for destinations that would crowd out others.
fn part_of(counts: &[u32], shared: usize, records_max: usize) -> BTreeMap<usize, usize> {
    let crowded = counts.iter().enumerate().filter(|(_, count)| **count as usize > records_max / 2);
    crowded.zip(shared..).map(|((counter, _), part)| (counter, part)).collect()
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

/// The latest records of a part, at most `most`, in chunks; adds what it leaves out to `left_out`.
fn latest(parts: &Regroup, part: usize, most: usize, left_out: &mut u64) -> io::Result<Vec<Vec<u8>>> {
    let surplus = parts.records(part).saturating_sub(most as u64);
    if surplus == 0 {
        return parts.chunks(part);
    }
    *left_out += surplus;
    // The oldest on top, to make room; records of one instant by what they hold.
    let mut kept = BinaryHeap::with_capacity(most + 1);
    parts.each_record(part, |key, record| {
        let at = time_of(record).map_or(0, Timestamp::micros);
        let hash = stable_hash(record);
        let is_later = |oldest: &std::cmp::Reverse<(i64, u64, u64, Vec<u8>)>| {
            (at, hash, key, record) > (oldest.0.0, oldest.0.1, oldest.0.2, oldest.0.3.as_slice())
        };
        if kept.len() < most {
            kept.push(std::cmp::Reverse((at, hash, key, record.to_vec())));
        } else if kept.peek().is_some_and(is_later) {
            kept.pop();
            kept.push(std::cmp::Reverse((at, hash, key, record.to_vec())));
        }
        Ok(())
    })?;
    let mut taken = Taken { names: Vec::new(), chunks: Vec::new() };
    for std::cmp::Reverse((_, _, key, record)) in kept {
        taken.push(Owner::Number(0), key, &record);
    }
    Ok(taken.chunks)
}

/// Records with their keys.
fn slots(storage: &[Vec<u8>]) -> Vec<(u64, &[u8])> {
    let mut slots = Vec::new();
    for chunk in storage {
        let mut rest = chunk.as_slice();
        while let Some(Packed { key, record, .. }) = next_record(&mut rest) {
            slots.push((key, record));
        }
    }
    slots
}

/// Fills lists with records, by their keys.
fn fill<'b>(lists: &mut Lists<'b>, storage: &'b [Vec<u8>]) {
    let mut slots = slots(storage);
    slots.sort_by_key(|(key, _)| *key);
    let mut counts = RecordCounts::default();
    for (_, record) in &slots {
        counts.add(record);
    }
    lists.reserve(counts);
    for (hash, record) in slots {
        lists.push(UidKey::of_hash(hash), record);
    }
}

fn lookups_of(storage: &[Vec<u8>]) -> Vec<(Timestamp, &str, &str)> {
    slots(storage).into_iter().filter_map(|(_, record)| lookup_of(record)).collect()
}

/// When a lookup was, its name and its answers.
fn lookup_of(mut record: &[u8]) -> Option<(Timestamp, &str, &str)> {
    match decode(&mut record)? {
        Record::Exchange(message) => Some((message.at, message.host?, message.answers?)),
        _ => None,
    }
}

fn count(counts: &mut [u32], hash: u64) {
    if let Some(count) = counts.get_mut(place(hash, COUNTERS)) {
        *count = count.saturating_add(1);
    }
}

/// A hash whose high bits depend on all of it: the low ones are taken by the counters.
fn mixed(hash: u64) -> u64 {
    stable_hash(&hash.to_le_bytes())
}

fn place(hash: u64, places: usize) -> usize {
    usize::try_from(hash % places.max(1) as u64).unwrap_or(0)
}
