//! Android's own logs and dumps, and PCAPdroid.

use super::super::intrusion::{self, SequenceKind};
use super::super::packages::UidMap;
use super::super::pcapdroid::PcapdroidCsv;
use super::super::usagestats::{self, UtcOffset};
use super::super::{amapi, app_privacy, netstats};
use super::{Seen, check_lines};
use crate::RejectReason;
use base64::Engine as _;

#[test]
fn both_shapes_of_security_events_are_read() {
    let seen = check_lines(
        r#"{"security_event":{"event_id":7,"event_time":1781041621671531910,"keyguard_dismissed":{}}}
{"security_event":{"event_id":8,"event_time":1781041621671,"tag":210008,"data":[]}}
{"security_event":{"event_time":1781041621671531910,"keyguard_dismiss_auth_attempt":{"success":0},"event_id":"11"}}
{"security_event":{"event_id":12,"event_time":1781041621671531910,"os_shutdown":{}}}
{"security_event":{"event_id":13,"event_time":1781041621671531910,"wifi_connection":{"bssid":"x"}}}
{"security_event":{"event_id":14,"event_time":1781041621671531910,"tag":210005,"data":["p"]}}
{"security_event":{"event_id":15,"event_time":1781041621671531910}}
{"nfc_event":{"event_id":1}}
{"connect_event":{"event_id":9,"event_time":1781042586823,"package_name":"com.x:push","port":5228,"ip_address":"ip6-localhost/::1"}}
{"connect_event":{"event_id":9,"event_time":1781042586823,"package_name":"com.x:push","port":5228,"ip_address":"ip6-localhost/::1"}}
{"connect_event":{"event_id":10,"event_time":0,"package_name":"com.x","port":1,"ip_address":"/1.1.1.1"}}
{"dns_event":{"event_id":5,"event_time":1781042586823,"package_name":"com.x","hostname":"a.b","future":1}}"#,
        intrusion::parse_line,
    );
    let at = "2026-06-09T21:47:01.671531Z ";
    let phone = "|android|-|-|-|- intrusion_logging";
    let connect = "2026-06-09T22:03:06.823000Z |android|com.x|-|-|- intrusion_logging tcp ::1:5228 - from -:- -/- end - - x1";
    assert_eq!(
        seen.telemetry,
        [
            format!("{at}{phone} state Unlocked"),
            format!("{at}{phone} state UserInteraction"),
            format!("2026-06-09T21:47:01.671000Z {phone} state Locked"),
            format!("{at}{phone} state UserInteraction"),
            format!("{at}{phone} state Shutdown"),
            connect.to_owned(),
            connect.to_owned(),
            "2026-06-09T22:03:06.823000Z |android|com.x|-|-|- intrusion_logging lookup a.b []".to_owned(),
        ]
    );
    assert_eq!(
        seen.ignored,
        ["intrusion_logging:wifi_connection", "intrusion_logging:tag:210005", "intrusion_logging:nfc_event"]
    );
    let reasons: Vec<_> = seen.rejects.iter().map(|(line, reason, _)| (*line, *reason)).collect();
    assert_eq!(reasons, [(7, RejectReason::MissingField), (11, RejectReason::BadTimestamp)]);
    assert_eq!(seen.numbers.observed(), 10);
    let holes: Vec<_> =
        seen.numbers.missing().map(|hole| (hole.sequence, hole.first_id, hole.last_id)).collect();
    assert_eq!(holes, [(SequenceKind::Network, 6, 8), (SequenceKind::Security, 9, 10)]);
}

const BATCH: &str = r#"{"device":"enterprises/LC01/devices/3a1b","usageLogEvents":[
 {"eventId":"1","eventTime":"2026-11-20T09:00:00.100Z","eventType":"KEYGUARD_SECURED","keyguardSecuredEvent":{}},
 {"eventId":"2","eventTime":"2026-11-20T09:05:00.012345678Z","eventType":"CONNECT","connectEvent":{"destinationIpAddress":"203.0.113.7","destinationPort":443,"packageName":"com.example.torch"}},
 {"eventId":"3","eventTime":"2026-11-20T09:05:00Z","eventType":"ADB_SHELL_COMMAND"},
 {"eventId":"4","eventTime":"2026-11-20T09:05:00Z","eventType":"DNS"}]}"#;

#[test]
fn every_layout_of_batches_says_the_same() {
    let standard = base64::engine::general_purpose::STANDARD.encode(BATCH);
    let url_safe = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(BATCH);
    let line = BATCH.replace('\n', "");
    for document in [
        BATCH.to_owned(),
        format!("\u{feff}  {BATCH}\n"),
        format!("[{BATCH}]"),
        format!("{{\"message\":{{\"data\":\"{standard}\",\"messageId\":\"1\"}},\"subscription\":\"s\"}}"),
        format!("{{\"data\":\"{url_safe}\",\"attributes\":{{\"notificationType\":\"USAGE_LOGS\"}}}}"),
        format!("{{\"receivedMessages\":[{{\"ackId\":\"a\",\"message\":{{\"data\":\"{standard}\"}}}}]}}"),
        format!("[{{\"ackId\":\"a\",\"message\":{{\"data\":\"{standard}\"}}}}]"),
        line,
    ] {
        assert!(amapi::sniff(document.as_bytes()), "{document}");
        let mut seen = Seen::default();
        amapi::parse(document.as_bytes(), &mut seen);
        assert_eq!(
            seen.telemetry,
            [
                "2026-11-20T09:00:00.100000Z 3a1b|android|-|-|-|- android_management state Locked",
                "2026-11-20T09:05:00.012345Z 3a1b|android|com.example.torch|-|-|- android_management \
                 tcp 203.0.113.7:443 - from -:- -/- end - - x1",
            ],
            "{document}"
        );
        assert_eq!(seen.ignored, ["android_management:ADB_SHELL_COMMAND"], "{document}");
        assert_eq!(seen.rejects.len(), 1, "{document}");
    }
}

#[test]
fn damage_in_one_message_leaves_the_others() {
    let line = BATCH.replace('\n', "");
    let document = format!(
        "{line}\n{{\"data\" oops}}\n{line}\n{{\"data\":\"###\"}}\n{{\"attributes\":{{\"notificationType\":\"ENROLLMENT\"}},\"data\":\"e30=\"}}\n{{\"x\":1}}\n{{\"device\":"
    );
    let mut seen = Seen::default();
    amapi::parse(document.as_bytes(), &mut seen);
    assert_eq!(seen.telemetry.len(), 4);
    let reasons: Vec<_> = seen.rejects.iter().map(|(line, reason, _)| (*line, *reason)).collect();
    assert_eq!(
        reasons,
        [
            (1, RejectReason::MissingField),
            (2, RejectReason::BadJson),
            (3, RejectReason::MissingField),
            (4, RejectReason::Malformed),
            (7, RejectReason::Truncated),
        ]
    );
    assert!(seen.ignored.contains(&"android_management:ENROLLMENT".to_owned()));
    assert!(seen.ignored.contains(&"android_management:no_usage_log".to_owned()));
    let mut lines = Seen::default();
    for (number, line) in (1..).zip(document.lines()) {
        amapi::parse_line(line.as_bytes(), number, &mut lines);
    }
    assert_eq!(lines.telemetry, seen.telemetry);
}

const HEADER: &str = "IPProto,SrcIP,SrcPort,DstIp,DstPort,UID,App,PackageName,Proto,Status,Info,BytesSent,BytesRcvd,PktsSent,PktsRcvd,FirstSeen,LastSeen";

fn read_csv(text: &str) -> Seen {
    let mut reader = PcapdroidCsv::new();
    check_lines(text, |line, number, seen| reader.parse_line(line, number, seen))
}

#[test]
fn commas_do_not_shift_columns() {
    let seen = read_csv(&format!(
        "{HEADER}\n6,10.215.173.1,4,203.0.113.7,443,10234,Torch, Inc. com.not a package,com.example.torch,TLS,Fermé,c2.example.net,1,2,3,4,2026-11-20T10:05:00.012+01:00,2026-11-20T09:05:01Z\n\
         6,10.215.173.1,4,203.0.113.7,80,-1,?,,HTTP,Active,/a,b?c=d,e,1,2,3,4,2026-11-20T09:05:00.012Z,2026-11-20T09:05:01Z\n\
         ١٧,10.215.173.1,٤,10.215.173.2,٥٣,١٠٢٣٤,Torch,com.example.torch,DNS,مغلق,c2.example.net,١,٢,3,4,٢٠٢٦-١١-٢٠T٠٩:٠٥:٠٠.٠١٢Z,\n"
    ));
    let at = "2026-11-20T09:05:00.012000Z";
    assert_eq!(
        seen.telemetry,
        [
            format!(
                "{at} |android|com.example.torch|Torch, Inc. com.not a package|-|10234 pcapdroid tcp 203.0.113.7:443 c2.example.net from 10.215.173.1:4 tunnel 1/2 end 2026-11-20T09:05:01.000000Z - x1"
            ),
            format!(
                "{at} |android|-|?|-|- pcapdroid tcp 203.0.113.7:80 - from 10.215.173.1:4 tunnel 1/2 end 2026-11-20T09:05:01.000000Z - x1"
            ),
            format!(
                "{at} |android|com.example.torch|Torch|-|10234 pcapdroid udp 10.215.173.2:53 - from 10.215.173.1:4 tunnel 1/2 end - - x1"
            ),
            format!("{at} |android|com.example.torch|Torch|-|10234 pcapdroid lookup c2.example.net []"),
        ]
    );
    assert_eq!(seen.counts(), (4, 0, 0));
}

#[test]
fn older_and_newer_headers_are_read() {
    let old = HEADER.replace("PackageName,", "").replace(",PktsSent,PktsRcvd", "");
    let row = "6,10.215.173.1,4,203.0.113.7,443,10234,Torch, Inc,TLS,Closed,c2.example.net,1,2,2026-11-20T09:05:00Z,2026-11-20T09:05:01Z";
    let seen = read_csv(&format!(
        "{old}\n{row}\n{HEADER},Malicious\n{},yes\n",
        row.replace(" Inc,", " Inc,com.t,").replace(",1,2,", ",1,2,3,4,")
    ));
    assert_eq!(seen.counts(), (2, 0, 0), "{seen:?}");
    assert!(
        seen.telemetry[0].contains("|android|-|Torch, Inc|-|10234 ")
            && seen.telemetry[0].contains(" c2.example.net ")
    );
    assert!(
        seen.telemetry[1].contains("|android|com.t|Torch, Inc|-|10234 ")
            && seen.telemetry[1].contains(" 1/2 end ")
    );
    let seen = read_csv(&format!(
        "{row}\n{HEADER}\n6,1\n{}\n",
        row.replace("203.0.113.7", "c2").replace(" Inc,", " Inc,com.t,").replace(",1,2,", ",1,2,3,4,")
    ));
    let reasons: Vec<_> = seen.rejects.iter().map(|(line, reason, _)| (*line, *reason)).collect();
    assert_eq!(
        reasons,
        [(1, RejectReason::NoHeader), (3, RejectReason::MissingColumns), (4, RejectReason::BadAddress)]
    );
}

fn read_usagestats(text: &str) -> Seen {
    let mut seen = Seen::default();
    usagestats::parse(text.as_bytes(), UtcOffset::parse("+02:00"), &mut seen);
    seen
}

#[test]
fn an_app_stays_in_front_while_one_of_its_screens_is() {
    let line = |time: &str, kind: &str, class: &str| {
        format!(
            "    time=\"2026-09-26 23:10:{time}\" type={kind} package=com.x class={class} instanceId=1 flags=0x0\n"
        )
    };
    let one = line("03", "ACTIVITY_RESUMED", "A");
    let text = format!(
        "{one}{}{}{}{}",
        line("05", "ACTIVITY_PAUSED", "A") + &line("05", "ACTIVITY_RESUMED", "B"),
        line("06", "ACTIVITY_STOPPED", "A"),
        line("09", "2", "B"),
        format!("  Weekly\n{one}") + &line("10", "CONFIGURATION_CHANGE", "B"),
    );
    let seen = read_usagestats(&text);
    let states: Vec<(&str, &str)> =
        seen.telemetry.iter().map(|event| (&event[17..19], event.rsplit(' ').next().unwrap())).collect();
    assert_eq!(
        states,
        [
            ("03", "Foreground"),
            ("05", "Foreground"),
            ("05", "Foreground"),
            ("06", "Foreground"),
            ("09", "Background")
        ]
    );
    assert!(seen.telemetry[0].starts_with("2026-09-26T21:10:03.000000Z |android|com.x|"));
    assert_eq!(seen.ignored, ["usagestats:repeated", "usagestats:CONFIGURATION_CHANGE"]);
}

#[test]
fn local_time_without_a_zone_is_not_guessed() {
    let text = "time=\"2026-09-26 23:10:03\" type=KEYGUARD_SHOWN package=android flags=0x0\n\
                time=1790464203000 type=KEYGUARD_HIDDEN package=android flags=0x0\n";
    let mut seen = Seen::default();
    usagestats::parse(text.as_bytes(), None, &mut seen);
    assert_eq!(seen.counts(), (1, 1, 0));
    assert_eq!(seen.rejects[0].1, RejectReason::BadTimestamp);
    assert_eq!(UtcOffset::parse("-0330").map(UtcOffset::secs), Some(-12_600));
    assert_eq!(UtcOffset::parse("Europe/Berlin"), None);
}

#[test]
fn a_bug_report_gives_states_and_bytes_with_packages() {
    let report = "== dumpstate: 2026-09-27 12:00:00\nDUMP OF SERVICE CRITICAL package:\n  Package [com.x] (1f):\n    userId=10147\n\
        DUMP OF SERVICE usagestats:\n time=\"2026-09-26 23:10:00\" type=SCREEN_INTERACTIVE package=android flags=0x0\n\
        DUMP OF SERVICE netstats:\nXt stats:\n  ident=[{type=1}] uid=-1 set=ALL tag=0x0\n    NetworkStatsHistory: bucketDuration=3600\n      st=1790661600 rb=9 tb=9\n\
        UID stats:\n  ident=[{type=1, wifiNetworkKey=\"a uid=1 set=DEFAULT\"}] uid=1010147 set=FOREGROUND tag=0x0\n    NetworkStatsHistory: bucketDuration=7200000\n      st=1790661600 rb=10 rp=1 tb=20 tp=1 op=0\n      st=x rb=1\n\
        \x20 ident=[{type=1}] uid=-4 set=DEFAULT tag=0x0\n    NetworkStatsHistory: bucketDuration=7200\n      bucketStart=1790661600 rxBytes=1 txBytes=2\n\
        UID tag stats:\n  ident=[] uid=10147 set=DEFAULT tag=0xff\n    NetworkStatsHistory: bucketDuration=7200\n      st=1790661600 rb=5000 tb=1\n\
        DUMP OF SERVICE other:\n time=\"2026-09-26 23:10:00\" type=SCREEN_INTERACTIVE package=android flags=0x0\n";
    let mut seen = Seen::default();
    usagestats::parse(report.as_bytes(), Some(UtcOffset::UTC), &mut seen);
    netstats::parse(report.as_bytes(), &UidMap::from_dump(report.as_bytes()), &mut seen);
    assert_eq!(
        seen.telemetry,
        [
            "2026-09-26T23:10:00.000000Z |android|-|-|-|- usagestats state ScreenOn",
            "2026-09-29T06:00:00.000000Z |android|com.x|-|-|1010147 netstats usage to 2026-09-29T08:00:00.000000Z 20/10 foreground true",
        ]
    );
    assert_eq!(seen.ignored, ["netstats:special_uid"]);
    assert_eq!(seen.rejects.len(), 1);
    assert_eq!(seen.rejects[0].0, 16);
}

#[test]
fn app_privacy_rows_name_apps_and_nothing_else() {
    let seen = check_lines(
        r#"{"_marker":"<metadata>","exportTimestamp":"2026-05-04T00:00:00Z"}
{"domain":"api.example.com","firstTimeStamp":"2021-06-06T16:15:48Z","timeStamp":"2021-06-06T16:15:59.5Z","hits":10,"type":"networkActivity","bundleID":"com.a"}
{"domain":"117.161.74.49","timeStamp":"2021-10-18T08:42:46.449+08:00","type":"networkActivity","bundleID":"com.b"}
{"accessor":{"identifier":"com.a"},"category":"camera","kind":"intervalEnd","timeStamp":"2021-06-06T16:15:48Z","type":"access"}
{"domain":"x","timeStamp":"2021-06-06T16:15:48Z","type":"networkActivity"}"#,
        app_privacy::parse_line,
    );
    assert_eq!(
        seen.telemetry,
        [
            "2021-06-06T16:15:48.000000Z |ios|com.a|-|-|- app_privacy_report other -:- api.example.com from -:- -/- end 2021-06-06T16:15:59.500000Z - x10",
            "2021-10-18T00:42:46.449000Z |ios|com.b|-|-|- app_privacy_report other 117.161.74.49:- - from -:- -/- end 2021-10-18T00:42:46.449000Z - x1",
        ]
    );
    assert_eq!(seen.ignored, ["app_privacy_report:_marker", "app_privacy_report:access"]);
    assert_eq!(seen.rejects.len(), 1);
}
