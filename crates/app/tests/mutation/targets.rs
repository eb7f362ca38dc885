//! What is fuzzed: each parser on any bytes. Shared by the mutation test and by the fuzz targets in `fuzz/`.

use std::collections::BTreeMap;
use undertone_core::model::Record;
use undertone_wire::mobile::packages::UidMap;
use undertone_wire::mobile::usagestats::UtcOffset;
use undertone_wire::mobile::{amapi, app_privacy, edr, intrusion, netstats, pcapdroid, usagestats};
use undertone_wire::{RecordSink, RejectReason, capture, config, eve, format, inventory, packed, zeek};

/// Counts what a parser says, and packs and unpacks each record as a scan does.
#[derive(Default)]
struct Sink {
    rows: u64,
    ignored: BTreeMap<String, u64>,
    packed: Vec<u8>,
}

impl RecordSink for Sink {
    fn record(&mut self, record: Record<'_>) {
        self.rows += 1;
        self.packed.clear();
        if packed::encode(&record, &mut self.packed) {
            let mut bytes = self.packed.as_slice();
            let back = packed::decode(&mut bytes).expect("what was packed unpacks");
            assert_eq!(format!("{back:?}"), format!("{record:?}"), "packing changed a record");
            assert!(bytes.is_empty(), "unpacking left bytes");
        }
    }

    fn reject(&mut self, _: u64, reason: RejectReason, detail: &str) {
        self.rows += 1;
        assert!(!reason.as_str().is_empty() && detail.len() < 10_000);
    }

    fn ignore(&mut self, what: &str) {
        self.rows += 1;
        *self.ignored.entry(what.to_owned()).or_default() += 1;
    }
}

/// A parser on any bytes.
pub type Target = fn(&[u8]);

/// Every target by its name.
pub const TARGETS: [(&str, Target); 14] = [
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
    ("detect", |bytes| {
        let found = format::detect(bytes);
        let _advice = (format::advice(bytes), found.map(|found| format::holds_leases(found, bytes)));
    }),
];

fn each_line(bytes: &[u8], mut parse: impl FnMut(&[u8], &mut Sink)) {
    let mut sink = Sink::default();
    bytes.split(|byte| *byte == b'\n').for_each(|line| parse(line, &mut sink));
}

fn zeek_tsv(bytes: &[u8]) {
    let Some(header) = zeek::Header::parse(bytes) else { return };
    each_line(bytes, |line, sink| zeek::parse_row(&header, line, 1, sink));
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
    let _learned = undertone_wire::learned::parse_learned(bytes);
    for line in bytes.split(|byte| *byte == b'\n') {
        let _finding = undertone_wire::findings::parse_finding(line);
    }
}
