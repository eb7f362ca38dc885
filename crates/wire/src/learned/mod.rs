//! The learned baseline as a file: JSON, one entry a line in a fixed order, so that people can read it and tools
//! can compare it line by line ([`write_learned`], [`parse_learned`]); and the same in words
//! ([`write_learned_text`], [`write_difference`]).

mod difference;
mod read;
mod text;
mod write;

pub use difference::write_difference;
pub use read::parse_learned;
pub use text::write_learned_text;
pub use write::write_learned;

/// Version of the file.
pub const LEARNED_SCHEMA_VERSION: u32 = 1;
/// What the file calls itself.
const KIND: &str = "undertone-baseline";
/// Largest file, bytes: twice what the bounds of learning come to.
pub const LEARNED_BYTES_MAX: usize = 192 << 20;

#[cfg(test)]
mod tests;
