//! Suricata EVE: JSON lines, one event each (versions 4 to 8).
//!
//! `flow` events are sessions, and so is each `netflow` event, of one direction; `http`, `tls`, `quic`, `dns`, `smtp`, `ftp`, `mqtt` and `websocket` events are
//! exchanges; acknowledged `dhcp` is a lease. Every other type is counted as ignored by its name: `alert`,
//! `fileinfo`, `anomaly` and the like repeat their flow and are judgements, not traffic.
//!
//! `netflow` events say what `flow` says, but as two lines, one for each direction, of which the second is left out
//! where nothing came back. Neither tells which side opened the connection: whoever joins records pairs them.
//!
//! A DNS lookup is one event for the query and one for the answer, and gives an exchange for each: the query
//! has no `rcode`, the answer has.

mod dns;
mod event;
mod flow;
mod records;

pub use event::{parse_line, sniff};
