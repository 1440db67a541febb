//! 学校 科目 年级 教师 班级 教室 学生: the basic data, with the limits of R §1.11.

use crate::fault::{Fault, check_name, check_range, check_text};
use crate::{ClassId, GradeId, RoomId, SchoolId, StudentId, SubjectId, TeacherId};
use serde::{Deserialize, Serialize};

/// 学校.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct School {
    /// Its id.
    pub id: SchoolId,
    /// 名称, 1–128 characters.
    pub name: String,
    /// 地址, ≤ 128 characters.
    pub address: String,
    /// 电话, ≤ 60 characters.
    pub phone: String,
}

impl School {
    /// Every field out of its limits.
    pub fn check(&self) -> Vec<Fault> {
        [
            check_name("name", &self.name, 128).err(),
            check_text("address", &self.address, 128).err(),
            check_text("phone", &self.phone, 60).err(),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// 科目.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// Its id.
    pub id: SubjectId,
    /// 名称, 1–20 characters.
    pub name: String,
}

/// The subjects of a new site.
pub const DEFAULT_SUBJECTS: [&str; 11] =
    ["语文", "数学", "英语", "政治", "历史", "地理", "物理", "化学", "美术", "音乐", "生物"];

impl Subject {
    /// Every field out of its limits.
    pub fn check(&self) -> Vec<Fault> {
        check_name("name", &self.name, 20).err().into_iter().collect()
    }
}

/// 年级.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grade {
    /// Its id.
    pub id: GradeId,
    /// 类型, e.g. 小学, 1–20 characters.
    pub stage: String,
    /// 名称, e.g. 一年级, 1–20 characters.
    pub name: String,
}

/// The grades of a new site: stage and name.
pub const DEFAULT_GRADES: [(&str, &str); 12] = [
    ("小学", "一年级"),
    ("小学", "二年级"),
    ("小学", "三年级"),
    ("小学", "四年级"),
    ("小学", "五年级"),
    ("小学", "六年级"),
    ("初中", "一年级"),
    ("初中", "二年级"),
    ("初中", "三年级"),
    ("高中", "一年级"),
    ("高中", "二年级"),
    ("高中", "三年级"),
];

impl Grade {
    /// Every field out of its limits.
    pub fn check(&self) -> Vec<Fault> {
        [check_name("stage", &self.stage, 20).err(), check_name("name", &self.name, 20).err()]
            .into_iter()
            .flatten()
            .collect()
    }
}

/// 教师.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Teacher {
    /// Its id.
    pub id: TeacherId,
    /// 姓名, 1–30 characters.
    pub name: String,
    /// 性别: 0 男, 1 女.
    pub sex: u8,
    /// 职称: index into [`TITLES`].
    pub title: u8,
    /// 描述, ≤ 500 characters.
    pub about: String,
}

/// 职称 in the order of the manual: Chinese and English.
pub const TITLES: [(&str, &str); 5] = [
    ("正高级教师", "Principal senior teacher"),
    ("高级教师", "Senior teacher"),
    ("一级教师", "First-grade teacher"),
    ("二级教师", "Second-grade teacher"),
    ("三级教师", "Third-grade teacher"),
];

impl Teacher {
    /// Every field out of its limits.
    pub fn check(&self) -> Vec<Fault> {
        [
            check_name("name", &self.name, 30).err(),
            check_range("sex", self.sex.into(), 0, 1).err(),
            check_range("title", self.title.into(), 0, 4).err(),
            check_text("about", &self.about, 500).err(),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// 班级, or a teaching class (走班).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Class {
    /// Its id.
    pub id: ClassId,
    /// 学校.
    pub school_id: SchoolId,
    /// 年级.
    pub grade_id: GradeId,
    /// 名称, 1–60 characters, e.g. 1班.
    pub name: String,
    /// Its own room: where its lessons are held unless a cell says otherwise.
    pub room_id: Option<RoomId>,
    /// Its lessons are recorded unless a cell or a change says otherwise.
    pub record: bool,
}

impl Class {
    /// Every field out of its limits.
    pub fn check(&self) -> Vec<Fault> {
        check_name("name", &self.name, 60).err().into_iter().collect()
    }
}

/// 教室.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Room {
    /// Its id.
    pub id: RoomId,
    /// 学校.
    pub school_id: SchoolId,
    /// 名称, 1–60 characters, e.g. 301.
    pub name: String,
}

impl Room {
    /// Every field out of its limits.
    pub fn check(&self) -> Vec<Fault> {
        check_name("name", &self.name, 60).err().into_iter().collect()
    }
}

/// 学生.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Student {
    /// Its id.
    pub id: StudentId,
    /// 班级.
    pub class_id: ClassId,
    /// 学号, 1–30 characters, once in a school; text, for it may begin with 0.
    pub number: String,
    /// 姓名, 1–30 characters.
    pub name: String,
    /// 性别: 0 男, 1 女.
    pub sex: u8,
}

impl Student {
    /// Every field out of its limits.
    pub fn check(&self) -> Vec<Fault> {
        [
            check_name("number", &self.number, 30).err(),
            check_name("name", &self.name, 30).err(),
            check_range("sex", self.sex.into(), 0, 1).err(),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_student_is_told_every_field_that_is_wrong() {
        let mut student = Student {
            id: StudentId(1),
            class_id: ClassId(1),
            number: "0071".to_owned(),
            name: "王芳".to_owned(),
            sex: 1,
        };
        assert_eq!(student.check(), []);
        student = Student { number: " ".to_owned(), name: "名".repeat(31), sex: 2, ..student };
        let fields: Vec<&str> = student.check().iter().map(|fault| fault.field).collect();
        assert_eq!(fields, ["number", "name", "sex"]);
    }
}
