//! Every source against its samples and its traps.

use super::testing::Seen;

fn check_lines(text: &str, mut parse: impl FnMut(&[u8], u64, &mut Seen)) -> Seen {
    let mut seen = Seen::default();
    for (number, line) in (1..).zip(text.lines()) {
        parse(line.as_bytes(), number, &mut seen);
    }
    seen
}

mod android;
mod edr_rows;
mod hostile;
mod samples;
