//! How often each app was reported somewhere.

/// Apps with their weights. Nearly always it is one app: only further ones take memory.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Tally<'a> {
    first: Option<(&'a str, u64)>,
    more: Vec<(&'a str, u64)>,
}

impl<'a> Tally<'a> {
    /// Adds to the weight of an app.
    pub(super) fn add(&mut self, app: &'a str, weight: u64) {
        let Some((first, sum)) = &mut self.first else {
            self.first = Some((app, weight));
            return;
        };
        if *first == app {
            *sum = sum.saturating_add(weight);
            return;
        }
        match self.more.iter_mut().find(|(known, _)| *known == app) {
            Some((_, sum)) => *sum = sum.saturating_add(weight),
            None => self.more.push((app, weight)),
        }
    }

    /// Whether no app was reported.
    pub(super) const fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    /// The app, when it is one.
    pub(super) fn only_app(&self) -> Option<&'a str> {
        self.first.filter(|_| self.more.is_empty()).map(|(app, _)| app)
    }

    /// Each app with its weight, in no order of meaning.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&'a str, u64)> {
        self.first.into_iter().chain(self.more.iter().copied())
    }
}
