//! Faults of the surroundings and of the input, through the binary: no crash, no hang, bounded memory, an honest
//! exit code, good rows kept, nothing left behind.

#![expect(clippy::unwrap_used, reason = "a test that cannot prepare its input must fail")]
#![expect(clippy::print_stdout, reason = "a skipped test says so")]

mod archives;
mod content;
mod ending;
mod folders;
mod own;
mod same;
mod support;
mod writers;
