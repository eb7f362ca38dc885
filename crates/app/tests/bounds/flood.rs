//! Floods of Zeek rows with one beacon in them, written as fast as the binary reads.

use std::io::{self, BufWriter, Write};

/// The beacon's server and its phone.
pub(crate) const SERVER: &str = "203.0.113.9";
pub(crate) const PHONE: &str = "10.0.0.1";
/// 2026-05-04T06:00:00Z.
const START_SECS: u64 = 1_777_874_400;
const DAY_SECS: u64 = 86_400;
/// Check-ins of the beacon: one in 5 minutes for a day.
const CHECK_INS: u64 = 288;

/// What a flood is made of.
#[derive(Clone, Copy)]
pub(crate) struct Flood {
    pub(crate) rows: u64,
    /// Phones that take part, the beacon's among them when it is one.
    pub(crate) phones: u64,
    /// Rows of one destination.
    pub(crate) per_destination: u64,
    /// Whether each destination is a name, looked up and in the handshake, rather than an address.
    pub(crate) has_names: bool,
    /// Days on each of which it comes, the same but for its ids.
    pub(crate) days: u64,
}

/// A hash that spreads, to make reproducible noise (`splitmix64`, Steele, Lea and Flood 2014).
fn noise(seed: u64) -> u64 {
    let mixed = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ mixed >> 31
}

impl Flood {
    /// Writes the rows of `conn`, and those of `ssl` where there are names.
    pub(crate) fn write(self, out: impl Write) -> io::Result<()> {
        let mut out = BufWriter::with_capacity(1 << 20, out);
        let every = (self.rows / CHECK_INS).max(1);
        for (day, row) in (0..self.days).flat_map(|day| (0..self.rows).map(move |row| (day, row))) {
            if row % every == 0 && row / every < CHECK_INS {
                let check_in = day * CHECK_INS + row / every;
                let at = START_SECS + check_in * 300 + noise(check_in) % 45;
                let port = 20_000 + check_in;
                conn(
                    &mut out,
                    (at, 250_000),
                    (&format!("B{check_in}"), PHONE, port, SERVER),
                    (300 + check_in % 5, 700),
                )?;
            }
            self.row(&mut out, day, row)?;
        }
        out.flush()
    }

    fn row(self, out: &mut impl Write, day: u64, row: u64) -> io::Result<()> {
        let chance = noise(row);
        let destination = row % self.rows.div_ceil(self.per_destination);
        let phone = if self.phones == 1 { 0 } else { chance % self.phones };
        let [_, b, c, d] = u32::try_from(phone).unwrap_or(0).to_be_bytes();
        let phone = if self.phones == 1 { PHONE.to_owned() } else { format!("10.{b}.{c}.{d}") };
        let [a, b, c, d] = u32::try_from(destination).unwrap_or(0).to_be_bytes();
        let server = format!("{}.{b}.{c}.{d}", 20 + a);
        let at = (START_SECS + day * DAY_SECS + row * DAY_SECS / self.rows, chance >> 8 & 0x7_ffff);
        let uid = format!("C{day}x{row:x}");
        conn(out, at, (&uid, &phone, 1024 + row % 60_000, &server), (200 + chance % 700, chance % 9000))?;
        if self.has_names {
            writeln!(
                out,
                r#"{{"_path":"ssl","ts":{}.{:06},"uid":"{uid}","id.orig_h":"{phone}","id.orig_p":{},"id.resp_h":"{server}","id.resp_p":443,"server_name":"www.d{destination}.example"}}"#,
                at.0,
                at.1,
                1024 + row % 60_000
            )?;
        }
        Ok(())
    }
}

fn conn(
    out: &mut impl Write,
    (secs, micros): (u64, u64),
    (uid, phone, port, server): (&str, &str, u64, &str),
    (sent, received): (u64, u64),
) -> io::Result<()> {
    writeln!(
        out,
        r#"{{"_path":"conn","ts":{secs}.{micros:06},"uid":"{uid}","id.orig_h":"{phone}","id.orig_p":{port},"id.resp_h":"{server}","id.resp_p":443,"proto":"tcp","service":"ssl","duration":0.5,"orig_bytes":{sent},"resp_bytes":{received},"conn_state":"SF","history":"ShADadFf"}}"#
    )
}
