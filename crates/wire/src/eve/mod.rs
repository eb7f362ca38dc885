//! Suricata EVE: JSON lines, one event each (versions 4 to 8).
//!
//! `flow` events are sessions; `http`, `tls`, `quic`, `dns`, `smtp`, `ftp`, `mqtt` and `websocket` events are
//! exchanges; acknowledged `dhcp` is a lease. Every other type is counted as ignored by its name:
//!
//! * `netflow` events say what `flow` says, but as two lines, one for each direction, without telling which
//!   side opened the connection. A reader of single lines cannot pair them.
//! * `alert`, `fileinfo`, `anomaly` and the like repeat their flow and are judgements, not traffic.
//!
//! A DNS lookup is one event for the query and one for the answer, and gives an exchange for each: the query
//! has no `rcode`, the answer has.

mod dns;
mod event;
mod flow;
mod records;

pub use event::{parse_line, sniff};
