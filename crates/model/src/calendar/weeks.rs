//! In which teaching weeks a cell runs: 单周 双周 1-8,10,12周, every n-th week.

use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Greatest week number of a term.
pub const WEEK_MAX: u16 = 60;

/// Weeks of a term, from 1. On the wire a short text: `all`, `odd`, `even`, `1-8,10,12`, `mod 3 1`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Weeks {
    /// Every week.
    #[default]
    All,
    /// 单周: 1, 3, 5 …
    Odd,
    /// 双周: 2, 4, 6 …
    Even,
    /// These weeks, each 1–[`WEEK_MAX`]; never empty.
    List(BTreeSet<u16>),
    /// Every `every`-th week (2–12) from week `from` (1–`every`) on: weeks w with (w − from) divisible by `every`.
    Mod {
        /// Period, weeks.
        every: u16,
        /// First week.
        from: u16,
    },
}

/// Why a text is not a set of weeks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` names no weeks: write all, odd, even, 1-8,10,12 or mod 3 1")]
pub struct BadWeeks(pub String);

impl Weeks {
    /// Whether week `week` of the term is one of them.
    pub fn has(&self, week: u16) -> bool {
        match self {
            Weeks::All => true,
            Weeks::Odd => !week.is_multiple_of(2),
            Weeks::Even => week.is_multiple_of(2),
            Weeks::List(weeks) => weeks.contains(&week),
            Weeks::Mod { every, from } => week >= *from && (week - from).is_multiple_of((*every).max(1)),
        }
    }

    /// Bit n = week n, 1–[`WEEK_MAX`]: two sets meet where both have a bit.
    pub fn bits(&self) -> u64 {
        (1..=WEEK_MAX).filter(|week| self.has(*week)).fold(0, |bits, week| bits | 1 << week)
    }

    /// Whether some week 1–[`WEEK_MAX`] is in both.
    pub fn meets(&self, other: &Weeks) -> bool {
        self.bits() & other.bits() != 0
    }
}

impl std::fmt::Display for Weeks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Weeks::All => f.write_str("all"),
            Weeks::Odd => f.write_str("odd"),
            Weeks::Even => f.write_str("even"),
            Weeks::Mod { every, from } => write!(f, "mod {every} {from}"),
            Weeks::List(weeks) => write_list(weeks, f),
        }
    }
}

/// Runs of neighbours become `a-b`.
fn write_list(weeks: &BTreeSet<u16>, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
    let mut runs: Vec<(u16, u16)> = Vec::new();
    for week in weeks {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == *week => *last = *week,
            _ => runs.push((*week, *week)),
        }
    }
    for (n, (first, last)) in runs.iter().enumerate() {
        let comma = if n == 0 { "" } else { "," };
        match first == last {
            true => write!(f, "{comma}{first}")?,
            false => write!(f, "{comma}{first}-{last}")?,
        }
    }
    Ok(())
}

impl std::str::FromStr for Weeks {
    type Err = BadWeeks;

    fn from_str(text: &str) -> Result<Self, BadWeeks> {
        let bad = || BadWeeks(text.chars().take(80).collect());
        match text {
            "all" => return Ok(Weeks::All),
            "odd" => return Ok(Weeks::Odd),
            "even" => return Ok(Weeks::Even),
            _ => {}
        }
        if let Some(rest) = text.strip_prefix("mod ") {
            let (every, from) = rest.split_once(' ').ok_or_else(bad)?;
            let (every, from): (u16, u16) =
                (every.parse().map_err(|_| bad())?, from.parse().map_err(|_| bad())?);
            let right = (2..=12).contains(&every) && (1..=every).contains(&from);
            return right.then_some(Weeks::Mod { every, from }).ok_or_else(bad);
        }
        let mut weeks = BTreeSet::new();
        for part in text.split(',') {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let (first, last): (u16, u16) =
                (first.parse().map_err(|_| bad())?, last.parse().map_err(|_| bad())?);
            if first == 0 || last > WEEK_MAX || last < first {
                return Err(bad());
            }
            weeks.extend(first..=last);
        }
        Ok(Weeks::List(weeks))
    }
}

impl TryFrom<String> for Weeks {
    type Error = BadWeeks;

    fn try_from(text: String) -> Result<Self, BadWeeks> {
        text.parse()
    }
}

impl From<Weeks> for String {
    fn from(weeks: Weeks) -> Self {
        weeks.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_round_trips() {
        for text in ["all", "odd", "even", "1-8,10,12", "7", "mod 3 1"] {
            assert_eq!(text.parse::<Weeks>().unwrap().to_string(), text);
        }
        for bad in ["", "0", "8-1", "61", "1,", "mod 1 1", "mod 3 4", "单"] {
            assert!(bad.parse::<Weeks>().is_err(), "{bad}");
        }
    }
}
