//! What a report says of its run: command line, inputs with their hashes, thresholds.
//!
//! Inputs are hashed after the scan and only where a report is asked for: a scan without one reads everything once.

use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use undertone_core::thresholds::{ThresholdKey, ThresholdSet, ThresholdValue};
use undertone_engine::ScanOptions;
use undertone_engine::input::{InputPath, listed};
use undertone_wire::findings::{INPUTS_LISTED_MAX, InputFact, RunFacts, RunSummary};

/// The facts of a scan under some thresholds.
pub(crate) fn of_scan(options: &ScanOptions, summary: &RunSummary, thresholds: &ThresholdSet) -> RunFacts {
    let files = [&options.config, &options.apps, &options.baseline].into_iter().flatten();
    let besides = options.inventory.iter().chain(files).cloned().map(InputPath::Path);
    let inputs: Vec<InputPath> = options.inputs.iter().cloned().chain(besides).collect();
    RunFacts {
        thresholds: values(thresholds),
        overrides: overrides(thresholds),
        summary: Some(summary.clone()),
        ..of_inputs(&inputs)
    }
}

/// The facts of a conversion: nothing is known of the scan but what the findings say.
pub(crate) fn of_convert(input: &Path) -> RunFacts {
    of_inputs(&[InputPath::from_argument(input.as_os_str())])
}

fn of_inputs(inputs: &[InputPath]) -> RunFacts {
    let mut found = listed(inputs);
    let more = found.len().saturating_sub(INPUTS_LISTED_MAX);
    found.truncate(INPUTS_LISTED_MAX);
    let words = std::env::args_os().enumerate().map(|(at, word)| {
        // The program by its name: where it lies says nothing of the run.
        let word = if at == 0 { PathBuf::from("undertone").into() } else { word };
        word.to_string_lossy().into_owned()
    });
    RunFacts {
        command_line: words.collect(),
        inputs: found.into_iter().map(|(name, path)| input(name, path.as_deref())).collect(),
        inputs_more: more as u64,
        ..RunFacts::default()
    }
}

fn input(name: String, path: Option<&Path>) -> InputFact {
    match path.map(hashed) {
        Some(Ok((bytes, sha256))) => InputFact { name, bytes: Some(bytes), sha256: Ok(sha256) },
        Some(Err(error)) => InputFact { name, bytes: None, sha256: Err(format!("not hashed: {error}")) },
        None => InputFact { name, bytes: None, sha256: Err("not hashed: readable only once".to_owned()) },
    }
}

/// Length and SHA-256 of a file, as it lies on disk.
fn hashed(path: &Path) -> io::Result<(u64, String)> {
    let mut file = File::open(path)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    let mut bytes = 0;
    loop {
        let taken = match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(taken) => taken,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        bytes += taken as u64;
        hash.update(buffer.get(..taken).unwrap_or_default());
    }
    let mut hex = String::with_capacity(64);
    for byte in hash.finalize() {
        // Writing to a String cannot fail.
        let _infallible = write!(hex, "{byte:02x}");
    }
    Ok((bytes, hex))
}

fn values(thresholds: &ThresholdSet) -> Vec<(&'static str, String)> {
    let shown = |key: ThresholdKey| match thresholds.global.get(key) {
        ThresholdValue::Number(value) => format!("{value}"),
        ThresholdValue::Secs(secs) => format!("{secs}"),
        ThresholdValue::Flag(flag) => format!("{flag}"),
        ThresholdValue::Addresses(all) if all.is_empty() => "any".to_owned(),
        ThresholdValue::Addresses(all) => all.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
    };
    ThresholdKey::ALL.into_iter().map(|key| (key.name(), shown(key))).collect()
}

fn overrides(thresholds: &ThresholdSet) -> Vec<String> {
    let platforms = thresholds.platforms.keys().map(|platform| format!("platform {}", platform.as_str()));
    let roles = thresholds.roles.keys().map(|role| format!("role {role}"));
    let apps = thresholds.apps.keys().map(|app| format!("app {app}"));
    platforms.chain(roles).chain(apps).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_hashed_as_it_lies_on_disk() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.log");
        std::fs::write(&path, b"abc").unwrap();
        // FIPS 180-2, appendix B.1.
        let known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(hashed(&path).unwrap(), (3, known.to_owned()));
    }
}
