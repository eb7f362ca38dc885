//! Puts an implant into a phone.

use super::{Channel, Infection};
use crate::device::Device;
use crate::device::timeline::Span;
use crate::device::usage::Use;
use crate::flow::{Cause, Plan};
use crate::label::{Label, LabelKind};
use crate::law::Law;
use crate::number::{DAY, index, low16};
use crate::random::Rng;
use crate::sender::{Mode, Questions, Sender, SizeLaw};
use crate::world::World;
use crate::world::catalog::Habit;
use crate::world::names::data_domain;
use crate::world::site::{Service, Site, SiteId, public_address, rare_site};
use crate::world::stacks::StackId;
use std::borrow::Cow;

/// The app that carries the implant: the campaign's own, or one that the phone has anyway.
pub(crate) fn carrier<'w>(
    world: &'w World,
    device: &mut Device<'w>,
    infection: &Infection,
    rng: &mut Rng,
) -> u16 {
    let pool = world.tail_apps(device.platform);
    if infection.is_shared {
        let app = &pool[pool.len() / 2 + index(infection.campaign * 7) % (pool.len() / 2)];
        let installed = device.apps.iter().position(|installed| installed.app.id == app.id);
        return installed.map_or_else(
            || device.install(Cow::Borrowed(app), 0.3, true, infection.campaign),
            |position| low16(position as u64),
        );
    }
    let wants_rare = rng.chance(world.character.rare_carriers);
    let fits = |position: &u16| {
        let installed = device.app(*position);
        installed.is_rare == wants_rare && !matches!(installed.app.habit, Habit::Vpn | Habit::Browser)
    };
    let fitting: Vec<u16> = device.user_apps().filter(fits).collect();
    if fitting.is_empty() {
        return device.install(Cow::Borrowed(&pool[rng.zipf(pool.len())]), 0.3, true, 0);
    }
    *rng.pick(&fitting)
}

/// Runs the implant on the phone and labels it.
pub(crate) fn plant(
    plan: &mut Plan<'_, '_>,
    infection: &Infection,
    carrier: u16,
    uses: &[Use],
    (seed, cause): (u64, Cause),
) -> Label {
    let mut shared = Rng::stream(&[seed, infection.campaign, 0x6332]);
    let mut own = Rng::stream(&[seed, u64::from(plan.device.index), 0x6332]);
    let sites = sites(plan, infection, &mut shared);
    let stack = stack(plan, carrier, &mut shared);
    let sender = Sender {
        app: carrier,
        mode: mode(infection, &mut shared),
        sites,
        stack,
        law: infection.law,
        period_secs: infection.period_secs,
        jitter: infection.jitter,
        miss: infection.miss,
        is_deferrable: infection.law == Law::DozeBatched,
        sizes: SizeLaw::draw(&mut shared),
        is_post: shared.chance(0.5),
        bursts: match infection.channel {
            Channel::Burst => 0.08,
            Channel::Https | Channel::Http | Channel::Rotating => 0.01,
            _ => 0.0,
        },
        outcome: None,
        present: present(plan, infection, &mut own),
        cause,
    };
    let pushes = if infection.channel == Channel::PushTriggered {
        push_wakes(plan, &sender, &mut own)
    } else {
        vec![]
    };
    let uses: Vec<Use> = uses.iter().filter(|each| each.app == carrier).copied().collect();
    let done = sender.run(plan, &uses, &pushes, &mut own);
    Label::new(plan, &sender, LabelKind::Implant(infection.channel), done)
}

/// The whole span, or from an installation in its first part on: of all days, or of the first that is not clean.
fn present(plan: &Plan<'_, '_>, infection: &Infection, rng: &mut Rng) -> Span {
    let span = plan.timeline.span;
    if let Some(days) = infection.after_days {
        return Span { start: span.start + i64::from(days) * DAY + rng.range(0, DAY / 8), end: span.end };
    }
    if infection.channel != Channel::Slow && rng.chance(0.2) {
        return Span { start: span.start + rng.range(0, span.micros() * 2 / 5), end: span.end };
    }
    span
}

/// Half of all implants use the app's own stack, the others bring one.
fn stack(plan: &Plan<'_, '_>, carrier: u16, rng: &mut Rng) -> StackId {
    let (bring, stack) = (rng.chance(0.5), plan.device.brought_stack(plan.world, rng));
    if bring { stack } else { plan.device.app(carrier).stack }
}

/// Push messages that carry commands: a few in an hour of work, otherwise some a day.
fn push_wakes(plan: &mut Plan<'_, '_>, sender: &Sender, rng: &mut Rng) -> Vec<i64> {
    let mut out = Vec::new();
    let mut at = sender.present.start;
    loop {
        at += if rng.chance(0.6) { rng.wait(600.0) } else { rng.wait(sender.period_secs) };
        if at >= sender.present.end {
            return out;
        }
        if plan.timeline.is_online(at) {
            plan.notice(at, sender.app, crate::flow::NoticeKind::Push);
            out.push(at);
        }
    }
}

fn mode(infection: &Infection, rng: &mut Rng) -> Mode {
    match infection.channel {
        Channel::WebSocket => Mode::Hold { mean_life_secs: *rng.pick(&[1800.0, 7200.0, 21_600.0]) },
        Channel::RawTcp | Channel::Mqtt => {
            Mode::Hold { mean_life_secs: *rng.pick(&[600.0, 3600.0, 14_400.0]) }
        }
        Channel::Irc => Mode::Hold { mean_life_secs: *rng.pick(&[1800.0, 7200.0, 28_800.0]) },
        // The server answers after its period: one request is the life of one connection.
        Channel::LongPoll => Mode::Hold { mean_life_secs: infection.period_secs },
        Channel::Dns => Mode::Ask(Questions::draw(data_domain(rng), rng)),
        Channel::PushTriggered => Mode::AfterPush,
        _ => Mode::Poll,
    }
}

/// The implant's places. For DNS it is the resolver; the domain is in the questions.
fn sites(plan: &mut Plan<'_, '_>, infection: &Infection, rng: &mut Rng) -> Vec<SiteId> {
    let (count, service) = match infection.channel {
        Channel::DeadDrop => return vec![plan.world.cloud_apis[rng.zipf(plan.world.cloud_apis.len())]],
        Channel::Fronting => return vec![plan.world.cdns[rng.zipf(plan.world.cdns.len())]],
        Channel::Dns => return vec![plan.device.resolver.unwrap_or(plan.world.platform.resolvers[2])],
        Channel::Rotating => (6 + rng.below(24), *rng.pick(&[Service::Tls, Service::Tls, Service::Http])),
        Channel::Http => (1, Service::Http),
        Channel::RawTcp => (1, Service::RawTcp),
        Channel::Mqtt => (1, if rng.chance(0.5) { Service::Mqtt } else { Service::Tls }),
        Channel::Imap => (1, if rng.chance(0.3) { Service::Imap } else { Service::Tls }),
        Channel::Smtp => (1, if rng.chance(0.5) { Service::Smtp } else { Service::Tls }),
        Channel::WebSocket => (1, if rng.chance(0.25) { Service::Http } else { Service::Tls }),
        Channel::Slow | Channel::Burst | Channel::LongPoll => {
            (1, if rng.chance(0.2) { Service::Http } else { Service::Tls })
        }
        Channel::Irc => (1, if rng.chance(0.5) { Service::Irc } else { Service::Tls }),
        Channel::Ftp => (1, if rng.chance(0.6) { Service::Ftp } else { Service::Tls }),
        Channel::Https | Channel::PushTriggered => (1, Service::Tls),
    };
    let mut first = rare_site(service, rng);
    if service == Service::Tls {
        first.port = match infection.channel {
            Channel::Mqtt => 8883,
            Channel::Imap => 993,
            Channel::Smtp => 465,
            Channel::Irc => 6697,
            Channel::Ftp => 990,
            _ => first.port,
        };
    }
    if infection.channel == Channel::WebSocket {
        first.uri = crate::world::site::UriShape::Socket;
    }
    let mut out = Vec::new();
    for _ in 1..count {
        out.push(rotated(&first, rng));
    }
    out.push(first);
    out.into_iter().map(|site| plan.device.add_site(site)).collect()
}

/// Another address of the same operator, with its own name or none; port and protocol stay.
fn rotated(first: &Site, rng: &mut Rng) -> Site {
    let other = rare_site(first.service, rng);
    let (name, domain) = if first.name.is_some() { (other.name, other.domain) } else { (None, None) };
    Site { sends_sni: name.is_some(), name, domain, addrs: vec![public_address(rng)], ..first.clone() }
}
