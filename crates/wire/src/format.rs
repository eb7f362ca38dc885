//! Which format an input is of, by its content alone. File names lie: logs are renamed, rotated and repacked.

use crate::mobile::{amapi, app_privacy, dump, edr, intrusion, netstats, pcapdroid, usagestats};

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
        false
    }
}

/// Formats that are read as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DocumentFormat {
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
    /// Name for reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Lines(LineFormat::MobileEdr) => "mobile EDR",
            Self::Lines(LineFormat::IntrusionLogging) => "Android Intrusion Logging",
            Self::Lines(LineFormat::AppPrivacyReport) => "App Privacy Report",
            Self::Lines(LineFormat::ManagementApi) | Self::Document(DocumentFormat::ManagementApi) => {
                "Android Management API"
            }
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
    let lines = |format| Some(Format::Lines(format));
    let document = |format| Some(Format::Document(format));
    if edr::sniff(head) {
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

/// Whether an input says which device held which address, and so is read before all others.
pub fn holds_leases(_format: Format, _head: &[u8]) -> bool {
    false
}

/// Whether the first two lines are each a JSON object.
fn is_one_object_a_line(head: &[u8]) -> bool {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let mut lines = head.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    lines.next().is_some_and(|first| first.starts_with(b"{") && first.ends_with(b"}"))
        && lines.next().is_some_and(|second| second.is_empty() || second.starts_with(b"{"))
}
