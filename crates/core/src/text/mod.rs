//! What a label, a name or a path looks like (ATT&CK `PayloadEntropyThreshold`, URI path pattern class).

mod agent;
pub mod dga;
pub mod entropy;
pub mod path;

pub use agent::user_agent_family;
pub use dga::{DgaLikeness, dga_likeness};
pub use entropy::{bits_per_char, bits_per_char_millis, normalised_entropy};
pub use path::path_class;
