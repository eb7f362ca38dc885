//! The sum of capped weights.
//!
//! `S = S_A + S_B` (measured on labelled fleets: a maximum of conformal p-values finds nothing, an OR floods; a sum
//! of capped weights finds what timing alone misses).

use crate::evidence::Evidence;
use crate::weigh::{self, Case};

/// Stage A at the most: rhythm, persistence and DNS see the same machine from different sides.
const STAGE_A_CAP_BANS: f64 = 6.0;
/// Stage B at the most.
const STAGE_B_CAP_BANS: f64 = 7.0;

/// A weighed series.
#[derive(Debug, Clone, PartialEq)]
pub struct Weighed {
    /// Stage A, bans.
    pub stage_a: f64,
    /// Stage B, bans.
    pub stage_b: f64,
    /// All evidence, strongest first, ties by kind.
    pub evidence: Vec<Evidence>,
}

impl Weighed {
    /// `S`, bans.
    pub fn total(&self) -> f64 {
        self.stage_a + self.stage_b
    }
}

/// Weighs a series.
pub fn weigh_case(case: &Case<'_>) -> Weighed {
    let stage_a = weigh::stage_a(case);
    let stage_b = weigh::stage_b(case);
    let sum = |evidence: &[Evidence]| evidence.iter().map(|item| item.weight_bans).sum::<f64>();
    let (sum_a, sum_b) = (sum(&stage_a), sum(&stage_b));
    let mut evidence = stage_a;
    evidence.extend(stage_b);
    evidence.sort_by(|a, b| b.weight_bans.total_cmp(&a.weight_bans).then(a.kind.cmp(&b.kind)));
    Weighed { stage_a: sum_a.min(STAGE_A_CAP_BANS), stage_b: sum_b.min(STAGE_B_CAP_BANS), evidence }
}
