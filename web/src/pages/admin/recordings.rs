//! 录像管理: recorded lessons, their subject and teacher, and their removal with files and stills.

use super::channels::full_name;
use super::desk::{Desk, done};
use super::form::{Choice, Field, FormView, Section, answer, as_fault, first_of_each, take, values};
use super::show::{bytes, duration, when};
use super::table::{Act, Cell, ConfirmPage, ListPage, Row, Search, Table};
use crate::error::WebError;
use crate::extract::Fields;
use crate::lang::Lang;
use crate::media;
use crate::page::{Page, encode};
use crate::state::AppState;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use db::{ChannelFilter, DbError, LessonFilter, LessonRow, PER_PAGE, SliceRow};
use jiff::ToSpan;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use model::fault::Fault;
use model::slice::SliceEnd;
use model::{ChannelId, SubjectId, TeacherId};

const PATH: &str = "/admin/recordings";

/// Its routes.
pub fn router() -> Router<AppState> {
    Router::new()
        .route(PATH, get(list))
        .route("/admin/recordings/delete", post(delete))
        .route("/admin/recordings/{key}", get(edit).post(save))
}

/// Start of a date in the school's zone, `plus` days later.
fn midnight(zone: &TimeZone, text: &str, plus: i64) -> Option<i64> {
    let date: Date = text.parse().ok()?;
    let date = date.checked_add(plus.days()).ok()?;
    Some(date.to_zoned(zone.clone()).ok()?.timestamp().as_millisecond())
}

async fn list(State(state): State<AppState>, desk: Desk) -> Result<Response, WebError> {
    Ok(Page(list_page(&state, desk).await?).into_response())
}

async fn list_page(state: &AppState, desk: Desk) -> Result<ListPage, WebError> {
    let desk = desk
        .titled("录像管理", "Recordings")
        .lead("一行是一节课，由一个或多个切片组成。", "One row is one lesson, made of one or more slices.");
    let q = &desk.query;
    let filter = LessonFilter {
        subject_id: q.number("subject").ok().map(SubjectId),
        channel_id: q.number("channel").ok().map(ChannelId),
        from_ms: midnight(&desk.zone, q.text("from"), 0),
        until_ms: midnight(&desk.zone, q.text("to"), 1),
        text: q.text("q").to_owned(),
        ..LessonFilter::default()
    };
    let found = state.db.list_lessons(&filter, db::Page::number(desk.page(), PER_PAGE)).await?;
    const COLUMNS: [(&str, &str); 8] = [
        ("截图", "Still"),
        ("科目 / 教师", "Subject / teacher"),
        ("班级", "Class"),
        ("时间", "Time"),
        ("时长", "Length"),
        ("大小 / 切片", "Size / slices"),
        ("状态", "State"),
        ("操作", "Actions"),
    ];
    let asked = ["q", "subject", "channel", "from", "to"].map(|k| (k, desk.query.text(k).to_owned()));
    let pairs: Vec<(&str, &str)> = asked.iter().map(|(k, v)| (*k, v.as_str())).collect();
    let mut table = Table::new(&desk, PATH, &COLUMNS, &pairs, found.total);
    for lesson in &found.rows {
        let slices = state.db.slices_of_lesson(&lesson.lesson_key).await?;
        table.rows.push(line(state, &desk, lesson, &slices));
    }
    if pairs.iter().all(|(_, v)| v.is_empty()) {
        table.empty = desk
            .t(
                "还没有录像。在 直播管理 里给通道设置录像表，到时间会自动录像并上传。",
                "No recording yet. Give a channel a timetable under Channels; lessons record and upload by themselves.",
            )
            .to_owned();
    }
    let search = search(state, &desk).await?;
    Ok(ListPage::new(desk, Vec::new(), search, table))
}

async fn search(state: &AppState, desk: &Desk) -> Result<Vec<Search>, WebError> {
    let subjects = state.db.all_subjects().await?.iter().map(|s| Choice::new(s.id, &s.name)).collect();
    let channels = state.db.list_channels(&ChannelFilter::default(), db::Page::first(500)).await?;
    let channels = channels.rows.iter().map(|c| Choice::new(c.channel.id, full_name(c))).collect();
    Ok(vec![
        Search::text(desk, "按科目、教师、班级查找", "Search subject, teacher, class"),
        Search::menu(desk, "subject", ("科目", "Subject"), subjects),
        Search::menu(desk, "channel", ("通道", "Channel"), channels),
        Search::date(desk, "from", "从", "From"),
        Search::date(desk, "to", "到", "To"),
    ])
}

fn class_name(lesson: &LessonRow) -> String {
    format!("{}{} {}", lesson.stage, lesson.grade_name, lesson.class_name)
}

fn called(lesson: &LessonRow, zone: &TimeZone) -> String {
    format!("{} {} {}", when(zone, lesson.started_at_ms), lesson.subject_name, class_name(lesson))
}

fn line(state: &AppState, desk: &Desk, lesson: &LessonRow, slices: &[SliceRow]) -> Row {
    let l = desk.l;
    let key = encode(&lesson.lesson_key);
    let play = format!("/lesson/{key}");
    let still = lesson.still_object_id.as_deref();
    let still = still.map(|id| media::still(state, &desk.visitor, id)).unwrap_or_default();
    let count = match l {
        Lang::Zh => format!("{} 个切片", lesson.slice_count),
        Lang::En => format!("{} slice(s)", lesson.slice_count),
    };
    let fact = |text: String, sub: String| Cell::Fact { key: "", text, sub };
    let change = Act::link(format!("{PATH}/{key}"), l.t("修改", "Change"));
    Row {
        id: lesson.lesson_key.clone(),
        name: called(lesson, &desk.zone),
        cells: vec![
            Cell::Picture { src: still, href: play.clone() },
            fact(lesson.subject_name.clone(), lesson.teacher_name.clone()),
            fact(class_name(lesson), lesson.school_name.clone()),
            Cell::Text(when(&desk.zone, lesson.started_at_ms)),
            Cell::Text(duration(lesson.duration_ms)),
            fact(bytes(lesson.size_bytes.max(0).unsigned_abs()), count),
            Cell::Badges(marks(l, slices)),
            Cell::Do(vec![Act { class: "main", ..Act::link(play, l.t("播放", "Play")) }, change]),
        ],
    }
}

/// How a lesson's slices ended: everything that was not the bell or the slice's length.
fn marks(l: Lang, slices: &[SliceRow]) -> Vec<(&'static str, String)> {
    let mut marks: Vec<(&'static str, String)> = Vec::new();
    for slice in slices {
        let mark = match slice.facts.end {
            SliceEnd::Bell | SliceEnd::Length => continue,
            SliceEnd::SourceLost => ("warn", l.t("来源中断", "Source lost")),
            SliceEnd::SourceChanged => ("info", l.t("来源变化", "Source changed")),
            SliceEnd::Cancelled => ("idle", l.t("提前结束", "Ended early")),
            SliceEnd::Shutdown => ("idle", l.t("采集端停机", "Gatherer stopped")),
            SliceEnd::Disk => ("warn", l.t("采集端磁盘故障或过慢", "Gatherer's disk failed or was too slow")),
            SliceEnd::Recovered => ("info", l.t("断电后恢复", "Recovered")),
        };
        let mark = (mark.0, mark.1.to_owned());
        if !marks.contains(&mark) {
            marks.push(mark);
        }
    }
    if marks.is_empty() {
        marks.push(("ok", l.t("正常", "Fine").to_owned()));
    }
    marks
}

fn framed(desk: Desk, zh: &str, en: &str) -> Desk {
    let many = desk.t("录像管理", "Recordings").to_owned();
    desk.titled(zh, en).back_to(PATH, many)
}

async fn form(
    state: &AppState,
    desk: &Desk,
    lesson: &LessonRow,
    with: &Fields,
    faults: &[Fault],
) -> Result<FormView, WebError> {
    let l = desk.l;
    let subjects = state.db.all_subjects().await?.iter().map(|s| Choice::new(s.id, &s.name)).collect();
    let teachers = state.db.all_teachers().await?.iter().map(|t| Choice::new(t.id, &t.name)).collect();
    let slices = state.db.slices_of_lesson(&lesson.lesson_key).await?;
    let mut facts = vec![
        Field::fixed("class", l.t("所在班级", "Class"), class_name(lesson)),
        Field::fixed("time", l.t("时间", "Time"), when(&desk.zone, lesson.started_at_ms)),
        Field::fixed("length", l.t("时长", "Length"), duration(lesson.duration_ms)),
        Field::fixed("key", l.t("文件标识", "File mark"), &lesson.lesson_key),
    ];
    for (n, slice) in slices.iter().enumerate() {
        facts.push(Field::fixed(
            "slice",
            format!("{} {}", l.t("切片", "Slice"), n + 1),
            slice_line(l, slice),
        ));
    }
    let sections = vec![
        Section::plain(vec![
            Field::select("subject_id", l.t("科目", "Subject"), subjects).required(),
            Field::select("teacher_id", l.t("教师", "Teacher"), teachers).required(),
        ]),
        Section::titled(l.t("录像", "Recording"), "", facts),
    ];
    let action = format!("{PATH}/{}", encode(&lesson.lesson_key));
    Ok(FormView::new(l, action, PATH, sections).filled(l, with, faults))
}

fn slice_line(l: Lang, slice: &SliceRow) -> String {
    let f = &slice.facts;
    let how = marks(l, std::slice::from_ref(slice)).into_iter().map(|m| m.1).collect::<Vec<_>>().join(" ");
    let audio = if f.audio_codec.is_empty() { l.t("无声音", "no sound") } else { &f.audio_codec };
    let size = bytes(f.size_bytes.max(0).unsigned_abs());
    format!(
        "{} · {size} · {} {}×{} · {audio} · {how}",
        duration(f.duration_ms),
        f.video_codec,
        f.width,
        f.height
    )
}

async fn edit(
    State(state): State<AppState>,
    desk: Desk,
    Path(key): Path<String>,
) -> Result<Response, WebError> {
    let lesson = state.db.lesson(&key).await?;
    let with = values([
        ("subject_id", lesson.subject_id.to_string()),
        ("teacher_id", lesson.teacher_id.to_string()),
    ]);
    let form = form(&state, &desk, &lesson, &with, &[]).await?;
    Ok(answer(framed(desk, "修改录像", "Change a recording"), form, &[]))
}

async fn save(
    State(state): State<AppState>,
    desk: Desk,
    Path(key): Path<String>,
    fields: Fields,
) -> Result<Response, WebError> {
    let lesson = state.db.lesson(&key).await?;
    let mut faults = Vec::new();
    let subject = SubjectId(take(&mut faults, fields.number("subject_id"), 0));
    let teacher = TeacherId(take(&mut faults, fields.number("teacher_id"), 0));
    if faults.is_empty() {
        match state.db.save_lesson(&key, subject, teacher).await {
            Ok(()) => return Ok(done(PATH, "saved")),
            Err(error) => faults.push(as_fault(error, "subject_id")?),
        }
    }
    let faults = first_of_each(faults);
    let form = form(&state, &desk, &lesson, &fields, &faults).await?;
    Ok(answer(framed(desk, "修改录像", "Change a recording"), form, &faults))
}

/// 删除选中: rows first, then the files; what storage cannot remove now is tried again later.
async fn delete(State(state): State<AppState>, desk: Desk, fields: Fields) -> Result<Response, WebError> {
    let mut lessons = Vec::new();
    for key in fields.all("id").take(500) {
        match state.db.lesson(key).await {
            Ok(lesson) => lessons.push(lesson),
            Err(DbError::NotFound { .. }) => {}
            Err(other) => return Err(other.into()),
        }
    }
    let desk = desk.seen_at(PATH);
    if lessons.is_empty() {
        let text = desk.t("请先勾选要删除的行。", "Tick the rows to remove first.").to_owned();
        let page = Page(list_page(&state, desk.flash("bad", text)).await?);
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    }
    if !fields.flag("sure") {
        return Ok(Page(question(desk, &lessons)).into_response());
    }
    for lesson in &lessons {
        let objects = state.db.delete_lesson(&lesson.lesson_key, state.now_ms()).await?;
        media::remove(&state, objects).await;
    }
    Ok(done(PATH, &format!("deleted&n={}", lessons.len())))
}

fn question(desk: Desk, lessons: &[LessonRow]) -> ConfirmPage {
    let l = desk.l;
    ConfirmPage {
        action: "/admin/recordings/delete".to_owned(),
        hidden: lessons.iter().map(|r| ("id".to_owned(), r.lesson_key.clone())).collect(),
        question: l.t("将删除下列录像：", "These recordings will be removed:").to_owned(),
        things: lessons.iter().map(|r| called(r, &desk.zone)).collect(),
        warning: l
            .t("录像文件和截图会一起删除，不能恢复。", "Files and stills are removed too, for good.")
            .to_owned(),
        typed: None,
        must_type: String::new(),
        submit: l.t("删除", "Remove").to_owned(),
        cancel: PATH.to_owned(),
        s: framed(desk, "确认删除", "Confirm removal"),
    }
}
