//! Bodies, which are counted and passed over.

/// Longest line of a chunk size with its extensions.
const CHUNK_LINE_MAX: usize = 1024;

/// What the next bytes of a direction belong to.
#[derive(Debug, Default)]
pub(super) enum Stage {
    #[default]
    Head,
    Body(u64),
    ToClose,
    ChunkSize(Vec<u8>),
    ChunkData(u64),
    /// Trailer fields after the last chunk, up to the empty line.
    Trailer(usize),
    /// Bytes were lost: looks for the next head.
    Lost,
}

/// How a body ends.
#[derive(Debug, Clone, Copy)]
pub(super) enum Framing {
    Length(u64),
    Chunked,
    ToClose,
}

impl Stage {
    /// What follows a head.
    pub(super) const fn of(framing: Framing) -> Self {
        match framing {
            Framing::Length(0) => Self::Head,
            Framing::Length(len) => Self::Body(len),
            Framing::Chunked => Self::ChunkSize(Vec::new()),
            Framing::ToClose => Self::ToClose,
        }
    }

    /// Bytes of memory that it holds.
    pub(super) fn held_bytes(&self) -> usize {
        if let Self::ChunkSize(line) = self { line.capacity() } else { 0 }
    }

    /// Passes over bytes of a body; how many of them were body, framing not counted.
    pub(super) fn pass(&mut self, data: &mut &[u8]) -> u64 {
        match self {
            Self::Head | Self::Lost => 0,
            Self::ToClose => take(data, u64::MAX),
            Self::Body(left) => {
                let taken = take(data, *left);
                *left -= taken;
                if *left == 0 {
                    *self = Self::Head;
                }
                taken
            }
            Self::ChunkData(left) => {
                let taken = take(data, *left);
                *left -= taken;
                // The two bytes of the line end belong to the chunk's count here, not to the body.
                let line_end = taken.min(2_u64.saturating_sub(*left));
                if *left == 0 {
                    *self = Self::ChunkSize(Vec::new());
                }
                taken - line_end
            }
            Self::ChunkSize(line) => {
                let Some((&byte, rest)) = data.split_first() else { return 0 };
                *data = rest;
                if byte != b'\n' {
                    line.push(byte);
                    if line.len() > CHUNK_LINE_MAX {
                        *self = Self::Lost;
                    }
                    return 0;
                }
                *self = match chunk_size(line) {
                    Some(0) => Self::Trailer(0),
                    Some(size) => Self::ChunkData(size.saturating_add(2)),
                    None => Self::Lost,
                };
                0
            }
            Self::Trailer(line_len) => {
                let Some((&byte, rest)) = data.split_first() else { return 0 };
                *data = rest;
                match byte {
                    b'\n' if *line_len == 0 => *self = Self::Head,
                    b'\n' => *line_len = 0,
                    b'\r' => {}
                    _ => *line_len += 1,
                }
                0
            }
        }
    }
}

/// Takes up to `most` bytes from the front; how many.
fn take(data: &mut &[u8], most: u64) -> u64 {
    let len = usize::try_from(most).unwrap_or(usize::MAX).min(data.len());
    *data = data.get(len..).unwrap_or_default();
    len as u64
}

fn chunk_size(line: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(line).ok()?;
    let digits = text.split(';').next()?.trim();
    // A sign is not a digit, though `from_str_radix` takes it.
    if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    u64::from_str_radix(digits, 16).ok()
}
