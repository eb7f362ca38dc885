//! Check-ins of a series: when, how much, under which circumstances.

use bitcode::{Decode, Encode};

/// Circumstances of an event, a small bit set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Encode, Decode)]
pub struct EventFlags(pub u16);

impl EventFlags {
    /// Many of the device's apps fired in the same moment (Doze window, network change).
    pub const SHARED: Self = Self(1);
    /// The app was in the background.
    pub const BACKGROUND: Self = Self(2);
    /// The app was in the foreground.
    pub const FOREGROUND: Self = Self(4);
    /// The device was locked.
    pub const LOCKED: Self = Self(8);
    /// The device was unlocked.
    pub const UNLOCKED: Self = Self(16);
    /// The app's push arrived seconds before.
    pub const AFTER_PUSH: Self = Self(32);
    /// A person used the device or app shortly before.
    pub const INTERACTION: Self = Self(64);
    /// It is known that nobody used the device shortly before.
    pub const NO_INTERACTION: Self = Self(128);
    /// The app ran a foreground service.
    pub const FOREGROUND_SERVICE: Self = Self(256);

    /// Whether all of `flags` are set.
    pub const fn has(self, flags: Self) -> bool {
        self.0 & flags.0 == flags.0
    }

    /// The set without some.
    #[must_use]
    pub const fn without(self, flags: Self) -> Self {
        Self(self.0 & !flags.0)
    }

    /// Both sets.
    #[must_use]
    pub const fn with(self, flags: Self) -> Self {
        Self(self.0 | flags.0)
    }
}

/// One check-in. Ordered by time, then by `tie`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Encode, Decode)]
pub struct Event {
    /// Microseconds since the epoch.
    pub at_micros: i64,
    /// Hash of the session's uid: orders events of one instant.
    pub tie: u64,
    /// Bytes sent, saturated.
    pub orig_bytes: Option<u32>,
    /// Bytes received, saturated.
    pub resp_bytes: Option<u32>,
    /// Duration in milliseconds, saturated.
    pub duration_millis: Option<u32>,
    /// Hash of what was asked for (host, and method and path pattern of a request): timing is tested for the
    /// busiest, too.
    pub pattern_hash: u32,
    /// Circumstances.
    pub flags: EventFlags,
}

/// The latest events by (time, tie), with the number of all and when the first was.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
pub struct Events {
    latest: Vec<Event>,
    total: u64,
    /// Microseconds since the epoch.
    first: Option<i64>,
}

impl Events {
    /// Events kept at the most. 10,000 per day profile would be one each 8.6 s; the timing statistics use at
    /// most the latest 2,000.
    pub const CAP: usize = 4096;

    /// The events of a list in any order.
    pub fn of(mut events: Vec<Event>) -> Self {
        Self::drained(&mut events)
    }

    /// The events of a list in any order, which is emptied but keeps its room.
    pub fn drained(events: &mut Vec<Event>) -> Self {
        let total = events.len() as u64;
        events.sort_unstable();
        let first = events.first().map(|event| event.at_micros);
        // Copied rather than cut: what is kept takes as much room as it needs.
        let latest = events.get(events.len().saturating_sub(Self::CAP)..).unwrap_or_default().to_vec();
        events.clear();
        Self { latest, total, first }
    }

    /// The events of several lists.
    pub fn merged<'e>(lists: impl Iterator<Item = &'e Self> + Clone) -> Self {
        let total = lists.clone().map(|list| list.total).sum();
        let first = lists.clone().map(|list| list.first).fold(None, earlier);
        Self { total, first, ..Self::of(lists.flat_map(|list| list.latest.iter().copied()).collect()) }
    }

    /// Kept events, ascending.
    pub fn latest(&self) -> &[Event] {
        &self.latest
    }

    /// All events, kept or not.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// When the first of all was, microseconds since the epoch; `None` without any.
    pub fn first_micros(&self) -> Option<i64> {
        self.first
    }
}

fn earlier(a: Option<i64>, b: Option<i64>) -> Option<i64> {
    a.into_iter().chain(b).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(times: impl Iterator<Item = i64>) -> Vec<Event> {
        times
            .map(|at| Event {
                at_micros: at,
                tie: at.cast_unsigned() % 7,
                resp_bytes: Some(1),
                ..Event::default()
            })
            .collect()
    }

    #[test]
    fn merging_keeps_the_latest_whatever_the_split() {
        let all: Vec<i64> = (0..6000).map(|n| n * 37 % 6007).collect();
        let whole = Events::of(events(all.iter().copied()));
        assert_eq!(whole.latest().len(), Events::CAP);
        assert_eq!((whole.total(), whole.first_micros()), (6000, all.iter().copied().min()));
        for cut in [0, 10, 3000, 5999] {
            let parts = [&all[cut..], &all[..cut]].map(|part| Events::of(events(part.iter().copied())));
            assert_eq!(Events::merged(parts.iter()), whole);
        }
    }
}
