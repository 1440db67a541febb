//! Who is asking: the session cookie, the language, how open the site is. Read once a request.

use crate::auth::SignedIn;
use crate::csrf;
use crate::error::WebError;
use crate::lang::Lang;
use crate::state::AppState;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::header::{ACCEPT_LANGUAGE, COOKIE, SET_COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use model::UserId;
use model::right::{Action, Resource, Role, authorize};
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// Cookie of a logged-in session: a 256-bit secret of which the database holds only the SHA-256.
pub const SESSION_COOKIE: &str = "yl_session";
/// Cookie before login: binds the CSRF token of the login form to this browser. It is no session and dies at login.
pub const GUEST_COOKIE: &str = "yl_guest";
/// Cookie of the language.
pub const LANG_COOKIE: &str = "lang";
/// A session ends this long after login, used or not (R-USR-04).
pub const SESSION_MS: i64 = 24 * 3_600_000;

/// Who is asking. Everything about a person that a handler may know.
#[derive(Debug, Clone)]
pub struct Visitor {
    /// The account, when logged in.
    pub user: Option<SignedIn>,
    /// CSRF token of this browser.
    pub csrf: String,
    /// Language of the answer.
    pub lang: Lang,
    /// Settings of the site, read for this request.
    pub settings: Arc<db::Settings>,
    /// SHA-256 (hex) of the session's or guest's secret: stands for this browser in counters and signed URLs.
    pub key: String,
}

impl Visitor {
    /// Role, if logged in.
    pub fn role(&self) -> Option<Role> {
        self.user.as_ref().map(|u| u.role)
    }

    /// Asks `model::right::authorize`.
    pub fn may(&self, action: Action, resource: Resource) -> bool {
        authorize(self.role(), action, resource, self.settings.openness())
    }

    /// Whether lists may be seen.
    pub fn may_browse(&self) -> bool {
        self.may(Action::Browse, Resource::Site)
    }

    /// The school's time zone.
    pub fn zone(&self) -> jiff::tz::TimeZone {
        jiff::tz::TimeZone::get(&self.settings.time_zone).unwrap_or(jiff::tz::TimeZone::UTC)
    }
}

impl<S: Sync> FromRequestParts<S> for Visitor {
    type Rejection = WebError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, WebError> {
        let found = parts.extensions.get::<Visitor>().cloned();
        found.ok_or_else(|| WebError::Internal("the session layer is missing".to_owned()))
    }
}

/// Finds out who is asking and keeps it in the request's extensions.
pub async fn load(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    let headers = request.headers();
    let secret = cookie(headers, SESSION_COOKIE).unwrap_or("").to_owned();
    let guest = cookie(headers, GUEST_COOKIE).filter(|v| v.len() >= 43).map(str::to_owned);
    let accept = headers.get(ACCEPT_LANGUAGE).and_then(|v| v.to_str().ok());
    let lang = Lang::choose(cookie(headers, LANG_COOKIE), accept);
    let found = async {
        let settings = Arc::new(state.db.settings().await?);
        let user = if secret.is_empty() { None } else { find(&state, &secret).await? };
        Ok::<_, WebError>((settings, user))
    };
    let (settings, user) = match found.await {
        Ok(found) => found,
        Err(error) => return error.into_response(),
    };
    let (binding, fresh) = match (&user, guest) {
        (Some(_), _) => (secret, None),
        (None, Some(guest)) => (guest, None),
        (None, None) => match new_secret() {
            Ok(fresh) => (fresh.clone(), Some(fresh)),
            Err(error) => return error.into_response(),
        },
    };
    let visitor = Visitor { user, csrf: csrf::token(&binding), lang, settings, key: hash(&binding) };
    // For pages with a form or a counter; gatherers and static files get none.
    let path = request.uri().path();
    let wants_cookie = ["/login", "/setup", "/watch/", "/lesson/"].into_iter().any(|p| path.starts_with(p));
    request.extensions_mut().insert(visitor.clone());
    let mut answer = next.run(request).await;
    if let (Some(fresh), true) = (fresh, wants_cookie) {
        set_cookie(&mut answer, &state, GUEST_COOKIE, &fresh, None);
    }
    answer.extensions_mut().insert(visitor);
    answer
}

async fn find(state: &AppState, secret: &str) -> Result<Option<SignedIn>, WebError> {
    let found = state.db.session(&hash(secret), state.now_ms()).await?;
    Ok(found.map(|session| session.user).map(|user| SignedIn {
        id: user.id,
        shown: if user.display_name.is_empty() { user.name.clone() } else { user.display_name },
        name: user.name,
        role: user.role,
    }))
}

/// Starts a new session (never the one the browser came with, threat T3) and sets its cookie on `answer`.
pub async fn start(state: &AppState, user: UserId, answer: &mut Response) -> Result<(), WebError> {
    let secret = new_secret()?;
    let now_ms = state.now_ms();
    state.db.add_session(&hash(&secret), user, now_ms, now_ms + SESSION_MS).await?;
    set_cookie(answer, state, SESSION_COOKIE, &secret, Some(SESSION_MS / 1000));
    set_cookie(answer, state, GUEST_COOKIE, "", Some(0));
    Ok(())
}

/// Ends this browser's session.
pub async fn end(state: &AppState, visitor: &Visitor, answer: &mut Response) -> Result<(), WebError> {
    state.db.delete_session(&visitor.key).await?;
    set_cookie(answer, state, SESSION_COOKIE, "", Some(0));
    Ok(())
}

/// Sets a cookie for the whole site. `max_age_s` `None` keeps it until the browser closes.
pub fn set_cookie(answer: &mut Response, state: &AppState, name: &str, value: &str, max_age_s: Option<i64>) {
    let age = max_age_s.map(|s| format!("; Max-Age={s}")).unwrap_or_default();
    let secure = if state.site.is_https() { "; Secure" } else { "" };
    let text = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{age}{secure}");
    if let Ok(header) = HeaderValue::from_str(&text) {
        answer.headers_mut().append(SET_COOKIE, header);
    }
}

/// Value of a cookie (RFC 6265 §5.4).
fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let all = headers.get_all(COOKIE).into_iter().filter_map(|v| v.to_str().ok());
    all.flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(n, _)| *n == name)
        .map(|(_, value)| value)
}

/// 256 random bits, base64url.
pub fn new_secret() -> Result<String, WebError> {
    let mut bytes = [0u8; 32];
    getrandom::fill(&mut bytes).map_err(|e| WebError::Internal(format!("no random bytes: {e}")))?;
    Ok(B64.encode(bytes))
}

/// SHA-256, 64 hex digits.
pub fn hash(secret: &str) -> String {
    Sha256::digest(secret).iter().map(|b| format!("{b:02x}")).collect()
}
