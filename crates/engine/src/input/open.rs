//! From a place to plain bytes: opens files, peels compression, descends into archives.

use super::archive::{Archive, Stream};
use super::bytes::{Backing, Meter, Pipe, Section};
use super::decode::{Inflate, Packing, Zstd, packing, read_some};
use super::discover::{Found, Place};
use super::fault::{Fault, SkipReason};
use super::limits::{Budget, Limits};
use super::progress::{Progress, StopFlag};
use std::fs::File;
use std::io::{self, Read};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// Bytes looked at to recognise content. Enough for the header and first rows of every log: a Zeek header with
/// all site scripts is below 8 KiB.
pub const HEAD_BYTES: usize = 64 << 10;

/// Archives kept open between two of their entries. Each costs one file or at most 8 MiB.
const ARCHIVES_OPEN_MAX: usize = 4;

/// A stream whose first bytes were looked at and are still to be read.
pub(super) struct Peeked {
    head: Vec<u8>,
    at: usize,
    /// What reading the head ended in, handed out after it.
    ended: Option<io::Result<()>>,
    rest: Stream,
}

impl Peeked {
    fn new(mut rest: Stream) -> Self {
        let mut head = vec![0; HEAD_BYTES];
        let (mut filled, mut ended) = (0, None);
        while let Some(room) = head.get_mut(filled..).filter(|room| !room.is_empty()) {
            match read_some(&mut rest, room) {
                Ok(0) => {
                    ended = Some(Ok(()));
                    break;
                }
                Ok(read) => filled += read,
                Err(error) => {
                    ended = Some(Err(error));
                    break;
                }
            }
        }
        head.truncate(filled);
        Self { head, at: 0, ended, rest }
    }

    /// The first bytes, up to [`HEAD_BYTES`].
    pub(super) fn head(&self) -> &[u8] {
        &self.head
    }

    /// What went wrong within the head.
    pub(super) fn fault(&self) -> Option<Fault> {
        self.ended.as_ref().and_then(|ended| ended.as_ref().err()).map(Fault::of)
    }
}

impl Read for Peeked {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let head = self.head.get(self.at..).unwrap_or(&[]);
        if !head.is_empty() && !buffer.is_empty() {
            let read = (&mut &*head).read(buffer)?;
            self.at += read;
            if self.at == self.head.len() {
                (self.head, self.at) = (Vec::new(), 0);
            }
            return Ok(read);
        }
        match self.ended.replace(Ok(())) {
            Some(Err(error)) => Err(error),
            Some(Ok(())) => Ok(0),
            None => {
                self.ended = None;
                self.rest.read(buffer)
            }
        }
    }
}

/// What a place turned out to hold.
pub(super) enum Opened {
    /// Plain bytes.
    Plain(Peeked),
    /// An archive, to be descended into.
    Archive(Arc<Archive>),
}

/// One given file.
#[derive(Debug)]
pub(super) struct Root {
    pub(super) found: Found,
    /// Position among all given files.
    pub(super) index: usize,
    /// The archive that a pipe carried: it cannot be opened again.
    pub(super) pinned: OnceLock<Arc<Archive>>,
}

/// A way to plain bytes that can be taken again: a given file and the archive entries to descend through.
#[derive(Debug, Clone)]
pub(super) struct Locator {
    pub(super) root: Arc<Root>,
    pub(super) entries: Vec<usize>,
}

impl Locator {
    /// The locator of an entry of the archive that this one leads to.
    pub(super) fn entry(&self, index: usize) -> Self {
        let mut entries = self.entries.clone();
        entries.push(index);
        Self { root: Arc::clone(&self.root), entries }
    }
}

type Key = (usize, Vec<usize>);

/// Opens locators, and keeps the last few archives open between their entries.
pub(super) struct Opener {
    limits: Limits,
    stop: StopFlag,
    progress: Option<Progress>,
    archives: Mutex<Vec<(Key, Arc<Archive>)>>,
    budgets: Mutex<Vec<(usize, Arc<Budget>)>>,
}

impl Opener {
    /// `progress` is `None` while sniffing.
    pub(super) fn new(limits: Limits, stop: StopFlag, progress: Option<Progress>) -> Self {
        Self { limits, stop, progress, archives: Mutex::default(), budgets: Mutex::default() }
    }

    /// Opens what a locator leads to.
    pub(super) fn open(&self, locator: &Locator) -> Result<Opened, SkipReason> {
        let meter = self.meter(&locator.root);
        let Some((last, parents)) = locator.entries.split_last() else {
            return self.open_root(&locator.root, &meter);
        };
        let parent = Locator { root: Arc::clone(&locator.root), entries: parents.to_vec() };
        let archive = self.archive(&parent)?;
        self.peel(archive.read(*last, &meter)?, &meter)
    }

    /// The archive at a locator, from those kept open if possible. Recursion ends with the nesting limit.
    fn archive(&self, locator: &Locator) -> Result<Arc<Archive>, SkipReason> {
        if let Some(archive) = locator.root.pinned.get().filter(|_| locator.entries.is_empty()) {
            return Ok(Arc::clone(archive));
        }
        let key = (locator.root.index, locator.entries.clone());
        let kept = self.archives.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, archive)) = kept.iter().find(|(known, _)| *known == key) {
            return Ok(Arc::clone(archive));
        }
        drop(kept);
        match self.open(locator)? {
            Opened::Archive(archive) => {
                self.keep(locator, &archive);
                Ok(archive)
            }
            Opened::Plain(_) => Err(Fault::Damaged("the archive changed".to_owned()).into()),
        }
    }

    /// Keeps an archive open for the next of its entries.
    pub(super) fn keep(&self, locator: &Locator, archive: &Arc<Archive>) {
        let mut kept = self.archives.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= ARCHIVES_OPEN_MAX {
            kept.remove(0);
        }
        kept.push(((locator.root.index, locator.entries.clone()), Arc::clone(archive)));
    }

    /// The meter of one given file; all its entries share the budget.
    fn meter(&self, root: &Root) -> Meter {
        /// Files read at the same time: more than any sensible number of threads.
        const BUDGETS_KEPT: usize = 256;
        let mut kept = self.budgets.lock().unwrap_or_else(PoisonError::into_inner);
        let known = kept.iter().rev().find(|(index, _)| *index == root.index);
        let budget = if let Some((_, budget)) = known {
            Arc::clone(budget)
        } else {
            let size = match root.found.place {
                Place::File { size, .. } => Some(size),
                Place::Pipe(_) | Place::Stdin => None,
            };
            let budget = Arc::new(Budget::new(self.limits, size));
            if kept.len() >= BUDGETS_KEPT {
                kept.remove(0);
            }
            kept.push((root.index, Arc::clone(&budget)));
            budget
        };
        Meter { progress: self.progress.clone(), stop: self.stop.clone(), budget }
    }

    fn open_root(&self, root: &Root, meter: &Meter) -> Result<Opened, SkipReason> {
        match &root.found.place {
            Place::Stdin => self.peel(Box::new(Pipe::new(io::stdin(), meter.clone())), meter),
            Place::Pipe(path) => {
                let file = File::open(path)?;
                self.peel(Box::new(Pipe::new(file, meter.clone())), meter)
            }
            Place::File { path, size } => {
                let backing = Arc::new(Backing::File(File::open(path)?));
                let section = Section::whole_file(Arc::clone(&backing), *size, meter.clone());
                let peeked = Peeked::new(Box::new(section));
                if packing(peeked.head()) == Some(Packing::Zip) {
                    return Archive::open(backing, self.limits.archive_entries_max)
                        .map(|archive| Opened::Archive(Arc::new(archive)));
                }
                self.peel_peeked(peeked, meter)
            }
        }
    }

    fn peel(&self, stream: Stream, meter: &Meter) -> Result<Opened, SkipReason> {
        self.peel_peeked(Peeked::new(stream), meter)
    }

    /// Removes layers of compression until the content is plain or an archive.
    fn peel_peeked(&self, mut peeked: Peeked, meter: &Meter) -> Result<Opened, SkipReason> {
        let mut layers = 0;
        while let Some(kind) = packing(peeked.head()) {
            if layers >= self.limits.compression_depth_max {
                return Err(SkipReason::LimitReached("compression within compression"));
            }
            layers += 1;
            let budget = Arc::clone(&meter.budget);
            peeked = match kind {
                Packing::Gzip => Peeked::new(Box::new(Inflate::gzip(peeked, budget))),
                Packing::Zstd => Peeked::new(Box::new(Zstd::new(peeked, budget)?)),
                Packing::Zip => {
                    let backing = Arc::new(Backing::spool(peeked, self.limits.spool_bytes_max)?);
                    return Archive::open(backing, self.limits.archive_entries_max)
                        .map(|archive| Opened::Archive(Arc::new(archive)));
                }
            };
        }
        Ok(Opened::Plain(peeked))
    }
}
