//! NTP requests and their answers (RFC 5905).

use super::outlet::Outlet;
use undertone_core::model::{ExchangeKind, Timestamp};

/// A packet without extensions; older and newer ones only append.
const PACKET_BYTES_MIN: usize = 48;

/// NTP of one flow: the request that waits for its answer.
#[derive(Debug, Default)]
pub(super) struct Ntp {
    request: Option<(Timestamp, u64)>,
}

impl Ntp {
    pub(super) fn is_packet(data: &[u8]) -> bool {
        let version = data.first().map_or(0, |first| (first >> 3) & 7);
        data.len() >= PACKET_BYTES_MIN && (1..=4).contains(&version)
    }

    pub(super) fn datagram(&mut self, data: &[u8], out: &mut Outlet<'_>) {
        let mode = data.first().map_or(0, |first| first & 7);
        match mode {
            // Symmetric active and client.
            1 | 3 => {
                self.finish(out);
                self.request = Some((out.at, data.len() as u64));
            }
            // Symmetric passive and server.
            2 | 4 => self.send(Some(data.len() as u64), out),
            _ => {}
        }
    }

    /// Sends the request that nobody answered.
    pub(super) fn finish(&mut self, out: &mut Outlet<'_>) {
        self.send(None, out);
    }

    fn send(&mut self, resp_bytes: Option<u64>, out: &mut Outlet<'_>) {
        let Some((at, orig_bytes)) = self.request.take() else { return };
        let mut exchange = out.exchange(ExchangeKind::Ntp, at);
        exchange.orig_bytes = Some(orig_bytes);
        exchange.resp_bytes = resp_bytes;
        out.send(exchange);
    }
}
