//! One device's connections, summed up as series.

use super::moments::Moments;
use super::names::Names;
use super::sighting::{Sighting, destination_of, is_nameless, sightings};
use super::summary::{Circumstances, Summary, fingerprint_of};
use super::{Connection, interner::Interner};
use crate::model::{Day, Platform, Timestamp};
use crate::series::{Destination, Event, EventFlags, Profile, SeriesKey, Service, stable_hash};
use crate::text;
use crate::timing::AwakeClock;
use std::collections::BTreeMap;
use std::net::IpAddr;

/// Sightings, over all days, from which a series gets a profile: timing needs 8 check-ins, wakes and DNS need 8, a
/// finding of fewer would be of persistence alone.
const PROFILE_SIGHTINGS_MIN: usize = 6;
/// Connected time from which a series gets a profile whatever its number of sessions: 10 minutes.
const PROFILE_CONNECTED_MICROS: u64 = 600 * 1_000_000;
/// Stray sessions kept per device, the latest: enough for a rhythm over rotating destinations.
const STRAYS_MAX: usize = 4096;

/// Fingerprints and user agents kept per device.
const STACKS_MAX: usize = 512;

/// What is known of one device.
#[derive(Debug)]
pub struct DeviceInput<'i, 'a> {
    /// Its connections, ascending by start.
    pub connections: &'i [Connection<'a>],
    /// The app of each connection, where known; shorter than the connections: unknown for the rest.
    pub apps: &'i [Option<&'i str>],
    /// State at each connection's start, in the same order.
    pub flags: &'i [EventFlags],
    /// Networking stack of each connection, where telemetry named it.
    pub stacks: &'i [Option<&'static str>],
}

/// What a device's connections come to.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DeviceReport {
    /// Series that are long enough to be tested, ascending by key.
    pub series: Vec<SeriesDays>,
    /// Sessions of shorter series, ascending by time; the latest.
    pub strays: Vec<Stray>,
    /// Every destination with the days on which it was contacted.
    pub reached: Vec<Reported>,
    /// TLS fingerprints and user-agent families of the device, ascending.
    pub stacks: Vec<Box<str>>,
    /// TLS fingerprints, user-agent families and networking libraries by app, ascending; filled in by whoever knows
    /// the apps.
    pub app_stacks: Vec<(Box<str>, Box<str>)>,
    /// Days with any session.
    pub days: Vec<Day>,
    /// Addresses that the device used, ascending.
    pub addresses: Vec<IpAddr>,
    /// Sessions in all.
    pub sessions: u64,
    /// All series, profiled or not.
    pub series_total: u64,
    /// The device's awake clock.
    pub awake: AwakeClock,
}

/// A series by UTC day.
#[derive(Debug, Clone, PartialEq)]
pub struct SeriesDays {
    /// Which.
    pub key: SeriesKey,
    /// Its profile on each day.
    pub days: BTreeMap<Day, Profile>,
}

/// A destination that a device contacted: the device's contribution to the baseline.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reported {
    /// App, where known.
    pub app: Option<Box<str>>,
    /// Where.
    pub destination: Destination,
    /// First day of contact.
    pub first_day: Day,
    /// Last day of contact.
    pub last_day: Day,
}

/// One session of a series too short to be tested by itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stray {
    /// The check-in.
    pub event: Event,
    /// Where it went.
    pub destination: Destination,
    /// App, where known.
    pub app: Option<Box<str>>,
    /// Service.
    pub service: Service,
    /// Port.
    pub port: u16,
    /// TLS fingerprint.
    pub fingerprint: Option<Box<str>>,
    /// Session id.
    pub uid: Box<str>,
    /// Address.
    pub addr: IpAddr,
    /// Host name.
    pub host: Option<Box<str>>,
}

/// Sums up one device.
pub fn observe(input: &DeviceInput<'_, '_>) -> DeviceReport {
    let names = Names::of_connections(input.connections);
    let mut groups = Groups::default();
    let mut starts = Vec::with_capacity(input.connections.len());
    for (index, connection) in input.connections.iter().enumerate() {
        if connection.session.resp.is_local_scope() {
            continue;
        }
        let app = input.apps.get(index).copied().flatten();
        for sighting in sightings(index, connection, &names) {
            let destination = groups.add(app, sighting, connection);
            starts.push((connection.session.start.micros(), destination));
        }
    }
    let moments = Moments::of_starts(&mut starts);
    let circumstances = Circumstances { input, names: &names, moments: &moments };
    let mut report = groups.report(&circumstances);
    report.awake = moments.awake;
    report.sessions = input.connections.len() as u64;
    report.stacks = stacks(input.connections);
    report.days = distinct(input.connections.iter().map(|c| c.session.start.day()));
    report.addresses = distinct(input.connections.iter().map(|c| c.session.orig.addr));
    report
}

/// The device's TLS fingerprints and user-agent families, bounded.
fn stacks(connections: &[Connection<'_>]) -> Vec<Box<str>> {
    let messages = connections.iter().flat_map(|connection| &connection.messages);
    let fingerprints = messages.clone().filter_map(fingerprint_of);
    let agents = messages.filter_map(|message| message.user_agent).map(text::user_agent_family);
    let mut stacks: Vec<&str> = distinct(fingerprints.chain(agents));
    stacks.truncate(STACKS_MAX);
    stacks.into_iter().map(Box::from).collect()
}

fn distinct<T: Ord>(values: impl Iterator<Item = T>) -> Vec<T> {
    let mut values: Vec<T> = values.collect();
    values.sort_unstable();
    values.dedup();
    values
}

/// Sightings by series, while they are gathered.
#[derive(Default)]
struct Groups<'a> {
    hosts: Interner,
    /// Destination of each host text, by the host's number.
    host_destinations: Vec<u32>,
    destinations: Vec<Destination>,
    destination_numbers: BTreeMap<Destination, u32>,
    apps: Interner,
    keys: BTreeMap<(u32, u32, Service), usize>,
    sightings: Vec<Vec<Sighting<'a>>>,
}

impl<'a> Groups<'a> {
    /// Files a sighting under its series; returns the number of its destination.
    fn add(&mut self, app: Option<&str>, sighting: Sighting<'a>, connection: &Connection<'a>) -> u32 {
        let destination = match sighting.host.as_deref() {
            Some(host) => self.destination_of_host(host, connection),
            None => self.destination_number(destination_of(None, connection)),
        };
        // 0 is "unknown app".
        let app = app.map_or(0, |app| self.apps.number(app).0 + 1);
        let next = self.sightings.len();
        let at = *self.keys.entry((app, destination, sighting.service)).or_insert(next);
        if at == next {
            self.sightings.push(Vec::new());
        }
        if let Some(group) = self.sightings.get_mut(at) {
            group.push(sighting);
        }
        destination
    }

    fn destination_of_host(&mut self, host: &str, connection: &Connection<'_>) -> u32 {
        let (number, is_new) = self.hosts.number(host);
        if is_new {
            let known = Destination::of_host(host).map_or(u32::MAX, |found| self.destination_number(found));
            self.host_destinations.push(known);
        }
        match self.host_destinations.get(number as usize) {
            Some(&known) if known != u32::MAX => known,
            // No listed suffix: the responder stands for the name.
            _ => self.destination_number(destination_of(None, connection)),
        }
    }

    #[expect(clippy::cast_possible_truncation, reason = "destinations of one device are far below 2^32")]
    fn destination_number(&mut self, destination: Destination) -> u32 {
        if let Some(&number) = self.destination_numbers.get(&destination) {
            return number;
        }
        let number = self.destinations.len() as u32;
        self.destinations.push(destination.clone());
        self.destination_numbers.insert(destination, number);
        number
    }

    fn report(self, circumstances: &Circumstances<'_, '_, '_>) -> DeviceReport {
        let mut report =
            DeviceReport { series_total: self.sightings.len() as u64, ..DeviceReport::default() };
        let mut strays = Vec::new();
        for (&(app, destination, service), &at) in &self.keys {
            let (Some(group), Some(destination)) =
                (self.sightings.get(at), self.destinations.get(destination as usize))
            else {
                continue;
            };
            let app = app.checked_sub(1).and_then(|number| self.apps.text(number)).map(Box::from);
            let key = SeriesKey { app, destination: destination.clone(), service };
            report.reached.extend(reported(&key, group, circumstances));
            if is_worth_a_profile(group, circumstances) {
                report.series.push(profile(key, group, circumstances));
            } else {
                strays
                    .extend(group.iter().filter(|s| s.is_start).filter_map(|s| circumstances.stray(&key, s)));
            }
        }
        report.series.sort_by(|a, b| a.key.cmp(&b.key));
        report.reached = merge_reported(report.reached);
        strays.sort_unstable();
        strays.drain(..strays.len().saturating_sub(STRAYS_MAX));
        report.strays = strays;
        report
    }
}

fn is_worth_a_profile(group: &[Sighting<'_>], circumstances: &Circumstances<'_, '_, '_>) -> bool {
    group.len() >= PROFILE_SIGHTINGS_MIN || circumstances.connected_micros(group) >= PROFILE_CONNECTED_MICROS
}

fn profile(key: SeriesKey, group: &[Sighting<'_>], circumstances: &Circumstances<'_, '_, '_>) -> SeriesDays {
    let mut days: BTreeMap<Day, Summary> = BTreeMap::new();
    for sighting in group {
        if let Some(at) = circumstances.time_of(sighting) {
            days.entry(at.day()).or_default().add(&key, sighting, circumstances);
        }
    }
    SeriesDays { key, days: days.into_iter().map(|(day, summary)| (day, summary.finish())).collect() }
}

fn reported(
    key: &SeriesKey,
    group: &[Sighting<'_>],
    circumstances: &Circumstances<'_, '_, '_>,
) -> Option<Reported> {
    let days = group.iter().filter_map(|s| circumstances.time_of(s)).map(Timestamp::day);
    let (first_day, last_day) = days.fold(None, |ends: Option<(Day, Day)>, day| {
        Some(ends.map_or((day, day), |(first, last)| (first.min(day), last.max(day))))
    })?;
    Some(Reported { app: key.app.clone(), destination: key.destination.clone(), first_day, last_day })
}

/// One entry for each app and destination, whatever the services.
fn merge_reported(mut reached: Vec<Reported>) -> Vec<Reported> {
    reached.sort_unstable();
    reached.dedup_by(|next, kept| {
        let is_same = next.app == kept.app && next.destination == kept.destination;
        if is_same {
            kept.last_day = kept.last_day.max(next.last_day);
        }
        is_same
    });
    reached
}

/// 32-bit hash of a host or address, for timing by host.
pub(super) fn host_hash(host: Option<&str>, addr: IpAddr) -> u32 {
    let hash = match host.filter(|host| !is_nameless(Some(host))) {
        Some(host) => stable_hash(host.as_bytes()),
        None => crate::series::StableKey::stable_hash(&addr),
    };
    u32::try_from(hash >> 32).unwrap_or(u32::MAX)
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
