//! DNS as a channel (ATT&CK: uncommon DNS patterns; `dns_information_rate_threshold`).
//!
//! The primary measure is the information rate of a registrable domain: the bits of *distinct* labels queried below
//! it, per hour (Ozery et al. 2024, "ibHH", arXiv 2307.02614: distinct-information heavy hitters found exfiltration
//! at 0.7 bytes a second with under 0.4 % false alerts). A content delivery network repeats its random names; a
//! tunnel cannot. Query types, NXDOMAIN and label entropy are descriptors next to it.
//!
//! Known gaps: queries answered from a cache are not seen; DNS over HTTPS shows no names; blocklist look-ups
//! and antivirus reputation look-ups are tunnels by design and need a baseline.

mod channel;

pub use channel::{DnsAssessment, DnsChannel, DnsQuery, LABELS_MAX, QueryType};
