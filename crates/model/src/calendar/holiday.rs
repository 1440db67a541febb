//! 节假日: the days off and the make-up workdays of a year, as the data shipped with the product or a file names them; the shape
//! is that of holiday-cn (`{"year": 2026, "days": [{"name": "元旦", "date": "2026-01-01", "isOffDay": true}]}`).

use super::check::DAYS_MAX;
use super::term::{Calendar, CalendarDay, DayKind, MakeUpOf};
use crate::fault::{Fault, Reason, check_name, check_range};
use jiff::civil::Date;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Most days of one file.
pub const HOLIDAYS_MAX: usize = 400;

/// One file. Fields that are not named here are passed over.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct HolidayYear {
    /// Which year's notice it is; New Year's days off may lie in the year before.
    pub year: i16,
    /// In any order.
    pub days: Vec<Holiday>,
}

/// One day.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Holiday {
    /// 1–60 characters, e.g. 国庆节.
    pub name: String,
    /// Which.
    pub date: Date,
    /// Off, or a workday that makes up for one: a school then says whose lessons run.
    #[serde(rename = "isOffDay")]
    pub is_off_day: bool,
}

impl HolidayYear {
    /// Whether it can be what it says.
    pub fn check(&self) -> Result<(), Fault> {
        check_range("year", self.year.into(), 2000, 2200)?;
        if self.days.len() > HOLIDAYS_MAX {
            return Err(Fault::new("days", Reason::TooMany { max: HOLIDAYS_MAX as u32 }));
        }
        for day in &self.days {
            check_name("name", &day.name, 60)?;
            check_range("date", day.date.year().into(), i64::from(self.year) - 1, i64::from(self.year) + 1)?;
        }
        Ok(())
    }

    /// Its days as a calendar would have them, ascending; of a date named twice the later entry.
    pub fn proposals(&self) -> Vec<CalendarDay> {
        let day = |holiday: &Holiday| CalendarDay {
            date: holiday.date,
            kind: match holiday.is_off_day {
                true => DayKind::Off,
                false => DayKind::MakeUp { of: MakeUpOf::Unanswered },
            },
            bells: None,
            no_record: false,
            note: holiday.name.trim().to_owned(),
        };
        let days: BTreeMap<Date, CalendarDay> =
            self.days.iter().map(|holiday| (holiday.date, day(holiday))).collect();
        days.into_values().collect()
    }
}

impl Calendar {
    /// What of `proposals` is new to this calendar. A date that has an entry keeps it; only a make-up day that nobody has answered
    /// takes a kind that has changed meanwhile, and keeps its bells and 停录.
    pub fn news(&self, proposals: &[CalendarDay]) -> Vec<CalendarDay> {
        let new = |proposal: &CalendarDay| match self.day(proposal.date) {
            None => Some(proposal.clone()),
            Some(day) => {
                let open = day.kind == DayKind::MakeUp { of: MakeUpOf::Unanswered };
                let changed =
                    CalendarDay { kind: proposal.kind.clone(), note: proposal.note.clone(), ..day.clone() };
                (open && day.kind != proposal.kind).then_some(changed)
            }
        };
        proposals.iter().filter_map(new).collect()
    }

    /// This calendar with [`Calendar::news`] of `proposals`, days ascending, at most [`DAYS_MAX`] of them.
    pub fn with_holidays(&self, proposals: &[CalendarDay]) -> Result<Self, Fault> {
        let mut days: BTreeMap<Date, CalendarDay> =
            self.days.iter().map(|day| (day.date, day.clone())).collect();
        days.extend(self.news(proposals).into_iter().map(|day| (day.date, day)));
        if days.len() > DAYS_MAX {
            return Err(Fault::new("days", Reason::TooMany { max: DAYS_MAX as u32 }));
        }
        Ok(Self { days: days.into_values().collect(), ..self.clone() })
    }
}
