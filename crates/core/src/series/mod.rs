//! Series: what one app of one device says to one destination over one service.
//!
//! [`Profile`] is the only state of a series. It is mergeable: `profile(a ++ b) == profile(a).merge(profile(b))`
//! whatever the order and the split (a property test), and bounded: every list keeps a fixed number of
//! entries, chosen by a rule that does not depend on order, and says how many there were.

mod counts;
mod events;
mod key;
mod profile;

pub use counts::{Counts, StableKey, stable_hash};
pub use events::{Event, EventFlags, Events};
pub use key::{Destination, SeriesKey, Service};
pub use profile::{EntropySum, LatestUids, Marks, Profile, StateTally};
