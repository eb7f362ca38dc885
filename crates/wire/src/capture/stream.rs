//! One direction of a TCP connection: which bytes are new, and the bytes in order.

use std::collections::BTreeMap;

/// Bytes held out of order for one direction; past it the missing ones are given up.
const HELD_BYTES_MAX: usize = 64 * 1024;
/// Segments held out of order for one direction.
const HELD_SEGMENTS_MAX: usize = 256;
/// Holes remembered for counting; a byte that fills a forgotten hole counts as sent again.
const HOLES_MAX: usize = 32;
/// A jump beyond this is not loss but another numbering (the largest TCP window is 1 GiB, RFC 7323).
const JUMP_MAX: i64 = 1 << 30;

/// What a direction hands on, in order.
pub(super) enum Delivery<'a> {
    Data(&'a [u8]),
    /// Bytes that the capture does not hold.
    Gap(u64),
}

/// Where a segment lies in its direction, and how much of it is new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    start: u64,
    end: u64,
    /// Payload bytes not seen before.
    pub(super) fresh_bytes: u64,
    /// True when it begins with bytes that were sent before.
    pub(super) is_repeat: bool,
}

/// One direction. Positions are 64-bit: sequence numbers unwrapped around the highest one seen.
#[derive(Debug, Default)]
pub(super) struct Half {
    /// One past the highest byte seen; `None` before the first segment.
    next: Option<u64>,
    holes: Vec<(u64, u64)>,
    /// One past the last byte handed on.
    delivered: u64,
    held: BTreeMap<u64, Vec<u8>>,
    held_bytes: usize,
}

impl Half {
    /// Takes the place of a segment of `len` payload bytes that begins at `seq`.
    pub(super) fn place(&mut self, seq: u32, len: u32) -> Span {
        let Some(next) = self.next else {
            // One window of room below, so that earlier bytes arriving late do not underflow.
            let start = (1 << 33) | u64::from(seq);
            let end = start + u64::from(len);
            self.next = Some(end);
            self.delivered = start;
            return Span { start, end, fresh_bytes: u64::from(len), is_repeat: false };
        };
        let start = if let Some(start) = unwrapped(next, seq) {
            start
        } else {
            self.renumber(seq);
            self.delivered
        };
        let end = start + u64::from(len);
        let is_repeat = self.next.is_some_and(|next| start < next);
        let fresh_bytes = self.count(start, end);
        Span { start, end, fresh_bytes, is_repeat }
    }

    fn renumber(&mut self, seq: u32) {
        self.holes.clear();
        self.drop_held();
        let start = (1 << 33) | u64::from(seq);
        self.next = Some(start);
        self.delivered = start;
    }

    fn count(&mut self, start: u64, end: u64) -> u64 {
        let next = self.next.unwrap_or(start);
        if end > next {
            self.next = Some(end);
            if start > next {
                if self.holes.len() < HOLES_MAX {
                    self.holes.push((next, start));
                }
                return end - start;
            }
        }
        let mut fresh = end.saturating_sub(next.max(start));
        if self.holes.is_empty() || start >= next {
            return fresh;
        }
        let mut left = Vec::with_capacity(self.holes.len() + 1);
        for &(from, to) in &self.holes {
            let (low, high) = (from.max(start), to.min(end));
            if low >= high {
                left.push((from, to));
                continue;
            }
            fresh += high - low;
            left.extend([(from, low), (high, to)].into_iter().filter(|(from, to)| from < to));
        }
        left.truncate(HOLES_MAX);
        self.holes = left;
        fresh
    }

    /// Hands on what is in order now. `payload` may be shorter than the span when the capture cut it.
    pub(super) fn feed(&mut self, span: Span, payload: &[u8], hand_on: &mut dyn FnMut(Delivery<'_>)) {
        if span.end <= self.delivered {
            return;
        }
        if span.start > self.delivered {
            self.hold(span.start, payload);
            while self.held_bytes > HELD_BYTES_MAX || self.held.len() > HELD_SEGMENTS_MAX {
                self.give_up(hand_on);
            }
            return;
        }
        let known = usize::try_from(self.delivered - span.start).unwrap_or(usize::MAX);
        if let Some(new) = payload.get(known..).filter(|new| !new.is_empty()) {
            self.delivered += new.len() as u64;
            hand_on(Delivery::Data(new));
        }
        if self.delivered < span.end {
            hand_on(Delivery::Gap(span.end - self.delivered));
            self.delivered = span.end;
        }
        self.drain(hand_on);
    }

    /// The peer acknowledged up to `ack`: bytes before it that are still missing were lost to the capture.
    pub(super) fn acknowledged(&mut self, ack: u32, hand_on: &mut dyn FnMut(Delivery<'_>)) {
        let Some(ack) = self.next.and_then(|next| unwrapped(next, ack)) else { return };
        while self.held.first_key_value().is_some_and(|(first, _)| *first <= ack) {
            self.give_up(hand_on);
        }
    }

    /// Gives up all that is missing: nothing more comes.
    pub(super) fn give_up_all(&mut self, hand_on: &mut dyn FnMut(Delivery<'_>)) {
        while !self.held.is_empty() {
            self.give_up(hand_on);
        }
    }

    /// Gives up the bytes missing before the first held ones.
    fn give_up(&mut self, hand_on: &mut dyn FnMut(Delivery<'_>)) {
        let Some((&first, _)) = self.held.first_key_value() else { return };
        if first > self.delivered {
            hand_on(Delivery::Gap(first - self.delivered));
            self.delivered = first;
        }
        self.drain(hand_on);
    }

    pub(super) fn held_bytes(&self) -> usize {
        self.held_bytes
    }

    /// Forgets what is held out of order.
    pub(super) fn drop_held(&mut self) {
        self.held.clear();
        self.held_bytes = 0;
    }

    fn hold(&mut self, start: u64, payload: &[u8]) {
        if payload.is_empty() {
            return;
        }
        let slot = self.held.entry(start).or_default();
        if slot.len() < payload.len() {
            self.held_bytes += payload.len() - slot.len();
            *slot = payload.to_vec();
        }
    }

    fn drain(&mut self, hand_on: &mut dyn FnMut(Delivery<'_>)) {
        while let Some(entry) = self.held.first_entry() {
            if *entry.key() > self.delivered {
                break;
            }
            let (start, payload) = entry.remove_entry();
            self.held_bytes = self.held_bytes.saturating_sub(payload.len());
            let known = usize::try_from(self.delivered - start).unwrap_or(usize::MAX);
            if let Some(new) = payload.get(known..).filter(|new| !new.is_empty()) {
                self.delivered += new.len() as u64;
                hand_on(Delivery::Data(new));
            }
        }
    }
}

/// The position of a sequence number near `next`; `None` when it is too far away to be of this numbering.
fn unwrapped(next: u64, seq: u32) -> Option<u64> {
    #[expect(clippy::cast_possible_truncation, reason = "sequence numbers are the low 32 bits")]
    let ahead = i64::from(seq.wrapping_sub(next as u32).cast_signed());
    if ahead.abs() > JUMP_MAX {
        return None;
    }
    next.checked_add_signed(ahead)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds segments and returns the bytes handed on (gaps as `_`) and the count of new bytes.
    fn run(segments: &[(u32, &str)]) -> (String, u64) {
        let mut half = Half::default();
        let mut text = String::new();
        let mut fresh = 0;
        let mut hand_on = |delivery: Delivery<'_>| match delivery {
            Delivery::Data(data) => text.push_str(std::str::from_utf8(data).unwrap()),
            Delivery::Gap(len) => text.push_str(&"_".repeat(usize::try_from(len).unwrap())),
        };
        for (seq, payload) in segments {
            let span = half.place(*seq, u32::try_from(payload.len()).unwrap());
            fresh += span.fresh_bytes;
            half.feed(span, payload.as_bytes(), &mut hand_on);
        }
        half.give_up_all(&mut hand_on);
        (text, fresh)
    }

    #[test]
    fn order_overlap_and_repeats() {
        assert_eq!(run(&[(10, "abc"), (13, "def")]), ("abcdef".into(), 6));
        assert_eq!(run(&[(10, "abc"), (10, "abc"), (13, "def")]), ("abcdef".into(), 6));
        assert_eq!(run(&[(10, "abc"), (16, "ghi"), (13, "def")]), ("abcdefghi".into(), 9));
        assert_eq!(run(&[(10, "abcd"), (12, "cdef")]), ("abcdef".into(), 6));
        assert_eq!(run(&[(10, "abc"), (16, "ghi")]), ("abc___ghi".into(), 6));
        assert_eq!(run(&[(10, "abc"), (16, "ghi"), (22, "mn")]), ("abc___ghi___mn".into(), 8));
        // A keep-alive probe repeats the last byte.
        assert_eq!(run(&[(10, "abc"), (12, "c"), (13, "d")]), ("abcd".into(), 4));
    }

    #[test]
    fn sequence_numbers_wrap() {
        assert_eq!(run(&[(u32::MAX - 1, "abcd"), (2, "ef")]), ("abcdef".into(), 6));
        assert_eq!(run(&[(u32::MAX - 1, "ab"), (3, "fg"), (0, "cde")]), ("abcdefg".into(), 7));
    }

    #[test]
    fn another_numbering_starts_anew() {
        assert_eq!(run(&[(10, "abc"), (0x9000_0000, "xyz"), (0x9000_0003, "!")]), ("abcxyz!".into(), 7));
    }

    #[test]
    fn an_acknowledged_hole_is_a_gap_at_once() {
        let mut half = Half::default();
        let mut seen = Vec::new();
        let mut hand_on = |delivery: Delivery<'_>| match delivery {
            Delivery::Data(data) => seen.push(data.to_vec()),
            Delivery::Gap(_) => seen.push(b"_".to_vec()),
        };
        for (seq, payload) in [(0, b"ab"), (4, b"ef"), (8, b"ij"), (12, b"mn")] {
            let span = half.place(seq, 2);
            half.feed(span, payload, &mut hand_on);
        }
        // It covers two of the three holes.
        half.acknowledged(10, &mut hand_on);
        assert_eq!(seen, [&b"ab"[..], b"_", b"ef", b"_", b"ij"]);
    }

    #[test]
    fn small_islands_make_room_for_large_ones() {
        let mut half = Half::default();
        half.place(0, 0);
        let lengths = (0..400_u32).map(|at| if at < 200 { 10 } else { 60_000 });
        let mut at = 10;
        for length in lengths {
            let span = half.place(at, length);
            half.feed(span, &vec![0; length as usize], &mut |_| {});
            assert!(half.held_bytes() <= HELD_BYTES_MAX);
            at += length + 10;
        }
    }

    #[test]
    fn what_is_held_is_bounded() {
        let mut half = Half::default();
        let mut gaps = 0_u64;
        half.place(0, 0);
        for index in 0..1000_u32 {
            let span = half.place(10 + index * 2000, 1000);
            half.feed(span, &[0; 1000], &mut |delivery| {
                gaps += u64::from(matches!(delivery, Delivery::Gap(_)));
            });
            assert!(half.held_bytes() <= HELD_BYTES_MAX);
        }
        assert!(gaps > 10);
    }
}
