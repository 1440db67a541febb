//! Who may come in: grants verified for the live server ([`live::Gate`]) and for the relay ([`relay::Gatekeeper`]).

use crate::revoked::Revoked;
use base::{Tasks, now_ms};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use live::{PlayPass, PublishPass, Refused};
use model::GathererId;
use model::grant::{GrantError, Right, Signer};
use relay::Identity;
use relay::relay_proto::{ErrorCode, Hello, RemoteError, Report, TerminalType};
use std::collections::HashMap;
use std::net::SocketAddr;
use tokio::sync::mpsc;
use tracing::{debug, warn};

/// Presences that wait to be written down; more are left out, the next report tells them again.
const SEEN_QUEUE: usize = 1024;
/// A gatherer that is on line is written down this often: its reports come every 30 s, and each write is a sync.
const SEEN_EVERY_MS: i64 = 60_000;

/// Grants for the live server: answered from memory, as it asks on its network tasks.
#[derive(Debug, Clone)]
pub struct LiveGate {
    signer: Signer,
    revoked: Revoked,
}

impl LiveGate {
    /// A gate over the site's secret, which `revoked` overrules.
    pub fn new(signer: Signer, revoked: Revoked) -> Self {
        Self { signer, revoked }
    }

    fn verify(
        &self,
        stream: &str,
        token: &str,
        right: Right,
        now_ms: i64,
    ) -> Result<model::grant::Grant, Refused> {
        if token.is_empty() {
            return Err(Refused::NoToken);
        }
        self.signer.verify_for(token, right, stream, now_ms).map_err(|e| match e {
            GrantError::Forged => Refused::BadToken,
            GrantError::Other => Refused::Forbidden,
            GrantError::Expired => Refused::Expired,
        })
    }
}

impl live::Gate for LiveGate {
    fn admit_play(&self, stream: &str, token: &str, now_ms: i64) -> Result<PlayPass, Refused> {
        let grant = self.verify(stream, token, Right::Play, now_ms)?;
        if self.revoked.has(&grant.subject) {
            return Err(Refused::Forbidden);
        }
        Ok(PlayPass { viewer: grant.subject, expires_at_ms: grant.expires_at_ms })
    }

    fn still_admits(&self, _stream: &str, viewer: &str, _now_ms: i64) -> bool {
        !self.revoked.has(viewer)
    }

    fn admit_publish(&self, stream: &str, token: &str, now_ms: i64) -> Result<PublishPass, Refused> {
        let grant = self.verify(stream, token, Right::Publish, now_ms)?;
        // `<gatherer id>.<epoch>`, see `model::grant::Right::Publish`.
        let (publisher, epoch) = grant.subject.split_once('.').ok_or(Refused::BadToken)?;
        let epoch = epoch.parse().map_err(|_| Refused::BadToken)?;
        Ok(PublishPass { publisher: publisher.to_owned(), epoch })
    }
}

/// Grants for the relay, and who was heard of when.
#[derive(Debug)]
pub struct RelayGate {
    signer: Signer,
    db: db::Db,
    seen: mpsc::Sender<(GathererId, bool, i64)>,
}

impl RelayGate {
    /// A gatekeeper over the site's secret and database; a task under `tasks` writes presences down.
    pub fn new(signer: Signer, db: db::Db, tasks: &Tasks) -> Self {
        let (seen, queue) = mpsc::channel(SEEN_QUEUE);
        tasks.spawn("gatherers' presence", write_seen(db.clone(), queue, tasks.clone()));
        Self { signer, db, seen }
    }
}

fn unauthorized(why: impl std::fmt::Display) -> RemoteError {
    RemoteError::new(ErrorCode::Unauthorized, why.to_string())
}

impl relay::Gatekeeper for RelayGate {
    fn admit(&self, hello: Hello, _peer: SocketAddr) -> BoxFuture<'static, Result<Identity, RemoteError>> {
        let (signer, db) = (self.signer.clone(), self.db.clone());
        async move {
            let terminal = hello.terminal;
            let plain = |name| Identity { terminal, gatherer_id: None, name, state_version: 0 };
            let now_ms = now_ms();
            let component = |part| signer.verify_for(&hello.grant, Right::Component, part, now_ms);
            match terminal {
                TerminalType::Site => component("site").map(|_| plain(hello.name)).map_err(unauthorized),
                TerminalType::Live => component("live").map(|_| plain(hello.name)).map_err(unauthorized),
                TerminalType::Player => {
                    let grant = signer.verify(&hello.grant, Right::Play, now_ms).map_err(unauthorized)?;
                    Ok(plain(grant.subject))
                }
                TerminalType::Gatherer => {
                    let grant = signer.verify(&hello.grant, Right::Gatherer, now_ms).map_err(unauthorized)?;
                    let id: GathererId = grant.resource.parse().map_err(unauthorized)?;
                    gatherer(&db, id).await
                }
            }
        }
        .boxed()
    }

    fn seen(&self, gatherer_id: GathererId, online: bool, now_ms: i64) {
        if self.seen.try_send((gatherer_id, online, now_ms)).is_err() {
            warn!("Presence of gatherer `{gatherer_id}` is not written down: the database is behind");
        }
    }

    fn report(&self, gatherer_id: GathererId, report: &Report) {
        if !report.upload_error.is_empty() {
            let waiting = report.upload_waiting;
            debug!(gatherer.id = %gatherer_id, "Gatherer `{gatherer_id}` cannot upload, {waiting} files wait");
        }
    }
}

/// The gatherer's name and state version, or why it may not come in. A removed one is not found.
async fn gatherer(db: &db::Db, id: GathererId) -> Result<Identity, RemoteError> {
    let refuse = |e: db::DbError| match e {
        db::DbError::NotFound { .. } => unauthorized("this gatherer was removed"),
        e => {
            warn!(gatherer.id = %id, error = %e, "Gatherer `{id}` could not be looked up: {e}");
            RemoteError::new(ErrorCode::Busy, "the database does not answer, try again later")
        }
    };
    let name = db.gatherer(id).await.map_err(refuse)?.settings.name;
    let state_version = db.state_version(id).await.map_err(refuse)?;
    Ok(Identity { terminal: TerminalType::Gatherer, gatherer_id: Some(id), name, state_version })
}

/// Writes presences down: at once when a gatherer comes or goes, else once a minute.
async fn write_seen(db: db::Db, mut queue: mpsc::Receiver<(GathererId, bool, i64)>, tasks: Tasks) {
    let mut written: HashMap<GathererId, (bool, i64)> = HashMap::new();
    while let Some(Some((id, online, at_ms))) = tasks.token().run_until_cancelled(queue.recv()).await {
        if !is_due(written.get(&id), online, at_ms) {
            continue;
        }
        match db.gatherer_seen(id, at_ms).await {
            Ok(_) => drop(written.insert(id, (online, at_ms))),
            Err(e) => {
                warn!(gatherer.id = %id, error = %e, "Presence of gatherer `{id}` was not written: {e}")
            }
        }
    }
}

fn is_due(last: Option<&(bool, i64)>, online: bool, at_ms: i64) -> bool {
    last.is_none_or(|(was_online, was_ms)| *was_online != online || at_ms - was_ms >= SEEN_EVERY_MS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use live::Gate;

    fn gate() -> (LiveGate, Signer) {
        let signer = Signer::new([7; 32]);
        (LiveGate::new(signer.clone(), Revoked::default()), signer)
    }

    #[test]
    fn a_play_grant_opens_its_own_stream_only_and_never_publishes() {
        let (gate, signer) = gate();
        let token = signer.sign(Right::Play, "live1", "u7", 1000);
        let pass = PlayPass { viewer: "u7".into(), expires_at_ms: 1000 };
        assert_eq!(gate.admit_play("live1", &token, 999), Ok(pass));
        assert_eq!(gate.admit_play("live2", &token, 999), Err(Refused::Forbidden));
        assert_eq!(gate.admit_play("live1", &token, 1000), Err(Refused::Expired));
        assert_eq!(gate.admit_play("live1", "", 0), Err(Refused::NoToken));
        assert_eq!(gate.admit_play("live1", &token[1..], 0), Err(Refused::BadToken));
        assert_eq!(gate.admit_publish("live1", &token, 0), Err(Refused::Forbidden));
    }

    #[test]
    fn a_publish_grant_carries_gatherer_and_epoch() {
        let (gate, signer) = gate();
        let token = signer.sign(Right::Publish, "live1", "4.17", 1000);
        let pass = PublishPass { publisher: "4".into(), epoch: 17 };
        assert_eq!(gate.admit_publish("live1", &token, 0), Ok(pass));
        let odd = signer.sign(Right::Publish, "live1", "4", 1000);
        assert_eq!(gate.admit_publish("live1", &odd, 0), Err(Refused::BadToken));
    }

    #[test]
    fn presence_is_written_on_change_and_once_a_minute() {
        assert!(is_due(None, true, 0));
        assert!(!is_due(Some(&(true, 0)), true, SEEN_EVERY_MS - 1));
        assert!(is_due(Some(&(true, 0)), true, SEEN_EVERY_MS));
        assert!(is_due(Some(&(true, 0)), false, 1));
    }
}
