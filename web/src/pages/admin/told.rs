//! Telling gatherers that their desired state has changed. The database has raised the version already; a gatherer on
//! line hears of it at once, another one at its next login. What it really runs is in its reports.

use crate::error::WebError;
use crate::state::AppState;
use model::{GathererId, SchoolId};

/// Tells one gatherer.
pub async fn tell(state: &AppState, id: GathererId) -> Result<(), WebError> {
    let version = state.db.state_version(id).await?;
    state.relay.state_changed(id, version);
    Ok(())
}

/// Tells those of a school: its calendar, timetable or a change of a date is another one now. Boards that are open look
/// again at once, feeds are made anew.
pub async fn tell_school(state: &AppState, school: SchoolId) -> Result<(), WebError> {
    state.boards.nudge(school);
    state.shelf.forget(school);
    let of_school: Vec<GathererId> = state
        .db
        .all_gatherers()
        .await?
        .into_iter()
        .filter(|g| g.settings.school_id == school)
        .map(|g| g.id)
        .collect();
    for (id, version) in state.db.state_versions().await? {
        if of_school.contains(&id) {
            state.relay.state_changed(id, version);
        }
    }
    Ok(())
}

/// Tells all of them.
pub async fn tell_all(state: &AppState) -> Result<(), WebError> {
    for (id, version) in state.db.state_versions().await? {
        state.relay.state_changed(id, version);
    }
    Ok(())
}
