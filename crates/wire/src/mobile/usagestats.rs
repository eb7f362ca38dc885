//! `dumpsys usagestats`: which app was in front, the screen and the keyguard, to the second.
//!
//! Times are the phone's local time without a zone, so the caller says the offset. The same event stands in the
//! sections of the day, the week and the month; it counts once. An app is in the foreground as long as any of its
//! activities is resumed: opening a second screen of an app pauses and later stops the first, which is no
//! background. Event names: `UsageEvents.Event` of Android.

use super::dump::{self, Line};
use super::{clock, head, phone_event};
use crate::{RecordSink, RejectReason, rfc3339};
use std::collections::{BTreeMap, BTreeSet};
use undertone_core::model::{Platform, Record, StateChange, StateKind, Telemetry, TelemetryKind, Timestamp};

/// Value of `Telemetry::source`.
pub const SOURCE: &str = "usagestats";

/// Events read from one dump; the rest is counted. A phone keeps about a week of events, some 50,000.
const MAX_EVENTS: usize = 1_000_000;

/// A fixed offset of local time from UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UtcOffset {
    secs: i64,
}

impl UtcOffset {
    /// UTC itself.
    pub const UTC: Self = Self { secs: 0 };

    /// An offset of so many seconds that local time is ahead of UTC.
    pub const fn from_secs(secs: i32) -> Self {
        Self { secs: secs as i64 }
    }

    /// Parses `Z`, `+02:00`, `-0330`.
    pub fn parse(text: &str) -> Option<Self> {
        let local = rfc3339::parse(&format!("2000-01-01T00:00:00{text}"))?;
        let utc = rfc3339::parse("2000-01-01T00:00:00Z")?;
        Some(Self { secs: utc.since(local) / 1_000_000 })
    }

    /// Seconds that local time is ahead of UTC.
    pub const fn secs(self) -> i64 {
        self.secs
    }
}

/// What an event says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Meaning {
    /// An activity came to the front.
    Resumed,
    /// An activity left the front or ended.
    Left,
    /// A state as it is.
    State(StateKind),
}

/// Events by name and by number (`UsageEvents.Event`).
const EVENTS: [(&str, u32, Meaning); 14] = [
    ("ACTIVITY_RESUMED", 1, Meaning::Resumed),
    ("MOVE_TO_FOREGROUND", 1, Meaning::Resumed),
    ("ACTIVITY_PAUSED", 2, Meaning::Left),
    ("MOVE_TO_BACKGROUND", 2, Meaning::Left),
    ("ACTIVITY_STOPPED", 23, Meaning::Left),
    ("USER_INTERACTION", 7, Meaning::State(StateKind::UserInteraction)),
    ("SCREEN_INTERACTIVE", 15, Meaning::State(StateKind::ScreenOn)),
    ("SCREEN_NON_INTERACTIVE", 16, Meaning::State(StateKind::ScreenOff)),
    ("KEYGUARD_SHOWN", 17, Meaning::State(StateKind::Locked)),
    ("KEYGUARD_HIDDEN", 18, Meaning::State(StateKind::Unlocked)),
    ("FOREGROUND_SERVICE_START", 19, Meaning::State(StateKind::ForegroundServiceStart)),
    ("FOREGROUND_SERVICE_STOP", 20, Meaning::State(StateKind::ForegroundServiceStop)),
    ("DEVICE_SHUTDOWN", 26, Meaning::State(StateKind::Shutdown)),
    ("DEVICE_STARTUP", 27, Meaning::State(StateKind::Boot)),
];

/// One event; the order is the one in which events are applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Event<'a> {
    at: Timestamp,
    meaning: Meaning,
    package: &'a str,
    class: &'a str,
    instance: &'a str,
}

/// Reads a dump of usagestats, or the usagestats sections of a bug report.
///
/// `offset` is the phone's offset from UTC; without it, events with a local time are rejected (an offset
/// guessed wrong would swap night and day). Rows are the lines with `time=` and `type=`; other lines are none.
/// A row that another section repeats is ignored as `usagestats:repeated`.
pub fn parse<S: RecordSink + ?Sized>(text: &[u8], offset: Option<UtcOffset>, sink: &mut S) {
    let mut events = BTreeSet::new();
    for part in dump::service(text, SOURCE) {
        dump::lines(part, sink, |number, line, sink| {
            let (Some(time), Some(kind)) = (line.value("time"), line.value("type")) else { return };
            let Some(meaning) = meaning(kind) else {
                return sink.ignore(&format!("{SOURCE}:{}", named(kind)));
            };
            match event(line, time, meaning, offset) {
                Err((reason, detail)) => sink.reject(number, reason, detail),
                Ok(_) if events.len() >= MAX_EVENTS => {
                    sink.reject(number, RejectReason::LimitReached, "over 1,000,000 events");
                }
                Ok(event) if !events.insert(event) => sink.ignore("usagestats:repeated"),
                Ok(_) => {}
            }
        });
    }
    emit(&events, sink);
}

/// Whether the head of an input is a dump of usagestats (a bug report is [`dump::sniff`]'s).
pub fn sniff(head: &[u8]) -> bool {
    let head = head::trimmed(head);
    if matches!(head.first(), Some(b'{' | b'[')) || dump::sniff(head) {
        return false;
    }
    let has = |mark: &[u8]| memchr::memmem::find(head, mark).is_some();
    has(b" hour events (timeRange=")
        || has(b"In-memory daily stats")
        || has(b"time=") && has(b" type=") && has(b" package=") && has(b" flags=")
}

fn meaning(kind: &str) -> Option<Meaning> {
    let number = kind.parse::<u32>().ok();
    EVENTS.iter().find(|(name, id, _)| *name == kind || Some(*id) == number).map(|(_, _, meaning)| *meaning)
}

/// A type's name for the count of ignored rows; names come from the input.
fn named(kind: &str) -> &str {
    let is_name = kind.len() <= 48 && kind.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if is_name { kind } else { "unnamed" }
}

fn event<'a>(
    line: Line<'a>,
    time: &str,
    meaning: Meaning,
    offset: Option<UtcOffset>,
) -> Result<Event<'a>, (RejectReason, &'static str)> {
    let at = match (clock::epoch(time), offset) {
        (Some(at), _) => at,
        (None, Some(offset)) => {
            local_time(time, offset).ok_or((RejectReason::BadTimestamp, "not a date and a time"))?
        }
        (None, None) => return Err((RejectReason::BadTimestamp, "local time of an unknown zone")),
    };
    let is_of_app = !matches!(meaning, Meaning::State(state) if !is_service(state));
    let package = match line.value("package") {
        Some(package) if is_of_app => package,
        None if is_of_app => return Err((RejectReason::MissingField, "package")),
        _ => "",
    };
    let detail = |key| if is_of_app { line.value(key).unwrap_or_default() } else { "" };
    Ok(Event { at, meaning, package, class: detail("class"), instance: detail("instanceId") })
}

fn is_service(state: StateKind) -> bool {
    matches!(state, StateKind::ForegroundServiceStart | StateKind::ForegroundServiceStop)
}

fn local_time(text: &str, offset: UtcOffset) -> Option<Timestamp> {
    Some(rfc3339::parse(&format!("{text}Z"))?.plus_micros(-offset.secs * 1_000_000))
}

/// What holds after each instant, one record per event.
fn emit<S: RecordSink + ?Sized>(events: &BTreeSet<Event<'_>>, sink: &mut S) {
    let mut resumed: BTreeMap<&str, BTreeSet<(&str, &str)>> = BTreeMap::new();
    let events: Vec<&Event<'_>> = events.iter().collect();
    for instant in events.chunk_by(|left, right| left.at == right.at) {
        // Within a second the order is unknown. One screen of an app makes way for the next: leave, then enter.
        // A dark screen pauses everything, so an app that died in front does not stay there.
        let clears = [StateKind::ScreenOff, StateKind::Boot, StateKind::Shutdown].map(Meaning::State);
        if instant.iter().any(|event| clears.contains(&event.meaning)) {
            resumed.clear();
        }
        for event in instant.iter().filter(|event| event.meaning == Meaning::Left) {
            if let Some(open) = resumed.get_mut(event.package) {
                open.remove(&(event.class, event.instance));
            }
        }
        for event in instant.iter().filter(|event| event.meaning == Meaning::Resumed) {
            resumed.entry(event.package).or_default().insert((event.class, event.instance));
        }
        for event in instant {
            let in_front = resumed.get(event.package).is_some_and(|open| !open.is_empty());
            let state = match event.meaning {
                Meaning::State(state) => state,
                _ if in_front => StateKind::Foreground,
                _ => StateKind::Background,
            };
            let kind = TelemetryKind::State(StateChange { state });
            let app_id = (!event.package.is_empty()).then_some(event.package);
            let record = phone_event::of_device(event.at, Platform::Android, SOURCE, kind);
            sink.record(Record::Telemetry(Telemetry { app_id, ..record }));
        }
    }
}
