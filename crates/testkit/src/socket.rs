//! One question over a WebSocket.

use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use std::time::Duration;
use tokio_tungstenite::tungstenite::Message;

/// Sends `text` and gives the first JSON that comes back.
pub async fn ask(address: &str, text: &str) -> Value {
    let (mut socket, _) = tokio_tungstenite::connect_async(address).await.unwrap();
    socket.send(Message::text(text.to_owned())).await.unwrap();
    loop {
        let next = tokio::time::timeout(Duration::from_secs(15), socket.next())
            .await
            .expect("an answer within 15 s");
        if let Message::Text(answer) = next.expect("an answer before the end").unwrap() {
            return serde_json::from_str(&answer).unwrap();
        }
    }
}
