//! The columns of every table: header words, and how a row and a [`Row`] become each other.

use super::{Kind, Row};
use crate::Language;
use model::school::TITLES;

/// A column.
pub(super) struct Column {
    pub(super) zh: &'static str,
    pub(super) en: &'static str,
    /// Other header words, plain and in lower case without blanks.
    pub(super) also: &'static [&'static str],
    pub(super) needed: bool,
    /// In characters.
    pub(super) width: f64,
    /// Which list of names drops down.
    pub(super) list: Option<List>,
    /// Of the example rows, Chinese and English.
    pub(super) example: (&'static str, &'static str),
}

/// A list of names for drop-downs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum List {
    Stages,
    Grades,
    Classes,
    Rooms,
    Sexes,
    Titles,
    YesNo,
}

const fn column(
    zh: &'static str,
    en: &'static str,
    also: &'static [&'static str],
    example: (&'static str, &'static str),
) -> Column {
    Column { zh, en, also, needed: false, width: 18.0, list: None, example }
}

const fn needed(column: Column) -> Column {
    Column { needed: true, ..column }
}

const fn with_list(column: Column, list: List) -> Column {
    Column { list: Some(list), ..column }
}

const STAGE: Column = with_list(
    column("类型", "Stage", &["学段", "阶段", "学段类型", "年级类型"], ("高中", "Senior")),
    List::Stages,
);
const SEX: Column = with_list(column("性别", "Sex", &["gender"], ("女", "female")), List::Sexes);
const RECORD: Column = with_list(column("录课", "Record", &["是否录课", "录制"], ("是", "yes")), List::YesNo);

const SCHOOLS: &[Column] = &[
    needed(column("名称", "Name", &["学校名称", "学校", "校名", "school"], ("示例中学", "Example School"))),
    column("地址", "Address", &["学校地址", "校址"], ("示例路1号", "1 Example Road")),
    column("电话", "Phone", &["联系电话", "学校电话", "tel", "telephone"], ("010-00000000", "010-00000000")),
];
const GRADES: &[Column] =
    &[STAGE, needed(column("名称", "Name", &["年级", "年级名称", "grade"], ("一年级", "Grade 10")))];
const CLASSES: &[Column] = &[
    STAGE,
    with_list(column("年级", "Grade", &["年级名称"], ("一年级", "Grade 10")), List::Grades),
    needed(column(
        "名称",
        "Name",
        &["班级", "班级名称", "班", "班别", "行政班", "class", "classname"],
        ("1班", "Class 1"),
    )),
    with_list(
        column(
            "教室",
            "Room",
            &["教室名称", "固定教室", "所在教室", "上课教室", "homeroom", "classroom"],
            ("301", "301"),
        ),
        List::Rooms,
    ),
    RECORD,
];
const ROOMS: &[Column] =
    &[needed(column("名称", "Name", &["教室", "教室名称", "场地", "room", "classroom"], ("301", "301")))];
const SUBJECTS: &[Column] = &[needed(column(
    "名称",
    "Name",
    &["科目", "科目名称", "课程", "课程名称", "学科", "subject", "course"],
    ("数学", "Maths"),
))];
const TEACHERS: &[Column] = &[
    needed(column(
        "姓名",
        "Name",
        &["教师", "教师姓名", "老师", "名称", "任课教师", "任课老师", "teacher", "teachername"],
        ("王芳", "Smith"),
    )),
    SEX,
    with_list(column("职称", "Title", &["教师职称"], ("一级教师", "First-grade teacher")), List::Titles),
    column("描述", "About", &["简介", "备注", "说明", "description", "note"], ("", "")),
];
const STUDENTS: &[Column] = &[
    needed(with_list(
        column(
            "班级",
            "Class",
            &["班级名称", "所在班级", "班", "班别", "行政班", "classname"],
            ("高一1班", "Class 1"),
        ),
        List::Classes,
    )),
    needed(column(
        "学号",
        "Number",
        &["学籍号", "学生编号", "studentnumber", "studentid", "no"],
        ("20260001", "20260001"),
    )),
    needed(column("姓名", "Name", &["学生姓名", "学生", "student"], ("李明", "Brown"))),
    SEX,
];

pub(super) fn columns(kind: Kind) -> &'static [Column] {
    match kind {
        Kind::Schools => SCHOOLS,
        Kind::Grades => GRADES,
        Kind::Classes => CLASSES,
        Kind::Rooms => ROOMS,
        Kind::Subjects => SUBJECTS,
        Kind::Teachers => TEACHERS,
        Kind::Students => STUDENTS,
    }
}

/// The name of the table.
pub(super) fn title(kind: Kind, language: Language) -> &'static str {
    match kind {
        Kind::Schools => language.pick("学校", "Schools"),
        Kind::Grades => language.pick("年级", "Grades"),
        Kind::Classes => language.pick("班级", "Classes"),
        Kind::Rooms => language.pick("教室", "Rooms"),
        Kind::Subjects => language.pick("科目", "Subjects"),
        Kind::Teachers => language.pick("教师", "Teachers"),
        Kind::Students => language.pick("学生", "Students"),
    }
}

pub(super) fn sex_text(sex: Option<u8>, language: Language) -> String {
    match sex {
        Some(0) => language.pick("男", "male").to_owned(),
        Some(_) => language.pick("女", "female").to_owned(),
        None => String::new(),
    }
}

pub(super) fn title_text(title: Option<u8>, language: Language) -> String {
    let found = title.and_then(|t| TITLES.get(usize::from(t)));
    found.map(|(zh, en)| language.pick(zh, en).to_owned()).unwrap_or_default()
}

pub(super) fn yes_no(value: Option<bool>, language: Language) -> String {
    match value {
        Some(true) => language.pick("是", "yes").to_owned(),
        Some(false) => language.pick("否", "no").to_owned(),
        None => String::new(),
    }
}

/// A row as it is written, in the order of the columns.
pub(super) fn texts(row: &Row, language: Language) -> Vec<String> {
    match row.clone() {
        Row::School { name, address, phone } => vec![name, address, phone],
        Row::Grade { stage, name } => vec![stage, name],
        Row::Class { stage, grade, name, room, record } => {
            vec![stage, grade, name, room, yes_no(record, language)]
        }
        Row::Room { name } | Row::Subject { name } => vec![name],
        Row::Teacher { name, sex, title, about } => {
            vec![name, sex_text(sex, language), title_text(title, language), about]
        }
        Row::Student { class, number, name, sex } => vec![class, number, name, sex_text(sex, language)],
    }
}
