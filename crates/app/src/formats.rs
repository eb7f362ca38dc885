//! `undertone formats` and `undertone completions`: what the program can print about itself.

use crate::cli::{Cli, Shell};
use crate::exit::Outcome;
use crate::output::to_stdout;
use clap::CommandFactory as _;
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
