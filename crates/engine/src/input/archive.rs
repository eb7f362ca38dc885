//! Zip archives: the library reads the directory, the entries are streams like any other.
//!
//! Nothing is ever extracted, so names inside an archive are labels, not paths.

use super::bytes::{Backing, Cursor, Meter, Section};
use super::decode::{Checked, Inflate, Zstd};
use super::fault::{Fault, SkipReason};
use super::names::display_name;
use std::io::{self, BufReader, Read};
use std::sync::Arc;

/// A boxed byte stream, as every layer above sees it.
pub(super) type Stream = Box<dyn Read + Send>;

/// One entry of an archive's directory.
#[derive(Debug)]
pub(super) struct Entry {
    /// Name for reports.
    pub(super) name: String,
    header_start: u64,
    compressed_bytes: u64,
    crc: u32,
    encrypted: bool,
}

/// An archive whose directory is read. Several entries can be read at once.
#[derive(Debug)]
pub(super) struct Archive {
    backing: Arc<Backing>,
    pub(super) entries: Vec<Entry>,
    /// Entries beyond the limit, which are not listed.
    pub(super) entries_cut: usize,
    /// Entries whose directory record contradicts the archive, by name.
    pub(super) broken: Vec<String>,
}

impl Archive {
    /// Reads the directory. Folders are left out.
    pub(super) fn open(backing: Arc<Backing>, entries_max: usize) -> Result<Self, SkipReason> {
        let damaged = |error: zip::result::ZipError| Fault::Damaged(error.to_string());
        let cursor = BufReader::new(Cursor::new(Arc::clone(&backing))?);
        let mut zip = zip::ZipArchive::new(cursor).map_err(damaged)?;
        let mut archive = Self { backing, entries: Vec::new(), entries_cut: 0, broken: Vec::new() };
        archive.entries_cut = zip.len().saturating_sub(entries_max);
        for index in 0..zip.len().min(entries_max) {
            match zip.by_index_raw(index) {
                Ok(file) if file.is_dir() => {}
                Ok(file) => archive.entries.push(Entry {
                    name: display_name(file.name_raw()),
                    header_start: file.header_start(),
                    compressed_bytes: file.compressed_size(),
                    crc: file.crc32(),
                    encrypted: file.encrypted(),
                }),
                Err(_) => archive.broken.push(format!("entry {index}")),
            }
        }
        Ok(archive)
    }

    /// Opens one entry for reading, decompressed.
    pub(super) fn read(&self, index: usize, meter: &Meter) -> Result<Stream, SkipReason> {
        let entry = self.entries.get(index).ok_or_else(|| Fault::Damaged("no such entry".to_owned()))?;
        if entry.encrypted {
            return Err(SkipReason::UnsupportedEntry("encrypted".to_owned()));
        }
        let header = self.local_header(entry, meter)?;
        let end = header.data_start.saturating_add(entry.compressed_bytes);
        let packed = Section::new(Arc::clone(&self.backing), header.data_start..end, meter.clone());
        let budget = Arc::clone(&meter.budget);
        let whole = WholeSection { inner: packed, left: entry.compressed_bytes };
        // Methods: APPNOTE.TXT 4.4.5.
        let plain: Stream = match header.method {
            0 => Box::new(Checked::new(whole, entry.crc)),
            8 => Box::new(Checked::new(Inflate::raw(whole, budget), entry.crc)),
            93 => Box::new(Checked::new(Zstd::new(whole, budget)?, entry.crc)),
            method => {
                return Err(SkipReason::UnsupportedEntry(format!("packed by method {method}")));
            }
        };
        Ok(plain)
    }

    /// Reads the header before an entry's bytes: APPNOTE.TXT 4.3.7.
    fn local_header(&self, entry: &Entry, meter: &Meter) -> io::Result<LocalHeader> {
        const HEADER_BYTES: usize = 30;
        let mut header = [0_u8; HEADER_BYTES];
        let end = entry.header_start.saturating_add(HEADER_BYTES as u64);
        Section::new(Arc::clone(&self.backing), entry.header_start..end, meter.clone())
            .read_exact(&mut header)
            .map_err(|_| Fault::Truncated)?;
        let number = |at: usize| match header.get(at..at + 2) {
            Some(&[low, high]) => u16::from_le_bytes([low, high]),
            _ => 0,
        };
        if !header.starts_with(b"PK\x03\x04") {
            return Err(Fault::Damaged("no entry where the directory says".to_owned()).into());
        }
        let variable = u64::from(number(26)) + u64::from(number(28));
        Ok(LocalHeader { method: number(8), data_start: end.saturating_add(variable) })
    }
}

struct LocalHeader {
    method: u16,
    data_start: u64,
}

/// Turns an early end of an entry's bytes into a fault: without it a cut archive would look complete.
struct WholeSection {
    inner: Section,
    left: u64,
}

impl Read for WholeSection {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.left = self.left.saturating_sub(read as u64);
        if read == 0 && !buffer.is_empty() && self.left > 0 {
            self.left = 0;
            return Err(Fault::Truncated.into());
        }
        Ok(read)
    }
}
