//! When a channel records: the dated spans of its plan, asked by binary search. Pure.

use model::ChannelId;
use model::calendar::Span;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The plan of one channel. Clones are the same.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Schedule {
    /// Ascending, disjoint, none empty.
    spans: Arc<[Span]>,
}

impl Schedule {
    /// From the spans of one channel. The site sends them ascending and disjoint; whatever comes, afterwards no moment has
    /// two spans: the one that starts later wins, as in the site's own rule.
    pub fn new(mut spans: Vec<Span>) -> Self {
        spans.retain(|span| span.start_at_ms < span.end_at_ms);
        spans.sort_by_key(|span| span.start_at_ms);
        for next in 1..spans.len() {
            let start_at_ms = spans[next].start_at_ms;
            spans[next - 1].end_at_ms = spans[next - 1].end_at_ms.min(start_at_ms);
        }
        spans.retain(|span| span.start_at_ms < span.end_at_ms);
        Self { spans: spans.into() }
    }

    /// A desired state's spans, each to its channel.
    pub fn by_channel(spans: Vec<Span>) -> BTreeMap<ChannelId, Self> {
        let mut sorted: BTreeMap<ChannelId, Vec<Span>> = BTreeMap::new();
        for span in spans {
            sorted.entry(span.channel_id).or_default().push(span);
        }
        sorted.into_iter().map(|(channel, spans)| (channel, Self::new(spans))).collect()
    }

    /// What should be recording at this moment.
    pub fn due(&self, now_ms: i64) -> Option<&Span> {
        self.begun(now_ms).last().filter(|span| now_ms < span.end_at_ms)
    }

    /// When the lesson `key` ended, or will: the end of its span that began last, if one has begun.
    pub fn end_of(&self, key: &str, now_ms: i64) -> Option<i64> {
        self.begun(now_ms).iter().rfind(|span| span.key == key).map(|span| span.end_at_ms)
    }

    fn begun(&self, now_ms: i64) -> &[Span] {
        &self.spans[..self.spans.partition_point(|span| span.start_at_ms <= now_ms)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{RangeId, SubjectId, TeacherId};

    fn span(channel: i64, key: &str, start_at_ms: i64, end_at_ms: i64) -> Span {
        Span {
            key: key.into(),
            channel_id: ChannelId(channel),
            start_at_ms,
            end_at_ms,
            subject_id: SubjectId(1),
            teacher_id: TeacherId(0),
            range_id: RangeId(0),
        }
    }

    fn due(schedule: &Schedule, now_ms: i64) -> &str {
        schedule.due(now_ms).map_or("", |span| span.key.as_str())
    }

    #[test]
    fn neighbours_share_no_moment_and_leave_none_out() {
        let schedule = Schedule::new(vec![span(1, "b", 20, 30), span(1, "a", 10, 20), span(1, "c", 40, 50)]);
        let found: Vec<&str> = [9, 10, 19, 20, 29, 30, 39, 40, 50].map(|at| due(&schedule, at)).into();
        assert_eq!(found, ["", "a", "a", "b", "b", "", "", "c", ""]);
        assert_eq!(due(&Schedule::default(), 0), "");
    }

    #[test]
    fn whatever_comes_a_moment_has_one_span() {
        let wild =
            vec![span(1, "long", 0, 100), span(1, "none", 50, 50), span(1, "in", 40, 60), span(1, "x", 9, 3)];
        let schedule = Schedule::new(wild);
        assert_eq!([0, 39, 40, 59, 60].map(|at| due(&schedule, at)), ["long", "long", "in", "in", ""]);
    }

    #[test]
    fn the_end_of_a_lesson_that_was_cut_in_two_is_that_of_the_part_that_runs() {
        let schedule = Schedule::new(vec![span(1, "a", 0, 10), span(1, "b", 10, 20), span(1, "a", 20, 30)]);
        assert_eq!((schedule.end_of("a", 15), schedule.end_of("a", 25)), (Some(10), Some(30)));
        assert_eq!((schedule.end_of("b", 5), schedule.end_of("c", 5)), (None, None));
    }

    #[test]
    fn every_channel_gets_its_own() {
        let plans =
            Schedule::by_channel(vec![span(2, "x", 0, 10), span(1, "y", 0, 10), span(2, "z", 10, 20)]);
        assert_eq!(plans.len(), 2);
        assert_eq!((due(&plans[&ChannelId(1)], 5), due(&plans[&ChannelId(2)], 15)), ("y", "z"));
    }
}
