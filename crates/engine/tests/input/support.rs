//! A sink that keeps what it gets, and makers of input files.

use std::io::Write;
use std::path::{Path, PathBuf};
use undertone_core::model::Record;
use undertone_engine::input::{
    InputPath, InputSummary, Limits, Plan, Progress, ReadOptions, SourceInfo, SourceSink, read_leases,
    read_records,
};
use undertone_wire::{RecordSink, RejectReason};

/// Keeps each record as text.
#[derive(Default)]
pub(crate) struct Kept {
    pub(crate) records: Vec<String>,
    sources: Vec<usize>,
}

impl RecordSink for Kept {
    fn record(&mut self, record: Record<'_>) {
        assert!(!self.sources.is_empty(), "no record without a source");
        self.records.push(format!("{record:?}"));
    }
    fn reject(&mut self, _: u64, _: RejectReason, _: &str) {}
    fn ignore(&mut self, _: &str) {}
}

impl SourceSink for Kept {
    fn begin_source(&mut self, source: &SourceInfo<'_>) {
        self.sources.push(source.index);
    }
}

/// What a run gave: all records sorted, and the summary.
pub(crate) struct Run {
    pub(crate) records: Vec<String>,
    pub(crate) summary: InputSummary,
    pub(crate) progress: Progress,
}

impl Run {
    /// Rejected rows of one reason.
    pub(crate) fn rejected(&self, reason: RejectReason) -> u64 {
        self.summary.rejected().get(&reason).copied().unwrap_or(0)
    }

    /// Names of skipped inputs with the reason as text.
    pub(crate) fn skipped(&self) -> Vec<(String, String)> {
        let skipped = self.summary.skipped.iter();
        skipped.map(|skipped| (skipped.name.clone(), skipped.reason.to_string())).collect()
    }
}

/// Reads paths with the given options.
pub(crate) fn run_with(paths: &[&Path], options: &ReadOptions) -> Run {
    let inputs: Vec<_> = paths.iter().map(|path| InputPath::from_argument(path.as_os_str())).collect();
    let progress = Progress::default();
    let plan = Plan::new(&inputs, options, &progress);
    let mut summary = plan.summary();
    let (leases, first) = read_leases(&plan, options, Kept::default(), &progress);
    let (sinks, second) = read_records(&plan, options, |_| Kept::default(), &progress);
    summary.merge(first);
    summary.merge(second);
    let mut records: Vec<_> = leases.into_iter().chain(sinks).flat_map(|sink| sink.records).collect();
    records.sort_unstable();
    Run { records, summary, progress }
}

/// Reads paths on two threads with default limits.
pub(crate) fn run(paths: &[&Path]) -> Run {
    run_with(paths, &ReadOptions { threads: 2, ..ReadOptions::default() })
}

/// Reads one path with limits.
pub(crate) fn run_limited(path: &Path, limits: Limits) -> Run {
    run_with(&[path], &ReadOptions { threads: 2, limits, ..ReadOptions::default() })
}

/// `count` rows of MobileEDR NDJSON, each another.
pub(crate) fn rows(count: usize) -> Vec<u8> {
    let mut text = Vec::new();
    for number in 0..count {
        let row = format!(
            "{{\"kind\":\"state\",\"ts\":{},\"device_id\":\"d-{}\",\"platform\":\"android\",\"state\":\"locked\"}}\n",
            1_700_000_000 + number,
            number % 7
        );
        text.extend_from_slice(row.as_bytes());
    }
    text
}

/// Writes a file into a folder.
pub(crate) fn file(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

/// One gzip member.
pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// One zstd frame with a checksum.
pub(crate) fn zstd(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
    encoder.include_checksum(true).unwrap();
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A zip archive of stored or deflated entries.
pub(crate) fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (index, (name, bytes)) in entries.iter().enumerate() {
        let method =
            if index % 2 == 0 { zip::CompressionMethod::Deflated } else { zip::CompressionMethod::Stored };
        let options = zip::write::SimpleFileOptions::default().compression_method(method);
        writer.start_file(*name, options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// The folder of shared sample data, or `None` with a notice where it is absent.
pub(crate) fn samples() -> Option<PathBuf> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
    let shared =
        std::env::var_os("UNDERTONE_SHARED").map_or_else(|| workspace.join("../shared"), PathBuf::from);
    let data = shared.join("data");
    if data.is_dir() {
        return Some(data);
    }
    eprintln!("skipped: no sample data at {}", data.display());
    None
}
