//! Numbers for the run summary, added up device by device.

use crate::scan::devices::Device;
use crate::telemetry::Clocks;
use std::collections::BTreeMap;
use undertone_core::attribution::AttributionMethod;
use undertone_core::model::Day;
use undertone_core::weigh::HISTORY_DAYS_MIN;

/// Numbers for the run summary.
#[derive(Debug, Clone, Default)]
pub(in crate::scan) struct Totals {
    pub(in crate::scan) devices: u64,
    pub(in crate::scan) device_days: u64,
    /// Of them, days of devices that were seen on days enough before.
    pub(in crate::scan) device_days_later: u64,
    pub(in crate::scan) series: u64,
    pub(in crate::scan) sessions: u64,
    pub(in crate::scan) duplicates: u64,
    /// Connections by how their app was found.
    pub(in crate::scan) methods: BTreeMap<AttributionMethod, u64>,
    /// What telemetry and network logs say of each other's clocks.
    pub(in crate::scan) clocks: Clocks,
    /// Records left out of devices with too many of them for one destination.
    pub(in crate::scan) left_out: u64,
    /// Destinations of devices that were folded into a count.
    pub(in crate::scan) folded: u64,
    /// Series that may be machines' that were left out.
    pub(in crate::scan) pruned: u64,
    /// Machine-driven series that others are not compared with.
    pub(in crate::scan) unmarked: u64,
    /// Series of devices with very many that are not looked at for a rotation.
    pub(in crate::scan) strays_cut: u64,
    /// Addresses and stacks of devices that were left out.
    pub(in crate::scan) cut: u64,
}

impl Totals {
    /// Adds a device.
    pub(in crate::scan) fn add(&mut self, device: &Device) {
        self.devices += 1;
        self.device_days += device.report.days.len() as u64;
        self.device_days_later += days_with_a_past(&device.report.days);
        self.series += device.report.series_total;
        self.sessions += device.report.sessions;
        self.duplicates += device.duplicates;
        for (method, count) in &device.methods {
            *self.methods.entry(*method).or_default() += count;
        }
        self.clocks.add(&device.id, device.clock);
        self.left_out += device.left_out;
        self.cut += device.report.cut;
        self.folded += device.folded;
        self.pruned += device.pruned;
        self.strays_cut += device.report.strays_cut;
    }

    /// The totals of several windows over the same inputs: of each number the larger, since windows overlap.
    pub(in crate::scan) fn latest(mut self, earlier: Self) -> Self {
        let more = |mine: &mut u64, other: u64| *mine = (*mine).max(other);
        more(&mut self.devices, earlier.devices);
        more(&mut self.device_days, earlier.device_days);
        more(&mut self.device_days_later, earlier.device_days_later);
        more(&mut self.series, earlier.series);
        more(&mut self.sessions, earlier.sessions);
        more(&mut self.duplicates, earlier.duplicates);
        more(&mut self.left_out, earlier.left_out);
        more(&mut self.folded, earlier.folded);
        more(&mut self.pruned, earlier.pruned);
        more(&mut self.unmarked, earlier.unmarked);
        more(&mut self.strays_cut, earlier.strays_cut);
        more(&mut self.cut, earlier.cut);
        self.clocks = self.clocks.larger(earlier.clocks);
        for (method, count) in earlier.methods {
            more(self.methods.entry(method).or_default(), count);
        }
        self
    }
}

/// Days of an ascending list with days enough before them.
fn days_with_a_past(days: &[Day]) -> u64 {
    (days.len() as u64).saturating_sub(u64::from(HISTORY_DAYS_MIN))
}
