//! Takes parsed records, finds their device, and packs them into that device's partition.

use super::chunks::{NAME_BYTES_MAX, Owner, Partition, whole_records};
use super::hours::Feed;
use super::settings::{SinkCounts, SinkSettings};
use crate::identity::{DeviceEnd, Directory};
use crate::input::{SourceInfo, SourceSink};
use hashbrown::HashMap;
use std::io::{self, Read as _};
use std::net::IpAddr;
use std::sync::Arc;
use undertone_core::model::{
    Endpoint, Exchange, Record, Report, Session, Telemetry, TelemetryKind, Timestamp,
};
use undertone_core::series::stable_hash;
use undertone_wire::{RecordSink, RejectReason, packed};

/// Partitions: enough that one holds little (16,000 rows of 4 million), few enough that chunks waste little.
pub(super) const PARTITIONS: usize = 256;
/// Bytes of a partition that are restored at a time.
const RESTORED_BYTES: u64 = 64 * 1024;
/// What a device costs in the lists of one sink besides its name, twice: entries of two maps, a place, a `String`.
const DEVICE_BYTES: usize = 160;
/// A device that has no number here: its name stands in [`PartitionSink::unlisted`].
const UNLISTED: u32 = u32::MAX;

type FastMap<K, V> = HashMap<K, V, foldhash::fast::RandomState>;

/// Where a device's records go.
#[derive(Debug, Clone, Copy)]
struct Place {
    partition: usize,
    /// Its number in the partition.
    device: u32,
}

/// The sink of one reading thread.
#[derive(Debug)]
pub struct PartitionSink {
    settings: Arc<SinkSettings>,
    /// Who held which address, as far as it was known when this sink began.
    pub(super) directory: Arc<Directory>,
    devices: Vec<Place>,
    /// Place of each name in `devices`.
    numbers: FastMap<String, u32>,
    by_addr: FastMap<IpAddr, u32>,
    /// Number of each device of the directory, by its number there.
    listed: Vec<Option<u32>>,
    /// Name of the device of the record at hand where it has no number.
    unlisted: String,
    /// The address that each device claimed last, by its number.
    last_claims: Vec<Option<IpAddr>>,
    pub(super) partitions: Vec<Partition>,
    pub(super) counts: SinkCounts,
    pub(super) failure: Option<io::Error>,
}

impl PartitionSink {
    /// An empty sink.
    pub fn new(settings: Arc<SinkSettings>, directory: Arc<Directory>) -> Self {
        Self {
            settings,
            directory,
            devices: Vec::new(),
            numbers: FastMap::default(),
            by_addr: FastMap::default(),
            listed: Vec::new(),
            unlisted: String::new(),
            last_claims: Vec::new(),
            partitions: (0..PARTITIONS).map(|_| Partition::default()).collect(),
            counts: SinkCounts::default(),
            failure: None,
        }
    }

    pub(super) fn number_of(&mut self, name: &str) -> u32 {
        let name = head_of(name, NAME_BYTES_MAX);
        if let Some(&number) = self.numbers.get(name) {
            return number;
        }
        if !self.settings.takes_names(2 * name.len() + DEVICE_BYTES) {
            self.counts.has_unlisted = true;
            self.unlisted.clear();
            self.unlisted.push_str(name);
            return UNLISTED;
        }
        let number = u32::try_from(self.devices.len()).unwrap_or(u32::MAX);
        let partition = partition_of(name.as_bytes());
        if let Some(Partition { names, .. }) = self.partitions.get_mut(partition) {
            self.devices.push(Place { partition, device: u32::try_from(names.len()).unwrap_or(u32::MAX) });
            names.push(name.to_owned());
        }
        self.numbers.insert(name.to_owned(), number);
        number
    }

    /// The device of a session that it opened: by its link-layer address, where that is known, or by its address.
    pub(super) fn opener(&mut self, session: &Session<'_>) -> u32 {
        match session.orig_l2.and_then(|mac| self.directory.number_of_mac(mac)) {
            Some(device) => {
                let number = self.listed(device);
                self.claim_of(device, number, session.orig.addr);
                number
            }
            None => self.device_at(session.orig.addr, session.start),
        }
    }

    /// Notes the address of a device that is told by its link-layer address: messages have no such address, and would be
    /// of a device of their own.
    fn claim_of(&mut self, device: u32, number: u32, addr: IpAddr) {
        if !self.directory.knows_addr(addr) && self.is_new_claim(number, addr) {
            self.settings.claim(head_of(self.directory.name(device), NAME_BYTES_MAX), addr.to_canonical());
        }
    }

    pub(super) fn device_at(&mut self, addr: IpAddr, at: Timestamp) -> u32 {
        if let Some(&number) = self.by_addr.get(&addr) {
            return number;
        }
        if let Some(device) = self.directory.number_of_addr(addr, at) {
            return self.listed(device);
        }
        let number = self.number_of(&addr.to_string());
        if number != UNLISTED && !self.directory.knows_addr(addr) {
            self.by_addr.insert(addr, number);
        }
        number
    }

    /// The number of a device of the directory.
    fn listed(&mut self, device: u32) -> u32 {
        let place = device as usize;
        if let Some(Some(number)) = self.listed.get(place) {
            return *number;
        }
        // Shared with other threads: asked for where it must be, not for each record.
        let directory = Arc::clone(&self.directory);
        let number = self.number_of(directory.name(device));
        if number == UNLISTED {
            return number;
        }
        if self.listed.len() <= place {
            self.listed.resize(place + 1, None);
        }
        if let Some(slot) = self.listed.get_mut(place) {
            *slot = Some(number);
        }
        number
    }

    fn session(&mut self, session: &mut Session<'_>) {
        let (local_orig, local_resp) = (session.local_orig, session.local_resp);
        let mut end = self.settings.inside.device_end(session.orig, session.resp, local_orig, local_resp);
        if session.report == Report::OneWay {
            let Some(from) = self.settings.inside.device_end_of_direction(session.orig, session.resp) else {
                self.counts.inbound += 1;
                return;
            };
            if from == DeviceEnd::Resp {
                turn(session);
            }
            end = DeviceEnd::Orig;
        }
        if end == DeviceEnd::Resp {
            if !is_seen_backwards(session.handshake, session.orig, session.resp) {
                self.counts.inbound += 1;
                return;
            }
            turn(session);
        }
        self.counts.row(Some(Feed::Connections), session.start);
        let device = self.opener(session);
        // What nothing looks at from here on is not kept; a lease that comes later may need the link-layer address.
        (session.local_orig, session.local_resp) = (None, None);
        (session.orig_pkts, session.resp_pkts) = (None, None);
        let key = stable_hash(session.uid.as_bytes());
        self.append(device, key, |chunk| packed::encode_session(session, chunk));
    }

    fn message(&mut self, message: &mut Exchange<'_>) {
        if self.settings.inside.device_end(message.orig, message.resp, None, None) == DeviceEnd::Resp {
            if !is_seen_backwards(None, message.orig, message.resp) {
                self.counts.inbound += 1;
                return;
            }
            std::mem::swap(&mut message.orig, &mut message.resp);
            std::mem::swap(&mut message.orig_bytes, &mut message.resp_bytes);
        }
        self.counts.row(Feed::of_message(message.kind), message.at);
        let device = self.device_at(message.orig.addr, message.at);
        // What nothing looks at from here on is not kept.
        (message.subject, message.issuer) = (None, None);
        message.ja3 = message.ja3.filter(|_| message.ja4.is_none());
        let key = stable_hash(message.uid.as_bytes());
        self.append(device, key, |chunk| packed::encode_exchange(message, chunk));
    }

    /// Whether an address is another than the one that the device claimed last: nearly all repeat it.
    fn is_new_claim(&mut self, device: u32, addr: IpAddr) -> bool {
        if device == UNLISTED {
            return true;
        }
        let place = device as usize;
        if self.last_claims.len() <= place {
            self.last_claims.resize(place + 1, None);
        }
        self.last_claims.get_mut(place).is_none_or(|last| last.replace(addr) != Some(addr))
    }

    fn telemetry(&mut self, event: &mut Telemetry<'_>) {
        self.counts.row(Feed::of_event(&event.kind), event.at);
        let device = self.number_of(event.device_id);
        if let TelemetryKind::Connection(connection) = &event.kind
            && let Some(addr) = connection.orig_ip
            && !connection.orig_is_tunnel
            && !event.device_id.is_empty()
            && self.is_new_claim(device, addr)
        {
            self.settings.claim(head_of(event.device_id, NAME_BYTES_MAX), addr.to_canonical());
        }
        // What nothing looks at from here on is not kept.
        (event.device_id, event.source) = ("", "");
        self.append(device, 0, |chunk| packed::encode_telemetry(event, chunk));
    }

    /// Appends a record to the partition of its device; spills when the run's budget is used up.
    pub(super) fn append(&mut self, device: u32, key: u64, write: impl FnOnce(&mut Vec<u8>)) {
        let (at, owner) = match self.devices.get(device as usize) {
            Some(place) => (place.partition, Owner::Number(place.device)),
            None => (partition_of(self.unlisted.as_bytes()), Owner::Name(&self.unlisted)),
        };
        let Some(partition) = self.partitions.get_mut(at) else { return };
        let grown = partition.push((owner, key), self.settings.chunk_bytes, write);
        if grown > 0 && self.settings.grows(grown) && self.held_bytes() >= self.settings.spill_bytes_min {
            self.spill();
        }
    }

    /// Packed bytes of its partitions in memory.
    fn held_bytes(&self) -> usize {
        self.partitions.iter().map(Partition::in_memory).sum()
    }

    /// Reads a partition that was written before, a block of whole records at a time.
    pub(super) fn restore(
        &mut self,
        at: usize,
        names: &[String],
        length: u64,
        input: &mut impl io::Read,
    ) -> io::Result<()> {
        if let Some(partition) = self.partitions.get_mut(at) {
            partition.names = names.to_vec();
        }
        let (mut left, mut block) = (length, Vec::new());
        while left > 0 {
            let wanted = left.min(RESTORED_BYTES);
            if input.take(wanted).read_to_end(&mut block)? as u64 != wanted {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            left -= wanted;
            let rest = block.split_off(whole_records(&block));
            let mut whole = std::mem::replace(&mut block, rest);
            whole.shrink_to_fit();
            let grown = whole.capacity();
            if let Some(partition) = self.partitions.get_mut(at) {
                partition.append(whole);
            }
            if self.settings.grows(grown) {
                self.spill();
            }
        }
        if !block.is_empty() {
            return Err(io::ErrorKind::InvalidData.into());
        }
        self.failure.take().map_or(Ok(()), Err)
    }

    /// Whether it packed nothing.
    pub(super) fn is_empty(&self) -> bool {
        self.partitions.iter().all(Partition::is_empty)
    }

    /// Forgets where devices have their place: nobody is looked up from here on, or their partition was taken.
    pub(super) fn forget_places(&mut self) {
        (self.numbers, self.by_addr) = (FastMap::default(), FastMap::default());
        (self.devices, self.listed) = (Vec::new(), Vec::new());
    }

    fn spill(&mut self) {
        if self.failure.is_some() {
            return;
        }
        let settings = Arc::clone(&self.settings);
        let spilled = settings.spill_file().and_then(|file| {
            self.partitions.iter_mut().try_fold(0, |freed, partition| Ok(freed + partition.spill(file)?))
        });
        match spilled {
            Ok(freed) => {
                settings.shrinks(freed);
            }
            Err(error) => self.failure = Some(error),
        }
    }
}

/// Whether a connection from outside is really the device's own, seen from the middle the wrong way round: no
/// opening was seen, and the outer port is the lower one, as a server's is.
fn is_seen_backwards(handshake: Option<bool>, orig: Endpoint, resp: Endpoint) -> bool {
    handshake != Some(true) && orig.port < resp.port
}

/// Turns a session round: what the sensor took for the responder opened it.
fn turn(session: &mut Session<'_>) {
    std::mem::swap(&mut session.orig, &mut session.resp);
    std::mem::swap(&mut session.orig_bytes, &mut session.resp_bytes);
    std::mem::swap(&mut session.orig_pkts, &mut session.resp_pkts);
    std::mem::swap(&mut session.local_orig, &mut session.local_resp);
    session.orig_l2 = None;
}

/// The start of a text, at most `most` bytes.
fn head_of(text: &str, most: usize) -> &str {
    text.get(..text.floor_char_boundary(most)).unwrap_or(text)
}

pub(super) fn partition_of(name: &[u8]) -> usize {
    usize::try_from(stable_hash(name) % PARTITIONS as u64).unwrap_or(0)
}

impl RecordSink for PartitionSink {
    // Records are a few hundred bytes: they are looked at where they lie.
    #[inline]
    fn record(&mut self, mut record: Record<'_>) {
        match &mut record {
            Record::Session(session) => self.session(session),
            Record::Exchange(message) => self.message(message),
            Record::Telemetry(event) => self.telemetry(event),
            Record::Lease(lease) => self.settings.lease(lease),
        }
    }

    fn reject(&mut self, _line: u64, _reason: RejectReason, _detail: &str) {}

    fn ignore(&mut self, _what: &str) {}
}

impl SourceSink for PartitionSink {
    fn begin_source(&mut self, _source: &SourceInfo<'_>) {}
}
