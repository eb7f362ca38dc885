//! DNS record types and response codes by the names that logs print.

/// Record types that logs name (IANA "Resource Record (RR) TYPEs"), sorted by name.
const RECORD_TYPES: [(&str, u16); 52] = [
    ("*", 255),
    ("A", 1),
    ("A6", 38),
    ("AAAA", 28),
    ("AFSDB", 18),
    ("ANY", 255),
    ("APL", 42),
    ("AXFR", 252),
    ("CAA", 257),
    ("CDNSKEY", 60),
    ("CDS", 59),
    ("CERT", 37),
    ("CNAME", 5),
    ("DHCID", 49),
    ("DNAME", 39),
    ("DNSKEY", 48),
    ("DS", 43),
    ("EID", 31),
    ("GPOS", 27),
    ("HINFO", 13),
    ("HIP", 55),
    ("HTTPS", 65),
    ("IPSECKEY", 45),
    ("ISDN", 20),
    ("IXFR", 251),
    ("KEY", 25),
    ("KX", 36),
    ("LOC", 29),
    ("MB", 7),
    ("MD", 3),
    ("MF", 4),
    ("MG", 8),
    ("MINFO", 14),
    ("MR", 9),
    ("MX", 15),
    ("NAPTR", 35),
    ("NS", 2),
    ("NSEC", 47),
    ("NSEC3", 50),
    ("NULL", 10),
    ("OPT", 41),
    ("PTR", 12),
    ("RP", 17),
    ("RRSIG", 46),
    ("SOA", 6),
    ("SRV", 33),
    ("SSHFP", 44),
    ("SVCB", 64),
    ("TLSA", 52),
    ("TXT", 16),
    ("URI", 256),
    ("WKS", 11),
];

/// Response codes (IANA "DNS RCODEs"), in their order from 0.
const RESPONSE_CODES: [&str; 11] = [
    "NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED", "YXDOMAIN", "YXRRSET", "NXRRSET",
    "NOTAUTH", "NOTZONE",
];

/// The number of a record type's name; `TYPE65280` (RFC 3597) and `query-65280` (Zeek) are read, too.
pub(crate) fn record_type(name: &str) -> Option<u16> {
    match RECORD_TYPES.binary_search_by(|(known, _)| (*known).cmp(name)) {
        Ok(at) => RECORD_TYPES.get(at).map(|(_, number)| *number),
        Err(_) => ["TYPE", "query-"].iter().find_map(|prefix| name.strip_prefix(prefix))?.parse().ok(),
    }
}

/// The number of a response code's name, or a number as text.
pub(crate) fn response_code(name: &str) -> Option<u16> {
    let known = RESPONSE_CODES.iter().position(|known| known.eq_ignore_ascii_case(name));
    known.and_then(|code| u16::try_from(code).ok()).or_else(|| name.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_their_numbers() {
        assert!(RECORD_TYPES.is_sorted_by_key(|(name, _)| *name));
        assert_eq!(record_type("AAAA"), Some(28));
        assert_eq!(record_type("HTTPS"), Some(65));
        assert_eq!(record_type("TYPE65280"), Some(65_280));
        assert_eq!(record_type("aaaa?"), None);
        assert_eq!(response_code("NXDOMAIN"), Some(3));
        assert_eq!(response_code("nxdomain"), Some(3));
        assert_eq!(response_code("3841"), Some(3841));
        assert_eq!(response_code("x"), None);
    }
}
