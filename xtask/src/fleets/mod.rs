//! Tasks that simulate fleets, scan them in this process and measure what the detector says.
//!
//! Every fleet lives in a temporary folder that is removed, one at a time; everything follows from the seeds.

pub(crate) mod ablation;
mod arguments;
pub(crate) mod calibration;
mod oracle;
pub(crate) mod recall;
pub(crate) mod reference;
pub(crate) mod rivals;
mod table;
mod watch;

pub(crate) use arguments::Arguments;
