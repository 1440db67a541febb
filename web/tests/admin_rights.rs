//! Who gets to the admin's pages: nobody but admins, by GET or POST, and no form without its token.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod admin_site;

use admin_site::{As, Site};

/// Every GET route, with ids that exist after [`site`].
const PAGES: [&str; 32] = [
    "/admin",
    "/admin/settings",
    "/admin/components",
    "/admin/schools",
    "/admin/schools/new",
    "/admin/schools/1",
    "/admin/subjects",
    "/admin/subjects/new",
    "/admin/subjects/1",
    "/admin/grades",
    "/admin/grades/new",
    "/admin/grades/1",
    "/admin/teachers",
    "/admin/teachers/new",
    "/admin/teachers/1",
    "/admin/gatherers",
    "/admin/gatherers/join",
    "/admin/gatherers/1",
    "/admin/gatherers/1/remove",
    "/admin/channels",
    "/admin/channels/states?ids=1",
    "/admin/channels/new",
    "/admin/channels/1",
    "/admin/channels/1/remove",
    "/admin/channels/1/timetable",
    "/admin/channels/1/timetable/new",
    "/admin/recordings",
    "/admin/users",
    "/admin/users/new",
    "/admin/users/1",
    "/admin/users/1/password",
    "/admin/channels?gatherer=1&q=x",
];

/// Every POST route.
const POSTS: [&str; 33] = [
    "/admin/settings",
    "/admin/components",
    "/admin/schools/new",
    "/admin/schools/1",
    "/admin/schools/delete",
    "/admin/subjects/new",
    "/admin/subjects/1",
    "/admin/subjects/delete",
    "/admin/grades/new",
    "/admin/grades/1",
    "/admin/grades/delete",
    "/admin/teachers/new",
    "/admin/teachers/1",
    "/admin/teachers/delete",
    "/admin/gatherers/join",
    "/admin/gatherers/1",
    "/admin/gatherers/1/remove",
    "/admin/channels/new",
    "/admin/channels/1",
    "/admin/channels/1/start",
    "/admin/channels/1/stop",
    "/admin/channels/1/reconnect",
    "/admin/channels/1/remove",
    "/admin/channels/1/timetable/new",
    "/admin/channels/1/timetable/1",
    "/admin/channels/1/timetable/copy",
    "/admin/channels/1/timetable/clear",
    "/admin/recordings/delete",
    "/admin/recordings/1-20261120",
    "/admin/users/new",
    "/admin/users/delete",
    "/admin/users/1",
    "/admin/users/1/password",
];

async fn site() -> Site {
    let site = Site::start().await;
    site.teacher("李老师").await;
    let gatherer = site.gatherer("一号采集端").await;
    site.channel(gatherer, "三班").await;
    site
}

#[tokio::test]
async fn an_admin_gets_every_page_in_both_languages() {
    let site = site().await;
    for path in PAGES {
        site.get(path).await.is(200);
        site.get_en(path).await.is(200);
    }
}

#[tokio::test]
async fn an_ordinary_user_is_sent_to_the_front_page_and_may_post_nothing() {
    let site = site().await;
    for path in PAGES {
        let answer = site.get_as(As::User, path).await;
        assert!(answer.status.is_redirection() && answer.location == "/", "{path}: {}", answer.status);
    }
    for path in POSTS {
        site.post_as(As::User, path, &[("name", "x"), ("sure", "1"), ("id", "1")]).await.is(403);
    }
}

#[tokio::test]
async fn a_visitor_is_sent_to_the_login_page_and_may_post_nothing() {
    let site = site().await;
    for path in PAGES {
        let answer = site.get_as(As::Visitor, path).await;
        assert!(answer.location.starts_with("/login?next=%2Fadmin"), "{path}: {}", answer.location);
    }
    for path in POSTS {
        let status = site.post_as(As::Visitor, path, &[]).await.status.as_u16();
        assert!([401, 403].contains(&status), "{path}: {status}");
    }
}

#[tokio::test]
async fn a_form_without_its_token_changes_nothing() {
    let site = site().await;
    for path in POSTS {
        let pairs = [("name", "改名"), ("sure", "1"), ("id", "1"), ("typed", "三班")];
        site.post_raw(As::Admin, path, &pairs).await.is(403);
        site.post_raw(As::Admin, path, &[("_csrf", "AAAA"), ("name", "改名")]).await.is(403);
    }
    assert_eq!(site.state.db.all_schools().await.unwrap().len(), 1);
    assert!(site.state.db.channel(model::ChannelId(1)).await.is_ok());
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let site = site().await;
    for path in ["/admin/schools/999", "/admin/channels/999", "/admin/users/999", "/admin/recordings/nothing"]
    {
        site.get(path).await.is(404);
    }
}
