//! Mergeable counts of the queries of one device below one registrable domain.

use crate::model::Timestamp;
use crate::text;
use bitcode::{Decode, Encode};
use std::collections::BTreeMap;

/// Most distinct labels that are kept exactly (about 100 kB). Beyond it the lowest hashes are kept, and the number
/// of distinct labels is estimated from them with a standard error of `1 / sqrt(4094)` = 1.6 % (bottom-k sketch;
/// Bar-Yossef et al. 2002, Cohen and Kaplan 2007).
pub const LABELS_MAX: usize = 4_096;

/// RFC 1035, 4.1.1: name error.
const NXDOMAIN: u16 = 3;
const HOURS: usize = 24;
const MICROS_PER_HOUR: i64 = 3_600_000_000;

/// A query as the channel reads it.
#[derive(Debug, Clone, Copy)]
pub struct DnsQuery<'a> {
    /// When.
    pub at: Timestamp,
    /// Query name, lower case, without the final dot.
    pub qname: &'a str,
    /// Registrable domain that `qname` is in; labels before it are the channel's.
    pub domain: &'a str,
    /// Query type number, where known.
    pub qtype: Option<u16>,
    /// Response code, `None` when no response was seen.
    pub rcode: Option<u16>,
}

/// Kinds of query types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum QueryType {
    /// A and AAAA.
    Address,
    /// HTTPS, SVCB and SRV: what modern phones ask beside addresses.
    Service,
    /// PTR, SOA, NS and the DNSSEC types: infrastructure.
    Infrastructure,
    /// TXT: most bytes per answer, the usual choice of tunnels.
    Text,
    /// NULL and the private range: no ordinary use.
    Null,
    /// CNAME asked for directly.
    Alias,
    /// MX.
    Mail,
    /// Any other.
    Other,
}

impl QueryType {
    const COUNT: usize = 8;

    /// The kind of a query type number (IANA, "Resource Record (RR) TYPEs").
    pub const fn from_number(number: u16) -> Self {
        match number {
            1 | 28 => Self::Address,
            33 | 64 | 65 => Self::Service,
            2 | 6 | 12 | 43 | 46 | 47 | 48 | 50 | 257 => Self::Infrastructure,
            16 | 99 => Self::Text,
            10 | 65_280..=65_534 => Self::Null,
            5 | 39 => Self::Alias,
            15 => Self::Mail,
            _ => Self::Other,
        }
    }

    /// True for types that phones hardly ever ask below an app's domain: they carry data, not addresses.
    pub const fn is_unusual(self) -> bool {
        matches!(self, Self::Text | Self::Null | Self::Alias | Self::Mail | Self::Other)
    }

    const ALL: [Self; Self::COUNT] = [
        Self::Address,
        Self::Service,
        Self::Infrastructure,
        Self::Text,
        Self::Null,
        Self::Alias,
        Self::Mail,
        Self::Other,
    ];
}

/// What is kept of a distinct label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
struct Label {
    bytes: u8,
    entropy_millibits: u16,
}

/// Counts of one (device, registrable domain). Merging is associative and commutative, and a merge equals having
/// seen the queries of both.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
pub struct DnsChannel {
    queries: u64,
    span: Option<(i64, i64)>,
    /// The lowest hashes of distinct labels; at most [`LABELS_MAX`].
    labels: BTreeMap<u64, Label>,
    has_cut_labels: bool,
    types: [u64; QueryType::COUNT],
    responses: u64,
    nxdomain: u64,
    /// NXDOMAIN responses by UTC hour of the day.
    nxdomain_by_hour: [u64; HOURS],
}

/// What the counts say. Shares are `None` where nothing was seen to share.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub struct DnsAssessment {
    /// Queries.
    pub queries: u64,
    /// From the first query to the last, hours; at least 1, so that one burst is not extrapolated.
    pub span_hours: f64,
    /// Distinct labels below the domain.
    pub distinct_labels: f64,
    /// True when `distinct_labels` (and the bits) are estimated, above 4,096.
    pub is_estimated: bool,
    /// Information: 8 bits for each byte of each distinct label.
    pub information_bits: f64,
    /// Information per hour of the span, bits; 20,000 is 0.7 bytes a second.
    pub information_bits_per_hour: f64,
    /// Distinct labels per query; near 1 and above, no name is ever asked twice.
    pub distinct_labels_per_query: f64,
    /// Share of queries of unusual types among queries of known type, 0..=1.
    pub unusual_type_share: Option<f64>,
    /// Share of NXDOMAIN among answered queries, 0..=1.
    pub nxdomain_share: Option<f64>,
    /// Most NXDOMAIN responses in one UTC hour of the day.
    pub nxdomain_hour_max: u64,
    /// Mean entropy of the distinct labels, bits per character.
    pub label_entropy_mean_bits: Option<f64>,
    /// Mean length of the distinct labels, bytes.
    pub label_bytes_mean: Option<f64>,
}

impl DnsChannel {
    /// About how much memory it takes, bytes.
    pub fn bytes(&self) -> usize {
        // An entry of a B-tree, with the room that its nodes leave free.
        size_of::<Self>() + self.labels.len() * 2 * size_of::<(u64, Label)>()
    }

    /// Counts a query. Labels of `qname` before `domain` are the channel's; a name outside `domain` gives all of
    /// its labels.
    pub fn update(&mut self, query: &DnsQuery<'_>) {
        self.queries = self.queries.saturating_add(1);
        let at = query.at.micros();
        self.span = Some(self.span.map_or((at, at), |(first, last)| (first.min(at), last.max(at))));
        if let Some(number) = query.qtype {
            let kind = QueryType::from_number(number);
            if let Some(count) = self.types.get_mut(kind as usize) {
                *count = count.saturating_add(1);
            }
        }
        if let Some(rcode) = query.rcode {
            self.responses = self.responses.saturating_add(1);
            if rcode == NXDOMAIN {
                self.nxdomain = self.nxdomain.saturating_add(1);
                let hour = usize::try_from(at.div_euclid(MICROS_PER_HOUR).rem_euclid(24)).unwrap_or(0);
                if let Some(count) = self.nxdomain_by_hour.get_mut(hour) {
                    *count = count.saturating_add(1);
                }
            }
        }
        for label in below(query.qname, query.domain).split('.').filter(|label| !label.is_empty()) {
            self.add_label(label.as_bytes());
        }
    }

    fn add_label(&mut self, label: &[u8]) {
        // A DNS label has at most 63 bytes (RFC 1035); log text may have more.
        let bytes = u8::try_from(label.len()).unwrap_or(u8::MAX);
        let hash = hash(label);
        if self.labels.contains_key(&hash) {
            return;
        }
        self.labels.insert(hash, Label { bytes, entropy_millibits: text::bits_per_char_millis(label) });
        self.cut_labels();
    }

    fn cut_labels(&mut self) {
        while self.labels.len() > LABELS_MAX {
            self.labels.pop_last();
            self.has_cut_labels = true;
        }
    }

    /// Adds the counts of another channel of the same key.
    pub fn merge(&mut self, other: &Self) {
        self.queries = self.queries.saturating_add(other.queries);
        self.span = match (self.span, other.span) {
            (Some((a, b)), Some((c, d))) => Some((a.min(c), b.max(d))),
            (one, two) => one.or(two),
        };
        for (hash, label) in &other.labels {
            // Two labels of one hash: keep the lesser, so that order does not matter.
            self.labels.entry(*hash).and_modify(|own| *own = (*own).min(*label)).or_insert(*label);
        }
        self.has_cut_labels |= other.has_cut_labels;
        self.cut_labels();
        let add = |own: &mut [u64], other: &[u64]| {
            own.iter_mut().zip(other).for_each(|(a, b)| *a = a.saturating_add(*b));
        };
        add(&mut self.types, &other.types);
        add(&mut self.nxdomain_by_hour, &other.nxdomain_by_hour);
        self.responses = self.responses.saturating_add(other.responses);
        self.nxdomain = self.nxdomain.saturating_add(other.nxdomain);
    }

    /// Queries of one kind of type.
    pub fn queries_of(&self, kind: QueryType) -> u64 {
        self.types.get(kind as usize).copied().unwrap_or(0)
    }

    /// True when the label limit was hit: distinct labels are estimated.
    pub const fn has_cut_labels(&self) -> bool {
        self.has_cut_labels
    }

    /// What the counts say; `None` without a query.
    pub fn assess(&self) -> Option<DnsAssessment> {
        let (first, last) = self.span?;
        let span_hours = (last.saturating_sub(first) as f64 / MICROS_PER_HOUR as f64).max(1.0);
        let kept = self.labels.len() as f64;
        let distinct_labels = self.distinct_labels();
        let mean = |value: fn(&Label) -> u64| {
            let sum: u64 = self.labels.values().map(value).sum();
            (kept > 0.0).then(|| sum as f64 / kept)
        };
        let label_bytes_mean = mean(|label| u64::from(label.bytes));
        let information_bits = 8.0 * distinct_labels * label_bytes_mean.unwrap_or(0.0);
        let typed: u64 = self.types.iter().sum();
        let unusual: u64 =
            QueryType::ALL.iter().filter(|kind| kind.is_unusual()).map(|kind| self.queries_of(*kind)).sum();
        let share = |part: u64, all: u64| (all > 0).then(|| part as f64 / all as f64);
        Some(DnsAssessment {
            queries: self.queries,
            span_hours,
            distinct_labels,
            is_estimated: self.has_cut_labels,
            information_bits,
            information_bits_per_hour: information_bits / span_hours,
            distinct_labels_per_query: distinct_labels / self.queries.max(1) as f64,
            unusual_type_share: share(unusual, typed),
            nxdomain_share: share(self.nxdomain, self.responses),
            nxdomain_hour_max: self.nxdomain_by_hour.iter().copied().max().unwrap_or(0),
            label_entropy_mean_bits: mean(|label| u64::from(label.entropy_millibits)).map(|m| m / 1_000.0),
            label_bytes_mean,
        })
    }

    /// Exact up to the limit; beyond it `(k - 1) / h_k`, with `h_k` the highest kept hash as a share of the range.
    fn distinct_labels(&self) -> f64 {
        let kept = self.labels.len() as f64;
        match self.labels.last_key_value() {
            Some((highest, _)) if self.has_cut_labels => {
                ((kept - 1.0) / ((*highest as f64 + 1.0) / 2.0_f64.powi(64))).max(kept)
            }
            _ => kept,
        }
    }
}

/// The part of `qname` before `domain`.
fn below<'a>(qname: &'a str, domain: &str) -> &'a str {
    match qname.strip_suffix(domain) {
        Some("") => "",
        Some(rest) => rest.strip_suffix('.').unwrap_or(qname),
        None => qname,
    }
}

/// FNV-1a with the finaliser of splitmix64: uniform enough for a sketch, the same on every machine.
fn hash(bytes: &[u8]) -> u64 {
    let mut x = 0xcbf2_9ce4_8422_2325_u64;
    for byte in bytes {
        x = (x ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    }
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(secs: i64, qname: &str) -> DnsQuery<'_> {
        let at = Timestamp::from_secs(secs);
        DnsQuery { at, qname, domain: "example.net", qtype: Some(1), rcode: Some(0) }
    }

    fn channel(queries: &[DnsQuery<'_>]) -> DnsChannel {
        let mut channel = DnsChannel::default();
        for query in queries {
            channel.update(query);
        }
        channel
    }

    #[test]
    fn information_by_hand() {
        // Two hours; distinct labels www (3), abcd (4), x (1): 8 bytes = 64 bits, 32 bits an hour.
        let names =
            ["www.example.net", "www.example.net", "abcd.www.example.net", "x.example.net", "example.net"];
        let queries: Vec<_> =
            names.iter().zip([0, 60, 3_600, 5_000, 7_200]).map(|(n, t)| query(t, n)).collect();
        let found = channel(&queries).assess().unwrap();
        assert_eq!(found.queries, 5);
        assert!((found.distinct_labels - 3.0).abs() < 1e-12);
        assert!((found.information_bits - 64.0).abs() < 1e-9);
        assert!((found.information_bits_per_hour - 32.0).abs() < 1e-9);
        assert!((found.distinct_labels_per_query - 0.6).abs() < 1e-12);
        // www has 0 bits, abcd 2, x 0.
        assert!((found.label_entropy_mean_bits.unwrap() - 2.0 / 3.0).abs() < 1e-3);
        assert!(!found.is_estimated);
        assert_eq!(DnsChannel::default().assess(), None);
    }

    #[test]
    fn types_and_nxdomain() {
        let mut queries = vec![query(0, "a.example.net"); 6];
        queries[0].qtype = Some(16);
        queries[1].qtype = Some(10);
        queries[2].qtype = None;
        queries[3].qtype = Some(65);
        queries[3].rcode = Some(3);
        queries[4].rcode = Some(3);
        queries[4].at = Timestamp::from_secs(3_601);
        queries[5].rcode = None;
        let channel = channel(&queries);
        let found = channel.assess().unwrap();
        assert_eq!(channel.queries_of(QueryType::Text), 1);
        assert!((found.unusual_type_share.unwrap() - 0.4).abs() < 1e-12);
        assert!((found.nxdomain_share.unwrap() - 0.4).abs() < 1e-12);
        assert_eq!(found.nxdomain_hour_max, 1);
        for query in &mut queries {
            query.rcode = None;
        }
        let silent = self::channel(&queries);
        assert_eq!(silent.assess().unwrap().nxdomain_share, None);
    }

    #[test]
    fn names_outside_the_domain_are_not_cut_in_a_label() {
        assert_eq!(below("a.b.example.net", "example.net"), "a.b");
        assert_eq!(below("example.net", "example.net"), "");
        assert_eq!(below("notexample.net", "example.net"), "notexample.net");
        assert_eq!(below("other.org", "example.net"), "other.org");
    }

    #[test]
    fn estimate_beyond_the_limit_is_close_and_merges_exactly() {
        let names: Vec<String> = (0..40_000).map(|i| format!("d{i}.example.net")).collect();
        let queries: Vec<_> = names.iter().map(|n| query(0, n)).collect();
        let whole = channel(&queries);
        let estimate = whole.assess().unwrap();
        assert!(estimate.is_estimated);
        // Five standard errors of 1.6 %.
        assert!((estimate.distinct_labels / 40_000.0 - 1.0).abs() < 0.08, "{}", estimate.distinct_labels);
        let mut merged = channel(&queries[25_000..]);
        merged.merge(&channel(&queries[..15_000]));
        merged.merge(&channel(&queries[10_000..25_000]));
        assert_eq!(merged.labels, whole.labels);
        let mut left = channel(&queries[..20_000]);
        left.merge(&channel(&queries[20_000..]));
        assert_eq!(left, whole);
    }
}
