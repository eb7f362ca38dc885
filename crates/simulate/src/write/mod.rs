//! From plans to bytes.

pub(crate) mod edr;
pub(crate) mod labels;
pub(crate) mod other_phones;
pub(crate) mod phone;
pub(crate) mod row;
pub(crate) mod wire;
pub(crate) mod zeek;

/// Rows of one device in one day: conn, dns, ssl, http, then what the phone says.
#[derive(Debug, Default)]
pub(crate) struct DayRows {
    /// In the order of [`zeek::LOGS`].
    pub(crate) zeek: [Vec<u8>; 4],
    pub(crate) edr: Vec<u8>,
}

/// Everything that one device adds to a fleet.
#[derive(Debug, Default)]
pub(crate) struct DeviceRows {
    pub(crate) days: Vec<DayRows>,
    pub(crate) truth: Vec<u8>,
    pub(crate) rare_benign: Vec<u8>,
    pub(crate) inventory: Vec<u8>,
    /// A phone log in a format of its own: file name and content.
    pub(crate) own_log: Option<(String, Vec<u8>)>,
    pub(crate) zeek_lines: u64,
    pub(crate) edr_lines: u64,
    pub(crate) implants: u64,
    pub(crate) honest: u64,
}
