//! What phones say: one parser per source, all making [`undertone_core::model::Telemetry`].
//!
//! Parsers take a line or a whole document that somebody else read. A row ends in `record`, `reject` or
//! `ignore`; unknown fields are skipped, unknown kinds are counted by name. Sources that come from one phone do
//! not name it: their `device_id` is empty.

pub mod amapi;
pub mod app_privacy;
pub(crate) mod clock;
pub mod dump;
pub mod edr;
mod field;
pub(crate) mod head;
pub mod intrusion;
pub mod netstats;
pub mod packages;
pub mod pcapdroid;
mod phone_event;
pub(crate) mod raw;
mod row;
pub mod usagestats;

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
