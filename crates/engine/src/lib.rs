//! The engine: files in, findings out.

pub mod input;
mod scan;

pub use scan::*;
