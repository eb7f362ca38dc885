//! Inputs of real formats: headers inside a stream, leases first, the sample data.

use crate::support::{Kept, file, gzip, run, run_with, samples, zip};
use std::fmt::Write;
use std::path::Path;
use undertone_engine::input::{InputPath, Outcome, Plan, Progress, ReadOptions, read_leases, read_records};
use undertone_wire::RejectReason;
use undertone_wire::format::{DocumentFormat, Format, LineFormat};

const CONN_FIELDS: &str = "ts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tservice\torig_bytes";

fn header(path: &str, fields: &str) -> String {
    format!(
        "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\t{path}\n#fields\t{fields}\n"
    )
}

fn conn_rows(count: usize) -> String {
    let mut text = String::new();
    for number in 0..count {
        writeln!(text, "17000{number:05}.5\tC{number}\t10.0.0.1\t4000\t192.0.2.9\t443\ttcp\tssl\t{number}")
            .unwrap();
    }
    text
}

#[test]
fn zeek_headers_inside_a_stream_hold_from_there_on() {
    let folder = tempfile::tempdir().unwrap();
    // The second log has its columns in another order, and the seam lies far behind the first block.
    let swapped = "uid\tts\tid.resp_h\tid.resp_p\tid.orig_h\tid.orig_p\tproto";
    let text = format!(
        "{}{}#close\t2026\n{}Cx\t1800000000.25\t192.0.2.9\t443\t10.0.0.1\t4000\ttcp\n#close\t2026\n{}{}",
        header("conn", CONN_FIELDS),
        conn_rows(40_000),
        header("conn", swapped),
        header("packet_filter", "ts\tnode"),
        "1.5\tzeek\n"
    );
    for (name, bytes) in [("plain", text.clone().into_bytes()), ("gz", gzip(text.as_bytes()))] {
        let path = file(folder.path(), name, &bytes);
        for threads in [1, 2] {
            let read = run_with(&[&path], &ReadOptions { threads, ..ReadOptions::default() });
            assert_eq!(read.records.len(), 40_001, "{name}");
            assert!(read.records.iter().any(|record| record.contains("Timestamp(1800000000250000)")));
            assert_eq!(read.summary.ignored().get("packet_filter"), Some(&1));
            assert_eq!(read.summary.rejected().len(), 0);
        }
    }
}

#[test]
fn rows_without_a_header_are_rejected_one_by_one() {
    let folder = tempfile::tempdir().unwrap();
    let read = run(&[&file(folder.path(), "log", conn_rows(30).as_bytes())]);
    assert_eq!(read.rejected(RejectReason::NoHeader), 30);
    assert_eq!(read.summary.outcome(), Outcome::NothingUsable);
}

#[test]
fn leases_are_read_first_and_only_once() {
    let folder = tempfile::tempdir().unwrap();
    let dhcp = "ts\tuids\tclient_addr\tmac\tassigned_addr\tlease_time\tmsg_types";
    let lease = "1700000000.5\tCa\t10.0.0.1\t00:11:22:33:44:55\t10.0.0.1\t3600.0\tREQUEST,ACK\n";
    file(folder.path(), "a-conn.log", format!("{}{}", header("conn", CONN_FIELDS), conn_rows(10)).as_bytes());
    file(folder.path(), "z-dhcp.log", format!("{}{lease}", header("dhcp", dhcp)).as_bytes());
    file(folder.path(), "z-inventory", b"device_id,ip\nd-1,10.0.0.2\nd-2,10.0.0.3\n");
    let options = ReadOptions { threads: 2, ..ReadOptions::default() };
    let progress = Progress::default();
    let plan = Plan::new(&[InputPath::Path(folder.path().to_owned())], &options, &progress);
    let (leases, first) = read_leases(&plan, &options, Kept::default(), &progress);
    let leases = leases.unwrap().records;
    assert_eq!(leases.len(), 3);
    assert!(leases.iter().all(|record| record.starts_with("Lease(")));
    let formats: Vec<_> = first.files.iter().map(|file| file.format).collect();
    assert_eq!(formats, [Format::Lines(LineFormat::ZeekTsv), Format::Document(DocumentFormat::Inventory)]);
    let (sinks, second) = read_records(&plan, &options, |_| Kept::default(), &progress);
    assert_eq!(sinks.iter().map(|sink| sink.records.len()).sum::<usize>(), 10);
    assert_eq!(second.files.len(), 1);
}

/// Every known sample, once as it is and once in one archive: the same records.
#[test]
fn the_sample_data_reads_the_same_packed_and_with_any_number_of_threads() {
    let Some(data) = samples() else { return };
    let folder = data.join("zeek/zed-sample/zeek-default");
    let one = run_with(&[&folder], &ReadOptions { threads: 1, ..ReadOptions::default() });
    let two = run(&[&folder]);
    assert!(one.records.len() > 10_000, "{}", one.records.len());
    assert_eq!(one.records, two.records);
    assert_eq!(one.summary, two.summary);
    let files: Vec<_> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), std::fs::read(path).unwrap()))
        .collect();
    let entries: Vec<_> = files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    let scratch = tempfile::tempdir().unwrap();
    let packed = run(&[&file(scratch.path(), "all.zip", &zip(&entries))]);
    assert_eq!(packed.records, one.records);
}

#[test]
fn every_sample_ends_in_records_or_a_reason() {
    let Some(data) = samples() else { return };
    let folders = ["eve", "zeek", "pcap", "mobile", "netflow"].map(|name| data.join(name));
    let paths: Vec<&Path> = folders.iter().map(std::path::PathBuf::as_path).collect();
    let read = run(&paths);
    let silent: Vec<_> = read
        .summary
        .files
        .iter()
        .filter(|file| {
            let tally = &file.tally;
            let rows = tally.accepted + tally.rejected_total() + tally.ignored.values().sum::<u64>();
            rows == 0 && file.fault.is_none()
        })
        .map(|file| (file.name.as_str(), file.bytes))
        .collect();
    assert!(read.summary.files.len() > 500);
    // A log with a header and no row, or a capture without a packet of use, says nothing.
    assert!(silent.len() * 20 < read.summary.files.len(), "{silent:?}");
    assert!(read.skipped().iter().all(|(name, _)| !name.contains("/eve/") && !name.contains("/pcap/ndpi")));
    let corrupt = read.summary.files.iter().find(|file| file.name.ends_with("http.log.corrupt.gz"));
    assert!(corrupt.is_some_and(|file| file.fault.is_some() && file.tally.accepted > 0));
}
