//! Packet captures to sessions and exchanges (DC0078, DC0085).
//!
//! In: pcap (both byte orders, micro- and nanoseconds) and pcapng, from any reader. Out: one session for each
//! connection, and what its protocols show without keys: the ClientHello of TLS and QUIC, HTTP/1, DNS, command
//! protocols, MQTT, NTP, and rounds of data where nothing is decoded.
//!
//! Layers, each a module: `file` (formats) → `link` → `packet` (IP, fragments, tunnels) → `table` and `flow`
//! (connections) → `stream` (TCP in order) → `app` (which protocol) → one module for each protocol.
//!
//! Memory is bounded whatever the input: one window over the file, a number of connections, and bytes held
//! for all of them together. A connection is ended by silence, as in Zeek: see `flow` for the times.
//! A tunnel (GTP-U, IP in IP, GRE) is looked through: its inner connections are reported, not itself.

mod app;
mod apps;
mod bursts;
mod commands;
mod dns;
mod file;
mod flow;
mod fragments;
mod hello;
mod http;
mod link;
mod mqtt;
mod ntp;
mod outlet;
mod packet;
mod quic;
mod quic_keys;
mod stream;
mod table;
mod tls;
mod window;
mod wire;

pub use file::{CaptureKind, sniff};

use crate::{RecordSink, RejectReason};
use file::{Frame, Frames, Piece};
use flow::{Exit, Origin};
use fragments::Fragments;
use link::Network;
use packet::{Miss, Walk};
use std::io::Read;
use table::Table;
use undertone_core::model::Timestamp;

/// What reading one capture came to. Everything that a bound cut is counted here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CaptureSummary {
    /// Packets in the file, with those that could not be used.
    pub packets: u64,
    /// Bytes of those packets on the wire.
    pub bytes: u64,
    /// Sessions sent to the sink.
    pub sessions: u64,
    /// Exchanges sent to the sink.
    pub exchanges: u64,
    /// Time of the earliest packet; `None` without packets.
    pub first: Option<Timestamp>,
    /// Time of the latest packet.
    pub last: Option<Timestamp>,
    /// Datagrams whose fragments never became whole.
    pub fragments_lost: u64,
    /// Sessions closed early because too many were open.
    pub sessions_evicted: u64,
    /// Sessions whose decoding stopped because too many bytes were held.
    pub sessions_shed: u64,
    /// Whether the file ends inside a packet or is damaged, so that what follows could not be read.
    pub is_cut: bool,
}

/// Reads a whole capture into `sink`. Never fails: what is damaged is rejected with its packet number, and
/// what came before is kept. Sessions come when they end, so not in order of their start.
pub fn read(reader: impl Read, sink: &mut impl RecordSink) -> CaptureSummary {
    let mut frames = match Frames::open(reader) {
        Ok(frames) => frames,
        Err((reason, detail)) => {
            sink.reject(1, reason, detail);
            return CaptureSummary { is_cut: true, ..CaptureSummary::default() };
        }
    };
    let mut reading = Reading::new(sink);
    loop {
        match frames.next() {
            Piece::Frame(frame) => reading.frame(&frame),
            Piece::Nothing => {}
            Piece::Bad(reason, detail) => {
                reading.summary.packets += 1;
                reading.sink.reject(reading.summary.packets, reason, detail);
            }
            Piece::Broken(reason, detail) => {
                reading.sink.reject(reading.summary.packets + 1, reason, detail);
                reading.summary.is_cut = true;
                break;
            }
            Piece::End => break,
        }
    }
    reading.finish()
}

/// One capture under way.
struct Reading<'s> {
    sink: &'s mut dyn RecordSink,
    summary: CaptureSummary,
    table: Table,
    fragments: Fragments,
}

impl<'s> Reading<'s> {
    fn new(sink: &'s mut dyn RecordSink) -> Self {
        Self {
            sink,
            summary: CaptureSummary::default(),
            table: Table::new(),
            fragments: Fragments::default(),
        }
    }

    fn frame(&mut self, frame: &Frame<'_>) {
        let summary = &mut self.summary;
        summary.packets += 1;
        summary.bytes += u64::from(frame.wire_len);
        summary.first = Some(summary.first.map_or(frame.at, |first| first.min(frame.at)));
        summary.last = Some(summary.last.map_or(frame.at, |last| last.max(frame.at)));
        let number = summary.packets;
        match link::network(frame.link, frame.data) {
            Network::Ip(ip) => {
                let origin = Origin { sender: ip.sender, label: frame.app.clone().or(ip.app) };
                self.packet(number, frame.at, ip.packet, origin);
            }
            Network::Other(what) => self.sink.ignore(what),
            Network::Damaged(what) => self.sink.reject(number, RejectReason::BadPacket, what),
            Network::Refused(why) => self.sink.reject(number, RejectReason::Unsupported, why),
        }
    }

    fn packet(&mut self, number: u64, at: Timestamp, ip: &[u8], origin: Origin) {
        let mut exit = Exit { sink: &mut *self.sink, sent: &mut self.summary.exchanges };
        let mut walk = Walk { at, fragments: &mut self.fragments, tunnels: 0 };
        let mut origin = Some(origin);
        let table = &mut self.table;
        let walked = packet::walk(ip, &mut walk, &mut |packet| {
            if let Some(origin) = origin.take() {
                table.packet(number, &packet, origin, &mut exit);
            }
        });
        match walked {
            Ok(()) => {}
            Err(Miss::Fragment) => self.sink.ignore("ip_fragment"),
            Err(Miss::Other(what)) => self.sink.ignore(what),
            Err(Miss::Damaged(what)) => self.sink.reject(number, RejectReason::BadPacket, what),
        }
    }

    fn finish(mut self) -> CaptureSummary {
        let mut exit = Exit { sink: &mut *self.sink, sent: &mut self.summary.exchanges };
        self.table.finish(&mut exit);
        CaptureSummary {
            sessions: self.table.finished,
            fragments_lost: self.fragments.dropped + self.fragments.unfinished(),
            sessions_evicted: self.table.evicted,
            sessions_shed: self.table.shed,
            ..self.summary
        }
    }
}
