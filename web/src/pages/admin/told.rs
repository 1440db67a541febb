//! Telling gatherers that their desired state has changed. The database has raised the version already; a gatherer on
//! line hears of it at once, another one at its next login. What it really runs is in its reports.

use crate::error::WebError;
use crate::state::AppState;
use model::GathererId;

/// Tells one gatherer.
pub async fn tell(state: &AppState, id: GathererId) -> Result<(), WebError> {
    let version = state.db.state_version(id).await?;
    state.relay.state_changed(id, version);
    Ok(())
}

/// Tells all of them.
pub async fn tell_all(state: &AppState) -> Result<(), WebError> {
    for (id, version) in state.db.state_versions().await? {
        state.relay.state_changed(id, version);
    }
    Ok(())
}
