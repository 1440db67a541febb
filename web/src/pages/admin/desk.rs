//! What every admin page has around it: title, way back, flash lines, navigation, and the query it was asked with.

use crate::error::WebError;
use crate::extract::Fields;
use crate::lang::Lang;
use crate::page::{Shell, encode};
use crate::session::Visitor;
use crate::state::AppState;
use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Redirect, Response};
use jiff::tz::TimeZone;

/// A link with its text.
#[derive(Debug, Clone)]
pub struct Link {
    /// Where to.
    pub href: String,
    /// What it says.
    pub name: String,
}

impl Link {
    /// A link.
    pub fn new(href: impl Into<String>, name: impl Into<String>) -> Self {
        Self { href: href.into(), name: name.into() }
    }
}

/// A line above the page's content.
#[derive(Debug, Clone)]
pub struct Flash {
    /// `ok`, `bad`, `warn` or `info`.
    pub tone: &'static str,
    /// The sentence.
    pub text: String,
}

/// A group of the left navigation.
pub struct NavGroup {
    /// Its heading; empty for the first.
    pub name: &'static str,
    /// Its pages.
    pub items: Vec<NavItem>,
}

/// A page of the left navigation.
pub struct NavItem {
    /// Where to.
    pub href: &'static str,
    /// What it says.
    pub name: &'static str,
    /// Whether this is where we are.
    pub current: bool,
}

/// The frame of an admin page. Taken by every handler; it reads the session's shell and the query.
#[derive(Debug, Clone)]
pub struct Desk {
    /// Language.
    pub l: Lang,
    /// The foundation's shell.
    pub shell: Shell,
    /// Heading and window title.
    pub title: String,
    /// One sentence below the heading; may be empty.
    pub lead: String,
    /// The way back.
    pub back: Option<Link>,
    /// Lines above the content.
    pub flashes: Vec<Flash>,
    /// The query string, read like a form: search, page number, what was just done.
    pub query: Fields,
    /// The school's time zone.
    pub zone: TimeZone,
    /// Who is asking.
    pub visitor: Visitor,
}

type NavRow = (&'static str, &'static str, &'static str);

/// The manual's navigation: group, then (path, Chinese, English).
const NAV: [(&str, &str, &[NavRow]); 6] = [
    ("", "", &[("/admin", "概览", "Overview")]),
    (
        "网站管理",
        "Site",
        &[
            ("/admin/settings", "系统设置", "System settings"),
            ("/admin/components", "组件设置", "Components"),
        ],
    ),
    (
        "课表管理",
        "Timetable",
        &[
            ("/admin/today", "今日课程", "Today"),
            ("/admin/timetable", "课表", "Timetable"),
            ("/admin/changes", "调课", "Changes"),
            ("/admin/calendar", "校历", "Calendar"),
            ("/admin/import", "导入导出", "Import and export"),
            ("/admin/feeds", "日历订阅", "Calendar feeds"),
        ],
    ),
    (
        "教学管理",
        "Teaching",
        &[
            ("/admin/schools", "学校", "Schools"),
            ("/admin/subjects", "科目", "Subjects"),
            ("/admin/grades", "年级", "Grades"),
            ("/admin/classes", "班级", "Classes"),
            ("/admin/rooms", "教室", "Rooms"),
            ("/admin/teachers", "教师", "Teachers"),
            ("/admin/students", "学生", "Students"),
        ],
    ),
    (
        "录播管理",
        "Recording",
        &[
            ("/admin/gatherers", "采集管理", "Gatherers"),
            ("/admin/channels", "直播管理", "Channels"),
            ("/admin/recordings", "录像管理", "Recordings"),
        ],
    ),
    ("用户管理", "Users", &[("/admin/users", "用户列表", "User list")]),
];

impl Desk {
    /// Chinese or English.
    pub fn t<'a>(&self, zh: &'a str, en: &'a str) -> &'a str {
        self.l.t(zh, en)
    }

    /// Sets the heading.
    pub fn titled(mut self, zh: &str, en: &str) -> Self {
        self.title = self.l.t(zh, en).to_owned();
        self
    }

    /// Sets the sentence below the heading.
    pub fn lead(mut self, zh: &str, en: &str) -> Self {
        self.lead = self.l.t(zh, en).to_owned();
        self
    }

    /// Sets the way back.
    pub fn back_to(mut self, href: impl Into<String>, name: impl Into<String>) -> Self {
        self.back = Some(Link::new(href, name));
        self
    }

    /// Adds a line above the content.
    pub fn flash(mut self, tone: &'static str, text: impl Into<String>) -> Self {
        self.flashes.push(Flash { tone, text: text.into() });
        self
    }

    /// Says that this page is shown at `path` although it answers a POST elsewhere: for the language switch.
    pub fn seen_at(mut self, path: &str) -> Self {
        self.shell.here = path.to_owned();
        self
    }

    /// Site name for the top line.
    pub fn site_name(&self) -> &str {
        &self.shell.site_name
    }

    /// Name of who is logged in.
    pub fn user(&self) -> &str {
        self.shell.user.as_ref().map_or("", |u| &u.shown)
    }

    /// `共 12 条`.
    pub fn count(&self, total: &i64) -> String {
        match self.l {
            Lang::Zh => format!("共 {total} 条"),
            Lang::En => format!("{total} in all"),
        }
    }

    /// Page number of a list, from 1.
    pub fn page(&self) -> i64 {
        self.query.text("page").parse().unwrap_or(1).max(1)
    }

    /// The left navigation with the current page marked.
    pub fn nav(&self) -> Vec<NavGroup> {
        let path = self.shell.here.split('?').next().unwrap_or("");
        let current = |href: &str| {
            path == href || (href != "/admin" && path.strip_prefix(href).is_some_and(|r| r.starts_with('/')))
        };
        NAV.iter()
            .map(|(zh, en, items)| NavGroup {
                name: self.l.t(zh, en),
                items: items
                    .iter()
                    .map(|&(href, zh, en)| NavItem { href, name: self.l.t(zh, en), current: current(href) })
                    .collect(),
            })
            .collect()
    }

    /// The flash of a finished POST, from `?done=…` of the redirect. Only known words become sentences.
    fn done(&mut self) {
        let count = self.query.text("n").parse::<i64>().unwrap_or(1);
        let (zh, en) = match self.query.text("done") {
            "added" => ("已添加。".to_owned(), "Added.".to_owned()),
            "saved" => ("已保存。".to_owned(), "Saved.".to_owned()),
            "rolled" => (
                format!("已回滚：旧版的内容发布为第 {count} 版，原来的各版都还在。"),
                format!("Gone back: the old timetable is version {count} now, and every version stays."),
            ),
            "deleted" => (format!("已删除 {count} 条。"), format!("{count} removed.")),
            "sent" => {
                ("已保存，并已通知采集端。".to_owned(), "Saved, and the gatherer has been told.".to_owned())
            }
            "waiting" => (
                "已保存。采集端现在离线，它重新登录后会自动收到。".to_owned(),
                "Saved. The gatherer is off line; it gets this when it logs in again.".to_owned(),
            ),
            "reconnecting" => (
                "已让采集端断开并重新连接该通道。".to_owned(),
                "The gatherer is closing this channel and opening it again.".to_owned(),
            ),
            "password" => (
                "密码已重置，该用户需要用新密码重新登录。".to_owned(),
                "The password was reset; the user logs in again with the new one.".to_owned(),
            ),
            _ => return,
        };
        let tone = if self.query.text("done") == "waiting" { "warn" } else { "ok" };
        self.flashes.push(Flash { tone, text: self.l.t(&zh, &en).to_owned() });
    }
}

impl FromRequestParts<AppState> for Desk {
    type Rejection = WebError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, WebError> {
        let visitor = Visitor::from_request_parts(parts, state).await?;
        let shell = Shell::from_request_parts(parts, state).await?;
        let pairs = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri).map(|q| q.0).unwrap_or_default();
        let mut desk = Desk {
            l: shell.l,
            shell,
            title: String::new(),
            lead: String::new(),
            back: None,
            flashes: Vec::new(),
            query: Fields::new(pairs),
            zone: visitor.zone(),
            visitor,
        };
        if parts.method == axum::http::Method::GET {
            desk.done();
        }
        // The language switch comes back here: without repeating the message.
        desk.shell.here = without_done(&desk.shell.here);
        Ok(desk)
    }
}

/// The address without `done=…` and `n=…`.
fn without_done(here: &str) -> String {
    let Some((path, query)) = here.split_once('?') else { return here.to_owned() };
    let kept: Vec<&str> =
        query.split('&').filter(|p| !p.starts_with("done=") && !p.starts_with("n=")).collect();
    if kept.is_empty() { path.to_owned() } else { format!("{path}?{}", kept.join("&")) }
}

/// See-other to `path` with the flash `done` (POST, redirect, GET).
pub fn done(path: &str, done: &str) -> Response {
    let join = if path.contains('?') { '&' } else { '?' };
    Redirect::to(&format!("{path}{join}done={done}")).into_response()
}

/// A query string from its filled pairs, with `?`; empty when none is filled.
pub fn query_string(pairs: &[(&str, &str)]) -> String {
    let parts: Vec<String> =
        pairs.iter().filter(|(_, v)| !v.is_empty()).map(|(k, v)| format!("{k}={}", encode(v))).collect();
    if parts.is_empty() { String::new() } else { format!("?{}", parts.join("&")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_not_repeated_by_the_language_switch() {
        assert_eq!(without_done("/admin/schools?done=saved"), "/admin/schools");
        assert_eq!(without_done("/admin/schools?q=a&done=deleted&n=3&page=2"), "/admin/schools?q=a&page=2");
    }

    #[test]
    fn a_search_survives_in_the_pager() {
        assert_eq!(query_string(&[("q", "一 二"), ("x", "")]), "?q=%E4%B8%80%20%E4%BA%8C");
        assert_eq!(query_string(&[]), "");
    }
}
