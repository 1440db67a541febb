//! The whole server in-process on free ports: every room is reached, asks the others, and stops.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the report")]

use base::{CancellationToken, now_ms};
use futures_util::{SinkExt, StreamExt};
use model::GathererId;
use model::channel::Source;
use model::gatherer::Machine;
use model::grant::{Right, Signer};
use relay::relay_proto::message::{decode, encode};
use relay::relay_proto::{
    ChannelCause, ClientMessage, Command, ErrorCode, Hello, Outcome, RelayMessage, RemoteError, TerminalType,
};
use server::{Config, Running, ServerError};
use std::path::Path;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, client_async};

fn config() -> Config {
    let mut config = Config::default();
    let any = "127.0.0.1:0".parse().unwrap();
    config.site.listen = any;
    config.live.rtmp_listen = any;
    config.live.http_listen = any;
    config.relay.listen = any;
    config.storage.listen = any;
    config.tracker.listen = any;
    config
}

struct Server {
    dir: tempfile::TempDir,
    running: Running,
    shutdown: CancellationToken,
}

async fn start() -> Server {
    start_with(config()).await
}

async fn start_with(config: Config) -> Server {
    start_on(config, tempfile::tempdir().unwrap()).await
}

async fn start_on(config: Config, dir: tempfile::TempDir) -> Server {
    let shutdown = CancellationToken::new();
    let running = server::run(config, dir.path(), shutdown.clone()).await.unwrap();
    Server { dir, running, shutdown }
}

impl Server {
    fn signer(&self) -> Signer {
        server::secret::signer(self.dir.path()).unwrap()
    }

    /// The database, as another process has it.
    async fn db(&self) -> db::Db {
        db::Db::open(&config().database_url(self.dir.path()), 2).await.unwrap()
    }

    /// An enrolled gatherer with one channel, put into the database as another process would.
    async fn gatherer_with_channel(&self) -> (GathererId, String) {
        let db = self.db().await;
        let (hash, now_ms) = ("ab".repeat(32), now_ms());
        let school = db.all_schools().await.unwrap()[0].id;
        db.add_join_code(&hash, school, "三楼", now_ms, now_ms + 60_000).await.unwrap();
        let gatherer_id = db.enroll_gatherer(&hash, "key", &Machine::default(), now_ms).await.unwrap().id;
        let grade_id = db.all_grades().await.unwrap()[0].id;
        let source = Source::File { path: "/a.mp4".into() };
        let new =
            db::NewChannel { gatherer_id, grade_id, class_name: "一班".into(), source, enabled: true };
        let channel = db.add_channel(&new, now_ms).await.unwrap();
        (gatherer_id, channel.stream())
    }

    /// Stops; gives the data directory back.
    async fn stop(self) -> tempfile::TempDir {
        self.shutdown.cancel();
        let began = Instant::now();
        self.running.wait().await;
        assert!(began.elapsed() < Duration::from_secs(10));
        assert!(!self.dir.path().join("ports.json").exists());
        self.dir
    }
}

/// Status and answer of `METHOD path`, with header lines below it; the connection is closed after it.
async fn ask(port: u16, request: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let (line, headers) = request.split_once('\n').unwrap_or((request, ""));
    let text = format!("{line} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{headers}\r\n");
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    timeout(Duration::from_secs(30), stream.read_to_end(&mut bytes)).await.unwrap().unwrap();
    let answer = String::from_utf8_lossy(&bytes).into_owned();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    (status, answer)
}

struct Terminal(WebSocketStream<TcpStream>);

impl Terminal {
    async fn login(port: u16, terminal: TerminalType, grant: String) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        let (socket, _) = client_async(format!("ws://127.0.0.1:{port}/relay"), stream).await.unwrap();
        let mut one = Self(socket);
        one.say(&ClientMessage::Hello(Hello { versions: vec![1], terminal, grant, name: String::new() }))
            .await;
        one
    }

    async fn say(&mut self, message: &ClientMessage) {
        self.0.send(Message::text(encode(message).unwrap())).await.unwrap();
    }

    async fn hear(&mut self) -> RelayMessage {
        loop {
            match timeout(Duration::from_secs(10), self.0.next()).await.expect("the relay is silent") {
                Some(Ok(Message::Text(text))) => return decode(text.as_str()).unwrap(),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                other => panic!("expected a message, got {other:?}"),
            }
        }
    }

    /// The next command that is not about the state.
    async fn hear_command(&mut self) -> (u64, Command) {
        loop {
            match self.hear().await {
                RelayMessage::Command { command: Command::StateChanged { .. }, .. } => {}
                RelayMessage::Command { id, command } => return (id, command),
                other => panic!("expected a command, got {other:?}"),
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_room_answers_on_its_own_port_and_on_the_sites() {
    let server = start().await;
    let ports = server.running.ports;
    assert_eq!(server::Ports::read(server.dir.path()), Some(ports));
    assert_eq!(ask(ports.site, "GET /login").await.0, 200);
    for port in [ports.site, ports.live_http] {
        assert_eq!(ask(port, "GET /live/live1.flv").await.0, 401);
    }
    for port in [ports.site, ports.storage, ports.tracker] {
        assert_eq!(ask(port, "OPTIONS /upload").await.0, 204);
    }
    for port in [ports.site, ports.relay] {
        let mut stranger = Terminal::login(port, TerminalType::Gatherer, "forged".into()).await;
        let RelayMessage::Refused { error } = stranger.hear().await else { panic!("let in") };
        assert_eq!(error.code, ErrorCode::Unauthorized);
    }
    assert!(TcpStream::connect(("127.0.0.1", ports.rtmp)).await.is_ok());
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_viewer_of_a_silent_channel_makes_its_gatherer_push() {
    let server = start().await;
    let ports = server.running.ports;
    let (id, stream) = server.gatherer_with_channel().await;
    let until_ms = now_ms() + 60_000;
    let view = format!(
        "GET /live/{stream}.flv?token={}",
        server.signer().sign(Right::Play, &stream, "v1", until_ms)
    );

    let began = Instant::now();
    let (status, body) = ask(ports.site, &view).await;
    assert!(status == 503 && body.contains("\"offline\""), "{body}");
    assert!(
        began.elapsed() < Duration::from_secs(1),
        "off line is told at once, not after {:?}",
        began.elapsed()
    );

    let grant = server.signer().sign(Right::Gatherer, &id.to_string(), "", until_ms);
    let mut gatherer = Terminal::login(ports.relay, TerminalType::Gatherer, grant).await;
    assert!(matches!(gatherer.hear().await, RelayMessage::Welcome { .. }));
    let obey = async {
        let (command, asked) = gatherer.hear_command().await;
        let Command::PushStart(push) = asked else { panic!("{asked:?}") };
        let (to, token) = push.url.split_once("?token=").unwrap();
        assert_eq!(to, format!("rtmp://-:{}/live/{stream}", ports.rtmp));
        let pass = server.signer().verify_for(token, Right::Publish, &stream, now_ms()).unwrap();
        assert_eq!(pass.subject, format!("{id}.{}", push.epoch));
        let cause = Some(ChannelCause::WrongPassword);
        let error = RemoteError { cause, ..RemoteError::new(ErrorCode::ChannelDown, "401") };
        gatherer.say(&ClientMessage::Reply { id: command, outcome: Outcome::Failed(error) }).await;
    };
    let ((status, body), ()) = tokio::join!(ask(ports.live_http, &view), obey);
    assert!(status == 503 && body.contains("channel_down") && body.contains("密码"), "{body}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_viewer_gets_the_picture_of_a_real_publisher_which_stops_after_the_last_viewer() {
    let mut quick = config();
    quick.live.linger_s = 1;
    let server = start_with(quick).await;
    let ports = server.running.ports;
    let (id, stream) = server.gatherer_with_channel().await;
    let until_ms = now_ms() + 60_000;
    let grant = server.signer().sign(Right::Gatherer, &id.to_string(), "", until_ms);
    let mut gatherer = Terminal::login(ports.relay, TerminalType::Gatherer, grant).await;
    assert!(matches!(gatherer.hear().await, RelayMessage::Welcome { .. }));

    let push = async {
        let (command, asked) = gatherer.hear_command().await;
        let Command::PushStart(push) = asked else { panic!("{asked:?}") };
        gatherer.say(&ClientMessage::Reply { id: command, outcome: Outcome::Done }).await;
        publish(&push.url.replace("//-:", "//127.0.0.1:"))
    };
    let play = async {
        let token = server.signer().sign(Right::Play, &stream, "v1", until_ms);
        let mut viewer = TcpStream::connect(("127.0.0.1", ports.site)).await.unwrap();
        let request = format!("GET /live/{stream}.flv?token={token} HTTP/1.1\r\nHost: a\r\n\r\n");
        viewer.write_all(request.as_bytes()).await.unwrap();
        let mut bytes = Vec::new();
        while bytes.len() < 50_000 {
            let more = timeout(Duration::from_secs(20), viewer.read_buf(&mut bytes)).await;
            assert!(more.expect("no picture").unwrap() > 0, "{}", String::from_utf8_lossy(&bytes));
        }
        bytes
    };
    let (mut publisher, bytes) = tokio::join!(push, play);
    assert!(bytes.windows(4).any(|w| w == b"FLV\x01"));
    let (command, asked) = gatherer.hear_command().await;
    assert!(matches!(asked, Command::PushStop { .. }), "{asked:?}");
    gatherer.say(&ClientMessage::Reply { id: command, outcome: Outcome::Done }).await;
    publisher.kill().await.unwrap();
    server.stop().await;
}

/// A real ffmpeg that publishes a moving picture.
fn publish(url: &str) -> tokio::process::Child {
    let source = "-loglevel error -re -f lavfi -i testsrc2=size=640x360:rate=25 -t 60";
    let codec = "-c:v libx264 -preset ultrafast -tune zerolatency -g 25 -b:v 800k -f flv";
    let mut command = tokio::process::Command::new("ffmpeg");
    command.args(source.split(' ')).args(codec.split(' ')).arg(url).kill_on_drop(true);
    command.stdin(std::process::Stdio::null()).spawn().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_lets_go_of_a_viewer_that_is_held() {
    let server = start().await;
    let (id, stream) = server.gatherer_with_channel().await;
    let until_ms = now_ms() + 60_000;
    let grant = server.signer().sign(Right::Gatherer, &id.to_string(), "", until_ms);
    let mut gatherer = Terminal::login(server.running.ports.relay, TerminalType::Gatherer, grant).await;
    assert!(matches!(gatherer.hear().await, RelayMessage::Welcome { .. }));
    let token = server.signer().sign(Right::Play, &stream, "v1", until_ms);
    let site = server.running.ports.site;
    let viewer =
        tokio::spawn(async move { ask(site, &format!("GET /live/{stream}.flv?token={token}")).await });
    let (command, _) = gatherer.hear_command().await;
    gatherer.say(&ClientMessage::Reply { id: command, outcome: Outcome::Done }).await;
    let began = Instant::now();
    server.stop().await;
    assert!(began.elapsed() < Duration::from_secs(5), "stopping took {:?}", began.elapsed());
    // Answered or cut off, but not left waiting.
    let _ = timeout(Duration::from_secs(1), viewer).await.expect("the viewer still waits");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_made_by_another_process_reaches_the_gatherer() {
    let server = start().await;
    let (id, _) = server.gatherer_with_channel().await;
    let grant = server.signer().sign(Right::Gatherer, &id.to_string(), "", now_ms() + 60_000);
    let mut gatherer = Terminal::login(server.running.ports.site, TerminalType::Gatherer, grant).await;
    assert!(matches!(gatherer.hear().await, RelayMessage::Welcome { .. }));
    let db = server.db().await;
    let mut settings = db.gatherer(id).await.unwrap().settings;
    settings.slice_min = 7;
    let saved = db.save_gatherer_settings(id, &settings).await.unwrap();
    loop {
        match gatherer.hear().await {
            RelayMessage::Command { command: Command::StateChanged { version }, .. } if version == saved => {
                break;
            }
            RelayMessage::Command { command: Command::StateChanged { .. }, .. } => {}
            other => panic!("{other:?}"),
        }
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_that_was_replaced_is_removed_from_the_disk() {
    let server = start().await;
    let (site, db) = (server.running.ports.site, server.db().await);
    let (id, stream) = server.gatherer_with_channel().await;
    let until_ms = now_ms() + 60_000;
    let grant = server.signer().sign(Right::Gatherer, &id.to_string(), "", until_ms);
    let mut objects = Vec::new();
    for taken_at_ms in [1, 2] {
        let object_id = upload_snapshot(site, &grant, &server.signer()).await;
        let channel_id = model::ChannelId::from_stream(&stream).unwrap();
        let new = db::Snapshot { channel_id, object_id: object_id.clone(), taken_at_ms };
        db.put_snapshot(&new, now_ms()).await.unwrap();
        objects.push(object_id);
    }
    let read = |object: &str| {
        let token = server.signer().sign(Right::Read, object, "", until_ms);
        format!("GET /object/{object}?token={token}")
    };
    let deadline = Instant::now() + Duration::from_secs(20);
    while ask(site, &read(&objects[0])).await.0 != 404 {
        assert!(Instant::now() < deadline, "still served");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(ask(site, &read(&objects[1])).await.0, 200);
    assert!(db.doomed_objects(9).await.unwrap().is_empty());
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_in_flight_goes_on_at_its_offset_after_a_restart() {
    const HALF: usize = 300_000;
    let server = start().await;
    let grant = server.signer().sign(Right::Gatherer, "1", "", now_ms() + 60_000);
    let tus = format!("Tus-Resumable: 1.0.0\r\nAuthorization: Bearer {grant}");
    // Metadata: `slice` and a hash that is never reached.
    let hash = "YWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYg==";
    let metadata = format!("Upload-Length: {}\r\nUpload-Metadata: kind c2xpY2U=,sha256 {hash}", 2 * HALF);
    let (status, made) =
        ask(server.running.ports.site, &format!("POST /upload\n{tus}\r\n{metadata}\r\n")).await;
    assert_eq!(status, 201, "{made}");
    let url = made.lines().find_map(|l| l.strip_prefix("location: ")).unwrap().to_owned();

    let mut stream = TcpStream::connect(("127.0.0.1", server.running.ports.site)).await.unwrap();
    let head = format!(
        "PATCH {url} HTTP/1.1\r\nHost: a\r\n{tus}\r\nUpload-Offset: 0\r\nContent-Length: {}\r\n\
         Content-Type: application/offset+octet-stream\r\nExpect: 100-continue\r\n\r\n",
        2 * HALF
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    // Sent when storage begins to read the body: from here on the upload is in flight.
    let mut go_on = [0u8; 12];
    timeout(Duration::from_secs(10), stream.read_exact(&mut go_on)).await.unwrap().unwrap();
    assert_eq!(&go_on, b"HTTP/1.1 100");
    let mut body = vec![0u8; HALF];
    body[..8].copy_from_slice(b"\0\0\0\x10ftyp");
    stream.write_all(&body).await.unwrap();
    let server = start_on(config(), server.stop().await).await;
    let (status, head) = ask(server.running.ports.site, &format!("HEAD {url}\n{tus}\r\n")).await;
    assert_eq!(status, 200, "{head}");
    let offset =
        head.lines().find_map(|l| l.strip_prefix("upload-offset: ")).unwrap().parse::<u64>().unwrap();
    assert_eq!(offset, HALF as u64, "bytes that had arrived were thrown away");
    server.stop().await;
}

/// Uploads a picture of 16 bytes in one request; gives the object's id.
async fn upload_snapshot(port: u16, grant: &str, signer: &Signer) -> String {
    // Base64 of `snapshot` and of the body's SHA-256 in hex.
    const METADATA: &str = "kind c25hcHNob3Q=,sha256 NmIzNzRjODhlY2M2MzA4NzViYjFiZDczYTY2NWE5ODljN2YyM2UxNzZlNjZkNGIyMWRmN2I4YzRkZDUxNTJjYQ==";
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let head = format!(
        "POST /upload HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTus-Resumable: 1.0.0\r\nAuthorization: Bearer {grant}\r\n\
         Content-Type: application/offset+octet-stream\r\nContent-Length: 16\r\nUpload-Length: 16\r\n\
         Upload-Metadata: {METADATA}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(b"\xff\xd8\xff\xe0yunlubo test").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let receipt = answer.lines().find_map(|line| line.strip_prefix("upload-receipt: "));
    let receipt = receipt.unwrap_or_else(|| panic!("{answer}"));
    signer.verify(receipt, Right::Receipt, now_ms()).unwrap().resource
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_server_on_the_same_data_is_refused_and_the_first_goes_on() {
    let server = start().await;
    let second = server::run(config(), server.dir.path(), CancellationToken::new()).await;
    assert!(matches!(second, Err(ServerError::Refused(_))));
    assert_eq!(ask(server.running.ports.site, "GET /login").await.0, 200);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taken_port_stops_the_start_and_leaves_nothing_behind() {
    let (dir, taken) =
        (tempfile::tempdir().unwrap(), tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap());
    let mut wrong = config();
    wrong.relay.listen = taken.local_addr().unwrap();
    let refused = server::run(wrong, dir.path(), CancellationToken::new()).await;
    assert!(matches!(refused, Err(ServerError::Listen { key: "relay.listen", .. })));
    assert!(!dir.path().join("ports.json").exists());
    let shutdown = CancellationToken::new();
    let again = server::run(config(), dir.path(), shutdown.clone()).await.unwrap();
    shutdown.cancel();
    again.wait().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_holds_secrets_is_readable_by_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let server = start().await;
    let mode = |name: &str| path_mode(&server.dir.path().join(name));
    fn path_mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    }
    for name in ["secret.key", "yunlubo.db", "yunlubo.db-wal", "setup-code"] {
        assert_eq!(mode(name), 0o600, "{name}");
    }
    server.stop().await;
}
