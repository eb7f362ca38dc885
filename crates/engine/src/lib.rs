//! The engine: files in, findings out.

pub mod input;
