//! Third step of an import: what it would change, slot by slot with the cell of the file, what stands against it, and the
//! form that publishes it. Nothing is written before that form is sent.

use super::job::{Job, Known, today};
use super::plan::{ClassPlan, Fate, Line, Plan, plan};
use super::sheets::ProblemView;
use super::steps::{Step, framed, steps};
use super::words::Labels;
use crate::error::WebError;
use crate::extract::Fields;
use crate::lang::Lang;
use crate::page::Page;
use crate::pages::admin::desk::Desk;
use crate::state::AppState;
use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use db::VersionRow;
use jiff::civil::Date;
use model::ClassId;
use model::calendar::conflict::{CellConflict, Wanted, cell_conflicts};
use model::calendar::merge::Clash;
use model::calendar::{Cell, ClassInfo, Roster, Slot, Timetable};
use sheet::timetable::{Draft, Noun};
use sheet::{Code, Problem, Weight};
use std::collections::HashSet;

/// Problems listed on the page; more are counted.
const PROBLEMS_SHOWN: usize = 300;
/// Conflicts listed on the page; more are counted.
const CONFLICTS_SHOWN: usize = 100;

/// Everything the review and the publication need.
pub struct Review {
    /// The import.
    pub job: Job,
    /// The school's names.
    pub known: Known,
    /// The file's cells and what is to be made.
    pub draft: Draft,
    /// What would change.
    pub plan: Plan,
    /// Newest version, which the plan starts from; 0 = none yet.
    pub newest_no: i64,
    /// Its first date.
    pub newest_from: Option<Date>,
    /// The cells of the newest version.
    pub published: HashSet<Cell>,
    /// What stands against it.
    pub conflicts: Vec<CellConflict>,
}

/// The newest version and its cells; an empty timetable where there is none.
pub async fn newest(
    state: &AppState,
    school: model::SchoolId,
) -> Result<(Option<VersionRow>, Timetable), WebError> {
    let newest = state.db.timetable_versions(school).await?.into_iter().next();
    let cells = match &newest {
        Some(version) => state.db.timetable(school, version.no).await?,
        None => Timetable::default(),
    };
    Ok((newest, cells))
}

impl Review {
    /// Works the plan out against the newest version; `None` while names are unknown.
    pub async fn load(state: &AppState, desk: &Desk, id: i64) -> Result<Result<Self, String>, WebError> {
        let job = Job::load(state, desk, id).await?;
        let known = Known::read(state, job.school, today(state, &desk.zone)).await?;
        let draft = job.draft(&known);
        if !draft.unknown.is_empty() {
            return Ok(Err(job.at("names")));
        }
        let (newest, base) = newest(state, job.school).await?;
        let own_room = |class: ClassId| known.directory.classes.iter().find(|c| c.id == class)?.room_id;
        let plan = plan(&base, &draft.cells, &job.chosen.keep, &own_room);
        let published: HashSet<Cell> = base.cells.into_iter().collect();
        let conflicts = conflicts(&plan.after, &known, &draft, &published);
        let newest_no = newest.as_ref().map_or(0, |v| v.no);
        let newest_from = newest.map(|v| v.from);
        Ok(Ok(Self { job, known, draft, plan, newest_no, newest_from, published, conflicts }))
    }

    /// First date that is offered: today, or that of a version which is to come.
    pub fn usual_from(&self, today: Date) -> Date {
        self.newest_from.map_or(today, |from| from.max(today))
    }

    /// Whether somebody or something would be in two places: refused, or published only when the admin says so.
    pub fn count(&self, refused: bool) -> usize {
        self.conflicts.iter().filter(|c| matches!(c.wanted, Wanted::Class | Wanted::Room) == refused).count()
    }
}

/// Conflicts of a timetable in which classes to be made may stand. Teachers who were in two places before are none of this
/// import's: they have been confirmed with the version that made them so.
pub fn conflicts(
    after: &Timetable,
    known: &Known,
    draft: &Draft,
    published: &HashSet<Cell>,
) -> Vec<CellConflict> {
    let classes = known.directory.classes.iter();
    let mut classes: Vec<ClassInfo> = classes
        .map(|c| ClassInfo { id: c.id, grade_id: c.grade_id, room_id: c.room_id, record: c.record })
        .collect();
    for made in draft.create.iter().filter(|c| c.noun == Noun::Class) {
        let grade_id = made.grade.unwrap_or(model::GradeId(0));
        classes.push(ClassInfo { id: ClassId(made.stand_in), grade_id, room_id: None, record: true });
    }
    classes.sort_by_key(|c| c.id);
    let roster = Roster { classes, channels: Vec::new() };
    let mut found = cell_conflicts(after, &known.calendar, &roster);
    let confirmed = |c: &CellConflict| published.contains(&c.a) && published.contains(&c.b);
    found.retain(|c| c.wanted != Wanted::Teacher || !confirmed(c));
    found
}

struct LineView {
    tone: &'static str,
    fate: &'static str,
    slot: String,
    before: String,
    after: String,
    place: String,
}

struct ClassView {
    id: i64,
    name: String,
    replaced: bool,
    fresh: bool,
    new: usize,
    changed: usize,
    removed: usize,
    same: usize,
    lines: Vec<LineView>,
    open: bool,
}

struct ConflictView {
    tone: &'static str,
    what: String,
    a: String,
    b: String,
}

/// A slot that was published differently while the import was looked at.
pub struct ClashView {
    number: usize,
    slot: String,
    theirs: String,
    mine: String,
    key: String,
}

/// What the form holds.
pub struct Form {
    /// First date.
    pub from: String,
    /// Note.
    pub note: String,
    /// Published although teachers are in two places.
    pub teachers: bool,
    /// Version the visitor has seen.
    pub seen_no: i64,
    /// What is wrong with the date.
    pub error: Option<String>,
}

#[derive(Template)]
#[template(path = "admin/import_review.html")]
struct ReviewPage {
    s: Desk,
    steps: Vec<Step>,
    action: String,
    choose: String,
    counts: [usize; 4],
    untouched: usize,
    thinned: String,
    nothing: bool,
    idle: bool,
    classes: Vec<ClassView>,
    created: Vec<(&'static str, Vec<String>)>,
    problems: Vec<ProblemView>,
    more_problems: usize,
    missing: Vec<(String, String)>,
    bells: String,
    here: String,
    all_problems: usize,
    lost: usize,
    all_conflicts: usize,
    conflicts: Vec<ConflictView>,
    more_conflicts: usize,
    refused: usize,
    teachers: usize,
    clashes: Vec<ClashView>,
    form: Form,
    today: String,
    base: String,
    later: String,
    download: String,
}

/// `GET /admin/import/{job}/review`.
pub async fn show(
    State(state): State<AppState>,
    desk: Desk,
    Path(id): Path<i64>,
) -> Result<Response, WebError> {
    let review = match Review::load(&state, &desk, id).await? {
        Ok(review) => review,
        Err(elsewhere) => return Ok(Redirect::to(&elsewhere).into_response()),
    };
    if review.job.row.result.is_some() {
        return Ok(Redirect::to(&review.job.at("done")).into_response());
    }
    let today = today(&state, &desk.zone);
    let form = Form {
        from: review.usual_from(today).to_string(),
        note: String::new(),
        teachers: false,
        seen_no: review.newest_no,
        error: None,
    };
    Ok(Page(page(desk, &review, form, &[], today)).into_response())
}

/// `POST /admin/import/{job}/classes`: only the ticked classes are replaced.
pub async fn choose(
    State(state): State<AppState>,
    desk: Desk,
    Path(id): Path<i64>,
    fields: Fields,
) -> Result<Response, WebError> {
    let mut review = match Review::load(&state, &desk, id).await? {
        Ok(review) => review,
        Err(elsewhere) => return Ok(Redirect::to(&elsewhere).into_response()),
    };
    let ticked = fields.ids("replace");
    let classes = review.plan.classes.iter().map(|c| c.class.0);
    review.job.chosen.keep = classes.filter(|id| !ticked.contains(id)).collect();
    review.job.save(&state).await?;
    Ok(Redirect::to(&review.job.at("review")).into_response())
}

/// The page again with what is wrong, or with slots to choose for.
pub fn again(
    desk: Desk,
    review: &Review,
    form: Form,
    clashes: &[Clash],
    today: Date,
    status: StatusCode,
) -> Response {
    let desk = desk.seen_at(&review.job.at("review"));
    (status, Page(page(desk, review, form, clashes, today))).into_response()
}

fn line(labels: &Labels, l: Lang, line: &Line) -> LineView {
    let (tone, fate) = match line.fate {
        Fate::New => ("ok", l.t("新增", "New")),
        Fate::Changed => ("info", l.t("修改", "Changed")),
        Fate::Removed => ("warn", l.t("取消", "Removed")),
    };
    LineView {
        tone,
        fate,
        slot: labels.slot(line.slot),
        before: labels.cells(&line.before),
        after: labels.cells(&line.after),
        place: line.at.as_ref().map(ToString::to_string).unwrap_or_default(),
    }
}

/// Classes whose lines are open at once; more are folded.
const CLASSES_OPEN: usize = 3;
/// Lines of a class that are open at once.
const LINES_OPEN: usize = 30;

fn class_view(labels: &Labels, l: Lang, class: &ClassPlan, few: bool) -> ClassView {
    let count = |fate| class.lines.iter().filter(|line| line.fate == fate).count();
    ClassView {
        id: class.class.0,
        name: labels.class(class.class),
        replaced: class.replaced,
        fresh: class.class.0 < 0,
        new: count(Fate::New),
        changed: count(Fate::Changed),
        removed: count(Fate::Removed),
        same: class.same,
        lines: class.lines.iter().map(|one| line(labels, l, one)).collect(),
        open: few && (1..=LINES_OPEN).contains(&class.lines.len()),
    }
}

fn conflict(labels: &Labels, l: Lang, review: &Review, conflict: &CellConflict) -> ConflictView {
    let (tone, what) = match conflict.wanted {
        Wanted::Class => ("bad", l.t("班级冲突", "Class twice")),
        Wanted::Room => ("bad", l.t("教室冲突", "Room twice")),
        Wanted::Teacher => ("warn", l.t("教师冲突", "Teacher twice")),
    };
    let side = |cell: &Cell| {
        let place = match review.plan.places.get(cell) {
            Some(at) => at.to_string(),
            None => l.t("现行课表", "published").to_owned(),
        };
        format!("{} {} {} ({place})", labels.class(cell.class), labels.slot(cell.slot()), labels.cell(cell))
    };
    ConflictView { tone, what: what.to_owned(), a: side(&conflict.a), b: side(&conflict.b) }
}

/// A slot as a form names it.
pub fn slot_key(slot: Slot) -> String {
    format!("{}.{}.{}", slot.class, slot.day, slot.period)
}

fn created(l: Lang, review: &Review, labels: &Labels) -> Vec<(&'static str, Vec<String>)> {
    [Noun::Class, Noun::Subject, Noun::Teacher, Noun::Room]
        .into_iter()
        .filter_map(|noun| {
            let made = review.draft.create.iter().filter(|c| c.noun == noun);
            let names: Vec<String> = made
                .map(|c| match noun {
                    Noun::Class => labels.class(ClassId(c.stand_in)),
                    _ => c.name.clone(),
                })
                .collect();
            (!names.is_empty()).then(|| (super::words::noun(l, noun), names))
        })
        .collect()
}

/// Periods named that the bells lack; a file with more has its columns mixed up.
const PERIODS_SHOWN: usize = 60;
/// Cells named of a period that the bells lack.
const PLACES_SHOWN: usize = 10;

/// What is said of a period that the bells lack, and where it stands.
fn missing(l: Lang, label: &str, places: &[sheet::At]) -> (String, String) {
    let said = match l {
        Lang::Zh => format!("「{label}」不在作息表里，{} 节课没有读入", places.len()),
        Lang::En => format!("“{label}” is not in the bell table; {} lesson(s) were not read", places.len()),
    };
    let mut shown: Vec<String> = Vec::new();
    let mut sheet = "";
    for at in places.iter().take(PLACES_SHOWN) {
        shown.push(if at.sheet == sheet { at.cell() } else { at.to_string() });
        sheet = &at.sheet;
    }
    let more = if places.len() > PLACES_SHOWN { " …" } else { "" };
    (said, format!("{}{more}", shown.join(l.t("、", ", "))))
}

/// Classes that would lose more lessons than they have in the file: it may hold only a part.
fn thinned(labels: &Labels, l: Lang, plan: &Plan) -> String {
    let loses = |class: &&ClassPlan| {
        let removed = class.lines.iter().filter(|line| line.fate == Fate::Removed).count();
        class.replaced && removed > class.same + class.lines.len() - removed
    };
    let names: Vec<String> = plan.classes.iter().filter(loses).map(|c| labels.class(c.class)).collect();
    match (names.len(), l) {
        (0, _) => String::new(),
        (_, Lang::Zh) => format!(
            "这些班会取消一半以上的课：{}。文件如果只写了一部分课，请去掉它们的勾。",
            names.join("、")
        ),
        (_, Lang::En) => format!(
            "More than half of the lessons of these classes would go: {}. If the file holds only a part, untick them.",
            names.join(", ")
        ),
    }
}

fn page(desk: Desk, review: &Review, form: Form, clashes: &[Clash], today: Date) -> ReviewPage {
    let l = desk.l;
    let labels = Labels::new(l, &review.known, &review.draft.create);
    let plan = &review.plan;
    let few = plan.classes.iter().filter(|c| !c.lines.is_empty()).count() <= CLASSES_OPEN;
    // Who is in two places stands under the conflicts already; what was lost stands first.
    // So do, above all, periods that the bells lack: once a period and not once a lesson.
    let listed: HashSet<&sheet::At> = review.draft.missing.values().flatten().collect();
    let lost = review.draft.problems.iter().filter(|p| p.weight == Weight::Lost).count();
    let elsewhere = |p: &&Problem| {
        (p.code == Code::Clash && p.weight == Weight::Note)
            || (p.code == Code::BadPeriod && listed.contains(&p.at))
    };
    let mut problems: Vec<&Problem> = review.draft.problems.iter().filter(|p| !elsewhere(p)).collect();
    problems.sort_by_key(|p| p.weight != Weight::Lost);
    let shown: Vec<ProblemView> =
        problems.iter().take(PROBLEMS_SHOWN).map(|p| ProblemView::of(&desk, p)).collect();
    let mut conflicts: Vec<&CellConflict> = review.conflicts.iter().collect();
    conflicts.sort_by_key(|c| c.wanted == Wanted::Teacher);
    let conflicts: Vec<ConflictView> =
        conflicts.into_iter().take(CONFLICTS_SHOWN).map(|c| conflict(&labels, l, review, c)).collect();
    let view = |(number, clash): (usize, &Clash)| ClashView {
        number,
        slot: format!("{} {}", labels.class(clash.slot.class), labels.slot(clash.slot)),
        theirs: labels.cells(&clash.theirs),
        mine: labels.cells(&clash.mine),
        key: slot_key(clash.slot),
    };
    let base = match (review.newest_no, l) {
        (0, _) => l.t("目前还没有发布过课表。", "No timetable has been published yet.").to_owned(),
        (no, Lang::Zh) => format!("与第 {no} 版课表比较。"),
        (no, Lang::En) => format!("Compared with version {no}."),
    };
    let later = match review.newest_from.filter(|from| *from > today) {
        None => String::new(),
        Some(from) => match l {
            Lang::Zh => format!(
                "第 {} 版从 {from} 起才生效。新版本如果选更早的日期，到 {from} 会被它取代。",
                review.newest_no
            ),
            Lang::En => format!(
                "Version {} begins on {from}. A new one with an earlier date gives way to it on {from}.",
                review.newest_no
            ),
        },
    };
    let untouched = review.known.directory.classes.len()
        - plan.classes.iter().filter(|c| c.replaced && c.class.0 > 0).count();
    ReviewPage {
        steps: steps(&desk, &review.job, 2),
        action: review.job.at("publish"),
        choose: review.job.at("classes"),
        counts: plan.counts(),
        untouched,
        thinned: thinned(&labels, l, plan),
        nothing: plan.classes.is_empty(),
        idle: plan.is_idle(),
        classes: plan.classes.iter().map(|c| class_view(&labels, l, c, few)).collect(),
        created: created(l, review, &labels),
        all_problems: problems.len(),
        all_conflicts: review.conflicts.len(),
        more_problems: problems.len() - shown.len(),
        missing: review.draft.missing.iter().take(PERIODS_SHOWN).map(|(label, places)| missing(l, label, places)).collect(),
        bells: format!("/admin/calendar?school={}#bells", review.job.school),
        here: review.job.at("review"),
        lost,
        problems: shown,
        more_conflicts: review.conflicts.len() - conflicts.len(),
        conflicts,
        refused: review.count(true),
        teachers: review.count(false),
        clashes: clashes.iter().enumerate().map(view).collect(),
        form,
        today: today.to_string(),
        base,
        later,
        download: format!("/admin/import/export?school={}&as=class", review.job.school),
        s: framed(desk, &review.job, ("核对", "Review")).lead(
            "只有列出的班级会被文件里的课表替换，其余班级不动。发布总是产生新版本，可以一键回滚。",
            "Only the classes listed are replaced by the file, all others stay. Publishing always makes a new version and can be rolled back.",
        ),
    }
}
