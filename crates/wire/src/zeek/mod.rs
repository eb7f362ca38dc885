//! Zeek logs, as TSV with a header and as JSON lines.
//!
//! Both formats fill the same cells by field name, and one set of functions makes records of them, so a log
//! gives the same records in either format. A header's `#fields` become a plan, column to slot; a row is then
//! one pass over its bytes.

mod escape;
mod field;
mod header;
/// Zeek logs as JSON lines.
pub mod json;
mod log;
mod marks;
mod records;
mod row;

pub use header::{Header, sniff};
pub use row::{parse_row, parse_rows};
