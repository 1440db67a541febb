//! The relay over real WebSockets on loopback.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the report")]

use futures_util::future::{BoxFuture, FutureExt, join_all};
use futures_util::{SinkExt, StreamExt};
use model::{ChannelId, GathererId};
use relay::connection::{FRAME_MAX_BYTES, Limits};
use relay::relay_proto::message::{decode, encode};
use relay::relay_proto::{
    ClientMessage, Command, ErrorCode, Hello, Outcome, RelayMessage, RemoteError, Report, TerminalType,
    WantedPush,
};
use relay::{Gatekeeper, Handle, Identity};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, client_async};

/// Admits `g<id>` as gatherer `<id>` and `component` as anything else; remembers what it was told.
#[derive(Default)]
struct Guard {
    seen: Mutex<Vec<(i64, bool)>>,
    reports: Mutex<Vec<(i64, u32)>>,
}

impl Gatekeeper for Guard {
    fn admit(&self, hello: Hello, _peer: SocketAddr) -> BoxFuture<'static, Result<Identity, RemoteError>> {
        let id = hello.grant.strip_prefix('g').and_then(|id| id.parse().ok()).map(GathererId);
        let ok = match hello.terminal {
            TerminalType::Gatherer => id.is_some(),
            _ => hello.grant == "component",
        };
        let gatherer_id = id.filter(|_| hello.terminal == TerminalType::Gatherer);
        let who = Identity { terminal: hello.terminal, gatherer_id, name: hello.name, state_version: 1 };
        let refusal = RemoteError::new(ErrorCode::Unauthorized, "the grant is not one of ours");
        std::future::ready(if ok { Ok(who) } else { Err(refusal) }).boxed()
    }

    fn seen(&self, gatherer_id: GathererId, online: bool, _now_ms: i64) {
        self.seen.lock().unwrap().push((gatherer_id.0, online));
    }

    fn report(&self, gatherer_id: GathererId, report: &Report) {
        self.reports.lock().unwrap().push((gatherer_id.0, report.upload_waiting));
    }
}

struct Relay {
    handle: Handle,
    guard: Arc<Guard>,
    tasks: base::Tasks,
    addr: SocketAddr,
}

async fn relay(limits: Limits) -> Relay {
    let (guard, tasks) = (Arc::new(Guard::default()), base::Tasks::new());
    let handle = relay::start(guard.clone(), &tasks, limits);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let app = relay::router(handle.clone()).into_make_service_with_connect_info::<SocketAddr>();
    let stopped = tasks.token().clone().cancelled_owned();
    tokio::spawn(async move { axum::serve(listener, app).with_graceful_shutdown(stopped).await });
    Relay { handle, guard, tasks, addr }
}

/// One terminal.
struct Client(WebSocketStream<TcpStream>);

impl Client {
    async fn connect(relay: &Relay) -> Self {
        Self::over(relay, TcpStream::connect(relay.addr).await.unwrap()).await
    }

    async fn over(relay: &Relay, stream: TcpStream) -> Self {
        let (socket, _) = client_async(format!("ws://{}/relay", relay.addr), stream).await.unwrap();
        Self(socket)
    }

    async fn gatherer(relay: &Relay, id: i64) -> Self {
        let mut client = Self::connect(relay).await;
        client.hello(TerminalType::Gatherer, &format!("g{id}")).await;
        assert!(matches!(client.hear().await, RelayMessage::Welcome { lease_s: 60, report_every_s: 30, .. }));
        client
    }

    async fn hello(&mut self, terminal: TerminalType, grant: &str) {
        let hello = Hello { versions: vec![9, 1], terminal, grant: grant.into(), name: "test".into() };
        self.say(&ClientMessage::Hello(hello)).await;
    }

    async fn say(&mut self, message: &ClientMessage) {
        self.say_text(encode(message).unwrap()).await;
    }

    async fn say_text(&mut self, text: String) {
        self.0.send(Message::text(text)).await.unwrap();
    }

    async fn hear(&mut self) -> RelayMessage {
        loop {
            match timeout(Duration::from_secs(20), self.0.next()).await.expect("the relay is silent") {
                Some(Ok(Message::Text(text))) => return decode(text.as_str()).unwrap(),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                other => panic!("expected a message, got {other:?}"),
            }
        }
    }

    /// Refused with this code, and then closed.
    async fn expect_refused(&mut self, code: ErrorCode) {
        match self.hear().await {
            RelayMessage::Refused { error } => assert_eq!(error.code, code),
            other => panic!("expected {code:?}, got {other:?}"),
        }
        let end = timeout(Duration::from_secs(5), self.0.next()).await.expect("not closed");
        assert!(matches!(end, Some(Ok(Message::Close(_)))), "{end:?}");
    }

    /// Replies `done` to `count` commands.
    async fn obey(&mut self, count: usize) {
        for _ in 0..count {
            match self.hear().await {
                RelayMessage::Command { id, .. } => {
                    self.say(&ClientMessage::Reply { id, outcome: Outcome::Done }).await;
                }
                other => panic!("expected a command, got {other:?}"),
            }
        }
    }
}

fn reconnect() -> Command {
    Command::Reconnect { channel_id: ChannelId(1) }
}

/// Waits until `condition` holds.
async fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !condition() {
        assert!(Instant::now() < deadline, "{what} did not come true");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_hello_without_a_good_grant_is_refused() {
    let relay = relay(Limits::default()).await;
    for (terminal, grant) in [(TerminalType::Gatherer, ""), (TerminalType::Gatherer, "component")] {
        let mut client = Client::connect(&relay).await;
        client.hello(terminal, grant).await;
        client.expect_refused(ErrorCode::Unauthorized).await;
    }
    assert!(relay.handle.terminals().is_empty());
}

#[tokio::test]
async fn nobody_is_heard_before_hello_and_a_version_in_common() {
    let relay = relay(Limits::default()).await;
    let mut client = Client::connect(&relay).await;
    client.say(&ClientMessage::Send { id: 1, to: GathererId(1), command: reconnect() }).await;
    client.expect_refused(ErrorCode::HelloExpected).await;

    let mut client = Client::connect(&relay).await;
    client.say_text(r#"{"kind":"hello","versions":[2],"terminal":2,"grant":"g1"}"#.into()).await;
    client.expect_refused(ErrorCode::Version).await;

    let mut client = Client::connect(&relay).await;
    client.say_text("GET / HTTP/1.1".into()).await;
    client.expect_refused(ErrorCode::BadMessage).await;
}

#[tokio::test]
async fn a_connection_that_says_nothing_is_closed() {
    let limits = Limits { hello_within: Duration::from_millis(100), ..Limits::default() };
    let relay = relay(limits).await;
    Client::connect(&relay).await.expect_refused(ErrorCode::HelloExpected).await;
}

#[tokio::test]
async fn strangers_beyond_the_limit_are_turned_away_and_others_stay() {
    let relay = relay(Limits { strangers: 2, ..Limits::default() }).await;
    let _friend = Client::gatherer(&relay, 1).await;
    let (_a, _b) = (Client::connect(&relay).await, Client::connect(&relay).await);
    let stream = TcpStream::connect(relay.addr).await.unwrap();
    let refused = client_async(format!("ws://{}/relay", relay.addr), stream).await;
    assert!(refused.unwrap_err().to_string().contains("503"));
    assert_eq!(relay.handle.terminals().len(), 1);
}

#[tokio::test]
async fn a_command_to_a_gatherer_off_line_fails_within_100_ms() {
    let relay = relay(Limits::default()).await;
    let mut site = Client::connect(&relay).await;
    site.hello(TerminalType::Site, "component").await;
    site.hear().await;
    let asked = Instant::now();
    let error = relay.handle.command(GathererId(5), reconnect()).await.unwrap_err();
    let by_handle = asked.elapsed();
    site.say(&ClientMessage::Send { id: 3, to: GathererId(5), command: reconnect() }).await;
    let reply = site.hear().await;
    let both = asked.elapsed();
    assert_eq!(error.code, ErrorCode::Offline);
    assert!(
        matches!(&reply, RelayMessage::Reply { id: 3, outcome: Outcome::Failed(e) } if e.code == ErrorCode::Offline)
    );
    assert!(both < Duration::from_millis(100), "{by_handle:?} by the handle, {both:?} with the wire");
}

#[tokio::test]
async fn a_command_reaches_the_gatherer_and_its_reply_comes_back() {
    let relay = relay(Limits::default()).await;
    let mut gatherer = Client::gatherer(&relay, 5).await;
    let asked = relay.handle.command(GathererId(5), reconnect());
    let (result, ()) = tokio::join!(asked, gatherer.obey(1));
    assert_eq!(result, Ok(()));
}

#[tokio::test]
async fn the_gatekeeper_hears_of_coming_reporting_and_leaving() {
    let relay = relay(Limits::default()).await;
    let mut changes = relay.handle.changes();
    let mut gatherer = Client::gatherer(&relay, 5).await;
    timeout(Duration::from_secs(5), changes.changed()).await.unwrap().unwrap();
    gatherer.say(&ClientMessage::Report(Report { upload_waiting: 3, ..Report::default() })).await;
    assert!(matches!(gatherer.hear().await, RelayMessage::ReportAck { state_version: 1, .. }));
    until("the report", || relay.guard.reports.lock().unwrap().as_slice() == [(5, 3)]).await;
    gatherer.say(&ClientMessage::Bye).await;
    until("the leave", || relay.guard.seen.lock().unwrap().last() == Some(&(5, false))).await;
    assert_eq!(relay.guard.seen.lock().unwrap().first(), Some(&(5, true)));
    assert!(!relay.handle.gatherer(GathererId(5)).unwrap().online);
}

#[tokio::test]
async fn a_message_above_64_kib_ends_its_own_connection_only() {
    let relay = relay(Limits::default()).await;
    let mut other = Client::gatherer(&relay, 6).await;
    for size in [65_537, FRAME_MAX_BYTES] {
        let mut gatherer = Client::gatherer(&relay, 5).await;
        gatherer.say_text("x".repeat(size)).await;
        gatherer.expect_refused(ErrorCode::TooLarge).await;
    }
    let (result, ()) = tokio::join!(relay.handle.command(GathererId(6), reconnect()), other.obey(1));
    assert_eq!(result, Ok(()));
    // Longer than the WebSocket layer reads: it ends, with or without having heard why (the rest may reset it).
    let mut gatherer = Client::gatherer(&relay, 5).await;
    let _ = gatherer.0.send(Message::text("x".repeat(1024 * 1024))).await;
    let end = async { while let Some(Ok(_)) = gatherer.0.next().await {} };
    timeout(Duration::from_secs(5), end).await.expect("not closed");
    // What a message of exactly 64 KiB is: bad JSON here, but read.
    let mut gatherer = Client::gatherer(&relay, 5).await;
    gatherer.say_text("x".repeat(65_536)).await;
    gatherer.expect_refused(ErrorCode::BadMessage).await;
}

#[tokio::test]
async fn a_slow_reader_is_busy_then_cut_off_and_hurts_nobody() {
    let relay = relay(Limits { write_within: Duration::from_secs(1), ..Limits::default() }).await;
    // A small receive buffer, so that the relay's writes block soon.
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut slow = Client::over(&relay, socket.connect(relay.addr).await.unwrap()).await;
    slow.hello(TerminalType::Gatherer, "g5").await;
    slow.hear().await;
    let mut quick = Client::gatherer(&relay, 6).await;
    let push = WantedPush { channel_id: ChannelId(1), url: "u".repeat(60_000), epoch: 1 };
    let flood =
        join_all((0..100).map(|_| relay.handle.command(GathererId(5), Command::PushStart(push.clone()))));
    let others = async {
        let asked = Instant::now();
        for _ in 0..50 {
            let (result, ()) = tokio::join!(relay.handle.command(GathererId(6), reconnect()), quick.obey(1));
            result.unwrap();
        }
        asked.elapsed()
    };
    let (results, others_took) = tokio::join!(flood, others);
    let count = |code| results.iter().filter(|r| r.as_ref().is_err_and(|e| e.code == code)).count();
    assert_eq!(count(ErrorCode::Busy), 36, "the first 64 are queued, the others refused at once");
    assert_eq!(count(ErrorCode::Offline), 64, "cut off after 1 s, before the 5 s of a reply");
    assert!(others_took < Duration::from_secs(1), "50 round trips beside a slow reader took {others_took:?}");
    assert!(!relay.handle.gatherer(GathererId(5)).unwrap().online);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_gatherers_are_on_line_and_each_can_be_reached() {
    let relay = relay(Limits::default()).await;
    let began = Instant::now();
    let mut clients = Vec::new();
    for batch in 0..20 {
        clients.extend(join_all((0..50).map(|i| Client::gatherer(&relay, 1 + batch * 50 + i))).await);
    }
    assert_eq!(relay.handle.terminals().len(), 1000);
    let connected = began.elapsed();
    let asks = join_all((1..=1000).map(|id| relay.handle.command(GathererId(id), reconnect())));
    let (results, _) = tokio::join!(asks, join_all(clients.iter_mut().map(|c| c.obey(1))));
    assert!(results.iter().all(Result::is_ok));
    let commanded = began.elapsed() - connected;
    assert!(began.elapsed() < Duration::from_secs(60), "{connected:?} to connect, {commanded:?} to command");
}

#[tokio::test]
async fn stopping_tells_everybody_and_leaves_no_task_behind() {
    let relay = relay(Limits::default()).await;
    let mut gatherer = Client::gatherer(&relay, 5).await;
    let (late, ()) = tokio::join!(
        relay.tasks.stop_all(Duration::from_secs(5)),
        gatherer.expect_refused(ErrorCode::Stopping)
    );
    assert!(late.is_empty(), "{late:?}");
}
