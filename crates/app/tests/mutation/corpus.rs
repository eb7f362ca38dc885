//! Inputs of every kind to start from: a simulated fleet, and what it has no file of, by hand.

use std::io::Write as _;
use std::path::Path;
use undertone_engine::ScanOptions;
use undertone_engine::input::{InputPath, Progress, StopFlag};
use undertone_simulate::{FleetOptions, LogFormat, write_fleet};
use undertone_wire::findings::write_jsonl;
use undertone_wire::learned::write_learned;
use undertone_wire::packed::RunHead;

/// Most bytes of one seed: a mutation costs as much as its input is long.
const SEED_BYTES_MAX: usize = 6000;
/// Findings that are seeds, the shortest: whole ones, since half a finding is none.
const FINDINGS_MAX: usize = 4;

/// A seed and the target that it is for.
pub(crate) type Seed = (&'static str, Vec<u8>);

/// All seeds.
pub(crate) fn seeds() -> Vec<Seed> {
    let mut seeds = by_hand();
    for format in [LogFormat::Tsv, LogFormat::Json] {
        let folder = tempfile::tempdir().unwrap();
        let options =
            FleetOptions { devices: 8, days: 1, seed: 3, infected: 1, format, ..FleetOptions::default() };
        write_fleet(&options, &folder.path().join("fleet")).unwrap();
        walk(folder.path(), &mut seeds);
        if format == LogFormat::Json {
            made_of(folder.path(), &mut seeds);
        }
    }
    seeds.push(("packed", packed_records()));
    seeds.push(("capture", capture()));
    seeds.push(("stored", run_head()));
    seeds.extend(containers(&seeds).map(|bytes| ("file", bytes)));
    let whole = seeds.iter().filter(|(of, _)| WHOLE.contains(of));
    let files: Vec<Seed> = whole.map(|(_, bytes)| ("file", bytes.clone())).collect();
    seeds.extend(files);
    seeds
}

/// Targets whose seeds are also seeds of `file`: those that are found in logs and phones.
const WHOLE: [&str; 11] = [
    "zeek_tsv",
    "zeek_json",
    "eve",
    "capture",
    "mobile_edr",
    "intrusion",
    "amapi",
    "app_privacy",
    "pcapdroid",
    "dumpsys",
    "inventory",
];

/// What undertone makes of a fleet: findings, a baseline.
fn made_of(folder: &Path, seeds: &mut Vec<Seed>) {
    let options = ScanOptions { threads: 1, ..ScanOptions::new(vec![InputPath::Path(folder.to_owned())]) };
    let (progress, stop) = (Progress::default(), StopFlag::default());
    let found = undertone_engine::scan(&options, &progress, &stop).unwrap().findings;
    let mut lines: Vec<Vec<u8>> = found
        .iter()
        .map(|finding| {
            let mut line = Vec::new();
            write_jsonl(&mut line, &[finding]).unwrap();
            line
        })
        .collect();
    lines.sort_by_key(Vec::len);
    seeds.extend(lines.into_iter().take(FINDINGS_MAX).map(|line| ("findings", line)));
    let (learned, _) = undertone_engine::learn(&options, &progress, &stop).unwrap();
    let mut baseline = Vec::new();
    write_learned(&mut baseline, &learned).unwrap();
    seeds.push(("stored", baseline));
    seeds.push(("stored", std::fs::read(folder.join("fleet/truth.json")).unwrap()));
}

fn run_head() -> Vec<u8> {
    let text = |text: &str| text.to_owned();
    let head = RunHead {
        numbers: vec![1, 300, u64::MAX],
        rejected: vec![(text("bad_json"), 3, text("a.log"), 7, text("x"))],
        ignored: vec![(text("stats"), 9)],
        skipped: vec![(text("b"), text("unknown content"))],
        partial: vec![(text("c"), text("ends early"))],
        notes: vec![text("n")],
        span: None,
        parts: vec![(vec![text("d-1"), String::new()], 300), (vec![], 0)],
    };
    let mut bytes = Vec::new();
    head.encode(&mut bytes);
    bytes
}

/// A log twice as gzip, twice as zstd, in a zip, and in a zip in a zip.
fn containers(seeds: &[Seed]) -> [Vec<u8>; 4] {
    let text = &seeds.iter().find(|(of, _)| *of == "zeek_tsv").unwrap().1;
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(text).unwrap();
    let gzip = gzip.finish().unwrap();
    let zstd = zstd::encode_all(text.as_slice(), 3).unwrap();
    let zip = stored_zip(text);
    [[gzip.clone(), gzip].concat(), [zstd.clone(), zstd].concat(), stored_zip(&zip), zip]
}

/// A zip archive of one stored entry (APPNOTE.TXT 4.3).
fn stored_zip(text: &[u8]) -> Vec<u8> {
    let mut crc = flate2::Crc::new();
    crc.update(text);
    let size = u32::try_from(text.len()).unwrap().to_le_bytes();
    let common =
        [&[20, 0, 0, 0, 0, 0, 0, 0, 0, 0][..], &crc.sum().to_le_bytes(), &size, &size, &[5, 0, 0, 0]]
            .concat();
    let entry = [b"PK\x03\x04", common.as_slice(), b"a.log", text].concat();
    let directory = [&b"PK\x01\x02\x14\0"[..], &common, &[0; 14], b"a.log"].concat();
    let sizes = [entry.len(), directory.len()].map(|size| u32::try_from(size).unwrap().to_le_bytes());
    let end = [&b"PK\x05\x06\0\0\0\0\x01\0\x01\0"[..], &sizes[1], &sizes[0], &[0, 0]].concat();
    [entry, directory, end].concat()
}

/// Heads of the files of a fleet, each for the target that its content is of.
fn walk(folder: &Path, seeds: &mut Vec<Seed>) {
    use undertone_wire::format::{DocumentFormat as D, Format, LineFormat as L, detect};
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, seeds);
            continue;
        }
        let mut bytes = std::fs::read(&path).unwrap();
        bytes.truncate(SEED_BYTES_MAX);
        let target = match detect(&bytes) {
            Some(Format::Lines(L::ZeekTsv)) => "zeek_tsv",
            Some(Format::Lines(L::ZeekJson)) => "zeek_json",
            Some(Format::Lines(L::Eve)) => "eve",
            Some(Format::Lines(L::MobileEdr)) => "mobile_edr",
            Some(Format::Lines(L::IntrusionLogging)) => "intrusion",
            Some(Format::Lines(L::AppPrivacyReport)) => "app_privacy",
            Some(Format::Lines(L::ManagementApi) | Format::Document(D::ManagementApi)) => "amapi",
            Some(Format::Document(D::PcapdroidCsv)) => "pcapdroid",
            Some(Format::Document(D::UsageStats | D::NetStats | D::BugReport)) => "dumpsys",
            Some(Format::Document(D::Inventory)) => "inventory",
            Some(Format::Capture) => "capture",
            None => continue,
        };
        seeds.push((target, bytes));
    }
}

fn by_hand() -> Vec<Seed> {
    [
        ("eve", r#"{"timestamp":"2026-05-04T00:03:11.120000+0000","flow_id":12,"event_type":"flow","src_ip":"10.20.0.7","src_port":49152,"dest_ip":"203.0.113.9","dest_port":443,"proto":"TCP","flow":{"pkts_toserver":3,"pkts_toclient":2,"bytes_toserver":706,"bytes_toclient":140,"start":"2026-05-04T00:03:00.000001+0000"},"tcp":{"tcp_flags_ts":"1b","tcp_flags_tc":"12"}}"#),
        ("eve", r#"{"timestamp":"2026-05-04T00:03:11.120000+0000","flow_id":12,"event_type":"dns","src_ip":"10.20.0.7","src_port":49152,"dest_ip":"203.0.113.9","dest_port":53,"proto":"UDP","dns":{"type":"response","queries":[{"rrname":"a\u0041","rrtype":"A"}],"answers":[{"rdata":"1.2.3.4"}],"grouped":{"A":["x"]}}}"#),
        ("eve", r#"{"timestamp":"2026-05-04T00:03:11.120000+0000","flow_id":12,"event_type":"quic","src_ip":"10.20.0.7","src_port":49152,"dest_ip":"203.0.113.9","dest_port":443,"proto":"UDP","quic":{"sni":"a.example","ja3":{"hash":"x"},"extensions":[{"type":16,"values":["h3"]}]}}"#),
        ("amapi", r#"{"device":"enterprises/x/devices/y","usageLogEvents":[{"eventId":"1","eventTime":"2026-05-04T00:00:00.5Z","eventType":"CONNECT","connectEvent":{"destinationIpAddress":"203.0.113.9","destinationPort":443,"packageName":"com.example"}}]}"#),
        ("intrusion", r#"{"dns_event":{"event_id":1,"event_time":1777852991120,"package_name":"com.example","hostname":"a.example","ip_addresses":["/203.0.113.9"],"ip_addresses_count":1}}"#),
        ("dumpsys", "user=0\n  Last 24 hour events (timeRange=\"5/4/2026, 12:00 AM\" )\n    time=\"2026-05-04 23:10:03\" type=ACTIVITY_RESUMED package=com.example class=a.B instanceId=1 flags=0x0\n"),
        ("dumpsys", "UID stats:\n  ident=[{type=1, wifi}] uid=10147 set=DEFAULT tag=0x0\n    NetworkStatsHistory: bucketDuration=7200\n      st=1777852800 rb=1 rp=2 tb=3 tp=4 op=0\n"),
        ("app_privacy", r#"{"type":"networkActivity","bundleID":"com.example","domain":"a.example","firstTimeStamp":"2026-05-04T00:00:00.000Z","timeStamp":"2026-05-05T00:00:00.000Z","hits":3,"initiatedType":"AppInitiated","domainType":2}"#),
        ("zeek_tsv", "#separator \\x09\n#path\tdns\n#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tquery\tqtype\n1777852991.12\tC1\t10.0.0.1\t5000\t10.0.0.53\t53\tudp\ta.example\t16\n"),
        ("inventory", "devices:\n  - device_id: d-1\n    ip: 10.0.0.1\n    mac: 02:00:00:00:00:01\n    from: 2026-05-04T00:00:00Z\n    platform: android\n"),
        ("config", "thresholds:\n  payload_symmetry_threshold: 0.2\n  roles:\n    tools:\n      payload_symmetry_threshold: 0.3\napps:\n  com.example: {role: tools}\n"),
        ("config", "payload_symmetry_threshold=0.1..0.9:5\n"),
        ("suppressions", "- app: com.example\n  destination: a.example.com\n  device: d-1\n  reason: our own server, ticket 4711\n  created: 2026-05-04\n  expires: 2026-08-04\n"),
        ("detect", "== dumpstate: 2026-09-27 12:00:00\n"),
        ("pcapdroid", "IPProto,SrcIP,SrcPort,DstIp,DstPort,UID,App,PackageName,Proto,Status,Info,BytesSent,BytesRcvd,PktsSent,PktsRcvd,FirstSeen,LastSeen\n6,10.215.173.1,40000,203.0.113.9,443,10147,A, B,com.example,TLS,Closed,a.example,10,20,1,2,2026-05-04T00:00:00.000Z,2026-05-04T00:00:01.000Z\n"),
    ]
    .map(|(target, text)| (target, text.as_bytes().to_vec()))
    .to_vec()
}

/// Some packed records, as the scan keeps them.
fn packed_records() -> Vec<u8> {
    struct Pack(Vec<u8>);
    impl undertone_wire::RecordSink for Pack {
        fn record(&mut self, record: undertone_core::model::Record<'_>) {
            undertone_wire::packed::encode(&record, &mut self.0);
        }
        fn reject(&mut self, _: u64, _: undertone_wire::RejectReason, _: &str) {}
        fn ignore(&mut self, _: &str) {}
    }
    let mut pack = Pack(Vec::new());
    for (_, line) in by_hand().iter().filter(|(target, _)| *target == "eve") {
        undertone_wire::eve::parse_line(line, 1, &mut pack);
    }
    undertone_wire::capture::read(capture().as_slice(), &mut pack);
    pack.0
}

/// A capture of one HTTP and one DNS exchange, and the start of a QUIC one (Ethernet, little-endian pcap).
fn capture() -> Vec<u8> {
    let mut out = vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0];
    let mut seconds = 1_777_852_800_u32;
    let mut packet = |protocol: u8, is_back: bool, transport: &[u8]| {
        let ends = if is_back { [203, 0, 113, 9, 10, 0, 0, 7] } else { [10, 0, 0, 7, 203, 0, 113, 9] };
        let total = u16::try_from(20 + transport.len()).unwrap().to_be_bytes();
        let ip = [&[0x45, 0][..], &total, &[0, 1, 0, 0, 64, protocol, 0, 0], &ends, transport].concat();
        let frame = [&[2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0][..], &ip].concat();
        let size = u32::try_from(frame.len()).unwrap().to_le_bytes();
        out.write_all(&[&seconds.to_le_bytes(), &[0; 4], &size, &size].map(|part| *part).concat()).unwrap();
        out.write_all(&frame).unwrap();
        seconds += 1;
    };
    let tcp = |back: bool, seq: u32, ack: u32, flags: u8, data: &[u8]| {
        let ports = if back { [0, 80, 0xc0, 0] } else { [0xc0, 0, 0, 80] };
        [&ports[..], &seq.to_be_bytes(), &ack.to_be_bytes(), &[0x50, flags, 32, 0, 0, 0, 0, 0], data].concat()
    };
    let udp = |port: [u8; 2], data: &[u8]| {
        let size = u16::try_from(8 + data.len()).unwrap().to_be_bytes();
        [&[0xc0, 1][..], &port, &size, &[0, 0], data].concat()
    };
    packet(6, false, &tcp(false, 1, 0, 2, b""));
    packet(6, true, &tcp(true, 9, 2, 0x12, b""));
    packet(6, false, &tcp(false, 2, 10, 0x18, b"GET /a/7f HTTP/1.1\r\nHost: a.example\r\n\r\n"));
    packet(6, true, &tcp(true, 10, 41, 0x18, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
    packet(6, false, &tcp(false, 41, 51, 0x11, b""));
    packet(17, false, &udp([0, 53], b"\0\x07\x01\0\0\x01\0\0\0\0\0\0\x01a\x07example\0\0\x10\0\x01"));
    let initial = [&[0xc0, 0, 0, 0, 1, 8, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0x40, 100][..], &[7; 120]].concat();
    packet(17, false, &udp([1, 187], &initial));
    out
}
