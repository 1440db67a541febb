//! A file of basic data against what there is, pure: what each row would do, found by its natural key.

use super::stock::Stock;
use crate::lang::Text;
use db::{BasicRow, ClassRow};
use model::school::{Class, Grade, Room, School, Student, Subject, Teacher};
use model::{ClassId, GradeId, RoomId, SchoolId, StudentId, SubjectId, TeacherId};
use sheet::At;
use sheet::basic::Row;
use std::collections::HashMap;

/// 一级教师, the manual's default title.
const USUAL_TITLE: u8 = 2;

/// What becomes of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It is added.
    New,
    /// Some fields change: field, old and new value.
    Changed(Vec<(Text, String, String)>),
    /// It is there already.
    Same,
    /// It cannot be taken.
    Problem(Text),
}

/// One row of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compared {
    /// Where it stands.
    pub at: At,
    /// What it is called.
    pub name: String,
    /// What becomes of it.
    pub fate: Fate,
    /// What is written; absent when nothing is.
    pub write: Option<BasicRow>,
}

type Verdict = Result<(Fate, BasicRow), Text>;

/// Fields that differ.
#[derive(Default)]
struct Changes(Vec<(Text, String, String)>);

impl Changes {
    fn field(&mut self, zh: &str, en: &str, old: &str, new: &str) {
        if old != new {
            self.0.push((Text::new(zh, en), old.to_owned(), new.to_owned()));
        }
    }

    fn fate(self) -> Fate {
        if self.0.is_empty() { Fate::Same } else { Fate::Changed(self.0) }
    }
}

/// What the file says, or what is kept where it says nothing.
fn or_kept<'a>(said: &'a str, kept: &'a str) -> &'a str {
    if said.is_empty() { kept } else { said }
}

fn sex(sex: u8) -> &'static str {
    if sex == 0 { "男" } else { "女" }
}

fn title(index: u8) -> &'static str {
    model::school::TITLES.get(usize::from(index)).map_or("", |(zh, _)| zh)
}

/// Every row of the file. Of two rows with one key the second is a problem.
pub fn compare(stock: &Stock, rows: &[(Row, At)]) -> Vec<Compared> {
    let mut seen: HashMap<String, &At> = HashMap::new();
    let classes = class_names(&stock.classes);
    let mut compared = Vec::with_capacity(rows.len());
    for (row, at) in rows {
        let (key, name) = key(stock, row);
        let verdict = match seen.insert(key, at) {
            Some(first) => Err(doubled(row, first)),
            None => judge(stock, &classes, row),
        };
        let (fate, write) = match verdict {
            Ok((Fate::Same, _)) => (Fate::Same, None),
            Ok((fate, write)) => (fate, Some(write)),
            Err(why) => (Fate::Problem(why), None),
        };
        compared.push(Compared { at: at.clone(), name, fate, write });
    }
    compared
}

fn doubled(row: &Row, first: &At) -> Text {
    match row {
        Row::Teacher { .. } => Text::new(
            format!("文件里有同名的教师（{first}），无法区分：请在“教师”页面手工添加或修改。"),
            format!(
                "The file has another teacher of this name ({first}): add or change them by hand under Teachers."
            ),
        ),
        _ => Text::new(
            format!("与 {first} 重复：请在文件里删去一行。"),
            format!("The same as {first}: remove one of the rows from the file."),
        ),
    }
}

/// What makes a row the same as another one, and what it is called.
fn key(stock: &Stock, row: &Row) -> (String, String) {
    let plain = |text: &String| (text.clone(), text.clone());
    match row {
        Row::School { name, .. } | Row::Room { name } | Row::Subject { name } | Row::Teacher { name, .. } => {
            plain(name)
        }
        Row::Grade { stage, name } => (format!("{stage}\n{name}"), format!("{stage} {name}")),
        Row::Class { stage, grade, name, .. } => {
            let known = grade_of(stock, stage, grade).map(|id| id.to_string());
            let key = known.unwrap_or_else(|_| format!("{stage}\n{grade}"));
            (format!("{key}\n{name}"), format!("{stage}{grade} {name}"))
        }
        Row::Student { number, name, .. } => (number.clone(), format!("{number} {name}")),
    }
}

fn judge(stock: &Stock, classes: &HashMap<String, Option<ClassId>>, row: &Row) -> Verdict {
    match row {
        Row::School { name, address, phone } => Ok(school(stock, name, address, phone)),
        Row::Grade { stage, name } => {
            let known = stock.grades.iter().find(|g| g.stage == *stage && g.name == *name);
            let id = known.map_or(GradeId(0), |g| g.id);
            Ok(fresh(id.0, BasicRow::Grade(Grade { id, stage: stage.clone(), name: name.clone() })))
        }
        Row::Subject { name } => {
            let id = stock.subjects.iter().find(|s| s.name == *name).map_or(SubjectId(0), |s| s.id);
            Ok(fresh(id.0, BasicRow::Subject(Subject { id, name: name.clone() })))
        }
        Row::Room { name } => {
            let id = stock.rooms.iter().find(|r| r.name == *name).map_or(RoomId(0), |r| r.id);
            let school_id = stock.school.unwrap_or(SchoolId(0));
            Ok(fresh(id.0, BasicRow::Room(Room { id, school_id, name: name.clone() })))
        }
        Row::Teacher { name, sex, title, about } => teacher(stock, name, *sex, *title, about),
        Row::Class { stage, grade, name, room, record } => class(stock, stage, grade, name, room, *record),
        Row::Student { class, number, name, sex } => student(stock, classes, class, number, name, *sex),
    }
}

/// A table whose rows are nothing but their key.
fn fresh(id: i64, row: BasicRow) -> (Fate, BasicRow) {
    (if id == 0 { Fate::New } else { Fate::Same }, row)
}

fn school(stock: &Stock, name: &str, address: &str, phone: &str) -> (Fate, BasicRow) {
    let Some(old) = stock.schools.iter().find(|s| s.name == name) else {
        let (address, phone) = (address.to_owned(), phone.to_owned());
        return (
            Fate::New,
            BasicRow::School(School { id: SchoolId(0), name: name.to_owned(), address, phone }),
        );
    };
    let new = School {
        address: or_kept(address, &old.address).to_owned(),
        phone: or_kept(phone, &old.phone).to_owned(),
        ..old.clone()
    };
    let mut changes = Changes::default();
    changes.field("地址", "Address", &old.address, &new.address);
    changes.field("电话", "Phone", &old.phone, &new.phone);
    (changes.fate(), BasicRow::School(new))
}

fn teacher(stock: &Stock, name: &str, said_sex: Option<u8>, said_title: Option<u8>, about: &str) -> Verdict {
    let mut known = stock.teachers.iter().filter(|t| t.name == name);
    let (Some(old), None) = (known.next(), known.next()) else {
        if stock.teachers.iter().any(|t| t.name == name) {
            return Err(Text::new(
                "有几位教师都叫这个名字，无法判断是哪一位：请在“教师”页面手工修改。",
                "Several teachers have this name, so it cannot be told which is meant: change them by hand under Teachers.",
            ));
        }
        let (sex, title) = (said_sex.unwrap_or(0), said_title.unwrap_or(USUAL_TITLE));
        let (name, about) = (name.to_owned(), about.to_owned());
        return Ok((Fate::New, BasicRow::Teacher(Teacher { id: TeacherId(0), name, sex, title, about })));
    };
    let new = Teacher {
        sex: said_sex.unwrap_or(old.sex),
        title: said_title.unwrap_or(old.title),
        about: or_kept(about, &old.about).to_owned(),
        ..old.clone()
    };
    let mut changes = Changes::default();
    changes.field("性别", "Sex", sex(old.sex), sex(new.sex));
    changes.field("职称", "Title", title(old.title), title(new.title));
    changes.field("描述", "About", &old.about, &new.about);
    Ok((changes.fate(), BasicRow::Teacher(new)))
}

/// Every way in which a grade may be written: 高中 一年级 is 一年级, 高中一年级 and 高一; 初中 一年级 is 初一 and 七年级.
fn grade_ways(stage: &str, name: &str) -> Vec<String> {
    let mut ways = vec![name.to_owned(), format!("{stage}{name}")];
    let number = name.strip_suffix("年级").unwrap_or(name);
    let short = match stage {
        "高中" => Some("高"),
        "初中" => Some("初"),
        "小学" => Some("小"),
        _ => None,
    };
    ways.extend(short.map(|short| format!("{short}{number}")));
    let nine_years = [("一", "七年级"), ("二", "八年级"), ("三", "九年级")];
    if stage == "初中" {
        ways.extend(nine_years.iter().filter(|(n, _)| *n == number).map(|(_, name)| (*name).to_owned()));
    }
    ways
}

fn grade_of(stock: &Stock, stage: &str, grade: &str) -> Result<GradeId, Text> {
    let said = folded(grade);
    let fits = |g: &&Grade| {
        (stage.is_empty() || g.stage == stage)
            && grade_ways(&g.stage, &g.name).iter().any(|way| folded(way) == said)
    };
    let mut known = stock.grades.iter().filter(fits);
    match (known.next(), known.next()) {
        (Some(grade), None) => Ok(grade.id),
        (None, _) => Err(Text::new(
            format!("没有年级“{stage}{grade}”：请先在“年级”里添加或导入。"),
            format!("There is no grade “{stage}{grade}”: add or import it under Grades first."),
        )),
        _ => Err(Text::new(
            format!("年级“{grade}”不止一个：请在文件里写明类型（小学、初中、高中）。"),
            format!("There are several grades “{grade}”: name the stage in the file."),
        )),
    }
}

fn class(stock: &Stock, stage: &str, grade: &str, name: &str, room: &str, record: Option<bool>) -> Verdict {
    let grade_id = grade_of(stock, stage, grade)?;
    let room_id = match room {
        "" => None,
        room => match stock.rooms.iter().find(|r| r.name == room) {
            Some(found) => Some(found.id),
            None => {
                return Err(Text::new(
                    format!("没有教室“{room}”：请先在“教室”里添加或导入。"),
                    format!("There is no room “{room}”: add or import it under Rooms first."),
                ));
            }
        },
    };
    let school_id = stock.school.unwrap_or(SchoolId(0));
    let Some(old) = stock.classes.iter().find(|c| c.grade_id == grade_id && c.name == name) else {
        let (name, record) = (name.to_owned(), record.unwrap_or(true));
        let new = Class { id: ClassId(0), school_id, grade_id, name, room_id, record };
        return Ok((Fate::New, BasicRow::Class(new)));
    };
    let new = Class { room_id: room_id.or(old.room_id), record: record.unwrap_or(old.record), ..old.class() };
    let mut changes = Changes::default();
    changes.field("教室", "Room", &old.room_name, or_kept(room, &old.room_name));
    let word = |record: bool| if record { "录" } else { "不录" };
    changes.field("录像", "Recording", word(old.record), word(new.record));
    Ok((changes.fate(), BasicRow::Class(new)))
}

/// Every way in which a class may be written; a text that means two classes means none.
fn class_names(classes: &[ClassRow]) -> HashMap<String, Option<ClassId>> {
    let mut names: HashMap<String, Option<ClassId>> = HashMap::new();
    for class in classes {
        let grades = grade_ways(&class.stage, &class.grade_name);
        let grades = grades.iter().map(String::as_str).chain([""]);
        let mut ways: Vec<String> = grades.map(|grade| folded(&format!("{grade}{}", class.name))).collect();
        ways.sort();
        ways.dedup();
        for way in ways {
            names.entry(way).and_modify(|known| *known = None).or_insert(Some(class.id));
        }
    }
    names
}

/// Spaces and brackets say nothing: 高一（3）班 and 高一3班 are one.
fn folded(text: &str) -> String {
    let brackets = ['(', ')', '（', '）', '[', ']', '【', '】'];
    text.chars().filter(|c| !c.is_whitespace() && !brackets.contains(c)).collect()
}

fn student(
    stock: &Stock,
    classes: &HashMap<String, Option<ClassId>>,
    class: &str,
    number: &str,
    name: &str,
    said_sex: Option<u8>,
) -> Verdict {
    let old = stock.students.iter().find(|s| s.number == number);
    let class_id = match (class, old) {
        ("", Some(old)) => old.class_id,
        (class, _) => match classes.get(&folded(class)) {
            Some(Some(id)) => *id,
            Some(None) => {
                return Err(Text::new(
                    format!("“{class}”不止一个班：请写明年级，例如 高一3班。"),
                    format!("“{class}” means several classes: name the grade too."),
                ));
            }
            None => {
                return Err(Text::new(
                    format!("没有班级“{class}”：请先在“班级”里添加或导入。"),
                    format!("There is no class “{class}”: add or import it under Classes first."),
                ));
            }
        },
    };
    let Some(old) = old else {
        let (number, name) = (number.to_owned(), name.to_owned());
        let new = Student { id: StudentId(0), class_id, number, name, sex: said_sex.unwrap_or(0) };
        return Ok((Fate::New, BasicRow::Student(new)));
    };
    let sex_now = said_sex.unwrap_or(old.sex);
    let new =
        Student { id: old.id, class_id, number: number.to_owned(), name: name.to_owned(), sex: sex_now };
    let mut changes = Changes::default();
    let label = |id: ClassId| {
        let class = stock.classes.iter().find(|c| c.id == id);
        class.map(|c| format!("{}{} {}", c.stage, c.grade_name, c.name)).unwrap_or_default()
    };
    changes.field("班级", "Class", &label(old.class_id), &label(class_id));
    changes.field("姓名", "Name", &old.name, name);
    changes.field("性别", "Sex", sex(old.sex), sex(sex_now));
    Ok((changes.fate(), BasicRow::Student(new)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stock() -> Stock {
        let grade = |(id, (stage, name)): (i64, (&str, &str))| Grade {
            id: GradeId(id),
            stage: stage.to_owned(),
            name: name.to_owned(),
        };
        Stock {
            kind: sheet::basic::Kind::Classes,
            school: Some(SchoolId(1)),
            schools: Vec::new(),
            grades: (1..).zip(model::school::DEFAULT_GRADES).map(grade).collect(),
            classes: Vec::new(),
            rooms: Vec::new(),
            subjects: Vec::new(),
            teachers: Vec::new(),
            students: Vec::new(),
        }
    }

    #[test]
    fn a_grade_is_known_by_every_usual_name_and_never_guessed() {
        let stock = stock();
        let id = |stage: &str, grade: &str| grade_of(&stock, stage, grade).ok().map(|id| id.0);
        for (stage, grade, found) in [
            ("高中", "一年级", Some(10)),
            ("", "高一", Some(10)),
            ("", "高中 一年级", Some(10)),
            ("", "七年级", Some(7)),
            ("", "初三", Some(9)),
            ("小学", "一年级", Some(1)),
            ("", "一年级", None),
            ("", "高四", None),
        ] {
            assert_eq!(id(stage, grade), found, "{stage} {grade}");
        }
    }

    #[test]
    fn one_class_written_in_two_ways_is_taken_once() {
        let row = |grade: &str, at: u32| {
            let (stage, grade, name) = (String::new(), grade.to_owned(), "3班".to_owned());
            (Row::Class { stage, grade, name, room: String::new(), record: None }, At::new("表", at, 0))
        };
        let compared = compare(&stock(), &[row("高一", 2), row("高中一年级", 3)]);
        assert!(matches!(compared[0].fate, Fate::New));
        assert!(matches!(&compared[1].fate, Fate::Problem(why) if why.zh.contains("表!2")));
    }
}
