//! One device's connections, summed up as series.

use super::Connection;
use super::ahead::ahead;
use super::filing::Filing;
use super::first::First;
use super::moments::Moments;
use super::report::{DeviceReport, Reported, SeriesDays};
use super::rotation::Strays;
use super::sighting::{Naming, Sighting, service_of, sightings};
use super::summary::{Circumstances, Summary};
use crate::model::{Day, Network, Platform, Timestamp};
use crate::series::{EventFlags, SeriesKey};

/// Sightings, over all days, from which a series gets a profile: timing needs 8 check-ins, wakes and DNS need 8, a
/// finding of fewer would be of persistence alone.
const PROFILE_SIGHTINGS_MIN: usize = 6;
/// Connected time from which a series gets a profile whatever its number of sessions: 10 minutes.
const PROFILE_CONNECTED_MICROS: u64 = 600 * 1_000_000;

/// What is known of one device.
#[derive(Debug, Default)]
pub struct DeviceInput<'i, 'a> {
    /// Its connections, ascending by start.
    pub connections: &'i [Connection<'i, 'a>],
    /// The app of each connection, where known; shorter than the connections: unknown for the rest.
    pub apps: &'i [Option<&'i str>],
    /// State at each connection's start, in the same order.
    pub flags: &'i [EventFlags],
    /// Networking stack of each connection, where telemetry named it.
    pub stacks: &'i [Option<&'static str>],
    /// Names that the phone itself says it looked up, seen by a sensor or not.
    pub asked: &'i [&'a str],
    /// Networks that are inside besides the private ones.
    pub internal: &'i [Network],
}

/// What a part of a device knows of the rest of it.
#[derive(Debug, Clone, Copy)]
pub struct Rest<'r, 'a> {
    /// Moments of the whole device.
    pub moments: &'r Moments,
    /// Lookups in other parts whose answers name addresses of this one: when, the name, the answers joined with
    /// commas.
    pub lookups: &'r [(Timestamp, &'a str, &'a str)],
}

/// Sums up one device.
pub fn observe(input: &DeviceInput<'_, '_>) -> DeviceReport {
    sum_up(input, None)
}

/// Sums up a part of a device that is too large to be looked at whole: all of its traffic with some destinations.
pub fn observe_part<'a>(input: &DeviceInput<'_, 'a>, rest: Rest<'_, 'a>) -> DeviceReport {
    sum_up(input, Some(rest))
}

fn sum_up<'a>(input: &DeviceInput<'_, 'a>, rest: Option<Rest<'_, 'a>>) -> DeviceReport {
    let lookups = rest.map(|rest| rest.lookups).unwrap_or_default();
    let First { hosts, message_hosts, names, stacks, hours, addresses, cut } = First::of(input, lookups);
    let naming = Naming { hosts: &hosts, names: &names };
    let mut filing = Filing::default();
    let mut found = Vec::with_capacity(input.connections.len());
    let mut starts = Vec::with_capacity(input.connections.len());
    let mut unread = message_hosts.as_slice();
    for ((place, connection), index) in (0..).zip(input.connections).zip(0_usize..) {
        let (own, others) = unread.split_at(connection.messages.len().min(unread.len()));
        unread = others;
        if connection.session.resp.is_local_scope() {
            continue;
        }
        let app = input.apps.get(index).copied().flatten();
        let app = filing.app(app);
        let service = service_of(connection);
        let addr = connection.session.resp.addr;
        let file = |host: Option<u32>| {
            let destination = filing.destination(host.map(|host| (host, hosts.text(host))), addr);
            starts.push((connection.session.start.micros(), destination));
            filing.series(app, destination, service)
        };
        let known = found.len();
        sightings(place, (connection, service), own, naming, file, &mut found);
        let duration = connection.session.duration_micros.unwrap_or(0);
        for sighting in found.iter().skip(known).filter(|sighting| sighting.is_start) {
            filing.connect(sighting.series, duration);
        }
    }
    let moments = match rest {
        Some(rest) => rest.moments.clone(),
        None => Moments::of_starts(&mut starts),
    };
    let circumstances = Circumstances { input, hosts: &hosts, moments: &moments };
    let mut report = report(&filing, &found, &circumstances);
    report.awake = moments.awake;
    report.sessions = input.connections.len() as u64;
    (report.stacks, report.addresses, report.cut) = (stacks, addresses, cut);
    report.set_hours(hours);
    report
}

fn report(
    filing: &Filing<'_>,
    found: &[Sighting],
    circumstances: &Circumstances<'_, '_, '_>,
) -> DeviceReport {
    let mut report = DeviceReport { series_total: filing.len() as u64, ..DeviceReport::default() };
    let mut reached = Vec::with_capacity(filing.len());
    let groups = filing.groups(found);
    let strays = Strays::of(filing, &groups, circumstances.input.internal);
    let mut summaries = Summaries::default();
    report.strays_cut = strays.cut;
    for (number, group) in groups.iter() {
        let Some((first_day, last_day)) = days_of(group) else { continue };
        let sightings = u32::try_from(group.len()).unwrap_or(u32::MAX);
        reached.push((filing.app_and_destination(number), (first_day, last_day, sightings)));
        let is_stray = strays.holds(number);
        let is_worth = group.len() >= PROFILE_SIGHTINGS_MIN
            || filing.connected_micros(number) >= PROFILE_CONNECTED_MICROS;
        if let Some(key) = filing.key(number).filter(|_| is_stray || is_worth) {
            let series = summaries.series(key, group, circumstances);
            match (is_stray, is_worth) {
                (true, true) => {
                    report.strays.push(series.clone());
                    report.series.push(series);
                }
                (true, false) => report.strays.push(series),
                _ => report.series.push(series),
            }
        }
    }
    report.series.sort_by(|a, b| a.key.cmp(&b.key));
    report.reached = reported(filing, reached);
    report.app_services = filing.app_services();
    report
}

/// Summaries in the making: a device has thousands of series, and each would ask for the same lists anew.
#[derive(Default)]
struct Summaries<'a> {
    days: Vec<(Day, Summary<'a>)>,
    spare: Vec<Summary<'a>>,
}

impl<'a> Summaries<'a> {
    /// Sums up one series by day.
    fn series(
        &mut self,
        key: SeriesKey,
        group: &[Sighting],
        circumstances: &Circumstances<'_, '_, 'a>,
    ) -> SeriesDays {
        for sighting in ahead(group, |sighting| circumstances.touch(sighting)) {
            let place = self.place_of(sighting.at.day());
            if let Some((_, summary)) = self.days.get_mut(place) {
                summary.add(&key, sighting, circumstances);
            }
        }
        let mut days = Vec::with_capacity(self.days.len());
        for (day, mut summary) in self.days.drain(..) {
            days.push((day, summary.finish(&key, circumstances.hosts)));
            self.spare.push(summary);
        }
        SeriesDays { key, days }
    }

    /// Where the summary of a day lies. Sightings come by time: the day is nearly always the last one known.
    fn place_of(&mut self, day: Day) -> usize {
        if let Some((last, _)) = self.days.last()
            && *last == day
        {
            return self.days.len() - 1;
        }
        self.days.binary_search_by_key(&day, |(known, _)| *known).unwrap_or_else(|place| {
            self.days.insert(place, (day, self.spare.pop().unwrap_or_default()));
            place
        })
    }
}

/// First and last day of a series.
fn days_of(group: &[Sighting]) -> Option<(Day, Day)> {
    let times = || group.iter().map(|sighting| sighting.at);
    Some((times().min()?.day(), times().max()?.day()))
}

/// Numbers of an app and a destination; first and last day, and sightings.
type Contact = ((u32, u32), (Day, Day, u32));

/// One entry for each app and destination, whatever the services.
fn reported(filing: &Filing<'_>, mut reached: Vec<Contact>) -> Vec<Reported> {
    reached.sort_unstable();
    reached.dedup_by(|next, kept| {
        let is_same = next.0 == kept.0;
        if is_same {
            kept.1.1 = kept.1.1.max(next.1.1);
            kept.1.2 = kept.1.2.saturating_add(next.1.2);
        }
        is_same
    });
    let mut reached: Vec<Reported> = reached
        .into_iter()
        .filter_map(|((app, destination), (first_day, last_day, sightings))| {
            let destination = filing.destination_of(destination)?.clone();
            Some(Reported { app: filing.app_of(app), destination, first_day, last_day, sightings })
        })
        .collect();
    reached.sort_unstable();
    reached
}

/// Platform of a device from what its records say: the most frequent known one; a device seen with two keeps
/// the more frequent, ties go to Android.
pub fn platform_of(said: &[Platform]) -> Platform {
    let count = |platform| said.iter().filter(|&&known| known == platform).count();
    match (count(Platform::Android), count(Platform::Ios)) {
        (0, 0) => Platform::Unknown,
        (android, ios) if android >= ios => Platform::Android,
        _ => Platform::Ios,
    }
}
