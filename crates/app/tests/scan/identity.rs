//! Which device a record belongs to.

use crate::support::{C2_DOMAIN, Logs, PHONES, phone_addr, scan_folder, write};

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
