//! Rows by hour and source: shows where one fell silent while the others went on.
//!
//! A sensor that stops writing `conn.log`, or an agent that stops reporting, leaves no error behind: the rest of the
//! inputs reads as ever, and what happened meanwhile is not found. Rows of the other sources say how many were to be
//! expected.

use std::collections::BTreeMap;
use undertone_core::model::{ExchangeKind, TelemetryKind, Timestamp};

/// Hours that are kept at the most: a year. Wrong clocks can claim any.
const HOURS_MAX: usize = 24 * 366;
/// Rows that must be missing: few come together by chance, and phones sleep at night while other machines do not.
const MISSING_MIN: f64 = 1000.0;
/// Share of the rows to be expected that is silence: a connection is written when it ends, so the next day's log has some of
/// an hour whose own log is gone.
const SILENT_SHARE_MAX: f64 = 0.05;
/// Hours without any row from which it is told: a log is written anew each hour, and one may be late.
const GAP_HOURS_MIN: i64 = 2;
const HOUR_MICROS: i64 = 3_600_000_000;

/// Sources that can fall silent by themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Feed {
    /// Sessions.
    Connections,
    /// DNS messages.
    Lookups,
    /// TLS and QUIC handshakes.
    Handshakes,
    /// Connections and lookups that phones report.
    Reports,
    /// States of phones and apps.
    States,
}

impl Feed {
    const ALL: [Self; 5] = [Self::Connections, Self::Lookups, Self::Handshakes, Self::Reports, Self::States];

    /// The source of a message, if it is counted.
    pub(super) fn of_message(kind: ExchangeKind) -> Option<Self> {
        match kind {
            ExchangeKind::Dns => Some(Self::Lookups),
            ExchangeKind::Tls | ExchangeKind::Quic => Some(Self::Handshakes),
            _ => None,
        }
    }

    /// The source of an event of a phone, if it is counted.
    pub(super) fn of_event(kind: &TelemetryKind<'_>) -> Option<Self> {
        match kind {
            TelemetryKind::Connection(_) | TelemetryKind::Lookup(_) => Some(Self::Reports),
            TelemetryKind::State(_) => Some(Self::States),
            _ => None,
        }
    }

    /// Hours from which its silence is none of a night: nobody unlocks a phone then.
    const fn silent_hours_min(self) -> i64 {
        match self {
            Self::States => 12,
            _ => 2,
        }
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Connections => "connections in network logs",
            Self::Lookups => "DNS lookups in network logs",
            Self::Handshakes => "TLS and QUIC handshakes in network logs",
            Self::Reports => "connections that phones report",
            Self::States => "states that phones report",
        }
    }
}

type Rows = [u64; Feed::ALL.len()];

/// Rows of each hour.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct HourCounts {
    hours: BTreeMap<i64, Rows>,
    /// The hour at hand: rows come nearly in order.
    now: (i64, Rows),
}

impl HourCounts {
    /// Counts a row.
    #[inline]
    pub(super) fn add(&mut self, feed: Feed, at: Timestamp) {
        let hour = at.micros().div_euclid(HOUR_MICROS);
        if hour != self.now.0 {
            self.put_away();
            self.now.0 = hour;
        }
        if let Some(count) = self.now.1.get_mut(feed as usize) {
            *count += 1;
        }
    }

    fn put_away(&mut self) {
        let (hour, rows) = std::mem::take(&mut self.now);
        self.add_rows(hour, rows);
    }

    fn add_rows(&mut self, hour: i64, rows: Rows) {
        if rows.iter().all(|count| *count == 0) {
            return;
        }
        let known = self.hours.entry(hour).or_default();
        known.iter_mut().zip(rows).for_each(|(known, more)| *known += more);
        if self.hours.len() > HOURS_MAX {
            // The last ones, whatever their order: a wrong clock's are mostly ahead.
            self.hours.pop_last();
        }
    }

    /// Adds what another thread counted.
    pub(super) fn merge(&mut self, other: &Self) {
        other.hours.iter().for_each(|(hour, rows)| self.add_rows(*hour, *rows));
        self.add_rows(other.now.0, other.now.1);
    }

    /// The longest silence of each source, in words.
    pub(super) fn silences(mut self) -> Vec<String> {
        self.put_away();
        let of_one = Feed::ALL.into_iter().filter_map(|feed| self.longest(feed));
        of_one.map(|silence| silence.note()).chain(self.gap()).collect()
    }

    /// The longest gap of all sources between hours that are busy, in words.
    fn gap(&self) -> Option<String> {
        let is_busy = |rows: &Rows| rows.iter().sum::<u64>() as f64 >= MISSING_MIN;
        let pairs = self.hours.iter().zip(self.hours.iter().skip(1));
        let busy = pairs.filter(|((_, before), (_, after))| is_busy(before) && is_busy(after));
        let gaps = busy.map(|((last, _), (next, _))| (next - last - 1, *last + 1, *next));
        let (hours, from, to) = gaps.max_by_key(|(hours, from, _)| (*hours, -from))?;
        (hours >= GAP_HOURS_MIN).then(|| {
            format!(
                "silence: no row of any source for {hours} hours, from {} to {}: what went on then was not seen",
                time_of(from),
                time_of(to)
            )
        })
    }

    /// The silence of a source in which most rows are missing.
    fn longest(&self, feed: Feed) -> Option<Silence> {
        let own = |rows: &Rows| rows.get(feed as usize).copied().unwrap_or(0);
        let others = |rows: &Rows| (rows.iter().sum::<u64>() - own(rows)) as f64;
        let in_all: f64 = self.hours.values().map(others).sum();
        let share = self.hours.values().map(own).sum::<u64>() as f64 / in_all.max(1.0);
        let mut longest: Option<Silence> = None;
        let mut running: Option<Silence> = None;
        for (hour, rows) in &self.hours {
            let expected = share * others(rows);
            if own(rows) as f64 > SILENT_SHARE_MAX * expected {
                running = None;
                continue;
            }
            let silence = running.get_or_insert(Silence { feed, first: *hour, last: *hour, missing: 0.0 });
            silence.last = *hour;
            silence.missing += expected;
            let is_long = silence.last + 1 - silence.first >= feed.silent_hours_min();
            if is_long && longest.as_ref().is_none_or(|longest| silence.missing > longest.missing) {
                longest = Some(silence.clone());
            }
        }
        longest.filter(|silence| silence.missing >= MISSING_MIN)
    }
}

/// Hours in which a source had nothing to say, from the first to the last.
#[derive(Debug, Clone)]
struct Silence {
    feed: Feed,
    first: i64,
    last: i64,
    /// Rows that were to be expected by those of the others, which may be missing, too: at least so many.
    missing: f64,
}

impl Silence {
    fn note(&self) -> String {
        format!(
            "silence: hardly any {} from {} to {}, when at least {:.0} were to be expected by what other sources say: what only \
             those show was not seen then",
            self.feed.as_str(),
            time_of(self.first),
            time_of(self.last + 1),
            self.missing
        )
    }
}

/// When an hour begins; that of the earliest times begins before there is any time.
fn time_of(hour: i64) -> Timestamp {
    Timestamp::from_micros(hour.saturating_mul(HOUR_MICROS))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hour: i64) -> Timestamp {
        Timestamp::from_micros(hour * HOUR_MICROS + 7)
    }

    /// 200 connections and 100 lookups in each of so many hours, without those of some.
    fn counted(hours: i64, is_silent: impl Fn(Feed, i64) -> bool) -> HourCounts {
        let mut counts = HourCounts::default();
        for hour in 0..hours {
            for feed in [Feed::Connections, Feed::Connections, Feed::Lookups] {
                let rows = if is_silent(feed, hour) { 0 } else { 100 };
                (0..rows).for_each(|_| counts.add(feed, at(hour)));
            }
        }
        counts
    }

    #[test]
    fn a_source_that_falls_silent_among_others_is_told() {
        let notes = counted(48, |feed, hour| feed == Feed::Lookups && (10..30).contains(&hour)).silences();
        let [note] = notes.as_slice() else { panic!("{notes:?}") };
        let told = "silence: hardly any DNS lookups in network logs from 1970-01-01T10:00:00.000000Z to \
                    1970-01-02T06:00:00.000000Z, when at least 1167 were";
        assert!(note.starts_with(told), "{note}");
    }

    #[test]
    fn silence_of_all_or_of_a_few_rows_is_none() {
        assert!(counted(48, |_, hour| (10..30).contains(&hour)).silences().is_empty());
        assert!(counted(48, |feed, hour| feed == Feed::Lookups && hour == 10).silences().is_empty());
        assert!(counted(48, |feed, _| feed == Feed::Lookups).silences().is_empty(), "there never were any");
        assert!(HourCounts::default().silences().is_empty());
    }

    #[test]
    fn a_gap_of_all_sources_between_busy_hours_is_told() {
        let mut counts = HourCounts::default();
        let count = |counts: &mut HourCounts, hour, rows| {
            (0..rows).for_each(|_| counts.add(Feed::Connections, at(hour)));
        };
        for hour in [0, 1, 8, 9, 11] {
            count(&mut counts, hour, 1000);
        }
        let note = "silence: no row of any source for 6 hours, from 1970-01-01T02:00:00.000000Z to \
                    1970-01-01T08:00:00.000000Z: what went on then was not seen";
        assert_eq!(counts.clone().silences(), [note]);
        // A few rows far behind are a wrong clock.
        count(&mut counts, 9000, 20);
        assert_eq!(counts.silences(), [note]);
    }

    #[test]
    fn a_silence_at_the_first_of_all_times_is_told() {
        let mut counts = HourCounts::default();
        let first = i64::MIN.div_euclid(HOUR_MICROS);
        for hour in first..first + 48 {
            let at = Timestamp::from_micros(hour.saturating_mul(HOUR_MICROS));
            let lookups = if hour < first + 30 { 0 } else { 100 };
            (0..200).for_each(|_| counts.add(Feed::Connections, at));
            (0..lookups).for_each(|_| counts.add(Feed::Lookups, at));
        }
        assert_eq!(counts.silences().len(), 1);
    }

    #[test]
    fn threads_that_share_hours_see_what_one_sees() {
        let mut whole = counted(48, |feed, hour| feed == Feed::Connections && hour < 20);
        let (mut left, right) = (HourCounts::default(), whole.clone());
        left.merge(&right);
        left.merge(&right);
        whole.merge(&right);
        assert_eq!(left.silences(), whole.silences());
    }
}
