//! Making and revoking a change, and what follows from it: gatherers are told, and what is recorded today gets the
//! subject and teacher that hold now.

use crate::error::WebError;
use crate::pages::admin::today::read::today;
use crate::pages::admin::told::tell_school;
use crate::session::Visitor;
use crate::state::AppState;
use axum::http::StatusCode;
use db::{ChangeRow, DbError};
use model::calendar::conflict::{Wanted, lesson_conflicts};
use model::calendar::{LessonKey, Op};
use model::{ChangeId, SchoolId, TeacherId};

/// So long a change that makes a lesson and is sent again is a second click, ms.
const REPEAT_MS: i64 = 10_000;
/// Tries to find a number for a lesson while others make theirs in the same place.
const TRIES: usize = 5;

/// Makes a change that has been checked.
pub async fn keep(
    state: &AppState,
    visitor: &Visitor,
    school: SchoolId,
    op: &Op,
    reason: &str,
) -> Result<ChangeId, WebError> {
    let by = visitor.user.as_ref().ok_or(WebError::LoginNeeded)?.id;
    let mut op = op.clone();
    for _ in 0..TRIES {
        if let Some(id) = again(state, school, &op).await? {
            return Ok(id);
        }
        match state.db.add_change(school, &op, reason, by, state.now_ms()).await {
            Err(DbError::Outdated { current }) => {
                op = renumbered(&op, u8::try_from(current).unwrap_or(u8::MAX))
            }
            made => {
                let id = made?;
                follow(state, visitor, school, &op).await?;
                return Ok(id);
            }
        }
    }
    Err(meanwhile())
}

fn meanwhile() -> WebError {
    WebError::refused(
        StatusCode::CONFLICT,
        "meanwhile",
        "没有保存：刚刚有人改了同一节课。请返回看看现在的课，再决定。",
        "Not saved: somebody changed the same lesson a moment ago. Go back, look at the lessons as they are, and decide again.",
    )
}

/// Somebody may have made a lesson in the same place since this one was checked. Was it this one, sent twice, that is its
/// number; one that no longer goes beside the other is refused. What makes no lesson is looked at by the database.
async fn again(state: &AppState, school: SchoolId, op: &Op) -> Result<Option<ChangeId>, WebError> {
    if !matches!(op, Op::Move { .. } | Op::Extra { .. }) {
        return Ok(None);
    }
    let dates = op.lessons().into_iter().map(|id| id.date);
    let (Some(from), Some(to)) = (dates.clone().min(), dates.clone().max()) else { return Ok(None) };
    let rows = state.db.changes(school, from, to).await?;
    let since_ms = state.now_ms() - REPEAT_MS;
    let same = |row: &&ChangeRow| {
        row.revoked_at_ms.is_none()
            && row.made_at_ms > since_ms
            && renumbered(&row.change.op, 0) == renumbered(op, 0)
    };
    if let Some(row) = rows.iter().find(same) {
        return Ok(Some(row.change.id));
    }
    let before = state.db.book(school, from, to).await?;
    let after = before.supposing(op.clone(), "");
    for date in dates {
        let (was, is) = (before.expand(date).lessons, after.expand(date).lessons);
        let known = lesson_conflicts(&was);
        let found = lesson_conflicts(&is);
        if was == is || found.iter().any(|c| c.wanted != Wanted::Teacher && !known.contains(c)) {
            return Err(meanwhile());
        }
    }
    Ok(None)
}

/// Revokes a change.
pub async fn revoke(state: &AppState, visitor: &Visitor, row: &ChangeRow) -> Result<(), WebError> {
    let by = visitor.user.as_ref().ok_or(WebError::LoginNeeded)?.id;
    let school = state.db.revoke_change(row.change.id, by, state.now_ms()).await?;
    follow(state, visitor, school, &row.change.op).await
}

fn renumbered(op: &Op, n: u8) -> Op {
    let mut op = op.clone();
    match &mut op {
        Op::Move { to, .. } => to.n = n,
        Op::Extra { lesson, .. } => lesson.n = n,
        _ => {}
    }
    op
}

async fn follow(state: &AppState, visitor: &Visitor, school: SchoolId, op: &Op) -> Result<(), WebError> {
    tell_school(state, school).await?;
    let date = today(state.now_ms(), &visitor.zone());
    let touched: Vec<_> = op.lessons().into_iter().filter(|id| id.date == date).collect();
    if touched.is_empty() {
        return Ok(());
    }
    let day = state.db.book(school, date, date).await?.expand(date);
    for lesson in day.lessons.iter().filter(|lesson| touched.contains(&lesson.id)) {
        for channel in &lesson.channels {
            let key = LessonKey::Lesson { id: lesson.id, channel: *channel }.to_string();
            let teacher = lesson.teacher.unwrap_or(TeacherId(0));
            state.db.retitle_lesson(&key, lesson.subject, teacher).await?;
        }
    }
    Ok(())
}
