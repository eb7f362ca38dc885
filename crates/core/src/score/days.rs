//! A series day by day: stage A over the window that ends on each of its days.

mod pasts;
mod rotation;

pub use pasts::share_pasts;
pub use rotation::assess_rotation;

use super::machine::{self, Machine};
use crate::device::SeriesDays;
use crate::model::Day;
use crate::series::{Profile, SeriesKey};
use crate::timing::AwakeClock;
use bitcode::{Decode, Encode};
use std::ops::RangeInclusive;

/// Days that a series is scored over, up to the day of its last event.
const WINDOW_DAYS: i32 = 7;

/// A span of time, whole days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// First day.
    pub first: Day,
    /// Last day.
    pub last: Day,
}

impl Window {
    /// The window that a series is scored over on a day.
    pub fn ending_on(day: Day) -> Self {
        Self { first: day.plus(1 - WINDOW_DAYS), last: day }
    }

    /// Its days.
    pub fn days(self) -> RangeInclusive<Day> {
        self.first..=self.last
    }

    /// What lies on its days, of a list that ascends by day.
    pub(crate) fn of<T>(self, days: &[(Day, T)]) -> &[(Day, T)] {
        let (begin, end) = (
            days.partition_point(|(day, _)| *day < self.first),
            days.partition_point(|(day, _)| *day <= self.last),
        );
        days.get(begin..end).unwrap_or_default()
    }
}

/// A series on one day, with stage A over its window.
#[derive(Debug, Clone, Encode, Decode)]
pub struct Assessed {
    /// Which.
    pub key: SeriesKey,
    /// The day.
    pub day: Day,
    /// Days before on which the series was seen, in the whole input.
    pub days_before: u32,
    /// Days before on which it was long enough to be judged.
    pub days_judged: u32,
    /// First day on which it was.
    pub first_judged: Day,
    /// Sum of the window.
    pub profile: Profile,
    /// Stage A over the window.
    pub machine: Machine,
}

impl Assessed {
    /// Whether the series could be judged on the day: there were check-ins enough for a rhythm, or something else that is
    /// worth weighing.
    pub fn is_judged(&self) -> bool {
        self.machine.timing.is_some() || self.machine.is_worth_weighing(&self.profile)
    }
}

/// Stage A on each day of a series. Days that show no machine are dropped.
pub fn assess(series: SeriesDays, awake: &AwakeClock) -> Vec<Assessed> {
    assess_days(series, awake, false)
}

/// The same, with every day: others may show what it is.
pub fn assess_all(series: SeriesDays, awake: &AwakeClock) -> Vec<Assessed> {
    assess_days(series, awake, true)
}

fn assess_days(series: SeriesDays, awake: &AwakeClock, keeps_all: bool) -> Vec<Assessed> {
    let SeriesDays { key, mut days } = series;
    let mut found = Vec::new();
    let (mut days_judged, mut first_judged) = (0, None);
    let all: Vec<Day> = days.iter().map(|(day, _)| *day).collect();
    for (days_before, &day) in (0..).zip(&all) {
        let window = Window::ending_on(day).of(&days);
        let (machine, is_worth) = stage_a(window, awake, day);
        let is_judged = is_worth || machine.timing.is_some();
        if is_judged {
            first_judged.get_or_insert(day);
        }
        if is_worth || keeps_all {
            // The last day has no further use for what nothing is added to.
            let is_taken = window.len() == 1 && all.last() == Some(&day);
            let taken = if is_taken { days.pop() } else { None };
            let profile = taken.map_or_else(|| summed(Window::ending_on(day).of(&days)), |(_, only)| only);
            found.push(Assessed {
                key: key.clone(),
                day,
                days_before,
                days_judged,
                first_judged: first_judged.unwrap_or(day),
                profile,
                machine,
            });
        }
        days_judged += u32::from(is_judged);
    }
    found
}

fn summed(window: &[(Day, Profile)]) -> Profile {
    Profile::merged(window.iter().map(|(_, of_day)| of_day))
}

/// Stage A over the profiles of a window that ends on a day, and whether the series is worth weighing.
fn stage_a(window: &[(Day, Profile)], awake: &AwakeClock, day: Day) -> (Machine, bool) {
    let end = day.plus(1).start().micros();
    match window {
        [(_, only)] => {
            let machine = machine::assess(only, awake, end);
            let is_worth = machine.is_worth_weighing(only);
            (machine, is_worth)
        }
        days => {
            let summed = Profile::for_stage_a(days.iter().map(|(_, of_day)| of_day));
            let last = days.last().map_or(&summed, |(_, last)| last);
            let machine = machine::assess_days(&summed, last, awake, end);
            let is_worth = machine.is_worth_weighing(&summed);
            (machine, is_worth)
        }
    }
}

#[cfg(test)]
mod tests;
