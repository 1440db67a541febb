//! Drawing a page: [`Page`] renders a template, [`Shell`] is what the layout around it needs.

use crate::assets;
use crate::auth::SignedIn;
use crate::error::WebError;
use crate::lang::Lang;
use crate::session::Visitor;
use crate::state::AppState;
use askama::Template;
use axum::extract::{FromRequestParts, Request};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};
use model::right::Role;
use model::school::Subject;

/// A template as an answer. Pages are personal: no cache may keep them (threat T5).
pub struct Page<T>(pub T);

impl<T: Template> IntoResponse for Page<T> {
    fn into_response(self) -> Response {
        match self.0.render() {
            Ok(html) => {
                let mut answer = Html(html).into_response();
                answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
                answer
            }
            Err(error) => WebError::Internal(format!("rendering a page: {error}")).into_response(),
        }
    }
}

/// What the layout shows around every page. Every page's struct holds `l: Lang` and `shell: Shell`.
#[derive(Debug, Clone)]
pub struct Shell {
    /// The language; pages copy it into their own field `l`.
    pub l: Lang,
    /// 本站名称.
    pub site_name: String,
    /// 官网地址 in the footer; empty when none.
    pub site_url: String,
    /// 客服电话 in the footer; empty when none.
    pub phone: String,
    /// Who is logged in.
    pub user: Option<SignedIn>,
    /// Hidden field `_csrf` of every form.
    pub csrf: String,
    /// All subjects, for the navigation (the first six, then 更多).
    pub subjects: Vec<Subject>,
    /// Path and query of this page, for the language switch and for coming back after login.
    pub here: String,
}

impl Shell {
    /// The address of a static file with its hash: `{{ shell.asset("css/site.css") }}`.
    pub fn asset(&self, path: &str) -> String {
        assets::address(path)
    }

    /// Whether an admin is logged in.
    pub fn is_admin(&self) -> bool {
        self.user.as_ref().is_some_and(|u| u.role == Role::Admin)
    }

    /// `true` when this page's path is `path` or below it: marks the active item of a navigation.
    pub fn at(&self, path: &str) -> bool {
        let here = self.here.split('?').next().unwrap_or("");
        here == path || (path != "/" && here.strip_prefix(path).is_some_and(|rest| rest.starts_with('/')))
    }

    /// `here`, ready to stand in a query.
    pub fn here_encoded(&self) -> String {
        encode(&self.here)
    }

    /// Reads it for a visitor.
    pub async fn of(state: &AppState, visitor: &Visitor, here: String) -> Result<Self, WebError> {
        let settings = &visitor.settings;
        Ok(Self {
            l: visitor.lang,
            site_name: settings.site_name.clone(),
            site_url: settings.official_site.clone(),
            phone: settings.phone.clone(),
            user: visitor.user.clone(),
            csrf: visitor.csrf.clone(),
            subjects: if visitor.may_browse() { state.db.all_subjects().await? } else { Vec::new() },
            here,
        })
    }
}

impl FromRequestParts<AppState> for Shell {
    type Rejection = WebError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, WebError> {
        let visitor = Visitor::from_request_parts(parts, state).await?;
        Shell::of(state, &visitor, path_and_query(&parts.uri)).await
    }
}

/// Path and query as the browser asked for them.
pub fn path_and_query(uri: &axum::http::Uri) -> String {
    uri.path_and_query().map_or("/", |p| p.as_str()).to_owned()
}

/// Percent-encodes everything but letters, digits and `-._~` (RFC 3986 §2.3).
pub fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(byte as char),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// Scripts come from our own files only. Players hand media to the browser as `blob:` (Media Source Extensions) and run
/// transmuxers in workers. Styles may be inline: artplayer writes its own `<style>`; a style runs no code.
const POLICY: &str = "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data: blob:; media-src 'self' blob:; worker-src 'self' blob:; connect-src 'self' ws: wss:; \
    object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'self'";

/// Puts the security headers on every answer.
pub async fn security_headers(request: Request, next: Next) -> Response {
    let mut answer = next.run(request).await;
    let headers = answer.headers_mut();
    let fixed: [(HeaderName, &'static str); 4] = [
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "same-origin"),
        (X_FRAME_OPTIONS, "SAMEORIGIN"),
    ];
    for (name, value) in fixed {
        // A page may be stricter about who is told its address.
        if name != REFERRER_POLICY || !headers.contains_key(REFERRER_POLICY) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("private, no-store"));
    answer
}

#[cfg(test)]
mod tests {
    use super::encode;

    #[test]
    fn an_address_survives_as_a_query_value() {
        assert_eq!(encode("/a?b=课&c"), "%2Fa%3Fb%3D%E8%AF%BE%26c");
    }
}
