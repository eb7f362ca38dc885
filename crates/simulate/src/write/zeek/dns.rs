//! dns.log.

use super::Ends;
use crate::flow::{Answer, Flow, Query};
use crate::number::signed;
use crate::options::LogFormat;
use crate::random::mix;
use crate::world::site::Site;
use crate::write::row::{Row, push_addr, push_secs};

/// Fields after the connection's own, and their types.
pub(super) const FIELDS: (&str, &str) = (
    "trans_id\trtt\tquery\tqclass\tqclass_name\tqtype\tqtype_name\trcode\trcode_name\tAA\tTC\tRD\tRA\tZ\tanswers\tTTLs\trejected",
    "count\tinterval\tstring\tcount\tstring\tcount\tstring\tcount\tstring\tbool\tbool\tbool\tbool\tcount\tvector[string]\tvector[interval]\tbool",
);

/// Writes a dns row for an own question.
pub(crate) fn question(out: &mut Vec<u8>, format: LogFormat, ends: &Ends, flow: &Flow, query: &Query) {
    let (rcode, rcode_name) =
        if matches!(query.answer, Answer::NxDomain) { (3, "NXDOMAIN") } else { (0, "NOERROR") };
    let head =
        DnsHead { rtt: flow.life, name: &query.name, qtype: query.qtype, rcode, rcode_name, salt: flow.salt };
    let mut row = head.begin(out, format, ends);
    if let Answer::Is(text) = &query.answer {
        row.list("answers", &[text], true, |out, text| out.extend_from_slice(text.as_bytes()));
        row.list("TTLs", &[5], false, |out, ttl| push_secs(out, ttl * 1_000_000));
    } else {
        row.unset_all(&["answers", "TTLs"]);
    }
    row.flag("rejected", false);
    row.end();
}

/// Writes a dns row for the lookup of a site; only type A is answered with addresses.
pub(crate) fn lookup(
    out: &mut Vec<u8>,
    format: LogFormat,
    ends: &Ends,
    (site, name, qtype): (&Site, &str, u16),
    (rtt, salt): (i64, u64),
) {
    let mut row =
        DnsHead { rtt, name, qtype, rcode: 0, rcode_name: "NOERROR", salt }.begin(out, format, ends);
    if qtype == 1 {
        row.list("answers", &site.addrs, true, |out, addr| push_addr(out, *addr));
        let ttl = signed(u64::from(site.ttl_secs)) * 1_000_000;
        row.list("TTLs", &site.addrs, false, |out, _| push_secs(out, ttl));
    } else {
        row.unset_all(&["answers", "TTLs"]);
    }
    row.flag("rejected", false);
    row.end();
}

struct DnsHead<'a> {
    rtt: i64,
    name: &'a str,
    qtype: u16,
    rcode: u64,
    rcode_name: &'static str,
    salt: u64,
}

impl DnsHead<'_> {
    fn begin<'o>(&self, out: &'o mut Vec<u8>, format: LogFormat, ends: &Ends) -> Row<'o> {
        let mut row = ends.begin(out, format, "dns");
        row.text("proto", "udp");
        row.int("trans_id", mix(self.salt) & 0xffff);
        row.secs("rtt", self.rtt);
        row.text("query", self.name);
        row.int("qclass", 1);
        row.text("qclass_name", "C_INTERNET");
        row.int("qtype", u64::from(self.qtype));
        row.text("qtype_name", qtype_name(self.qtype));
        row.int("rcode", self.rcode);
        row.text("rcode_name", self.rcode_name);
        row.flag("AA", false);
        row.flag("TC", false);
        row.flag("RD", true);
        row.flag("RA", true);
        row.int("Z", 0);
        row
    }
}

fn qtype_name(qtype: u16) -> &'static str {
    match qtype {
        1 => "A",
        5 => "CNAME",
        10 => "NULL",
        15 => "MX",
        16 => "TXT",
        28 => "AAAA",
        65 => "HTTPS",
        _ => "unknown",
    }
}
