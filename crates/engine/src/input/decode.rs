//! Decompression that loses nothing: every byte before a fault is handed out, then the fault.

use super::fault::Fault;
use super::limits::Budget;
use flate2::{Crc, Decompress, FlushDecompress, Status};
use std::io::{self, Read};
use std::sync::Arc;
use zstd::stream::raw::{DParameter, Decoder, InBuffer, Operation, OutBuffer};

/// Compressed bytes taken from the layer below at a time.
const INPUT_BYTES: usize = 64 << 10;

/// Largest zstd window, as a power of two: 128 MiB, the limit of the `zstd` tool without `--long=31`.
const ZSTD_WINDOW_LOG_MAX: u32 = 27;

/// What the first bytes of a stream say about its packing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packing {
    Gzip,
    Zstd,
    Zip,
}

/// Recognises a container by its magic number: RFC 1952 2.3.1, RFC 8878 3.1.1 and 3.1.2, APPNOTE.TXT 4.3.7.
pub(super) fn packing(head: &[u8]) -> Option<Packing> {
    match head {
        [0x1f, 0x8b, 0x08, ..] => Some(Packing::Gzip),
        [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Some(Packing::Zstd),
        [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Some(Packing::Zip),
        _ => None,
    }
}

/// Whether a file that begins so is packed: gzip, zstd or zip.
pub fn is_packed(head: &[u8]) -> bool {
    packing(head).is_some()
}

/// The compressed side: a buffer over the layer below.
struct Input<R> {
    inner: R,
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
}

impl<R: Read> Input<R> {
    fn new(inner: R) -> Self {
        Self { inner, buffer: vec![0; INPUT_BYTES].into_boxed_slice(), start: 0, end: 0 }
    }

    /// The bytes at hand, read anew when there are none. Empty at the end.
    fn fill(&mut self) -> io::Result<&[u8]> {
        if self.start >= self.end {
            self.start = 0;
            self.end = read_some(&mut self.inner, &mut self.buffer)?;
        }
        Ok(self.buffer.get(self.start..self.end).unwrap_or(&[]))
    }

    fn consume(&mut self, bytes: usize) {
        self.start += bytes;
    }
}

/// One read that is not disturbed by signals.
pub(super) fn read_some(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match reader.read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

/// Where an [`Inflate`] stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Inside a member.
    Inside,
    /// After a whole gzip member: another one, padding or garbage may follow.
    Between,
    /// Nothing more to read.
    End,
}

/// Gzip with any number of members, or one raw deflate stream (an archive entry).
pub(super) struct Inflate<R> {
    input: Input<R>,
    decoder: Decompress,
    gzip: bool,
    place: Place,
    budget: Arc<Budget>,
    pending: Option<io::Error>,
}

impl<R: Read> Inflate<R> {
    /// Reads gzip.
    pub(super) fn gzip(inner: R, budget: Arc<Budget>) -> Self {
        Self::new(inner, true, budget)
    }

    /// Reads raw deflate.
    pub(super) fn raw(inner: R, budget: Arc<Budget>) -> Self {
        Self::new(inner, false, budget)
    }

    fn new(inner: R, gzip: bool, budget: Arc<Budget>) -> Self {
        let decoder = fresh_inflate(gzip);
        Self { input: Input::new(inner), decoder, gzip, place: Place::Inside, budget, pending: None }
    }

    /// Moves past what follows a member. Zero padding (tapes, block devices) is silent.
    fn between(&mut self) -> io::Result<()> {
        loop {
            let input = self.input.fill()?;
            match input.first() {
                None => {
                    self.place = Place::End;
                    return Ok(());
                }
                Some(0) => {
                    let zeros = input.iter().take_while(|byte| **byte == 0).count();
                    self.input.consume(zeros);
                }
                // The magic number may be split over two reads; the decoder checks its second byte.
                Some(0x1f) => {
                    self.decoder = fresh_inflate(true);
                    self.place = Place::Inside;
                    return Ok(());
                }
                Some(_) => return Err(Fault::TrailingGarbage.into()),
            }
        }
    }

    fn step(&mut self, output: &mut [u8]) -> io::Result<usize> {
        let input = match self.input.fill() {
            Ok([]) => return Err(Fault::Truncated.into()),
            result => result?,
        };
        let (before_in, before_out) = (self.decoder.total_in(), self.decoder.total_out());
        let result = self.decoder.decompress(input, output, FlushDecompress::None);
        let taken = self.decoder.total_in() - before_in;
        let made = self.decoder.total_out() - before_out;
        self.input.consume(usize::try_from(taken).unwrap_or(usize::MAX));
        let made = usize::try_from(made).unwrap_or(usize::MAX);
        match result {
            Ok(Status::StreamEnd) => self.place = if self.gzip { Place::Between } else { Place::End },
            Ok(Status::Ok) => {}
            Ok(Status::BufError) if taken > 0 || made > 0 => {}
            Ok(Status::BufError) => self.pending = Some(Fault::Damaged("no progress".to_owned()).into()),
            Err(error) => self.pending = Some(Fault::Damaged(error.to_string()).into()),
        }
        if let Err(fault) = self.budget.produce(made) {
            self.pending.get_or_insert(fault.into());
        }
        Ok(made)
    }
}

fn fresh_inflate(gzip: bool) -> Decompress {
    /// log2 of the window that RFC 1951 allows at most.
    const WINDOW_BITS: u8 = 15;
    if gzip { Decompress::new_gzip(WINDOW_BITS) } else { Decompress::new(false) }
}

impl<R: Read> Read for Inflate<R> {
    fn read(&mut self, output: &mut [u8]) -> io::Result<usize> {
        if output.is_empty() {
            return Ok(0);
        }
        loop {
            if let Some(error) = self.pending.take() {
                self.place = Place::End;
                return Err(error);
            }
            let made = match self.place {
                Place::End => return Ok(0),
                Place::Between => self.between().map(|()| 0),
                Place::Inside => self.step(output),
            };
            match made {
                Ok(0) => {}
                Ok(made) => return Ok(made),
                Err(error) => {
                    self.place = Place::End;
                    return Err(error);
                }
            }
        }
    }
}

/// Zstandard with any number of frames, skippable ones included.
pub(super) struct Zstd<R> {
    input: Input<R>,
    decoder: Decoder<'static>,
    /// Input that the decoder asked for next, bytes; 0 between frames.
    hint: usize,
    frames: u64,
    /// Bytes taken from the frame at hand.
    in_frame: usize,
    /// Whether the bytes at the start of the current frame are those of a frame.
    has_magic: bool,
    ended: bool,
    budget: Arc<Budget>,
    pending: Option<io::Error>,
}

impl<R: Read> Zstd<R> {
    pub(super) fn new(inner: R, budget: Arc<Budget>) -> io::Result<Self> {
        let mut decoder = Decoder::new()?;
        decoder.set_parameter(DParameter::WindowLogMax(ZSTD_WINDOW_LOG_MAX))?;
        let input = Input::new(inner);
        Ok(Self {
            input,
            decoder,
            hint: 0,
            frames: 0,
            in_frame: 0,
            has_magic: false,
            ended: false,
            budget,
            pending: None,
        })
    }

    /// Runs the decoder once. The library forgets the output of a call that fails, so a call is never given
    /// more than one block, and never a block together with the three-byte header of the next (RFC 8878
    /// 3.1.1.2), which the hint includes.
    fn step(&mut self, output: &mut [u8]) -> io::Result<usize> {
        const BLOCK_HEADER_BYTES: usize = 3;
        /// RFC 8878 section 3.1.1.
        const MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
        let input = self.input.fill()?;
        if input.is_empty() && self.hint == 0 {
            self.ended = true;
            return Ok(0);
        }
        let wanted = match self.hint {
            0..=BLOCK_HEADER_BYTES => self.hint.max(1),
            hint => hint - BLOCK_HEADER_BYTES,
        };
        if self.hint == 0 {
            // A frame that cannot be read is no garbage: its rows are lost.
            self.has_magic = input.iter().zip(&MAGIC).all(|(byte, magic)| byte == magic);
        }
        let at_end = input.is_empty();
        let piece = input.get(..wanted.min(input.len())).unwrap_or(&[]);
        let (mut source, mut target) = (InBuffer::around(piece), OutBuffer::around(output));
        let result = self.decoder.run(&mut source, &mut target);
        let (taken, made) = (source.pos(), target.pos());
        self.input.consume(taken);
        match result {
            Ok(0) => (self.frames, self.hint, self.in_frame) = (self.frames + 1, 0, 0),
            Ok(hint) => (self.hint, self.in_frame) = (hint, self.in_frame + taken),
            Err(_) if self.frames > 0 && self.in_frame <= MAGIC.len() && !self.has_magic => {
                return Err(Fault::TrailingGarbage.into());
            }
            Err(error) => return Err(Fault::Damaged(error.to_string()).into()),
        }
        if at_end && made == 0 && self.hint != 0 {
            return Err(Fault::Truncated.into());
        }
        if let Err(fault) = self.budget.produce(made) {
            self.pending = Some(fault.into());
        }
        Ok(made)
    }
}

impl<R: Read> Read for Zstd<R> {
    fn read(&mut self, output: &mut [u8]) -> io::Result<usize> {
        while !self.ended && !output.is_empty() {
            let made = match self.pending.take() {
                Some(error) => Err(error),
                None => self.step(output),
            };
            match made {
                Ok(0) => {}
                Ok(made) => return Ok(made),
                Err(error) => {
                    self.ended = true;
                    return Err(error);
                }
            }
        }
        Ok(0)
    }
}

/// Compares an archive entry with its checksum at the end.
pub(super) struct Checked<R> {
    inner: R,
    crc: Crc,
    expected: Option<u32>,
}

impl<R: Read> Checked<R> {
    pub(super) fn new(inner: R, expected: u32) -> Self {
        Self { inner, crc: Crc::new(), expected: Some(expected) }
    }
}

impl<R: Read> Read for Checked<R> {
    fn read(&mut self, output: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(output)?;
        self.crc.update(output.get(..read).unwrap_or(&[]));
        if read == 0 && !output.is_empty() && self.expected.take().is_some_and(|sum| sum != self.crc.sum()) {
            return Err(Fault::Damaged("checksum does not match".to_owned()).into());
        }
        Ok(read)
    }
}
