//! Logs that are well formed and odd: clocks, ids, names, addresses.

use crate::support::{Ended, Rows, START_SECS, scan, scan_with, shell};
use std::fmt::Write as _;
use undertone_core::series::stable_hash;

const TEN_YEARS_SECS: i64 = 10 * 365 * 86_400;

fn scan_text(text: &str) -> Ended {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("conn.log");
    std::fs::write(&path, text).unwrap();
    scan(&[&path])
}

#[test]
fn clocks_that_jump_ten_years() {
    let part = |from_secs, uid| Rows { from_secs, uid, ..Rows::default() }.text();
    let usual = part(START_SECS, "C");
    let jumps =
        usual.clone() + &part(START_SECS + TEN_YEARS_SECS, "D") + &part(START_SECS - TEN_YEARS_SECS, "E");
    let (calm, ended) = (scan_text(&usual), scan_text(&jumps));
    ended.expect(0, 600);
    assert_eq!(ended.summary["sessions"], 600);
    // The days before and after change nothing about the day in the middle but its history.
    let ids = |ended: &Ended| -> Vec<String> {
        let lines = ended.stdout.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        lines.map(|finding| finding["day"].as_str().unwrap().to_owned()).collect()
    };
    for day in ids(&calm) {
        assert!(ids(&ended).contains(&day), "{day} is lost");
    }
}

#[test]
fn the_ends_of_time() {
    for from_secs in [1, 4_294_967_296 - 3600, 253_402_300_799 - 12_000] {
        let ended = scan_text(&Rows { from_secs, ..Rows::default() }.text());
        ended.expect(0, 200);
        assert_eq!(ended.summary["sessions"], 200);
    }
    let beyond = Rows::default().text().replace("\"ts\":17", "\"ts\":99999999999999917");
    let ended = scan_text(&beyond);
    assert_eq!((ended.code, ended.rejected()), (Some(65), 200), "{}", ended.stderr);
}

#[test]
fn ids_that_repeat() {
    // All rows under one id: each is a session of its own, by its time and its port.
    let text = Rows::default().text();
    let mut one_id = String::new();
    for line in text.lines() {
        let (head, tail) = line.split_once(r#""uid":"C"#).unwrap();
        let rest = tail.trim_start_matches(|digit: char| digit.is_ascii_digit());
        writeln!(one_id, r#"{head}"uid":"C{rest}"#).unwrap();
    }
    let (usual, ended) = (scan_text(&text), scan_text(&one_id));
    ended.expect(0, 200);
    assert_eq!(ended.summary["sessions"], usual.summary["sessions"]);
    // A sensor that restarts uses its ids again, for other connections.
    let later = Rows { from_secs: START_SECS + 86_400, server: "198.51.100.3", ..Rows::default() }.text();
    let ended = scan_text(&(text + &later));
    ended.expect(0, 400);
    assert_eq!((&ended.summary["sessions"], &ended.summary["series"]), (&400.into(), &2.into()));
}

#[test]
fn a_fleet_of_ipv6_only() {
    let mut text = String::new();
    for phone in 1..=40 {
        let phone = format!("2001:db8:{phone}::{phone}");
        let uid = format!("C{}x", phone.len());
        text += &Rows { count: 60, phone: &phone, server: "2606:4700::1111", uid: &uid, ..Rows::default() }
            .text();
    }
    let ended = scan_text(&text);
    ended.expect(0, 2400);
    assert_eq!((&ended.summary["devices"], &ended.summary["sessions"]), (&40.into(), &2400.into()));
}

#[test]
fn names_of_65_kilobytes() {
    let mut text = Rows::default().text();
    for row in 0..200 {
        writeln!(
            text,
            r#"{{"_path":"dns","ts":{}.5,"uid":"D{row}","id.orig_h":"10.20.0.7","id.orig_p":5000,"id.resp_h":"10.20.0.1","id.resp_p":53,"proto":"udp","query":"{}{row}.evil.example","qtype":16,"rcode":0,"answers":["TXT {}"]}}"#,
            START_SECS + row,
            "a".repeat(65_000),
            "b".repeat(65_000)
        )
        .unwrap();
    }
    let ended = scan_text(&text);
    ended.expect(0, 400);
    let longest = ended.stdout.lines().map(str::len).max().unwrap_or(0);
    assert!(longest < 100_000, "a finding carries {longest} bytes");
}

/// A DNS message of 65,535 bytes over TCP, as long as its length field allows: each answer's name is a pointer to the
/// one before, and the last one to itself.
#[test]
fn a_dns_message_as_long_as_it_can_be() {
    let mut message = b"\0\x07\x81\x80\0\x01\x0f\xff\0\0\0\0\x01a\x07example\0\0\x10\0\x01".to_vec();
    let mut before = 12_u16;
    while message.len() + 12 + 255 < 65_535 {
        let here = u16::try_from(message.len()).unwrap();
        message.extend((0xc000 | before.min(0x3fff)).to_be_bytes());
        // TXT, IN, a minute, 241 bytes of text.
        message.extend([0, 16, 0, 1, 0, 0, 0, 60, 0, 241, 240]);
        message.resize(message.len() + 240, b'x');
        before = here;
    }
    let last = u16::try_from(message.len()).unwrap();
    message.extend((0xc000 | (last & 0x3fff)).to_be_bytes());
    message.resize(65_535, 0xff);

    let mut capture =
        vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 101, 0, 0, 0];
    let mut segment = |is_back: bool, seq: u32, ack: u32, flags: u8, data: &[u8]| {
        let ends = if is_back { [203, 0, 113, 53, 10, 0, 0, 7] } else { [10, 0, 0, 7, 203, 0, 113, 53] };
        let ports = if is_back { [0, 53, 0xc0, 0] } else { [0xc0, 0, 0, 53] };
        let numbers = [seq.to_be_bytes(), ack.to_be_bytes()].concat();
        let tcp = [&ports[..], &numbers, &[0x50, flags, 0xff, 0xff, 0, 0, 0, 0], data].concat();
        let total = u16::try_from(20 + tcp.len()).unwrap().to_be_bytes();
        let ip = [&[0x45, 0][..], &total, &[0, 1, 0x40, 0, 64, 6, 0, 0], &ends, &tcp].concat();
        let size = u32::try_from(ip.len()).unwrap().to_le_bytes();
        let at = u32::try_from(START_SECS).unwrap().to_le_bytes();
        capture.extend([&at[..], &seq.to_le_bytes()[..2], &[0, 0], &size, &size, &ip].concat());
    };
    segment(false, 1, 0, 2, b"");
    segment(true, 1, 2, 0x12, b"");
    let query = b"\0\x07\x01\0\0\x01\0\0\0\0\0\0\x01a\x07example\0\0\x10\0\x01";
    let asked = [&u16::try_from(query.len()).unwrap().to_be_bytes()[..], query].concat();
    segment(false, 2, 2, 0x18, &asked);
    let answer = [&[0xff, 0xff][..], &message].concat();
    let mut seq = 2;
    for part in answer.chunks(1400) {
        segment(true, seq, 2 + u32::try_from(asked.len()).unwrap(), 0x18, part);
        seq += u32::try_from(part.len()).unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("long.pcap");
    std::fs::write(&path, &capture).unwrap();
    let good = folder.path().join("conn.log");
    std::fs::write(&good, Rows::default().text()).unwrap();
    let ended = scan(&[&path, &good]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    // The session and the lookup, beside the rows of the log.
    assert!(ended.accepted() >= 202, "{}", ended.accepted());
    let longest = ended.stdout.lines().map(str::len).max().unwrap_or(0);
    assert!(longest < 100_000, "a finding carries {longest} bytes");
}

/// Many names, and names made to meet in hash tables that are keyed by nothing secret: equal lengths, one
/// character apart. The beacon among them must stay.
#[test]
fn floods_of_names_do_not_hide_a_series() {
    let mut text = Rows { count: 300, ..Rows::default() }.text();
    for row in 0..60_000 {
        writeln!(
            text,
            r#"{{"_path":"ssl","ts":{}.5,"uid":"S{row}","id.orig_h":"10.20.0.7","id.orig_p":{},"id.resp_h":"198.18.{}.{}","id.resp_p":443,"server_name":"{:016x}.{:05}.example"}}"#,
            START_SECS + row % 18_000,
            1024 + row % 60_000,
            row / 250,
            row % 250,
            row * 65_536,
            row
        )
        .unwrap();
    }
    let ended = scan_text(&text);
    ended.expect(0, 60_300);
    assert!(ended.stdout.contains("203.0.113.9"), "the flood hides the beacon: {}", ended.stderr);
}

/// The number by which traffic of a large phone is divided is no secret (`undertone_core::series::stable_hash`): whoever
/// chooses names can choose those that share its low bits with the beacon's. They are no reason to leave the beacon out.
#[test]
fn names_chosen_to_share_a_hash_do_not_crowd_a_beacon_out() {
    const NAMES: usize = 70;
    const ROWS_OF_NAME: usize = 300;
    let beacon = Rows { count: 300, every_secs: 30, ..Rows::default() };
    let address: std::net::Ipv4Addr = beacon.server.parse().unwrap();
    let low_bits = |bytes: &[u8]| stable_hash(bytes) & 0xffff;
    let target = low_bits(&address.octets());
    let names: Vec<String> = (0..u64::MAX)
        .map(|number| format!("{number:x}-flood.com"))
        .filter(|name| low_bits(name.as_bytes()) == target)
        .take(NAMES)
        .collect();
    let mut text = beacon.text();
    // All after the beacon: of records that are too many the oldest go.
    let from = START_SECS + 300 * 30 + 60;
    for row in 0..NAMES * ROWS_OF_NAME {
        let at = from + i64::try_from(row).unwrap() * 30_000 / 21_000;
        let (name, port) = (&names[row % NAMES], 1024 + row % 60_000);
        let (uid, server) = (format!("F{row}"), format!("198.18.0.{}", row % 250));
        writeln!(
            text,
            r#"{{"_path":"conn","ts":{at}.{row:06},"uid":"{uid}","id.orig_h":"{}","id.orig_p":{port},"id.resp_h":"{server}","id.resp_p":443,"proto":"tcp","service":"ssl","duration":0.5,"orig_bytes":{},"resp_bytes":900,"conn_state":"SF"}}
{{"_path":"ssl","ts":{at}.{row:06},"uid":"{uid}","id.orig_h":"{}","id.orig_p":{port},"id.resp_h":"{server}","id.resp_p":443,"server_name":"{name}"}}"#,
            beacon.phone,
            row % 3000,
            beacon.phone
        )
        .unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("conn.log");
    std::fs::write(&path, text).unwrap();
    let ended = scan_with("", &["--memory", "64M"], &[&path]);
    ended.expect(0, 300 + 2 * (NAMES * ROWS_OF_NAME) as u64);
    let found = ended.stdout.lines().find(|line| line.contains(beacon.server));
    let Some(found) = found else { panic!("the beacon is hidden: {}", ended.stderr) };
    let found: serde_json::Value = serde_json::from_str(found).unwrap();
    assert_eq!(found["events"], 300, "{}", ended.stderr);
    assert!(!ended.stderr.contains("too many of them to one destination"), "{}", ended.stderr);
}

/// One line without an end, binary junk behind a good row, nothing at all: bounded, counted, and the good rows kept.
#[test]
fn lines_without_end_and_junk() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("conn.log");
    let good = Rows::default().text();
    let endless = format!("{{\"_path\":\"conn\",\"ts\":1.5,\"x\":\"{}\"}}\n", "a".repeat(100_000_000));
    std::fs::write(&path, endless.clone() + &good).unwrap();
    // Address space for the line ten times over would be too much.
    let ended = scan_with("ulimit -v 900000;", &[], &[&path]);
    ended.expect(0, 200);
    assert_eq!(ended.summary["rows_rejected"]["line_too_long"], 1, "{}", ended.summary);
    assert_eq!(ended.summary["bytes"], (endless.len() + good.len()) as u64);

    let mut junk = good.clone().into_bytes();
    let mut state = 7_u64;
    junk.extend((0..20_000_000).map(|_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        state.to_be_bytes()[0]
    }));
    std::fs::write(&path, &junk).unwrap();
    let ended = scan_with("ulimit -v 900000;", &[], &[&path]);
    ended.expect(3, 200);
    assert!(ended.rejected() > 10_000, "{}", ended.stderr);

    std::fs::write(&path, &junk[good.len()..]).unwrap();
    let ended = scan(&[&path]);
    assert_eq!(ended.code, Some(65), "{}", ended.stderr);
    std::fs::write(&path, "").unwrap();
    let ended = scan(&[&path]);
    ended.expect(0, 0);
    assert!(ended.stderr.contains("empty"), "{}", ended.stderr);
}

/// Rows that are rejected here and there are read; an input of which most or all are is not, whatever else was given.
#[test]
fn an_input_of_mostly_bad_rows_is_read_in_part() {
    let folder = tempfile::tempdir().unwrap();
    let (good, bad) = (folder.path().join("conn.log"), folder.path().join("bad.log"));
    let rows = Rows::default().text();
    std::fs::write(&good, &rows).unwrap();
    let spoilt = |of_ten: usize| -> String {
        let lines = rows.lines().enumerate().map(|(row, line)| {
            let at = if row % 10 < of_ten { "\"ts\":\"x" } else { "\"ts\":\"17" };
            format!("{}\n", line.replace("\"ts\":17", at).replace(".25,\"uid\":\"C", ".25\",\"uid\":\"D"))
        });
        lines.collect::<Vec<_>>().concat()
    };
    for (of_ten, code, accepted, said) in [
        (5, 0, 300, None),
        (6, 3, 280, Some("120 of 200 rows rejected")),
        (10, 3, 200, Some("none of its rows could be used, 200 rejected")),
    ] {
        std::fs::write(&bad, spoilt(of_ten)).unwrap();
        let ended = scan(&[&good, &bad]);
        ended.expect(code, accepted);
        let partial = ended.summary["partial"].as_array().unwrap();
        let reasons: Vec<&str> = partial.iter().map(|file| file["reason"].as_str().unwrap()).collect();
        assert_eq!(reasons, said.into_iter().collect::<Vec<_>>());
        assert_eq!(ended.stderr.contains("read in part"), said.is_some(), "{}", ended.stderr);
    }
}

/// Two feeds in one pipe: what began is read, what the other is is said, with its count, and the code says that part of
/// the input was not read, however small the part.
#[test]
fn another_format_behind_the_first_is_named() {
    let conn = Rows { count: 30, ..Rows::default() }.text();
    let told = r#"{"kind":"state","ts":1777874400,"device_id":"d-1","platform":"android","state":"locked"}"#;
    let told = format!("{told}\n").repeat(20);
    for (text, accepted, said) in [
        (conn.clone() + &told, 30, "of mobile EDR, in an input that began as Zeek JSON"),
        (told.repeat(2) + &conn, 40, "of Zeek JSON, in an input that began as mobile EDR"),
    ] {
        let ended = scan_text(&text);
        ended.expect(3, accepted);
        assert!(ended.stderr.contains(said), "{}", ended.stderr);
        assert!(ended.summary["rejected_examples"].to_string().contains(said), "{}", ended.summary);
    }
    let lines: Vec<&str> = told.lines().take(1).collect();
    let ended = scan_text(&(conn.clone() + &lines.join("\n") + "\n" + &conn.replace("\"C", "\"D")));
    ended.expect(3, 60);
    let partial = &ended.summary["partial"][0]["reason"];
    assert_eq!(partial, "began as Zeek JSON, and rows of mobile EDR (from line 31 on) were rejected");
}

#[test]
fn captures_and_logs_that_end_in_the_middle() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cut.pcap");
    // A pcap header (Ethernet, microseconds) and half of a packet.
    let mut bytes = vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0];
    bytes.extend([0, 0, 0, 0, 0, 0, 0, 0, 60, 0, 0, 0, 60, 0, 0, 0, 1, 2, 3]);
    std::fs::write(&path, &bytes).unwrap();
    let good = folder.path().join("conn.log");
    std::fs::write(&good, Rows::default().text()).unwrap();
    let ended = scan(&[&path, &good]);
    ended.expect(3, 200);
    // Frames of a radio: refused with advice, and no usable input.
    bytes[20] = 105;
    bytes.truncate(24);
    bytes.extend([0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 3, 0, 0, 0, 1, 2, 3]);
    std::fs::write(&path, &bytes).unwrap();
    let ended = scan_with("", &[], &[&path]);
    assert_eq!((ended.code, ended.rejected()), (Some(65), 1), "{}", ended.stderr);
    assert!(ended.stderr.contains("802.11"), "{}", ended.stderr);
}

/// A device that never ends, named where a file belongs.
#[test]
fn files_without_an_end_are_refused_within_memory() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("conn.log");
    std::fs::write(&log, Rows::default().text()).unwrap();
    let (log, zero) = (log.to_str().unwrap(), "/dev/zero");
    let commands: [&[&str]; 10] = [
        &["scan", log, "--config", zero],
        &["scan", log, "--apps", zero],
        &["scan", log, "--baseline", zero],
        &["scan", log, "--suppress", zero],
        &["eval", log, "--truth", zero],
        &["tune", log, "--set", "payload_symmetry_threshold=0.4", "--no-cache", "--truth", zero],
        &["suppress", "list", "--file", zero],
        &["convert", "--in", zero],
        &["check", zero],
        &["baseline", "show", zero],
    ];
    for args in commands {
        let output = shell("ulimit -v 1000000; ", args).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(matches!(output.status.code(), Some(65 | 78)), "{args:?}: {said}");
        assert!(said.contains("is over") || said.contains("line longer"), "{args:?}: {said}");
    }
}
