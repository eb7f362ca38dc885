//! Which spans hold an instant? A sorted list with the latest end below each node of its implicit search tree.

use crate::model::Timestamp;

/// Spans visited per question; a domain that more apps and hosts share at one instant tells nothing.
const MAX_VISITED: usize = 1_024;

/// A span in which an app was reported, with how many connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ReportSpan<'a> {
    /// First instant.
    pub(super) from: Timestamp,
    /// Last instant.
    pub(super) to: Timestamp,
    /// The app.
    pub(super) app: &'a str,
    /// Connections.
    pub(super) hits: u64,
}

/// Spans that can be asked for an instant.
#[derive(Debug, Default)]
pub(super) struct SpanIndex<'a> {
    spans: Vec<ReportSpan<'a>>,
    /// Latest end in the subtree of each span.
    latest: Vec<Timestamp>,
}

impl<'a> SpanIndex<'a> {
    /// Indexes spans in any order. Spans of one app that overlap become one with the hits of both, so that an
    /// instant lies in at most one span per app.
    pub(super) fn new(mut spans: Vec<ReportSpan<'a>>) -> Self {
        spans.sort_unstable_by_key(|span| (span.app, span.from, span.to));
        let mut joined: Vec<ReportSpan<'a>> = Vec::with_capacity(spans.len());
        for span in spans {
            match joined.last_mut() {
                Some(last) if last.app == span.app && span.from <= last.to => {
                    last.to = last.to.max(span.to);
                    last.hits = last.hits.saturating_add(span.hits);
                }
                _ => joined.push(span),
            }
        }
        joined.sort_unstable();
        let mut index = Self { latest: vec![Timestamp::default(); joined.len()], spans: joined };
        index.build(0, index.spans.len());
        index
    }

    /// Visits the spans that hold `at`, in their order, at most 1,024.
    pub(super) fn visit(&self, at: Timestamp, mut each: impl FnMut(&ReportSpan<'a>)) {
        let mut left = MAX_VISITED;
        self.descend((0, self.spans.len()), at, &mut |span| {
            each(span);
            left -= 1;
            left > 0
        });
    }

    /// Fills `latest` of the spans `low..high`; depth is logarithmic.
    fn build(&mut self, low: usize, high: usize) -> Option<Timestamp> {
        let middle = middle(low, high)?;
        let below = [self.build(low, middle), self.build(middle + 1, high)];
        let own = self.spans.get(middle)?.to;
        let latest = below.into_iter().flatten().fold(own, Timestamp::max);
        *self.latest.get_mut(middle)? = latest;
        Some(latest)
    }

    /// Returns false when `each` wants no more.
    fn descend(
        &self,
        (low, high): (usize, usize),
        at: Timestamp,
        each: &mut dyn FnMut(&ReportSpan<'a>) -> bool,
    ) -> bool {
        let Some(middle) = middle(low, high) else { return true };
        let (Some(span), Some(latest)) = (self.spans.get(middle), self.latest.get(middle)) else {
            return true;
        };
        if *latest < at {
            return true;
        }
        if !self.descend((low, middle), at, each) {
            return false;
        }
        if span.from > at {
            return true;
        }
        (span.to < at || each(span)) && self.descend((middle + 1, high), at, each)
    }
}

fn middle(low: usize, high: usize) -> Option<usize> {
    (low < high).then(|| low + (high - low) / 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn an_instant_finds_the_apps_that_a_scan_finds(
            spans in prop::collection::vec((0_i64..100, 0_i64..30, 0_usize..4), 0..60),
            at in 0_i64..130,
        ) {
            let apps = ["a", "b", "c", "d"];
            let instant = Timestamp::from_micros;
            let spans: Vec<ReportSpan<'static>> = spans
                .into_iter()
                .map(|(from, length, app)| ReportSpan {
                    from: instant(from),
                    to: instant(from + length),
                    app: apps[app],
                    hits: 1,
                })
                .collect();
            let mut expected: Vec<&str> = spans
                .iter()
                .filter(|span| span.from <= instant(at) && instant(at) <= span.to)
                .map(|span| span.app)
                .collect();
            expected.sort_unstable();
            expected.dedup();
            let mut found = Vec::new();
            SpanIndex::new(spans).visit(instant(at), |span| found.push(span.app));
            found.sort_unstable();
            prop_assert_eq!(found, expected);
        }
    }
}
