//! Adding and changing a channel: 文件模式 and 拉流模式 in one form. A stored password is never shown again.

use super::channels::{PATH, full_name};
use super::desk::{Desk, done};
use super::form::{Choice, Field, FormView, Kind, Section, answer, as_fault, first_of_each, take, values};
use super::told::tell;
use crate::error::WebError;
use crate::extract::Fields;
use crate::lang::Lang;
use crate::state::AppState;
use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::get;
use db::{ChannelRow, DbError, NewChannel, Password};
use model::channel::{Channel, Source, Transport, check_class_name};
use model::fault::{Fault, Reason};
use model::{ChannelId, GathererId, GradeId, RoomId};

/// Its routes.
pub fn router() -> Router<AppState> {
    Router::new()
        .route("/admin/channels/new", get(new).post(add))
        .route("/admin/channels/{id}", get(edit).post(save))
}

/// What a form asks for.
struct Asked {
    channel: NewChannel,
    room_id: Option<RoomId>,
    password: Password,
    faults: Vec<Fault>,
}

fn read(form: &Fields) -> Asked {
    let mut faults = Vec::new();
    let text = |name| form.text(name).to_owned();
    let source = match form.text("mode") {
        "file" => Source::File { path: text("path") },
        mode => {
            if mode != "pull" {
                faults.push(Fault::new("mode", Reason::Required));
            }
            let transport = if form.text("transport") == "udp" { Transport::Udp } else { Transport::Tcp };
            Source::Pull {
                url: text("url"),
                user: text("user"),
                password: form.raw("password").to_owned(),
                transport,
            }
        }
    };
    // 清除密码 wins over an empty field, which keeps what is stored.
    let keep = form.raw("password").is_empty() && !form.flag("clear_password");
    faults.extend(source.check());
    let channel = NewChannel {
        gatherer_id: GathererId(take(&mut faults, form.number("gatherer_id"), 0)),
        grade_id: GradeId(take(&mut faults, form.number("grade_id"), 0)),
        class_name: take(&mut faults, check_class_name(form.text("class_name")), String::new()),
        source,
        enabled: form.flag("enabled"),
    };
    let room_id = match form.text("room_id") {
        "" => None,
        _ => Some(RoomId(take(&mut faults, form.number("room_id"), 0))),
    };
    Asked {
        channel,
        room_id,
        password: if keep { Password::Keep } else { Password::Replace },
        faults: first_of_each(faults),
    }
}

fn form_values(row: &ChannelRow) -> Fields {
    let c = &row.channel;
    let (path, url, user, transport) = match &c.source {
        Source::File { path } => (path.as_str(), "", "", Transport::Tcp),
        Source::Pull { url, user, transport, .. } => ("", url.as_str(), user.as_str(), *transport),
    };
    let transport = if transport == Transport::Udp { "udp" } else { "tcp" };
    values([
        ("gatherer_id", c.gatherer_id.to_string()),
        ("grade_id", c.grade_id.to_string()),
        ("class_name", c.class_name.clone()),
        ("room_id", row.room_id.map(|id| id.to_string()).unwrap_or_default()),
        ("mode", c.source.mode().to_owned()),
        ("path", path.to_owned()),
        ("url", url.to_owned()),
        ("user", user.to_owned()),
        ("transport", transport.to_owned()),
        ("enabled", u8::from(c.enabled).to_string()),
    ])
}

/// What the form knows of a stored channel.
#[derive(Clone, Copy)]
struct Stored {
    id: i64,
    has_password: bool,
}

async fn form(
    state: &AppState,
    l: Lang,
    stored: Option<Stored>,
    with: &Fields,
    faults: &[Fault],
) -> Result<FormView, WebError> {
    let gatherers = state.db.all_gatherers().await?;
    let gatherers = gatherers.iter().map(|g| Choice::new(g.id, &g.settings.name)).collect();
    let grades = state.db.all_grades().await?;
    let grades = grades.iter().map(|g| Choice::new(g.id, format!("{} {}", g.stage, g.name))).collect();
    let modes = vec![
        Choice::new("file", l.t("文件模式", "File"))
            .note(l.t("循环播放采集端上的一个 MP4 文件", "Plays an MP4 on the gatherer in a loop")),
        Choice::new("pull", l.t("拉流模式", "Stream"))
            .note(l.t("从摄像机或编码器拉取 rtsp / rtmp 流", "Pulls rtsp or rtmp from a camera or encoder")),
    ];
    let mut first = vec![
        Field::select("gatherer_id", l.t("采集端", "Gatherer"), gatherers).required(),
        Field::select("grade_id", l.t("所在年级", "Grade"), grades).required(),
        Field::text("class_name", l.t("所在班级", "Class"))
            .required()
            .placeholder(l.t("例如：一班", "e.g. Class 1"))
            .hint(l.t("最多 128 个字", "At most 128 characters")),
        Field::select("room_id", l.t("教室", "Room"), room_choices(state, l).await?).hint(l.t(
            "镜头所在的教室：课表中在这里上的课由这个通道录制",
            "Where the camera looks: lessons that the timetable holds there are recorded by this channel",
        )),
    ];
    if stored.is_none() {
        let text = l.t("保存后立即启动", "Start it when saved").to_owned();
        first.push(Field::new("enabled", l.t("启动", "Start"), Kind::Check(text)));
    }
    first.push(Field::new("mode", l.t("模式选择", "Mode"), Kind::Radio(modes)));
    let file =
        vec![Field::text("path", l.t("MP4 文件", "MP4 file")).placeholder("/data/课程.mp4").hint(l.t(
            "采集端上的完整路径，以 .mp4 结尾，最多 256 个字",
            "Full path on the gatherer ending in .mp4, at most 256 characters",
        ))];
    let action = stored.map_or(format!("{PATH}/new"), |s| format!("{PATH}/{}", s.id));
    let sections = vec![
        Section::plain(first),
        Section::titled(l.t("文件模式", "File"), "", file).class("when-file"),
        Section::titled(l.t("拉流模式", "Stream"), "", pull_fields(l, stored)).class("when-pull"),
    ];
    Ok(FormView::new(l, action, PATH, sections).filled(l, with, faults))
}

/// Every room, under its school's name when there are several.
async fn room_choices(state: &AppState, l: Lang) -> Result<Vec<Choice>, WebError> {
    let mut choices =
        vec![Choice::new("", l.t("未指定（只按录像表录制）", "Not set (recorded by weekly ranges only)"))];
    let schools = state.db.all_schools().await?;
    for school in &schools {
        for room in state.db.rooms(school.id).await? {
            let label = match schools.len() {
                1 => room.name,
                _ => format!("{} · {}", school.name, room.name),
            };
            choices.push(Choice::new(room.id, label));
        }
    }
    Ok(choices)
}

/// A camera looks into a room of its gatherer's school. Checked before anything is written.
async fn room_fault(
    state: &AppState,
    gatherer: GathererId,
    room: Option<RoomId>,
) -> Result<Option<Fault>, WebError> {
    let Some(room) = room else { return Ok(None) };
    let gatherer = match state.db.gatherer(gatherer).await {
        Ok(found) => found,
        Err(DbError::NotFound { .. }) => return Ok(None),
        Err(other) => return Err(other.into()),
    };
    let rooms = state.db.rooms(gatherer.settings.school_id).await?;
    let known = rooms.iter().any(|r| r.id == room);
    Ok((!known).then(|| Fault::new("room_id", Reason::Unknown)))
}

fn pull_fields(l: Lang, stored: Option<Stored>) -> Vec<Field> {
    let has_password = stored.is_some_and(|s| s.has_password);
    let transports = vec![Choice::new("tcp", "TCP"), Choice::new("udp", "UDP")];
    let (shown, hint) = match has_password {
        true => (
            "●●●●●●",
            l.t(
                "已保存密码，不显示。留空 = 保持不变。",
                "A password is stored and never shown. Empty = keep it.",
            ),
        ),
        false => ("", l.t("最多 64 个字；保存后不再显示", "At most 64 characters; never shown again")),
    };
    let mut fields = vec![
        Field::text("url", l.t("拉流地址", "Address"))
            .placeholder("rtsp://192.168.1.64:554/Streaming/Channels/101")
            .hint(l.t(
                "rtsp:// 或 rtmp:// 开头，最多 256 个字；用户名和密码写在下面",
                "Begins with rtsp:// or rtmp://, at most 256 characters; user and password go below",
            )),
        Field::text("user", l.t("用户名", "User")).autocomplete("off").hint(l.t(
            "摄像机不要求登录时留空，最多 64 个字",
            "Empty when the camera asks for none, at most 64 characters",
        )),
        Field::new("password", l.t("密码", "Password"), Kind::Password)
            .autocomplete("new-password")
            .placeholder(shown)
            .hint(hint),
    ];
    if has_password {
        let text = l.t("清除已保存的密码", "Forget the stored password").to_owned();
        fields.push(Field::new("clear_password", "", Kind::Check(text)));
    }
    fields.push(
        Field::new("transport", l.t("RTSP 传输方式", "RTSP transport"), Kind::Radio(transports)).hint(l.t(
            "TCP 更稳；只有摄像机不支持时才选 UDP",
            "TCP is steadier; UDP only when the camera has no TCP",
        )),
    );
    fields
}

fn framed(desk: Desk, zh: &str, en: &str) -> Desk {
    let many = desk.t("直播管理", "Channels").to_owned();
    desk.titled(zh, en).back_to(PATH, many)
}

async fn new(State(state): State<AppState>, desk: Desk) -> Result<Response, WebError> {
    let gatherer = desk.query.text("gatherer").to_owned();
    let usual = values([
        ("gatherer_id", gatherer),
        ("mode", "pull".to_owned()),
        ("transport", "tcp".to_owned()),
        ("enabled", "1".to_owned()),
    ]);
    let form = form(&state, desk.l, None, &usual, &[]).await?;
    let mut desk = framed(desk, "添加通道", "Add a channel");
    if state.db.all_gatherers().await?.is_empty() {
        let text = desk.t(
            "还没有采集端：请先在 采集管理 中添加。",
            "There is no gatherer yet: add one under Gatherers first.",
        );
        let text = text.to_owned();
        desk = desk.flash("warn", text);
    }
    Ok(answer(desk, form, &[]))
}

async fn add(State(state): State<AppState>, desk: Desk, fields: Fields) -> Result<Response, WebError> {
    let Asked { channel, room_id, mut faults, .. } = read(&fields);
    faults.extend(room_fault(&state, channel.gatherer_id, room_id).await?);
    if faults.is_empty() {
        match state.db.add_channel(&channel, state.now_ms()).await {
            Ok(id) => {
                if room_id.is_some() {
                    state.db.set_channel_room(id, room_id).await?;
                }
                tell(&state, channel.gatherer_id).await?;
                return Ok(done(PATH, "added"));
            }
            Err(error) => faults.push(as_fault(error, "class_name")?),
        }
    }
    let form = form(&state, desk.l, None, &fields, &faults).await?;
    Ok(answer(framed(desk, "添加通道", "Add a channel"), form, &faults))
}

/// Whether a password is stored. The password itself goes no further than this function.
async fn stored(state: &AppState, id: i64) -> Result<Stored, WebError> {
    let channel = state.db.channel_with_password(ChannelId(id)).await?;
    let has_password = matches!(&channel.source, Source::Pull { password, .. } if !password.is_empty());
    Ok(Stored { id, has_password })
}

async fn edit(State(state): State<AppState>, desk: Desk, Path(id): Path<i64>) -> Result<Response, WebError> {
    let row = state.db.channel(ChannelId(id)).await?;
    let stored = stored(&state, id).await?;
    let form = form(&state, desk.l, Some(stored), &form_values(&row), &[]).await?;
    let mut desk = framed(desk, "修改通道", "Change a channel");
    desk.title = format!("{} · {}", desk.title, full_name(&row));
    Ok(answer(desk, form, &[]))
}

async fn save(
    State(state): State<AppState>,
    desk: Desk,
    Path(id): Path<i64>,
    fields: Fields,
) -> Result<Response, WebError> {
    let before = state.db.channel(ChannelId(id)).await?;
    let Asked { channel, room_id, password, mut faults } = read(&fields);
    faults.extend(room_fault(&state, channel.gatherer_id, room_id).await?);
    if faults.is_empty() {
        let NewChannel { gatherer_id, grade_id, class_name, source, .. } = channel;
        let enabled = before.channel.enabled;
        let channel = Channel { id: ChannelId(id), gatherer_id, grade_id, class_name, source, enabled };
        match state.db.save_channel(&channel, password).await {
            Ok(()) => {
                if fields.all("room_id").next().is_some() {
                    state.db.set_channel_room(channel.id, room_id).await?;
                }
                tell(&state, before.channel.gatherer_id).await?;
                if gatherer_id != before.channel.gatherer_id {
                    tell(&state, gatherer_id).await?;
                }
                return Ok(done(PATH, "saved"));
            }
            Err(error) => faults.push(as_fault(error, "class_name")?),
        }
    }
    let stored = stored(&state, id).await?;
    let form = form(&state, desk.l, Some(stored), &fields, &faults).await?;
    Ok(answer(framed(desk, "修改通道", "Change a channel"), form, &faults))
}
