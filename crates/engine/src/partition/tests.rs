//! Budgets that many sinks share, and partitions that were written and are read again.

use super::{Packed, PartitionSink, Partitions, SinkSettings, next_record};
use crate::identity::{Directory, Inside};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use undertone_core::model::{
    Endpoint, Exchange, ExchangeKind, Lease, MacAddr, Platform, Record, Session, Timestamp, Transport,
};
use undertone_wire::RecordSink as _;

/// Sessions of a thousand phones, one after the other.
fn fill(sink: &mut PartitionSink, sessions: u32) {
    for number in 0..sessions {
        let phone = Ipv4Addr::from(0x0a00_0000 + number % 1000);
        let orig = Endpoint::new(IpAddr::V4(phone), 40_000);
        let resp = Endpoint::new(IpAddr::V4(Ipv4Addr::new(203, 0, 113, 9)), 443);
        let at = Timestamp::from_micros(1_780_000_000_000_000 + i64::from(number));
        let session = Session { uid: "CAbcdefghijklmno", ..Session::between(at, orig, resp, Transport::Tcp) };
        sink.record(Record::Session(session));
    }
}

fn settings(packed_bytes: usize, sinks: usize) -> Arc<SinkSettings> {
    Arc::new(SinkSettings::new(Inside::new(Vec::new()), packed_bytes, sinks))
}

#[test]
fn a_sink_beside_full_ones_does_not_write_its_records_one_by_one() {
    let (budget, sinks) = (16 << 20, 8);
    assert!(SinkSettings::sinks_within(budget) >= sinks);
    let settings = settings(budget, sinks);
    let mut all: Vec<_> =
        (0..sinks).map(|_| PartitionSink::new(Arc::clone(&settings), Arc::default())).collect();
    let mut most = 0;
    for sink in &mut all {
        // All but the last end with what they have.
        fill(sink, 100_000);
        most = most.max(settings.in_memory());
        assert!(sink.failure.is_none());
    }
    let partitions = all.iter().flat_map(|sink| &sink.partitions);
    let (extents, bytes) = partitions.fold((0, 0), |(extents, bytes), partition| {
        let (more, spilled) = partition.spilled();
        (extents + more, bytes + spilled)
    });
    assert!(bytes > budget / 2, "{bytes} bytes were spilled");
    assert!(bytes / extents >= 1024, "{bytes} bytes in {extents} writes");
    assert!(most <= budget + budget / 2, "{most} bytes in memory");
}

#[test]
fn messages_of_a_phone_that_is_known_by_its_link_layer_address_are_its_own() {
    let mac = MacAddr([2, 0, 0, 0, 0, 7]);
    let settings = settings(64 << 20, 1);
    let lease = Lease {
        device_id: Some("d-7"),
        addr: None,
        mac: Some(mac),
        from: None,
        to: None,
        platform: Platform::Android,
        owner: None,
        host_name: None,
    };
    let mut reader = PartitionSink::new(Arc::clone(&settings), Arc::default());
    reader.record(Record::Lease(lease));
    let directory = Arc::new(Directory::new(settings.take_leases()));
    let mut sink = PartitionSink::new(Arc::clone(&settings), Arc::clone(&directory));
    let orig = Endpoint::new(IpAddr::V4(Ipv4Addr::new(10, 0, 0, 5)), 40_000);
    let resp = Endpoint::new(IpAddr::V4(Ipv4Addr::new(203, 0, 113, 9)), 443);
    let at = Timestamp::from_secs(1_780_000_000);
    let message =
        Exchange { host: Some("a.example"), ..Exchange::new(ExchangeKind::Tls, "C1", at, orig, resp) };
    sink.record(Record::Exchange(message));
    let session =
        Session { uid: "C1", orig_l2: Some(mac), ..Session::between(at, orig, resp, Transport::Tcp) };
    sink.record(Record::Session(session));
    let (mut partitions, _) = Partitions::new(settings, directory, vec![sink]).unwrap();
    let mut owners = Vec::new();
    for index in 0..Partitions::COUNT {
        let add = |names: &[String], mut rest: &[u8]| {
            while let Some(Packed { owner, .. }) = next_record(&mut rest) {
                owners.push(owner.name(names).to_owned());
            }
            Ok(())
        };
        partitions.take(index).each_chunk(add).unwrap();
    }
    assert_eq!(owners, ["d-7", "d-7"]);
}

#[test]
fn partitions_are_read_again_in_pieces() {
    let directory: Arc<Directory> = Arc::default();
    let roomy = settings(64 << 20, 1);
    let mut sink = PartitionSink::new(Arc::clone(&roomy), Arc::clone(&directory));
    fill(&mut sink, 200_000);
    let (made, _) = Partitions::new(roomy, Arc::clone(&directory), vec![sink]).unwrap();
    let (mut written, parts) = (Vec::new(), made.parts());
    made.write(&mut written).unwrap();
    let budget = 4 << 20;
    let again = Partitions::restore(settings(budget, 1), directory, &parts, &mut written.as_slice()).unwrap();
    let (counted, held) = again.in_memory();
    assert_eq!(counted, held);
    assert!(held <= budget + (64 << 10), "{held} bytes in memory");
    let mut copy = Vec::new();
    again.write(&mut copy).unwrap();
    assert!(written == copy && again.parts() == parts);
    // What ends within a record is no partition.
    let mut cut = parts.clone();
    cut.iter_mut().find(|(_, length)| *length > 0).unwrap().1 -= 1;
    let damaged = Partitions::restore(settings(budget, 1), Arc::default(), &cut, &mut written.as_slice());
    assert!(damaged.is_err());
}
