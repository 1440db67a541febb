//! 调课: dated changes over the timetable. Revoked ones stay.

use crate::counter::next_id;
use crate::document::{self, date, date_text};
use crate::named::Names;
use crate::read::{ReadResult, get, row, rows, run, sql};
use crate::room::check_school;
use crate::state::bump_school;
use crate::{Db, DbError, Noun, Result};
use jiff::civil::Date;
use model::calendar::{Change, LessonId, Op};
use model::fault::{Fault, Reason, check_text};
use model::{ChangeId, ClassId, SchoolId, UserId};
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

/// Longest reason, characters.
const REASON_MAX: u32 = 120;
/// A change that its maker sends again within this is the same click, ms: two lessons that change places twice would be
/// where they were, and nobody would be told.
const REPEAT_MS: i64 = 10_000;

macro_rules! select_change {
    () => {
        "SELECT ch.change_id, ch.school_id, ch.first_date, ch.last_date, ch.document, ch.reason, ch.made_at_ms,
         COALESCE(NULLIF(m.display_name, ''), m.name, '') AS made_by, ch.revoked_at_ms,
         COALESCE(NULLIF(v.display_name, ''), v.name, '') AS revoked_by
         FROM timetable_change ch LEFT JOIN account m ON m.user_id = ch.made_by
         LEFT JOIN account v ON v.user_id = ch.revoked_by "
    };
}

texts! {
    ADD = "INSERT INTO timetable_change (change_id, school_id, first_date, last_date, document, reason, made_at_ms,
        made_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    REVOKE = "UPDATE timetable_change SET revoked_at_ms = $2, revoked_by = $3
        WHERE change_id = $1 AND revoked_at_ms IS NULL";
    GET = concat!(select_change!(), "WHERE ch.change_id = $1");
    LIST = concat!(select_change!(), "WHERE ch.school_id = $1 AND ch.last_date >= $2 AND ch.first_date <= $3
        ORDER BY ch.change_id DESC");
    UNREVOKED = "SELECT change_id, document, reason FROM timetable_change
        WHERE (CAST($1 AS BIGINT) = 0 OR school_id = $1) AND last_date >= $2 AND revoked_at_ms IS NULL
        ORDER BY change_id";
    LAST_OF_MAKER = "SELECT change_id, document, reason FROM timetable_change WHERE school_id = $1 AND made_by = $2
        AND made_at_ms > $3 AND revoked_at_ms IS NULL ORDER BY change_id DESC LIMIT 1";
    ON_DATE = "SELECT document FROM timetable_change WHERE school_id = $1 AND first_date <= $2 AND last_date >= $2";
}

/// A change as pages list it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeRow {
    /// Its number, what it does and why.
    pub change: Change,
    /// 学校.
    pub school_id: SchoolId,
    /// First and last date of the lessons it names.
    pub dates: (Date, Date),
    /// When it was made, Unix ms.
    pub made_at_ms: i64,
    /// Who made it; empty when the account has gone.
    pub made_by: String,
    /// When it was revoked, Unix ms.
    pub revoked_at_ms: Option<i64>,
    /// Who revoked it; empty when nobody did or the account has gone.
    pub revoked_by: String,
}

fn read_change(r: &AnyRow) -> ReadResult<Change> {
    Ok(Change { id: ChangeId(get(r, "change_id")?), op: document::read(r)?, reason: get(r, "reason")? })
}

fn read(r: &AnyRow) -> ReadResult<ChangeRow> {
    Ok(ChangeRow {
        change: read_change(r)?,
        school_id: SchoolId(get(r, "school_id")?),
        dates: (date(r, "first_date")?, date(r, "last_date")?),
        made_at_ms: get(r, "made_at_ms")?,
        made_by: get(r, "made_by")?,
        revoked_at_ms: get(r, "revoked_at_ms")?,
        revoked_by: get(r, "revoked_by")?,
    })
}

/// Changes of a school (or of all) that hold and reach `from` or a later date, ascending.
pub(crate) async fn unrevoked(
    conn: &mut AnyConnection,
    school: Option<SchoolId>,
    from: Date,
) -> Result<Vec<Change>> {
    let q = sql(UNREVOKED).bind(school.map_or(0, |id| id.0)).bind(date_text(from));
    rows(conn, "reading changes", q, read_change).await
}

/// The lesson an operation makes.
fn made(op: &Op) -> Option<LessonId> {
    match op {
        Op::Move { to, .. } => Some(*to),
        Op::Extra { lesson, .. } => Some(*lesson),
        _ => None,
    }
}

/// One more than the greatest `n` that any change, revoked too, ever used there; `None` when all 255 are used.
async fn free_n(
    conn: &mut AnyConnection,
    school: SchoolId,
    class: ClassId,
    date: Date,
    period: u8,
) -> Result<Option<u8>> {
    let q = sql(ON_DATE).bind(school.0).bind(date_text(date));
    let ops: Vec<Op> = rows(conn, "reading the changes of a date", q, document::read).await?;
    let there = |id: &LessonId| (id.class, id.date, id.period) == (class, date, period);
    let used = ops.iter().flat_map(Op::lessons).filter(there).map(|id| id.n).max();
    Ok(used.unwrap_or(0).checked_add(1))
}

async fn load(conn: &mut AnyConnection, id: ChangeId) -> Result<ChangeRow> {
    let found = row(conn, "reading a change", sql(GET).bind(id.0), read).await?;
    found.ok_or_else(|| DbError::not_found(Noun::Change, id))
}

impl Db {
    /// The changes of a school that touch [from, to], newest first, revoked ones too.
    pub async fn changes(&self, school: SchoolId, from: Date, to: Date) -> Result<Vec<ChangeRow>> {
        const DOING: &str = "listing changes";
        let mut c = self.read(DOING).await?;
        let list = sql(LIST).bind(school.0).bind(date_text(from)).bind(date_text(to));
        rows(&mut c, DOING, list, read).await
    }

    /// One change.
    pub async fn change(&self, id: ChangeId) -> Result<ChangeRow> {
        let mut c = self.read("reading a change").await?;
        load(&mut c, id).await
    }

    /// Makes a change and raises the state versions of the school's gatherers. One that makes no lesson and is the last its
    /// maker made, less than ten seconds ago, is a second click: it changes nothing and gives that number.
    ///
    /// [`DbError::Outdated`] with the number to take when the `n` of a lesson it makes was used before (somebody was
    /// faster, see [`Db::next_n`]); a [`DbError::Fault`] of `reason`, `lesson`, `class`, `room`, `subject` or `teacher`.
    pub async fn add_change(
        &self,
        school: SchoolId,
        op: &Op,
        reason: &str,
        by: UserId,
        now_ms: i64,
    ) -> Result<ChangeId> {
        const DOING: &str = "making a change";
        let reason = check_text("reason", reason, REASON_MAX)?;
        let text = document::write(DOING, op)?;
        let dates = op.lessons().into_iter().map(|lesson| lesson.date);
        let (Some(first), Some(last)) = (dates.clone().min(), dates.max()) else {
            return Err(Fault::new("lesson", Reason::Required).into());
        };
        let mut w = self.write(DOING).await?;
        check_school(w.conn(), school).await?;
        Names::of_op(op).check(w.conn(), school).await?;
        if let Some(id) = made(op) {
            let out = Fault::new("lesson", Reason::OutOfRange { min: 1, max: u8::MAX.into() });
            let free = free_n(w.conn(), school, id.class, id.date, id.period).await?;
            match free {
                Some(free) if id.n > 0 && id.n < free => {
                    return Err(DbError::Outdated { current: free.into() });
                }
                Some(_) if id.n > 0 => {}
                _ => return Err(out.into()),
            }
        } else {
            let last = sql(LAST_OF_MAKER).bind(school.0).bind(by.0).bind(now_ms - REPEAT_MS);
            let last = row(w.conn(), DOING, last, read_change).await?;
            if let Some(last) = last.filter(|last| last.op == *op) {
                return Ok(last.id);
            }
        }
        let id = next_id(w.conn(), "timetable_change").await?;
        let add = sql(ADD)
            .bind(id)
            .bind(school.0)
            .bind(date_text(first))
            .bind(date_text(last))
            .bind(text)
            .bind(reason)
            .bind(now_ms)
            .bind(by.0);
        run(w.conn(), DOING, add).await?;
        bump_school(w.conn(), school).await?;
        w.commit(DOING).await?;
        Ok(ChangeId(id))
    }

    /// Revokes a change and raises the state versions of the school's gatherers; one that is revoked already stays as it
    /// is. Gives its school.
    pub async fn revoke_change(&self, id: ChangeId, by: UserId, now_ms: i64) -> Result<SchoolId> {
        const DOING: &str = "revoking a change";
        let mut w = self.write(DOING).await?;
        let school = load(w.conn(), id).await?.school_id;
        if run(w.conn(), DOING, sql(REVOKE).bind(id.0).bind(now_ms).bind(by.0)).await? > 0 {
            bump_school(w.conn(), school).await?;
        }
        w.commit(DOING).await?;
        Ok(school)
    }

    /// The `n` of the next lesson a change makes there: one more than any change, revoked too, ever used; 255 at most.
    pub async fn next_n(&self, school: SchoolId, class: ClassId, date: Date, period: u8) -> Result<u8> {
        let mut c = self.read("reading the changes of a date").await?;
        Ok(free_n(&mut c, school, class, date, period).await?.unwrap_or(u8::MAX))
    }
}
