//! Evidence: one observation about a series, what was expected, and its weight in bans.

use crate::attack::Element;

/// The kinds of evidence (DESIGN section 2); each has its own cap in the score.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EvidenceKind {
    /// Machine-like rhythm of check-ins.
    Timing,
    /// Long-lived or always reconnecting sessions.
    Persistence,
    /// Information carried in DNS names, unusual query types.
    Dns,
    /// Background, locked, without interaction.
    State,
    /// Rarity, newness and oddities of the destination.
    Destination,
    /// Uniform or symmetric sizes.
    Size,
    /// Rate of connections against what is usual.
    Frequency,
    /// Encoded content in paths, names and labels.
    Entropy,
    /// Method and path patterns.
    Http,
    /// TLS, ALPN, user-agent or networking stack.
    Stack,
    /// Protocol misuse.
    Misuse,
    /// Exchanges that follow a push.
    Wake,
    /// Against the app's or role's declared or learned baseline.
    Baseline,
    /// The same app or destination on several devices.
    Fleet,
}

impl EvidenceKind {
    /// All kinds.
    pub const ALL: [Self; 14] = [
        Self::Timing,
        Self::Persistence,
        Self::Dns,
        Self::State,
        Self::Destination,
        Self::Size,
        Self::Frequency,
        Self::Entropy,
        Self::Http,
        Self::Stack,
        Self::Misuse,
        Self::Wake,
        Self::Baseline,
        Self::Fleet,
    ];

    /// Lower-case name, `evidence.kind` in a finding.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Timing => "timing",
            Self::Persistence => "persistence",
            Self::Dns => "dns",
            Self::State => "state",
            Self::Destination => "destination",
            Self::Size => "size",
            Self::Frequency => "frequency",
            Self::Entropy => "entropy",
            Self::Http => "http",
            Self::Stack => "stack",
            Self::Misuse => "misuse",
            Self::Wake => "wake",
            Self::Baseline => "baseline",
            Self::Fleet => "fleet",
        }
    }
}

/// One item of evidence.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    /// Its kind.
    pub kind: EvidenceKind,
    /// The ATT&CK mutable element that it measures; `None` where ATT&CK names none.
    pub element: Option<Element>,
    /// What was observed, in `unit`.
    pub observed: Option<f64>,
    /// Unit of `observed` and `baseline` (`ratio`, `seconds`, `bits_per_hour`, `devices`, ...).
    pub unit: &'static str,
    /// What is usual among comparable series, in `unit`.
    pub baseline: Option<f64>,
    /// How many series or devices stand behind `baseline`.
    pub baseline_n: Option<u64>,
    /// Probability of an observation this strong without command and control, where one can be stated.
    pub p_value: Option<f64>,
    /// Contribution to the score in bans (log10 of a likelihood ratio or inverse p-value), capped; may be
    /// negative.
    pub weight_bans: f64,
    /// One plain sentence.
    pub text: String,
}

impl Evidence {
    /// Whether it says that the series begins on a phone with a past.
    pub fn is_newness(&self) -> bool {
        self.kind == EvidenceKind::Baseline && self.unit == "days" && self.weight_bans > 0.0
    }
}
