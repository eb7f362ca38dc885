//! One fleet, simulated and scanned.

use super::Arguments;
use anyhow::{Context as _, Result};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::PathBuf;
use tempfile::TempDir;
use undertone_core::evidence::{Evidence, EvidenceKind};
use undertone_core::finding::Finding;
use undertone_core::model::Day;
use undertone_core::score::OVER_BUDGET;
use undertone_core::score::budget::Sight;
use undertone_engine::input::{InputPath, Progress, StopFlag};
use undertone_engine::{ScanOptions, learn, scan};
use undertone_simulate::{FleetOptions, write_fleet};
use undertone_wire::learned::write_learned;
use undertone_wire::truth::{Truth, parse_truth};

/// Memory that one scan may take, bytes.
const MEMORY_BYTES: u64 = 3 << 30;

/// A fleet on disk, removed when dropped.
pub(super) struct Fleet {
    folder: TempDir,
    options: FleetOptions,
    pub(super) truth: Vec<Truth>,
    rare: Vec<Truth>,
}

/// What a row is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Class {
    /// Implants, by number.
    Implants(Vec<usize>),
    /// An honest sender with a label.
    Rare(String),
    /// Ordinary.
    Other,
}

/// One finding, shown or not.
#[derive(Debug, Clone)]
pub(super) struct Row {
    /// Days after the first.
    pub(super) day: i32,
    pub(super) device: String,
    pub(super) app: String,
    pub(super) destination: String,
    pub(super) weight: f64,
    /// False device-days in 1,000 that it states.
    pub(super) expected: f64,
    /// Whether it clears every floor, so that only the budget decides.
    pub(super) clears: bool,
    pub(super) class: Class,
    /// Whether it begins on that day, on a phone with a past.
    pub(super) is_new: bool,
    pub(super) evidence: Vec<(EvidenceKind, f64)>,
}

impl Row {
    /// Whether it is an honest sender that nobody can tell from a channel yet: rare, regular, and new today.
    pub(super) fn is_rare_at_first_sight(&self) -> bool {
        matches!(self.class, Class::Rare(_)) && self.is_new
    }
}

/// A fleet seen.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen {
    pub(super) rows: Vec<Row>,
    /// Days with traffic, summed over devices, of the days scanned.
    pub(super) device_days: u64,
    pub(super) devices: u64,
    /// Loud device-days, without a past and with one.
    pub(super) loud: [u64; 2],
}

impl Fleet {
    /// Writes a fleet into a temporary folder.
    pub(super) fn make(options: FleetOptions) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("undertone-fleet-").tempdir()?;
        write_fleet(&options, folder.path())?;
        let labels = |name: &str| -> Result<Vec<Truth>> {
            let bytes = std::fs::read(folder.path().join(name))?;
            parse_truth(&bytes).with_context(|| name.to_owned())
        };
        let (truth, rare) = (labels("truth.json")?, labels("rare_benign.json")?);
        Ok(Self { folder, options, truth, rare })
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(super) fn days(&self) -> Vec<Day> {
        let days = i32::try_from(self.options.days).unwrap_or(i32::MAX);
        (0..days).map(|offset| self.options.start.plus(offset)).collect()
    }

    /// Scans the fleet as somebody with these logs would.
    pub(super) fn seen(&self, sight: Sight, learn_days: u32) -> Result<Seen> {
        let days = self.days();
        let (first, rest) = days.split_at((learn_days as usize).min(days.len()));
        let mut options = self.options_for(rest, sight);
        if !first.is_empty() {
            let (learned, _) =
                learn(&self.options_for(first, sight), &Progress::default(), &StopFlag::default())?;
            let path = self.path("baseline.json");
            let mut out = BufWriter::new(File::create(&path)?);
            write_learned(&mut out, &learned)?;
            out.flush()?;
            options.baseline = Some(path);
        }
        let report = scan(&options, &Progress::default(), &StopFlag::default())?;
        let labels = (Labels::new(&self.truth), Labels::new(&self.rare));
        let rows = report.findings.into_iter().map(|finding| self.row(finding, &labels)).collect();
        Ok(Seen {
            rows,
            device_days: report.summary.device_days,
            devices: report.summary.devices,
            loud: report.summary.device_days_loud,
        })
    }

    /// Whether a phone's destination is one of its labelled honest senders.
    pub(super) fn is_rare(&self, from: &str, to: &str, addresses: &BTreeSet<String>) -> bool {
        self.rare.iter().any(|truth| is_at(truth, from, to, addresses))
    }

    /// Implants of a phone that talk to a destination.
    pub(super) fn implants_at(&self, from: &str, to: &str, addresses: &BTreeSet<String>) -> Vec<usize> {
        let at = self.truth.iter().enumerate();
        at.filter(|(_, truth)| is_at(truth, from, to, addresses)).map(|(at, _)| at).collect()
    }

    fn options_for(&self, days: &[Day], sight: Sight) -> ScanOptions {
        let mut folders: Vec<PathBuf> =
            days.iter().map(|day| self.path("zeek").join(day.to_string())).collect();
        if sight == Sight::Telemetry {
            // Not the logs of single phones: they tell of phones that the fleet has already, under other names.
            folders.extend(days.iter().map(|day| self.path("edr").join(day.to_string())));
            folders.push(self.path("inventory.csv"));
        }
        ScanOptions {
            threads: self.options.threads,
            memory_bytes: MEMORY_BYTES,
            ..ScanOptions::new(folders.into_iter().map(InputPath::Path).collect())
        }
    }

    fn row(&self, finding: Finding, (truth, rare): &(Labels<'_>, Labels<'_>)) -> Row {
        let implants = truth.matching(&finding);
        let class = if implants.is_empty() {
            let first = rare.matching(&finding).first().and_then(|at| self.rare.get(*at));
            first.map_or(Class::Other, |row| Class::Rare(row.kind.clone()))
        } else {
            Class::Implants(implants)
        };
        let because = finding.below_because.as_deref().unwrap_or_default();
        let day = finding.day.number() - self.options.start.number();
        let to = finding.destination;
        Row {
            day,
            device: finding.device.id,
            app: finding.app.id.unwrap_or_default(),
            destination: to
                .domain
                .or(to.group)
                .or_else(|| to.addresses.first().map(ToString::to_string))
                .unwrap_or_default(),
            weight: finding.weight_bans,
            expected: finding.expected_false_per_1000_device_days.unwrap_or(1000.0),
            clears: finding.alert || because.starts_with(OVER_BUDGET),
            class,
            is_new: finding.evidence.iter().any(Evidence::is_newness),
            evidence: finding.evidence.iter().map(|item| (item.kind, item.weight_bans)).collect(),
        }
    }
}

fn is_at(truth: &Truth, from: &str, to: &str, addresses: &BTreeSet<String>) -> bool {
    let is_device = truth.ip.is_some_and(|ip| ip.to_string() == from);
    let mut domains = truth.domain.iter().chain(&truth.domains);
    let mut own = truth.addresses.iter().map(ToString::to_string);
    is_device
        && (domains.any(|domain| to == domain || to.ends_with(&format!(".{domain}")))
            || own.any(|address| addresses.contains(&address)))
}

/// Labels by what names a device.
struct Labels<'a> {
    rows: &'a [Truth],
    by_device: BTreeMap<String, Vec<usize>>,
}

impl<'a> Labels<'a> {
    fn new(rows: &'a [Truth]) -> Self {
        let mut by_device: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (at, row) in rows.iter().enumerate() {
            let names = [Some(row.device.clone()), row.ip.map(|ip| ip.to_string())];
            for name in names.into_iter().flatten() {
                by_device.entry(name).or_default().push(at);
            }
        }
        Self { rows, by_device }
    }

    fn matching(&self, finding: &Finding) -> Vec<usize> {
        let addresses = finding.device.addresses.iter().map(ToString::to_string);
        let names: BTreeSet<String> = addresses.chain([finding.device.id.clone()]).collect();
        let found: BTreeSet<usize> =
            names.iter().filter_map(|name| self.by_device.get(name)).flatten().copied().collect();
        found.into_iter().filter(|at| self.rows[*at].matches(finding)).collect()
    }
}

/// Runs something for each seed and view, telling the terminal where it is.
pub(super) fn each(
    arguments: &Arguments,
    mut take: impl FnMut(&Fleet, Sight, Seen) -> Result<()>,
) -> Result<()> {
    for seed in &arguments.seeds {
        let fleet = Fleet::make(arguments.fleet_of(*seed))?;
        for sight in &arguments.sights {
            let seen = fleet.seen(*sight, arguments.learn_days)?;
            crate::say(&format!(
                "seed {seed} {}: {} rows, {} device-days",
                sight.as_str(),
                seen.rows.len(),
                seen.device_days
            ));
            take(&fleet, *sight, seen)?;
        }
    }
    Ok(())
}

impl Seen {
    /// The highest row of each day and device among those that clear the floors and are let through.
    fn highest(&self, is_let: impl Fn(&Row) -> bool) -> BTreeMap<(i32, &str), &Row> {
        let mut highest: BTreeMap<(i32, &str), &Row> = BTreeMap::new();
        for row in self.rows.iter().filter(|row| row.clears && is_let(row)) {
            let best = highest.entry((row.day, &row.device)).or_insert(row);
            if row.weight > best.weight {
                *best = row;
            }
        }
        highest
    }

    /// The highest weights.
    pub(super) fn maxima(&self, is_let: impl Fn(&Row) -> bool) -> BTreeMap<(i32, String), f64> {
        let weight = |((day, device), row): ((i32, &str), &Row)| ((day, device.to_owned()), row.weight);
        self.highest(is_let).into_iter().map(weight).collect()
    }

    /// The highest rows from a day on.
    pub(super) fn strongest(&self, from_day: i32) -> Vec<Row> {
        self.highest(|row| row.day >= from_day).into_values().cloned().collect()
    }
}
