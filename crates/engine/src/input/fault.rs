//! What can go wrong with an input, as data: a fault never ends the run.

use std::io;
use undertone_wire::RejectReason;

/// Why reading an input ended before its end, or what was odd about it.
///
/// Everything read before the fault is kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A compressed stream ends in the middle.
    #[error("the compressed stream is cut short")]
    Truncated,
    /// A compressed stream or an archive contradicts itself; the text says how.
    #[error("the compressed stream is damaged: {0}")]
    Damaged(String),
    /// Decompressed bytes grew past the allowed multiple of the compressed ones.
    #[error("decompresses to more than {ratio} times its size; stopped after {bytes} bytes")]
    RatioExceeded {
        /// The allowed multiple.
        ratio: u64,
        /// Decompressed bytes at which reading stopped.
        bytes: u64,
    },
    /// More bytes than the limit for this kind of input.
    #[error("larger than the limit of {0} bytes")]
    BytesExceeded(u64),
    /// Bytes after the last compressed member that are not one; everything before was read.
    #[error("bytes after the end of the compressed stream were ignored")]
    TrailingGarbage,
    /// A capture is damaged, or ends inside a packet; its reader counted where.
    #[error("the capture could not be read to its end")]
    CaptureCut,
    /// The file became shorter while it was read.
    #[error("the file shrank from {expected} to {found} bytes while it was read")]
    Shrank {
        /// Size when the scan began.
        expected: u64,
        /// Bytes that were there.
        found: u64,
    },
    /// The operating system refused a read; the text is its message.
    #[error("reading failed: {0}")]
    ReadFailed(String),
    /// The run was interrupted.
    #[error("interrupted")]
    Interrupted,
}

impl Fault {
    /// Whether part of the input was not read. Trailing garbage after a whole stream loses nothing.
    pub fn loses_rows(&self) -> bool {
        !matches!(self, Self::TrailingGarbage)
    }

    /// The reason under which the run summary counts the fault; `None` when no row is known to be lost.
    pub fn reject_reason(&self) -> Option<RejectReason> {
        match self {
            Self::Truncated | Self::Shrank { .. } => Some(RejectReason::Truncated),
            Self::Damaged(_) | Self::ReadFailed(_) => Some(RejectReason::Damaged),
            Self::RatioExceeded { .. } | Self::BytesExceeded(_) => Some(RejectReason::LimitReached),
            Self::CaptureCut | Self::TrailingGarbage | Self::Interrupted => None,
        }
    }

    /// The fault behind an I/O error: the one that a decoder put there, else what the system said.
    pub(super) fn of(error: &io::Error) -> Self {
        error
            .get_ref()
            .and_then(|inner| inner.downcast_ref::<Self>())
            .cloned()
            .unwrap_or_else(|| Self::ReadFailed(error.to_string()))
    }
}

impl From<Fault> for io::Error {
    fn from(fault: Fault) -> Self {
        Self::other(fault)
    }
}

/// Why an input was not read at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SkipReason {
    /// Its content is of no known format.
    #[error("unknown content")]
    UnknownContent,
    /// Its content is of a format that is known and not read; the text says what it is and what to do.
    #[error("{0}")]
    NotRead(&'static str),
    /// It holds no bytes.
    #[error("empty")]
    Empty,
    /// A FIFO, socket or device inside a folder; the text names the kind.
    #[error("{0}, not a file")]
    SpecialFile(&'static str),
    /// The same file was already given, perhaps by another name.
    #[error("already read by another name")]
    Duplicate,
    /// The operating system refused; the text is its message.
    #[error("{0}")]
    Unreadable(String),
    /// An archive entry that is encrypted or packed in a way that is not supported.
    #[error("archive entry is {0}")]
    UnsupportedEntry(String),
    /// A limit on nesting or on the number of entries was reached.
    #[error("limit reached: {0}")]
    LimitReached(&'static str),
    /// A container that could not be opened or that ended before any known content.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl SkipReason {
    /// Whether the run is incomplete because of it. Unknown, empty, special and duplicate files lose nothing
    /// that was asked for.
    pub fn is_loss(&self) -> bool {
        match self {
            Self::UnknownContent
            | Self::NotRead(_)
            | Self::Empty
            | Self::SpecialFile(_)
            | Self::Duplicate => false,
            Self::Unreadable(_) | Self::UnsupportedEntry(_) | Self::LimitReached(_) => true,
            Self::Fault(fault) => fault.loses_rows(),
        }
    }
}

impl From<io::Error> for SkipReason {
    fn from(error: io::Error) -> Self {
        match Fault::of(&error) {
            Fault::ReadFailed(message) => Self::Unreadable(message),
            fault => Self::Fault(fault),
        }
    }
}
