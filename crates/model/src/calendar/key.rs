//! Names of lessons that never change: whatever is published or swapped later, recordings, notes and progress stay.

use crate::{ChannelId, ClassId, RangeId};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::str::FromStr;

/// A lesson of a class: `c12-20261120-p3-0`. Subject, teacher and room are attributes, not part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct LessonId {
    /// The class (of several taught together, the cell's own).
    pub class: ClassId,
    /// Local date.
    pub date: Date,
    /// `no` of the period.
    pub period: u8,
    /// 0 = from the timetable; 1… = moved here or added by a [`super::Change`].
    pub n: u8,
}

/// What slices are filed under: a lesson on one channel, or a weekly range on one date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LessonKey {
    /// `<range>-<yyyymmdd>`.
    Range {
        /// The weekly range.
        range: RangeId,
        /// Local date.
        date: Date,
    },
    /// `<lesson id>-v<channel>`.
    Lesson {
        /// The lesson.
        id: LessonId,
        /// The channel that records it.
        channel: ChannelId,
    },
}

/// A text that is no name of a lesson.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not the name of a lesson")]
pub struct BadKey(pub String);

fn bad(text: &str) -> BadKey {
    BadKey(text.chars().take(80).collect())
}

/// Digits only: `+7` and `07` would be second names.
fn digits<T: FromStr + ToString>(text: &str) -> Option<T> {
    let number: T = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

fn day(text: &str) -> Option<Date> {
    let right = text.len() == 8 && text.bytes().all(|b| b.is_ascii_digit());
    right.then(|| Date::strptime("%Y%m%d", text).ok()).flatten()
}

fn show(date: Date) -> String {
    format!("{:04}{:02}{:02}", date.year(), date.month(), date.day())
}

impl std::fmt::Display for LessonId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "c{}-{}-p{}-{}", self.class, show(self.date), self.period, self.n)
    }
}

impl FromStr for LessonId {
    type Err = BadKey;

    fn from_str(text: &str) -> Result<Self, BadKey> {
        let read = || {
            let mut parts = text.split('-');
            let class = digits::<i64>(parts.next()?.strip_prefix('c')?).filter(|id| *id > 0)?;
            let date = day(parts.next()?)?;
            let period = digits::<u8>(parts.next()?.strip_prefix('p')?)?;
            let n = digits::<u8>(parts.next()?)?;
            parts.next().is_none().then_some(Self { class: ClassId(class), date, period, n })
        };
        read().ok_or_else(|| bad(text))
    }
}

impl TryFrom<String> for LessonId {
    type Error = BadKey;

    fn try_from(text: String) -> Result<Self, BadKey> {
        text.parse()
    }
}

impl From<LessonId> for String {
    fn from(id: LessonId) -> Self {
        id.to_string()
    }
}

impl std::fmt::Display for LessonKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            LessonKey::Range { range, date } => write!(f, "{range}-{}", show(*date)),
            LessonKey::Lesson { id, channel } => write!(f, "{id}-v{channel}"),
        }
    }
}

impl FromStr for LessonKey {
    type Err = BadKey;

    fn from_str(text: &str) -> Result<Self, BadKey> {
        let range = || {
            let (range, date) = text.split_once('-')?;
            Some(Self::Range { range: RangeId(digits::<i64>(range).filter(|id| *id > 0)?), date: day(date)? })
        };
        let lesson = || {
            let (id, channel) = text.rsplit_once("-v")?;
            let channel = digits::<i64>(channel).filter(|id| *id > 0)?;
            Some(Self::Lesson { id: id.parse().ok()?, channel: ChannelId(channel) })
        };
        range().or_else(lesson).ok_or_else(|| bad(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_round_trips_and_has_one_spelling() {
        for text in ["5-20261120", "c12-20261120-p3-0-v7"] {
            assert_eq!(text.parse::<LessonKey>().unwrap().to_string(), text);
        }
        let id = "c12-20261120-p3-1";
        assert_eq!(id.parse::<LessonId>().unwrap().to_string(), id);
        for bad in [
            "c012-20261120-p3-0-v7",
            "c1-2026112-p3-0-v7",
            "c1-20261320-p3-0-v7",
            "0-20261120",
            "5-20261120-v1",
            "",
        ] {
            assert!(bad.parse::<LessonKey>().is_err(), "{bad}");
        }
    }
}
