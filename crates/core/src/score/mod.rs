//! From profiles to findings: stage A while the device is at hand, stage B against the fleet, then the sum, the
//! floors and the alert budget.

pub mod budget;
mod decide;
pub mod history;
pub mod machine;
mod reference_tables;
mod sum;

pub use decide::{
    DecideOptions, FLOOR_A_BANS, FLOOR_B_BANS, LEAD_SCORE_MIN, OVER_BUDGET, Scored, Tails, decide,
};
pub use sum::{Weighed, weigh_case};
