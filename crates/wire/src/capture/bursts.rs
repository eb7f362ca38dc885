//! Rounds of application data inside one connection: one side speaks, the other may answer.
//!
//! A connection that is kept open hides its rhythm from a flow record; the rounds show it. A round ends when
//! nothing new was sent for [`IDLE_MICROS`]; the first answer to a round may take [`ANSWER_MICROS`].
//! Bytes sent again and TCP keep-alive probes carry nothing new and are not part of a round.

use super::outlet::{Outlet, Side, Sides};
use undertone_core::model::{ExchangeKind, Timestamp};

/// Silence that ends a round: longer than the gaps inside one answer, shorter than any check-in.
const IDLE_MICROS: i64 = 100_000;
/// How long the first answer may take: a round trip over a mobile network and the work of the server.
const ANSWER_MICROS: i64 = 1_000_000;

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
}

impl Bursts {
    /// Takes new payload bytes of one side, and sends the round before when this one begins another.
    pub(super) fn add(&mut self, side: Side, bytes: u64, out: &mut Outlet<'_>) {
        if let Some(round) = &mut self.round {
            let idle = out.at.since(round.last);
            let is_first_answer = !round.is_answered && side != round.starter;
            if idle < IDLE_MICROS || (is_first_answer && idle <= ANSWER_MICROS) {
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
