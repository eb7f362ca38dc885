//! The data model: what sensors and phones report, in one vocabulary.
//!
//! `orig_`/`resp_` are Zeek's originator and responder of a connection, never source and destination.
//! Absent is `None`, never zero. Texts borrow from the line or packet that they were read from.

mod endpoint;
mod exchange;
mod lease;
mod session;
mod telemetry;
mod time;

pub use endpoint::{Endpoint, MacAddr, Network, Transport};
pub use exchange::{Exchange, ExchangeKind};
pub use lease::Lease;
pub use session::{AppTag, ConnState, Report, Session};
pub use telemetry::{
    AppConnection, AppLookup, AppUsage, NetworkingStack, Platform, Push, StateChange, StateKind, Telemetry,
    TelemetryKind,
};
pub use time::{Day, Timestamp};

/// One thing that one input said.
#[derive(Debug, Clone, PartialEq)]
pub enum Record<'a> {
    /// A connection (DC0078).
    Session(Session<'a>),
    /// An application-layer message inside a connection (DC0085).
    Exchange(Exchange<'a>),
    /// What the phone says (DC0021).
    Telemetry(Telemetry<'a>),
    /// Which device held an address, and when.
    Lease(Lease<'a>),
}
