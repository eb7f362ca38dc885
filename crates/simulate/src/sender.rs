//! A machine that sends by itself: one model for honest services and for implants.
//!
//! Both kinds draw their sites, ports, stacks, sizes and schedules here, so that no single property tells them
//! apart; what differs is the mix, the app they live in, and how they fit the phone's day.

use crate::device::timeline::Span;
use crate::device::usage::Use;
use crate::flow::{Answer, Call, Cause, Hold, Outcome, Plan, Query};
use crate::law::{Law, Rhythm};
use crate::number::{SEC, count, micros};
use crate::random::Rng;
use crate::world::names;
use crate::world::site::SiteId;
use crate::world::stacks::StackId;

/// How a sender speaks.
#[derive(Debug, Clone)]
pub(crate) enum Mode {
    /// One short connection per check-in.
    Poll,
    /// One connection held open.
    Hold {
        /// Mean life, seconds.
        mean_life_secs: f64,
    },
    /// One DNS question per check-in, or several.
    Ask(Questions),
    /// A connection shortly after each push for the app.
    AfterPush,
    /// Checks in on its period while the app is in use.
    InUse,
}

/// Questions whose names carry data.
#[derive(Debug, Clone)]
pub(crate) struct Questions {
    pub(crate) domain: String,
    pub(crate) qtype: u16,
    pub(crate) label_len: usize,
    /// Questions of one check-in.
    pub(crate) run: u64,
}

impl Questions {
    /// Data in names as tunnels, malware scanners and measurement networks all send it.
    pub(crate) fn draw(domain: String, rng: &mut Rng) -> Self {
        const QTYPES: [(f64, u16); 6] = [(42.0, 16), (30.0, 1), (10.0, 5), (8.0, 10), (6.0, 28), (4.0, 15)];
        Self {
            domain,
            qtype: *rng.weighted(&QTYPES),
            label_len: 14 + crate::number::index(rng.below(46)),
            run: 1 + rng.below(3),
        }
    }

    fn question(&self, rng: &mut Rng) -> Query {
        let name = format!("{}.{}", names::hex(rng, self.label_len), self.domain);
        let answer = match self.qtype {
            16 => Answer::Is(format!("TXT {} {}", 24, names::hex(rng, 24))),
            5 => Answer::Is(format!("{}.{}", names::hex(rng, 16), self.domain)),
            1 => Answer::Is(format!("127.0.0.{}", 2 + rng.below(8))),
            _ if rng.chance(0.3) => Answer::NxDomain,
            _ => Answer::Nothing,
        };
        Query { name, qtype: self.qtype, answer }
    }
}

/// Sizes of one sender's messages.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SizeLaw {
    request: (f64, f64),
    response: (f64, f64),
    /// Requests are padded to a multiple.
    pad: Option<u64>,
}

impl SizeLaw {
    /// From fixed small messages to widely spread ones; a fifth pad.
    pub(crate) fn draw(rng: &mut Rng) -> Self {
        let sigma = *rng.weighted(&[(25.0, 0.0), (35.0, 0.08), (25.0, 0.4), (15.0, 0.9)]);
        Self {
            request: (rng.lognormal(420.0, 0.7).max(60.0), sigma),
            response: (rng.lognormal(520.0, 1.0).max(40.0), sigma * 1.2),
            pad: rng.chance(0.2).then(|| *rng.pick(&[16, 64, 256])),
        }
    }

    fn sizes(&self, rng: &mut Rng) -> (u64, u64) {
        let pad = self.pad.unwrap_or(1);
        let request = rng.bytes(self.request.0, self.request.1).div_ceil(pad) * pad;
        (request, rng.bytes(self.response.0, self.response.1))
    }
}

/// A sender with everything that shapes its traffic.
#[derive(Debug, Clone)]
pub(crate) struct Sender {
    pub(crate) app: u16,
    pub(crate) sites: Vec<SiteId>,
    pub(crate) stack: StackId,
    pub(crate) mode: Mode,
    pub(crate) law: Law,
    pub(crate) period_secs: f64,
    pub(crate) jitter: f64,
    pub(crate) miss: f64,
    /// The system may defer its work to maintenance windows.
    pub(crate) is_deferrable: bool,
    pub(crate) sizes: SizeLaw,
    pub(crate) is_post: bool,
    /// Share of check-ins that are followed by a burst (tasking, uploads, sync).
    pub(crate) bursts: f64,
    /// `Some` when its server never answers.
    pub(crate) outcome: Option<Outcome>,
    /// From when to when it is there.
    pub(crate) present: Span,
    pub(crate) cause: Cause,
}

/// What a sender did.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Done {
    /// Check-ins written.
    pub(crate) events: u32,
    /// Connections written, bursts included.
    pub(crate) connections: u32,
}

impl Sender {
    /// Lets the sender live; `uses` and `pushes` are the app's.
    pub(crate) fn run(&self, plan: &mut Plan<'_, '_>, uses: &[Use], pushes: &[i64], rng: &mut Rng) -> Done {
        let mut done = Done::default();
        match &self.mode {
            Mode::Hold { mean_life_secs } => {
                done.events = self.hold(plan, *mean_life_secs, rng);
                done.connections = done.events;
            }
            Mode::AfterPush => {
                for push in pushes.iter().filter(|push| self.present.contains(**push)) {
                    let at = push + micros(rng.lognormal(1.2, 0.5));
                    self.check_in(plan, at, rng, &mut done);
                }
            }
            Mode::InUse => {
                for each in uses.iter().filter(|each| self.present.contains(each.span.start)) {
                    let mut rhythm = self.rhythm(plan);
                    let mut at = rhythm.next(each.span.start, rng);
                    while at < each.span.end {
                        self.check_in(plan, at, rng, &mut done);
                        at = rhythm.next(at, rng);
                    }
                }
            }
            Mode::Poll | Mode::Ask(_) => self.poll(plan, rng, &mut done),
        }
        done
    }

    fn rhythm(&self, plan: &Plan<'_, '_>) -> Rhythm {
        Rhythm::new(self.law, self.period_secs, self.jitter, plan.timeline.utc_offset)
    }

    fn poll(&self, plan: &mut Plan<'_, '_>, rng: &mut Rng, done: &mut Done) {
        let mut rhythm = self.rhythm(plan);
        let mut at = self.present.start + micros(self.period_secs * rng.unit());
        while at < self.present.end {
            if self.is_deferrable {
                at = plan.timeline.deferred(at, rng);
            }
            if !rng.chance(self.miss) {
                self.check_in(plan, at, rng, done);
            }
            at = rhythm.next(at, rng);
        }
    }

    fn hold(&self, plan: &mut Plan<'_, '_>, mean_life_secs: f64, rng: &mut Rng) -> u32 {
        let (up, down) = self.sizes.sizes(rng);
        let hold = Hold {
            call: self.call(self.present.start, rng),
            from: self.present.start,
            to: self.present.end,
            mean_life_secs,
            back_secs: 1.0 + self.period_secs / 12.0,
            beat_secs: self.period_secs,
            beat_bytes: (up.min(90), down.min(90)),
        };
        plan.hold_open(hold, rng)
    }

    fn call(&self, at: i64, rng: &mut Rng) -> Call {
        let site = *rng.pick(&self.sites);
        let (request, response) = self.sizes.sizes(rng);
        Call {
            stack: Some(self.stack),
            is_post: self.is_post,
            outcome: self.outcome,
            life: micros(rng.lognormal(0.7, 0.8)),
            ..Call::new(at, self.app, site).sized(request, response).caused(self.cause)
        }
    }

    fn check_in(&self, plan: &mut Plan<'_, '_>, at: i64, rng: &mut Rng, done: &mut Done) {
        let at = at + micros(0.03 * rng.exponential(1.0));
        if !self.present.contains(at) {
            return;
        }
        let call = self.call(at, rng);
        if let Mode::Ask(questions) = &self.mode {
            let mut asked = 0;
            for turn in 0..questions.run {
                let later = at + i64::try_from(turn).unwrap_or(0) * (SEC / 8);
                let question = questions.question(rng);
                asked += u32::from(plan.ask(Call { at: later, ..call }, question, rng));
            }
            done.events += u32::from(asked > 0);
            done.connections += asked;
            return;
        }
        if !plan.connect(call, rng) {
            return;
        }
        done.events += 1;
        done.connections += 1;
        if rng.chance(self.bursts) {
            done.connections += burst(plan, call, rng);
        }
    }
}

/// Uploads and downloads after a check-in; returns how many.
fn burst(plan: &mut Plan<'_, '_>, call: Call, rng: &mut Rng) -> u32 {
    let mut at = call.at;
    let mut made = 0;
    for _ in 0..2 + rng.below(8) {
        at += micros(rng.lognormal(2.0, 0.6));
        let up = count(rng.lognormal(24_000.0, 1.3));
        let down = count(rng.lognormal(2_000.0, 1.0));
        let (request, response) = if rng.chance(0.7) { (up, down) } else { (down, up) };
        let more = Call { at, is_post: true, ..call.sized(request, response).lasting(rng.secs(0.5, 9.0)) };
        made += u32::from(plan.connect(more, rng));
    }
    made
}
