//! The bands in which recall is told: what makes an implant easy or hard to find.

use crate::truth::Truth;

/// A property of implants by which recall is told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dimension {
    /// Whether the rhythm is plain: jitter to 35 %, at least 24 check-ins, at most 10 % missed.
    Rhythm,
    /// Channel.
    Kind,
    /// Period of the schedule.
    Period,
    /// Jitter as a share of the period.
    Jitter,
    /// Share of check-ins left out.
    Miss,
    /// Check-ins that were written.
    Events,
    /// Whether the phone was locked when it spoke.
    State,
    /// Law of the jitter.
    Law,
}

/// One band: its place among the bands of its dimension, and its name.
pub(super) type Band<'a> = (usize, &'a str);

/// What a label does not say.
const UNKNOWN: &str = "unknown";

/// Period bands by their upper end, seconds; the end belongs to the next band, 12 hours to its own.
const PERIODS: [(f64, &str); 5] = [
    (60.0, "under 1 min"),
    (600.0, "1 to 10 min"),
    (3600.0, "10 to 60 min"),
    (43_200.1, "1 to 12 h"),
    (f64::INFINITY, "over 12 h"),
];
/// Jitter bands by their upper end, share of the period; the end belongs to the band.
const JITTERS: [(f64, &str); 6] = [
    (0.0, "none"),
    (0.2, "to 20 %"),
    (0.35, "to 35 %"),
    (0.5, "to 50 %"),
    (0.7, "to 70 %"),
    (f64::INFINITY, "over 70 %"),
];
/// Bands of missed check-ins by their upper end; the end belongs to the band.
const MISSES: [(f64, &str); 4] =
    [(0.0, "none"), (0.1, "to 10 %"), (0.25, "to 25 %"), (f64::INFINITY, "over 25 %")];
/// Bands of check-ins by their upper end, exclusive. Under 8 there is no test of a rhythm (DESIGN section 4).
const EVENTS: [(u64, &str); 5] =
    [(8, "under 8"), (24, "8 to 23"), (100, "24 to 99"), (1000, "100 to 999"), (u64::MAX, "1,000 and more")];
/// Bands of the share of connections opened while the phone was locked, by their upper end. A phone is locked for
/// about nine tenths of a day: a sender that does not care about its owner lies in the last band.
const STATES: [(f64, &str); 3] = [(0.2, "while in use"), (0.8, "both"), (f64::INFINITY, "while locked")];
/// Shares are written with three digits: a band's end must not depend on the fourth.
const ROUNDING: f64 = 5e-4;

impl Dimension {
    /// All, in the order in which they are shown.
    pub const ALL: [Self; 8] = [
        Self::Rhythm,
        Self::Kind,
        Self::Period,
        Self::Jitter,
        Self::Miss,
        Self::Events,
        Self::State,
        Self::Law,
    ];
    /// Those that are crossed with each other.
    pub const CROSSED: [Self; 6] =
        [Self::Kind, Self::Period, Self::Jitter, Self::Events, Self::State, Self::Law];

    /// Lower-case name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rhythm => "rhythm",
            Self::Kind => "kind",
            Self::Period => "period",
            Self::Jitter => "jitter",
            Self::Miss => "miss",
            Self::Events => "events",
            Self::State => "state",
            Self::Law => "law",
        }
    }

    /// Heading of a table.
    pub const fn heading(self) -> &'static str {
        match self {
            Self::Rhythm => "rhythm",
            Self::Kind => "protocol or kind",
            Self::Period => "period",
            Self::Jitter => "jitter",
            Self::Miss => "missed check-ins",
            Self::Events => "check-ins",
            Self::State => "state of the phone",
            Self::Law => "law of the intervals",
        }
    }

    /// The band of an implant.
    pub(super) fn band(self, truth: &Truth) -> Band<'_> {
        match self {
            Self::Rhythm => rhythm(truth),
            Self::Kind => (0, &truth.kind),
            Self::Law => truth.law.as_deref().map_or((1, UNKNOWN), |law| (0, law)),
            Self::Period => place(&PERIODS, truth.period_secs, |secs, end| secs < end),
            Self::Jitter => place(&JITTERS, truth.jitter, |share, end| share <= end + ROUNDING),
            Self::Miss => place(&MISSES, truth.miss, |share, end| share <= end + ROUNDING),
            Self::Events => place(&EVENTS, truth.events, |events, end| events < end),
            Self::State => place(&STATES, truth.locked_share, |share, end| share < end),
        }
    }
}

fn rhythm(truth: &Truth) -> Band<'static> {
    match (truth.jitter, truth.miss, truth.events) {
        (Some(jitter), Some(miss), Some(events)) => {
            if jitter <= 0.35 + ROUNDING && miss <= 0.1 + ROUNDING && events >= 24 {
                (0, "plain: jitter to 35 %, 24 check-ins or more, 10 % missed at most")
            } else {
                (1, "hard: the rest")
            }
        }
        _ => (2, UNKNOWN),
    }
}

/// The first band that takes the value; unknown comes last.
fn place<T: Copy>(
    bands: &[(T, &'static str)],
    value: Option<T>,
    is_within: fn(T, T) -> bool,
) -> Band<'static> {
    let last = (bands.len(), UNKNOWN);
    let Some(value) = value else { return last };
    let found = bands.iter().enumerate().find(|(_, (end, _))| is_within(value, *end));
    found.map_or(last, |(at, (_, name))| (at, *name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::truth::parse_truth;

    fn band(dimension: Dimension, json: &str) -> String {
        let text = format!(r#"[{{"device":"d","kind":"https"{json}}}]"#);
        let truth = parse_truth(text.as_bytes()).unwrap();
        dimension.band(&truth[0]).1.to_owned()
    }

    #[test]
    fn ends_belong_where_the_names_say() {
        for (secs, name) in [
            ("59.9", "under 1 min"),
            ("60", "1 to 10 min"),
            ("600", "10 to 60 min"),
            ("3600", "1 to 12 h"),
            ("43200", "1 to 12 h"),
            ("43201", "over 12 h"),
        ] {
            assert_eq!(band(Dimension::Period, &format!(r#","period_secs":{secs}"#)), name);
        }
        for (share, name) in [("0.0", "none"), ("0.2", "to 20 %"), ("0.37", "to 50 %"), ("0.95", "over 70 %")]
        {
            assert_eq!(band(Dimension::Jitter, &format!(r#","jitter":{share}"#)), name);
        }
        for (share, name) in [("0.19", "while in use"), ("0.5", "both"), ("1.0", "while locked")] {
            assert_eq!(band(Dimension::State, &format!(r#","locked_share":{share}"#)), name);
        }
        for (events, name) in
            [("7", "under 8"), ("8", "8 to 23"), ("24", "24 to 99"), ("1000", "1,000 and more")]
        {
            assert_eq!(band(Dimension::Events, &format!(r#","events":{events}"#)), name);
        }
        for dimension in [
            Dimension::Period,
            Dimension::Jitter,
            Dimension::Miss,
            Dimension::Events,
            Dimension::State,
            Dimension::Law,
        ] {
            assert_eq!(band(dimension, ""), "unknown");
        }
    }

    #[test]
    fn a_plain_rhythm_is_all_three() {
        let of = |jitter, miss, events| {
            let json = format!(r#","jitter":{jitter},"miss":{miss},"events":{events}"#);
            band(Dimension::Rhythm, &json).split(':').next().unwrap().to_owned()
        };
        assert_eq!(of("0.35", "0.1", "24"), "plain");
        assert_eq!(of("0.37", "0.1", "24"), "hard");
        assert_eq!(of("0.2", "0.25", "24"), "hard");
        assert_eq!(of("0.2", "0.0", "23"), "hard");
        assert_eq!(band(Dimension::Rhythm, r#","jitter":0.1"#), "unknown");
    }
}
