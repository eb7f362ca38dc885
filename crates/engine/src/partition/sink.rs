//! Takes parsed records, finds their device, and packs them into that device's partition.

use super::aliases::aliases;
use super::chunks::{NAME_BYTES_MAX, Owner, Packed, Partition, append_record, next_record};
use super::spill::SpillFile;
use super::untaken::{Held, Untaken};
use crate::identity::{DeviceEnd, Directory, Inside};
use crate::input::{SourceInfo, SourceSink};
use hashbrown::HashMap;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read as _};
use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use undertone_core::model::{
    Day, Endpoint, Exchange, Record, Report, Session, Telemetry, TelemetryKind, Timestamp,
};
use undertone_core::series::stable_hash;
use undertone_wire::{RecordSink, RejectReason, packed};

/// Partitions: enough that one holds little (16,000 rows of 4 million), few enough that chunks waste little.
pub(super) const PARTITIONS: usize = 256;
/// Addresses that one phone may claim as its own in its telemetry.
const CLAIMS_MAX: usize = 64;
/// Share of the packed bytes' budget that the names of devices may take; past it, names stand before the records.
const NAMES_SHARE: usize = 6;
/// What a device costs in the lists of one sink besides its name, twice: entries of two maps, a place, a `String`.
const DEVICE_BYTES: usize = 160;
/// What one phone's claims cost at the least.
const CLAIM_BYTES: usize = 256;
/// A device that has no number here: its name stands in [`PartitionSink::unlisted`].
const UNLISTED: u32 = u32::MAX;

/// What all sinks of a run share.
#[derive(Debug)]
pub struct SinkSettings {
    /// Who held which address.
    pub directory: Directory,
    /// Which addresses are inside.
    pub inside: Inside,
    /// Packed bytes kept in memory before partitions spill.
    pub memory_bytes: usize,
    /// Where to spill; the system's temporary folder if `None`.
    pub spill_folder: Option<PathBuf>,
    in_memory: AtomicUsize,
    names_in_memory: AtomicUsize,
    pub(super) spill: OnceLock<SpillFile>,
}

impl SinkSettings {
    /// Settings for one run.
    pub fn new(
        directory: Directory,
        inside: Inside,
        memory_bytes: usize,
        spill_folder: Option<PathBuf>,
    ) -> Self {
        let (in_memory, names_in_memory) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let spill = OnceLock::new();
        Self { directory, inside, memory_bytes, spill_folder, in_memory, names_in_memory, spill }
    }

    /// Takes room for what lists of devices hold; false when there is none left.
    fn takes_names(&self, bytes: usize) -> bool {
        let most = self.memory_bytes / NAMES_SHARE;
        let is_room = self.names_in_memory.load(Ordering::Relaxed) + bytes <= most;
        if is_room {
            self.names_in_memory.fetch_add(bytes, Ordering::Relaxed);
        }
        is_room
    }

    pub(super) fn spill_file(&self) -> io::Result<&SpillFile> {
        if self.spill.get().is_none() {
            let file = SpillFile::create(self.spill_folder.as_deref())?;
            // Another sink may have been faster: its file serves both.
            drop(self.spill.set(file));
        }
        self.spill.get().ok_or_else(|| io::Error::other("no spill file"))
    }
}

/// What a sink saw besides what it packed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SinkCounts {
    /// Sessions and messages that came from outside to a device: not the device's doing.
    pub inbound: u64,
    /// First and last event.
    pub span: Option<(Timestamp, Timestamp)>,
    /// Addresses that telemetry says are the device's own.
    pub claims: BTreeMap<String, BTreeSet<IpAddr>>,
    /// Records of phones whose claims found no room.
    pub unclaimed: u64,
    /// Whether some devices are in no list of names.
    pub(super) has_unlisted: bool,
}

impl SinkCounts {
    fn see(&mut self, at: Timestamp) {
        self.span = Some(self.span.map_or((at, at), |(first, last)| (first.min(at), last.max(at))));
    }

    fn merge(&mut self, other: Self) {
        self.inbound += other.inbound;
        self.unclaimed += other.unclaimed;
        self.has_unlisted |= other.has_unlisted;
        if let Some((first, last)) = other.span {
            self.see(first);
            self.see(last);
        }
        for (device, addrs) in other.claims {
            self.claims.entry(device).or_default().extend(addrs);
        }
    }
}

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
    partitions: Vec<Partition>,
    counts: SinkCounts,
    failure: Option<io::Error>,
}

impl PartitionSink {
    /// An empty sink.
    pub fn new(settings: Arc<SinkSettings>) -> Self {
        Self {
            settings,
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

    fn number_of(&mut self, name: &str) -> u32 {
        if let Some(&number) = self.numbers.get(name) {
            return number;
        }
        if !self.settings.takes_names(2 * name.len() + DEVICE_BYTES) {
            self.counts.has_unlisted = true;
            self.unlisted.clear();
            self.unlisted.push_str(head_of(name, NAME_BYTES_MAX));
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

    fn device_at(&mut self, addr: IpAddr, at: Timestamp) -> u32 {
        if let Some(&number) = self.by_addr.get(&addr) {
            return number;
        }
        if let Some(device) = self.settings.directory.number_of_addr(addr, at) {
            return self.listed(device);
        }
        let number = self.number_of(&addr.to_string());
        if number != UNLISTED && !self.settings.directory.knows_addr(addr) {
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
        let settings = Arc::clone(&self.settings);
        let number = self.number_of(settings.directory.name(device));
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
        self.counts.see(session.start);
        let by_mac = session.orig_l2.filter(|_| end == DeviceEnd::Orig).and_then(|mac| {
            let settings = Arc::clone(&self.settings);
            settings.directory.device_of_mac(mac).map(|device| self.number_of(device))
        });
        let device = match by_mac {
            Some(device) => device,
            None => self.device_at(session.orig.addr, session.start),
        };
        // What nothing looks at from here on is not kept.
        (session.local_orig, session.local_resp, session.orig_l2) = (None, None, None);
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
        self.counts.see(message.at);
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
        self.counts.see(event.at);
        let device = self.number_of(event.device_id);
        if let TelemetryKind::Connection(connection) = &event.kind
            && let Some(addr) = connection.orig_ip
            && !connection.orig_is_tunnel
            && !event.device_id.is_empty()
            && self.is_new_claim(device, addr)
        {
            self.claim(event.device_id, addr.to_canonical());
        }
        // What nothing looks at from here on is not kept.
        (event.device_id, event.source) = ("", "");
        self.append(device, 0, |chunk| packed::encode_telemetry(event, chunk));
    }

    /// Notes an address that a phone says is its own.
    fn claim(&mut self, device: &str, addr: IpAddr) {
        if !self.counts.claims.contains_key(device) {
            if !self.settings.takes_names(device.len() + CLAIM_BYTES) {
                self.counts.unclaimed += 1;
                return;
            }
            self.counts.claims.insert(device.to_owned(), BTreeSet::new());
        }
        if let Some(claims) = self.counts.claims.get_mut(device).filter(|claims| claims.len() < CLAIMS_MAX) {
            claims.insert(addr);
        }
    }

    /// Appends a record to the partition of its device; spills when the run's budget is used up.
    fn append(&mut self, device: u32, key: u64, write: impl FnOnce(&mut Vec<u8>)) {
        let (at, owner) = match self.devices.get(device as usize) {
            Some(place) => (place.partition, Owner::Number(place.device)),
            None => (partition_of(self.unlisted.as_bytes()), Owner::Name(&self.unlisted)),
        };
        let Some(partition) = self.partitions.get_mut(at) else { return };
        let (chunk, grown) = partition.tail();
        append_record(chunk, owner, key, write);
        if grown > 0 {
            let used = self.settings.in_memory.fetch_add(grown, Ordering::Relaxed) + grown;
            if used > self.settings.memory_bytes {
                self.spill();
            }
        }
    }

    fn restore(
        &mut self,
        at: usize,
        names: &[String],
        length: u64,
        input: &mut impl io::Read,
    ) -> io::Result<()> {
        let mut bytes = Vec::new();
        if input.take(length).read_to_end(&mut bytes)? as u64 != length {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let grown = bytes.capacity();
        if let Some(partition) = self.partitions.get_mut(at) {
            partition.names = names.to_vec();
            partition.append(bytes);
        }
        if self.settings.in_memory.fetch_add(grown, Ordering::Relaxed) + grown > self.settings.memory_bytes {
            self.spill();
        }
        self.failure.take().map_or(Ok(()), Err)
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
                settings.in_memory.fetch_sub(freed, Ordering::Relaxed);
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

fn partition_of(name: &[u8]) -> usize {
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
            // Leases are read before everything else; one that comes later is too late to move a device.
            Record::Lease(_) => {}
        }
    }

    fn reject(&mut self, _line: u64, _reason: RejectReason, _detail: &str) {}

    fn ignore(&mut self, _what: &str) {}
}

/// All partitions of all sinks.
#[derive(Debug)]
pub struct Partitions {
    settings: Arc<SinkSettings>,
    sinks: Vec<PartitionSink>,
    aliases: BTreeMap<String, String>,
}

impl Partitions {
    /// Gathers the sinks of a run and settles which device names are one device. The second value is what the
    /// sinks saw.
    ///
    /// # Errors
    /// The first error of spilling: records were lost, so the run must not go on.
    pub fn new(settings: Arc<SinkSettings>, mut sinks: Vec<PartitionSink>) -> io::Result<(Self, SinkCounts)> {
        let mut counts = SinkCounts::default();
        for sink in &mut sinks {
            if let Some(error) = sink.failure.take() {
                return Err(error);
            }
            counts.merge(std::mem::take(&mut sink.counts));
        }
        let partitions = sinks.iter().flat_map(|sink| &sink.partitions);
        let names: BTreeSet<&str> =
            partitions.flat_map(|partition| partition.names.iter().map(String::as_str)).collect();
        let aliases = aliases(&names, &counts, &settings.directory);
        let mut partitions = Self { settings, sinks, aliases };
        partitions.reroute()?;
        // Nobody is looked up from here on.
        for sink in &mut partitions.sinks {
            (sink.numbers, sink.by_addr) = (FastMap::default(), FastMap::default());
            (sink.devices, sink.listed) = (Vec::new(), Vec::new());
        }
        Ok((partitions, counts))
    }

    /// Number of partitions.
    pub const COUNT: usize = PARTITIONS;

    /// Takes the packed records of one partition from every sink; quick, since nothing is read back yet.
    pub fn take(&mut self, index: usize) -> Untaken<'static> {
        let partitions = self.sinks.iter_mut().filter_map(|sink| sink.partitions.get_mut(index));
        let partitions =
            partitions.map(std::mem::take).map(Held::Own).filter(|one| !one.is_empty()).collect();
        Untaken { settings: Arc::clone(&self.settings), partitions, days: None }
    }

    /// The records of a partition on some days; they stay where they are.
    pub fn lend(&self, index: usize, days: RangeInclusive<Day>) -> Untaken<'_> {
        let partitions = self.sinks.iter().filter_map(|sink| sink.partitions.get(index));
        let partitions = partitions.map(Held::Lent).filter(|one| !one.is_empty()).collect();
        Untaken { settings: Arc::clone(&self.settings), partitions, days: Some(days) }
    }

    /// Device names and lengths of all partitions, those of one sink side by side: what [`Partitions::restore`] needs
    /// besides the bytes.
    pub fn parts(&self) -> Vec<(Vec<String>, u64)> {
        let all = self.sinks.iter().flat_map(|sink| &sink.partitions);
        all.map(|partition| (partition.names.clone(), partition.len() as u64)).collect()
    }

    /// Writes the bytes of all partitions, in the order of [`Partitions::parts`].
    ///
    /// # Errors
    /// The output's error, or spilled bytes that cannot be read back.
    pub fn write(&self, out: &mut impl io::Write) -> io::Result<()> {
        let file = self.settings.spill.get();
        for partition in self.sinks.iter().flat_map(|sink| &sink.partitions) {
            partition.copy(file)?.chunks.iter().try_for_each(|chunk| out.write_all(chunk))?;
        }
        Ok(())
    }

    /// Partitions whose bytes were written before; past the memory budget they spill, as when they were made.
    ///
    /// # Errors
    /// An input that is shorter than its parts say, parts that fit no run, or a spill file that cannot be written.
    pub fn restore(
        settings: Arc<SinkSettings>,
        parts: &[(Vec<String>, u64)],
        input: &mut impl io::Read,
    ) -> io::Result<Self> {
        let mut sinks = Vec::with_capacity(parts.len() / PARTITIONS);
        for of_sink in parts.chunks(PARTITIONS) {
            let mut sink = PartitionSink::new(Arc::clone(&settings));
            if of_sink.len() != sink.partitions.len() {
                return Err(io::ErrorKind::InvalidData.into());
            }
            for (at, (names, length)) in of_sink.iter().enumerate() {
                sink.restore(at, names, *length, input)?;
            }
            sinks.push(sink);
        }
        Ok(Self { settings, sinks, aliases: BTreeMap::new() })
    }

    /// Moves the records of renamed devices to the partition of their new name.
    fn reroute(&mut self) -> io::Result<()> {
        if self.aliases.is_empty() {
            return Ok(());
        }
        let touched: BTreeSet<usize> =
            self.aliases.keys().map(|name| partition_of(name.as_bytes())).collect();
        let aliases = std::mem::take(&mut self.aliases);
        for index in touched {
            let taken = self.take(index);
            let Some(sink) = self.sinks.first_mut() else { continue };
            // The places of the devices that were in this partition are no more.
            sink.numbers.clear();
            taken.each_chunk(|names, mut rest| {
                while let Some(Packed { owner, key, record }) = next_record(&mut rest) {
                    let name = owner.name(names);
                    let number = sink.number_of(aliases.get(name).map_or(name, String::as_str));
                    sink.append(number, key, |chunk| chunk.extend_from_slice(record));
                }
                Ok(())
            })?;
        }
        match self.sinks.first_mut().and_then(|sink| sink.failure.take()) {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }
}

impl SourceSink for PartitionSink {
    fn begin_source(&mut self, _source: &SourceInfo<'_>) {}
}
