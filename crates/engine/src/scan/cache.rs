//! Records of inputs that were read before: kept in a file named by what the inputs hold, so that trying thresholds on
//! the same logs does not parse them again.
//!
//! The name is a hash of the program, of what decides while inputs are read, and of every input's name and content: a
//! file that changed has another name, and what was stored is never wrong, only unused. What cannot be read or written
//! costs time and nothing else. The files hold what the logs hold, so only their owner may read them.

use super::report::Rejected;
use super::{ScanOptions, ScanSummary};
use crate::identity::Directory;
use crate::input::{InputPath, StopFlag};
use crate::partition::{Partitions, SinkSettings};
use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use undertone_wire::RejectReason;
use undertone_wire::packed::RunHead;

/// First bytes of a file; the number is that of the layout.
const MAGIC: &[u8; 16] = b"undertone-run\0\0\x01";
/// Files kept in a folder, the latest, records and devices: of records each is about a third of a gigabyte for ten
/// million rows.
const FILES_MAX: usize = 12;
/// Longest head: names of a million devices.
const HEAD_BYTES_MAX: u64 = 256 << 20;
/// Files that inputs may come to for them to be hashed one by one.
const INPUTS_MAX: usize = 100_000;
/// Deepest folder.
const DEPTH_MAX: usize = 64;
/// Compression level of zstd: the fastest; packed records shrink to about a third.
const LEVEL: i32 = 1;
const EXTENSION: &str = "undertone-run";
/// How the names of files that are being written begin.
const UNFINISHED: &str = ".run-";
/// How long a file may take to be written: older ones are of runs that were ended in the middle.
const UNFINISHED_AGE: Duration = Duration::from_hours(24);

/// A place for the records of some inputs.
pub(super) struct Slot {
    path: PathBuf,
    key: [u8; 32],
    stop: StopFlag,
}

impl Slot {
    /// The slot of the inputs in a folder; `None` where they cannot be read twice or not at all.
    pub(super) fn of(folder: &Path, options: &ScanOptions, stop: &StopFlag) -> Option<Self> {
        let key = key(options, stop).ok()?;
        let name = u128::from_be_bytes(*key.first_chunk()?);
        Some(Self { path: folder.join(format!("{name:032x}.{EXTENSION}")), key, stop: stop.clone() })
    }

    /// What is stored, packed into new partitions; `None` where nothing is, or it is damaged.
    pub(super) fn load(
        &self,
        settings: &Arc<SinkSettings>,
        directory: &Arc<Directory>,
    ) -> Option<(Partitions, ScanSummary)> {
        self.read(settings, directory).ok()
    }

    /// A slot for what is made of these inputs in one way or another.
    pub(super) fn beside(&self, how: &str) -> Self {
        let mut hash = Sha256::new();
        hash.update(self.key);
        hash.update(how);
        let key: [u8; 32] = hash.finalize().into();
        let name = key.iter().take(16).fold(0_u128, |name, byte| name << 8 | u128::from(*byte));
        Self {
            path: self.path.with_file_name(format!("{name:032x}.{EXTENSION}")),
            key,
            stop: self.stop.clone(),
        }
    }

    /// What follows the head of a file that is there and ours, and the head.
    pub(super) fn open(&self) -> io::Result<(impl Read + use<>, RunHead)> {
        let mut file = BufReader::new(File::open(&self.path)?);
        let mut opening = [0; 48];
        file.read_exact(&mut opening)?;
        if opening.split_at(16) != (MAGIC.as_slice(), self.key.as_slice()) {
            return Err(damaged());
        }
        // What is used stays: the oldest go. Whoever may only read it has it all the same.
        let _touched = file.get_ref().set_modified(SystemTime::now());
        let mut input = zstd::Decoder::with_buffer(file)?;
        let mut length = [0; 8];
        input.read_exact(&mut length)?;
        let length = Some(u64::from_le_bytes(length)).filter(|n| *n <= HEAD_BYTES_MAX).ok_or_else(damaged)?;
        let mut bytes = Vec::new();
        input.by_ref().take(length).read_to_end(&mut bytes)?;
        let head = RunHead::decode(&bytes).ok_or_else(damaged)?;
        Ok((input, head))
    }

    fn read(
        &self,
        settings: &Arc<SinkSettings>,
        directory: &Arc<Directory>,
    ) -> io::Result<(Partitions, ScanSummary)> {
        let (mut input, head) = self.open()?;
        let partitions =
            Partitions::restore(Arc::clone(settings), Arc::clone(directory), &head.parts, &mut input)?;
        // The end of the stream holds its checksum.
        if input.read(&mut [0])? != 0 {
            return Err(damaged());
        }
        Ok((partitions, summary_of(head).ok_or_else(damaged)?))
    }

    /// Stores what was read.
    pub(super) fn store(&self, partitions: &Partitions, summary: &ScanSummary) -> io::Result<()> {
        self.create(&RunHead { parts: partitions.parts(), ..head_of(summary) }, |mut out| {
            partitions.write(&mut out)
        })
    }

    /// Writes a file whole or not at all; what is older than the latest few goes.
    pub(super) fn create(
        &self,
        head: &RunHead,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<()> {
        let Some(folder) = self.path.parent() else { return Ok(()) };
        create_private(folder)?;
        let mut file = tempfile::Builder::new().prefix(UNFINISHED).tempfile_in(folder)?;
        let mut out = BufWriter::new(UnlessStopped { out: file.as_file_mut(), stop: &self.stop });
        out.write_all(MAGIC)?;
        out.write_all(&self.key)?;
        let mut packed = zstd::Encoder::new(out, LEVEL)?;
        packed.include_checksum(true)?;
        let mut bytes = Vec::new();
        head.encode(&mut bytes);
        packed.write_all(&(bytes.len() as u64).to_le_bytes())?;
        packed.write_all(&bytes)?;
        write(&mut packed)?;
        packed.finish()?.flush()?;
        file.persist(&self.path).map_err(|error| error.error)?;
        evict(folder)
    }
}

pub(super) fn damaged() -> io::Error {
    io::ErrorKind::InvalidData.into()
}

/// A folder that only its owner may look into, where it is made here.
fn create_private(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// A file that is written until the run is interrupted: then what there is of it goes.
struct UnlessStopped<'f> {
    out: &'f mut File,
    stop: &'f StopFlag,
}

impl Write for UnlessStopped<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        unless_stopped(self.stop)?;
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Removes all but the latest files of ours, and what nobody finished.
fn evict(folder: &Path) -> io::Result<()> {
    let (mut ours, mut unfinished) = (Vec::new(), Vec::new());
    for entry in folder.read_dir()? {
        let entry = entry?;
        let path = entry.path();
        if path.extension().is_some_and(|extension| extension == EXTENSION) {
            let modified = unless_gone(entry.metadata().and_then(|metadata| metadata.modified()))?;
            ours.extend(modified.map(|modified| (modified, path)));
        } else if entry.file_name().as_encoded_bytes().starts_with(UNFINISHED.as_bytes()) {
            let modified = unless_gone(entry.metadata().and_then(|metadata| metadata.modified()))?;
            let age = modified.and_then(|modified| modified.elapsed().ok());
            unfinished.extend(age.filter(|age| *age > UNFINISHED_AGE).map(|_| path));
        }
    }
    ours.sort();
    let surplus = ours.len().saturating_sub(FILES_MAX);
    remove(ours.into_iter().take(surplus).map(|(_, path)| path).chain(unfinished))
}

fn remove(mut files: impl Iterator<Item = PathBuf>) -> io::Result<()> {
    files.try_for_each(|path| unless_gone(fs::remove_file(path)).map(drop))
}

/// What came of a file of ours; another run may have removed it meanwhile, which is no error.
fn unless_gone<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        result => result.map(Some),
    }
}

fn key(options: &ScanOptions, stop: &StopFlag) -> io::Result<[u8; 32]> {
    let mut hash = Sha256::new();
    hash.update(MAGIC);
    // Packed records are those of one build: another program has other slots.
    hash.update(content(&std::env::current_exe()?, stop)?);
    hash.update(format!("{:?} {}", options.internal, options.utc_offset_secs));
    let mut files = Vec::new();
    for input in &options.inputs {
        match input {
            InputPath::Path(path) => gather(path, 0, &mut files)?,
            InputPath::Stdin => return Err(io::ErrorKind::Unsupported.into()),
        }
    }
    for path in &options.inventory {
        gather(path, 0, &mut files)?;
    }
    for path in files {
        let name = path.as_os_str().as_encoded_bytes();
        hash.update((name.len() as u64).to_le_bytes());
        hash.update(name);
        hash.update(content(&path, stop)?);
    }
    Ok(hash.finalize().into())
}

/// Every file below a path, in the order of names.
fn gather(path: &Path, depth: usize, files: &mut Vec<PathBuf>) -> io::Result<()> {
    let metadata = path.metadata()?;
    if metadata.is_dir() && depth < DEPTH_MAX {
        let mut inside = path.read_dir()?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
        inside.sort();
        return inside.iter().try_for_each(|path| gather(path, depth + 1, files));
    }
    if !metadata.is_file() || files.len() >= INPUTS_MAX {
        return Err(io::ErrorKind::Unsupported.into());
    }
    files.push(path.to_owned());
    Ok(())
}

/// An error once the run is interrupted, which nothing tries again, unlike `Interrupted`.
fn unless_stopped(stop: &StopFlag) -> io::Result<()> {
    if stop.is_stopped() { Err(io::Error::other("interrupted")) } else { Ok(()) }
}

fn content(path: &Path, stop: &StopFlag) -> io::Result<[u8; 32]> {
    let mut file = File::open(path)?;
    let mut hash = Sha256::new();
    let mut block = vec![0; 1 << 20];
    loop {
        unless_stopped(stop)?;
        match file.read(&mut block)? {
            0 => return Ok(hash.finalize().into()),
            count => hash.update(block.get(..count).unwrap_or_default()),
        }
    }
}

pub(super) fn head_of(summary: &ScanSummary) -> RunHead {
    let pairs = |rows: &[(String, String)]| rows.to_vec();
    RunHead {
        numbers: vec![summary.files, summary.bytes, summary.rows_accepted, u64::from(summary.is_incomplete)],
        rejected: summary
            .rows_rejected
            .iter()
            .map(|(why, rows)| {
                let example = (rows.first_file.clone(), rows.first_line, rows.first_detail.clone());
                ((*why).to_owned(), rows.count, example.0, example.1, example.2)
            })
            .collect(),
        ignored: summary.rows_ignored.iter().map(|(what, count)| (what.clone(), *count)).collect(),
        skipped: pairs(&summary.skipped),
        partial: pairs(&summary.partial),
        notes: summary.notes.clone(),
        span: summary.first.zip(summary.last),
        parts: Vec::new(),
    }
}

pub(super) fn summary_of(head: RunHead) -> Option<ScanSummary> {
    let [files, bytes, rows_accepted, is_incomplete] = head.numbers.as_slice() else { return None };
    let rejected = head.rejected.into_iter().map(|(why, count, first_file, first_line, first_detail)| {
        let rows = Rejected { count, first_file, first_line, first_detail };
        RejectReason::from_name(&why).map(|reason| (reason.as_str(), rows))
    });
    Some(ScanSummary {
        files: *files,
        bytes: *bytes,
        rows_accepted: *rows_accepted,
        rows_rejected: rejected.collect::<Option<_>>()?,
        rows_ignored: head.ignored.into_iter().collect(),
        skipped: head.skipped,
        partial: head.partial,
        is_incomplete: *is_incomplete != 0,
        notes: head.notes,
        first: head.span.map(|(first, _)| first),
        last: head.span.map(|(_, last)| last),
        ..ScanSummary::default()
    })
}

#[cfg(test)]
mod tests {
    use super::super::recorded::{FROM_CACHE, Recorded};
    use super::*;
    use crate::input::Progress;

    #[test]
    fn a_file_that_another_run_removed_is_no_error() {
        let folder = tempfile::tempdir().unwrap();
        let (gone, there) = (folder.path().join("gone"), folder.path().join("there"));
        fs::write(&there, "").unwrap();
        remove([gone, there.clone()].into_iter()).unwrap();
        assert!(!there.exists());
    }

    #[test]
    fn what_was_used_last_stays_and_what_nobody_finished_goes() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str, age_secs: u64| {
            let file = File::create(folder.path().join(name)).unwrap();
            file.set_modified(SystemTime::now() - Duration::from_secs(age_secs)).unwrap();
        };
        let name = |number: u64| format!("{number:032x}.{EXTENSION}");
        (0..12).for_each(|number| at(&name(number), 1000 * (number + 1)));
        at(".run-left", 200_000);
        at(".run-now", 60);
        at("other", 200_000);
        // The oldest of all is read again, and then there is one too many.
        let slot = Slot { path: folder.path().join(name(20)), key: [7; 32], stop: StopFlag::default() };
        slot.create(&RunHead::default(), |_| Ok(())).unwrap();
        let oldest = File::options().write(true).open(&slot.path).unwrap();
        oldest.set_modified(SystemTime::now() - Duration::from_hours(25)).unwrap();
        assert!(slot.open().is_ok());
        at(&name(21), 0);
        evict(folder.path()).unwrap();
        let left = |name: &str| folder.path().join(name).exists();
        assert_eq!([left(&name(20)), left(&name(10)), left(&name(9))], [true, false, true]);
        assert_eq!([left(".run-left"), left(".run-now"), left("other")], [false, true, true]);
    }

    #[test]
    fn an_interrupted_run_keeps_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let stop = StopFlag::default();
        let slot = Slot { path: folder.path().join("kept"), key: [7; 32], stop: stop.clone() };
        let written = slot.create(&RunHead::default(), |out| {
            stop.stop();
            (0..100_000_u64)
                .try_for_each(|n| out.write_all(&n.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes()))
        });
        assert!(written.is_err());
        assert_eq!(folder.path().read_dir().unwrap().count(), 0);
    }

    #[test]
    fn a_damaged_file_takes_nothing_of_the_budget() {
        let folder = tempfile::tempdir().unwrap();
        let (log, path) = (folder.path().join("conn.log"), folder.path().join("kept"));
        let rows = (0..500).map(|n| {
            format!("{}.5\tC{n}\t10.0.{}.7\t40000\t203.0.113.9\t443\ttcp\n", 1_780_000_000 + n, n % 50)
        });
        let head = "#separator \\x09\n#path\tconn\n\
                    #fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\n";
        fs::write(&log, format!("{head}{}", rows.collect::<String>())).unwrap();
        let options = ScanOptions { threads: 1, ..ScanOptions::new(vec![InputPath::Path(log)]) };
        let read = || {
            let slot = Slot { path: path.clone(), key: [7; 32], stop: StopFlag::default() };
            let read =
                Recorded::read(&options, Some(slot), &Progress::default(), &StopFlag::default()).unwrap();
            let (counted, held) = read.partitions.in_memory();
            assert_eq!((counted, counted > 0), (held, true));
            read.base.notes.iter().any(|note| note == FROM_CACHE)
        };
        assert_eq!([read(), read()], [false, true]);
        // Without the checksum at its end.
        let stored = fs::read(&path).unwrap();
        fs::write(&path, stored.get(..stored.len() - 4).unwrap()).unwrap();
        assert!(!read());
    }
}
