//! Real logs of one capture, in two formats.

use crate::support::{jsonl, options, run};
use std::path::{Path, PathBuf};

/// The folder of sample data, where there is one.
fn data() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let shared = std::env::var_os("UNDERTONE_SHARED").map_or_else(|| root.join("../shared"), PathBuf::from);
    let data = shared.join("data");
    data.is_dir().then_some(data)
}

#[test]
fn tsv_and_json_of_one_capture_say_the_same() {
    let Some(data) = data() else {
        println!("skipped: no sample data here");
        return;
    };
    let [tsv, json] =
        ["zeek-default", "zeek-json"].map(|name| run(&options(&[data.join("zeek/zed-sample").join(name)])));
    assert!(tsv.summary.sessions > 0);
    assert_eq!(jsonl(&tsv), jsonl(&json));
    let counts = |report: &undertone_engine::ScanReport| {
        let summary = &report.summary;
        // A row of loaded_scripts has one field, `name`: as JSON nothing says that Zeek wrote it.
        let scripts = summary.rows_ignored.get("loaded_scripts").copied().unwrap_or(0);
        (
            summary.rows_accepted - scripts,
            summary.devices,
            summary.sessions,
            summary.series,
            summary.device_days,
        )
    };
    assert_eq!(counts(&tsv), counts(&json));
    let rejected = |report: &undertone_engine::ScanReport| {
        report.summary.rows_rejected.values().map(|rows| rows.count).sum::<u64>()
    };
    assert_eq!(rejected(&tsv), rejected(&json));
}
