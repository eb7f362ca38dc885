//! Ctrl-C and SIGTERM: nothing half-written and nothing temporary stays behind.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use undertone_engine::input::StopFlag;

/// Exit code of a run that was interrupted (128 + SIGINT).
const INTERRUPTED: i32 = 130;

/// How long a run may take to end cleanly. It looks at the flag between blocks; but a read from a silent pipe
/// never returns. Long enough for a block and a partition, short enough for a person at a terminal.
const GRACE: Duration = Duration::from_secs(3);

/// Files and folders that go when the run ends at once.
static TEMPORARY: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// Whether what is done now ends at the first Ctrl-C.
static IS_IMPATIENT: AtomicBool = AtomicBool::new(false);

/// How often what is temporary is removed again: another thread may put a file into a folder while it is emptied.
const REMOVALS: u32 = 50;
const BETWEEN_REMOVALS: Duration = Duration::from_millis(10);

/// Raises the returned flag at the first Ctrl-C, for a run that looks at it and ends cleanly. The second ends
/// the run at once, and so does a run that takes longer to end than [`GRACE`].
///
/// # Errors
/// When the system refuses a signal handler.
pub(crate) fn polite() -> anyhow::Result<StopFlag> {
    let stop = StopFlag::default();
    let raised = AtomicBool::new(false);
    let flag = stop.clone();
    ctrlc::set_handler(move || {
        flag.stop();
        if raised.swap(true, Ordering::Relaxed) || IS_IMPATIENT.load(Ordering::Relaxed) {
            end_at_once();
        }
        std::thread::spawn(|| {
            std::thread::sleep(GRACE);
            end_at_once();
        });
    })?;
    Ok(stop)
}

/// Ends the run at the first Ctrl-C, for commands that finish in a moment.
///
/// # Errors
/// When the system refuses a signal handler.
pub(crate) fn at_once() -> anyhow::Result<()> {
    Ok(ctrlc::set_handler(end_at_once)?)
}

/// Does what looks at no flag: meanwhile the first Ctrl-C ends a [`polite`] run at once.
pub(crate) fn at_once_during<T>(work: impl FnOnce() -> T) -> T {
    IS_IMPATIENT.store(true, Ordering::Relaxed);
    let done = work();
    IS_IMPATIENT.store(false, Ordering::Relaxed);
    done
}

/// A file or folder that goes when the run ends at once, with what removes it in an orderly end.
///
/// The owner goes before the mark does: an end in the middle of its removal still removes the rest.
#[derive(Debug)]
pub(crate) struct Temporary<T> {
    pub owner: T,
    _mark: Mark,
}

impl<T: AsRef<Path>> Temporary<T> {
    /// Makes it, with no end of the run between its making and its mark.
    ///
    /// # Errors
    /// Those of `make`.
    pub(crate) fn made<E>(make: impl FnOnce() -> Result<T, E>) -> Result<Self, E> {
        let mut temporary = TEMPORARY.lock().unwrap_or_else(PoisonError::into_inner);
        let owner = make()?;
        let path = owner.as_ref().to_owned();
        temporary.insert(path.clone());
        Ok(Self { owner, _mark: Mark(path) })
    }
}

/// A path in [`TEMPORARY`] while the value lives.
#[derive(Debug)]
struct Mark(PathBuf);

impl Drop for Mark {
    fn drop(&mut self) {
        TEMPORARY.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.0);
    }
}

/// Removes what is temporary and ends. The lock is kept, so that nothing more is marked meanwhile; a file that is just
/// renamed to its name is whole and stays.
#[expect(clippy::exit, reason = "an interrupted run ends here")]
fn end_at_once() {
    let temporary = TEMPORARY.lock().unwrap_or_else(PoisonError::into_inner);
    // What cannot be removed by then cannot be helped. Nobody makes a folder anew once it is gone.
    for _ in 0..REMOVALS {
        if temporary.iter().map(|path| remove(path)).fold(true, |all, is_gone| all & is_gone) {
            break;
        }
        std::thread::sleep(BETWEEN_REMOVALS);
    }
    std::process::exit(INTERRUPTED);
}

/// Removes a file or a folder; whether it is gone.
fn remove(path: &Path) -> bool {
    let removed = if path.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) };
    removed.is_ok() || !path.exists()
}
