//! The book of a school: everything its dates are expanded from.

use crate::change::unrevoked;
use crate::timetable::{document_of, in_force, stamps};
use crate::{Db, Result, calendar, channel, class, setting, weekly_range};
use jiff::ToSpan;
use jiff::civil::Date;
use model::SchoolId;
use model::calendar::{Book, Roster, Version};
use std::sync::Arc;

/// A change may name a lesson that a change long before made; one of another half-year it cannot reach.
const CHANGES_BACK_DAYS: i64 = 200;

impl Db {
    /// What [from, to] of a school is expanded from: versions in force there, changes that hold and reach back 200 days.
    ///
    /// Read text by text: what lands meanwhile has raised the state versions, so nobody keeps a mixed book for long.
    pub async fn book(&self, school: SchoolId, from: Date, to: Date) -> Result<Book> {
        let mut c = self.read("reading the book of a school").await?;
        let zone = setting::load(&mut c).await?.zone()?;
        let calendar = calendar::newest(&mut c, school).await?.calendar;
        let mut versions = Vec::new();
        for stamp in in_force(&stamps(&mut c, Some(school)).await?, from, to) {
            let timetable = Arc::new(document_of(&mut c, school, stamp.no).await?);
            versions.push(Version { no: stamp.no, from: stamp.from, timetable });
        }
        let since = from.checked_sub(CHANGES_BACK_DAYS.days()).unwrap_or(Date::MIN);
        let changes = unrevoked(&mut c, Some(school), since).await?;
        let classes = class::roster(&mut c, school).await?;
        let roster = Roster { classes, channels: channel::roster(&mut c, school).await? };
        let ranges = weekly_range::of_school(&mut c, school).await?;
        Ok(Book { zone, calendar, versions, changes, roster, ranges })
    }
}
