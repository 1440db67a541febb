//! What a gatherer should be doing, with a version that every change raises.

use crate::error::query;
use crate::read::{count, get, row, rows, run, sql};
use crate::{Db, DbError, Noun, Result, channel, setting};
use model::channel::Channel;
use model::fault::{Fault, Reason};
use model::gatherer::GathererSettings;
use model::{ChannelId, GathererId, SchoolId};
use sqlx::AnyConnection;

texts! {
    BUMP_GATHERER = "UPDATE gatherer SET state_version = state_version + 1 WHERE gatherer_id = $1
        RETURNING state_version";
    BUMP_OF_CHANNEL = "UPDATE gatherer SET state_version = state_version + 1
        WHERE gatherer_id = (SELECT gatherer_id FROM channel WHERE channel_id = $1 AND deleted_at_ms IS NULL)
        RETURNING gatherer_id";
    BUMP_SCHOOL = "UPDATE gatherer SET state_version = state_version + 1
        WHERE school_id = $1 AND deleted_at_ms IS NULL";
    BUMP_ALL = "UPDATE gatherer SET state_version = state_version + 1";
    VERSION = "SELECT state_version FROM gatherer WHERE gatherer_id = $1 AND deleted_at_ms IS NULL";
    VERSIONS = "SELECT gatherer_id, state_version FROM gatherer WHERE deleted_at_ms IS NULL ORDER BY gatherer_id";
}

/// The desired state of one gatherer, as it is sent there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GathererState {
    /// Raised by every change of what follows.
    pub version: i64,
    /// 本站名称, shown by the gatherer.
    pub site_name: String,
    /// The school's IANA time zone, in which its timetable is meant.
    pub time_zone: String,
    /// What the admin set.
    pub settings: GathererSettings,
    /// Its channels, with passwords, also the stopped ones.
    pub channels: Vec<Channel>,
}

/// Raises the version of one gatherer: the new one.
pub(crate) async fn bump_gatherer(conn: &mut AnyConnection, id: GathererId) -> Result<i64> {
    let q = sql(BUMP_GATHERER).bind(id.0);
    let found = row(conn, "raising a state version", q, |r| get(r, "state_version")).await?;
    found.ok_or_else(|| DbError::not_found(Noun::Gatherer, id))
}

/// Raises the version of a channel's gatherer, which it gives. A removed channel is not found.
pub(crate) async fn bump_of_channel(conn: &mut AnyConnection, id: ChannelId) -> Result<GathererId> {
    let q = sql(BUMP_OF_CHANNEL).bind(id.0);
    let found = row(conn, "raising a state version", q, |r| Ok(GathererId(get(r, "gatherer_id")?))).await?;
    found.ok_or_else(|| DbError::not_found(Noun::Channel, id))
}

/// Raises the versions of a school's gatherers: its calendar, a timetable, a change or a class is another.
pub(crate) async fn bump_school(conn: &mut AnyConnection, id: SchoolId) -> Result<()> {
    run(conn, "raising a school's state versions", sql(BUMP_SCHOOL).bind(id.0)).await.map(|_| ())
}

/// Raises every version: the zone or the site's name changed.
pub(crate) async fn bump_all(conn: &mut AnyConnection) -> Result<()> {
    run(conn, "raising all state versions", sql(BUMP_ALL)).await.map(|_| ())
}

/// A driver's error while `doing`; a broken reference is an unknown value of `field`.
pub(crate) fn unknown(field: &'static str, doing: &'static str) -> impl Fn(sqlx::Error) -> DbError {
    move |e| match e.as_database_error().is_some_and(|d| d.is_foreign_key_violation()) {
        true => Fault::new(field, Reason::Unknown).into(),
        false => query(doing)(e),
    }
}

impl Db {
    /// The version of a gatherer's state: cheap, asked on every heartbeat.
    pub async fn state_version(&self, id: GathererId) -> Result<i64> {
        const DOING: &str = "reading a state version";
        let mut c = self.read(DOING).await?;
        match count(&mut c, DOING, sql(VERSION).bind(id.0)).await? {
            0 => Err(DbError::not_found(Noun::Gatherer, id)),
            version => Ok(version),
        }
    }

    /// The versions of all gatherers, to see whom a change concerned.
    pub async fn state_versions(&self) -> Result<Vec<(GathererId, i64)>> {
        const DOING: &str = "reading state versions";
        let mut c = self.read(DOING).await?;
        let read = |r: &_| Ok((GathererId(get(r, "gatherer_id")?), get(r, "state_version")?));
        rows(&mut c, DOING, sql(VERSIONS), read).await
    }

    /// The whole desired state of a gatherer.
    ///
    /// The version is read first: a change that lands meanwhile may already show, and will show again under its own
    /// version; it can never be missed.
    pub async fn gatherer_state(&self, id: GathererId) -> Result<GathererState> {
        let version = self.state_version(id).await?;
        let settings = self.gatherer(id).await?.settings;
        let mut c = self.read("reading a gatherer's state").await?;
        let site = setting::load(&mut c).await?;
        let channels = channel::with_passwords(&mut c, id).await?;
        Ok(GathererState {
            version,
            site_name: site.site_name,
            time_zone: site.time_zone,
            settings,
            channels,
        })
    }
}
