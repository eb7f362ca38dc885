//! The engine: files in, findings out.
