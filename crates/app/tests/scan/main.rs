//! Whole scans over a small fleet: what is found, and that nothing but the content of the logs decides it.

#![expect(clippy::unwrap_used, reason = "a test that cannot prepare its input must fail")]
#![expect(clippy::print_stdout, reason = "a skipped test says so")]

mod clocks;
mod found;
mod identity;
mod netflow;
mod pooled;
mod same;
mod samples;
mod support;
