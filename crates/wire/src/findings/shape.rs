//! What plots of a trace show, in numbers: the same for the terminal and the page.

use undertone_core::finding::{AppState, CheckIn, Lock, Trace};

const MILLIS_PER_HOUR: i64 = 3_600_000;
/// Hours from which the window is drawn hour by hour; a shorter one is drawn by its check-ins.
const HOURS_MIN: usize = 6;
/// Shortest interval that is drawn, seconds: check-ins that share an instant.
const INTERVAL_MIN_SECS: f64 = 0.001;

/// Times between check-ins, and what is regular about them.
pub(super) struct Intervals {
    /// Ascending, seconds.
    sorted: Vec<f64>,
    /// The shortest range that holds half of them: where a timer keeps them.
    pub(super) band: (f64, f64),
    /// The interval that most keep; the middle of the band where no rhythm was tested.
    pub(super) period: f64,
}

/// A histogram of intervals with bins of equal ratio.
pub(super) struct Histogram {
    /// Edges, ascending, seconds; one more than there are bins.
    pub(super) edges: Vec<f64>,
    /// Intervals in each bin.
    pub(super) counts: Vec<u64>,
    /// What each bin would hold if chance made as many check-ins in the same time.
    pub(super) chance: Vec<f64>,
    /// Intervals longer than the last edge.
    pub(super) longer: u64,
}

impl Intervals {
    /// `None` with fewer than three intervals: nothing to draw.
    pub(super) fn of(trace: &Trace) -> Option<Self> {
        let mut sorted = trace.intervals_secs();
        for secs in &mut sorted {
            *secs = secs.max(INTERVAL_MIN_SECS);
        }
        sorted.sort_by(f64::total_cmp);
        if sorted.len() < 3 {
            return None;
        }
        let half = sorted.len().div_ceil(2);
        let ranges = sorted.windows(half.max(2)).filter_map(|w| Some((*w.first()?, *w.last()?)));
        let band = ranges.min_by(|a, b| (a.1 - a.0).total_cmp(&(b.1 - b.0)))?;
        let period = trace.period_secs.unwrap_or_else(|| f64::midpoint(band.0, band.1));
        Some(Self { sorted, band, period })
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.sorted.len()
    }

    /// Half of what lies around the period, in percent of it.
    pub(super) fn band_percent(&self) -> f64 {
        100.0 * (self.band.1 - self.band.0) / 2.0 / self.period.max(INTERVAL_MIN_SECS)
    }

    /// The histogram in so many bins.
    pub(super) fn histogram(&self, bins: usize) -> Histogram {
        let at = |share: f64| quantile(&self.sorted, share);
        let low = (at(0.02) / 1.3).min(self.period / 3.0).max(INTERVAL_MIN_SECS);
        let high = (at(0.95) * 1.3).max(self.period * 3.0);
        let step = (high / low).ln() / bins as f64;
        let edges: Vec<f64> = (0..=bins).map(|bin| low * (step * bin as f64).exp()).collect();
        let mut counts = vec![0; bins];
        let mut longer = 0;
        for secs in &self.sorted {
            if *secs > high {
                longer += 1;
                continue;
            }
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "clamped to the bins"
            )]
            let bin = ((secs / low).ln() / step).floor().clamp(0.0, bins as f64 - 1.0) as usize;
            if let Some(count) = counts.get_mut(bin) {
                *count += 1;
            }
        }
        let mean = self.sorted.iter().sum::<f64>() / self.sorted.len() as f64;
        let below = |secs: f64| 1.0 - (-secs / mean).exp();
        let pairs = edges.iter().zip(edges.iter().skip(1));
        let chance = pairs.map(|(a, b)| self.sorted.len() as f64 * (below(*b) - below(*a))).collect();
        Histogram { edges, counts, chance, longer }
    }
}

/// The value below which a share of an ascending list lies; 0 when empty.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a length")]
    let at = (share * sorted.len().saturating_sub(1) as f64).round() as usize;
    sorted.get(at).copied().unwrap_or_default()
}

/// The window, or the listed check-ins of a short one, in bins of equal length.
pub(super) struct Timeline {
    /// Milliseconds since the epoch at which the first bin begins.
    pub(super) from: i64,
    /// Where the last one ends.
    pub(super) to: i64,
    /// Check-ins in each bin.
    pub(super) counts: Vec<u64>,
}

impl Timeline {
    /// The timeline of a trace. One of at least [`HOURS_MIN`] hours has an hour a bin, others `bins` bins.
    pub(super) fn of(trace: &Trace, bins: usize) -> Self {
        if trace.per_hour.len() >= HOURS_MIN {
            let hours = i64::try_from(trace.per_hour.len()).unwrap_or(0);
            return Self {
                from: trace.first_hour.saturating_mul(MILLIS_PER_HOUR),
                to: trace.first_hour.saturating_add(hours).saturating_mul(MILLIS_PER_HOUR),
                counts: trace.per_hour.iter().map(|count| u64::from(*count)).collect(),
            };
        }
        let times = || trace.check_ins.iter().map(|check_in| check_in.at_millis);
        let (from, last) = (times().next().unwrap_or(0), times().next_back().unwrap_or(0));
        let mut line =
            Self { from, to: last.saturating_add(1).max(from.saturating_add(1000)), counts: vec![0; bins] };
        for at in times() {
            let bin = line.column(at, bins);
            if let Some(count) = bin.and_then(|bin| line.counts.get_mut(bin)) {
                *count += 1;
            }
        }
        line
    }

    /// Length in milliseconds, at least 1.
    fn span(&self) -> i64 {
        self.to.saturating_sub(self.from).max(1)
    }

    /// Where an instant stands, 0..=1; `None` outside.
    pub(super) fn share(&self, at_millis: i64) -> Option<f64> {
        let share = at_millis.saturating_sub(self.from) as f64 / self.span() as f64;
        (0.0..=1.0).contains(&share).then_some(share)
    }

    /// Which of so many columns an instant is in.
    pub(super) fn column(&self, at_millis: i64, columns: usize) -> Option<usize> {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0..=columns")]
        self.share(at_millis).map(|share| ((share * columns as f64) as usize).min(columns.saturating_sub(1)))
    }

    /// Length of a bin, seconds.
    pub(super) fn bin_secs(&self) -> f64 {
        self.span() as f64 / 1000.0 / self.counts.len().max(1) as f64
    }
}

/// Where each check-in falls within the period, 0..1; empty without a period.
pub(super) fn phases(trace: &Trace) -> Vec<(i64, f64)> {
    let Some(period) = trace.period_secs else { return Vec::new() };
    let first = trace.check_ins.first().map_or(0, |check_in| check_in.at_millis);
    let phase = |check_in: &CheckIn| {
        let secs = check_in.at_millis.saturating_sub(first) as f64 / 1000.0;
        // Half a period is added, so that a timer's line runs in the middle.
        (check_in.at_millis, (secs / period + 0.5).rem_euclid(1.0))
    };
    trace.check_ins.iter().map(phase).collect()
}

/// Bytes out and in of each check-in that says both.
pub(super) fn bytes(trace: &Trace) -> Vec<(u64, u64)> {
    trace.check_ins.iter().filter_map(|check_in| Some((check_in.orig_bytes?, check_in.resp_bytes?))).collect()
}

/// Check-ins by what is known of the phone, in words: `212 locked, 3 unlocked, 40 unknown`.
pub(super) fn lock_words(trace: &Trace) -> String {
    let count = |lock| trace.check_ins.iter().filter(|check_in| check_in.lock == lock).count();
    counted(&[
        (count(Lock::Locked), "locked"),
        (count(Lock::Unlocked), "unlocked"),
        (count(Lock::Unknown), "unknown"),
    ])
}

/// Check-ins by where the app was, in words.
pub(super) fn app_words(trace: &Trace) -> String {
    let count = |app| trace.check_ins.iter().filter(|check_in| check_in.app == app).count();
    counted(&[
        (count(AppState::Foreground), "foreground"),
        (count(AppState::Background), "background"),
        (count(AppState::ForegroundService), "foreground service"),
        (count(AppState::Unknown), "unknown"),
    ])
}

fn counted(parts: &[(usize, &str)]) -> String {
    let parts = parts.iter().filter(|(count, _)| *count > 0);
    parts.map(|(count, name)| format!("{count} {name}")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use undertone_core::finding::TraceOf;

    fn trace(seconds: impl Iterator<Item = i64>, period: Option<f64>) -> Trace {
        let check_ins: Vec<CheckIn> =
            seconds.map(|at| CheckIn { at_millis: at * 1000, ..CheckIn::default() }).collect();
        Trace {
            of: TraceOf::Sessions,
            total: check_ins.len() as u64,
            check_ins,
            period_secs: period,
            is_awake_clock: false,
            dead_time_millis: 2000,
            first_hour: 0,
            per_hour: vec![1],
        }
    }

    #[test]
    fn the_band_holds_half_of_the_intervals() {
        // 60 s each, and one gap of an hour.
        let intervals =
            Intervals::of(&trace((0..20).map(|n| n * 60 + i64::from(n > 9) * 3600), None)).unwrap();
        assert_eq!(intervals.band, (60.0, 60.0));
        let histogram = intervals.histogram(20);
        assert_eq!(histogram.counts.iter().sum::<u64>() + histogram.longer, 19);
        assert_eq!(histogram.longer, 1);
        assert!(histogram.chance.iter().sum::<f64>() < 19.0);
    }

    #[test]
    fn a_timer_has_one_phase() {
        let phases = phases(&trace((0..50).map(|n| n * 60), Some(60.0)));
        assert!(phases.iter().all(|(_, phase)| (phase - 0.5).abs() < 1e-9));
        assert!(super::phases(&trace(0..9, None)).is_empty());
    }

    #[test]
    fn one_check_in_and_none_are_drawn_without_harm() {
        for count in [0, 1, 2] {
            let trace = trace((0..count).map(|n| n * 10), None);
            assert!(Intervals::of(&trace).is_none());
            let line = Timeline::of(&trace, 10);
            assert_eq!(line.counts.iter().sum::<u64>(), u64::try_from(count).unwrap());
        }
    }
}
