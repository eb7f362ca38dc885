//! Text that an attacker chose does nothing in any format.

use crate::sample;
use undertone_wire::findings::text::is_deceptive;
use undertone_wire::findings::{Format, TerminalStyle};

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
