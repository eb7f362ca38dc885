//! Weights of evidence: each kind looks at a series and says how much it speaks for command and control, in
//! bans (log10), capped, with the sentence that explains it.
//!
//! Kinds of stage A ask whether a machine keeps a channel; kinds of stage B ask whether that is off this app's
//! normal. A kind that cannot see what it needs says nothing: absence of data is not evidence.
//!
//! Bans add up only where kinds are independent, and they are not: a server of one's own is rare, and oddly named, and
//! on a port of its own, and asked often, whoever runs it. What each kind is worth beside the others was fitted once, by
//! a logistic regression of all kinds over the rows of simulated fleets of two authors (seeds in `docs/detection.md`): new
//! today, around the clock, common and balanced sizes kept their bans or more; rates, names, ports, stacks, content and
//! lock kept a third to a half; that others keep the same pace, a half.

mod app;
mod channel;
mod content;
mod declared;
mod destination;
mod fleet;
mod frequency;
mod history;
mod misuse;
mod schedule;
mod size;
mod stack;
mod state;
#[cfg(test)]
pub(crate) mod testing;
mod timing;
mod words;

pub use history::{HISTORY_DAYS_MIN, day_of_begin, weigh as past};

use crate::attack::Element;
use crate::baseline::{
    Baseline, Declared, Features, Past, PeerFeature, Peers, Polls, RoleHours, Subject, Surprise,
};
use crate::evidence::{Evidence, EvidenceKind};
use crate::model::{Day, Network, Platform};
use crate::score::machine::Machine;
use crate::series::{Destination, Profile, SeriesKey};
use crate::thresholds::Thresholds;

/// A series to be weighed, with what it is compared to.
#[derive(Debug, Clone, Copy)]
pub struct Case<'c> {
    /// Which series.
    pub key: &'c SeriesKey,
    /// Its window.
    pub profile: &'c Profile,
    /// What stage A computed.
    pub machine: &'c Machine,
    /// Its comparable numbers.
    pub features: Features,
    /// Platform of the device.
    pub platform: Platform,
    /// Whether the device is hardly a phone (see [`crate::device::is_appliance`]); asked in fleets only.
    pub is_appliance: bool,
    /// Destinations of a group with their session starts; empty for every other series.
    pub members: &'c [(Destination, u32)],
    /// Role of the app, `network_only` when unknown.
    pub role: &'c str,
    /// Number of the device.
    pub device: u32,
    /// Day that is scored.
    pub day: Day,
    /// The days before it on this device.
    pub past: Past,
    /// The fleet.
    pub baseline: &'c Baseline,
    /// The part of it that was learned of days before, apart.
    pub learned: Option<&'c Baseline>,
    /// What people declare to be normal.
    pub declared: &'c Declared,
    /// Machine-driven series of the fleet.
    pub peers: &'c Peers,
    /// The same, by destination and app.
    pub polls: &'c Polls,
    /// Hours of the app on this device with nobody at it; empty for an unknown app.
    pub app_hours: &'c [(i32, u32)],
    /// Such hours of the fleet, by role.
    pub role_hours: &'c RoleHours,
    /// Thresholds that apply.
    pub thresholds: &'c Thresholds,
    /// Networks that are inside besides the private ones.
    pub internal: &'c [Network],
}

impl Case<'_> {
    /// Whether the channel counts as web.
    pub fn is_web(&self) -> bool {
        self.key.service.is_web()
    }

    /// Whether days before tell what was there already. On its first days everything that a phone does is new.
    pub fn has_past(&self) -> bool {
        self.past.device_days >= HISTORY_DAYS_MIN
    }

    /// Other phones that poll a destination at the pace of the series.
    fn others_at_this_pace(&self, destination: &Destination) -> u32 {
        self.polls.at_this_pace(destination, self.device, self.machine.pace_secs())
    }

    /// Where the series goes: one destination, or those of a group.
    fn destinations(&self) -> impl Iterator<Item = &Destination> {
        let one = self.members.is_empty().then_some(&self.key.destination);
        one.into_iter().chain(self.members.iter().map(|(destination, _)| destination))
    }

    /// A bare address on a web port, or several: content networks answer under thousands, so that few phones share one
    /// says little.
    fn is_anonymous_host(&self) -> bool {
        self.is_nameless() && self.profile.ports.keys().all(|port| matches!(port, 80 | 443))
    }

    /// Whether it goes to an address of the own network.
    fn is_inside(&self) -> bool {
        matches!(&self.key.destination, Destination::Address(addr) if Network::is_inside(*addr, self.internal))
    }

    /// Whether it goes to bare addresses only.
    fn is_nameless(&self) -> bool {
        self.destinations().all(|destination| matches!(destination, Destination::Address(_)))
    }

    /// What others reach or not, in words.
    fn reached_label(&self) -> String {
        match &self.key.destination {
            Destination::Group(_) => "any of these destinations".to_owned(),
            one => self.baseline.reached_label(one),
        }
    }

    /// What a kind that speaks for a channel says beside the others: in a fleet the share of its bans that the others do
    /// not tell already. One phone has no fleet to tell it; what speaks against counts in full.
    fn beside_others(&self, bans: f64, share: f64) -> f64 {
        if bans > 0.0 && self.baseline.is_fleet() { bans * share } else { bans }
    }

    /// Surprise among peers; `None` where the fleet is too small to ask.
    fn surprise(&self, feature: PeerFeature, value: f64, is_low: bool) -> Option<Surprise> {
        if !self.baseline.is_fleet() {
            return None;
        }
        let subject = Subject { device: self.device, role: self.role };
        let found = self.peers.surprise(feature, subject, value, is_low);
        (found.peers >= PEERS_MIN).then_some(found)
    }
}

/// Peers from which surprise means something: fewer cannot give even one ban.
const PEERS_MIN: u64 = 20;

/// Stage A: what makes the series a machine's channel.
pub fn stage_a(case: &Case<'_>) -> Vec<Evidence> {
    let mut found = timing::weigh(case);
    found.extend(channel::persistence(case));
    found.extend(channel::dns(case));
    found.extend(state::weigh(case));
    found.extend(schedule::weigh(case));
    found
}

/// Stage B, but for what the phone's own past says: what sets it apart from this app's normal.
pub fn stage_b(case: &Case<'_>) -> Vec<Evidence> {
    let mut found = destination::weigh(case);
    found.extend(size::weigh(case));
    found.extend(frequency::weigh(case));
    found.extend(content::weigh(case));
    found.extend(stack::weigh(case));
    found.extend(misuse::weigh(case));
    found.extend(app::weigh(case));
    found.extend(fleet::weigh(case));
    found.extend(declared::weigh(case));
    found
}

/// Evidence without a stated probability or baseline.
fn plain(kind: EvidenceKind, element: Option<Element>, weight_bans: f64, text: String) -> Evidence {
    Evidence {
        kind,
        element,
        observed: None,
        unit: "",
        baseline: None,
        baseline_n: None,
        p_value: None,
        weight_bans,
        text,
    }
}

/// Bans of a surprise over what half of all peers show (log10 2), not below zero, capped.
fn bans_of(surprise: &Surprise, cap: f64) -> f64 {
    (-surprise.p_value.log10() - std::f64::consts::LOG10_2).clamp(0.0, cap)
}
