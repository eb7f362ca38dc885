//! Traffic of the platforms: push channels, probes, time, stores, management, revocation, measurement.
//!
//! Intervals: FCM heartbeats run inside one connection that NAT and networks cut; probes run on every join, with
//! doubling retries in captive networks (`NetworkMonitor`); time is asked about daily; management every 2 to 8
//! hours; Firebase measurement about hourly when batched.

use crate::device::timeline::Timeline;
use crate::device::{BROWSER, MDM, OS, STORE, SYSTEM};
use crate::flow::{Answer, Call, Hold, Plan, Query};
use crate::law::{Law, Rhythm};
use crate::number::{SEC, micros};
use crate::random::Rng;
use crate::world::names;
use crate::world::site::SiteId;
use undertone_core::model::Platform;

/// Plans the platform's own traffic.
pub(super) fn run(plan: &mut Plan<'_, '_>, rng: &mut Rng) {
    let is_ios = plan.device.platform == Platform::Ios;
    let sites = &plan.world.platform;
    let (push, time, services, measure) = if is_ios {
        (sites.apns, sites.apple_time, sites.apple_services, sites.apple_services)
    } else {
        (sites.fcm, sites.android_time, sites.android_services, sites.measurement)
    };
    push_channel(plan, push, rng);
    probes(plan, is_ios, rng);
    let each = [(OS, time, 80_000.0, 48), (SYSTEM, services, 5400.0, 1800), (SYSTEM, measure, 3600.0, 900)];
    for (app, site, period, size) in each {
        regular(plan, app, site, (period, 0.25), size, rng);
    }
    if plan.device.is_managed {
        let period = *rng.pick(&[7200.0, 14_400.0, 28_800.0]);
        regular(plan, MDM, plan.world.platform.mdm, (period, 0.02), 2400, rng);
    }
    let ocsp = plan.world.platform.ocsp;
    for _ in 0..rng.poisson(6.0 * days(plan.timeline)) {
        let at = rng.range(plan.timeline.span.start, plan.timeline.span.end);
        plan.connect(Call::new(at, OS, ocsp).sized(190, 1500), rng);
    }
    updates(plan, is_ios, rng);
    if plan.device.resolver.is_none() {
        private_dns(plan, rng);
    }
}

fn days(timeline: &Timeline) -> f64 {
    timeline.span.micros() as f64 / 8.64e10
}

fn push_channel(plan: &mut Plan<'_, '_>, site: SiteId, rng: &mut Rng) {
    let hold = Hold {
        call: Call::new(plan.timeline.span.start, SYSTEM, site),
        from: plan.timeline.span.start + rng.secs(0.0, 900.0),
        to: plan.timeline.span.end,
        mean_life_secs: 14_000.0,
        back_secs: 2.0,
        beat_secs: *rng.pick(&[900.0, 1680.0]),
        beat_bytes: (70, 70),
    };
    plan.hold_open(hold, rng);
}

/// Connectivity probes on joins; Chromium asks three random names; captive networks retry.
fn probes(plan: &mut Plan<'_, '_>, is_ios: bool, rng: &mut Rng) {
    let site = if is_ios { plan.world.platform.apple_probe } else { plan.world.platform.android_probe };
    for join in plan.timeline.joins.clone() {
        let mut at = join + rng.secs(0.1, 1.5);
        let tries = if rng.chance(0.06) { 6 } else { 1 };
        let mut wait = 1.0;
        for _ in 0..tries {
            plan.connect(Call::new(at, OS, site).sized(0, 0).lasting(SEC / 5), rng);
            at += micros(wait);
            wait = f64::min(wait * 2.0, 600.0);
        }
        let Some(resolver) = plan.device.resolver.filter(|_| !is_ios && rng.chance(0.5)) else { continue };
        for _ in 0..3 {
            let len = 7 + crate::number::index(rng.below(9));
            let name = names::token(rng, len, b"abcdefghijklmnopqrstuvwxyz");
            let query = Query { name, qtype: 1, answer: Answer::NxDomain };
            plan.ask(Call::new(at, BROWSER, resolver), query, rng);
        }
    }
}

/// A schedule of the platform, deferred by Doze.
fn regular(
    plan: &mut Plan<'_, '_>,
    app: u16,
    site: SiteId,
    (period_secs, jitter): (f64, f64),
    size: u64,
    rng: &mut Rng,
) {
    let mut rhythm = Rhythm::new(Law::Uniform, period_secs, jitter, 0);
    let mut at = plan.timeline.span.start + micros(period_secs * rng.unit());
    while at < plan.timeline.span.end {
        let run = plan.timeline.deferred(at, rng);
        plan.connect(Call::new(run, app, site).sized(size / 2, size), rng);
        at = rhythm.next(run, rng);
    }
}

/// App updates: large downloads while charging.
fn updates(plan: &mut Plan<'_, '_>, is_ios: bool, rng: &mut Rng) {
    let sites = &plan.world.platform;
    let (ask, get) = if is_ios {
        (sites.apple_services, sites.apple_downloads)
    } else {
        (sites.play, sites.play_downloads)
    };
    for span in plan.timeline.charging.clone() {
        let mut at = span.start + rng.secs(600.0, 2400.0);
        plan.connect(Call::new(at, STORE, ask).sized(1800, 22_000), rng);
        for _ in 0..rng.poisson(2.0) {
            at += rng.wait(90.0);
            let size = rng.bytes(30_000_000.0, 0.9);
            plan.connect(Call::new(at, STORE, get).sized(1200, size).lasting(rng.secs(4.0, 90.0)), rng);
        }
    }
}

/// DNS over TLS of phones whose lookups nobody sees.
fn private_dns(plan: &mut Plan<'_, '_>, rng: &mut Rng) {
    let hold = Hold {
        call: Call::new(plan.timeline.span.start, OS, plan.world.platform.private_dns),
        from: plan.timeline.span.start,
        to: plan.timeline.span.end,
        mean_life_secs: 240.0,
        back_secs: 90.0,
        beat_secs: 8.0,
        beat_bytes: (120, 260),
    };
    plan.hold_open(hold, rng);
}
