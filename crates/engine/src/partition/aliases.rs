//! Device names that are another device's.

use super::claims::Claims;
use crate::identity::Directory;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// Which names are another device's: an address that exactly one phone claims in its telemetry, and the
/// nameless phone of a file from one phone when there is exactly one device besides it.
pub(super) fn aliases(
    names: &BTreeSet<&str>,
    (claims, has_unlisted): (&Claims, bool),
    directory: &Directory,
) -> BTreeMap<String, String> {
    // A name that stands in no list may be anywhere.
    let is_seen = |name: &str| has_unlisted || names.contains(name);
    let mut claimants: BTreeMap<IpAddr, Vec<&str>> = BTreeMap::new();
    for (device, addrs) in claims.iter() {
        for addr in addrs {
            claimants.entry(*addr).or_default().push(device);
        }
    }
    let mut aliases = BTreeMap::new();
    for (addr, devices) in claimants {
        let name = addr.to_string();
        if let ([device], true, false) = (devices.as_slice(), is_seen(&name), directory.knows_addr(addr)) {
            aliases.insert(name, (*device).to_owned());
        }
    }
    let others: BTreeSet<&str> = names
        .iter()
        .copied()
        .filter(|name| !name.is_empty())
        .map(|name| aliases.get(name).map_or(name, String::as_str))
        .collect();
    if is_seen("") {
        let only = if others.len() == 1 && !has_unlisted { others.first().copied() } else { None };
        aliases.insert(String::new(), only.unwrap_or("phone").to_owned());
    }
    aliases
}
