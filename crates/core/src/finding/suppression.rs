//! Suppressions: what somebody looked at and found known.
//!
//! A suppression hides findings when they are *shown*: the detector never sees it, so old findings can be hidden and
//! hidden ones be shown again. It names what it hides; what it does not name is any. When it ends is compared with
//! the finding's own day and never with the clock, so the same findings are hidden on every run.

use super::Finding;
use crate::destination::is_at_or_below;
use crate::model::{Day, Network};
use crate::series::stable_hash;
use std::fmt::Write as _;
use std::net::IpAddr;

/// Word for an app that is not known.
const NO_APP: &str = "none";

/// Says that a finding is hidden, and why.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Suppressed {
    /// Id of the record.
    pub by: String,
    /// Why, in the words of whoever made it.
    pub reason: String,
}

/// A rhythm that a suppression is for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Band {
    /// Median intervals from `from_secs` to `to_secs`, ends included; `0 < from_secs <= to_secs`.
    Secs {
        /// Shortest.
        from_secs: f64,
        /// Longest.
        to_secs: f64,
    },
    /// Findings without an interval: a kept connection, or too few check-ins.
    NoInterval,
}

impl Band {
    fn holds(self, interval_secs: Option<f64>) -> bool {
        match (self, interval_secs) {
            (Self::Secs { from_secs, to_secs }, Some(secs)) => (from_secs..=to_secs).contains(&secs),
            (Self::NoInterval, None) => true,
            _ => false,
        }
    }
}

/// What a suppression hides. Of each list one value must fit; an empty list fits everything.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Matchers {
    /// Ids of devices.
    pub device: Vec<String>,
    /// Package names or bundle ids; `none` is an unknown app.
    pub app: Vec<String>,
    /// Roles.
    pub role: Vec<String>,
    /// A domain (with all names below it), a host name, an address, a network, or the name of a group.
    pub destination: Vec<String>,
    /// Analytics, `AN1793`.
    pub analytic: Vec<String>,
    /// Application protocols.
    pub service: Vec<String>,
    /// Rhythm; `None` for any.
    pub interval: Option<Band>,
}

impl Matchers {
    /// Whether nothing is named, so that everything would be hidden.
    pub fn is_empty(&self) -> bool {
        self.lists().iter().all(|(_, values)| values.is_empty()) && self.interval.is_none()
    }

    /// The lists with their names, in a fixed order.
    pub fn lists(&self) -> [(&'static str, &[String]); 6] {
        [
            ("device", &self.device),
            ("app", &self.app),
            ("role", &self.role),
            ("destination", &self.destination),
            ("analytic", &self.analytic),
            ("service", &self.service),
        ]
    }

    /// Whether a finding is one of those.
    pub fn fit(&self, finding: &Finding) -> bool {
        let any = |values: &[String], fits: &dyn Fn(&str) -> bool| {
            values.is_empty() || values.iter().any(|value| fits(value))
        };
        let app = finding.app.id.as_deref().unwrap_or(NO_APP);
        any(&self.device, &|value| value == finding.device.id)
            && any(&self.app, &|value| value == app)
            && any(&self.role, &|value| value == finding.app.role)
            && (self.destination.is_empty() || goes_to(finding, &self.destination))
            && any(&self.analytic, &|value| {
                finding.attack.iter().filter_map(|attack| attack.analytic).any(|one| one.id() == value)
            })
            && any(&self.service, &|value| value == finding.service)
            && self.interval.is_none_or(|band| band.holds(finding.interval_median_secs))
    }
}

/// Whether a finding goes to one of some places. A finding of a domain is not hidden by its addresses: many names share
/// one. What the phone called a server (the name in TLS) only counts below the finding's own domain. A finding of
/// addresses must have all of them among the places, and one of a group all of its members, unless the group itself is
/// named: what ties a group together, a stack and a port, ties others of other places together as well.
fn goes_to(finding: &Finding, places: &[String]) -> bool {
    let destination = &finding.destination;
    let is_at = |name: &str| places.iter().any(|place| is_at_or_below(name, place));
    if let Some(group) = &destination.group {
        let is_known = |member: &String| match member.parse() {
            Ok(addr) => places.iter().any(|place| holds(place, addr)),
            Err(_) => is_at(member),
        };
        return places.contains(group)
            || destination.all_members().is_some_and(|members| members.iter().all(is_known));
    }
    match (&destination.domain, &destination.name) {
        (Some(domain), Some(name)) => is_at(domain) || (is_at_or_below(name, domain) && is_at(name)),
        (Some(domain), None) => is_at(domain),
        (None, _) => {
            let fits = |addr: &IpAddr| places.iter().any(|place| holds(place, *addr));
            !destination.addresses.is_empty() && destination.addresses.iter().all(fits)
        }
    }
}

/// Whether a place is an address or a network that holds it.
fn holds(place: &str, addr: IpAddr) -> bool {
    match (place.parse::<IpAddr>(), Network::parse(place)) {
        (Ok(wanted), _) => wanted.to_canonical() == addr.to_canonical(),
        (Err(_), Some(network)) => network.contains(addr),
        (Err(_), None) => false,
    }
}

/// What somebody looked at and found known.
#[derive(Debug, Clone, PartialEq)]
pub struct Suppression {
    /// What is hidden; never empty.
    pub matchers: Matchers,
    /// Why; never empty.
    pub reason: String,
    /// Who said so.
    pub author: Option<String>,
    /// When.
    pub created: Option<Day>,
    /// First day whose findings are shown again; `None` for never.
    pub expires: Option<Day>,
}

impl Suppression {
    /// Twelve hex digits, derived from what is hidden alone: the same record has the same id in every file.
    pub fn id(&self) -> String {
        let mut text = String::new();
        for (name, values) in self.matchers.lists() {
            let mut values: Vec<&str> = values.iter().map(String::as_str).collect();
            values.sort_unstable();
            values.dedup();
            // Writing to a String cannot fail.
            let _infallible = write!(text, "{name}\0{}\0\0", values.join("\0"));
        }
        if let Some(band) = self.matchers.interval {
            let _infallible = match band {
                Band::Secs { from_secs, to_secs } => write!(text, "{from_secs}..{to_secs}"),
                Band::NoInterval => write!(text, "none"),
            };
        }
        format!("{:012x}", stable_hash(text.as_bytes()) >> 16)
    }

    /// Whether a finding of `day` comes too late to be hidden.
    pub fn is_over(&self, day: Day) -> bool {
        self.expires.is_some_and(|expires| day >= expires)
    }
}

/// What a record did for a list of findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RecordUse {
    /// Findings that it hides.
    pub hides: u64,
    /// Findings that it would hide, had it not expired by their day.
    pub too_late: u64,
}

/// Marks the findings that are suppressed (and none else); what each record did, in order. Of several records that
/// hide one finding, the first is named; all of them count as used.
pub fn suppress(records: &[Suppression], findings: &mut [Finding]) -> Vec<RecordUse> {
    let mut uses = vec![RecordUse::default(); records.len()];
    for finding in findings {
        finding.suppressed = None;
        for (record, found) in records.iter().zip(&mut uses) {
            if !record.matchers.fit(finding) {
                continue;
            }
            if record.is_over(finding.day) {
                found.too_late += 1;
                continue;
            }
            found.hides += 1;
            if finding.suppressed.is_none() {
                finding.suppressed = Some(Suppressed { by: record.id(), reason: record.reason.clone() });
            }
        }
    }
    uses
}

#[cfg(test)]
mod tests;
