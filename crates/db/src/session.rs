//! Browser sessions, known by the SHA-256 of their token.

use crate::account::{self, User};
use crate::read::{get, row, run, run_or, sql};
use crate::state::unknown;
use crate::{Db, Result};
use model::UserId;
use sqlx::any::AnyRow;

texts! {
    ADD = "INSERT INTO session (token_hash, user_id, created_at_ms, expires_at_ms) VALUES ($1, $2, $3, $4)";
    GET = "SELECT s.token_hash, s.created_at_ms AS session_created_at_ms, s.expires_at_ms, a.user_id, a.name,
        a.display_name, a.role, a.created_at_ms, a.last_login_at_ms, a.disabled
        FROM session s JOIN account a ON a.user_id = s.user_id
        WHERE s.token_hash = $1 AND s.expires_at_ms > $2 AND a.disabled = 0";
    TOUCH = "UPDATE session SET expires_at_ms = $2 WHERE token_hash = $1";
    DELETE = "DELETE FROM session WHERE token_hash = $1";
    DELETE_OF_USER = "DELETE FROM session WHERE user_id = $1 AND token_hash <> $2";
    PURGE = "DELETE FROM session WHERE expires_at_ms <= $1";
}

/// A living session and whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// SHA-256 of the cookie's token, 64 hex digits.
    pub token_hash: String,
    /// Who is logged in; never a disabled account.
    pub user: User,
    /// When they logged in, Unix ms.
    pub created_at_ms: i64,
    /// When it ends, Unix ms.
    pub expires_at_ms: i64,
}

impl Db {
    /// Keeps a new session.
    pub async fn add_session(
        &self,
        token_hash: &str,
        user_id: UserId,
        now_ms: i64,
        expires_at_ms: i64,
    ) -> Result<()> {
        const DOING: &str = "keeping a session";
        let mut s = self.single(DOING).await?;
        let add = sql(ADD).bind(token_hash).bind(user_id.0).bind(now_ms).bind(expires_at_ms);
        run_or(s.conn(), add, unknown("user_id", DOING)).await.map(|_| ())
    }

    /// The session of a token's hash, unless it has ended or its account is disabled.
    pub async fn session(&self, token_hash: &str, now_ms: i64) -> Result<Option<Session>> {
        const DOING: &str = "reading a session";
        let mut c = self.read(DOING).await?;
        let read = |r: &AnyRow| {
            Ok(Session {
                token_hash: get(r, "token_hash")?,
                user: account::read(r)?,
                created_at_ms: get(r, "session_created_at_ms")?,
                expires_at_ms: get(r, "expires_at_ms")?,
            })
        };
        row(&mut c, DOING, sql(GET).bind(token_hash).bind(now_ms), read).await
    }

    /// Lets a session live longer. Not on every request: each is a write.
    pub async fn touch_session(&self, token_hash: &str, expires_at_ms: i64) -> Result<()> {
        const DOING: &str = "prolonging a session";
        let mut s = self.single(DOING).await?;
        run(s.conn(), DOING, sql(TOUCH).bind(token_hash).bind(expires_at_ms)).await.map(|_| ())
    }

    /// Logs out. An unknown session is ignored.
    pub async fn delete_session(&self, token_hash: &str) -> Result<()> {
        let mut s = self.single("ending a session").await?;
        run(s.conn(), "ending a session", sql(DELETE).bind(token_hash)).await.map(|_| ())
    }

    /// Logs a user out everywhere, except for the session `but` where given. Gives how many ended.
    pub async fn delete_sessions_of(&self, user_id: UserId, but: Option<&str>) -> Result<u64> {
        const DOING: &str = "ending a user's sessions";
        let mut s = self.single(DOING).await?;
        run(s.conn(), DOING, sql(DELETE_OF_USER).bind(user_id.0).bind(but.unwrap_or(""))).await
    }

    /// Forgets sessions that have ended: how many.
    pub async fn purge_sessions(&self, now_ms: i64) -> Result<u64> {
        let mut s = self.single("forgetting ended sessions").await?;
        run(s.conn(), "forgetting ended sessions", sql(PURGE).bind(now_ms)).await
    }
}
