//! Two people, one calendar: what only one of them changed is taken; where both changed the same, mine stands and is
//! named. Pure.

use super::words;
use crate::lang::Text;
use jiff::civil::Date;
use model::calendar::{BellTable, Calendar, CalendarDay, Term};
use std::collections::BTreeMap;

/// Both changes put together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merged {
    /// The calendar with both.
    pub calendar: Calendar,
    /// What the other one changed.
    pub others: Vec<Text>,
    /// Which of these I changed too: mine stands.
    pub clashes: Vec<Text>,
}

/// Parts by their name.
type Parts<K, T> = BTreeMap<K, T>;

struct Change {
    others: Vec<Text>,
    clashes: Vec<Text>,
}

/// Part by part: mine where I changed it, else theirs.
fn parts<K: Ord + Clone, T: PartialEq + Clone>(
    [base, theirs, mine]: [&Parts<K, T>; 3],
    told: &mut Change,
    say: impl Fn(&K, Option<&T>) -> Text,
) -> Parts<K, T> {
    let mut keys: Vec<&K> = base.keys().chain(theirs.keys()).chain(mine.keys()).collect();
    keys.sort();
    keys.dedup();
    let mut merged = Parts::new();
    for key in keys {
        let (was, is, wanted) = (base.get(key), theirs.get(key), mine.get(key));
        if is != was {
            told.others.push(say(key, is));
            if wanted != was && wanted != is {
                told.clashes.push(words::both(&say(key, is), &say(key, wanted)));
            }
        }
        let kept = if wanted == was { is } else { wanted };
        if let Some(kept) = kept {
            merged.insert(key.clone(), kept.clone());
        }
    }
    merged
}

/// Terms by year and name: one that was renamed counts as removed and added.
fn terms(calendar: &Calendar) -> Parts<(String, String), Term> {
    calendar.terms.iter().map(|t| ((t.year.clone(), t.name.clone()), t.clone())).collect()
}

fn days(calendar: &Calendar) -> Parts<Date, CalendarDay> {
    calendar.days.iter().map(|d| (d.date, d.clone())).collect()
}

fn tables(calendar: &Calendar) -> Parts<u32, BellTable> {
    calendar.bell_tables.iter().map(|t| (t.id, t.clone())).collect()
}

/// Puts `mine` and `theirs`, both made from `base`, together.
pub fn merge(base: &Calendar, theirs: &Calendar, mine: &Calendar) -> Merged {
    let mut told = Change { others: Vec::new(), clashes: Vec::new() };
    let three = [base, theirs, mine];
    let [a, b, c] = three.map(terms);
    let merged_terms = parts([&a, &b, &c], &mut told, words::term_changed);
    let [a, b, c] = three.map(days);
    let merged_days = parts([&a, &b, &c], &mut told, words::day_changed);
    let [a, b, c] = three.map(tables);
    let merged_tables = parts([&a, &b, &c], &mut told, words::table_changed);
    let mut bell_rules = mine.bell_rules.clone();
    if theirs.bell_rules != base.bell_rules {
        let text = Text::new("修改了作息安排（哪天用哪张作息）", "Changed the bell rules");
        told.others.push(text.clone());
        // A list in which the order counts: taken whole.
        if mine.bell_rules == base.bell_rules {
            bell_rules.clone_from(&theirs.bell_rules);
        } else if mine.bell_rules != theirs.bell_rules {
            told.clashes.push(text);
        }
    }
    let mut terms: Vec<Term> = merged_terms.into_values().collect();
    terms.sort_by_key(|t| t.start);
    // The first table rings where no rule says otherwise: my order stands, theirs come after.
    let order = |t: &BellTable| mine.bell_tables.iter().position(|m| m.id == t.id).unwrap_or(usize::MAX);
    let mut bell_tables: Vec<BellTable> = merged_tables.into_values().collect();
    bell_tables.sort_by_key(order);
    let calendar = Calendar { terms, days: merged_days.into_values().collect(), bell_tables, bell_rules };
    Merged { calendar, others: told.others, clashes: told.clashes }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use model::calendar::DayKind;

    fn calendar(days: &[(i8, DayKind)]) -> Calendar {
        let day = |(day, kind): &(i8, DayKind)| CalendarDay {
            date: date(2026, 10, *day),
            kind: kind.clone(),
            bells: None,
            no_record: false,
            note: String::new(),
        };
        Calendar { days: days.iter().map(day).collect(), ..Calendar::default() }
    }

    #[test]
    fn changes_of_different_dates_are_both_kept() {
        let base = calendar(&[(1, DayKind::Off), (2, DayKind::Off)]);
        let theirs = calendar(&[(1, DayKind::Off), (2, DayKind::Exam)]);
        let mine = calendar(&[(2, DayKind::Off), (5, DayKind::Off)]);
        let merged = merge(&base, &theirs, &mine);
        assert_eq!(merged.calendar, calendar(&[(2, DayKind::Exam), (5, DayKind::Off)]));
        assert_eq!((merged.others.len(), merged.clashes.len()), (1, 0));
    }

    #[test]
    fn of_the_same_date_mine_stands_and_is_named() {
        let base = calendar(&[]);
        let merged = merge(&base, &calendar(&[(1, DayKind::Exam)]), &calendar(&[(1, DayKind::Off)]));
        assert_eq!(merged.calendar, calendar(&[(1, DayKind::Off)]));
        assert_eq!(merged.clashes.len(), 1);
        assert!(merged.clashes[0].zh.contains("10月1日"), "{:?}", merged.clashes);
        let same = merge(&base, &calendar(&[(1, DayKind::Off)]), &calendar(&[(1, DayKind::Off)]));
        assert!(same.clashes.is_empty());
    }
}
