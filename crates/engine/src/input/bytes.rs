//! The lowest layer: bytes as they are stored, read in buffers and counted.

use super::fault::Fault;
use super::limits::Budget;
use super::progress::{Progress, StopFlag};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;
use std::sync::Arc;

/// Archives up to this size are spooled to memory, larger ones to an unnamed temporary file. 8 MiB holds a day
/// of a phone's intrusion log, and at most a few archives are open at a time.
const SPOOL_MEMORY_BYTES: usize = 8 << 20;

/// What every reader reports to: the progress line, the stop flag and the budget of its file.
#[derive(Debug, Clone)]
pub(super) struct Meter {
    /// `None` while sniffing: those bytes are read again.
    pub(super) progress: Option<Progress>,
    pub(super) stop: StopFlag,
    pub(super) budget: Arc<Budget>,
}

impl Meter {
    fn read(&self, bytes: usize) {
        self.budget.consume(bytes);
        if let Some(progress) = &self.progress {
            progress.add_done(bytes as u64);
        }
    }

    fn check_stop(&self) -> io::Result<()> {
        if self.stop.is_stopped() { Err(Fault::Interrupted.into()) } else { Ok(()) }
    }
}

/// Bytes that can be read at any offset, by several readers at once.
#[derive(Debug)]
pub(super) enum Backing {
    /// An open file, named or not.
    File(File),
    /// A small spooled archive.
    Memory(Vec<u8>),
}

impl Backing {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        match self {
            Self::File(file) => loop {
                match file.read_at(buffer, offset) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    result => return result,
                }
            },
            Self::Memory(bytes) => {
                let rest = usize::try_from(offset).ok().and_then(|at| bytes.get(at..)).unwrap_or(&[]);
                (&mut &*rest).read(buffer)
            }
        }
    }

    fn size(&self) -> io::Result<u64> {
        match self {
            Self::File(file) => file.metadata().map(|data| data.len()),
            Self::Memory(bytes) => Ok(bytes.len() as u64),
        }
    }

    /// Copies a stream so that it can be read at any offset. Nothing with a name is left on disk.
    pub(super) fn spool(mut stream: impl Read, bytes_max: u64) -> io::Result<Self> {
        let mut memory = Vec::new();
        (&mut stream).take(SPOOL_MEMORY_BYTES as u64 + 1).read_to_end(&mut memory)?;
        if memory.len() as u64 > bytes_max {
            return Err(Fault::BytesExceeded(bytes_max).into());
        }
        if memory.len() <= SPOOL_MEMORY_BYTES {
            return Ok(Self::Memory(memory));
        }
        let mut file = tempfile::tempfile()?;
        file.write_all(&memory)?;
        let rest = bytes_max.saturating_sub(memory.len() as u64);
        drop(memory);
        if io::copy(&mut (&mut stream).take(rest.saturating_add(1)), &mut file)? > rest {
            return Err(Fault::BytesExceeded(bytes_max).into());
        }
        Ok(Self::File(file))
    }
}

/// Reads a range of a [`Backing`] from front to back.
#[derive(Debug)]
pub(super) struct Section {
    backing: Arc<Backing>,
    at: u64,
    end: u64,
    meter: Meter,
    /// Size that a plain file had when the scan began, to notice that it shrank.
    expected: Option<u64>,
}

impl Section {
    /// A reader of `at..end`; `end` may lie beyond the last byte.
    pub(super) fn new(backing: Arc<Backing>, range: std::ops::Range<u64>, meter: Meter) -> Self {
        Self { backing, at: range.start, end: range.end, meter, expected: None }
    }

    /// A reader of the whole of a file that had `expected` bytes when it was found. What was appended since is
    /// read too; a shorter file ends in [`Fault::Shrank`].
    pub(super) fn whole_file(backing: Arc<Backing>, expected: u64, meter: Meter) -> Self {
        Self { backing, at: 0, end: u64::MAX, meter, expected: Some(expected) }
    }
}

impl Read for Section {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.meter.check_stop()?;
        let rest = usize::try_from(self.end.saturating_sub(self.at)).unwrap_or(usize::MAX);
        let wanted = buffer.len().min(rest);
        let Some(target) = buffer.get_mut(..wanted).filter(|target| !target.is_empty()) else { return Ok(0) };
        let read = self.backing.read_at(target, self.at)?;
        if read == 0 {
            return match self.expected.take() {
                Some(expected) if self.at < expected => {
                    Err(Fault::Shrank { expected, found: self.at }.into())
                }
                _ => Ok(0),
            };
        }
        self.at += read as u64;
        self.meter.read(read);
        Ok(read)
    }
}

/// A pipe or standard input, counted.
pub(super) struct Pipe<R> {
    inner: R,
    meter: Meter,
}

impl<R: Read> Pipe<R> {
    pub(super) fn new(inner: R, meter: Meter) -> Self {
        Self { inner, meter }
    }
}

impl<R: Read> Read for Pipe<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.meter.check_stop()?;
        let read = self.inner.read(buffer)?;
        self.meter.read(read);
        Ok(read)
    }
}

/// A [`Backing`] as the archive library wants it.
#[derive(Debug)]
pub(super) struct Cursor {
    backing: Arc<Backing>,
    at: u64,
    size: u64,
}

impl Cursor {
    pub(super) fn new(backing: Arc<Backing>) -> io::Result<Self> {
        let size = backing.size()?;
        Ok(Self { backing, at: 0, size })
    }
}

impl Read for Cursor {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.backing.read_at(buffer, self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}

impl Seek for Cursor {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(delta) => self.size.checked_add_signed(delta),
            SeekFrom::Current(delta) => self.at.checked_add_signed(delta),
        };
        self.at = target.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        Ok(self.at)
    }
}
