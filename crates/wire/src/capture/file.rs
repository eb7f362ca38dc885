//! File formats: pcap in its four byte orders and resolutions, and pcapng.
//!
//! The block structure is read by `pcap-parser`; this module keeps the interfaces of a section, turns times
//! into microseconds, and says what is damaged. Formats: draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng.

use super::apps::{self, App, AppMap};
use super::window::{Supply, WINDOW_BYTES, Window};
use crate::RejectReason;
use pcap_parser::pcapng::Block;
use pcap_parser::{LegacyPcapBlock, OptionCode, PcapHeader};
use std::io::Read;
use std::rc::Rc;
use undertone_core::model::Timestamp;

/// Largest captured frame believed; libpcap's `MAXIMUM_SNAPLEN`. A larger length means a damaged file.
const FRAME_BYTES_MAX: usize = 262_144;
/// Interfaces kept for one pcapng section.
const INTERFACES_MAX: usize = 4096;
/// A pcapng block has at least type, length and trailing length.
const BLOCK_BYTES_MIN: usize = 12;
const SECTION_HEADER: u32 = 0x0a0d_0d0a;

/// The formats that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CaptureKind {
    /// Classic pcap, times in microseconds.
    Pcap,
    /// Classic pcap, times in nanoseconds.
    PcapNanos,
    /// pcapng.
    PcapNg,
}

/// Tells the format of a capture from its first bytes (4 are enough); `None` for anything else.
pub fn sniff(head: &[u8]) -> Option<CaptureKind> {
    let magic: [u8; 4] = head.get(..4)?.try_into().ok()?;
    match u32::from_le_bytes(magic) {
        0xa1b2_c3d4 | 0xd4c3_b2a1 | 0xa1b2_cd34 => Some(CaptureKind::Pcap),
        0xa1b2_3c4d | 0x4d3c_b2a1 => Some(CaptureKind::PcapNanos),
        SECTION_HEADER => Some(CaptureKind::PcapNg),
        _ => None,
    }
}

/// One captured frame.
pub(super) struct Frame<'a> {
    pub(super) at: Timestamp,
    /// Link type number (tcpdump.org/linktypes.html).
    pub(super) link: i32,
    pub(super) data: &'a [u8],
    /// Length on the wire, at least that of `data`.
    pub(super) wire_len: u32,
    /// App that a comment of the packet names.
    pub(super) app: Option<Rc<App>>,
}

/// What the next piece of the file is.
pub(super) enum Piece<'a> {
    Frame(Frame<'a>),
    /// A block that carries no packet.
    Nothing,
    /// A packet that cannot be used; the file goes on.
    Bad(RejectReason, &'static str),
    /// The file cannot be read further.
    Broken(RejectReason, &'static str),
    End,
}

struct Interface {
    link: i32,
    /// 0 when the file gives a resolution beyond what can be counted: no packet then has a time.
    ticks_per_sec: u64,
    offset_secs: i64,
}

enum Format {
    Legacy { header: PcapHeader, parse: fn(&[u8]) -> Option<LegacyPcapBlock<'_>> },
    Ng { big_endian: bool },
}

/// Reads frame after frame.
pub(super) struct Frames<R> {
    window: Window<R>,
    format: Format,
    interfaces: Vec<Interface>,
    apps: AppMap,
}

impl<R: Read> Frames<R> {
    /// Reads the header of the file. `Err` says why it is none.
    pub(super) fn open(reader: R) -> Result<Self, (RejectReason, &'static str)> {
        let mut window = Window::new(reader);
        let held = window.supply(24);
        let head = window.bytes();
        let format = match sniff(head) {
            None if head.is_empty() => return Err((RejectReason::Truncated, "the capture is empty")),
            None => return Err((RejectReason::NoHeader, "not a pcap or pcapng file")),
            Some(CaptureKind::PcapNg) => Format::Ng { big_endian: false },
            Some(_) => {
                if matches!(held, Supply::Short(_)) {
                    return Err((RejectReason::Truncated, "the capture ends inside its header"));
                }
                let Ok((_, header)) = pcap_parser::pcap::parse_pcap_header(head) else {
                    return Err((RejectReason::NoHeader, "the pcap header cannot be read"));
                };
                window.take(24);
                Format::Legacy { parse: legacy_parser(&header), header }
            }
        };
        Ok(Self { window, format, interfaces: Vec::new(), apps: AppMap::default() })
    }

    /// The next piece of the file.
    pub(super) fn next(&mut self) -> Piece<'_> {
        match &self.format {
            Format::Legacy { header, parse } => next_legacy(&mut self.window, header, *parse),
            Format::Ng { .. } => self.next_block(),
        }
    }

    fn next_block(&mut self) -> Piece<'_> {
        match self.window.supply(BLOCK_BYTES_MIN) {
            Supply::Short(0) => return ended(&self.window),
            Supply::Short(_) => {
                return Piece::Broken(RejectReason::Truncated, "the file ends inside a block");
            }
            Supply::Full => {}
        }
        let Format::Ng { big_endian } = &mut self.format else { return Piece::End };
        let head = self.window.bytes();
        let word = |at: usize, big: bool| {
            let bytes = head.get(at..at + 4).and_then(|b| b.try_into().ok()).unwrap_or([0; 4]);
            if big { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }
        };
        if word(0, false) == SECTION_HEADER {
            *big_endian = word(8, true) == 0x1a2b_3c4d;
            self.interfaces.clear();
        }
        let is_big = *big_endian;
        let kind = word(0, is_big);
        let len = word(4, is_big);
        let Ok(size) = usize::try_from(len) else {
            return Piece::Broken(RejectReason::BadPacket, "block length out of range");
        };
        if size < BLOCK_BYTES_MIN || size % 4 != 0 {
            return Piece::Broken(RejectReason::BadPacket, "impossible block length");
        }
        if size > WINDOW_BYTES {
            return self.skip_block(kind, u64::from(len));
        }
        if matches!(self.window.supply(size), Supply::Short(_)) {
            return Piece::Broken(RejectReason::Truncated, "the file ends inside a block");
        }
        let block = self.window.take(size);
        let parsed = if kind == SECTION_HEADER {
            pcap_parser::pcapng::parse_sectionheaderblock(block)
                .map(|(rest, header)| (rest, Block::SectionHeader(header)))
        } else if is_big {
            pcap_parser::pcapng::parse_block_be(block)
        } else {
            pcap_parser::pcapng::parse_block_le(block)
        };
        match parsed {
            Ok((_, block)) => use_block(block, &mut self.interfaces, &mut self.apps),
            Err(_) => Piece::Bad(RejectReason::BadPacket, "inconsistent block"),
        }
    }

    fn skip_block(&mut self, kind: u32, len: u64) -> Piece<'_> {
        const PACKET_BLOCKS: [u32; 3] = [2, 3, 6];
        if !self.window.skip(len) {
            return Piece::Broken(RejectReason::Truncated, "the file ends inside a block");
        }
        if PACKET_BLOCKS.contains(&kind) {
            Piece::Bad(RejectReason::LimitReached, "packet larger than the limit")
        } else {
            Piece::Nothing
        }
    }
}

/// The record parser of a pcap file. The three layouts differ in byte order and record header.
fn legacy_parser(header: &PcapHeader) -> fn(&[u8]) -> Option<LegacyPcapBlock<'_>> {
    use pcap_parser::pcap::{parse_pcap_frame, parse_pcap_frame_be, parse_pcap_frame_modified};
    if header.is_modified_format() {
        |bytes| parse_pcap_frame_modified(bytes).ok().map(|(_, frame)| frame)
    } else if header.is_bigendian() {
        |bytes| parse_pcap_frame_be(bytes).ok().map(|(_, frame)| frame)
    } else {
        |bytes| parse_pcap_frame(bytes).ok().map(|(_, frame)| frame)
    }
}

fn next_legacy<'a, R: Read>(
    window: &'a mut Window<R>,
    header: &PcapHeader,
    parse: fn(&[u8]) -> Option<LegacyPcapBlock<'_>>,
) -> Piece<'a> {
    let head_len = if header.is_modified_format() { 24 } else { 16 };
    match window.supply(head_len) {
        Supply::Short(0) => return ended(window),
        Supply::Short(_) => return Piece::Broken(RejectReason::Truncated, "the file ends inside a packet"),
        Supply::Full => {}
    }
    let length = window.bytes().get(8..12).and_then(|b| b.try_into().ok()).unwrap_or([0; 4]);
    let length = if header.is_bigendian() { u32::from_be_bytes(length) } else { u32::from_le_bytes(length) };
    let captured = usize::try_from(length).unwrap_or(usize::MAX);
    if captured > FRAME_BYTES_MAX {
        return Piece::Broken(RejectReason::BadPacket, "impossible packet length");
    }
    if matches!(window.supply(head_len + captured), Supply::Short(_)) {
        return Piece::Broken(RejectReason::Truncated, "the file ends inside a packet");
    }
    let Some(record) = parse(window.take(head_len + captured)) else {
        return Piece::Broken(RejectReason::BadPacket, "the packet cannot be read");
    };
    let fraction = i64::from(record.ts_usec) / if header.is_nanosecond_precision() { 1000 } else { 1 };
    Piece::Frame(Frame {
        at: Timestamp::from_secs(i64::from(record.ts_sec)).plus_micros(fraction),
        link: header.network.0 & 0xffff,
        data: record.data,
        wire_len: record.origlen.max(length),
        app: None,
    })
}

fn ended<R: Read>(window: &Window<R>) -> Piece<'static> {
    match window.failure() {
        None => Piece::End,
        Some(_) => Piece::Broken(RejectReason::Truncated, "the file could not be read to its end"),
    }
}

fn use_block<'a>(block: Block<'a>, interfaces: &mut Vec<Interface>, map: &mut AppMap) -> Piece<'a> {
    match block {
        Block::InterfaceDescription(description) => {
            if interfaces.len() >= INTERFACES_MAX {
                return Piece::Bad(RejectReason::LimitReached, "too many interfaces");
            }
            interfaces.push(Interface {
                link: description.linktype.0,
                ticks_per_sec: ticks_per_sec(description.if_tsresol).unwrap_or(0),
                offset_secs: description.if_tsoffset,
            });
            Piece::Nothing
        }
        Block::EnhancedPacket(packet) => {
            let interface = usize::try_from(packet.if_id).ok().and_then(|id| interfaces.get(id));
            let Some(interface) = interface else {
                return Piece::Bad(RejectReason::BadPacket, "packet of an interface that is not described");
            };
            let captured = usize::try_from(packet.caplen).unwrap_or(usize::MAX);
            let Some(data) = packet.data.get(..captured).filter(|data| data.len() <= FRAME_BYTES_MAX) else {
                return Piece::Bad(RejectReason::BadPacket, "impossible packet length");
            };
            let ticks = (u64::from(packet.ts_high) << 32) | u64::from(packet.ts_low);
            let Some(at) = interface.time(ticks) else {
                return Piece::Bad(RejectReason::BadTimestamp, "packet time out of range");
            };
            let comment = packet.options.iter().filter(|option| option.code == OptionCode::Comment);
            let app = comment.filter_map(|option| option.as_str().ok()).find_map(apps::comment_uid);
            let app = app.map(|uid| map.app(uid));
            let wire_len = packet.origlen.max(packet.caplen);
            Piece::Frame(Frame { at, link: interface.link, data, wire_len, app })
        }
        Block::SimplePacket(_) => Piece::Bad(RejectReason::BadTimestamp, "simple packet block has no time"),
        Block::Custom(block) => {
            map.learn(block.pen, block.data);
            Piece::Nothing
        }
        _ => Piece::Nothing,
    }
}

/// Ticks in a second by `if_tsresol`: a negative power of ten, or of two where the high bit is set. Ours, as
/// `pcap-parser` 0.17 refuses every power of two.
fn ticks_per_sec(resolution: u8) -> Option<u64> {
    let power = u32::from(resolution & 0x7f);
    if resolution & 0x80 == 0 { 10_u64.checked_pow(power) } else { 1_u64.checked_shl(power) }
}

impl Interface {
    /// The time of a tick count; `None` beyond the range of microseconds.
    fn time(&self, ticks: u64) -> Option<Timestamp> {
        let micros = (u128::from(ticks) * 1_000_000).checked_div(u128::from(self.ticks_per_sec))?;
        let micros = i64::try_from(micros).ok()?;
        let offset = self.offset_secs.checked_mul(1_000_000)?;
        micros.checked_add(offset).map(Timestamp::from_micros)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_told_by_their_magic() {
        assert_eq!(sniff(&[0xd4, 0xc3, 0xb2, 0xa1, 2]), Some(CaptureKind::Pcap));
        assert_eq!(sniff(&[0xa1, 0xb2, 0xc3, 0xd4]), Some(CaptureKind::Pcap));
        assert_eq!(sniff(&[0x4d, 0x3c, 0xb2, 0xa1]), Some(CaptureKind::PcapNanos));
        assert_eq!(sniff(&[0xa1, 0xb2, 0x3c, 0x4d]), Some(CaptureKind::PcapNanos));
        assert_eq!(sniff(&[0x0a, 0x0d, 0x0d, 0x0a]), Some(CaptureKind::PcapNg));
        assert_eq!(sniff(b"PK\x03\x04"), None);
        assert_eq!(sniff(&[0xd4, 0xc3]), None);
    }

    #[test]
    fn ticks_become_microseconds() {
        let time = |ticks_per_sec, offset_secs, ticks| {
            Interface { link: 1, ticks_per_sec, offset_secs }.time(ticks).map(Timestamp::micros)
        };
        assert_eq!(time(1_000_000_000, 0, 1_500_000_999), Some(1_500_000));
        assert_eq!(time(1 << 20, 10, 3 << 19), Some(11_500_000));
        assert_eq!(time(1, 0, u64::MAX), None);
        assert_eq!(time(0, 0, 1), None);
    }

    #[test]
    fn resolutions_are_powers_of_ten_or_two() {
        for (resolution, ticks) in [
            (0, Some(1)),
            (6, Some(1_000_000)),
            (9, Some(1_000_000_000)),
            (20, None),
            (0x80, Some(1)),
            (0x8a, Some(1024)),
            (0x94, Some(1 << 20)),
            (0xbf, Some(1 << 63)),
            (0xc0, None),
        ] {
            assert_eq!(ticks_per_sec(resolution), ticks, "{resolution:#x}");
        }
    }
}
