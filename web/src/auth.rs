//! Who may see which path. One table, private by default: a route nobody thought of needs the right to browse.

use crate::error::WebError;
use crate::page::{encode, path_and_query};
use crate::session::Visitor;
use axum::extract::Request;
use axum::http::Method;
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use model::UserId;
use model::right::{Action, Resource, Role};

/// Who is logged in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedIn {
    /// The account.
    pub id: UserId,
    /// Its login name.
    pub name: String,
    /// What the pages call them: display name, else login name.
    pub shown: String,
    /// 类型.
    pub role: Role,
}

/// What a path asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Nothing: the way in, static files, and calls that carry a grant of their own.
    Nothing,
    /// A right.
    Right(Action, Resource),
}

/// The table. Everything not named here needs the right to browse.
pub fn need(path: &str) -> Need {
    let is = |root: &str| path == root || path.strip_prefix(root).is_some_and(|r| r.starts_with('/'));
    let open = ["/login", "/setup", "/lang", "/static", "/api/gather", "/feed", "/favicon.ico", "/healthz"];
    if open.into_iter().any(is) {
        Need::Nothing
    } else if is("/admin") || is("/api/admin") {
        Need::Right(Action::Manage, Resource::Site)
    } else if is("/watch") || is("/api/play") {
        Need::Right(Action::Watch, Resource::Live)
    } else if is("/lesson") {
        Need::Right(Action::Watch, Resource::Recording)
    } else {
        Need::Right(Action::Browse, Resource::Site)
    }
}

/// Checks the path's right before any handler runs.
pub async fn guard(visitor: Visitor, request: Request, next: Next) -> Response {
    match need(request.uri().path()) {
        Need::Right(action, resource) if !visitor.may(action, resource) => refuse(&visitor, &request),
        _ => next.run(request).await,
    }
}

/// The second lock on the admin's routes, at the routes themselves.
pub async fn admin_only(visitor: Visitor, request: Request, next: Next) -> Response {
    if visitor.may(Action::Manage, Resource::Site) {
        next.run(request).await
    } else {
        refuse(&visitor, &request)
    }
}

/// Anonymous people are sent to the login page, ordinary users to the front page (R-USR-02); what is not a page view
/// gets a plain 401 or 403.
fn refuse(visitor: &Visitor, request: &Request) -> Response {
    let is_view = matches!(*request.method(), Method::GET | Method::HEAD);
    let is_api = request.uri().path().starts_with("/api/");
    match (&visitor.user, is_view && !is_api) {
        (None, true) => {
            let here = path_and_query(request.uri());
            let to = if here == "/" { "/login".to_owned() } else { format!("/login?next={}", encode(&here)) };
            Redirect::to(&to).into_response()
        }
        (Some(_), true) => Redirect::to("/").into_response(),
        (None, false) => WebError::LoginNeeded.into_response(),
        (Some(_), false) => WebError::Forbidden.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_nobody_thought_of_is_not_open() {
        let browse = Need::Right(Action::Browse, Resource::Site);
        assert_eq!(need("/"), browse);
        assert_eq!(need("/new-page"), browse);
        assert_eq!(need("/loginx"), browse);
        assert_eq!(need("/adminx"), browse);
        assert_eq!(need("/admin"), Need::Right(Action::Manage, Resource::Site));
        assert_eq!(need("/admin/user/3"), Need::Right(Action::Manage, Resource::Site));
        assert_eq!(need("/api/play/7"), Need::Right(Action::Watch, Resource::Live));
        assert_eq!(need("/static/css/site.css"), Need::Nothing);
        // Who knows the address of a feed may read it; the admin's page of feeds is another path.
        assert_eq!(need("/feed/token.ics"), Need::Nothing);
        assert_eq!(need("/feeds"), browse);
        assert_eq!(need("/admin/feeds"), Need::Right(Action::Manage, Resource::Site));
        assert_eq!(need("/api/admin/why"), Need::Right(Action::Manage, Resource::Site));
    }
}
