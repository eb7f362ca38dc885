//! Text that an attacker chose does nothing in any format. What a real browser makes of the page is tested with the
//! binary (`crates/app/tests/report.rs`).

use crate::sample;
use undertone_wire::findings::text::is_deceptive;
use undertone_wire::findings::{
    Format, InputFact, RejectedRows, RunFacts, RunSummary, TerminalStyle, write_explanation, write_html,
};

/// Facts of a run in which every name was chosen by somebody else.
fn run(text: &str) -> RunFacts {
    let own = || text.to_owned();
    let rejected = RejectedRows { count: 1, first_file: own(), first_line: 1, first_detail: own() };
    RunFacts {
        command_line: vec!["undertone".to_owned(), own()],
        inputs: vec![
            InputFact { name: own(), bytes: Some(1), sha256: Ok("00".to_owned()) },
            InputFact { name: own(), bytes: None, sha256: Err(own()) },
        ],
        inputs_more: 1,
        thresholds: vec![("beacon_interval_variance_threshold", own())],
        overrides: vec![own()],
        summary: Some(RunSummary {
            rows_rejected: [(own(), rejected)].into(),
            skipped: vec![(own(), own())],
            partial: vec![(own(), own())],
            attribution: [(own(), 1)].into(),
            notes: vec![own()],
            ..RunSummary::default()
        }),
    }
}

fn page(text: &str) -> String {
    let mut out = Vec::new();
    write_html(&mut out, &[&sample::hostile(text)], Some(&run(text))).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn the_page_and_the_explanation_show_deceptive_characters_as_numbers() {
    for text in sample::HOSTILE {
        let mut out = Vec::new();
        write_explanation(&mut out, &sample::hostile(text), TerminalStyle::PLAIN).unwrap();
        for out in [page(text), String::from_utf8(out).unwrap()] {
            let found = out.chars().find(|c| is_deceptive(*c) && *c != '\n');
            assert_eq!(found, None, "{text:?}");
        }
    }
}

#[test]
fn the_page_has_the_same_elements_whatever_the_text() {
    let tags = |page: &str| page.matches('<').count();
    let plain = tags(&page("plain.example"));
    for text in sample::HOSTILE {
        assert_eq!(tags(&page(text)), plain, "{text:?}");
    }
}

#[test]
fn the_page_refers_to_nothing_outside() {
    for text in sample::HOSTILE {
        let page = page(text);
        assert_eq!(page.matches("<script>").count(), 1);
        let (markup, script) = page.split_once("<script>").unwrap();
        let (before, markup) = markup.split_once("</style>").unwrap();
        for sign in ["url(", "@import", "http:", "https:"] {
            assert!(!before.contains(sign) && !script.contains(sign), "{sign}");
        }
        for tag in markup.split('<').filter_map(|rest| rest.split('>').next()) {
            // Values stand between double quotes, which markup in them cannot hold.
            let names: String = tag.split('"').step_by(2).collect();
            for sign in [" src=", " srcset=", " style=", " on", "link", "img", "iframe", "base", "object"] {
                assert!(!names.contains(sign), "{sign} of {text:?} in {tag}");
            }
        }
        let mut links = markup.split(" href=\"").skip(1).peekable();
        assert!(links.peek().is_some() && links.all(|link| link.starts_with('#')));
    }
}

#[test]
fn no_format_lets_deceptive_characters_through() {
    for format in Format::ALL {
        for text in sample::HOSTILE {
            let mut out = Vec::new();
            format.write(&mut out, &[&sample::hostile(text)], TerminalStyle::PLAIN).unwrap();
            let out = String::from_utf8(out).unwrap();
            let found = out.chars().find(|c| is_deceptive(*c) && !matches!(c, '\n' | '\r'));
            assert_eq!(found, None, "{} of {text:?}", format.name());
        }
    }
}

#[test]
fn no_cell_of_a_spreadsheet_is_a_formula() {
    for text in sample::HOSTILE {
        let mut out = Vec::new();
        Format::Csv.write(&mut out, &[&sample::hostile(text)], TerminalStyle::PLAIN).unwrap();
        let mut rows = csv::ReaderBuilder::new().from_reader(out.as_slice());
        let heads = rows.headers().unwrap().clone();
        let rows: Vec<_> = rows.records().map(Result::unwrap).collect();
        assert_eq!(rows.len(), 1, "{text:?}");
        for (head, cell) in heads.iter().zip(&rows[0]) {
            let is_number = cell.parse::<f64>().is_ok();
            let is_formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
            assert!(is_number || !is_formula, "{head}: {cell:?}");
        }
    }
}

#[test]
fn a_line_feed_in_a_name_starts_no_line() {
    for format in [Format::Jsonl, Format::Table] {
        let lines = |text: &str| {
            let mut out = Vec::new();
            format
                .write(&mut out, &[&sample::hostile(text)], TerminalStyle { width: 400, colour: false })
                .unwrap();
            String::from_utf8(out).unwrap().lines().count()
        };
        assert_eq!(lines("line\r\nforged"), lines("lineforged"));
    }
}
