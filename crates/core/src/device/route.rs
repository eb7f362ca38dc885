//! Which traffic of a device belongs together: what a device too large to be looked at whole is divided by.

use super::hosts::HOST_BYTES_MAX;
use crate::destination::normal_host;
use crate::series::{Destination, StableKey, stable_hash};
use std::net::IpAddr;

/// A stable number of the destination of a host as sent; `None` where the responder's address stands for it.
pub fn route_of_host(raw: &str) -> Option<u64> {
    let host = normal_host(raw);
    if host.is_empty() || host.len() > HOST_BYTES_MAX {
        return None;
    }
    match Destination::of_host(&host)? {
        Destination::Domain(domain) => Some(stable_hash(domain.as_bytes())),
        Destination::Address(addr) => Some(route_of_addr(addr)),
        Destination::Group(_) => None,
    }
}

/// A stable number of an address as a destination.
pub fn route_of_addr(addr: IpAddr) -> u64 {
    addr.to_canonical().stable_hash()
}
