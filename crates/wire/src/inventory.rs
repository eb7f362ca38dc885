//! The device inventory: which device held which address, and when.
//!
//! CSV (RFC 4180; `,`, `;` or tab) with a header that names the columns in any order, or YAML as a list of the
//! same fields, alone or under `devices:`. Fields: `device_id, ip, mac, from, to, platform, owner`. Blank is
//! unknown, for times open. A row needs a device or a MAC address; a row without address says which platform a
//! device has and whose it is. Times are RFC 3339, an epoch number, or a date (00:00 UTC of that day, also for
//! `to`, which is the first instant that no longer holds).

mod yaml;

use crate::mobile::{amapi, clock, head, raw};
use crate::{RecordSink, RejectReason};
use std::net::IpAddr;
use undertone_core::model::{Day, Lease, MacAddr, Platform, Record, Timestamp};

/// Largest inventory, bytes; a million devices take about 100 MiB.
pub const MAX_DOCUMENT_BYTES: usize = 256 << 20;

/// The fields of a row, by the names that a header may have for them.
const COLUMNS: [(&str, Column); 14] = [
    ("device_id", Column::DeviceId),
    ("device", Column::DeviceId),
    ("ip", Column::Ip),
    ("ip_address", Column::Ip),
    ("mac", Column::Mac),
    ("mac_address", Column::Mac),
    ("from", Column::From),
    ("to", Column::To),
    ("platform", Column::Platform),
    ("os", Column::Platform),
    ("owner", Column::Owner),
    ("user", Column::Owner),
    ("host_name", Column::HostName),
    ("hostname", Column::HostName),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    DeviceId,
    Ip,
    Mac,
    From,
    To,
    Platform,
    Owner,
    HostName,
}

/// One row as written; blank fields are `None`.
#[derive(Debug, Default)]
struct Row<'a> {
    device_id: Option<&'a str>,
    ip: Option<&'a str>,
    mac: Option<&'a str>,
    from: Option<&'a str>,
    to: Option<&'a str>,
    platform: Option<&'a str>,
    owner: Option<&'a str>,
    host_name: Option<&'a str>,
}

impl<'a> Row<'a> {
    fn set(&mut self, column: Column, text: &'a str) {
        let text = text.trim();
        let field = match column {
            Column::DeviceId => &mut self.device_id,
            Column::Ip => &mut self.ip,
            Column::Mac => &mut self.mac,
            Column::From => &mut self.from,
            Column::To => &mut self.to,
            Column::Platform => &mut self.platform,
            Column::Owner => &mut self.owner,
            Column::HostName => &mut self.host_name,
        };
        *field = (!text.is_empty()).then_some(text);
    }
}

/// Reads an inventory, CSV or YAML by content. Every row ends in one record or one reject, whose `line` is the
/// row's line.
pub fn parse<S: RecordSink + ?Sized>(document: &[u8], sink: &mut S) {
    if document.len() > MAX_DOCUMENT_BYTES {
        return sink.reject(1, RejectReason::LimitReached, "document over 256 MiB");
    }
    // Only the mark: white space at the start counts for line numbers and for YAML.
    let document = document.strip_prefix(b"\xef\xbb\xbf").unwrap_or(document);
    if yaml::sniff(document) { yaml::parse(document, sink) } else { parse_csv(document, sink) }
}

/// Whether the head of an input is an inventory: a CSV header that names devices or MAC addresses and one more
/// known column, or a YAML list of rows with such fields.
pub fn sniff(head: &[u8]) -> bool {
    let text = head::trimmed(head);
    if matches!(text.first(), Some(b'{' | b'[')) {
        return false;
    }
    if yaml::sniff(text) {
        return true;
    }
    let first = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let delimiter = delimiter(first);
    let names = first.split(|byte| *byte == delimiter);
    let columns: Vec<Column> = names.filter_map(column).collect();
    let has = |column| columns.contains(&column);
    (has(Column::DeviceId) || has(Column::Mac)) && columns.len() >= 2
}

/// The column of a header's cell.
fn column(name: &[u8]) -> Option<Column> {
    let name = std::str::from_utf8(name).ok()?.trim().trim_matches('"').to_ascii_lowercase();
    let name = name.replace([' ', '-'], "_");
    COLUMNS.iter().find(|(known, _)| *known == name).map(|(_, column)| *column)
}

/// The delimiter that a header line uses most.
fn delimiter(line: &[u8]) -> u8 {
    let count = |delimiter: u8| memchr::memchr_iter(delimiter, line).count();
    [b';', b'\t'].into_iter().fold(b',', |best, next| if count(next) > count(best) { next } else { best })
}

fn parse_csv<S: RecordSink + ?Sized>(document: &[u8], sink: &mut S) {
    let start = document.iter().position(|byte| !byte.is_ascii_whitespace()).unwrap_or(document.len());
    let first =
        document.get(start..).unwrap_or_default().split(|byte| *byte == b'\n').next().unwrap_or_default();
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter(first))
        .has_headers(false)
        .flexible(true)
        .comment(Some(b'#'))
        .from_reader(document);
    let mut columns: Option<Vec<Option<Column>>> = None;
    let mut cells = csv::ByteRecord::new();
    loop {
        match reader.read_byte_record(&mut cells) {
            Ok(false) => return,
            Ok(true) => {}
            Err(_) => return sink.reject(reader.position().line(), RejectReason::Damaged, "csv"),
        }
        let line = cells.position().map_or(0, csv::Position::line);
        if cells.iter().all(|cell| cell.trim_ascii().is_empty()) {
            continue;
        }
        match &columns {
            None => columns = Some(cells.iter().map(column).collect()),
            Some(columns) => match csv_row(columns, &cells) {
                Ok(row) => finish(&row, line, sink),
                Err((reason, detail)) => sink.reject(line, reason, detail),
            },
        }
    }
}

fn csv_row<'a>(
    columns: &[Option<Column>],
    cells: &'a csv::ByteRecord,
) -> Result<Row<'a>, (RejectReason, &'static str)> {
    if cells.len() > columns.len() {
        return Err((RejectReason::Malformed, "more columns than the header"));
    }
    let mut row = Row::default();
    for (column, cell) in columns.iter().zip(cells) {
        let Some(column) = column else { continue };
        row.set(*column, std::str::from_utf8(cell).map_err(|_| (RejectReason::NotUtf8, "cell"))?);
    }
    Ok(row)
}

/// Turns a row into a record, or says what is wrong with it.
fn finish<S: RecordSink + ?Sized>(row: &Row<'_>, line: u64, sink: &mut S) {
    match lease(row) {
        Ok(lease) => sink.record(Record::Lease(lease)),
        Err((reason, detail)) => sink.reject(line, reason, detail),
    }
}

fn lease<'a>(row: &Row<'a>) -> Result<Lease<'a>, (RejectReason, &'static str)> {
    if row.device_id.is_none() && row.mac.is_none() {
        return Err((RejectReason::MissingField, "device_id or mac"));
    }
    let (from, to) = (instant(row.from, "from")?, instant(row.to, "to")?);
    if from.zip(to).is_some_and(|(from, to)| to < from) {
        return Err((RejectReason::BadTimestamp, "to before from"));
    }
    Ok(Lease {
        device_id: row.device_id.map(amapi::device_id),
        addr: address(row.ip)?,
        mac: row.mac.map(|mac| mac_address(mac).ok_or((RejectReason::BadAddress, "mac"))).transpose()?,
        from,
        to,
        platform: row.platform.map_or(Platform::Unknown, platform),
        owner: row.owner,
        host_name: row.host_name,
    })
}

fn address(text: Option<&str>) -> Result<Option<IpAddr>, (RejectReason, &'static str)> {
    text.map(|text| raw::address(text).ok_or((RejectReason::BadAddress, "ip"))).transpose()
}

/// A MAC address with colons or dashes, or as 12 hex digits, or Cisco's `aabb.ccdd.eeff`.
fn mac_address(text: &str) -> Option<MacAddr> {
    if text.contains([':', '-']) {
        return MacAddr::parse(text);
    }
    let digits: String = text.chars().filter(|symbol| *symbol != '.').collect();
    let pairs = digits.as_bytes().chunks(2).map(std::str::from_utf8).collect::<Result<Vec<_>, _>>().ok()?;
    (digits.len() == 12).then(|| MacAddr::parse(&pairs.join(":")))?
}

/// A platform with or without its version: `Android 16`, `iOS 18.1`.
fn platform(text: &str) -> Platform {
    match Platform::from_name(text) {
        Platform::Unknown => Platform::from_name(text.split_whitespace().next().unwrap_or_default()),
        known => known,
    }
}

fn instant(
    text: Option<&str>,
    field: &'static str,
) -> Result<Option<Timestamp>, (RejectReason, &'static str)> {
    let Some(text) = text else { return Ok(None) };
    let at = if text.len() == 10 && text.contains('-') { date(text) } else { clock::parse(text) };
    at.map(Some).ok_or((RejectReason::BadTimestamp, field))
}

/// The first instant of `2026-05-04`, UTC.
fn date(text: &str) -> Option<Timestamp> {
    let mut parts = text.split('-').map(str::parse::<u32>);
    let (year, month, day) = (parts.next()?.ok()?, parts.next()?.ok()?, parts.next()?.ok()?);
    let day = Day::from_ymd(i32::try_from(year).ok()?, month, day)?;
    parts.next().is_none().then(|| day.start())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mobile::testing::Seen;

    fn read(document: &str) -> Seen {
        let mut seen = Seen::default();
        parse(document.as_bytes(), &mut seen);
        seen
    }

    #[test]
    fn findings_as_csv_are_no_inventory() {
        assert!(sniff(b"device,ip\nd-1,10.0.0.1\n"));
        let findings = b"\"id\",\"alert\",\"lead\",\"device\",\"platform\",\"ip\"\n";
        assert_eq!(crate::format::detect(findings), None);
    }

    #[test]
    fn columns_are_found_in_any_order_and_quoting() {
        let seen = read(
            "Owner;MAC;device_id;ip;from;to;platform;asset tag\n\
             \"Doe; Jane\";AA-BB-CC-00-11-22;p-1;10.0.0.7;2026-05-04;1777939200;Android 16;x\n\
             ;;p-2;;;;iPadOS 18.1;\n\n# a comment\n;aabb.cc00.1123;;fd00::7;;;;\n",
        );
        assert!(seen.rejects.is_empty(), "{seen:?}");
        let [a, b, c] = seen.leases.as_slice() else { panic!("{seen:?}") };
        assert_eq!(
            a,
            "p-1 10.0.0.7 aa:bb:cc:00:11:22 2026-05-04T00:00:00.000000Z..2026-05-05T00:00:00.000000Z Android Doe; Jane"
        );
        assert_eq!(b, "p-2 - - -..- Ios -");
        assert_eq!(c, "- fd00::7 aa:bb:cc:00:11:23 -..- Unknown -");
    }

    #[test]
    fn every_bad_row_is_rejected_with_its_line() {
        let seen = read(
            "device_id,ip,mac,from,to\np,999.1.1.1,,,\np,,zz,,\np,,,yesterday,\n,10.0.0.1,,,\n\
             p,,,2026-05-05,2026-05-04\np,10.0.0.1,,,,,more\np,10.0.0.1\n",
        );
        let reasons: Vec<_> = seen.rejects.iter().map(|(line, reason, _)| (*line, reason.as_str())).collect();
        assert_eq!(
            reasons,
            [
                (2, "bad_address"),
                (3, "bad_address"),
                (4, "bad_timestamp"),
                (5, "missing_field"),
                (6, "bad_timestamp"),
                (7, "malformed"),
            ]
        );
        assert_eq!(seen.leases.len(), 1);
    }

    #[test]
    fn yaml_says_the_same() {
        let rows = "- device_id: 0007\n  ip: 10.0.0.7\n  mac: 00:11:22:33:44:55\n  from: 2026-05-04T00:00:00Z\n\
                    \x20 platform: ios\n- device: enterprises/LC01/devices/3a1b\n  ip:\n  to: 2026-05-04\n\
                    - owner: nobody\n";
        let indented = rows.trim_end().replace('\n', "\n  ");
        for document in [rows.to_owned(), format!("# fleet\n---\ndevices:\n  {indented}\n")] {
            assert!(sniff(document.as_bytes()));
            let seen = read(&document);
            assert_eq!(
                seen.leases,
                [
                    "0007 10.0.0.7 00:11:22:33:44:55 2026-05-04T00:00:00.000000Z..- Ios -",
                    "3a1b - - -..2026-05-04T00:00:00.000000Z Unknown -",
                ]
            );
            assert_eq!(seen.rejects.len(), 1);
            assert_eq!(seen.rejects[0].1, RejectReason::MissingField);
        }
    }

    #[test]
    fn yaml_that_is_no_list_is_one_reject_with_a_line() {
        let seen = read("- device_id: a\n- device_id: [b\n");
        assert_eq!(seen.rejects.len(), 1);
        assert_eq!(seen.rejects[0].1, RejectReason::Malformed);
        let bomb = format!("- device_id: {}{}\n", "[".repeat(10_000), "]".repeat(10_000));
        assert_eq!(read(&bomb).rejects.len(), 1);
    }

    #[test]
    fn other_inputs_are_not_claimed() {
        assert!(sniff(b"\xef\xbb\xbf\n device_id,ip,mac,from,to,platform,owner\n"));
        for other in [
            "IPProto,SrcIP,SrcPort,DstIp,DstPort,UID,App\n",
            "#separator \\x09\n#fields\tts\tuid\tmac\n",
            "{\"device_id\":1}",
            "ts,uid,id.orig_h\n",
            "- a\n- b\n",
            "",
        ] {
            assert!(!sniff(other.as_bytes()), "{other}");
        }
    }
}
