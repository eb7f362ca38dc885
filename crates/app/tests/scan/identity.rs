//! Which device a record belongs to.

use crate::support::{
    C2_DOMAIN, Logs, PHONES, START_SECS, jsonl, options, phone_addr, run, scan_folder, write,
};

#[test]
fn the_inventory_names_devices() {
    let folder = Logs::fleet().folder();
    let mut rows = vec!["device_id,ip,platform,owner".to_owned()];
    rows.extend((0..PHONES).map(|phone| format!("d-{phone:02},{},ios,", phone_addr(phone))));
    write(&folder.path().join("inventory.csv"), &rows);
    let report = scan_folder(folder.path());
    let alert = report.findings.iter().find(|finding| finding.alert).unwrap();
    assert_eq!(alert.device.id, format!("d-{:02}", PHONES - 1));
    assert_eq!(alert.device.platform.as_str(), "ios");
    assert_eq!(alert.device.addresses, [phone_addr(PHONES - 1).parse::<std::net::IpAddr>().unwrap()]);
    assert_eq!(alert.destination.domain.as_deref(), Some(C2_DOMAIN));
    assert_eq!(report.summary.devices, u64::from(PHONES));
    assert_eq!(report.summary.notes, Vec::<String>::new());
}

#[test]
fn leases_that_contradict_each_other_are_told() {
    let mut logs = Logs::default();
    logs.person(0);
    let folder = logs.folder();
    let rows = [
        "device_id,ip,from,to",
        "d-a,10.20.0.1,2026-05-04T00:00:00Z,2026-05-04T12:00:00Z",
        "d-b,10.20.0.1,2026-05-04T10:00:00Z,2026-05-05T00:00:00Z",
    ];
    write(&folder.path().join("inventory.csv"), &rows.map(str::to_owned));
    let report = scan_folder(folder.path());
    let note = "10.20.0.1 is leased to `d-a` and `d-b` at the same time".to_owned();
    assert_eq!(report.summary.notes, [note]);
    assert_eq!(report.summary.devices, 2, "the later lease holds from 10:00");
}

/// One acknowledged lease a phone, as Zeek writes it.
fn zeek_leases() -> Vec<String> {
    let lease = |phone| {
        format!(
            r#"{{"_path":"dhcp","ts":{START_SECS:.6},"uids":["D{phone}"],"mac":"02:00:00:00:00:{phone:02x}","assigned_addr":"{}","lease_time":86400.0,"msg_types":["REQUEST","ACK"]}}"#,
            phone_addr(phone)
        )
    };
    (0..PHONES).map(lease).collect()
}

/// The same, as Suricata does.
fn eve_leases() -> Vec<String> {
    let lease = |phone| {
        format!(
            r#"{{"timestamp":"2026-05-04T06:00:00.000000+0000","event_type":"dhcp","src_ip":"10.20.0.254","dhcp":{{"type":"reply","dhcp_type":"ack","assigned_ip":"{}","client_mac":"02:00:00:00:00:{phone:02x}","lease_time":86400}}}}"#,
            phone_addr(phone)
        )
    };
    (0..PHONES).map(lease).collect()
}

#[test]
fn leases_count_wherever_they_stand() {
    let logs = Logs::fleet();
    let with = |name: &str, rows: Vec<String>| {
        let folder = logs.folder();
        write(&folder.path().join(name), &rows);
        [1, 3].map(|threads| {
            let mut options = options(&[folder.path().to_owned()]);
            options.threads = threads;
            run(&options)
        })
    };
    let [expected, _] = with("dhcp.log", zeek_leases());
    let alert = expected.findings.iter().find(|finding| finding.alert).unwrap();
    assert_eq!(alert.device.id, format!("02:00:00:00:00:{:02x}", PHONES - 1));
    let before = [zeek_leases(), logs.conn.clone()].concat();
    let behind = [logs.conn.clone(), zeek_leases()].concat();
    for (name, rows) in [("conn.log", before), ("conn.log", behind), ("eve.json", eve_leases())] {
        for report in with(name, rows) {
            assert!(jsonl(&report) == jsonl(&expected), "{name}");
            assert_eq!(report.summary.sessions, expected.summary.sessions);
            assert_eq!(report.summary.rows_accepted, expected.summary.rows_accepted);
        }
    }
}

/// What one phone's agent tells: a connection from its own address every 10 minutes.
fn told_by(phone: u32) -> Vec<String> {
    let told = |number: u32| {
        let at = START_SECS + 600.0 * f64::from(number);
        let addr = phone_addr(phone);
        format!(
            r#"{{"kind":"connection","ts":{at:.6},"device_id":"told-{phone:03}","app_id":"org.example.app","orig_ip":"{addr}","orig_port":40000,"resp_ip":"203.0.113.200","resp_port":443,"transport":"tcp"}}"#
        )
    };
    (0..40).map(told).collect()
}

#[test]
fn which_claims_find_room_does_not_depend_on_threads() {
    let folder = Logs::people(120).folder();
    for phone in 0..120 {
        write(&folder.path().join(format!("edr-{phone:03}.ndjson")), &told_by(phone));
    }
    let mut options = options(&[folder.path().to_owned()]);
    let whole = run(&options);
    let is_short = |note: &String| note.contains("memory");
    assert_eq!(whole.summary.devices, 120);
    assert!(!whole.summary.notes.iter().any(is_short), "{:?}", whole.summary.notes);
    options.memory_bytes = 1 << 20;
    let tight = run(&options);
    let is_told = tight.summary.notes.iter().any(|note| note.contains("first by name"));
    assert!(tight.summary.devices > 120 && is_told, "{:?}", tight.summary.notes);
    for threads in [2, 4] {
        options.threads = threads;
        let other = run(&options);
        assert_eq!(other.summary.devices, tight.summary.devices, "{threads} threads");
        assert!(jsonl(&other) == jsonl(&tight), "{threads} threads");
    }
}

/// Whether files that name no phone are of one, only their owner knows.
#[test]
fn several_files_without_a_phone_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let row = r#"{"type":"networkActivity","bundleID":"com.example","domain":"a.example","firstTimeStamp":"2026-05-04T00:00:00.000Z","timeStamp":"2026-05-05T00:00:00.000Z","hits":3,"initiatedType":"AppInitiated","domainType":2}"#;
    for (files, name) in (1..).zip(["a", "b", "c", "d", "e"]) {
        let text = row.replace("com.example", &format!("com.example.{name}"));
        write(&folder.path().join(format!("{name}.ndjson")), &[text]);
        let report = scan_folder(folder.path());
        assert_eq!(report.summary.devices, 1);
        let notes: Vec<&String> =
            report.summary.notes.iter().filter(|note| note.contains("name no phone")).collect();
        assert_eq!(notes.len(), usize::from(files > 1), "{:?}", report.summary.notes);
        assert!(notes.iter().all(|note| note.starts_with(&format!("{files} files name no phone"))));
        assert!(notes.iter().all(|note| note.contains("a.ndjson, ")));
        assert!(files < 4 || notes[0].contains(&format!("c.ndjson and {} more;", files - 3)), "{notes:?}");
    }
}
