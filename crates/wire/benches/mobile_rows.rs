//! Time of one telemetry row of each kind, into a sink that only counts.
#![allow(missing_docs, reason = "criterion's macros make undocumented functions")]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use undertone_core::model::Record;
use undertone_wire::mobile::{app_privacy, edr, intrusion};
use undertone_wire::{RecordSink, RejectReason};

struct Count(u64);

impl RecordSink for Count {
    fn record(&mut self, record: Record<'_>) {
        black_box(&record);
        self.0 += 1;
    }

    fn reject(&mut self, _: u64, reason: RejectReason, detail: &str) {
        panic!("{reason:?} {detail}");
    }

    fn ignore(&mut self, _: &str) {
        self.0 += 1;
    }
}

const GUIDE: &str = include_str!("../../../docs/mobile-edr.md");
const CONNECT: &str = r#"{"connect_event":{"event_id":16373,"event_time":1781042586823,"package_name":"org.example.chat","port":443,"ip_address":"/2606:4700::6812:a2f"}}"#;
const LOOKUP: &str = r#"{"dns_event":{"event_id":16372,"event_time":1781042586821,"package_name":"org.example.chat","hostname":"cdn3.example.org","ip_addresses":["/2606:4700::6812:a2f","/104.18.11.47"],"ip_addresses_count":2}}"#;
const LOCKED: &str =
    r#"{"security_event":{"event_id":192,"event_time":1781041621671531910,"keyguard_secured":{}}}"#;
const PRIVACY: &str = r#"{"domain":"api.example.com","firstTimeStamp":"2021-06-06T16:15:48.000-04:00","context":"","timeStamp":"2021-06-06T16:15:59.000-04:00","domainType":2,"initiatedType":"AppInitiated","hits":10,"type":"networkActivity","domainOwner":"","bundleID":"com.example.App1"}"#;

fn rows(criterion: &mut Criterion) {
    let mut sink = Count(0);
    let mut group = criterion.benchmark_group("mobile_edr");
    for example in GUIDE.lines().filter(|line| line.starts_with('{')) {
        let kind = edr::KINDS.into_iter().find(|kind| example.contains(&format!("\"kind\":\"{kind}\"")));
        group.throughput(Throughput::Bytes(example.len() as u64));
        group.bench_function(kind.unwrap_or("row"), |bencher| {
            bencher.iter(|| edr::parse_line(black_box(example.as_bytes()), 1, &mut sink));
        });
    }
    group.finish();
    let mut group = criterion.benchmark_group("intrusion_logging");
    for (kind, row) in [("connect", CONNECT), ("dns", LOOKUP), ("security", LOCKED)] {
        group.throughput(Throughput::Bytes(row.len() as u64));
        group.bench_function(kind, |bencher| {
            bencher.iter(|| intrusion::parse_line(black_box(row.as_bytes()), 1, &mut sink));
        });
    }
    group.finish();
    criterion.bench_function("app_privacy_report", |bencher| {
        bencher.iter(|| app_privacy::parse_line(black_box(PRIVACY.as_bytes()), 1, &mut sink));
    });
}

criterion_group!(benches, rows);
criterion_main!(benches);
