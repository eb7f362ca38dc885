//! Where findings go: standard output and files, each file whole or not at all.

use crate::cli::ShownArgs;
use crate::exit::{Failure, Fault};
use crate::interrupt::Temporary;
use crate::terminal::Console;
use std::collections::BTreeSet;
use std::fs::{File, Metadata};
use std::io::{self, BufWriter, IsTerminal, Read as _, Write, stdout};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;
use undertone_core::finding::Finding;
use undertone_engine::input::{HEAD_BYTES, is_packed};
use undertone_wire::config::hint;
use undertone_wire::findings::{Format, RunFacts, TerminalStyle};
use undertone_wire::format;

/// A file to write findings to.
#[derive(Debug)]
struct Target {
    format: Format,
    path: PathBuf,
}

/// Everything that a run writes findings to, checked before the work starts.
#[derive(Debug)]
pub(crate) struct Outputs {
    stdout: Option<Format>,
    targets: Vec<Target>,
}

impl Outputs {
    /// What the command line asks for.
    ///
    /// # Errors
    /// An output without a known format, in a folder that is not there, or that is named twice.
    pub(crate) fn new(args: &ShownArgs) -> anyhow::Result<Self> {
        let asked = args.format.as_deref().and_then(Format::from_name);
        let is_for_file = args.output.iter().any(|text| takes_asked(text, asked));
        let targets =
            args.output.iter().map(|text| target(text, asked)).collect::<anyhow::Result<Vec<_>>>()?;
        each_once(targets.iter().map(|target| target.path.as_path()))?;
        let usual = if stdout().is_terminal() { Format::Table } else { Format::Jsonl };
        let stdout = if targets.is_empty() { asked.or(Some(usual)) } else { asked.filter(|_| !is_for_file) };
        Ok(Self { stdout, targets })
    }

    /// The first file of JSON Lines, which `explain` and `suppress` read.
    pub(crate) fn stored(&self) -> Option<&Path> {
        self.targets.iter().find(|target| target.format == Format::Jsonl).map(|target| target.path.as_path())
    }

    /// Refuses to write something else over findings.
    ///
    /// # Errors
    /// A file that is one of the outputs.
    pub(crate) fn spare(&self, path: &Path) -> anyhow::Result<()> {
        let paths = self.targets.iter().map(|target| target.path.as_path());
        each_once(paths.chain([path]))
    }

    /// Writes the findings everywhere: the files first, then standard output.
    ///
    /// # Errors
    /// The first output that fails; files written before it stay, the failed one leaves nothing.
    pub(crate) fn write(
        &self,
        findings: &[&Finding],
        run: Option<&RunFacts>,
        console: &Console,
    ) -> anyhow::Result<()> {
        for target in &self.targets {
            write_file(&target.path, |out| {
                target.format.write_of_run(out, findings, TerminalStyle::PLAIN, run)
            })?;
        }
        match self.stdout {
            Some(format) => to_stdout(|out| format.write_of_run(out, findings, console.stdout_style(), run)),
            None => Ok(()),
        }
    }

    /// Whether an output has a place for what is known of the run, which costs a second reading of the inputs.
    pub(crate) fn tell_the_run(&self) -> bool {
        let formats = self.targets.iter().map(|target| target.format).chain(self.stdout);
        formats.into_iter().any(Format::tells_the_run)
    }
}

/// Writes to standard output through a buffer.
///
/// # Errors
/// A broken pipe as itself (the reader has enough), anything else as a failed output.
pub(crate) fn to_stdout(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> anyhow::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 16, stdout().lock());
    let written = write(&mut out).and_then(|()| out.flush());
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Err(error.into()),
        Err(error) => Err(refused("standard output", &error)),
        Ok(()) => Ok(()),
    }
}

/// Writes a file whole or not at all: into a neighbour, synced, then renamed over `path`.
///
/// # Errors
/// A failed output; the neighbour is gone and `path` is as before. A file that holds logs: see [`spare_logs`].
pub(crate) fn write_file(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> anyhow::Result<()> {
    spare_logs(path)?;
    replace(path, write).map_err(|error| refused(&path.display().to_string(), &error))
}

/// Refuses to put an output in the place of logs or telemetry, or of anything packed, which is never an output:
/// `scan a.jsonl -o a.jsonl` is a slip, and what it would destroy is evidence.
fn spare_logs(path: &Path) -> anyhow::Result<()> {
    let mut head = Vec::new();
    // What is not there, cannot be read or is no file holds nothing that could be lost; opening a pipe would wait.
    let is_file = path.metadata().is_ok_and(|metadata| metadata.is_file());
    let read = || File::open(path)?.take(HEAD_BYTES as u64).read_to_end(&mut head);
    let is_evidence =
        |head: &[u8]| is_packed(head) || format::detect(head).is_some_and(format::Format::is_evidence);
    if is_file && { read }().is_ok() && is_evidence(&head) {
        let text = format!("`{}` holds logs or telemetry and is not overwritten", path.display());
        return Err(Fault::error(Failure::Output, text));
    }
    Ok(())
}

fn replace(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let known = path.metadata().ok();
    if is_written_as_it_stands(path, known.as_ref()) {
        let mut out = BufWriter::new(File::options().write(true).open(path)?);
        write(&mut out)?;
        return out.flush();
    }
    // What a link points to is replaced, not the link.
    let path = &path.canonicalize().unwrap_or_else(|_absent| path.to_owned());
    let folder = folder_of(path);
    let mut file = Temporary::made(|| new_neighbour(folder))?;
    if let Some(known) = known {
        file.owner.as_file().set_permissions(known.permissions())?;
    }
    let mut out = BufWriter::new(file.owner.as_file_mut());
    write(&mut out)?;
    out.flush()?;
    drop(out);
    file.owner.as_file().sync_all()?;
    file.owner.persist(path).map_err(|error| error.error)?;
    // The rename itself lasts once the folder is synced; not every file system allows that.
    let _synced = File::open(folder).and_then(|folder| folder.sync_all());
    Ok(())
}

/// Neither a pipe nor a device can be replaced, nor what is open already under another name (`/dev/stdout`).
fn is_written_as_it_stands(path: &Path, known: Option<&Metadata>) -> bool {
    let is_open_elsewhere = ["/dev", "/proc"].iter().any(|folder| path.starts_with(folder));
    known.is_some_and(|known| is_open_elsewhere || !known.is_file())
}

/// A temporary file in the folder, with the permissions that a new file gets (not those of a secret).
fn new_neighbour(folder: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".undertone-").suffix(".part");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    // The name of the temporary file would tell nobody anything.
    builder.tempfile_in(folder).map_err(|error| error.kind().into())
}

/// The folder of a file.
pub(crate) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn refused(what: &str, error: &io::Error) -> anyhow::Error {
    Fault::error(Failure::Output, format!("cannot write `{what}`: {error}"))
}

/// Refuses a file that two outputs would write: the second would replace the first. Pipes and devices take both.
fn each_once<'p>(paths: impl IntoIterator<Item = &'p Path>) -> anyhow::Result<()> {
    let mut known = BTreeSet::new();
    for path in paths {
        let is_replaced = path.metadata().is_ok_and(|metadata| metadata.is_file()) || !path.exists();
        let folder = || folder_of(path).canonicalize().unwrap_or_else(|_gone| folder_of(path).to_owned());
        let of_absent = |_absent| path.file_name().map_or_else(folder, |name| folder().join(name));
        if is_replaced && !known.insert(path.canonicalize().unwrap_or_else(of_absent)) {
            let text = format!("`{}` is the file of two outputs", path.display());
            return Err(Fault::error(Failure::Usage, text));
        }
    }
    Ok(())
}

/// The target of `FILE` or `FORMAT:FILE`; `asked` is what `--format` names.
fn target(text: &str, asked: Option<Format>) -> anyhow::Result<Target> {
    let (named, path) = split(text);
    let before = text.split_once(':').filter(|_| named.is_none()).map_or("", |(before, _)| before);
    let meant = hint(before, Format::ALL.map(Format::name).into_iter());
    if !before.is_empty() && !meant.is_empty() {
        return Err(Fault::error(Failure::Usage, format!("`{before}` is no format{meant}")));
    }
    let format = named.or(if takes_asked(text, asked) { asked } else { format_by_extension(path) });
    let Some(format) = format else {
        let names = Format::ALL.map(Format::name).join(", ");
        let text = format!(
            "the name of `{text}` tells no format; say it by --format or as FORMAT:FILE with one of {names}"
        );
        return Err(Fault::error(Failure::Usage, text));
    };
    if path.as_os_str().is_empty() {
        return Err(Fault::error(Failure::Usage, format!("`{text}` names no file")));
    }
    if path == Path::new("-") {
        return Err(Fault::error(Failure::Usage, "standard output is written by --format, not by -o"));
    }
    check_writable(path)?;
    Ok(Target { format, path: path.into() })
}

/// The format before a file, where one is named, and the file.
fn split(text: &str) -> (Option<Format>, &Path) {
    let named = text.split_once(':').and_then(|(name, path)| Some((Format::from_name(name)?, path)));
    named.map_or((None, Path::new(text)), |(format, path)| (Some(format), Path::new(path)))
}

/// Whether what `--format` names is for this file and not for standard output: where the file's own name tells no format,
/// or one that several share.
fn takes_asked(text: &str, asked: Option<Format>) -> bool {
    let (None, path) = split(text) else { return false };
    let is_shared = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
    asked.is_some_and(|asked| if is_shared { asked.is_json() } else { format_by_extension(path).is_none() })
}

/// Refuses a path that nothing can be written to, before the work that would be lost.
///
/// # Errors
/// A folder that is not there or that takes no file, a folder in place of the file, logs that would be overwritten.
pub(crate) fn check_writable(path: &Path) -> anyhow::Result<()> {
    let folder = folder_of(path);
    if !folder.is_dir() {
        return Err(Fault::error(Failure::Output, format!("no folder `{}` to write to", folder.display())));
    }
    if path.is_dir() {
        return Err(Fault::error(Failure::Output, format!("`{}` is a folder", path.display())));
    }
    spare_logs(path)
}

fn format_by_extension(path: &Path) -> Option<Format> {
    path.extension().and_then(|extension| extension.to_str()).and_then(Format::from_extension)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_that_fails_leaves_the_old_file_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("findings.jsonl");
        write_file(&path, |out| out.write_all(b"old")).unwrap();
        let failed = write_file(&path, |out| {
            out.write_all(&vec![b'x'; 1 << 20])?;
            Err(io::Error::other("disk on fire"))
        });
        assert!(failed.unwrap_err().to_string().contains("disk on fire"));
        assert_eq!(std::fs::read(&path).unwrap(), b"old");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_is_packed_is_not_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("conn.log.gz");
        for head in [&b"\x1f\x8b\x08 and so on"[..], b"\x28\xb5\x2f\xfd and so on", b"PK\x03\x04 and so on"] {
            std::fs::write(&path, head).unwrap();
            assert!(write_file(&path, |out| out.write_all(b"new")).is_err());
            assert_eq!(std::fs::read(&path).unwrap(), head);
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_one_and_a_file_keeps_its_permissions() {
        use std::os::unix::fs::{PermissionsExt as _, symlink};
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("findings.jsonl"), folder.path().join("latest.jsonl"));
        std::fs::write(&path, "old").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        symlink("findings.jsonl", &link).unwrap();
        write_file(&link, |out| out.write_all(b"new")).unwrap();
        assert!(link.symlink_metadata().unwrap().is_symlink());
        assert_eq!(std::fs::read(&path).unwrap(), b"new");
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert!(each_once([path.as_path(), &link]).is_err());
    }

    #[test]
    fn a_format_is_named_or_told_by_the_extension_or_asked_for() {
        let table = [
            ("a.csv", None, Some(Format::Csv), "a.csv", false),
            ("a.NDJSON", Some(Format::Table), Some(Format::Jsonl), "a.NDJSON", false),
            ("csv:a.json", Some(Format::Stix), Some(Format::Csv), "a.json", false),
            ("jsonl:a:b", None, Some(Format::Jsonl), "a:b", false),
            ("odd:name.csv", None, Some(Format::Csv), "odd:name.csv", false),
            ("a.json", None, Some(Format::Jsonl), "a.json", false),
            ("a.json", Some(Format::Table), Some(Format::Jsonl), "a.json", false),
            ("a.json", Some(Format::Stix), Some(Format::Stix), "a.json", true),
            ("a", Some(Format::Table), Some(Format::Table), "a", true),
            ("a.out", None, None, "", false),
            ("csv:", None, None, "", false),
            ("csv:-", None, None, "", false),
            ("json:a.txt", Some(Format::Table), None, "", false),
            ("jsnol:a.json", None, None, "", false),
        ];
        for (text, asked, format, path, is_for_file) in table {
            let found = target(text, asked).ok();
            let expected = format.map(|format| (format, Path::new(path)));
            assert_eq!(found.as_ref().map(|found| (found.format, found.path.as_path())), expected, "{text}");
            assert_eq!(takes_asked(text, asked), is_for_file, "{text}");
        }
    }
}
