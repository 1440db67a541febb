//! One DevTools connection, many sessions: JSON-RPC with ids, events kept per session.

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio_tungstenite::tungstenite::{Message, protocol::WebSocketConfig};

/// No call to a healthy browser takes longer, a whole-page screenshot on a busy machine included.
const CALL_LIMIT: Duration = Duration::from_secs(60);

type Waiting = Mutex<HashMap<u64, oneshot::Sender<Value>>>;
type Events = Mutex<HashMap<String, Vec<Value>>>;

pub(super) struct Connection {
    next: AtomicU64,
    out: mpsc::UnboundedSender<String>,
    waiting: Arc<Waiting>,
    events: Arc<Events>,
}

impl Connection {
    pub(super) async fn open(address: &str) -> Arc<Self> {
        let config = WebSocketConfig::default().max_message_size(None).max_frame_size(None);
        let (socket, _) =
            tokio_tungstenite::connect_async_with_config(address, Some(config), true).await.unwrap();
        let (mut sink, mut stream) = socket.split();
        let (out, mut queue) = mpsc::unbounded_channel::<String>();
        let (waiting, events) = (Arc::new(Waiting::default()), Arc::new(Events::default()));
        tokio::spawn(async move {
            while let Some(text) = queue.recv().await {
                if sink.send(Message::text(text)).await.is_err() {
                    return;
                }
            }
        });
        let (answers, log) = (waiting.clone(), events.clone());
        tokio::spawn(async move {
            while let Some(Ok(message)) = stream.next().await {
                let Ok(value) = serde_json::from_str::<Value>(message.to_text().unwrap_or_default()) else {
                    continue;
                };
                if let Some(id) = value["id"].as_u64() {
                    if let Some(answer) = answers.lock().unwrap().remove(&id) {
                        let _ = answer.send(value);
                    }
                } else if let Some(session) = value["sessionId"].as_str() {
                    log.lock().unwrap().entry(session.to_owned()).or_default().push(value);
                }
            }
        });
        Arc::new(Self { next: AtomicU64::new(1), out, waiting, events })
    }

    /// Calls a method; panics with the browser's words when it refuses.
    pub(super) async fn call(&self, session: Option<&str>, method: &str, params: Value) -> Value {
        match self.try_call(session, method, params.clone()).await {
            Ok(result) => result,
            Err(error) => panic!("{method} {params}: {error}"),
        }
    }

    pub(super) async fn try_call(
        &self,
        session: Option<&str>,
        method: &str,
        params: Value,
    ) -> Result<Value, String> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let (answer, answered) = oneshot::channel();
        self.waiting.lock().unwrap().insert(id, answer);
        let mut request = json!({"id": id, "method": method, "params": params});
        if let Some(session) = session {
            request["sessionId"] = json!(session);
        }
        self.out.send(request.to_string()).map_err(|e| e.to_string())?;
        let mut value = tokio::time::timeout(CALL_LIMIT, answered)
            .await
            .map_err(|_| format!("no answer in {CALL_LIMIT:?}"))?
            .map_err(|_| "the browser is gone".to_owned())?;
        if value["error"].is_object() { Err(value["error"].to_string()) } else { Ok(value["result"].take()) }
    }

    /// The events of a session so far.
    pub(super) fn events(&self, session: &str) -> Vec<Value> {
        self.events.lock().unwrap().get(session).cloned().unwrap_or_default()
    }
}
