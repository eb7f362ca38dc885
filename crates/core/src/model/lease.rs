//! Which device held which address, and when: inventory rows and DHCP leases.

use super::{MacAddr, Platform, Timestamp};
use std::net::IpAddr;

/// One statement that a device held an address. At least one of `device_id` and `mac` is present.
#[derive(Debug, Clone, PartialEq)]
pub struct Lease<'a> {
    /// The inventory's id of the device.
    pub device_id: Option<&'a str>,
    /// Address held; `None` ties a MAC to a device only.
    pub addr: Option<IpAddr>,
    /// Link-layer address.
    pub mac: Option<MacAddr>,
    /// From when; `None` is open.
    pub from: Option<Timestamp>,
    /// Until when; `None` is open.
    pub to: Option<Timestamp>,
    /// Platform of the device, where said.
    pub platform: Platform,
    /// Owner, where said.
    pub owner: Option<&'a str>,
    /// Name that the device gave itself (DHCP host name), where said.
    pub host_name: Option<&'a str>,
}
