//! Hand-written lines of each Zeek log, and what must become of them.

mod common;

use common::{Check, Tally};
use undertone_core::model::{ConnState, Exchange, ExchangeKind, Record, Report, Session, Transport};
use undertone_wire::{RejectReason, zeek};

const IDS: &str = "ts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p";
const ID: &str = "1777852991.120000\tCk2yB4\t10.20.0.7\t49152\t203.0.113.9\t443";
const JSON_ID: &str = r#""ts":1777852991.120000,"uid":"Ck2yB4","id.orig_h":"10.20.0.7","id.orig_p":49152,"id.resp_h":"203.0.113.9","id.resp_p":443"#;

fn header(path: &str, fields: &str) -> zeek::Header {
    let path = if path.is_empty() { String::new() } else { format!("#path\t{path}\n") };
    let block = format!("#separator \\x09\n{path}#fields\t{IDS}\t{fields}\n");
    let Some(header) = zeek::Header::parse(block.as_bytes()) else { panic!("{block}") };
    header
}

fn read(path: &str, fields: &str, row: &str) -> Tally {
    let mut tally = Tally::default();
    zeek::parse_row(&header(path, fields), row.as_bytes(), 7, &mut tally);
    assert_eq!(tally.rows(), 1, "{row}");
    tally
}

/// Runs `check` on the record of a row, with and without the log's `#path`.
fn check_row(path: &str, fields: &str, row: &str, check: impl Fn(&Record<'_>)) {
    for path in [path, ""] {
        let mut sink = Check { check: &check, records: 0 };
        zeek::parse_row(&header(path, fields), format!("{ID}\t{row}").as_bytes(), 7, &mut sink);
        assert_eq!(sink.records, 1, "{path}");
    }
}

/// Runs `check` on the record of a JSON line with `members` after the identity.
fn check_json(members: &str, check: impl Fn(&Record<'_>)) {
    let mut sink = Check { check, records: 0 };
    zeek::json::parse_line(format!("{{{JSON_ID},{members}}}").as_bytes(), 7, &mut sink);
    assert_eq!(sink.records, 1, "{members}");
}

fn session<'r, 'a>(record: &'r Record<'a>) -> &'r Session<'a> {
    let Record::Session(session) = record else { panic!("{record:?}") };
    session
}

fn exchange<'r, 'a>(record: &'r Record<'a>, kind: ExchangeKind) -> &'r Exchange<'a> {
    let Record::Exchange(exchange) = record else { panic!("{record:?}") };
    assert_eq!(exchange.kind, kind);
    assert_eq!(exchange.uid, "Ck2yB4");
    assert_eq!(exchange.at.micros(), 1_777_852_991_120_000);
    assert_eq!(exchange.orig.to_string(), "10.20.0.7:49152");
    exchange
}

const CONN: &str = "proto\tservice\tduration\torig_bytes\tresp_bytes\tconn_state\tlocal_orig\tlocal_resp\thistory\torig_pkts\tresp_pkts\torig_l2_addr";

#[test]
fn conn_is_a_session() {
    check_row(
        "conn",
        CONN,
        "tcp\tssl\t1.5\t10\t20\tRSTO\tT\tF\tShADadR\t3\t4\t02:00:00:00:00:01",
        |record| {
            let session = session(record);
            assert_eq!((session.uid, session.start.micros()), ("Ck2yB4", 1_777_852_991_120_000));
            assert_eq!(session.duration_micros, Some(1_500_000));
            assert_eq!(session.resp.to_string(), "203.0.113.9:443");
            assert_eq!((session.transport, session.service), (Transport::Tcp, Some("ssl")));
            assert_eq!((session.orig_bytes, session.resp_bytes), (Some(10), Some(20)));
            assert_eq!((session.orig_pkts, session.resp_pkts), (None, None), "nothing looks at them");
            assert_eq!((session.state, session.handshake), (ConnState::Reset, Some(true)));
            assert_eq!((session.local_orig, session.local_resp), (Some(true), Some(false)));
            assert_eq!(session.orig_l2.unwrap().to_string(), "02:00:00:00:00:01");
            assert_eq!(session.report, Report::Final);
        },
    );
}

#[test]
fn what_conn_does_not_say_is_none() {
    check_row("conn", CONN, "tcp\t-\t-\t-\t-\tOTH\t-\t-\tDadA\t-\t-\t-", |record| {
        let session = session(record);
        assert_eq!((session.service, session.duration_micros), (None, None));
        assert_eq!((session.orig_bytes, session.orig_pkts, session.local_orig), (None, None, None));
        assert_eq!((session.state, session.handshake), (ConnState::Midstream, Some(false)));
    });
    check_row("conn", CONN, "icmp\t-\t-\t0\t(empty)\tOTH\t-\t-\t-\t-\t-\t-", |record| {
        let session = session(record);
        assert_eq!((session.transport, session.handshake), (Transport::Icmp, None));
        assert_eq!((session.orig.port, session.resp.port), (0, 0));
        assert_eq!((session.orig_bytes, session.resp_bytes), (Some(0), None));
    });
}

/// Where it did, a block of rows was one row, and a comment.
#[test]
fn a_line_end_separates_no_columns() {
    for separator in ["\\x0a", "\\x0d"] {
        let block =
            format!("#separator {separator}\n#path\tconn\n#fields\t{IDS}\tproto\n{ID}\ttcp\n{ID}\tudp\n");
        let header = zeek::Header::parse(block.as_bytes()).unwrap();
        let mut tally = Tally::default();
        zeek::parse_rows(&header, block.as_bytes(), 1, &mut tally);
        assert_eq!(tally.rows(), 2, "{separator}");
    }
}

#[test]
fn an_open_connection_is_not_final() {
    let row = format!("{ID}\ttcp");
    let mut sink =
        Check { check: |record: &Record<'_>| assert_eq!(session(record).report, Report::Open), records: 0 };
    zeek::parse_row(&header("open_conn", "proto"), row.as_bytes(), 1, &mut sink);
    assert_eq!(sink.records, 1);
}

#[test]
fn conn_json_takes_every_spelling() {
    let same = |line: &str| {
        let mut tally = Tally::default();
        zeek::json::parse_line(line.as_bytes(), 1, &mut tally);
        assert_eq!(tally.records.len(), 1, "{line} {tally:?}");
        tally.records.remove(0)
    };
    let first =
        same(&format!(r#"{{{JSON_ID},"proto":"tcp","conn_state":"SF","duration":1.5,"orig_bytes":10}}"#));
    for line in [
        r#"{"_path":"conn","ts":"2026-05-04T00:03:11.120000Z","uid":"Ck2yB4","id.orig_h":"10.20.0.7","id.orig_p":49152,"id.resp_h":"203.0.113.9","id.resp_p":443,"proto":"tcp","conn_state":"SF","duration":1.5,"orig_bytes":10}"#,
        r#"{"@stream":"conn","@system":"x","ts":"1777852991.12","uid":"Ck2yB4","id_orig_h":"10.20.0.7","id_orig_p":"49152","id_resp_h":"203.0.113.9","id_resp_p":443,"proto":"TCP","conn_state":"SF","duration":"1.5","orig_bytes":10.0,"unknown":{"a":[1,{}]}}"#,
        r#"{"_path":"conn","ts":"2026-05-04T00:03:11.12Z","uid":"Ck2yB4","id":{"orig_h":"10.20.0.7","orig_p":49152,"resp_h":"203.0.113.9","resp_p":443,"x":1},"proto":"tcp","conn_state":"SF","duration":1.5,"orig_bytes":10}"#,
        r#" { "ts" : 1777852991120 , "uid":"Ck2y\u00424","id.orig_h":"::ffff:10.20.0.7","id.orig_p":49152,"id.resp_h":"203.0.113.9","id.resp_p":443,"proto":"tcp","conn_state":"SF","duration":1.50000000001,"orig_bytes":10,"resp_bytes":null} "#,
    ] {
        assert_eq!(same(line), first, "{line}");
    }
}

#[test]
fn http_names_the_target_of_a_proxy() {
    let fields = "method\thost\turi\tuser_agent\trequest_body_len\tresponse_body_len\tstatus_code";
    check_row("http", fields, "GET\ta.example:8080\t/p?q=1\tA\\x09B\t0\t178\t200", |record| {
        let http = exchange(record, ExchangeKind::Http);
        assert_eq!((http.host, http.path, http.is_proxied), (Some("a.example"), Some("/p?q=1"), false));
        assert_eq!((http.method, http.user_agent, http.status), (Some("GET"), Some("A\tB"), Some(200)));
        assert_eq!((http.orig_bytes, http.resp_bytes), (Some(0), Some(178)));
    });
    check_row("http", fields, "CONNECT\t-\tb.example:443\t-\t0\t0\t200", |record| {
        let http = exchange(record, ExchangeKind::Http);
        assert_eq!((http.host, http.path, http.is_proxied), (Some("b.example"), None, true));
    });
}

#[test]
fn ssl_and_quic_are_handshakes() {
    let fields = "version\tcipher\tserver_name\tnext_protocol\testablished\tsubject\tissuer\tvalidation_status\tja3\tja4";
    check_row("ssl", fields, "TLSv12\tX\tcdn.example.net\th2\tT\tCN=a\tCN=b\tok\tj3\tj4", |record| {
        let tls = exchange(record, ExchangeKind::Tls);
        assert_eq!(
            (tls.host, tls.alpn, tls.transport),
            (Some("cdn.example.net"), Some("h2"), Transport::Tcp)
        );
        assert_eq!((tls.ja3, tls.ja4, tls.is_cert_valid), (Some("j3"), Some("j4"), Some(true)));
        assert_eq!((tls.subject, tls.issuer), (Some("CN=a"), Some("CN=b")));
    });
    check_row("ssl", fields, "TLSv13\tX\t-\th3\tF\t-\t-\tself signed certificate\t-\t-", |record| {
        let tls = exchange(record, ExchangeKind::Tls);
        assert_eq!((tls.host, tls.transport, tls.is_cert_valid), (None, Transport::Udp, Some(false)));
    });
    check_row(
        "quic",
        "version\tclient_initial_dcid\tserver_name\tclient_protocol",
        "1\tab\ta.example\th3",
        |record| {
            let quic = exchange(record, ExchangeKind::Quic);
            assert_eq!(
                (quic.host, quic.alpn, quic.transport),
                (Some("a.example"), Some("h3"), Transport::Udp)
            );
        },
    );
}

#[test]
fn dns_has_type_code_and_answers() {
    let fields = "proto\tquery\tqtype\tqtype_name\trcode\trcode_name\tanswers";
    check_row("dns", fields, "udp\ta.example\t28\tAAAA\t0\tNOERROR\tb.example,2001:db8::1", |record| {
        let dns = exchange(record, ExchangeKind::Dns);
        assert_eq!((dns.host, dns.qtype, dns.rcode), (Some("a.example"), Some(28), Some(0)));
        assert_eq!((dns.answers, dns.transport), (Some("b.example,2001:db8::1"), Transport::Udp));
    });
    check_row("dns", fields, "tcp\ta.example\t-\tTXT\t-\tNXDOMAIN\t(empty)", |record| {
        let dns = exchange(record, ExchangeKind::Dns);
        assert_eq!((dns.qtype, dns.rcode, dns.answers), (Some(16), Some(3), None));
        assert_eq!(dns.transport, Transport::Tcp);
    });
    check_json(r#""proto":"udp","query":"a.example","qtype":16,"answers":["TXT 3 a\"b","c"]"#, |record| {
        assert_eq!(exchange(record, ExchangeKind::Dns).answers, Some("TXT 3 a\"b,c"));
    });
}

#[test]
fn command_protocols_give_command_and_argument() {
    check_row("smtp", "helo\tmailfrom\tuser_agent", "h\ta@b\tMailer", |record| {
        let smtp = exchange(record, ExchangeKind::Smtp);
        assert_eq!((smtp.method, smtp.user_agent, smtp.host), (Some("MAIL"), Some("Mailer"), None));
    });
    check_row("ftp", "user\tcommand\targ\treply_code", "u\tRETR\tftp://a/b\t226", |record| {
        let ftp = exchange(record, ExchangeKind::Ftp);
        assert_eq!((ftp.method, ftp.path, ftp.status), (Some("RETR"), Some("ftp://a/b"), Some(226)));
    });
    check_row("irc", "nick\tuser\tcommand\tvalue", "n\tu\tJOIN\t#room", |record| {
        let irc = exchange(record, ExchangeKind::Irc);
        assert_eq!((irc.method, irc.path), (Some("JOIN"), Some("#room")));
    });
    check_row("mqtt_publish", "from_client\ttopic\tpayload_len", "T\tup/1\t33", |record| {
        let mqtt = exchange(record, ExchangeKind::Mqtt);
        assert_eq!((mqtt.method, mqtt.path), (Some("publish"), Some("up/1")));
        assert_eq!((mqtt.orig_bytes, mqtt.resp_bytes), (Some(33), None));
    });
    check_row("mqtt_subscribe", "action\ttopics", "MQTT::SUBSCRIBE\tdown/1", |record| {
        let mqtt = exchange(record, ExchangeKind::Mqtt);
        assert_eq!((mqtt.method, mqtt.path), (Some("subscribe"), Some("down/1")));
    });
    check_row("mqtt_connect", "proto_name\tclient_id\tconnect_status", "MQTT\tc\tok", |record| {
        assert_eq!(exchange(record, ExchangeKind::Mqtt).method, Some("connect"));
    });
    check_row("websocket", "host\turi\tuser_agent\tsubprotocol", "a.example\t/ws\tUA\tchat", |record| {
        let socket = exchange(record, ExchangeKind::WebSocket);
        assert_eq!((socket.host, socket.path), (Some("a.example"), Some("/ws")));
    });
}

#[test]
fn ntp_counts_requests_only() {
    check_row("ntp", "version\tmode", "4\t3", |record| {
        assert_eq!(exchange(record, ExchangeKind::Ntp).transport, Transport::Udp);
    });
    let answer = read("ntp", "version\tmode", &format!("{ID}\t4\t4"));
    assert_eq!(answer.ignored.get("ntp answer"), Some(&1));
}

#[test]
fn dhcp_is_a_lease_when_acknowledged() {
    let line = |types: &str| {
        format!(
            r#"{{"ts":100.5,"uids":["C1"],"client_addr":"0.0.0.0","assigned_addr":"10.20.0.9","mac":"02:00:00:00:00:09","host_name":"phone","lease_time":600.0,"msg_types":[{types}]}}"#
        )
    };
    let check = |record: &Record<'_>| {
        let Record::Lease(lease) = record else { panic!("{record:?}") };
        assert_eq!(lease.addr, "10.20.0.9".parse().ok());
        assert_eq!(lease.mac.unwrap().to_string(), "02:00:00:00:00:09");
        assert_eq!(lease.from.unwrap().micros(), 100_500_000);
        assert_eq!(lease.to.unwrap().micros(), 700_500_000);
        assert_eq!(lease.host_name, Some("phone"));
    };
    let mut sink = Check { check, records: 0 };
    zeek::json::parse_line(line(r#""REQUEST","ACK""#).as_bytes(), 1, &mut sink);
    assert_eq!(sink.records, 1);
    let mut tally = Tally::default();
    zeek::json::parse_line(line(r#""DISCOVER","OFFER""#).as_bytes(), 1, &mut tally);
    assert_eq!(tally.ignored.get("dhcp without ack"), Some(&1));
    // Infinite, as old logs print it: no end.
    let row = format!("{ID}\t02:00:00:00:00:09\t10.20.0.9\t4.294967e+09");
    let mut sink = Check {
        check: |record: &Record<'_>| {
            let Record::Lease(lease) = record else { panic!("{record:?}") };
            assert_eq!(lease.to, None);
        },
        records: 0,
    };
    zeek::parse_row(&header("dhcp", "mac\tassigned_ip\tlease_time"), row.as_bytes(), 1, &mut sink);
    assert_eq!(sink.records, 1);
}

#[test]
fn damage_is_rejected_by_reason() {
    let reason = |row: &str| read("conn", "proto\torig_bytes", row).rejects.into_keys().next();
    for (row, expected) in [
        (format!("{ID}\ttcp"), RejectReason::MissingColumns),
        ("1777852991.12\tCk2".to_owned(), RejectReason::MissingColumns),
        (format!("{ID}\ttcp\t1\t2"), RejectReason::Malformed),
        (format!("{ID}\ttcp\t-1"), RejectReason::BadNumber),
        (ID.replace("49152", "99999") + "\ttcp\t1", RejectReason::BadNumber),
        (ID.replace("1777852991.120000", "1e999") + "\ttcp\t1", RejectReason::BadTimestamp),
        (ID.replace("1777852991.120000", "-") + "\ttcp\t1", RejectReason::MissingField),
        (ID.replace("10.20.0.7", "10.20.0.700") + "\ttcp\t1", RejectReason::BadAddress),
        (ID.replace("203.0.113.9", "-") + "\ttcp\t1", RejectReason::MissingField),
    ] {
        assert_eq!(reason(&row), Some(expected), "{row}");
    }
    let mut tally = Tally::default();
    let bytes = [ID.as_bytes(), b"\tt\xffp\t1"].concat();
    zeek::parse_row(&header("conn", "proto\torig_bytes"), &bytes, 1, &mut tally);
    assert_eq!(tally.rejects.get(&RejectReason::NotUtf8), Some(&1));
    // NULs and odd names of a transport harm nobody.
    assert_eq!(read("conn", "proto\torig_bytes", &format!("{ID}\tt\0p\t1")).records.len(), 1);
}

#[test]
fn json_damage_is_rejected_by_reason() {
    for (line, expected) in [
        (r#"{"ts":1"#.to_owned(), RejectReason::BadJson),
        ("plain".to_owned(), RejectReason::BadJson),
        ("[]".to_owned(), RejectReason::BadJson),
        ("{}".to_owned(), RejectReason::MissingField),
        (
            format!(r#"{{"_path":"conn",{JSON_ID},"deep":{}{}}}"#, "[".repeat(100_000), "]".repeat(100_000)),
            RejectReason::TooDeep,
        ),
        (format!(r#"{{"_path":"conn",{JSON_ID},"orig_bytes":1e999}}"#), RejectReason::BadNumber),
        (
            format!(r#"{{"_path":"conn",{},"a":1}}"#, JSON_ID.replace("1777852991.120000", "1e999")),
            RejectReason::BadTimestamp,
        ),
        (r#"{"_path":"conn","uid":"C"}"#.to_owned(), RejectReason::MissingField),
    ] {
        let mut tally = Tally::default();
        zeek::json::parse_line(line.as_bytes(), 3, &mut tally);
        assert_eq!(tally.rejects.keys().collect::<Vec<_>>(), [&expected], "{}", &line[..line.len().min(200)]);
        assert_eq!(tally.rows(), 1);
    }
}

#[test]
fn headers_are_read_with_what_they_have() {
    assert!(zeek::Header::parse(b"#path\tconn\n1\t2").is_none());
    assert!(zeek::Header::parse(b"").is_none());
    let weird = zeek::Header::parse(b"#path\tweird\n#fields\tts\tuid\tname\n").unwrap();
    assert_eq!((weird.name(), weird.is_read()), ("weird", false));
    // Another separator, Windows line ends, other marks for absent fields.
    let block = b"#separator \\x2c\r\n#unset_field,NA\r\n#path,conn\r\n#fields,ts,id.orig_h,id.resp_h,proto,orig_bytes\r\n";
    let header = zeek::Header::parse(block).unwrap();
    let mut sink = Check {
        check: |record: &Record<'_>| {
            let session = session(record);
            assert_eq!((session.orig_bytes, session.orig.port, session.uid), (None, 0, ""));
        },
        records: 0,
    };
    zeek::parse_row(&header, b"1.5,10.0.0.1,10.0.0.2,tcp,NA\r\n", 1, &mut sink);
    assert_eq!(sink.records, 1);
    // Comments and empty lines are no rows.
    let mut tally = Tally::default();
    zeek::parse_row(&header, b"#close,x\r\n", 1, &mut tally);
    zeek::parse_row(&header, b"\n", 1, &mut tally);
    assert_eq!(tally.rows(), 0);
}

#[test]
fn inputs_are_known_by_content() {
    assert!(zeek::sniff(b"#separator \\x09\n"));
    assert!(zeek::sniff(b"### a comment\n#fields\tts\n"));
    assert!(zeek::sniff(b"\xef\xbb\xbf\t#separator \\x09\n") && zeek::sniff(b"\n\n#fields\tts\n"));
    assert!(!zeek::sniff(b"# notes\nts\n"));
    assert!(zeek::json::sniff(br#"{"ts":1.5,"uid":"C1","id.orig_h":"10."#));
    assert!(zeek::json::sniff(br#"{"_path":"stats","ts":"2026-05-04T00:00:00Z"}"#));
    for other in [
        &br#"{"kind":"connection","ts":"2026-05-04T00:00:00Z","device_id":"d","uid":10}"#[..],
        br#"{"dns_event":{"event_time":1}}"#,
        br#"{"timestamp":"x","event_type":"dns","flow_id":1}"#,
        br#"{"bundleID":"a","timeStamp":"x"}"#,
        b"ts,uid\n",
        b"",
    ] {
        assert!(!zeek::json::sniff(other) && !zeek::sniff(other));
    }
}

/// Lists come to the same whatever stands between their members: in text, or written as `#separator` is.
#[test]
fn the_set_separator_of_the_header_counts() {
    let fields = "proto\tquery\tqtype_name\tanswers";
    for (separator, answers) in [
        (",", "203.0.113.9,a.example"),
        (";", "203.0.113.9;a.example"),
        ("\\x7c", "203.0.113.9|a\\x2eexample"),
    ] {
        let block =
            format!("#separator \\x09\n#set_separator\t{separator}\n#path\tdns\n#fields\t{IDS}\t{fields}\n");
        let Some(header) = zeek::Header::parse(block.as_bytes()) else { panic!("{block}") };
        let check = |record: &Record<'_>| {
            let Record::Exchange(lookup) = record else { panic!("{record:?}") };
            assert_eq!(lookup.answers, Some("203.0.113.9,a.example"), "{separator}");
            assert_eq!(lookup.host, Some("b|;c.example"), "no list");
        };
        let mut sink = Check { check, records: 0 };
        let row = format!("{ID}\tudp\tb|;c.example\tA\t{answers}");
        zeek::parse_row(&header, row.as_bytes(), 7, &mut sink);
        assert_eq!(sink.records, 1, "{separator}");
    }
}

#[test]
fn a_line_ends_in_the_same_place_however_often_it_was_ended() {
    let header = zeek::Header::parse(b"#separator \\x09\n#path\tconn\n#fields\tts\tuid\n").unwrap();
    for line in ["\r\r\r\r", "a\r\r\r\r", "1777852800.0\tC1\r\r\r\r\r", "\r"] {
        let (mut by_block, mut by_row) = (Tally::default(), Tally::default());
        zeek::parse_rows(&header, line.as_bytes(), 1, &mut by_block);
        zeek::parse_row(&header, line.as_bytes(), 1, &mut by_row);
        assert_eq!(format!("{by_block:?}"), format!("{by_row:?}"), "{line:?}");
    }
}
