//! Rotations of each device, put together once the baseline knows which destinations are rare.

use super::waiting::{Strays, last_driven};
use std::collections::BTreeMap;
use undertone_core::baseline::{Baseline, Poll};
use undertone_core::device::rotations;
use undertone_core::model::Day;
use undertone_core::score::days::{Assessed, assess_rotation};
use undertone_core::series::{Destination, SeriesKey};

/// The rotations of one device.
#[derive(Debug, Default)]
pub(super) struct Rotations {
    /// One entry for each of their days.
    pub(super) assessed: Vec<Assessed>,
    /// Destinations of each, with their session starts.
    members: BTreeMap<SeriesKey, Vec<(Destination, u32)>>,
    /// The first day on which the device went to a destination of any.
    begun: BTreeMap<Destination, Day>,
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
            found.assessed.extend(assess_rotation(rotation.series, &rotation.returning, &strays.awake));
        }
        found
    }

    /// Destinations of a rotation; empty for any other series.
    pub(super) fn members(&self, key: &SeriesKey) -> &[(Destination, u32)] {
        self.members.get(key).map_or(&[], Vec::as_slice)
    }

    /// Each rotation with each day on which it kept a rhythm.
    pub(super) fn driven(&self) -> impl Iterator<Item = (&SeriesKey, Day)> {
        let driven = self.assessed.iter().filter(|day| day.machine.is_machine_driven());
        driven.map(|day| (&day.key, day.day))
    }

    /// A rotation polls each of its destinations, at the pace of all, from the day on which the device went there.
    pub(super) fn polls(&self, device: u32) -> impl Iterator<Item = Poll> {
        last_driven(&self.assessed).flat_map(move |series| {
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
