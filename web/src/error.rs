//! One error type for every handler, translated once at the edge: a page in the visitor's language, or JSON below /api.

use crate::lang::{Lang, Text, refusal};
use crate::page::{Page, Shell, path_and_query};
use crate::session::Visitor;
use crate::state::AppState;
use askama::Template;
use axum::Json;
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use db::DbError;
use relay_proto::site::SiteError;
use std::any::Any;

/// Why a request was not answered as asked.
#[derive(Debug, thiserror::Error)]
pub enum WebError {
    /// No such page or row.
    #[error("not found")]
    NotFound,
    /// Logged in, but without the right.
    #[error("forbidden")]
    Forbidden,
    /// Not logged in.
    #[error("login needed")]
    LoginNeeded,
    /// Sent by a page of another site.
    #[error("the request comes from another site")]
    ForeignOrigin,
    /// The form's hidden token is missing or of another session.
    #[error("the form is stale")]
    StaleForm,
    /// Not a request that a page of ours makes.
    #[error("bad request")]
    BadRequest,
    /// Refused with a code and a sentence: for calls of the API.
    #[error("{code}: {}", text.en)]
    Refused {
        /// HTTP status.
        status: StatusCode,
        /// Code on the wire.
        code: &'static str,
        /// The sentence.
        text: Text,
    },
    /// The database did not do it.
    #[error(transparent)]
    Db(#[from] DbError),
    /// Our own failure; the text is for the log only.
    #[error("{0}")]
    Internal(String),
}

/// What the edge needs to draw an error; travels in the response's extensions.
#[derive(Debug, Clone)]
struct Problem {
    code: &'static str,
    title: Text,
    text: Text,
}

impl WebError {
    /// A refusal of the API.
    pub fn refused(
        status: StatusCode,
        code: &'static str,
        zh: impl Into<String>,
        en: impl Into<String>,
    ) -> Self {
        WebError::Refused { status, code, text: Text::new(zh, en) }
    }

    fn status(&self) -> StatusCode {
        match self {
            WebError::NotFound | WebError::Db(DbError::NotFound { .. }) => StatusCode::NOT_FOUND,
            WebError::Forbidden | WebError::ForeignOrigin | WebError::StaleForm => StatusCode::FORBIDDEN,
            WebError::LoginNeeded => StatusCode::UNAUTHORIZED,
            WebError::BadRequest => StatusCode::BAD_REQUEST,
            WebError::Refused { status, .. } => *status,
            WebError::Db(error) if refusal(error).is_some() => StatusCode::CONFLICT,
            WebError::Db(error) if error.is_passing() => StatusCode::SERVICE_UNAVAILABLE,
            WebError::Db(_) | WebError::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            WebError::NotFound | WebError::Db(DbError::NotFound { .. }) => "not_found",
            WebError::Forbidden => "forbidden",
            WebError::LoginNeeded => "unauthorized",
            WebError::ForeignOrigin => "foreign_origin",
            WebError::StaleForm => "stale_form",
            WebError::BadRequest => "bad_request",
            WebError::Refused { code, .. } => code,
            WebError::Db(error) if refusal(error).is_some() => "conflict",
            WebError::Db(error) if error.is_passing() => "busy",
            WebError::Db(_) | WebError::Internal(_) => "internal",
        }
    }

    fn title(&self) -> Text {
        match self.status() {
            StatusCode::NOT_FOUND => Text::new("找不到这个页面", "Page not found"),
            StatusCode::FORBIDDEN => Text::new("不能这样操作", "Not allowed"),
            StatusCode::UNAUTHORIZED => Text::new("请先登录", "Please log in"),
            StatusCode::SERVICE_UNAVAILABLE => Text::new("系统正忙", "The system is busy"),
            StatusCode::INTERNAL_SERVER_ERROR => Text::new("系统出错了", "Something went wrong"),
            _ => Text::new("没有成功", "That did not work"),
        }
    }

    fn text(&self) -> Text {
        match self {
            WebError::NotFound | WebError::Db(DbError::NotFound { .. }) => Text::new(
                "它可能已被删除，或者地址输错了。请从首页重新进入。",
                "It may have been removed, or the address is mistyped. Start again from the front page.",
            ),
            WebError::Forbidden => Text::new(
                "您的账号没有这个权限，请联系管理员。",
                "Your account may not do this: ask an administrator.",
            ),
            WebError::LoginNeeded => Text::new("登录后再试。", "Log in and try again."),
            WebError::ForeignOrigin => Text::new(
                "这个请求来自别的网站，已被拒绝。请在本站页面上操作。",
                "This request came from another site and was refused. Use the pages of this site.",
            ),
            WebError::StaleForm => Text::new(
                "页面已过期（可能已重新登录），请返回、刷新页面后再提交。",
                "The page is out of date (you may have logged in again): go back, reload it and submit again.",
            ),
            WebError::BadRequest => {
                Text::new("请求的格式不对，请刷新页面后再试。", "The request is malformed: reload the page.")
            }
            WebError::Refused { text, .. } => text.clone(),
            WebError::Db(error) if refusal(error).is_some() => {
                refusal(error).unwrap_or_else(|| Text::new("没有成功。", "That did not work."))
            }
            WebError::Db(error) if error.is_passing() => Text::new(
                "数据库暂时没有响应，请过几秒再试。",
                "The database is not answering for the moment: try again in a few seconds.",
            ),
            WebError::Db(_) | WebError::Internal(_) => Text::new(
                "请稍后再试；如果一直这样，请管理员查看服务器日志。",
                "Try again later; if it stays like this, an administrator should look at the server's log.",
            ),
        }
    }
}

impl IntoResponse for WebError {
    fn into_response(self) -> Response {
        let status = self.status();
        if status.is_server_error() {
            tracing::error!(error = %self, "A request failed: {self}");
        }
        let mut answer = status.into_response();
        if status == StatusCode::SERVICE_UNAVAILABLE {
            answer.headers_mut().insert(RETRY_AFTER, 3.into());
        }
        let problem = Problem { code: self.code(), title: self.title(), text: self.text() };
        answer.extensions_mut().insert(problem);
        answer
    }
}

/// For paths no route knows.
pub async fn not_found() -> WebError {
    WebError::NotFound
}

#[derive(Template)]
#[template(path = "front/error.html")]
struct ErrorPage {
    l: Lang,
    shell: Shell,
    status: u16,
    title: String,
    text: String,
}

/// Draws every [`WebError`] on its way out.
pub async fn render(
    State(state): State<AppState>,
    visitor: Visitor,
    request: Request,
    next: Next,
) -> Response {
    let here = path_and_query(request.uri());
    let is_api = request.uri().path().starts_with("/api/");
    let is_view = matches!(*request.method(), Method::GET | Method::HEAD);
    let mut answer = next.run(request).await;
    if is_rejection(&answer) {
        // `/watch/abc`: an address nobody was given.
        let error = if is_view { WebError::NotFound } else { WebError::BadRequest };
        answer = error.into_response();
    }
    let Some(problem) = answer.extensions().get::<Problem>().cloned() else { return answer };
    let (mut parts, _) = answer.into_parts();
    let drawn = if is_api {
        let Problem { code, text, .. } = problem;
        Json(SiteError { code: code.to_owned(), message_zh: text.zh, message_en: text.en }).into_response()
    } else {
        let l = visitor.lang;
        let Ok(shell) = Shell::of(&state, &visitor, here).await else { return plain(parts.status) };
        let (title, text) = (l.of(&problem.title).to_owned(), l.of(&problem.text).to_owned());
        Page(ErrorPage { l, shell, status: parts.status.as_u16(), title, text }).into_response()
    };
    let (drawn_parts, body) = drawn.into_parts();
    parts.headers.extend(drawn_parts.headers);
    Response::from_parts(parts, body)
}

/// What axum's own extractors say: English, in plain text, for programmers.
fn is_rejection(answer: &Response) -> bool {
    let kind = answer.headers().get(CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or("");
    answer.status() == StatusCode::BAD_REQUEST && kind.starts_with("text/plain")
}

/// When even the page's frame cannot be read (the database is gone).
fn plain(status: StatusCode) -> Response {
    (
        status,
        "系统暂时不可用，请稍后再试。\nThe site is not available for the moment: please try again later.\n",
    )
        .into_response()
}

/// Turns a panic into a 500.
pub fn panicked(panic: Box<dyn Any + Send + 'static>) -> Response {
    let said = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
    tracing::error!("A handler panicked: {}", said.unwrap_or("no message"));
    plain(StatusCode::INTERNAL_SERVER_ERROR)
}
