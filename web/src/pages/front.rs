//! Pages for everybody who may watch.

pub mod account;
pub mod card;
pub mod home;
pub mod lesson;
pub mod setup;
pub mod subject;
pub mod watch;

use crate::state::AppState;
use axum::Router;
use axum::routing::{get, post};

/// Every page outside `/admin`.
pub fn router() -> Router<AppState> {
    Router::new()
        .route("/", get(home::home))
        .route("/search", get(subject::search))
        .route("/subject/{id}", get(subject::subject))
        .route("/lesson/{key}", get(lesson::lesson))
        .route("/lesson/{key}/files", get(lesson::files))
        .route("/watch", get(watch::list))
        .route("/watch/{id}", get(watch::channel))
        .route("/login", get(account::login_form).post(account::login))
        .route("/logout", post(account::logout))
        .route("/me", get(account::me).post(account::change_password))
        .route("/setup", get(setup::form).post(setup::claim))
        .route("/lang", get(account::language))
}
