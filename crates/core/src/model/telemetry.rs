//! What the phone says (ATT&CK data component DC0021, OS API Execution, and the states around it).

use super::{Timestamp, Transport};
use bitcode::{Decode, Encode};
use std::net::IpAddr;

/// The operating system of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Encode, Decode)]
pub enum Platform {
    /// Android.
    Android,
    /// iOS or iPadOS.
    Ios,
    /// Not said.
    #[default]
    Unknown,
}

impl Platform {
    /// Lower-case name: `android`, `ios`, `unknown`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Android => "android",
            Self::Ios => "ios",
            Self::Unknown => "unknown",
        }
    }

    /// The platform of a name in any case; `iPadOS` is iOS. Other names are [`Platform::Unknown`].
    pub fn from_name(name: &str) -> Self {
        if name.eq_ignore_ascii_case("android") {
            Self::Android
        } else if ["ios", "ipados", "iphone os"].iter().any(|ios| name.eq_ignore_ascii_case(ios)) {
            Self::Ios
        } else {
            Self::Unknown
        }
    }
}

/// One telemetry event of one device. Events are ordered by their times.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Telemetry<'a> {
    /// When.
    pub at: Timestamp,
    /// The device, as the source names it; empty when the source does not name it (a file from one phone).
    pub device_id: &'a str,
    /// Platform of the device.
    pub platform: Platform,
    /// Package name or bundle id; `None` for events of the whole device.
    pub app_id: Option<&'a str>,
    /// Label of the app.
    pub app_name: Option<&'a str>,
    /// Role (app category), where the source says.
    pub role: Option<&'a str>,
    /// Android uid.
    pub uid: Option<i32>,
    /// Which source said it (`intrusion_logging`, `pcapdroid`, ...).
    pub source: &'a str,
    /// What happened.
    pub kind: TelemetryKind<'a>,
}

/// What a [`Telemetry`] event says.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum TelemetryKind<'a> {
    /// The app opened a connection.
    Connection(AppConnection<'a>),
    /// The app looked a name up.
    Lookup(AppLookup<'a>),
    /// The device or the app changed its state.
    State(StateChange),
    /// Bytes of an app over a span.
    Usage(AppUsage),
    /// A push message arrived.
    Push(Push),
}

/// A connection as the phone saw it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct AppConnection<'a> {
    /// Transport.
    pub transport: Transport,
    /// Responder address.
    pub resp_ip: Option<IpAddr>,
    /// Responder port.
    pub resp_port: Option<u16>,
    /// Responder name (SNI, Host or the name looked up).
    pub resp_host: Option<&'a str>,
    /// Originator address.
    pub orig_ip: Option<IpAddr>,
    /// Originator port.
    pub orig_port: Option<u16>,
    /// True when originator address and port are a local tunnel's, which the network never sees.
    pub orig_is_tunnel: bool,
    /// Bytes of the originator.
    pub orig_bytes: Option<u64>,
    /// Bytes of the responder.
    pub resp_bytes: Option<u64>,
    /// When it ended.
    pub end: Option<Timestamp>,
    /// Networking stack used.
    pub stack: Option<NetworkingStack>,
    /// How many connections this row stands for: 1, or the hits of an aggregated source (App Privacy Report),
    /// spread between `at` and `end`. Aggregated rows attribute names; they have no timing.
    pub hits: u32,
}

/// A name lookup as the phone saw it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct AppLookup<'a> {
    /// Name looked up.
    pub qname: &'a str,
    /// Addresses answered, joined with `,`; empty when not said.
    pub answers: &'a str,
}

/// A change of the device's or an app's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct StateChange {
    /// The new state.
    pub state: StateKind,
}

/// The states that telemetry reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StateKind {
    /// The app came to the foreground.
    Foreground,
    /// The app left the foreground.
    Background,
    /// The app started a foreground service.
    ForegroundServiceStart,
    /// The app stopped its foreground service.
    ForegroundServiceStop,
    /// Screen on.
    ScreenOn,
    /// Screen off.
    ScreenOff,
    /// Device locked.
    Locked,
    /// Device unlocked.
    Unlocked,
    /// Device started.
    Boot,
    /// Device shut down.
    Shutdown,
    /// A person touched the device or the app.
    UserInteraction,
}

impl StateKind {
    /// Every state with its name in MobileEDR NDJSON.
    pub const NAMES: [(Self, &'static str); 11] = [
        (Self::Foreground, "foreground"),
        (Self::Background, "background"),
        (Self::ForegroundServiceStart, "foreground_service_start"),
        (Self::ForegroundServiceStop, "foreground_service_stop"),
        (Self::ScreenOn, "screen_on"),
        (Self::ScreenOff, "screen_off"),
        (Self::Locked, "locked"),
        (Self::Unlocked, "unlocked"),
        (Self::Boot, "boot"),
        (Self::Shutdown, "shutdown"),
        (Self::UserInteraction, "user_interaction"),
    ];

    /// The state of a MobileEDR name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(_, known)| *known == name).map(|(state, _)| *state)
    }
}

/// Bytes that an app moved in a span of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct AppUsage {
    /// End of the span; its start is the event's time.
    pub to: Timestamp,
    /// Bytes sent.
    pub orig_bytes: Option<u64>,
    /// Bytes received.
    pub resp_bytes: Option<u64>,
    /// Whether the app was in the foreground, where the source splits by it.
    pub is_foreground: Option<bool>,
}

/// A push message for an app.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Push {
    /// Size, where said.
    pub bytes: Option<u64>,
}

/// Networking stacks that telemetry can name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NetworkingStack {
    /// Apple `URLSession`.
    UrlSession,
    /// Apple Network.framework.
    NetworkFramework,
    /// `OkHttp`.
    OkHttp,
    /// Cronet (Chromium's stack).
    Cronet,
    /// java.net.HttpURLConnection.
    HttpUrlConnection,
    /// Plain sockets.
    BsdSocket,
    /// Another stack, named but not in this list.
    Other,
}

impl NetworkingStack {
    /// Every stack with its name in MobileEDR NDJSON.
    pub const NAMES: [(Self, &'static str); 7] = [
        (Self::UrlSession, "urlsession"),
        (Self::NetworkFramework, "network_framework"),
        (Self::OkHttp, "okhttp"),
        (Self::Cronet, "cronet"),
        (Self::HttpUrlConnection, "httpurlconnection"),
        (Self::BsdSocket, "bsd_socket"),
        (Self::Other, "other"),
    ];

    /// The stack of a MobileEDR name; an unlisted name is [`NetworkingStack::Other`].
    pub fn from_name(name: &str) -> Self {
        Self::NAMES.iter().find(|(_, known)| *known == name).map_or(Self::Other, |(stack, _)| *stack)
    }

    /// Name in MobileEDR NDJSON.
    pub fn as_str(self) -> &'static str {
        Self::NAMES.iter().find(|(stack, _)| *stack == self).map_or("other", |(_, name)| *name)
    }
}
