//! What every phone of a fleet shares: sites, stacks, common apps and the pool of the long tail.

pub(crate) mod catalog;
pub(crate) mod character;
pub(crate) mod names;
pub(crate) mod platform;
pub(crate) mod site;
pub(crate) mod stacks;

use crate::random::Rng;
use catalog::{COMMON, Entry, Habit, TAIL};
use character::Character;
use platform::PlatformSites;
use site::{Service, Site, SiteId, public_address, rare_site, tls_site};
use stacks::{FAMILIES, Family, Stacks};
use std::net::Ipv4Addr;
use undertone_core::model::Platform;

/// Visited web sites that everybody knows, and those that few know.
const POPULAR_PAGES: usize = 400;
const TAIL_PAGES: usize = 4000;

/// An app on one platform.
#[derive(Debug, Clone)]
pub(crate) struct App {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) role: &'static str,
    pub(crate) habit: Habit,
    pub(crate) stack: Family,
    pub(crate) api: Vec<SiteId>,
    pub(crate) cdn: Vec<SiteId>,
    pub(crate) trackers: Vec<SiteId>,
    /// Background job, seconds; `None` when it has none.
    pub(crate) job_secs: Option<f64>,
    /// Flush of analytics or game state while in use, seconds, to the first tracker or API.
    pub(crate) flush_secs: Option<f64>,
    pub(crate) pushes: f64,
    pub(crate) prevalence: f64,
}

/// A web page: its own site and the sites of its parts.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) main: SiteId,
    pub(crate) parts: Vec<SiteId>,
}

/// The world of one seed.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) character: Character,
    pub(crate) sites: Vec<Site>,
    pub(crate) stacks: Stacks,
    pub(crate) platform: PlatformSites,
    pub(crate) pages: Vec<Page>,
    pub(crate) cdns: Vec<SiteId>,
    /// Popular APIs that many kinds of apps use: storage, messaging bots, paste, code hosting.
    pub(crate) cloud_apis: Vec<SiteId>,
    android: Vec<App>,
    ios: Vec<App>,
    android_tail: Vec<App>,
    ios_tail: Vec<App>,
}

/// Makes sites and hands out their numbers.
pub(crate) struct Sites {
    pub(crate) list: Vec<Site>,
    /// Addresses of content networks, shared by many names.
    edge: Vec<Ipv4Addr>,
    hidden_names: f64,
    pub(crate) rng: Rng,
}

impl Sites {
    pub(crate) fn add(&mut self, site: Site) -> SiteId {
        let id = SiteId(u32::try_from(self.list.len()).unwrap_or(u32::MAX));
        self.list.push(site);
        id
    }

    /// A TLS site on shared edge addresses, or on its own.
    pub(crate) fn web(&mut self, name: String, domain: &str, on_edge: bool) -> SiteId {
        let rng = &mut self.rng;
        let count = 1 + usize::from(rng.chance(0.6)) + usize::from(rng.chance(0.4));
        let addrs =
            (0..count).map(|_| if on_edge { *rng.pick(&self.edge) } else { public_address(rng) }).collect();
        let mut site = tls_site(name, domain.to_owned(), addrs, rng);
        site.sends_sni = !rng.chance(self.hidden_names);
        self.add(site)
    }
}

impl World {
    pub(crate) fn new(seed: u64) -> Self {
        let character = Character::draw(seed);
        let mut rng = Rng::stream(&[seed, 0x776f_726c]);
        let edge = (0..240).map(|_| public_address(&mut rng)).collect();
        let mut sites = Sites { list: Vec::new(), edge, hidden_names: character.hidden_names, rng };
        let platform = PlatformSites::new(&mut sites);
        let trackers: Vec<SiteId> = (0..44).map(|n| tracker(&mut sites, n)).collect();
        let cdns: Vec<SiteId> = (0..60).map(|_| cdn(&mut sites)).collect();
        let cloud_apis = cloud_apis(&mut sites);
        let pages =
            (0..POPULAR_PAGES + TAIL_PAGES).map(|rank| page(&mut sites, rank, &cdns, &trackers)).collect();
        let mut apps = AppMaker { sites: &mut sites, cdns: &cdns, trackers: &trackers, cloud: &cloud_apis };
        let common: Vec<(App, App)> =
            COMMON.iter().map(|entry| apps.common(entry, character.prevalence_power)).collect();
        let tail: Vec<(App, App)> = (0..character.tail_apps).map(|_| apps.tail()).collect();
        let (android, ios) = common.into_iter().unzip();
        let (android_tail, ios_tail) = tail.into_iter().unzip();
        let stacks = Stacks::new();
        let sites = sites.list;
        Self {
            character,
            sites,
            stacks,
            platform,
            pages,
            cdns,
            cloud_apis,
            android,
            ios,
            android_tail,
            ios_tail,
        }
    }

    pub(crate) fn common_apps(&self, platform: Platform) -> &[App] {
        if platform == Platform::Ios { &self.ios } else { &self.android }
    }

    pub(crate) fn tail_apps(&self, platform: Platform) -> &[App] {
        if platform == Platform::Ios { &self.ios_tail } else { &self.android_tail }
    }
}

fn tracker(sites: &mut Sites, number: usize) -> SiteId {
    const WORDS: [&str; 6] = ["metrics", "events", "telemetry", "ads", "log", "collect"];
    let domain = names::ordinary_domain(&mut sites.rng);
    let id = sites.web(format!("{}.{domain}", WORDS[number % WORDS.len()]), &domain, true);
    // Some advertising still runs in clear.
    if number % 11 == 3
        && let Some(site) = sites.list.last_mut()
    {
        (site.service, site.port, site.uri) = (Service::Http, 80, site::UriShape::Asset);
    }
    id
}

fn cdn(sites: &mut Sites) -> SiteId {
    let domain = names::ordinary_domain(&mut sites.rng);
    let name = format!("static{}.{domain}", sites.rng.below(9));
    let id = sites.web(name, &domain, true);
    if sites.rng.chance(0.35)
        && let Some(site) = sites.list.last_mut()
    {
        site.service = Service::Quic;
    }
    id
}

fn cloud_apis(sites: &mut Sites) -> Vec<SiteId> {
    const PREFIX: [&str; 10] =
        ["api", "bot", "storage", "paste", "raw", "docs", "firestore", "drive", "hooks", "content"];
    PREFIX
        .iter()
        .map(|prefix| {
            let domain = names::ordinary_domain(&mut sites.rng);
            sites.web(format!("{prefix}.{domain}"), &domain, true)
        })
        .collect()
}

fn page(sites: &mut Sites, rank: usize, cdns: &[SiteId], trackers: &[SiteId]) -> Page {
    let domain = names::ordinary_domain(&mut sites.rng);
    let prefix = if sites.rng.chance(0.6) { "www." } else { "" };
    let on_edge = sites.rng.chance(0.5);
    let main = sites.web(format!("{prefix}{domain}"), &domain, on_edge);
    let draw = sites.rng.below(100);
    if let Some(site) = sites.list.last_mut() {
        if draw < 18 && rank < POPULAR_PAGES {
            site.service = Service::Quic;
        } else if draw > 95 {
            (site.service, site.port, site.uri) = (Service::Http, 80, site::UriShape::Root);
        }
    }
    let mut parts = Vec::new();
    if sites.rng.chance(0.5) {
        parts.push(sites.web(format!("img.{domain}"), &domain, true));
    }
    let rng = &mut sites.rng;
    parts.extend((0..=rng.below(3)).map(|_| cdns[rng.zipf(cdns.len())]));
    parts.extend((0..=rng.below(4)).map(|_| trackers[rng.zipf(trackers.len())]));
    Page { main, parts }
}

/// Makes apps for both platforms at once: they share servers.
struct AppMaker<'a> {
    sites: &'a mut Sites,
    cdns: &'a [SiteId],
    trackers: &'a [SiteId],
    cloud: &'a [SiteId],
}

impl AppMaker<'_> {
    fn common(&mut self, entry: &Entry, prevalence_power: f64) -> (App, App) {
        let brand = entry.brand;
        let domain = format!("{brand}.com");
        let mut api = vec![self.sites.web(format!("api.{domain}"), &domain, false)];
        for host in ["sync", "edge", "auth"] {
            if self.sites.rng.chance(0.4) {
                api.push(self.sites.web(format!("{host}.{domain}"), &domain, false));
            }
        }
        if let Some((host, port)) = match entry.habit {
            Habit::Mail => Some(("imap", 993)),
            Habit::Home => Some(("mqtt", 8883)),
            _ => None,
        } {
            api.push(self.sites.web(format!("{host}.{domain}"), &domain, false));
            if let Some(site) = self.sites.list.last_mut() {
                site.port = port;
            }
        }
        let cdn_domain = format!("{brand}cdn.net");
        let mut cdn = vec![self.sites.web(format!("media.{cdn_domain}"), &cdn_domain, true)];
        cdn.push(self.cdns[self.sites.rng.zipf(self.cdns.len())]);
        if matches!(entry.habit, Habit::Social | Habit::Video)
            && let Some(site) = self.sites.list.last_mut()
        {
            site.service = Service::Quic;
        }
        let trackers = self.pick_trackers(entry.habit);
        let app = App {
            id: format!("com.{brand}.android"),
            name: capitalised(brand),
            role: entry.role,
            habit: entry.habit,
            stack: entry.stack,
            api,
            cdn,
            trackers,
            job_secs: (entry.job_secs > 0.0).then_some(entry.job_secs),
            flush_secs: flush(entry.habit, &mut self.sites.rng),
            pushes: entry.pushes,
            prevalence: libm::pow(entry.prevalence, prevalence_power),
        };
        self.both(app, format!("com.{brand}.ios"))
    }

    /// An app that few phones have.
    fn tail(&mut self) -> (App, App) {
        let word = names::word(&mut self.sites.rng);
        let (role, habit) = *self.sites.rng.weighted(&TAIL);
        let service = if self.sites.rng.chance(0.08) { Service::Http } else { Service::Tls };
        let backend = rare_site(service, &mut self.sites.rng);
        let mut api = vec![self.sites.add(backend)];
        if self.sites.rng.chance(0.5) {
            api.push(self.cloud[self.sites.rng.zipf(self.cloud.len())]);
        }
        let cdn = vec![self.cdns[self.sites.rng.zipf(self.cdns.len())]];
        let trackers = self.pick_trackers(habit);
        let rng = &mut self.sites.rng;
        let app = App {
            id: format!(
                "{}.{word}.{}",
                rng.pick(&["com", "com", "org", "net", "io", "de"]),
                rng.pick(&SUFFIXES)
            ),
            name: capitalised(&word),
            role,
            habit,
            stack: tail_stack(rng),
            api,
            cdn,
            trackers,
            job_secs: rng.chance(0.4).then(|| *rng.pick(&[900.0, 900.0, 1800.0, 3600.0, 7200.0, 21_600.0])),
            flush_secs: flush(habit, rng),
            pushes: if rng.chance(0.5) { rng.uniform(0.2, 6.0) } else { 0.0 },
            prevalence: 0.0,
        };
        let id = format!("com.{word}.mobile");
        self.both(app, id)
    }

    fn both(&mut self, app: App, ios_id: String) -> (App, App) {
        let own = [Family::OpenSsl, Family::Go, Family::Rustls, Family::MbedTls, Family::Dart, Family::Unity];
        let rng = &mut self.sites.rng;
        let native = if rng.chance(0.75) { Family::UrlSession } else { Family::NetworkFramework };
        let stack = if own.contains(&app.stack) { app.stack } else { native };
        let ios = App { id: ios_id, stack, ..app.clone() };
        (app, ios)
    }

    fn pick_trackers(&mut self, habit: Habit) -> Vec<SiteId> {
        let count = match habit {
            Habit::Bank | Habit::Vpn | Habit::Mail | Habit::Cloud => 1,
            Habit::Social | Habit::Game | Habit::Reading => 4,
            _ => 2,
        };
        let rng = &mut self.sites.rng;
        (0..count).map(|_| self.trackers[rng.zipf(self.trackers.len())]).collect()
    }
}

const SUFFIXES: [&str; 6] = ["app", "mobile", "android", "client", "pro", "lite"];

/// Stacks of apps of the long tail, and of whatever they hide.
fn tail_stack(rng: &mut Rng) -> Family {
    if rng.chance(0.6) {
        *rng.pick(&[Family::OkHttp, Family::HttpUrlConnection])
    } else {
        *rng.pick(&FAMILIES)
    }
}

/// Flush periods of analytics kits: Unity and Firebase 60 s, Amplitude and Segment 30 s.
fn flush(habit: Habit, rng: &mut Rng) -> Option<f64> {
    let share = match habit {
        Habit::Game => 0.9,
        Habit::Social | Habit::Reading | Habit::Video => 0.6,
        _ => 0.25,
    };
    rng.chance(share).then(|| *rng.pick(&[30.0, 60.0, 60.0]))
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
