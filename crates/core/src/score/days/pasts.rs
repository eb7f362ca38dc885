//! Series whose app is known on some days only: telemetry began late, or fell silent.
//!
//! A series is one app's, so what a phone polls splits where nobody says any more which app it is. Whether it is new there
//! is then unknown, and unknown is not new: what either part shows of days before is the past of both. Two apps that are
//! known are two series.

use super::Assessed;
use crate::model::Day;
use crate::series::{Destination, Service};
use std::collections::BTreeMap;

/// What a phone polled on days that could be judged, by whichever app.
type Judged = BTreeMap<(Destination, Service), Vec<(Option<Box<str>>, Day)>>;

/// Gives each series of a device the past of those that may be the same.
pub fn share_pasts(assessed: &mut [Assessed]) {
    let is_known = |series: &Assessed| series.key.app.is_some();
    if assessed.iter().all(is_known) || !assessed.iter().any(is_known) {
        return;
    }
    let judged = judged(assessed);
    for series in assessed {
        let key = (series.key.destination.clone(), series.key.service);
        let same = judged.get(&key).map(Vec::as_slice).unwrap_or_default().iter();
        let mut before: Vec<Day> = same
            .filter(|(app, day)| *day < series.day && may_be_one(app.as_deref(), series.key.app.as_deref()))
            .map(|(_, day)| *day)
            .collect();
        before.sort_unstable();
        before.dedup();
        let days = u32::try_from(before.len()).unwrap_or(u32::MAX);
        series.days_judged = series.days_judged.max(days);
        series.days_before = series.days_before.max(days);
        series.first_judged = before.first().map_or(series.first_judged, |day| series.first_judged.min(*day));
    }
}

fn judged(assessed: &[Assessed]) -> Judged {
    let mut judged = Judged::new();
    for series in assessed.iter().filter(|series| series.is_judged()) {
        let key = (series.key.destination.clone(), series.key.service);
        judged.entry(key).or_default().push((series.key.app.clone(), series.day));
    }
    judged
}

fn may_be_one(a: Option<&str>, b: Option<&str>) -> bool {
    a.is_none() || b.is_none() || a == b
}

#[cfg(test)]
mod tests {
    use super::super::assess;
    use super::*;
    use crate::device::SeriesDays;
    use crate::series::{Event, Events, Profile, SeriesKey};
    use crate::timing::AwakeClock;

    const DAY_MICROS: i64 = 86_400_000_000;

    /// A check-in every five minutes on a day.
    fn polled(app: Option<&str>, day: i32) -> Vec<Assessed> {
        let event =
            |n: i64| Event { at_micros: i64::from(day) * DAY_MICROS + n * 300_000_000, ..Event::default() };
        let profile = Profile { starts: Events::of((0..100).map(event).collect()), ..Profile::default() };
        let destination = Destination::Domain("x.example".into());
        let key = SeriesKey { app: app.map(Box::from), destination, service: Service::Tls };
        let series = SeriesDays { key, days: vec![(Day::from_number(day), profile)] };
        assess(series, &AwakeClock::default())
    }

    fn pasts(days: &[(Option<&str>, i32)]) -> Vec<(u32, u32)> {
        let mut assessed: Vec<Assessed> = days.iter().flat_map(|(app, day)| polled(*app, *day)).collect();
        assert_eq!(assessed.len(), days.len());
        share_pasts(&mut assessed);
        assessed.iter().map(|series| (series.days_before, series.days_judged)).collect()
    }

    #[test]
    fn where_one_day_does_not_know_the_app_the_series_is_not_new() {
        assert_eq!(pasts(&[(Some("a"), 1), (None, 2), (Some("a"), 3)]), [(0, 0), (1, 1), (2, 2)]);
        assert_eq!(pasts(&[(None, 1), (None, 2), (Some("a"), 3)])[2], (2, 2));
    }

    #[test]
    fn two_apps_that_are_known_are_two_series() {
        assert_eq!(pasts(&[(Some("a"), 1), (Some("b"), 2)]), [(0, 0), (0, 0)]);
        assert_eq!(pasts(&[(Some("a"), 1), (Some("b"), 2), (None, 3)]), [(0, 0), (0, 0), (2, 2)]);
    }
}
