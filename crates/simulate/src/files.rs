//! The folder of a fleet.

use crate::fleet::Fleet;
use crate::options::{Error, FleetOptions, LogFormat};
use crate::write::labels::INVENTORY_HEADER;
use crate::write::{DeviceRows, zeek};
use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FleetSummary {
    /// Phones.
    pub devices: u64,
    /// Rows of Zeek logs, all four together, headers not counted.
    pub zeek_lines: u64,
    /// Rows of phone telemetry.
    pub telemetry_lines: u64,
    /// Rows of `truth.json`.
    pub implants: u64,
    /// Rows of `rare_benign.json`.
    pub rare_benign: u64,
    /// Bytes of everything.
    pub bytes: u64,
}

/// Writes a fleet into the folder `out`, which is made if it is absent; files of the same names are replaced.
///
/// Memory holds one phone per thread at a time.
///
/// # Errors
/// An option out of its range, or a file that cannot be written.
pub fn write_fleet(options: &FleetOptions, out: &Path) -> Result<FleetSummary, Error> {
    fs::create_dir_all(out).map_err(|source| failed(out, source))?;
    write_fleet_within(options, out)
}

/// The same into a folder that is there: once it is gone it is not made anew, so that who removes it while it is written
/// gets it removed.
///
/// # Errors
/// Those of [`write_fleet`].
pub fn write_fleet_within(options: &FleetOptions, out: &Path) -> Result<FleetSummary, Error> {
    options.validate()?;
    let fleet = Fleet::new(options);
    let mut folder = Folder::create(options, out)?;
    let threads = match options.threads {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        threads => threads.min(256),
    };
    let mut next = 0;
    while next < options.devices {
        let chunk: Vec<u32> = (next..options.devices).take(threads).collect();
        next += u32::try_from(chunk.len()).unwrap_or(u32::MAX);
        for rows in devices(&fleet, &chunk)? {
            folder.add(&rows)?;
        }
    }
    folder.finish()
}

/// Makes some phones at once, in order.
fn devices(fleet: &Fleet<'_>, chunk: &[u32]) -> Result<Vec<DeviceRows>, Error> {
    if let [single] = chunk {
        return Ok(vec![fleet.device(*single)]);
    }
    std::thread::scope(|scope| {
        let workers: Vec<_> = chunk.iter().map(|index| scope.spawn(move || fleet.device(*index))).collect();
        workers.into_iter().map(|worker| worker.join().map_err(|_| Error::Thread)).collect()
    })
}

/// One file being written.
struct Sink {
    path: PathBuf,
    file: BufWriter<File>,
    bytes: u64,
}

impl Sink {
    fn create(path: PathBuf, head: &str) -> Result<Self, Error> {
        let file = File::create(&path).map_err(|source| failed(&path, source))?;
        let mut sink = Self { path, file: BufWriter::with_capacity(1 << 18, file), bytes: 0 };
        sink.write(head.as_bytes())?;
        Ok(sink)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.bytes += bytes.len() as u64;
        self.file.write_all(bytes).map_err(|source| failed(&self.path, source))
    }

    fn finish(mut self) -> Result<u64, Error> {
        self.file.flush().map_err(|source| failed(&self.path, source))?;
        Ok(self.bytes)
    }
}

/// A folder within one that is there; none above it is made.
fn make_within(path: PathBuf) -> Result<PathBuf, Error> {
    match fs::create_dir(&path) {
        Err(source) if source.kind() != std::io::ErrorKind::AlreadyExists => Err(failed(&path, source)),
        _ => Ok(path),
    }
}

fn failed(path: &Path, source: std::io::Error) -> Error {
    Error::Write { path: path.display().to_string(), source }
}

/// Every file of a fleet.
struct Folder {
    root: PathBuf,
    /// Per day: conn, dns, ssl, http, and MobileEDR where telemetry is written.
    days: Vec<Vec<Sink>>,
    truth: Sink,
    rare_benign: Sink,
    inventory: Sink,
    summary: FleetSummary,
}

impl Folder {
    fn create(options: &FleetOptions, root: &Path) -> Result<Self, Error> {
        let (logs, reports) = (make_within(root.join("zeek"))?, root.join("edr"));
        if options.edr {
            make_within(reports.clone())?;
        }
        let mut days = Vec::new();
        for offset in 0..i32::try_from(options.days).unwrap_or(i32::MAX) {
            let day = options.start.plus(offset).to_string();
            let logs = make_within(logs.join(&day))?;
            let mut sinks = Vec::new();
            for log in zeek::LOGS {
                let head =
                    if options.format == LogFormat::Tsv { zeek::header(log, &day) } else { String::new() };
                sinks.push(Sink::create(logs.join(format!("{log}.log")), &head)?);
            }
            if options.edr {
                let reports = make_within(reports.join(&day))?;
                sinks.push(Sink::create(reports.join("mobile-edr.ndjson"), "")?);
            }
            days.push(sinks);
        }
        Ok(Self {
            root: root.to_owned(),
            days,
            truth: Sink::create(root.join("truth.json"), "[")?,
            rare_benign: Sink::create(root.join("rare_benign.json"), "[")?,
            inventory: Sink::create(root.join("inventory.csv"), INVENTORY_HEADER)?,
            summary: FleetSummary::default(),
        })
    }

    fn add(&mut self, rows: &DeviceRows) -> Result<(), Error> {
        for (sinks, day) in self.days.iter_mut().zip(&rows.days) {
            for (sink, bytes) in sinks.iter_mut().zip(day.zeek.iter().chain([&day.edr])) {
                sink.write(bytes)?;
            }
        }
        // Elements carry the comma before them; the first one of the file loses it.
        write_elements(&mut self.truth, &rows.truth)?;
        write_elements(&mut self.rare_benign, &rows.rare_benign)?;
        self.inventory.write(&rows.inventory)?;
        if let Some((name, content)) = &rows.own_log {
            let phones = make_within(self.root.join("phones"))?;
            let mut sink = Sink::create(phones.join(name), "")?;
            sink.write(content)?;
            self.summary.bytes += sink.finish()?;
        }
        self.summary.devices += 1;
        self.summary.zeek_lines += rows.zeek_lines;
        self.summary.telemetry_lines += rows.edr_lines;
        self.summary.implants += rows.implants;
        self.summary.rare_benign += rows.honest;
        Ok(())
    }

    fn finish(mut self) -> Result<FleetSummary, Error> {
        self.truth.write(b"\n]\n")?;
        self.rare_benign.write(b"\n]\n")?;
        let mut bytes = self.summary.bytes;
        let rest = [self.truth, self.rare_benign, self.inventory];
        for sink in self.days.into_iter().flatten().chain(rest) {
            bytes += sink.finish()?;
        }
        Ok(FleetSummary { bytes, ..self.summary })
    }
}

fn write_elements(sink: &mut Sink, elements: &[u8]) -> Result<(), Error> {
    let skip = usize::from(sink.bytes == 1 && !elements.is_empty());
    sink.write(elements.get(skip..).unwrap_or_default())
}
