//! What a device's connections come to, and how parts of a device are put together.

use super::rotation::Strays;
use crate::baseline::AppHours;
use crate::model::Day;
use crate::series::{Destination, Profile, SeriesKey, Service};
use crate::timing::AwakeClock;
use bitcode::{Decode, Encode};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// Fingerprints and user agents kept per device.
pub(super) const STACKS_MAX: usize = 512;

/// Addresses of its own kept per device.
pub(super) const ADDRESSES_MAX: usize = 1024;

/// Hours of a day in which a device must be seen for the day to be one on which it was watched: what a log of the next
/// day holds of the last minutes before midnight tells nothing of what the device did that day.
const WATCHED_HOURS_MIN: usize = 3;
const HOURS_PER_DAY: i32 = 24;

/// What a device's connections come to.
#[derive(Debug, Clone, PartialEq, Default, Encode, Decode)]
pub struct DeviceReport {
    /// Series that are long enough to be tested, ascending by key.
    pub series: Vec<SeriesDays>,
    /// Series that may be part of a rotation, however short ([`super::rotations`]).
    pub strays: Vec<SeriesDays>,
    /// How many of them were left out for the bound.
    pub strays_cut: u64,
    /// Every destination with the days on which it was contacted.
    pub reached: Vec<Reported>,
    /// TLS fingerprints and user-agent families of the device, ascending.
    pub stacks: Vec<Box<str>>,
    /// TLS fingerprints, user-agent families and networking libraries by app, ascending; filled in by whoever knows
    /// the apps.
    pub app_stacks: Vec<(Box<str>, Box<str>)>,
    /// Connections of each app by hour with nobody at the phone; filled in by whoever knows the apps.
    pub app_hours: BTreeMap<Box<str>, AppHours>,
    /// Services by app, ascending.
    pub app_services: Vec<(Box<str>, Service)>,
    /// Days on which it was watched, ascending: those with sessions in three of their hours; where there is no such day,
    /// all with any session.
    pub days: Vec<Day>,
    /// Hours since the epoch with any session, ascending.
    pub hours: Vec<i32>,
    /// Addresses that the device used, ascending.
    pub addresses: Vec<IpAddr>,
    /// Sessions in all.
    pub sessions: u64,
    /// All series, profiled or not.
    pub series_total: u64,
    /// The device's awake clock.
    pub awake: AwakeClock,
    /// Apps of which `reached` does not tell any more, since it was cut.
    pub apps: Vec<Box<str>>,
    /// Addresses and stacks that were left out for the bounds.
    pub cut: u64,
}

/// A series by UTC day.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub struct SeriesDays {
    /// Which.
    pub key: SeriesKey,
    /// Its profile on each day, ascending: a list, since most series have one day and a node of a tree has room for
    /// eleven.
    pub days: Vec<(Day, Profile)>,
}

/// A destination that a device contacted: the device's contribution to the baseline.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub struct Reported {
    /// App, where known.
    pub app: Option<Box<str>>,
    /// Where.
    pub destination: Destination,
    /// First day of contact.
    pub first_day: Day,
    /// Last day of contact.
    pub last_day: Day,
    /// How often: sessions, and messages that stand for themselves.
    pub sightings: u32,
}

/// Leaves each series once, ascending by key: what lay in several parts of a device is added up.
pub fn unite_series(list: &mut Vec<SeriesDays>) {
    list.sort_by(|a, b| a.key.cmp(&b.key));
    list.dedup_by(|next, kept| {
        let is_same = next.key == kept.key;
        if is_same {
            for (day, profile) in next.days.drain(..) {
                match kept.days.binary_search_by_key(&day, |(known, _)| *known) {
                    Ok(place) => {
                        kept.days.get_mut(place).into_iter().for_each(|(_, known)| known.merge(&profile));
                    }
                    Err(place) => kept.days.insert(place, (day, profile)),
                }
            }
        }
        is_same
    });
}

/// Leaves each app and destination of a device once, ascending, with the first and last day of all entries; `both` says
/// what two numbers of sightings come to.
pub fn unite_reached(reached: &mut Vec<Reported>, both: impl Fn(u32, u32) -> u32) {
    reached.sort_unstable();
    reached.dedup_by(|next, kept| {
        let is_same = next.app == kept.app && next.destination == kept.destination;
        if is_same {
            kept.first_day = kept.first_day.min(next.first_day);
            kept.last_day = kept.last_day.max(next.last_day);
            kept.sightings = both(kept.sightings, next.sightings);
        }
        is_same
    });
}

impl DeviceReport {
    /// Takes the hours with any session, ascending, and the days that they make.
    pub(super) fn set_hours(&mut self, hours: Vec<i32>) {
        self.hours = hours;
        self.days = self.days_of(WATCHED_HOURS_MIN).collect();
        if self.days.is_empty() {
            self.days = self.days_seen().collect();
        }
    }

    /// Days with any session, ascending.
    pub fn days_seen(&self) -> impl Iterator<Item = Day> {
        self.days_of(1)
    }

    /// Days with sessions in so many of their hours.
    fn days_of(&self, hours_min: usize) -> impl Iterator<Item = Day> {
        let day_of = |hour: &i32| Day::from_number(hour.div_euclid(HOURS_PER_DAY));
        let by_day = self.hours.chunk_by(move |a, b| day_of(a) == day_of(b));
        by_day
            .filter(move |hours| hours.len() >= hours_min)
            .filter_map(move |hours| hours.first().map(day_of))
    }

    /// Adds what another part of the same device comes to; the awake clock is of the whole anyway.
    pub fn add_part(&mut self, part: Self) {
        self.series.extend(part.series);
        self.strays.extend(part.strays);
        self.strays_cut += part.strays_cut + Strays::keep_within(&mut self.strays);
        self.reached.extend(part.reached);
        self.apps = distinct(std::mem::take(&mut self.apps).into_iter().chain(part.apps).collect());
        self.stacks = distinct(std::mem::take(&mut self.stacks).into_iter().chain(part.stacks).collect());
        self.cut += bound(&mut self.stacks, STACKS_MAX);
        self.app_stacks.extend(part.app_stacks);
        self.app_stacks.sort_unstable();
        self.app_stacks.dedup();
        self.app_services.extend(part.app_services);
        self.app_services.sort_unstable();
        self.app_services.dedup();
        for (app, hours) in part.app_hours {
            let known = self.app_hours.entry(app).or_default();
            *known = added(std::mem::take(known), hours);
        }
        let hours = std::mem::take(&mut self.hours).into_iter().chain(part.hours);
        self.set_hours(distinct(hours.collect()));
        self.addresses =
            distinct(std::mem::take(&mut self.addresses).into_iter().chain(part.addresses).collect());
        self.cut += bound(&mut self.addresses, ADDRESSES_MAX) + part.cut;
        self.sessions += part.sessions;
        self.series_total += part.series_total;
        self.awake = part.awake;
    }
}

/// Cuts a list; how many went.
pub(super) fn bound<T>(list: &mut Vec<T>, most: usize) -> u64 {
    let surplus = list.len().saturating_sub(most);
    list.truncate(most);
    surplus as u64
}

/// Counts by hour of both, ascending by hour.
fn added(known: AppHours, more: AppHours) -> AppHours {
    let mut hours: BTreeMap<i32, u32> = known.into_iter().collect();
    for (hour, count) in more {
        let sum = hours.entry(hour).or_default();
        *sum = sum.saturating_add(count);
    }
    hours.into_iter().collect()
}

pub(super) fn distinct<T: Ord>(mut values: Vec<T>) -> Vec<T> {
    values.sort_unstable();
    values.dedup();
    values
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::series::{Event, Events};

    fn days(hours: &[i32]) -> Vec<i32> {
        let mut report = DeviceReport::default();
        report.set_hours(hours.to_vec());
        report.days.iter().map(|day| day.number()).collect()
    }

    #[test]
    fn a_day_of_few_hours_is_no_day_on_which_a_phone_was_watched() {
        assert_eq!(days(&[47, 48, 50, 60, 72]), [2], "the last hour before a day and the first after it");
        assert_eq!(days(&[-1, 0, 1, 2, 24, 25, 26]), [0, 1]);
        assert_eq!(days(&[47, 48]), [1, 2], "of short captures each day counts");
        assert_eq!(days(&[]), [0; 0]);
    }

    #[test]
    fn parts_of_a_device_make_the_days_that_the_whole_makes() {
        let part = |hours: &[i32]| {
            let mut report = DeviceReport::default();
            report.set_hours(hours.to_vec());
            report
        };
        let mut whole = part(&[23, 24]);
        assert_eq!(whole.days.len(), 2);
        whole.add_part(part(&[30, 40]));
        assert_eq!(whole.days, [Day::from_number(1)]);
        assert_eq!(whole.days_seen().count(), 2);
    }

    #[test]
    fn a_series_that_lay_in_two_parts_is_one() {
        let series = |place: &str, days: &[i32]| SeriesDays {
            key: SeriesKey {
                app: None,
                destination: Destination::Domain(place.into()),
                service: Service::Tls,
            },
            days: days
                .iter()
                .map(|day| {
                    let event = Event { at_micros: i64::from(*day), ..Event::default() };
                    let profile = Profile { starts: Events::of(vec![event]), ..Profile::default() };
                    (Day::from_number(*day), profile)
                })
                .collect(),
        };
        let mut list =
            vec![series("b.example", &[2]), series("a.example", &[1]), series("b.example", &[1, 2])];
        unite_series(&mut list);
        let sessions = |series: &SeriesDays| {
            series.days.iter().map(|(day, profile)| (day.number(), profile.sessions())).collect::<Vec<_>>()
        };
        assert_eq!(list.iter().map(sessions).collect::<Vec<_>>(), [vec![(1, 1)], vec![(1, 1), (2, 2)]]);
    }
}
