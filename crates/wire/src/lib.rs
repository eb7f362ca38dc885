//! Bytes to types and back, for every format that undertone reads or writes.
//!
//! Sans-I/O: a parser takes bytes that somebody else read and pushes [`undertone_core::model::Record`]s into a
//! [`RecordSink`]. A bad row is data, not an error: it is rejected with a reason, and the rows around it live.

pub mod capture;
mod cells;
pub mod config;
pub mod coverage;
mod dns_codes;
pub mod evaluation;
pub mod eve;
pub mod findings;
pub mod format;
mod http_target;
pub mod inventory;
mod json;
pub mod learned;
pub mod mobile;
mod own;
pub mod packed;
mod page;
pub mod rfc3339;
mod sink;
pub mod suppress;
pub mod text;
pub mod truth;
pub mod tuning;
pub mod zeek;

pub use sink::{RecordSink, RejectReason};
