//! Inventory rows and DHCP leases as one directory of devices.

use hashbrown::HashMap;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use undertone_core::model::{Lease, MacAddr, Platform, Timestamp};

type FastMap<K, V> = HashMap<K, V, foldhash::fast::RandomState>;

/// Collects leases while inputs are read.
#[derive(Debug)]
pub struct LeaseBook {
    /// What an inventory says.
    listed: Vec<Entry>,
    /// What DHCP says: leases without a device's id.
    leases: BTreeSet<Entry>,
    /// Of these, so many fit.
    room: usize,
    /// Those that found no room.
    left_out: u64,
}

/// What a lease takes at the most, with its texts, while the directory is made, bytes. Measured: a log of 1 million.
const LEASE_BYTES: usize = 600;

impl Default for LeaseBook {
    fn default() -> Self {
        Self::within(usize::MAX)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    device_id: Option<String>,
    addr: Option<IpAddr>,
    mac: Option<MacAddr>,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    platform: Platform,
    owner: Option<String>,
}

impl LeaseBook {
    /// A book for as many DHCP leases as fit some bytes: whoever asks for an address makes one. Those of the lowest
    /// addresses stay, in whatever order they come. An inventory is its owner's word, and all of it is kept.
    pub fn within(bytes: usize) -> Self {
        Self { listed: Vec::new(), leases: BTreeSet::new(), room: bytes / LEASE_BYTES, left_out: 0 }
    }

    /// What was noted up to now, taken out; what comes later has the room that is left.
    #[must_use]
    pub fn take(&mut self) -> Self {
        let room = self.room - self.leases.len();
        std::mem::replace(self, Self { room, ..Self::within(0) })
    }

    /// Whether nothing was noted.
    pub fn is_empty(&self) -> bool {
        self.listed.is_empty() && self.leases.is_empty() && self.left_out == 0
    }

    /// Notes a lease.
    pub fn add(&mut self, lease: &Lease<'_>) {
        let text = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
        let entry = Entry {
            device_id: text(lease.device_id),
            addr: lease.addr.map(|addr| addr.to_canonical()),
            mac: lease.mac,
            from: lease.from,
            to: lease.to,
            platform: lease.platform,
            owner: text(lease.owner),
        };
        if entry.device_id.is_some() {
            self.listed.push(entry);
            return;
        }
        self.leases.insert(entry);
        if self.leases.len() > self.room {
            self.leases.pop_last();
            self.left_out += 1;
        }
    }
}

/// What the inventory says of a device besides its addresses.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeviceFacts {
    /// Platform.
    pub platform: Platform,
    /// Owner.
    pub owner: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Span {
    from: Timestamp,
    to: Timestamp,
    device: u32,
    /// The latest end of it and of those that began before: where that is past, none of them holds.
    latest: Timestamp,
}

/// Devices by address, time and link-layer address.
#[derive(Debug, Clone, Default)]
pub struct Directory {
    devices: Vec<String>,
    facts: BTreeMap<String, DeviceFacts>,
    by_addr: FastMap<IpAddr, Vec<Span>>,
    by_mac: FastMap<MacAddr, u32>,
    conflicts: Vec<String>,
    /// Leases of one address to several devices at once.
    overlaps: Vec<String>,
    /// Leases that found no room.
    left_out: u64,
}

const EVER: (Timestamp, Timestamp) = (Timestamp::from_micros(i64::MIN), Timestamp::from_micros(i64::MAX));
/// Contradictions spelled out at the most; the rest is a number.
const CONFLICTS_SHOWN: usize = 5;

impl Directory {
    /// The directory of all leases, in whatever order they were read.
    pub fn new(book: LeaseBook) -> Self {
        let mut directory = Self::default();
        directory.extend(book);
        directory
    }

    /// Adds leases that were read later. A link-layer address keeps its device.
    pub fn extend(&mut self, book: LeaseBook) {
        self.left_out += book.left_out;
        let entries: BTreeSet<Entry> = book.listed.into_iter().chain(book.leases).collect();
        let mut numbers: BTreeMap<String, u32> = self.devices.iter().cloned().zip(0..).collect();
        // MACs that the inventory ties to a device name the device of DHCP leases, too.
        let named = self.by_mac.iter().map(|(mac, device)| (*mac, self.name(*device).to_owned()));
        let mut name_of_mac: BTreeMap<MacAddr, String> = named.collect();
        for entry in &entries {
            if let (Some(id), Some(mac)) = (&entry.device_id, entry.mac) {
                let known = name_of_mac.entry(mac).or_insert_with(|| id.clone());
                if known != id {
                    self.conflicts.push(format!("{mac} belongs to `{known}` and to `{id}`"));
                }
            }
        }
        for entry in entries {
            self.add(entry, &name_of_mac, &mut numbers);
        }
        self.settle();
    }

    fn add(&mut self, entry: Entry, names: &BTreeMap<MacAddr, String>, numbers: &mut BTreeMap<String, u32>) {
        let by_mac = |mac: MacAddr| names.get(&mac).cloned().unwrap_or_else(|| mac.to_string());
        let Some(id) = entry.device_id.or_else(|| entry.mac.map(by_mac)) else { return };
        let facts = self.facts.entry(id.clone()).or_default();
        if entry.platform != Platform::Unknown {
            if facts.platform != Platform::Unknown && facts.platform != entry.platform {
                self.conflicts.push(format!("`{id}` is listed with two platforms"));
            } else {
                facts.platform = entry.platform;
            }
        }
        facts.owner = facts.owner.take().or(entry.owner);
        let devices = &mut self.devices;
        let device = *numbers.entry(id.clone()).or_insert_with(|| {
            devices.push(id);
            u32::try_from(devices.len() - 1).unwrap_or(u32::MAX)
        });
        if let Some(mac) = entry.mac {
            self.by_mac.entry(mac).or_insert(device);
        }
        if let Some(addr) = entry.addr {
            let (from, to) = (entry.from.unwrap_or(EVER.0), entry.to.unwrap_or(EVER.1));
            let span = Span { from, to, device, latest: EVER.0 };
            self.by_addr.entry(addr).or_default().push(span);
        }
    }

    /// Sorts the spans of each address, puts those together that go on, and notes those that contradict each other.
    fn settle(&mut self) {
        let mut overlaps = Vec::new();
        for (addr, spans) in &mut self.by_addr {
            for span in &mut *spans {
                span.latest = EVER.0;
            }
            spans.sort_unstable();
            spans.dedup_by(|next, kept| {
                let goes_on = next.device == kept.device && next.from <= kept.to;
                kept.to = if goes_on { kept.to.max(next.to) } else { kept.to };
                goes_on
            });
            let mut latest = EVER.0;
            for span in &mut *spans {
                latest = latest.max(span.to);
                span.latest = latest;
            }
            for (a, b) in spans.iter().zip(spans.iter().skip(1)) {
                if b.from < a.to && a.device != b.device {
                    let name = |device: u32| self.devices.get(device as usize).cloned().unwrap_or_default();
                    overlaps.push((*addr, name(a.device), name(b.device)));
                }
            }
        }
        overlaps.sort();
        let texts = overlaps
            .into_iter()
            .map(|(addr, a, b)| format!("{addr} is leased to `{a}` and `{b}` at the same time"));
        self.overlaps = texts.collect();
    }

    /// The device that held the address at the time; of contradicting leases the one that began last.
    pub fn device_of_addr(&self, addr: IpAddr, at: Timestamp) -> Option<&str> {
        self.number_of_addr(addr, at).map(|device| self.name(device))
    }

    /// The number of [`Directory::device_of_addr`], to be named by [`Directory::name`].
    pub(crate) fn number_of_addr(&self, addr: IpAddr, at: Timestamp) -> Option<u32> {
        let spans = self.by_addr.get(&addr)?;
        let until = spans.partition_point(|span| span.from <= at);
        let mut held = spans.get(..until)?.iter().rev().take_while(|span| at < span.latest);
        held.find(|span| at < span.to).map(|held| held.device)
    }

    /// The name of a device by its number.
    pub(crate) fn name(&self, device: u32) -> &str {
        self.devices.get(device as usize).map(String::as_str).unwrap_or_default()
    }

    /// The number of the device of a link-layer address, to be named by [`Directory::name`].
    pub(crate) fn number_of_mac(&self, mac: MacAddr) -> Option<u32> {
        self.by_mac.get(&mac).copied()
    }

    /// Whether an address has any lease: then its device depends on time.
    pub fn knows_addr(&self, addr: IpAddr) -> bool {
        self.by_addr.contains_key(&addr)
    }

    /// Whether any lease was read.
    pub fn is_empty(&self) -> bool {
        self.devices.is_empty()
    }

    /// Whether some leases found no room.
    pub fn is_cut(&self) -> bool {
        self.left_out > 0
    }

    /// What the inventory says of a device.
    pub fn facts(&self, device_id: &str) -> Option<&DeviceFacts> {
        self.facts.get(device_id)
    }

    /// Devices listed.
    pub fn len(&self) -> usize {
        self.devices.len()
    }

    /// Contradictions, as sentences for the run summary.
    pub fn notes(&self) -> Vec<String> {
        let conflicts = || self.conflicts.iter().chain(&self.overlaps);
        let mut notes: Vec<String> = conflicts().take(CONFLICTS_SHOWN).cloned().collect();
        let more = conflicts().skip(CONFLICTS_SHOWN).count();
        if more > 0 {
            notes.push(format!("{more} more contradictions in leases or inventory"));
        }
        if self.left_out > 0 {
            notes.push(format!(
                "memory: {} DHCP leases, of the highest addresses, found no room: their phones go by address; --memory gives more",
                self.left_out
            ));
        }
        notes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lease<'a>(id: Option<&'a str>, addr: &str, mac: Option<u8>, secs: (i64, i64)) -> Lease<'a> {
        Lease {
            device_id: id,
            addr: Some(addr.parse().unwrap()),
            mac: mac.map(|last| MacAddr([2, 0, 0, 0, 0, last])),
            from: Some(Timestamp::from_secs(secs.0)),
            to: Some(Timestamp::from_secs(secs.1)),
            platform: Platform::Ios,
            owner: None,
            host_name: None,
        }
    }

    fn directory(leases: &[Lease<'_>]) -> Directory {
        let mut book = LeaseBook::default();
        for lease in leases {
            book.add(lease);
        }
        Directory::new(book)
    }

    #[test]
    fn an_address_names_the_device_that_held_it_then() {
        let found = directory(&[
            lease(Some("d-1"), "10.0.0.5", Some(1), (0, 100)),
            lease(None, "10.0.0.5", Some(2), (200, 300)),
            lease(None, "10.0.0.6", Some(1), (500, 600)),
        ]);
        let device =
            |addr: &str, secs| found.device_of_addr(addr.parse().unwrap(), Timestamp::from_secs(secs));
        assert_eq!(device("10.0.0.5", 50), Some("d-1"));
        assert_eq!(device("10.0.0.5", 150), None, "a hole in the leases names nobody");
        assert_eq!(device("10.0.0.5", 250), Some("02:00:00:00:00:02"));
        assert_eq!(device("10.0.0.6", 550), Some("d-1"), "the inventory knows the MAC of the lease");
        assert!(found.notes().is_empty());
    }

    #[test]
    fn overlapping_leases_are_reported_and_the_later_one_holds() {
        let found = directory(&[
            lease(Some("a"), "10.0.0.5", None, (0, 100)),
            lease(Some("b"), "10.0.0.5", None, (50, 150)),
        ]);
        let device = |secs| found.device_of_addr("10.0.0.5".parse().unwrap(), Timestamp::from_secs(secs));
        assert_eq!((device(20), device(70), device(120)), (Some("a"), Some("b"), Some("b")));
        assert_eq!(found.notes(), ["10.0.0.5 is leased to `a` and `b` at the same time"]);
    }

    #[test]
    fn leases_that_come_later_are_as_good_as_the_first() {
        let leases = [
            lease(Some("d-1"), "10.0.0.5", Some(1), (0, 100)),
            lease(None, "10.0.0.5", Some(2), (50, 300)),
            lease(None, "10.0.0.6", Some(1), (500, 600)),
        ];
        let mut book = LeaseBook::default();
        book.add(&leases[0]);
        let mut found = Directory::new(book.take());
        assert!(book.is_empty());
        leases[1..].iter().for_each(|lease| book.add(lease));
        found.extend(book);
        let whole = directory(&leases);
        for (addr, secs) in [("10.0.0.5", 20), ("10.0.0.5", 70), ("10.0.0.5", 250), ("10.0.0.6", 550)] {
            let device = |all: &Directory| {
                all.device_of_addr(addr.parse().unwrap(), Timestamp::from_secs(secs)).map(str::to_owned)
            };
            assert_eq!(device(&found), device(&whole), "{addr} {secs}");
        }
        assert_eq!(found.notes(), whole.notes());
    }

    #[test]
    fn leases_that_find_no_room_are_counted_and_the_inventory_stays() {
        let mut book = LeaseBook::within(2 * LEASE_BYTES);
        for last in (1..=5).rev() {
            book.add(&lease(None, &format!("10.0.0.{last}"), Some(last), (0, 100)));
        }
        book.add(&lease(Some("d-9"), "10.0.0.9", Some(9), (0, 100)));
        let directory = Directory::new(book);
        let known = |addr: &str| directory.knows_addr(addr.parse().unwrap());
        assert!(known("10.0.0.1") && known("10.0.0.2") && !known("10.0.0.3") && known("10.0.0.9"));
        assert!(
            directory.notes().iter().any(|note| note.contains("3 DHCP leases")),
            "{:?}",
            directory.notes()
        );
    }
}
