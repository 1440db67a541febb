//! 课表: published versions, never changed.

use crate::document::{self, date, date_text};
use crate::named::Names;
use crate::read::{ReadResult, get, row, rows, run, sql};
use crate::room::check_school;
use crate::state::bump_school;
use crate::{Db, DbError, Noun, Result};
use jiff::civil::Date;
use model::calendar::Timetable;
use model::calendar::grid::CELLS_MAX;
use model::fault::{Fault, Reason, check_text};
use model::{SchoolId, UserId};
use sqlx::AnyConnection;
use sqlx::any::AnyRow;
use std::collections::BTreeMap;
use std::ops::Bound::{Excluded, Included};

/// Longest source and note of a version, characters.
const NOTE_MAX: u32 = 200;

texts! {
    ADD = "INSERT INTO timetable_version (school_id, version_no, starts_on, cells, source, note, document,
        published_at_ms, published_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    STAMPS = "SELECT school_id, version_no, starts_on FROM timetable_version
        WHERE CAST($1 AS BIGINT) = 0 OR school_id = $1 ORDER BY school_id, version_no";
    DOCUMENT = "SELECT document FROM timetable_version WHERE school_id = $1 AND version_no = $2";
    LIST = "SELECT v.version_no, v.starts_on, v.cells, v.source, v.note, v.published_at_ms,
        COALESCE(NULLIF(a.display_name, ''), a.name, '') AS published_by
        FROM timetable_version v LEFT JOIN account a ON a.user_id = v.published_by
        WHERE v.school_id = $1 ORDER BY v.version_no DESC";
}

/// A published timetable without its cells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionRow {
    /// Counts up from 1 within a school.
    pub no: i64,
    /// First date it holds for.
    pub from: Date,
    /// How many cells it has.
    pub cells: i64,
    /// Where it came from, e.g. a file's name, ≤ 200 characters.
    pub source: String,
    /// What its publisher wrote, ≤ 200 characters.
    pub note: String,
    /// When it was published, Unix ms.
    pub published_at_ms: i64,
    /// Who published it; empty when the account has gone.
    pub published_by: String,
}

/// A timetable to be published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewVersion {
    /// The newest version the publisher has merged with; 0 = there was none.
    pub newest_no: i64,
    /// First date it holds for. The caller has checked that it is not past.
    pub from: Date,
    /// Where it came from, ≤ 200 characters.
    pub source: String,
    /// A note, ≤ 200 characters.
    pub note: String,
    /// All cells of the school, in any order.
    pub timetable: Timetable,
}

/// Which version holds from when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) school: SchoolId,
    pub(crate) no: i64,
    pub(crate) from: Date,
}

/// The versions of one school that are in force on some date of [from, to], ascending by date.
pub(crate) fn in_force(all: &[Stamp], from: Date, to: Date) -> Vec<Stamp> {
    let mut by_date: BTreeMap<Date, Stamp> = BTreeMap::new();
    for stamp in all {
        let kept = by_date.entry(stamp.from).or_insert(*stamp);
        if stamp.no > kept.no {
            *kept = *stamp;
        }
    }
    let first = by_date.range(..=from).next_back();
    let later = by_date.range((Excluded(from), Included(to.max(from))));
    first.into_iter().chain(later).map(|(_, stamp)| *stamp).collect()
}

/// The versions of a school, or of all.
pub(crate) async fn stamps(conn: &mut AnyConnection, school: Option<SchoolId>) -> Result<Vec<Stamp>> {
    let read = |r: &AnyRow| {
        Ok(Stamp {
            school: SchoolId(get(r, "school_id")?),
            no: get(r, "version_no")?,
            from: date(r, "starts_on")?,
        })
    };
    rows(conn, "reading versions", sql(STAMPS).bind(school.map_or(0, |id| id.0)), read).await
}

pub(crate) async fn document_of(conn: &mut AnyConnection, school: SchoolId, no: i64) -> Result<Timetable> {
    let q = sql(DOCUMENT).bind(school.0).bind(no);
    let found = row(conn, "reading a timetable", q, document::read).await?;
    found.ok_or_else(|| DbError::not_found(Noun::Version, no))
}

fn read(r: &AnyRow) -> ReadResult<VersionRow> {
    Ok(VersionRow {
        no: get(r, "version_no")?,
        from: date(r, "starts_on")?,
        cells: get(r, "cells")?,
        source: get(r, "source")?,
        note: get(r, "note")?,
        published_at_ms: get(r, "published_at_ms")?,
        published_by: get(r, "published_by")?,
    })
}

/// Publishes within a transaction.
pub(crate) async fn publish(
    conn: &mut AnyConnection,
    school: SchoolId,
    new: &NewVersion,
    by: UserId,
    now_ms: i64,
) -> Result<i64> {
    const DOING: &str = "publishing a timetable";
    let source = check_text("source", &new.source, NOTE_MAX)?;
    let note = check_text("note", &new.note, NOTE_MAX)?;
    let timetable = new.timetable.clone().sorted();
    if timetable.cells.len() > CELLS_MAX {
        return Err(Fault::new("cells", Reason::TooLong { max: CELLS_MAX as u32 }).into());
    }
    let text = document::write(DOING, &timetable)?;
    check_school(conn, school).await?;
    let all = stamps(conn, Some(school)).await?;
    if let Some(current) = in_force(&all, new.from, new.from).first()
        && document_of(conn, school, current.no).await? == timetable
    {
        return Ok(current.no);
    }
    let newest = all.iter().map(|stamp| stamp.no).max().unwrap_or(0);
    if newest != new.newest_no {
        return Err(DbError::Outdated { current: newest });
    }
    Names::of_cells(&timetable.cells).check(conn, school).await?;
    let add = sql(ADD)
        .bind(school.0)
        .bind(newest + 1)
        .bind(date_text(new.from))
        .bind(timetable.cells.len() as i64)
        .bind(source)
        .bind(note)
        .bind(text)
        .bind(now_ms)
        .bind(by.0);
    run(conn, DOING, add).await?;
    bump_school(conn, school).await?;
    Ok(newest + 1)
}

impl Db {
    /// Every published version of a school, newest first.
    pub async fn timetable_versions(&self, school: SchoolId) -> Result<Vec<VersionRow>> {
        const DOING: &str = "listing versions";
        let mut c = self.read(DOING).await?;
        rows(&mut c, DOING, sql(LIST).bind(school.0), read).await
    }

    /// The cells of a version, sorted. [`Noun::Version`] is not found when there is none.
    pub async fn timetable(&self, school: SchoolId, no: i64) -> Result<Timetable> {
        let mut c = self.read("reading a timetable").await?;
        document_of(&mut c, school, no).await
    }

    /// Publishes a timetable: gives its number and raises the state versions of the school's gatherers. What is in force
    /// on its first date already is not published again: a repeated request changes nothing and gives that number.
    ///
    /// [`DbError::Outdated`] when a version newer than `newest_no` was published meanwhile; a [`DbError::Fault`] of
    /// `class`, `room`, `subject` or `teacher` when a cell names what does not exist (any more).
    pub async fn publish_timetable(
        &self,
        school: SchoolId,
        new: &NewVersion,
        by: UserId,
        now_ms: i64,
    ) -> Result<i64> {
        const DOING: &str = "publishing a timetable";
        let mut w = self.write(DOING).await?;
        let no = publish(w.conn(), school, new, by, now_ms).await?;
        w.commit(DOING).await?;
        Ok(no)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[track_caller]
    fn check(from: i8, to: i8, want: &[i64]) {
        let day = |d: i8| date(2026, 9, d);
        let all: Vec<Stamp> = [(1, 10), (2, 20), (3, 20), (4, 15), (5, 25)]
            .map(|(no, d)| Stamp { school: SchoolId(1), no, from: day(d) })
            .to_vec();
        let found: Vec<i64> = in_force(&all, day(from), day(to)).iter().map(|stamp| stamp.no).collect();
        assert_eq!(found, want, "{from}–{to}");
    }

    #[test]
    fn the_latest_first_date_counts_and_of_equals_the_greatest_number() {
        check(1, 9, &[]);
        check(1, 10, &[1]);
        check(10, 10, &[1]);
        check(14, 15, &[1, 4]);
        check(16, 24, &[4, 3]);
        check(20, 30, &[3, 5]);
        check(30, 30, &[5]);
        check(30, 1, &[5]);
    }
}
