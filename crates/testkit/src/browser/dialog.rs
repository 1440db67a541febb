//! The questions that the browser itself asks: leaving a page with unsaved work.

use super::page::Page;
use crate::wait::wait_for;
use serde_json::json;
use std::time::Duration;

/// How long such a question may be in coming.
const PATIENCE: Duration = Duration::from_secs(20);

impl Page {
    /// Waits until the browser asks and answers it: `true` = leave, OK. Gives what kind of question it was, such as
    /// `beforeunload`. While one is open the page itself answers nothing.
    pub async fn answer(&self, accept: bool) -> String {
        let kind = wait_for("the browser's question", PATIENCE, || {
            let open = self.open_question();
            async move { open }
        })
        .await;
        self.call("Page.handleJavaScriptDialog", json!({"accept": accept})).await;
        kind
    }

    fn open_question(&self) -> Option<String> {
        let events = self.events();
        let opened: Vec<_> =
            events.iter().filter(|e| e["method"] == "Page.javascriptDialogOpening").collect();
        let closed = events.iter().filter(|e| e["method"] == "Page.javascriptDialogClosed").count();
        (opened.len() > closed).then(|| opened[closed]["params"]["type"].as_str().unwrap().to_owned())
    }

    /// Loads the page again, as F5 does. With `asked` the browser must ask first, and is told to go on.
    pub async fn reload(&self, asked: bool) {
        self.eval("window.__before = true; setTimeout(() => location.reload(), 0); true").await;
        if asked {
            assert_eq!(self.answer(true).await, "beforeunload");
        }
        self.until("!window.__before && document.readyState === 'complete'").await;
    }

    /// Tries to go elsewhere; the browser must ask, and is told to stay.
    pub async fn stays(&self) {
        self.eval("setTimeout(() => { location.href = '/admin'; }, 0); true").await;
        assert_eq!(self.answer(false).await, "beforeunload");
    }
}
