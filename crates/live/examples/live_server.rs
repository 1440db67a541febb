//! A live server open to everybody on loopback, for measuring: `live_server RTMP_PORT HTTP_PORT`.
#![allow(clippy::unwrap_used, reason = "a tool for measuring")]

use axum::serve::ListenerExt;
use futures_util::future::BoxFuture;
use live::*;
use std::sync::Arc;
use tokio::net::TcpListener;

struct Open;

impl Gate for Open {
    fn admit_play(&self, _: &str, token: &str, now_ms: i64) -> Result<PlayPass, Refused> {
        Ok(PlayPass { viewer: token.into(), expires_at_ms: now_ms + 60_000 })
    }

    fn admit_publish(&self, _: &str, token: &str, _: i64) -> Result<PublishPass, Refused> {
        Ok(PublishPass { publisher: token.into(), epoch: 0 })
    }
}

impl Starter for Open {
    fn start(&self, _: String) -> BoxFuture<'static, Result<(), StartError>> {
        Box::pin(async { Ok(()) })
    }

    fn stop(&self, _: String) -> BoxFuture<'static, ()> {
        Box::pin(async {})
    }
}

#[tokio::main]
async fn main() {
    let mut ports = std::env::args().skip(1).map(|port| port.parse::<u16>().unwrap());
    let rtmp = TcpListener::bind(("127.0.0.1", ports.next().unwrap_or(1935))).await.unwrap();
    let http = TcpListener::bind(("127.0.0.1", ports.next().unwrap_or(8080))).await.unwrap();
    let handle = start(Config::default(), Arc::new(Open), Arc::new(Open), Some(rtmp), Default::default());
    let http = http.tap_io(|socket| drop(socket.set_nodelay(true)));
    axum::serve(http, live::http::router(handle)).await.unwrap();
}
