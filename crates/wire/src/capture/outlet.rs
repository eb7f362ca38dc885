//! What the parsers of one connection share: its sides, its identity, and the way out for exchanges.

use crate::RecordSink;
use undertone_core::model::{Endpoint, Exchange, ExchangeKind, Record, Timestamp, Transport};

/// One side of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Orig,
    Resp,
}

impl Side {
    pub(super) const fn other(self) -> Self {
        match self {
            Self::Orig => Self::Resp,
            Self::Resp => Self::Orig,
        }
    }
}

/// One value for each side.
#[derive(Debug, Default)]
pub(super) struct Sides<T> {
    pub(super) orig: T,
    pub(super) resp: T,
}

impl<T> Sides<T> {
    pub(super) fn of(&self, side: Side) -> &T {
        match side {
            Side::Orig => &self.orig,
            Side::Resp => &self.resp,
        }
    }

    pub(super) fn of_mut(&mut self, side: Side) -> &mut T {
        match side {
            Side::Orig => &mut self.orig,
            Side::Resp => &mut self.resp,
        }
    }
}

/// The identity of a connection, as its records carry it.
#[derive(Debug)]
pub(super) struct Tag {
    pub(super) uid: Box<str>,
    pub(super) orig: Endpoint,
    pub(super) resp: Endpoint,
    pub(super) transport: Transport,
}

/// Where the parsers of one connection send what they find.
pub(super) struct Outlet<'a> {
    pub(super) tag: &'a Tag,
    pub(super) sink: &'a mut dyn RecordSink,
    pub(super) sent: &'a mut u64,
    /// Time of the packet in hand.
    pub(super) at: Timestamp,
}

impl<'a> Outlet<'a> {
    /// An exchange of this connection, its fields absent.
    pub(super) fn exchange(&self, kind: ExchangeKind, at: Timestamp) -> Exchange<'a> {
        let mut exchange = Exchange::new(kind, &self.tag.uid, at, self.tag.orig, self.tag.resp);
        exchange.transport = self.tag.transport;
        exchange
    }

    pub(super) fn send(&mut self, exchange: Exchange<'_>) {
        *self.sent += 1;
        self.sink.record(Record::Exchange(exchange));
    }
}

/// An outlet that leads nowhere, for tests of one parser.
#[cfg(test)]
pub(super) fn with_outlet<T>(act: impl FnOnce(&mut Outlet<'_>) -> T) -> T {
    struct Nobody;
    impl RecordSink for Nobody {
        fn record(&mut self, _record: Record<'_>) {}
        fn reject(&mut self, _line: u64, _reason: crate::RejectReason, _detail: &str) {}
        fn ignore(&mut self, _what: &str) {}
    }
    let end = |port| Endpoint::new(std::net::Ipv4Addr::LOCALHOST.into(), port);
    let tag = Tag { uid: "C1".into(), orig: end(1), resp: end(80), transport: Transport::Tcp };
    act(&mut Outlet { tag: &tag, sink: &mut Nobody, sent: &mut 0, at: Timestamp::from_secs(1) })
}
