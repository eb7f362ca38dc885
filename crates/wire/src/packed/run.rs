//! What a run read, besides its records: what the engine keeps of inputs that may be asked for again.

use super::codec::{Reader, Writer};
use undertone_core::model::Timestamp;

/// The run's account of its inputs, and how its packed records are cut up.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RunHead {
    /// Numbers, in an order that the engine knows.
    pub numbers: Vec<u64>,
    /// Rejected rows: reason, count, first file, first line, detail.
    pub rejected: Vec<(String, u64, String, u64, String)>,
    /// Rows of no use, by kind.
    pub ignored: Vec<(String, u64)>,
    /// Inputs not read, with the reason.
    pub skipped: Vec<(String, String)>,
    /// Inputs read in part, with the reason.
    pub partial: Vec<(String, String)>,
    /// Anything else that a reader should know.
    pub notes: Vec<String>,
    /// First and last event.
    pub span: Option<(Timestamp, Timestamp)>,
    /// Each partition: the device names that its records refer to, and its length, bytes.
    pub parts: Vec<(Vec<String>, u64)>,
}

impl RunHead {
    /// Appends the head to `out`.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let mut writer = Writer(out);
        list(&mut writer, &self.numbers, |writer, number| writer.varint(*number));
        list(&mut writer, &self.rejected, |writer, (reason, count, file, line, detail)| {
            writer.text(reason);
            writer.varint(*count);
            writer.text(file);
            writer.varint(*line);
            writer.text(detail);
        });
        list(&mut writer, &self.ignored, |writer, (what, count)| {
            writer.text(what);
            writer.varint(*count);
        });
        for pairs in [&self.skipped, &self.partial] {
            list(&mut writer, pairs, |writer, (name, why)| {
                writer.text(name);
                writer.text(why);
            });
        }
        list(&mut writer, &self.notes, |writer, note| writer.text(note));
        writer.flag(Some(self.span.is_some()));
        if let Some((first, last)) = self.span {
            writer.time(first);
            writer.time(last);
        }
        list(&mut writer, &self.parts, |writer, (names, length)| {
            list(writer, names, |writer, name| writer.text(name));
            writer.varint(*length);
        });
    }

    /// Reads a head; `None` where the bytes are not what [`RunHead::encode`] wrote, or more.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader(bytes);
        let head = Self {
            numbers: read_list(&mut reader, Reader::varint)?,
            rejected: read_list(&mut reader, |reader| {
                Some((owned(reader)?, reader.varint()?, owned(reader)?, reader.varint()?, owned(reader)?))
            })?,
            ignored: read_list(&mut reader, |reader| Some((owned(reader)?, reader.varint()?)))?,
            skipped: read_list(&mut reader, |reader| Some((owned(reader)?, owned(reader)?)))?,
            partial: read_list(&mut reader, |reader| Some((owned(reader)?, owned(reader)?)))?,
            notes: read_list(&mut reader, owned)?,
            span: match reader.flag()? {
                Some(true) => Some((reader.time()?, reader.time()?)),
                _ => None,
            },
            parts: read_list(&mut reader, |reader| Some((read_list(reader, owned)?, reader.varint()?)))?,
        };
        reader.0.is_empty().then_some(head)
    }
}

fn owned(reader: &mut Reader<'_>) -> Option<String> {
    reader.text().map(str::to_owned)
}

fn list<T>(writer: &mut Writer<'_>, items: &[T], write: impl Fn(&mut Writer<'_>, &T)) {
    writer.varint(items.len() as u64);
    for item in items {
        write(writer, item);
    }
}

fn read_list<'a, T>(reader: &mut Reader<'a>, read: impl Fn(&mut Reader<'a>) -> Option<T>) -> Option<Vec<T>> {
    let count: usize = reader.number()?;
    // Every item takes a byte at least: a count that cannot be true reserves nothing.
    if count > reader.0.len() {
        return None;
    }
    (0..count).map(|_| read(reader)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head() -> RunHead {
        RunHead {
            numbers: vec![1, 0, u64::MAX],
            rejected: vec![("bad_json".to_owned(), 3, "a.log".to_owned(), 7, "x".to_owned())],
            ignored: vec![("stats".to_owned(), 9)],
            skipped: vec![("b".to_owned(), "unknown content".to_owned())],
            partial: vec![],
            notes: vec!["n\u{e9}".to_owned()],
            span: Some((Timestamp::from_micros(-5), Timestamp::from_micros(i64::MAX))),
            parts: vec![(vec!["d-1".to_owned(), String::new()], 300), (vec![], 0)],
        }
    }

    #[test]
    fn a_head_reads_back_and_nothing_else_does() {
        for head in [head(), RunHead::default()] {
            let mut bytes = Vec::new();
            head.encode(&mut bytes);
            assert_eq!(RunHead::decode(&bytes), Some(head));
            bytes.push(0);
            assert_eq!(RunHead::decode(&bytes), None);
        }
        let mut bytes = Vec::new();
        head().encode(&mut bytes);
        for cut in 0..bytes.len() {
            assert_eq!(RunHead::decode(&bytes[..cut]), None, "{cut}");
        }
        assert_eq!(RunHead::decode(&[0xff, 0xff, 0xff, 0xff, 0x0f]), None);
    }
}
