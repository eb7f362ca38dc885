//! Pass 1: one partition at a time, one device at a time: join, attribute, sum up, stage A.

use super::parallel;
use super::settings::Settings;
use super::{ScanError, coverage};
use crate::identity::Directory;
use crate::input::StopFlag;
use crate::partition::{Partitions, next_record};
use crate::telemetry::{self, Roles};
use std::collections::BTreeMap;
use std::io;
use std::sync::{Mutex, PoisonError};
use undertone_core::coverage::DeviceSeen;
use undertone_core::device::observe::platform_of;
use undertone_core::device::{self, DeviceInput, DeviceReport, SeriesDays};
use undertone_core::model::{Day, Exchange, Platform, Record, Session, Telemetry};
use undertone_core::score::machine::{self, Machine};
use undertone_core::series::{Profile, SeriesKey};

/// Days that a series is scored over, up to the day of its last event.
const WINDOW_DAYS: i32 = 7;

/// One device after pass 1.
#[derive(Debug)]
pub(super) struct Device {
    pub(super) id: String,
    pub(super) platform: Platform,
    /// Without its series' profiles: those that matter are in `assessed`.
    pub(super) report: DeviceReport,
    /// Series that may be machine-driven, one entry for each of their days.
    pub(super) assessed: Vec<Assessed>,
    /// Records that said what another had said.
    pub(super) duplicates: u64,
    /// Connections by how their app was found.
    pub(super) methods: BTreeMap<&'static str, u64>,
    /// How each app was found, most strongly.
    pub(super) method_of_app: BTreeMap<Box<str>, &'static str>,
    /// Roles that its telemetry says.
    pub(super) roles: Roles,
    /// How far the phone's clock is ahead, microseconds.
    pub(super) skew_micros: Option<i64>,
    /// What of its sessions is known.
    pub(super) seen: DeviceSeen,
}

/// A series on one day, with stage A over its window.
#[derive(Debug)]
pub(super) struct Assessed {
    pub(super) key: SeriesKey,
    pub(super) day: Day,
    /// Whether it is the series' last day: the one that stands for it among peers.
    pub(super) is_last: bool,
    /// Days before on which the series was seen, in the whole input.
    pub(super) days_before: u32,
    pub(super) profile: Profile,
    pub(super) machine: Machine,
}

/// The records of one device, borrowed from its partition.
#[derive(Default)]
struct DeviceRecords<'a> {
    sessions: Vec<Session<'a>>,
    messages: Vec<Exchange<'a>>,
    telemetry: Vec<Telemetry<'a>>,
}

/// What pass 1 needs to know besides the records.
#[derive(Clone, Copy)]
pub(super) struct FirstContext<'c> {
    pub(super) directory: &'c Directory,
    pub(super) settings: &'c Settings,
    /// Which records are looked at; `None` for all.
    pub(super) window: Option<Window>,
}

/// A span of time, whole days.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    /// First day.
    pub(super) first: Day,
    /// Last day.
    pub(super) last: Day,
}

impl Window {
    /// The window that a series is scored over on a day.
    pub(super) fn ending_on(day: Day) -> Self {
        Self { first: day.plus(1 - WINDOW_DAYS), last: day }
    }

    fn holds(self, record: &Record<'_>) -> bool {
        let at = match record {
            Record::Session(session) => session.start,
            Record::Exchange(message) => message.at,
            Record::Telemetry(event) => event.at,
            Record::Lease(_) => return false,
        };
        (self.first..=self.last).contains(&at.day())
    }
}

/// All devices, ascending by id. With a window the partitions stay, to be read again; without one they are used up.
pub(super) fn first_pass(
    partitions: &mut Partitions,
    context: FirstContext<'_>,
    threads: usize,
    stop: &StopFlag,
) -> Result<Vec<Device>, ScanError> {
    let partitions = Mutex::new(partitions);
    let done = parallel::map(Partitions::COUNT, threads, |index| {
        if stop.is_stopped() {
            return Ok(Vec::new());
        }
        let mut partitions = partitions.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = match context.window {
            Some(_) => partitions.copy(index)?,
            None => partitions.take(index)?,
        };
        drop(partitions);
        Ok(partition_devices(&taken, context))
    });
    let mut devices = Vec::new();
    for result in done {
        devices.extend(result.map_err(|error: io::Error| ScanError::Storage(error))?);
    }
    devices.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(devices)
}

fn partition_devices(taken: &[crate::partition::Taken], context: FirstContext<'_>) -> Vec<Device> {
    let mut by_device: BTreeMap<&str, DeviceRecords<'_>> = BTreeMap::new();
    for part in taken {
        let mut rest = part.bytes.as_slice();
        let mut slots: Vec<DeviceRecords<'_>> = Vec::new();
        slots.resize_with(part.names.len(), DeviceRecords::default);
        while let Some((number, record)) = next_record(&mut rest) {
            if context.window.is_some_and(|window| !window.holds(&record)) {
                continue;
            }
            let Some(records) = slots.get_mut(number as usize) else { continue };
            match record {
                Record::Session(session) => records.sessions.push(session),
                Record::Exchange(message) => records.messages.push(message),
                Record::Telemetry(event) => records.telemetry.push(event),
                Record::Lease(_) => {}
            }
        }
        for (name, mut records) in part.names.iter().zip(slots) {
            if records.sessions.is_empty() && records.messages.is_empty() && records.telemetry.is_empty() {
                continue;
            }
            let known = by_device.entry(name).or_default();
            known.sessions.append(&mut records.sessions);
            known.messages.append(&mut records.messages);
            known.telemetry.append(&mut records.telemetry);
        }
    }
    by_device.into_iter().map(|(id, records)| device(id, records, context)).collect()
}

fn device(id: &str, records: DeviceRecords<'_>, context: FirstContext<'_>) -> Device {
    let platform = platform(id, &records.telemetry, context.directory);
    let mut roles = Roles::default();
    roles.count(&records.telemetry);
    let mut joined = device::join::join(records.sessions, records.messages);
    if joined.connections.is_empty() {
        joined.connections = telemetry::connections_of_phone(&records.telemetry);
    }
    let reports = telemetry::Reports::of(&records.telemetry);
    let view = telemetry::view(&reports, &joined.connections, |app| {
        context.settings.interaction_window_secs(platform, &roles, app)
    });
    let input = DeviceInput {
        connections: &joined.connections,
        apps: &view.apps,
        flags: &view.flags,
        stacks: &view.stacks,
    };
    let mut report = device::observe(&input);
    report.app_stacks = telemetry::app_stacks(&joined.connections, &view);
    let seen = coverage::seen(&joined.connections, &view, &records.telemetry, &report.series);
    let series = std::mem::take(&mut report.series);
    let assessed = series.into_iter().flat_map(|series| assess(&series, &report)).collect();
    Device {
        id: id.to_owned(),
        platform,
        report,
        assessed,
        duplicates: joined.duplicates,
        methods: view.methods,
        method_of_app: view.method_of_app,
        roles,
        skew_micros: view.skew_micros,
        seen,
    }
}

/// Platform: the inventory's word, else what most telemetry says.
fn platform(id: &str, telemetry: &[Telemetry<'_>], directory: &Directory) -> Platform {
    match directory.facts(id).map(|facts| facts.platform) {
        Some(platform) if platform != Platform::Unknown => platform,
        _ => platform_of(&telemetry.iter().map(|event| event.platform).collect::<Vec<_>>()),
    }
}

/// Stage A on each day of a series, over the window that ends on it. Days that show no machine are dropped.
fn assess(series: &SeriesDays, report: &DeviceReport) -> Vec<Assessed> {
    let days: Vec<Day> = series.days.keys().copied().collect();
    let last = days.last().copied();
    let mut found = Vec::new();
    for (before, day) in days.into_iter().enumerate() {
        let days_before = u32::try_from(before).unwrap_or(u32::MAX);
        let window = series.days.range(day.plus(1 - WINDOW_DAYS)..=day);
        let profile = window.map(|(_, of_day)| of_day.clone()).reduce(|mut sum, of_day| {
            sum.merge(of_day);
            sum
        });
        let Some(profile) = profile else { continue };
        let machine = machine::assess(&profile, &report.awake);
        if machine.is_worth_weighing(&profile) {
            found.push(Assessed {
                key: series.key.clone(),
                day,
                is_last: Some(day) == last,
                days_before,
                profile,
                machine,
            });
        }
    }
    found
}
