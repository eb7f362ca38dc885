//! The columns of Zeek logs that are read, and how a name finds its column.

/// Generates nothing by itself: the columns are one list, so that a field and its name cannot drift apart.
macro_rules! fields {
    ($($field:ident = $name:literal),+ $(,)?) => {
        /// A column that is read. The same name means the same field in every log that has it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum Field { $($field),+ }

        /// Every field with Zeek's name for it.
        const NAMES: &[(&str, Field)] = &[$(($name, Field::$field)),+];
    };
}

fields! {
    // Every log of connections.
    Ts = "ts",
    Uid = "uid",
    OrigH = "id.orig_h",
    OrigP = "id.orig_p",
    RespH = "id.resp_h",
    RespP = "id.resp_p",
    Proto = "proto",
    // conn
    Service = "service",
    Duration = "duration",
    OrigBytes = "orig_bytes",
    RespBytes = "resp_bytes",
    ConnState = "conn_state",
    LocalOrig = "local_orig",
    LocalResp = "local_resp",
    History = "history",
    OrigPkts = "orig_pkts",
    RespPkts = "resp_pkts",
    OrigL2Addr = "orig_l2_addr",
    // http, websocket
    Method = "method",
    Host = "host",
    Uri = "uri",
    UserAgent = "user_agent",
    RequestBodyLen = "request_body_len",
    ResponseBodyLen = "response_body_len",
    StatusCode = "status_code",
    Subprotocol = "subprotocol",
    // ssl, quic
    Version = "version",
    Cipher = "cipher",
    Established = "established",
    ServerName = "server_name",
    NextProtocol = "next_protocol",
    Subject = "subject",
    Issuer = "issuer",
    ValidationStatus = "validation_status",
    Ja3 = "ja3",
    Ja4 = "ja4",
    ClientProtocol = "client_protocol",
    ClientInitialDcid = "client_initial_dcid",
    // dns
    Query = "query",
    Qtype = "qtype",
    QtypeName = "qtype_name",
    Rcode = "rcode",
    RcodeName = "rcode_name",
    Answers = "answers",
    // smtp, ftp, irc
    Helo = "helo",
    MailFrom = "mailfrom",
    Command = "command",
    Arg = "arg",
    ReplyCode = "reply_code",
    Nick = "nick",
    Value = "value",
    // mqtt
    ConnectStatus = "connect_status",
    FromClient = "from_client",
    Topic = "topic",
    Topics = "topics",
    Action = "action",
    PayloadLen = "payload_len",
    // ntp
    Mode = "mode",
    // dhcp
    Mac = "mac",
    ClientAddr = "client_addr",
    AssignedAddr = "assigned_addr",
    HostName = "host_name",
    LeaseTime = "lease_time",
    MsgTypes = "msg_types",
}

/// Other spellings: flattened JSON, and the names of older Zeek and Bro versions.
const ALIASES: &[(&str, Field)] = &[
    ("id_orig_h", Field::OrigH),
    ("id_orig_p", Field::OrigP),
    ("id_resp_h", Field::RespH),
    ("id_resp_p", Field::RespP),
    ("issuer_subject", Field::Issuer),
    ("assigned_ip", Field::AssignedAddr),
];

/// How many fields there are.
pub(super) const FIELDS: usize = NAMES.len();

const SLOTS: usize = 512;
const EMPTY: u8 = u8::MAX;

/// The multiplier of [`hash`] with which no two names meet, found by trying odd numbers. A new name may need
/// another one; the build fails then.
const MULTIPLIER: u64 = 0x4ce3_223d_0b5b_597b;

/// Slot of a name's hash to its index in `NAMES`, then `ALIASES`.
static TABLE: [u8; SLOTS] = build_table();

impl Field {
    /// The slot of the field in a row's cells.
    pub(super) const fn slot(self) -> usize {
        self as usize
    }

    /// The field as one bit of a set.
    pub(super) const fn bit(self) -> u64 {
        1 << self.slot()
    }

    /// Zeek's name of the field.
    pub(super) fn name(self) -> &'static str {
        NAMES.get(self.slot()).map_or("", |(name, _)| name)
    }

    /// The field that a column or key names. One table look-up: JSON asks this for every key of every line.
    pub(super) fn from_name(name: &str) -> Option<Self> {
        let entry = usize::from(*TABLE.get(hash(name.as_bytes()))?);
        let (known, field) = NAMES.get(entry).or_else(|| ALIASES.get(entry.checked_sub(FIELDS)?))?;
        (*known == name).then_some(*field)
    }
}

/// Mixes the length and five bytes of a name into a slot.
const fn hash(name: &[u8]) -> usize {
    let length = name.len();
    if length == 0 {
        return 0;
    }
    let third = name[if length > 2 { 2 } else { length - 1 }];
    let mixed = [
        name[0],
        third,
        name[length / 2],
        name[length - 1],
        name[length.saturating_sub(2)],
        length.to_le_bytes()[0],
        0,
        0,
    ];
    // The top nine bits: one of 512 slots.
    (u64::from_le_bytes(mixed).wrapping_mul(MULTIPLIER) >> 55) as usize
}

const fn build_table() -> [u8; SLOTS] {
    let mut table = [EMPTY; SLOTS];
    let mut entry = 0;
    while entry < FIELDS + ALIASES.len() {
        let name = if entry < FIELDS { NAMES[entry].0 } else { ALIASES[entry - FIELDS].0 };
        let slot = hash(name.as_bytes());
        assert!(table[slot] == EMPTY, "two names meet: choose another multiplier");
        table[slot] = entry.to_le_bytes()[0];
        entry += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_finds_its_field() {
        for (name, field) in NAMES.iter().chain(ALIASES) {
            assert_eq!(Field::from_name(name), Some(*field), "{name}");
        }
        for (index, (name, field)) in NAMES.iter().enumerate() {
            assert_eq!((field.slot(), field.name()), (index, *name));
        }
        for unknown in ["", "t", "tsx", "id.orig_x", "orig_byteS", "i_dont_exist", "é"] {
            assert_eq!(Field::from_name(unknown), None, "{unknown}");
        }
    }
}
