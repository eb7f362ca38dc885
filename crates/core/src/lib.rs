//! The detector as pure functions and types.
//!
//! What a sensor or a phone says becomes a [`model::Record`]; records of one device become profiles of its
//! series; profiles and a baseline become evidence; evidence becomes findings. Nothing here opens a file,
//! reads a clock, spawns a thread or depends on the order of a hash map.

pub mod attack;
pub mod attribution;
pub mod baseline;
pub mod coverage;
pub mod destination;
pub mod device;
pub mod dns;
pub mod evidence;
pub mod finding;
pub mod model;
pub mod roles;
pub mod score;
pub mod series;
pub mod text;
pub mod thresholds;
pub mod timeline;
pub mod timing;
pub mod weigh;
