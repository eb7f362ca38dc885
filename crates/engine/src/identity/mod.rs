//! Which device a record belongs to: inventory, then DHCP, then the link-layer address, then the address.

mod directory;

pub use directory::{DeviceFacts, Directory, LeaseBook};

use std::net::IpAddr;
use undertone_core::model::{Endpoint, Network};

/// Which addresses are inside.
#[derive(Debug, Clone, Default)]
pub struct Inside {
    networks: Vec<Network>,
}

/// Which end of a connection is the device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeviceEnd {
    /// The originator is.
    Orig,
    /// The responder is: the connection comes from outside, or was seen from the middle the wrong way round.
    Resp,
}

impl Inside {
    /// Inside are the given networks, besides private, shared and link-local addresses.
    pub fn new(networks: Vec<Network>) -> Self {
        Self { networks }
    }

    fn contains(&self, addr: IpAddr) -> bool {
        Network::is_inside_by_kind(addr) || self.networks.iter().any(|network| network.contains(addr))
    }

    /// The device's end. `local_orig` and `local_resp` are what the sensor says, where it does. With neither end
    /// inside, the originator is the device.
    pub fn device_end(
        &self,
        orig: Endpoint,
        resp: Endpoint,
        local_orig: Option<bool>,
        local_resp: Option<bool>,
    ) -> DeviceEnd {
        let is_orig_inside = local_orig == Some(true) || self.contains(orig.addr);
        let is_resp_inside = local_resp == Some(true) || self.contains(resp.addr);
        if !is_orig_inside && is_resp_inside { DeviceEnd::Resp } else { DeviceEnd::Orig }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_inside_end_is_the_device_else_the_originator() {
        let inside = Inside::new(vec![Network::parse("198.51.100.0/24").unwrap()]);
        let end = |text: &str| Endpoint::new(text.parse().unwrap(), 1);
        let device = |orig, resp| inside.device_end(end(orig), end(resp), None, None);
        assert_eq!(device("10.0.0.1", "192.0.2.1"), DeviceEnd::Orig);
        assert_eq!(device("192.0.2.1", "10.0.0.1"), DeviceEnd::Resp);
        assert_eq!(device("192.0.2.1", "198.51.100.7"), DeviceEnd::Resp);
        assert_eq!(device("192.0.2.1", "203.0.113.1"), DeviceEnd::Orig);
        assert_eq!(device("10.0.0.1", "10.0.0.2"), DeviceEnd::Orig);
        let said = inside.device_end(end("192.0.2.1"), end("203.0.113.1"), Some(false), Some(true));
        assert_eq!(said, DeviceEnd::Resp);
    }
}
