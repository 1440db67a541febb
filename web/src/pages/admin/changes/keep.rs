//! Making and revoking a change, and what follows from it: gatherers are told, and what is recorded today gets the
//! subject and teacher that hold now.

use crate::error::WebError;
use crate::pages::admin::today::read::today;
use crate::pages::admin::told::tell_school;
use crate::session::Visitor;
use crate::state::AppState;
use db::{ChangeRow, DbError};
use model::calendar::{LessonKey, Op};
use model::{ChangeId, SchoolId, TeacherId};

/// Makes a change that has been checked.
pub async fn keep(
    state: &AppState,
    visitor: &Visitor,
    school: SchoolId,
    op: &Op,
    reason: &str,
) -> Result<ChangeId, WebError> {
    let by = visitor.user.as_ref().ok_or(WebError::LoginNeeded)?.id;
    let now_ms = state.now_ms();
    let id = match state.db.add_change(school, op, reason, by, now_ms).await {
        // Somebody made a lesson in the same place a moment ago: this one gets the next number.
        Err(DbError::Outdated { current }) => {
            let op = renumbered(op, u8::try_from(current).unwrap_or(u8::MAX));
            state.db.add_change(school, &op, reason, by, now_ms).await?
        }
        other => other?,
    };
    follow(state, visitor, school, op).await?;
    Ok(id)
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
