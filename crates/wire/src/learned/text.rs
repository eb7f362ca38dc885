//! A learned baseline in words.

use crate::findings::text::escaped;
use std::io::{self, Write};
use undertone_core::baseline::{FLEET_DEVICES_MIN, Learned};

/// Writes what a baseline holds: the numbers behind it, its calibration, and the most of each kind, `named_max` at
/// the most.
///
/// # Errors
/// Those of `out`.
pub fn write_learned_text(out: &mut dyn Write, learned: &Learned, named_max: usize) -> io::Result<()> {
    let Learned { baseline, singles, .. } = learned;
    let days = learned.span.map_or_else(String::new, |(first, last)| format!(", {first} to {last}"));
    writeln!(out, "{} devices, {} device-days{days}", baseline.devices, baseline.device_days)?;
    writeln!(out, "learned with {}", sight(learned))?;
    if baseline.devices < FLEET_DEVICES_MIN {
        writeln!(
            out,
            "fewer than {FLEET_DEVICES_MIN} devices: no fleet of its own and no calibration; it adds to a scan's"
        )?;
    } else {
        write_calibration(out, learned)?;
    }
    let total = baseline.devices;
    let destinations = baseline.destinations.iter().map(|(to, reach)| (to.to_string(), reach.devices));
    section(out, ("destinations", singles.destinations), destinations.collect(), (total, named_max))?;
    let apps = baseline.apps.iter().map(|(app, reach)| (app.to_string(), reach.devices));
    section(out, ("apps", singles.apps), apps.collect(), (total, named_max))?;
    let by_app =
        baseline.app_destinations.iter().map(|((app, to), reach)| (format!("{app} to {to}"), reach.devices));
    section(out, ("destinations by app", singles.app_destinations), by_app.collect(), (total, named_max))?;
    let stacks = baseline.stacks.iter().map(|(stack, devices)| (stack.to_string(), *devices));
    section(out, ("networking stacks", singles.stacks), stacks.collect(), (total, named_max))?;
    let by_app =
        baseline.app_stacks.iter().map(|((app, stack), devices)| (format!("{app} with {stack}"), *devices));
    section(out, ("networking stacks by app", singles.app_stacks), by_app.collect(), (total, named_max))?;
    let by_app = baseline.app_services.iter();
    let by_app =
        by_app.map(|((app, service), devices)| (format!("{app} over {}", service.as_str()), *devices));
    section(out, ("services by app", singles.app_services), by_app.collect(), (total, named_max))?;
    if learned.cut > 0 {
        writeln!(out, "\n{} entries of the fewest devices were left out to bound the file", learned.cut)?;
    }
    Ok(())
}

fn sight(learned: &Learned) -> &'static str {
    match learned.sight {
        undertone_core::score::budget::Sight::Network => "network logs alone",
        undertone_core::score::budget::Sight::Telemetry => "telemetry that names apps",
    }
}

/// The tails of device-day maxima, or that there are none.
fn write_calibration(out: &mut dyn Write, learned: &Learned) -> io::Result<()> {
    let (first, later) = learned.tails(learned.sight);
    let phones = [
        ("phones seen for the first time", first, learned.maxima.first.device_days()),
        ("phones with two days before", later, learned.maxima.later.device_days()),
    ];
    for (which, tail, days) in phones {
        let Some(tail) = tail else {
            writeln!(out, "{which}: no calibration, {days} device-days are too few, about 625 are needed")?;
            continue;
        };
        // One in 1,000 device-days: the weight at which the law above the threshold has fallen that far.
        let once = tail.threshold_bans + tail.scale_bans * (1000.0 * tail.rate).max(1.0).ln();
        writeln!(
            out,
            "{which}: {:.1} % of device-days show {:.2} bans or more; {once:.2} once in 1,000 (extrapolated)",
            tail.rate * 100.0,
            tail.threshold_bans
        )?;
    }
    Ok(())
}

fn section(
    out: &mut dyn Write,
    (what, singles): (&str, u64),
    mut entries: Vec<(String, u32)>,
    (total, named_max): (u32, usize),
) -> io::Result<()> {
    entries.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    writeln!(out, "\n{what}: {} shared, {singles} on one device (not named)", entries.len())?;
    for (name, devices) in entries.iter().take(named_max) {
        let share = f64::from(*devices) / f64::from(total.max(1)) * 100.0;
        writeln!(out, "  {share:5.1} %  {devices:>7}  {}", escaped(name))?;
    }
    match entries.len().saturating_sub(named_max) {
        more if more > 0 && named_max > 0 => writeln!(out, "  and {more} more"),
        _ => Ok(()),
    }
}
