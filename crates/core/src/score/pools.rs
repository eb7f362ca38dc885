//! Faint rhythms of several phones at one destination: each phone shows too few check-ins to be judged, all together
//! show one pace.
//!
//! Which destinations few phones share is known only once all are in. Then the strays of each phone give what may be a
//! part ([`Faint`]), those of a destination are tested as one series, day by day ([`Pools::of`]), and each phone of a pool
//! gets its rhythm ([`Pools::of_phone`]).

use super::days::{Assessed, Window, assess_all};
use super::machine::{RHYTHM_P_MAX, Rhythm, Timing};
use crate::baseline::{Baseline, Poll};
use crate::device::SeriesDays;
use crate::model::{Day, Timestamp};
use crate::series::{Destination, Profile, SeriesKey, Service};
use crate::timing::{AwakeClock, Together, together};
use crate::weigh::day_of_begin;
use std::collections::{BTreeMap, BTreeSet};

/// Share of the phones at a destination that must be part of a pool: a service has people, who come now and then.
const PART_SHARE_MIN: f64 = 0.5;

/// What one phone has at a destination that few phones share.
#[derive(Debug)]
pub struct Faint {
    key: SeriesKey,
    /// Day of which its first start is.
    first_day: Day,
    /// By day: the latest starts of the window that ends on it, microseconds, ascending.
    starts: BTreeMap<Day, Vec<i64>>,
}

impl Faint {
    /// All of a phone.
    pub fn of(strays: &[SeriesDays], baseline: &Baseline) -> Vec<Self> {
        let is_shared = |stray: &&SeriesDays| baseline.is_shared_by_few(&stray.key.destination);
        strays.iter().filter(is_shared).filter_map(Self::of_stray).collect()
    }

    fn of_stray(stray: &SeriesDays) -> Option<Self> {
        let days = stray.days.iter().map(|(day, _)| (*day, starts_of(&stray.days, *day)));
        let starts: BTreeMap<Day, Vec<i64>> =
            days.filter(|(_, starts)| starts.len() >= together::STARTS_MIN).collect();
        let first = stray.days.iter().filter_map(|(_, profile)| profile.starts.first_micros()).min()?;
        let first_day = day_of_begin(Timestamp::from_micros(first));
        (!starts.is_empty()).then(|| Self { key: stray.key.clone(), first_day, starts })
    }
}

/// The latest starts of the window that ends on a day.
fn starts_of(days: &[(Day, Profile)], day: Day) -> Vec<i64> {
    let of_window = Window::ending_on(day).of(days).iter();
    let events = of_window.flat_map(|(_, profile)| profile.starts.latest());
    latest(events.map(|event| event.at_micros).collect())
}

/// The latest of many starts, ascending: as many as a pool tests of a phone.
fn latest(mut starts: Vec<i64>) -> Vec<i64> {
    starts.sort_unstable();
    starts.drain(..starts.len().saturating_sub(together::STARTS_MAX));
    starts
}

/// A destination, and how it is spoken to.
type Place = (Destination, Service);

/// The rhythms that phones share.
#[derive(Debug, Default)]
pub struct Pools {
    rhythms: BTreeMap<Place, BTreeMap<Day, Together>>,
    /// Parts of pools, by the number of the phone.
    parts: BTreeMap<usize, BTreeSet<SeriesKey>>,
    polls: Vec<Poll>,
}

impl Pools {
    /// Tests what is faint; by the number of the phone.
    pub fn of(faint: &[Vec<Faint>], baseline: &Baseline) -> Self {
        let mut places: BTreeMap<Place, Vec<(usize, &Faint)>> = BTreeMap::new();
        for (phone, of_phone) in faint.iter().enumerate() {
            for series in of_phone {
                let place = (series.key.destination.clone(), series.key.service);
                places.entry(place).or_default().push((phone, series));
            }
        }
        let mut found = Self::default();
        for (place, series) in places {
            let reaching = baseline.others_reaching(&place.0) + 1;
            let days = rhythms(&series, reaching);
            found.add(place, days, &series, reaching);
        }
        found
    }

    fn add(
        &mut self,
        place: Place,
        days: BTreeMap<Day, Together>,
        series: &[(usize, &Faint)],
        reaching: u32,
    ) {
        for (phone, part) in series {
            let first =
                days.iter().find(|(day, pool)| part.starts.get(day).is_some_and(|own| pool.fits(own)));
            let Some((rhythm_day, pool)) = first else { continue };
            self.parts.entry(*phone).or_default().insert(part.key.clone());
            self.polls.push(Poll {
                device: u32::try_from(*phone).unwrap_or(u32::MAX),
                app: part.key.app.clone(),
                destination: part.key.destination.clone(),
                reaching,
                period_secs: Some(pool.test.period_secs),
                // A pool has its rhythm later than its parts their first check-ins, and an older place is no news.
                first_day: part.first_day.min(*rhythm_day),
                is_pooled: true,
            });
        }
        if !days.is_empty() {
            self.rhythms.insert(place, days);
        }
    }

    /// Every part of a pool polls its destination.
    pub fn polls(&self) -> impl Iterator<Item = Poll> {
        self.polls.iter().cloned()
    }

    /// Whether a phone has a part in any.
    pub fn have_part_of(&self, phone: usize) -> bool {
        self.parts.contains_key(&phone)
    }

    /// The series of a phone that are part of a pool, with its rhythm where they have none of their own; of all that may
    /// be.
    pub fn of_phone(&self, phone: usize, strays: Vec<SeriesDays>, awake: &AwakeClock) -> Vec<Assessed> {
        let Some(parts) = self.parts.get(&phone) else { return Vec::new() };
        let of_pools = strays.into_iter().filter(|stray| parts.contains(&stray.key));
        of_pools.flat_map(|stray| assess_all(stray, awake)).filter_map(|series| self.pooled(series)).collect()
    }

    /// A series of a day with the rhythm of its pool; `None` where it has one of its own, or none.
    fn pooled(&self, mut series: Assessed) -> Option<Assessed> {
        let days = self.rhythms.get(&(series.key.destination.clone(), series.key.service))?;
        let pool = days.get(&series.day)?;
        let own = latest(series.profile.starts.latest().iter().map(|event| event.at_micros).collect());
        if series.machine.timing_p() <= RHYTHM_P_MAX || !pool.fits(&own) {
            return None;
        }
        let before = days.range(..series.day);
        // Days of the pool on which this phone was part of it, at the most.
        let of_pool = u32::try_from(before.clone().count()).unwrap_or(u32::MAX).min(series.days_before);
        series.days_judged = series.days_judged.max(of_pool);
        series.first_judged = before.map(|(day, _)| *day).fold(series.first_judged, Day::min);
        series.machine.timing = Some(Timing {
            p_value: pool.test.p_value,
            best: pool.test.clone(),
            rhythm: Rhythm::Together(pool.phones),
            is_of_last_day: false,
        });
        Some(series)
    }
}

/// The rhythm that the phones of a place share, by day.
fn rhythms(series: &[(usize, &Faint)], reaching: u32) -> BTreeMap<Day, Together> {
    let days: BTreeSet<Day> = series.iter().flat_map(|(_, part)| part.starts.keys().copied()).collect();
    let rhythm = |day: Day| {
        let parts: Vec<&[i64]> =
            series.iter().filter_map(|(_, part)| part.starts.get(&day)).map(Vec::as_slice).collect();
        let is_enough = parts.len() as f64 >= PART_SHARE_MIN * f64::from(reaching);
        let found = is_enough.then(|| together(&parts)).flatten();
        found.filter(|found| found.test.p_value <= RHYTHM_P_MAX).map(|found| (day, found))
    };
    days.into_iter().filter_map(rhythm).collect()
}
