//! Pass 1: one partition at a time, one device at a time: join, attribute, sum up, stage A.

use super::parallel;
use super::settings::Settings;
use super::{ScanError, coverage};
use crate::identity::Directory;
use crate::input::StopFlag;
use crate::partition::{Packed, Partitions, Taken, next_record};
use crate::telemetry::{self, Roles};
use bitcode::{Decode, Encode};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Mutex, PoisonError};
use undertone_core::coverage::DeviceSeen;
use undertone_core::device::observe::platform_of;
use undertone_core::device::{self, DeviceInput, DeviceReport, Joined, SeriesDays};
use undertone_core::model::{Day, Platform, Telemetry, Timestamp};
use undertone_core::score::machine::{self, Machine};
use undertone_core::series::{Profile, SeriesKey};
use undertone_wire::packed::Lists;

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
#[derive(Debug, Encode, Decode)]
pub(super) struct Assessed {
    pub(super) key: SeriesKey,
    pub(super) day: Day,
    /// Whether it is the series' last day: the one that stands for it among peers.
    pub(super) is_last: bool,
    /// Days before on which the series was seen, in the whole input.
    pub(super) days_before: u32,
    /// Days before on which it was long enough to be judged.
    pub(super) days_judged: u32,
    /// First day on which it was.
    pub(super) first_judged: Day,
    pub(super) profile: Profile,
    pub(super) machine: Machine,
}

/// A record of a partition, to be sorted: by device, by connection, then as it came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Slot {
    device: u32,
    key: u64,
    /// Place among the records of the partition.
    place: u32,
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

    /// Leaves the records of the window.
    fn narrow(self, lists: &mut Lists<'_>) {
        let holds = |at: Timestamp| (self.first..=self.last).contains(&at.day());
        lists.sessions.retain(|(_, session)| holds(session.start));
        lists.messages.retain(|(_, message)| holds(message.at));
        lists.telemetry.retain(|event| holds(event.at));
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
        if context.window.is_some() {
            let copied = partitions.copy(index)?;
            drop(partitions);
            return Ok(partition_devices(&copied, context));
        }
        let untaken = partitions.take(index);
        drop(partitions);
        Ok(partition_devices(&untaken.gather()?, context))
    });
    let mut devices = Vec::new();
    for result in done {
        devices.extend(result.map_err(|error: io::Error| ScanError::Storage(error))?);
    }
    devices.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(devices)
}

fn partition_devices(taken: &[Taken], context: FirstContext<'_>) -> Vec<Device> {
    let mut devices = Vec::new();
    each_device(taken, |id, lists| {
        if let Some(window) = context.window {
            window.narrow(lists);
        }
        if !(lists.sessions.is_empty() && lists.messages.is_empty() && lists.telemetry.is_empty()) {
            devices.push(device(id, lists, context));
        }
    });
    devices
}

/// Shows the records of each device of a partition to `take`, which leaves the lists empty.
pub(super) fn each_device<'b>(taken: &'b [Taken], mut take: impl FnMut(&str, &mut Lists<'b>)) {
    let names: BTreeSet<&str> = taken.iter().flat_map(|part| part.names.iter().map(String::as_str)).collect();
    let names: Vec<&str> = names.into_iter().collect();
    let (slots, records) = sorted_slots(taken, &names);
    let mut lists = Lists::default();
    let records = records.as_slice();
    let of_device = slots.chunk_by(|a, b| a.device == b.device);
    lists.reserve_for(
        of_device.map(|slots| slots.iter().filter_map(|slot| records.get(slot.place as usize).copied())),
    );
    for slots in slots.chunk_by(|a, b| a.device == b.device) {
        let Some(id) = slots.first().and_then(|slot| names.get(slot.device as usize)) else { continue };
        for slot in slots {
            if let Some(bytes) = records.get(slot.place as usize) {
                lists.push(slot.key, bytes);
            }
        }
        take(id, &mut lists);
    }
}

/// The records of a partition in their order of work. A device has one number, whatever sink its records came by.
fn sorted_slots<'b>(taken: &'b [Taken], names: &[&str]) -> (Vec<Slot>, Vec<&'b [u8]>) {
    let (mut slots, mut records) = (Vec::new(), Vec::new());
    for part in taken {
        let number_of = |name: &String| names.binary_search(&name.as_str()).ok();
        let numbers: Vec<Option<usize>> = part.names.iter().map(number_of).collect();
        for chunk in &part.chunks {
            let mut rest = chunk.as_slice();
            while let Some(Packed { device, key, record }) = next_record(&mut rest) {
                let number = numbers.get(device as usize).copied().flatten();
                if let (Some(number), Ok(place)) = (number, u32::try_from(records.len())) {
                    slots.push(Slot { device: u32::try_from(number).unwrap_or(u32::MAX), key, place });
                    records.push(record);
                }
            }
        }
    }
    slots.sort_unstable();
    (slots, records)
}

/// Pass 1 over one device. Its records are taken out of `lists`, which keep their room for the next.
fn device(id: &str, lists: &mut Lists<'_>, context: FirstContext<'_>) -> Device {
    let platform = platform(id, &lists.telemetry, context.directory);
    let mut roles = Roles::default();
    roles.count(&lists.telemetry);
    let sessions = std::mem::take(&mut lists.sessions);
    let messages = std::mem::take(&mut lists.messages);
    let mut joined = device::join::join_grouped(sessions, messages);
    if joined.is_empty() {
        joined = telemetry::connections_of_phone(&lists.telemetry);
    }
    let device = joined_device(id, (&joined, &lists.telemetry), (platform, roles), context);
    (lists.sessions, lists.messages) = joined.into_lists();
    lists.telemetry.clear();
    device
}

fn joined_device(
    id: &str,
    (joined, telemetry): (&Joined<'_>, &[Telemetry<'_>]),
    (platform, roles): (Platform, Roles),
    context: FirstContext<'_>,
) -> Device {
    let connections = joined.connections();
    let reports = telemetry::Reports::of(telemetry);
    let view = telemetry::view(&reports, &connections, |app| {
        context.settings.interaction_window_secs(platform, &roles, app)
    });
    let input =
        DeviceInput { connections: &connections, apps: &view.apps, flags: &view.flags, stacks: &view.stacks };
    let mut report = device::observe(&input);
    report.app_stacks = telemetry::app_stacks(&connections, &view);
    report.app_hours = telemetry::app_hours(&connections, &view);
    let seen = coverage::seen(&connections, &view, telemetry, &report.series);
    let series = std::mem::take(&mut report.series);
    let assessed = series.into_iter().flat_map(|series| assess(series, &report)).collect();
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
fn assess(series: SeriesDays, report: &DeviceReport) -> Vec<Assessed> {
    let SeriesDays { key, mut days } = series;
    let mut found = Vec::new();
    let all: Vec<Day> = days.keys().copied().collect();
    let last = all.last().copied();
    for (before, day) in all.into_iter().enumerate() {
        let is_last = Some(day) == last;
        let first = day.plus(1 - WINDOW_DAYS);
        let Some(profile) = window(&mut days, first..=day, is_last) else { continue };
        let machine = machine::assess(&profile, &report.awake);
        if machine.is_worth_weighing(&profile) {
            found.push(Assessed {
                key: key.clone(),
                day,
                is_last,
                days_before: u32::try_from(before).unwrap_or(u32::MAX),
                days_judged: u32::try_from(found.len()).unwrap_or(u32::MAX),
                first_judged: found.first().map_or(day, |first: &Assessed| first.day),
                profile,
                machine,
            });
        }
    }
    found
}

/// The profile of a window of days. The last window takes its days, the others leave them for the next.
fn window(
    days: &mut BTreeMap<Day, Profile>,
    window: std::ops::RangeInclusive<Day>,
    is_last: bool,
) -> Option<Profile> {
    let sum = |mut sum: Profile, of_day: Profile| {
        sum.merge(of_day);
        sum
    };
    if is_last {
        days.split_off(window.start()).into_values().reduce(sum)
    } else {
        days.range(window).map(|(_, of_day)| of_day.clone()).reduce(sum)
    }
}
