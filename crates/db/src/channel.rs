//! 通道: what a gatherer pulls, and how often it was watched.

use crate::counter::next_id;
use crate::page::like;
use crate::read::{Q, ReadResult, count, flag, get, row, rows, run, run_or, sql, unreadable};
use crate::room::check_room;
use crate::state::{bump_gatherer, bump_of_channel, unknown};
use crate::{Db, DbError, Listed, Noun, Page, Result, lesson, snapshot, weekly_range};
use model::calendar::ChannelInfo;
use model::channel::{Channel, Source, Transport};
use model::fault::{Fault, Reason};
use model::{ChannelId, GathererId, GradeId, RoomId, SchoolId};
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

/// The columns of [`read`] without the password, which only [`with_passwords`] reads.
macro_rules! columns {
    () => {
        "c.channel_id, c.gatherer_id, c.grade_id, c.class_name, c.mode, c.path, c.url, c.user_name, c.transport,
         c.enabled"
    };
}

macro_rules! joined {
    () => {
        " FROM channel c JOIN gatherer g ON g.gatherer_id = c.gatherer_id JOIN grade gr ON gr.grade_id = c.grade_id
          JOIN school s ON s.school_id = g.school_id LEFT JOIN snapshot sn ON sn.channel_id = c.channel_id
          LEFT JOIN room rm ON rm.room_id = c.room_id "
    };
}

macro_rules! row_columns {
    () => {
        concat!(
            "SELECT ",
            columns!(),
            ", '' AS password, c.clicks, c.created_at_ms, g.name AS gatherer_name, gr.stage, gr.name AS grade_name,
              s.school_id, s.name AS school_name, c.room_id, COALESCE(rm.name, '') AS room_name, sn.object_id AS snapshot_object_id, sn.taken_at_ms",
            joined!()
        )
    };
}

macro_rules! filter {
    () => {
        "WHERE c.deleted_at_ms IS NULL AND (CAST($1 AS BIGINT) = 0 OR c.gatherer_id = $1)
         AND (CAST($2 AS BIGINT) = 0 OR c.grade_id = $2) AND (CAST($3 AS BIGINT) = 0 OR s.school_id = $3)
         AND (CAST($4 AS BIGINT) < 0 OR c.enabled = CAST($4 AS BIGINT))
         AND LOWER(c.class_name || ' ' || gr.stage || gr.name || ' ' || s.name || ' ' || g.name) LIKE $5 ESCAPE '!' "
    };
}

texts! {
    ADD = "INSERT INTO channel (channel_id, gatherer_id, grade_id, class_name, mode, path, url, user_name, password,
        transport, enabled, created_at_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    SAVE = "UPDATE channel SET gatherer_id = $2, grade_id = $3, class_name = $4, mode = $5, path = $6, url = $7,
        user_name = $8, transport = $10, enabled = $11,
        password = CASE WHEN $12 = 1 THEN password ELSE $9 END
        WHERE channel_id = $1 AND deleted_at_ms IS NULL";
    ENABLE = "UPDATE channel SET enabled = $2 WHERE channel_id = $1 AND deleted_at_ms IS NULL";
    CLICK = "UPDATE channel SET clicks = clicks + 1 WHERE channel_id = $1 AND deleted_at_ms IS NULL";
    DELETE = "UPDATE channel SET deleted_at_ms = $2, grade_id = NULL, room_id = NULL, enabled = 0, password = ''
        WHERE channel_id = $1 AND deleted_at_ms IS NULL";
    GET = concat!(row_columns!(), "WHERE c.channel_id = $1 AND c.deleted_at_ms IS NULL");
    LIST_BY_AGE = concat!(row_columns!(), filter!(), "ORDER BY c.channel_id LIMIT $6 OFFSET $7");
    LIST_BY_CLICKS = concat!(row_columns!(), filter!(), "ORDER BY c.clicks DESC, c.channel_id LIMIT $6 OFFSET $7");
    LIST_COUNT = concat!("SELECT COUNT(*)", joined!(), filter!());
    OF_GATHERER = concat!("SELECT ", columns!(), ", c.password FROM channel c
        WHERE c.gatherer_id = $1 AND c.deleted_at_ms IS NULL ORDER BY c.channel_id");
    WITH_PASSWORD = concat!("SELECT ", columns!(), ", c.password FROM channel c
        WHERE c.channel_id = $1 AND c.deleted_at_ms IS NULL");
    LEFT = "INSERT INTO channel_left (channel_id, gatherer_id) VALUES ($1, $2)
        ON CONFLICT (channel_id, gatherer_id) DO NOTHING";
    HAS_LEFT = "SELECT COUNT(*) FROM channel_left WHERE channel_id = $1 AND gatherer_id = $2";
    OF_SCHOOL = concat!(row_columns!(), "WHERE s.school_id = $1 AND g.deleted_at_ms IS NULL AND c.deleted_at_ms IS NULL
        ORDER BY c.channel_id");
    ROSTER = "SELECT c.channel_id, c.room_id FROM channel c JOIN gatherer g ON g.gatherer_id = c.gatherer_id
        WHERE g.school_id = $1 AND g.deleted_at_ms IS NULL AND c.deleted_at_ms IS NULL ORDER BY c.channel_id";
    SET_ROOM = "UPDATE channel SET room_id = $2 WHERE channel_id = $1 AND deleted_at_ms IS NULL";
    LEAVE_ROOMS = "UPDATE channel SET room_id = NULL WHERE gatherer_id = $1 AND room_id IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM room r JOIN gatherer g ON g.school_id = r.school_id
        WHERE r.room_id = channel.room_id AND g.gatherer_id = channel.gatherer_id)";
    SCHOOL = "SELECT g.school_id FROM channel c JOIN gatherer g ON g.gatherer_id = c.gatherer_id
        WHERE c.channel_id = $1 AND c.deleted_at_ms IS NULL AND g.deleted_at_ms IS NULL";
    LIVE_GATHERER = "SELECT COUNT(*) FROM gatherer WHERE gatherer_id = $1 AND deleted_at_ms IS NULL";
}

/// A channel to be added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewChannel {
    /// The gatherer that will pull it.
    pub gatherer_id: GathererId,
    /// 所在年级.
    pub grade_id: GradeId,
    /// 所在班级, 1–128 characters.
    pub class_name: String,
    /// What it pulls, with password.
    pub source: Source,
    /// 启动: whether the gatherer opens it at once.
    pub enabled: bool,
}

/// What becomes of a channel's password when it is saved. Pages never see the old one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Password {
    /// Keep the stored one: the field was left empty.
    Keep,
    /// Take the one in the source, which may be empty.
    Replace,
}

/// Which channels to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChannelFilter {
    /// Only of this gatherer.
    pub gatherer_id: Option<GathererId>,
    /// Only of this grade.
    pub grade_id: Option<GradeId>,
    /// Only of this school.
    pub school_id: Option<SchoolId>,
    /// Only started or only stopped ones.
    pub enabled: Option<bool>,
    /// Only with this text in class, grade, school or gatherer; empty for all.
    pub text: String,
    /// In which order.
    pub order: ChannelOrder,
}

/// Orders of a channel list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ChannelOrder {
    /// Oldest first: the order of admin pages.
    #[default]
    Age,
    /// Most watched first.
    Clicks,
}

/// A channel as pages list it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelRow {
    /// The channel; its password is always empty here.
    pub channel: Channel,
    /// 采集端.
    pub gatherer_name: String,
    /// 年级's 类型, e.g. 小学.
    pub stage: String,
    /// 年级's 名称, e.g. 一年级.
    pub grade_name: String,
    /// 学校 of its gatherer.
    pub school_id: SchoolId,
    /// Its name.
    pub school_name: String,
    /// The room it looks into.
    pub room_id: Option<RoomId>,
    /// That room's name; empty when it has none.
    pub room_name: String,
    /// 次数.
    pub clicks: i64,
    /// When it was added, Unix ms.
    pub created_at_ms: i64,
    /// Newest snapshot's object, if one was taken.
    pub snapshot_object_id: Option<String>,
    /// When that was taken, Unix ms.
    pub snapshot_at_ms: Option<i64>,
}

fn read(r: &AnyRow) -> ReadResult<Channel> {
    let mode: String = get(r, "mode")?;
    let source = match mode.as_str() {
        "file" => Source::File { path: get(r, "path")? },
        "pull" => Source::Pull {
            url: get(r, "url")?,
            user: get(r, "user_name")?,
            password: get(r, "password")?,
            transport: match get::<String>(r, "transport")?.as_str() {
                "udp" => Transport::Udp,
                _ => Transport::Tcp,
            },
        },
        other => return Err(unreadable("mode", other)),
    };
    Ok(Channel {
        id: ChannelId(get(r, "channel_id")?),
        gatherer_id: GathererId(get(r, "gatherer_id")?),
        grade_id: GradeId(get(r, "grade_id")?),
        class_name: get(r, "class_name")?,
        source,
        enabled: flag(r, "enabled")?,
    })
}

fn read_row(r: &AnyRow) -> ReadResult<ChannelRow> {
    Ok(ChannelRow {
        channel: read(r)?,
        gatherer_name: get(r, "gatherer_name")?,
        stage: get(r, "stage")?,
        grade_name: get(r, "grade_name")?,
        school_id: SchoolId(get(r, "school_id")?),
        school_name: get(r, "school_name")?,
        room_id: get::<Option<i64>>(r, "room_id")?.map(RoomId),
        room_name: get(r, "room_name")?,
        clicks: get(r, "clicks")?,
        created_at_ms: get(r, "created_at_ms")?,
        snapshot_object_id: get(r, "snapshot_object_id")?,
        snapshot_at_ms: get(r, "taken_at_ms")?,
    })
}

/// Binds `$1` to `$11`: id, gatherer, grade, class, mode, path, url, user, password, transport, enabled.
fn bind(text: &'static str, channel: &Channel) -> Q<'static> {
    let (path, url, user, password, transport) = match &channel.source {
        Source::File { path } => (path.as_str(), "", "", "", Transport::Tcp),
        Source::Pull { url, user, password, transport } => {
            ("", url.as_str(), user.as_str(), password.as_str(), *transport)
        }
    };
    let transport = match transport {
        Transport::Tcp => "tcp",
        Transport::Udp => "udp",
    };
    sql(text)
        .bind(channel.id.0)
        .bind(channel.gatherer_id.0)
        .bind(channel.grade_id.0)
        .bind(channel.class_name.clone())
        .bind(channel.source.mode())
        .bind(path.to_owned())
        .bind(url.to_owned())
        .bind(user.to_owned())
        .bind(password.to_owned())
        .bind(transport)
        .bind(i64::from(channel.enabled))
}

/// The channels of a gatherer with their passwords: for its state alone.
pub(crate) async fn with_passwords(conn: &mut AnyConnection, id: GathererId) -> Result<Vec<Channel>> {
    rows(conn, "reading a gatherer's channels", sql(OF_GATHERER).bind(id.0), read).await
}

/// The channels of a school's gatherers.
pub(crate) async fn of_school(conn: &mut AnyConnection, id: SchoolId) -> Result<Vec<ChannelRow>> {
    rows(conn, "listing a school's channels", sql(OF_SCHOOL).bind(id.0), read_row).await
}

/// What the engine needs of the channels of a school, ascending.
pub(crate) async fn roster(conn: &mut AnyConnection, id: SchoolId) -> Result<Vec<ChannelInfo>> {
    let read = |r: &AnyRow| {
        let room_id = get::<Option<i64>>(r, "room_id")?.map(RoomId);
        Ok(ChannelInfo { id: ChannelId(get(r, "channel_id")?), room_id })
    };
    rows(conn, "reading the channels of a school", sql(ROSTER).bind(id.0), read).await
}

/// Channels of a gatherer that stands in another school now leave the rooms of the old one.
pub(crate) async fn leave_rooms(conn: &mut AnyConnection, id: GathererId) -> Result<()> {
    run(conn, "leaving rooms of another school", sql(LEAVE_ROOMS).bind(id.0)).await.map(|_| ())
}

async fn check_gatherer(conn: &mut AnyConnection, id: GathererId) -> Result<()> {
    match count(conn, "looking for a gatherer", sql(LIVE_GATHERER).bind(id.0)).await? {
        0 => Err(Fault::new("gatherer_id", Reason::Unknown).into()),
        _ => Ok(()),
    }
}

impl Db {
    /// A page of channels with the names pages show.
    pub async fn list_channels(&self, filter: &ChannelFilter, page: Page) -> Result<Listed<ChannelRow>> {
        const DOING: &str = "listing channels";
        let mut c = self.read(DOING).await?;
        let text = like(&filter.text);
        let filtered = |text_const: &'static str| {
            sql(text_const)
                .bind(filter.gatherer_id.map_or(0, |id| id.0))
                .bind(filter.grade_id.map_or(0, |id| id.0))
                .bind(filter.school_id.map_or(0, |id| id.0))
                .bind(filter.enabled.map_or(-1, i64::from))
                .bind(text.as_str())
        };
        let total = count(&mut c, DOING, filtered(LIST_COUNT)).await?;
        let list = match filter.order {
            ChannelOrder::Age => LIST_BY_AGE,
            ChannelOrder::Clicks => LIST_BY_CLICKS,
        };
        let list = filtered(list).bind(page.limit()).bind(page.offset());
        Ok(Listed { rows: rows(&mut c, DOING, list, read_row).await?, total })
    }

    /// One channel with the names pages show; a removed one is [`DbError::NotFound`].
    pub async fn channel(&self, id: ChannelId) -> Result<ChannelRow> {
        let mut c = self.read("reading a channel").await?;
        let found = row(&mut c, "reading a channel", sql(GET).bind(id.0), read_row).await?;
        found.ok_or_else(|| DbError::not_found(Noun::Channel, id))
    }

    /// One channel with its password: only to be sent to its gatherer.
    pub async fn channel_with_password(&self, id: ChannelId) -> Result<Channel> {
        let mut c = self.read("reading a channel").await?;
        let found = row(&mut c, "reading a channel", sql(WITH_PASSWORD).bind(id.0), read).await?;
        found.ok_or_else(|| DbError::not_found(Noun::Channel, id))
    }

    /// Adds a channel and raises its gatherer's state version.
    ///
    /// An unknown gatherer or grade is a [`DbError::Fault`] of `gatherer_id` or `grade_id`.
    pub async fn add_channel(&self, new: &NewChannel, now_ms: i64) -> Result<ChannelId> {
        const DOING: &str = "adding a channel";
        let mut w = self.write(DOING).await?;
        check_gatherer(w.conn(), new.gatherer_id).await?;
        let id = ChannelId(next_id(w.conn(), "channel").await?);
        let NewChannel { gatherer_id, grade_id, class_name, source, enabled } = new.clone();
        let channel = Channel { id, gatherer_id, grade_id, class_name, source, enabled };
        run_or(w.conn(), bind(ADD, &channel).bind(now_ms), unknown("grade_id", DOING)).await?;
        bump_gatherer(w.conn(), gatherer_id).await?;
        w.commit(DOING).await?;
        Ok(id)
    }

    /// Saves every field of a channel but its room, which it leaves with its school, and raises the state version of its gatherer, and of the one it moves to.
    pub async fn save_channel(&self, channel: &Channel, password: Password) -> Result<()> {
        const DOING: &str = "saving a channel";
        let mut w = self.write(DOING).await?;
        let before = bump_of_channel(w.conn(), channel.id).await?;
        if before != channel.gatherer_id {
            check_gatherer(w.conn(), channel.gatherer_id).await?;
            bump_gatherer(w.conn(), channel.gatherer_id).await?;
            run(w.conn(), DOING, sql(LEFT).bind(channel.id.0).bind(before.0)).await?;
        }
        let keep = i64::from(password == Password::Keep);
        run_or(w.conn(), bind(SAVE, channel).bind(keep), unknown("grade_id", DOING)).await?;
        leave_rooms(w.conn(), channel.gatherer_id).await?;
        w.commit(DOING).await
    }

    /// Whether the channel was this gatherer's before it moved to another one: what it recorded then is still taken.
    pub async fn channel_has_left(&self, id: ChannelId, gatherer: GathererId) -> Result<bool> {
        const DOING: &str = "asking whose a channel was";
        let mut c = self.read(DOING).await?;
        Ok(count(&mut c, DOING, sql(HAS_LEFT).bind(id.0).bind(gatherer.0)).await? > 0)
    }

    /// 启动/停止: whether the gatherer should hold the channel open.
    pub async fn enable_channel(&self, id: ChannelId, enabled: bool) -> Result<()> {
        const DOING: &str = "starting or stopping a channel";
        let mut w = self.write(DOING).await?;
        bump_of_channel(w.conn(), id).await?;
        run(w.conn(), DOING, sql(ENABLE).bind(id.0).bind(i64::from(enabled))).await?;
        w.commit(DOING).await
    }

    /// The room a channel looks into: what is taught there, it records. Another one raises its gatherer's state version;
    /// a room that is not of the gatherer's school is a [`DbError::Fault`] of `room_id`.
    pub async fn set_channel_room(&self, id: ChannelId, room: Option<RoomId>) -> Result<()> {
        const DOING: &str = "setting a channel's room";
        let mut w = self.write(DOING).await?;
        let school = sql(SCHOOL).bind(id.0);
        let school = row(w.conn(), DOING, school, |r| Ok(SchoolId(get(r, "school_id")?))).await?;
        let school = school.ok_or_else(|| DbError::not_found(Noun::Channel, id))?;
        check_room(w.conn(), school, room).await?;
        bump_of_channel(w.conn(), id).await?;
        run(w.conn(), DOING, sql(SET_ROOM).bind(id.0).bind(room.map(|room| room.0))).await?;
        w.commit(DOING).await
    }

    /// Counts a viewing of a live channel. A removed channel is ignored.
    pub async fn channel_clicked(&self, id: ChannelId) -> Result<()> {
        let mut s = self.single("counting a viewing").await?;
        run(s.conn(), "counting a viewing", sql(CLICK).bind(id.0)).await.map(|_| ())
    }

    /// Removes a channel with its ranges, recordings and snapshot. Gives the objects to remove from storage, which are
    /// also kept by [`Db::doomed_objects`] until [`Db::objects_gone`].
    pub async fn delete_channel(&self, id: ChannelId, now_ms: i64) -> Result<Vec<String>> {
        const DOING: &str = "removing a channel";
        let mut w = self.write(DOING).await?;
        bump_of_channel(w.conn(), id).await?;
        weekly_range::delete_of_channel(w.conn(), id).await?;
        let mut objects = lesson::delete_of_channel(w.conn(), id, now_ms).await?;
        objects.extend(snapshot::delete(w.conn(), id, now_ms).await?);
        run(w.conn(), DOING, sql(DELETE).bind(id.0).bind(now_ms)).await?;
        w.commit(DOING).await?;
        Ok(objects)
    }
}
