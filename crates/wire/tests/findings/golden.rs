//! The committed form of every format. `UNDERTONE_BLESS=1 cargo test -p undertone-wire` writes the files anew;
//! read the change before committing it.

use crate::sample;
use std::collections::BTreeMap;
use std::path::Path;
use undertone_core::finding::Finding;
use undertone_core::model::Timestamp;
use undertone_wire::findings::{
    ClockFacts, Format, NAMED_MAX, RejectedRows, RunSummary, TerminalStyle, write_explanation,
};

fn check(name: &str, bytes: &[u8]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/findings/golden").join(name);
    let shown = String::from_utf8(bytes.to_vec()).unwrap();
    if std::env::var_os("UNDERTONE_BLESS").is_some() {
        std::fs::write(&path, &shown).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(shown, expected, "{name} changed");
}

fn written(format: Format, findings: &[&Finding], style: TerminalStyle) -> Vec<u8> {
    let mut out = Vec::new();
    format.write(&mut out, findings, style).unwrap();
    out
}

#[test]
fn each_format_is_as_committed() {
    let findings = [sample::alert(), sample::lead(), sample::below(), sample::hostile(sample::HOSTILE[3])];
    let findings: Vec<&Finding> = findings.iter().collect();
    // The page is looked at by a browser instead: its bytes change with every pixel.
    for format in Format::ALL.into_iter().filter(|format| *format != Format::Html) {
        let once = written(format, &findings, TerminalStyle::PLAIN);
        check(&format!("findings.{}", format.name()), &once);
        assert_eq!(once, written(format, &findings, TerminalStyle::PLAIN));
    }
}

#[test]
fn the_table_fits_a_narrow_terminal_and_has_colours_there() {
    let findings = [sample::alert(), sample::lead()];
    let findings: Vec<&Finding> = findings.iter().collect();
    let narrow = written(Format::Table, &findings, TerminalStyle { width: 90, colour: false });
    let text = String::from_utf8(narrow.clone()).unwrap();
    assert!(text.lines().all(|line| line.chars().count() <= 90), "{text}");
    check("findings.narrow.table", &narrow);
    let coloured = written(Format::Table, &findings, TerminalStyle { width: 90, colour: true });
    assert!(coloured.contains(&0x1b) && !narrow.contains(&0x1b));
}

#[test]
fn an_explanation_is_as_committed_at_two_widths() {
    for (name, width) in [("explained.txt", 110), ("explained.narrow.txt", 60)] {
        let mut out = Vec::new();
        let style = TerminalStyle { width, colour: false };
        write_explanation(&mut out, &sample::alert(), style).unwrap();
        let text = String::from_utf8(out.clone()).unwrap();
        let widest = text.lines().map(|line| line.chars().count()).max().unwrap();
        assert!(widest <= width, "{widest} columns\n{text}");
        check(name, &out);
    }
}

/// What the evidence answers is no question any more.
#[test]
fn an_explanation_asks_for_no_others_where_there_are_none() {
    let asks = |observed: f64, others: u64| {
        let mut finding = sample::alert();
        finding.evidence[2].unit = "share_of_devices";
        (finding.evidence[2].observed, finding.evidence[2].baseline_n) = (Some(observed), Some(others));
        let mut out = Vec::new();
        write_explanation(&mut out, &finding, TerminalStyle::PLAIN).unwrap();
        String::from_utf8(out).unwrap().contains("do other devices talk to")
    };
    assert_eq!([asks(0.0, 60), asks(0.02, 60), asks(0.0, 0)], [false, true, true]);
}

#[test]
fn no_findings_are_said_so() {
    assert_eq!(written(Format::Table, &[], TerminalStyle::PLAIN), b"no findings\n");
    assert_eq!(written(Format::Jsonl, &[], TerminalStyle::PLAIN), b"");
}

#[test]
fn the_run_summary_is_as_committed() {
    let summary = summary();
    let (mut text, mut json) = (Vec::new(), Vec::new());
    summary.write_text(&mut text, NAMED_MAX).unwrap();
    summary.write_json(&mut json).unwrap();
    check("summary.txt", &text);
    check("summary.json", &json);
}

fn summary() -> RunSummary {
    let rejected = RejectedRows {
        count: 12,
        first_file: "logs/conn\u{1b}[31m.log".to_owned(),
        first_line: 1041,
        first_detail: "`ts` is `x`".to_owned(),
    };
    RunSummary {
        files: 4,
        bytes: 3_355_443,
        rows_accepted: 1_234_567,
        rows_rejected: BTreeMap::from([("bad_timestamp".to_owned(), rejected)]),
        rows_ignored: BTreeMap::from([("stats".to_owned(), 20)]),
        skipped: vec![("logs/readme.md".to_owned(), "not a known format".to_owned())],
        partial: (0..12).map(|n| (format!("cut-{n}.gz"), "damaged after 10 rows".to_owned())).collect(),
        devices: 60,
        series: 2210,
        sessions: 480_112,
        device_days: 61,
        first: Some(Timestamp::from_micros(1_777_852_991_120_000)),
        last: Some(Timestamp::from_micros(1_777_939_120_001_000)),
        attribution: BTreeMap::from([("five_tuple".to_owned(), 400_000), ("none".to_owned(), 80_112)]),
        clocks: ClockFacts {
            compared: 58,
            off: 3,
            ahead_most_secs: -12.5,
            unjoined: 1,
            off_ids: ["d-0003", "d-0007", "d-0021"].map(String::from).to_vec(),
            unjoined_ids: vec!["d-0042".to_owned()],
        },
        notes: vec!["10.20.0.7 leased to two devices at once".to_owned()],
        findings: 3,
        alerts: 3,
        leads: 0,
        below: 2207,
        suppressed: 2,
    }
}

#[test]
fn one_is_not_said_in_the_plural() {
    let one = RunSummary {
        files: 1,
        rows_accepted: 1,
        devices: 1,
        sessions: 1,
        alerts: 1,
        leads: 1,
        ..RunSummary::default()
    };
    let mut out = Vec::new();
    one.write_text(&mut out, 10).unwrap();
    let text = String::from_utf8(out).unwrap();
    for said in
        ["read 1 file (0 B): 1 row accepted", "1 device, 0 series, 1 session\n", "1 alert, 1 lead, 0 series"]
    {
        assert!(text.contains(said), "{said}\n{text}");
    }
}
