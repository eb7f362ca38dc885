//! The engine: files in, findings out.
//!
//! Inputs are read and parsed by several threads; records are packed by device into partitions; each partition
//! is joined, attributed and summed up by one thread; one baseline is reduced over all devices; every series is
//! scored against it. No detection rule and no format lives here.

pub mod identity;
pub mod input;
mod naming;
pub mod partition;
mod scan;
pub mod telemetry;

pub use scan::{
    Analysis, Backtest, BacktestDay, BacktestSpan, Reading, Rejected, ScanError, ScanOptions, ScanReport,
    ScanSummary, backtest, go_on, learn, read_apps, read_config, read_learned, read_suppressions, scan,
    visit,
};
