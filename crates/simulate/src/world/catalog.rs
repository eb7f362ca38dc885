//! Common apps, as a table. Every name is invented; roles are Google Play categories.

use crate::world::stacks::Family;

/// What an app is for, which sets how it talks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Habit {
    /// Messages: pushes, a connection held while in use.
    Chat,
    /// Feeds, pictures and trackers.
    Social,
    /// Few long, large downloads.
    Video,
    /// Streams with a foreground service.
    Music,
    /// Feeds from many hosts, large downloads on schedule.
    Podcast,
    /// News, shops, travel, food: pages and trackers.
    Reading,
    /// Banks: few connections, no trackers.
    Bank,
    /// Maps and location sharing with a foreground service.
    Location,
    /// Weather: small polls.
    Weather,
    /// Mail at a provider or at home.
    Mail,
    /// Files at a provider or at home.
    Cloud,
    /// Home automation and cameras.
    Home,
    /// Private networks.
    Vpn,
    /// Games: exact flushes, odd ports.
    Game,
    /// Web browser.
    Browser,
    /// Tools that seldom talk.
    Tool,
    /// Malware scanners that look hashes up in DNS.
    Security,
}

/// One common app. Absent periods are 0 in this table only.
#[derive(Debug)]
pub(crate) struct Entry {
    /// Brand: domain and identifiers are made from it.
    pub(crate) brand: &'static str,
    pub(crate) role: &'static str,
    /// Share of phones that have it.
    pub(crate) prevalence: f64,
    /// Stack on Android.
    pub(crate) stack: Family,
    pub(crate) habit: Habit,
    /// Period of its background job, seconds; 0 for none.
    pub(crate) job_secs: f64,
    /// Pushes a day.
    pub(crate) pushes: f64,
}

const fn entry(
    (brand, role): (&'static str, &'static str),
    prevalence: f64,
    stack: Family,
    habit: Habit,
    (job_secs, pushes): (f64, f64),
) -> Entry {
    Entry { brand, role, prevalence, stack, habit, job_secs, pushes }
}

use Family::{Cronet, Dart, Go, HttpUrlConnection, MbedTls, OkHttp, OpenSsl, Rustls, Unity, WebView};

/// The common apps.
#[rustfmt::skip]
pub(crate) const COMMON: [Entry; 60] = [
    entry(("chattero", "communication"), 0.83, OkHttp, Habit::Chat, (0.0, 45.0)),
    entry(("pingeon", "communication"), 0.46, OpenSsl, Habit::Chat, (0.0, 28.0)),
    entry(("huddlio", "communication"), 0.31, Cronet, Habit::Chat, (3600.0, 14.0)),
    entry(("quietline", "communication"), 0.12, Rustls, Habit::Chat, (0.0, 9.0)),
    entry(("matrixa", "communication"), 0.05, OkHttp, Habit::Chat, (900.0, 6.0)),
    entry(("snaplore", "social"), 0.58, Cronet, Habit::Social, (1800.0, 18.0)),
    entry(("facelane", "social"), 0.62, OkHttp, Habit::Social, (3600.0, 16.0)),
    entry(("tweetle", "social"), 0.34, OkHttp, Habit::Social, (3600.0, 9.0)),
    entry(("clippo", "social"), 0.49, Cronet, Habit::Social, (1800.0, 11.0)),
    entry(("pinfold", "social"), 0.22, OkHttp, Habit::Social, (7200.0, 2.0)),
    entry(("forumly", "social"), 0.19, OkHttp, Habit::Social, (3600.0, 3.0)),
    entry(("vidriver", "video_players"), 0.79, Cronet, Habit::Video, (7200.0, 4.0)),
    entry(("streamara", "entertainment"), 0.41, OkHttp, Habit::Video, (14400.0, 1.0)),
    entry(("playhaven", "entertainment"), 0.24, OkHttp, Habit::Video, (14400.0, 1.0)),
    entry(("tunely", "music_and_audio"), 0.52, OkHttp, Habit::Music, (3600.0, 1.0)),
    entry(("wavebox", "music_and_audio"), 0.14, OkHttp, Habit::Music, (0.0, 1.0)),
    entry(("tunedock", "music_and_audio"), 0.03, OkHttp, Habit::Cloud, (3600.0, 0.0)),
    entry(("podling", "music_and_audio"), 0.11, OkHttp, Habit::Podcast, (3600.0, 0.0)),
    entry(("castnook", "music_and_audio"), 0.06, HttpUrlConnection, Habit::Podcast, (1800.0, 0.0)),
    entry(("dailyorb", "news_and_magazines"), 0.27, OkHttp, Habit::Reading, (1800.0, 6.0)),
    entry(("newsmill", "news_and_magazines"), 0.18, WebView, Habit::Reading, (3600.0, 5.0)),
    entry(("feedling", "news_and_magazines"), 0.05, HttpUrlConnection, Habit::Podcast, (1800.0, 0.0)),
    entry(("shopaloo", "shopping"), 0.54, OkHttp, Habit::Reading, (7200.0, 2.0)),
    entry(("bazario", "shopping"), 0.33, OkHttp, Habit::Reading, (14400.0, 2.0)),
    entry(("secondloft", "shopping"), 0.21, Dart, Habit::Reading, (3600.0, 2.0)),
    entry(("bankora", "finance"), 0.38, OkHttp, Habit::Bank, (0.0, 1.0)),
    entry(("paywick", "finance"), 0.44, OkHttp, Habit::Bank, (14400.0, 1.0)),
    entry(("coinmere", "finance"), 0.13, OkHttp, Habit::Bank, (900.0, 3.0)),
    entry(("waymark", "maps_and_navigation"), 0.71, Cronet, Habit::Location, (3600.0, 1.0)),
    entry(("kinfinder", "maps_and_navigation"), 0.09, OkHttp, Habit::Location, (900.0, 4.0)),
    entry(("bikeloop", "maps_and_navigation"), 0.08, Dart, Habit::Location, (0.0, 0.5)),
    entry(("skycast", "weather"), 0.42, OkHttp, Habit::Weather, (1800.0, 1.0)),
    entry(("raindrop", "weather"), 0.23, Cronet, Habit::Weather, (3600.0, 0.5)),
    entry(("mailfold", "communication"), 0.36, OpenSsl, Habit::Mail, (900.0, 0.0)),
    entry(("posthorn", "communication"), 0.55, Cronet, Habit::Mail, (3600.0, 12.0)),
    entry(("nimbusdrive", "productivity"), 0.09, OkHttp, Habit::Cloud, (900.0, 0.0)),
    entry(("boxarium", "productivity"), 0.35, OkHttp, Habit::Cloud, (3600.0, 1.0)),
    entry(("notewell", "productivity"), 0.26, OkHttp, Habit::Tool, (1800.0, 0.2)),
    entry(("taskarel", "productivity"), 0.17, Dart, Habit::Tool, (900.0, 2.0)),
    entry(("officio", "business"), 0.48, OkHttp, Habit::Chat, (3600.0, 22.0)),
    entry(("meetora", "business"), 0.37, Cronet, Habit::Chat, (7200.0, 4.0)),
    entry(("hearthhub", "house_and_home"), 0.08, OkHttp, Habit::Home, (900.0, 3.0)),
    entry(("lumobulb", "house_and_home"), 0.13, MbedTls, Habit::Home, (1800.0, 0.5)),
    entry(("camwatch", "house_and_home"), 0.07, OpenSsl, Habit::Home, (0.0, 6.0)),
    entry(("tunnelwise", "tools"), 0.07, Go, Habit::Vpn, (0.0, 0.0)),
    entry(("wireburrow", "tools"), 0.05, Go, Habit::Vpn, (0.0, 0.0)),
    entry(("keyvaulta", "tools"), 0.12, Rustls, Habit::Cloud, (1800.0, 0.0)),
    entry(("shieldra", "tools"), 0.16, OpenSsl, Habit::Security, (3600.0, 0.3)),
    entry(("scansafe", "tools"), 0.09, HttpUrlConnection, Habit::Security, (7200.0, 0.2)),
    entry(("torchlight", "tools"), 0.15, HttpUrlConnection, Habit::Tool, (0.0, 0.1)),
    entry(("keybloom", "tools"), 0.29, OkHttp, Habit::Tool, (14400.0, 0.0)),
    entry(("gemfall", "game_puzzle"), 0.25, Unity, Habit::Game, (14400.0, 2.0)),
    entry(("dragonkeep", "game_strategy"), 0.12, Unity, Habit::Game, (0.0, 3.0)),
    entry(("kartrush", "game_racing"), 0.1, Unity, Habit::Game, (0.0, 1.0)),
    entry(("blockisle", "game_adventure"), 0.14, OpenSsl, Habit::Game, (0.0, 1.0)),
    entry(("stridewell", "health_and_fitness"), 0.28, OkHttp, Habit::Weather, (900.0, 2.0)),
    entry(("calmora", "health_and_fitness"), 0.11, Dart, Habit::Music, (14400.0, 1.0)),
    entry(("farewind", "travel_and_local"), 0.2, OkHttp, Habit::Reading, (14400.0, 1.0)),
    entry(("biteway", "food_and_drink"), 0.3, OkHttp, Habit::Reading, (14400.0, 1.0)),
    entry(("lexiquest", "education"), 0.21, OkHttp, Habit::Tool, (7200.0, 2.0)),
];

/// Habits and roles of apps of the long tail, with weights.
pub(crate) const TAIL: [(f64, (&str, Habit)); 12] = [
    (16.0, ("tools", Habit::Tool)),
    (10.0, ("shopping", Habit::Reading)),
    (9.0, ("news_and_magazines", Habit::Reading)),
    (9.0, ("game_puzzle", Habit::Game)),
    (7.0, ("productivity", Habit::Tool)),
    (7.0, ("finance", Habit::Bank)),
    (7.0, ("house_and_home", Habit::Home)),
    (6.0, ("health_and_fitness", Habit::Weather)),
    (6.0, ("communication", Habit::Chat)),
    (5.0, ("maps_and_navigation", Habit::Location)),
    (5.0, ("music_and_audio", Habit::Podcast)),
    (5.0, ("business", Habit::Tool)),
];
