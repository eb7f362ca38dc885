//! Findings in every format: the committed golden files, the schema, the way back, and hostile text.

#![expect(clippy::unwrap_used, reason = "a test that cannot prepare its input must fail")]

mod golden;
mod hostile;
mod libraries;
mod native;
mod ocsf;
mod sample;
mod standards;
