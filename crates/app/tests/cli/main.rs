//! The real binary: exit codes, where output goes, and that nothing half-written stays.

mod convert;
mod eval;
mod support;
mod usage;
