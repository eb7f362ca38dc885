//! Takes parsed records, finds their device, and packs them into that device's partition.

use super::chunks::Partition;
use super::spill::SpillFile;
use crate::identity::{DeviceEnd, Directory, Inside};
use crate::input::{SourceInfo, SourceSink};
use hashbrown::HashMap;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read as _};
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use undertone_core::model::{Endpoint, Exchange, Record, Session, Telemetry, TelemetryKind, Timestamp};
use undertone_core::series::stable_hash;
use undertone_wire::{RecordSink, RejectReason, packed};

/// Partitions: enough that one holds little (62,000 rows of 4 million), few enough that chunks waste little.
pub(super) const PARTITIONS: usize = 64;
/// Addresses that one phone may claim as its own in its telemetry.
const CLAIMS_MAX: usize = 64;

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
    spill: OnceLock<SpillFile>,
}

impl SinkSettings {
    /// Settings for one run.
    pub fn new(
        directory: Directory,
        inside: Inside,
        memory_bytes: usize,
        spill_folder: Option<PathBuf>,
    ) -> Self {
        let in_memory = AtomicUsize::new(0);
        Self { directory, inside, memory_bytes, spill_folder, in_memory, spill: OnceLock::new() }
    }

    fn spill_file(&self) -> io::Result<&SpillFile> {
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
}

impl SinkCounts {
    fn see(&mut self, at: Timestamp) {
        self.span = Some(self.span.map_or((at, at), |(first, last)| (first.min(at), last.max(at))));
    }

    fn merge(&mut self, other: Self) {
        self.inbound += other.inbound;
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

/// The sink of one reading thread.
#[derive(Debug)]
pub struct PartitionSink {
    settings: Arc<SinkSettings>,
    devices: Vec<String>,
    numbers: FastMap<String, u32>,
    by_addr: FastMap<IpAddr, u32>,
    partitions: Vec<Partition>,
    names: Arc<Vec<String>>,
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
            partitions: (0..PARTITIONS).map(|_| Partition::default()).collect(),
            names: Arc::default(),
            counts: SinkCounts::default(),
            failure: None,
        }
    }

    fn number_of(&mut self, name: &str) -> u32 {
        if let Some(&number) = self.numbers.get(name) {
            return number;
        }
        let number = u32::try_from(self.devices.len()).unwrap_or(u32::MAX);
        self.devices.push(name.to_owned());
        self.numbers.insert(name.to_owned(), number);
        number
    }

    fn device_at(&mut self, addr: IpAddr, at: Timestamp) -> u32 {
        if let Some(&number) = self.by_addr.get(&addr) {
            return number;
        }
        let settings = Arc::clone(&self.settings);
        match settings.directory.device_of_addr(addr, at) {
            Some(device) => self.number_of(device),
            None if settings.directory.knows_addr(addr) => self.number_of(&addr.to_string()),
            None => {
                let number = self.number_of(&addr.to_string());
                self.by_addr.insert(addr, number);
                number
            }
        }
    }

    fn session(&mut self, mut session: Session<'_>) {
        let (local_orig, local_resp) = (session.local_orig, session.local_resp);
        let end = self.settings.inside.device_end(session.orig, session.resp, local_orig, local_resp);
        if end == DeviceEnd::Resp {
            if !is_seen_backwards(session.handshake, session.orig, session.resp) {
                self.counts.inbound += 1;
                return;
            }
            turn(&mut session);
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
        self.pack(device, &Record::Session(session));
    }

    fn message(&mut self, mut message: Exchange<'_>) {
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
        self.pack(device, &Record::Exchange(message));
    }

    fn telemetry(&mut self, event: Telemetry<'_>) {
        self.counts.see(event.at);
        if let TelemetryKind::Connection(connection) = &event.kind
            && let Some(addr) = connection.orig_ip
            && !connection.orig_is_tunnel
            && !event.device_id.is_empty()
        {
            let claims = self.counts.claims.entry(event.device_id.to_owned()).or_default();
            if claims.len() < CLAIMS_MAX {
                claims.insert(addr.to_canonical());
            }
        }
        let device = self.number_of(event.device_id);
        self.pack(device, &Record::Telemetry(event));
    }

    /// Appends a record to the partition of its device; spills when the run's budget is used up.
    fn pack(&mut self, device: u32, record: &Record<'_>) {
        let name = self.devices.get(device as usize).map(String::as_bytes).unwrap_or_default();
        let Some(partition) = self.partitions.get_mut(partition_of(name)) else { return };
        let (chunk, grown) = partition.tail();
        chunk.extend_from_slice(&device.to_le_bytes());
        packed::encode(record, chunk);
        if grown > 0 {
            let used = self.settings.in_memory.fetch_add(grown, Ordering::Relaxed) + grown;
            if used > self.settings.memory_bytes {
                self.spill();
            }
        }
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

fn partition_of(name: &[u8]) -> usize {
    usize::try_from(stable_hash(name) % PARTITIONS as u64).unwrap_or(0)
}

impl RecordSink for PartitionSink {
    fn record(&mut self, record: Record<'_>) {
        match record {
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

/// The packed records of one partition from one sink.
#[derive(Debug)]
pub struct Taken {
    /// Device names by number.
    pub names: Arc<Vec<String>>,
    /// Packed records, to read with [`next_record`].
    pub bytes: Vec<u8>,
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
        let names: BTreeSet<&str> =
            sinks.iter().flat_map(|sink| sink.devices.iter().map(String::as_str)).collect();
        let aliases = aliases(&names, &counts.claims, &settings.directory);
        let mut partitions = Self { settings, sinks, aliases };
        partitions.freeze_names();
        partitions.reroute()?;
        partitions.freeze_names();
        Ok((partitions, counts))
    }

    /// Number of partitions.
    pub const COUNT: usize = PARTITIONS;

    /// Takes the packed records of one partition from every sink.
    ///
    /// # Errors
    /// When spilled bytes cannot be read back.
    pub fn take(&mut self, index: usize) -> io::Result<Vec<Taken>> {
        let file = self.settings.spill.get();
        let mut taken = Vec::with_capacity(self.sinks.len());
        for sink in &mut self.sinks {
            let Some(partition) = sink.partitions.get_mut(index) else { continue };
            let bytes = partition.take(file)?;
            if !bytes.is_empty() {
                taken.push(Taken { names: Arc::clone(&sink.names), bytes });
            }
        }
        Ok(taken)
    }

    /// The records of a partition, which stay where they are.
    ///
    /// # Errors
    /// When spilled bytes cannot be read back.
    pub fn copy(&self, index: usize) -> io::Result<Vec<Taken>> {
        let file = self.settings.spill.get();
        let mut taken = Vec::with_capacity(self.sinks.len());
        for sink in &self.sinks {
            let Some(partition) = sink.partitions.get(index) else { continue };
            let bytes = partition.copy(file)?;
            if !bytes.is_empty() {
                taken.push(Taken { names: Arc::clone(&sink.names), bytes });
            }
        }
        Ok(taken)
    }

    /// Device names and lengths of all partitions, by sink: what [`Partitions::restore`] needs besides the bytes.
    pub fn parts(&self) -> Vec<(Vec<String>, Vec<u64>)> {
        let of_sink = |sink: &PartitionSink| {
            let lengths = sink.partitions.iter().map(|partition| partition.len() as u64).collect();
            (sink.names.as_ref().clone(), lengths)
        };
        self.sinks.iter().map(of_sink).collect()
    }

    /// Writes the bytes of all partitions, in the order of [`Partitions::parts`].
    ///
    /// # Errors
    /// The output's error, or spilled bytes that cannot be read back.
    pub fn write(&self, out: &mut impl io::Write) -> io::Result<()> {
        let file = self.settings.spill.get();
        let all = self.sinks.iter().flat_map(|sink| &sink.partitions);
        all.map(|partition| partition.copy(file)).try_for_each(|bytes| out.write_all(&bytes?))
    }

    /// Partitions whose bytes were written before; past the memory budget they spill, as when they were made.
    ///
    /// # Errors
    /// An input that is shorter than its parts say, parts that fit no run, or a spill file that cannot be written.
    pub fn restore(
        settings: Arc<SinkSettings>,
        parts: &[(Vec<String>, Vec<u64>)],
        input: &mut impl io::Read,
    ) -> io::Result<Self> {
        let mut sinks = Vec::with_capacity(parts.len());
        for (names, lengths) in parts {
            let mut sink = PartitionSink::new(Arc::clone(&settings));
            sink.devices.clone_from(names);
            if lengths.len() != sink.partitions.len() {
                return Err(io::ErrorKind::InvalidData.into());
            }
            for (at, length) in lengths.iter().enumerate() {
                let mut bytes = Vec::new();
                if input.by_ref().take(*length).read_to_end(&mut bytes)? as u64 != *length {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                let used =
                    settings.in_memory.fetch_add(bytes.capacity(), Ordering::Relaxed) + bytes.capacity();
                if let Some(partition) = sink.partitions.get_mut(at) {
                    partition.append(bytes);
                }
                if used > settings.memory_bytes {
                    sink.spill();
                }
            }
            if let Some(error) = sink.failure.take() {
                return Err(error);
            }
            sinks.push(sink);
        }
        let mut partitions = Self { settings, sinks, aliases: BTreeMap::new() };
        partitions.freeze_names();
        Ok(partitions)
    }

    fn freeze_names(&mut self) {
        for sink in &mut self.sinks {
            sink.names = Arc::new(sink.devices.clone());
        }
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
            for Taken { names, bytes } in self.take(index)? {
                let Some(sink) = self.sinks.first_mut() else { continue };
                let mut rest = bytes.as_slice();
                while let Some((device, record)) = next_record(&mut rest) {
                    let name = names.get(device as usize).map(String::as_str).unwrap_or_default();
                    let number = sink.number_of(aliases.get(name).map_or(name, String::as_str));
                    sink.pack(number, &record);
                }
            }
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

/// The next record of a partition's bytes with the number of its device.
pub fn next_record<'a>(bytes: &mut &'a [u8]) -> Option<(u32, Record<'a>)> {
    let (number, rest) = bytes.split_first_chunk::<4>()?;
    *bytes = rest;
    Some((u32::from_le_bytes(*number), packed::decode(bytes)?))
}

/// Which names are another device's: an address that exactly one phone claims in its telemetry, and the
/// nameless phone of a file from one phone when there is exactly one device besides it.
fn aliases(
    names: &BTreeSet<&str>,
    claims: &BTreeMap<String, BTreeSet<IpAddr>>,
    directory: &Directory,
) -> BTreeMap<String, String> {
    let mut claimants: BTreeMap<IpAddr, Vec<&String>> = BTreeMap::new();
    for (device, addrs) in claims {
        for addr in addrs {
            claimants.entry(*addr).or_default().push(device);
        }
    }
    let mut aliases = BTreeMap::new();
    for (addr, devices) in claimants {
        let name = addr.to_string();
        if let ([device], true, false) =
            (devices.as_slice(), names.contains(name.as_str()), directory.knows_addr(addr))
        {
            aliases.insert(name, (*device).clone());
        }
    }
    let others: BTreeSet<&str> = names
        .iter()
        .copied()
        .filter(|name| !name.is_empty())
        .map(|name| aliases.get(name).map_or(name, String::as_str))
        .collect();
    if names.contains("") {
        let only = if others.len() == 1 { others.first().copied() } else { None };
        aliases.insert(String::new(), only.unwrap_or("phone").to_owned());
    }
    aliases
}
