//! Everything known of one device, turned into profiles of its series.
//!
//! The device is the unit of work: its records are joined ([`join`]), named ([`names`]), put against its
//! moments of shared activity ([`moments`]) and summed up as series ([`mod@observe`]). Nothing here looks at
//! another device; only the baseline does.

mod interner;
pub mod join;
pub mod moments;
pub mod names;
pub mod observe;
mod sighting;
mod summary;

pub use join::{Connection, Joined};
pub use observe::{DeviceInput, DeviceReport, Reported, SeriesDays, Stray, observe};
