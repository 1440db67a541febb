//! Notations of weeks: 单周, 双周, 1-8周, 9-16周,单, odd weeks, every 3 weeks from 1.

use crate::Language;
use crate::plain::key;
use model::calendar::Weeks;
use model::calendar::weeks::WEEK_MAX;
use std::collections::BTreeSet;

/// Words that make a text one about weeks.
const MARKS: [&str; 9] = ["周", "週", "单", "双", "奇", "偶", "week", "wk", "odd"];

/// Whether a text speaks of weeks, right or wrong.
pub(super) fn speaks_of_weeks(text: &str) -> bool {
    let text = key(text);
    let odd_name = ["单元", "双语", "双师", "单独", "周末", "周记", "周测", "周练", "周会", "奇石"];
    !odd_name.iter().any(|n| text.contains(n))
        && (MARKS.iter().any(|mark| text.contains(mark)) || text.starts_with("even"))
}

/// The weeks a text names. A lone number needs 周 or the like; `ranged` accepts `1-8` without it, as brackets hold it.
pub(super) fn parse(text: &str, ranged: bool) -> Option<Weeks> {
    let text = key(text);
    match text.as_str() {
        "单" | "单周" | "单数周" | "奇" | "奇周" | "奇数周" | "odd" | "oddweeks" | "oddweek" => {
            return Some(Weeks::Odd);
        }
        "双" | "双周" | "双数周" | "偶" | "偶周" | "偶数周" | "even" | "evenweeks" | "evenweek" =>
        {
            return Some(Weeks::Even);
        }
        "全周" | "每周" | "all" | "allweeks" | "everyweek" => return Some(Weeks::All),
        _ => {}
    }
    if let Some(turn) = turns(&text) {
        return Some(turn);
    }
    let marked = speaks_of_weeks(&text);
    let many = text.contains(['-', '~', ',', '、']) || text.contains('至');
    if !(marked || (ranged && many)) {
        return None;
    }
    list(&text)
}

/// `每3周从1`, `every 3 weeks from 1`.
fn turns(text: &str) -> Option<Weeks> {
    let (every, from) = match text.strip_prefix('每') {
        Some(rest) => rest.split_once("周从")?,
        None => text.strip_prefix("every")?.split_once("weeksfrom")?,
    };
    let (every, from): (u16, u16) = (every.parse().ok()?, from.trim_end_matches(['周', '起']).parse().ok()?);
    ((2..=12).contains(&every) && (1..=every).contains(&from)).then_some(Weeks::Mod { every, from })
}

/// `1-8,10,12双`: a mark right after a range is of that range, one that stands alone is of all.
fn list(text: &str) -> Option<Weeks> {
    let text: String = text
        .replace("weeks", "")
        .replace("week", "")
        .replace("wks", "")
        .replace("wk", "")
        .replace("odd", "单")
        .replace("even", "双")
        .chars()
        .filter(|c| !matches!(c, '第' | '周' | '週' | '(' | ')' | '[' | ']' | '数' | '.'))
        .map(|c| match c {
            '~' | '至' | '到' => '-',
            '、' | ';' | '/' | '，' => ',',
            '奇' => '单',
            '偶' => '双',
            c => c,
        })
        .collect();
    let mut weeks = BTreeSet::new();
    let mut of_all = None;
    for part in text.split(',').filter(|p| !p.is_empty()) {
        let digits = part.trim_end_matches(['单', '双']);
        let parity = part[digits.len()..].chars().next();
        if digits.is_empty() {
            of_all = parity;
            continue;
        }
        let (first, last) = digits.split_once('-').unwrap_or((digits, digits));
        let (first, last): (u16, u16) = (first.parse().ok()?, last.parse().ok()?);
        if first == 0 || last < first || last > WEEK_MAX {
            return None;
        }
        weeks.extend((first..=last).filter(|w| fits(*w, parity)));
    }
    if weeks.is_empty() {
        return match of_all {
            Some('单') => Some(Weeks::Odd),
            Some('双') => Some(Weeks::Even),
            _ => None,
        };
    }
    weeks.retain(|w| fits(*w, of_all));
    (!weeks.is_empty()).then_some(Weeks::List(weeks))
}

fn fits(week: u16, parity: Option<char>) -> bool {
    match parity {
        Some('单') => week % 2 == 1,
        Some(_) => week.is_multiple_of(2),
        None => true,
    }
}

/// As grids and lists write them; empty for every week. [`parse`] reads it back.
pub(super) fn write(weeks: &Weeks, language: Language) -> String {
    match weeks {
        Weeks::All => String::new(),
        Weeks::Odd => language.pick("单周", "odd weeks").to_owned(),
        Weeks::Even => language.pick("双周", "even weeks").to_owned(),
        Weeks::Mod { every, from } => match language {
            Language::Chinese => format!("每{every}周从{from}"),
            Language::English => format!("every {every} weeks from {from}"),
        },
        Weeks::List(_) => match language {
            Language::Chinese => format!("{weeks}周"),
            Language::English => format!("weeks {weeks}"),
        },
    }
}

/// The weeks that are in both, as one set; `None` when there are none.
pub(super) fn both(a: &Weeks, b: &Weeks) -> Option<Weeks> {
    match (a, b) {
        (Weeks::All, other) | (other, Weeks::All) => Some(other.clone()),
        (a, b) if a == b => Some(a.clone()),
        (a, b) => {
            let weeks: BTreeSet<u16> = (1..=WEEK_MAX).filter(|w| a.has(*w) && b.has(*w)).collect();
            (!weeks.is_empty()).then_some(Weeks::List(weeks))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let found = parse(text, true).map(|w| w.to_string());
        assert_eq!(found.as_deref().unwrap_or("-"), expected, "{text}");
    }

    #[test]
    fn notations_of_schools_are_read() {
        for (text, expected) in [
            ("单", "odd"),
            ("双周", "even"),
            ("第1-8周", "1-8"),
            ("1-8周", "1-8"),
            ("9-16周,单", "9,11,13,15"),
            ("1~8(双)", "2,4,6,8"),
            ("1-8,10,12双", "1-8,10,12"),
            ("1-4,9-12周(双)", "1-4,10,12"),
            ("1、3、5周", "1,3,5"),
            ("第3周", "3"),
            ("1-8", "1-8"),
            ("weeks 1-8,10", "1-8,10"),
            ("Odd", "odd"),
            ("每3周从1", "mod 3 1"),
            ("every 3 weeks from 2", "mod 3 2"),
            ("3", "-"),
            ("70-80周", "-"),
            ("8-1周", "-"),
            ("王芳", "-"),
            ("周一", "-"),
            ("", "-"),
        ] {
            check(text, expected);
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        for text in ["odd", "even", "1-8,10,12", "7", "mod 3 1", "mod 12 12"] {
            let weeks: Weeks = text.parse().unwrap();
            for language in [Language::Chinese, Language::English] {
                assert_eq!(parse(&write(&weeks, language), false), Some(weeks.clone()), "{text}");
            }
        }
    }
}
