//! From names to ids: entries of a file become cells of a timetable.

use super::bells::Bells;
use super::class_name::{ClassKey, class_key};
use super::matching::{Matcher, grade_label};
use super::{Choice, Choices, Entry, Found, Names, Noun};
use crate::plain::key;
use crate::problem::seen;
use crate::{At, Code, Problem};
use model::calendar::grid::CELLS_MAX;
use model::calendar::{Cell, Slot};
use model::{ClassId, GradeId, RoomId, SubjectId, TeacherId};
use serde::Serialize;
use std::collections::BTreeMap;

/// What a file would put into the timetable. Nothing is written yet.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Draft {
    /// Cells with where they come from. Names to be created have the negative stand-in of [`Create`] for an id.
    pub cells: Vec<(Cell, At)>,
    /// Names nobody has chosen for yet. While there is one, the draft is incomplete: lessons of an unknown class or subject
    /// are absent, of an unknown teacher or room stand without it.
    pub unknown: Vec<Unknown>,
    /// What is to be made.
    pub create: Vec<Create>,
    /// Everything that is wrong, of the file too.
    pub problems: Vec<Problem>,
    /// Labels of periods that the bells lack, each with where its lessons stand; each of them is a problem, too.
    pub missing: BTreeMap<String, Vec<At>>,
    /// Lessons left out because the user chose to skip their class or subject.
    pub skipped: u32,
}

/// A name that the school does not know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unknown {
    /// Of what.
    pub noun: Noun,
    /// As the file writes it.
    pub text: String,
    /// In how many lessons.
    pub count: u32,
    /// Where first.
    pub first: At,
    /// Whom it may mean, likeliest first, at most 5: ids of the noun and their names. Never taken without a choice.
    pub guesses: Vec<(i64, String)>,
}

/// Something to be made because the user chose so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Create {
    /// What.
    pub noun: Noun,
    /// As the file writes it.
    pub text: String,
    /// Its id within the draft, negative.
    pub stand_in: i64,
    /// Its name: of a class what is left without the grade, e.g. 3班.
    pub name: String,
    /// The grade of a class, where its name tells.
    pub grade: Option<GradeId>,
}

impl Draft {
    /// The cells with the ids of what has been made, by stand-in. A class or subject that was not made keeps its lessons
    /// out, a teacher or room only its name.
    pub fn settle(self, made: &BTreeMap<i64, i64>) -> Vec<(Cell, At)> {
        let real = |id: i64| if id < 0 { made.get(&id).copied() } else { Some(id) };
        let settle = |(cell, at): (Cell, At)| {
            let mut with: Vec<ClassId> = cell.with.iter().filter_map(|c| real(c.0)).map(ClassId).collect();
            with.sort();
            let cell = Cell {
                class: ClassId(real(cell.class.0)?),
                subject: SubjectId(real(cell.subject.0)?),
                teacher: cell.teacher.and_then(|t| real(t.0)).map(TeacherId),
                room: cell.room.and_then(|r| real(r.0)).map(RoomId),
                with,
                ..cell
            };
            Some((cell, at))
        };
        self.cells.into_iter().filter_map(settle).collect()
    }
}

/// Matches every name exactly, by alias or by choice; anything else is unknown. Guesses are only proposed.
pub fn resolve(found: &Found, names: &Names, choices: &Choices) -> Draft {
    let mut resolver = Resolver {
        names,
        // Of two choices for a name the later one counts.
        choices: choices.0.iter().map(|c| ((c.noun, c.text.as_str()), c.choice)).collect(),
        made: BTreeMap::new(),
        matcher: Matcher::new(names),
        bells: Bells::new(&names.bells),
        known: BTreeMap::new(),
        unknown: Vec::new(),
        draft: Draft { problems: found.all_problems().cloned().collect(), ..Draft::default() },
    };
    for entry in found.entries() {
        resolver.entry(entry);
    }
    let Resolver { mut draft, unknown, bells, .. } = resolver;
    draft.unknown = unknown;
    super::clash::remove_doubles(&mut draft);
    super::clash::tell_double_bookings(&mut draft, &bells, names);
    draft
}

/// What a name came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Known(i64),
    Skipped,
    Unknown(usize),
}

struct Resolver<'a> {
    names: &'a Names,
    choices: BTreeMap<(Noun, &'a str), Choice>,
    /// Stand-ins by what a name means: a file of many new names would be compared with itself for minutes.
    made: BTreeMap<(Noun, ClassKey), i64>,
    matcher: Matcher,
    bells: Bells<'a>,
    known: BTreeMap<(Noun, String), Fate>,
    unknown: Vec<Unknown>,
    draft: Draft,
}

impl Resolver<'_> {
    fn entry(&mut self, entry: &Entry) {
        let mut entry = self.best_reading(entry);
        self.second_teacher(&mut entry);
        if self.two_subjects(&entry) {
            return;
        }
        let Some(period) = self.period(&entry) else { return };
        if entry.day == 0 || entry.day > self.names.days.max(1) {
            self.draft.problems.push(Problem::lost(
                entry.at.clone(),
                Code::BadDay,
                format!("第 {} 天不在本学期的上课日之内（共 {} 天），未导入。", entry.day, self.names.days),
                format!(
                    "Day {} is beyond the {} days of this term; it was not imported.",
                    entry.day, self.names.days
                ),
            ));
            return;
        }
        let classes: Vec<Fate> = std::iter::once(&entry.class)
            .chain(&entry.with)
            .map(|class| self.fate(Noun::Class, class, &entry.at))
            .collect();
        let subject = self.fate(Noun::Subject, &entry.subject, &entry.at);
        let teacher = self.optional(Noun::Teacher, &entry.teacher, &entry.at);
        let room = self.optional(Noun::Room, &entry.room, &entry.at);
        let mut ids: Vec<i64> = Vec::new();
        for id in classes.iter().filter_map(|fate| known(*fate)) {
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        let skipped = classes.iter().chain([&subject]).filter(|fate| **fate == Fate::Skipped).count();
        self.draft.skipped += u32::from(skipped > 0);
        let Some(subject) = known(subject) else { return };
        for class in &ids {
            if self.draft.cells.len() >= CELLS_MAX {
                self.too_many(&entry.at);
                return;
            }
            let mut with: Vec<ClassId> =
                ids.iter().filter(|id| *id != class).map(|id| ClassId(*id)).collect();
            with.sort();
            with.dedup();
            let cell = Cell {
                class: ClassId(*class),
                day: entry.day,
                period,
                span: entry.span.clamp(1, 4),
                weeks: entry.weeks.clone(),
                subject: SubjectId(subject),
                teacher: teacher.map(TeacherId),
                room: room.map(RoomId),
                with,
                record: entry.record,
            };
            self.draft.cells.push((cell, entry.at.clone()));
        }
    }

    /// Another way to read the cell, when only that names a subject (and teacher) the school has.
    fn best_reading(&self, entry: &Entry) -> Entry {
        let has =
            |noun, text: &str| self.chosen(noun, text).is_some() || self.matcher.exact(noun, text).is_some();
        let fits = |subject: &str, teacher: &str| {
            has(Noun::Subject, subject) && (teacher.is_empty() || has(Noun::Teacher, teacher))
        };
        let mut entry = entry.clone();
        if !fits(&entry.subject, &entry.teacher)
            && let Some(better) = entry.also.iter().find(|r| fits(&r.subject, &r.teacher)).cloned()
        {
            (entry.subject, entry.teacher) = (better.subject, better.teacher);
            entry.room = if better.room.is_empty() { entry.room } else { better.room };
        } else if entry.teacher.is_empty()
            && !has(Noun::Subject, &entry.subject)
            && let Some((subject, teacher)) = self.taken_apart(&entry.subject)
        {
            (entry.subject, entry.teacher) = (subject, teacher);
        }
        entry
    }

    /// `数学王芳`, `数学-王芳`: nothing between the names, but the school has both.
    fn taken_apart(&self, text: &str) -> Option<(String, String)> {
        let has =
            |noun, text: &str| self.chosen(noun, text).is_some() || self.matcher.exact(noun, text).is_some();
        let marks = |c: char| "-_~,、.:|+* ".contains(c);
        text.char_indices().skip(1).find_map(|(at, _)| {
            let (subject, teacher) =
                (text[..at].trim_end_matches(marks), text[at..].trim_start_matches(marks));
            let both = !teacher.is_empty() && has(Noun::Subject, subject) && has(Noun::Teacher, teacher);
            both.then(|| (subject.to_owned(), teacher.to_owned()))
        })
    }

    /// `数学 王芳/李强`: what would be the room is a teacher.
    fn second_teacher(&mut self, entry: &mut Entry) {
        let is = |noun| {
            self.chosen(noun, &entry.room).is_some() || self.matcher.exact(noun, &entry.room).is_some()
        };
        if entry.room.is_empty() || entry.teacher.is_empty() || is(Noun::Room) || !is(Noun::Teacher) {
            return;
        }
        let extra = seen(&std::mem::take(&mut entry.room));
        self.draft.problems.push(Problem::lost(
            entry.at.clone(),
            Code::BadValue,
            format!(
                "一格写了两位教师，只导入了「{}」，未导入「{extra}」。请只留一位。",
                seen(&entry.teacher)
            ),
            format!(
                "The cell names two teachers: “{}” was imported, “{extra}” was not. Leave one.",
                seen(&entry.teacher)
            ),
        ));
    }

    /// `音乐/美术` without weeks: what would be the teacher is a subject.
    fn two_subjects(&mut self, entry: &Entry) -> bool {
        let is =
            |noun, text: &str| self.chosen(noun, text).is_some() || self.matcher.exact(noun, text).is_some();
        if entry.teacher.is_empty() || is(Noun::Teacher, &entry.teacher) || !is(Noun::Subject, &entry.teacher)
        {
            return false;
        }
        let raw = seen(&entry.raw);
        self.draft.problems.push(Problem::lost(
            entry.at.clone(),
            Code::BadWeeks,
            format!("「{raw}」写了两门课，但没有写明哪一门在单周、哪一门在双周，未导入。请写成「单:{}/双:{}」。", entry.subject, entry.teacher),
            format!("“{raw}” names two subjects without saying in which weeks; it was not imported. Write 单:{}/双:{}.", entry.subject, entry.teacher),
        ));
        true
    }

    fn period(&mut self, entry: &Entry) -> Option<u8> {
        let found = self.bells.number(&entry.period);
        if found.is_none() {
            let places = self.draft.missing.entry(entry.period.label.clone()).or_default();
            if places.last() != Some(&entry.at) {
                places.push(entry.at.clone());
            }
            let label = seen(&entry.period.label);
            self.draft.problems.push(Problem::lost(
                entry.at.clone(),
                Code::BadPeriod,
                format!("作息表里没有「{label}」，未导入「{}」。请在校历的作息表中添加这一节，或改成作息表里的名称。", seen(&entry.raw)),
                format!("The bell table has no “{label}”; “{}” was not imported. Add it to the bells, or use a name from there.", seen(&entry.raw)),
            ));
        }
        found
    }

    fn chosen(&self, noun: Noun, text: &str) -> Option<Choice> {
        self.choices.get(&(noun, text)).copied()
    }

    fn optional(&mut self, noun: Noun, text: &str, at: &At) -> Option<i64> {
        if text.is_empty() {
            return None;
        }
        known(self.fate(noun, text, at))
    }

    fn fate(&mut self, noun: Noun, text: &str, at: &At) -> Fate {
        if let Some(fate) = self.known.get(&(noun, text.to_owned())) {
            if let Fate::Unknown(index) = fate {
                self.unknown[*index].count += 1;
            }
            return *fate;
        }
        let fate = match self.chosen(noun, text) {
            Some(Choice::Use(id)) => Fate::Known(id),
            Some(Choice::Skip) => Fate::Skipped,
            Some(Choice::Create) => Fate::Known(self.create(noun, text)),
            None => match self.matcher.exact(noun, text) {
                Some(id) => Fate::Known(id),
                None => {
                    let guesses = self.matcher.guesses(noun, text);
                    let first = at.clone();
                    self.unknown.push(Unknown { noun, text: text.to_owned(), count: 1, first, guesses });
                    Fate::Unknown(self.unknown.len() - 1)
                }
            },
        };
        self.known.insert((noun, text.to_owned()), fate);
        fate
    }

    /// One thing for all spellings of it that are to be made.
    fn create(&mut self, noun: Noun, text: &str) -> i64 {
        let meant = match noun {
            Noun::Class => class_key(text),
            _ => ClassKey { grade: String::new(), rest: key(text) },
        };
        if let Some(stand_in) = self.made.get(&(noun, meant.clone())) {
            return *stand_in;
        }
        let stand_in = -(self.draft.create.len() as i64) - 1;
        self.made.insert((noun, meant), stand_in);
        let (name, grade) = match noun {
            Noun::Class => self.class_parts(text),
            _ => (text.to_owned(), None),
        };
        self.draft.create.push(Create { noun, text: text.to_owned(), stand_in, name, grade });
        stand_in
    }

    /// 高一(3)班 → 3班 of 高中 一年级.
    fn class_parts(&self, text: &str) -> (String, Option<GradeId>) {
        let parts = class_key(text);
        let fits =
            |label: &str| !parts.grade.is_empty() && class_key(&format!("{label}1班")).grade == parts.grade;
        let grade = self.names.grades.iter().find(|g| {
            fits(&grade_label(&g.stage, &g.name)) || fits(&format!("{}{}", g.stage, g.name)) || fits(&g.name)
        });
        match grade {
            Some(grade) => (format!("{}班", parts.rest), Some(grade.id)),
            None => (text.to_owned(), None),
        }
    }

    fn too_many(&mut self, at: &At) {
        if self.draft.problems.last().is_some_and(|p| p.code == Code::TooMany) {
            return;
        }
        self.draft.problems.push(Problem::lost(
            at.clone(),
            Code::TooMany,
            format!("课表超过 {CELLS_MAX} 格，从这里起未导入。请分年级导入。"),
            format!("The timetable has more than {CELLS_MAX} cells; from here on nothing was imported. Import grade by grade."),
        ));
    }
}

fn known(fate: Fate) -> Option<i64> {
    match fate {
        Fate::Known(id) => Some(id),
        _ => None,
    }
}

/// Slots for messages.
pub(super) fn slot_text(slot: Slot, names: &Names, bells: &Bells<'_>) -> (String, String) {
    let days = ["一", "二", "三", "四", "五", "六", "日"];
    let day = usize::from(slot.day).checked_sub(1).and_then(|d| days.get(d));
    let label = bells.label(slot.period);
    let class =
        names.classes.iter().find(|c| c.id == slot.class).map(|c| names.class_label(c)).unwrap_or_default();
    match day {
        Some(day) if names.days == 7 => {
            (format!("{class}星期{day}{label}"), format!("{class} day {}, {label}", slot.day))
        }
        _ => (format!("{class}第{}天{label}", slot.day), format!("{class} day {}, {label}", slot.day)),
    }
}
