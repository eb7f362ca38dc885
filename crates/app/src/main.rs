//! The `undertone` command line.
fn main() {}
