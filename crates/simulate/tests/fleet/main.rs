//! Fleets as a reader of their files sees them.
#![expect(clippy::unwrap_used, reason = "a test may fail where a file is not as promised")]

mod leaks;
mod shape;
mod support;
