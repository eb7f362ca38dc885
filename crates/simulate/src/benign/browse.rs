//! Traffic of apps in use: pages, feeds, pictures, trackers and flushes.

use crate::device::usage::Use;
use crate::flow::{Call, Hold, Plan};
use crate::law::{Law, Rhythm};
use crate::number::{micros, signed};
use crate::random::Rng;
use crate::world::App;
use crate::world::catalog::Habit;
use crate::world::site::{RAW_PORTS, Service, Site, SiteId, rare_site};

/// How one habit talks while in use, per minute.
struct Pace {
    api: f64,
    media: f64,
    trackers: f64,
    media_bytes: f64,
}

fn pace(habit: Habit) -> Pace {
    let make = |api, media, trackers, media_bytes| Pace { api, media, trackers, media_bytes };
    match habit {
        Habit::Social => make(1.4, 2.4, 0.6, 90_000.0),
        Habit::Video => make(0.9, 1.6, 0.4, 2_500_000.0),
        Habit::Reading | Habit::Browser => make(1.0, 1.7, 0.9, 40_000.0),
        Habit::Music | Habit::Podcast => make(0.6, 0.6, 0.2, 900_000.0),
        Habit::Chat => make(0.8, 0.5, 0.1, 50_000.0),
        Habit::Location => make(1.0, 1.5, 0.2, 30_000.0),
        Habit::Game => make(0.7, 0.4, 0.8, 120_000.0),
        Habit::Bank => make(1.2, 0.1, 0.1, 15_000.0),
        Habit::Mail | Habit::Cloud | Habit::Home => make(0.9, 0.4, 0.1, 60_000.0),
        Habit::Weather | Habit::Tool | Habit::Security | Habit::Vpn => make(0.6, 0.3, 0.4, 20_000.0),
    }
}

/// Plans the traffic of every use; `browsing` scales it (1 is natural).
pub(super) fn run(plan: &mut Plan<'_, '_>, uses: &[Use], browsing: f64, rng: &mut Rng) {
    let game_server = rare_site(Service::RawUdp, rng);
    let game_sites: Vec<SiteId> = game_sites(plan, &game_server, rng);
    for each in uses {
        let habit = plan.device.app(each.app).app.habit;
        if habit == Habit::Browser {
            surf(plan, each, browsing, rng);
        } else {
            app_session(plan, each, browsing, rng);
            match habit {
                Habit::Chat => held_chat(plan, each, rng),
                Habit::Game if rng.chance(0.5) => play(plan, each, &game_sites, rng),
                _ => {}
            }
        }
        flushes(plan, each, rng);
    }
}

fn surf(plan: &mut Plan<'_, '_>, each: &Use, browsing: f64, rng: &mut Rng) {
    let mut at = each.span.start + rng.secs(0.3, 2.0);
    while at < each.span.end {
        let page = &plan.world.pages[rng.zipf(plan.world.pages.len())];
        let size = rng.bytes(38_000.0, 1.1);
        let request = 450 + rng.below(700);
        let life = rng.secs(1.0, 60.0);
        plan.connect(Call::new(at, each.app, page.main).sized(request, size).lasting(life), rng);
        let parts = rng.poisson(page.parts.len() as f64 * 0.55 * browsing.min(40.0));
        for _ in 0..parts {
            let part = *rng.pick(&page.parts);
            fetch(plan, at + rng.secs(0.1, 3.0), (each.app, part), 22_000.0, rng);
        }
        at += micros(rng.lognormal(40.0, 0.9) / browsing.clamp(0.2, 20.0));
    }
}

fn fetch(plan: &mut Plan<'_, '_>, at: i64, (app, site): (u16, SiteId), median: f64, rng: &mut Rng) {
    let call = Call::new(at, app, site)
        .sized(rng.bytes(620.0, 0.5), rng.bytes(median, 1.3))
        .lasting(micros(rng.lognormal(6.0, 1.2).min(300.0)));
    plan.connect(call, rng);
}

fn app_session(plan: &mut Plan<'_, '_>, each: &Use, browsing: f64, rng: &mut Rng) {
    let pace = pace(plan.device.app(each.app).app.habit);
    // Opening an app costs a burst; the rest follows the pace, slower than time: connections are reused.
    let minutes = 0.8 + 0.6 * (each.span.micros() as f64 / 6e7).min(20.0);
    let groups = [
        (pace.api, 2_400.0, (|app| &app.api) as fn(&App) -> &Vec<SiteId>),
        (pace.media, pace.media_bytes, |app| &app.cdn),
        (pace.trackers, 380.0, |app| &app.trackers),
    ];
    for (rate, median, sites) in groups {
        for turn in 0..rng.poisson(rate * browsing * minutes) {
            let Some(site) = some_site(sites(&plan.device.app(each.app).app), rng) else { break };
            let at = if turn == 0 || rng.chance(0.45) {
                each.span.start + rng.secs(0.1, 2.5)
            } else {
                rng.range(each.span.start, each.span.end)
            };
            fetch(plan, at, (each.app, site), median, rng);
        }
    }
}

fn some_site(sites: &[SiteId], rng: &mut Rng) -> Option<SiteId> {
    (!sites.is_empty()).then(|| *rng.pick(sites))
}

/// Messengers hold a connection while in use; a small part polls over a Socket.IO channel.
fn held_chat(plan: &mut Plan<'_, '_>, each: &Use, rng: &mut Rng) {
    let Some(site) = plan.device.app(each.app).app.api.first().copied() else { return };
    let hold = Hold {
        call: Call::new(each.span.start, each.app, site),
        from: each.span.start,
        to: each.span.end + rng.secs(5.0, 60.0),
        mean_life_secs: 1800.0,
        back_secs: 2.0,
        beat_secs: 25.0,
        beat_bytes: (60, 80),
    };
    plan.hold_open(hold, rng);
}

/// Exact flushes of analytics or game state.
fn flushes(plan: &mut Plan<'_, '_>, each: &Use, rng: &mut Rng) {
    let app = &plan.device.app(each.app).app;
    let Some(period) = app.flush_secs else { return };
    let sites = if app.habit == Habit::Game { &app.api } else { &app.trackers };
    let Some(site) = sites.first().copied() else { return };
    let mut rhythm = Rhythm::new(Law::Exact, period, 0.0, 0);
    let mut at = rhythm.next(each.span.start, rng);
    while at < each.span.end {
        let call = Call { is_post: true, ..Call::new(at, each.app, site).sized(rng.bytes(700.0, 0.5), 160) };
        plan.connect(call, rng);
        at = rhythm.next(at + rng.secs(0.0, 0.05), rng);
    }
}

/// Match servers of games and calls: raw ports, both transports.
fn game_sites(plan: &mut Plan<'_, '_>, first: &Site, rng: &mut Rng) -> Vec<SiteId> {
    let make = |rng: &mut Rng| {
        let service = if rng.chance(0.5) { Service::RawTcp } else { Service::RawUdp };
        Site { port: *rng.weighted(&RAW_PORTS), service, ..rare_site(service, rng) }
    };
    let mut sites: Vec<Site> = (0..3).map(|_| make(rng)).collect();
    sites.push(first.clone());
    sites.into_iter().map(|site| plan.device.add_site(site)).collect()
}

fn play(plan: &mut Plan<'_, '_>, each: &Use, sites: &[SiteId], rng: &mut Rng) {
    let life = each.span.micros().max(1);
    let secs = life / 1_000_000;
    let up = rng.bytes(180.0, 0.4) * crate::number::unsigned(secs);
    let call = Call::new(each.span.start + rng.secs(0.5, 3.0), each.app, *rng.pick(sites))
        .sized(up, up * 2 + rng.below(4000))
        .lasting(life.min(signed(3_600_000_000)));
    plan.connect(call, rng);
}
