//! A live server on port 0, publishers by ffmpeg and by hand, and small clients.
#![allow(dead_code, reason = "every test file uses a part")]
#![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]

use bytes::Bytes;
use futures_util::future::BoxFuture;
use live::*;
use media::format::flv::{FlvItem, FlvKind, FlvReader, FlvTag};
use rtmp_proto::{ClientConn, ClientEvent, ClientOutput};
use std::net::SocketAddr;
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// `play-NAME` lets NAME watch, `pub-N` publishes with epoch N, `old-NAME` has expired.
pub struct TestGate;

impl Gate for TestGate {
    fn admit_play(&self, _: &str, token: &str, now_ms: i64) -> Result<PlayPass, Refused> {
        match token.split_once('-') {
            Some(("play", viewer)) => Ok(PlayPass { viewer: viewer.into(), expires_at_ms: now_ms + 60_000 }),
            Some(("once", viewer)) if *ONCE.lock().unwrap() == 0 => {
                *ONCE.lock().unwrap() += 1;
                Ok(PlayPass { viewer: viewer.into(), expires_at_ms: now_ms })
            }
            Some(("old" | "once", _)) => Err(Refused::Expired),
            _ => Err(Refused::BadToken),
        }
    }

    fn still_admits(&self, _: &str, viewer: &str, _: i64) -> bool {
        !REVOKED.lock().unwrap().iter().any(|v| v == viewer)
    }

    fn admit_publish(&self, _: &str, token: &str, _: i64) -> Result<PublishPass, Refused> {
        let epoch = token.strip_prefix("pub-").and_then(|n| n.parse().ok()).ok_or(Refused::BadToken)?;
        Ok(PublishPass { publisher: "gatherer".into(), epoch })
    }
}

/// Viewers whose right was taken away.
pub static REVOKED: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// How often `once-…` tokens were let in.
static ONCE: Mutex<u32> = Mutex::new(0);

/// Counts, and starts an ffmpeg push when it knows where to.
#[derive(Default)]
pub struct TestStarter {
    pub starts: AtomicUsize,
    pub stops: AtomicUsize,
    pub rtmp: Mutex<Option<SocketAddr>>,
    pub push: Mutex<Option<Proc>>,
    pub answer: Mutex<Option<StartError>>,
}

impl Starter for TestStarter {
    fn start(&self, stream: String) -> BoxFuture<'static, Result<(), StartError>> {
        self.starts.fetch_add(1, SeqCst);
        if let Some(error) = self.answer.lock().unwrap().clone() {
            return Box::pin(async { Err(error) });
        }
        if let Some(rtmp) = *self.rtmp.lock().unwrap() {
            *self.push.lock().unwrap() = Some(push_h264(rtmp, &stream, 1));
        }
        Box::pin(async { Ok(()) })
    }

    fn stop(&self, _: String) -> BoxFuture<'static, ()> {
        self.stops.fetch_add(1, SeqCst);
        self.push.lock().unwrap().take();
        Box::pin(async {})
    }
}

/// A child process that ends with its value.
pub struct Proc(pub Child);

impl Drop for Proc {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub struct Server {
    pub handle: Handle,
    pub starter: Arc<TestStarter>,
    pub rtmp: SocketAddr,
    pub http: SocketAddr,
    web: tokio::task::JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.web.abort();
    }
}

/// Short times, so that tests need not wait for the real ones.
pub fn quick() -> Config {
    let mut config = Config::default();
    config.times.linger = Duration::from_millis(1000);
    config
}

pub async fn server(config: Config) -> Server {
    let rtmp_listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let http_listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (rtmp, http) = (rtmp_listener.local_addr().unwrap(), http_listener.local_addr().unwrap());
    let starter = Arc::new(TestStarter::default());
    let handle = start(config, Arc::new(TestGate), starter.clone(), Some(rtmp_listener), Default::default());
    let app = live::http::router(handle.clone());
    let web = tokio::spawn(async move { axum::serve(http_listener, app).await.unwrap() });
    Server { handle, starter, rtmp, http, web }
}

/// Waits until `check` gives something.
pub async fn until<T>(what: &str, limit: Duration, mut check: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + limit;
    loop {
        if let Some(value) = check() {
            return value;
        }
        assert!(Instant::now() < end, "waited {limit:?} for {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

pub const LIMIT: Duration = Duration::from_secs(20);

impl Server {
    pub async fn live(&self, name: &str) -> StreamInfo {
        until("the stream to be live", LIMIT, || self.handle.stream(name).filter(|s| s.publishing)).await
    }

    pub fn flv_url(&self, name: &str, viewer: &str) -> String {
        format!("http://{}/live/{name}.flv?token=play-{viewer}", self.http)
    }

    pub fn hls_url(&self, name: &str, viewer: &str) -> String {
        format!("http://{}/live/{name}.m3u8?token=play-{viewer}", self.http)
    }

    /// One request, HTTP/1.0 so that the body ends with the connection. Status and body.
    pub async fn request(&self, method: &str, path: &str) -> (u16, String) {
        let mut socket = self.open(method, path).await;
        let mut all = Vec::new();
        tokio::time::timeout(LIMIT, socket.read_to_end(&mut all)).await.unwrap().unwrap();
        let text = String::from_utf8_lossy(&all).into_owned();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        (head[9..12].parse().unwrap(), body.to_owned())
    }

    pub async fn open(&self, method: &str, path: &str) -> TcpStream {
        let mut socket = TcpStream::connect(self.http).await.unwrap();
        let request = format!("{method} {path} HTTP/1.0\r\nHost: {}\r\nContent-Length: 0\r\n\r\n", self.http);
        socket.write_all(request.as_bytes()).await.unwrap();
        socket
    }

    pub async fn flv(&self, name: &str, viewer: &str) -> FlvClient {
        let path = format!("/live/{name}.flv?token=play-{viewer}");
        FlvClient::new(self.open("GET", &path).await)
    }
}

/// Reads tags of an HTTP-FLV answer.
pub struct FlvClient {
    pub socket: TcpStream,
    reader: FlvReader,
    head: Option<Vec<u8>>,
}

impl FlvClient {
    pub fn new(socket: TcpStream) -> Self {
        Self { socket, reader: FlvReader::new(), head: Some(Vec::new()) }
    }

    /// The next tag; `None` at the end of the connection. Panics on anything but a 200 and whole tags.
    pub async fn tag(&mut self) -> Option<FlvTag> {
        let mut buffer = vec![0; 64 << 10];
        loop {
            if self.head.is_none()
                && let Some(item) = self.reader.next().unwrap()
            {
                match item {
                    FlvItem::Tag(tag) => return Some(tag),
                    FlvItem::Header { .. } => continue,
                }
            }
            let n = tokio::time::timeout(LIMIT, self.socket.read(&mut buffer)).await.unwrap().unwrap_or(0);
            if n == 0 {
                return None;
            }
            match &mut self.head {
                None => self.reader.push(&buffer[..n]),
                Some(head) => {
                    head.extend_from_slice(&buffer[..n]);
                    if let Some(at) = head.windows(4).position(|w| w == b"\r\n\r\n") {
                        assert!(head.starts_with(b"HTTP/1.0 200"), "{}", String::from_utf8_lossy(head));
                        self.reader.push(&head[at + 4..]);
                        self.head = None;
                    }
                }
            }
        }
    }

    /// The next video frame (no sequence header).
    pub async fn frame(&mut self) -> Option<FlvTag> {
        loop {
            let tag = self.tag().await?;
            if is_frame(&tag) {
                return Some(tag);
            }
        }
    }
}

pub fn is_frame(tag: &FlvTag) -> bool {
    let b = &tag.body;
    tag.kind == FlvKind::Video && if b[0] & 0x80 != 0 { b[0] & 0x0f != 0 } else { b[1] == 1 }
}

pub use testkit::fixture::ffmpeg9;

const SOURCE: &[&str] = &[
    "-hide_banner",
    "-nostdin",
    "-v",
    "error",
    "-re",
    "-f",
    "lavfi",
    "-i",
    "testsrc2=size=320x180:rate=25",
    "-f",
    "lavfi",
    "-i",
    "sine=frequency=440:sample_rate=44100",
    "-pix_fmt",
    "yuv420p",
    "-g",
    "25",
    "-bf",
    "0",
];

fn publish(program: &str, codec: &[&str], url: &str) -> Proc {
    let child = Command::new(program)
        .args(SOURCE)
        .args(codec)
        .args(["-c:a", "aac", "-b:a", "64k", "-f", "flv", url])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    Proc(child)
}

/// H.264 with a keyframe a second, and AAC.
pub fn push_h264(rtmp: SocketAddr, name: &str, epoch: u32) -> Proc {
    push_to(&format!("rtmp://{rtmp}/live/{name}?token=pub-{epoch}"))
}

pub fn push_to(url: &str) -> Proc {
    publish("ffmpeg", &["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency"], url)
}

/// H.265 over Enhanced RTMP.
pub fn push_hevc(rtmp: SocketAddr, name: &str) -> Proc {
    let url = format!("rtmp://{rtmp}/live/{name}?token=pub-1");
    let codec = ["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error:pools=1"];
    publish(ffmpeg9().to_str().unwrap(), &codec, &url)
}

/// Runs a program to its end, without blocking the runtime.
pub async fn run(program: &str, args: &[&str]) -> Output {
    let mut command = Command::new("timeout");
    command.args(["-k", "1", "40", program]).args(args).stdin(Stdio::null());
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

/// Decodes 3 s with `program`; any complaint is a failure. Gives what ffprobe-like lines it printed.
pub async fn decodes(program: &str, url: &str) {
    let args = [
        "-hide_banner",
        "-nostdin",
        "-v",
        "error",
        "-xerror",
        "-rw_timeout",
        "15000000",
        "-i",
        url,
        "-t",
        "3",
        "-f",
        "null",
        "-",
    ];
    let out = run(program, &args).await;
    let complaint = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success() && complaint.trim().is_empty(), "{url}: {} {complaint}", out.status);
}

/// `codec_name` of every track, by ffprobe.
pub async fn codecs(url: &str) -> Vec<String> {
    let args = ["-v", "error", "-show_entries", "stream=codec_name", "-of", "csv=p=0", url];
    let out = run("ffprobe", &args).await;
    let mut names: Vec<_> =
        String::from_utf8(out.stdout).unwrap().split_whitespace().map(str::to_owned).collect();
    names.sort();
    names.dedup();
    names
}

/// A publisher by hand: real parameter sets, frames of any size at any time.
pub struct Publisher {
    socket: TcpStream,
    conn: ClientConn,
}

impl Publisher {
    pub async fn connect(rtmp: SocketAddr, name: &str, epoch: u32) -> Result<Self, String> {
        let url = format!("rtmp://{rtmp}/live/{name}?token=pub-{epoch}").parse().unwrap();
        let socket = TcpStream::connect(rtmp).await.unwrap();
        socket.set_nodelay(true).unwrap();
        let conn = ClientConn::publish(url, Default::default()).unwrap();
        let mut publisher = Self { socket, conn };
        let mut buffer = vec![0; 8192];
        loop {
            if let Some(event) = publisher.send().await {
                return match event {
                    ClientEvent::Ready => Ok(publisher),
                    ClientEvent::Refused { description, .. } => Err(description),
                    other => Err(format!("{other:?}")),
                };
            }
            let n = publisher.socket.read(&mut buffer).await.unwrap();
            if n == 0 {
                return Err("closed".into());
            }
            publisher.conn.input(&buffer[..n]).unwrap();
        }
    }

    async fn send(&mut self) -> Option<ClientEvent> {
        while let Some(out) = self.conn.poll() {
            match out {
                ClientOutput::Send(bytes) => self.socket.write_all(&bytes).await.ok()?,
                ClientOutput::Event(event) => return Some(event),
            }
        }
        None
    }

    /// The H.264 and AAC sequence headers.
    pub async fn headers(&mut self, ts_ms: u32) {
        let (video, audio) = headers();
        self.conn.video(ts_ms, &video).unwrap();
        self.conn.audio(ts_ms, &audio).unwrap();
        self.send().await;
    }

    /// A frame of `len` bytes that no decoder could show, but every server must carry.
    pub async fn frame(&mut self, ts_ms: u32, key: bool, len: usize) {
        let mut body = vec![if key { 0x17 } else { 0x27 }, 1, 0, 0, 0];
        body.extend_from_slice(&(len as u32).to_be_bytes());
        body.push(if key { 0x65 } else { 0x41 });
        body.resize(9 + len, 0x5a);
        self.conn.video(ts_ms, &body).unwrap();
        self.send().await;
    }

    /// Whether the server has closed the connection.
    pub async fn is_closed(&mut self) -> bool {
        let mut buffer = [0; 4096];
        loop {
            match tokio::time::timeout(LIMIT, self.socket.read(&mut buffer)).await.unwrap() {
                Ok(0) | Err(_) => return true,
                Ok(_) => {}
            }
        }
    }
}

/// Sequence headers as ffmpeg writes them, made once.
fn headers() -> (Bytes, Bytes) {
    static MADE: std::sync::OnceLock<(Bytes, Bytes)> = std::sync::OnceLock::new();
    MADE.get_or_init(|| {
        let args = "-v error -f lavfi -i testsrc2=size=320x180:rate=25 -f lavfi -i sine -pix_fmt yuv420p -t 0.2 -c:v libx264 -c:a aac -f flv -";
        let out = Command::new("ffmpeg").args(args.split(' ')).output().unwrap();
        let mut reader = FlvReader::new();
        reader.push(&out.stdout);
        let (mut video, mut audio) = (None, None);
        while let Some(item) = reader.next().unwrap() {
            match item {
                FlvItem::Tag(t) if t.kind == FlvKind::Video && t.body[1] == 0 => video = Some(t.body),
                FlvItem::Tag(t) if t.kind == FlvKind::Audio && t.body[1] == 0 => audio = Some(t.body),
                _ => {}
            }
        }
        (video.unwrap(), audio.unwrap())
    })
    .clone()
}
