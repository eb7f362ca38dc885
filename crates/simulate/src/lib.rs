//! Generates labelled fleets of phones: ordinary apps, people, and implants.
//!
//! [`write_fleet`] writes a folder:
//!
//! * `zeek/YYYY-MM-DD/{conn,dns,ssl,http}.log`, one folder a day of a row's start. Rows are grouped by device and in
//!   time order within a device, **not** sorted over the fleet (Zeek itself writes a row when its connection ends).
//! * `edr/YYYY-MM-DD/mobile-edr.ndjson`, and one phone each in another format under `phones/`.
//! * `inventory.csv`, `truth.json` (one row per implant) and `rare_benign.json` (the same for honest senders that are
//!   rare and regular).
//!
//! The same [`FleetOptions`] give the same bytes, whatever the number of threads, the time zone or the clock; a clean
//! fleet has the same apps, people and ordinary traffic as the infected one of its seed. Phones have IPv4 only.
//! Fleets of different seeds differ in more than chance (`world/character.rs`): how many rare apps a phone has, how
//! many phones have an agent, what the sensor loses. All names but the platforms' are invented, and so are all
//! addresses and fingerprints.

mod benign;
mod device;
mod files;
mod fleet;
mod flow;
mod implant;
mod label;
mod law;
mod number;
mod options;
mod random;
mod schedule;
mod sender;
mod world;
mod write;

pub use files::{FleetSummary, write_fleet, write_fleet_within};
pub use implant::Channel;
pub use law::Law;
pub use options::{Error, FleetOptions, ImplantPin, LogFormat};
pub use schedule::{Schedule, check_ins};
