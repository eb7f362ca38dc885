//! The file, written.

use super::{KIND, LEARNED_SCHEMA_VERSION};
use serde_json::{Value, json};
use std::io::{self, Write};
use undertone_core::baseline::{Habits, Learned, Reach};
use undertone_core::score::history::{BIN_BANS, Maxima};
use undertone_core::series::Destination;

/// Writes a learned baseline.
///
/// # Errors
/// Those of `out`.
pub fn write_learned(out: &mut dyn Write, learned: &Learned) -> io::Result<()> {
    let Learned { baseline, span, singles, cut, maxima, habits, phones: _, sight } = learned;
    let day = |day: Option<String>| day.map_or(Value::Null, Value::String);
    writeln!(out, "{{")?;
    for (name, value) in [
        ("kind", json!(KIND)),
        ("schema_version", json!(LEARNED_SCHEMA_VERSION)),
        ("sight", json!(sight.as_str())),
        ("devices", json!(baseline.devices)),
        ("device_days", json!(baseline.device_days)),
        ("first_day", day(span.map(|(first, _)| first.to_string()))),
        ("last_day", day(span.map(|(_, last)| last.to_string()))),
        ("cut", json!(cut)),
        (
            "seen_on_one_device",
            json!({
                "destinations": singles.destinations, "apps": singles.apps,
                "app_destinations": singles.app_destinations, "stacks": singles.stacks,
                "app_stacks": singles.app_stacks, "app_services": singles.app_services,
            }),
        ),
        ("device_day_maxima", histogram(&maxima.first)),
        ("later_device_day_maxima", histogram(&maxima.later)),
    ] {
        writeln!(out, "\"{name}\": {value},")?;
    }
    let destinations = baseline.destinations.iter().map(|(to, reach)| reached(None, to, reach));
    list(out, "destinations", destinations, ",")?;
    let apps = baseline.apps.iter().map(|(app, reach)| {
        json!({ "app": app, "devices": reach.devices, "personal_devices": reach.personal_devices })
    });
    list(out, "apps", apps, ",")?;
    let by_app = baseline.app_destinations.iter().map(|((app, to), reach)| reached(Some(app), to, reach));
    list(out, "app_destinations", by_app, ",")?;
    let stacks = baseline.stacks.iter().map(|(stack, devices)| json!({ "stack": stack, "devices": devices }));
    list(out, "stacks", stacks, ",")?;
    // On how many devices any of an app's stacks is known.
    let by_app =
        baseline.app_stack_devices.iter().map(|(app, devices)| json!({ "app": app, "devices": devices }));
    list(out, "apps_with_stacks", by_app, ",")?;
    let by_app = baseline
        .app_stacks
        .iter()
        .map(|((app, stack), devices)| json!({ "app": app, "stack": stack, "devices": devices }));
    list(out, "app_stacks", by_app, ",")?;
    let by_app = baseline.app_services.iter().map(
        |((app, service), devices)| json!({ "app": app, "service": service.as_str(), "devices": devices }),
    );
    list(out, "app_services", by_app, if habits.is_some() { "," } else { "" })?;
    if let Some(habits) = habits {
        write_habits(out, habits)?;
    }
    writeln!(out, "}}")
}

fn histogram(maxima: &Maxima) -> Value {
    json!({ "bin_bans": BIN_BANS, "bins": maxima.bins().collect::<Vec<_>>() })
}

fn write_habits(out: &mut dyn Write, habits: &Habits) -> io::Result<()> {
    let Habits { last_day, is_complete, has_common, .. } = habits;
    writeln!(out, "\"habits\": {{\n\"last_day\": \"{last_day}\",")?;
    writeln!(out, "\"is_complete\": {is_complete},\n\"has_common\": {has_common},")?;
    let devices = habits.devices.iter().map(|(device, days)| json!([hex(*device), hex(days.bits())]));
    list(out, "devices", devices, ",")?;
    let series = habits
        .series
        .iter()
        .map(|(series, habit)| json!([hex(*series), habit.first_day.to_string(), hex(habit.judged.bits())]));
    list(out, "series", series, ",")?;
    let open = habits.open.iter().map(|(place, since)| json!([hex(*place), since.to_string()]));
    list(out, "open", open, "")?;
    writeln!(out, "}}")
}

/// 64 bits: JSON's own numbers lose some.
fn hex(bits: u64) -> String {
    format!("{bits:x}")
}

fn list(out: &mut dyn Write, name: &str, entries: impl Iterator<Item = Value>, end: &str) -> io::Result<()> {
    write!(out, "\"{name}\": [")?;
    let mut is_first = true;
    for entry in entries {
        out.write_all(if is_first { b"\n " } else { b",\n " })?;
        write!(out, "{entry}")?;
        is_first = false;
    }
    writeln!(out, "{}]{end}", if is_first { "" } else { "\n" })
}

fn reached(app: Option<&str>, destination: &Destination, reach: &Reach) -> Value {
    let (field, name) = match destination {
        Destination::Domain(name) => ("domain", name.to_string()),
        Destination::Address(addr) => ("address", addr.to_string()),
        Destination::Group(name) => ("group", name.to_string()),
    };
    let mut entry = json!({
        field: name, "devices": reach.devices,
        "first_day": reach.first_day.to_string(), "last_day": reach.last_day.to_string(),
    });
    if let Some(fields) = entry.as_object_mut() {
        fields.extend((reach.polled > 0).then(|| ("polled".to_owned(), json!(reach.polled))));
        fields.extend(app.map(|app| ("app".to_owned(), json!(app))));
    }
    entry
}
