//! Everything known of one device, turned into profiles of its series.
//!
//! The device is the unit of work: its records are joined ([`join`]), named (by its lookups), put against its
//! moments of shared activity ([`moments`]) and summed up as series ([`mod@observe`]). Nothing here looks at
//! another device; only the baseline does.

mod ahead;
mod appliance;
mod chain;
mod connection;
mod filing;
mod first;
mod hosts;
mod interner;
pub mod join;
pub mod moments;
mod names;
pub mod observe;
mod order;
mod report;
mod rotation;
mod route;
mod sighting;
mod summary;
mod tally;

pub use appliance::is_appliance;
pub use connection::{Connection, Joined};
pub use join::{Keyed, UidKey};
pub use moments::{Moments, MomentsSketch};
pub use names::Names;
pub use observe::{DeviceInput, Rest, observe, observe_part};
pub use report::{DeviceReport, Reported, SeriesDays, unite_reached, unite_series};
pub use rotation::{Rotation, rotations};
pub use route::{route_of_addr, route_of_host};
