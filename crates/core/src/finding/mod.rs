//! Findings: what undertone tells people (DESIGN section 7).

mod context;
mod suppression;
mod trace;

pub use context::{AppUsual, InForce, UsualDestination, UsualService, add_context, threshold_of};
pub use suppression::{Band, Matchers, RecordUse, Suppressed, Suppression, suppress};
pub use trace::{AppState, CheckIn, Lock, Trace, TraceOf};

use crate::attack::{Analytic, Attack};
use crate::evidence::Evidence;
use crate::model::{Day, Platform, Timestamp};
use crate::series::Destination;
use std::net::IpAddr;

/// Version of the native finding schema.
pub const SCHEMA_VERSION: u32 = 1;

/// One finding: one device, app and destination on one day. The default says nothing of nobody.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Finding {
    /// Hex id derived from device, app, destination and day: the same on every run.
    pub id: String,
    /// Whether it is an alert under the budget.
    pub alert: bool,
    /// Whether it is a lead: ranked for a person, without error control (fewer than 30 devices).
    pub lead: bool,
    /// Why it is neither alert nor lead; `None` when it is one.
    pub below_because: Option<String>,
    /// UTC day of the last event.
    pub day: Day,
    /// Techniques, most specific first; never empty.
    pub attack: Vec<Attack>,
    /// First event.
    pub first_seen: Timestamp,
    /// Last event.
    pub last_seen: Timestamp,
    /// The device.
    pub device: FindingDevice,
    /// The app.
    pub app: FindingApp,
    /// Where it talked to.
    pub destination: FindingDestination,
    /// Application protocol (`tls`, `http`, `dns`, ...).
    pub service: String,
    /// Check-ins after burst collapse.
    pub events: u64,
    /// Median interval between check-ins, seconds; `None` under eight check-ins.
    pub interval_median_secs: Option<f64>,
    /// 0..=100, one decimal: `100 (1 - 2^(-S/3))` for a weight `S` > 0.
    pub score: f64,
    /// Sum of the weights of evidence after the caps, bans.
    pub weight_bans: f64,
    /// How often clean phones show something this strong, per 1,000 device-days; `None` for leads.
    pub expected_false_per_1000_device_days: Option<f64>,
    /// Where the expectation comes from (`history`, `reference`), `None` for leads.
    pub calibration: Option<Calibration>,
    /// Benjamini-Hochberg q over the day; information, not a gate.
    pub q_value: Option<f64>,
    /// How bad it would be.
    pub severity: Severity,
    /// How much is known.
    pub confidence: Confidence,
    /// Why, strongest first.
    pub evidence: Vec<Evidence>,
    /// Ids of sessions to pivot into the sensor's logs; the latest few.
    pub sessions: Vec<String>,
    /// What could not be seen.
    pub limits: Vec<String>,
    /// Thresholds in force for the evidence, in the order of their keys.
    pub thresholds: Vec<InForce>,
    /// The check-ins; `None` far below the alert threshold.
    pub trace: Option<Trace>,
    /// What the app normally talks to; `None` when the app is unknown, or without a trace.
    pub app_usual: Option<AppUsual>,
    /// Who said that it is known and need not be looked at; `None` when nobody did.
    pub suppressed: Option<Suppressed>,
}

impl Finding {
    /// The most specific analytic; `None` when the platform is unknown.
    pub fn analytic(&self) -> Option<Analytic> {
        self.attack.iter().find_map(|attack| attack.analytic)
    }

    /// What it is to whoever looks: `suppressed`, else `alert`, `lead` or `below`.
    pub const fn standing(&self) -> &'static str {
        if self.suppressed.is_some() {
            "suppressed"
        } else if self.alert {
            "alert"
        } else if self.lead {
            "lead"
        } else {
            "below"
        }
    }
}

/// The device of a finding.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct FindingDevice {
    /// Inventory id, MAC or address.
    pub id: String,
    /// Platform.
    pub platform: Platform,
    /// Addresses used, sorted.
    pub addresses: Vec<IpAddr>,
}

/// The app of a finding.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct FindingApp {
    /// Package name or bundle id; `None` when unknown.
    pub id: Option<String>,
    /// Role (app category); `network_only` when the app is unknown.
    pub role: String,
    /// How the app was found: `five_tuple`, `address`, `name`, `declared`, `reported`, `none`.
    pub attribution: &'static str,
}

/// Destinations of a group listed in a finding.
pub const MEMBERS_MAX: usize = 64;

/// The destination of a finding.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct FindingDestination {
    /// Most used host name.
    pub name: Option<String>,
    /// Registrable domain.
    pub domain: Option<String>,
    /// Addresses, most used first, at most 16.
    pub addresses: Vec<IpAddr>,
    /// Ports, sorted.
    pub ports: Vec<u16>,
    /// What ties many destinations into one, for a finding over a group (`ja4=... port=443`, `port=4444`).
    pub group: Option<String>,
    /// Destinations of a group, ascending, at most [`MEMBERS_MAX`]: domains, or addresses where no name is known.
    pub members: Vec<String>,
}

impl FindingDestination {
    /// The places that it names: the group and its members, else the domain, else every address.
    pub fn places(&self) -> Vec<Destination> {
        let place = |text: &String| match text.parse::<IpAddr>() {
            Ok(addr) => Destination::Address(addr),
            Err(_) => Destination::Domain(text.as_str().into()),
        };
        match (&self.group, &self.domain) {
            (Some(group), _) => {
                let members = self.members.iter().map(place);
                members.chain([Destination::Group(group.as_str().into())]).collect()
            }
            (None, Some(domain)) => vec![Destination::Domain(domain.as_str().into())],
            (None, None) => self.addresses.iter().map(|addr| Destination::Address(*addr)).collect(),
        }
    }

    /// The members of a group, where they are known to be all: of a list that is as long as one may be, nobody knows.
    pub fn all_members(&self) -> Option<&[String]> {
        let members = self.members.as_slice();
        (1..MEMBERS_MAX).contains(&members.len()).then_some(members)
    }
}

/// Where an expected false alert rate comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Calibration {
    /// The fleet's own history.
    History,
    /// The shipped reference, made from simulated clean fleets.
    Reference,
}

impl Calibration {
    /// All.
    pub const ALL: [Self; 2] = [Self::History, Self::Reference];

    /// `history` or `reference`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::History => "history",
            Self::Reference => "reference",
        }
    }
}

/// How bad it would be if the finding is true.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Severity {
    /// Worth knowing.
    #[default]
    Info,
    /// Look when there is time.
    Low,
    /// Look this week.
    Medium,
    /// Look today.
    High,
    /// Act now.
    Critical,
}

impl Severity {
    /// All, mildest first.
    pub const ALL: [Self; 5] = [Self::Info, Self::Low, Self::Medium, Self::High, Self::Critical];

    /// Lower-case name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// How much stands behind a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Confidence {
    /// Little: shipped priors, few devices, unknown app and state.
    #[default]
    Low,
    /// Some.
    Medium,
    /// App, state and a fleet baseline are known.
    High,
}

impl Confidence {
    /// All, least first.
    pub const ALL: [Self; 3] = [Self::Low, Self::Medium, Self::High];

    /// Lower-case name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// The score of a weight: `100 (1 - 2^(-S/3))`, one decimal, 0 for `S` <= 0.
pub fn score_of(weight_bans: f64) -> f64 {
    if weight_bans <= 0.0 {
        return 0.0;
    }
    let score = 100.0 * (1.0 - (-weight_bans / 3.0).exp2());
    (score * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::score_of;

    #[test]
    fn three_bans_are_a_score_of_fifty() {
        let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-9, "{a} {b}");
        close(score_of(0.0), 0.0);
        close(score_of(-2.0), 0.0);
        close(score_of(3.0), 50.0);
        close(score_of(6.0), 75.0);
        close(score_of(8.93), 87.3);
    }
}
