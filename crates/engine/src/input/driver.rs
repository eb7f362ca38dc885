//! Worker threads: they open inputs, share the last ones, and feed the parsers.
//!
//! Every worker has an input of its own as long as there are any left, so that decompression runs in parallel.
//! A worker without one helps another: cutting a block happens under the lock of the input, parsing outside.

use super::fault::{Fault, SkipReason};
use super::lines::{Block, LineCutter};
use super::open::{Opened, Opener, Peeked};
use super::parse::{LineParser, parse_capture, parse_document};
use super::plan::{Plan, Source};
use super::progress::{Phase, Progress, StopFlag};
use super::summary::{FileReport, InputSummary, Skipped};
use super::tally::{Counted, Tally};
use super::{ReadOptions, SourceInfo, SourceSink};
use std::collections::BTreeMap;
use std::collections::VecDeque;
use std::io::Read;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
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

/// What all workers share.
struct Shared<'p> {
    pending: Mutex<VecDeque<&'p Source>>,
    active: Mutex<Vec<Arc<LineInput<'p>>>>,
    opener: Opener,
    options: &'p ReadOptions,
}

/// Reads the chosen sources of a plan on all threads. One sink for each thread.
pub(super) fn read<S: SourceSink + Send>(
    plan: &Plan,
    leases: bool,
    options: &ReadOptions,
    make_sink: impl Fn(usize) -> S + Sync,
    progress: &Progress,
) -> (Vec<S>, InputSummary) {
    progress.set_phase(if leases { Phase::Leases } else { Phase::Records });
    let shared = Shared {
        pending: Mutex::new(plan.sources.iter().filter(|source| source.leases == leases).collect()),
        active: Mutex::default(),
        opener: Opener::new(options.limits, options.stop.clone(), Some(progress.clone())),
        options,
    };
    let run = |number: usize| Worker::new(&shared, make_sink(number)).run();
    let threads = if leases { 1 } else { options.threads.max(1) };
    let done: Vec<(S, BTreeMap<usize, Part>)> = std::thread::scope(|scope| {
        let run = &run;
        let handles: Vec<_> = (1..threads).map(|number| scope.spawn(move || run(number))).collect();
        let mut done = vec![run(0)];
        for handle in handles {
            match handle.join() {
                Ok(result) => done.push(result),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        done
    });
    let mut sinks = Vec::with_capacity(done.len());
    let mut parts: BTreeMap<usize, Part> = BTreeMap::new();
    for (sink, theirs) in done {
        sinks.push(sink);
        for (index, part) in theirs {
            parts.entry(index).or_default().merge(part);
        }
    }
    (sinks, summarise(plan, parts, &options.stop))
}

fn summarise(plan: &Plan, parts: BTreeMap<usize, Part>, stop: &StopFlag) -> InputSummary {
    let mut summary = InputSummary { interrupted: stop.is_stopped(), ..InputSummary::default() };
    for (index, part) in parts {
        let Some(source) = plan.sources.get(index) else { continue };
        let name = source.name.clone();
        match part.skip {
            Some(reason) => summary.skipped.push(Skipped { name, reason }),
            None => summary.files.push(FileReport {
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
    parser: LineParser,
}

impl<'w, 'p, S: SourceSink> Worker<'w, 'p, S> {
    fn new(shared: &'w Shared<'p>, sink: S) -> Self {
        let parser = LineParser::default();
        Self { shared, sink, parts: BTreeMap::new(), block: Block::default(), parser }
    }

    fn run(mut self) -> (S, BTreeMap<usize, Part>) {
        while !self.shared.options.stop.is_stopped() {
            // The guard must not live while the source is read.
            let next = lock(&self.shared.pending).pop_front();
            let Some(source) = next else { break };
            self.read_source(source);
        }
        loop {
            let shared = lock(&self.shared.active).last().cloned();
            let Some(input) = shared else { break };
            self.read_lines(&input);
        }
        (self.sink, self.parts)
    }

    fn part(&mut self, source: &Source) -> &mut Part {
        self.parts.entry(source.index).or_default()
    }

    fn read_source(&mut self, source: &'p Source) {
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
        match source.format {
            Format::Lines(format) => {
                let zeek = format == LineFormat::ZeekTsv;
                let cutter = LineCutter::new(stream, self.shared.options.limits.line_bytes_max, zeek);
                let input = Arc::new(LineInput { source, format, cutter: Mutex::new(Some(cutter)) });
                lock(&self.shared.active).push(Arc::clone(&input));
                self.read_lines(&input);
            }
            Format::Document(_) | Format::Capture => self.read_whole(source, stream),
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
            let part = self.part(input.source);
            if let Some((fault, line)) = fault {
                part.end_in(fault, line);
            }
            break;
        }
        lock(&self.shared.active).retain(|other| !Arc::ptr_eq(other, input));
    }

    fn parse_block(&mut self, input: &LineInput<'p>) {
        self.sink.begin_source(&SourceInfo::of(input.source));
        let part = self.parts.entry(input.source.index).or_default();
        part.bytes += self.block.bytes().len() as u64;
        let mut sink = Counted { sink: &mut self.sink, tally: &mut part.tally };
        self.parser.parse(input.format, &self.block, self.shared.options, &mut sink);
    }

    /// Reads a document or a capture, which cannot be shared.
    fn read_whole(&mut self, source: &Source, stream: Peeked) {
        self.sink.begin_source(&SourceInfo::of(source));
        let part = self.parts.entry(source.index).or_default();
        let mut sink = Counted { sink: &mut self.sink, tally: &mut part.tally };
        let mut stream = Observed { inner: stream, bytes: 0, fault: None };
        match source.format {
            Format::Document(format) => {
                let bytes_max = self.shared.options.limits.document_bytes_max;
                let mut text = Vec::new();
                // The fault is kept by `Observed`.
                let _seen = (&mut stream).take(bytes_max).read_to_end(&mut text);
                if text.len() as u64 == bytes_max && !matches!(stream.read(&mut [0]), Ok(0)) {
                    stream.fault.get_or_insert(Fault::BytesExceeded(bytes_max));
                }
                parse_document(format, &text, self.shared.options, &mut sink);
            }
            Format::Capture => parse_capture(&mut stream, &mut sink),
            Format::Lines(_) => {}
        }
        part.bytes += stream.bytes;
        if let Some(fault) = stream.fault {
            part.end_in(fault, 0);
        }
    }
}

/// Remembers what a parser that swallows errors would hide.
struct Observed<R> {
    inner: R,
    bytes: u64,
    fault: Option<Fault>,
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
