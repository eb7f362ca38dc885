//! `dumpsys netstats detail`: bytes of each uid per two hours, split by foreground and background.
//!
//! Only the section `UID stats:` counts; `UID tag stats:` holds the same bytes again, split by tag. The dump knows
//! uids; packages come from the package section of the bug report ([`UidMap`]).

use super::dump::{self, Line};
use super::packages::UidMap;
use super::{clock, head, phone_event};
use crate::{RecordSink, RejectReason};
use undertone_core::model::{AppUsage, Platform, Record, Telemetry, TelemetryKind};

/// Value of `Telemetry::source`.
pub const SOURCE: &str = "netstats";

/// Shortest and longest bucket taken for seconds; Android writes 7,200 or 3,600, older versions milliseconds.
const MAX_BUCKET_SECS: u64 = 604_800;

/// What the lines above a bucket said.
#[derive(Debug, Clone, Copy, Default)]
struct Heading {
    uid: Option<i32>,
    is_foreground: Option<bool>,
    bucket_micros: Option<i64>,
}

/// Reads a dump of netstats, or the netstats sections of a bug report. Packages are looked up in `packages`,
/// which may be empty.
///
/// Rows are the buckets in `UID stats:`. Buckets of special uids (all, removed apps, tethering) are ignored.
pub fn parse<S: RecordSink + ?Sized>(text: &[u8], packages: &UidMap<'_>, sink: &mut S) {
    for part in dump::service(text, SOURCE) {
        let mut section_indent = None;
        let mut heading = Heading::default();
        dump::lines(part, sink, |number, line, sink| {
            let content = line.trimmed();
            if content == b"UID stats:" {
                section_indent = Some(line.indent());
                return;
            }
            let is_next_section =
                !content.is_empty() && section_indent.is_some_and(|own| line.indent() <= own);
            if is_next_section {
                section_indent = None;
            }
            if section_indent.is_none() {
                return;
            }
            if content.starts_with(b"ident=") {
                heading = ident(line);
            } else if content.starts_with(b"NetworkStatsHistory:") {
                heading.bucket_micros = line.value("bucketDuration").and_then(bucket_micros);
            } else if content.starts_with(b"st=") || content.starts_with(b"bucketStart=") {
                bucket(line, number, heading, packages, sink);
            }
        });
    }
}

/// Whether the head of an input is a dump of netstats (a bug report is [`dump::sniff`]'s).
pub fn sniff(head: &[u8]) -> bool {
    let head = head::trimmed(head);
    if matches!(head.first(), Some(b'{' | b'[')) || dump::sniff(head) {
        return false;
    }
    let has = |mark: &[u8]| memchr::memmem::find(head, mark).is_some();
    has(b"NetworkStatsHistory: bucketDuration=") || has(b"UID stats:") && has(b"ident=[")
}

/// The line `ident=[{...}] uid=10147 set=DEFAULT tag=0x0`. What stands in the braces (a Wi-Fi name is anybody's)
/// is not read.
fn ident(line: Line<'_>) -> Heading {
    let (mut uid, mut is_foreground) = (None, None);
    // The name of a network may itself hold ` uid=`: the last ones on the line are Android's.
    for word in line.trimmed().rsplit(|byte| *byte == b' ').take(4) {
        match word.split_at_checked(4) {
            Some((b"uid=", value)) => {
                uid = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok());
            }
            Some((b"set=", b"FOREGROUND")) => is_foreground = Some(true),
            Some((b"set=", b"DEFAULT")) => is_foreground = Some(false),
            _ => {}
        }
    }
    Heading { uid, is_foreground, bucket_micros: None }
}

fn bucket_micros(text: &str) -> Option<i64> {
    let duration: u64 = text.parse().ok()?;
    let micros = if duration <= MAX_BUCKET_SECS { 1_000_000 } else { 1_000 };
    i64::try_from(duration.checked_mul(micros)?).ok()
}

fn bucket<S: RecordSink + ?Sized>(
    line: Line<'_>,
    number: u64,
    heading: Heading,
    packages: &UidMap<'_>,
    sink: &mut S,
) {
    let value = |short, long| line.value(short).or_else(|| line.value(long));
    let Some(start) = value("st", "bucketStart").and_then(clock::epoch) else {
        return sink.reject(number, RejectReason::BadTimestamp, "start of a bucket");
    };
    let (Some(uid), Some(duration)) = (heading.uid, heading.bucket_micros) else {
        return sink.reject(number, RejectReason::MissingField, "uid or duration of a bucket");
    };
    if uid < 0 {
        return sink.ignore("netstats:special_uid");
    }
    let number_of = |short, long| value(short, long).and_then(|text| text.parse().ok());
    let (resp_bytes, orig_bytes) = (number_of("rb", "rxBytes"), number_of("tb", "txBytes"));
    if resp_bytes.is_none() && orig_bytes.is_none() {
        return sink.reject(number, RejectReason::BadNumber, "bytes of a bucket");
    }
    let usage = AppUsage {
        to: start.plus_micros(duration),
        orig_bytes,
        resp_bytes,
        is_foreground: heading.is_foreground,
    };
    let event = phone_event::of_device(start, Platform::Android, SOURCE, TelemetryKind::Usage(usage));
    sink.record(Record::Telemetry(Telemetry { app_id: packages.package(uid), uid: Some(uid), ..event }));
}
