//! Finds the bytes that cut rows and columns, sixty-four at a time.
//!
//! Columns are a few bytes wide, so a search that starts anew at each pays mostly for starting: here one mask says
//! where all of a block's marks are.

use wide::u8x16;

/// Bytes that one mask tells of.
const BLOCK_BYTES: usize = 64;

/// Visits the place of each byte that is one of `marks`, ascending, and at last the end of the bytes.
#[inline]
pub(super) fn each_mark(bytes: &[u8], marks: [u8; 3], mut visit: impl FnMut(usize)) {
    let (blocks, rest) = bytes.as_chunks::<BLOCK_BYTES>();
    let mut last = [0; BLOCK_BYTES];
    last.iter_mut().zip(rest).for_each(|(slot, byte)| *slot = *byte);
    // The end of the bytes is a mark; what lies behind it is none.
    let end = 1 << rest.len();
    let last = last_block(&last, marks, end);
    let mut base = 0;
    for mask in blocks.iter().map(|block| mask(block, marks)).chain([last]) {
        let mut found = mask;
        while found != 0 {
            visit(base + found.trailing_zeros() as usize);
            found &= found - 1;
        }
        base += BLOCK_BYTES;
    }
}

fn last_block(block: &[u8; BLOCK_BYTES], marks: [u8; 3], end: u64) -> u64 {
    mask(block, marks) & (end - 1) | end
}

/// One bit for each byte that is one of `marks`, the first byte's lowest.
#[inline]
fn mask(block: &[u8; BLOCK_BYTES], marks: [u8; 3]) -> u64 {
    let [a, b, c] = marks.map(u8x16::splat);
    let (lanes, _) = block.as_chunks::<16>();
    lanes.iter().rev().fold(0, |mask, lane| {
        let lane = u8x16::new(*lane);
        let is_mark = lane.simd_eq(a) | lane.simd_eq(b) | lane.simd_eq(c);
        mask << 16 | u64::from(is_mark.to_bitmask())
    })
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
            each_mark(&text, *b"\t\n\\", |at| found.push(at));
            assert_eq!(found, all, "{text:?}");
            // Marks beside their neighbours in value, and high bytes.
            let choice = usize::try_from(index.wrapping_mul(2_654_435_761) >> 29).unwrap();
            text.push(b"\t\n\\\x0b\x89\xff\x00\x01"[choice]);
        }
    }
}
