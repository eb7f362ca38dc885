//! Finds the bytes that cut rows and columns, sixty-four at a time.
//!
//! Columns are a few bytes wide, so a search that starts anew at each pays mostly for starting: here one mask says
//! where all of a block's marks are.

use wide::u8x16;

/// Bytes that one mask tells of.
const BLOCK_BYTES: usize = 64;

/// The bytes of a block that cut: one bit for each, the first byte's lowest.
#[derive(Debug, Clone, Copy)]
pub(super) struct Marks {
    /// Those that are the separator: nearly all of them.
    pub(super) separators: u64,
    /// The others.
    pub(super) others: u64,
}

/// Visits the marks of each block, with the place of its first byte. The end of the bytes is a mark, too; `separator`
/// and `others` may be the same, and count as a separator then.
#[inline]
pub(super) fn each_block(bytes: &[u8], separator: u8, others: [u8; 2], mut visit: impl FnMut(usize, Marks)) {
    let (blocks, rest) = bytes.as_chunks::<BLOCK_BYTES>();
    let mut last = [0; BLOCK_BYTES];
    last.iter_mut().zip(rest).for_each(|(slot, byte)| *slot = *byte);
    // The end of the bytes is a mark; what lies behind it is none.
    let end = 1 << rest.len();
    let last = last_marks(&last, separator, others, end);
    let mut base = 0;
    for marks in blocks.iter().map(|block| marks(block, separator, others)).chain([last]) {
        visit(base, marks);
        base += BLOCK_BYTES;
    }
}

/// Visits the places of the bits that are set, ascending.
#[inline]
pub(super) fn each_bit(mut bits: u64, mut visit: impl FnMut(usize)) {
    while bits != 0 {
        visit(bits.trailing_zeros() as usize);
        bits &= bits - 1;
    }
}

fn last_marks(block: &[u8; BLOCK_BYTES], separator: u8, others: [u8; 2], end: u64) -> Marks {
    let marks = marks(block, separator, others);
    Marks { separators: marks.separators & (end - 1), others: marks.others & (end - 1) | end }
}

#[inline]
fn marks(block: &[u8; BLOCK_BYTES], separator: u8, others: [u8; 2]) -> Marks {
    let separator = u8x16::splat(separator);
    let [a, b] = others.map(u8x16::splat);
    let (lanes, _) = block.as_chunks::<16>();
    let (mut separators, mut others) = (0, 0);
    for lane in lanes.iter().rev() {
        let lane = u8x16::new(*lane);
        let is_other = lane.simd_eq(a) | lane.simd_eq(b);
        separators = separators << 16 | u64::from(lane.simd_eq(separator).to_bitmask());
        others = others << 16 | u64::from(is_other.to_bitmask());
    }
    Marks { separators, others: others & !separators }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_found_where_they_are() {
        let mut text = Vec::new();
        for index in 0..700_u32 {
            let is_mark = |at: &usize| matches!(text.get(*at), Some(b'\t' | b'\n' | b'\\'));
            let all: Vec<usize> = (0..text.len()).filter(is_mark).chain([text.len()]).collect();
            let mut found = Vec::new();
            let mut separators = Vec::new();
            each_block(&text, b'\t', *b"\n\\", |base, marks| {
                assert_eq!(marks.separators & marks.others, 0);
                each_bit(marks.separators | marks.others, |bit| found.push(base + bit));
                each_bit(marks.separators, |bit| separators.push(base + bit));
            });
            let is_separator = |at: &usize| text.get(*at) == Some(&b'\t');
            assert_eq!(separators, all.iter().copied().filter(is_separator).collect::<Vec<_>>());
            assert_eq!(found, all, "{text:?}");
            // Marks beside their neighbours in value, and high bytes.
            let choice = usize::try_from(index.wrapping_mul(2_654_435_761) >> 29).unwrap();
            text.push(b"\t\n\\\x0b\x89\xff\x00\x01"[choice]);
        }
    }
}
