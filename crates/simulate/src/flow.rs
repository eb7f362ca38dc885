//! Connections as they are planned, before names are resolved and ports given.

use crate::device::Device;
use crate::device::timeline::Timeline;
use crate::number::{SEC, low16, low32, micros};
use crate::random::Rng;
use crate::world::World;
use crate::world::site::{Service, SiteId};
use crate::world::stacks::StackId;

/// Why a connection exists: 0 is ordinary life, n is the labelled sender n - 1 of the device.
pub(crate) type Cause = u16;

/// How a connection went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Complete,
    /// Ended by a reset.
    Reset,
    NoAnswer,
    Refused,
}

/// A connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Flow {
    pub(crate) at: i64,
    pub(crate) life: i64,
    pub(crate) orig_bytes: u64,
    pub(crate) resp_bytes: u64,
    /// Index of the address among the site's.
    pub(crate) addr: u32,
    pub(crate) site: SiteId,
    pub(crate) query: Option<u32>,
    pub(crate) app: u16,
    pub(crate) cause: Cause,
    pub(crate) stack: StackId,
    pub(crate) outcome: Outcome,
    pub(crate) resumed: bool,
    pub(crate) is_post: bool,
    /// Chance for what is drawn at writing.
    pub(crate) salt: u64,
}

/// What an app wants to do.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call {
    pub(crate) at: i64,
    pub(crate) app: u16,
    pub(crate) site: SiteId,
    /// Application bytes.
    pub(crate) request: u64,
    pub(crate) response: u64,
    /// First to last packet, microseconds.
    pub(crate) life: i64,
    pub(crate) stack: Option<StackId>,
    pub(crate) cause: Cause,
    pub(crate) is_post: bool,
    /// `None` draws it: nearly always complete.
    pub(crate) outcome: Option<Outcome>,
}

impl Call {
    pub(crate) fn new(at: i64, app: u16, site: SiteId) -> Self {
        Self {
            at,
            app,
            site,
            request: 400,
            response: 900,
            life: SEC,
            stack: None,
            cause: 0,
            is_post: false,
            outcome: None,
        }
    }

    #[must_use]
    pub(crate) fn sized(self, request: u64, response: u64) -> Self {
        Self { request, response, ..self }
    }

    #[must_use]
    pub(crate) fn lasting(self, life: i64) -> Self {
        Self { life, ..self }
    }

    #[must_use]
    pub(crate) fn caused(self, cause: Cause) -> Self {
        Self { cause, ..self }
    }
}

/// A DNS question that an app asks for its own sake.
#[derive(Debug, Clone)]
pub(crate) struct Query {
    pub(crate) name: String,
    pub(crate) qtype: u16,
    pub(crate) answer: Answer,
}

/// What came back.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    Nothing,
    NxDomain,
    /// Answers as Zeek prints them.
    Is(String),
}

/// Something that only the phone sees.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Notice {
    pub(crate) at: i64,
    pub(crate) app: u16,
    pub(crate) kind: NoticeKind,
}

/// Kinds of [`Notice`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoticeKind {
    Push,
    ServiceStart,
    ServiceStop,
}

/// Everything one phone does, gathered in any order.
pub(crate) struct Plan<'a, 'w> {
    pub(crate) world: &'w World,
    pub(crate) device: &'a mut Device<'w>,
    pub(crate) timeline: &'a Timeline,
    pub(crate) flows: Vec<Flow>,
    pub(crate) queries: Vec<Query>,
    pub(crate) notices: Vec<Notice>,
}

impl Plan<'_, '_> {
    /// Plans a connection; false when the phone is off line then.
    pub(crate) fn connect(&mut self, call: Call, rng: &mut Rng) -> bool {
        if !self.timeline.is_online(call.at) {
            return false;
        }
        let site = self.device.site(self.world, call.site);
        let stack = call.stack.unwrap_or(self.device.app(call.app).stack);
        let outcome = call.outcome.unwrap_or_else(|| outcome(rng));
        let resumed = rng.chance(0.35);
        let (mut orig_bytes, mut resp_bytes) = (call.request, call.response);
        let hello = self.world.stacks.get(stack).hello_bytes;
        match (outcome, site.service) {
            (Outcome::NoAnswer | Outcome::Refused, _) => (orig_bytes, resp_bytes) = (0, 0),
            (_, Service::Tls) => {
                orig_bytes += hello + if resumed { 80 } else { 64 + 12 * (rng.bits() & 1) };
                resp_bytes += if resumed { 212 } else { site.flight_bytes };
            }
            (_, Service::Quic) => {
                orig_bytes += 1_200 + hello;
                resp_bytes += 1_200 + site.flight_bytes;
            }
            (_, Service::Http) => {
                orig_bytes += 210 + rng.below(120);
                resp_bytes += 230 + rng.below(160);
            }
            _ => {}
        }
        let addr = low32(rng.below(site.addrs.len() as u64));
        let end = self.timeline.span.end + micros(3600.0);
        self.flows.push(Flow {
            at: call.at,
            life: if outcome == Outcome::Complete {
                call.life.min(end - call.at)
            } else {
                call.life.min(3 * SEC)
            },
            orig_bytes,
            resp_bytes,
            addr,
            site: call.site,
            query: None,
            app: call.app,
            cause: call.cause,
            stack,
            outcome,
            resumed,
            is_post: call.is_post,
            salt: rng.bits(),
        });
        true
    }

    /// Asks a DNS question in the open; false when the phone is off line or its DNS is hidden.
    pub(crate) fn ask(&mut self, call: Call, query: Query, rng: &mut Rng) -> bool {
        let number = u32::try_from(self.queries.len()).ok();
        let life = rng.secs(0.008, 0.12);
        let call = call.lasting(life);
        if !self.connect(Call { outcome: Some(Outcome::Complete), ..call }, rng) {
            return false;
        }
        if let Some(flow) = self.flows.last_mut() {
            flow.query = number;
            flow.orig_bytes = query.name.len() as u64 + 18;
            flow.resp_bytes = flow.orig_bytes
                + match &query.answer {
                    Answer::Is(text) => 12 + text.len() as u64,
                    Answer::Nothing | Answer::NxDomain => 61,
                };
        }
        self.queries.push(query);
        true
    }

    pub(crate) fn notice(&mut self, at: i64, app: u16, kind: NoticeKind) {
        self.notices.push(Notice { at, app, kind });
    }

    /// Keeps a connection open over `from..to`: it ends after `mean_life_secs` on average, when the network
    /// changes, or when the phone goes off line, and comes back after `back_secs`. Returns how many were made.
    pub(crate) fn hold_open(&mut self, hold: Hold, rng: &mut Rng) -> u32 {
        let mut at = hold.from;
        let mut made = 0;
        while at < hold.to {
            if let Some(gap) = crate::device::timeline::holding(&self.timeline.offline, at) {
                at = gap.end + rng.secs(0.5, 6.0);
                continue;
            }
            let mut end = (at + rng.wait(hold.mean_life_secs).max(5 * SEC)).min(hold.to);
            let offline = self.timeline.offline.partition_point(|gap| gap.start <= at);
            end = end.min(self.timeline.offline.get(offline).map_or(i64::MAX, |gap| gap.start));
            let join = self.timeline.joins.partition_point(|join| *join <= at);
            end = end.min(self.timeline.joins.get(join).copied().unwrap_or(i64::MAX));
            let life = (end - at).max(SEC);
            let beats = crate::number::count(life as f64 / 1e6 / hold.beat_secs) + 1;
            let call = Call {
                request: 300 + hold.beat_bytes.0 * beats,
                response: 400 + hold.beat_bytes.1 * beats,
                life,
                outcome: Some(if rng.chance(0.2) { Outcome::Reset } else { Outcome::Complete }),
                ..hold.call
            };
            if self.connect(Call { at, ..call }, rng) {
                made += 1;
                if let Some(flow) = self.flows.last_mut() {
                    flow.life = life;
                }
            }
            at += life + micros(rng.lognormal(hold.back_secs, 0.5)).max(SEC / 5);
        }
        made
    }
}

/// A connection to be held open.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hold {
    pub(crate) call: Call,
    pub(crate) from: i64,
    pub(crate) to: i64,
    pub(crate) mean_life_secs: f64,
    pub(crate) back_secs: f64,
    /// Keep-alive period, seconds.
    pub(crate) beat_secs: f64,
    /// Bytes of a keep-alive, each way.
    pub(crate) beat_bytes: (u64, u64),
}

fn outcome(rng: &mut Rng) -> Outcome {
    match low16(rng.below(200)) {
        0 => Outcome::NoAnswer,
        1 => Outcome::Refused,
        2..12 => Outcome::Reset,
        _ => Outcome::Complete,
    }
}
