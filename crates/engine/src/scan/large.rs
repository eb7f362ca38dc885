//! Devices with more records than fit: looked at in parts, each with all traffic of some destinations.
//!
//! Records go by the hash of their connection's id into groups that fit, so that a connection lies in one. Each group
//! is read twice: once to count what goes where and when, once to send each connection to the part of its
//! destination. A part is then joined and summed up like a device, beside the moments and lookups of the whole, so
//! that a series comes out as if the device had been looked at at once, however much else it does. What is lost: a
//! rotation over destinations of several parts, and of a destination that alone would not fit, all but the latest
//! records (counted).

mod groups;
mod parts;
mod route;

use super::devices::{Device, FirstContext};
use super::folding::keep_within;
use crate::partition::{Owner, Packed, Regroup, Taken, Untaken, next_record};
use crate::telemetry;
use groups::Groups;
use parts::Parts;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::io;
use undertone_core::device::{self, Rest, UidKey};
use undertone_core::model::{Record, Telemetry, Timestamp};
use undertone_core::series::stable_hash;
use undertone_wire::packed::{Lists, RecordCounts, decode, time_of};

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
    let mut left_out = 0;
    let storage = latest(&groups.telemetry, 0, shares.records_max(), &mut left_out)?;
    let (telemetry, duplicates) = telemetry_of(&storage);
    let reports = telemetry::Reports::of(&telemetry);
    let mut device = Device::told_by(&groups.id, &telemetry, context.directory);
    (device.left_out, device.duplicates) = (left_out, duplicates);
    let parts = Parts::of(groups, &telemetry, context)?;
    for part in 0..parts.records.len() {
        let storage = latest(&parts.records, part, 2 * shares.records_max(), &mut device.left_out)?;
        let lookups = latest(&parts.lookups, part, shares.records_max(), &mut device.left_out)?;
        let mut lists = Lists::default();
        fill(&mut lists, &storage);
        let mut joined = device::join::join_grouped(lists.sessions, lists.messages);
        joined.add(telemetry::connections(parts.reported(part)));
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

/// What a phone told, each event once, and how many were repeated.
fn telemetry_of(storage: &[Vec<u8>]) -> (Vec<Telemetry<'_>>, u64) {
    let mut lists = Lists::default();
    fill(&mut lists, storage);
    let repeated = telemetry::leave_each_once(&mut lists.telemetry);
    (lists.telemetry, repeated)
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

/// A hash whose high bits depend on all of it: the low ones are taken by the counters.
fn mixed(hash: u64) -> u64 {
    stable_hash(&hash.to_le_bytes())
}

fn place(hash: u64, places: usize) -> usize {
    usize::try_from(hash % places.max(1) as u64).unwrap_or(0)
}
