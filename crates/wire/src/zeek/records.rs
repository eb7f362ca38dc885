//! Cells of a Zeek row to records. Field meanings: the Zeek manual, "Log Files", and the `main.zeek` of each
//! protocol.

mod lease;
mod messages;

use std::marker::PhantomData;
use std::net::{IpAddr, Ipv4Addr};

use undertone_core::model::{
    ConnState, Endpoint, Exchange, ExchangeKind, MacAddr, Record, Report, Session, Timestamp, Transport,
};

use super::field::{FIELDS, Field};
use super::log::Log;
use crate::cells::Cells;
use crate::{RecordSink, RejectReason, text};

/// What a row of a readable log came to when it is not a record.
enum Miss {
    /// Counted as ignored, by name.
    Ignored(Ignored),
    /// Rejected for a field. No text: what is this small comes back in a register.
    Refused(RejectReason, Field),
}

/// Well-formed rows that say nothing of a connection.
#[derive(Clone, Copy)]
enum Ignored {
    NtpAnswer,
    DhcpWithoutAck,
    DhcpWithoutAddress,
}

impl Ignored {
    /// How the run summary counts them.
    const fn name(self) -> &'static str {
        match self {
            Self::NtpAnswer => "ntp answer",
            Self::DhcpWithoutAck => "dhcp without ack",
            Self::DhcpWithoutAddress => "dhcp without address",
        }
    }
}

/// Hands `sink` exactly one record, reject or ignored row.
pub(super) fn emit<'a, S: RecordSink>(log: Log, fields: impl Fields<'a>, number: u64, sink: &mut S) {
    let row = Row(fields, PhantomData);
    // Records are some hundred bytes: they are filled where they are handed over from.
    let mut record = match log {
        Log::Conn | Log::OpenConn => {
            Record::Session(Session::between(START, NOWHERE, NOWHERE, Transport::Other))
        }
        Log::Dhcp => match row.lease() {
            Ok(lease) => return sink.record(Record::Lease(lease)),
            Err(miss) => return miss.tell(number, sink),
        },
        _ => Record::Exchange(Exchange::new(ExchangeKind::Data, "", START, NOWHERE, NOWHERE)),
    };
    let filled = match &mut record {
        Record::Session(session) => row.session(log, session),
        Record::Exchange(exchange) => row.message(log, exchange),
        _ => Ok(()),
    };
    match filled {
        Ok(()) => sink.record(record),
        Err(miss) => miss.tell(number, sink),
    }
}

const START: Timestamp = Timestamp::from_micros(0);
const NOWHERE: Endpoint = Endpoint { addr: IpAddr::V4(Ipv4Addr::UNSPECIFIED), port: 0 };

impl Miss {
    fn tell<S: RecordSink>(self, number: u64, sink: &mut S) {
        match self {
            Self::Ignored(what) => sink.ignore(what.name()),
            Self::Refused(reason, field) => sink.reject(number, reason, field.name()),
        }
    }
}

/// What a row says, whatever its format.
pub(super) trait Fields<'a>: Copy {
    /// The text of a slot; `None` when absent.
    fn get(self, slot: usize) -> Option<&'a str>;
}

impl<'a> Fields<'a> for &Cells<'a, FIELDS> {
    #[inline]
    fn get(self, slot: usize) -> Option<&'a str> {
        Cells::get(self, slot)
    }
}

/// Typed reading of a row's fields.
#[derive(Clone, Copy)]
struct Row<'a, F>(F, PhantomData<&'a str>);

impl<'a, F: Fields<'a>> Row<'a, F> {
    #[expect(clippy::inline_always, reason = "a field that is known has its column by one load")]
    #[inline(always)]
    fn text(self, field: Field) -> Option<&'a str> {
        self.0.get(field.slot()).map(text::clip)
    }

    /// A field in the form that `parse` reads; `reason` when it is there but cannot be read.
    fn parsed<T>(
        self,
        field: Field,
        reason: RejectReason,
        parse: impl FnOnce(&'a str) -> Option<T>,
    ) -> Result<Option<T>, Miss> {
        match self.0.get(field.slot()) {
            None => Ok(None),
            Some(text) => match parse(text) {
                Some(value) => Ok(Some(value)),
                None => Err(Miss::Refused(reason, field)),
            },
        }
    }

    fn count(self, field: Field) -> Result<Option<u64>, Miss> {
        self.parsed(field, RejectReason::BadNumber, text::count)
    }

    fn small(self, field: Field) -> Result<Option<u16>, Miss> {
        self.parsed(field, RejectReason::BadNumber, text::port)
    }

    fn flag(self, field: Field) -> Option<bool> {
        match self.0.get(field.slot())? {
            "T" | "true" => Some(true),
            "F" | "false" => Some(false),
            _ => None,
        }
    }

    fn at(self) -> Result<Timestamp, Miss> {
        self.parsed(Field::Ts, RejectReason::BadTimestamp, time)?.ok_or_else(|| missing(Field::Ts))
    }

    fn endpoint(self, addr: Field, port: Field, transport: Transport) -> Result<Endpoint, Miss> {
        let ip = self.parsed(addr, RejectReason::BadAddress, text::addr)?.ok_or_else(|| missing(addr))?;
        let number = self.small(port)?.unwrap_or(0);
        // Zeek puts ICMP type and code where ports are.
        let number = if transport == Transport::Icmp { 0 } else { number };
        Ok(Endpoint::new(ip, number))
    }

    fn mac(self, field: Field) -> Option<MacAddr> {
        self.0.get(field.slot()).and_then(MacAddr::parse)
    }

    fn session(self, log: Log, session: &mut Session<'a>) -> Result<(), Miss> {
        let transport = self.text(Field::Proto).map_or(Transport::Other, Transport::from_name);
        let duration = self.parsed(Field::Duration, RejectReason::BadNumber, text::decimal_micros)?;
        *session = Session {
            uid: self.text(Field::Uid).unwrap_or_default(),
            start: self.at()?,
            // A negative span (the sensor's clock was set back) is no span.
            duration_micros: duration.and_then(|micros| u64::try_from(micros).ok()),
            orig: self.endpoint(Field::OrigH, Field::OrigP, transport)?,
            resp: self.endpoint(Field::RespH, Field::RespP, transport)?,
            transport,
            service: self.text(Field::Service),
            orig_bytes: self.count(Field::OrigBytes)?,
            resp_bytes: self.count(Field::RespBytes)?,
            // Nothing looks at them, and a scan spends more than a hundredth of its time on reading them.
            orig_pkts: None,
            resp_pkts: None,
            state: self.text(Field::ConnState).map_or(ConnState::Unknown, ConnState::from_zeek),
            handshake: self.handshake(transport),
            local_orig: self.flag(Field::LocalOrig),
            local_resp: self.flag(Field::LocalResp),
            orig_l2: self.mac(Field::OrigL2Addr),
            report: if log == Log::OpenConn { Report::Open } else { Report::Final },
            app: None,
        };
        Ok(())
    }

    /// Whether `history` has a SYN or its answer: `S`, `H` of the originator, `s`, `h` of the responder. Where
    /// checksum offloading hides one side's packets, the other side's SYN-ACK still shows the opening.
    fn handshake(self, transport: Transport) -> Option<bool> {
        if transport != Transport::Tcp {
            return None;
        }
        let history = self.0.get(Field::History.slot())?;
        Some(history.bytes().any(|event| matches!(event, b'S' | b's' | b'H' | b'h')))
    }
}

fn missing(field: Field) -> Miss {
    Miss::Refused(RejectReason::MissingField, field)
}

/// A time; whole numbers past the year 5138 in seconds are milliseconds (Zeek's `JSON::TS_MILLIS`).
fn time(text: &str) -> Option<Timestamp> {
    // A whole number of twelve digits or more is the only form that means something else here; Zeek's own has a point.
    let is_whole = || text.bytes().all(|byte| byte.is_ascii_digit());
    if text.len() >= 12 && text.as_bytes().get(10) != Some(&b'.') && is_whole() {
        let millis = text.parse::<i64>().ok().filter(|millis| *millis >= 100_000_000_000)?;
        return text::within_calendar(Timestamp::from_micros(millis.checked_mul(1000)?));
    }
    text::instant(text)
}
