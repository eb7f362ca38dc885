//! Texts to dense numbers, in order of first sight.

use hashbrown::HashMap;

/// Numbers texts from 0. The map inside is only ever asked, never walked.
#[derive(Debug, Default)]
pub(super) struct Interner {
    numbers: HashMap<Box<str>, u32, foldhash::fast::RandomState>,
    texts: Vec<Box<str>>,
}

impl Interner {
    /// The number of a text, and whether it is new.
    #[expect(clippy::cast_possible_truncation, reason = "texts of one device are far below 2^32")]
    pub(super) fn number(&mut self, text: &str) -> (u32, bool) {
        if let Some(&number) = self.numbers.get(text) {
            return (number, false);
        }
        let number = self.texts.len() as u32;
        self.texts.push(text.into());
        self.numbers.insert(text.into(), number);
        (number, true)
    }

    /// The text of a number.
    pub(super) fn text(&self, number: u32) -> Option<&str> {
        self.texts.get(number as usize).map(AsRef::as_ref)
    }

    /// All texts, in order of first sight.
    pub(super) fn into_texts(self) -> Vec<Box<str>> {
        self.texts
    }
}
