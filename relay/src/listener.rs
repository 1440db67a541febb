//! The door: `/relay`, for the own listener on 21001 and under the site's port (house.md §3.15).

use crate::Handle;
use crate::connection::{self, FRAME_MAX_BYTES};
use axum::Router;
use axum::extract::{ConnectInfo, State, WebSocketUpgrade};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use std::net::SocketAddr;

/// A router with `/relay`. The server must provide `ConnectInfo<SocketAddr>`.
pub fn router(handle: Handle) -> Router {
    Router::new().route("/relay", get(upgrade)).with_state(handle)
}

async fn upgrade(
    State(Handle { shared }): State<Handle>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    upgrade: WebSocketUpgrade,
) -> Response {
    let seats =
        (shared.connections.clone().try_acquire_owned(), shared.strangers.clone().try_acquire_owned());
    let (Ok(connection), Ok(stranger)) = seats else {
        tracing::warn!(%peer, "Refused a connection from {peer}: too many connections");
        return (StatusCode::SERVICE_UNAVAILABLE, "too many connections, try again later").into_response();
    };
    upgrade.max_message_size(FRAME_MAX_BYTES).max_frame_size(FRAME_MAX_BYTES).on_upgrade(
        move |socket| async move {
            let tasks = shared.tasks.clone();
            let seat = connection::Seat { connection, stranger };
            tasks.spawn(format!("relay terminal {peer}"), connection::serve(shared, socket, peer, seat));
        },
    )
}
