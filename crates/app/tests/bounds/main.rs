//! What grows from traffic stays within `--memory`, through the binary: floods of series, devices and check-ins by one
//! phone and by many take bounded memory, are said, and do not hide a beacon that was there before; the same for the
//! commands that look at the past.

#![expect(clippy::unwrap_used, reason = "a test that cannot prepare its input must fail")]
#![expect(clippy::print_stdout, reason = "a skipped test says so")]

mod flood;
mod memory;
mod past;
mod reported;
