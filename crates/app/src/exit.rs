//! Exit codes (DESIGN section 8), and what a failure says before one.

use crate::terminal::Console;
use std::fmt;
use std::io::ErrorKind;
use std::process::ExitCode;
use undertone_engine::ScanError;
use undertone_wire::findings::text::escaped;

/// How a run ended that did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Ran.
    Done,
    /// Findings at or above `--fail-on`.
    FailOn,
    /// Ran, but part of the input could not be read.
    Partial,
}

/// Why a run failed, as far as the exit code tells it apart (the codes of BSD `sysexits.h`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The command line asks for something impossible.
    Usage,
    /// No usable input.
    Data,
    /// A defect of this program.
    Internal,
    /// Output could not be written.
    Output,
    /// Configuration.
    Config,
    /// Ctrl-C.
    Interrupted,
}

impl Failure {
    const fn code(self) -> u8 {
        match self {
            Self::Usage => 64,
            Self::Data => 65,
            Self::Internal => 70,
            Self::Output => 74,
            Self::Config => 78,
            Self::Interrupted => 130,
        }
    }
}

/// A failure with its message, to travel inside an [`anyhow::Error`].
#[derive(Debug)]
pub(crate) struct Fault {
    failure: Failure,
    message: String,
}

impl Fault {
    /// A failure that says `message`.
    pub(crate) fn error(failure: Failure, message: impl Into<String>) -> anyhow::Error {
        anyhow::Error::new(Self { failure, message: message.into() })
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Fault {}

/// The exit code of a command line that clap refused (64), or of `--help` and `--version` (0).
pub(crate) fn of_usage(error: &clap::Error) -> ExitCode {
    // A reader that left early is no failure of ours; clap prints nothing else that could fail.
    let _printed = error.print();
    if error.use_stderr() { ExitCode::from(Failure::Usage.code()) } else { ExitCode::SUCCESS }
}

/// The exit code of a run; a failure is said on stderr.
pub(crate) fn of_run(result: anyhow::Result<Outcome>, console: &Console) -> ExitCode {
    let error = match result {
        Ok(Outcome::Done) => return ExitCode::SUCCESS,
        Ok(Outcome::FailOn) => return ExitCode::from(2),
        Ok(Outcome::Partial) => return ExitCode::from(3),
        Err(error) => error,
    };
    if is_broken_pipe(&error) {
        return ExitCode::SUCCESS;
    }
    match error.downcast_ref::<ScanError>() {
        Some(ScanError::Config(problems)) => problems.iter().for_each(|text| console.error(&escaped(text))),
        _ => console.error(&escaped(&format!("{error:#}"))),
    }
    ExitCode::from(failure_of(&error).code())
}

fn failure_of(error: &anyhow::Error) -> Failure {
    if let Some(fault) = error.downcast_ref::<Fault>() {
        return fault.failure;
    }
    match error.downcast_ref::<ScanError>() {
        Some(ScanError::NoUsableInput(_)) => Failure::Data,
        Some(ScanError::Config(_)) => Failure::Config,
        Some(ScanError::Interrupted) => Failure::Interrupted,
        Some(ScanError::Storage(_)) => Failure::Output,
        _ => Failure::Internal,
    }
}

/// Whether standard output was closed by its reader (`undertone scan | head`).
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<std::io::Error>().is_some_and(|io| io.kind() == ErrorKind::BrokenPipe)
}
