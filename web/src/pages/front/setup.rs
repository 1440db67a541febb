//! `/setup?code=…`: whoever holds the setup code becomes the first admin. After that the page does not exist.

use super::account::Said;
use crate::error::WebError;
use crate::extract::{Fields, Peer};
use crate::lang::{Lang, Text, reason, refusal};
use crate::page::{Page, Shell};
use crate::state::AppState;
use crate::{password, session, setup};
use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use db::{DbError, NewUser};
use model::right::Role;
use serde::Deserialize;

/// What the address carries.
#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    #[serde(default)]
    code: String,
}

#[derive(Template)]
#[template(path = "front/setup.html")]
struct SetupPage {
    l: Lang,
    shell: Shell,
    code: String,
    name: String,
    said: Said,
}

/// `GET /setup?code=`
pub async fn form(
    State(state): State<AppState>,
    shell: Shell,
    Query(asked): Query<Asked>,
) -> Result<Response, WebError> {
    if state.db.is_claimed().await? {
        return Err(WebError::NotFound);
    }
    let page =
        SetupPage { l: shell.l, shell, code: asked.code, name: "admin".to_owned(), said: Said::default() };
    Ok(Page(page).into_response())
}

/// `POST /setup`
pub async fn claim(
    State(state): State<AppState>,
    shell: Shell,
    Peer(ip): Peer,
    fields: Fields,
) -> Result<Response, WebError> {
    if state.db.is_claimed().await? {
        return Err(WebError::NotFound);
    }
    match try_claim(&state, &fields, ip).await {
        Ok(user) => {
            setup::forget(&state.site.data_dir);
            state.db.user_logged_in(user, state.now_ms()).await?;
            tracing::info!(user.id = %user, "The site was claimed by its first admin");
            let mut answer = Redirect::to("/admin").into_response();
            session::start(&state, user, &mut answer).await?;
            Ok(answer)
        }
        Err(Refusal::Said(field, text)) => {
            let said = Said::at(field, shell.l.of(&text));
            let (code, name) = (fields.text("code").to_owned(), fields.text("name").to_owned());
            let page = SetupPage { l: shell.l, shell, code, name, said };
            Ok((StatusCode::UNPROCESSABLE_ENTITY, Page(page)).into_response())
        }
        Err(Refusal::Claimed) => Err(WebError::NotFound),
        Err(Refusal::Failed(error)) => Err(error),
    }
}

enum Refusal {
    /// The field and what is wrong with it.
    Said(&'static str, Text),
    Claimed,
    Failed(WebError),
}

async fn try_claim(
    state: &AppState,
    fields: &Fields,
    ip: std::net::IpAddr,
) -> Result<model::UserId, Refusal> {
    let now_ms = state.now_ms();
    let keys = [format!("setup {ip}")];
    if !setup::is_right(&state.site.data_dir, fields.text("code"), now_ms) {
        if let Some(wait_ms) = state.limiter.try_now(&keys, now_ms) {
            let s = (wait_ms + 999) / 1000;
            return Err(Refusal::Said(
                "code",
                Text::new(
                    format!("尝试次数太多，请 {s} 秒后再试。"),
                    format!("Too many attempts: try again in {s} seconds."),
                ),
            ));
        }
        return Err(Refusal::Said(
            "code",
            Text::new(
                "设置码不对或已过期（30 分钟）。请在服务器上运行 yunlubo setup-code 取得新的设置码。",
                "The setup code is wrong or has expired (30 minutes). Run yunlubo setup-code on the server for a new one.",
            ),
        ));
    }
    let said = |field, fault: model::Fault| Refusal::Said(field, reason(&fault.reason));
    let name = db::check_user_name(fields.text("name")).map_err(|f| said("name", f))?;
    let secret = fields.raw("password");
    password::check("password", secret).map_err(|f| said("password", f))?;
    if secret != fields.raw("again") {
        return Err(Refusal::Said(
            "again",
            Text::new("两次输入的密码不一样，请重新输入。", "The two passwords differ: type them again."),
        ));
    }
    let password_hash = password::hash(secret).await.map_err(Refusal::Failed)?;
    let new = NewUser { name, display_name: String::new(), password_hash, role: Role::Admin };
    state.db.claim_first_admin(&new, state.now_ms()).await.map_err(|error| match (&error, refusal(&error)) {
        (DbError::Claimed, _) => Refusal::Claimed,
        (_, Some(text)) => Refusal::Said("name", text),
        (_, None) => Refusal::Failed(error.into()),
    })
}
