//! Findings in every format: the committed golden files, the schema, the way back, and hostile text.

mod golden;
mod hostile;
mod native;
mod ocsf;
mod sample;
mod schema;
mod standards;
