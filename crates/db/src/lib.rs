//! All SQL of the site, one file a table, one text for SQLite and PostgreSQL.
//!
//! Every text is a `const` in a `texts!` block; [`texts`] lists them all, and a test prepares each on both engines.
//! No type of sqlx leaves this room. Rules that both engines share (design/crates.md §2.6): flags are INTEGER 0/1,
//! instants BIGINT Unix ms, sums are cast to BIGINT, ids come from the `counter` table.

#[macro_use]
mod text;

mod account;
mod alias;
mod book;
mod bootstrap;
mod calendar;
mod change;
mod channel;
mod class;
mod counter;
mod directory;
mod document;
mod doomed_object;
mod draft;
mod error;
mod feed;
mod gatherer;
mod grade;
mod import_apply;
mod import_job;
mod join_code;
mod lesson;
mod lesson_list;
mod migration;
mod named;
mod open;
mod page;
mod range_plan;
mod read;
mod room;
mod school;
mod session;
mod setting;
mod slice;
mod snapshot;
mod state;
mod student;
mod subject;
mod teacher;
mod timetable;
mod weekly_range;

pub use account::{NewUser, USER_NAME_MAX, User, UserChange, check_display_name, check_user_name};
pub use alias::{Alias, AliasNoun};
pub use calendar::{CalendarRow, RevisionRow};
pub use change::ChangeRow;
pub use channel::{ChannelFilter, ChannelOrder, ChannelRow, NewChannel, Password};
pub use class::ClassRow;
pub use directory::Directory;
pub use draft::Draft;
pub use error::{CodeRefusal, DbError, Noun};
pub use feed::{FeedKind, FeedRow};
pub use gatherer::{GathererFilter, GathererRow};
pub use import_apply::{BASIC_ROWS_MAX, BasicRow, ImportName, NewImported};
pub use import_job::{IMPORT_KEPT_MS, IMPORTS_PER_USER, ImportJob, NewImport};
pub use join_code::JoinCode;
pub use lesson::{LessonRow, Related};
pub use lesson_list::{LessonFilter, LessonOrder, SubjectCount};
pub use open::Db;
pub use page::{Listed, PER_PAGE, Page};
pub use range_plan::{RangeChanges, RangeEdit, range_revision};
pub use room::{NewRoom, RoomRow};
pub use session::Session;
pub use setting::Settings;
pub use slice::{NewSlice, SliceRow, Stored};
pub use snapshot::Snapshot;
pub use state::GathererState;
pub use student::StudentRow;
pub use timetable::{NewVersion, VersionRow};
pub use weekly_range::RangeRow;

/// What every function here answers.
pub type Result<T> = std::result::Result<T, DbError>;

/// Every SQL text of this room as (`file::NAME`, text), for the test that prepares each on both engines.
#[doc(hidden)]
pub fn texts() -> Vec<(String, &'static str)> {
    let all = [
        ("account", account::TEXTS),
        ("alias", alias::TEXTS),
        ("bootstrap", bootstrap::TEXTS),
        ("calendar", calendar::TEXTS),
        ("change", change::TEXTS),
        ("channel", channel::TEXTS),
        ("class", class::TEXTS),
        ("counter", counter::TEXTS),
        ("doomed_object", doomed_object::TEXTS),
        ("draft", draft::TEXTS),
        ("feed", feed::TEXTS),
        ("gatherer", gatherer::TEXTS),
        ("grade", grade::TEXTS),
        ("import_job", import_job::TEXTS),
        ("join_code", join_code::TEXTS),
        ("lesson", lesson::TEXTS),
        ("lesson_list", lesson_list::TEXTS),
        ("named", named::TEXTS),
        ("open", open::TEXTS),
        ("room", room::TEXTS),
        ("school", school::TEXTS),
        ("session", session::TEXTS),
        ("setting", setting::TEXTS),
        ("slice", slice::TEXTS),
        ("snapshot", snapshot::TEXTS),
        ("state", state::TEXTS),
        ("student", student::TEXTS),
        ("subject", subject::TEXTS),
        ("teacher", teacher::TEXTS),
        ("timetable", timetable::TEXTS),
        ("weekly_range", weekly_range::TEXTS),
    ];
    let named = |(file, texts): (&str, &'static [(&'static str, &'static str)])| {
        texts.iter().map(|(name, text)| (format!("{file}::{name}"), *text)).collect::<Vec<_>>()
    };
    all.into_iter().flat_map(named).collect()
}
