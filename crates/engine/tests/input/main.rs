//! Inputs of every kind, whole and broken, through the public interface.
#![expect(clippy::unwrap_used, reason = "helpers of tests are no test functions, but fail like them")]
#![expect(clippy::print_stderr, reason = "a skipped test says so")]

mod compressed;
mod discovery;
mod formats;
mod limits;
mod streams;
mod support;
