//! What apps do by themselves: jobs, pushes, held connections, services, retries.

use crate::device::timeline::{Span, Timeline};
use crate::flow::{Call, Hold, NoticeKind, Outcome, Plan};
use crate::law::{Law, Rhythm};
use crate::number::{DAY, HOUR, micros};
use crate::random::Rng;
use crate::world::catalog::Habit;

/// Plans background work of every app of the owner.
pub(super) fn run(plan: &mut Plan<'_, '_>, rng: &mut Rng) {
    let apps: Vec<u16> = plan.device.user_apps().collect();
    for position in apps {
        let app = &plan.device.app(position).app;
        let (job_secs, per_day, habit) = (app.job_secs, app.pushes, app.habit);
        if let Some(period) = job_secs {
            // App Standby: little-used apps get a share of their jobs only.
            let bucket = if plan.device.app(position).weight > 0.6 { 1.0 } else { 3.0 };
            jobs(plan, position, period * bucket, rng);
        }
        pushes(plan, position, per_day, rng);
        match habit {
            Habit::Vpn => tunnel(plan, position, rng),
            Habit::Music | Habit::Location => service(plan, position, habit, rng),
            Habit::Podcast => downloads(plan, position, rng),
            Habit::Home | Habit::Mail if rng.chance(0.4) => hub(plan, position, rng),
            _ => {}
        }
        if rng.chance(0.02) {
            retries(plan, position, rng);
        }
    }
}

/// A `WorkManager` job: once in each period, in its last third (flex), deferred by Doze; iOS refreshes alike.
fn jobs(plan: &mut Plan<'_, '_>, position: u16, period_secs: f64, rng: &mut Rng) {
    let sizes = (rng.lognormal(500.0, 0.5), rng.lognormal(1_400.0, 0.9));
    let spread = *rng.pick(&[0.0, 0.02, 0.2, 0.6]);
    let mut at = plan.timeline.span.start + micros(period_secs * rng.unit());
    while at < plan.timeline.span.end {
        let run = plan.timeline.deferred(at, rng);
        let apis = &plan.device.app(position).app.api;
        if apis.is_empty() {
            return;
        }
        let site = *rng.pick(apis);
        let trackers = &plan.device.app(position).app.trackers;
        let tracker = (rng.chance(0.15) && !trackers.is_empty()).then(|| *rng.pick(trackers));
        let call =
            Call::new(run, position, site).sized(rng.bytes(sizes.0, spread), rng.bytes(sizes.1, spread));
        plan.connect(call.lasting(rng.secs(0.3, 4.0)), rng);
        if let Some(tracker) = tracker {
            plan.connect(Call::new(run + rng.secs(0.2, 2.0), position, tracker).sized(600, 150), rng);
        }
        at = run.max(at) + micros(period_secs * rng.uniform(0.67, 1.0));
    }
}

/// Pushes over the day, storms included; many make the app fetch at once.
fn pushes(plan: &mut Plan<'_, '_>, position: u16, per_day: f64, rng: &mut Rng) {
    if per_day <= 0.0 {
        return;
    }
    let fetches = rng.uniform(0.3, 0.95);
    let mut at = plan.timeline.span.start;
    loop {
        at += rng.wait(86_400.0 / per_day);
        if at >= plan.timeline.span.end {
            return;
        }
        let local_hour = (at + plan.timeline.utc_offset).rem_euclid(DAY) / HOUR;
        if local_hour < 6 && rng.chance(0.7) {
            continue;
        }
        let storm = if rng.chance(0.06) { 4 + rng.below(14) } else { 1 };
        let mut moment = at;
        for _ in 0..storm {
            one_push(plan, position, moment, fetches, rng);
            moment += rng.wait(12.0);
        }
    }
}

fn one_push(plan: &mut Plan<'_, '_>, position: u16, at: i64, fetches: f64, rng: &mut Rng) {
    if !plan.timeline.is_online(at) {
        return;
    }
    plan.notice(at, position, NoticeKind::Push);
    let site = plan.device.app(position).app.api.first().copied();
    if let Some(site) = site.filter(|_| rng.chance(fetches)) {
        let call = Call::new(at + micros(rng.lognormal(0.9, 0.6)), position, site)
            .sized(rng.bytes(380.0, 0.3), rng.bytes(1_100.0, 0.9));
        plan.connect(call, rng);
    }
}

/// A VPN that its owner switches on for hours: one long UDP flow, and keep-alives that Zeek cuts into flows.
fn tunnel(plan: &mut Plan<'_, '_>, position: u16, rng: &mut Rng) {
    let site = plan.world.platform.ike;
    for span in spells(plan.timeline, 1.2, (3600.0, 20_000.0), rng) {
        plan.notice(span.start, position, NoticeKind::ServiceStart);
        plan.notice(span.end, position, NoticeKind::ServiceStop);
        let hold = Hold {
            call: Call::new(span.start, position, site),
            from: span.start,
            to: span.end,
            mean_life_secs: 5400.0,
            back_secs: 3.0,
            beat_secs: 25.0,
            beat_bytes: (32, 32),
        };
        plan.hold_open(hold, rng);
    }
}

/// Music and navigation: a foreground service with regular traffic while the screen may be off.
fn service(plan: &mut Plan<'_, '_>, position: u16, habit: Habit, rng: &mut Rng) {
    let app = &plan.device.app(position).app;
    let (sites, period, size) = if habit == Habit::Music {
        (&app.cdn, rng.uniform(40.0, 190.0), 900_000.0)
    } else {
        (&app.api, *rng.pick(&[30.0, 60.0, 300.0]), 700.0)
    };
    let Some(site) = sites.first().copied() else { return };
    for span in spells(plan.timeline, 1.0, (600.0, 7200.0), rng) {
        plan.notice(span.start, position, NoticeKind::ServiceStart);
        plan.notice(span.end, position, NoticeKind::ServiceStop);
        let mut rhythm = Rhythm::new(Law::Uniform, period, 0.1, 0);
        let mut at = span.start;
        while at < span.end {
            let call = Call::new(at, position, site).sized(rng.bytes(420.0, 0.2), rng.bytes(size, 0.4));
            plan.connect(call.lasting(rng.secs(0.5, 12.0)), rng);
            at = rhythm.next(at, rng);
        }
    }
}

/// A vendor's hub or a mail provider: one connection held (MQTT keep-alive, IMAP IDLE of 29 minutes at most).
fn hub(plan: &mut Plan<'_, '_>, position: u16, rng: &mut Rng) {
    let Some(site) = plan.device.app(position).app.api.last().copied() else { return };
    let hold = Hold {
        call: Call::new(plan.timeline.span.start, position, site),
        from: plan.timeline.span.start + rng.secs(0.0, 1200.0),
        to: plan.timeline.span.end,
        mean_life_secs: *rng.pick(&[1740.0, 3600.0, 14_400.0]),
        back_secs: 4.0,
        beat_secs: *rng.pick(&[60.0, 300.0, 1740.0]),
        beat_bytes: (40, 40),
    };
    plan.hold_open(hold, rng);
}

/// Nightly or hourly downloads of episodes.
fn downloads(plan: &mut Plan<'_, '_>, position: u16, rng: &mut Rng) {
    let Some(site) = plan.device.app(position).app.cdn.first().copied() else { return };
    for span in spells(plan.timeline, 3.0, (30.0, 400.0), rng) {
        let at = plan.timeline.deferred(span.start, rng);
        let call =
            Call::new(at, position, site).sized(900, rng.bytes(24_000_000.0, 0.6)).lasting(span.micros());
        plan.connect(call, rng);
    }
}

/// A dead server: attempts with doubling waits, or stubborn ones each minute.
fn retries(plan: &mut Plan<'_, '_>, position: u16, rng: &mut Rng) {
    let Some(site) = plan.device.app(position).app.api.last().copied() else { return };
    let outcome = Some(if rng.chance(0.6) { Outcome::NoAnswer } else { Outcome::Refused });
    let stubborn = rng.chance(0.4);
    for span in spells(plan.timeline, 0.6, (1800.0, 9000.0), rng) {
        let (mut at, mut wait) = (span.start, 2.0);
        while at < span.end {
            plan.connect(Call { outcome, ..Call::new(at, position, site) }, rng);
            wait = if stubborn { 60.0 } else { f64::min(wait * 2.0, 900.0) };
            at += micros(wait * if stubborn { 1.0 } else { rng.uniform(0.8, 1.2) });
        }
    }
}

/// Spells of use, in the waking part of the day.
fn spells(timeline: &Timeline, per_day: f64, (low, high): (f64, f64), rng: &mut Rng) -> Vec<Span> {
    let span = timeline.span;
    let days = span.micros() / DAY;
    let mut out: Vec<Span> = Vec::new();
    for day in 0..days {
        for _ in 0..rng.poisson(per_day) {
            let start = span.start + day * DAY + rng.secs(6.0 * 3600.0, 21.0 * 3600.0);
            out.push(Span { start, end: (start + rng.secs(low, high)).min(span.end) });
        }
    }
    out.sort_unstable();
    out.dedup_by(|later, earlier| later.start < earlier.end);
    out
}
