//! Files of suppressions, read, changed and written.

use super::*;
use proptest::prelude::*;
use undertone_core::finding::{Band, Matchers, Suppression};
use undertone_core::model::Day;

const FILE: &str = "\
# kept by the night shift

# Kim's home automation
- device: d-0007
  app: com.example.torch
  destination: Example.NET.
  interval_secs: {from: 240, to: 375}
  reason: confirmed by phone   # ticket 12
  author: kim
  created: 2026-05-04
  expires: 2026-08-02
# the new mail app
-
  app: [com.mail, none]
  interval_secs: none
  reason: \"rolled out: everybody has it\"

# end of the file
";

fn records(text: &str) -> Vec<Suppression> {
    parse_suppressions(text.as_bytes()).unwrap().into_iter().map(|placed| placed.record).collect()
}

fn problems(text: &str) -> Vec<String> {
    let found = parse_suppressions(text.as_bytes()).unwrap_err();
    found.into_iter().map(|problem| format!("{}: {}", problem.line, problem.text)).collect()
}

#[test]
fn a_file_says_what_is_hidden_why_and_until_when() {
    let found = records(FILE);
    assert_eq!(found.len(), 2);
    let first = &found[0];
    assert_eq!(first.matchers.destination, ["example.net"]);
    assert_eq!(first.matchers.interval, Some(Band::Secs { from_secs: 240.0, to_secs: 375.0 }));
    assert_eq!((first.reason.as_str(), first.author.as_deref()), ("confirmed by phone", Some("kim")));
    assert_eq!(first.expires, Day::from_ymd(2026, 8, 2));
    assert_eq!(found[1].matchers.app, ["com.mail", "none"]);
    assert_eq!(found[1].matchers.interval, Some(Band::NoInterval));
    assert!(records("").is_empty() && records("# nothing yet\n").is_empty());
}

#[test]
fn problems_name_their_line_and_the_nearest_key() {
    let text = "- device: d-1\n  reson: x\n  destinaton: y\n- app: a\n- reason: all\n- device: 7\n  reason: r\n- device: d\n  analytic: AN1\n  reason: r\n  expires: soon\n- device: d\n  interval_secs: {from: 9, to: 3}\n  reason: r\n";
    let found = problems(text);
    for expected in [
        "2: unknown key `reson`; did you mean `reason`?",
        "3: unknown key `destinaton`; did you mean `destination`?",
        "4: a record needs a `reason`",
        "5: a record must name one of",
        "6: `device` must be a text of 1 to 1000 characters, not `7`: put it in quotes",
        "9: unknown analytic `AN1`",
        "11: `expires` must be a day such as 2026-05-04, not `soon`",
        "13: `interval_secs` needs `from` and `to`",
    ] {
        assert!(found.iter().any(|problem| problem.starts_with(expected)), "{expected}: {found:#?}");
    }
    let places = "- destination: [203.0.113.0/33, 203.0.113.300, \"10.0.0.0/8\", \"::g\", a.example.com, \"ja4=x port=443\"]\n  service: tsl\n  reason: r\n";
    let found = problems(places);
    for expected in [
        "1: `203.0.113.0/33` is no address and no network",
        "1: `203.0.113.300` is no address",
        "1: `::g` is no address",
        "2: unknown service `tsl`, not one of tls, http",
    ] {
        assert!(found.iter().any(|problem| problem.starts_with(expected)), "{expected}: {found:#?}");
    }
    assert_eq!(found.len(), 4, "{found:#?}");
    let of_ends = problems("- device: a\n  interval_secs: {from: 0, to: 9}\n  reason: r\n");
    assert_eq!(of_ends, ["2: `from` must be seconds over 0, not `0`"], "one fault is said once");
    assert!(problems("- device: a\n  reason: r\n- device: a\n  reason: s\n")[0].contains("line 1"));
    assert!(problems("device: a\n")[0].contains("must be a list"));
}

/// A public suffix is the place of everybody who has a name below it.
#[test]
fn a_public_suffix_is_no_destination() {
    for text in ["net", "azurewebsites.net", "*.co.uk", "Github.io.", "printer"] {
        let found =
            problems(&format!("- device: a\n  destination: [example.com, \"{text}\"]\n  reason: r\n"));
        let [problem] = found.as_slice() else { panic!("{text}: {found:#?}") };
        assert!(problem.starts_with("2: `"), "{problem}");
        assert!(problem.ends_with("is neither an address nor a name below a public suffix"), "{problem}");
    }
    let text = "- destination: [example.com, api.example.com, app.azurewebsites.net, 203.0.113.7, 10.0.0.0/8]\n  reason: r\n";
    assert_eq!(records(text)[0].matchers.destination.len(), 5);
}

#[test]
fn changes_leave_every_other_line_alone() {
    let [first, second] = records(FILE).try_into().unwrap();
    let ended = set_expiry(FILE, &[first.id()], Day::from_ymd(2026, 6, 1).unwrap()).unwrap();
    assert_eq!(ended, FILE.replace("2026-08-02", "2026-06-01"));
    let both = set_expiry(&ended, &[second.id()], Day::from_ymd(2026, 6, 2).unwrap()).unwrap();
    assert!(both.contains("everybody has it\"\n  expires: 2026-06-02\n\n# end of the file\n"), "{both}");
    let removed = remove_records(FILE, &[first.id()]).unwrap();
    assert!(removed.starts_with("# kept by the night shift\n\n# the new mail app\n-\n"), "{removed}");
    assert_eq!(records(&removed), std::slice::from_ref(&second));
    let none = remove_records(FILE, &[first.id(), second.id()]).unwrap();
    assert_eq!(none, "# kept by the night shift\n\n");
    let again = add_record(&removed, &first).unwrap();
    assert_eq!(records(&again), [second.clone(), first.clone()]);
    assert_eq!(add_record(&again, &first), Err(EditError::Known(first.id())));
    assert_eq!(remove_records(FILE, &["abc".to_owned()]), Err(EditError::Unknown("abc".to_owned())));
    let flow = "[{device: d, reason: r}]\n";
    assert_eq!(add_record(flow, &first), Err(EditError::Layout));
    assert_eq!(remove_records(flow, &[records(flow)[0].id()]), Err(EditError::Layout));
}

proptest! {
    #[test]
    fn what_is_written_reads_back(texts in prop::collection::vec("\\PC{1,12}|[\u{0}-\u{2100}]{1,8}|yes|12|~|- a|'x", 4)) {
        let trimmed: Vec<String> = texts.iter().map(|text| text.trim().to_owned()).collect();
        prop_assume!(trimmed.iter().all(|text| !text.is_empty()));
        let record = Suppression {
            matchers: Matchers {
                device: vec![trimmed[0].clone()],
                app: vec![trimmed[1].clone(), trimmed[0].clone()],
                interval: Some(Band::Secs { from_secs: 0.25, to_secs: 1234.5 }),
                ..Matchers::default()
            },
            reason: trimmed[2].clone(),
            author: Some(trimmed[3].clone()),
            created: Some(Day::from_number(20_000)),
            expires: None,
        };
        let text = write_records(std::slice::from_ref(&record));
        prop_assert!(text.lines().count() <= 8);
        prop_assert_eq!(records(&text), [record]);
    }
}
