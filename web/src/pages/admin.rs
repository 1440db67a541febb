//! 网站后台: the admin's pages, one file a page.

pub mod basics;
pub mod channel_form;
pub mod channels;
pub mod components;
pub mod desk;
pub mod form;
pub mod gatherers;
mod grade;
pub mod join;
pub mod overview;
mod probe;
pub mod recordings;
mod school;
pub mod settings;
pub mod show;
pub mod states;
mod subject;
pub mod table;
mod teacher;
pub mod timetable;
pub mod timetable_edit;
pub mod told;
pub mod users;
mod volumes;

use crate::state::AppState;
use axum::Router;
use model::school::{Grade, School, Subject, Teacher};

/// Every route below `/admin`. Guarded twice: by path in [`crate::auth::guard`] and by a layer on this router.
pub fn router() -> Router<AppState> {
    Router::new()
        .merge(overview::router())
        .merge(settings::router())
        .merge(components::router())
        .merge(basics::router::<School>())
        .merge(basics::router::<Subject>())
        .merge(basics::router::<Grade>())
        .merge(basics::router::<Teacher>())
        .merge(gatherers::router())
        .merge(join::router())
        .merge(channels::router())
        .merge(channel_form::router())
        .merge(timetable::router())
        .merge(recordings::router())
        .merge(users::router())
}
