//! The few numbers in which series are compared with their peers.

use crate::baseline::Baseline;
use crate::score::machine::{Machine, observed_hours};
use crate::series::{Destination, Event, Profile};

/// Sessions of known state from which a share says something.
const STATES_MIN: u64 = 6;
/// Events from which sizes say something.
const SIZES_MIN: usize = 6;

/// Comparable numbers of one machine-driven series. `None` where the data does not say.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Features {
    /// Share of the other devices that reach the destination, 0..=1.
    pub reach: f64,
    /// Robust relative spread of bytes sent per check-in: interquartile range over median, 0 = always alike.
    pub orig_spread: Option<f64>,
    /// The same of bytes received.
    pub resp_spread: Option<f64>,
    /// `|sent - received| / (sent + received)` over all sessions, 0..=1.
    pub asymmetry: Option<f64>,
    /// Median bytes that a check-in sends and median bytes that it receives, summed.
    pub bytes_per_check_in: Option<f64>,
    /// Sessions, or check-ins where those are more, per hour in which the series was seen.
    pub rate_per_hour: f64,
    /// Share of the other devices that show the most frequent TLS fingerprint or user agent, 0..=1.
    pub stack_share: Option<f64>,
    /// Share of the sessions while the phone was locked, among those of known lock state, 0..=1.
    pub locked_share: Option<f64>,
    /// Share of the sessions with nobody at the phone shortly before, among those where it is known, 0..=1.
    pub unattended_share: Option<f64>,
}

/// What a series itself says of its features: all that the fleet need not be known for.
#[derive(Debug, Clone, PartialEq)]
pub struct Shape {
    /// Its features, without those of the fleet.
    own: Features,
    /// The most frequent TLS fingerprint, else user agent.
    stack: Option<Box<str>>,
}

impl Shape {
    /// The shape of a series.
    pub fn of(profile: &Profile, machine: &Machine) -> Self {
        let [orig, resp] = sizes(profile);
        let total = profile.orig_bytes.saturating_add(profile.resp_bytes);
        let both: Option<f64> = match (median(&orig), median(&resp)) {
            (None, None) => None,
            (a, b) => Some(a.unwrap_or(0.0) + b.unwrap_or(0.0)),
        };
        let check_ins = profile.sessions().max(machine.check_ins) as f64;
        let hours = (profile.hours.len() as f64).min(observed_hours(profile).max(1.0)).max(1.0);
        let own = Features {
            reach: 0.0,
            orig_spread: spread(&orig),
            resp_spread: spread(&resp),
            asymmetry: (total > 0)
                .then(|| profile.orig_bytes.abs_diff(profile.resp_bytes) as f64 / total as f64),
            bytes_per_check_in: both,
            rate_per_hour: check_ins / hours,
            stack_share: None,
            locked_share: share(profile.states.locked, profile.states.lock_known()),
            unattended_share: share(profile.states.without_interaction, profile.states.interaction_known()),
        };
        let stack = profile.fingerprints.top().or_else(|| profile.user_agents.top());
        Self { own, stack: stack.map(|(stack, _)| stack.clone()) }
    }

    /// The features in a fleet of a series that goes to `destination`.
    pub fn in_fleet(&self, destination: &Destination, baseline: &Baseline) -> Features {
        let (others, reaching) = (baseline.others(), baseline.others_reaching(destination));
        Features {
            reach: if others == 0 { 0.0 } else { f64::from(reaching) / f64::from(others) },
            stack_share: self.stack.as_deref().and_then(|stack| baseline.stack_share(stack)),
            ..self.own
        }
    }

    /// Bytes that its text takes.
    pub fn text_bytes(&self) -> usize {
        self.stack.as_ref().map_or(0, |stack| stack.len())
    }
}

/// A share of sessions; `None` with too few of known state.
fn share(part: u64, known: u64) -> Option<f64> {
    (known >= STATES_MIN).then(|| part as f64 / known as f64)
}

/// Sizes of the check-ins both ways, ascending: of messages where enough of them have one, else of sessions. Never of both:
/// a message is one check-in, and its session may be hundreds.
fn sizes(profile: &Profile) -> [Vec<u32>; 2] {
    let sorted = |events: &[Event], bytes: fn(&Event) -> Option<u32>| {
        let mut sizes: Vec<u32> = events.iter().filter_map(bytes).collect();
        sizes.sort_unstable();
        sizes
    };
    let both = |events: &[Event]| {
        [sorted(events, |event| event.orig_bytes), sorted(events, |event| event.resp_bytes)]
    };
    let messages = both(profile.messages.latest());
    let are_enough = messages.iter().any(|sizes| sizes.len() >= SIZES_MIN);
    if are_enough { messages } else { both(profile.starts.latest()) }
}

fn quantile(sorted: &[u32], share: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 <= share <= 1")]
    let at = (last as f64 * share).round() as usize;
    sorted.get(at).map(|size| f64::from(*size))
}

fn median(sorted: &[u32]) -> Option<f64> {
    quantile(sorted, 0.5)
}

/// Interquartile range over the median plus one byte: empty messages are alike, too.
fn spread(sorted: &[u32]) -> Option<f64> {
    if sorted.len() < SIZES_MIN {
        return None;
    }
    Some((quantile(sorted, 0.75)? - quantile(sorted, 0.25)?) / (median(sorted)? + 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::series::Events;

    #[test]
    fn sizes_are_of_messages_or_of_sessions_never_of_both() {
        let event = |at_micros, orig_bytes, resp_bytes| Event {
            at_micros,
            orig_bytes,
            resp_bytes,
            ..Event::default()
        };
        // One kept connection that received much, with publications of one way only.
        let profile = Profile {
            starts: Events::of(vec![event(0, Some(90_000), Some(300_000))]),
            messages: Events::of((0..500).map(|n| event(n, Some(200), None)).collect()),
            ..Profile::default()
        };
        assert_eq!(sizes(&profile), [vec![200; 500], vec![]]);
        let quiet = Profile { messages: Events::of(vec![event(1, Some(200), None)]), ..profile };
        assert_eq!(sizes(&quiet), [vec![90_000], vec![300_000]]);
    }

    #[test]
    fn spread_is_the_interquartile_range_over_the_median() {
        let close = |a: Option<f64>, b: f64| assert!((a.unwrap() - b).abs() < 1e-12);
        // Sorted 1..=9: quartiles 3 and 7, median 5: (7 - 3) / 6.
        close(spread(&[1, 2, 3, 4, 5, 6, 7, 8, 9]), 4.0 / 6.0);
        close(spread(&[200; 8]), 0.0);
        close(spread(&[0; 8]), 0.0);
        assert_eq!(spread(&[1, 2, 3]), None);
    }
}
