//! One connection under way: its counts, its state, and what its parsers need.

use super::app::App;
use super::apps;
use super::bursts::{Bursts, News};
use super::outlet::{Outlet, Side, Sides, Tag};
use super::packet::{Body, Packet, Segment};
use super::stream::{Delivery, Half};
use super::wire::hex;
use crate::RecordSink;
use sha2::{Digest, Sha256};
use std::net::IpAddr;
use std::rc::Rc;
use undertone_core::model::{
    ConnState, Endpoint, MacAddr, Network, Record, Report, Session, Timestamp, Transport,
};

/// Silence that ends a UDP or ICMP flow: Zeek's `udp_inactivity_timeout` and `icmp_inactivity_timeout`.
const DATAGRAM_IDLE_MICROS: u64 = 60_000_000;
/// Silence that ends a TCP connection that was closed, or never answered: Zeek's `tcp_inactivity_timeout`.
const TCP_IDLE_MICROS: u64 = 300_000_000;
/// Silence that ends an open TCP connection: the shortest that RFC 5382 lets a NAT keep one (2 h 4 min). A
/// push connection is silent for half an hour at a time, which must stay one session.
const TCP_OPEN_IDLE_MICROS: u64 = 7_440_000_000;
/// Ports below are servers' when the opening was not seen (RFC 6335, system ports).
const SYSTEM_PORTS_END: u16 = 1024;

/// What one side did.
#[derive(Debug, Default)]
struct Counts {
    packets: u64,
    bytes: u64,
    has_syn: bool,
    has_fin: bool,
    has_rst: bool,
    /// Sequence number of the SYN.
    syn_seq: Option<u32>,
}

/// One connection.
pub(super) struct Flow {
    /// Number of its first packet, which orders the output.
    pub(super) number: u64,
    pub(super) tag: Tag,
    start: Timestamp,
    last: Timestamp,
    counts: Sides<Counts>,
    streams: Sides<Half>,
    is_reset_after_open: bool,
    /// Time of the last SYN, until the handshake is complete.
    opening: Option<Timestamp>,
    app: App,
    bursts: Bursts,
    orig_l2: Option<MacAddr>,
    label: Option<Rc<apps::App>>,
}

/// What a flow learns from the frame of a packet.
pub(super) struct Origin {
    pub(super) sender: Option<MacAddr>,
    pub(super) label: Option<Rc<apps::App>>,
}

/// Where a flow's records go.
pub(super) struct Exit<'a> {
    pub(super) sink: &'a mut dyn RecordSink,
    pub(super) sent: &'a mut u64,
}

impl Exit<'_> {
    fn outlet<'b>(&'b mut self, tag: &'b Tag, at: Timestamp) -> Outlet<'b> {
        Outlet { tag, sink: &mut *self.sink, sent: &mut *self.sent, at }
    }
}

impl Flow {
    /// A flow that begins with this packet. `former`: originator of a flow of the same addresses and ports
    /// that fell silent, kept where the packet itself does not show who opened.
    pub(super) fn begin(number: u64, packet: &Packet<'_>, former: Option<Endpoint>) -> Self {
        let is_by_src = is_src_originator(packet, former);
        let (orig, resp) = if is_by_src { (packet.src, packet.dst) } else { (packet.dst, packet.src) };
        let transport = transport(&packet.body);
        let uid = uid(packet.at, orig, resp, transport);
        Self {
            number,
            tag: Tag { uid, orig, resp, transport },
            start: packet.at,
            last: packet.at,
            counts: Sides::default(),
            streams: Sides::default(),
            is_reset_after_open: false,
            opening: None,
            app: App::new(transport),
            bursts: Bursts::default(),
            orig_l2: None,
            label: None,
        }
    }

    /// Whether this packet, of the same addresses and ports, begins another connection.
    pub(super) fn is_over_at(&self, packet: &Packet<'_>) -> bool {
        if self.is_silent_at(packet.at) {
            return true;
        }
        let Body::Tcp(segment) = &packet.body else { return false };
        if !segment.syn || segment.ack.is_some() {
            return false;
        }
        let side = self.side_of(packet.src);
        match self.counts.of(side).syn_seq {
            Some(known) => known != segment.seq && (self.is_closed() || self.is_open()),
            // A SYN inside a connection seen from the middle, or by the side that answered.
            None => self.counts.orig.packets + self.counts.resp.packets > 0,
        }
    }

    /// Whether nothing was heard for so long that the flow is over. Times of joined captures may go back.
    pub(super) fn is_silent_at(&self, now: Timestamp) -> bool {
        let limit = match self.tag.transport {
            Transport::Tcp if self.is_open() && !self.is_closed() => TCP_OPEN_IDLE_MICROS,
            Transport::Tcp => TCP_IDLE_MICROS,
            _ => DATAGRAM_IDLE_MICROS,
        };
        now.since(self.last).unsigned_abs() > limit
    }

    fn side_of(&self, sender: Endpoint) -> Side {
        if sender == self.tag.orig { Side::Orig } else { Side::Resp }
    }

    fn is_open(&self) -> bool {
        let both_spoke = self.counts.orig.packets > 0 && self.counts.resp.packets > 0;
        let is_midstream = !self.counts.orig.has_syn && !self.counts.resp.has_syn;
        is_midstream || (both_spoke && (self.counts.resp.has_syn || !self.counts.resp.has_rst))
    }

    fn is_closed(&self) -> bool {
        self.counts.orig.has_rst
            || self.counts.resp.has_rst
            || (self.counts.orig.has_fin && self.counts.resp.has_fin)
    }

    /// Takes one packet.
    pub(super) fn packet(&mut self, packet: &Packet<'_>, origin: Origin, exit: &mut Exit<'_>) {
        let side = self.side_of(packet.src);
        self.last = self.last.max(packet.at);
        self.start = self.start.min(packet.at);
        self.counts.of_mut(side).packets += 1;
        if side == Side::Orig {
            self.orig_l2 = self.orig_l2.or(origin.sender);
        }
        if self.label.is_none() {
            self.label = origin.label;
        }
        match &packet.body {
            Body::Tcp(segment) => self.segment(side, packet.at, *segment, exit),
            Body::Udp { payload, len } => {
                self.counts.of_mut(side).bytes += u64::from(*len);
                let mut out = exit.outlet(&self.tag, packet.at);
                self.app.datagram(side, payload, &mut out);
                if *len > 0 && self.app.has_rounds() {
                    self.bursts.add(News { side, bytes: u64::from(*len), is_repeat: false }, &mut out);
                }
            }
            Body::Icmp { len, .. } => {
                self.counts.of_mut(side).bytes += u64::from(*len);
                let mut out = exit.outlet(&self.tag, packet.at);
                self.bursts.add(News { side, bytes: u64::from(*len), is_repeat: false }, &mut out);
            }
        }
    }

    fn segment(&mut self, side: Side, at: Timestamp, segment: Segment<'_>, exit: &mut Exit<'_>) {
        self.note_flags(side, &segment);
        self.note_handshake(side, at, &segment);
        let mut out = exit.outlet(&self.tag, at);
        let app = &mut self.app;
        if let Some(ack) = segment.ack
            && app.wants_stream()
        {
            let peer = side.other();
            self.streams
                .of_mut(peer)
                .acknowledged(ack, &mut |delivery| hand_on(app, peer, &delivery, &mut out));
        }
        let half = self.streams.of_mut(side);
        let seq = if segment.syn { segment.seq.wrapping_add(1) } else { segment.seq };
        // A reset may carry any number and a text that is no data.
        if segment.rst || (segment.len == 0 && !segment.syn) {
            return;
        }
        let span = half.place(seq, segment.len);
        self.counts.of_mut(side).bytes += span.fresh_bytes;
        if app.wants_stream() {
            half.feed(span, segment.payload, &mut |delivery| hand_on(app, side, &delivery, &mut out));
        }
        if !app.wants_stream() {
            self.streams.orig.drop_held();
            self.streams.resp.drop_held();
        }
        if !self.app.has_rounds() {
            self.bursts.forget();
        } else if !self.app.was_turning() && span.fresh_bytes > 0 {
            let news = News { side, bytes: span.fresh_bytes, is_repeat: span.is_repeat };
            self.bursts.add(news, &mut out);
        }
    }

    fn note_flags(&mut self, side: Side, segment: &Segment<'_>) {
        let was_open = self.is_established() && !self.is_closed();
        let counts = self.counts.of_mut(side);
        if segment.syn {
            counts.has_syn = true;
            counts.syn_seq.get_or_insert(segment.seq);
        }
        counts.has_fin |= segment.fin;
        counts.has_rst |= segment.rst;
        self.is_reset_after_open |= segment.rst && was_open;
    }

    /// From the SYN to the segment that completes the handshake is one round trip, wherever the capture sits.
    fn note_handshake(&mut self, side: Side, at: Timestamp, segment: &Segment<'_>) {
        if side == Side::Resp {
            return;
        }
        if segment.syn {
            self.opening = Some(at);
        } else if self.counts.resp.has_syn
            && let Some(opening) = self.opening.take()
        {
            self.bursts.learn_round_trip(at.since(opening));
        }
    }

    /// SYN and its answer were seen.
    fn is_established(&self) -> bool {
        let answered_by_data = self.counts.resp.bytes > 0 && self.counts.orig.bytes > 0;
        self.counts.orig.has_syn && (self.counts.resp.has_syn || answered_by_data)
    }

    fn state(&self) -> ConnState {
        let (orig, resp) = (&self.counts.orig, &self.counts.resp);
        if self.tag.transport != Transport::Tcp {
            return match (orig.packets > 0, resp.packets > 0) {
                (true, true) => ConnState::Established,
                (true, false) => ConnState::Unanswered,
                _ => ConnState::Midstream,
            };
        }
        if self.is_established() {
            return if self.is_reset_after_open { ConnState::Reset } else { ConnState::Established };
        }
        match (orig.has_syn, resp.has_syn, resp.has_rst) {
            (true, _, true) | (false, true, true) => ConnState::Rejected,
            (true, ..) => ConnState::Unanswered,
            _ => ConnState::Midstream,
        }
    }

    /// Bytes held for reassembly and decoding.
    pub(super) fn held_bytes(&self) -> usize {
        self.streams.orig.held_bytes() + self.streams.resp.held_bytes() + self.app.held_bytes()
    }

    /// Stops decoding this flow to give back memory.
    pub(super) fn shed(&mut self, exit: &mut Exit<'_>) {
        let mut out = exit.outlet(&self.tag, self.last);
        self.app.shed(&mut out);
        self.streams.orig.drop_held();
        self.streams.resp.drop_held();
    }

    /// When it was last heard of, and its number: what is heard of last stays.
    pub(super) fn last_heard(&self) -> (Timestamp, u64) {
        (self.last, self.number)
    }

    /// Sends everything that is left, and the session.
    pub(super) fn finish(mut self, exit: &mut Exit<'_>) {
        let mut out = exit.outlet(&self.tag, self.last);
        let app = &mut self.app;
        if app.wants_stream() {
            for side in [Side::Orig, Side::Resp] {
                self.streams
                    .of_mut(side)
                    .give_up_all(&mut |delivery| hand_on(app, side, &delivery, &mut out));
            }
        }
        self.app.finish(&mut out);
        if self.app.has_rounds() {
            self.bursts.finish(&mut out);
        }
        let is_tcp = self.tag.transport == Transport::Tcp;
        exit.sink.record(Record::Session(Session {
            uid: &self.tag.uid,
            start: self.start,
            duration_micros: u64::try_from(self.last.since(self.start)).ok(),
            orig: self.tag.orig,
            resp: self.tag.resp,
            transport: self.tag.transport,
            service: self.app.service(),
            orig_bytes: Some(self.counts.orig.bytes),
            resp_bytes: Some(self.counts.resp.bytes),
            orig_pkts: Some(self.counts.orig.packets),
            resp_pkts: Some(self.counts.resp.packets),
            state: self.state(),
            handshake: is_tcp.then_some(self.counts.orig.has_syn || self.counts.resp.has_syn),
            local_orig: None,
            local_resp: None,
            orig_l2: self.orig_l2,
            report: Report::Final,
            app: self.label.as_ref().map(|label| label.tag()),
        }));
    }
}

fn hand_on(app: &mut App, side: Side, delivery: &Delivery<'_>, out: &mut Outlet<'_>) {
    match delivery {
        Delivery::Data(data) => app.stream(side, data, out),
        Delivery::Gap(len) => app.gap(side, *len, out),
    }
}

fn transport(body: &Body<'_>) -> Transport {
    match body {
        Body::Tcp(_) => Transport::Tcp,
        Body::Udp { .. } => Transport::Udp,
        Body::Icmp { .. } => Transport::Icmp,
    }
}

/// Who opened: the SYN says; an earlier flow of the same ends says; a system port is a server's; for TCP the
/// inside address is the client's, then the higher port is; for datagrams the first to speak opened.
fn is_src_originator(packet: &Packet<'_>, former: Option<Endpoint>) -> bool {
    let is_tcp = match &packet.body {
        Body::Tcp(segment) if segment.syn => return segment.ack.is_none(),
        Body::Tcp(_) => true,
        Body::Icmp { is_reply, .. } => return !is_reply,
        Body::Udp { .. } => false,
    };
    if let Some(former) = former {
        return former == packet.src;
    }
    let is_system = |end: Endpoint| end.port < SYSTEM_PORTS_END;
    if is_system(packet.src) != is_system(packet.dst) {
        return is_system(packet.dst);
    }
    if !is_tcp {
        return true;
    }
    let is_inside = |end: Endpoint| Network::is_inside_by_kind(end.addr);
    if is_inside(packet.src) != is_inside(packet.dst) {
        return is_inside(packet.src);
    }
    packet.src.port >= packet.dst.port
}

/// A text that is the same whenever the same packets are read: the first 64 bits of SHA-256 over the first
/// time and both ends.
fn uid(start: Timestamp, orig: Endpoint, resp: Endpoint, transport: Transport) -> Box<str> {
    let mut hash = Sha256::new();
    hash.update(start.micros().to_be_bytes());
    for end in [orig, resp] {
        match end.addr {
            IpAddr::V4(addr) => hash.update(addr.octets()),
            IpAddr::V6(addr) => hash.update(addr.octets()),
        }
        hash.update(end.port.to_be_bytes());
    }
    hash.update(transport.as_str());
    let digest = hash.finalize();
    hex(digest.get(..8).unwrap_or_default()).into()
}
