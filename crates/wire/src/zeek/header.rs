//! The header of a Zeek TSV block.

use memchr::memchr_iter;

use super::escape;
use super::field::{FIELDS, Field};
use super::log::Log;
use crate::text::{clip, trim_line_end};

/// Most columns that a header may name. Zeek's widest log has about forty.
const MAX_COLUMNS: usize = 1000;

/// Slot of a column that is not read.
const UNREAD: u8 = u8::MAX;
/// Column of a slot that none fills.
const NO_COLUMN: u16 = u16::MAX;

/// What the `#` lines at the start of a block say: how rows are written, and which column feeds which field.
#[derive(Debug, Clone)]
pub struct Header {
    pub(super) separator: u8,
    /// What stands between the members of a list, where it is not a comma.
    pub(super) set_separator: Option<String>,
    pub(super) empty_field: String,
    pub(super) unset_field: String,
    /// First bytes of the two.
    absent_starts: [u8; 2],
    /// The log, when it is one that is read.
    pub(super) log: Option<Log>,
    /// For each column the slot of its field, or [`UNREAD`].
    pub(super) columns: Vec<u8>,
    /// For each slot the column that fills it, the last of several; beyond all columns where none does.
    columns_of: [u16; FIELDS],
    name: String,
}

impl Header {
    /// Reads the header lines at the start of `block`, up to the first line that does not start with `#`.
    ///
    /// `None` without a usable `#fields` line. Everything else has Zeek's defaults; the log is found by its
    /// fields when `#path` is missing.
    pub fn parse(block: &[u8]) -> Option<Self> {
        let mut header = Self {
            separator: b'\t',
            set_separator: None,
            empty_field: "(empty)".to_owned(),
            unset_field: "-".to_owned(),
            absent_starts: [0; 2],
            log: None,
            columns: Vec::new(),
            columns_of: [NO_COLUMN; FIELDS],
            name: String::new(),
        };
        for line in
            from_first_line(block).split(|&byte| byte == b'\n').take_while(|line| line.starts_with(b"#"))
        {
            if let Ok(line) = std::str::from_utf8(trim_line_end(line)) {
                header.read_line(line);
            }
        }
        if header.columns.is_empty() || header.columns.len() > MAX_COLUMNS {
            return None;
        }
        let starts = [&header.unset_field, &header.empty_field].map(|text| text.as_bytes().first());
        let any = starts.into_iter().flatten().next().copied().unwrap_or(b'-');
        header.absent_starts = starts.map(|first| first.copied().unwrap_or(any));
        let fields =
            header.columns.iter().filter(|&&slot| slot != UNREAD).fold(0_u64, |set, &slot| set | 1 << slot);
        header.log = Log::identify(&header.name, fields);
        if header.name.is_empty() {
            "zeek log without path".clone_into(&mut header.name);
        }
        Some(header)
    }

    /// The log's `#path`, for counting rows of logs that are not read.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether rows under this header give records (or are counted as ignored by [`Header::name`]).
    pub fn is_read(&self) -> bool {
        self.log.is_some()
    }

    /// The column that fills a slot; beyond all columns where none does.
    #[inline]
    pub(super) fn column_of(&self, slot: usize) -> usize {
        usize::from(self.columns_of.get(slot).copied().unwrap_or(NO_COLUMN))
    }

    /// Whether a cell says that there is no value.
    #[inline]
    pub(super) fn is_absent(&self, cell: &str) -> bool {
        // The first byte tells most cells apart without a look at the rest.
        let [unset, empty] = self.absent_starts;
        let first = cell.as_bytes().first().copied().unwrap_or(unset);
        (first == unset || first == empty) && (cell == self.unset_field || cell == self.empty_field)
    }

    fn read_line(&mut self, line: &str) {
        let Some((key, value)) = line.split_once(|separator: char| {
            separator.is_ascii_whitespace() || separator == char::from(self.separator)
        }) else {
            return;
        };
        match key {
            "#separator" => self.separator = separator(value).unwrap_or(b'\t'),
            "#set_separator" => {
                let mut text = String::new();
                escape::decode(value, &mut text);
                self.set_separator = Some(text).filter(|text| !matches!(text.as_str(), "" | ","));
            }
            "#empty_field" => value.clone_into(&mut self.empty_field),
            "#unset_field" => value.clone_into(&mut self.unset_field),
            "#path" => clip(value).clone_into(&mut self.name),
            "#fields" => self.plan_columns(value),
            _ => {}
        }
    }

    fn plan_columns(&mut self, names: &str) {
        let columns = memchr_iter(self.separator, names.as_bytes()).count() + 1;
        if columns > MAX_COLUMNS {
            return;
        }
        let slot_of = |name: &str| {
            Field::from_name(name).and_then(|field| u8::try_from(field.slot()).ok()).unwrap_or(UNREAD)
        };
        self.columns = names.split(char::from(self.separator)).map(slot_of).collect();
        self.columns_of = [NO_COLUMN; FIELDS];
        for (column, slot) in (0..).zip(&self.columns) {
            if let Some(place) = self.columns_of.get_mut(usize::from(*slot)) {
                *place = column;
            }
        }
    }
}

/// The byte of `\x09` or of a literal character; none that ends a line, since a line is a row.
fn separator(value: &str) -> Option<u8> {
    let byte = match value.strip_prefix("\\x") {
        Some(digits) => u8::from_str_radix(digits, 16).ok(),
        None => value.bytes().next(),
    };
    byte.filter(|byte| byte.is_ascii() && !matches!(byte, b'\n' | b'\r'))
}

/// What follows a byte order mark, blanks and empty lines, which editors and copying leave before a header.
fn from_first_line(head: &[u8]) -> &[u8] {
    head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start()
}

/// Whether an input that starts with `head` is a Zeek TSV log: a `#separator`, `#set_separator` or `#fields`
/// line among the comment lines that it starts with.
pub fn sniff(head: &[u8]) -> bool {
    from_first_line(head).split(|&byte| byte == b'\n').take_while(|line| line.starts_with(b"#")).any(|line| {
        [&b"#separator"[..], b"#set_separator", b"#fields"].iter().any(|key| line.starts_with(key))
    })
}
