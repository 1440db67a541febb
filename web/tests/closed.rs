//! Private by default: every route, as nobody, as an ordinary user, from another site.

#![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]

mod support;

use http::{Method, Request, StatusCode};
use model::right::Role;
use std::collections::BTreeSet;
use support::Site;

/// Every path of the site's sources, found by reading them: a route somebody adds tomorrow is tested tomorrow.
fn all_routes() -> BTreeSet<String> {
    let sources = sources();
    let every_path: Vec<String> = sources.iter().flat_map(|(_, text)| paths(text)).collect();
    let mut found = BTreeSet::new();
    for (file, text) in &sources {
        for piece in text.split(".route(").skip(1) {
            let piece = piece.trim_start();
            let literal =
                piece.trim_start_matches("&format!(").strip_prefix('"').and_then(|p| p.split('"').next());
            match literal {
                // Routes of a generic list: tried with the path of every list there is.
                Some(tail) if tail.starts_with("{}") => {
                    found.extend(
                        every_path.iter().map(|path| format!("{path}{}", tail.trim_start_matches("{}"))),
                    );
                }
                Some(route) => drop(found.insert(route.to_owned())),
                None if piece.starts_with("PATH,") => found.extend(paths(text)),
                None if piece.starts_with("T::PATH,") => found.extend(every_path.iter().cloned()),
                None => panic!("{file}: write this route so that the test can read it: {piece:.60}"),
            }
        }
    }
    assert!(found.len() > 30, "only {} routes found", found.len());
    found.into_iter().map(|route| route.replace("{{", "{").replace("}}", "}")).collect()
}

fn sources() -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![std::path::PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/src"))];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                false => found.push((path.display().to_string(), std::fs::read_to_string(&path).unwrap())),
            }
        }
    }
    found
}

/// The values of `const PATH: … = "/…"`.
fn paths(text: &str) -> Vec<String> {
    let lines = text.lines().filter(|line| line.contains("const PATH:"));
    lines.filter_map(|line| Some(line.split_once("= \"")?.1.split_once('"')?.0.to_owned())).collect()
}

/// A path one could ask for: parameters become 1.
fn concrete(route: &str) -> String {
    let parts: Vec<&str> = route.split('/').map(|p| if p.starts_with('{') { "1" } else { p }).collect();
    parts.join("/")
}

fn is_open(route: &str) -> bool {
    let open = ["/login", "/setup", "/lang", "/favicon.ico", "/healthz"];
    // The address of a feed is the right to read it; tests/feeds.rs knocks at unknown ones.
    let by_capability = route.starts_with("/feed/");
    open.contains(&route)
        || by_capability
        || route.starts_with("/static/")
        || route.starts_with("/api/gather/")
}

#[tokio::test]
async fn nobody_sees_anything_without_login() {
    let site = Site::new().await;
    let nobody = site.browser();
    for route in all_routes().iter().filter(|r| !is_open(r)) {
        let path = concrete(route);
        let answer = nobody.get(&path).await;
        let to_login = answer.status == StatusCode::SEE_OTHER && answer.location().starts_with("/login");
        let refused = path.starts_with("/api/") && answer.status == StatusCode::UNAUTHORIZED;
        assert!(to_login || refused, "GET {path}: {} {}", answer.status, answer.location());
        for method in [Method::POST, Method::PUT, Method::DELETE, Method::PATCH] {
            let answer = nobody.method(method.clone(), &path).await;
            assert!(matches!(answer.status.as_u16(), 401 | 403), "{method} {path}: {}", answer.status);
        }
    }
}

#[tokio::test]
async fn an_ordinary_user_is_sent_from_the_admin_to_the_front_page() {
    let site = Site::new().await;
    let user = site.logged_in("学生", Role::User).await;
    for route in all_routes().iter().filter(|r| r.starts_with("/admin")) {
        let path = concrete(route);
        let answer = user.get(&path).await;
        assert_eq!((answer.status, answer.location()), (StatusCode::SEE_OTHER, "/"), "{path}");
        assert_eq!(user.method(Method::POST, &path).await.status, StatusCode::FORBIDDEN, "{path}");
    }
    assert_eq!(user.get("/admin/no-such-page").await.location(), "/");
    assert_eq!(user.get("/").await.status, StatusCode::OK);
}

#[tokio::test]
async fn every_changing_route_wants_its_own_origin_and_the_token() {
    let site = Site::new().await;
    let admin = site.logged_in("admin", Role::Admin).await;
    for route in all_routes().iter().filter(|r| !r.starts_with("/api/gather/")) {
        let path = concrete(route);
        let foreign = Request::post(&path).header("host", "site").header("origin", "http://evil.example");
        let answer = admin.send(foreign.body(Default::default()).unwrap()).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path} from another origin");
        let answer = admin.post_raw(&path, &[("_csrf", "wrong"), ("name", "x")]).await;
        let refused = matches!(answer.status.as_u16(), 400 | 403 | 404 | 405);
        assert!(refused, "{path} without the token: {}", answer.status);
    }
    assert_eq!(admin.get("/me").await.status, StatusCode::OK, "nobody was logged out by that");
}

#[tokio::test]
async fn the_admin_opens_recordings_and_live_apart() {
    let site = Site::new().await;
    let nobody = site.browser();
    let mut settings = site.state.db.settings().await.unwrap();
    settings.open_vod = true;
    site.state.db.save_settings(&settings).await.unwrap();
    assert_eq!(nobody.get("/").await.status, StatusCode::OK);
    assert_eq!(nobody.get("/search?q=课").await.status, StatusCode::OK);
    assert!(nobody.get("/watch").await.location().starts_with("/login"));
    assert_eq!(nobody.get("/api/play/1").await.status, StatusCode::UNAUTHORIZED);
    settings.open_live = true;
    site.state.db.save_settings(&settings).await.unwrap();
    assert_eq!(nobody.get("/watch").await.status, StatusCode::OK);
    assert!(nobody.get("/admin").await.location().starts_with("/login"));
}

#[tokio::test]
async fn errors_are_pages_for_people_and_json_for_programs() {
    let site = Site::new().await;
    let user = site.logged_in("学生", Role::User).await;
    let page = user.get("/lesson/1-20261120").await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
    assert!(page.text.contains("找不到这个页面") && page.text.contains("</html>"));
    let english = user.get("/lang?to=en&next=//evil.example").await;
    assert_eq!(english.location(), "/");
    assert!(user.get("/lesson/1-20261120").await.text.contains("Page not found"));
    assert!(user.get("/watch/abc").await.text.contains("Page not found"), "not axum's own words");
    let json = user.get("/api/play/99").await;
    assert_eq!((json.status, json.code().as_str()), (StatusCode::NOT_FOUND, "not_found"));
}

#[tokio::test]
async fn every_answer_carries_the_security_headers() {
    let site = Site::new().await;
    for path in ["/login", "/no-such", "/static/css/site.css", "/api/play/1"] {
        let answer = site.browser().get(path).await;
        let policy = answer.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("script-src 'self';"), "{path}: no inline scripts");
        assert_eq!(answer.headers["x-content-type-options"], "nosniff");
        assert_eq!(answer.headers["referrer-policy"], "same-origin");
    }
    let login = site.browser().get("/login").await;
    assert!(!login.text.contains("<script>") && !login.text.contains("onclick"));
    assert_eq!(login.headers["cache-control"], "private, no-store");
}
