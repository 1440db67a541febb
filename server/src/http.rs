//! One HTTP listener: header time-out, connection cap, graceful stop.
//!
//! Not `axum::serve`: it sets no timer, so a client that sends its headers a byte a minute would keep its connection
//! for ever (study/reliability.md, finding 10).

use axum::Router;
use axum::extract::ConnectInfo;
use base::Tasks;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tower::ServiceExt;
use tracing::{debug, warn};

/// Request headers, from the first byte or from the end of the request before, must be here within this.
pub const HEADERS_WITHIN: Duration = Duration::from_secs(10);
/// Most bytes of request line and headers.
const HEAD_MAX_BYTES: usize = 64 * 1024;
/// After `accept` failed (no file descriptors left) it is tried again after this, instead of in a tight loop.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Of the connections of a listener one address may have this part, 1/n: one machine cannot shut out all others. A
/// proxy on this machine stands for everybody and is not counted.
const SHARE: usize = 2;

/// Open connections by address.
#[derive(Debug, Default)]
struct Guests(Mutex<HashMap<IpAddr, usize>>);

/// One of them, until dropped.
struct Guest(Arc<Guests>, IpAddr);

impl Guests {
    /// A place for `ip`, of which there are `most`.
    fn take(self: &Arc<Self>, ip: IpAddr, most: usize) -> Option<Guest> {
        let ip = household(ip);
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(ip).or_insert(0);
        if *count >= most && !ip.is_loopback() {
            return None;
        }
        *count += 1;
        Some(Guest(self.clone(), ip))
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        let mut open = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.1) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.1);
            }
        }
    }
}

/// One IPv6 customer has 2^64 addresses.
fn household(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V6(v6) if !v6.is_loopback() => {
            IpAddr::from(std::net::Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64))
        }
        ip => ip,
    }
}

/// Serves `app` on `listener` until the tasks' token is cancelled; then answers what is being answered and closes.
/// Beyond `connections` new ones wait in the kernel's backlog.
pub async fn serve(name: &'static str, listener: TcpListener, app: Router, connections: usize, tasks: Tasks) {
    let seats = Arc::new(Semaphore::new(connections));
    let (guests, most) = (Arc::new(Guests::default()), connections.div_ceil(SHARE));
    loop {
        let Some(Ok(seat)) = tasks.token().run_until_cancelled(seats.clone().acquire_owned()).await else {
            return;
        };
        match tasks.token().run_until_cancelled(listener.accept()).await {
            None => return,
            Some(Ok((stream, peer))) => {
                if seats.available_permits() == 0 {
                    warn!(
                        listener = name,
                        connections, "`{name}` has {connections} connections, which is its limit"
                    );
                }
                let Some(guest) = guests.take(peer.ip(), most) else {
                    warn!(listener = name, %peer, "`{name}` refused {peer}: {most} connections of one address are open");
                    continue;
                };
                let one = connection(stream, peer, app.clone(), (seat, guest), tasks.clone());
                tasks.spawn(format!("{name} connection {peer}"), one);
            }
            Some(Err(e)) => {
                warn!(listener = name, error = %e, "`{name}` could not accept a connection: {e}");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    app: Router,
    _place: (OwnedSemaphorePermit, Guest),
    tasks: Tasks,
) {
    // Without it live frames wait for the peer's delayed ACK, up to 40 ms (Nagle).
    if let Err(e) = stream.set_nodelay(true) {
        debug!(error = %e, "Nagle's algorithm stays on for {peer}");
    }
    let answer = hyper::service::service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        app.clone().oneshot(request)
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS_WITHIN)
        .max_buf_size(HEAD_MAX_BYTES)
        .serve_connection(TokioIo::new(stream), answer)
        .with_upgrades();
    tokio::pin!(served);
    let ended = tokio::select! {
        ended = served.as_mut() => ended,
        () = tasks.token().cancelled() => {
            served.as_mut().graceful_shutdown();
            served.await
        }
    };
    if let Err(e) = ended {
        debug!(%peer, error = %e, "A connection of {peer} ended: {e}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::routing::get;
    use std::time::Instant;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::sync::Notify;

    async fn start(app: Router, connections: usize) -> (SocketAddr, Tasks) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (addr, tasks) = (listener.local_addr().unwrap(), Tasks::new());
        tasks.spawn("test", serve("test", listener, app, connections, tasks.clone()));
        (addr, tasks)
    }

    fn hello() -> Router {
        Router::new()
            .route("/", get(|ConnectInfo(peer): ConnectInfo<SocketAddr>| async move { peer.to_string() }))
    }

    async fn ask(stream: &mut TcpStream) -> String {
        stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await.unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).await.unwrap();
        text
    }

    #[tokio::test]
    async fn a_handler_learns_who_asks() {
        let (addr, _tasks) = start(hello(), 8).await;
        let mut stream = TcpStream::connect(addr).await.unwrap();
        let me = stream.local_addr().unwrap().to_string();
        assert!(ask(&mut stream).await.ends_with(&me));
    }

    #[tokio::test]
    async fn a_client_that_never_ends_its_headers_is_cut_off() {
        let (addr, _tasks) = start(hello(), 8).await;
        let mut stream = TcpStream::connect(addr).await.unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n").await.unwrap();
        let began = Instant::now();
        let mut rest = Vec::new();
        // A reset is an end too.
        let _ = tokio::time::timeout(HEADERS_WITHIN * 2, stream.read_to_end(&mut rest))
            .await
            .expect("still open");
        assert!(began.elapsed() >= HEADERS_WITHIN - Duration::from_secs(1));
    }

    #[tokio::test]
    async fn beyond_the_limit_a_connection_waits_until_one_is_free() {
        let (addr, _tasks) = start(hello(), 1).await;
        let first = TcpStream::connect(addr).await.unwrap();
        let mut second = TcpStream::connect(addr).await.unwrap();
        second.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await.unwrap();
        let mut byte = [0u8; 1];
        let early = tokio::time::timeout(Duration::from_millis(200), second.read(&mut byte)).await;
        assert!(early.is_err(), "answered beyond the limit");
        drop(first);
        tokio::time::timeout(Duration::from_secs(5), second.read(&mut byte))
            .await
            .expect("never answered")
            .unwrap();
    }

    #[test]
    fn one_address_never_takes_all_places() {
        let guests = Arc::new(Guests::default());
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        let first = guests.take(ip("10.0.0.1"), 2);
        let second = guests.take(ip("::ffff:10.0.0.1"), 2);
        assert!(first.is_some() && second.is_some() && guests.take(ip("10.0.0.1"), 2).is_none());
        assert!(guests.take(ip("10.0.0.2"), 2).is_some());
        let house = [guests.take(ip("2001:db8::1"), 1), guests.take(ip("2001:db8::2"), 1)];
        assert!(house[0].is_some() && house[1].is_none(), "one household");
        let proxy: Vec<_> = (0..9).map(|_| guests.take(ip("127.0.0.1"), 2)).collect();
        assert!(proxy.iter().all(Option::is_some));
        drop((first, second, house, proxy));
        assert!(guests.take(ip("10.0.0.1"), 1).is_some());
        assert!(guests.0.lock().unwrap().is_empty(), "nothing is remembered of who left");
    }

    #[tokio::test]
    async fn stopping_closes_idle_connections_and_answers_the_one_being_answered() {
        let (asked, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (began, finish) = (asked.clone(), go.clone());
        let slow = move || async move {
            began.notify_one();
            finish.notified().await;
            "done"
        };
        let (addr, tasks) = start(Router::new().route("/", get(slow)), 8).await;
        let mut idle = TcpStream::connect(addr).await.unwrap();
        let mut busy = TcpStream::connect(addr).await.unwrap();
        let answer = tokio::spawn(async move { ask(&mut busy).await });
        asked.notified().await;
        let stopping = tokio::spawn(async move { tasks.stop_all(Duration::from_secs(5)).await });
        assert_eq!(idle.read(&mut [0u8; 1]).await.unwrap(), 0, "the idle one is closed first");
        go.notify_one();
        assert!(answer.await.unwrap().ends_with("done"));
        assert!(stopping.await.unwrap().is_empty());
    }
}
