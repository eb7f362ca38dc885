//! What this run may do to the terminal: colours, widths, how much to say.

use crate::cli::GlobalArgs;
use std::io::{IsTerminal, Write, stderr, stdout};
use undertone_wire::findings::text::escaped;
use undertone_wire::findings::{NAMED_MAX, TerminalStyle};

/// The terminal, as asked for.
#[derive(Debug)]
pub(crate) struct Console {
    quiet: bool,
    verbose: bool,
    colour: bool,
}

impl Console {
    /// From the command line and `NO_COLOR` (<https://no-color.org>: set and not empty).
    pub(crate) fn new(args: &GlobalArgs) -> Self {
        let no_color = args.no_color || std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self { quiet: args.quiet, verbose: args.verbose, colour: !no_color }
    }

    /// Style for standard output: the terminal's width and colours, plain text for a pipe.
    pub(crate) fn stdout_style(&self) -> TerminalStyle {
        if !stdout().is_terminal() {
            return TerminalStyle::PLAIN;
        }
        let width =
            terminal_size::terminal_size().map_or(TerminalStyle::PLAIN.width, |(width, _)| width.0.into());
        TerminalStyle { width, colour: self.colour }
    }

    /// Whether to draw progress: on a terminal that was not asked to be quiet.
    pub(crate) fn draws_progress(&self) -> bool {
        !self.quiet && stderr().is_terminal()
    }

    /// How many files and notes of a kind to name in the run summary.
    pub(crate) const fn named_max(&self) -> usize {
        if self.verbose { usize::MAX } else { NAMED_MAX }
    }

    /// Says something on stderr through `write`, unless asked to be quiet. A closed stderr is not an error.
    pub(crate) fn say(&self, write: impl FnOnce(&mut dyn Write) -> std::io::Result<()>) {
        if !self.quiet {
            let mut text = Vec::new();
            let _closed = write(&mut text).and_then(|()| stderr().lock().write_all(&text));
        }
    }

    /// Says what can be done next, to a person at a terminal.
    pub(crate) fn hint(&self, text: &str) {
        if self.draws_progress() {
            self.say(|out| writeln!(out, "{}", escaped(text)));
        }
    }

    /// Says why the run failed, quiet or not.
    pub(crate) fn error(&self, message: &str) {
        let label =
            if self.colour && stderr().is_terminal() { "\u{1b}[1;31merror\u{1b}[0m" } else { "error" };
        let _closed = writeln!(stderr().lock(), "{label}: {message}");
    }
}
