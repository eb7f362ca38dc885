//! The mergeable summary of one series in one UTC day (or of several days, merged).

use super::counts::Counts;
use super::events::{Event, EventFlags, Events};
use crate::dns::DnsChannel;
use crate::model::Timestamp;
use bitcode::{Decode, Encode};
use std::net::IpAddr;

/// What a counted value or an id takes, bytes: hash, text, count, and the allocation of the text.
const VALUE_BYTES: usize = 80;

/// Everything that scoring needs to know of a series.
#[derive(Debug, Clone, PartialEq, Default, Encode, Decode)]
pub struct Profile {
    /// Session starts.
    pub starts: Events,
    /// Messages inside sessions, where a sensor shows more of them than sessions.
    pub messages: Events,
    /// Host names (SNI, Host, query names' parents).
    pub hosts: Counts<Box<str>>,
    /// Responder addresses.
    pub addresses: Counts<IpAddr>,
    /// Responder ports.
    pub ports: Counts<u16>,
    /// TLS client fingerprints: JA4 where given, else JA3.
    pub fingerprints: Counts<Box<str>>,
    /// Application protocols of TLS.
    pub alpns: Counts<Box<str>>,
    /// User agents, cut to their product family.
    pub user_agents: Counts<Box<str>>,
    /// HTTP methods or protocol commands.
    pub methods: Counts<Box<str>>,
    /// Path pattern classes.
    pub paths: Counts<Box<str>>,
    /// Networking stacks that telemetry named.
    pub stacks: Counts<Box<str>>,
    /// Counted oddities.
    pub marks: Marks,
    /// Device and app state at each session.
    pub states: StateTally,
    /// Bytes sent in all sessions that say.
    pub orig_bytes: u64,
    /// Bytes received in all sessions that say.
    pub resp_bytes: u64,
    /// Longest session, microseconds.
    pub longest_micros: u64,
    /// Sum of session durations, microseconds.
    pub connected_micros: u64,
    /// Entropy of paths and queries.
    pub path_entropy: EntropySum,
    /// DNS queries, where the series has any.
    pub dns: Option<Box<DnsChannel>>,
    /// Hours since the epoch in which something happened, ascending.
    pub hours: Vec<i32>,
    /// Ids of the latest sessions.
    pub uids: LatestUids,
}

impl Profile {
    /// Adds another profile of the same series.
    pub fn merge(&mut self, other: &Self) {
        *self = Self::merged([&*self, other].into_iter());
    }

    /// The sum of several profiles of one series.
    pub fn merged<'p>(parts: impl Iterator<Item = &'p Self> + Clone) -> Self {
        let mut sum = Self::for_stage_a(parts.clone());
        sum.uids = LatestUids::merged(parts.clone().map(|part| &part.uids));
        parts.for_each(|part| sum.merge_counts(part));
        sum
    }

    /// Of the sum of several profiles what stage A looks at ([`crate::score::machine`]); the rest is empty. Most
    /// series of a window are dropped after stage A, and summing up values that are counted takes most of the time.
    pub fn for_stage_a<'p>(parts: impl Iterator<Item = &'p Self> + Clone) -> Self {
        let mut sum = Self {
            starts: Events::merged(parts.clone().map(|part| &part.starts)),
            messages: Events::merged(parts.clone().map(|part| &part.messages)),
            hours: parts.clone().flat_map(|part| part.hours.iter().copied()).collect(),
            ..Self::default()
        };
        sum.hours.sort_unstable();
        sum.hours.dedup();
        parts.for_each(|part| sum.merge_sums(part));
        sum
    }

    fn merge_sums(&mut self, other: &Self) {
        self.states.merge(&other.states);
        self.longest_micros = self.longest_micros.max(other.longest_micros);
        self.connected_micros = self.connected_micros.saturating_add(other.connected_micros);
        match (&mut self.dns, &other.dns) {
            (Some(mine), Some(theirs)) => mine.merge(theirs),
            (mine, theirs) => *mine = mine.take().or_else(|| theirs.clone()),
        }
    }

    /// What stage A does not look at, ids aside.
    fn merge_counts(&mut self, other: &Self) {
        self.hosts.merge(&other.hosts);
        self.addresses.merge(&other.addresses);
        self.ports.merge(&other.ports);
        self.fingerprints.merge(&other.fingerprints);
        self.alpns.merge(&other.alpns);
        self.user_agents.merge(&other.user_agents);
        self.methods.merge(&other.methods);
        self.paths.merge(&other.paths);
        self.stacks.merge(&other.stacks);
        self.marks.merge(&other.marks);
        self.orig_bytes = self.orig_bytes.saturating_add(other.orig_bytes);
        self.resp_bytes = self.resp_bytes.saturating_add(other.resp_bytes);
        self.path_entropy.merge(other.path_entropy);
    }

    /// About how much memory it takes, bytes: what lists hold, and a usual text for each counted value.
    pub fn bytes(&self) -> usize {
        let texts =
            [&self.hosts, &self.fingerprints, &self.alpns, &self.user_agents, &self.methods, &self.paths];
        let counted: usize = texts.iter().map(|counts| counts.distinct()).sum();
        let numbers = self.addresses.distinct() + self.ports.distinct() + self.stacks.distinct();
        let events = self.starts.latest().len() + self.messages.latest().len();
        size_of::<Self>()
            + events * size_of::<Event>()
            + (counted + numbers + self.uids.len()) * VALUE_BYTES
            + self.hours.len() * size_of::<i32>()
            + self.dns.as_ref().map_or(0, |dns| dns.bytes())
    }

    /// Number of sessions.
    pub fn sessions(&self) -> u64 {
        self.starts.total()
    }

    /// The first event of all and the last one.
    pub fn span(&self) -> Option<(Timestamp, Timestamp)> {
        let ends = [&self.starts, &self.messages]
            .map(|events| Some((events.first_micros()?, events.latest().last()?.at_micros)));
        let (first, last) =
            ends.into_iter().flatten().reduce(|(a, b), (first, last)| (a.min(first), b.max(last)))?;
        Some((Timestamp::from_micros(first), Timestamp::from_micros(last)))
    }
}

/// Oddities, counted in sessions or messages.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
pub struct Marks {
    /// Sessions that were never answered or were rejected.
    pub failed: u64,
    /// TLS handshakes (TCP or QUIC).
    pub handshakes: u64,
    /// TLS handshakes without SNI.
    pub without_sni: u64,
    /// Messages whose host is an IP literal, or whose connection has no name at all.
    pub without_name: u64,
    /// Named hosts that the device was never seen to resolve, while its lookups are visible.
    pub never_resolved: u64,
    /// Certificates that the sensor found invalid or self-signed.
    pub invalid_certificates: u64,
    /// HTTP requests.
    pub requests: u64,
    /// HTTP requests without a Host.
    pub without_host: u64,
    /// HTTP requests through a proxy.
    pub proxied: u64,
    /// Sessions whose service ran on a port that is not its own.
    pub odd_ports: u64,
    /// SNI and Host of one session differ in their registrable domain.
    pub name_mismatches: u64,
    /// Sessions seen from the middle.
    pub midstream: u64,
    /// Sessions that lie in a moment at which many of the device's apps fire.
    pub shared_moments: u64,
}

impl Marks {
    fn merge(&mut self, other: &Self) {
        self.failed += other.failed;
        self.handshakes += other.handshakes;
        self.without_sni += other.without_sni;
        self.without_name += other.without_name;
        self.never_resolved += other.never_resolved;
        self.invalid_certificates += other.invalid_certificates;
        self.requests += other.requests;
        self.without_host += other.without_host;
        self.proxied += other.proxied;
        self.odd_ports += other.odd_ports;
        self.name_mismatches += other.name_mismatches;
        self.midstream += other.midstream;
        self.shared_moments += other.shared_moments;
    }
}

/// Sessions by the state that device and app were in. What is unknown is in no count.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
pub struct StateTally {
    /// Sessions with the app in the foreground.
    pub foreground: u64,
    /// Sessions with the app in the background.
    pub background: u64,
    /// Sessions while the app ran a foreground service.
    pub foreground_service: u64,
    /// Sessions while the device was locked.
    pub locked: u64,
    /// Sessions while the device was unlocked.
    pub unlocked: u64,
    /// Sessions without a user interaction in the window before.
    pub without_interaction: u64,
    /// Sessions with one.
    pub with_interaction: u64,
    /// Sessions that follow a push to the app within seconds.
    pub after_push: u64,
}

impl StateTally {
    /// Counts one session by its flags.
    pub fn add(&mut self, flags: EventFlags) {
        let tick = |slot: &mut u64, flag| *slot += u64::from(flags.has(flag));
        tick(&mut self.foreground, EventFlags::FOREGROUND);
        tick(&mut self.background, EventFlags::BACKGROUND);
        tick(&mut self.foreground_service, EventFlags::FOREGROUND_SERVICE);
        tick(&mut self.locked, EventFlags::LOCKED);
        tick(&mut self.unlocked, EventFlags::UNLOCKED);
        tick(&mut self.with_interaction, EventFlags::INTERACTION);
        tick(&mut self.without_interaction, EventFlags::NO_INTERACTION);
        tick(&mut self.after_push, EventFlags::AFTER_PUSH);
    }

    fn merge(&mut self, other: &Self) {
        self.foreground += other.foreground;
        self.background += other.background;
        self.foreground_service += other.foreground_service;
        self.locked += other.locked;
        self.unlocked += other.unlocked;
        self.without_interaction += other.without_interaction;
        self.with_interaction += other.with_interaction;
        self.after_push += other.after_push;
    }

    /// Sessions in which the app's state is known.
    pub fn app_known(&self) -> u64 {
        self.foreground + self.background + self.foreground_service
    }

    /// Sessions of which it is known whether the app was on the screen: on a locked phone it was not, whatever else is
    /// known of it.
    pub fn screen_known(&self) -> u64 {
        self.app_known().max(self.foreground + self.locked)
    }

    /// Sessions in which the lock state is known.
    pub fn lock_known(&self) -> u64 {
        self.locked + self.unlocked
    }

    /// Sessions for which it is known whether somebody used the device shortly before.
    pub fn interaction_known(&self) -> u64 {
        self.with_interaction + self.without_interaction
    }
}

/// A sum of entropies as integers: floating-point addition is not associative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
pub struct EntropySum {
    millibits: u64,
    texts: u64,
}

impl EntropySum {
    /// Adds one text's entropy in bits per character.
    pub fn add(&mut self, bits: f64) {
        if bits.is_finite() && bits >= 0.0 {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 <= bits <= 8")]
            let millibits = (bits.min(8.0) * 1000.0).round() as u64;
            self.millibits += millibits;
            self.texts += 1;
        }
    }

    fn merge(&mut self, other: Self) {
        self.millibits += other.millibits;
        self.texts += other.texts;
    }

    /// Mean bits per character; `None` without a text.
    pub fn mean_bits(&self) -> Option<f64> {
        (self.texts > 0).then(|| self.millibits as f64 / 1000.0 / self.texts as f64)
    }

    /// Number of texts.
    pub fn texts(&self) -> u64 {
        self.texts
    }
}

/// The latest session ids, by (time, id). One text holds them all: a series has eight, and there are many series.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
pub struct LatestUids {
    /// When each session was, and how many bytes its id has; ascending by time and id.
    entries: Vec<(i64, u32)>,
    /// The ids, one behind the other.
    text: String,
}

impl LatestUids {
    /// Ids kept at the most: enough to pivot into the sensor's logs.
    pub const CAP: usize = 8;

    /// The latest of these ids, of which none is empty. They are left ascending, the others are gone.
    pub(crate) fn of(ids: &mut Vec<(i64, &str)>) -> Self {
        Self::keep_latest(ids);
        let mut text = String::with_capacity(ids.iter().map(|(_, uid)| uid.len()).sum());
        text.extend(ids.iter().map(|(_, uid)| *uid));
        let bytes = |uid: &str| u32::try_from(uid.len()).unwrap_or(u32::MAX);
        Self { entries: ids.iter().map(|(at, uid)| (*at, bytes(uid))).collect(), text }
    }

    /// Leaves the latest, each once and ascending.
    pub(crate) fn keep_latest(ids: &mut Vec<(i64, &str)>) {
        ids.sort_unstable();
        ids.dedup();
        ids.drain(..ids.len().saturating_sub(Self::CAP));
    }

    /// Notes a session; an empty id is not noted.
    pub fn add(&mut self, at_micros: i64, uid: &str) {
        if !uid.is_empty() {
            *self = Self::of(&mut self.ids().chain([(at_micros, uid)]).collect());
        }
    }

    /// The latest ids of several lists.
    fn merged<'l>(lists: impl Iterator<Item = &'l Self>) -> Self {
        Self::of(&mut lists.flat_map(Self::ids).collect())
    }

    /// Times and ids, ascending.
    fn ids(&self) -> impl Iterator<Item = (i64, &str)> {
        let mut rest = self.text.as_str();
        self.entries.iter().filter_map(move |(at, bytes)| {
            let (uid, behind) = rest.split_at_checked(*bytes as usize)?;
            rest = behind;
            Some((*at, uid))
        })
    }

    /// Ids, latest first.
    pub fn latest_first(&self) -> impl Iterator<Item = &str> {
        let mut ids: Vec<&str> = self.ids().map(|(_, uid)| uid).collect();
        ids.reverse();
        ids.into_iter()
    }

    /// How many there are.
    fn len(&self) -> usize {
        self.entries.len()
    }
}
