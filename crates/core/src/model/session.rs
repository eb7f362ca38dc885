//! A connection as a sensor reports it (ATT&CK data component DC0078, Network Traffic Flow).

use super::{Endpoint, MacAddr, Timestamp, Transport};

/// One connection.
#[derive(Debug, Clone, PartialEq)]
pub struct Session<'a> {
    /// The sensor's id of the connection: Zeek `uid`, EVE `flow_id`, or the capture reader's own. Exchanges of
    /// the connection carry the same text. Empty when the source has none.
    pub uid: &'a str,
    /// First packet.
    pub start: Timestamp,
    /// First to last packet, microseconds. `None` when the sensor did not say.
    pub duration_micros: Option<u64>,
    /// Who opened the connection.
    pub orig: Endpoint,
    /// Who answered.
    pub resp: Endpoint,
    /// Transport.
    pub transport: Transport,
    /// Application protocol as the sensor detected it, lower case (`ssl`, `http`, `dns`, ...).
    pub service: Option<&'a str>,
    /// Payload bytes of the originator.
    pub orig_bytes: Option<u64>,
    /// Payload bytes of the responder.
    pub resp_bytes: Option<u64>,
    /// Packets of the originator, where a reader needs them for itself; Zeek's are not read.
    pub orig_pkts: Option<u64>,
    /// Packets of the responder, in the same way.
    pub resp_pkts: Option<u64>,
    /// How the connection went.
    pub state: ConnState,
    /// Whether the opening (TCP SYN) was seen; `None` for other transports or when not said.
    pub handshake: Option<bool>,
    /// Whether the sensor takes the originator for local.
    pub local_orig: Option<bool>,
    /// Whether the sensor takes the responder for local.
    pub local_resp: Option<bool>,
    /// Link-layer address of the originator.
    pub orig_l2: Option<MacAddr>,
    /// What kind of report it is.
    pub report: Report,
    /// The app, where the capture itself names it (PCAPdroid).
    pub app: Option<AppTag<'a>>,
}

impl Session<'_> {
    /// A session of which only the start, the ends and the transport are known.
    pub const fn between(start: Timestamp, orig: Endpoint, resp: Endpoint, transport: Transport) -> Self {
        Self {
            uid: "",
            start,
            duration_micros: None,
            orig,
            resp,
            transport,
            service: None,
            orig_bytes: None,
            resp_bytes: None,
            orig_pkts: None,
            resp_pkts: None,
            state: ConnState::Unknown,
            handshake: None,
            local_orig: None,
            local_resp: None,
            orig_l2: None,
            report: Report::Final,
            app: None,
        }
    }
}

/// What a report says of its connection; a later one supersedes an earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Report {
    /// One direction alone (Suricata `netflow`), without saying which end opened the connection: only the sender has
    /// counts. The other direction is a report of its own.
    OneWay,
    /// The connection is still open (Zeek `open_conn`).
    Open,
    /// The last word.
    Final,
}

/// The app that the capturing phone named for a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct AppTag<'a> {
    /// Android uid; -1 is unknown.
    pub uid: i32,
    /// Package name where given.
    pub package: Option<&'a str>,
    /// Label where given.
    pub name: Option<&'a str>,
}

/// How a connection went, in Zeek's terms (`conn_state`), coarsened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ConnState {
    /// Established; ended normally or still open (SF, S1, S2, S3).
    Established,
    /// Established, then reset by either side (RSTO, RSTR).
    Reset,
    /// Attempted and unanswered (S0, SH, RSTOS0).
    Unanswered,
    /// Attempted and rejected (REJ, RSTRH).
    Rejected,
    /// Seen from the middle (OTH, SHR).
    Midstream,
    /// The source does not say.
    Unknown,
}

impl ConnState {
    /// From Zeek's `conn_state`.
    pub fn from_zeek(state: &str) -> Self {
        match state {
            "SF" | "S1" | "S2" | "S3" => Self::Established,
            "RSTO" | "RSTR" => Self::Reset,
            "S0" | "SH" | "RSTOS0" => Self::Unanswered,
            "REJ" | "RSTRH" => Self::Rejected,
            "OTH" | "SHR" => Self::Midstream,
            _ => Self::Unknown,
        }
    }
}
