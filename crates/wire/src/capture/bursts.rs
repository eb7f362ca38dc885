//! Rounds of application data inside one connection: one side speaks, the other may answer.
//!
//! A connection that is kept open hides its rhythm from a flow record; the rounds show it. A round ends when
//! nothing new was sent for 0.1 s, or for one and a half round trips where the handshake showed a longer path:
//! a transfer that is still slow in starting pauses for a round trip at a time, and is one round. The first
//! answer to a round may take [`ANSWER_MICROS`].
//! Bytes sent again and TCP keep-alive probes carry nothing new and are not part of a round.

use super::outlet::{Outlet, Side, Sides};
use undertone_core::model::{ExchangeKind, Timestamp};

/// Shortest silence that ends a round: longer than the gaps inside one answer on a short path.
const IDLE_MICROS_MIN: i64 = 100_000;
/// Longest: half of the fastest check-in seen (1 s, `AsyncRAT`).
const IDLE_MICROS_MAX: i64 = 500_000;
/// How long the first answer may take: a round trip over a mobile network and the work of the server.
const ANSWER_MICROS: i64 = 1_000_000;
/// How long new bytes behind bytes sent again are of the same round: they waited for the retransmission, not
/// for the application. Two timeouts of RFC 6298, 1 s and its double.
const REPEAT_MICROS: i64 = 3_000_000;

/// New payload of one packet.
#[derive(Debug, Clone, Copy)]
pub(super) struct News {
    pub(super) side: Side,
    pub(super) bytes: u64,
    /// The segment begins with bytes that were sent before.
    pub(super) is_repeat: bool,
}

#[derive(Debug)]
struct Round {
    begun: Timestamp,
    last: Timestamp,
    starter: Side,
    is_answered: bool,
    bytes: Sides<u64>,
}

/// The rounds of one connection; only the one under way is held.
#[derive(Debug, Default)]
pub(super) struct Bursts {
    round: Option<Round>,
    round_trip_micros: i64,
}

impl Bursts {
    /// Learns the round trip of the path from the handshake.
    pub(super) fn learn_round_trip(&mut self, micros: i64) {
        self.round_trip_micros = micros;
    }

    /// Takes new payload bytes of one side, and sends the round before when this one begins another.
    pub(super) fn add(&mut self, news: News, out: &mut Outlet<'_>) {
        let News { side, bytes, is_repeat } = news;
        if let Some(round) = &mut self.round {
            let idle = out.at.since(round.last);
            let silence = self.round_trip_micros.saturating_mul(3) / 2;
            let silence = silence.clamp(IDLE_MICROS_MIN, IDLE_MICROS_MAX);
            let is_first_answer = !round.is_answered && side != round.starter;
            let may_take = match (is_first_answer, is_repeat) {
                (_, true) => REPEAT_MICROS,
                (true, false) => ANSWER_MICROS,
                (false, false) => silence,
            };
            if idle < may_take {
                round.last = round.last.max(out.at);
                round.is_answered |= side != round.starter;
                *round.bytes.of_mut(side) += bytes;
                return;
            }
        }
        self.finish(out);
        let mut round =
            Round { begun: out.at, last: out.at, starter: side, is_answered: false, bytes: Sides::default() };
        *round.bytes.of_mut(side) = bytes;
        self.round = Some(round);
    }

    /// Forgets the round under way: its protocol turned out to be decoded.
    pub(super) fn forget(&mut self) {
        self.round = None;
    }

    /// Sends the round under way.
    pub(super) fn finish(&mut self, out: &mut Outlet<'_>) {
        let Some(round) = self.round.take() else { return };
        let mut exchange = out.exchange(ExchangeKind::Data, round.begun);
        exchange.orig_bytes = Some(round.bytes.orig);
        exchange.resp_bytes = Some(round.bytes.resp);
        out.send(exchange);
    }
}
