//! Which format an input is of, by its content alone. File names lie: logs are renamed, rotated and repacked.

use crate::mobile::{amapi, app_privacy, dump, edr, intrusion, netstats, pcapdroid, usagestats};
use crate::{capture, eve, inventory, json, own, zeek};

/// What an input is, and so how it has to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// Rows that stand each on their own: any number of threads can read them.
    Lines(LineFormat),
    /// A text that has to be read as a whole, and so is bounded in size.
    Document(DocumentFormat),
    /// A packet capture, read from front to back.
    Capture,
}

/// Formats with one row a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LineFormat {
    /// Zeek log with a header, which may change inside the input.
    ZeekTsv,
    /// Zeek log as JSON lines.
    ZeekJson,
    /// Suricata EVE.
    Eve,
    /// undertone's own NDJSON for any EDR.
    MobileEdr,
    /// Android Intrusion Logging NDJSON.
    IntrusionLogging,
    /// iOS App Privacy Report NDJSON.
    AppPrivacyReport,
    /// Android Management API usage logs, one batch or message a line.
    ManagementApi,
}

impl LineFormat {
    /// Whether headers inside the input say how the lines after them are read.
    pub const fn has_headers(self) -> bool {
        matches!(self, Self::ZeekTsv)
    }
}

/// Formats that are read as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DocumentFormat {
    /// Device inventory, CSV or YAML.
    Inventory,
    /// Android Management API usage logs as one JSON text.
    ManagementApi,
    /// PCAPdroid's connection list as CSV.
    PcapdroidCsv,
    /// `dumpsys usagestats`.
    UsageStats,
    /// `dumpsys netstats detail`.
    NetStats,
    /// A bug report or a full `dumpsys`.
    BugReport,
}

impl Format {
    /// Whether it records what happened, rather than who is who: that is edited, by hand and by commands.
    pub fn is_evidence(self) -> bool {
        self != Self::Document(DocumentFormat::Inventory)
    }

    /// Name for reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Lines(LineFormat::ZeekTsv) => "Zeek TSV",
            Self::Lines(LineFormat::ZeekJson) => "Zeek JSON",
            Self::Lines(LineFormat::Eve) => "Suricata EVE",
            Self::Lines(LineFormat::MobileEdr) => "mobile EDR",
            Self::Lines(LineFormat::IntrusionLogging) => "Android Intrusion Logging",
            Self::Lines(LineFormat::AppPrivacyReport) => "App Privacy Report",
            Self::Lines(LineFormat::ManagementApi) | Self::Document(DocumentFormat::ManagementApi) => {
                "Android Management API"
            }
            Self::Document(DocumentFormat::Inventory) => "device inventory",
            Self::Document(DocumentFormat::PcapdroidCsv) => "PCAPdroid CSV",
            Self::Document(DocumentFormat::UsageStats) => "dumpsys usagestats",
            Self::Document(DocumentFormat::NetStats) => "dumpsys netstats",
            Self::Document(DocumentFormat::BugReport) => "Android bug report",
            Self::Capture => "packet capture",
        }
    }
}

/// The format of an input that begins with `head` (64 KiB are plenty); `None` when it is of no known one.
pub fn detect(head: &[u8]) -> Option<Format> {
    if own::kind(head).is_some() {
        return None;
    }
    let lines = |format| Some(Format::Lines(format));
    let document = |format| Some(Format::Document(format));
    if capture::sniff(head).is_some() {
        Some(Format::Capture)
    } else if zeek::sniff(head) || is_zeek_without_header(head) {
        lines(LineFormat::ZeekTsv)
    } else if zeek::json::sniff(head) {
        lines(LineFormat::ZeekJson)
    } else if eve::sniff(head) {
        lines(LineFormat::Eve)
    } else if edr::sniff(head) {
        lines(LineFormat::MobileEdr)
    } else if intrusion::sniff(head) {
        lines(LineFormat::IntrusionLogging)
    } else if app_privacy::sniff(head) {
        lines(LineFormat::AppPrivacyReport)
    } else if amapi::sniff(head) {
        if is_one_object_a_line(head) {
            lines(LineFormat::ManagementApi)
        } else {
            document(DocumentFormat::ManagementApi)
        }
    } else if pcapdroid::sniff(head) {
        document(DocumentFormat::PcapdroidCsv)
    } else if inventory::sniff(head) {
        document(DocumentFormat::Inventory)
    } else if dump::sniff(head) {
        document(DocumentFormat::BugReport)
    } else if usagestats::sniff(head) {
        document(DocumentFormat::UsageStats)
    } else if netstats::sniff(head) {
        document(DocumentFormat::NetStats)
    } else {
        None
    }
}

/// What an input of no readable format is, and what to do about it, where that is known.
pub fn advice(head: &[u8]) -> Option<&'static str> {
    if let Some(own) = own::kind(head) {
        return Some(own);
    }
    let starts = |magic: &[u8]| head.starts_with(magic);
    let tar_magic = head.get(257..262) == Some(b"ustar");
    Some(if starts(b"\xfd7zXZ\0") {
        "xz, which is not unpacked: use `xz -dc FILE | undertone scan -`"
    } else if starts(b"BZh") {
        "bzip2, which is not unpacked: use `bzip2 -dc FILE | undertone scan -`"
    } else if starts(b"7z\xbc\xaf\x27\x1c") || starts(b"Rar!") {
        "an archive that is not unpacked: unpack it and give the folder"
    } else if tar_magic {
        "a tar archive, which is not unpacked: unpack it and give the folder"
    } else if starts(b"\x04\x22\x4d\x18") {
        "lz4, which is not unpacked: use `lz4 -dc FILE | undertone scan -`"
    } else if starts(b"\xff\xfe") || starts(b"\xfe\xff") {
        "text in UTF-16, which is not read: convert it to UTF-8"
    } else if starts(b"SQLite format 3\0") {
        "an SQLite database, which is not read"
    } else if starts(b"PAR1") {
        "Parquet, which is not read"
    } else if starts(b"\x0c\xa5") || starts(b"\xa5\x0c") {
        "nfdump, which is not read"
    } else if head.trim_ascii_start().starts_with(b"[") {
        "JSON in one list, which is not read as a log: write one object a line, as `jq -c .[]` does"
    } else if memchr::memmem::find(head, b"undertone").is_some() {
        "it names undertone: what it wrote or how it is set up, in which nothing is looked for"
    } else {
        return None;
    })
}

/// Whether an input of a detected format begins with who held which address, and so is best read before all others:
/// an inventory or a Zeek `dhcp` log. Leases that stand elsewhere count as well, and cost more.
pub fn holds_leases(format: Format, head: &[u8]) -> bool {
    match format {
        Format::Document(DocumentFormat::Inventory) => true,
        Format::Lines(LineFormat::ZeekTsv) => {
            zeek::Header::parse(head).is_some_and(|header| header.name() == "dhcp")
        }
        Format::Lines(LineFormat::ZeekJson) => {
            let keys = json::first_keys(head);
            let has = |wanted: &str| keys.contains(&wanted);
            has("mac")
                && ["assigned_addr", "assigned_ip", "client_addr", "lease_time", "msg_types"]
                    .into_iter()
                    .any(has)
        }
        _ => false,
    }
}

/// Whether the first line is a row of a Zeek log that has lost its header: an epoch time with a fraction, a tab
/// and more columns. Its rows are rejected one by one, which says more than an unknown file.
fn is_zeek_without_header(head: &[u8]) -> bool {
    /// Columns of the narrowest log that is read (`ntp` and others have more).
    const COLUMNS_MIN: usize = 5;
    let line = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let mut cells = line.split(|byte| *byte == b'\t');
    let is_time = cells.next().is_some_and(|first| {
        let digits = first.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let rest = first.get(digits..).unwrap_or_default();
        digits >= 9 && rest.len() > 1 && rest.starts_with(b".") && rest.iter().skip(1).all(u8::is_ascii_digit)
    });
    is_time && cells.count() + 1 >= COLUMNS_MIN
}

/// Whether the first two lines are each a JSON object.
fn is_one_object_a_line(head: &[u8]) -> bool {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let mut lines = head.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    lines.next().is_some_and(|first| first.starts_with(b"{") && first.ends_with(b"}"))
        && lines.next().is_some_and(|second| second.is_empty() || second.starts_with(b"{"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(head: &str, expected: Option<Format>) {
        assert_eq!(detect(head.as_bytes()), expected, "{head}");
    }

    #[test]
    fn every_format_is_known_by_its_content() {
        let lines = |format| Some(Format::Lines(format));
        let document = |format| Some(Format::Document(format));
        check("#separator \\x09\n#fields\tts\tuid\n", lines(LineFormat::ZeekTsv));
        check("### a comment\n#separator \\x09\n", lines(LineFormat::ZeekTsv));
        check("1517336042.090842\tC1\t10.5.1.1\t14291\t10.2.2.5\t80\ttcp\n", lines(LineFormat::ZeekTsv));
        check("{\"ts\":1.5,\"uid\":\"C\",\"id.orig_h\":\"10.0.0.1\"", lines(LineFormat::ZeekJson));
        check("{\"kind\":\"state\",\"ts\":1,\"device_id\":\"d\"}", lines(LineFormat::MobileEdr));
        check("{\"dns_event\":{\"event_id\":1}}\n", lines(LineFormat::IntrusionLogging));
        check("{\"type\":\"networkActivity\",\"bundleID\":\"a\"}\n", lines(LineFormat::AppPrivacyReport));
        check("{\"usageLogEvents\":[]}\n{\"usageLogEvents\":[]}\n", lines(LineFormat::ManagementApi));
        check("{\n \"usageLogEvents\":[", document(DocumentFormat::ManagementApi));
        check("{\"timestamp\":\"2026\",\"event_type\":\"flow\",\"x\":\"AAAA", lines(LineFormat::Eve));
        check("device_id,ip,mac,from,to,platform,owner\n", document(DocumentFormat::Inventory));
        check("devices:\n  - device_id: d-1\n    ip: 10.0.0.1\n", document(DocumentFormat::Inventory));
        check("\n\r\r\n\u{1c}\0\0\0", Some(Format::Capture));
        check("== dumpstate: 2026-01-01 00:00:00\n", document(DocumentFormat::BugReport));
        for unknown in
            ["", "\t\t\t\t", "Lorem ipsum", "{}", "{\"a\":{\"a\":{\"a\":", "1.5\t2\n", "a,b,c\n1,2,3\n"]
        {
            check(unknown, None);
        }
    }

    #[test]
    fn what_is_not_read_comes_with_advice() {
        for (head, word) in
            [(&b"BZh91AY"[..], "bzip2"), (b"\xff\xfe#\0", "UTF-8"), (b"[{\"ts\":1},", "jq -c")]
        {
            assert_eq!(detect(head), None);
            assert!(advice(head).is_some_and(|text| text.contains(word)), "{word}");
        }
        assert_eq!(advice(b"Lorem ipsum"), None);
    }

    #[test]
    fn a_log_cut_anywhere_in_its_head_is_not_another() {
        let log = b"{\"ts\":1.5,\"uid\":\"C\",\"id.orig_h\":\"10.0.0.1\",\"id.orig_p\":1}\n";
        for end in 0..log.len() {
            let found = detect(log.get(..end).unwrap_or_default());
            assert!(found.is_none() || found == Some(Format::Lines(LineFormat::ZeekJson)), "{end}");
        }
    }

    #[test]
    fn lease_logs_are_known() {
        let check = |head: &str, expected: bool| {
            let format = detect(head.as_bytes()).unwrap();
            assert_eq!(holds_leases(format, head.as_bytes()), expected, "{head}");
        };
        check("#separator \\x09\n#path\tdhcp\n#fields\tts\tuids\tmac\n", true);
        check("device_id;mac\n", true);
        check("#separator \\x09\n#path\tconn\n#fields\tts\tuid\n", false);
        check("{\"ts\":1.5,\"uids\":[\"C\"],\"client_addr\":\"10.1.2.3\",\"mac\":\"00:01\"}\n", true);
        check("{\"ts\":1.5,\"uid\":\"C\",\"id.orig_h\":\"10.0.0.1\"}\n", false);
    }
}
