//! Machine-driven series of the fleet, by role: what a series is compared with.

use super::Features;
use std::collections::BTreeMap;

/// Peers that a role must have before it is asked; below, all roles together are.
const ROLE_PEERS_MIN: usize = 50;

/// One machine-driven series of some device.
#[derive(Debug, Clone, PartialEq)]
pub struct Peer {
    /// Number of the device.
    pub device: u32,
    /// Role of its app, `network_only` when unknown.
    pub role: Box<str>,
    /// Its numbers.
    pub features: Features,
}

/// How unusual a value is among peers of other devices.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Surprise {
    /// `(1 + peers at least as extreme) / (1 + peers)`.
    pub p_value: f64,
    /// Peers asked.
    pub peers: u64,
    /// Their median; `None` without peers.
    pub median: Option<f64>,
}

/// Which feature is compared.
type Feature = fn(&Features) -> Option<f64>;

/// All features that are compared, in a fixed order.
const FEATURES: [Feature; 8] = [
    |f| Some(f.reach),
    |f| f.orig_spread,
    |f| f.resp_spread,
    |f| f.asymmetry,
    |f| Some(f.rate_per_hour),
    |f| f.stack_share,
    |f| f.locked_share,
    |f| f.unattended_share,
];

/// Values of one feature: all, and by device, each ascending.
#[derive(Debug, Clone, PartialEq, Default)]
struct Column {
    all: Vec<f64>,
    by_device: BTreeMap<u32, Vec<f64>>,
}

impl Column {
    fn at_most(sorted: &[f64], value: f64) -> usize {
        sorted.partition_point(|known| *known <= value)
    }

    fn below(sorted: &[f64], value: f64) -> usize {
        sorted.partition_point(|known| *known < value)
    }

    /// The upper median of all but some of the values; `None` when nothing is left.
    fn median_without(&self, own: &[f64]) -> Option<f64> {
        let middle = (self.all.len() - own.len()) / 2;
        let left = |value: f64| Self::at_most(&self.all, value) - Self::at_most(own, value);
        self.all.get(self.all.partition_point(|value| left(*value) <= middle)).copied()
    }

    fn surprise(&self, device: u32, value: f64, is_low: bool) -> Surprise {
        let own = self.by_device.get(&device).map(Vec::as_slice).unwrap_or_default();
        let extreme = |sorted: &[f64]| {
            if is_low { Self::at_most(sorted, value) } else { sorted.len() - Self::below(sorted, value) }
        };
        let peers = self.all.len() - own.len();
        let count = extreme(&self.all) - extreme(own);
        Surprise {
            p_value: (1.0 + count as f64) / (1.0 + peers as f64),
            peers: peers as u64,
            median: self.median_without(own),
        }
    }
}

/// Peers by role, sorted for look-up.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Peers {
    roles: BTreeMap<Box<str>, [Column; FEATURES.len()]>,
    all: [Column; FEATURES.len()],
}

/// A feature that surprise can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub enum PeerFeature {
    /// [`Features::reach`].
    Reach,
    /// [`Features::orig_spread`].
    OrigSpread,
    /// [`Features::resp_spread`].
    RespSpread,
    /// [`Features::asymmetry`].
    Asymmetry,
    /// [`Features::rate_per_hour`].
    Rate,
    /// [`Features::stack_share`].
    Stack,
    /// [`Features::locked_share`].
    Locked,
    /// [`Features::unattended_share`].
    Unattended,
}

impl Peers {
    /// Sorts peers for look-up, in any order.
    pub fn new(peers: &[Peer]) -> Self {
        let mut found = Self::default();
        for peer in peers {
            let role = found.roles.entry(peer.role.clone()).or_default();
            for ((column, in_all), feature) in role.iter_mut().zip(&mut found.all).zip(FEATURES) {
                if let Some(value) = feature(&peer.features).filter(|value| value.is_finite()) {
                    for target in [&mut *column, in_all] {
                        target.all.push(value);
                        target.by_device.entry(peer.device).or_default().push(value);
                    }
                }
            }
        }
        for columns in found.roles.values_mut().chain(std::iter::once(&mut found.all)) {
            for column in columns {
                column.all.sort_by(f64::total_cmp);
                column.by_device.values_mut().for_each(|values| values.sort_by(f64::total_cmp));
            }
        }
        found
    }

    /// How unusually low (or high) a value is among the peers of a role, of other devices; backs off to all roles
    /// when the role has few.
    pub fn surprise(&self, feature: PeerFeature, subject: Subject<'_>, value: f64, is_low: bool) -> Surprise {
        let column = |columns: &'_ [Column; FEATURES.len()]| {
            columns.get(feature as usize).map(|column| column.surprise(subject.device, value, is_low))
        };
        let none = Surprise { p_value: 1.0, peers: 0, median: None };
        let in_role = self.roles.get(subject.role).and_then(column);
        match in_role {
            Some(found) if found.peers >= ROLE_PEERS_MIN as u64 => found,
            _ => column(&self.all).unwrap_or(none),
        }
    }
}

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subject<'s> {
    /// Number of the device; its own series are left out.
    pub device: u32,
    /// Role of the app.
    pub role: &'s str,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(device: u32, reach: f64) -> Peer {
        let features = Features {
            reach,
            orig_spread: None,
            resp_spread: None,
            asymmetry: None,
            bytes_per_check_in: None,
            rate_per_hour: 1.0,
            stack_share: None,
            locked_share: None,
            unattended_share: None,
        };
        Peer { device, role: "tools".into(), features }
    }

    #[test]
    fn surprise_counts_peers_of_other_devices() {
        let mut peers: Vec<Peer> = (0..99).map(|n| peer(n, f64::from(n) / 100.0)).collect();
        peers.push(peer(0, 0.0));
        let peers = Peers::new(&peers);
        let subject = Subject { device: 0, role: "tools" };
        let found = peers.surprise(PeerFeature::Reach, subject, 0.0, true);
        // Device 0 has both series at 0; none of the 98 others is as low.
        assert_eq!(found.peers, 98);
        assert!((found.p_value - 1.0 / 99.0).abs() < 1e-12);
        let high = peers.surprise(PeerFeature::Reach, subject, 0.9, false);
        assert!((high.p_value - 10.0 / 99.0).abs() < 1e-12);
    }

    #[test]
    fn the_usual_is_that_of_the_others() {
        let usual = |peers: &[(u32, f64)], device| {
            let peers: Vec<Peer> = peers.iter().map(|(device, reach)| peer(*device, *reach)).collect();
            let subject = Subject { device, role: "tools" };
            Peers::new(&peers).surprise(PeerFeature::Reach, subject, 0.5, true).median
        };
        let mut peers: Vec<(u32, f64)> = (0..99).map(|n| (n, f64::from(n) / 100.0)).collect();
        assert_eq!(usual(&peers, 200), Some(0.49));
        // However many series a device has, and wherever they lie, they are not usual for themselves.
        peers.extend((0..300).map(|n| (7, f64::from(n) / 1000.0)));
        assert_eq!(usual(&peers, 7), Some(0.5));
        assert_eq!(usual(&[(7, 0.1), (7, 0.2)], 7), None);
    }

    #[test]
    fn a_small_role_is_asked_together_with_all() {
        let peers = Peers::new(&(0..60).map(|n| peer(n, 0.5)).collect::<Vec<_>>());
        let found = peers.surprise(PeerFeature::Reach, Subject { device: 99, role: "games" }, 0.1, true);
        assert_eq!(found.peers, 60);
    }
}
