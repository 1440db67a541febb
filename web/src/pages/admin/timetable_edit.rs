//! Changing a 录像表: add, change and remove a range, copy a day, clear a day or the week. Every change is one
//! transaction, is refused on an outdated page, and is sent to the gatherer.

use super::desk::{Desk, done};
use super::form::{
    Choice, Field, FormPage, FormView, Kind, Section, answer, as_fault, first_of_each, take, values,
};
use super::range_title::retitle;
use super::show::weekday;
use super::table::ConfirmPage;
use super::timetable::{framed, page, path, short_time};
use super::told::tell;
use crate::error::WebError;
use crate::extract::Fields;
use crate::lang::Lang;
use crate::page::Page;
use crate::state::AppState;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use db::{ChannelRow, DbError, RangeChanges, RangeEdit, range_revision};
use model::fault::{Fault, Reason, check_range};
use model::timetable::{WeeklyRange, parse_time_of_day};
use model::{ChannelId, RangeId, SubjectId, TeacherId};

/// A new range is an hour long (R-SCH-02).
const USUAL_S: u32 = 3600;
/// Where the first range of an empty day starts.
const MORNING_S: u32 = 8 * 3600;

fn read(form: &Fields, id: Option<RangeId>) -> (RangeEdit, Vec<Fault>) {
    let mut faults = Vec::new();
    let day = form.number("weekday").and_then(|n| check_range("weekday", n, 0, 6));
    let edit = RangeEdit {
        id,
        weekday: take(&mut faults, day, 0) as u8,
        start_s: take(&mut faults, parse_time_of_day("start", form.text("start")), 0),
        end_s: take(&mut faults, parse_time_of_day("end", form.text("end")), 0),
        subject_id: SubjectId(take(&mut faults, form.number("subject_id"), 0)),
        teacher_id: TeacherId(take(&mut faults, form.number("teacher_id"), 0)),
    };
    (edit, first_of_each(faults))
}

async fn form(
    state: &AppState,
    l: Lang,
    action: String,
    id: ChannelId,
    with: &Fields,
    faults: &[Fault],
) -> Result<FormView, WebError> {
    let days = [1, 2, 3, 4, 5, 6, 0].map(|d| Choice::new(d, weekday(l, d))).into();
    let subjects = state.db.all_subjects().await?.iter().map(|s| Choice::new(s.id, &s.name)).collect();
    let teachers = state.db.all_teachers().await?.iter().map(|t| Choice::new(t.id, &t.name)).collect();
    let fields = vec![
        Field::select("weekday", l.t("星期", "Weekday"), days),
        Field::new("start", l.t("开始", "Start"), Kind::Time).required().placeholder("08:00"),
        Field::new("end", l.t("结束", "End"), Kind::Time).required().placeholder("08:45").hint(l.t(
            "时:分 或 时:分:秒；最晚 24:00:00；至少比开始晚 31 秒。前一节的结束可以等于后一节的开始。",
            "HH:MM or HH:MM:SS, at most 24:00:00, more than 30 s after the start. One may end when the next begins.",
        )),
        Field::select("subject_id", l.t("科目", "Subject"), subjects).required(),
        Field::select("teacher_id", l.t("教师", "Teacher"), teachers).required(),
        Field::hidden("rev", range_revision(&state.db.ranges(id).await?)),
    ];
    Ok(FormView::new(l, action, path(id), vec![Section::plain(fields)]).filled(l, with, faults))
}

async fn frame(
    state: &AppState,
    desk: Desk,
    channel: &ChannelRow,
    zh: &str,
    en: &str,
) -> Result<Desk, WebError> {
    let mut desk = framed(desk, channel);
    let back = desk.title.clone();
    desk = desk.titled(zh, en).back_to(path(channel.channel.id), back);
    if state.db.all_teachers().await?.is_empty() {
        let text = desk.t(
            "还没有教师：请先在 教学管理 → 教师 中添加。",
            "There is no teacher yet: add one under Teaching → Teachers first.",
        );
        let text = text.to_owned();
        desk = desk.flash("warn", text);
    }
    Ok(desk)
}

/// A range to begin with: an hour after the day's last one, else in the morning.
fn suggested(week: &[WeeklyRange], day: u8) -> (u32, u32) {
    let last = week.iter().filter(|r| r.weekday == day).map(|r| r.end_s).max();
    let start = last.filter(|end| *end + USUAL_S <= model::timetable::DAY_S).unwrap_or(MORNING_S);
    (start, start + USUAL_S)
}

/// `GET …/timetable/new?day=1`
pub async fn new(
    State(state): State<AppState>,
    desk: Desk,
    Path(id): Path<i64>,
) -> Result<Response, WebError> {
    let id = ChannelId(id);
    let channel = state.db.channel(id).await?;
    let day = desk.query.small::<u8>("day").ok().filter(|d| *d < 7).unwrap_or(1);
    let (start, end) = suggested(&state.db.ranges(id).await?, day);
    let usual =
        values([("weekday", day.to_string()), ("start", short_time(start)), ("end", short_time(end))]);
    let form = form(&state, desk.l, format!("{}/new", path(id)), id, &usual, &[]).await?;
    Ok(answer(frame(&state, desk, &channel, "添加时间段", "Add a range").await?, form, &[]))
}

/// `POST …/timetable/new`
pub async fn add(
    State(state): State<AppState>,
    desk: Desk,
    Path(id): Path<i64>,
    fields: Fields,
) -> Result<Response, WebError> {
    put(&state, desk, ChannelId(id), None, fields).await
}

/// `GET …/timetable/{range}`
pub async fn edit(
    State(state): State<AppState>,
    desk: Desk,
    Path((id, range)): Path<(i64, i64)>,
) -> Result<Response, WebError> {
    let id = ChannelId(id);
    let channel = state.db.channel(id).await?;
    let week = state.db.ranges(id).await?;
    let found = week.iter().find(|r| r.id.0 == range).ok_or(WebError::NotFound)?;
    let with = values([
        ("weekday", found.weekday.to_string()),
        ("start", short_time(found.start_s)),
        ("end", short_time(found.end_s)),
        ("subject_id", found.subject_id.to_string()),
        ("teacher_id", found.teacher_id.to_string()),
    ]);
    let mut form = form(&state, desk.l, format!("{}/{range}", path(id)), id, &with, &[]).await?;
    form.extra.push(("do", "delete", desk.t("删除", "Remove").to_owned()));
    Ok(answer(frame(&state, desk, &channel, "修改时间段", "Change a range").await?, form, &[]))
}

/// `POST …/timetable/{range}`
pub async fn save(
    State(state): State<AppState>,
    desk: Desk,
    Path((id, range)): Path<(i64, i64)>,
    fields: Fields,
) -> Result<Response, WebError> {
    put(&state, desk, ChannelId(id), Some(RangeId(range)), fields).await
}

/// What became of a change.
pub enum Outcome {
    /// Written, and the gatherer has been told.
    Saved,
    /// Somebody else saved meanwhile: nothing was written.
    Outdated,
    /// It breaks a rule: nothing was written.
    Refused(Fault),
}

/// Writes `changes` if the week is still the one the page showed, and tells the gatherer.
pub async fn write(
    state: &AppState,
    channel: &ChannelRow,
    rev: &str,
    changes: &RangeChanges,
) -> Result<Outcome, WebError> {
    let id = channel.channel.id;
    // Was it another week than the page's, nothing is saved.
    let before = state.db.ranges(id).await?;
    match state.db.save_ranges_at(id, rev, changes).await {
        Ok(after) => {
            tell(state, channel.channel.gatherer_id).await?;
            retitle(state, &before, &after).await?;
            Ok(Outcome::Saved)
        }
        Err(DbError::Outdated { .. }) => Ok(Outcome::Outdated),
        Err(DbError::Fault(fault)) => Ok(Outcome::Refused(fault)),
        Err(other) => Ok(Outcome::Refused(as_fault(other, "start")?)),
    }
}

/// Adds a range or saves one.
async fn put(
    state: &AppState,
    desk: Desk,
    id: ChannelId,
    range: Option<RangeId>,
    fields: Fields,
) -> Result<Response, WebError> {
    let channel = state.db.channel(id).await?;
    let deletes = fields.text("do") == "delete";
    let (edit, mut faults) = read(&fields, range);
    let changes = match range.filter(|_| deletes) {
        Some(range) => {
            faults.clear();
            RangeChanges { edits: Vec::new(), removed: vec![range] }
        }
        None => RangeChanges { edits: vec![edit], removed: Vec::new() },
    };
    let mut desk = desk;
    if faults.is_empty() {
        match write(state, &channel, fields.text("rev"), &changes).await? {
            Outcome::Saved => {
                return Ok(done(&path(id), if deletes { "deleted&n=1" } else { "saved" }));
            }
            Outcome::Refused(fault) => faults.push(fault),
            Outcome::Outdated => return outdated_form(state, desk, &channel, range, &fields).await,
        }
    }
    if faults.iter().any(|f| matches!(f.reason, Reason::Overlap { .. })) {
        let text = desk.t("时间段发生重叠，应用失败！", "The ranges overlap: nothing was saved!").to_owned();
        desk = desk.flash("bad", text);
    }
    let (form, desk) = redrawn(state, desk, &channel, range, &fields, &faults).await?;
    Ok(answer(desk, form, &faults))
}

async fn redrawn(
    state: &AppState,
    desk: Desk,
    channel: &ChannelRow,
    range: Option<RangeId>,
    fields: &Fields,
    faults: &[Fault],
) -> Result<(FormView, Desk), WebError> {
    let id = channel.channel.id;
    let (last, zh, en) = match range {
        Some(range) => (range.to_string(), "修改时间段", "Change a range"),
        None => ("new".to_owned(), "添加时间段", "Add a range"),
    };
    let mut form = form(state, desk.l, format!("{}/{last}", path(id)), id, fields, faults).await?;
    if range.is_some() {
        form.extra.push(("do", "delete", desk.t("删除", "Remove").to_owned()));
    }
    Ok((form, frame(state, desk, channel, zh, en).await?))
}

/// Keeps what was typed and shows the week as it is now when the form is sent again.
async fn outdated_form(
    state: &AppState,
    desk: Desk,
    channel: &ChannelRow,
    range: Option<RangeId>,
    fields: &Fields,
) -> Result<Response, WebError> {
    let text = outdated(desk.l);
    let desk = desk.flash("bad", text);
    let (form, desk) = redrawn(state, desk, channel, range, fields, &[]).await?;
    Ok((StatusCode::CONFLICT, Page(FormPage { s: desk, form })).into_response())
}

fn outdated(l: Lang) -> &'static str {
    l.t(
        "没有保存：这张录像表在您打开页面之后被别人修改过。请返回核对最新内容，需要时再保存一次。",
        "Not saved: somebody changed this timetable after you opened the page. Look at it as it is now, then save again if still needed.",
    )
}

/// Answers a change made on the week's own page.
async fn finish(
    state: &AppState,
    desk: Desk,
    channel: &ChannelRow,
    rev: &str,
    changes: &RangeChanges,
) -> Result<Response, WebError> {
    let id = channel.channel.id;
    let text = match write(state, channel, rev, changes).await? {
        Outcome::Saved => return Ok(done(&path(id), "saved")),
        Outcome::Outdated => outdated(desk.l).to_owned(),
        Outcome::Refused(fault) => desk.l.fault(&fault),
    };
    let page = page(state, desk.flash("bad", text), id).await?;
    Ok((StatusCode::CONFLICT, page).into_response())
}

/// `POST …/timetable/copy`: the chosen days get exactly the ranges of one day; what they had goes (R-SCH-06).
pub async fn copy(
    State(state): State<AppState>,
    desk: Desk,
    Path(id): Path<i64>,
    fields: Fields,
) -> Result<Response, WebError> {
    let channel = state.db.channel(ChannelId(id)).await?;
    let from = take(&mut Vec::new(), fields.number("from"), -1);
    let to: Vec<i64> = fields.ids("to").into_iter().filter(|d| (0..7).contains(d) && *d != from).collect();
    if to.is_empty() || !(0..7).contains(&from) {
        let text = desk
            .t("没有复制：请先勾选要复制到哪几天。", "Nothing was copied: tick the days to copy to.")
            .to_owned();
        let page = page(&state, desk.flash("bad", text), channel.channel.id).await?;
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    }
    let week = state.db.ranges(channel.channel.id).await?;
    let changes = copied(&week, from as u8, &to.iter().map(|d| *d as u8).collect::<Vec<_>>());
    finish(&state, desk, &channel, fields.text("rev"), &changes).await
}

/// The changes that give every day of `to` the ranges of `from`.
fn copied(week: &[WeeklyRange], from: u8, to: &[u8]) -> RangeChanges {
    let removed = week.iter().filter(|r| to.contains(&r.weekday)).map(|r| r.id).collect();
    let source: Vec<&WeeklyRange> = week.iter().filter(|r| r.weekday == from).collect();
    let edits = to
        .iter()
        .flat_map(|day| {
            source.iter().map(|r| RangeEdit {
                id: None,
                weekday: *day,
                start_s: r.start_s,
                end_s: r.end_s,
                subject_id: r.subject_id,
                teacher_id: r.teacher_id,
            })
        })
        .collect();
    RangeChanges { edits, removed }
}

/// `POST …/timetable/clear`: removes a day (`day=1`) or the week (`day=all`), after asking.
pub async fn clear(
    State(state): State<AppState>,
    desk: Desk,
    Path(id): Path<i64>,
    fields: Fields,
) -> Result<Response, WebError> {
    let channel = state.db.channel(ChannelId(id)).await?;
    let day = fields.text("day");
    let week = state.db.ranges(channel.channel.id).await?;
    let chosen: Vec<&WeeklyRange> =
        week.iter().filter(|r| day == "all" || day == r.weekday.to_string()).collect();
    if !fields.flag("sure") {
        return Ok(Page(question(desk, &channel, day, fields.text("rev"), &chosen)).into_response());
    }
    let removed = chosen.iter().map(|r| r.id).collect();
    finish(&state, desk, &channel, fields.text("rev"), &RangeChanges { edits: Vec::new(), removed }).await
}

fn question(desk: Desk, channel: &ChannelRow, day: &str, rev: &str, chosen: &[&WeeklyRange]) -> ConfirmPage {
    let l = desk.l;
    let back = path(channel.channel.id);
    let desk = framed(desk, channel).seen_at(&back);
    let title = desk.title.clone();
    let things = chosen
        .iter()
        .map(|r| format!("{} {}–{}", weekday(l, r.weekday), short_time(r.start_s), short_time(r.end_s)))
        .collect();
    ConfirmPage {
        s: desk.titled("删除时间段", "Remove ranges").back_to(&back, title),
        action: format!("{back}/clear"),
        hidden: vec![("day".to_owned(), day.to_owned()), ("rev".to_owned(), rev.to_owned())],
        question: l
            .t("将从录像表删除下列时间段：", "These ranges will be removed from the timetable:")
            .to_owned(),
        things,
        warning: l
            .t(
                "已经录好的录像不受影响；正在录的会立即结束。",
                "Recorded lessons stay; one that is being recorded ends at once.",
            )
            .to_owned(),
        typed: None,
        must_type: String::new(),
        submit: l.t("删除", "Remove").to_owned(),
        cancel: back,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(id: i64, weekday: u8, start_s: u32) -> WeeklyRange {
        WeeklyRange {
            id: RangeId(id),
            channel_id: ChannelId(1),
            weekday,
            start_s,
            end_s: start_s + 2700,
            subject_id: SubjectId(1),
            teacher_id: TeacherId(1),
        }
    }

    #[test]
    fn a_copied_day_replaces_the_others_and_keeps_itself() {
        let week = [range(1, 1, 28_800), range(2, 1, 36_000), range(3, 2, 40_000), range(4, 5, 0)];
        let changes = copied(&week, 1, &[2, 3]);
        assert_eq!(changes.removed, [RangeId(3)]);
        let days: Vec<(u8, u32)> = changes.edits.iter().map(|e| (e.weekday, e.start_s)).collect();
        assert_eq!(days, [(2, 28_800), (2, 36_000), (3, 28_800), (3, 36_000)]);
    }

    #[test]
    fn a_new_range_follows_the_last_one_of_its_day() {
        let week = [range(1, 1, 28_800), range(2, 2, 82_000)];
        assert_eq!(suggested(&week, 1), (31_500, 35_100));
        assert_eq!(suggested(&week, 2), (MORNING_S, MORNING_S + USUAL_S));
        assert_eq!(suggested(&week, 3), (MORNING_S, MORNING_S + USUAL_S));
    }
}
