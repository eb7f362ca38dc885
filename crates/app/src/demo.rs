//! `undertone demo`: a simulated fleet, scanned, its findings beside the truth.

use crate::cli::DemoArgs;
use crate::exit::{Failure, Fault, Outcome};
use crate::interrupt::{self, Temporary};
use crate::output::to_stdout;
use crate::terminal::Console;
use crate::{scan, simulate};
use anyhow::Context as _;
use std::io::{self, Write};
use std::path::Path;
use undertone_core::finding::Finding;
use undertone_engine::input::InputPath;
use undertone_engine::{ScanOptions, go_on};
use undertone_simulate::{FleetOptions, ImplantPin};
use undertone_wire::findings::text::escaped;
use undertone_wire::findings::{Format, destination_title, human_secs};
use undertone_wire::truth::{Truth, parse_truth};

/// Phones per implant in the demo fleet.
const DEVICES_PER_IMPLANT: u32 = 10;
/// Days of the demo fleet; the last one is the first with implants, so that their history tells honest servers apart.
const DAYS: u32 = 3;
/// Rare honest senders a phone: one phone in five has a server of its own. `simulate` gives a phone many more unless
/// told otherwise, to be hard.
const HONEST_PER_PHONE: f64 = 0.2;
/// Files of a simulated fleet that say what is true of it.
const LABELS: [&str; 2] = ["truth.json", "rare_benign.json"];
/// False findings that are listed one by one.
const FALSE_SHOWN: usize = 10;

/// Runs the command.
///
/// # Errors
/// A fleet that cannot be written or scanned.
pub(crate) fn run(args: &DemoArgs, console: &Console) -> anyhow::Result<Outcome> {
    let stop = interrupt::polite()?;
    let folder = Temporary::made(|| tempfile::Builder::new().prefix("undertone-demo-").tempdir());
    let folder = folder.map_err(|error| {
        Fault::error(Failure::Output, format!("no temporary folder (TMPDIR names another): {error}"))
    })?;
    let folder = folder.owner.path();
    let fleet = FleetOptions {
        devices: args.devices,
        seed: args.seed,
        days: DAYS,
        infected: args.devices / DEVICES_PER_IMPLANT,
        honest: Some(HONEST_PER_PHONE),
        pin: ImplantPin { after_days: Some(DAYS - 1), ..ImplantPin::default() },
        ..FleetOptions::default()
    };
    // Whoever interrupts before it begins does not wait for it.
    go_on(&stop)?;
    console.say(|out| writeln!(out, "simulating {} phones over {DAYS} days ...", fleet.devices));
    interrupt::at_once_during(|| simulate::write(folder, &fleet))?;
    go_on(&stop)?;
    let truth = read_truth(folder)?;
    let report = scan::scan(&ScanOptions::new(inputs(folder)?), &stop, console)?;
    let shown: Vec<&Finding> =
        report.findings.iter().filter(|finding| finding.alert || finding.lead).collect();
    to_stdout(|out| {
        writeln!(
            out,
            "{} simulated phones over {DAYS} days, {} of them with an implant from the last day on\n",
            fleet.devices,
            truth.len()
        )?;
        Format::Table.write(&mut *out, &shown, console.stdout_style())?;
        write_verdicts(out, &verdicts(&truth, &shown))
    })?;
    let summary = scan::summary_of(report.summary, &report.findings, shown.len());
    console.say(|out| {
        writeln!(out)?;
        summary.write_text(out, console.named_max())
    });
    Ok(Outcome::Done)
}

fn read_truth(folder: &Path) -> anyhow::Result<Vec<Truth>> {
    let bytes = std::fs::read(folder.join("truth.json")).context("the simulated fleet has no labels")?;
    parse_truth(&bytes).context("the simulated fleet has unreadable labels")
}

/// Everything of the fleet but its labels.
fn inputs(folder: &Path) -> anyhow::Result<Vec<InputPath>> {
    let mut paths = Vec::new();
    for entry in folder.read_dir().context("the simulated fleet is gone")? {
        let path = entry.context("the simulated fleet is gone")?.path();
        if !LABELS.iter().any(|label| path.ends_with(label)) {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths.into_iter().map(InputPath::Path).collect())
}

/// What became of the implants, and of the findings that are none.
struct Verdicts<'a> {
    /// Each implant with the rank (from 1) and score of its best finding.
    implants: Vec<(&'a Truth, Option<(usize, f64)>)>,
    /// Findings that match no implant, with their rank.
    false_positives: Vec<(usize, &'a Finding)>,
}

fn verdicts<'a>(truth: &'a [Truth], shown: &[&'a Finding]) -> Verdicts<'a> {
    let ranked = || shown.iter().copied().zip(1..);
    let best = |implant: &Truth| {
        ranked().find(|(finding, _)| implant.matches(finding)).map(|(f, rank)| (rank, f.score))
    };
    Verdicts {
        implants: truth.iter().map(|implant| (implant, best(implant))).collect(),
        false_positives: ranked()
            .filter(|(finding, _)| !truth.iter().any(|implant| implant.matches(finding)))
            .map(|(finding, rank)| (rank, finding))
            .collect(),
    }
}

fn write_verdicts(out: &mut dyn Write, verdicts: &Verdicts<'_>) -> io::Result<()> {
    writeln!(out, "\nBeside the truth:")?;
    for (implant, best) in &verdicts.implants {
        let what = described(implant);
        match best {
            Some((rank, score)) => writeln!(out, "  found   {what}: finding {rank}, score {score:.1}")?,
            None => writeln!(out, "  missed  {what}")?,
        }
    }
    for (rank, finding) in verdicts.false_positives.iter().take(FALSE_SHOWN) {
        let app = finding.app.id.as_deref().unwrap_or("unknown app");
        let what = format!("{} {app} to {}", finding.device.id, destination_title(&finding.destination));
        writeln!(out, "  false   {}: finding {rank}, score {:.1}", escaped(&what), finding.score)?;
    }
    if let more @ 1.. = verdicts.false_positives.len().saturating_sub(FALSE_SHOWN) {
        writeln!(out, "  false   and {more} more")?;
    }
    let found = verdicts.implants.iter().filter(|(_, best)| best.is_some()).count();
    let (all, wrong) = (verdicts.implants.len(), verdicts.false_positives.len());
    writeln!(out, "found {found} of {all} implants, {wrong} false")
}

fn described(implant: &Truth) -> String {
    let app = implant.app.as_deref().unwrap_or("unknown app");
    let domain = implant.domain.as_deref().unwrap_or("addresses only");
    let period = implant.period_secs.map_or_else(String::new, |secs| format!(" every {}", human_secs(secs)));
    let jitter = implant.jitter.map_or_else(String::new, |jitter| format!(" +-{:.0} %", jitter * 100.0));
    let kind = &implant.kind;
    escaped(&format!("{} {app} to {domain}, {kind}{period}{jitter}", implant.device)).into_owned()
}
