//! Properties of the DNS channel and of the text measures on any input.

use proptest::prelude::*;
use undertone_core::dns::{DnsChannel, DnsQuery};
use undertone_core::model::Timestamp;
use undertone_core::text::{bits_per_char, dga_likeness, normalised_entropy, path_class};

#[derive(Debug, Clone)]
struct Query {
    at: i64,
    qname: String,
    qtype: Option<u16>,
    rcode: Option<u16>,
}

fn query() -> impl Strategy<Value = Query> {
    let qname =
        prop_oneof!["[a-c]{1,3}\\.example\\.net", "[a-z0-9]{1,20}\\.[a-z]{1,3}\\.example\\.net", ".{0,30}"];
    (any::<i64>(), qname, prop::option::of(0..70_u16), prop::option::of(0..5_u16))
        .prop_map(|(at, qname, qtype, rcode)| Query { at, qname, qtype, rcode })
}

fn channel(queries: &[Query]) -> DnsChannel {
    let mut channel = DnsChannel::default();
    for q in queries {
        let at = Timestamp::from_micros(q.at);
        channel.update(&DnsQuery {
            at,
            qname: &q.qname,
            domain: "example.net",
            qtype: q.qtype,
            rcode: q.rcode,
        });
    }
    channel
}

fn merged(left: &DnsChannel, right: &DnsChannel) -> DnsChannel {
    let mut sum = left.clone();
    sum.merge(right);
    sum
}

proptest! {
    #[test]
    fn a_merge_equals_having_seen_both(
        a in prop::collection::vec(query(), 0..20),
        b in prop::collection::vec(query(), 0..20),
        c in prop::collection::vec(query(), 0..20),
    ) {
        let all: Vec<Query> = a.iter().chain(&b).chain(&c).cloned().collect();
        let (a, b, c) = (channel(&a), channel(&b), channel(&c));
        let whole = channel(&all);
        prop_assert_eq!(&merged(&merged(&a, &b), &c), &whole);
        prop_assert_eq!(&merged(&a, &merged(&b, &c)), &whole);
        prop_assert_eq!(&merged(&merged(&c, &a), &b), &whole);
        if let Some(found) = whole.assess() {
            prop_assert!(found.span_hours >= 1.0 && found.information_bits_per_hour >= 0.0);
            let shares = [found.unusual_type_share, found.nxdomain_share];
            prop_assert!(shares.iter().flatten().all(|share| (0.0..=1.0).contains(share)));
        }
    }

    #[test]
    fn texts_of_any_kind_have_measures(text in ".{0,300}") {
        let entropy = bits_per_char(text.as_bytes());
        prop_assert!((0.0..=8.0).contains(&entropy));
        prop_assert!(normalised_entropy(text.as_bytes()).is_none_or(|n| (0.0..=1.0).contains(&n)));
        prop_assert!(path_class(&text).len() < 250);
        prop_assert!(dga_likeness(&text).is_none_or(|d| (0.0..=1.0).contains(&d.score) && d.ratio_bits.is_finite()));
    }

    #[test]
    fn paths_of_any_kind_have_bounded_classes(path in "(/[a-zA-Z0-9=_.%-]{0,40}){0,12}(\\?([a-z]{1,9}=[^&]{0,20}&){0,9})?") {
        let class = path_class(&path);
        prop_assert!(class.len() < 250);
        prop_assert!(class.is_ascii());
    }

    #[test]
    fn entropy_ignores_order(mut text in prop::collection::vec(any::<u8>(), 0..200)) {
        let before = bits_per_char(&text);
        text.reverse();
        prop_assert!((before - bits_per_char(&text)).abs() < 1e-12);
    }
}
