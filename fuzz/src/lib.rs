//! The targets of the mutation test, for the fuzzer.

#[path = "../../crates/app/tests/mutation/targets.rs"]
mod targets;

/// Runs the target of a name.
///
/// # Panics
/// When the target does, or has no such name.
pub fn run(name: &str, bytes: &[u8]) {
    let found = targets::TARGETS.iter().find(|(known, _)| *known == name);
    found.expect("a target of that name").1(bytes);
}
