//! Every parser on changed inputs, by a fixed sequence: no panic, no hang. A stand-in for fuzzing where the
//! toolchain has no sanitizers; the targets of `fuzz/` are the same.
//!
//! A few seconds in the test suite. `UNDERTONE_MUTATE_SECS=300 cargo test --release -p undertone --test mutation`
//! gives each target that long, from another start in each round.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot prepare its input must fail"
)]
#![expect(clippy::print_stdout, reason = "says how much was tried")]
#![expect(unreachable_pub, reason = "the fuzz targets use the module of targets, too")]

mod corpus;
mod targets;

use std::time::{Duration, Instant};
use targets::TARGETS;

/// Inputs for each target where no time is given.
const SMOKE: u64 = 1500;
/// Longest that one input may take. Inputs have a few kilobytes; a second is a hang, the rest is for a slow machine.
const HANG: Duration = Duration::from_secs(20);

/// xorshift64*: a failure is repeated from its number.
struct Dice(u64);

impl Dice {
    fn new(number: u64) -> Self {
        Self((number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let wide = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16;
        usize::try_from(wide).unwrap() % end.max(1)
    }
}

/// Bytes and words that mean something to some parser.
const WORDS: [&[u8]; 28] = [
    b"\0",
    b"\xff",
    b"\x80",
    b"\"",
    b"\\",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"\t",
    b"\n",
    b"-",
    b"e9",
    b"1e999",
    b"18446744073709551615",
    b"-9223372036854775808",
    b"\\u0000",
    b"\\ud800",
    b"null",
    b"(empty)",
    b"\xff\xff\xff\xff",
    b"\x7f\xff\xff\xff",
    b"\0\0\0\0",
    b"&a [*a,*a]",
    b"\xf0\x9f\x98\x80",
    b"#fields\t",
];

fn mutate(seed: &[u8], other: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..=dice.below(6) {
        let at = dice.below(bytes.len());
        let word = WORDS[dice.below(WORDS.len())];
        match dice.below(8) {
            0 if !bytes.is_empty() => bytes[at] ^= 1 << dice.below(8),
            1 if !bytes.is_empty() => bytes[at] = u8::try_from(dice.below(256)).unwrap(),
            2 => drop(bytes.splice(at..at, word.iter().copied())),
            3 => {
                let end = (at + word.len()).min(bytes.len());
                drop(bytes.splice(at..end, word.iter().copied()));
            }
            4 => {
                let end = (at + dice.below(64)).min(bytes.len());
                drop(bytes.drain(at..end));
            }
            5 => {
                let end = (at + dice.below(256)).min(bytes.len());
                let piece = bytes[at..end].repeat(1 + dice.below(20));
                drop(bytes.splice(at..at, piece));
            }
            6 => {
                let from = dice.below(other.len());
                let end = (from + dice.below(256)).min(other.len());
                drop(bytes.splice(at..at, other[from..end].iter().copied()));
            }
            _ => bytes.truncate(at),
        }
    }
    bytes.truncate(64 << 10);
    bytes
}

#[test]
fn no_parser_panics_or_hangs() {
    let secs = std::env::var("UNDERTONE_MUTATE_SECS").ok().and_then(|secs| secs.parse::<u64>().ok());
    let seeds = corpus::seeds();
    for (name, target) in TARGETS {
        let own: Vec<&[u8]> = seeds
            .iter()
            .filter(|(of, _)| *of == name || name == "detect")
            .map(|(_, bytes)| bytes.as_slice())
            .collect();
        assert!(!own.is_empty(), "no seed for {name}");
        for seed in &own {
            target(seed);
        }
        let began = Instant::now();
        let mut number = 0;
        while secs.map_or(number < SMOKE, |secs| began.elapsed() < Duration::from_secs(secs)) {
            let mut dice = Dice::new(number);
            let seed = own[dice.below(own.len())];
            let other = &seeds[dice.below(seeds.len())].1;
            let bytes = mutate(seed, other, &mut dice);
            let asked = Instant::now();
            let ended = std::panic::catch_unwind(|| target(&bytes));
            assert!(ended.is_ok(), "{name} number {number}: {}", bytes.escape_ascii());
            assert!(asked.elapsed() < HANG, "{name} number {number} hangs: {}", bytes.escape_ascii());
            number += 1;
        }
        println!("{name}: {number} inputs in {:.1} s", began.elapsed().as_secs_f64());
    }
}

/// Containers: changed gzip, zstd and zip files through the reading of whole files.
#[test]
fn no_container_panics_or_hangs() {
    use std::io::Write as _;
    let secs = std::env::var("UNDERTONE_MUTATE_SECS").ok().and_then(|secs| secs.parse::<u64>().ok());
    let text = corpus::seeds().into_iter().find(|(of, _)| *of == "zeek_tsv").unwrap().1;
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&text).unwrap();
    let gzip = gzip.finish().unwrap();
    let zstd = zstd::encode_all(text.as_slice(), 3).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("input");
    let seeds = [[gzip.clone(), gzip].concat(), [zstd.clone(), zstd].concat(), stored_zip(&text)];
    let began = Instant::now();
    let mut number = 0;
    while secs.map_or(number < SMOKE / 5, |secs| began.elapsed() < Duration::from_secs(secs)) {
        let mut dice = Dice::new(number);
        let bytes = mutate(&seeds[dice.below(3)], &seeds[dice.below(3)], &mut dice);
        std::fs::write(&path, &bytes).unwrap();
        let options = undertone_engine::ScanOptions {
            threads: 1,
            memory_bytes: 64 << 20,
            ..undertone_engine::ScanOptions::new(vec![undertone_engine::input::InputPath::Path(path.clone())])
        };
        let asked = Instant::now();
        let ended = std::panic::catch_unwind(|| {
            undertone_engine::scan(
                &options,
                &undertone_engine::input::Progress::default(),
                &undertone_engine::input::StopFlag::default(),
            )
            .is_ok()
        });
        assert!(ended.is_ok(), "number {number}: {}", bytes.escape_ascii());
        assert!(asked.elapsed() < HANG, "number {number} hangs: {}", bytes.escape_ascii());
        number += 1;
    }
    println!("containers: {number} inputs in {:.1} s", began.elapsed().as_secs_f64());
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
