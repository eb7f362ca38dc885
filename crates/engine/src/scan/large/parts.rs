//! The records of a large device by destination, with what each part must know of the others.

use super::super::devices::FirstContext;
use super::groups::{COUNTERS, Groups, Routed, count};
use super::{mixed, place};
use crate::partition::Regroup;
use crate::telemetry::{Report, Seen, Unseen};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use undertone_core::device::{Moments, MomentsSketch};
use undertone_core::model::{Record, Telemetry};

/// The records of a device in parts by destination, with what each must know of the others.
pub(super) struct Parts<'t, 'a> {
    pub(super) records: Regroup,
    pub(super) lookups: Regroup,
    pub(super) moments: Moments,
    unseen: Unseen<'t, 'a>,
    /// Places in `unseen` of the reports of each part.
    reported: Vec<Vec<usize>>,
}

impl<'t, 'a> Parts<'t, 'a> {
    pub(super) fn of(
        mut groups: Groups,
        telemetry: &'t [Telemetry<'a>],
        context: FirstContext<'_>,
    ) -> io::Result<Self> {
        let records_max = context.shares.records_max();
        let mut counted = Counted::of(&groups, records_max)?;
        let mut unseen = Unseen::of(telemetry, &counted.seen);
        let places = Places::of(&counted, records_max);
        let budget_bytes = context.shares.part_bytes();
        let mut records = Regroup::new(places.parts, budget_bytes);
        let mut lookups = Regroup::new(places.parts, budget_bytes);
        for group in 0..groups.by_key.len() {
            groups.each_routed(group, records_max, |Routed { key, route, record, bytes }| {
                note(&mut unseen, record);
                let own = places.of_destination(route.destination);
                let others: BTreeSet<usize> =
                    route.named.iter().map(|addr| places.of_destination(*addr)).collect();
                for other in others.into_iter().filter(|other| *other != own) {
                    lookups.push(other, key, bytes)?;
                }
                records.push(own, key, bytes)
            })?;
            groups.by_key.drop_part(group);
        }
        let mut reported = vec![Vec::new(); places.parts];
        for (place, report) in unseen.told().enumerate() {
            let destination = groups.salted(report.route());
            counted.moments.add(report.at().micros(), destination);
            if let Some(of_part) = reported.get_mut(places.of_destination(destination)) {
                of_part.push(place);
            }
        }
        Ok(Self { records, lookups, moments: counted.moments.finish(), unseen, reported })
    }

    /// What the phone reported of connections of this part that no sensor saw.
    pub(super) fn reported(&self, part: usize) -> impl Iterator<Item = Report<'_, 't, 'a>> {
        let places = self.reported.get(part).into_iter().flatten();
        places.filter_map(|place| self.unseen.report(*place))
    }
}

/// What a first look at all records of a device tells.
#[derive(Default)]
struct Counted {
    /// Records of destinations.
    destinations: Vec<u32>,
    moments: MomentsSketch,
    /// When sensors saw the device.
    seen: Seen,
    records: usize,
}

impl Counted {
    fn of(groups: &Groups, records_max: usize) -> io::Result<Self> {
        let mut counted = Self { destinations: vec![0; COUNTERS], ..Self::default() };
        for group in 0..groups.by_key.len() {
            groups.each_routed(group, records_max, |Routed { route, record, .. }| {
                count(&mut counted.destinations, route.destination);
                if let Some(start) = route.start {
                    counted.moments.add(start.micros(), route.destination);
                }
                match record {
                    Record::Session(session) => counted.seen.add_session(session),
                    Record::Exchange(message) => counted.seen.add_instant(message.at),
                    _ => {}
                }
                counted.records += 1;
                Ok(())
            })?;
        }
        Ok(counted)
    }
}

/// Takes note of a record, for what the phone reported about the same time.
fn note(unseen: &mut Unseen<'_, '_>, record: &Record<'_>) {
    match record {
        Record::Session(session) => unseen.note_session(session),
        Record::Exchange(message) => {
            if let Some(host) = message.host {
                unseen.note_host(host, message.at);
            }
        }
        _ => {}
    }
}

/// In which part a destination lies.
struct Places {
    /// Parts that destinations share.
    shared: usize,
    /// Parts of their own, behind the shared ones, for those that would crowd out others, by their counters.
    own: BTreeMap<usize, usize>,
    /// All parts, at least one.
    parts: usize,
}

impl Places {
    fn of(counted: &Counted, records_max: usize) -> Self {
        let shared = (2 * counted.records).div_ceil(records_max).max(1);
        let is_crowded = |(_, count): &(usize, &u32)| **count as usize > records_max / 2;
        let crowded = counted.destinations.iter().enumerate().filter(is_crowded);
        let own: BTreeMap<usize, usize> =
            crowded.zip(shared..).map(|((counter, _), part)| (counter, part)).collect();
        Self { shared, parts: shared + own.len(), own }
    }

    fn of_destination(&self, destination: u64) -> usize {
        let own = self.own.get(&place(destination, COUNTERS)).copied();
        own.unwrap_or_else(|| place(mixed(destination), self.shared))
    }
}
