//! From drafts to findings: the budget over the whole run.

use super::bounds;
use super::details::find_details;
use super::devices::Device;
use super::fleet::Fleet;
use super::second::{Second, Tested};
use super::settings::Settings;
use std::collections::BTreeMap;
use std::io;
use undertone_core::device::DeviceReport;
use undertone_core::finding::{Finding, add_context};
use undertone_core::score::{DecideOptions, Depth, Tails, decide, reference};

/// What each device comes to, by its id.
type ReportsById<'r> = BTreeMap<&'r str, &'r DeviceReport>;

fn reports_of(devices: &[Device]) -> ReportsById<'_> {
    devices.iter().map(|device| (device.id.as_str(), &device.report)).collect()
}

/// Sums over the days, without a past and with one.
pub(super) fn summed(second: &Second<'_>, of: fn(&Tested) -> [u64; 2]) -> [u64; 2] {
    second.tested.values().map(of).fold([0; 2], |[a, b], [first, later]| [a + first, b + later])
}

/// Device-days of phones without and with a past. A learned baseline may know a past that the inputs do not: all
/// device-days are split as those are that have series.
fn days_by_past(second: &Second<'_>, device_days: u64) -> (u64, u64) {
    let [first, later] = summed(second, |tested| tested.devices);
    let later = (device_days * later).checked_div(first + later).unwrap_or(0);
    (device_days - later, later)
}

/// Floors, budget and leads of what was found on so many device-days.
///
/// # Errors
/// A temporary file that cannot be read.
pub(super) fn verdict(
    second: Second<'_>,
    device_days: u64,
    (fleet, settings): (&Fleet, &Settings),
    threads: usize,
) -> io::Result<Vec<Finding>> {
    let (days_first, days_later) = days_by_past(&second, device_days);
    let [loud_first, loud_later] = summed(&second, |tested| tested.loud);
    let Second { drafts, tested, fixed, shortened, .. } = second;
    let (first, later) = settings.learned.as_ref().map_or((None, None), |known| known.tails(fixed.sight));
    let tails = Tails {
        first: first.unwrap_or_else(|| reference::first(fixed.sight).in_fleet(loud_first, days_first)),
        later: later.unwrap_or_else(|| reference::later(fixed.sight).in_fleet(loud_later, days_later)),
    };
    let options = DecideOptions {
        is_fleet: fixed.baseline.is_fleet(),
        tails,
        budget_per_1000: settings.thresholds.global.alert_budget_per_1000_device_days,
    };
    let tested = tested.iter().map(|(day, tested)| (*day, tested.devices.iter().sum())).collect();
    let mut findings = decide(drafts, &tested, &options);
    find_details(&mut findings, &shortened, (&options, threads), |number| {
        Ok(fixed.device(fleet, settings, number, Depth::Candidates)?.found.drafts)
    })?;
    bounds::tell(&mut findings, fleet);
    add_context(&mut findings, &fixed.baseline, &settings.thresholds, &reports_of(&fleet.devices));
    Ok(findings)
}
