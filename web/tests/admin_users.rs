//! Accounts: the last admin, passwords, what ends a session.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod admin_site;

use admin_site::{As, Site};
use model::right::Role;

const NEW: [(&str, &str); 4] =
    [("name", "teacher1"), ("password", "12345678"), ("again", "12345678"), ("role", "admin")];

#[tokio::test]
async fn the_last_admin_cannot_demote_disable_or_delete_himself() {
    let site = Site::start().await;
    let me = format!("/admin/users/{}", site.admin_id);
    site.post(&me, &[("role", "user")]).await.is(409).has("最后一个可用的管理员");
    site.post(&me, &[("role", "admin"), ("disabled", "1")]).await.is(409).has("最后一个可用的管理员");
    let id = site.admin_id.to_string();
    site.post("/admin/users/delete", &[("id", &id), ("sure", "1")]).await.is(409).has("最后一个可用的管理员");
    assert_eq!(site.state.db.user(site.admin_id).await.unwrap().role, Role::Admin);
    site.post("/admin/users/new", &NEW).await.is(303);
    site.post(&me, &[("role", "user")]).await.is(303);
    site.get("/admin").await.is(303);
}

#[tokio::test]
async fn a_password_is_long_enough_typed_twice_and_never_comes_back() {
    let site = Site::start().await;
    let form = |password: &'static str, again: &'static str| {
        [("name", "t2"), ("password", password), ("again", again), ("role", "user")]
    };
    let short = site.post("/admin/users/new", &form("1234567", "1234567")).await;
    short.is(422).has("至少 8 个字符").lacks("1234567");
    site.post("/admin/users/new", &form("12345678", "12345679")).await.is(422).has("两次输入的密码不一样");
    site.post("/admin/users/new", &form("", "")).await.is(422).has("id=\"e-password\"");
    site.post("/admin/users/new", &form("12345678", "12345678")).await.is(303);
    let taken = [("name", "T2"), ("password", "12345678"), ("again", "12345678"), ("role", "user")];
    site.post("/admin/users/new", &taken).await.is(422).has("已有同名").has("id=\"e-name\"");
    let stored = site.state.db.user_by_name("t2").await.unwrap().unwrap().1;
    assert!(stored.starts_with("$argon2id$"));
}

#[tokio::test]
async fn disabling_or_a_new_password_ends_open_sessions() {
    let site = Site::start().await;
    let user = format!("/admin/users/{}", site.user_id);
    assert_eq!(site.get_as(As::User, "/").await.status.as_u16(), 200);
    let reset = [("password", "another-one"), ("again", "another-one")];
    site.post(&format!("{user}/password"), &reset).await.is(303);
    assert!(site.get_as(As::User, "/").await.location.starts_with("/login"));
    site.post(&user, &[("role", "user"), ("disabled", "1")]).await.is(303);
    site.get("/admin/users").await.has("已停用");
    let id = site.user_id.to_string();
    site.post("/admin/users/delete", &[("id", &id)]).await.is(200).has("student");
    site.post("/admin/users/delete", &[("id", &id), ("sure", "1")]).await.is(303);
    // Not the navigation's /admin/students.
    site.get("/admin/users").await.has(">admin<").lacks(">student<");
}

#[tokio::test]
async fn a_role_that_is_none_is_refused() {
    let site = Site::start().await;
    let user = format!("/admin/users/{}", site.user_id);
    site.post(&user, &[("role", "root")]).await.is(422).has("id=\"e-role\"");
    assert_eq!(site.state.db.user(site.user_id).await.unwrap().role, Role::User);
}
