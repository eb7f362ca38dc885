//! `undertone explain`: one finding in full, from the finding alone; with logs, their rows of its sessions, too.

use crate::cli::ExplainArgs;
use crate::exit::{Failure, Fault, Outcome};
use crate::output::to_stdout;
use crate::suppressed::Suppressions;
use crate::terminal::Console;
use crate::{interrupt, reread, stored};
use undertone_core::finding::Finding;
use undertone_wire::findings::text::escaped;
use undertone_wire::findings::{write_explanation, write_rows};

/// Ids that an error names.
const IDS_NAMED_MAX: usize = 5;

/// Runs the command.
///
/// # Errors
/// Findings that cannot be read, an id that names none or several.
pub(crate) fn run(args: &ExplainArgs, console: &Console) -> anyhow::Result<Outcome> {
    interrupt::at_once()?;
    let suppressions = Suppressions::read(args.suppress.as_deref())?;
    let mut findings = stored::read(&args.input)?;
    suppressions.apply(&mut findings);
    let finding = find(&findings, &args.id)?;
    let read = (!args.paths.is_empty()).then(|| reread::read(finding, &args.paths)).transpose()?;
    let rows = read.as_ref().map_or(&[][..], |read| read.rows.as_slice());
    to_stdout(|out| {
        write_explanation(&mut *out, finding, console.stdout_style())?;
        write_rows(out, rows, console.stdout_style())
    })?;
    let lost = read.iter().flat_map(|read| &read.lost);
    console.say(|out| lost.map(|what| escaped(what)).try_for_each(|what| writeln!(out, "not read: {what}")));
    if finding.suppressed.is_none() && args.input.as_os_str() != "-" {
        let id: String = finding.id.chars().take(8).collect();
        let input = args.input.display();
        console.hint(&format!(
            "known and harmless? undertone suppress add --from {input} {id} --reason TEXT, then --suppress \
             suppressions.yaml"
        ));
    }
    Ok(read.map_or(Outcome::Done, |read| read.outcome))
}

/// The finding whose id begins so.
///
/// # Errors
/// An id that names none or several.
pub(crate) fn find<'a>(findings: &'a [Finding], id: &str) -> anyhow::Result<&'a Finding> {
    let mut matching = findings.iter().filter(|finding| !id.is_empty() && finding.id.starts_with(id));
    let Some(first) = matching.next() else {
        let known: Vec<&str> =
            findings.iter().take(IDS_NAMED_MAX).filter_map(|finding| finding.id.get(..8)).collect();
        let more = if findings.len() > known.len() { ", …" } else { "" };
        let known = if known.is_empty() {
            "the file holds none".to_owned()
        } else {
            format!("the file holds {}: {}{more}", findings.len(), known.join(", "))
        };
        return Err(Fault::error(Failure::Usage, format!("no finding `{id}`; {known}")));
    };
    if matching.any(|other| other.id != first.id) {
        return Err(Fault::error(
            Failure::Usage,
            format!("`{id}` begins several findings; say more of the id"),
        ));
    }
    Ok(first)
}
