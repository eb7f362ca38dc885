//! What a series lacks to be a finding.

use super::Scored;
use crate::finding::score_of;
use crate::score::{FLOOR_B_BANS, LEAD_SCORE_MIN, floor_a, round};

/// Why a series is neither alert nor lead, whatever the budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shortfall {
    TooLittleMachine,
    LikeOthers,
    LowScore,
}

pub(super) fn shortfall(series: &Scored, is_fleet: bool) -> Option<Shortfall> {
    if series.weighed.stage_a < floor_a(is_fleet) {
        return Some(Shortfall::TooLittleMachine);
    }
    if is_fleet {
        return (series.weighed.stage_b < FLOOR_B_BANS).then_some(Shortfall::LikeOthers);
    }
    let score = score_of(round(series.weighed.total(), 3));
    (score < LEAD_SCORE_MIN).then_some(Shortfall::LowScore)
}

impl Shortfall {
    pub(super) fn told(self, series: &Scored, score: f64) -> String {
        match self {
            Self::TooLittleMachine => too_little_machine(series),
            Self::LikeOthers => {
                "machine-driven, but nothing sets it apart from what is normal here".to_owned()
            }
            Self::LowScore => format!("score {score} is below that of a lead ({LEAD_SCORE_MIN})"),
        }
    }
}

fn too_little_machine(series: &Scored) -> String {
    match &series.machine.timing {
        None => {
            format!("insufficient data for a rhythm: {} check-ins, 8 are needed", series.machine.check_ins)
        }
        Some(_) => "not clearly machine-driven".to_owned(),
    }
}
