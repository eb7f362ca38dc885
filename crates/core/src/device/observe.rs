//! One device's connections, summed up as series.

use super::Connection;
use super::filing::Filing;
use super::hosts::Hosts;
use super::interner::Interner;
use super::moments::Moments;
use super::names::Names;
use super::rotation::Strays;
use super::sighting::{Naming, Sighting, service_of, sightings};
use super::summary::{Circumstances, Summary, fingerprint_of};
use crate::baseline::AppHours;
use crate::model::{Day, ExchangeKind, Platform, Timestamp};
use crate::series::{Destination, EventFlags, Profile, SeriesKey, Service};
use crate::text;
use crate::timing::AwakeClock;
use bitcode::{Decode, Encode};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// Sightings, over all days, from which a series gets a profile: timing needs 8 check-ins, wakes and DNS need 8, a
/// finding of fewer would be of persistence alone.
const PROFILE_SIGHTINGS_MIN: usize = 6;
/// Connected time from which a series gets a profile whatever its number of sessions: 10 minutes.
const PROFILE_CONNECTED_MICROS: u64 = 600 * 1_000_000;

/// Fingerprints and user agents kept per device.
const STACKS_MAX: usize = 512;

/// What is known of one device.
#[derive(Debug)]
pub struct DeviceInput<'i, 'a> {
    /// Its connections, ascending by start.
    pub connections: &'i [Connection<'i, 'a>],
    /// The app of each connection, where known; shorter than the connections: unknown for the rest.
    pub apps: &'i [Option<&'i str>],
    /// State at each connection's start, in the same order.
    pub flags: &'i [EventFlags],
    /// Networking stack of each connection, where telemetry named it.
    pub stacks: &'i [Option<&'static str>],
}

/// Addresses of its own kept per device.
const ADDRESSES_MAX: usize = 1024;

impl DeviceReport {
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
        self.days = distinct(std::mem::take(&mut self.days).into_iter().chain(part.days).collect());
        self.addresses =
            distinct(std::mem::take(&mut self.addresses).into_iter().chain(part.addresses).collect());
        self.cut += bound(&mut self.addresses, ADDRESSES_MAX) + part.cut;
        self.sessions += part.sessions;
        self.series_total += part.series_total;
        self.awake = part.awake;
    }
}

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
    let First { hosts, message_hosts, names, stacks, days, addresses, cut } =
        First::of(input.connections, lookups);
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
    (report.stacks, report.days, report.addresses, report.cut) = (stacks, days, addresses, cut);
    report
}

/// What must be known before connections can be filed. One walk over all of them: a device's connections do not fit
/// in a cache.
struct First<'a> {
    hosts: Hosts<'a>,
    /// Numbers of the hosts of all messages, in the order of the connections.
    message_hosts: Vec<Option<u32>>,
    /// Names, by the lookups that are seen, of the responders that no message names.
    names: Names,
    /// TLS fingerprints and user-agent families.
    stacks: Vec<Box<str>>,
    days: Vec<Day>,
    addresses: Vec<IpAddr>,
    /// Stacks and addresses left out.
    cut: u64,
}

impl<'a> First<'a> {
    fn of(connections: &[Connection<'_, 'a>], elsewhere: &[(Timestamp, &'a str, &'a str)]) -> Self {
        let (mut hosts, mut stacks) = (Hosts::default(), Interner::default());
        let messages = connections.iter().map(|connection| connection.messages.len()).sum();
        let mut message_hosts = Vec::with_capacity(messages);
        let (mut nameless, mut lookups) = (Vec::new(), Vec::new());
        let (mut days, mut addresses) = (Vec::new(), Vec::new());
        for Connection { session, messages, .. } in connections {
            push_new(&mut days, session.start.day());
            push_new(&mut addresses, session.orig.addr);
            let mut has_name = false;
            for (_, message) in *messages {
                let host = hosts.number_of_message(message);
                has_name |= host.and_then(|host| hosts.get(host)).is_some_and(|host| host.is_usable);
                if let (ExchangeKind::Dns, Some(host), Some(answers)) = (message.kind, host, message.answers)
                {
                    lookups.push((message.at, host, answers));
                }
                let agent = message.user_agent.map(text::user_agent_family);
                for stack in fingerprint_of(message).into_iter().chain(agent) {
                    stacks.number(stack);
                }
                message_hosts.push(host);
            }
            if !has_name {
                nameless.push(session.resp.addr);
            }
        }
        for (at, name, answers) in elsewhere {
            lookups.push((*at, hosts.number(name), *answers));
        }
        let names = Names::of(nameless.into_iter(), &lookups, |number| hosts.text(number));
        let mut stacks = stacks.into_texts();
        stacks.sort_unstable();
        let mut addresses = distinct(addresses);
        let cut = bound(&mut stacks, STACKS_MAX) + bound(&mut addresses, ADDRESSES_MAX);
        let stacks = stacks.into_iter().map(Box::from).collect();
        Self { hosts, message_hosts, names, stacks, days: distinct(days), addresses, cut }
    }
}

/// Cuts a list; how many went.
fn bound<T>(list: &mut Vec<T>, most: usize) -> u64 {
    let surplus = list.len().saturating_sub(most);
    list.truncate(most);
    surplus as u64
}

/// Appends a value that is not the last one already.
fn push_new<T: PartialEq>(values: &mut Vec<T>, value: T) {
    if values.last() != Some(&value) {
        values.push(value);
    }
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

fn distinct<T: Ord>(mut values: Vec<T>) -> Vec<T> {
    values.sort_unstable();
    values.dedup();
    values
}

fn report(
    filing: &Filing<'_>,
    found: &[Sighting],
    circumstances: &Circumstances<'_, '_, '_>,
) -> DeviceReport {
    let mut report = DeviceReport { series_total: filing.len() as u64, ..DeviceReport::default() };
    let mut reached = Vec::with_capacity(filing.len());
    let groups = filing.groups(found);
    let strays = Strays::of(filing, &groups);
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
        // Sightings come by time: the day is nearly always that of the one before.
        for sighting in group {
            let day = sighting.at.day();
            let place = self.days.iter().rposition(|(known, _)| *known == day).unwrap_or_else(|| {
                self.days.push((day, self.spare.pop().unwrap_or_default()));
                self.days.len() - 1
            });
            if let Some((_, summary)) = self.days.get_mut(place) {
                summary.add(&key, sighting, circumstances);
            }
        }
        self.days.sort_by_key(|(day, _)| *day);
        let mut days = Vec::with_capacity(self.days.len());
        for (day, mut summary) in self.days.drain(..) {
            days.push((day, summary.finish(&key, circumstances.hosts)));
            self.spare.push(summary);
        }
        SeriesDays { key, days }
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
