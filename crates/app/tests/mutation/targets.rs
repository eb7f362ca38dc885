//! What is fuzzed: each parser on any bytes. Shared by the mutation test and by the fuzz targets in `fuzz/`.

use std::collections::BTreeMap;
use undertone_core::model::Record;
use undertone_engine::input::{InputPath, Progress, StopFlag};
use undertone_wire::findings::{Format, TerminalStyle, parse_device_days, parse_finding, write_explanation};
use undertone_wire::learned::{parse_learned, write_learned, write_learned_text};
use undertone_wire::mobile::packages::UidMap;
use undertone_wire::mobile::usagestats::UtcOffset;
use undertone_wire::mobile::{amapi, app_privacy, edr, intrusion, netstats, pcapdroid, usagestats};
use undertone_wire::suppress::{parse_suppressions, write_records};
use undertone_wire::{
    RecordSink, RejectReason, capture, config, eve, format, inventory, packed, truth, zeek,
};

/// Counts what a parser says, and packs and unpacks each record as a scan does.
#[derive(Default)]
struct Sink {
    rows: u64,
    ignored: BTreeMap<String, u64>,
    packed: Vec<u8>,
    /// All that was said, where two ways to read the same are held against each other.
    said: Option<Vec<String>>,
}

impl Sink {
    fn listening() -> Self {
        Self { said: Some(Vec::new()), ..Self::default() }
    }

    fn say(&mut self, what: impl FnOnce() -> String) {
        if let Some(said) = &mut self.said {
            said.push(what());
        }
    }
}

impl RecordSink for Sink {
    fn record(&mut self, record: Record<'_>) {
        self.rows += 1;
        self.say(|| format!("{record:?}"));
        self.packed.clear();
        if packed::encode(&record, &mut self.packed) {
            let mut bytes = self.packed.as_slice();
            let back = packed::decode(&mut bytes).expect("what was packed unpacks");
            assert_eq!(format!("{back:?}"), format!("{record:?}"), "packing changed a record");
            assert!(bytes.is_empty(), "unpacking left bytes");
        }
    }

    fn reject(&mut self, line: u64, reason: RejectReason, detail: &str) {
        self.rows += 1;
        self.say(|| format!("{line} {reason:?} {detail}"));
        assert!(!reason.as_str().is_empty() && detail.len() < 10_000);
    }

    fn ignore(&mut self, what: &str) {
        self.rows += 1;
        self.say(|| what.to_owned());
        *self.ignored.entry(what.to_owned()).or_default() += 1;
    }
}

/// A parser on any bytes.
pub type Target = fn(&[u8]);

/// Every target by its name.
pub const TARGETS: [(&str, Target); 18] = [
    ("zeek_tsv", zeek_tsv),
    ("zeek_json", |bytes| each_line(bytes, |line, sink| zeek::json::parse_line(line, 1, sink))),
    ("eve", |bytes| each_line(bytes, |line, sink| eve::parse_line(line, 1, sink))),
    ("capture", capture_file),
    ("mobile_edr", |bytes| each_line(bytes, |line, sink| edr::parse_line(line, 1, sink))),
    ("intrusion", |bytes| {
        each_line(bytes, |line, sink| {
            intrusion::parse_line(line, 1, sink);
        });
    }),
    ("amapi", management),
    ("app_privacy", |bytes| each_line(bytes, |line, sink| app_privacy::parse_line(line, 1, sink))),
    ("pcapdroid", pcapdroid_csv),
    ("dumpsys", dumpsys),
    ("inventory", |bytes| inventory::parse(bytes, &mut Sink::default())),
    ("packed", unpack),
    ("config", configuration),
    ("suppressions", suppressions),
    ("findings", findings),
    ("stored", stored),
    ("detect", |bytes| {
        let found = format::detect(bytes);
        let _advice = (format::advice(bytes), found.map(|found| format::holds_leases(found, bytes)));
    }),
    ("file", file),
];

fn each_line(bytes: &[u8], mut parse: impl FnMut(&[u8], &mut Sink)) {
    let mut sink = Sink::default();
    bytes.split(|byte| *byte == b'\n').for_each(|line| parse(line, &mut sink));
}

fn zeek_tsv(bytes: &[u8]) {
    let Some(header) = zeek::Header::parse(bytes) else { return };
    let (mut by_block, mut by_row) = (Sink::listening(), Sink::listening());
    zeek::parse_rows(&header, bytes, 1, &mut by_block);
    for (line, number) in bytes.split(|byte| *byte == b'\n').zip(1..) {
        zeek::parse_row(&header, line.strip_suffix(b"\r").unwrap_or(line), number, &mut by_row);
    }
    assert_eq!(by_block.said, by_row.said, "a block of rows reads otherwise than its rows");
}

fn capture_file(bytes: &[u8]) {
    let mut sink = Sink::default();
    let summary = capture::read(bytes, &mut sink);
    assert!(summary.sessions <= summary.packets && sink.rows <= 64 * (summary.packets + 1));
}

fn management(bytes: &[u8]) {
    amapi::parse(bytes, &mut Sink::default());
    each_line(bytes, |line, sink| amapi::parse_line(line, 1, sink));
}

fn pcapdroid_csv(bytes: &[u8]) {
    let mut csv = pcapdroid::PcapdroidCsv::new();
    each_line(bytes, |line, sink| csv.parse_line(line, 1, sink));
}

fn dumpsys(bytes: &[u8]) {
    let mut sink = Sink::default();
    usagestats::parse(bytes, UtcOffset::parse("Z"), &mut sink);
    netstats::parse(bytes, &UidMap::from_dump(bytes), &mut sink);
}

fn unpack(bytes: &[u8]) {
    let mut rest = bytes;
    while !rest.is_empty() {
        let before = rest.len();
        if packed::decode(&mut rest).is_none() {
            return;
        }
        assert!(rest.len() < before, "unpacking stands still");
    }
}

fn configuration(bytes: &[u8]) {
    let _read = (config::parse_config(bytes), config::parse_apps(bytes));
    if let Ok(text) = std::str::from_utf8(bytes) {
        let first = text.lines().next().unwrap_or_default();
        let _settings = (config::Setting::parse(first), config::parse_sweep(first));
    }
}

fn suppressions(bytes: &[u8]) {
    let Ok(placed) = parse_suppressions(bytes) else { return };
    let records: Vec<_> = placed.into_iter().map(|placed| placed.record).collect();
    let back = parse_suppressions(write_records(&records).as_bytes()).expect("what was written reads back");
    assert!(back.iter().map(|placed| &placed.record).eq(&records), "writing changed a record");
}

/// What reads as a finding can be written in every format, and comes back the same.
fn findings(bytes: &[u8]) {
    for line in bytes.split(|byte| *byte == b'\n') {
        let Ok(finding) = parse_finding(line) else { continue };
        for format in Format::ALL {
            let mut out = Vec::new();
            let written = format.write(&mut out, &[&finding], TerminalStyle::PLAIN);
            // Numbers that are not finite have no place in JSON; a finding that is read holds none.
            written.expect("a finding that was read can be written");
            if format == Format::Jsonl {
                // Numbers are rounded when they are written, so it is the second writing that changes nothing.
                let back = parse_finding(out.trim_ascii_end()).expect("what was written reads back");
                let mut again = Vec::new();
                format.write(&mut again, &[&back], TerminalStyle::PLAIN).expect("it can be written again");
                assert_eq!(
                    out.escape_ascii().to_string(),
                    again.escape_ascii().to_string(),
                    "writing changed it"
                );
            }
        }
        write_explanation(Vec::new(), &finding, TerminalStyle::PLAIN).expect("it can be explained");
    }
}

/// Files that undertone writes for itself: baselines, labels, summaries, heads of what is kept of a run.
fn stored(bytes: &[u8]) {
    if let Ok(learned) = parse_learned(bytes) {
        let mut out = Vec::new();
        write_learned(&mut out, &learned).expect("a baseline that was read can be written");
        let back = parse_learned(&out).expect("what was written reads back");
        assert_eq!(back, learned, "writing changed a baseline");
        write_learned_text(&mut Vec::new(), &learned, 10).expect("it can be shown");
    }
    if let Some(head) = packed::RunHead::decode(bytes) {
        let mut out = Vec::new();
        head.encode(&mut out);
        assert_eq!(packed::RunHead::decode(&out), Some(head), "packing changed a head");
    }
    let _other = (truth::parse_truth(bytes), parse_device_days(bytes));
}

/// Whole files: archives, compression, detection, and the scan of what is inside.
fn file(bytes: &[u8]) {
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    std::fs::write(file.path(), bytes).expect("room for it");
    let options = undertone_engine::ScanOptions {
        threads: 1,
        memory_bytes: 64 << 20,
        ..undertone_engine::ScanOptions::new(vec![InputPath::Path(file.path().to_owned())])
    };
    let _report = undertone_engine::scan(&options, &Progress::default(), &StopFlag::default());
}
