//! What changed from one learned baseline to another.

use crate::findings::text::escaped;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use undertone_core::baseline::Learned;

/// Change of the share of devices from which an entry of both counts as changed: five in a hundred.
const CHANGED_SHARE: f64 = 0.05;

/// Writes the difference of two baselines as shares of devices: `+` is new, `-` is gone, `~` changed by at least 5 %
/// of the devices; largest change first, `named_max` of each kind at the most. Returns how many entries differ.
///
/// # Errors
/// Those of `out`.
pub fn write_difference(
    out: &mut dyn Write,
    before: &Learned,
    after: &Learned,
    named_max: usize,
) -> io::Result<u64> {
    let numbers = |learned: &Learned| {
        format!("{} devices, {} device-days", learned.baseline.devices, learned.baseline.device_days)
    };
    writeln!(out, "{} -> {}", numbers(before), numbers(after))?;
    let mut count = 0;
    for (what, shares) in [
        ("destinations", destinations as fn(&Learned) -> BTreeMap<String, u32>),
        ("apps", apps),
        ("destinations by app", app_destinations),
        ("networking stacks", stacks),
        ("networking stacks by app", app_stacks),
        ("services by app", app_services),
    ] {
        let changes = changes(before, after, shares);
        writeln!(out, "\n{what}: {} differ", changes.len())?;
        for change in changes.iter().take(named_max) {
            let Change { mark, was, is, name } = change;
            writeln!(out, "  {mark} {:5.1} % -> {:5.1} %  {}", was * 100.0, is * 100.0, escaped(name))?;
        }
        if changes.len() > named_max {
            writeln!(out, "  and {} more", changes.len() - named_max)?;
        }
        count += changes.len() as u64;
    }
    Ok(count)
}

struct Change {
    mark: char,
    was: f64,
    is: f64,
    name: String,
}

fn changes(before: &Learned, after: &Learned, of: fn(&Learned) -> BTreeMap<String, u32>) -> Vec<Change> {
    let (old, new) = (of(before), of(after));
    let share = |map: &BTreeMap<String, u32>, learned: &Learned, name: &str| {
        f64::from(map.get(name).copied().unwrap_or(0)) / f64::from(learned.baseline.devices.max(1))
    };
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let mut found: Vec<Change> = names
        .into_iter()
        .filter_map(|name| {
            let (was, is) = (share(&old, before, name), share(&new, after, name));
            let mark = match (old.contains_key(name), new.contains_key(name)) {
                (false, _) => '+',
                (_, false) => '-',
                _ if (was - is).abs() >= CHANGED_SHARE => '~',
                _ => return None,
            };
            Some(Change { mark, was, is, name: name.clone() })
        })
        .collect();
    found.sort_by(|a, b| {
        (b.is - b.was).abs().total_cmp(&(a.is - a.was).abs()).then_with(|| a.name.cmp(&b.name))
    });
    found
}

fn destinations(learned: &Learned) -> BTreeMap<String, u32> {
    learned.baseline.destinations.iter().map(|(to, reach)| (to.to_string(), reach.devices)).collect()
}

fn apps(learned: &Learned) -> BTreeMap<String, u32> {
    learned.baseline.apps.iter().map(|(app, reach)| (app.to_string(), reach.devices)).collect()
}

fn app_destinations(learned: &Learned) -> BTreeMap<String, u32> {
    let reached = learned.baseline.app_destinations.iter();
    reached.map(|((app, to), reach)| (format!("{app} to {to}"), reach.devices)).collect()
}

fn stacks(learned: &Learned) -> BTreeMap<String, u32> {
    learned.baseline.stacks.iter().map(|(stack, devices)| (stack.to_string(), *devices)).collect()
}

fn app_stacks(learned: &Learned) -> BTreeMap<String, u32> {
    let shown = learned.baseline.app_stacks.iter();
    shown.map(|((app, stack), devices)| (format!("{app} with {stack}"), *devices)).collect()
}

fn app_services(learned: &Learned) -> BTreeMap<String, u32> {
    let spoken = learned.baseline.app_services.iter();
    spoken.map(|((app, service), devices)| (format!("{app} over {}", service.as_str()), *devices)).collect()
}
