//! Rows of DHCP: who held an address.

use super::super::field::Field;
use super::{Fields, Ignored, Miss, Row, missing};
use crate::{RejectReason, text};
use std::net::IpAddr;
use undertone_core::model::{Lease, Platform};

/// DHCP's infinite lease (RFC 2131 section 3.3: 0xffffffff seconds), as Zeek's six significant digits print it.
const INFINITE_LEASE_MICROS: i64 = 4_294_967_000_000_000;

impl<'a, F: Fields<'a>> Row<'a, F> {
    pub(super) fn lease(self) -> Result<Lease<'a>, Miss> {
        let from = self.at()?;
        // Only an acknowledged lease is held (RFC 2131 section 3.1); older logs have acknowledged ones only.
        if self.text(Field::MsgTypes).is_some_and(|types| !types.split(',').any(|kind| kind == "ACK")) {
            return Err(Miss::Ignored(Ignored::DhcpWithoutAck));
        }
        let addr = match self.held(Field::AssignedAddr)? {
            None => self.held(Field::ClientAddr)?,
            held => held,
        };
        let Some(addr) = (match addr {
            None => self.held(Field::OrigH)?,
            held => held,
        }) else {
            return Err(Miss::Ignored(Ignored::DhcpWithoutAddress));
        };
        let lease = self.parsed(Field::LeaseTime, RejectReason::BadNumber, text::decimal_micros)?;
        let lease = lease.filter(|&micros| micros > 0 && micros < INFINITE_LEASE_MICROS);
        Ok(Lease {
            device_id: None,
            addr: Some(addr),
            mac: Some(self.mac(Field::Mac).ok_or_else(|| missing(Field::Mac))?),
            from: Some(from),
            to: lease.map(|micros| from.plus_micros(micros)),
            platform: Platform::Unknown,
            owner: None,
            host_name: self.text(Field::HostName),
        })
    }

    /// An address that a device can hold.
    fn held(self, field: Field) -> Result<Option<IpAddr>, Miss> {
        let addr = self.parsed(field, RejectReason::BadAddress, text::addr)?;
        Ok(addr.map(|addr| addr.to_canonical()).filter(|addr| !addr.is_unspecified()))
    }
}
