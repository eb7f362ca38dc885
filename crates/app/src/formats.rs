//! `undertone formats`, `undertone completions` and `undertone man`: what the program can print about itself.

use crate::cli::{Cli, Shell};
use crate::exit::{Failure, Fault, Outcome};
use crate::output::{to_stdout, write_file};
use clap::CommandFactory as _;
use std::path::Path;
use undertone_wire::findings::Format;

/// Lists the output formats.
///
/// # Errors
/// Standard output.
pub(crate) fn run() -> anyhow::Result<Outcome> {
    to_stdout(|out| {
        for format in Format::ALL {
            let extensions: Vec<_> =
                format.extensions().iter().map(|extension| format!(".{extension}")).collect();
            writeln!(out, "{:<10} {:<15} {}", format.name(), extensions.join(" "), format.purpose())?;
        }
        Ok(())
    })?;
    Ok(Outcome::Done)
}

/// Prints the manual page, or writes one for each command into a folder.
///
/// # Errors
/// Standard output, or a page that cannot be written.
pub(crate) fn man(folder: Option<&Path>) -> anyhow::Result<Outcome> {
    let mut command = Cli::command();
    command.build();
    let Some(folder) = folder else {
        let page = page(&command)?;
        to_stdout(|out| out.write_all(&page))?;
        return Ok(Outcome::Done);
    };
    std::fs::create_dir_all(folder).map_err(|error| {
        Fault::error(Failure::Output, format!("no folder `{}` to write to: {error}", folder.display()))
    })?;
    write_pages(&command, folder)?;
    Ok(Outcome::Done)
}

fn write_pages(command: &clap::Command, folder: &Path) -> anyhow::Result<()> {
    let name = command.get_display_name().unwrap_or_else(|| command.get_name());
    let page = page(command)?;
    write_file(&folder.join(format!("{name}.1")), |out| out.write_all(&page))?;
    let listed = |sub: &&clap::Command| !sub.is_hide_set() && sub.get_name() != "help";
    command.get_subcommands().filter(listed).try_for_each(|sub| write_pages(sub, folder))
}

fn page(command: &clap::Command) -> anyhow::Result<Vec<u8>> {
    let mut page = Vec::new();
    // No date: the same program writes the same bytes.
    clap_mangen::Man::new(command.clone()).render(&mut page)?;
    Ok(page)
}

/// Prints completions for a shell.
///
/// # Errors
/// Standard output.
pub(crate) fn completions(shell: Shell) -> anyhow::Result<Outcome> {
    let shell = match shell {
        Shell::Bash => clap_complete::Shell::Bash,
        Shell::Elvish => clap_complete::Shell::Elvish,
        Shell::Fish => clap_complete::Shell::Fish,
        Shell::Powershell => clap_complete::Shell::PowerShell,
        Shell::Zsh => clap_complete::Shell::Zsh,
    };
    // Into memory first: the generator panics on an output that fails.
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "undertone", &mut text);
    to_stdout(|out| out.write_all(&text))?;
    Ok(Outcome::Done)
}
