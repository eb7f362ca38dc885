//! The real binary: exit codes, where output goes, and that nothing half-written stays.

mod baseline;
mod config;
mod convert;
mod support;
mod usage;
