//! Texts to dense numbers, in order of first sight.

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use std::hash::BuildHasher as _;

/// Numbers texts from 0. The table inside is only ever asked, never walked.
#[derive(Debug)]
pub(super) struct Interner<T> {
    /// Numbers, by the hashes of their texts.
    numbers: HashTable<u32>,
    hasher: foldhash::fast::RandomState,
    texts: Vec<T>,
}

impl<T> Default for Interner<T> {
    fn default() -> Self {
        Self { numbers: HashTable::new(), hasher: foldhash::fast::RandomState::default(), texts: Vec::new() }
    }
}

impl<T: AsRef<str>> Interner<T> {
    /// The number of a text, and whether it is new.
    #[expect(clippy::cast_possible_truncation, reason = "texts of one device are far below 2^32")]
    pub(super) fn number(&mut self, text: T) -> (u32, bool) {
        let Self { numbers, hasher, texts } = self;
        let text_of = |number: &u32| texts.get(*number as usize).map_or("", AsRef::as_ref);
        let hash = |number: &u32| hasher.hash_one(text_of(number));
        match numbers.entry(hasher.hash_one(text.as_ref()), |number| text_of(number) == text.as_ref(), hash) {
            Entry::Occupied(known) => (*known.get(), false),
            Entry::Vacant(free) => {
                let number = texts.len() as u32;
                free.insert(number);
                texts.push(text);
                (number, true)
            }
        }
    }

    /// The text of a number.
    pub(super) fn text(&self, number: u32) -> Option<&str> {
        self.texts.get(number as usize).map(AsRef::as_ref)
    }

    /// All texts, in order of first sight.
    pub(super) fn into_texts(self) -> Vec<T> {
        self.texts
    }
}
