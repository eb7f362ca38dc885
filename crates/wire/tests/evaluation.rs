//! Hand-made findings against hand-made labels, with numbers counted by hand.

#![expect(clippy::unwrap_used, reason = "helpers of tests are no test functions, but fail like them")]

use std::fmt::Write as _;
use undertone_core::finding::Finding;
use undertone_wire::evaluation::{
    Dimension, Evaluation, EvaluationInput, Rate, Share, evaluate, write_html, write_json, write_text,
};
use undertone_wire::findings::parse_finding;
use undertone_wire::truth::{Truth, parse_truth};

const TRUTH: &str = r#"[
{"device":"d1","ip":"10.0.0.1","app":"com.a","domain":"evil.example","addresses":[],"kind":"https",
 "period_secs":300,"jitter":0.2,"miss":0.0,"law":"uniform","events":288,"ports":[443]},
{"device":"d2","ip":"10.0.0.2","app":null,"domain":null,"addresses":["203.0.113.9"],"kind":"raw_tcp",
 "period_secs":30,"jitter":0,"miss":0,"law":"exact","events":40},
{"device":"d3","app":"com.c","domain":"c.example","addresses":[],"kind":"dns",
 "period_secs":7200,"jitter":0.5,"miss":0.25,"law":"uniform","events":10},
{"device":"d4","app":"com.<script>alert(1)</script>","domain":"d.example","domains":["d.example","e.example"],
 "kind":"https","period_secs":60,"jitter":0.37,"miss":0.0,"law":"one_sided","events":1000}]"#;

const RARE: &str = r#"[{"device":"d5","domain":"home.example","kind":"home_automation"}]"#;

/// What differs between the findings here.
struct Case {
    device: &'static str,
    day: &'static str,
    app: Option<&'static str>,
    name: Option<&'static str>,
    domain: Option<&'static str>,
    address: Option<&'static str>,
    weight: f64,
    expected: Option<f64>,
    /// `alert`, `lead`, or why it is neither.
    standing: &'static str,
}

const PLAIN: Case = Case {
    device: "d1",
    day: "2026-05-04",
    app: None,
    name: None,
    domain: None,
    address: None,
    weight: 5.0,
    expected: None,
    standing: "alert",
};

fn finding(number: usize, case: &Case) -> Finding {
    let (alert, lead) = (case.standing == "alert", case.standing == "lead");
    let reason = (!alert && !lead).then_some(case.standing);
    let row = serde_json::json!({
        "schema_version": 1, "id": format!("{number:016x}"), "alert": alert, "lead": lead, "reason": reason,
        "day": case.day, "attack": [{"technique": "T1437", "strategy": "DET0685", "analytic": null}],
        "first_seen": format!("{}T00:00:00Z", case.day), "last_seen": format!("{}T12:00:00Z", case.day),
        "device": {"id": case.device, "platform": "unknown", "addresses": []},
        "app": {"id": case.app, "role": "network_only", "attribution": "none"},
        "destination": {"name": case.name, "domain": case.domain,
            "addresses": case.address.into_iter().collect::<Vec<_>>(), "ports": [443], "group": null},
        "service": "tls", "events": 40, "interval_median_secs": 60.0, "score": 50.0,
        "weight_bans": case.weight, "expected_false_per_1000_device_days": case.expected,
        "q_value": null, "severity": "low", "confidence": "low", "evidence": [], "sessions": [], "limits": []
    });
    parse_finding(row.to_string().as_bytes()).unwrap()
}

fn findings(cases: &[Case]) -> Vec<Finding> {
    cases.iter().enumerate().map(|(number, case)| finding(number, case)).collect()
}

/// Three alerts of two implants (one of them on two days), two false ones, four rows below.
fn fleet() -> Vec<Finding> {
    const OVER: &str =
        "clean phones show something this strong 2 times in 1,000 device-days; the budget is 1";
    let below = |case| Case { standing: OVER, ..case };
    findings(&[
        Case { domain: Some("evil.example"), weight: 9.0, expected: Some(0.01), ..PLAIN },
        Case { day: "2026-05-05", name: Some("a.EVIL.example"), weight: 8.0, expected: Some(0.1), ..PLAIN },
        Case { device: "10.0.0.2", address: Some("203.0.113.9"), weight: 7.0, expected: Some(0.5), ..PLAIN },
        below(Case { device: "d3", app: Some("com.c"), expected: Some(2.0), ..PLAIN }),
        Case { device: "d5", domain: Some("home.example"), weight: 6.0, expected: Some(0.2), ..PLAIN },
        Case { device: "d6", domain: Some("x.example"), weight: 5.5, expected: Some(0.8), ..PLAIN },
        below(Case { device: "d6", domain: Some("y.example"), expected: Some(2.5), ..PLAIN }),
        below(Case {
            device: "d7",
            day: "2026-05-05",
            domain: Some("z.example"),
            expected: Some(8.0),
            ..PLAIN
        }),
        // Strong, but no machine's rhythm: no budget makes it an alert.
        Case {
            device: "d8",
            domain: Some("evil.example"),
            expected: Some(0.1),
            standing: "not clearly machine-driven",
            ..PLAIN
        },
    ])
}

fn labels(text: &str) -> Vec<Truth> {
    parse_truth(text.as_bytes()).unwrap()
}

fn with_fleet(check: impl FnOnce(&Evaluation<'_>)) {
    let (findings, truth, rare_benign) = (fleet(), labels(TRUTH), labels(RARE));
    check(&evaluate(&EvaluationInput {
        findings: &findings,
        truth: &truth,
        rare_benign: &rare_benign,
        device_days: Some(2000),
    }));
}

const fn share(hits: u64, of: u64) -> Share {
    Share { hits, of }
}

#[test]
fn an_implant_of_several_days_counts_once() {
    with_fleet(|evaluation| {
        assert_eq!((evaluation.findings, evaluation.alerts, evaluation.leads), (9, 5, 0));
        assert_eq!(evaluation.recall, share(2, 4));
        let shown: Vec<u64> = evaluation.implants.iter().map(|implant| implant.shown).collect();
        assert_eq!(shown, [2, 1, 0, 0]);
        let best = |at: usize| evaluation.implants[at].best.map(|finding| finding.id.as_str());
        assert_eq!(best(0), Some("0000000000000000"));
        assert_eq!(best(2), Some("0000000000000003"));
        assert_eq!(best(3), None);
    });
}

#[test]
fn recall_is_told_by_band() {
    with_fleet(|evaluation| {
        let of = |dimension: Dimension| {
            let found = evaluation.by_dimension.iter().find(|(known, _)| *known == dimension);
            found.unwrap().1.clone()
        };
        assert_eq!(
            of(Dimension::Kind),
            [("dns", share(0, 1)), ("https", share(1, 2)), ("raw_tcp", share(1, 1))]
        );
        assert_eq!(
            of(Dimension::Period),
            [("under 1 min", share(1, 1)), ("1 to 10 min", share(1, 2)), ("1 to 12 h", share(0, 1))]
        );
        assert_eq!(
            of(Dimension::Jitter),
            [("none", share(1, 1)), ("to 20 %", share(1, 1)), ("to 50 %", share(0, 2))]
        );
        assert_eq!(
            of(Dimension::Events),
            [
                ("8 to 23", share(0, 1)),
                ("24 to 99", share(1, 1)),
                ("100 to 999", share(1, 1)),
                ("1,000 and more", share(0, 1))
            ]
        );
        assert_eq!(
            of(Dimension::Law),
            [("exact", share(1, 1)), ("one_sided", share(0, 1)), ("uniform", share(1, 2))]
        );
        let rhythm: Vec<Share> = of(Dimension::Rhythm).iter().map(|(_, share)| *share).collect();
        assert_eq!(rhythm, [share(2, 2), share(0, 2)]);
        assert_eq!(evaluation.cells.len(), 4);
        assert!(evaluation.cells.contains(&(
            ["https", "1 to 10 min", "to 20 %", "100 to 999", "unknown", "uniform"],
            share(1, 1)
        )));
    });
}

#[test]
fn false_positives_are_told_with_and_without_rare_honest_senders() {
    with_fleet(|evaluation| {
        let kinds: Vec<_> =
            evaluation.false_alerts.iter().map(|alert| alert.rare.map(|rare| rare.kind.as_str())).collect();
        assert_eq!(kinds, [Some("home_automation"), None]);
        let rate = evaluation.false_rate().unwrap();
        assert_eq!(rate.all, Rate { count: 2, device_days: 2000 });
        assert_eq!(rate.without_rare, Rate { count: 1, device_days: 2000 });
        assert_eq!(evaluation.false_discovery.all, share(2, 5));
        assert_eq!(evaluation.false_discovery.without_rare, share(1, 4));
        assert_eq!(evaluation.precision, share(3, 5));
    });
}

#[test]
fn promised_stands_beside_observed() {
    with_fleet(|evaluation| {
        let rows: Vec<_> = evaluation
            .budgets
            .iter()
            .map(|b| (b.observed.all.hits, b.observed.without_rare.hits, b.recall.hits))
            .collect();
        // At 3 the second row of d6 adds no device-day; at 10 comes d7; d8 clears no floor.
        assert_eq!(rows, [(1, 0, 1), (2, 1, 2), (2, 1, 3), (3, 2, 3)]);
        let expected = [(0.6, 0.2), (2.0, 0.5), (6.0, 0.5), (20.0, 3.0)];
        for (budget, (promised, printed)) in evaluation.budgets.iter().zip(expected) {
            assert!((budget.promised - promised).abs() < 1e-9, "{budget:?}");
            assert!((budget.printed_mean.unwrap() - printed).abs() < 1e-9, "{budget:?}");
            assert_eq!((budget.observed.all.of, budget.recall.of), (2000, 4));
        }
        assert!(evaluation.notes().is_empty());
    });
}

#[test]
fn the_first_twenty_of_each_day_are_what_a_person_reads() {
    let names = ["evil.example", "other.example"];
    // 5 false ones are strongest, then 20 true ones; on the next day one true one.
    let mut cases: Vec<Case> = (0..25_u8)
        .map(|n| Case { domain: Some(names[usize::from(n < 5)]), weight: 30.0 - f64::from(n), ..PLAIN })
        .collect();
    cases.push(Case { day: "2026-05-05", domain: Some("evil.example"), ..PLAIN });
    cases.reverse();
    let (findings, truth) = (findings(&cases), labels(TRUTH));
    let input = EvaluationInput { findings: &findings, truth: &truth, rare_benign: &[], device_days: None };
    let evaluation = evaluate(&input);
    assert_eq!(evaluation.precision, share(16, 21));
    assert_eq!(evaluation.false_rate(), None);
    assert!(evaluation.budgets.is_empty());
}

#[test]
fn leads_count_as_shown_but_promise_nothing() {
    let cases = [
        Case { domain: Some("evil.example"), standing: "lead", ..PLAIN },
        Case { domain: Some("x.example"), standing: "lead", ..PLAIN },
    ];
    let (findings, truth) = (findings(&cases), labels(TRUTH));
    let input =
        EvaluationInput { findings: &findings, truth: &truth, rare_benign: &[], device_days: Some(3) };
    let evaluation = evaluate(&input);
    assert_eq!((evaluation.leads, evaluation.recall), (2, share(1, 4)));
    assert_eq!(evaluation.false_rate().unwrap().all, Rate { count: 1, device_days: 3 });
    assert!(evaluation.budgets.is_empty());
    assert_eq!(evaluation.notes().len(), 1);
}

#[test]
fn nothing_at_all_is_told_as_such() {
    let input = EvaluationInput { findings: &[], truth: &[], rare_benign: &[], device_days: Some(0) };
    let evaluation = evaluate(&input);
    assert_eq!(evaluation.recall.value(), None);
    let mut text = Vec::new();
    write_text(&mut text, &evaluation).unwrap();
    write_html(&mut text, &evaluation).unwrap();
    assert!(!String::from_utf8(text).unwrap().contains("NaN"));
    let mut json = Vec::new();
    write_json(&mut json, &evaluation).unwrap();
    let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
    assert!(json["recall"]["overall"]["share"].is_null());
}

#[test]
fn the_json_holds_the_same_numbers() {
    with_fleet(|evaluation| {
        let mut out = Vec::new();
        write_json(&mut out, evaluation).unwrap();
        let json: serde_json::Value = serde_json::from_slice(&out).unwrap();
        assert_eq!(json["recall"]["overall"]["share"], 0.5);
        assert_eq!(json["recall"]["by"]["kind"][1]["band"], "https");
        assert_eq!(json["recall"]["cells"].as_array().unwrap().len(), 4);
        assert_eq!(json["false_positives"]["all"]["per_1000"], 1.0);
        assert_eq!(json["false_positives"]["without_rare_benign"]["per_1000"], 0.5);
        assert_eq!(json["precision_at_20_per_day"]["share"], 0.6);
        assert_eq!(json["budgets"][3]["observed"]["all"]["count"], 3);
        assert_eq!(json["implants"][2]["found"], false);
        assert!(json["implants"][2]["reason"].as_str().unwrap().contains("budget is 1"));
        assert_eq!(json["false_alerts"][0]["rare_benign"], "home_automation");
    });
}

#[test]
fn text_is_aligned_and_says_who_was_missed() {
    with_fleet(|evaluation| {
        let mut out = Vec::new();
        write_text(&mut out, evaluation).unwrap();
        let text = String::from_utf8(out).unwrap();
        let mut wanted = String::new();
        // The table of the overall numbers, cell by cell.
        for line in [
            "  measure                                count    of   value     95 % interval",
            "  recall: implants shown                     2     4  50.0 %  15.0 % to 85.0 %",
            "  precision at 20 per day                    3     5  60.0 %  23.1 % to 88.2 %",
            "  false discovery rate                       2     5  40.0 %  11.8 % to 76.9 %",
            "    without rare honest senders              1     4  25.0 %   4.6 % to 69.9 %",
            "  false positives per 1,000 device-days      2  2000    1.00      0.11 to 3.61",
            "    without rare honest senders              1  2000    0.50      0.01 to 2.78",
        ] {
            writeln!(wanted, "{line}").unwrap();
        }
        assert!(text.contains(&wanted), "{text}");
        assert!(text.contains("no row at all") && text.contains("Missed implants: 2"), "{text}");
    });
}

#[test]
fn the_page_runs_nothing_and_loads_nothing() {
    with_fleet(|evaluation| {
        let mut out = Vec::new();
        write_html(&mut out, evaluation).unwrap();
        let page = String::from_utf8(out).unwrap();
        assert!(page.contains("com.&lt;script&gt;alert(1)&lt;/script&gt;"));
        for sign in ["<script", "<img", "<link", "src=", "href=", "url(", "http:", "https:", "NaN", "inf"] {
            assert!(!page.contains(sign), "{sign}");
        }
        // One chart a property and the calibration; every element is closed.
        assert_eq!(page.matches("<svg ").count(), Dimension::ALL.len() + 1);
        for tag in ["svg", "table", "tr", "td", "h2", "details", "div", "p", "text"] {
            let opened =
                page.matches(&format!("<{tag}>")).count() + page.matches(&format!("<{tag} ")).count();
            assert_eq!(opened, page.matches(&format!("</{tag}>")).count(), "{tag}");
        }
    });
}
