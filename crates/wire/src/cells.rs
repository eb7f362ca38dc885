//! The wanted fields of one row, as text.

/// One slot for each field that a parser wants, borrowed from the line. An empty slot is an absent field.
///
/// Fields that need decoding (escapes, lists) are marked and decoded all at once, so that a row without any
/// allocates nothing.
#[derive(Debug)]
pub(crate) struct Cells<'a, const N: usize> {
    values: [&'a str; N],
    /// Bit `i` is set when slot `i` needs decoding. Invariant: `N <= 64`.
    coded: u64,
    /// Bit `i` is set when slot `i` is filled.
    filled: u64,
}

impl<'a, const N: usize> Cells<'a, N> {
    pub(crate) fn new() -> Self {
        const { assert!(N <= 64, "one bit for each slot") };
        Self { values: [""; N], coded: 0, filled: 0 }
    }

    /// Fills a slot; a slot out of range is ignored.
    #[inline]
    pub(crate) fn set(&mut self, slot: usize, text: &'a str) {
        if let Some(value) = self.values.get_mut(slot) {
            *value = text;
            self.filled |= 1 << slot;
            self.coded &= !(1 << slot);
        }
    }

    /// Fills a slot with text that [`Cells::decode`] is to decode.
    pub(crate) fn set_coded(&mut self, slot: usize, text: &'a str) {
        if slot < N {
            self.set(slot, text);
            self.coded |= 1 << slot;
        }
    }

    /// The text of a slot; `None` when absent.
    #[inline]
    pub(crate) fn get(&self, slot: usize) -> Option<&'a str> {
        let text = *self.values.get(slot)?;
        (self.filled >> slot & 1 == 1 && !text.is_empty()).then_some(text)
    }

    /// Which slots are filled, one bit each.
    pub(crate) fn filled(&self) -> u64 {
        self.filled
    }

    /// Whether any slot needs decoding.
    pub(crate) fn is_coded(&self) -> bool {
        self.coded != 0
    }

    /// The same cells with every marked slot decoded into `buffer`; `decode` is told the slot.
    pub(crate) fn decode<'b>(
        &self,
        buffer: &'b mut String,
        decode: impl Fn(usize, &str, &mut String),
    ) -> Cells<'b, N>
    where
        'a: 'b,
    {
        let mut ends = [0_usize; N];
        for (slot, (text, end)) in self.values.iter().zip(&mut ends).enumerate() {
            if self.coded >> slot & 1 == 1 {
                decode(slot, text, buffer);
            }
            *end = buffer.len();
        }
        let buffer: &'b str = buffer;
        let mut values: [&'b str; N] = self.values;
        let mut start = 0;
        for (slot, (value, end)) in values.iter_mut().zip(ends).enumerate() {
            if self.coded >> slot & 1 == 1 {
                *value = buffer.get(start..end).unwrap_or_default();
            }
            start = end;
        }
        Cells { values, coded: 0, filled: self.filled }
    }
}
