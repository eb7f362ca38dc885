//! A `dns` event to exchanges: versions 1 (one event for each answer), 2 (one for the query, one for the
//! answers) and 3 (`request` and `response` with a list of queries).

use undertone_core::model::{Exchange, ExchangeKind, Record};

use super::event::Key;
use super::records::{Miss, Row};
use crate::json::{self, Cursor, Fault, Scalar};
use crate::text::{MAX_TEXT_BYTES, clip};
use crate::{RecordSink, dns_codes};

/// Most questions of one message that are read; real messages have one.
const MAX_QUESTIONS: usize = 16;

/// Hands `sink` one exchange for each question.
pub(super) fn emit<S: RecordSink>(row: Row<'_, '_>, sink: &mut S) -> Result<(), Miss> {
    let transport = row.transport();
    let (mut orig, mut resp) = (row.orig(transport)?, row.resp(transport)?);
    let is_answer = matches!(row.get(Key::DnsType), Some("answer" | "response"));
    // Until version 6, an answer was logged in the direction of its packet.
    if is_answer && orig.port == 53 && resp.port != 53 {
        std::mem::swap(&mut orig, &mut resp);
    }
    let mut exchange = Exchange::new(ExchangeKind::Dns, row.uid(), row.at()?, orig, resp);
    exchange.transport = transport;
    exchange.rcode = row.text(Key::Rcode).and_then(dns_codes::response_code);
    let mut joined = String::new();
    if is_answer {
        join_answers(row, &mut joined);
    }
    exchange.answers = (!joined.is_empty()).then_some(clip(&joined));
    let Some(queries) = row.get(Key::Queries) else {
        exchange.host = row.text(Key::Rrname);
        exchange.qtype = row.get(Key::Rrtype).and_then(dns_codes::record_type);
        sink.record(Record::Exchange(exchange));
        return Ok(());
    };
    let questions = questions(queries);
    if questions.is_empty() {
        sink.record(Record::Exchange(exchange.clone()));
    }
    for (name, kind) in &questions {
        let mut exchange = exchange.clone();
        exchange.host = Some(clip(name)).filter(|name| !name.is_empty());
        exchange.qtype = dns_codes::record_type(kind);
        sink.record(Record::Exchange(exchange));
    }
    Ok(())
}

/// Name and type of each question in a `queries` list.
fn questions(list: &str) -> Vec<(String, String)> {
    let mut questions = Vec::new();
    let mut cursor = Cursor::new(list);
    // The list was accepted as part of its line; whatever is odd inside of it ends it.
    let _ended = cursor.list(|item| {
        let mut question = (String::new(), String::new());
        item.object(|key, value| match key {
            "rrname" => append(value, &mut question.0),
            "rrtype" => append(value, &mut question.1),
            _ => value.skip(),
        })?;
        questions.push(question);
        if questions.len() == MAX_QUESTIONS { Err(Fault::Stop) } else { Ok(()) }
    });
    questions
}

/// Joins what was answered: the `rdata` of each answer, else the `grouped` lists, else version 1's own `rdata`.
fn join_answers(row: Row<'_, '_>, joined: &mut String) {
    if let Some(answers) = row.get(Key::Answers) {
        let _ended = Cursor::new(answers).list(|item| {
            if item.peek() != Some(b'{') {
                return item.skip();
            }
            item.object(|key, value| match key {
                "rdata" => append_to_list(value, joined),
                _ => value.skip(),
            })
        });
    }
    if let Some(grouped) = row.get(Key::Grouped).filter(|_| joined.is_empty()) {
        let _ended = Cursor::new(grouped).object(|_, value| {
            if value.peek() != Some(b'[') {
                return value.skip();
            }
            value.list(|item| append_to_list(item, joined))
        });
    }
    if let Some(rdata) = row.text(Key::Rdata).filter(|_| joined.is_empty()) {
        joined.push_str(rdata);
    }
}

fn append_to_list(value: &mut Cursor<'_>, joined: &mut String) -> Result<(), Fault> {
    if joined.len() >= MAX_TEXT_BYTES {
        return Err(Fault::Stop);
    }
    let before = joined.len();
    if before > 0 {
        joined.push(',');
    }
    let comma = joined.len();
    append(value, joined)?;
    if joined.len() == comma {
        joined.truncate(before);
    }
    Ok(())
}

fn append(value: &mut Cursor<'_>, out: &mut String) -> Result<(), Fault> {
    match value.value()? {
        Scalar::Absent => {}
        Scalar::Plain(text) => out.push_str(text),
        Scalar::Coded(text) => json::decode(text, out),
    }
    Ok(())
}
