//! What each phone did on the days before, without saying what: so that a later run knows what is new on a phone.
//!
//! A destination that one phone alone reaches is never normal for the others, and its name has no place in a file
//! that people pass around. Whether this phone went there before is all that counts, and a hash can tell that.

use crate::model::Day;
use crate::series::{Destination, SeriesKey, Service, stable_hash};
use std::collections::BTreeMap;
use std::iter;

/// Days that are told apart, up to the last one.
pub const HABIT_DAYS: i32 = 64;
/// Series that are remembered at the most: about 40 bytes each in a file.
pub const HABITS_MAX: usize = 1_000_000;

/// A set of days: bit `n` is the day `n` days before the last one known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DaySet(u64);

impl DaySet {
    /// From the bits.
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// The bits.
    pub const fn bits(self) -> u64 {
        self.0
    }

    fn add(&mut self, day: Day, last: Day) {
        let back = last.number() - day.number();
        if (0..HABIT_DAYS).contains(&back) {
            self.0 |= 1 << back;
        }
    }

    fn before(self, day: Day, last: Day) -> u32 {
        let skip = last.number() - day.number() + 1;
        match u32::try_from(skip) {
            Err(_) => self.0.count_ones(),
            Ok(skip) => self.0.checked_shr(skip).unwrap_or(0).count_ones(),
        }
    }
}

/// What is known of one series of one phone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Habit {
    /// Day on which it was first seen.
    pub first_day: Day,
    /// Days on which it was long enough to be judged.
    pub judged: DaySet,
}

/// Phones and their series by hash, with the days on which each was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Habits {
    /// The last day known.
    pub last_day: Day,
    /// Days on which each phone was seen.
    pub devices: BTreeMap<u64, DaySet>,
    /// Series of phones.
    pub series: BTreeMap<u64, Habit>,
    /// Where phones went when it was an alert that nobody settled, and the day of the first: no habit of theirs.
    pub open: BTreeMap<u64, Day>,
    /// Whether nothing was left out: only then is what is missing new.
    pub is_complete: bool,
    /// Whether destinations that are everybody's are among them: else that holds of the others only.
    pub has_common: bool,
}

/// The past of one series on its phone, as far as it is remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Past {
    /// Days before on which the phone was seen.
    pub device_days: u32,
    /// Days before on which the series was seen, at least.
    pub series_days: u32,
    /// Days before on which it was long enough to be judged.
    pub days_judged: u32,
    /// Whether what is remembered leaves something out that may have been this: then what is missing is not new.
    pub has_gaps: bool,
    /// Whether the phone went to the place on a day before, with whichever app.
    pub is_place_known: bool,
    /// The day on which the series was an alert that nobody settled since. The rest is then what was known on that day.
    pub open_since: Option<Day>,
}

impl Past {
    /// Of two memories of the same past the longer one, or the one of what is still open.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        let open = [self, other].into_iter().filter(|past| past.open_since.is_some());
        if let Some(earliest) = open.min_by_key(|past| past.open_since) {
            return earliest;
        }
        Self {
            open_since: None,
            device_days: self.device_days.max(other.device_days),
            series_days: self.series_days.max(other.series_days),
            days_judged: self.days_judged.max(other.days_judged),
            has_gaps: self.has_gaps || other.has_gaps,
            is_place_known: self.is_place_known || other.is_place_known,
        }
    }
}

impl Habits {
    /// Empty, up to a day.
    pub fn until(last_day: Day) -> Self {
        let (devices, series, open) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Self { last_day, devices, series, open, is_complete: true, has_common: true }
    }

    /// Adds the days of a phone.
    pub fn add_device(&mut self, device: &str, days: &[Day]) {
        let known = self.devices.entry(stable_hash(device.as_bytes())).or_default();
        for day in days {
            known.add(*day, self.last_day);
        }
    }

    /// Adds a series that was first seen on a day. It is remembered with its app and without, for days on which nobody
    /// says which app it is.
    pub fn add_series(&mut self, device: &str, app: Option<&str>, to: &Destination, first_day: Day) {
        self.seen(key_of(device, app, to, None), first_day);
        if app.is_some() {
            self.seen(key_of_any(device, to, None), first_day);
        }
    }

    /// Adds a day on which a series was long enough to be judged. What an app looks up and what it connects to are
    /// judged apart. It is remembered with its app and without, as above.
    pub fn add_judged(&mut self, device: &str, key: &SeriesKey, day: Day) {
        let last_day = self.last_day;
        let SeriesKey { app, destination, service } = key;
        let with_app = key_of(device, app.as_deref(), destination, Some(*service));
        let with_any = app.is_some().then(|| key_of_any(device, destination, Some(*service)));
        for key in iter::once(with_app).chain(with_any) {
            self.seen(key, day).judged.add(day, last_day);
        }
    }

    /// Keeps an alert open: what goes there is new to its phone as it was on that day. It is remembered with its app and
    /// without, as above.
    pub fn leave_open(&mut self, device: &str, app: Option<&str>, to: &Destination, day: Day) {
        let with_any = app.is_some().then(|| key_of_any(device, to, None));
        for key in iter::once(key_of(device, app, to, None)).chain(with_any) {
            let known = self.open.entry(key).or_insert(day);
            *known = day.min(*known);
        }
    }

    /// Since when an alert of before a day is open.
    fn open_since(&self, device: &str, app: Option<&str>, to: &Destination, day: Day) -> Option<Day> {
        let keys = [key_of(device, app, to, None), otherwise(device, app, to, None)];
        keys.iter().filter_map(|key| self.open.get(key).copied()).filter(|since| *since < day).min()
    }

    fn seen(&mut self, key: u64, day: Day) -> &mut Habit {
        let first = Habit { first_day: day, judged: DaySet::default() };
        let known = self.series.entry(key).or_insert(first);
        known.first_day = known.first_day.min(day);
        known
    }

    /// Keeps the number of series within its bound, those that were judged first. Returns how many were left out.
    pub fn bound(&mut self, most: usize) -> u64 {
        let Some(over) = self.series.len().checked_sub(most).filter(|over| *over > 0) else { return 0 };
        let mut ranked: Vec<(u32, u64)> =
            self.series.iter().map(|(key, habit)| (habit.judged.0.count_ones(), *key)).collect();
        ranked.sort_unstable();
        for (_, key) in ranked.iter().take(over) {
            self.series.remove(key);
        }
        self.is_complete = false;
        over as u64
    }

    /// Whether a phone's app went somewhere before a day. Where either day does not know the app, it may be the same.
    pub fn went(&self, device: &str, app: Option<&str>, to: &Destination, day: Day) -> bool {
        let keys = [key_of(device, app, to, None), otherwise(device, app, to, None)];
        keys.iter().any(|key| self.series.get(key).is_some_and(|habit| habit.first_day < day))
    }

    /// What is known of a series before a day, towards a destination that is everybody's or not; `None` of phones that
    /// were never seen.
    pub fn past(&self, device: &str, key: &SeriesKey, is_everybodys: bool, day: Day) -> Option<Past> {
        let seen = self.devices.get(&stable_hash(device.as_bytes()))?;
        let SeriesKey { app, destination, service } = key;
        let app = app.as_deref();
        let has_gaps = !self.is_complete || (is_everybodys && !self.has_common);
        if let Some(since) = self.open_since(device, app, destination, day) {
            let device_days = seen.before(since, self.last_day);
            return Some(Past { device_days, has_gaps, open_since: Some(since), ..Past::default() });
        }
        let judged =
            |key: u64| self.series.get(&key).map_or(0, |habit| habit.judged.before(day, self.last_day));
        let otherwise = otherwise(device, app, destination, Some(*service));
        let judged = judged(key_of(device, app, destination, Some(*service))).max(judged(otherwise));
        let is_seen = judged > 0 || self.went(device, app, destination, day);
        let series_days = judged.max(u32::from(is_seen));
        let device_days = seen.before(day, self.last_day);
        let is_place_known = is_seen || self.went(device, None, destination, day);
        let open_since = None;
        Some(Past { device_days, series_days, days_judged: judged, has_gaps, is_place_known, open_since })
    }
}

fn key_of(device: &str, app: Option<&str>, to: &Destination, service: Option<Service>) -> u64 {
    let mut key = format!("{device}\0{}\0{to:?}", app.unwrap_or_default());
    if let Some(service) = service {
        key.push('\0');
        key.push_str(service.as_str());
    }
    stable_hash(key.as_bytes())
}

/// The key of what any app polls.
fn key_of_any(device: &str, to: &Destination, service: Option<Service>) -> u64 {
    key_of(device, Some("*"), to, service)
}

/// The key under which the same lies where it is not known which app it is, or was.
fn otherwise(device: &str, app: Option<&str>, to: &Destination, service: Option<Service>) -> u64 {
    match app {
        Some(_) => key_of(device, None, to, service),
        None => key_of_any(device, to, service),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(number: i32) -> Day {
        Day::from_number(number)
    }

    fn series(app: Option<&str>, destination: &Destination) -> SeriesKey {
        SeriesKey { app: app.map(Box::from), destination: destination.clone(), service: Service::Tls }
    }

    #[test]
    fn only_days_before_count() {
        let mut habits = Habits::until(day(12));
        let (own, other) =
            (Destination::Domain("own.example".into()), Destination::Domain("x.example".into()));
        habits.add_device("d1", &[day(10), day(11), day(12)]);
        habits.add_series("d1", Some("a"), &own, day(10));
        habits.add_judged("d1", &series(Some("a"), &own), day(10));
        habits.add_judged("d1", &series(Some("a"), &own), day(12));
        let past =
            |to: &Destination, on: i32| habits.past("d1", &series(Some("a"), to), false, day(on)).unwrap();
        let of = |device_days, judged| Past {
            device_days,
            series_days: judged,
            days_judged: judged,
            is_place_known: judged > 0,
            ..Past::default()
        };
        assert_eq!(past(&own, 13), of(3, 2));
        assert_eq!(past(&own, 12), of(2, 1));
        assert_eq!(past(&own, 10), of(0, 0));
        assert_eq!(past(&own, 90), of(3, 2));
        assert_eq!(past(&other, 13), of(3, 0));
        assert_eq!(habits.past("d2", &series(Some("a"), &own), false, day(13)), None);
        let of_another = habits.past("d1", &series(Some("b"), &own), false, day(13)).unwrap();
        assert_eq!(of_another, Past { device_days: 3, is_place_known: true, ..Past::default() });
        assert_eq!(past(&own, -80).device_days, 0);
    }

    #[test]
    fn an_open_alert_is_no_habit() {
        let mut habits = Habits::until(day(12));
        let (own, other) =
            (Destination::Domain("own.example".into()), Destination::Domain("x.example".into()));
        habits.add_device("d1", &(7..=12).map(day).collect::<Vec<_>>());
        for to in [&own, &other] {
            habits.add_judged("d1", &series(Some("a"), to), day(11));
        }
        habits.leave_open("d1", Some("a"), &own, day(12));
        habits.leave_open("d1", Some("a"), &own, day(11));
        let past =
            |app, to: &Destination, on: i32| habits.past("d1", &series(app, to), false, day(on)).unwrap();
        // As on the day of the first alert, which saw four days before it.
        let open = Past { device_days: 4, open_since: Some(day(11)), ..Past::default() };
        assert_eq!((past(Some("a"), &own, 13), past(None, &own, 13)), (open, open));
        assert_eq!(past(Some("a"), &own, 11).open_since, None, "on the day itself nothing is open yet");
        assert_eq!(
            (past(Some("a"), &other, 13).days_judged, past(Some("b"), &own, 13).open_since),
            (1, None)
        );
        let here = Past { device_days: 6, series_days: 2, days_judged: 2, ..Past::default() };
        assert_eq!((here.or(open), open.or(here)), (open, open));
    }

    #[test]
    fn a_series_whose_app_one_day_does_not_know_may_be_the_same() {
        let mut habits = Habits::until(day(12));
        let (own, other) =
            (Destination::Domain("own.example".into()), Destination::Domain("x.example".into()));
        habits.add_device("d1", &[day(10), day(11)]);
        habits.add_judged("d1", &series(Some("a"), &own), day(10));
        habits.add_judged("d1", &series(None, &other), day(11));
        let judged = |app, to| habits.past("d1", &series(app, to), false, day(13)).unwrap().days_judged;
        assert_eq!((judged(Some("a"), &own), judged(None, &own), judged(Some("b"), &own)), (1, 1, 0));
        assert_eq!((judged(None, &other), judged(Some("b"), &other)), (1, 1));
        let (named, nameless) =
            (Destination::Domain("named.example".into()), Destination::Domain("y.example".into()));
        habits.add_series("d1", Some("a"), &named, day(10));
        habits.add_series("d1", None, &nameless, day(10));
        let went = |app, to| habits.went("d1", app, to, day(13));
        assert_eq!(
            (went(Some("a"), &named), went(None, &named), went(Some("b"), &named)),
            (true, true, false)
        );
        assert_eq!((went(None, &nameless), went(Some("b"), &nameless)), (true, true));
    }

    #[test]
    fn what_was_left_out_is_not_called_new() {
        let mut habits = Habits::until(day(3));
        habits.add_device("d1", &[day(1), day(2), day(3)]);
        let place = |n: u32| Destination::Domain(format!("d{n}.example").into());
        for n in 0..10 {
            habits.add_series("d1", None, &place(n), day(1));
        }
        habits.add_judged("d1", &series(None, &place(4)), day(2));
        assert_eq!(habits.bound(4), 7, "a place that was judged is kept by all its keys");
        assert_eq!(habits.past("d1", &series(None, &place(4)), false, day(4)).unwrap().days_judged, 1);
        let unheard = habits.past("d1", &series(None, &place(77)), false, day(4)).unwrap();
        assert_eq!((unheard.series_days, unheard.has_gaps), (0, true));
        assert_eq!(habits.bound(4), 0);
    }

    #[test]
    fn of_everybodys_destinations_only_those_that_were_kept_can_be_missed() {
        let mut habits = Habits::until(day(3));
        habits.add_device("d1", &[day(1), day(2), day(3)]);
        let place = Destination::Domain("push.example".into());
        let has_gaps = |habits: &Habits, is_everybodys| {
            habits.past("d1", &series(None, &place), is_everybodys, day(4)).unwrap().has_gaps
        };
        assert!(!has_gaps(&habits, true) && !has_gaps(&habits, false));
        habits.has_common = false;
        assert!(has_gaps(&habits, true) && !has_gaps(&habits, false));
    }
}
