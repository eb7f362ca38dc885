//! Was anybody looking? The states of one device and of its apps over time.
//!
//! Built from [`StateKind`] statements in any order. What is not stated stays unknown; unknown is never taken for
//! background or locked. Rules, the same for every state:
//!
//! * a statement holds until the next one about the same thing;
//! * at most [`TRUST_SPAN_MICROS`] long: a feed that fell silent says nothing any more;
//! * a boot or a shutdown ends every state before it;
//! * two statements of one instant that contradict each other leave the state unknown until the next.
//!
//! A timeline is a set of statements, kept sorted and without repeats; intervals are derived when asked for. So
//! `merge` is associative and commutative, and statements may come in any order and split.

mod track;

pub use track::Span;
use track::Track;

use crate::model::{StateKind, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// How long a statement is trusted without another one: 24 hours. Phones report their states many times a day,
/// and MDM feeds repeat them daily; our choice, printed in the guide for those who write telemetry.
pub const TRUST_SPAN_MICROS: i64 = 24 * 3600 * 1_000_000;

/// Statements kept of one thing (a device's lock, one app's foreground), the latest ones. A busy app changes
/// some 500 times a day; this is half a year of it.
pub const MAX_STATEMENTS: usize = 100_000;

/// Apps kept per device; a phone has some 500.
pub const MAX_APPS: usize = 5_000;

/// What an app is doing, from the user's view.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AppState {
    /// On the screen.
    Foreground,
    /// Not on the screen, but with a running service that the user sees (music, navigation, VPN).
    ForegroundService,
    /// Neither.
    Background,
}

impl AppState {
    /// Lower-case name: `foreground`, `foreground_service`, `background`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Foreground => "foreground",
            Self::ForegroundService => "foreground_service",
            Self::Background => "background",
        }
    }
}

/// One statement: from `at`, `state` holds, of `app` where the state is an app's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StateEvent<'a> {
    /// When.
    pub at: Timestamp,
    /// What.
    pub state: StateKind,
    /// Which app; `None` for states of the device. An app's state without an app says nothing and is dropped.
    pub app: Option<&'a str>,
}

/// What is known of one app.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct AppTracks {
    foreground: Track,
    service: Track,
}

/// The states of one device and its apps over time.
///
/// Invariant: every track is sorted by time and value and has no repeats.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StateTimeline {
    locked: Track,
    screen_on: Track,
    running: Track,
    interactions: BTreeSet<Timestamp>,
    apps: BTreeMap<Box<str>, AppTracks>,
    is_cut: bool,
}

/// The states of one app over time.
#[derive(Debug, Clone, Copy)]
pub struct AppTimeline<'t> {
    tracks: &'t AppTracks,
    running: &'t Track,
}

impl AppTimeline<'_> {
    /// As [`StateTimeline::app_state_at`].
    pub fn state_at(self, at: Timestamp) -> Option<AppState> {
        let in_front = self.tracks.foreground.at(at, self.running);
        let has_service = || self.tracks.service.at(at, self.running);
        match in_front {
            Some(true) => Some(AppState::Foreground),
            _ if has_service() == Some(true) => Some(AppState::ForegroundService),
            Some(false) => Some(AppState::Background),
            None => None,
        }
    }
}

impl<'a> FromIterator<StateEvent<'a>> for StateTimeline {
    fn from_iter<I: IntoIterator<Item = StateEvent<'a>>>(events: I) -> Self {
        let mut timeline = Self::default();
        for event in events {
            timeline.take(event);
        }
        timeline.settle();
        timeline
    }
}

impl StateTimeline {
    /// Whether no state was ever stated.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The statements of both.
    pub fn merge(&mut self, other: &Self) {
        self.locked.merge(&other.locked);
        self.screen_on.merge(&other.screen_on);
        self.running.merge(&other.running);
        self.interactions.extend(&other.interactions);
        for (app, tracks) in &other.apps {
            let own = self.apps.entry(app.clone()).or_default();
            own.foreground.merge(&tracks.foreground);
            own.service.merge(&tracks.service);
        }
        self.is_cut |= other.is_cut;
        self.settle();
    }

    /// Whether the device was locked at `at`; `None` is unknown.
    pub fn locked_at(&self, at: Timestamp) -> Option<bool> {
        self.locked.at(at, &self.running)
    }

    /// Whether the screen was on at `at`; `None` is unknown.
    pub fn screen_at(&self, at: Timestamp) -> Option<bool> {
        self.screen_on.at(at, &self.running)
    }

    /// Whether the device was off, between a shutdown and the next boot; `None` is unknown.
    pub fn is_off_at(&self, at: Timestamp) -> Option<bool> {
        self.running.at(at, &Track::default()).map(|running| !running)
    }

    /// What an app did at `at`; `None` is unknown.
    ///
    /// Foreground wins over a foreground service, a running service over background. An app whose screen is
    /// unknown and whose service is not running is unknown.
    pub fn app_state_at(&self, app: &str, at: Timestamp) -> Option<AppState> {
        self.of_app(app)?.state_at(at)
    }

    /// What is known of one app, to be asked again and again; `None` without any statement.
    pub fn of_app(&self, app: &str) -> Option<AppTimeline<'_>> {
        let tracks = self.apps.get(app)?;
        Some(AppTimeline { tracks, running: &self.running })
    }

    /// Whole seconds since somebody last touched the device, at `at`. `None` where no touch is known in the
    /// [`TRUST_SPAN_MICROS`] before: then nobody says that there was none.
    pub fn secs_since_interaction(&self, at: Timestamp) -> Option<i64> {
        let last = self.interactions.range(..=at).next_back()?;
        let micros = at.since(*last);
        (micros <= TRUST_SPAN_MICROS).then_some(micros / 1_000_000)
    }

    /// Spans in which it is known whether the device was locked, in their order; `Span::value` is "locked".
    pub fn locked_spans(&self) -> Vec<Span> {
        self.locked.spans(&self.running)
    }

    /// Whether a limit ([`MAX_STATEMENTS`], [`MAX_APPS`]) cut statements off; queries before what is left are
    /// unknown.
    pub const fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// Adds a statement out of order; [`Self::settle`] must follow.
    fn take(&mut self, event: StateEvent<'_>) {
        let StateEvent { at, state, app } = event;
        match state {
            StateKind::Locked => self.locked.push(at, true),
            StateKind::Unlocked => self.locked.push(at, false),
            StateKind::ScreenOn => self.screen_on.push(at, true),
            StateKind::ScreenOff => self.screen_on.push(at, false),
            StateKind::Boot => self.running.push(at, true),
            StateKind::Shutdown => self.running.push(at, false),
            StateKind::UserInteraction => {
                self.interactions.insert(at);
            }
            StateKind::Foreground => self.app(app, |tracks| tracks.foreground.push(at, true)),
            StateKind::Background => self.app(app, |tracks| tracks.foreground.push(at, false)),
            StateKind::ForegroundServiceStart => self.app(app, |tracks| tracks.service.push(at, true)),
            StateKind::ForegroundServiceStop => self.app(app, |tracks| tracks.service.push(at, false)),
        }
    }

    fn app(&mut self, app: Option<&str>, push: impl FnOnce(&mut AppTracks)) {
        let Some(app) = app else { return };
        if let Some(tracks) = self.apps.get_mut(app) {
            return push(tracks);
        }
        push(self.apps.entry(app.into()).or_default());
    }

    /// Restores the invariant and the limits. The latest statements and the first apps by name are kept: what is
    /// kept of a whole does not depend on the order in which its parts came.
    fn settle(&mut self) {
        let device = [&mut self.locked, &mut self.screen_on, &mut self.running];
        let apps = self.apps.values_mut().flat_map(|tracks| [&mut tracks.foreground, &mut tracks.service]);
        for track in device.into_iter().chain(apps) {
            self.is_cut |= track.settle(MAX_STATEMENTS);
        }
        while self.interactions.len() > MAX_STATEMENTS {
            self.interactions.pop_first();
            self.is_cut = true;
        }
        while self.apps.len() > MAX_APPS {
            self.apps.pop_last();
            self.is_cut = true;
        }
    }
}

#[cfg(test)]
mod tests;
