//! A storage server on port 0, and a client that knows the wire and nothing of the code.

use model::grant::{Right, Signer};
use reqwest::{Method, Response, StatusCode};
use sha2::{Digest, Sha256};
use std::path::Path;
use std::time::{Duration, Instant};
use storage::{Limits, Storage, Volume, router};
use tokio::io::AsyncWriteExt;

pub const LATER_MS: i64 = i64::MAX / 4;

pub fn signer() -> Signer {
    Signer::new([7; 32])
}

pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

/// Bytes that begin like an MP4.
pub fn movie(len: usize) -> Vec<u8> {
    let mut bytes: Vec<u8> = (0..len).map(|i| (i * 31 + i / 251) as u8).collect();
    bytes[..12].copy_from_slice(b"\0\0\0\x20ftypisom");
    bytes
}

/// Limits for tests: no reserve, because the test machine's disk is not the subject.
pub fn limits() -> Limits {
    Limits { reserve_percent: 0, ..Limits::default() }
}

pub struct Server {
    pub storage: Storage,
    pub base: String,
    pub http: reqwest::Client,
    pub grant: String,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A refusal's code, which stands in a header because HEAD has no body.
pub fn code(response: &Response) -> &str {
    header(response, "yunlubo-error")
}

pub fn header<'r>(response: &'r Response, name: &str) -> &'r str {
    response.headers().get(name).map_or("", |v| v.to_str().unwrap())
}

pub fn offset(response: &Response) -> u64 {
    header(response, "upload-offset").parse().unwrap()
}

impl Server {
    pub async fn start(root: &Path, limits: Limits) -> Self {
        let storage = Storage::new(Volume::open(root).unwrap(), signer(), limits);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let app = router(storage.clone());
        let task = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        let grant = signer().sign(Right::Gatherer, "1", "", LATER_MS);
        Self { storage, base, http: reqwest::Client::new(), grant, task }
    }

    /// Ends the server as a crash does: nothing is told to anybody.
    pub async fn stop(mut self) {
        self.task.abort();
        let _ = (&mut self.task).await;
    }

    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let url = if path.starts_with("http") { path.to_owned() } else { format!("{}{path}", self.base) };
        self.http.request(method, url).bearer_auth(&self.grant).header("tus-resumable", "1.0.0")
    }

    pub fn creation(&self, kind: &str, size: usize, sha256: &str) -> reqwest::RequestBuilder {
        use base64::{Engine, engine::general_purpose::STANDARD};
        let pair = |name: &str, value: &str| format!("{name} {}", STANDARD.encode(value));
        self.request(Method::POST, "/upload")
            .header("upload-length", size)
            .header("upload-metadata", format!("{},{}", pair("kind", kind), pair("sha256", sha256)))
    }

    /// Makes an upload: its path.
    pub async fn create(&self, kind: &str, bytes: &[u8]) -> String {
        let made = self.creation(kind, bytes.len(), &sha256(bytes)).send().await.unwrap();
        assert_eq!(made.status(), StatusCode::CREATED, "{}", code(&made));
        header(&made, "location").to_owned()
    }

    pub async fn patch(&self, path: &str, offset: usize, bytes: &[u8]) -> Response {
        self.chunk(path, offset).body(bytes.to_vec()).send().await.unwrap()
    }

    pub fn chunk(&self, path: &str, offset: usize) -> reqwest::RequestBuilder {
        self.request(Method::PATCH, path)
            .header("upload-offset", offset)
            .header("content-type", "application/offset+octet-stream")
    }

    pub async fn head(&self, path: &str) -> Response {
        self.request(Method::HEAD, path).send().await.unwrap()
    }

    /// Uploads a file whole: the receipt's object, checked against the bytes.
    pub async fn store(&self, kind: &str, bytes: &[u8]) -> String {
        let path = self.create(kind, bytes).await;
        let done = self.patch(&path, 0, bytes).await;
        assert_eq!(done.status(), StatusCode::NO_CONTENT, "{}", code(&done));
        object_of(&done, bytes)
    }

    /// Begins a PATCH that announces `len` bytes but sends `bytes` only. Dropping the stream breaks it off.
    pub async fn half_patch(
        &self,
        path: &str,
        offset: u64,
        len: usize,
        bytes: &[u8],
    ) -> tokio::net::TcpStream {
        let host = self.base.strip_prefix("http://").unwrap();
        let mut stream = tokio::net::TcpStream::connect(host).await.unwrap();
        let head = format!(
            "PATCH {path} HTTP/1.1\r\nHost: {host}\r\nTus-Resumable: 1.0.0\r\nAuthorization: Bearer {}\r\n\
             Upload-Offset: {offset}\r\nContent-Type: application/offset+octet-stream\r\nContent-Length: {len}\r\n\r\n",
            self.grant
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        stream.flush().await.unwrap();
        stream
    }

    /// Waits until an upload stands at `least` or later: where.
    pub async fn wait_for_offset(&self, path: &str, least: usize) -> usize {
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            let found = offset(&self.head(path).await) as usize;
            if found >= least {
                return found;
            }
            assert!(Instant::now() < deadline, "stands at {found}, not {least}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    pub fn object_url(&self, object: &str, until_ms: i64) -> String {
        let grant = signer().sign(Right::Read, object, "u1", until_ms);
        format!("{}/object/{object}?t={grant}", self.base)
    }
}

/// The object a receipt is for; its size and hash must be those of `bytes`.
pub fn object_of(response: &Response, bytes: &[u8]) -> String {
    let receipt = signer().verify(header(response, "upload-receipt"), Right::Receipt, 0).unwrap();
    assert_eq!(receipt.subject, format!("{}.{}", bytes.len(), sha256(bytes)));
    receipt.resource
}
