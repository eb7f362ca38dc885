//! Channels of implants and the schedules that go with them.

use crate::law::Law;
use crate::random::Rng;

/// How an implant reaches its operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Channel {
    /// Polls over HTTPS.
    Https,
    /// Polls over HTTP in clear.
    Http,
    /// Holds a WebSocket open.
    WebSocket,
    /// Holds a raw TCP connection open with keep-alives.
    RawTcp,
    /// MQTT, in clear or over TLS.
    Mqtt,
    /// Data in DNS names.
    Dns,
    /// Sends mail.
    Smtp,
    /// Reads a mailbox.
    Imap,
    /// Polls a popular cloud API.
    DeadDrop,
    /// Hides behind a popular name.
    Fronting,
    /// One rhythm over many addresses.
    Rotating,
    /// Speaks after a push.
    PushTriggered,
    /// Polls every 1 to 12 hours.
    Slow,
    /// Polls, then moves much data when tasked.
    Burst,
    /// Requests that the server answers late, one after another.
    LongPoll,
    /// Sits in an IRC channel.
    Irc,
    /// Moves files over FTP.
    Ftp,
}

impl Channel {
    /// Every channel.
    pub const ALL: [Self; 17] = [
        Self::Https,
        Self::Http,
        Self::WebSocket,
        Self::RawTcp,
        Self::Mqtt,
        Self::Dns,
        Self::Smtp,
        Self::Imap,
        Self::DeadDrop,
        Self::Fronting,
        Self::Rotating,
        Self::PushTriggered,
        Self::Slow,
        Self::Burst,
        Self::LongPoll,
        Self::Irc,
        Self::Ftp,
    ];

    /// Name in `truth.json`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Https => "https",
            Self::Http => "http",
            Self::WebSocket => "websocket",
            Self::RawTcp => "raw_tcp",
            Self::Mqtt => "mqtt",
            Self::Dns => "dns",
            Self::Smtp => "smtp",
            Self::Imap => "imap",
            Self::DeadDrop => "dead_drop",
            Self::Fronting => "fronting",
            Self::Rotating => "rotating",
            Self::PushTriggered => "push_triggered",
            Self::Slow => "slow",
            Self::Burst => "burst",
            Self::LongPoll => "long_poll",
            Self::Irc => "irc",
            Self::Ftp => "ftp",
        }
    }

    /// The channel of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|channel| channel.as_str() == name)
    }

    /// Whether check-ins follow a law; otherwise connections are held, or follow pushes.
    pub(super) const fn has_schedule(self) -> bool {
        !matches!(
            self,
            Self::WebSocket | Self::RawTcp | Self::Mqtt | Self::PushTriggered | Self::LongPoll | Self::Irc
        )
    }

    /// A period that fits the channel, seconds. The published ones (10 s, 60 s, 2 and 15 minutes) are frequent.
    pub(super) fn period_secs(self, rng: &mut Rng) -> f64 {
        const POLLS: [(f64, f64); 9] = [
            (6.0, 10.0),
            (10.0, 30.0),
            (20.0, 60.0),
            (12.0, 120.0),
            (18.0, 300.0),
            (10.0, 600.0),
            (14.0, 900.0),
            (6.0, 1800.0),
            (4.0, 3600.0),
        ];
        match self {
            Self::Slow => *rng.pick(&[3600.0, 7200.0, 14_400.0, 21_600.0, 43_200.0]),
            Self::WebSocket | Self::RawTcp => *rng.pick(&[10.0, 25.0, 25.0, 30.0, 60.0]),
            Self::Mqtt => *rng.pick(&[30.0, 60.0, 60.0, 120.0]),
            Self::Smtp | Self::Ftp => *rng.pick(&[900.0, 1800.0, 3600.0]),
            Self::LongPoll => *rng.pick(&[30.0, 60.0, 120.0, 300.0]),
            Self::Irc => *rng.pick(&[60.0, 90.0, 120.0, 240.0]),
            Self::Imap => *rng.pick(&[60.0, 300.0, 600.0, 900.0]),
            Self::PushTriggered => 7200.0,
            _ => *rng.weighted(&POLLS),
        }
    }

    /// A law that fits the channel.
    pub(super) fn law(self, rng: &mut Rng) -> Law {
        const LAWS: [(f64, Law); 13] = [
            (14.0, Law::Exact),
            (24.0, Law::Uniform),
            (14.0, Law::OneSided),
            (11.0, Law::Additive),
            (7.0, Law::Gaussian),
            (6.0, Law::BackOff),
            (5.0, Law::TwoRhythm),
            (5.0, Law::WorkingHours),
            (4.0, Law::Growing),
            (6.0, Law::DozeBatched),
            (4.0, Law::ClockLocked),
            (4.0, Law::Retries),
            (2.0, Law::ClockSteps),
        ];
        match self {
            _ if !self.has_schedule() => Law::Exact,
            Self::Slow => *rng.pick(&[Law::Exact, Law::Uniform, Law::OneSided, Law::Additive]),
            _ => *rng.weighted(&LAWS),
        }
    }
}

/// The channels in the shares of a fleet, shuffled: small fleets see many of them.
pub(super) fn deck(rng: &mut Rng) -> Vec<Channel> {
    let mut deck = Channel::ALL.to_vec();
    deck.extend([Channel::Https; 9]);
    deck.extend([
        Channel::Http,
        Channel::Http,
        Channel::Dns,
        Channel::Rotating,
        Channel::DeadDrop,
        Channel::Slow,
    ]);
    for place in (1..deck.len()).rev() {
        deck.swap(place, crate::number::index(rng.below(place as u64 + 1)));
    }
    deck
}
