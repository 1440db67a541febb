//! 网站后台: the admin's pages, one file a page.

mod around;
pub mod basics;
mod calendar;
pub mod changes;
pub mod channel_form;
pub mod channels;
mod classes;
pub mod components;
pub mod desk;
mod feeds;
pub mod form;
pub mod gatherers;
mod grade;
mod grid;
mod import;
pub mod join;
pub mod overview;
mod painter;
mod probe;
mod range_title;
pub mod recordings;
mod rooms;
mod school;
pub mod settings;
pub mod show;
pub mod states;
mod students;
mod subject;
pub mod table;
mod teacher;
pub mod timetable;
pub mod timetable_edit;
pub mod today;
pub mod told;
pub mod trace_words;
pub mod users;
mod volumes;
pub mod why;

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
        .merge(today::router())
        .merge(grid::router())
        .merge(changes::router())
        .merge(calendar::router())
        .merge(import::router())
        .merge(feeds::router())
        .merge(why::router())
        .merge(classes::router())
        .merge(rooms::router())
        .merge(students::router())
        .merge(painter::router())
        .merge(recordings::router())
        .merge(users::router())
}
