//! Claim of the first admin, login, sessions, limits.

#![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]

mod support;

use http::{Request, StatusCode};
use model::right::Role;
use std::time::Duration;
use support::{NOW_MS, PASSWORD, Site};

const CLAIM: [(&str, &str); 3] = [("name", "校长"), ("password", PASSWORD), ("again", PASSWORD)];

#[tokio::test]
async fn twenty_claims_at_once_make_one_admin() {
    let site = Site::new().await;
    let code = web::setup::issue(site.dir.path(), NOW_MS).unwrap();
    let mut claims = Vec::new();
    for i in 0..20 {
        let (browser, code) = (site.browser(), code.clone());
        claims.push(tokio::spawn(async move {
            let name = format!("admin{i}");
            let fields =
                [("code", code.as_str()), ("name", &name), ("password", PASSWORD), ("again", PASSWORD)];
            browser.post("/setup", "/setup", &fields).await.status
        }));
    }
    let mut won = 0;
    for claim in claims {
        match claim.await {
            Ok(StatusCode::SEE_OTHER) => won += 1,
            // A loser's form page may itself be gone already: its token cannot be read then.
            Ok(status) => assert!(matches!(status.as_u16(), 404 | 422), "{status}"),
            Err(late) => assert!(late.is_panic()),
        }
    }
    assert_eq!(won, 1);
    assert_eq!(site.state.db.list_users("", db::Page::first(50)).await.unwrap().total, 1);
    assert_eq!(site.browser().get("/setup").await.status, StatusCode::NOT_FOUND);
    assert!(!site.dir.path().join(web::setup::FILE).exists(), "the code is gone");
}

#[tokio::test]
async fn a_claim_needs_the_code_and_a_password() {
    let site = Site::new().await;
    let code = web::setup::issue(site.dir.path(), NOW_MS).unwrap();
    let browser = site.browser();
    let claim = async |code: &str, fields: &[(&str, &str)]| {
        let mut all = vec![("code", code)];
        all.extend_from_slice(fields);
        browser.post("/setup", "/setup", &all).await
    };
    assert!(claim("", &CLAIM).await.text.contains("设置码不对"));
    assert!(claim("0000000000000000000000000A", &CLAIM).await.text.contains("设置码不对"));
    let short = [("name", "校长"), ("password", "1234567"), ("again", "1234567")];
    assert!(claim(&code, &short).await.text.contains("至少 8 个字符"));
    let differ = [("name", "校长"), ("password", PASSWORD), ("again", "12345678")];
    assert!(claim(&code, &differ).await.text.contains("两次输入的密码不一样"));
    assert!(!site.state.db.is_claimed().await.unwrap());
    site.state.clock.advance(Duration::from_secs(1800));
    assert!(claim(&code, &CLAIM).await.text.contains("已过期"));
    let fresh = web::setup::issue(site.dir.path(), site.state.now_ms()).unwrap();
    let done = claim(&fresh, &CLAIM).await;
    assert_eq!((done.status, done.location()), (StatusCode::SEE_OTHER, "/admin"));
    assert_eq!(browser.get("/me").await.status, StatusCode::OK, "and is logged in");
}

#[tokio::test]
async fn a_session_lives_for_24_hours_to_the_minute() {
    let site = Site::new().await;
    let user = site.logged_in("老师", Role::User).await;
    site.state.clock.advance(Duration::from_secs(23 * 3600 + 59 * 60));
    assert_eq!(user.get("/").await.status, StatusCode::OK);
    site.state.clock.advance(Duration::from_secs(2 * 60));
    assert_eq!(user.get("/").await.location(), "/login");
}

#[tokio::test]
async fn login_gives_a_new_session_and_logout_ends_it() {
    let site = Site::new().await;
    site.add_user("老师", Role::User).await;
    let browser = site.browser();
    browser.cookies.lock().unwrap().push(("yl_session".into(), "planted-by-somebody-else".into()));
    let answer = browser.log_in("老师", PASSWORD).await;
    let set: Vec<_> = answer.headers.get_all("set-cookie").iter().map(|v| v.to_str().unwrap()).collect();
    let session = set.iter().find(|c| c.starts_with("yl_session=")).unwrap();
    assert!(session.contains("HttpOnly") && session.contains("SameSite=Lax") && !session.contains("Secure"));
    let secret = browser.cookie("yl_session").unwrap();
    assert!(secret.len() == 43 && secret != "planted-by-somebody-else");
    assert!(browser.cookie("yl_guest").is_none(), "what stood before login is dead");
    let left = browser.post("/me", "/logout", &[]).await;
    assert_eq!(left.location(), "/login");
    browser.cookies.lock().unwrap().push(("yl_session".into(), secret));
    assert_eq!(browser.get("/").await.location(), "/login", "the old cookie opens nothing");
}

#[tokio::test]
async fn the_sixth_wrong_password_in_a_minute_waits_even_when_it_is_right() {
    let site = Site::new().await;
    site.add_user("老师", Role::User).await;
    let browser = site.browser();
    for _ in 0..5 {
        let answer = browser.log_in("老师", "错的密码").await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
        assert!(answer.text.contains("用户名或密码不对"));
    }
    let sixth = browser.log_in("老师", PASSWORD).await;
    assert_eq!(sixth.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(sixth.text.contains("60 秒后再试"));
    assert_eq!(sixth.headers["retry-after"], "60");
    let mut elsewhere = site.browser();
    elsewhere.ip = [10, 0, 0, 10];
    let status = elsewhere.log_in("老师", PASSWORD).await.status;
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS, "the account is guarded, not only the address");
    site.state.clock.advance(Duration::from_secs(60));
    assert_eq!(browser.log_in("老师", PASSWORD).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn an_unknown_name_and_a_wrong_password_look_alike() {
    let site = Site::new().await;
    site.add_user("老师", Role::User).await;
    let known = site.browser().log_in("老师", "错的密码").await;
    let unknown = site.browser().log_in("没有这人", "错的密码").await;
    assert_eq!(known.status, unknown.status);
    assert!(unknown.text.contains("用户名或密码不对"));
}

#[tokio::test]
async fn login_leads_back_to_where_one_wanted_to_go_but_never_elsewhere() {
    let site = Site::new().await;
    site.add_user("老师", Role::User).await;
    let wanted = site.browser().get("/watch?page=2").await;
    assert_eq!(wanted.location(), "/login?next=%2Fwatch%3Fpage%3D2");
    for (next, to) in
        [("/watch?page=2", "/watch?page=2"), ("//evil.example", "/"), ("https://evil.example", "/")]
    {
        let fields = [("name", "老师"), ("password", PASSWORD), ("next", next)];
        assert_eq!(site.browser().post("/login", "/login", &fields).await.location(), to);
    }
}

#[tokio::test]
async fn a_new_password_ends_the_other_sessions() {
    let site = Site::new().await;
    let here = site.logged_in("老师", Role::User).await;
    let there = site.browser();
    there.log_in("老师", PASSWORD).await;
    let wrong = here
        .post("/me", "/me", &[("old", "x"), ("password", "新密码-12345"), ("again", "新密码-12345")])
        .await;
    assert!(wrong.text.contains("原密码不对"));
    let fields = [("old", PASSWORD), ("password", "新密码-12345"), ("again", "新密码-12345")];
    assert!(here.post("/me", "/me", &fields).await.text.contains("密码已修改"));
    assert_eq!(here.get("/").await.status, StatusCode::OK);
    assert_eq!(there.get("/").await.location(), "/login");
    assert_eq!(site.browser().log_in("老师", "新密码-12345").await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_hostile_name_is_only_text() {
    let site = Site::new().await;
    let name = "<script>alert(1)</script>\"'";
    let user = site.logged_in(name, Role::User).await;
    let page = user.get("/me").await;
    assert!(!page.text.contains("<script>alert"));
    let found = user
        .send(Request::get("/search?q=%22%3E%3Cscript%3Ealert(1)").body(Default::default()).unwrap())
        .await;
    assert!(!found.text.contains("<script>alert"));
}
