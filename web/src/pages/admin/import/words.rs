//! Names for ids and words for what was found, in the visitor's language.

use super::job::Known;
use crate::lang::Lang;
use model::calendar::{Cell, Slot, Weeks};
use model::{ClassId, RoomId, SubjectId, TeacherId};
use sheet::timetable::{Create, Layout, Noun, Skip};
use std::collections::HashMap;

/// Names of everything a cell can name, things that the import makes too.
pub struct Labels {
    l: Lang,
    classes: HashMap<i64, String>,
    subjects: HashMap<i64, String>,
    teachers: HashMap<i64, String>,
    rooms: HashMap<i64, String>,
    periods: HashMap<u8, String>,
    rotates: bool,
}

/// 周一 … 周日.
const DAYS: [(&str, &str); 7] = [
    ("周一", "Mon"),
    ("周二", "Tue"),
    ("周三", "Wed"),
    ("周四", "Thu"),
    ("周五", "Fri"),
    ("周六", "Sat"),
    ("周日", "Sun"),
];

impl Labels {
    /// The names of a school and of what is to be made.
    pub fn new(l: Lang, known: &Known, create: &[Create]) -> Self {
        let d = &known.directory;
        let mut labels = Self {
            l,
            classes: d.classes.iter().map(|c| (c.id.0, class_name(c))).collect(),
            subjects: d.subjects.iter().map(|s| (s.id.0, s.name.clone())).collect(),
            teachers: d.teachers.iter().map(|t| (t.id.0, t.name.clone())).collect(),
            rooms: d.rooms.iter().map(|r| (r.id.0, r.name.clone())).collect(),
            periods: HashMap::new(),
            rotates: known.calendar.terms.iter().any(|t| t.rotation.is_some()),
        };
        for period in known.calendar.bell_tables.iter().rev().flat_map(|table| &table.periods) {
            labels.periods.insert(period.no, period.label.clone());
        }
        for made in create {
            let grade = d.grades.iter().find(|g| Some(g.id) == made.grade);
            let grade = grade.map(|g| format!("{}{} ", g.stage, g.name)).unwrap_or_default();
            let (names, name) = match made.noun {
                Noun::Class => (&mut labels.classes, format!("{grade}{}", made.name)),
                Noun::Subject => (&mut labels.subjects, made.name.clone()),
                Noun::Teacher => (&mut labels.teachers, made.name.clone()),
                Noun::Room => (&mut labels.rooms, made.name.clone()),
                Noun::Grade => continue,
            };
            names.insert(made.stand_in, name);
        }
        labels
    }

    fn of(&self, names: &HashMap<i64, String>, id: i64) -> String {
        names.get(&id).cloned().unwrap_or_else(|| self.l.t("已删除", "removed").to_owned())
    }

    /// `高中一年级 3班`.
    pub fn class(&self, id: ClassId) -> String {
        self.of(&self.classes, id.0)
    }

    /// 数学.
    pub fn subject(&self, id: SubjectId) -> String {
        self.of(&self.subjects, id.0)
    }

    /// 王芳.
    pub fn teacher(&self, id: TeacherId) -> String {
        self.of(&self.teachers, id.0)
    }

    /// 301.
    pub fn room(&self, id: RoomId) -> String {
        self.of(&self.rooms, id.0)
    }

    /// 周一, or 第1天 in a rotation.
    pub fn day(&self, day: u8) -> String {
        match DAYS.get(usize::from(day).wrapping_sub(1)) {
            Some((zh, en)) if !self.rotates => self.l.t(zh, en).to_owned(),
            _ => match self.l {
                Lang::Zh => format!("第{day}天"),
                Lang::En => format!("Day {day}"),
            },
        }
    }

    /// 第3节.
    pub fn period(&self, no: u8) -> String {
        self.periods.get(&no).cloned().unwrap_or_else(|| match self.l {
            Lang::Zh => format!("第{no}节"),
            Lang::En => format!("Period {no}"),
        })
    }

    /// `周一 第3节`.
    pub fn slot(&self, slot: Slot) -> String {
        format!("{} {}", self.day(slot.day), self.period(slot.period))
    }

    /// `数学 王芳 301 单周 合班 2班`.
    pub fn cell(&self, cell: &Cell) -> String {
        let mut parts = vec![self.subject(cell.subject)];
        parts.extend(cell.teacher.map(|id| self.teacher(id)));
        parts.extend(cell.room.map(|id| format!("@{}", self.room(id))));
        if cell.weeks != Weeks::All {
            parts.push(weeks(self.l, &cell.weeks));
        }
        if cell.span > 1 {
            parts.push(match self.l {
                Lang::Zh => format!("连{}节", cell.span),
                Lang::En => format!("{} periods", cell.span),
            });
        }
        if !cell.with.is_empty() {
            let with: Vec<String> = cell.with.iter().map(|id| self.class(*id)).collect();
            parts.push(format!("{} {}", self.l.t("合班", "with"), with.join("、")));
        }
        match cell.record {
            Some(true) => parts.push(self.l.t("录", "recorded").to_owned()),
            Some(false) => parts.push(self.l.t("不录", "not recorded").to_owned()),
            None => {}
        }
        parts.join(" ")
    }

    /// All cells of a slot; empty where there is none.
    pub fn cells(&self, cells: &[Cell]) -> String {
        cells.iter().map(|c| self.cell(c)).collect::<Vec<_>>().join(" ／ ")
    }
}

/// `高中一年级 3班`.
pub fn class_name(class: &db::ClassRow) -> String {
    format!("{}{} {}", class.stage, class.grade_name, class.name)
}

/// 单周, 第1-8,10周.
pub fn weeks(l: Lang, weeks: &Weeks) -> String {
    match (weeks, l) {
        (Weeks::All, _) => l.t("每周", "every week").to_owned(),
        (Weeks::Odd, _) => l.t("单周", "odd weeks").to_owned(),
        (Weeks::Even, _) => l.t("双周", "even weeks").to_owned(),
        (Weeks::List(_), Lang::Zh) => format!("第{weeks}周"),
        (Weeks::List(_), Lang::En) => format!("weeks {weeks}"),
        (Weeks::Mod { every, from }, Lang::Zh) => format!("第{from}周起每{every}周"),
        (Weeks::Mod { every, from }, Lang::En) => format!("every {every} weeks from week {from}"),
    }
}

/// What a name is a name of.
pub fn noun(l: Lang, noun: Noun) -> &'static str {
    match noun {
        Noun::Grade => l.t("年级", "Grade"),
        Noun::Class => l.t("班级", "Class"),
        Noun::Subject => l.t("科目", "Subject"),
        Noun::Teacher => l.t("教师", "Teacher"),
        Noun::Room => l.t("教室", "Room"),
    }
}

/// What a sheet was taken for.
pub fn layout(l: Lang, layout: &Layout) -> String {
    let named = |zh: &str, en: &str, name: &str| match name {
        "" => l.t(zh, en).to_owned(),
        name => format!("{} · {name}", l.t(zh, en)),
    };
    match layout {
        Layout::ClassGrid { class } => named("班级课表", "Class timetable", class),
        Layout::SchoolGrid => l.t("全校总课表", "Timetable of the whole school").to_owned(),
        Layout::TeacherGrid { teacher } => named("教师课表", "Teacher's timetable", teacher),
        Layout::RoomGrid { room } => named("教室课表", "Room timetable", room),
        Layout::LongList => l.t("逐课列表", "List, a row a lesson").to_owned(),
        Layout::Cses { version } => format!("CSES v{version}"),
        Layout::Ics => l.t("iCalendar 日历", "iCalendar").to_owned(),
        Layout::Skipped { why } => match why {
            Skip::Empty => l.t("未读：空白", "Not read: empty").to_owned(),
            Skip::NoTable => {
                l.t("未读：没有找到星期和节次", "Not read: no weekdays and periods found").to_owned()
            }
            Skip::Ours => l.t("未读：模板自带的说明", "Not read: notes of the template").to_owned(),
        },
    }
}
