//! Stand-in for the input layer's public types until its branch lands.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// One input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InputPath {
    /// Standard input.
    Stdin,
    /// A file or folder.
    Path(PathBuf),
}

/// What the engine is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Finding and recognising inputs.
    Discovering,
}

impl Phase {
    /// Lower-case words for a progress line.
    pub const fn as_str(self) -> &'static str {
        "looking"
    }
}

/// A handle to the counters of one run.
#[derive(Debug, Clone, Default)]
pub struct Progress(());

impl Progress {
    /// Bytes read so far.
    pub fn bytes_done(&self) -> u64 {
        0
    }

    /// Bytes to read.
    pub fn bytes_total(&self) -> u64 {
        0
    }

    /// What the engine is doing.
    pub fn phase(&self) -> Phase {
        Phase::Discovering
    }
}

/// Raised once to end a run early.
#[derive(Debug, Clone, Default)]
pub struct StopFlag(Arc<AtomicBool>);

impl StopFlag {
    /// Asks every reader to end.
    pub fn stop(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether the run was asked to end.
    pub fn is_stopped(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
