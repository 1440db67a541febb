//! What the days look like after a change, and who would be in two places: before it is made.

use crate::lang::{Lang, Text};
use crate::pages::admin::today::board::times;
use crate::pages::admin::trace_words::{Names, date, lesson, or_number, period, words};
use db::Directory;
use jiff::civil::Date;
use model::ClassId;
use model::calendar::conflict::{LessonConflict, Wanted, lesson_conflicts};
use model::calendar::{Book, Day, Lesson, LessonId, Op, Step};
use std::collections::BTreeSet;

/// A lesson of a day as it would be.
pub struct Line {
    /// 第3节.
    pub period: String,
    /// `08:00–08:45`.
    pub times: String,
    /// Subject, teacher, room.
    pub what: String,
    /// `new`, `other`, `gone` or `same`.
    pub class: &'static str,
    /// What that class means, in a word; empty for `same`.
    pub mark: String,
}

/// A day of a class as it would be.
pub struct DayView {
    /// Its date.
    pub name: String,
    /// Its lessons.
    pub lines: Vec<Line>,
}

/// A change, supposed.
pub struct Preview {
    /// The days it touches.
    pub days: Vec<DayView>,
    /// Who would be in two places and must not.
    pub refused: Vec<String>,
    /// Teachers who would be in two places: only when the admin says so.
    pub teachers: Vec<String>,
    /// Lessons of the change that are held and meant to be recorded, but no camera looks on: saved all the same.
    pub unrecorded: Vec<String>,
}

impl Preview {
    /// Supposes `op`. Conflicts that were there before are not its doing.
    pub fn of(l: Lang, book: &Book, op: &Op, directory: &Directory, now_ms: i64) -> Self {
        let after = book.supposing(op.clone(), "");
        let dates: BTreeSet<Date> = op.lessons().iter().map(|id| id.date).collect();
        let class = op.lessons().first().map_or(ClassId(0), |id| id.class);
        let refused = over(l, book, &after, op, directory, now_ms);
        let unrecorded = unrecorded(l, &after, op, directory);
        let mut preview = Self { days: Vec::new(), refused, teachers: Vec::new(), unrecorded };
        for day in dates {
            let (old, new) = (book.expand(day), after.expand(day));
            preview.days.push(day_view(l, class, &old, &new, book, directory));
            let before = lesson_conflicts(&old.lessons);
            let found = lesson_conflicts(&new.lessons);
            // A class in two places is said once, not again of its room and its teacher.
            let said_of = |c: &LessonConflict| {
                let class = |o: &&LessonConflict| o.wanted == Wanted::Class && (o.a, o.b) == (c.a, c.b);
                c.wanted != Wanted::Class && found.iter().any(|o| class(&o))
            };
            for conflict in found.iter().filter(|c| !before.contains(c) && !said_of(c)) {
                let list = match conflict.wanted {
                    Wanted::Teacher => &mut preview.teachers,
                    _ => &mut preview.refused,
                };
                list.push(said(l, conflict, &new, book, directory));
            }
        }
        preview
    }
}

fn unrecorded(l: Lang, after: &Book, op: &Op, names: &Directory) -> Vec<String> {
    let ids: BTreeSet<LessonId> = op.lessons().into_iter().collect();
    let dates: BTreeSet<Date> = ids.iter().map(|id| id.date).collect();
    let lessons = dates.into_iter().flat_map(|date| after.expand(date).lessons);
    lessons
        .filter(|lesson| ids.contains(&lesson.id) && lesson.record && lesson.channels.is_empty())
        .filter_map(|held| {
            let why = held.trace.iter().rev().find(|s| matches!(s, Step::NoRoom | Step::NoChannel { .. }))?;
            let why = words(l, std::slice::from_ref(why), names).concat();
            let name = lesson(names, Some(after), held.id);
            Some(l.of(&Text::new(format!("{}：{why}", name.zh), format!("{}: {why}", name.en))).to_owned())
        })
        .collect()
}

/// Lessons that are over: what was is not rewritten. Who really taught, and what, may still be put right (代课).
pub fn over(l: Lang, book: &Book, after: &Book, op: &Op, names: &Directory, now_ms: i64) -> Vec<String> {
    if matches!(op, Op::Substitute { .. }) {
        return Vec::new();
    }
    let find = |book: &Book, id: LessonId| book.expand(id.date).lessons.into_iter().find(|x| x.id == id);
    let mut lines = Vec::new();
    for id in op.lessons() {
        let is = find(book, id).or_else(|| find(after, id));
        if is.is_some_and(|lesson| lesson.end_at_ms <= now_ms) {
            let name = lesson(names, Some(book), id);
            let text = Text::new(
                format!("{}的时间已经过去，不能再改。只想更正教师或科目，请用“代课”。", name.zh),
                format!(
                    "{} is over and stays as it was. To correct teacher or subject use “Substitute”.",
                    name.en
                ),
            );
            lines.push(l.of(&text).to_owned());
        }
    }
    lines
}

fn day_view(l: Lang, class: ClassId, old: &Day, new: &Day, book: &Book, names: &Directory) -> DayView {
    let of_class = |day: &Day| -> Vec<Lesson> {
        day.lessons.iter().filter(|lesson| lesson.classes.contains(&class)).cloned().collect()
    };
    let (before, after) = (of_class(old), of_class(new));
    let mut lines: Vec<(u32, Line)> = Vec::new();
    for lesson in &after {
        let was = before.iter().find(|was| was.id == lesson.id);
        let (class, mark) = match was {
            None => ("new", l.t("新", "new")),
            Some(was) if differs(was, lesson) => ("other", l.t("改", "changed")),
            Some(_) => ("same", ""),
        };
        lines.push((lesson.start_s, line(l, lesson, class, mark, book, names)));
    }
    for lesson in before.iter().filter(|was| !after.iter().any(|lesson| lesson.id == was.id)) {
        lines.push((lesson.start_s, line(l, lesson, "gone", l.t("不上", "not held"), book, names)));
    }
    lines.sort_by_key(|(start_s, _)| *start_s);
    DayView {
        name: l.of(&date(new.date)).to_owned(),
        lines: lines.into_iter().map(|(_, line)| line).collect(),
    }
}

fn differs(was: &Lesson, is: &Lesson) -> bool {
    (was.subject, was.teacher, was.room) != (is.subject, is.teacher, is.room)
        || (was.start_s, was.end_s, was.record) != (is.start_s, is.end_s, is.record)
}

fn line(l: Lang, lesson: &Lesson, class: &'static str, mark: &str, book: &Book, names: &Directory) -> Line {
    Line {
        period: label(l, lesson, book),
        times: times(lesson.start_s, lesson.end_s),
        what: content(l, lesson, names),
        class,
        mark: mark.to_owned(),
    }
}

fn label(l: Lang, lesson: &Lesson, book: &Book) -> String {
    match (lesson.label.as_str(), lesson.id.period) {
        ("", 0) => l.t("课表外", "Extra").to_owned(),
        ("", no) => l.of(&period(Some(book), no)).to_owned(),
        (label, _) => label.to_owned(),
    }
}

/// `数学 · 王芳 · 301 · 不录`.
pub fn content(l: Lang, lesson: &Lesson, names: &Directory) -> String {
    let mut parts = vec![or_number(names.subject(lesson.subject), lesson.subject.0)];
    parts.extend(lesson.teacher.map(|id| or_number(names.teacher(id), id.0)));
    parts.extend(lesson.room.map(|id| or_number(names.room(id), id.0)));
    if !lesson.record {
        parts.push(l.t("不录", "not recorded").to_owned());
    }
    parts.join(" · ")
}

/// `第3节 08:00–08:45 数学 · 王芳 · 301`.
pub fn choice(l: Lang, lesson: &Lesson, book: &Book, names: &Directory) -> String {
    let times = times(lesson.start_s, lesson.end_s);
    format!("{} {times} {}", label(l, lesson, book), content(l, lesson, names))
}

fn said(l: Lang, conflict: &LessonConflict, day: &Day, book: &Book, names: &Directory) -> String {
    let find = |id: LessonId| day.lessons.iter().find(|lesson| lesson.id == id);
    let of = |id: LessonId| {
        let (mut name, subject) = (lesson(names, Some(book), id), find(id).map(|x| x.subject));
        let subject = subject.map(|id| or_number(names.subject(id), id.0)).unwrap_or_default();
        name.zh.push_str(&format!(" {subject}"));
        name.en.push_str(&format!(" {subject}"));
        name
    };
    let (a, b) = (of(conflict.a), of(conflict.b));
    let lessons = [find(conflict.a), find(conflict.b)];
    let who = match conflict.wanted {
        Wanted::Teacher => lessons.iter().flatten().find_map(|x| names.teacher(x.teacher?)),
        Wanted::Room => lessons.iter().flatten().find_map(|x| names.room(x.room?)),
        Wanted::Class => lessons.iter().flatten().next().and_then(|x| names.class(x.id.class)),
    }
    .unwrap_or_default();
    let text = match conflict.wanted {
        Wanted::Teacher => Text::new(
            format!("教师 {who} 同一时间有两节课：{}；{}", a.zh, b.zh),
            format!("Teacher {who} has two lessons at one time: {}; {}", a.en, b.en),
        ),
        Wanted::Room => Text::new(
            format!("教室 {who} 同一时间有两节课：{}；{}", a.zh, b.zh),
            format!("Room {who} has two lessons at one time: {}; {}", a.en, b.en),
        ),
        Wanted::Class => Text::new(
            format!("班级 {who} 同一时间有两节课：{}；{}", a.zh, b.zh),
            format!("Class {who} has two lessons at one time: {}; {}", a.en, b.en),
        ),
    };
    l.of(&text).to_owned()
}
