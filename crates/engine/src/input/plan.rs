//! Finds the inputs and recognises each by its content, before anything is read in earnest.

use super::archive::Archive;
use super::discover::{Discovered, InputPath, Place, discover, name_of};
use super::fault::{Fault, SkipReason};
use super::open::{Locator, Opened, Opener, Peeked, Root};
use super::progress::{Phase, Progress};
use super::{InputSummary, ReadOptions, Skipped};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock};
use undertone_wire::format::{self, Format};

/// One input of a known format: a file, or an entry of an archive.
pub(super) struct Source {
    /// Position among all inputs.
    pub(super) index: usize,
    /// Name for reports: the path, with `!` before the name of an archive entry.
    pub(super) name: String,
    pub(super) format: Format,
    /// Whether it says who held which address, and so is read before all others.
    pub(super) leases: bool,
    pub(super) locator: Locator,
    /// What a pipe carries: it cannot be opened again.
    pub(super) pipe: Mutex<Option<Peeked>>,
}

/// What will be read.
#[derive(Default)]
pub struct Plan {
    pub(super) sources: Vec<Source>,
    pub(super) skipped: Vec<Skipped>,
}

impl Plan {
    /// Finds all inputs, in order, and recognises them.
    pub fn new(inputs: &[InputPath], options: &ReadOptions, progress: &Progress) -> Self {
        progress.set_phase(Phase::Discovering);
        let Discovered { found, skipped, .. } = discover(inputs);
        let mut plan = Self::default();
        for (name, reason) in skipped {
            plan.skip(name, reason);
        }
        let opener = Opener::new(options.limits, options.stop.clone(), None);
        for (index, found) in found.into_iter().enumerate() {
            if options.stop.is_stopped() {
                break;
            }
            if let Place::File { size, .. } = found.place {
                progress.add_total(size);
            }
            let root = Arc::new(Root { found, index, pinned: OnceLock::new() });
            plan.add_root(&opener, root, options);
        }
        plan
    }

    /// Those of some paths that cannot be read or hold nothing that is known, each with its reason.
    pub fn refused(&self, paths: &[PathBuf]) -> Vec<String> {
        let names: Vec<String> = paths.iter().map(|path| name_of(path)).collect();
        let is_one = |skipped: &&Skipped| {
            names.contains(&skipped.name) && !matches!(skipped.reason, SkipReason::Duplicate)
        };
        let refused = self.skipped.iter().filter(is_one);
        refused.map(|skipped| format!("{}: {}", skipped.name, skipped.reason)).collect()
    }

    /// A summary with what is skipped already, to which each phase's summary is merged.
    pub fn summary(&self) -> InputSummary {
        InputSummary { skipped: self.skipped.clone(), ..InputSummary::default() }
    }

    /// Number of inputs that will be read.
    pub fn len(&self) -> usize {
        self.sources.len()
    }

    /// Whether nothing is there to read.
    pub fn is_empty(&self) -> bool {
        self.sources.is_empty()
    }

    fn skip(&mut self, name: String, reason: SkipReason) {
        self.skipped.push(Skipped { name, reason });
    }

    /// Adds one given file: itself, or the entries of the archive that it is.
    fn add_root(&mut self, opener: &Opener, root: Arc<Root>, options: &ReadOptions) {
        let name = root.found.name.clone();
        let mut pending = vec![(Locator { root, entries: Vec::new() }, name)];
        while let Some((locator, name)) = pending.pop() {
            match opener.open(&locator) {
                Err(reason) => self.skip(name, reason),
                Ok(Opened::Plain(peeked)) => self.add_plain(locator, name, peeked),
                Ok(Opened::Archive(archive)) => {
                    if locator.entries.len() >= options.limits.archive_depth_max {
                        self.skip(name, SkipReason::LimitReached("archive within archive"));
                        continue;
                    }
                    self.report_gaps(&name, &archive);
                    for (index, entry) in archive.entries.iter().enumerate().rev() {
                        pending.push((locator.entry(index), format!("{name}!{}", entry.name)));
                    }
                    if locator.entries.is_empty() && !matches!(locator.root.found.place, Place::File { .. }) {
                        // The only setter of this root, so it cannot be set already.
                        let _first = locator.root.pinned.set(archive);
                    } else {
                        opener.keep(&locator, &archive);
                    }
                }
            }
        }
    }

    fn report_gaps(&mut self, name: &str, archive: &Archive) {
        if archive.entries_cut > 0 {
            self.skip(
                format!("{name}!({} entries)", archive.entries_cut),
                SkipReason::LimitReached("entries in an archive"),
            );
        }
        for broken in &archive.broken {
            let fault = Fault::Damaged("the archive's directory is wrong".to_owned());
            self.skip(format!("{name}!{broken}"), fault.into());
        }
    }

    fn add_plain(&mut self, locator: Locator, name: String, peeked: Peeked) {
        let head = peeked.head();
        let Some(format) = format::detect(head) else {
            let reason = match peeked.fault() {
                Some(fault) => fault.into(),
                None if head.is_empty() => SkipReason::Empty,
                None => format::advice(head).map_or(SkipReason::UnknownContent, SkipReason::NotRead),
            };
            return self.skip(name, reason);
        };
        let leases = format::holds_leases(format, head);
        let is_pipe = locator.entries.is_empty() && !matches!(locator.root.found.place, Place::File { .. });
        let pipe = Mutex::new(is_pipe.then_some(peeked));
        let index = self.sources.len();
        self.sources.push(Source { index, name, format, leases, locator, pipe });
    }
}
