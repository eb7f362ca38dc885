//! The temporary file behind partitions that do not fit in memory.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// An unnamed temporary file that several threads append to and read from.
#[derive(Debug)]
pub(crate) struct SpillFile {
    file: File,
    end: AtomicU64,
    /// Where it is, for whoever must make room there.
    folder: PathBuf,
}

/// A place in a spill file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Extent {
    pub(super) offset: u64,
    pub(super) length: usize,
}

impl SpillFile {
    /// A new file in the system's temporary folder.
    pub(crate) fn create() -> io::Result<Self> {
        let folder = std::env::temp_dir();
        let file = tempfile::tempfile_in(&folder).map_err(|error| named("no file", &folder, &error))?;
        Ok(Self { file, end: AtomicU64::new(0), folder })
    }

    /// Appends bytes; their place.
    pub(crate) fn append(&self, bytes: &[u8]) -> io::Result<Extent> {
        let offset = self.end.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        let written = self.file.write_all_at(bytes, offset);
        written.map_err(|error| named("cannot write", &self.folder, &error))?;
        Ok(Extent { offset, length: bytes.len() })
    }

    /// Reads a place back onto the end of `out`.
    pub(crate) fn read(&self, extent: Extent, out: &mut Vec<u8>) -> io::Result<()> {
        let start = out.len();
        out.resize(start + extent.length, 0);
        self.file.read_exact_at(out.get_mut(start..).unwrap_or_default(), extent.offset)
    }
}

/// The error with the folder, which nobody named on the command line.
fn named(what: &str, folder: &Path, error: &io::Error) -> io::Error {
    let folder = folder.display();
    io::Error::new(error.kind(), format!("{what} in `{folder}` (TMPDIR names another folder): {error}"))
}
