//! The sum of capped weights.
//!
//! `S = S_A + S_B` (measured on labelled fleets: a maximum of conformal p-values finds nothing, an OR floods; a sum
//! of capped weights finds what timing alone misses).

use super::floor_a;
use crate::evidence::{Evidence, EvidenceKind};
use crate::weigh::{self, Case};

/// Rhythm, persistence and DNS together at the most: they see the same machine from different sides.
const CHANNEL_CAP_BANS: f64 = 4.0;
/// What the phone's state adds to it at the most.
const STATE_CAP_BANS: f64 = 2.5;
/// Stage B at the most.
const STAGE_B_CAP_BANS: f64 = 7.0;

/// A weighed series.
#[derive(Debug, Clone, PartialEq)]
pub struct Weighed {
    /// Stage A, bans.
    pub stage_a: f64,
    /// Stage B, bans.
    pub stage_b: f64,
    /// Stage B without what the phone's own past says, bans.
    pub stage_b_at_first_sight: f64,
    /// All evidence, strongest first, ties by kind.
    pub evidence: Vec<Evidence>,
}

impl Weighed {
    /// `S`, bans.
    pub fn total(&self) -> f64 {
        self.stage_a + self.stage_b
    }
}

/// Kinds that see the channel itself.
fn is_channel(kind: EvidenceKind) -> bool {
    matches!(kind, EvidenceKind::Timing | EvidenceKind::Persistence | EvidenceKind::Dns)
}

/// How far a series is weighed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// By all kinds of evidence.
    Full,
    /// What stage A leaves below its floor is not weighed further: nobody asks why it is nothing.
    Candidates,
}

/// Weighs a series.
pub fn weigh_case(case: &Case<'_>, depth: Depth) -> Weighed {
    let stage_a = weigh::stage_a(case);
    let sum = |evidence: &[Evidence], is_in: fn(EvidenceKind) -> bool| {
        evidence.iter().filter(|item| is_in(item.kind)).map(|item| item.weight_bans).sum::<f64>()
    };
    let channel = sum(&stage_a, is_channel).min(CHANNEL_CAP_BANS);
    let state = sum(&stage_a, |kind| !is_channel(kind)).min(STATE_CAP_BANS);
    if depth == Depth::Candidates && channel + state < floor_a(case.baseline.is_fleet()) {
        let (stage_b, stage_b_at_first_sight) = (0.0, 0.0);
        return Weighed { stage_a: channel + state, stage_b, stage_b_at_first_sight, evidence: stage_a };
    }
    let stage_b = weigh::stage_b(case);
    let at_first_sight = sum(&stage_b, |_| true);
    let past = weigh::past(case);
    let sum_b = at_first_sight + past.as_ref().map_or(0.0, |past| past.weight_bans);
    let mut evidence = stage_a;
    evidence.extend(stage_b);
    evidence.extend(past);
    evidence.sort_by(|a, b| b.weight_bans.total_cmp(&a.weight_bans).then(a.kind.cmp(&b.kind)));
    Weighed {
        stage_a: channel + state,
        stage_b: sum_b.min(STAGE_B_CAP_BANS),
        stage_b_at_first_sight: at_first_sight.min(STAGE_B_CAP_BANS),
        evidence,
    }
}
