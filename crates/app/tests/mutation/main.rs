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

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use targets::{TARGETS, Target};

/// Inputs for each target where no time is given, and for `file`, which writes and scans each.
const SMOKE: u64 = 4000;
const SMOKE_FILES: u64 = 300;
/// Longest that one input may take. Inputs have a few kilobytes; a second is a hang, the rest is for a slow machine.
const HANG: Duration = Duration::from_secs(20);
/// Most memory that the process may ever have taken, KiB. Inputs are at most 64 KiB, and a scan of one stays within 64
/// MiB: an input that takes a gigabyte is one that multiplies.
const PEAK_KIB: u64 = 1 << 20;

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

/// How much to try.
#[derive(Clone, Copy)]
enum Effort {
    Inputs(u64),
    Time(Duration),
}

impl Effort {
    /// What `UNDERTONE_MUTATE_SECS` asks for, else the smoke.
    fn of(name: &str) -> Self {
        let secs = std::env::var("UNDERTONE_MUTATE_SECS").ok().and_then(|secs| secs.parse().ok());
        let smoke = if name == "file" { SMOKE_FILES } else { SMOKE };
        secs.map_or(Self::Inputs(smoke), |secs| Self::Time(Duration::from_secs(secs)))
    }

    fn goes_on(self, inputs: u64, began: Instant) -> bool {
        match self {
            Self::Inputs(most) => inputs < most,
            Self::Time(most) => began.elapsed() < most,
        }
    }
}

/// Runs a target on its seeds and on changed ones; how many it took, or what went wrong with which.
fn attack(
    target: Target,
    own: &[&[u8]],
    others: &[&[u8]],
    effort: Effort,
    hang: Duration,
) -> Result<u64, String> {
    let mut number = 0;
    let began = Instant::now();
    let one = |bytes: &[u8], what: String| {
        let asked = Instant::now();
        let ended = std::panic::catch_unwind(|| target(bytes));
        match ended {
            Err(_) => Err(format!("{what} panics: {}", bytes.escape_ascii())),
            Ok(()) if asked.elapsed() >= hang => Err(format!("{what} hangs: {}", bytes.escape_ascii())),
            Ok(()) => Ok(()),
        }
    };
    for (seed, bytes) in own.iter().enumerate() {
        one(bytes, format!("seed {seed}"))?;
    }
    while effort.goes_on(number, began) {
        let mut dice = Dice::new(number);
        let seed = own[dice.below(own.len())];
        let other = others[dice.below(others.len())];
        one(&mutate(seed, other, &mut dice), format!("input {number}"))?;
        number += 1;
    }
    Ok(number)
}

#[test]
fn no_parser_panics_or_hangs() {
    let seeds = corpus::seeds();
    let all: Vec<&[u8]> = seeds.iter().map(|(_, bytes)| bytes.as_slice()).collect();
    for (name, target) in TARGETS {
        let is_own = |of: &str| of == name || name == "detect";
        let own: Vec<&[u8]> =
            seeds.iter().filter(|(of, _)| is_own(of)).map(|(_, bytes)| bytes.as_slice()).collect();
        assert!(!own.is_empty(), "no seed for {name}");
        let began = Instant::now();
        match attack(target, &own, &all, Effort::of(name), HANG) {
            Ok(inputs) => println!("{name}: {inputs} inputs in {:.1} s", began.elapsed().as_secs_f64()),
            Err(found) => panic!("{name}: {found}"),
        }
    }
    // VmHWM is the largest that the process ever was, proc(5).
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"));
    match peak.and_then(|peak| peak.parse::<u64>().ok()) {
        Some(peak) => assert!(peak < PEAK_KIB, "some input took {peak} KiB"),
        None => println!("skipped: this system does not say how much memory was taken"),
    }
}

/// The test can fail: a parser that stumbles over what no seed holds is caught, and so is one that is slow there.
#[test]
fn a_broken_parser_is_caught() {
    let (seed, effort) = (&b"a line that harms nobody"[..], Effort::Inputs(SMOKE));
    let caught = |target| attack(target, &[seed], &[seed], effort, Duration::from_millis(50));
    assert_eq!(caught(|_| {}), Ok(SMOKE));
    let panics = caught(|bytes| assert!(!bytes.contains(&0xff), "this parser was made to panic"));
    assert!(panics.as_ref().is_err_and(|found| found.contains("panics")), "{panics:?}");
    let hangs = caught(|bytes| {
        if bytes.contains(&b'{') {
            std::thread::sleep(Duration::from_millis(60));
        }
    });
    assert!(hangs.as_ref().is_err_and(|found| found.contains("hangs")), "{hangs:?}");
}

/// What the fuzzer runs is what this test runs, target by target.
#[test]
fn the_fuzz_targets_are_the_same() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz");
    let ours: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(ours.len(), TARGETS.len(), "a name is given twice");
    let manifest = std::fs::read_to_string(folder.join("Cargo.toml")).unwrap();
    let bins = manifest.split("[[bin]]").skip(1);
    let named: BTreeSet<String> = bins
        .map(|bin| bin.split('"').nth(1).unwrap().to_owned())
        .inspect(|name| assert!(manifest.contains(&format!("path = \"fuzz_targets/{name}.rs\""))))
        .collect();
    assert_eq!(named, ours, "fuzz/Cargo.toml and the targets differ");
    for name in &ours {
        let text = std::fs::read_to_string(folder.join(format!("fuzz_targets/{name}.rs"))).unwrap();
        assert!(text.contains(&format!("undertone_fuzz::run(\"{name}\", bytes)")), "{name}: {text}");
    }
}

/// Writes the seeds for the fuzzer, a folder for each target, where `UNDERTONE_SEEDS` names a place for them.
#[test]
fn seeds_are_written_where_they_are_asked_for() {
    let asked = std::env::var_os("UNDERTONE_SEEDS").map(PathBuf::from);
    let temporary = tempfile::tempdir().unwrap();
    let place = asked.unwrap_or_else(|| temporary.path().to_owned());
    let seeds = corpus::seeds();
    for (number, (target, bytes)) in seeds.iter().enumerate() {
        let folders: &[&str] = if *target == "file" { &["file"] } else { &[target, "detect"] };
        for folder in folders {
            let folder = place.join(folder);
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(folder.join(format!("seed-{number:03}")), bytes).unwrap();
        }
    }
    for (name, _) in TARGETS {
        assert!(place.join(name).join(".").read_dir().unwrap().count() > 0, "no seed for {name}");
    }
}
