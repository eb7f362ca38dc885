//! Worker threads: they open inputs, share the last ones, and feed the parsers.
//!
//! Every worker has an input of its own as long as there are any left, so that decompression runs in parallel.
//! A worker without one helps another: cutting a block happens under the lock of the input, parsing outside.

use super::fault::{Fault, SkipReason};
use super::lines::{Block, LineCutter};
use super::open::{Opened, Opener, Peeked};
use super::parse::{name_other_formats, parse_document, parse_lines};
use super::plan::{Plan, Source};
use super::progress::{Phase, Progress, StopFlag};
use super::summary::{FileReport, InputSummary, Skipped};
use super::tally::{Counted, Tally};
use super::{ReadOptions, SourceInfo, SourceSink};
use std::collections::{BTreeMap, VecDeque};
use std::io::Read;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use undertone_wire::capture;
use undertone_wire::format::{Format, LineFormat};

/// An input of lines that is being read.
struct LineInput<'p> {
    source: &'p Source,
    format: LineFormat,
    cutter: Mutex<Option<LineCutter<Peeked>>>,
}

/// What a worker knows of one input when it is done with it.
#[derive(Debug, Default)]
struct Part {
    bytes: u64,
    tally: Tally,
    fault: Option<Fault>,
    skip: Option<SkipReason>,
}

/// What is left to do, behind one lock.
#[derive(Default)]
struct Queue<'p> {
    pending: VecDeque<&'p Source>,
    active: Vec<Arc<LineInput<'p>>>,
    /// Workers that opened a source and do not know yet whether others can help with it.
    opening: usize,
}

/// What all workers share.
struct Shared<'p> {
    queue: Mutex<Queue<'p>>,
    changed: Condvar,
    opener: Opener,
    options: &'p ReadOptions,
}

/// What a worker does next.
enum Job<'p> {
    /// Open a source; the guard ends when it is known whether others can help.
    Open(&'p Source),
    /// Help with an input that another worker opened.
    Help(Arc<LineInput<'p>>),
}

impl<'p> Shared<'p> {
    /// The next job; waits while another worker may still open something to help with. `None` at the end.
    fn next_job(&self) -> Option<Job<'p>> {
        let mut queue = lock(&self.queue);
        while !self.options.stop.is_stopped() {
            if let Some(source) = queue.pending.pop_front() {
                queue.opening += 1;
                return Some(Job::Open(source));
            }
            if let Some(input) = queue.active.last() {
                return Some(Job::Help(Arc::clone(input)));
            }
            if queue.opening == 0 {
                return None;
            }
            queue = self.changed.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
        None
    }
}

/// Counts an opening worker until it is dropped, also by a panic: the others must not wait for ever.
struct Opening<'s, 'p>(&'s Shared<'p>);

impl Drop for Opening<'_, '_> {
    fn drop(&mut self) {
        lock(&self.0.queue).opening -= 1;
        self.0.changed.notify_all();
    }
}

/// Reads the leases of a plan, or all else, with one thread for each sink.
pub(super) fn read<S: SourceSink + Send>(
    plan: &Plan,
    phase: Phase,
    options: &ReadOptions,
    sinks: Vec<S>,
    progress: &Progress,
) -> (Vec<S>, InputSummary) {
    progress.set_phase(phase);
    let chosen = plan.sources.iter().filter(|source| source.leases == (phase == Phase::Leases));
    let shared = Shared {
        queue: Mutex::new(Queue { pending: chosen.collect(), ..Queue::default() }),
        changed: Condvar::new(),
        opener: Opener::new(options.limits, options.stop.clone(), Some(progress.clone())),
        options,
    };
    let (mut done, mut parts) = (Vec::with_capacity(sinks.len()), BTreeMap::<usize, Part>::new());
    let wanted = sinks.len();
    let idle: Mutex<Vec<_>> = Mutex::new(sinks.into_iter().map(|sink| Worker::new(&shared, sink)).collect());
    let run_one = || {
        let worker = lock(&idle).pop();
        worker.map(Worker::run)
    };
    std::thread::scope(|scope| {
        let spawn = |_| std::thread::Builder::new().spawn_scoped(scope, run_one).ok();
        let handles: Vec<_> = (0..wanted).map_while(spawn).collect();
        // Workers for which the system starts no thread run on this one.
        let here: Vec<_> = (handles.len()..wanted).filter_map(|_| run_one()).collect();
        let there = handles
            .into_iter()
            .filter_map(|handle| handle.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        for (sink, theirs) in here.into_iter().chain(there) {
            done.push(sink);
            for (index, part) in theirs {
                parts.entry(index).or_default().merge(part);
            }
        }
    });
    (done, summarise(plan, parts, &options.stop))
}

fn summarise(plan: &Plan, parts: BTreeMap<usize, Part>, stop: &StopFlag) -> InputSummary {
    let mut summary = InputSummary { interrupted: stop.is_stopped(), ..InputSummary::default() };
    for (index, part) in parts {
        let Some(source) = plan.sources.get(index) else { continue };
        let name = source.name.clone();
        match part.skip {
            Some(reason) => summary.skipped.push(Skipped { name, reason }),
            None => summary.files.push(FileReport {
                index,
                name,
                format: source.format,
                bytes: part.bytes,
                tally: part.tally,
                fault: part.fault,
            }),
        }
    }
    summary
}

impl Part {
    fn merge(&mut self, other: Self) {
        self.bytes += other.bytes;
        self.tally.merge(other.tally);
        self.fault = self.fault.take().or(other.fault);
        self.skip = self.skip.take().or(other.skip);
    }

    fn end_in(&mut self, fault: Fault, line: u64) {
        self.tally.fault(&fault, line);
        self.fault = Some(fault);
    }
}

/// A lock whose holder never leaves half-done work behind: a panic elsewhere ends the run anyway.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Worker<'w, 'p, S> {
    shared: &'w Shared<'p>,
    sink: S,
    parts: BTreeMap<usize, Part>,
    block: Block,
}

impl<'w, 'p, S: SourceSink> Worker<'w, 'p, S> {
    fn new(shared: &'w Shared<'p>, sink: S) -> Self {
        Self { shared, sink, parts: BTreeMap::new(), block: Block::default() }
    }

    fn run(mut self) -> (S, BTreeMap<usize, Part>) {
        while let Some(job) = self.shared.next_job() {
            match job {
                Job::Open(source) => self.read_source(source),
                Job::Help(input) => self.read_lines(&input),
            }
        }
        (self.sink, self.parts)
    }

    fn part(&mut self, source: &Source) -> &mut Part {
        self.parts.entry(source.index).or_default()
    }

    fn read_source(&mut self, source: &'p Source) {
        let opening = Opening(self.shared);
        let piped = lock(&source.pipe).take();
        let opened = match piped {
            Some(peeked) => Ok(Opened::Plain(peeked)),
            None => self.shared.opener.open(&source.locator),
        };
        let stream = match opened {
            Ok(Opened::Plain(stream)) => stream,
            Ok(Opened::Archive(_)) => {
                let fault = Fault::Damaged("the file changed while it was read".to_owned());
                self.part(source).skip = Some(fault.into());
                return;
            }
            Err(reason) => {
                self.part(source).skip = Some(reason);
                return;
            }
        };
        // A source that turns out to be empty is a source all the same.
        self.part(source);
        match source.format {
            Format::Lines(format) => {
                let limits = self.shared.options.limits;
                let cutter = LineCutter::new(stream, limits.line_bytes_max, format.has_headers());
                let input = Arc::new(LineInput { source, format, cutter: Mutex::new(Some(cutter)) });
                lock(&self.shared.queue).active.push(Arc::clone(&input));
                drop(opening);
                self.read_lines(&input);
            }
            Format::Document(_) | Format::Capture => {
                drop(opening);
                self.read_whole(source, stream);
            }
        }
    }

    /// Parses blocks of one input, perhaps beside other workers, until there are no more.
    fn read_lines(&mut self, input: &Arc<LineInput<'p>>) {
        loop {
            let mut guard = lock(&input.cutter);
            let Some(cutter) = guard.as_mut() else { break };
            let more = !self.shared.options.stop.is_stopped() && cutter.next(&mut self.block);
            if more {
                drop(guard);
                self.parse_block(input);
                continue;
            }
            let fault = cutter.take_fault();
            *guard = None;
            drop(guard);
            if let Some((fault, line)) = fault {
                self.part(input.source).end_in(fault, line);
            }
            break;
        }
        lock(&self.shared.queue).active.retain(|other| !Arc::ptr_eq(other, input));
    }

    fn parse_block(&mut self, input: &LineInput<'p>) {
        self.sink.begin_source(&SourceInfo::of(input.source));
        let part = self.parts.entry(input.source.index).or_default();
        part.bytes += self.block.bytes().len() as u64 + self.block.too_long_bytes;
        // Of each block on its own: another format may begin behind a row that is rejected for the same reason.
        let mut tally = Tally::default();
        let mut sink = Counted { sink: &mut self.sink, tally: &mut tally };
        parse_lines(input.format, &self.block, self.shared.options, &mut sink);
        name_other_formats(input.format, &self.block, &mut tally);
        part.tally.merge(tally);
    }

    /// Reads a document or a capture, which cannot be shared.
    fn read_whole(&mut self, source: &Source, stream: Peeked) {
        self.sink.begin_source(&SourceInfo::of(source));
        let part = self.parts.entry(source.index).or_default();
        let mut sink = Counted { sink: &mut self.sink, tally: &mut part.tally };
        let mut stream = Observed { inner: stream, bytes: 0, fault: None };
        if let Format::Document(format) = source.format {
            let text = stream.read_document(self.shared.options.limits.document_bytes_max);
            parse_document(format, &text, self.shared.options, &mut sink);
            if let Some(fault) = &stream.fault {
                part.tally.fault(fault, 1);
            }
        } else {
            // The capture reader counts a broken end itself, by packet.
            if capture::read(&mut stream, &mut sink).is_cut {
                stream.fault.get_or_insert(Fault::CaptureCut);
            }
        }
        part.bytes += stream.bytes;
        part.fault = stream.fault;
    }
}

/// Remembers what a parser that swallows errors would hide.
struct Observed<R> {
    inner: R,
    bytes: u64,
    fault: Option<Fault>,
}

impl<R: Read> Observed<R> {
    /// All bytes up to a fault, which is kept, or the limit.
    fn read_document(&mut self, bytes_max: u64) -> Vec<u8> {
        let mut text = Vec::new();
        let whole = self.by_ref().take(bytes_max).read_to_end(&mut text).is_ok();
        if whole && text.len() as u64 >= bytes_max && !matches!(self.read(&mut [0]), Ok(0)) {
            self.fault.get_or_insert(Fault::BytesExceeded(bytes_max));
        }
        text
    }
}

impl<R: Read> Read for Observed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        match self.inner.read(buffer) {
            Ok(read) => {
                self.bytes += read as u64;
                Ok(read)
            }
            Err(error) => {
                if error.kind() != std::io::ErrorKind::Interrupted {
                    self.fault = Some(Fault::of(&error));
                }
                Err(error)
            }
        }
    }
}
