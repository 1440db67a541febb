//! What the page of the grid sends and is answered: JSON with the session's token in a header, refusals that name the field.

use crate::csrf;
use crate::error::WebError;
use crate::lang::{Lang, Text, reason};
use crate::session::Visitor;
use crate::state::AppState;
use axum::Json;
use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use db::DbError;
use model::calendar::grid::CELLS_MAX;
use model::calendar::merge::Choice;
use model::calendar::{Cell, Slot, Timetable};
use model::fault::{Fault, Reason};
use model::{ClassId, RoomId, SchoolId, SubjectId, TeacherId};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Largest body of this page's calls, bytes: [`CELLS_MAX`] cells of up to 200 bytes.
pub const BODY_MAX_BYTES: usize = 8 * 1024 * 1024;
/// Such a body is here within this: 8 MiB at 600 kbit/s.
const BODY_WITHIN: Duration = Duration::from_secs(120);

/// A JSON body, its token checked.
#[derive(Debug)]
pub struct Posted<T>(pub T);

impl<T: DeserializeOwned> FromRequest<AppState> for Posted<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, Failure> {
        let (mut parts, body) = request.into_parts();
        let visitor = Visitor::from_request_parts(&mut parts, state).await?;
        let given = parts.headers.get(csrf::HEADER).and_then(|v| v.to_str().ok()).unwrap_or("");
        if !csrf::matches(&visitor.csrf, given) {
            return Err(WebError::StaleForm.into());
        }
        let l = visitor.lang;
        let read = Bytes::from_request(Request::from_parts(parts, body), state);
        let bytes = match tokio::time::timeout(BODY_WITHIN, read).await {
            Ok(Ok(bytes)) => bytes,
            Ok(Err(error)) if error.status() == StatusCode::PAYLOAD_TOO_LARGE => {
                return Err(Refusal::of(l, &too_many()).with(StatusCode::PAYLOAD_TOO_LARGE).into());
            }
            Ok(Err(_)) | Err(_) => return Err(WebError::BadRequest.into()),
        };
        let value = serde_json::from_slice(&bytes).map_err(|_| WebError::BadRequest)?;
        Ok(Posted(value))
    }
}

/// What is asked of `draft`, `check` and `publish`.
#[derive(Debug, Deserialize)]
pub struct Ask {
    /// Whose timetable.
    pub school: SchoolId,
    /// The version the cells were made from; 0 = none.
    #[serde(default)]
    pub base_no: i64,
    /// All cells of the school.
    #[serde(default)]
    cells: Vec<RawCell>,
    /// Instead of cells: those of this version (回滚).
    #[serde(default)]
    pub version: Option<i64>,
    /// First date, `2026-11-23`.
    #[serde(default)]
    pub from: String,
    /// What the publisher says of it.
    #[serde(default)]
    pub note: String,
    /// Whose cells count where two people changed a slot.
    #[serde(default)]
    pub choose: Vec<Pick>,
    /// The newest version when that was chosen; choices made against another one are asked again.
    #[serde(default)]
    pub choose_no: i64,
    /// Teachers who are wanted twice are published so.
    #[serde(default)]
    pub accept_teacher_conflicts: bool,
    /// The draft is dropped.
    #[serde(default)]
    pub discard: bool,
    /// When the draft on the site was saved, as far as the page knows (Unix ms, 0 = none); a draft of another moment is
    /// not overwritten. Without it the visitor means whatever is there.
    #[serde(default)]
    pub seen_ms: Option<i64>,
}

/// A choice.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct Pick {
    /// Where.
    pub slot: Slot,
    /// Whose.
    pub take: Choice,
}

/// A cell before its numbers are known to fit: so that a refusal can name it.
#[derive(Debug, Deserialize)]
struct RawCell {
    class: i64,
    day: i64,
    period: i64,
    #[serde(default)]
    span: Option<i64>,
    #[serde(default)]
    weeks: Option<String>,
    subject: i64,
    #[serde(default)]
    teacher: Option<i64>,
    #[serde(default)]
    room: Option<i64>,
    #[serde(default)]
    with: Vec<i64>,
    #[serde(default)]
    record: Option<bool>,
}

/// A cell that cannot be one: class, day and period as they were sent, and why.
#[derive(Debug)]
pub struct BadCell {
    /// 班级.
    pub class: ClassId,
    /// Column as sent.
    pub day: i64,
    /// Row as sent.
    pub period: i64,
    /// What is wrong.
    pub fault: Fault,
}

fn too_many() -> Fault {
    Fault::new("cells", Reason::TooMany { max: CELLS_MAX as u32 })
}

impl RawCell {
    fn read(self) -> Result<Cell, BadCell> {
        let (class, day, period) = (ClassId(self.class), self.day, self.period);
        let bad = |fault| BadCell { class, day, period, fault };
        let small = |field, n: i64, max: u8| {
            u8::try_from(n)
                .ok()
                .filter(|n| (1..=max).contains(n))
                .ok_or_else(|| bad(Fault::new(field, Reason::OutOfRange { min: 1, max: max.into() })))
        };
        let weeks = self.weeks.as_deref().unwrap_or("all").parse();
        let mut with: Vec<ClassId> = self.with.into_iter().map(ClassId).collect();
        with.sort();
        with.dedup();
        Ok(Cell {
            class,
            day: small("day", day, model::calendar::check::WORK_DAYS_MAX)?,
            period: small("period", period, model::calendar::check::PERIOD_NO_MAX)?,
            span: small("span", self.span.unwrap_or(1), model::calendar::check_cells::SPAN_MAX)?,
            weeks: weeks.map_err(|_| bad(Fault::new("weeks", Reason::Unknown)))?,
            subject: SubjectId(self.subject),
            teacher: self.teacher.map(TeacherId),
            room: self.room.map(RoomId),
            with,
            record: self.record,
        })
    }
}

impl Ask {
    /// The cells that were sent, sorted.
    pub fn take_cells(&mut self) -> Result<Timetable, BadCell> {
        let sent = std::mem::take(&mut self.cells);
        if sent.len() > CELLS_MAX {
            return Err(BadCell { class: ClassId(0), day: 0, period: 0, fault: too_many() });
        }
        let cells = sent.into_iter().map(RawCell::read).collect::<Result<_, _>>()?;
        Ok(Timetable { cells }.sorted())
    }
}

/// Why a call was not done: which field, in the visitor's language.
#[derive(Debug, Serialize)]
pub struct Refusal {
    #[serde(skip)]
    status: StatusCode,
    /// Field of the call: `from`, `cells`, `note`, `accept_teacher_conflicts` …
    pub field: &'static str,
    /// What is wrong and what to do.
    pub message: String,
    /// The cells it is about, a sentence each: class, day, period.
    pub problems: Vec<String>,
    /// What two people changed differently, with who published it.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub outdated: Option<serde_json::Value>,
}

impl Refusal {
    /// 422 with a sentence.
    pub fn new(l: Lang, field: &'static str, zh: impl Into<String>, en: impl Into<String>) -> Self {
        let message = l.of(&Text::new(zh, en)).to_owned();
        Self {
            status: StatusCode::UNPROCESSABLE_ENTITY,
            field,
            message,
            problems: Vec::new(),
            outdated: None,
        }
    }

    /// 422 for a fault.
    pub fn of(l: Lang, fault: &Fault) -> Self {
        let Text { zh, en } = reason(&fault.reason);
        Self::new(l, fault.field, zh, en)
    }

    /// With another status.
    pub fn with(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }
}

/// A refusal, or what every handler may fail with.
#[derive(Debug)]
pub enum Failure {
    /// Said by this page.
    Refused(Box<Refusal>),
    /// Said by the edge of the site.
    Web(WebError),
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Failure::Refused(Box::new(refusal))
    }
}

impl From<WebError> for Failure {
    fn from(error: WebError) -> Self {
        Failure::Web(error)
    }
}

impl From<DbError> for Failure {
    fn from(error: DbError) -> Self {
        Failure::Web(error.into())
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        match self {
            Failure::Refused(refusal) => (refusal.status, Json(refusal)).into_response(),
            Failure::Web(error) => error.into_response(),
        }
    }
}
