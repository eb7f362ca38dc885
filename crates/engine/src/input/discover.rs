//! From what the user named to a list of files: folders are walked in a fixed order.

use super::fault::SkipReason;
use super::names::display_name;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::{self, FileType, Metadata};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

/// One input as the user named it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InputPath {
    /// A file, a folder or a FIFO.
    Path(PathBuf),
    /// Standard input.
    Stdin,
}

impl InputPath {
    /// The input of a command line argument: `-` is standard input.
    pub fn from_argument(argument: &OsStr) -> Self {
        if argument == "-" { Self::Stdin } else { Self::Path(argument.into()) }
    }
}

/// A file that will be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) place: Place,
    /// Name for reports.
    pub(super) name: String,
}

/// Where the bytes of a [`Found`] are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// A regular file and its size when it was found.
    File { path: PathBuf, size: u64 },
    /// A FIFO or character device that the user named: readable once, from front to back.
    Pipe(PathBuf),
    /// Standard input.
    Stdin,
}

/// What discovery found, in order: arguments as given, folders sorted by name bytes.
#[derive(Debug, Default)]
pub(super) struct Discovered {
    pub(super) found: Vec<Found>,
    pub(super) skipped: Vec<(String, SkipReason)>,
    /// Device and inode of every file and folder taken, so that none is taken twice (by two names, or around
    /// a loop of links).
    seen: BTreeSet<(u64, u64)>,
    stdin_taken: bool,
}

/// Walks all inputs.
pub(super) fn discover(inputs: &[InputPath]) -> Discovered {
    let mut discovered = Discovered::default();
    for input in inputs {
        match input {
            InputPath::Stdin if discovered.stdin_taken => discovered.skip_named("-", SkipReason::Duplicate),
            InputPath::Stdin => {
                discovered.stdin_taken = true;
                discovered.found.push(Found { place: Place::Stdin, name: "-".to_owned() });
            }
            InputPath::Path(path) => discovered.walk(path),
        }
    }
    discovered
}

impl Discovered {
    fn skip(&mut self, path: &Path, reason: SkipReason) {
        self.skip_named(&name_of(path), reason);
    }

    fn skip_named(&mut self, name: &str, reason: SkipReason) {
        self.skipped.push((name.to_owned(), reason));
    }

    /// Takes one argument: a file, or a folder with all that is below it. No recursion: the depth of the tree is
    /// not ours to choose.
    fn walk(&mut self, argument: &Path) {
        let mut pending = vec![argument.to_owned()];
        while let Some(path) = pending.pop() {
            let metadata = match fs::metadata(&path) {
                Ok(metadata) => metadata,
                Err(error) => {
                    self.skip(&path, unreadable(&error));
                    continue;
                }
            };
            let kind = metadata.file_type();
            if kind.is_dir() {
                if self.is_new(&path, &metadata) {
                    self.list(&path, &mut pending);
                }
            } else if kind.is_file() {
                if self.is_new(&path, &metadata) {
                    let place = Place::File { path: path.clone(), size: metadata.len() };
                    self.found.push(Found { place, name: name_of(&path) });
                }
            } else if path == argument && (kind.is_fifo() || kind.is_char_device()) {
                let name = name_of(&path);
                self.found.push(Found { place: Place::Pipe(path), name });
            } else {
                self.skip(&path, SkipReason::SpecialFile(kind_name(kind)));
            }
        }
    }

    fn is_new(&mut self, path: &Path, metadata: &Metadata) -> bool {
        let is_new = self.seen.insert((metadata.dev(), metadata.ino()));
        if !is_new {
            self.skip(path, SkipReason::Duplicate);
        }
        is_new
    }

    /// Pushes the entries of a folder so that they are popped in name order.
    fn list(&mut self, folder: &Path, pending: &mut Vec<PathBuf>) {
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) => return self.skip(folder, unreadable(&error)),
        };
        let start = pending.len();
        for entry in entries {
            match entry {
                Ok(entry) => pending.push(entry.path()),
                Err(error) => self.skip(folder, unreadable(&error)),
            }
        }
        if let Some(added) = pending.get_mut(start..) {
            added.sort_unstable_by(|left, right| right.as_os_str().cmp(left.as_os_str()));
        }
    }
}

fn unreadable(error: &io::Error) -> SkipReason {
    SkipReason::Unreadable(error.to_string())
}

pub(super) fn name_of(path: &Path) -> String {
    display_name(path.as_os_str().as_bytes())
}

fn kind_name(kind: FileType) -> &'static str {
    if kind.is_fifo() {
        "a FIFO"
    } else if kind.is_socket() {
        "a socket"
    } else if kind.is_block_device() || kind.is_char_device() {
        "a device"
    } else {
        "a special file"
    }
}
