//! Rotations of each device, put together once the baseline knows which destinations are rare.

use super::devices::{Assessed, assess};
use super::waiting::Strays;
use std::collections::BTreeMap;
use undertone_core::baseline::{Baseline, Poll};
use undertone_core::device::rotations;
use undertone_core::model::Day;
use undertone_core::series::{Destination, SeriesKey};

/// The rotations of one device.
#[derive(Default)]
pub(super) struct Rotations {
    /// One entry for each of their days.
    pub(super) assessed: Vec<Assessed>,
    /// Destinations of each, with their session starts.
    members: BTreeMap<SeriesKey, Vec<(Destination, u32)>>,
    /// The first day on which the device went to a destination of any.
    begun: BTreeMap<Destination, Day>,
}

/// Days before on which a phone went to other rare destinations are no past of a rotation: those count on which it
/// already kept a rhythm, or went where it goes now.
fn with_own_past(mut days: Vec<Assessed>, returning: &BTreeMap<Day, u32>) -> Vec<Assessed> {
    let (mut driven, mut first) = (0, None);
    for day in &mut days {
        let known = returning.get(&day.day).copied().unwrap_or(0);
        (day.days_before, day.days_judged) = (known.max(driven), driven);
        day.first_judged = *first.get_or_insert(day.day);
        if day.machine.is_machine_driven() {
            driven += 1;
        } else if driven == 0 {
            first = None;
        }
    }
    days
}

impl Rotations {
    /// The rotations of a device.
    pub(super) fn of(strays: Strays, baseline: &Baseline) -> Self {
        let mut found = Self::default();
        for rotation in rotations(strays.series, |destination| baseline.may_rotate(destination)) {
            found.members.insert(rotation.series.key.clone(), rotation.members);
            for (destination, day) in rotation.begun {
                found.begun.entry(destination).and_modify(|known| *known = day.min(*known)).or_insert(day);
            }
            let assessed = assess(rotation.series, &strays.awake);
            found.assessed.extend(with_own_past(assessed, &rotation.returning));
        }
        found
    }

    /// Destinations of a rotation; empty for any other series.
    pub(super) fn members(&self, key: &SeriesKey) -> &[(Destination, u32)] {
        self.members.get(key).map_or(&[], Vec::as_slice)
    }

    /// A rotation polls each of its destinations, at the pace of all, from the day on which the device went there.
    pub(super) fn polls(&self, device: u32) -> impl Iterator<Item = Poll> {
        let is_one = |series: &&Assessed| series.is_last && series.machine.is_machine_driven();
        self.assessed.iter().filter(is_one).flat_map(move |series| {
            self.members(&series.key).iter().map(move |(destination, _)| Poll {
                device,
                app: series.key.app.clone(),
                destination: destination.clone(),
                reaching: 1,
                period_secs: series.machine.pace_secs(),
                first_day: self
                    .begun
                    .get(destination)
                    .copied()
                    .unwrap_or(series.day)
                    .max(series.first_judged),
                is_pooled: false,
            })
        })
    }
}
