//! The real binary: exit codes, where output goes, and that nothing half-written stays.

#![expect(clippy::unwrap_used, reason = "a test that cannot prepare its input must fail")]

mod baseline;
mod config;
mod convert;
mod eval;
mod support;
mod suppress;
mod tune;
mod usage;
