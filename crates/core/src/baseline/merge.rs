//! Summaries put together: parts of one fleet, and what was learned of it before.

use super::{Baseline, Reach};
use std::collections::BTreeMap;

impl Baseline {
    /// Adds the summary of other devices. A stored one may claim any number of them: sums end at the highest.
    pub fn merge(&mut self, other: Self) {
        self.merge_by(other, &u32::saturating_add);
    }

    /// Adds what was learned on days before, when `again` (0..=1) of the devices here were among those that it was learned
    /// of: nobody counts twice. A summary does not say which of its devices reach a destination. That as many of the fewer
    /// that do here and there are the same ones as of all is the estimate: all of them when `again` is 1.
    pub fn merge_learned(&mut self, learned: Self, again: f64) {
        let unite = |here: u32, there: u32| {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a count")]
            let twice = (again.clamp(0.0, 1.0) * f64::from(here.min(there))).round() as u32;
            here.saturating_add(there - twice)
        };
        self.merge_by(learned, &unite);
    }

    fn merge_by(&mut self, other: Self, unite: &impl Fn(u32, u32) -> u32) {
        self.devices = unite(self.devices, other.devices);
        self.device_days = self.device_days.saturating_add(other.device_days);
        self.networks.merge(other.networks, unite);
        for (destination, reach) in other.destinations {
            unite_reach(&mut self.destinations, destination, reach, unite);
        }
        for (key, reach) in other.app_destinations {
            unite_reach(&mut self.app_destinations, key, reach, unite);
        }
        for (app, reach) in other.apps {
            let known = self.apps.entry(app).or_default();
            known.devices = unite(known.devices, reach.devices);
            known.personal_devices = unite(known.personal_devices, reach.personal_devices);
        }
        unite_devices(&mut self.stacks, other.stacks, unite);
        unite_devices(&mut self.app_stacks, other.app_stacks, unite);
        unite_devices(&mut self.app_stack_devices, other.app_stack_devices, unite);
        unite_devices(&mut self.app_services, other.app_services, unite);
    }
}

impl Reach {
    pub(super) fn merge(&mut self, other: Self, unite: &impl Fn(u32, u32) -> u32) {
        self.devices = unite(self.devices, other.devices);
        self.polled = unite(self.polled, other.polled);
        self.first_day = self.first_day.min(other.first_day);
        self.last_day = self.last_day.max(other.last_day);
    }
}

pub(super) fn unite_reach<K: Ord>(
    map: &mut BTreeMap<K, Reach>,
    key: K,
    reach: Reach,
    unite: &impl Fn(u32, u32) -> u32,
) {
    map.entry(key).and_modify(|known| known.merge(reach, unite)).or_insert(reach);
}

pub(super) fn unite_devices<K: Ord>(
    map: &mut BTreeMap<K, u32>,
    other: impl IntoIterator<Item = (K, u32)>,
    unite: &impl Fn(u32, u32) -> u32,
) {
    for (key, devices) in other {
        let known = map.entry(key).or_default();
        *known = unite(*known, devices);
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::report;
    use super::super::{AppReach, Baseline, Reach};
    use crate::device::DeviceReport;
    use crate::model::Day;
    use crate::series::{Destination, Service};

    #[test]
    fn merging_parts_is_adding_all() {
        let reports: Vec<DeviceReport> =
            (0..10).map(|n| report("a", &["x.example", &format!("d{}.example", n % 3)])).collect();
        let mut whole = Baseline::default();
        for report in &reports {
            whole.add_device(report);
        }
        let (mut left, mut right) = (Baseline::default(), Baseline::default());
        reports[..4].iter().for_each(|report| left.add_device(report));
        reports[4..].iter().for_each(|report| right.add_device(report));
        right.merge(left);
        assert_eq!(right, whole);
    }

    #[test]
    fn who_was_learned_of_counts_once() {
        let reports: Vec<DeviceReport> =
            (0..8).map(|n| report("a", &["x.example", &format!("d{}.example", n % 4)])).collect();
        let mut fleet = Baseline::default();
        for report in &reports {
            fleet.add_device(report);
        }
        let merged = |again| {
            let mut both = fleet.clone();
            both.merge_learned(fleet.clone(), again);
            both
        };
        assert_eq!(merged(1.0), Baseline { device_days: 16, ..fleet.clone() });
        assert_eq!(merged(0.5).devices, 12);
        let mut summed = fleet.clone();
        summed.merge(fleet.clone());
        assert_eq!(merged(0.0), summed);
    }

    #[test]
    fn parts_that_share_a_network_merge_to_it() {
        let at = |last: u8| Destination::Address([192, 0, 2, last].into());
        let report = |last| {
            let mut report = report("a", &["x.example"]);
            report.reached.iter_mut().for_each(|reached| reached.destination = at(last));
            report
        };
        let (mut left, mut right) = (Baseline::default(), Baseline::default());
        (0..20).for_each(|last| left.add_device(&report(last)));
        (20..40).for_each(|last| right.add_device(&report(last)));
        right.merge(left);
        assert_eq!(right.others_reaching(&at(99)), 39);
        assert_eq!(right.others_reaching_by("a", &at(99)), 39);
    }

    #[test]
    fn a_summary_that_claims_any_number_of_devices_does_not_wrap() {
        let mut claimed = Baseline { devices: u32::MAX, device_days: u64::MAX, ..Baseline::default() };
        let (first_day, last_day) = (Day::from_number(1), Day::from_number(2));
        for last in 0..3 {
            let reach = Reach { devices: u32::MAX, polled: u32::MAX, first_day, last_day };
            claimed.destinations.insert(Destination::Address([192, 0, 2, last].into()), reach);
        }
        claimed.apps.insert("a".into(), AppReach { devices: u32::MAX, personal_devices: u32::MAX });
        claimed.app_services.insert(("a".into(), Service::Tls), u32::MAX);
        claimed.count_networks();
        let mut fleet = claimed.clone();
        fleet.merge(claimed);
        assert_eq!((fleet.devices, fleet.device_days), (u32::MAX, u64::MAX));
        assert_eq!(fleet.app_services.values().copied().collect::<Vec<_>>(), [u32::MAX]);
        assert_eq!(fleet.others_reaching(&Destination::Address([192, 0, 2, 9].into())), u32::MAX - 1);
    }
}
