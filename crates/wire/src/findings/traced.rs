//! The trace of a finding, its app's habits and its thresholds, in undertone's own JSON and back.
//!
//! One entry a check-in would be five times as long, so a trace is columns: steps in time, bytes, and one letter a
//! check-in for what is known of phone and app.

use super::json::{Decimals, Shown};
use super::parse::{FindingError, lookup, unknown};
use crate::rfc3339;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use undertone_core::finding::{
    AppState, AppUsual, CheckIn, Finding, InForce, Lock, Trace, TraceOf, UsualDestination, UsualService,
};
use undertone_core::model::Timestamp;
use undertone_core::series::Service;
use undertone_core::thresholds::ThresholdKey;

/// Letters of the lock state, of the app's state and of pushes; `-` is unknown, or no push.
const LOCKS: [(char, Lock); 3] = [('L', Lock::Locked), ('U', Lock::Unlocked), ('-', Lock::Unknown)];
const APPS: [(char, AppState); 4] = [
    ('F', AppState::Foreground),
    ('B', AppState::Background),
    ('S', AppState::ForegroundService),
    ('-', AppState::Unknown),
];
const PUSHES: [(char, bool); 2] = [('P', true), ('-', false)];
const MILLIS_PER_HOUR: i64 = 3_600_000;

/// A trace as it is written.
#[derive(Serialize)]
pub(super) struct TraceRow {
    of: &'static str,
    total: u64,
    start: Shown<Timestamp>,
    steps_ms: Vec<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    orig_bytes: Option<Vec<Option<u64>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resp_bytes: Option<Vec<Option<u64>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lock: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    app: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    push: Option<String>,
    period_secs: Option<Decimals<3>>,
    awake_clock: bool,
    dead_time_ms: u64,
    hours: HoursRow,
}

#[derive(Serialize)]
struct HoursRow {
    start: Shown<Timestamp>,
    counts: Vec<u32>,
}

/// An app's habits as they are written.
#[derive(Serialize)]
pub(super) struct UsualRow<'a> {
    others: u32,
    others_here: u32,
    destinations: Vec<OthersRow<'a>>,
    more: u64,
    services: Vec<OthersRow<'a>>,
    alone: &'a [String],
    alone_more: u64,
}

#[derive(Serialize)]
struct OthersRow<'a> {
    name: &'a str,
    others: u32,
}

impl TraceRow {
    pub(super) fn of(trace: &Trace) -> Self {
        let rows = &trace.check_ins;
        let first = rows.first().map_or(0, |row| row.at_millis);
        let before = std::iter::once(first).chain(rows.iter().map(|row| row.at_millis));
        Self {
            of: trace.of.as_str(),
            total: trace.total,
            start: Shown(trace.start().unwrap_or_default()),
            steps_ms: rows.iter().zip(before).map(|(row, at)| row.at_millis.saturating_sub(at)).collect(),
            orig_bytes: column(rows, |row| row.orig_bytes),
            resp_bytes: column(rows, |row| row.resp_bytes),
            lock: letters(rows, &LOCKS, |row| row.lock),
            app: letters(rows, &APPS, |row| row.app),
            push: letters(rows, &PUSHES, |row| row.after_push),
            period_secs: trace.period_secs.filter(|secs| secs.is_finite()).map(Decimals),
            awake_clock: trace.is_awake_clock,
            dead_time_ms: trace.dead_time_millis,
            hours: HoursRow {
                start: Shown(Timestamp::from_secs(trace.first_hour.saturating_mul(3600))),
                counts: trace.per_hour.clone(),
            },
        }
    }
}

impl<'a> UsualRow<'a> {
    pub(super) fn of(usual: &'a AppUsual) -> Self {
        let destination = |known: &'a UsualDestination| OthersRow { name: &known.name, others: known.others };
        let service = |known: &'a UsualService| OthersRow { name: &known.name, others: known.others };
        Self {
            others: usual.others,
            others_here: usual.others_here,
            destinations: usual.destinations.iter().map(destination).collect(),
            more: usual.more,
            services: usual.services.iter().map(service).collect(),
            alone: &usual.alone,
            alone_more: usual.alone_more,
        }
    }
}

/// Thresholds as they are written: by name.
pub(super) fn thresholds(finding: &Finding) -> BTreeMap<&'static str, f64> {
    let finite = finding.thresholds.iter().filter(|threshold| threshold.value.is_finite());
    finite.map(|threshold| (threshold.key.name(), threshold.value)).collect()
}

/// The column, `None` where nothing is known.
fn column(rows: &[CheckIn], of: fn(&CheckIn) -> Option<u64>) -> Option<Vec<Option<u64>>> {
    rows.iter().any(|row| of(row).is_some()).then(|| rows.iter().map(of).collect())
}

/// One letter a row, `None` where all are `-`.
fn letters<T: PartialEq>(rows: &[CheckIn], known: &[(char, T)], of: fn(&CheckIn) -> T) -> Option<String> {
    let letter = |row| known.iter().find(|(_, value)| *value == of(row)).map_or('-', |(letter, _)| *letter);
    let text: String = rows.iter().map(letter).collect();
    text.contains(|c| c != '-').then_some(text)
}

/// A trace as it is read.
#[derive(Deserialize)]
pub(super) struct TraceIn {
    of: String,
    total: u64,
    start: String,
    steps_ms: Vec<i64>,
    #[serde(default)]
    orig_bytes: Option<Vec<Option<u64>>>,
    #[serde(default)]
    resp_bytes: Option<Vec<Option<u64>>>,
    #[serde(default)]
    lock: Option<String>,
    #[serde(default)]
    app: Option<String>,
    #[serde(default)]
    push: Option<String>,
    period_secs: Option<f64>,
    awake_clock: bool,
    dead_time_ms: u64,
    hours: HoursIn,
}

#[derive(Deserialize)]
struct HoursIn {
    start: String,
    counts: Vec<u32>,
}

/// An app's habits as they are read.
#[derive(Deserialize)]
pub(super) struct UsualIn {
    others: u32,
    others_here: u32,
    destinations: Vec<OthersIn>,
    more: u64,
    services: Vec<OthersIn>,
    alone: Vec<String>,
    alone_more: u64,
}

#[derive(Deserialize)]
struct OthersIn {
    name: String,
    others: u32,
}

impl TraceIn {
    pub(super) fn into_trace(self) -> Result<Trace, FindingError> {
        if self.steps_ms.len() > Trace::CHECK_INS_MAX {
            return Err(FindingError::TooMany("trace.steps_ms"));
        }
        if self.hours.counts.len() > Trace::HOURS_MAX {
            return Err(FindingError::TooMany("trace.hours.counts"));
        }
        let count = self.steps_ms.len();
        let mut at = time("trace.start", &self.start)?.micros().div_euclid(1000);
        let (sent, received) = (self.orig_bytes, self.resp_bytes);
        let sent = checked("trace.orig_bytes", sent, count)?;
        let received = checked("trace.resp_bytes", received, count)?;
        let locks = read_letters("trace.lock", self.lock.as_deref(), &LOCKS, count)?;
        let apps = read_letters("trace.app", self.app.as_deref(), &APPS, count)?;
        let pushes = read_letters("trace.push", self.push.as_deref(), &PUSHES, count)?;
        let mut check_ins = Vec::with_capacity(count);
        for (row, step) in self.steps_ms.iter().enumerate() {
            if *step < 0 {
                return Err(unknown("trace.steps_ms", &step.to_string()));
            }
            at = at.saturating_add(*step);
            check_ins.push(CheckIn {
                at_millis: at,
                orig_bytes: sent.get(row).copied().flatten(),
                resp_bytes: received.get(row).copied().flatten(),
                lock: locks.get(row).copied().unwrap_or_default(),
                app: apps.get(row).copied().unwrap_or_default(),
                after_push: pushes.get(row).copied().unwrap_or_default(),
            });
        }
        Ok(Trace {
            of: lookup("trace.of", &self.of, TraceOf::ALL, TraceOf::as_str)?,
            check_ins,
            total: self.total,
            period_secs: self.period_secs.filter(|secs| secs.is_finite() && *secs > 0.0),
            is_awake_clock: self.awake_clock,
            dead_time_millis: self.dead_time_ms,
            first_hour: time("trace.hours.start", &self.hours.start)?
                .micros()
                .div_euclid(MILLIS_PER_HOUR * 1000),
            per_hour: self.hours.counts,
        })
    }
}

impl UsualIn {
    pub(super) fn into_usual(self) -> Result<AppUsual, FindingError> {
        let is_over = [
            ("app_usual.destinations", self.destinations.len() > AppUsual::DESTINATIONS_MAX),
            ("app_usual.services", self.services.len() > Service::ALL.len()),
            ("app_usual.alone", self.alone.len() > AppUsual::ALONE_MAX),
        ];
        if let Some((field, _)) = is_over.into_iter().find(|(_, is_over)| *is_over) {
            return Err(FindingError::TooMany(field));
        }
        let destination = |row: OthersIn| UsualDestination { name: row.name, others: row.others };
        let service = |row: OthersIn| UsualService { name: row.name, others: row.others };
        Ok(AppUsual {
            others: self.others,
            others_here: self.others_here,
            destinations: self.destinations.into_iter().map(destination).collect(),
            more: self.more,
            services: self.services.into_iter().map(service).collect(),
            alone: self.alone,
            alone_more: self.alone_more,
        })
    }
}

/// Thresholds that this version knows; those of another one are passed over, like keys.
pub(super) fn read_thresholds(read: BTreeMap<String, f64>) -> Vec<InForce> {
    let known = |(name, value): (String, f64)| Some(InForce { key: ThresholdKey::from_name(&name)?, value });
    let mut thresholds: Vec<InForce> = read.into_iter().filter_map(known).collect();
    thresholds.sort_by_key(|threshold| threshold.key);
    thresholds
}

fn time(field: &'static str, text: &str) -> Result<Timestamp, FindingError> {
    rfc3339::parse(text).ok_or_else(|| unknown(field, text))
}

/// A column that has as many rows as there are check-ins, or none at all.
fn checked<T>(field: &'static str, column: Option<Vec<T>>, count: usize) -> Result<Vec<T>, FindingError> {
    match column {
        Some(rows) if rows.len() != count => Err(unknown(field, &format!("{} rows", rows.len()))),
        column => Ok(column.unwrap_or_default()),
    }
}

fn read_letters<T: Copy>(
    field: &'static str,
    text: Option<&str>,
    known: &[(char, T)],
    count: usize,
) -> Result<Vec<T>, FindingError> {
    let Some(text) = text else { return Ok(Vec::new()) };
    let value = |c| known.iter().find(|(letter, _)| *letter == c).map(|(_, value)| *value);
    let read: Option<Vec<T>> = text.chars().map(value).collect();
    checked(field, Some(read.ok_or_else(|| unknown(field, text))?), count)
}
