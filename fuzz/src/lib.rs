//! The targets of the mutation test, for the fuzzer, and whole files through the engine.

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

/// Scans the bytes as a file: archives and compression, then whatever is inside.
///
/// # Panics
/// When the scan does.
pub fn scan(bytes: &[u8]) {
    use undertone_engine::input::{InputPath, Progress, StopFlag};
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    std::fs::write(file.path(), bytes).expect("room for it");
    let options = undertone_engine::ScanOptions {
        threads: 1,
        memory_bytes: 64 << 20,
        ..undertone_engine::ScanOptions::new(vec![InputPath::Path(file.path().to_owned())])
    };
    let _report = undertone_engine::scan(&options, &Progress::default(), &StopFlag::default());
}
