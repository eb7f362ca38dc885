//! `undertone suppress`: what somebody looked at and found known, kept in a file that people read and review.

use crate::cli::{AddArgs, ExpireArgs, ListArgs, Pin, RemoveArgs, SuppressCommand};
use crate::exit::{Failure, Fault, Outcome};
use crate::output::{folder_of, to_stdout, write_file};
use crate::terminal::Console;
use crate::{explain, interrupt, stored};
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};
use undertone_core::finding::{Band, Finding, Matchers, Suppression};
use undertone_core::model::{Day, Timestamp};
use undertone_engine::{ScanError, read_suppressions};
use undertone_wire::config::CONFIG_BYTES_MAX;
use undertone_wire::findings::text::escaped;
use undertone_wire::suppress::{
    EditError, add_record, parse_day, parse_suppressions, remove_records, set_expiry, write_records,
};

/// How far the median interval may move from day to day for it to be the same rhythm: by a third. The median of 20
/// check-ins with a jitter of 50 % scatters by less than 15 %.
const BAND: f64 = 4.0 / 3.0;

/// Runs the command.
///
/// # Errors
/// A file that cannot be read or changed, an id that names none or several, a day that is none.
pub(crate) fn run(command: &SuppressCommand, console: &Console) -> anyhow::Result<Outcome> {
    interrupt::at_once()?;
    match command {
        SuppressCommand::Add(args) => add(args, console)?,
        SuppressCommand::List(args) => list(args)?,
        SuppressCommand::Remove(args) => remove(args, console)?,
        SuppressCommand::Expire(args) => expire(args, console)?,
    }
    Ok(Outcome::Done)
}

fn add(args: &AddArgs, console: &Console) -> anyhow::Result<()> {
    let created = args.created.as_deref().map_or_else(today, day)?;
    let (matchers, findings) = match args.from.as_deref() {
        Some([path, id]) => {
            let findings = stored::read(Path::new(path))?;
            let finding = explain::find(&findings, id)?;
            (pinned(finding, &args.scope)?, findings)
        }
        _ => (typed(args), Vec::new()),
    };
    let record = Suppression {
        matchers,
        reason: args.reason.trim().to_owned(),
        author: args.author.clone().or_else(user),
        created: Some(created),
        expires: end(&args.expires, created)?,
    };
    // What is written must read back: the parser says what is wrong with what was typed.
    let written = write_records(std::slice::from_ref(&record));
    let read = parse_suppressions(written.as_bytes()).map_err(|problems| {
        let texts: Vec<String> = problems.into_iter().map(|problem| problem.text).collect();
        Fault::error(Failure::Usage, texts.join("; "))
    })?;
    let Some(record) = read.into_iter().next().map(|placed| placed.record) else {
        return Err(Fault::error(Failure::Internal, "a record that was written did not read back"));
    };
    let path = &args.file.file;
    let _lock = alone_with(path);
    let text = add_record(&text_of(path, true)?, &record).map_err(|error| refused(path, &error))?;
    write_file(path, |out| out.write_all(text.as_bytes()))?;
    let hides = findings.iter().filter(|f| record.matchers.fit(f) && !record.is_over(f.day)).count();
    console.say(|out| {
        writeln!(out, "{} added to {}:", record.id(), escaped(&path.display().to_string()))?;
        for line in written.lines() {
            writeln!(out, "  {}", escaped(line))?;
        }
        match findings.len() {
            0 => Ok(()),
            all => writeln!(out, "it hides {hides} of the {all} findings"),
        }
    });
    Ok(())
}

/// What a finding is, as far as it is to be pinned.
fn pinned(finding: &Finding, scope: &[Pin]) -> anyhow::Result<Matchers> {
    let mut found = Matchers::default();
    // A list that stays empty would fit everything.
    let mut is_told = true;
    for pin in scope {
        match pin {
            Pin::Device => found.device = vec![finding.device.id.clone()],
            Pin::App => found.app = vec![finding.app.id.clone().unwrap_or_else(|| "none".to_owned())],
            Pin::Role => found.role = vec![finding.app.role.clone()],
            Pin::Destination => {
                found.destination = destinations(finding);
                is_told &= !found.destination.is_empty();
            }
            Pin::Analytic => {
                found.analytic = finding.analytic().map(|one| one.id().to_owned()).into_iter().collect();
                is_told &= !found.analytic.is_empty();
            }
            Pin::Service => found.service = vec![finding.service.clone()],
            Pin::Rhythm => found.interval = Some(band(finding.interval_median_secs)),
        }
    }
    if is_told {
        Ok(found)
    } else {
        Err(Fault::error(Failure::Usage, "the finding does not say what the scope is to pin"))
    }
}

/// The domain, else the members of the group, else every address. A group of more members than a finding lists is pinned
/// by its name: nothing else is known of the rest.
fn destinations(finding: &Finding) -> Vec<String> {
    let destination = &finding.destination;
    match (&destination.group, &destination.domain) {
        (Some(group), _) => destination.all_members().map_or_else(|| vec![group.clone()], <[String]>::to_vec),
        (None, Some(domain)) => vec![domain.clone()],
        (None, None) => destination.addresses.iter().map(ToString::to_string).collect(),
    }
}

fn band(interval_secs: Option<f64>) -> Band {
    match interval_secs {
        Some(secs) if secs > 0.0 => {
            Band::Secs { from_secs: rounded(secs / BAND), to_secs: rounded(secs * BAND) }
        }
        _ => Band::NoInterval,
    }
}

/// Three significant digits: the band is wide enough to be readable.
fn rounded(secs: f64) -> f64 {
    let step = 10_f64.powf(secs.log10().floor() - 2.0);
    let value = (secs / step).round() * step;
    // Powers of ten are not exact; six decimals are finer than any clock here.
    (value * 1e6).round() / 1e6
}

fn typed(args: &AddArgs) -> Matchers {
    Matchers {
        device: args.device.clone(),
        app: args.app.clone(),
        role: args.role.clone(),
        destination: args.destination.clone(),
        analytic: args.analytic.clone(),
        service: args.service.clone(),
        interval: None,
    }
}

fn list(args: &ListArgs) -> anyhow::Result<()> {
    let records = read_suppressions(&args.file.file).map_err(ScanError::Config)?;
    let today = today()?;
    to_stdout(|out| {
        if records.is_empty() {
            return writeln!(out, "no suppressions");
        }
        for record in &records {
            writeln!(out, "{}  {}", record.id(), status(record, today))?;
            for line in write_records(std::slice::from_ref(record)).lines() {
                writeln!(out, "    {}", escaped(line.trim_start_matches("- ").trim_start()))?;
            }
        }
        Ok(())
    })
}

fn status(record: &Suppression, today: Day) -> String {
    match record.expires {
        None => "never ends".to_owned(),
        Some(day) if record.is_over(today) => format!("expired since {day}"),
        Some(day) => {
            let left = day.number() - today.number();
            format!("ends on {day}, in {left} day{}", if left == 1 { "" } else { "s" })
        }
    }
}

fn remove(args: &RemoveArgs, console: &Console) -> anyhow::Result<()> {
    let path = &args.file.file;
    let _lock = alone_with(path);
    let records = read_suppressions(path).map_err(ScanError::Config)?;
    let ids = if args.expired {
        let today = today()?;
        records.iter().filter(|record| record.is_over(today)).map(Suppression::id).collect()
    } else {
        ids(&records, &args.ids)?
    };
    if !ids.is_empty() {
        let text = remove_records(&text_of(path, false)?, &ids).map_err(|error| refused(path, &error))?;
        write_file(path, |out| out.write_all(text.as_bytes()))?;
    }
    console.say(|out| writeln!(out, "{} of {} records removed", ids.len(), records.len()));
    Ok(())
}

fn expire(args: &ExpireArgs, console: &Console) -> anyhow::Result<()> {
    let path = &args.file.file;
    let _lock = alone_with(path);
    let on = args.on.as_deref().map_or_else(today, day)?;
    let records = read_suppressions(path).map_err(ScanError::Config)?;
    let ids = ids(&records, &args.ids)?;
    let text = set_expiry(&text_of(path, false)?, &ids, on).map_err(|error| refused(path, &error))?;
    write_file(path, |out| out.write_all(text.as_bytes()))?;
    let ended = read_suppressions(path).map_err(ScanError::Config)?;
    console.say(|out| {
        let ended = ended.iter().filter(|record| ids.contains(&record.id()));
        ended
            .filter_map(|record| record.expires.map(|day| (record.id(), day)))
            .try_for_each(|(id, day)| writeln!(out, "{id} hides nothing from {day} on"))
    });
    Ok(())
}

/// The ids that begin like those typed.
fn ids(records: &[Suppression], typed: &[String]) -> anyhow::Result<Vec<String>> {
    let known: Vec<String> = records.iter().map(Suppression::id).collect();
    let mut found = Vec::with_capacity(typed.len());
    for text in typed {
        let fitting: Vec<&String> =
            known.iter().filter(|id| !text.is_empty() && id.starts_with(text)).collect();
        match fitting.as_slice() {
            [one] => found.push((*one).clone()),
            [] => return Err(Fault::error(Failure::Usage, format!("no suppression `{text}`"))),
            _ => {
                let message = format!("`{text}` begins several suppressions; say more of the id");
                return Err(Fault::error(Failure::Usage, message));
            }
        }
    }
    Ok(found)
}

/// Keeps others of us from changing the file between its reading and its writing, until the value goes. The file itself
/// is replaced, so its folder is locked; `None` where that cannot be done, which is no reason not to go on.
fn alone_with(path: &Path) -> Option<File> {
    let folder = File::open(folder_of(path)).ok()?;
    folder.lock().ok().map(|()| folder)
}

/// The file as text; an absent one is empty where it may be.
fn text_of(path: &Path, may_be_absent: bool) -> anyhow::Result<String> {
    let mut text = String::new();
    // One byte more than allowed, so that the parser sees that it is too much.
    let most = CONFIG_BYTES_MAX as u64 + 1;
    match File::open(path).and_then(|file| file.take(most).read_to_string(&mut text)) {
        Ok(_) => {
            parse_suppressions(text.as_bytes()).map_err(|problems| {
                let name = path.display();
                let said = problems.into_iter().map(|p| format!("{name}:{}: {}", p.line, p.text)).collect();
                ScanError::Config(said)
            })?;
            Ok(text)
        }
        Err(error) if may_be_absent && error.kind() == ErrorKind::NotFound => Ok(String::new()),
        Err(error) => {
            Err(ScanError::Config(vec![format!("cannot read `{}`: {error}", path.display())]).into())
        }
    }
}

fn refused(path: &Path, error: &EditError) -> anyhow::Error {
    let failure = if *error == EditError::Layout { Failure::Config } else { Failure::Usage };
    Fault::error(failure, format!("{}: {error}", path.display()))
}

/// When a record ends: days after it was made, a day, or never.
fn end(text: &str, created: Day) -> anyhow::Result<Option<Day>> {
    if text == "never" {
        return Ok(None);
    }
    let days = text.strip_suffix('d').and_then(|days| days.parse::<u16>().ok()).filter(|days| *days > 0);
    days.map_or_else(|| day(text), |days| Ok(created.plus(i32::from(days)))).map(Some)
}

fn day(text: &str) -> anyhow::Result<Day> {
    parse_day(text).ok_or_else(|| {
        Fault::error(Failure::Usage, format!("`{text}` is no day such as 2026-05-04, nor days such as 30d"))
    })
}

/// The UTC day on the wall clock.
fn today() -> anyhow::Result<Day> {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_err(|_early| Fault::error(Failure::Internal, "the clock stands before 1970"))?;
    Ok(Timestamp::from_secs(i64::try_from(since.as_secs()).unwrap_or(i64::MAX / 2_000_000)).day())
}

fn user() -> Option<String> {
    ["USER", "LOGNAME", "USERNAME"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok().filter(|n| !n.is_empty()))
}
