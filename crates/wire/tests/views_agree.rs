//! One capture as Zeek and as Suricata saw it.

mod common;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use common::{Check, content, shared_data};
use undertone_core::model::{Endpoint, Record, Transport};
use undertone_wire::{RecordSink, RejectReason, eve, zeek};

type Tuple = (Endpoint, Endpoint);

/// Address pairs and TCP payload by connection.
#[derive(Default)]
struct View {
    pairs: BTreeSet<(IpAddr, IpAddr)>,
    resp_bytes: BTreeMap<Tuple, u64>,
}

impl View {
    fn add(&mut self, record: &Record<'_>) {
        let Record::Session(session) = record else { return };
        let is_subnet_broadcast = session.resp.addr.to_string().ends_with(".255");
        if session.orig.is_local_scope() || session.resp.is_local_scope() || is_subnet_broadcast {
            return;
        }
        let (orig, resp) = (session.orig.addr, session.resp.addr);
        self.pairs.insert((orig.min(resp), orig.max(resp)));
        if session.transport == Transport::Tcp && session.handshake == Some(true) {
            *self.resp_bytes.entry((session.orig, session.resp)).or_default() +=
                session.resp_bytes.unwrap_or(0);
        }
    }
}

/// Lets other rows pass.
struct Sessions<F>(Check<F>);

impl<F: Fn(&Record<'_>)> RecordSink for Sessions<F> {
    fn record(&mut self, record: Record<'_>) {
        self.0.record(record);
    }

    fn reject(&mut self, line: u64, reason: RejectReason, detail: &str) {
        self.0.reject(line, reason, detail);
    }

    fn ignore(&mut self, _: &str) {}
}

#[test]
fn zeek_and_eve_agree_on_hosts_and_on_what_was_received() {
    let Some(data) = shared_data() else { return };
    let (from_zeek, from_eve) = (RefCell::new(View::default()), RefCell::new(View::default()));
    let conn = content(&data.join("zeek/otrf-lsass/LSASS_campaign_01/conn.log"));
    let header = zeek::Header::parse(&conn).unwrap();
    let mut sink =
        Sessions(Check { check: |record: &Record<'_>| from_zeek.borrow_mut().add(record), records: 0 });
    conn.split(|&byte| byte == b'\n').for_each(|line| zeek::parse_row(&header, line, 1, &mut sink));
    let events = content(
        &data
            .join("eve/otrf__LSASS_campaign_01__metasploit_logonpasswords_lsass_memory_dump.pcapng.eve.json"),
    );
    let mut sink =
        Sessions(Check { check: |record: &Record<'_>| from_eve.borrow_mut().add(record), records: 0 });
    events.split(|&byte| byte == b'\n').for_each(|line| eve::parse_line(line, 1, &mut sink));

    let (zeek, eve) = (from_zeek.into_inner(), from_eve.into_inner());
    assert!(zeek.pairs.len() >= 2);
    assert_eq!(zeek.pairs, eve.pairs);
    // Zeek dropped the originator's packets (checksum offloading); the responder's are in both views. These hosts
    // do not use TCP timestamps, which EVE's estimate cannot know: 1.1 % too low here.
    let both =
        zeek.resp_bytes.iter().filter_map(|(tuple, bytes)| Some((*bytes, *eve.resp_bytes.get(tuple)?)));
    let (count, in_zeek, in_eve) =
        both.fold((0, 0, 0), |(count, left, right), (zeek, eve)| (count + 1, left + zeek, right + eve));
    assert!(count >= 30, "{count}");
    assert!(in_eve.abs_diff(in_zeek) * 50 <= in_zeek, "Zeek {in_zeek}, EVE {in_eve}");
}
