//! From profiles to findings: stage A while the device is at hand, stage B against the fleet, then the sum, the
//! floors and the alert budget.

pub mod budget;
pub mod days;
mod decide;
mod draft;
pub mod history;
pub mod machine;
pub mod pools;
pub mod reference;
mod reference_tables;
mod sum;

pub use decide::{DecideOptions, OVER_BUDGET, Tails, complete, decide};
pub use draft::{Draft, Drafts, Scored, ScoredDevice, drafts};
pub use sum::{Depth, Weighed, weigh_case};

/// Stage A that an alert needs at least: a rhythm at 1 in 100, or a channel's persistence.
pub const FLOOR_A_BANS: f64 = 2.0;
/// Stage B that an alert needs at least: a rhythm towards everybody's destination is no alert.
pub const FLOOR_B_BANS: f64 = 0.5;
/// Stage A that a lead needs at least: one capture of minutes holds few check-ins.
const LEAD_FLOOR_A_BANS: f64 = 1.5;
/// Score from which a series is a lead where there is no error control.
pub const LEAD_SCORE_MIN: f64 = 50.0;

/// Stage A below which a series is neither alert nor lead, whatever the rest says.
const fn floor_a(is_fleet: bool) -> f64 {
    if is_fleet { FLOOR_A_BANS } else { LEAD_FLOOR_A_BANS }
}

fn round(value: f64, digits: i32) -> f64 {
    let scale = 10_f64.powi(digits);
    (value * scale).round() / scale
}

/// Two significant digits.
fn significant(value: f64) -> f64 {
    if value <= 0.0 || !value.is_finite() {
        return 0.0;
    }
    #[expect(clippy::cast_possible_truncation, reason = "log10 of a finite f64 is within +-324")]
    let digits = 1 - value.log10().floor() as i32;
    if digits > 15 { value } else { round(value, digits) }
}
