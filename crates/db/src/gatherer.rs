//! 采集端: settings, machine, key, when it was last heard of.

use crate::page::like;
use crate::read::{Q, ReadResult, count, flag, get, number, row, rows, run, sql};
use crate::state::{bump_gatherer, unknown};
use crate::{Db, DbError, Listed, Noun, Page, Result, channel};
use model::gatherer::{Gatherer, GathererSettings, Machine};
use model::{GathererId, SchoolId};
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

/// The columns of [`read`], from `gatherer g`.
macro_rules! columns {
    () => {
        "g.gatherer_id, g.school_id, g.name, g.main_rate_kbps, g.sub_rate_kbps, g.slice_min, g.overlap_keyframes,
         g.snapshot_min, g.reconnect_source, g.reconnect_storage, g.host_name, g.ip, g.mac, g.os, g.version,
         g.public_key, g.enrolled_at_ms, g.seen_at_ms, g.state_version"
    };
}

macro_rules! filter {
    () => {
        "g.deleted_at_ms IS NULL AND (CAST($1 AS BIGINT) = 0 OR g.school_id = $1)
         AND LOWER(g.name || ' ' || g.host_name || ' ' || g.ip) LIKE $2 ESCAPE '!'"
    };
}

texts! {
    GET = concat!("SELECT ", columns!(), " FROM gatherer g WHERE g.gatherer_id = $1 AND g.deleted_at_ms IS NULL");
    BY_KEY = concat!("SELECT ", columns!(), " FROM gatherer g WHERE g.public_key = $1 AND g.deleted_at_ms IS NULL");
    ALL = concat!("SELECT ", columns!(), " FROM gatherer g WHERE g.deleted_at_ms IS NULL ORDER BY g.gatherer_id");
    LIST = concat!("SELECT ", columns!(), ", s.name AS school_name,
        (SELECT COUNT(*) FROM channel c WHERE c.gatherer_id = g.gatherer_id AND c.deleted_at_ms IS NULL) AS channels
        FROM gatherer g JOIN school s ON s.school_id = g.school_id
        WHERE ", filter!(), " ORDER BY g.gatherer_id LIMIT $3 OFFSET $4");
    LIST_COUNT = concat!("SELECT COUNT(*) FROM gatherer g WHERE ", filter!());
    ADD = "INSERT INTO gatherer (gatherer_id, school_id, name, main_rate_kbps, sub_rate_kbps, slice_min,
        overlap_keyframes, snapshot_min, reconnect_source, reconnect_storage, host_name, ip, mac, os, version,
        public_key, enrolled_at_ms)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)";
    SAVE = "UPDATE gatherer SET school_id = $2, name = $3, main_rate_kbps = $4, sub_rate_kbps = $5, slice_min = $6,
        overlap_keyframes = $7, snapshot_min = $8, reconnect_source = $9, reconnect_storage = $10
        WHERE gatherer_id = $1 AND deleted_at_ms IS NULL";
    SEEN = "UPDATE gatherer SET seen_at_ms = $2 WHERE gatherer_id = $1 AND deleted_at_ms IS NULL";
    MACHINE = "UPDATE gatherer SET host_name = $2, ip = $3, mac = $4, os = $5, version = $6, seen_at_ms = $7
        WHERE gatherer_id = $1 AND deleted_at_ms IS NULL";
    CHANNELS = "SELECT COUNT(*) FROM channel WHERE gatherer_id = $1 AND deleted_at_ms IS NULL";
    /// The key is freed for a new enrolment of the same machine; the school may go.
    DELETE = "UPDATE gatherer SET deleted_at_ms = $2, school_id = NULL,
        public_key = 'removed ' || CAST(gatherer_id AS TEXT) || ' ' || public_key
        WHERE gatherer_id = $1 AND deleted_at_ms IS NULL";
}

/// Which gatherers to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GathererFilter {
    /// Only of this school.
    pub school_id: Option<SchoolId>,
    /// Only with this text in name, host name or address; empty for all.
    pub text: String,
}

/// A gatherer as the 采集管理 page lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GathererRow {
    /// The gatherer.
    pub gatherer: Gatherer,
    /// 学校.
    pub school_name: String,
    /// Its channels.
    pub channels: i64,
}

pub(crate) fn read(r: &AnyRow) -> ReadResult<Gatherer> {
    Ok(Gatherer {
        id: GathererId(get(r, "gatherer_id")?),
        settings: GathererSettings {
            name: get(r, "name")?,
            school_id: SchoolId(get(r, "school_id")?),
            main_rate_kbps: number(r, "main_rate_kbps")?,
            sub_rate_kbps: number(r, "sub_rate_kbps")?,
            slice_min: number(r, "slice_min")?,
            overlap_keyframes: number(r, "overlap_keyframes")?,
            snapshot_min: number(r, "snapshot_min")?,
            reconnect_source: flag(r, "reconnect_source")?,
            reconnect_storage: flag(r, "reconnect_storage")?,
        },
        machine: Machine {
            host_name: get(r, "host_name")?,
            ip: get(r, "ip")?,
            mac: get(r, "mac")?,
            os: get(r, "os")?,
            version: get(r, "version")?,
        },
        public_key: get(r, "public_key")?,
        enrolled_at_ms: get(r, "enrolled_at_ms")?,
        seen_at_ms: get(r, "seen_at_ms")?,
    })
}

fn bind_settings<'q>(q: Q<'q>, s: &'q GathererSettings) -> Q<'q> {
    q.bind(s.school_id.0)
        .bind(s.name.as_str())
        .bind(i64::from(s.main_rate_kbps))
        .bind(i64::from(s.sub_rate_kbps))
        .bind(i64::from(s.slice_min))
        .bind(i64::from(s.overlap_keyframes))
        .bind(i64::from(s.snapshot_min))
        .bind(i64::from(s.reconnect_source))
        .bind(i64::from(s.reconnect_storage))
}

fn bind_machine<'q>(q: Q<'q>, m: &'q Machine) -> Q<'q> {
    q.bind(m.host_name.as_str())
        .bind(m.ip.as_str())
        .bind(m.mac.as_str())
        .bind(m.os.as_str())
        .bind(m.version.as_str())
}

pub(crate) async fn by_key(conn: &mut AnyConnection, public_key: &str) -> Result<Option<Gatherer>> {
    row(conn, "reading a gatherer by its key", sql(BY_KEY).bind(public_key), read).await
}

pub(crate) async fn add(conn: &mut AnyConnection, gatherer: &Gatherer) -> Result<()> {
    let q = bind_machine(bind_settings(sql(ADD).bind(gatherer.id.0), &gatherer.settings), &gatherer.machine)
        .bind(gatherer.public_key.as_str())
        .bind(gatherer.enrolled_at_ms);
    run(conn, "adding a gatherer", q).await.map(|_| ())
}

pub(crate) async fn set_machine(
    conn: &mut AnyConnection,
    id: GathererId,
    machine: &Machine,
    now_ms: i64,
) -> Result<()> {
    let q = bind_machine(sql(MACHINE).bind(id.0), machine).bind(now_ms);
    match run(conn, "saving what a gatherer said of itself", q).await? {
        0 => Err(DbError::not_found(Noun::Gatherer, id)),
        _ => Ok(()),
    }
}

impl Db {
    /// A page of gatherers with school and number of channels, oldest first.
    pub async fn list_gatherers(&self, filter: &GathererFilter, page: Page) -> Result<Listed<GathererRow>> {
        const DOING: &str = "listing gatherers";
        let mut c = self.read(DOING).await?;
        let school = filter.school_id.map_or(0, |id| id.0);
        let text = like(&filter.text);
        let total = count(&mut c, DOING, sql(LIST_COUNT).bind(school).bind(text.as_str())).await?;
        let q = sql(LIST).bind(school).bind(text.as_str()).bind(page.limit()).bind(page.offset());
        let read = |r: &AnyRow| {
            Ok(GathererRow {
                gatherer: read(r)?,
                school_name: get(r, "school_name")?,
                channels: get(r, "channels")?,
            })
        };
        Ok(Listed { rows: rows(&mut c, DOING, q, read).await?, total })
    }

    /// Every gatherer: for menus.
    pub async fn all_gatherers(&self) -> Result<Vec<Gatherer>> {
        let mut c = self.read("listing gatherers").await?;
        rows(&mut c, "listing gatherers", sql(ALL), read).await
    }

    /// One gatherer; a removed one is [`DbError::NotFound`].
    pub async fn gatherer(&self, id: GathererId) -> Result<Gatherer> {
        let mut c = self.read("reading a gatherer").await?;
        let found = row(&mut c, "reading a gatherer", sql(GET).bind(id.0), read).await?;
        found.ok_or_else(|| DbError::not_found(Noun::Gatherer, id))
    }

    /// The gatherer with this public key (base64url of 32 bytes), if it is enrolled and not removed.
    pub async fn gatherer_by_key(&self, public_key: &str) -> Result<Option<Gatherer>> {
        let mut c = self.read("reading a gatherer by its key").await?;
        by_key(&mut c, public_key).await
    }

    /// Saves what an admin set and raises the gatherer's state version, which is returned.
    ///
    /// An unknown school is a [`DbError::Fault`] of `school_id`. Limits are checked by
    /// [`GathererSettings::check`] before.
    pub async fn save_gatherer_settings(&self, id: GathererId, settings: &GathererSettings) -> Result<i64> {
        const DOING: &str = "saving a gatherer's settings";
        let mut w = self.write(DOING).await?;
        let q = bind_settings(sql(SAVE).bind(id.0), settings);
        let changed = q.execute(w.conn()).await.map_err(unknown("school_id", DOING))?;
        if changed.rows_affected() == 0 {
            return Err(DbError::not_found(Noun::Gatherer, id));
        }
        channel::leave_rooms(w.conn(), id).await?;
        let version = bump_gatherer(w.conn(), id).await?;
        w.commit(DOING).await?;
        Ok(version)
    }

    /// Notes that a gatherer was heard of. Answers whether it (still) exists.
    pub async fn gatherer_seen(&self, id: GathererId, now_ms: i64) -> Result<bool> {
        const DOING: &str = "noting a gatherer's presence";
        let mut s = self.single(DOING).await?;
        Ok(run(s.conn(), DOING, sql(SEEN).bind(id.0).bind(now_ms)).await? > 0)
    }

    /// Keeps what a gatherer says of its machine at login, and that it was heard of.
    pub async fn gatherer_said(&self, id: GathererId, machine: &Machine, now_ms: i64) -> Result<()> {
        let mut s = self.single("saving what a gatherer said of itself").await?;
        set_machine(s.conn(), id, machine, now_ms).await
    }

    /// Removes a gatherer: its key lets it in no more. Refused with [`DbError::InUse`] while it has channels.
    pub async fn delete_gatherer(&self, id: GathererId, now_ms: i64) -> Result<()> {
        const DOING: &str = "removing a gatherer";
        let mut w = self.write(DOING).await?;
        let channels = count(w.conn(), DOING, sql(CHANNELS).bind(id.0)).await?;
        if channels > 0 {
            return Err(DbError::InUse { noun: Noun::Gatherer, count: channels });
        }
        if run(w.conn(), DOING, sql(DELETE).bind(id.0).bind(now_ms)).await? == 0 {
            return Err(DbError::not_found(Noun::Gatherer, id));
        }
        w.commit(DOING).await
    }
}
