//! Addresses that phones say in their telemetry are their own: one list for all sinks of a run, so that what it has
//! no room for does not depend on who read it.

use std::collections::BTreeMap;
use std::net::IpAddr;

/// Addresses that one phone may claim.
const ADDRS_MAX: usize = 64;
/// What a phone costs besides its name: entry of the map, the shortest list.
const PHONE_BYTES: usize = 200;
/// What an address costs in a list that may be half empty.
const ADDR_BYTES: usize = 40;

/// Claims by the phone's name. Past its room the last phones by name go, and of a phone the last addresses: the same
/// ones in whatever order they came.
#[derive(Debug)]
pub(super) struct Claims {
    phones: BTreeMap<String, Claimed>,
    /// Bytes that are left.
    room: usize,
    /// The first phone that found no room.
    cut_from: Option<String>,
}

/// Addresses that one phone claims, ascending.
#[derive(Debug, Default)]
struct Claimed {
    addrs: Vec<IpAddr>,
    is_cut: bool,
}

/// What found no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ClaimsCut {
    /// Phones that found room, where others did not.
    pub kept: Option<u64>,
    /// Phones that claim more addresses than one may.
    pub crowded: u64,
}

impl Claims {
    /// An empty list for so many bytes.
    pub(super) const fn within(bytes: usize) -> Self {
        Self { phones: BTreeMap::new(), room: bytes, cut_from: None }
    }

    /// Notes that a phone says an address is its own.
    pub(super) fn add(&mut self, phone: &str, addr: IpAddr) {
        if self.cut_from.as_deref().is_some_and(|cut| phone >= cut) {
            return;
        }
        let mut cost = 0;
        if !self.phones.contains_key(phone) {
            self.phones.insert(phone.to_owned(), Claimed::default());
            cost = PHONE_BYTES + phone.len();
        }
        if self.phones.get_mut(phone).is_some_and(|claimed| claimed.add(addr)) {
            cost += ADDR_BYTES;
        }
        while cost > self.room {
            let Some((last, claimed)) = self.phones.pop_last() else { break };
            self.room += PHONE_BYTES + last.len() + ADDR_BYTES * claimed.addrs.len();
            self.cut_from = Some(last);
        }
        self.room = self.room.saturating_sub(cost);
    }

    /// Every phone with the addresses that it claims, in the order of names.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &[IpAddr])> {
        self.phones.iter().map(|(phone, claimed)| (phone.as_str(), claimed.addrs.as_slice()))
    }

    /// What found no room.
    pub(super) fn cut(&self) -> ClaimsCut {
        ClaimsCut {
            kept: self.cut_from.as_ref().map(|_| self.phones.len() as u64),
            crowded: self.phones.values().filter(|claimed| claimed.is_cut).count() as u64,
        }
    }
}

impl Claimed {
    /// Whether there is one more than before.
    fn add(&mut self, addr: IpAddr) -> bool {
        let Err(at) = self.addrs.binary_search(&addr) else { return false };
        self.addrs.insert(at, addr);
        self.is_cut |= self.addrs.len() > ADDRS_MAX;
        self.addrs.truncate(ADDRS_MAX);
        !self.is_cut
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claimed(
        bytes: usize,
        claims: impl Iterator<Item = (u32, u32)>,
    ) -> (Vec<(String, Vec<IpAddr>)>, ClaimsCut) {
        let mut list = Claims::within(bytes);
        for (phone, addr) in claims {
            list.add(&format!("phone-{phone:03}"), IpAddr::V4(addr.into()));
        }
        let all = list.iter().map(|(phone, addrs)| (phone.to_owned(), addrs.to_vec())).collect();
        (all, list.cut())
    }

    #[test]
    fn what_finds_no_room_does_not_depend_on_the_order() {
        let all: Vec<(u32, u32)> = (0..600).map(|n| (n % 100, n)).collect();
        let in_order = claimed(20_000, all.iter().copied());
        assert!(matches!(in_order.1.kept, Some(10..80)), "{:?}", in_order.1);
        assert_eq!(in_order, claimed(20_000, all.iter().rev().copied()));
        assert_eq!(
            in_order,
            claimed(20_000, all.iter().chain(&all).map(|(phone, addr)| (99 - phone, 599 - addr)))
        );
        assert_eq!(claimed(1 << 20, all.iter().copied()).1, ClaimsCut::default());
    }

    #[test]
    fn one_phone_claims_a_bounded_number_and_that_is_counted() {
        let of_one = |addrs: u32| claimed(1 << 20, (0..addrs).rev().map(|addr| (7, addr)));
        let most = u32::try_from(ADDRS_MAX).unwrap();
        assert_eq!(of_one(most).1.crowded, 0);
        let (kept, cut) = of_one(most + 5);
        assert_eq!((kept, cut.crowded), (of_one(most).0, 1));
    }
}
