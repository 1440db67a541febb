//! Login, logout, own password, language.

use crate::error::WebError;
use crate::extract::{Fields, Peer};
use crate::lang::{Lang, Text};
use crate::page::{Page, Shell};
use crate::password;
use crate::session::{self, Visitor};
use crate::state::AppState;
use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

/// Where to go afterwards.
#[derive(Debug, Default, Deserialize)]
pub struct Next {
    #[serde(default)]
    next: String,
    #[serde(default)]
    to: String,
}

#[derive(Template)]
#[template(path = "front/login.html")]
struct LoginPage {
    l: Lang,
    shell: Shell,
    next: String,
    name: String,
    error: Option<String>,
    /// Nobody has claimed the site yet: says how.
    unclaimed: bool,
}

/// A path of this site, never another host: `//evil` and `/\evil` are addresses too (open redirect).
fn own_path(next: &str) -> &str {
    let second = next.as_bytes().get(1);
    let own =
        next.starts_with('/') && !matches!(second, Some(b'/' | b'\\')) && !next.contains(char::is_control);
    if own { next } else { "/" }
}

/// `GET /login?next=`
pub async fn login_form(
    State(state): State<AppState>,
    visitor: Visitor,
    shell: Shell,
    Query(asked): Query<Next>,
) -> Result<Response, WebError> {
    if visitor.user.is_some() {
        return Ok(Redirect::to(own_path(&asked.next)).into_response());
    }
    let unclaimed = !state.db.is_claimed().await?;
    let next = asked.next;
    Ok(Page(LoginPage { l: shell.l, shell, next, name: String::new(), error: None, unclaimed })
        .into_response())
}

/// `POST /login`
pub async fn login(
    State(state): State<AppState>,
    shell: Shell,
    Peer(ip): Peer,
    fields: Fields,
) -> Result<Response, WebError> {
    let name: String = fields.text("name").chars().take(db::USER_NAME_MAX as usize).collect();
    let keys = [format!("name {}", name.to_lowercase()), format!("ip {ip}")];
    let now_ms = state.now_ms();
    let l = shell.l;
    let again = |shell: Shell, status: StatusCode, text: Text| {
        let error = Some(l.of(&text).to_owned());
        let next = fields.text("next").to_owned();
        (status, Page(LoginPage { l, shell, next, name: name.clone(), error, unclaimed: false }))
            .into_response()
    };
    if let Some(wait_ms) = state.limiter.try_now(&keys, now_ms) {
        let mut answer = again(shell, StatusCode::TOO_MANY_REQUESTS, wait(wait_ms));
        answer.headers_mut().insert(RETRY_AFTER, ((wait_ms + 999) / 1000).into());
        return Ok(answer);
    }
    let found = state.db.user_by_name(&name).await?;
    let (user, stored) = found.map_or((None, None), |(user, stored)| (Some(user), Some(stored)));
    let right = password::verify(fields.raw("password"), stored).await?;
    let Some(user) = user.filter(|u| right && !u.disabled) else {
        let text = Text::new(
            "用户名或密码不对，请重新输入。忘记密码请联系管理员重置。",
            "Wrong user name or password. If you forgot it, an administrator can set a new one.",
        );
        return Ok(again(shell, StatusCode::UNAUTHORIZED, text));
    };
    state.limiter.forgive(&keys);
    state.db.user_logged_in(user.id, now_ms).await?;
    let mut answer = Redirect::to(own_path(fields.text("next"))).into_response();
    session::start(&state, user.id, &mut answer).await?;
    tracing::info!(user.id = %user.id, "User {} logged in", user.id);
    Ok(answer)
}

fn wait(wait_ms: i64) -> Text {
    let s = (wait_ms + 999) / 1000;
    match s {
        0..=90 => Text::new(
            format!("尝试次数太多，请 {s} 秒后再试。"),
            format!("Too many attempts: try again in {s} seconds."),
        ),
        _ => Text::new(
            format!("尝试次数太多，请 {} 分钟后再试。", (s + 59) / 60),
            format!("Too many attempts: try again in {} minutes.", (s + 59) / 60),
        ),
    }
}

/// `POST /logout`
pub async fn logout(
    State(state): State<AppState>,
    visitor: Visitor,
    _: Fields,
) -> Result<Response, WebError> {
    let mut answer = Redirect::to("/login").into_response();
    session::end(&state, &visitor, &mut answer).await?;
    Ok(answer)
}

/// `GET /lang?to=en&next=/`
pub async fn language(State(state): State<AppState>, Query(asked): Query<Next>) -> Response {
    let mut answer = Redirect::to(own_path(&asked.next)).into_response();
    if matches!(asked.to.as_str(), "zh" | "en") {
        session::set_cookie(&mut answer, &state, session::LANG_COOKIE, &asked.to, Some(365 * 86_400));
    }
    answer
}

#[derive(Template)]
#[template(path = "front/me.html")]
struct MePage {
    l: Lang,
    shell: Shell,
    said: Said,
    done: bool,
}

/// What is wrong with a short form: one sentence, beside the field it is about.
#[derive(Debug, Clone, Default)]
pub struct Said {
    field: &'static str,
    text: String,
}

impl Said {
    /// This sentence beside `field`.
    pub fn at(field: &'static str, text: &str) -> Self {
        Self { field, text: text.to_owned() }
    }

    /// The sentence if it is about `field`.
    pub fn of(&self, field: &str) -> Option<&str> {
        (self.field == field && !self.text.is_empty()).then_some(self.text.as_str())
    }
}

/// `GET /me`
pub async fn me(visitor: Visitor, shell: Shell) -> Response {
    match visitor.user {
        Some(_) => Page(MePage { l: shell.l, shell, said: Said::default(), done: false }).into_response(),
        None => Redirect::to("/login?next=%2Fme").into_response(),
    }
}

/// `POST /me`: another password. Every other session of the account ends; this browser gets a new one.
pub async fn change_password(
    State(state): State<AppState>,
    visitor: Visitor,
    shell: Shell,
    Peer(ip): Peer,
    fields: Fields,
) -> Result<Response, WebError> {
    let user = visitor.user.ok_or(WebError::LoginNeeded)?;
    let l = shell.l;
    let keys = [format!("name {}", user.name.to_lowercase()), format!("ip {ip}")];
    let fault = match state.limiter.try_now(&keys, state.now_ms()) {
        Some(wait_ms) => Some(("old", wait(wait_ms))),
        None => {
            let stored = state.db.user_by_name(&user.name).await?.map(|(_, stored)| stored);
            if !password::verify(fields.raw("old"), stored).await? {
                let text = Text::new("原密码不对，请重新输入。", "The old password is wrong: type it again.");
                Some(("old", text))
            } else {
                state.limiter.forgive(&keys);
                new_password_fault(&fields)
            }
        }
    };
    if let Some((field, text)) = fault {
        let page = MePage { l, shell, said: Said::at(field, l.of(&text)), done: false };
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, Page(page)).into_response());
    }
    let hash = password::hash(fields.raw("password")).await?;
    state.db.set_password(user.id, &hash).await?;
    let mut answer = Page(MePage { l, shell, said: Said::default(), done: true }).into_response();
    session::start(&state, user.id, &mut answer).await?;
    Ok(answer)
}

fn new_password_fault(fields: &Fields) -> Option<(&'static str, Text)> {
    let new = fields.raw("password");
    if let Err(fault) = password::check("password", new) {
        return Some(("password", crate::lang::reason(&fault.reason)));
    }
    let differ =
        Text::new("两次输入的新密码不一样，请重新输入。", "The two new passwords differ: type them again.");
    (new != fields.raw("again")).then_some(("again", differ))
}

#[cfg(test)]
mod tests {
    use super::own_path;

    #[test]
    fn login_never_leads_to_another_site() {
        assert_eq!(own_path("/watch/7?via=hls"), "/watch/7?via=hls");
        for bad in ["//evil.cn", "/\\evil.cn", "https://evil.cn", "", "evil", "/a\nb"] {
            assert_eq!(own_path(bad), "/", "{bad}");
        }
    }
}
