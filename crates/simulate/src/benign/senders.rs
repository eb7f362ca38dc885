//! Honest senders that are rare, regular and often self-hosted: what a detector must not confuse with implants.
//!
//! They outnumber implants at least three to one and are labelled in `rare_benign.json`.

use crate::device::Device;
use crate::device::timeline::Span;
use crate::device::usage::Use;
use crate::flow::{Cause, NoticeKind, Outcome, Plan};
use crate::label::{Label, LabelKind};
use crate::law::Law;
use crate::random::Rng;
use crate::sender::{Mode, Questions, Sender, SizeLaw};
use crate::world::World;
use crate::world::catalog::Habit;
use crate::world::names::data_domain;
use crate::world::site::{Service, SiteId, rare_site};
use std::borrow::Cow;

/// Kinds of honest senders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pattern {
    SelfHostedCloud,
    HomeAutomation,
    MailServer,
    MailSubmission,
    PrivateVpn,
    PrivateChat,
    FeedReader,
    NicheApi,
    NichePlain,
    DeadServer,
    MqttHub,
    HashLookup,
    CameraRelay,
    ExactFlush,
    Mesh,
    CloudSync,
    EdgeSync,
    PushSync,
    /// A messenger that polls with requests answered late.
    LongPollChat,
    /// A chat client that keeps its IRC connection.
    IrcClient,
    /// Photos and backups to a server at home over FTP.
    FtpBackup,
    /// A home's hub that reports each few seconds over one connection, and reconnects.
    SmartHub,
}

const PATTERNS: [(f64, Pattern); 22] = [
    (13.0, Pattern::SelfHostedCloud),
    (10.0, Pattern::HomeAutomation),
    (7.0, Pattern::MailServer),
    (5.0, Pattern::MailSubmission),
    (4.0, Pattern::PrivateVpn),
    (6.0, Pattern::PrivateChat),
    (6.0, Pattern::FeedReader),
    (14.0, Pattern::NicheApi),
    (7.0, Pattern::NichePlain),
    (3.0, Pattern::DeadServer),
    (6.0, Pattern::MqttHub),
    (9.0, Pattern::HashLookup),
    (6.0, Pattern::CameraRelay),
    (4.0, Pattern::ExactFlush),
    (5.0, Pattern::Mesh),
    (5.0, Pattern::CloudSync),
    (4.0, Pattern::EdgeSync),
    (5.0, Pattern::PushSync),
    (5.0, Pattern::LongPollChat),
    (5.0, Pattern::IrcClient),
    (5.0, Pattern::FtpBackup),
    (5.0, Pattern::SmartHub),
];

impl Pattern {
    const fn as_str(self) -> &'static str {
        match self {
            Self::SelfHostedCloud => "self_hosted_cloud",
            Self::HomeAutomation => "home_automation",
            Self::MailServer => "mail_server",
            Self::MailSubmission => "mail_submission",
            Self::PrivateVpn => "private_vpn",
            Self::PrivateChat => "private_chat",
            Self::FeedReader => "feed_reader",
            Self::NicheApi => "niche_api",
            Self::NichePlain => "niche_plain",
            Self::DeadServer => "dead_server",
            Self::MqttHub => "mqtt_hub",
            Self::HashLookup => "hash_lookup",
            Self::CameraRelay => "camera_relay",
            Self::ExactFlush => "exact_flush",
            Self::Mesh => "mesh",
            Self::CloudSync => "cloud_sync",
            Self::EdgeSync => "edge_sync",
            Self::PushSync => "push_sync",
            Self::LongPollChat => "long_poll_chat",
            Self::IrcClient => "irc_client",
            Self::FtpBackup => "ftp_backup",
            Self::SmartHub => "smart_hub",
        }
    }

    /// The common app that such a sender usually is; `None` for an app of the long tail.
    const fn habit(self) -> Option<Habit> {
        match self {
            Self::SelfHostedCloud | Self::CloudSync | Self::FtpBackup => Some(Habit::Cloud),
            Self::HomeAutomation | Self::MqttHub | Self::CameraRelay | Self::SmartHub => Some(Habit::Home),
            Self::MailServer | Self::MailSubmission => Some(Habit::Mail),
            Self::PrivateVpn | Self::Mesh => Some(Habit::Vpn),
            Self::PrivateChat | Self::LongPollChat => Some(Habit::Chat),
            Self::FeedReader => Some(Habit::Podcast),
            Self::HashLookup => Some(Habit::Security),
            Self::ExactFlush => Some(Habit::Game),
            Self::NicheApi
            | Self::NichePlain
            | Self::DeadServer
            | Self::EdgeSync
            | Self::PushSync
            | Self::IrcClient => None,
        }
    }

    fn service(self, rng: &mut Rng) -> (Service, Option<u16>) {
        let tls = |port| (Service::Tls, port);
        match self {
            Self::MailServer if rng.chance(0.3) => (Service::Imap, None),
            Self::MailServer => tls(Some(993)),
            Self::MailSubmission if rng.chance(0.5) => (Service::Smtp, None),
            Self::MailSubmission => tls(Some(465)),
            Self::PrivateVpn if rng.chance(0.6) => (Service::RawUdp, None),
            Self::MqttHub if rng.chance(0.5) => (Service::Mqtt, None),
            Self::MqttHub => tls(Some(8883)),
            Self::CameraRelay => (Service::RawTcp, None),
            Self::Mesh if rng.chance(0.5) => (Service::RawTcp, None),
            Self::NichePlain => (Service::Http, None),
            Self::IrcClient if rng.chance(0.5) => (Service::Irc, None),
            Self::IrcClient => tls(Some(6697)),
            Self::FtpBackup if rng.chance(0.6) => (Service::Ftp, None),
            Self::FtpBackup => tls(Some(990)),
            Self::HomeAutomation | Self::PrivateChat | Self::FeedReader | Self::Mesh if rng.chance(0.25) => {
                (Service::Http, None)
            }
            _ => tls(None),
        }
    }
}

/// An honest sender to be run: the pattern and the app it lives in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Resident {
    pattern: Pattern,
    app: u16,
}

/// Gives the phone its honest rare senders, `mean` on average, installing the apps they need.
pub(crate) fn install<'w>(world: &'w World, device: &mut Device<'w>, mean: f64, seed: u64) -> Vec<Resident> {
    let mut rng = Rng::stream(&[seed, u64::from(device.index), 0x7365_6e64]);
    let count = rng.poisson(mean);
    let mut mix = Rng::stream(&[seed, 0x7469_6c74]);
    let patterns =
        PATTERNS.map(|(weight, of)| (weight * mix.lognormal(1.0, world.character.honest_tilt), of));
    (0..count)
        .map(|_| {
            let pattern = *rng.weighted(&patterns);
            Resident { pattern, app: home(world, device, pattern, &mut rng) }
        })
        .collect()
}

/// The app of a pattern: one installed with the right habit, else a common one to install, else a rare app.
fn home<'w>(world: &'w World, device: &mut Device<'w>, pattern: Pattern, rng: &mut Rng) -> u16 {
    if let Some(habit) = pattern.habit().filter(|_| rng.chance(0.8)) {
        let has = device.user_apps().find(|position| device.app(*position).app.habit == habit);
        let known: Vec<_> =
            world.common_apps(device.platform).iter().filter(|app| app.habit == habit).collect();
        return has
            .unwrap_or_else(|| device.install(Cow::Borrowed(*rng.pick(&known)), 0.4, false, rng.below(3)));
    }
    let rare: Vec<u16> = device.user_apps().filter(|position| device.app(*position).is_rare).collect();
    if rare.is_empty() || rng.chance(0.4) {
        let pool = world.tail_apps(device.platform);
        return device.install(Cow::Borrowed(rng.pick(pool)), 0.3, true, rng.below(4));
    }
    *rng.pick(&rare)
}

/// Runs one sender and labels it.
pub(crate) fn run(
    plan: &mut Plan<'_, '_>,
    resident: Resident,
    uses: &[Use],
    cause: Cause,
    seed: u64,
) -> Label {
    let mut rng = Rng::stream(&[seed, u64::from(plan.device.index), 0x7365_6e64, u64::from(cause)]);
    let rng = &mut rng;
    let Resident { pattern, app } = resident;
    let sites = sites(plan, pattern, rng);
    let (law, period_secs, jitter) = schedule(pattern, rng);
    let bring = rng.chance(0.4);
    let stack = plan.device.brought_stack(plan.world, rng);
    let span = plan.timeline.span;
    let late = if rng.chance(0.15) { rng.range(0, span.micros() * 2 / 5) } else { 0 };
    let present = Span { start: span.start + late, end: span.end };
    let is_service = rng.chance(if pattern.habit().is_some() { 0.6 } else { 0.25 });
    let sender = Sender {
        app,
        sites,
        stack: if bring { stack } else { plan.device.app(app).stack },
        mode: mode(pattern, rng),
        law,
        period_secs,
        jitter,
        miss: if rng.chance(0.3) { rng.uniform(0.0, 0.15) } else { 0.0 },
        is_deferrable: !is_service,
        sizes: SizeLaw::draw(rng),
        is_post: rng.chance(0.4),
        bursts: *rng.pick(&[0.0, 0.0, 0.01, 0.05]),
        outcome: (pattern == Pattern::DeadServer).then_some(Outcome::NoAnswer),
        present,
        cause,
    };
    if is_service {
        plan.notice(present.start, app, NoticeKind::ServiceStart);
    }
    let own_uses: Vec<Use> = uses.iter().filter(|each| each.app == app).copied().collect();
    let pushes = if pattern == Pattern::PushSync { pushes(plan, app, rng) } else { vec![] };
    let done = sender.run(plan, &own_uses, &pushes, rng);
    Label::new(plan, &sender, LabelKind::Honest(pattern.as_str()), done)
}

fn pushes(plan: &mut Plan<'_, '_>, app: u16, rng: &mut Rng) -> Vec<i64> {
    let mut at = plan.timeline.span.start;
    let mut out = Vec::new();
    loop {
        at += rng.wait(3600.0);
        if at >= plan.timeline.span.end {
            return out;
        }
        if plan.timeline.is_online(at) {
            plan.notice(at, app, NoticeKind::Push);
            out.push(at);
        }
    }
}

fn mode(pattern: Pattern, rng: &mut Rng) -> Mode {
    let held =
        |rng: &mut Rng| Mode::Hold { mean_life_secs: *rng.pick(&[600.0, 1800.0, 3600.0, 7200.0, 21_600.0]) };
    match pattern {
        Pattern::PrivateVpn
        | Pattern::PrivateChat
        | Pattern::CameraRelay
        | Pattern::MqttHub
        | Pattern::IrcClient
        | Pattern::SmartHub => held(rng),
        Pattern::HomeAutomation | Pattern::MailServer if rng.chance(0.5) => held(rng),
        Pattern::LongPollChat => Mode::Hold { mean_life_secs: *rng.pick(&[30.0, 60.0, 120.0, 300.0]) },
        Pattern::HashLookup => Mode::Ask(Questions::draw(data_domain(rng), rng)),
        Pattern::ExactFlush => Mode::InUse,
        Pattern::PushSync => Mode::AfterPush,
        _ => Mode::Poll,
    }
}

/// Schedules of honest machines: quarter hours most of all, and everything between 30 s and 12 h.
fn schedule(pattern: Pattern, rng: &mut Rng) -> (Law, f64, f64) {
    const PERIODS: [(f64, f64); 10] = [
        (4.0, 30.0),
        (10.0, 60.0),
        (4.0, 120.0),
        (14.0, 300.0),
        (8.0, 600.0),
        (30.0, 900.0),
        (14.0, 1800.0),
        (10.0, 3600.0),
        (4.0, 14_400.0),
        (2.0, 43_200.0),
    ];
    const LAWS: [(f64, (Law, f64)); 7] = [
        (28.0, (Law::Exact, 0.0)),
        (20.0, (Law::ClockLocked, 0.02)),
        (18.0, (Law::Uniform, 0.05)),
        (14.0, (Law::Additive, 0.1)),
        (8.0, (Law::Uniform, 0.33)),
        (7.0, (Law::OneSided, 0.33)),
        (5.0, (Law::BackOff, 0.1)),
    ];
    let (law, jitter) = *rng.weighted(&LAWS);
    let period = *rng.weighted(&PERIODS) * if rng.chance(0.3) { rng.uniform(0.7, 1.4) } else { 1.0 };
    match pattern {
        Pattern::ExactFlush => (Law::Exact, *rng.pick(&[30.0, 60.0]), 0.0),
        Pattern::DeadServer => (Law::BackOff, *rng.pick(&[60.0, 300.0, 900.0]), 0.1),
        Pattern::PrivateVpn
        | Pattern::PrivateChat
        | Pattern::CameraRelay
        | Pattern::MqttHub
        | Pattern::LongPollChat
        | Pattern::IrcClient
        | Pattern::SmartHub => (Law::Exact, *rng.pick(&[10.0, 25.0, 25.0, 30.0, 60.0, 120.0]), 0.0),
        _ => (law, period, jitter),
    }
}

fn sites(plan: &mut Plan<'_, '_>, pattern: Pattern, rng: &mut Rng) -> Vec<SiteId> {
    let world = plan.world;
    match pattern {
        Pattern::CloudSync => return vec![world.cloud_apis[rng.zipf(world.cloud_apis.len())]],
        Pattern::EdgeSync => return vec![world.cdns[rng.zipf(world.cdns.len())]],
        Pattern::HashLookup => return vec![plan.device.resolver.unwrap_or(world.platform.resolvers[2])],
        _ => {}
    }
    let count = match pattern {
        Pattern::FeedReader => 4 + rng.below(24),
        Pattern::Mesh => 8 + rng.below(30),
        _ => 1,
    };
    let (service, port) = pattern.service(rng);
    let one_port = rare_site(service, rng).port;
    (0..count)
        .map(|_| {
            let mut site = rare_site(service, rng);
            site.port = port.unwrap_or(if count > 1 { one_port } else { site.port });
            plan.device.add_site(site)
        })
        .collect()
}
