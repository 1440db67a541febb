//! A whole site on SQLite in a temp directory, its real router, an admin and an ordinary user logged in; and a gatherer
//! that connects to the real relay when a test wants one on line.

#![allow(dead_code, reason = "every test file uses a part")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use axum::Router;
use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, COOKIE, LOCATION};
use axum::http::{Request, StatusCode};
use base::Tasks;
use db::{Db, NewChannel, NewUser};
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, SinkExt, StreamExt};
use http_body_util::BodyExt;
use model::channel::{Source, Transport};
use model::gatherer::Machine;
use model::grant::Signer;
use model::right::Role;
use model::school::Teacher;
use model::{ChannelId, GathererId, GradeId, SchoolId, TeacherId, UserId};
use relay_proto::{ClientMessage, ErrorCode, Hello, RelayMessage, RemoteError, Report, TerminalType};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, client_async};
use tower::ServiceExt;
use web::{AppState, SiteConfig, csrf, session};

/// Lets in whoever says `gatherer <id>`, or as a live server or site whoever says anything; others are refused.
struct Door;

impl relay::Gatekeeper for Door {
    fn admit(&self, hello: Hello, _: SocketAddr) -> BoxFuture<'static, Result<relay::Identity, RemoteError>> {
        let id = hello.grant.strip_prefix("gatherer ").and_then(|id| id.parse().ok());
        let refused = hello.grant.is_empty();
        async move {
            if refused {
                return Err(RemoteError::new(ErrorCode::Unauthorized, "no grant"));
            }
            Ok(relay::Identity {
                terminal: hello.terminal,
                gatherer_id: id,
                name: hello.name,
                state_version: 0,
            })
        }
        .boxed()
    }

    fn seen(&self, _: GathererId, _: bool, _: i64) {}

    fn report(&self, _: GathererId, _: &Report) {}
}

/// Nobody watches in these tests.
struct Nobody;

impl live::Gate for Nobody {
    fn admit_play(&self, _: &str, _: &str, _: i64) -> Result<live::PlayPass, live::Refused> {
        Err(live::Refused::Forbidden)
    }

    fn admit_publish(&self, _: &str, _: &str, _: i64) -> Result<live::PublishPass, live::Refused> {
        Err(live::Refused::Forbidden)
    }
}

impl live::Starter for Nobody {
    fn start(&self, _: String) -> BoxFuture<'static, Result<(), live::StartError>> {
        async { Err(live::StartError::Offline) }.boxed()
    }

    fn stop(&self, _: String) -> BoxFuture<'static, ()> {
        async {}.boxed()
    }
}

/// Who asks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum As {
    Admin,
    User,
    Visitor,
}

/// What came back.
pub struct Answer {
    pub status: StatusCode,
    pub location: String,
    pub body: String,
}

impl Answer {
    #[track_caller]
    pub fn has(&self, text: &str) -> &Self {
        assert!(self.body.contains(text), "status {}, no {text:?} in:\n{}", self.status, self.body);
        self
    }

    #[track_caller]
    pub fn lacks(&self, text: &str) -> &Self {
        assert!(!self.body.contains(text), "{text:?} stands in:\n{}", self.body);
        self
    }

    #[track_caller]
    pub fn is(&self, status: u16) -> &Self {
        assert_eq!(self.status.as_u16(), status, "{} {}", self.location, self.body);
        self
    }

    /// Value of a hidden field of the page.
    pub fn hidden(&self, name: &str) -> String {
        let start = format!("name=\"{name}\" value=\"");
        let rest = self.body.split(&start).nth(1).unwrap_or_default();
        rest.split('"').next().unwrap_or_default().to_owned()
    }
}

pub struct Site {
    pub state: AppState,
    pub router: Router,
    pub admin_id: UserId,
    pub user_id: UserId,
    pub admin_secret: String,
    user_secret: String,
    _dir: tempfile::TempDir,
    tasks: Tasks,
}

impl Drop for Site {
    fn drop(&mut self) {
        self.tasks.token().cancel();
    }
}

impl Site {
    /// A seeded site: one school, subjects, grades, an admin, a user.
    pub async fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/site.db?mode=rwc", dir.path().display());
        let db = Db::open(&url, 4).await.unwrap();
        db.migrate().await.unwrap();
        let now_ms = base::now_ms();
        db.seed(now_ms).await.unwrap();
        let tasks = Tasks::new();
        let relay = relay::start(Arc::new(Door), &tasks, relay::connection::Limits::default());
        let nobody = Arc::new(Nobody);
        let live = live::start(live::Config::default(), nobody.clone(), nobody, None, tasks.token().clone());
        let site = SiteConfig::new(dir.path().to_owned());
        let signer = Signer::new([7; 32]);
        let mut state = AppState::new(db, relay, live, signer.clone(), site);
        let volume = storage::Volume::open(dir.path().join("volume")).unwrap();
        state.storage = Some(storage::Storage::new(volume, signer, storage::Limits::default()));
        let admin = NewUser {
            name: "admin".to_owned(),
            display_name: "王老师".to_owned(),
            password_hash: "x".to_owned(),
            role: Role::Admin,
        };
        let user = NewUser { name: "student".to_owned(), role: Role::User, ..admin.clone() };
        let admin_id = state.db.add_user(&admin, now_ms).await.unwrap();
        let user_id = state.db.add_user(&user, now_ms).await.unwrap();
        let (admin_secret, user_secret) = (session::new_secret().unwrap(), session::new_secret().unwrap());
        for (secret, id) in [(&admin_secret, admin_id), (&user_secret, user_id)] {
            state
                .db
                .add_session(&session::hash(secret), id, now_ms, now_ms + session::SESSION_MS)
                .await
                .unwrap();
        }
        let router = web::router(state.clone());
        Self { state, router, admin_id, user_id, admin_secret, user_secret, _dir: dir, tasks }
    }

    fn secret(&self, who: As) -> &str {
        match who {
            As::Admin => &self.admin_secret,
            As::User => &self.user_secret,
            As::Visitor => "",
        }
    }

    async fn send(&self, who: As, request: axum::http::request::Builder, body: String) -> Answer {
        let secret = self.secret(who);
        let cookie =
            if secret.is_empty() { String::new() } else { format!("{}={secret}", session::SESSION_COOKIE) };
        let request = request.header(COOKIE, cookie).body(Body::from(body)).unwrap();
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let status = answer.status();
        let location =
            answer.headers().get(LOCATION).map(|v| v.to_str().unwrap().to_owned()).unwrap_or_default();
        let bytes = answer.into_body().collect().await.unwrap().to_bytes();
        Answer { status, location, body: String::from_utf8_lossy(&bytes).into_owned() }
    }

    pub async fn get_as(&self, who: As, path: &str) -> Answer {
        self.send(who, Request::get(path).header("host", "site.test"), String::new()).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.get_as(As::Admin, path).await
    }

    pub async fn get_en(&self, path: &str) -> Answer {
        let request = Request::get(path).header("host", "site.test").header("accept-language", "en");
        self.send(As::Admin, request, String::new()).await
    }

    pub async fn post_raw(&self, who: As, path: &str, pairs: &[(&str, &str)]) -> Answer {
        let body: Vec<String> = pairs.iter().map(|(k, v)| format!("{k}={}", web::page::encode(v))).collect();
        let request = Request::post(path)
            .header("host", "site.test")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.send(who, request, body.join("&")).await
    }

    /// Posts as `who` with the right hidden token.
    pub async fn post_as(&self, who: As, path: &str, pairs: &[(&str, &str)]) -> Answer {
        let token = csrf::token(self.secret(who));
        let mut all = vec![(csrf::FIELD, token.as_str())];
        all.extend(pairs);
        self.post_raw(who, path, &all).await
    }

    /// Posts JSON as a script of our own page does; `token` false = without the page's token.
    pub async fn post_json(&self, path: &str, body: &str, token: bool) -> Answer {
        let mut request =
            Request::post(path).header("host", "site.test").header(CONTENT_TYPE, "application/json");
        if token {
            request = request.header(csrf::HEADER, csrf::token(self.secret(As::Admin)));
        }
        self.send(As::Admin, request, body.to_owned()).await
    }

    pub async fn post(&self, path: &str, pairs: &[(&str, &str)]) -> Answer {
        self.post_as(As::Admin, path, pairs).await
    }

    /// A gatherer that has enrolled.
    pub async fn gatherer(&self, name: &str) -> GathererId {
        let now_ms = base::now_ms();
        let hash = session::hash(name);
        self.state.db.add_join_code(&hash, SchoolId(1), name, now_ms, now_ms + 60_000).await.unwrap();
        let machine = Machine {
            host_name: "classroom-pc".to_owned(),
            ip: "192.168.1.20".to_owned(),
            mac: "aa:bb:cc:dd:ee:ff".to_owned(),
            os: "Debian 12".to_owned(),
            version: "0.1.0".to_owned(),
        };
        self.state.db.enroll_gatherer(&hash, &format!("key of {name}"), &machine, now_ms).await.unwrap().id
    }

    /// A camera channel with a password, started.
    pub async fn channel(&self, gatherer_id: GathererId, class_name: &str) -> ChannelId {
        let source = Source::Pull {
            url: "rtsp://192.168.1.64:554/Streaming/Channels/101".to_owned(),
            user: "admin".to_owned(),
            password: "s3cret-camera".to_owned(),
            transport: Transport::Tcp,
        };
        let class_name = class_name.to_owned();
        let new = NewChannel { gatherer_id, grade_id: GradeId(1), class_name, source, enabled: true };
        self.state.db.add_channel(&new, base::now_ms()).await.unwrap()
    }

    pub async fn teacher(&self, name: &str) -> TeacherId {
        let teacher =
            Teacher { id: TeacherId(0), name: name.to_owned(), sex: 1, title: 2, about: String::new() };
        self.state.db.add_teacher(&teacher).await.unwrap()
    }

    /// 三班 in room 301 before a camera of 一号, taught 语文 by 李老师 in the first period of every day from `from` on.
    pub async fn taught(&self, from: jiff::civil::Date) -> ChannelId {
        use model::calendar::{Cell, Timetable, Weeks};
        let db = &self.state.db;
        let teacher = self.teacher("李老师").await;
        let gatherer = self.gatherer("一号").await;
        let channel = self.channel(gatherer, "三班").await;
        let room = db::NewRoom { school_id: SchoolId(1), name: "301".to_owned() };
        let room = db.add_room(&room).await.unwrap();
        db.set_channel_room(channel, Some(room)).await.unwrap();
        let class = model::school::Class {
            id: model::ClassId(0),
            school_id: SchoolId(1),
            grade_id: GradeId(1),
            name: "三班".to_owned(),
            room_id: Some(room),
            record: true,
        };
        let class = db.add_class(&class).await.unwrap();
        let cell = |day| Cell {
            class,
            day,
            period: 1,
            span: 1,
            weeks: Weeks::All,
            subject: model::SubjectId(1),
            teacher: Some(teacher),
            room: None,
            with: Vec::new(),
            record: None,
        };
        let version = db::NewVersion {
            newest_no: 0,
            from,
            source: "test".to_owned(),
            note: String::new(),
            timetable: Timetable { cells: (1..=7).map(cell).collect() },
        };
        let now_ms = self.state.now_ms();
        db.publish_timetable(SchoolId(1), &version, self.admin_id, now_ms).await.unwrap();
        channel
    }

    /// Serves the relay; gives its port.
    pub async fn serve_relay(&self) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let app = relay::router(self.state.relay.clone()).into_make_service_with_connect_info::<SocketAddr>();
        let token = self.tasks.token().clone();
        self.tasks.spawn("relay", async move {
            let _ = axum::serve(listener, app).with_graceful_shutdown(token.cancelled_owned()).await;
        });
        port
    }
}

/// The gatherer's end of the relay.
pub struct OnLine {
    socket: WebSocketStream<TcpStream>,
}

impl OnLine {
    pub async fn connect(port: u16, id: GathererId) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        let (socket, _) = client_async(format!("ws://127.0.0.1:{port}/relay"), stream).await.unwrap();
        let mut on_line = Self { socket };
        on_line
            .say(&ClientMessage::Hello(Hello {
                versions: vec![1],
                terminal: TerminalType::Gatherer,
                grant: format!("gatherer {id}"),
                name: "采集端".to_owned(),
            }))
            .await;
        assert!(matches!(on_line.hear().await, RelayMessage::Welcome { .. }));
        on_line
    }

    pub async fn say(&mut self, message: &ClientMessage) {
        let text = relay_proto::message::encode(message).unwrap();
        self.socket.send(Message::text(text)).await.unwrap();
    }

    pub async fn hear(&mut self) -> RelayMessage {
        let next = tokio::time::timeout(Duration::from_secs(5), self.socket.next());
        let frame = next.await.expect("the relay was silent for 5 s").unwrap().unwrap();
        relay_proto::message::decode(frame.to_text().unwrap()).unwrap()
    }

    /// Reports and waits for the answer, so that pages show it from now on.
    pub async fn report(&mut self, report: Report) {
        self.say(&ClientMessage::Report(report)).await;
        while !matches!(self.hear().await, RelayMessage::ReportAck { .. }) {}
    }
}
