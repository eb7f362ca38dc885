//! One phone: who holds it, what is installed, how its telemetry comes in.

pub(crate) mod timeline;
pub(crate) mod usage;

use crate::number::{HOUR, SEC, low8, low16};
use crate::random::{Rng, mix_all};
use crate::world::catalog::Habit;
use crate::world::site::{Site, SiteId};
use crate::world::stacks::{Family, StackId};
use crate::world::{App, World};
use std::borrow::Cow;
use std::net::Ipv4Addr;
use timeline::Person;
use undertone_core::model::Platform;

/// Positions of the system's own apps in every device's list.
pub(crate) const SYSTEM: u16 = 0;
pub(crate) const STORE: u16 = 1;
pub(crate) const OS: u16 = 2;
pub(crate) const BROWSER: u16 = 3;
pub(crate) const MDM: u16 = 4;
/// Apps below this position are the system's.
pub(crate) const FIRST_USER_APP: usize = 5;

/// An app on this phone.
#[derive(Debug)]
pub(crate) struct Installed<'w> {
    pub(crate) app: Cow<'w, App>,
    /// Android uid.
    pub(crate) uid: i32,
    pub(crate) stack: StackId,
    /// How much its owner likes it.
    pub(crate) weight: f64,
    /// App of the long tail, or this phone's alone.
    pub(crate) is_rare: bool,
}

/// How the phone's telemetry comes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PhoneLog {
    MobileEdr,
    IntrusionLogging,
    PcapDroid,
    PrivacyReport,
}

/// What the telemetry of this phone lacks or bends.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TelemetryTraits {
    pub(crate) log: PhoneLog,
    /// Phone clock minus sensor clock, microseconds.
    pub(crate) skew: i64,
    pub(crate) reports_lock: bool,
    /// The agent captures in a local VPN: originator addresses are the tunnel's.
    pub(crate) is_tunnel: bool,
    /// Share of rows lost.
    pub(crate) missing: f64,
    /// Whether there is an agent at all.
    pub(crate) has_agent: bool,
}

/// One phone.
#[derive(Debug)]
pub(crate) struct Device<'w> {
    pub(crate) index: u32,
    pub(crate) id: String,
    pub(crate) ip: Ipv4Addr,
    pub(crate) mac: [u8; 6],
    pub(crate) platform: Platform,
    /// `Android 15` or `iPhone OS 18_4`.
    pub(crate) system: String,
    pub(crate) model: &'static str,
    pub(crate) apps: Vec<Installed<'w>>,
    pub(crate) person: Person,
    /// `None` when names are resolved over TLS, out of sight.
    pub(crate) resolver: Option<SiteId>,
    pub(crate) is_managed: bool,
    pub(crate) telemetry: TelemetryTraits,
    /// Sites of this phone alone; their numbers go on after the world's.
    pub(crate) sites: Vec<Site>,
    first_own_site: u32,
}

const ANDROID_MODELS: [&str; 8] =
    ["Pixel 8", "Pixel 9a", "SM-A546B", "SM-S921B", "SM-G991B", "2312DRA50G", "CPH2581", "XT2343-2"];
const IOS_MODELS: [&str; 4] = ["iPhone14,7", "iPhone15,4", "iPhone16,1", "iPhone17,3"];

impl<'w> Device<'w> {
    /// The phone number `index` of a seed's fleet.
    pub(crate) fn new(world: &'w World, seed: u64, index: u32) -> Self {
        let mut rng = Rng::stream(&[seed, u64::from(index), 1]);
        let platform = platform(seed, index);
        let version = rng.zipf(crate::world::stacks::VERSIONS);
        let is_ios = platform == Platform::Ios;
        let mut device = Self {
            index,
            id: format!("d-{index:05}"),
            ip: address(index),
            mac: mac(seed, index),
            platform,
            system: if is_ios {
                format!("iPhone OS {}_4", 18 - version)
            } else {
                format!("Android {}", 16 - version)
            },
            model: if is_ios { rng.word(&IOS_MODELS) } else { rng.word(&ANDROID_MODELS) },
            apps: Vec::new(),
            person: person(&mut rng),
            resolver: (!rng.chance(world.character.hidden_dns))
                .then(|| world.platform.resolvers[rng.zipf(4)]),
            is_managed: rng.chance(0.6),
            telemetry: telemetry(world, &mut rng),
            sites: Vec::new(),
            first_own_site: u32::try_from(world.sites.len()).unwrap_or(u32::MAX),
        };
        device.install_system();
        device.install_common(world, &mut rng);
        device.install_tail(world, &mut rng);
        device
    }

    fn install_system(&mut self) {
        let names = if self.platform == Platform::Ios {
            [
                "com.apple.apsd",
                "com.apple.AppStore",
                "com.apple.nsurlsessiond",
                "com.apple.mobilesafari",
                "com.apple.mdmd",
            ]
        } else {
            [
                "com.google.android.gms",
                "com.android.vending",
                "android",
                "com.android.chrome",
                "com.fleetward.agent",
            ]
        };
        let family = if self.platform == Platform::Ios { Family::UrlSession } else { Family::Cronet };
        for (position, id) in names.into_iter().enumerate() {
            let is_browser = position == usize::from(BROWSER);
            let app = App {
                id: id.to_owned(),
                name: id.rsplit('.').next().unwrap_or(id).to_owned(),
                role: if is_browser { "communication" } else { "tools" },
                habit: if is_browser { Habit::Browser } else { Habit::Tool },
                stack: if is_browser { Family::WebView } else { family },
                api: Vec::new(),
                cdn: Vec::new(),
                trackers: Vec::new(),
                job_secs: None,
                flush_secs: None,
                pushes: 0.0,
                prevalence: 1.0,
            };
            self.install(Cow::Owned(app), if is_browser { 6.0 } else { 0.0 }, false, 0);
        }
    }

    fn install_common(&mut self, world: &'w World, rng: &mut Rng) {
        for app in world.common_apps(self.platform) {
            if rng.chance(app.prevalence) {
                let liking = if app.habit == Habit::Vpn { 0.2 } else { 0.3 + 6.0 * app.prevalence };
                let weight = rng.lognormal(liking, 0.8);
                self.install(Cow::Borrowed(app), weight, false, rng.below(3));
            }
        }
    }

    fn install_tail(&mut self, world: &'w World, rng: &mut Rng) {
        let pool = world.tail_apps(self.platform);
        let mut chosen: Vec<usize> = (0..world.character.tail_least + rng.poisson(world.character.tail_mean))
            .map(|_| rng.zipf(pool.len()))
            .collect();
        chosen.sort_unstable();
        chosen.dedup();
        for number in chosen {
            let weight = rng.lognormal(0.35, 0.8);
            self.install(Cow::Borrowed(&pool[number]), weight, true, rng.below(4));
        }
    }

    /// Installs an app and returns its position.
    pub(crate) fn install(&mut self, app: Cow<'w, App>, weight: f64, is_rare: bool, version: u64) -> u16 {
        let position = low16(self.apps.len() as u64);
        let stack = self.stack_of(app.stack, version);
        let uid = 10_050 + 7 * i32::from(position) + i32::from(low8(u64::from(self.index) % 40));
        self.apps.push(Installed { app, uid, stack, weight, is_rare });
        position
    }

    /// What the system brings is as old as the system; what the app brings, as old as the app.
    fn stack_of(&self, family: Family, version: u64) -> StackId {
        let bundled =
            [Family::OkHttp, Family::Cronet, Family::OpenSsl, Family::Go, Family::Rustls, Family::Dart];
        let version =
            if bundled.contains(&family) { version } else { self.system.len() as u64 % 2 + version % 2 };
        StackId::new(family, crate::number::index(version))
    }

    /// A stack that a sender brings along instead of its app's: one that some app of the long tail has on this
    /// platform, so that no stack is a sign by itself.
    pub(crate) fn brought_stack(&self, world: &World, rng: &mut Rng) -> StackId {
        let pool = world.tail_apps(self.platform);
        let (family, version) = (pool[rng.zipf(pool.len())].stack, rng.below(4));
        self.stack_of(family, version)
    }

    /// Adds a site of this phone alone.
    pub(crate) fn add_site(&mut self, site: Site) -> SiteId {
        self.sites.push(site);
        SiteId(self.first_own_site + u32::try_from(self.sites.len() - 1).unwrap_or(u32::MAX))
    }

    /// The site of a number, the world's or this phone's.
    pub(crate) fn site<'a>(&'a self, world: &'a World, id: SiteId) -> &'a Site {
        let number = id.0 as usize;
        let own = number.checked_sub(world.sites.len());
        own.map_or_else(|| &world.sites[number], |own| &self.sites[own])
    }

    pub(crate) fn app(&self, position: u16) -> &Installed<'w> {
        &self.apps[usize::from(position)]
    }

    /// Positions of the owner's apps.
    pub(crate) fn user_apps(&self) -> impl Iterator<Item = u16> + use<'_, 'w> {
        (FIRST_USER_APP..self.apps.len()).map(|position| low16(position as u64))
    }
}

/// A quarter of all phones are iPhones.
pub(crate) fn platform(seed: u64, index: u32) -> Platform {
    if Rng::stream(&[seed, u64::from(index), 2]).chance(0.25) { Platform::Ios } else { Platform::Android }
}

/// Addresses from 10.16.0.0 on, ten low host numbers of each /24 left out.
fn address(index: u32) -> Ipv4Addr {
    let (block, host) = (index / 240, index % 240 + 10);
    Ipv4Addr::from(0x0a10_0000 + block * 256 + host)
}

fn mac(seed: u64, index: u32) -> [u8; 6] {
    let bits = mix_all(&[seed, u64::from(index), 0x6d61_6373]).to_le_bytes();
    // Locally administered, unicast: what phones use per network.
    [bits[0] & 0xfc | 0x02, bits[1], bits[2], bits[3], bits[4], bits[5]]
}

fn person(rng: &mut Rng) -> Person {
    let zone = *rng.weighted(&[(8.0, 2), (1.0, 1), (1.0, 3)]);
    Person {
        wakes_hour: 6.9 + 0.9 * rng.normal(),
        sleeps_hour: 23.0 + rng.normal(),
        pickup_minutes: rng.lognormal(7.5, 0.45).clamp(2.5, 40.0),
        charges_at_night: *rng.pick(&[0.05, 0.3, 0.8, 0.95]),
        night_flight_mode: rng.chance(0.07),
        utc_offset: zone * HOUR,
    }
}

fn telemetry(world: &World, rng: &mut Rng) -> TelemetryTraits {
    let (least, most) = world.character.agent_loss;
    TelemetryTraits {
        log: PhoneLog::MobileEdr,
        skew: rng.range(-3 * SEC / 2, 3 * SEC / 2),
        reports_lock: !rng.chance(0.12),
        is_tunnel: rng.chance(0.2),
        missing: rng.uniform(least, most),
        has_agent: rng.chance(world.character.agents),
    }
}
