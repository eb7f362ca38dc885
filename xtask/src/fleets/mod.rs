//! Tasks that simulate fleets, scan them in this process and measure what the detector says.
//!
//! Every fleet lives in a temporary folder that is removed, one at a time; everything follows from the seeds.


mod arguments;
pub(crate) mod calibration;
mod oracle;
pub(crate) mod recall;
pub(crate) mod reference;

mod table;
mod watch;

pub(crate) use arguments::Arguments;
