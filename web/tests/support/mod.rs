//! A whole site on a temporary SQLite file, asked through its real router. Nothing listens anywhere.
#![allow(dead_code, reason = "every test file uses a part")]
#![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use base::{CancellationToken, Clock, Tasks};
use futures_util::future::BoxFuture;
use http::header::{CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use http::{Method, Request, StatusCode};
use http_body_util::BodyExt;
use live::{Gate, PlayPass, PublishPass, Refused, StartError, Starter};
use model::grant::Signer;
use model::right::Role;
use model::slice::{SliceEnd, SliceFacts};
use model::{ChannelId, GathererId, RangeId, SubjectId, TeacherId};
use relay::{Gatekeeper, Identity};
use relay_proto::{ErrorCode, Hello, RemoteError, Report};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use tower::ServiceExt;
use web::{AppState, SiteConfig};

/// 2026-11-20 08:10 in Shanghai, a Friday.
pub const NOW_MS: i64 = 1_795_133_400_000;
pub const PASSWORD: &str = "对的密码-123";

/// A minute of a lesson, recorded ten minutes ago.
pub fn facts(channel_id: ChannelId) -> SliceFacts {
    SliceFacts {
        slice_id: "01KAFX00000000000000000001".into(),
        channel_id,
        lesson_key: "3-20261120".into(),
        range_id: RangeId(3),
        subject_id: SubjectId(1),
        teacher_id: TeacherId(1),
        sequence: 0,
        started_at_ms: NOW_MS - 600_000,
        duration_ms: 60_000,
        overlap_ms: 0,
        size_bytes: 1000,
        sha256: "ab".repeat(32),
        video_frames: 1500,
        video_codec: "H.264".into(),
        audio_codec: "AAC".into(),
        width: 1280,
        height: 720,
        end: SliceEnd::Bell,
    }
}

/// Lets nobody into relay or live server: these tests are about the site.
pub struct Nobody;

impl Gatekeeper for Nobody {
    fn admit(&self, _: Hello, _: SocketAddr) -> BoxFuture<'static, Result<Identity, RemoteError>> {
        Box::pin(async { Err(RemoteError::new(ErrorCode::Unauthorized, "nobody is admitted here")) })
    }
    fn seen(&self, _: GathererId, _: bool, _: i64) {}
    fn report(&self, _: GathererId, _: &Report) {}
}

impl Gate for Nobody {
    fn admit_play(&self, _: &str, _: &str, _: i64) -> Result<PlayPass, Refused> {
        Err(Refused::NoToken)
    }
    fn admit_publish(&self, _: &str, _: &str, _: i64) -> Result<PublishPass, Refused> {
        Err(Refused::NoToken)
    }
}

impl Starter for Nobody {
    fn start(&self, _: String) -> BoxFuture<'static, Result<(), StartError>> {
        Box::pin(async { Err(StartError::Offline) })
    }
    fn stop(&self, _: String) -> BoxFuture<'static, ()> {
        Box::pin(async {})
    }
}

pub struct Site {
    pub dir: tempfile::TempDir,
    pub state: AppState,
    pub app: Router,
    _tasks: Tasks,
}

pub async fn state_in(dir: &Path, clock: Clock, tasks: &Tasks) -> AppState {
    let url = format!("sqlite://{}?mode=rwc", dir.join("site.db").display());
    let db = db::Db::open(&url, 8).await.unwrap();
    db.migrate().await.unwrap();
    db.seed(clock.now_ms()).await.unwrap();
    db.seed_demo_teachers().await.unwrap();
    let relay = relay::start(Arc::new(Nobody), tasks, relay::connection::Limits::default());
    let live = live::start(
        live::Config::default(),
        Arc::new(Nobody),
        Arc::new(Nobody),
        None,
        CancellationToken::new(),
    );
    let signer = Signer::new([7; 32]);
    let mut state = AppState::new(db, relay, live, signer, SiteConfig::new(dir.to_owned()));
    state.clock = clock;
    state
}

impl Site {
    pub async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let tasks = Tasks::new();
        let state = state_in(dir.path(), Clock::manual(NOW_MS), &tasks).await;
        let app = web::router(state.clone());
        Self { dir, state, app, _tasks: tasks }
    }

    pub fn browser(&self) -> Browser {
        Browser { app: self.app.clone(), cookies: Mutex::default(), ip: [10, 0, 0, 9] }
    }

    /// Makes an account; its password is [`PASSWORD`].
    pub async fn add_user(&self, name: &str, role: Role) -> model::UserId {
        let password_hash = web::password::hash(PASSWORD).await.unwrap();
        let new = db::NewUser { name: name.into(), display_name: String::new(), password_hash, role };
        self.state.db.add_user(&new, self.state.now_ms()).await.unwrap()
    }

    /// A browser that is logged in.
    pub async fn logged_in(&self, name: &str, role: Role) -> Browser {
        self.add_user(name, role).await;
        let browser = self.browser();
        assert_eq!(browser.log_in(name, PASSWORD).await.status, StatusCode::SEE_OTHER);
        browser
    }
}

/// One browser with its cookies.
pub struct Browser {
    app: Router,
    pub cookies: Mutex<Vec<(String, String)>>,
    pub ip: [u8; 4],
}

pub struct Answer {
    pub status: StatusCode,
    pub headers: http::HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn location(&self) -> &str {
        self.headers.get(LOCATION).map_or("", |v| v.to_str().unwrap())
    }
    pub fn json<T: serde::de::DeserializeOwned>(&self) -> T {
        serde_json::from_str(&self.text).unwrap_or_else(|e| panic!("{e}: {}", self.text))
    }
    /// `code` of an API's refusal.
    pub fn code(&self) -> String {
        self.json::<serde_json::Value>()["code"].as_str().unwrap().to_owned()
    }
    pub fn csrf(&self) -> String {
        let rest = self.text.split_once("name=\"_csrf\" value=\"").expect("a form with a token").1;
        rest.split_once('"').unwrap().0.to_owned()
    }
}

impl Browser {
    pub async fn send(&self, mut request: Request<Body>) -> Answer {
        let line: Vec<String> =
            self.cookies.lock().unwrap().iter().map(|(n, v)| format!("{n}={v}")).collect();
        if !line.is_empty() {
            request.headers_mut().insert(COOKIE, line.join("; ").parse().unwrap());
        }
        request.extensions_mut().insert(ConnectInfo(SocketAddr::from((self.ip, 50_000))));
        let answer = self.app.clone().oneshot(request).await.unwrap();
        let (parts, body) = answer.into_parts();
        for cookie in parts.headers.get_all(SET_COOKIE) {
            self.keep(cookie.to_str().unwrap());
        }
        let bytes = body.collect().await.unwrap().to_bytes();
        Answer {
            status: parts.status,
            headers: parts.headers,
            text: String::from_utf8_lossy(&bytes).into_owned(),
        }
    }

    fn keep(&self, cookie: &str) {
        let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
        let mut cookies = self.cookies.lock().unwrap();
        cookies.retain(|(n, _)| n != name);
        if !cookie.contains("Max-Age=0") {
            cookies.push((name.to_owned(), value.to_owned()));
        }
    }

    pub fn cookie(&self, name: &str) -> Option<String> {
        self.cookies.lock().unwrap().iter().find(|(n, _)| n == name).map(|(_, v)| v.clone())
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Request::get(path).body(Body::empty()).unwrap()).await
    }

    pub async fn method(&self, method: Method, path: &str) -> Answer {
        self.send(Request::builder().method(method).uri(path).body(Body::empty()).unwrap()).await
    }

    /// Posts fields as they are.
    pub async fn post_raw(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let form: Vec<String> = fields.iter().map(|(n, v)| format!("{n}={}", web::page::encode(v))).collect();
        let request = Request::post(path).header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.send(request.body(Body::from(form.join("&"))).unwrap()).await
    }

    /// Reads the token from the form's page first, as a person does.
    pub async fn post(&self, page: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
        let csrf = self.get(page).await.csrf();
        let mut all = vec![("_csrf", csrf.as_str())];
        all.extend_from_slice(fields);
        self.post_raw(path, &all).await
    }

    pub async fn log_in(&self, name: &str, password: &str) -> Answer {
        self.post("/login", "/login", &[("name", name), ("password", password), ("next", "/")]).await
    }

    pub async fn post_json(&self, path: &str, grant: &str, body: &impl serde::Serialize) -> Answer {
        let mut request = Request::post(path).header(CONTENT_TYPE, "application/json");
        if !grant.is_empty() {
            request = request.header("authorization", format!("Bearer {grant}"));
        }
        self.send(request.body(Body::from(serde_json::to_vec(body).unwrap())).unwrap()).await
    }
}
