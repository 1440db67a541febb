//! A new change: first what and which lesson (by address, so that it works without scripts and can be linked), then its
//! fields, a preview, and the saving.

use super::ask::{Asked, KINDS, field_of};
use super::keep::keep;
use super::list::classes;
use super::preview::{Preview, choice};
use super::{PATH, describe};
use crate::error::WebError;
use crate::extract::Fields;
use crate::lang::Lang;
use crate::page::Page;
use crate::pages::admin::desk::{Desk, done};
use crate::pages::admin::form::{Choice, Field, FormView, Kind, Section, as_fault, first_of_each};
use crate::pages::admin::timetable::short_time;
use crate::pages::admin::today::read::today;
use crate::pages::admin::today::school::{Chosen, no_school};
use crate::pages::admin::trace_words::date as date_words;
use crate::state::AppState;
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use db::Directory;
use jiff::civil::Date;
use model::calendar::bell::{Period, PeriodKind};
use model::calendar::check_cells::Known;
use model::calendar::{Book, Lesson};
use model::fault::Fault;
use model::{ClassId, SchoolId};

/// Everything a form is drawn from.
struct Desktop {
    directory: Directory,
    book: Book,
    school: SchoolId,
    today: Date,
    asked: Asked,
}

#[derive(Template)]
#[template(path = "admin/change_form.html")]
struct ChangePage {
    s: Desk,
    school: String,
    choices: Vec<Choice>,
    kinds: Vec<Choice>,
    kind: &'static str,
    classes: Vec<Choice>,
    class: String,
    date: String,
    to_date: String,
    wants_to: bool,
    to_label: &'static str,
    lesson: String,
    form: Option<FormView>,
    nothing: String,
    preview: Option<Preview>,
    said: String,
}

async fn desktop(
    state: &AppState,
    desk: &Desk,
    school: SchoolId,
    fields: &Fields,
) -> Result<Desktop, WebError> {
    let today = today(state.now_ms(), &desk.zone);
    let asked = Asked::of(fields, today);
    let (from, to) = (asked.date.min(asked.to_date), asked.date.max(asked.to_date));
    let (directory, book) = (state.db.directory(school).await?, state.db.book(school, from, to).await?);
    Ok(Desktop { directory, book, school, today, asked })
}

/// `GET /admin/changes/new?school=&op=&class=&date=&lesson=…`
pub async fn new(State(state): State<AppState>, desk: Desk) -> Result<Response, WebError> {
    let Some(chosen) = Chosen::of(&state, &desk).await? else { return Ok(no_school(titled(desk, "1"))) };
    let fields = desk.query.clone();
    let d = desktop(&state, &desk, chosen.id(), &fields).await?;
    Ok(Page(page(desk, &d, &chosen, &fields, &[], None)).into_response())
}

fn titled(desk: Desk, school: &str) -> Desk {
    let back = desk.t("调课", "Changes").to_owned();
    desk.titled("添加调课", "New change").back_to(format!("{PATH}?school={school}"), back)
}

/// `POST /admin/changes/new`: `do=preview` shows, everything else saves.
pub async fn add(State(state): State<AppState>, desk: Desk, fields: Fields) -> Result<Response, WebError> {
    let chosen = Chosen::named(&state, fields.text("school")).await?.ok_or(WebError::NotFound)?;
    let d = desktop(&state, &desk, chosen.id(), &fields).await?;
    let asked = &d.asked;
    let next_n = match asked.made(&fields) {
        Some((class, date, period)) => state.db.next_n(d.school, class, date, period).await?,
        None => 1,
    };
    let known = Known {
        classes: d.directory.classes.iter().map(|c| c.id).collect(),
        subjects: d.directory.subjects.iter().map(|s| s.id).collect(),
        teachers: d.directory.teachers.iter().map(|t| t.id).collect(),
        rooms: d.directory.rooms.iter().map(|r| r.id).collect(),
    };
    let refuse = |desk: Desk, faults: Vec<Fault>, preview: Option<Preview>| {
        let page = Page(page(desk, &d, &chosen, &fields, &first_of_each(faults), preview));
        Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
    };
    let op = match asked.op(&fields, next_n) {
        Ok(op) => op,
        Err(faults) => return refuse(desk, faults, None),
    };
    if let Err(fault) = op.check(&d.book, &known, d.today) {
        return refuse(desk, vec![field_of(fault, asked.kind)], None);
    }
    let preview = Preview::of(desk.l, &d.book, &op, &d.directory, state.now_ms());
    if fields.text("do") == "preview" {
        let mut page = page(desk, &d, &chosen, &fields, &[], Some(preview));
        page.said = describe(page.s.l, &op, &d.directory, &d.book);
        return Ok(Page(page).into_response());
    }
    if !preview.refused.is_empty() || (!preview.teachers.is_empty() && !fields.flag("sure")) {
        return refuse(desk, Vec::new(), Some(preview));
    }
    match keep(&state, &desk.visitor, d.school, &op, fields.text("reason")).await {
        Ok(_) => Ok(done(&format!("{PATH}?school={}", d.school), "saved")),
        Err(WebError::Db(error)) => refuse(desk, vec![as_fault(error, "reason")?], Some(preview)),
        Err(other) => Err(other),
    }
}

fn page(
    desk: Desk,
    d: &Desktop,
    chosen: &Chosen,
    fields: &Fields,
    faults: &[Fault],
    preview: Option<Preview>,
) -> ChangePage {
    let (l, asked, school) = (desk.l, &d.asked, d.school.to_string());
    let mut desk = titled(desk, &school).seen_at(&address(d, fields));
    let lessons = lessons(d, asked.class, asked.date);
    let past = asked.date < d.today;
    let needs_lesson = asked.kind != "extra";
    let nothing = match (asked.class, past) {
        (None, _) => l.t("先选班级和日期。", "Choose a class and a date first."),
        (_, true) => l.t(
            "过去的课不能改，请选今天或以后的日期。",
            "The past cannot be changed: choose today or a later date.",
        ),
        (_, false) if needs_lesson && lessons.is_empty() => l.t(
            "这个班这一天没有课。要加一节，请选“加课”。",
            "This class has no lessons on this date. To add one choose “Extra lesson”.",
        ),
        _ => "",
    };
    let form = nothing.is_empty().then(|| {
        let mut form = FormView::new(
            l,
            "/admin/changes/new",
            format!("{PATH}?school={school}"),
            sections(l, d, &lessons, preview.as_ref()),
        );
        form.extra = vec![("do", "preview", l.t("预览", "Preview").to_owned())];
        let values = values(d, fields, &lessons);
        form.filled(l, &values, faults)
    });
    if let Some(preview) = &preview {
        for line in &preview.refused {
            desk = desk.flash("bad", line.clone());
        }
        for line in &preview.teachers {
            desk = desk.flash("warn", line.clone());
        }
    }
    let fields = form.iter().flat_map(|f| &f.sections).flat_map(|s| &s.fields);
    let marked: Vec<&str> = fields.filter(|f| f.error.is_some()).map(|f| f.name).collect();
    if !marked.is_empty() {
        desk = desk.flash("bad", l.t("没有保存：请修改标出的项。", "Not saved: correct the marked fields."));
    }
    // A fault of a field that this form does not show must not vanish.
    for fault in faults.iter().filter(|f| !marked.contains(&f.field)) {
        desk = desk.flash("bad", l.fault(fault));
    }
    let kind = |(value, zh, en, zh_note, en_note): &(&str, &str, &str, &str, &str)| {
        Choice::new(value, l.t(zh, en)).note(l.t(zh_note, en_note))
    };
    let mut classes = classes(l, &d.directory);
    if let Some(first) = classes.first_mut() {
        first.label = l.t("请选择", "Choose").to_owned();
    }
    ChangePage {
        choices: if chosen.is_open() { chosen.choices.clone() } else { Vec::new() },
        kinds: KINDS.iter().map(kind).collect(),
        kind: asked.kind,
        classes,
        class: asked.class.map(|id| id.to_string()).unwrap_or_default(),
        date: asked.date.to_string(),
        to_date: asked.to_date.to_string(),
        wants_to: matches!(asked.kind, "move" | "swap"),
        to_label: if asked.kind == "swap" {
            l.t("与哪天的课换", "Swapped with a lesson of")
        } else {
            l.t("调到哪天", "Moved to")
        },
        lesson: asked.lesson.map(|id| id.to_string()).unwrap_or_default(),
        nothing: nothing.to_owned(),
        form,
        preview,
        said: String::new(),
        school,
        s: desk,
    }
}

/// Where this page can be had again: for the language switch.
fn address(d: &Desktop, fields: &Fields) -> String {
    let asked = &d.asked;
    let class = asked.class.map(|id| id.to_string()).unwrap_or_default();
    let date = (asked.date, asked.to_date);
    format!(
        "{PATH}/new?school={}&op={}&class={class}&date={}&to_date={}&lesson={}",
        d.school,
        asked.kind,
        date.0,
        date.1,
        crate::page::encode(fields.text("lesson"))
    )
}

fn lessons(d: &Desktop, class: Option<ClassId>, date: Date) -> Vec<Lesson> {
    let Some(class) = class else { return Vec::new() };
    let mut lessons = d.book.expand(date).lessons;
    lessons.retain(|lesson| lesson.id.class == class);
    lessons
}

/// What the fields show: what was typed, else what the lesson has.
fn values(d: &Desktop, fields: &Fields, lessons: &[Lesson]) -> Fields {
    let asked = &d.asked;
    let names =
        ["teacher", "subject", "room", "to_period", "period", "b", "start", "end", "on", "reason", "sure"];
    let mut pairs: Vec<(String, String)> =
        names.iter().map(|name| ((*name).to_owned(), fields.text(name).to_owned())).collect();
    let chosen = asked.lesson.and_then(|id| lessons.iter().find(|lesson| lesson.id == id));
    let lesson = chosen.or(lessons.first().filter(|_| lessons.len() == 1));
    pairs.push(("lesson".to_owned(), lesson.map(|x| x.id.to_string()).unwrap_or_default()));
    if let Some(lesson) = lesson.filter(|_| asked.kind == "retime" && fields.text("start").is_empty()) {
        pairs.retain(|(name, _)| name != "start" && name != "end");
        pairs.push(("start".to_owned(), short_time(lesson.start_s)));
        pairs.push(("end".to_owned(), short_time(lesson.end_s)));
    }
    // The first free period, not one that the class has taken.
    let target = if asked.kind == "move" { Some(("to_period", asked.to_date)) } else { None };
    let target = target.or((asked.kind == "extra").then_some(("period", asked.date)));
    if let Some((name, date)) = target.filter(|(name, _)| fields.text(name).is_empty())
        && let Some((period, _)) = periods_of(d, date).into_iter().find(|(_, there)| there.is_none())
    {
        pairs.retain(|(kept, _)| kept != name);
        pairs.push((name.to_owned(), period.no.to_string()));
    }
    if asked.kind == "record" && fields.text("on").is_empty() {
        pairs.retain(|(name, _)| name != "on");
        let on = lesson.is_some_and(|lesson| !lesson.record);
        pairs.push(("on".to_owned(), u8::from(on).to_string()));
    }
    Fields::new(pairs)
}

fn sections(l: Lang, d: &Desktop, lessons: &[Lesson], preview: Option<&Preview>) -> Vec<Section> {
    let asked = &d.asked;
    let choices = |lessons: &[Lesson]| -> Vec<Choice> {
        lessons.iter().map(|x| Choice::new(x.id, choice(l, x, &d.book, &d.directory))).collect()
    };
    let mut fields = Vec::new();
    if asked.kind != "extra" {
        fields.push(Field::new("lesson", l.t("哪节课", "Lesson"), Kind::Radio(choices(lessons))).required());
    }
    match asked.kind {
        "substitute" => fields.extend([
            Field::select("teacher", l.t("代课教师", "Teacher"), teachers(d, l.t("不变", "as before"))),
            Field::select("subject", l.t("改上科目", "Subject"), subjects(d, l.t("不变", "as before"))),
            Field::select("room", l.t("改在教室", "Room"), rooms(d, l.t("不变", "as before"))),
        ]),
        "move" => fields.extend([
            Field::select("to_period", l.t("调到第几节", "Period there"), free_periods(l, d, asked.to_date))
                .required(),
            Field::select("room", l.t("教室", "Room"), rooms(d, l.t("不变", "as before"))),
        ]),
        "swap" => {
            let others: Vec<Lesson> = self::lessons(d, asked.class, asked.to_date);
            let label = format!("{} {}", l.t("换", "With, on"), l.of(&date_words(asked.to_date)));
            fields.push(Field::new("b", label, Kind::Radio(choices(&others))).required());
        }
        "extra" => {
            let mut periods = free_periods(l, d, asked.date);
            periods.push(Choice::new(0, l.t("课表外，自己填时间", "At times of its own")));
            fields.extend([
                Field::select("period", l.t("第几节", "Period"), periods).required(),
                time("start", l.t("开始（课表外才填）", "Start (own times only)")),
                time("end", l.t("结束（课表外才填）", "End (own times only)")),
                Field::select("subject", l.t("科目", "Subject"), subjects(d, l.t("请选择", "Choose")))
                    .required(),
                Field::select("teacher", l.t("教师", "Teacher"), teachers(d, l.t("不指定", "none"))),
                Field::select(
                    "room",
                    l.t("教室", "Room"),
                    rooms(d, l.t("班级自己的教室", "the class's own")),
                ),
            ]);
        }
        "retime" => fields.extend([
            time("start", l.t("开始", "Start")).required(),
            time("end", l.t("结束", "End")).required(),
        ]),
        "record" => fields.push(Field::new(
            "on",
            l.t("录像", "Recording"),
            Kind::Radio(vec![
                Choice::new(1, l.t("录这节", "Record it")),
                Choice::new(0, l.t("不录这节", "Do not record it")),
            ]),
        )),
        _ => {}
    }
    fields.extend(closing(l, d, preview));
    let title = format!("{} {}", l.of(&date_words(asked.date)), class_name(d));
    vec![Section::titled(title, "", fields)]
}

/// What every kind ends with: the reason, the question about teachers, and what was chosen above.
fn closing(l: Lang, d: &Desktop, preview: Option<&Preview>) -> Vec<Field> {
    let asked = &d.asked;
    let mut reason = Field::text("reason", l.t("理由", "Reason"));
    reason.hint = l
        .t(
            "例如：出差、运动会。会显示在这节课的说明里。",
            "Shown with the lesson, e.g. away on business, sports day.",
        )
        .to_owned();
    let mut fields = vec![reason];
    if preview.is_some_and(|p| p.refused.is_empty() && !p.teachers.is_empty()) {
        let text = l.t(
            "我知道教师同一时间有两节课，仍然保存",
            "I know that the teacher has two lessons at one time; save it",
        );
        fields.push(Field::new("sure", l.t("教师冲突", "Teacher"), Kind::Check(text.to_owned())));
    }
    let hidden = |name, value: String| Field { value, ..Field::new(name, "", Kind::Hidden) };
    let class = asked.class.map(|id| id.to_string()).unwrap_or_default();
    fields.extend([
        hidden("school", d.school.to_string()),
        hidden("op", asked.kind.to_owned()),
        hidden("class", class),
        hidden("date", asked.date.to_string()),
        hidden("to_date", asked.to_date.to_string()),
    ]);
    fields
}

fn time(name: &'static str, label: &str) -> Field {
    let mut field = Field::new(name, label, Kind::Time);
    field.placeholder = "08:00".to_owned();
    field
}

fn class_name(d: &Desktop) -> String {
    use crate::pages::admin::trace_words::Names;
    d.asked.class.and_then(|id| d.directory.class(id)).unwrap_or_default()
}

fn teachers(d: &Desktop, none: &str) -> Vec<Choice> {
    let all = d.directory.teachers.iter().map(|t| Choice::new(t.id, &t.name));
    std::iter::once(Choice::new("", none)).chain(all).collect()
}

fn subjects(d: &Desktop, none: &str) -> Vec<Choice> {
    let all = d.directory.subjects.iter().map(|s| Choice::new(s.id, &s.name));
    std::iter::once(Choice::new("", none)).chain(all).collect()
}

fn rooms(d: &Desktop, none: &str) -> Vec<Choice> {
    let all = d.directory.rooms.iter().map(|r| Choice::new(r.id, &r.name));
    std::iter::once(Choice::new("", none)).chain(all).collect()
}

/// The periods of the class's bells on a date, each with the lesson that the class has there.
fn periods_of(d: &Desktop, date: Date) -> Vec<(&Period, Option<Lesson>)> {
    let class = d.asked.class.unwrap_or(ClassId(0));
    let grade = d.book.roster.classes.iter().find(|c| c.id == class).map(|c| c.grade_id);
    let lessons = lessons(d, d.asked.class, date);
    let table = d.book.calendar.bells(date, grade).map(|(table, _)| table);
    let periods = table.map_or(&[][..], |t| &t.periods).iter().filter(|p| p.kind != PeriodKind::Break);
    let there = |p: &Period| lessons.iter().find(|x| x.start_s < p.end_s && p.start_s < x.end_s).cloned();
    periods.map(|p| (p, there(p))).collect()
}

/// The same as a menu.
fn free_periods(l: Lang, d: &Desktop, date: Date) -> Vec<Choice> {
    let choice = |(p, there): (&Period, Option<Lesson>)| {
        let note = match there {
            Some(lesson) => {
                format!("（{} {}）", l.t("已有", "taken:"), super::preview::content(l, &lesson, &d.directory))
            }
            None => String::new(),
        };
        let (start, end) = (short_time(p.start_s), short_time(p.end_s));
        Choice::new(p.no, format!("{} {start}–{end}{note}", p.label))
    };
    periods_of(d, date).into_iter().map(choice).collect()
}
