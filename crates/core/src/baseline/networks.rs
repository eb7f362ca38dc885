//! Nameless addresses by their network: a service that answers without names does so under many addresses side by side.
//!
//! A messenger's data centre gives each phone one of dozens of addresses. Each is rare, and together they are
//! everybody's. So nameless addresses are counted by network as well, each device once.

use super::merge::unite_devices;
use super::{Reach, Reported};
use crate::series::Destination;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Bits of a network: the smallest that is routed on the Internet by itself (RIPE-399, RIPE-532).
const V4_BITS: u8 = 24;
const V6_BITS: u8 = 48;

/// Devices that reach nameless addresses, by network.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Networks {
    all: BTreeMap<IpAddr, u32>,
    by_app: BTreeMap<(Box<str>, IpAddr), u32>,
}

impl Networks {
    /// Adds what one device reached.
    pub(super) fn add(&mut self, reached: &[Reported]) {
        let (mut all, mut by_app) = (BTreeSet::new(), BTreeSet::new());
        for reported in reached {
            let Some(network) = network_of(&reported.destination) else { continue };
            all.insert(network);
            by_app.extend(reported.app.as_deref().map(|app| (app, network)));
        }
        for network in all {
            *self.all.entry(network).or_default() += 1;
        }
        for (app, network) in by_app {
            *self.by_app.entry((app.into(), network)).or_default() += 1;
        }
    }

    /// What devices reached, known by address only: a device that reaches two of a network counts twice.
    pub(super) fn of_counted(
        all: &BTreeMap<Destination, Reach>,
        by_app: &BTreeMap<(Box<str>, Destination), Reach>,
    ) -> Self {
        let mut networks = Self::default();
        let all = all.iter().filter_map(|(to, reach)| Some((network_of(to)?, reach.devices)));
        let by_app = by_app
            .iter()
            .filter_map(|((app, to), reach)| Some(((app.clone(), network_of(to)?), reach.devices)));
        unite_devices(&mut networks.all, all, &u32::saturating_add);
        unite_devices(&mut networks.by_app, by_app, &u32::saturating_add);
        networks
    }

    /// Adds the networks of other devices, or of some of the same: see [`super::Baseline::merge_learned`].
    pub(super) fn merge(&mut self, other: Self, unite: &impl Fn(u32, u32) -> u32) {
        unite_devices(&mut self.all, other.all, unite);
        unite_devices(&mut self.by_app, other.by_app, unite);
    }

    /// Devices that reach the network of a destination; 0 for a name.
    pub(super) fn devices(&self, destination: &Destination) -> u32 {
        network_of(destination).and_then(|network| self.all.get(&network)).copied().unwrap_or(0)
    }

    /// Devices on which an app does.
    pub(super) fn devices_by(&self, app: &str, destination: &Destination) -> u32 {
        let known = network_of(destination).and_then(|network| self.by_app.get(&(app.into(), network)));
        known.copied().unwrap_or(0)
    }
}

/// The network of a nameless address, as its first address.
fn network_of(destination: &Destination) -> Option<IpAddr> {
    match destination {
        Destination::Address(IpAddr::V4(addr)) => {
            let [a, b, c, _] = addr.octets();
            Some(IpAddr::V4(Ipv4Addr::new(a, b, c, 0)))
        }
        Destination::Address(IpAddr::V6(addr)) => {
            let [a, b, c, ..] = addr.segments();
            Some(IpAddr::V6(Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0)))
        }
        Destination::Domain(_) | Destination::Group(_) => None,
    }
}

/// How a network is told: `nameless addresses of 149.154.167.0/24`.
pub(super) fn label(destination: &Destination) -> Option<String> {
    let network = network_of(destination)?;
    let bits = if network.is_ipv4() { V4_BITS } else { V6_BITS };
    Some(format!("nameless addresses of {network}/{bits}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Day;

    fn reported(app: Option<&str>, addr: &str) -> Reported {
        let day = Day::from_number(20_000);
        Reported {
            app: app.map(Box::from),
            destination: Destination::Address(addr.parse().unwrap()),
            first_day: day,
            last_day: day,
            sightings: 9,
        }
    }

    #[test]
    fn a_device_counts_once_in_a_network() {
        let mut networks = Networks::default();
        networks.add(&[reported(Some("chat"), "192.0.2.5"), reported(Some("chat"), "192.0.2.77")]);
        networks.add(&[reported(None, "192.0.2.9"), reported(None, "2001:db8:1::7")]);
        let at = |addr: &str| Destination::Address(addr.parse().unwrap());
        assert_eq!(networks.devices(&at("192.0.2.200")), 2);
        assert_eq!(networks.devices_by("chat", &at("192.0.2.200")), 1);
        assert_eq!(networks.devices(&at("192.0.3.5")), 0);
        assert_eq!(networks.devices(&at("2001:db8:1:f::1")), 1);
        assert_eq!(networks.devices(&Destination::Domain("a.example".into())), 0);
        assert_eq!(label(&at("192.0.2.5")).unwrap(), "nameless addresses of 192.0.2.0/24");
    }
}
