//! Nanoseconds and bytes per second for one line of each kind, into a sink that only counts.
#![allow(missing_docs, reason = "criterion's macros make undocumented functions")]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use undertone_core::model::Record;
use undertone_wire::{RecordSink, RejectReason, eve, zeek};

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

const CONN_FIELDS: &str = "ts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tservice\tduration\torig_bytes\tresp_bytes\tconn_state\tlocal_orig\tlocal_resp\tmissed_bytes\thistory\torig_pkts\torig_ip_bytes\tresp_pkts\tresp_ip_bytes\ttunnel_parents";
const CONN_ROW: &str = "1777852991.120000\tCk2yB41cVmT0rRkXa9\t10.20.0.7\t49152\t203.0.113.9\t443\ttcp\tssl\t12.345678\t1204\t48211\tSF\tT\tF\t0\tShADadFf\t18\t2148\t41\t50351\t-";
const SSL_FIELDS: &str = "ts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tversion\tcipher\tcurve\tserver_name\tresumed\tlast_alert\tnext_protocol\testablished\tssl_history\tcert_chain_fps\tclient_cert_chain_fps\tsni_matches_cert\tvalidation_status";
const SSL_ROW: &str = "1777852991.150000\tCk2yB41cVmT0rRkXa9\t10.20.0.7\t49152\t203.0.113.9\t443\tTLSv13\tTLS_AES_128_GCM_SHA256\tx25519\tcdn.example.net\tF\t-\th2\tT\tCsiI\tb2dafbcdbc75210672f137f27ce882ccb799887631655d4f11191d5a678e44fe\t(empty)\tT\tok";
const HTTP_FIELDS: &str = "ts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\ttrans_depth\tmethod\thost\turi\treferrer\tversion\tuser_agent\torigin\trequest_body_len\tresponse_body_len\tstatus_code\tstatus_msg\tinfo_code\tinfo_msg\ttags\tusername\tpassword\tproxied\torig_fuids\torig_filenames\torig_mime_types\tresp_fuids\tresp_filenames\tresp_mime_types";
const HTTP_ROW: &str = "1777852991.250000\tCk2yB41cVmT0rRkXa9\t10.20.0.7\t49152\t203.0.113.9\t80\t1\tGET\tcdn.example.net\t/v1/poll?id=9f86d081884c7d659a2feaa0c55ad015\t-\t1.1\tDalvik/2.1.0 (Linux; U; Android 14; Pixel 7)\t-\t0\t178\t200\tOK\t-\t-\t(empty)\t-\t-\t-\t-\t-\t-\tFfN3lR2RQPdyjaiHo9\t-\ttext/html";
const DNS_FIELDS: &str = "ts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\ttrans_id\trtt\tquery\tqclass\tqclass_name\tqtype\tqtype_name\trcode\trcode_name\tAA\tTC\tRD\tRA\tZ\tanswers\tTTLs\trejected";
const DNS_ROW: &str = "1777852991.050000\tCqKst53mF3det3eDV9\t10.20.0.7\t41772\t10.20.0.1\t53\tudp\t36329\t0.000870\tcdn.example.net\t1\tC_INTERNET\t1\tA\t0\tNOERROR\tF\tF\tT\tT\t0\tedge.example.net,203.0.113.9\t2230.000000,41830.000000\tF";

const JSON_CONN: &str = r#"{"ts":1777852991.120000,"uid":"Ck2yB41cVmT0rRkXa9","id.orig_h":"10.20.0.7","id.orig_p":49152,"id.resp_h":"203.0.113.9","id.resp_p":443,"proto":"tcp","service":"ssl","duration":12.345678,"orig_bytes":1204,"resp_bytes":48211,"conn_state":"SF","local_orig":true,"local_resp":false,"missed_bytes":0,"history":"ShADadFf","orig_pkts":18,"orig_ip_bytes":2148,"resp_pkts":41,"resp_ip_bytes":50351}"#;
const JSON_DNS: &str = r#"{"_path":"dns","_write_ts":"2026-05-04T00:03:11.866586Z","ts":"2026-05-04T00:03:11.120000Z","uid":"CqKst53mF3det3eDV9","id.orig_h":"10.20.0.7","id.orig_p":41772,"id.resp_h":"10.20.0.1","id.resp_p":53,"proto":"udp","trans_id":36329,"rtt":0.0008699893951416016,"query":"cdn.example.net","qclass":1,"qclass_name":"C_INTERNET","qtype":1,"qtype_name":"A","rcode":0,"rcode_name":"NOERROR","AA":false,"TC":false,"RD":true,"RA":true,"Z":0,"answers":["edge.example.net","203.0.113.9"],"TTLs":[2230.0,41830.0],"rejected":false}"#;

const EVE_FLOW: &str = r#"{"timestamp":"2026-05-04T00:03:22.505871+0000","flow_id":2045258309257540,"event_type":"flow","src_ip":"10.20.0.7","src_port":39584,"dest_ip":"203.0.113.9","dest_port":443,"proto":"TCP","app_proto":"tls","flow":{"pkts_toserver":25,"pkts_toclient":19,"bytes_toserver":6462,"bytes_toclient":5678,"start":"2026-05-04T00:02:59.541734+0000","end":"2026-05-04T00:03:22.505871+0000","age":23,"state":"established","reason":"shutdown","alerted":false},"community_id":"1:Z3Q5W24QYzkDoI1VGO+4YY2G3BI=","tcp":{"tcp_flags":"1a","tcp_flags_ts":"1a","tcp_flags_tc":"1a","syn":true,"psh":true,"ack":true,"state":"established","ts_max_regions":1,"tc_max_regions":1}}"#;
const EVE_TLS: &str = r#"{"timestamp":"2026-05-04T00:03:11.210002+0000","flow_id":1414048927560378,"pcap_cnt":310,"event_type":"tls","src_ip":"10.20.0.7","src_port":47168,"dest_ip":"203.0.113.9","dest_port":443,"proto":"TCP","pkt_src":"wire/pcap","community_id":"1:14/n3jEjRWlnGIh4pUPBWTrRRZ0=","tls":{"subject":"C=US, O=Example, CN=*.example.net","issuerdn":"C=US, O=Example, CN=Example Authority G2","serial":"06:76:54:95:00:C6:A3:80","fingerprint":"6e:6e:74:0d:02:92:24:63:58:9b:af:28:a4:e6:71:e0:dd:0b:53:ff","sni":"cdn.example.net","version":"TLS 1.2","notbefore":"2026-02-27T19:48:25","notafter":"2026-05-28T00:00:00","ja3":{"hash":"aa7f5e2ada5d7bb8a7dceed01f5ffd7c","string":"771,49195-49199-49162-49161-49171-49172-49159-49169-51-50-57-47-53-10-5-4,0-65281-10-11-35-13172-5-13,23-24-25,0"},"ja3s":{"hash":"cce0dc5be5e6dc9988a7f15dac222208","string":"771,49199,0-65281-11-35-13172"},"ja4":"t12d160800_2490b10d2092_50e68031a889"}}"#;
const EVE_HTTP: &str = r#"{"timestamp":"2026-05-04T00:03:11.097331+0000","flow_id":1149246624637014,"pcap_cnt":240,"event_type":"http","src_ip":"10.20.0.7","src_port":52043,"dest_ip":"203.0.113.9","dest_port":80,"proto":"TCP","pkt_src":"wire/pcap","community_id":"1:ue8ox79SMA/pgd05LXV1Q8X449Y=","tx_id":0,"http":{"hostname":"cdn.example.net","url":"/v1/poll?id=9f86d081884c7d659a2feaa0c55ad015","http_user_agent":"Dalvik/2.1.0 (Linux; U; Android 14; Pixel 7)","http_content_type":"text/html","http_method":"GET","protocol":"HTTP/1.1","status":200,"length":5099}}"#;
const EVE_DNS: &str = r#"{"timestamp":"2026-05-04T00:03:11.379777+0000","flow_id":1278891210910732,"pcap_cnt":2,"event_type":"dns","src_ip":"10.20.0.7","src_port":50457,"dest_ip":"10.20.0.1","dest_port":53,"proto":"UDP","pkt_src":"wire/pcap","community_id":"1:SiIDWpP5hgEB/pKi3o/x4uQkDuw=","dns":{"version":2,"type":"answer","id":55132,"flags":"81a0","qr":true,"rd":true,"ra":true,"opcode":0,"rrname":"cdn.example.net","rrtype":"A","rcode":"NOERROR","answers":[{"rrname":"cdn.example.net","rrtype":"A","ttl":279,"rdata":"203.0.113.9"}],"grouped":{"A":["203.0.113.9"]}}}"#;
const EVE_STATS: &str = r#"{"timestamp":"2026-05-04T00:03:11.379777+0000","event_type":"stats","stats":{"uptime":8,"capture":{"kernel_packets":120,"kernel_drops":0,"errors":0},"decoder":{"pkts":120,"bytes":54321,"invalid":0,"ipv4":118,"ipv6":2}}}"#;

fn zeek_tsv(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("zeek_tsv");
    let kinds = [
        ("conn", CONN_FIELDS, CONN_ROW),
        ("ssl", SSL_FIELDS, SSL_ROW),
        ("http", HTTP_FIELDS, HTTP_ROW),
        ("dns", DNS_FIELDS, DNS_ROW),
    ];
    for (path, fields, row) in kinds {
        let block = format!("#separator \\x09\n#path\t{path}\n#fields\t{fields}\n");
        let Some(header) = zeek::Header::parse(block.as_bytes()) else { panic!("{path}") };
        let mut sink = Count(0);
        group.throughput(Throughput::Bytes(row.len() as u64));
        group.bench_function(path, |bencher| {
            bencher.iter(|| zeek::parse_row(black_box(&header), black_box(row.as_bytes()), 1, &mut sink));
        });
    }
    group.finish();
}

fn json_lines(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("json_lines");
    let kinds = [
        ("zeek_conn", JSON_CONN),
        ("zeek_dns", JSON_DNS),
        ("eve_flow", EVE_FLOW),
        ("eve_tls", EVE_TLS),
        ("eve_http", EVE_HTTP),
        ("eve_dns", EVE_DNS),
        ("eve_stats", EVE_STATS),
    ];
    for (kind, line) in kinds {
        let mut sink = Count(0);
        group.throughput(Throughput::Bytes(line.len() as u64));
        group.bench_function(kind, |bencher| {
            if kind.starts_with("zeek") {
                bencher.iter(|| zeek::json::parse_line(black_box(line.as_bytes()), 1, &mut sink));
            } else {
                bencher.iter(|| eve::parse_line(black_box(line.as_bytes()), 1, &mut sink));
            }
        });
    }
    group.finish();
}

criterion_group!(benches, zeek_tsv, json_lines);
criterion_main!(benches);
