//! The site as a browser without a window sees it: cookies, forms, redirects left alone.

use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use reqwest::redirect::Policy;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

/// A visitor with a cookie jar.
pub struct Site {
    base: String,
    client: reqwest::Client,
    cookies: Mutex<BTreeMap<String, String>>,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Where a redirect leads.
    pub location: String,
    /// The body.
    pub body: String,
}

impl Site {
    /// A visitor without an account.
    pub fn new(base: &str) -> Self {
        // The server closes a connection that is silent for 10 s: a request on one that just goes would fail.
        let idle = Duration::from_secs(5);
        let builder = reqwest::Client::builder().redirect(Policy::none()).no_proxy().pool_idle_timeout(idle);
        let client = builder.build().unwrap();
        Self { base: base.to_owned(), client, cookies: Mutex::default() }
    }

    /// Its address of `path`.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// GET.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.client.get(self.url(path))).await
    }

    /// Sends a form with the hidden token that the site puts into its pages; `path` may be a list to post from.
    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let token = self.token().await;
        let mut all = vec![("_csrf", token.as_str())];
        all.extend_from_slice(fields);
        let body: String =
            all.iter().map(|(k, v)| format!("{}={}", encode(k), encode(v))).collect::<Vec<_>>().join("&");
        let request = self
            .client
            .post(self.url(path))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body);
        self.send(request).await
    }

    /// Posts JSON with the token in its header, as the scripts of the pages do.
    pub async fn post_json(&self, path: &str, value: &serde_json::Value) -> Answer {
        let token = self.token().await;
        let request = self
            .client
            .post(self.url(path))
            .header("content-type", "application/json")
            .header("accept", "application/json")
            .header("x-csrf-token", token)
            .body(value.to_string());
        self.send(request).await
    }

    /// Posts and expects success: a redirect, or a page that is no error.
    #[track_caller]
    pub fn post_ok<'a>(
        &'a self,
        path: &'a str,
        fields: &'a [(&'a str, &'a str)],
    ) -> impl Future<Output = Answer> + 'a {
        let caller = std::panic::Location::caller();
        async move {
            let answer = self.post(path, fields).await;
            assert!(
                answer.status < 400,
                "{caller}: POST {path} {fields:?} → {} {}",
                answer.status,
                answer.body
            );
            answer
        }
    }

    /// The body of a file, as it is; panics unless it is there.
    pub async fn bytes(&self, path: &str) -> Vec<u8> {
        let response = self.client.get(self.url(path)).send().await.unwrap();
        assert_eq!(response.status().as_u16(), 200, "{path}");
        response.bytes().await.unwrap().to_vec()
    }

    /// The value of a cookie, to hand a session to a browser.
    pub fn cookies(&self) -> Vec<(String, String)> {
        self.cookies.lock().unwrap().iter().map(|(k, v)| (k.clone(), v.clone())).collect()
    }

    async fn token(&self) -> String {
        for page in ["/", "/login", "/setup?code="] {
            let body = self.get(page).await.body;
            if let Some(token) = between(&body, "name=\"_csrf\" value=\"", "\"") {
                return token.to_owned();
            }
        }
        String::new()
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        let cookies: Vec<String> = self.cookies().iter().map(|(k, v)| format!("{k}={v}")).collect();
        let response = request.header(COOKIE, cookies.join("; ")).send().await.unwrap();
        for cookie in response.headers().get_all(SET_COOKIE) {
            let first = cookie.to_str().unwrap().split(';').next().unwrap();
            if let Some((name, value)) = first.split_once('=') {
                self.cookies.lock().unwrap().insert(name.to_owned(), value.to_owned());
            }
        }
        let location =
            response.headers().get(LOCATION).and_then(|l| l.to_str().ok()).unwrap_or_default().to_owned();
        Answer { status: response.status().as_u16(), location, body: response.text().await.unwrap() }
    }
}

/// The text between two marks.
pub fn between<'a>(text: &'a str, from: &str, to: &str) -> Option<&'a str> {
    let start = text.find(from)? + from.len();
    let end = text[start..].find(to)?;
    Some(&text[start..start + end])
}

/// Percent-encoding of a form value (WHATWG URL §5.1).
fn encode(text: &str) -> String {
    text.bytes()
        .map(|b| match b {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => (b as char).to_string(),
            _ => format!("%{b:02X}"),
        })
        .collect()
}
