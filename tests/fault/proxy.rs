//! A bad link between gatherer and site: slow, cut, or losing every answer.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

/// Bytes carried at a time.
const BLOCK_BYTES: usize = 64 << 10;

#[derive(Debug, Default)]
struct State {
    /// Bytes a second towards the site; 0 = as fast as they come.
    rate: AtomicU64,
    /// Every so manyth answer is thrown away and the connection cut; 0 = none.
    lose: AtomicU64,
    answers: AtomicU64,
    up_bytes: AtomicU64,
}

/// The link. It lives as long as the runtime of the test.
pub struct Proxy {
    /// Where it listens.
    pub port: u16,
    state: Arc<State>,
}

impl Proxy {
    /// A link to 127.0.0.1:`port`.
    pub async fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let own = listener.local_addr().unwrap().port();
        let state = Arc::new(State::default());
        let shared = state.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(carry(client, port, shared.clone()));
            }
        });
        Self { port: own, state }
    }

    /// So many bytes a second towards the site, on each connection.
    pub fn slow_down(&self, bytes_per_s: u64) {
        self.state.rate.store(bytes_per_s, Ordering::Relaxed);
    }

    /// Every `n`th time the site does what it is told and nobody hears its answer; 0 = all are heard.
    pub fn lose_answers(&self, n: u64) {
        self.state.lose.store(n, Ordering::Relaxed);
    }

    /// Bytes that reached the site.
    pub fn up_bytes(&self) -> u64 {
        self.state.up_bytes.load(Ordering::Relaxed)
    }
}

async fn carry(client: TcpStream, port: u16, state: Arc<State>) {
    let Ok(site) = TcpStream::connect(SocketAddr::from(([127, 0, 0, 1], port))).await else { return };
    let ((from_client, to_client), (from_site, to_site)) = (client.into_split(), site.into_split());
    tokio::select! {
        () = up(from_client, to_site, &state) => {}
        () = down(from_site, to_client, &state) => {}
    }
}

async fn up(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, state: &State) {
    let mut block = vec![0; BLOCK_BYTES];
    while let Ok(count @ 1..) = from.read(&mut block).await {
        if to.write_all(&block[..count]).await.is_err() {
            return;
        }
        state.up_bytes.fetch_add(count as u64, Ordering::Relaxed);
        let rate = state.rate.load(Ordering::Relaxed);
        if let Some(pause_us) = (count as u64 * 1_000_000).checked_div(rate) {
            tokio::time::sleep(Duration::from_micros(pause_us)).await;
        }
    }
}

async fn down(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, state: &State) {
    let mut block = vec![0; BLOCK_BYTES];
    while let Ok(count @ 1..) = from.read(&mut block).await {
        let answer = state.answers.fetch_add(1, Ordering::Relaxed) + 1;
        let lose = state.lose.load(Ordering::Relaxed);
        if lose > 0 && answer.is_multiple_of(lose) || to.write_all(&block[..count]).await.is_err() {
            return;
        }
    }
}
