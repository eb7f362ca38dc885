//! From paths to records: discovery, decompression, cutting into blocks, parsing on all threads.
//!
//! Nothing here fails as a whole. An input that cannot be read is skipped with a reason, one that ends early
//! gives all rows before its fault, a bad row is counted; the [`InputSummary`] says it all.
//! Reads are in buffers, never through a memory map: a mapped file that shrinks kills the process.

mod archive;
mod bytes;
mod decode;
mod discover;
mod driver;
mod fault;
mod limits;
mod lines;
mod names;
mod open;
mod parse;
mod plan;
mod progress;
mod summary;
mod tally;

pub use decode::is_packed;
pub use discover::InputPath;
pub use fault::{Fault, SkipReason};
pub use limits::Limits;
pub use open::HEAD_BYTES;
pub use plan::Plan;
pub use progress::{Phase, Progress, StopFlag};
pub use summary::{FileReport, InputSummary, Outcome, Skipped};
pub use tally::{Rejects, Tally};

use plan::Source;
use undertone_wire::RecordSink;
use undertone_wire::mobile::usagestats::UtcOffset;

/// How to read.
#[derive(Debug, Clone, Default)]
pub struct ReadOptions {
    /// Worker threads; 0 counts as 1.
    pub threads: usize,
    /// Bounds on what an input may cost.
    pub limits: Limits,
    /// Offset from UTC of texts that give local time without a zone (`dumpsys`); without it such rows are
    /// rejected.
    pub utc_offset: Option<UtcOffset>,
    /// Ends the run early.
    pub stop: StopFlag,
}

/// The input from which records come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SourceInfo<'a> {
    /// Name for reports: the path, with `!` before the name of an archive entry.
    pub name: &'a str,
    /// What its content is.
    pub format: undertone_wire::format::Format,
    /// Position among all inputs of the plan; the same in every run over the same inputs.
    pub index: usize,
}

impl<'a> SourceInfo<'a> {
    fn of(source: &'a Source) -> Self {
        Self { name: &source.name, format: source.format, index: source.index }
    }
}

/// A sink that is told where records come from.
pub trait SourceSink: RecordSink {
    /// The records that follow come from this input, until the next call. Called before every block, so often
    /// again with the same input.
    fn begin_source(&mut self, source: &SourceInfo<'_>);
}

/// What the inputs come to, in the order in which it is read: the name for reports and, of a regular file, its path.
pub fn listed(inputs: &[InputPath]) -> Vec<(String, Option<std::path::PathBuf>)> {
    let path = |place| match place {
        discover::Place::File { path, .. } => Some(path),
        discover::Place::Pipe(_) | discover::Place::Stdin => None,
    };
    discover::discover(inputs).found.into_iter().map(|found| (found.name, path(found.place))).collect()
}

/// Reads all inventories and lease logs of a plan, on one thread, and gives the sink back. Other records among them go
/// to the sink as well.
///
/// They come first because records are divided by device, and leases say which device an address was.
pub fn read_leases<S: SourceSink + Send>(
    plan: &Plan,
    options: &ReadOptions,
    sink: S,
    progress: &Progress,
) -> (Option<S>, InputSummary) {
    let (mut sinks, summary) = driver::read(plan, Phase::Leases, options, vec![sink], progress);
    (sinks.pop(), summary)
}

/// Reads all else on `options.threads` threads, each with the sink that `make_sink` gives for its number.
pub fn read_records<S: SourceSink + Send>(
    plan: &Plan,
    options: &ReadOptions,
    make_sink: impl FnMut(usize) -> S,
    progress: &Progress,
) -> (Vec<S>, InputSummary) {
    let sinks = (0..options.threads.max(1)).map(make_sink).collect();
    let done = driver::read(plan, Phase::Records, options, sinks, progress);
    progress.set_phase(Phase::Done);
    done
}
