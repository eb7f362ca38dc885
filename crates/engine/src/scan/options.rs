//! What to scan and how, and why a scan may give nothing.

use super::report::ScanSummary;
use crate::input::{InputPath, StopFlag};
use std::io;
use std::path::PathBuf;
use thiserror::Error;
use undertone_core::model::Network;
use undertone_core::score::Depth;

/// What to scan, and how.
#[derive(Debug, Clone)]
pub struct ScanOptions {
    /// Files, folders, standard input.
    pub inputs: Vec<InputPath>,
    /// Threads; 0 takes the available cores.
    pub threads: usize,
    /// Networks that are inside, besides private ones.
    pub internal: Vec<Network>,
    /// Device inventories; an inventory among the inputs is recognised as well.
    pub inventory: Vec<PathBuf>,
    /// Roles of apps.
    pub apps: Option<PathBuf>,
    /// Thresholds and declared baselines.
    pub config: Option<PathBuf>,
    /// Learned baseline.
    pub baseline: Option<PathBuf>,
    /// Offset from UTC of texts that give local time without a zone.
    pub utc_offset_secs: i32,
    /// Memory to stay within, bytes.
    pub memory_bytes: u64,
    /// Whether to keep findings that are neither alerts nor leads under any budget: nearly every series is one.
    pub keeps_below: bool,
}

impl ScanOptions {
    /// Memory to stay within unless told otherwise: 1 GiB.
    pub const MEMORY_BYTES: u64 = 1 << 30;

    /// Options to scan inputs with, all else being what it is unless told otherwise.
    pub const fn new(inputs: Vec<InputPath>) -> Self {
        Self {
            inputs,
            threads: 0,
            internal: Vec::new(),
            inventory: Vec::new(),
            apps: None,
            config: None,
            baseline: None,
            utc_offset_secs: 0,
            memory_bytes: Self::MEMORY_BYTES,
            keeps_below: true,
        }
    }

    /// How far series are weighed.
    pub(super) const fn depth(&self) -> Depth {
        if self.keeps_below { Depth::Full } else { Depth::Candidates }
    }

    /// Threads to work with.
    pub(super) fn worker_threads(&self) -> usize {
        match self.threads {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            threads => threads,
        }
    }
}

/// An interruption, once there was one.
///
/// # Errors
/// [`ScanError::Interrupted`].
pub fn go_on(stop: &StopFlag) -> Result<(), ScanError> {
    if stop.is_stopped() { Err(ScanError::Interrupted) } else { Ok(()) }
}

/// Why a scan gave nothing.
#[derive(Debug, Error)]
pub enum ScanError {
    /// Nothing that could be read; the summary says why.
    #[error("no usable input")]
    NoUsableInput(Box<ScanSummary>),
    /// Configuration: every problem, each with its file and line.
    #[error("{}", .0.join("; "))]
    Config(Vec<String>),
    /// Ended early.
    #[error("interrupted")]
    Interrupted,
    /// Reading back or spilling failed.
    #[error("temporary storage failed")]
    Storage(#[from] io::Error),
}
