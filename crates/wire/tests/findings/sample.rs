//! Findings to write: an alert, a lead, one below the threshold, and one full of hostile text.

use undertone_core::attack::{Element, attacks_of};
use undertone_core::evidence::{Evidence, EvidenceKind};
use undertone_core::finding::{
    AppState, AppUsual, Calibration, CheckIn, Confidence, Finding, FindingApp, FindingDestination,
    FindingDevice, InForce, Lock, Severity, Trace, TraceOf, UsualDestination, UsualService, score_of,
};
use undertone_core::model::{Platform, Timestamp};
use undertone_core::thresholds::ThresholdKey;

/// The finding of DESIGN section 7.
pub(crate) fn alert() -> Finding {
    let first_seen = Timestamp::from_micros(1_777_852_991_120_000);
    let last_seen = Timestamp::from_micros(1_777_939_120_001_000);
    Finding {
        id: "6f1c0a2b9d3e4f58".to_owned(),
        alert: true,
        day: last_seen.day(),
        attack: attacks_of(Platform::Android, true),
        first_seen,
        last_seen,
        device: FindingDevice {
            id: "d-0007".to_owned(),
            platform: Platform::Android,
            addresses: vec!["10.20.0.7".parse().unwrap()],
        },
        app: FindingApp {
            id: Some("com.example.torch".to_owned()),
            role: "tools".to_owned(),
            attribution: "five_tuple",
        },
        destination: FindingDestination {
            name: Some("cdn.example.net".to_owned()),
            domain: Some("example.net".to_owned()),
            addresses: vec!["203.0.113.9".parse().unwrap()],
            ports: vec![443],
            group: None,
            members: Vec::new(),
        },
        service: "tls".to_owned(),
        events: 288,
        interval_median_secs: Some(300.2),
        score: score_of(8.93),
        weight_bans: 8.93,
        expected_false_per_1000_device_days: Some(0.4),
        calibration: Some(Calibration::Reference),
        q_value: Some(0.0003),
        severity: Severity::High,
        confidence: Confidence::Medium,
        evidence: vec![timing(), state(), destination(), negative()],
        sessions: vec!["CHhAvVGS1DHFjwGM9".to_owned(), "CxT1yQ2pHvH2kU5Qj".to_owned()],
        limits: vec!["device lock state unknown".to_owned()],
        thresholds: vec![InForce { key: ThresholdKey::BeaconIntervalVariance, value: 1.0 }],
        trace: Some(trace(60)),
        app_usual: Some(usual("api.torch.example")),
        ..Finding::default()
    }
}

/// So many check-ins, 5 minutes apart and a little late; the first ones of a phone whose state is not known.
pub(crate) fn trace(count: i64) -> Trace {
    let check_in = |n: i64| CheckIn {
        at_millis: 1_777_852_991_120 + n * 300_000 + n * n * 7919 % 20_000,
        orig_bytes: Some(412),
        resp_bytes: (n % 7 != 0).then_some(1_200 + (n * 37 % 90).unsigned_abs()),
        lock: if n < 10 {
            Lock::Unknown
        } else if n % 9 == 0 {
            Lock::Unlocked
        } else {
            Lock::Locked
        },
        app: match n % 4 {
            0 => AppState::Unknown,
            1 => AppState::ForegroundService,
            _ => AppState::Background,
        },
        after_push: n == 30,
    };
    Trace {
        of: TraceOf::Sessions,
        check_ins: (0..count).map(check_in).collect(),
        total: 288,
        period_secs: Some(300.2),
        is_awake_clock: false,
        dead_time_millis: 2000,
        first_hour: 493_848,
        per_hour: (0..24).map(|hour| 12 - u32::from(hour == 3)).collect(),
    }
}

fn usual(name: &str) -> AppUsual {
    AppUsual {
        others: 14,
        others_here: 0,
        destinations: vec![
            UsualDestination { name: name.to_owned(), others: 14 },
            UsualDestination { name: "ads.example".to_owned(), others: 9 },
        ],
        more: 3,
        services: vec![
            UsualService { name: "tls".to_owned(), others: 14 },
            UsualService { name: "quic".to_owned(), others: 6 },
        ],
        alone: vec![name.to_owned()],
        alone_more: 1,
    }
}

/// A lead: unknown platform and app, a channel that is not web.
pub(crate) fn lead() -> Finding {
    let alert = alert();
    Finding {
        id: "0badc0de00000001".to_owned(),
        lead: true,
        attack: attacks_of(Platform::Unknown, false),
        device: FindingDevice {
            id: "192.168.1.20".to_owned(),
            platform: Platform::Unknown,
            addresses: vec![],
        },
        app: FindingApp { id: None, role: "network_only".to_owned(), attribution: "none" },
        destination: FindingDestination {
            name: None,
            domain: None,
            addresses: vec!["2001:db8::5".parse().unwrap(), "198.51.100.4".parse().unwrap()],
            ports: vec![4444, 8443],
            group: Some("ja4=t13d1516h2_8daaf6152771_b0da82dd1658 port=8443".to_owned()),
            members: vec!["a.example".to_owned(), "203.0.113.77".to_owned()],
        },
        service: "unknown".to_owned(),
        events: 1,
        score: score_of(3.5),
        weight_bans: 3.5,
        severity: Severity::Medium,
        confidence: Confidence::Low,
        evidence: vec![timing()],
        limits: vec!["no app attribution".to_owned(), "device lock state unknown".to_owned()],
        day: alert.day,
        first_seen: alert.first_seen,
        last_seen: alert.last_seen,
        ..Finding::default()
    }
}

/// A row that only `--all` shows.
pub(crate) fn below() -> Finding {
    Finding {
        id: "00000000000000ff".to_owned(),
        alert: false,
        below_because: Some("baseline weight 0.2 below its floor 0.5".to_owned()),
        attack: attacks_of(Platform::Ios, true),
        device: FindingDevice { platform: Platform::Ios, ..alert().device },
        score: score_of(0.7),
        weight_bans: 0.7,
        severity: Severity::Info,
        trace: None,
        app_usual: None,
        ..alert()
    }
}

/// What an attacker may choose, in every field that an attacker may choose it in.
pub(crate) const HOSTILE: [&str; 9] = [
    "=cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd",
    "-2+3",
    "a\u{1b}]0;owned\u{7}\u{1b}[2J",
    "moc.elpmaxe\u{202e}evil",
    "zero\u{200b}width\u{feff}",
    "line\r\nCEF:0|forged|x|1|1|forged|10|",
    "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>",
    "pipe|back\\slash=equals,comma;semi\u{85}\u{2028}",
];

/// A finding whose free text is all `text`.
pub(crate) fn hostile(text: &str) -> Finding {
    let own = || text.to_owned();
    let alert = alert();
    Finding {
        device: FindingDevice { id: own(), ..alert.device },
        app: FindingApp { id: Some(own()), role: own(), attribution: "name" },
        destination: FindingDestination {
            name: Some(own()),
            domain: Some(own()),
            group: Some(own()),
            members: vec![own()],
            ..alert.destination
        },
        service: own(),
        below_because: Some(own()),
        alert: false,
        evidence: vec![Evidence { text: own(), ..timing() }],
        sessions: vec![own()],
        limits: vec![own()],
        app_usual: Some(usual(text)),
        ..alert
    }
}

fn timing() -> Evidence {
    Evidence {
        kind: EvidenceKind::Timing,
        element: Some(Element::BeaconIntervalVarianceThreshold),
        observed: Some(0.08),
        unit: "ratio",
        baseline: Some(0.9),
        baseline_n: Some(412),
        p_value: Some(1e-12),
        weight_bans: 3.0,
        text: "Check-ins come every 5 min, 8 % apart; comparable apps differ by 90 %.".to_owned(),
    }
}

fn state() -> Evidence {
    Evidence {
        kind: EvidenceKind::State,
        element: None,
        observed: Some(1.0),
        unit: "share",
        baseline: Some(0.123_456_789),
        baseline_n: Some(58),
        p_value: None,
        weight_bans: 1.25,
        text: "All check-ins happened while the app was in the background.".to_owned(),
    }
}

fn destination() -> Evidence {
    Evidence {
        kind: EvidenceKind::Destination,
        element: None,
        observed: Some(1.0),
        unit: "devices",
        baseline: Some(37.0),
        baseline_n: Some(60),
        p_value: Some(0.016_393_442_622_950_82),
        weight_bans: 4.9304,
        text: "No other of 60 devices talks to example.net.".to_owned(),
    }
}

fn negative() -> Evidence {
    Evidence {
        kind: EvidenceKind::Baseline,
        element: Some(Element::AppNetworkRoleBaseline),
        observed: None,
        unit: "ratio",
        baseline: None,
        baseline_n: None,
        p_value: None,
        weight_bans: -0.25,
        text: "The app has talked to this destination for 12 days.".to_owned(),
    }
}
