//! Suppressions as people keep them: a YAML list of records, read with every problem and its line, and changed as
//! text, so that comments and order stay as their writer left them.
//!
//! ```yaml
//! # a comment
//! - device: d-0007
//!   app: com.example.torch
//!   destination: example.net
//!   interval_secs: {from: 240, to: 375}
//!   reason: home automation of its owner, confirmed by phone
//!   author: kim
//!   created: 2026-05-04
//!   expires: 2026-08-02
//! ```

mod edit;
mod read;
#[cfg(test)]
mod tests;
mod write;

pub use edit::{EditError, add_record, remove_records, set_expiry};
pub use read::{Placed, parse_day, parse_suppressions};
pub use write::write_records;

/// Keys of a record that say what it hides.
const MATCHERS: [&str; 7] = ["device", "app", "role", "destination", "analytic", "service", "interval_secs"];
/// Keys of a record that say something of it.
const FACTS: [&str; 4] = ["reason", "author", "created", "expires"];
