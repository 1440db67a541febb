//! 加入码: one-use codes with which a gatherer enrols.

use crate::counter::next_id;
use crate::gatherer;
use crate::read::{ReadResult, count, get, row, rows, run, sql};
use crate::state::unknown;
use crate::{CodeRefusal, Db, DbError, Listed, Noun, Page, Result};
use model::gatherer::{Gatherer, GathererSettings, Machine};
use model::{GathererId, SchoolId};
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

texts! {
    ADD = "INSERT INTO join_code (code_hash, school_id, name, created_at_ms, expires_at_ms)
        VALUES ($1, $2, $3, $4, $5)";
    GET = "SELECT code_hash, school_id, name, created_at_ms, expires_at_ms, used_at_ms, used_by FROM join_code
        WHERE code_hash = $1";
    LIST = "SELECT code_hash, school_id, name, created_at_ms, expires_at_ms, used_at_ms, used_by FROM join_code
        ORDER BY created_at_ms DESC, code_hash LIMIT $1 OFFSET $2";
    LIST_COUNT = "SELECT COUNT(*) FROM join_code";
    TAKE = "UPDATE join_code SET used_at_ms = $2 WHERE code_hash = $1 AND used_at_ms IS NULL AND expires_at_ms > $2
        RETURNING code_hash, school_id, name, created_at_ms, expires_at_ms, used_at_ms, used_by";
    TAKEN_BY = "UPDATE join_code SET used_by = $2 WHERE code_hash = $1";
    DELETE = "DELETE FROM join_code WHERE code_hash = $1 AND used_at_ms IS NULL";
}

/// A join code as the admin sees it; the code itself is known to nobody but whom it was given to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JoinCode {
    /// SHA-256 of the code, 64 hex digits.
    pub code_hash: String,
    /// School of the gatherer to come.
    pub school_id: SchoolId,
    /// Name of the gatherer to come, 1–80 characters.
    pub name: String,
    /// When it was made, Unix ms.
    pub created_at_ms: i64,
    /// When it stops working, Unix ms.
    pub expires_at_ms: i64,
    /// When it was used.
    pub used_at_ms: Option<i64>,
    /// The gatherer that used it.
    pub used_by: Option<GathererId>,
}

fn read(r: &AnyRow) -> ReadResult<JoinCode> {
    Ok(JoinCode {
        code_hash: get(r, "code_hash")?,
        school_id: SchoolId(get(r, "school_id")?),
        name: get(r, "name")?,
        created_at_ms: get(r, "created_at_ms")?,
        expires_at_ms: get(r, "expires_at_ms")?,
        used_at_ms: get(r, "used_at_ms")?,
        used_by: get::<Option<i64>>(r, "used_by")?.map(GathererId),
    })
}

/// Uses up a code, or says why not. Of any number of callers one gets it.
async fn take(conn: &mut AnyConnection, code_hash: &str, now_ms: i64) -> Result<JoinCode> {
    const DOING: &str = "taking a join code";
    if let Some(code) = row(conn, DOING, sql(TAKE).bind(code_hash).bind(now_ms), read).await? {
        return Ok(code);
    }
    let refusal = match row(conn, DOING, sql(GET).bind(code_hash), read).await? {
        None => CodeRefusal::Unknown,
        Some(code) if code.used_at_ms.is_some() => CodeRefusal::Used,
        Some(_) => CodeRefusal::Expired,
    };
    Err(refusal.into())
}

impl Db {
    /// Keeps the hash of a fresh code. An unknown school is a [`DbError::Fault`] of `school_id`.
    pub async fn add_join_code(
        &self,
        code_hash: &str,
        school_id: SchoolId,
        name: &str,
        now_ms: i64,
        expires_at_ms: i64,
    ) -> Result<()> {
        const DOING: &str = "adding a join code";
        let mut s = self.single(DOING).await?;
        let q = sql(ADD).bind(code_hash).bind(school_id.0).bind(name).bind(now_ms).bind(expires_at_ms);
        q.execute(s.conn()).await.map_err(unknown("school_id", DOING)).map(|_| ())
    }

    /// A page of codes, newest first.
    pub async fn list_join_codes(&self, page: Page) -> Result<Listed<JoinCode>> {
        const DOING: &str = "listing join codes";
        let mut c = self.read(DOING).await?;
        let total = count(&mut c, DOING, sql(LIST_COUNT)).await?;
        let q = sql(LIST).bind(page.limit()).bind(page.offset());
        Ok(Listed { rows: rows(&mut c, DOING, q, read).await?, total })
    }

    /// Withdraws a code that nobody has used.
    pub async fn delete_join_code(&self, code_hash: &str) -> Result<()> {
        const DOING: &str = "withdrawing a join code";
        let mut s = self.single(DOING).await?;
        match run(s.conn(), DOING, sql(DELETE).bind(code_hash)).await? {
            0 => Err(DbError::not_found(Noun::JoinCode, "of this hash that is unused")),
            _ => Ok(()),
        }
    }

    /// Uses up a code without enrolling anybody: [`Db::enroll_gatherer`] does both at once.
    pub async fn take_join_code(&self, code_hash: &str, now_ms: i64) -> Result<JoinCode> {
        const DOING: &str = "taking a join code";
        let mut w = self.write(DOING).await?;
        let code = take(w.conn(), code_hash, now_ms).await?;
        w.commit(DOING).await?;
        Ok(code)
    }

    /// Enrols the machine with `public_key` by a one-use code, in one transaction.
    ///
    /// A machine that asks again with the same code and key (its first answer was lost) gets the same gatherer. A key
    /// that is enrolled already keeps its gatherer and settings and uses up the code. Refused with
    /// [`DbError::JoinCode`].
    pub async fn enroll_gatherer(
        &self,
        code_hash: &str,
        public_key: &str,
        machine: &Machine,
        now_ms: i64,
    ) -> Result<Gatherer> {
        const DOING: &str = "enrolling a gatherer";
        let mut w = self.write(DOING).await?;
        let known = gatherer::by_key(w.conn(), public_key).await?;
        let code = match take(w.conn(), code_hash, now_ms).await {
            Err(DbError::JoinCode(CodeRefusal::Used)) => {
                let used = row(w.conn(), DOING, sql(GET).bind(code_hash), read).await?;
                let by = used.and_then(|code| code.used_by);
                return known.filter(|g| by == Some(g.id)).ok_or(CodeRefusal::Used.into());
            }
            other => other?,
        };
        let enrolled = match known {
            Some(gatherer) => {
                gatherer::set_machine(w.conn(), gatherer.id, machine, now_ms).await?;
                Gatherer { machine: machine.clone(), seen_at_ms: Some(now_ms), ..gatherer }
            }
            None => {
                let gatherer = Gatherer {
                    id: GathererId(next_id(w.conn(), "gatherer").await?),
                    settings: GathererSettings::new(&code.name, code.school_id),
                    machine: machine.clone(),
                    public_key: public_key.to_owned(),
                    enrolled_at_ms: now_ms,
                    seen_at_ms: None,
                };
                gatherer::add(w.conn(), &gatherer).await?;
                gatherer
            }
        };
        run(w.conn(), DOING, sql(TAKEN_BY).bind(code_hash).bind(enrolled.id.0)).await?;
        w.commit(DOING).await?;
        Ok(enrolled)
    }
}
