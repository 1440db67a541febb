//! The HTTP client of docs/protocol.md §5: enrolment, login, desired state, slices, snapshots.

use crate::error::{GatherError, Result};
use crate::identity::Identity;
use model::GathererId;
use model::gatherer::Machine;
use relay_proto::site::{
    Challenge, DesiredState, EnrolReply, EnrolRequest, LoginReply, LoginRequest, STATE_MAX_BYTES, SiteError,
    SliceAck, SliceNotice, SnapshotNotice,
};
use reqwest::header::{ETAG, IF_NONE_MATCH};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, redirect};
use serde::de::DeserializeOwned;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;
use tracing::info;
use url::Url;

/// The original waited 5 s for the site (R-GAT-05); a busy 1-core server gets a little more.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// Longest wait for a TCP connection.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// A desired state of megabytes may have to come over a slow line.
const STATE_WITHIN: Duration = Duration::from_secs(60);
/// Largest other JSON answer read (docs/protocol.md §5).
const ANSWER_MAX_BYTES: usize = 256 << 10;

/// A grant in hand.
#[derive(Debug, Clone)]
struct Held {
    grant: String,
    /// From here on a new one is asked for.
    renew_at: Instant,
    /// From here on it is of no use.
    ends_at: Instant,
}

/// The site as one enrolled gatherer sees it.
#[derive(Debug)]
pub struct Site {
    base: Url,
    http: Client,
    gatherer: GathererId,
    identity: Identity,
    machine: Machine,
    /// A tokio mutex: it is held while logging in, so that one login serves all who wait.
    held: Mutex<Option<Held>>,
}

/// The answer to a question for the desired state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StateAnswer {
    /// Still the one that was named.
    Unchanged,
    /// Another version, or the same for another date.
    New(Box<DesiredState>),
}

/// An HTTP client that follows no redirects and uses no proxy: the site is on the school's own network.
pub fn client() -> Result<Client> {
    Client::builder()
        .connect_timeout(CONNECT_WITHIN)
        .redirect(redirect::Policy::none())
        .no_proxy()
        .user_agent(concat!("yunlubo-gather/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|e| GatherError::System { doing: "making an HTTP client", why: e.to_string() })
}

/// Spends a join code: `POST /api/gather/enrol`.
pub async fn enrol(base: &Url, join_code: &str, identity: &Identity, machine: Machine) -> Result<EnrolReply> {
    let url = endpoint(base, "api/gather/enrol")?;
    let request =
        EnrolRequest { join_code: join_code.to_owned(), public_key: identity.public_key(), machine };
    json(send(client()?.post(url.clone()).json(&request).timeout(ANSWER_WITHIN), &url).await?, &url).await
}

impl Site {
    /// A client of the site at `base`; nothing is sent yet.
    pub fn new(base: Url, gatherer: GathererId, identity: Identity, machine: Machine) -> Result<Self> {
        Ok(Self { base, http: client()?, gatherer, identity, machine, held: Mutex::default() })
    }

    /// The site's base address.
    pub fn base(&self) -> &Url {
        &self.base
    }

    /// The HTTP client, for uploads.
    pub fn http(&self) -> &Client {
        &self.http
    }

    /// A grant that is good for a while yet; logs in when there is none or half its time is over.
    pub async fn grant(&self) -> Result<String> {
        let mut held = self.held.lock().await;
        let now = Instant::now();
        if let Some(held) = held.as_ref().filter(|held| now < held.renew_at) {
            return Ok(held.grant.clone());
        }
        match self.login().await {
            Ok(new) => Ok(held.insert(new).grant.clone()),
            // The old one is good still: the site may be restarting.
            Err(GatherError::Unreachable { .. })
                if held.as_ref().is_some_and(|h| Instant::now() < h.ends_at) =>
            {
                Ok(held.as_ref().map(|h| h.grant.clone()).unwrap_or_default())
            }
            Err(error) => {
                *held = None;
                Err(error)
            }
        }
    }

    /// The grant was refused with 401: the next call of [`Site::grant`] logs in anew.
    pub async fn forget(&self, grant: &str) {
        let mut held = self.held.lock().await;
        if held.as_ref().is_some_and(|h| h.grant == grant) {
            *held = None;
        }
    }

    async fn login(&self) -> Result<Held> {
        let url = endpoint(&self.base, "api/gather/challenge")?;
        let found: Challenge =
            json(send(self.http.get(url.clone()).timeout(ANSWER_WITHIN), &url).await?, &url).await?;
        let request = LoginRequest {
            gatherer_id: self.gatherer,
            signature: self.identity.sign_login(self.gatherer, &found.challenge),
            challenge: found.challenge,
            machine: self.machine.clone(),
        };
        let url = endpoint(&self.base, "api/gather/login")?;
        let request = self.http.post(url.clone()).json(&request).timeout(ANSWER_WITHIN);
        let reply: LoginReply = json(send(request, &url).await?, &url).await?;
        let life = Duration::from_millis((reply.expires_at_ms - reply.server_time_ms).max(0) as u64);
        info!(life_s = life.as_secs(), "Logged in at {}", self.base);
        let now = Instant::now();
        Ok(Held { grant: reply.grant, renew_at: now + life / 2, ends_at: now + life })
    }

    /// `GET /api/gather/state`; `known` is the tag of the one in force.
    pub async fn state(&self, known: Option<&str>) -> Result<StateAnswer> {
        let url = endpoint(&self.base, "api/gather/state")?;
        let response = self
            .call(Method::GET, &url, |request| match known {
                Some(tag) => request.header(IF_NONE_MATCH, tag).timeout(STATE_WITHIN),
                None => request.timeout(STATE_WITHIN),
            })
            .await?;
        if response.status() == StatusCode::NOT_MODIFIED {
            return Ok(StateAnswer::Unchanged);
        }
        let tag = response.headers().get(ETAG).and_then(|tag| tag.to_str().ok()).map(str::to_owned);
        let body = body(response, &url, STATE_MAX_BYTES).await?;
        // Megabytes are read away from the threads that move media.
        let read = tokio::task::spawn_blocking(move || serde_json::from_slice::<DesiredState>(&body)).await;
        let state = read
            .map_err(|e| bad_answer(&url, &e.to_string()))?
            .map_err(|e| bad_answer(&url, &e.to_string()))?;
        match tag {
            // Another tag than its own would be asked for again and again.
            Some(tag) if tag == state.tag() => Ok(StateAnswer::New(Box::new(state))),
            tag => Err(bad_answer(&url, &format!("the desired state {} is tagged {tag:?}", state.tag()))),
        }
    }

    /// `POST /api/gather/slices`.
    pub async fn slice(&self, notice: &SliceNotice) -> Result<SliceAck> {
        let url = endpoint(&self.base, "api/gather/slices")?;
        json(self.call(Method::POST, &url, |request| request.json(notice)).await?, &url).await
    }

    /// `POST /api/gather/snapshots`.
    pub async fn snapshot(&self, notice: &SnapshotNotice) -> Result<()> {
        let url = endpoint(&self.base, "api/gather/snapshots")?;
        self.call(Method::POST, &url, |request| request.json(notice)).await.map(|_| ())
    }

    /// A call with the grant; a refused grant is renewed once.
    async fn call(
        &self,
        method: Method,
        url: &Url,
        fill: impl Fn(RequestBuilder) -> RequestBuilder,
    ) -> Result<Response> {
        let mut again = true;
        loop {
            let grant = self.grant().await?;
            let request = self.http.request(method.clone(), url.clone()).bearer_auth(&grant);
            match send(fill(request.timeout(ANSWER_WITHIN)), url).await {
                Err(error) if error.is_unauthorized() && again => {
                    self.forget(&grant).await;
                    again = false;
                }
                other => return other,
            }
        }
    }
}

/// An address below a base.
pub fn endpoint(base: &Url, path: &str) -> Result<Url> {
    base.join(path).map_err(|e| bad_answer(base, &e.to_string()))
}

/// Sends and turns every status but 2xx and 304 into an error.
async fn send(request: RequestBuilder, url: &Url) -> Result<Response> {
    let response = request.send().await.map_err(|e| unreachable_site(url, &e))?;
    let status = response.status();
    if status.is_success() || status == StatusCode::NOT_MODIFIED {
        return Ok(response);
    }
    let body = body(response, url, ANSWER_MAX_BYTES).await?;
    match serde_json::from_slice::<SiteError>(&body) {
        Ok(error) => Err(GatherError::Refused { status: status.as_u16(), error }),
        Err(_) if status.is_server_error() => {
            Err(GatherError::Unreachable { url: shown(url), why: format!("HTTP {status}") })
        }
        Err(_) => Err(bad_answer(url, &format!("HTTP {status}; is this the address of a Yunlubo site?"))),
    }
}

async fn json<T: DeserializeOwned>(response: Response, url: &Url) -> Result<T> {
    let body = body(response, url, ANSWER_MAX_BYTES).await?;
    serde_json::from_slice(&body).map_err(|e| bad_answer(url, &e.to_string()))
}

async fn body(mut response: Response, url: &Url, max_bytes: usize) -> Result<Vec<u8>> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|e| unreachable_site(url, &e))? {
        if body.len() + chunk.len() > max_bytes {
            return Err(bad_answer(url, &format!("the answer is larger than {max_bytes} bytes")));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// What the transport said, down to its last cause.
pub(crate) fn unreachable_site(url: &Url, error: &reqwest::Error) -> GatherError {
    let mut why = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        why = inner.to_string();
        cause = inner.source();
    }
    GatherError::Unreachable { url: shown(url), why }
}

pub(crate) fn bad_answer(url: &Url, why: &str) -> GatherError {
    GatherError::BadAnswer { url: shown(url), why: why.to_owned() }
}

/// Without query: it may carry a token.
pub(crate) fn shown(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.to_string()
}
