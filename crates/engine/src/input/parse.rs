//! Hands blocks, documents and captures to the parsers of `undertone-wire`.

use super::ReadOptions;
use super::lines::Block;
use super::tally::Tally;
use memchr::memchr_iter;
use undertone_wire::format::{self, DocumentFormat, Format, LineFormat};
use undertone_wire::mobile::packages::UidMap;
use undertone_wire::mobile::{amapi, app_privacy, edr, intrusion, netstats, pcapdroid, usagestats};
use undertone_wire::{RecordSink, RejectReason, eve, inventory, zeek};

/// Parses the lines of a block.
pub(super) fn parse_lines<S: RecordSink>(
    format: LineFormat,
    block: &Block,
    options: &ReadOptions,
    sink: &mut S,
) {
    for number in &block.too_long {
        let detail = format!("over {} bytes", options.limits.line_bytes_max);
        sink.reject(*number, RejectReason::LineTooLong, &detail);
    }
    match format {
        LineFormat::ZeekTsv => zeek_rows(block, sink),
        LineFormat::ZeekJson => each_line(block, |line, number| zeek::json::parse_line(line, number, sink)),
        LineFormat::Eve => each_line(block, |line, number| eve::parse_line(line, number, sink)),
        LineFormat::MobileEdr => each_line(block, |line, number| edr::parse_line(line, number, sink)),
        LineFormat::IntrusionLogging => {
            each_line(block, |line, number| intrusion::parse_line(line, number, sink));
        }
        LineFormat::AppPrivacyReport => {
            each_line(block, |line, number| app_privacy::parse_line(line, number, sink));
        }
        LineFormat::ManagementApi => each_line(block, |line, number| amapi::parse_line(line, number, sink)),
    }
}

/// Says of the first rejected lines of a block, and in its tally, whether they are of another format than the input began
/// with: two feeds in one pipe.
pub(super) fn name_other_formats(format: LineFormat, block: &Block, tally: &mut Tally) {
    let Tally { rejected, other_format, .. } = tally;
    for rejects in rejected.values_mut() {
        let at = rejects.first_line.checked_sub(block.first_line).and_then(|at| usize::try_from(at).ok());
        let line = at.and_then(|at| block.bytes().split(|byte| *byte == b'\n').nth(at)).unwrap_or_default();
        let ours = Format::Lines(format);
        if let Some(other) = format::detect(line).filter(|other| *other != ours) {
            *other_format = other_format.iter().copied().chain([(rejects.first_line, other.as_str())]).min();
            rejects.first_detail = format!(
                "of {}, in an input that began as {}: each needs an input of its own",
                other.as_str(),
                ours.as_str()
            );
        }
    }
}

/// Parses rows under the header of their block. Rows before any header are rejected one by one.
fn zeek_rows<S: RecordSink>(block: &Block, sink: &mut S) {
    match &block.header {
        Some(header) => zeek::parse_rows(header, block.bytes(), block.first_line, sink),
        None => each_line(block, |line, number| {
            if !line.starts_with(b"#") {
                sink.reject(number, RejectReason::NoHeader, "row before a `#fields` line");
            }
        }),
    }
}

/// Calls with every line, without its end, and its number in the input.
fn each_line(block: &Block, mut parse: impl FnMut(&[u8], u64)) {
    for_lines(block.bytes(), block.first_line, &mut parse);
}

fn for_lines(bytes: &[u8], first_line: u64, parse: &mut impl FnMut(&[u8], u64)) {
    let (mut start, mut number) = (0, first_line);
    for end in memchr_iter(b'\n', bytes).chain([bytes.len()]) {
        let line = bytes.get(start..end).unwrap_or(&[]);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if !line.is_empty() {
            parse(line, number);
        }
        (start, number) = (end + 1, number + 1);
    }
}

/// Parses a text that was read as a whole.
pub(super) fn parse_document<S: RecordSink>(
    format: DocumentFormat,
    text: &[u8],
    options: &ReadOptions,
    sink: &mut S,
) {
    match format {
        DocumentFormat::Inventory => inventory::parse(text, sink),
        DocumentFormat::ManagementApi => amapi::parse(text, sink),
        DocumentFormat::PcapdroidCsv => {
            let mut csv = pcapdroid::PcapdroidCsv::new();
            for_lines(text, 1, &mut |line, number| csv.parse_line(line, number, sink));
        }
        DocumentFormat::UsageStats => usagestats::parse(text, options.utc_offset, sink),
        DocumentFormat::NetStats => netstats::parse(text, &UidMap::from_dump(text), sink),
        DocumentFormat::BugReport => {
            usagestats::parse(text, options.utc_offset, sink);
            netstats::parse(text, &UidMap::from_dump(text), sink);
        }
    }
}
