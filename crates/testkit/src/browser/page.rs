//! One tab: go, read, click, type, play, look.

use super::cdp::Connection;
use crate::wait::wait_for;
use base64::Engine;
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// How long an element or a page may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// A tab of a [`super::Browser`].
pub struct Page {
    connection: Arc<Connection>,
    target: String,
    session: String,
}

impl Page {
    pub(super) async fn open(
        connection: Arc<Connection>,
        target: String,
        session: String,
        width: u32,
        height: u32,
    ) -> Self {
        let page = Self { connection, target, session };
        for domain in ["Page", "Runtime", "Log", "Network"] {
            page.call(&format!("{domain}.enable"), json!({})).await;
        }
        page.resize(width, height).await;
        page
    }

    pub(super) async fn call(&self, method: &str, params: Value) -> Value {
        self.connection.call(Some(&self.session), method, params).await
    }

    /// What the browser reported of this tab so far.
    pub(super) fn events(&self) -> Vec<Value> {
        self.connection.events(&self.session)
    }

    /// Another window size; below 600 pixels wide the page is told it is on a phone.
    pub async fn resize(&self, width: u32, height: u32) {
        let mobile = width < 600;
        let metrics = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": mobile});
        self.call("Emulation.setDeviceMetricsOverride", metrics).await;
        self.call("Emulation.setTouchEmulationEnabled", json!({"enabled": mobile})).await;
    }

    /// Goes to `url` and waits until the document is there.
    pub async fn go(&self, url: &str) {
        let result = self.call("Page.navigate", json!({"url": url})).await;
        assert!(result["errorText"].is_null(), "{url}: {}", result["errorText"]);
        self.until("document.readyState === 'complete'").await;
    }

    /// Evaluates JavaScript (a promise is awaited) and gives its value.
    pub async fn eval(&self, script: &str) -> Value {
        match self.try_eval(script).await {
            Ok(value) => value,
            Err(error) => panic!("{script}: {error}"),
        }
    }

    /// As [`Page::eval`], with what the script threw, or that its page is just being left, as an error.
    pub async fn try_eval(&self, script: &str) -> Result<Value, String> {
        let params =
            json!({"expression": script, "awaitPromise": true, "returnByValue": true, "userGesture": true});
        let mut result = self.connection.try_call(Some(&self.session), "Runtime.evaluate", params).await?;
        if result["exceptionDetails"].is_object() {
            return Err(result["exceptionDetails"]["exception"]["description"].to_string());
        }
        Ok(result["result"]["value"].take())
    }

    /// Runs `script` first in every document this tab will load.
    pub async fn on_every_document(&self, script: &str) {
        self.call("Page.addScriptToEvaluateOnNewDocument", json!({"source": script})).await;
    }

    /// Takes over a session: cookies of `url`.
    pub async fn set_cookies(&self, url: &str, cookies: &[(String, String)]) {
        for (name, value) in cookies {
            self.call(
                "Network.setCookie",
                json!({"url": url, "name": name, "value": value, "httpOnly": true}),
            )
            .await;
        }
    }

    /// Waits until `script` is true; what it last threw counts as false.
    #[track_caller]
    pub fn until(&self, script: &str) -> impl Future<Output = ()> + '_ {
        self.until_within(script, PATIENCE)
    }

    /// As [`Page::until`] with a limit of its own.
    #[track_caller]
    pub fn until_within(&self, script: &str, limit: Duration) -> impl Future<Output = ()> + '_ {
        let script = script.to_owned();
        wait_for(&script.clone(), limit, move || {
            let script = script.clone();
            async move { matches!(self.try_eval(&script).await, Ok(Value::Bool(true))).then_some(()) }
        })
    }

    /// The text of the first element that matches.
    pub async fn text(&self, selector: &str) -> String {
        self.until(&format!("!!document.querySelector({})", json!(selector))).await;
        let text = self.eval(&format!("document.querySelector({}).innerText", json!(selector))).await;
        text.as_str().unwrap_or_default().to_owned()
    }

    /// Clicks the first element that matches, where a user would: in its middle, after scrolling to it.
    pub async fn click(&self, selector: &str) {
        self.until(&format!("!!document.querySelector({})", json!(selector))).await;
        let script = format!(
            "(() => {{ const e = document.querySelector({}); e.scrollIntoView({{block: 'center', behavior: 'instant'}}); \
             const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2] }})()",
            json!(selector)
        );
        let at = self.eval(&script).await;
        for kind in ["mousePressed", "mouseReleased"] {
            let params = json!({"type": kind, "x": at[0], "y": at[1], "button": "left", "clickCount": 1});
            self.call("Input.dispatchMouseEvent", params).await;
        }
    }

    /// Clicks what leads to another document, and waits for that one.
    pub async fn follow(&self, selector: &str) {
        self.eval("window.__before = true").await;
        self.click(selector).await;
        self.until("!window.__before && document.readyState === 'complete'").await;
    }

    /// Puts `value` into a field, telling the page as typing would.
    pub async fn fill(&self, selector: &str, value: &str) {
        self.until(&format!("!!document.querySelector({})", json!(selector))).await;
        let script = format!(
            "(() => {{ const e = document.querySelector({}); e.focus(); e.value = {}; \
             e.dispatchEvent(new Event('input', {{bubbles: true}})); e.dispatchEvent(new Event('change', {{bubbles: true}})) }})()",
            json!(selector),
            json!(value)
        );
        self.eval(&script).await;
    }

    /// Waits until the video has played `seconds` more than now, within `limit`.
    pub async fn plays(&self, seconds: f64, limit: Duration) {
        self.until_within(
            "!!document.querySelector('video') && document.querySelector('video').readyState > 1",
            limit,
        )
        .await;
        let from = self.eval("document.querySelector('video').currentTime").await.as_f64().unwrap();
        let script = format!("document.querySelector('video').currentTime >= {}", from + seconds);
        self.until_within(&script, limit).await;
    }

    /// A picture of the window as a PNG.
    pub async fn screenshot(&self, path: &Path) {
        let shot = self.call("Page.captureScreenshot", json!({"format": "png"})).await;
        let bytes = base64::engine::general_purpose::STANDARD.decode(shot["data"].as_str().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    /// The page is not wider than the window: nothing is cut off on a phone.
    pub async fn fits(&self) {
        let wide = self.eval("document.documentElement.scrollWidth - window.innerWidth").await;
        assert!(
            wide.as_i64().unwrap() <= 0,
            "the page is {wide} px wider than the window: {}",
            self.eval("location.href").await
        );
    }

    /// Errors the page wrote to its console or that the browser logged of it.
    pub fn errors(&self) -> Vec<String> {
        self.events()
            .iter()
            .filter_map(|event| match event["method"].as_str()? {
                "Runtime.exceptionThrown" => Some(event["params"]["exceptionDetails"].to_string()),
                "Log.entryAdded" if event["params"]["entry"]["level"] == "error" => {
                    Some(event["params"]["entry"].to_string())
                }
                _ => None,
            })
            .collect()
    }

    /// Puts this tab before the others of its browser: one behind draws no frames.
    pub async fn front(&self) {
        self.call("Page.bringToFront", json!({})).await;
    }

    /// Closes the tab as a user does: `pagehide` runs.
    pub async fn close(self) {
        let _ = self.connection.try_call(None, "Target.closeTarget", json!({"targetId": self.target})).await;
    }
}
