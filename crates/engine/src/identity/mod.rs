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
        Network::is_inside(addr, &self.networks)
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

    /// The device's end of one direction of a connection, from sender to receiver, that does not say which end
    /// opened it: the port tells, else the device did. `None` when it was opened from outside.
    pub fn device_end_of_direction(&self, from: Endpoint, to: Endpoint) -> Option<DeviceEnd> {
        let (sent, answered) = (self.device_end(from, to, None, None), self.device_end(to, from, None, None));
        match (is_server(from.port, to.port), is_server(to.port, from.port)) {
            (true, _) => (answered == DeviceEnd::Orig).then_some(DeviceEnd::Resp),
            (_, true) => (sent == DeviceEnd::Orig).then_some(DeviceEnd::Orig),
            _ => Some(sent),
        }
    }
}

/// Whether a port looks like a server's beside the other: well known (RFC 6335: below 1024), or below the ports
/// that systems give to clients (Linux and Android from 32768 on, iOS from 49152 on).
fn is_server(port: u16, other: u16) -> bool {
    (port < 1024 && other >= 1024) || (port < 32_768 && other >= 32_768)
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
        let between = |from: (&str, u16), to: (&str, u16)| {
            let end = |(addr, port): (&str, u16)| Endpoint::new(addr.parse().unwrap(), port);
            inside.device_end_of_direction(end(from), end(to))
        };
        let (phone, server) = (("10.0.0.1", 40_000), ("192.0.2.1", 443));
        assert_eq!(between(phone, server), Some(DeviceEnd::Orig));
        assert_eq!(between(server, phone), Some(DeviceEnd::Resp));
        // From outside to a port of the phone, both ways.
        assert_eq!(between(("192.0.2.1", 40_000), ("10.0.0.1", 22)), None);
        assert_eq!(between(("10.0.0.1", 22), ("192.0.2.1", 40_000)), None);
        // Behind a translator of ports nothing tells: the phone opened it.
        assert_eq!(between(("10.0.0.1", 2000), ("192.0.2.1", 8443)), Some(DeviceEnd::Orig));
        assert_eq!(between(("192.0.2.1", 8443), ("10.0.0.1", 2000)), Some(DeviceEnd::Resp));
        // Both inside: whoever has the client's port.
        assert_eq!(between(("10.0.0.53", 53), phone), Some(DeviceEnd::Resp));
        let said = inside.device_end(end("192.0.2.1"), end("203.0.113.1"), Some(false), Some(true));
        assert_eq!(said, DeviceEnd::Resp);
    }
}
