//! Cuts a stream into blocks of whole lines.
//!
//! A block is what one thread parses at a time. Cutting copies bytes once, counts newlines and looks for Zeek
//! headers; all else is left to the parsers.

use super::decode::read_some;
use super::fault::Fault;
use memchr::{memchr, memchr_iter, memmem, memrchr};
use std::io::Read;
use std::sync::Arc;
use undertone_wire::zeek::Header;

/// Whole lines of one input. Its memory is reused from block to block and never cleared.
#[derive(Debug, Default)]
pub(super) struct Block {
    buffer: Vec<u8>,
    /// Bytes of `buffer` that hold something; beyond `used` they belong to the next block.
    filled: usize,
    used: usize,
    /// Number of the first line in its input, from 1.
    pub(super) first_line: u64,
    /// The Zeek header that holds for these lines, which may begin with it; `None` before any usable one.
    pub(super) header: Option<Arc<Header>>,
    /// Numbers of lines that were too long and are not in the block.
    pub(super) too_long: Vec<u64>,
    /// Bytes of these.
    pub(super) too_long_bytes: u64,
}

impl Block {
    /// The lines, each with its newline but perhaps the last of the input.
    pub(super) fn bytes(&self) -> &[u8] {
        self.buffer.get(..self.used).unwrap_or(&[])
    }

    fn filled(&self) -> &[u8] {
        self.buffer.get(..self.filled).unwrap_or(&[])
    }

    /// Holds some bytes and nothing else, with room for `room` bytes in all.
    fn hold(&mut self, bytes: &[u8], room: usize) {
        if self.buffer.len() != room {
            self.buffer.resize(room, 0);
        }
        self.filled = bytes.len();
        if let Some(start) = self.buffer.get_mut(..bytes.len()) {
            start.copy_from_slice(bytes);
        }
    }
}

/// A stream being cut.
pub(super) struct LineCutter<R> {
    reader: R,
    /// Bytes read but not handed out, from `carry_from` on: less than a line, unless a header was found.
    carry: Vec<u8>,
    carry_from: usize,
    /// Number of the next line to hand out.
    line: u64,
    line_bytes_max: usize,
    /// Whether Zeek headers are looked for.
    zeek: bool,
    header: Option<Arc<Header>>,
    /// Whether the first byte of the first line is still to be seen.
    is_at_start: bool,
    ended: bool,
    fault: Option<Fault>,
}

impl<R: Read> LineCutter<R> {
    /// `line_bytes_max` is also the size of a block, so that no block can hold a line that is too long.
    pub(super) fn new(reader: R, line_bytes_max: usize, zeek: bool) -> Self {
        let (carry, header) = (Vec::new(), None);
        let (is_at_start, ended, fault) = (true, false, None);
        Self {
            reader,
            carry,
            carry_from: 0,
            line: 1,
            line_bytes_max,
            zeek,
            header,
            is_at_start,
            ended,
            fault,
        }
    }

    /// What ended the stream early, with the number of the line in which it did. Given once, after
    /// [`Self::next`] said false.
    pub(super) fn take_fault(&mut self) -> Option<(Fault, u64)> {
        self.fault.take().map(|fault| (fault, self.line))
    }

    /// Fills `block` with the next lines. False when there are none, and no too long ones, any more.
    pub(super) fn next(&mut self, block: &mut Block) -> bool {
        block.too_long.clear();
        block.too_long_bytes = 0;
        if self.take_piece(block) {
            self.hand_out(block);
            return true;
        }
        loop {
            self.fill(block);
            if block.filled == 0 {
                (block.used, block.first_line) = (0, self.line);
                return !block.too_long.is_empty();
            }
            let whole = match memrchr(b'\n', block.filled()) {
                _ if self.ended && block.filled <= self.line_bytes_max => block.filled,
                Some(end) => end + 1,
                None => {
                    block.too_long.push(self.line);
                    self.line += 1;
                    self.skip_line(block);
                    continue;
                }
            };
            let lines = block.filled().get(..whole).unwrap_or(&[]);
            let next_header = if self.zeek { next_header(lines, header_bytes(lines)) } else { None };
            block.used = next_header.unwrap_or(whole);
            self.carry.extend_from_slice(block.filled().get(block.used..).unwrap_or(&[]));
            self.hand_out(block);
            return true;
        }
    }

    /// Takes what was read already up to the next header, where there is one. Were the block filled up first, all that
    /// lies behind would be copied once more for every header.
    fn take_piece(&mut self, block: &mut Block) -> bool {
        let held = self.carry.get(self.carry_from..).filter(|_| self.zeek).unwrap_or(&[]);
        let Some(end) = next_header(held, header_bytes(held)) else { return false };
        block.hold(held.get(..end).unwrap_or(&[]), self.line_bytes_max + 1);
        block.used = end;
        self.carry_from += end;
        true
    }

    /// Numbers the lines of a block and says which header holds for them: that with which they begin, or the last.
    fn hand_out(&mut self, block: &mut Block) {
        let header = block.bytes().get(..if self.zeek { header_bytes(block.bytes()) } else { 0 });
        if let Some(header) = header.filter(|header| !header.is_empty()) {
            self.header = Header::parse(header).map(Arc::new);
        }
        block.first_line = self.line;
        block.header.clone_from(&self.header);
        self.line += memchr_iter(b'\n', block.bytes()).count() as u64;
    }

    /// Moves the carry into the block and reads until the block is full or the stream ends.
    fn fill(&mut self, block: &mut Block) {
        block.hold(self.carry.get(self.carry_from..).unwrap_or(&[]), self.line_bytes_max + 1);
        self.carry.clear();
        self.carry_from = 0;
        while !self.ended {
            let Some(room) = block.buffer.get_mut(block.filled..).filter(|room| !room.is_empty()) else {
                return;
            };
            match read_some(&mut self.reader, room) {
                Ok(0) => self.ended = true,
                Ok(read) => {
                    block.filled += read;
                    self.drop_prefix(block);
                }
                Err(error) => {
                    self.ended = true;
                    self.end_in(Fault::of(&error), block);
                }
            }
        }
    }

    /// Takes off what may stand before the first line: a byte order mark, and the blanks before a Zeek header.
    fn drop_prefix(&mut self, block: &mut Block) {
        const MARK: &[u8] = b"\xef\xbb\xbf";
        let start = block.filled();
        if !self.is_at_start || (MARK.starts_with(start) && start.len() < MARK.len()) {
            return;
        }
        let rest = start.strip_prefix(MARK).unwrap_or(start);
        let blanks = rest.iter().take_while(|byte| self.zeek && matches!(byte, b' ' | b'\t')).count();
        // Blanks alone: what they stand before is still to come.
        self.is_at_start = blanks == rest.len();
        let is_header = rest.get(blanks) == Some(&b'#');
        let dropped = start.len() - rest.len() + if is_header { blanks } else { 0 };
        block.buffer.copy_within(dropped..block.filled, 0);
        block.filled -= dropped;
    }

    /// Ends the stream. A line that the fault cut is dropped: half a number would be read as another number.
    fn end_in(&mut self, fault: Fault, block: &mut Block) {
        if fault.loses_rows() {
            block.filled = memrchr(b'\n', block.filled()).map_or(0, |end| end + 1);
        }
        self.fault = Some(fault);
    }

    /// Drops bytes up to and with the next newline; what follows goes to the carry.
    fn skip_line(&mut self, block: &mut Block) {
        block.too_long_bytes += block.filled as u64;
        while !self.ended {
            self.fill(block);
            let end = memchr(b'\n', block.filled()).map_or(block.filled, |end| end + 1);
            block.too_long_bytes += end as u64;
            self.carry.extend_from_slice(block.filled().get(end..).unwrap_or(&[]));
            if block.filled().get(..end).is_some_and(|line| line.ends_with(b"\n")) {
                return;
            }
        }
    }
}

/// Where the first header behind `from` begins, so that a header is always the start of a block.
fn next_header(lines: &[u8], from: usize) -> Option<usize> {
    let base = from.saturating_sub(1);
    memmem::find_iter(lines.get(base..)?, b"\n#")
        .map(|at| base + at + 1)
        .find(|start| lines.get(*start..).is_some_and(opens_header))
}

/// Whether a line opens a Zeek header: other `#` lines (`#close`, comments) change nothing.
fn opens_header(lines: &[u8]) -> bool {
    [&b"#separator"[..], b"#set_separator", b"#fields"].iter().any(|key| lines.starts_with(key))
}

/// Length of the header that `lines` open with: the `#` lines up to the first row or the next `#separator`. None has 0.
fn header_bytes(lines: &[u8]) -> usize {
    let mut end = 0;
    if !opens_header(lines) {
        return end;
    }
    loop {
        let rest = lines.get(end..).unwrap_or(&[]);
        let goes_on = rest.first() == Some(&b'#') && (end == 0 || !rest.starts_with(b"#separator"));
        if !goes_on {
            return end;
        }
        end += memchr(b'\n', rest).map_or(rest.len(), |newline| newline + 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads a text a few bytes at a time, then ends in an error if one is given.
    struct Drip<'a>(&'a [u8], usize, Option<Fault>);

    impl Read for Drip<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let size = self.1.min(buffer.len()).min(self.0.len());
            buffer[..size].copy_from_slice(&self.0[..size]);
            self.0 = &self.0[size..];
            match self.2.take() {
                Some(fault) if size == 0 => Err(fault.into()),
                fault => {
                    self.2 = fault;
                    Ok(size)
                }
            }
        }
    }

    /// Every line with its number and header, and the numbers of too long lines.
    type Cut = (Vec<(u64, String, Option<String>)>, Vec<u64>, Option<(Fault, u64)>);

    fn cut(text: &str, drip: usize, line_bytes_max: usize, zeek: bool, fault: Option<Fault>) -> Cut {
        let mut cutter = LineCutter::new(Drip(text.as_bytes(), drip, fault), line_bytes_max, zeek);
        let (mut lines, mut too_long, mut block) = (Vec::new(), Vec::new(), Block::default());
        while cutter.next(&mut block) {
            too_long.extend(&block.too_long);
            let header = block.header.as_ref().map(|header| header.name().to_owned());
            let text = String::from_utf8_lossy(block.bytes()).into_owned();
            for (number, line) in (block.first_line..).zip(text.lines()) {
                lines.push((number, line.to_owned(), header.clone()));
            }
        }
        (lines, too_long, cutter.take_fault())
    }

    #[test]
    fn lines_come_whole_and_numbered_whatever_the_reads() {
        let text = "a\nbb\n\nccc\ndddd";
        for drip in 1..=text.len() {
            for limit in 4..=text.len() + 1 {
                let (lines, too_long, fault) = cut(text, drip, limit, false, None);
                let expected: Vec<_> =
                    (1..).zip(text.lines()).map(|(number, line)| (number, line.to_owned(), None)).collect();
                assert_eq!((lines, too_long, fault), (expected, vec![], None), "drip {drip} limit {limit}");
            }
        }
    }

    #[test]
    fn too_long_lines_are_dropped_and_numbered() {
        let text = "ok\n123456789\nok\n12345\n\n123456";
        for drip in 1..=text.len() {
            let (lines, too_long, _) = cut(text, drip, 5, false, None);
            let kept: Vec<_> = lines.iter().map(|(number, line, _)| (*number, line.as_str())).collect();
            assert_eq!(kept, [(1, "ok"), (3, "ok"), (4, "12345"), (5, "")], "drip {drip}");
            assert_eq!(too_long, [2, 6], "drip {drip}");
        }
    }

    #[test]
    fn a_fault_drops_the_line_that_it_cut() {
        for drip in 1..8 {
            let (lines, _, fault) = cut("one\ntwo\nthr", drip, 100, false, Some(Fault::Truncated));
            assert_eq!(lines.len(), 2);
            assert_eq!(fault, Some((Fault::Truncated, 3)));
            let (lines, _, _) = cut("one\ntwo\nthree", drip, 100, false, Some(Fault::TrailingGarbage));
            assert_eq!(lines.len(), 3, "nothing is lost before trailing garbage");
        }
    }

    #[test]
    fn what_stands_before_the_first_line_is_taken_off() {
        let log = "#separator \\x09\n#path\tconn\n#fields\tts\n1\n";
        for before in ["", "\u{feff}", "\t", "\u{feff} \t"] {
            for drip in [1, 2, 3, 1000] {
                let (lines, _, _) = cut(&format!("{before}{log}"), drip, 100, true, None);
                let expected = (4, "1".to_owned(), Some("conn".to_owned()));
                assert_eq!(lines.last(), Some(&expected), "{before:?} {drip}");
            }
        }
        let (lines, _, _) = cut("\u{feff}{\"ts\":1}\n", 1, 100, false, None);
        assert_eq!(lines[0].1, "{\"ts\":1}");
        let (lines, _, _) = cut("  1\t2\n", 1, 100, true, None);
        assert_eq!(lines[0].1, "  1\t2", "blanks before a row are its own");
    }

    #[test]
    fn a_header_in_the_middle_holds_from_there_on() {
        let text = "### note\n#separator \\x09\n#path\tconn\n#fields\tts\n1\n#a comment\n2\n#close\n\
                    #separator \\x09\n#path\tempty\n#fields\tuid\n#close\n\
                    #separator \\x09\n#path\tdns\n#fields\tquery\n3\n#fields\tts\n4\n#separator \\x09\n5\n";
        for drip in [1, 3, 7, 1000] {
            for limit in [50, 51, 75, 1000] {
                let (lines, _, _) = cut(text, drip, limit, true, None);
                let header_of = |row: &str| {
                    let (_, _, header) = lines.iter().find(|(_, line, _)| line == row).unwrap();
                    header.as_deref()
                };
                assert_eq!(lines.len(), text.lines().count());
                assert_eq!((header_of("1"), header_of("2")), (Some("conn"), Some("conn")));
                assert_eq!(header_of("3"), Some("dns"));
                assert_eq!(header_of("4"), Some("zeek log without path"));
                assert_eq!(header_of("5"), None, "a header without fields is none");
            }
        }
    }

    #[test]
    fn headers_one_behind_the_other_are_copied_once() {
        struct Counted<'a>(&'a [u8], usize);
        impl Read for Counted<'_> {
            fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
                self.1 += 1;
                self.0.read(buffer)
            }
        }
        let (headers, limit) = (10_000, 9_000);
        let text = "#fields\tts\n1\n".repeat(headers);
        let mut cutter = LineCutter::new(Counted(text.as_bytes(), 0), limit, true);
        let (mut block, mut blocks, mut bytes) = (Block::default(), 0, 0);
        while cutter.next(&mut block) {
            assert_eq!(block.first_line, 2 * blocks + 1);
            blocks += 1;
            bytes += block.bytes().len();
        }
        assert_eq!((blocks, bytes), (headers as u64, text.len()));
        // A read fills a block up, for which what was read before is copied.
        let reads = cutter.reader.1;
        assert!(reads <= 2 * text.len() / limit + 2, "{reads} reads");
    }
}
