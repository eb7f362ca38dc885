//! The file, read back. It is passed around and edited by hand, so nothing in it is taken on trust.

use super::{KIND, LEARNED_BYTES_MAX, LEARNED_SCHEMA_VERSION};
use crate::config::Problem;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::net::IpAddr;
use undertone_core::baseline::{AppReach, Baseline, DaySet, Habit, Habits, Learned, Reach, Singles};
use undertone_core::model::Day;
use undertone_core::score::budget::Sight;
use undertone_core::score::history::{BIN_BANS, BIN_MAX, FleetMaxima, Maxima};
use undertone_core::series::{Destination, Service};

/// Problems reported at the most.
const PROBLEMS_MAX: usize = 100;
/// Longest name of anything, bytes.
const NAME_BYTES_MAX: usize = 1024;
/// Most device-days that a file may claim: a million devices for a century.
const DEVICE_DAYS_MAX: u64 = 36_500_000_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    kind: String,
    schema_version: u32,
    sight: String,
    devices: u32,
    device_days: u64,
    first_day: Option<String>,
    last_day: Option<String>,
    cut: u64,
    seen_on_one_device: Counts,
    device_day_maxima: Histogram,
    later_device_day_maxima: Histogram,
    destinations: Vec<Reached>,
    apps: Vec<App>,
    app_destinations: Vec<Reached>,
    stacks: Vec<Stack>,
    apps_with_stacks: Vec<Known>,
    app_stacks: Vec<Known>,
    app_services: Vec<Known>,
    habits: Option<KnownHabits>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KnownHabits {
    last_day: String,
    is_complete: bool,
    /// Absent in files of an earlier version, which had none of them.
    #[serde(default)]
    has_common: bool,
    /// Hash, days.
    devices: Vec<(String, String)>,
    /// Hash, first day, days judged.
    series: Vec<(String, String, String)>,
    /// Hash, since when; absent in files of an earlier version.
    #[serde(default)]
    open: Vec<(String, String)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Counts {
    destinations: u64,
    apps: u64,
    app_destinations: u64,
    stacks: u64,
    app_stacks: u64,
    app_services: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Histogram {
    bin_bans: f64,
    bins: Vec<(u16, u64)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reached {
    app: Option<String>,
    domain: Option<String>,
    address: Option<IpAddr>,
    group: Option<String>,
    devices: u32,
    /// Absent in files of an earlier version, and where nobody does.
    #[serde(default)]
    polled: u32,
    first_day: String,
    last_day: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "the key in the file")]
struct App {
    app: String,
    devices: u32,
    personal_devices: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stack {
    stack: String,
    devices: u32,
}

/// What is known of an app: that it shows some stack, one stack, or a service.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Known {
    app: String,
    stack: Option<String>,
    service: Option<String>,
    devices: u32,
}

/// Reads a learned baseline.
///
/// # Errors
/// The line at which the file is no such JSON; else every entry that contradicts itself or the rest, at most 100
/// (line 1 stands for the file: JSON in memory has no lines).
pub fn parse_learned(document: &[u8]) -> Result<Learned, Vec<Problem>> {
    let problem = |line: u64, text: String| vec![Problem { line, text }];
    if document.len() > LEARNED_BYTES_MAX {
        return Err(problem(1, format!("the file is over {} MiB", LEARNED_BYTES_MAX >> 20)));
    }
    let document: Document = serde_json::from_slice(document).map_err(|error| {
        let text = error.to_string();
        let bare = text.split(" at line ").next().unwrap_or(&text);
        problem(error.line() as u64, format!("not a learned baseline: {bare}"))
    })?;
    if document.kind != KIND || document.schema_version != LEARNED_SCHEMA_VERSION {
        let text = format!(
            "not a learned baseline of version {LEARNED_SCHEMA_VERSION}: kind `{}`, version {}",
            document.kind, document.schema_version
        );
        return Err(problem(1, text));
    }
    let mut check = Check { devices: document.devices, problems: Vec::new() };
    let learned = learned(document, &mut check);
    if check.problems.is_empty() { Ok(learned) } else { Err(check.problems) }
}

fn learned(document: Document, check: &mut Check) -> Learned {
    let sight = [Sight::Network, Sight::Telemetry].into_iter().find(|s| s.as_str() == document.sight);
    if sight.is_none() {
        check.add(|| "`sight` must be `network` or `telemetry`".to_owned());
    }
    let span = match (&document.first_day, &document.last_day) {
        (None, None) => None,
        (first, last) => check.span(first.as_deref(), last.as_deref(), "the file"),
    };
    let maxima = fleet_maxima(&document, check);
    let habits = document.habits.and_then(|known| habits(&known, check));
    let mut baseline =
        Baseline { devices: document.devices, device_days: document.device_days, ..Baseline::default() };
    places(&mut baseline, document.destinations, document.app_destinations, check);
    for App { app, devices, personal_devices } in document.apps {
        if let Some(app) = check.name(&app).filter(|_| check.counts(devices, &app)) {
            insert(&mut baseline.apps, app, AppReach { devices, personal_devices }, check);
        }
    }
    for Stack { stack, devices } in document.stacks {
        if let Some(stack) = check.name(&stack).filter(|_| check.counts(devices, &stack)) {
            insert(&mut baseline.stacks, stack, devices, check);
        }
    }
    by_app(&mut baseline, [document.apps_with_stacks, document.app_stacks, document.app_services], check);
    baseline.count_networks();
    let singles = singles(&document.seen_on_one_device);
    let (cut, sight) = (document.cut, sight.unwrap_or_default());
    Learned { baseline, span, singles, cut, maxima, habits, sight, ..Learned::default() }
}

/// The highest sums of device-days: as many as there were device-days.
fn fleet_maxima(document: &Document, check: &mut Check) -> FleetMaxima {
    if document.device_days > DEVICE_DAYS_MAX {
        check.add(|| "`device_days` is not a number of days that devices can have had".to_owned());
    }
    let maxima = FleetMaxima {
        first: maxima(&document.device_day_maxima, check),
        later: maxima(&document.later_device_day_maxima, check),
    };
    if maxima.device_days() != document.device_days {
        let (have, days) = (maxima.device_days(), document.device_days);
        check.add(|| format!("the device-day maxima hold {have} device-days, not {days}"));
    }
    maxima
}

/// Destinations, and those of apps.
fn places(baseline: &mut Baseline, of_all: Vec<Reached>, of_apps: Vec<Reached>, check: &mut Check) {
    for entry in of_all {
        if entry.app.is_some() {
            check.add(|| "an entry of `destinations` names an app".to_owned());
        }
        if let Some((_, destination, reach)) = reached(entry, check) {
            insert(&mut baseline.destinations, destination, reach, check);
        }
    }
    for entry in of_apps {
        match reached(entry, check) {
            Some((Some(app), destination, reach)) => {
                insert(&mut baseline.app_destinations, (app, destination), reach, check);
            }
            Some((None, ..)) => check.add(|| "an entry of `app_destinations` names no app".to_owned()),
            None => {}
        }
    }
}

const fn singles(counts: &Counts) -> Singles {
    let Counts { destinations, apps, app_destinations, stacks, app_stacks, app_services } = *counts;
    Singles { destinations, apps, app_destinations, stacks, app_stacks, app_services }
}

fn maxima(histogram: &Histogram, check: &mut Check) -> Maxima {
    let mut maxima = Maxima::default();
    if (histogram.bin_bans - BIN_BANS).abs() > 1e-9 {
        check.add(|| format!("`bin_bans` must be {BIN_BANS}"));
    }
    for (bin, days) in &histogram.bins {
        if *bin > BIN_MAX {
            check.add(|| format!("bin {bin} is above the last, {BIN_MAX}"));
        }
        maxima.add(*bin, *days);
    }
    maxima
}

fn habits(known: &KnownHabits, check: &mut Check) -> Option<Habits> {
    let bits = |text: &str| u64::from_str_radix(text, 16).ok();
    let read = || {
        let KnownHabits { is_complete, has_common, .. } = *known;
        let mut habits = Habits { is_complete, has_common, ..Habits::until(day_of(&known.last_day)?) };
        for (device, days) in &known.devices {
            habits.devices.insert(bits(device)?, DaySet::from_bits(bits(days)?));
        }
        for (series, first, judged) in &known.series {
            let habit = Habit { first_day: day_of(first)?, judged: DaySet::from_bits(bits(judged)?) };
            habits.series.insert(bits(series)?, habit);
        }
        for (place, since) in &known.open {
            habits.open.insert(bits(place)?, day_of(since)?);
        }
        Some(habits)
    };
    let habits = read();
    if habits.is_none() {
        check.add(|| "`habits` hold something that is no date and no hexadecimal number".to_owned());
    }
    habits
}

fn reached(entry: Reached, check: &mut Check) -> Option<(Option<Box<str>>, Destination, Reach)> {
    let destination = match (entry.domain, entry.address, entry.group) {
        (Some(domain), None, None) => Destination::Domain(check.name(&domain)?),
        (None, Some(addr), None) => Destination::Address(addr.to_canonical()),
        (None, None, Some(group)) => Destination::Group(check.name(&group)?),
        _ => {
            check.add(|| "an entry must name one of `domain`, `address` and `group`".to_owned());
            return None;
        }
    };
    let name = destination.to_string();
    let (first_day, last_day) = check.span(Some(&entry.first_day), Some(&entry.last_day), &name)?;
    let is_counted = check.counts(entry.devices, &name);
    let polled = entry.polled.min(entry.devices);
    let app = entry.app.map(|app| check.name(&app)).map_or(Some(None), |app| app.map(Some))?;
    is_counted.then_some((app, destination, Reach { devices: entry.devices, polled, first_day, last_day }))
}

/// Apps with any stack known, their stacks, and their services.
fn by_app(baseline: &mut Baseline, [with_stacks, stacks, services]: [Vec<Known>; 3], check: &mut Check) {
    for entry in with_stacks {
        if let Some((app, devices)) = known(&entry, [entry.stack.is_none(), entry.service.is_none()], check) {
            insert(&mut baseline.app_stack_devices, app, devices, check);
        }
    }
    for entry in stacks {
        if let Some((app, devices)) = known(&entry, [entry.stack.is_some(), entry.service.is_none()], check)
            && let Some(stack) = check.name(entry.stack.as_deref().unwrap_or_default())
        {
            insert(&mut baseline.app_stacks, (app, stack), devices, check);
        }
    }
    for entry in services {
        let service = entry.service.as_deref().and_then(Service::from_name);
        if let Some((app, devices)) = known(&entry, [entry.stack.is_none(), service.is_some()], check)
            && let Some(service) = service
        {
            insert(&mut baseline.app_services, (app, service), devices, check);
        }
    }
}

/// The app of an entry and its devices, where its other fields are as they must be.
fn known(entry: &Known, fields: [bool; 2], check: &mut Check) -> Option<(Box<str>, u32)> {
    let app = check.name(&entry.app).filter(|_| check.counts(entry.devices, &entry.app))?;
    if fields.contains(&false) {
        check.add(|| format!("an entry of `{}` has not the fields of its list", entry.app));
        return None;
    }
    Some((app, entry.devices))
}

fn insert<K: Ord, V>(map: &mut BTreeMap<K, V>, key: K, value: V, check: &mut Check) {
    if map.insert(key, value).is_some() {
        check.add(|| "an entry is given twice".to_owned());
    }
}

/// Problems found so far, and what entries are held against.
struct Check {
    devices: u32,
    problems: Vec<Problem>,
}

impl Check {
    fn add(&mut self, text: impl FnOnce() -> String) {
        if self.problems.len() < PROBLEMS_MAX {
            self.problems.push(Problem { line: 1, text: text() });
        }
    }

    fn name(&mut self, text: &str) -> Option<Box<str>> {
        let is_name = !text.is_empty() && text.len() <= NAME_BYTES_MAX;
        if !is_name {
            self.add(|| format!("a name is empty or over {NAME_BYTES_MAX} bytes"));
        }
        is_name.then(|| text.into())
    }

    /// Whether a number of devices can stand in the file: one device alone is never normal.
    fn counts(&mut self, devices: u32, name: &str) -> bool {
        let can_be = (2..=self.devices).contains(&devices);
        if !can_be {
            let all = self.devices;
            self.add(|| format!("`{name}`: {devices} devices; it must be 2 to {all}, all devices"));
        }
        can_be
    }

    fn span(&mut self, first: Option<&str>, last: Option<&str>, name: &str) -> Option<(Day, Day)> {
        let days = first.and_then(day_of).zip(last.and_then(day_of)).filter(|(first, last)| first <= last);
        if days.is_none() {
            self.add(|| format!("`{name}`: `first_day` and `last_day` must be dates in order"));
        }
        days
    }
}

fn day_of(text: &str) -> Option<Day> {
    let mut parts = text.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    let found = Day::from_ymd(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)?;
    parts.next().is_none().then_some(found)
}
