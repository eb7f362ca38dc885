//! A bounded window over a reader, so that a file of any size is read in constant memory.

use std::io::{ErrorKind, Read};

/// Largest pcap record or pcapng block that is held at once. A larger pcapng block is skipped by its length.
pub(super) const WINDOW_BYTES: usize = 1 << 20;

/// How the next bytes of the input look.
pub(super) enum Supply {
    /// At least as many bytes as asked for are there.
    Full,
    /// The input ends before; `0` left means a clean end.
    Short(usize),
}

/// A sliding window over a reader.
pub(super) struct Window<R> {
    source: R,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    is_spent: bool,
    failed: Option<ErrorKind>,
}

impl<R: Read> Window<R> {
    pub(super) fn new(source: R) -> Self {
        Self { source, buffer: vec![0; WINDOW_BYTES], start: 0, end: 0, is_spent: false, failed: None }
    }

    /// Makes `wanted` bytes (at most [`WINDOW_BYTES`]) available in [`Window::bytes`].
    pub(super) fn supply(&mut self, wanted: usize) -> Supply {
        let wanted = wanted.min(WINDOW_BYTES);
        if self.start + wanted > self.buffer.len() {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        while self.end - self.start < wanted && !self.is_spent {
            self.pull();
        }
        let held = self.end - self.start;
        if held >= wanted { Supply::Full } else { Supply::Short(held) }
    }

    /// What is held now.
    pub(super) fn bytes(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    /// The held bytes from `at`, and a mark of where the window stands after `len` bytes.
    pub(super) fn take(&mut self, len: usize) -> &[u8] {
        let from = self.start;
        self.start = self.end.min(self.start.saturating_add(len));
        self.buffer.get(from..self.start).unwrap_or_default()
    }

    /// Passes over `len` bytes without holding them. False when the input ends before.
    pub(super) fn skip(&mut self, mut len: u64) -> bool {
        loop {
            let held = self.end - self.start;
            let step = usize::try_from(len).unwrap_or(usize::MAX).min(held);
            self.start += step;
            len -= step as u64;
            if len == 0 {
                return true;
            }
            if self.is_spent {
                return false;
            }
            self.start = 0;
            self.end = 0;
            self.pull();
        }
    }

    /// The error that ended the input, if one did.
    pub(super) fn failure(&self) -> Option<ErrorKind> {
        self.failed
    }

    fn pull(&mut self) {
        let Some(space) = self.buffer.get_mut(self.end..) else { return };
        match self.source.read(space) {
            Ok(0) => self.is_spent = true,
            Ok(count) => self.end = (self.end + count).min(self.buffer.len()),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => {
                self.failed = Some(error.kind());
                self.is_spent = true;
            }
        }
    }
}
