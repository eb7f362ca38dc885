//! The connections under way, bounded in number and in bytes held.

use super::flow::{Exit, Flow, Origin};
use super::packet::{Body, Packet};
use foldhash::fast::RandomState;
use hashbrown::HashMap;
use undertone_core::model::{Endpoint, Timestamp};

/// Connections followed at once; past it the longest silent ones are closed early.
const FLOWS_MAX: usize = 262_144;
/// Bytes held by all connections for reassembly and decoding.
const HELD_BYTES_MAX: usize = 128 << 20;
/// Fewest packets between two sweeps of the table.
const SWEEP_PACKETS_MIN: u64 = 16_384;

/// Both ends in a fixed order, so that both directions find the same flow.
type Key = (Endpoint, Endpoint, u8);

/// The connections under way.
pub(super) struct Table {
    flows: HashMap<Key, Flow, RandomState>,
    held_bytes: usize,
    next_sweep: u64,
    pub(super) finished: u64,
    /// Sessions closed early to make room.
    pub(super) evicted: u64,
    /// Sessions whose decoding stopped to give back memory.
    pub(super) shed: u64,
}

impl Table {
    pub(super) fn new() -> Self {
        Self {
            flows: HashMap::default(),
            held_bytes: 0,
            next_sweep: SWEEP_PACKETS_MIN,
            finished: 0,
            evicted: 0,
            shed: 0,
        }
    }

    /// Takes one packet, the `number`-th of the capture.
    pub(super) fn packet(&mut self, number: u64, packet: &Packet<'_>, origin: Origin, exit: &mut Exit<'_>) {
        let key = key(packet);
        let former = match self.flows.get(&key) {
            Some(flow) if flow.is_over_at(packet) => {
                let former = flow.tag.orig;
                if let Some(flow) = self.flows.remove(&key) {
                    self.close(flow, exit);
                }
                Some(former)
            }
            _ => None,
        };
        if self.flows.len() >= FLOWS_MAX && !self.flows.contains_key(&key) {
            self.evict(exit);
        }
        let flow = self.flows.entry(key).or_insert_with(|| Flow::begin(number, packet, former));
        let before = flow.held_bytes();
        flow.packet(packet, origin, exit);
        let after = flow.held_bytes();
        self.held_bytes = (self.held_bytes + after).saturating_sub(before);
        if self.held_bytes > HELD_BYTES_MAX && after > 0 {
            flow.shed(exit);
            self.held_bytes = (self.held_bytes + flow.held_bytes()).saturating_sub(after);
            self.shed += 1;
        }
        if number >= self.next_sweep {
            self.sweep(packet.at, exit);
            self.next_sweep = number + SWEEP_PACKETS_MIN.max(self.flows.len() as u64);
        }
    }

    /// Closes every connection; the capture is over.
    pub(super) fn finish(&mut self, exit: &mut Exit<'_>) {
        let flows = self.flows.drain().map(|(_, flow)| flow).collect();
        self.close_all(flows, exit);
    }

    fn sweep(&mut self, now: Timestamp, exit: &mut Exit<'_>) {
        let silent = self.flows.extract_if(|_, flow| flow.is_silent_at(now)).map(|(_, flow)| flow).collect();
        self.close_all(silent, exit);
    }

    /// Closes the eighth of the connections that are silent for longest.
    fn evict(&mut self, exit: &mut Exit<'_>) {
        let mut heard: Vec<_> = self.flows.values().map(Flow::last_heard).collect();
        let at = heard.len() / 8;
        if at >= heard.len() {
            return;
        }
        let (_, &mut limit, _) = heard.select_nth_unstable(at);
        let silent: Vec<_> =
            self.flows.extract_if(|_, flow| flow.last_heard() <= limit).map(|(_, flow)| flow).collect();
        self.evicted += silent.len() as u64;
        self.close_all(silent, exit);
    }

    /// In the order of their first packets, since that of the table is random.
    fn close_all(&mut self, mut flows: Vec<Flow>, exit: &mut Exit<'_>) {
        flows.sort_unstable_by_key(|flow| flow.number);
        for flow in flows {
            self.close(flow, exit);
        }
    }

    fn close(&mut self, flow: Flow, exit: &mut Exit<'_>) {
        self.held_bytes = self.held_bytes.saturating_sub(flow.held_bytes());
        self.finished += 1;
        flow.finish(exit);
    }
}

fn key(packet: &Packet<'_>) -> Key {
    let protocol = match packet.body {
        Body::Tcp(_) => 6,
        Body::Udp { .. } => 17,
        Body::Icmp { .. } => 1,
    };
    if packet.src <= packet.dst {
        (packet.src, packet.dst, protocol)
    } else {
        (packet.dst, packet.src, protocol)
    }
}
