//! Which app opened a session? Joins what the network saw with what the phone said.
//!
//! The join tries, strongest first, and takes the first that finds anything:
//! 1. *reported*: the capture itself names the app (PCAPdroid);
//! 2. *five-tuple*: the phone names the same originator port and responder, and is not a local VPN whose ports the
//!    network never sees;
//! 3. *address*: same responder and port within 2 seconds;
//! 4. *name*: the session's host (SNI, `Host`, query name) has the registrable domain of a name that the app
//!    reached or looked up, within the report's span; a session without a host, by the answers of a lookup.
//!
//! The phone's clock is off: its skew is estimated once per device ([`Skew`]) and taken off all of its times.
//! Two apps that fit are both kept, and share the confidence by how often each was reported there. Nothing is guessed:
//! no fit is no app.
//!
//! Pure and order-free: reports are sorted, sessions are asked one by one; O((n + m) log n).

mod index;
mod skew;
mod spans;
mod tally;

pub use skew::Skew;

use crate::destination::normal_host;
use crate::model::{AppConnection, Endpoint, Timestamp, Transport};
use bitcode::{Decode, Encode};
use index::ReportIndex;
use tally::Tally;

/// Confidence that the capture's own label is right.
const REPORTED_CONFIDENCE: f64 = 1.0;

/// Confidence of a five-tuple match; a port may be used again within the minute.
const FIVE_TUPLE_CONFIDENCE: f64 = 0.99;

/// Confidence of responder and time: another app may call the same content network in the same two seconds.
/// Our choice, to be measured on labelled fleets.
const ADDRESS_CONFIDENCE: f64 = 0.9;

/// Confidence of the same host within a report's span; our choice.
const HOST_CONFIDENCE: f64 = 0.7;

/// Confidence of the same registrable domain, or of an address that a lookup answered; our choice.
const DOMAIN_CONFIDENCE: f64 = 0.5;

/// Apps kept for one session.
pub const MAX_CANDIDATES: usize = 8;

/// How a session got its app.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub enum AttributionMethod {
    /// The capture names the app.
    Reported,
    /// Originator port and responder.
    FiveTuple,
    /// Responder and time.
    Address,
    /// Registrable domain, within the report's span.
    Name,
    /// No app fits.
    None,
}

impl AttributionMethod {
    /// All.
    pub const ALL: [Self; 5] = [Self::Reported, Self::FiveTuple, Self::Address, Self::Name, Self::None];

    /// Name in findings and summaries, `snake_case`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reported => "reported",
            Self::FiveTuple => "five_tuple",
            Self::Address => "address",
            Self::Name => "name",
            Self::None => "none",
        }
    }
}

/// An app that fits a session.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Candidate<'a> {
    /// The app.
    pub app: &'a str,
    /// Confidence, 0..=1; those of one session add up to at most 1.
    pub confidence: f64,
}

/// The apps that fit a session.
#[derive(Debug, Clone, PartialEq)]
pub struct Attribution<'a> {
    /// The apps, most confident first, then by name; at most [`MAX_CANDIDATES`]. Empty when none fits.
    pub candidates: Vec<Candidate<'a>>,
    /// How they were found.
    pub method: AttributionMethod,
}

impl<'a> Attribution<'a> {
    /// The app, when exactly one fits.
    pub fn only_app(&self) -> Option<&'a str> {
        match self.candidates.as_slice() {
            [candidate] => Some(candidate.app),
            _ => None,
        }
    }
}

/// What the join needs of a session.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SessionFacts<'s> {
    /// First packet, by the sensor's clock.
    pub start: Timestamp,
    /// Who opened it.
    pub orig: Endpoint,
    /// Who answered.
    pub resp: Endpoint,
    /// Transport.
    pub transport: Transport,
    /// SNI, `Host` or query name.
    pub host: Option<&'s str>,
    /// The app that the capture names.
    pub reported_app: Option<&'s str>,
}

/// A connection that the phone reported.
#[derive(Debug, Clone, PartialEq)]
pub struct ConnectionReport<'a> {
    /// Its app.
    pub app: &'a str,
    /// When, by the phone's clock.
    pub at: Timestamp,
    /// What it says.
    pub connection: AppConnection<'a>,
}

/// A lookup that the phone reported.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LookupReport<'a> {
    /// Its app.
    pub app: &'a str,
    /// When, by the phone's clock.
    pub at: Timestamp,
    /// Name looked up.
    pub qname: &'a str,
    /// Addresses answered, joined with `,`.
    pub answers: &'a str,
}

/// Everything that says which app of one device reached what.
#[derive(Debug, Clone, Copy, Default)]
pub struct DeviceReports<'a> {
    /// Connections, in any order.
    pub connections: &'a [ConnectionReport<'a>],
    /// Lookups, in any order.
    pub lookups: &'a [LookupReport<'a>],
}

/// The reports of one device, ready to be asked.
#[derive(Debug)]
pub struct Attributor<'a> {
    skew: Option<Skew>,
    index: ReportIndex<'a>,
}

impl<'a> Attributor<'a> {
    /// Indexes the reports of one device. `sessions` are the same device's, in any order; they serve only to
    /// estimate the skew.
    pub fn new<'s>(
        reports: &DeviceReports<'a>,
        sessions: impl IntoIterator<Item = &'s SessionFacts<'s>>,
    ) -> Self {
        let skew = Skew::estimate(reports.connections, sessions);
        Self { skew, index: ReportIndex::new(reports, skew) }
    }

    /// How far the phone's clock is ahead of the sensor's; `None` where too few matches say so (the clocks are
    /// then taken as they are).
    pub const fn skew(&self) -> Option<Skew> {
        self.skew
    }

    /// The apps that fit a session.
    pub fn attribute<'s>(&self, session: &SessionFacts<'s>) -> Attribution<'s>
    where
        'a: 's,
    {
        if let Some(app) = session.reported_app {
            let candidates = vec![Candidate { app, confidence: REPORTED_CONFIDENCE }];
            return Attribution { candidates, method: AttributionMethod::Reported };
        }
        match self.strongest(session) {
            Some((method, tally, confidence)) => {
                Attribution { candidates: candidates(&tally, confidence), method }
            }
            None => Attribution { candidates: Vec::new(), method: AttributionMethod::None },
        }
    }

    /// The app, when exactly one fits, and how it was found: [`Attributor::attribute`] without the list.
    pub fn only_app<'s>(&self, session: &SessionFacts<'s>) -> (Option<&'s str>, AttributionMethod)
    where
        'a: 's,
    {
        if session.reported_app.is_some() {
            return (session.reported_app, AttributionMethod::Reported);
        }
        match self.strongest(session) {
            Some((method, tally, _)) => (tally.only_app(), method),
            None => (None, AttributionMethod::None),
        }
    }

    /// What the strongest method finds that finds anything.
    fn strongest(&self, session: &SessionFacts<'_>) -> Option<(AttributionMethod, Tally<'a>, f64)> {
        // Each step is tried only where the stronger ones found nothing.
        let found = |method, (tally, confidence): (Tally<'a>, f64)| {
            (!tally.is_empty()).then_some((method, tally, confidence))
        };
        let addressed = self.index.responder(session.resp.addr).and_then(|responder| {
            let five_tuple = (self.index.by_five_tuple(session, responder), FIVE_TUPLE_CONFIDENCE);
            found(AttributionMethod::FiveTuple, five_tuple).or_else(|| {
                let address = (self.index.by_address(session, responder), ADDRESS_CONFIDENCE);
                found(AttributionMethod::Address, address)
            })
        });
        if addressed.is_some() {
            return addressed;
        }
        let host = session.host.map(normal_host).filter(|host| !host.is_empty());
        found(AttributionMethod::Name, self.by_name(session, host.as_deref()))
    }

    fn by_name(&self, session: &SessionFacts<'_>, host: Option<&str>) -> (Tally<'a>, f64) {
        if let Some(host) = host {
            let exact = self.index.by_host(session.start, host);
            if !exact.is_empty() {
                return (exact, HOST_CONFIDENCE);
            }
            let domain = self.index.by_domain(session.start, host);
            if !domain.is_empty() {
                return (domain, DOMAIN_CONFIDENCE);
            }
        }
        (self.index.by_answer(session.start, session.resp.addr), DOMAIN_CONFIDENCE)
    }
}

/// Shares a confidence among apps by their weights.
fn candidates<'s, 'a: 's>(tally: &Tally<'a>, confidence: f64) -> Vec<Candidate<'s>> {
    let total: u64 = tally.iter().fold(0, |sum, (_, weight)| sum.saturating_add(weight));
    let mut apps: Vec<(&'a str, u64)> = tally.iter().collect();
    apps.sort_by(|(left, left_weight), (right, right_weight)| {
        right_weight.cmp(left_weight).then_with(|| left.cmp(right))
    });
    apps.truncate(MAX_CANDIDATES);
    apps.into_iter()
        .map(|(app, weight)| Candidate {
            app,
            confidence: confidence * (weight as f64 / total.max(1) as f64),
        })
        .collect()
}

#[cfg(test)]
mod tests;
