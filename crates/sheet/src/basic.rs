//! 学校 年级 班级 教室 科目 教师 学生: basic data in and out of files.

mod columns;
mod read;
mod write;

pub use read::read;
pub use write::{template, write_csv, write_xlsx};

use crate::{At, Problem};
use serde::{Deserialize, Serialize};

/// What stands first in the hidden sheet of our tables.
const KEY_LINE: &str = "yunlubo basic 1";

/// Which table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// 学校.
    Schools,
    /// 年级.
    Grades,
    /// 班级.
    Classes,
    /// 教室.
    Rooms,
    /// 科目.
    Subjects,
    /// 教师.
    Teachers,
    /// 学生.
    Students,
}

/// One row, checked against the limits of `model::school`. Empty = the file does not say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Row {
    /// 学校.
    School {
        /// 名称.
        name: String,
        /// 地址.
        address: String,
        /// 电话.
        phone: String,
    },
    /// 年级.
    Grade {
        /// 类型.
        stage: String,
        /// 名称.
        name: String,
    },
    /// 班级.
    Class {
        /// 类型 of its grade; may be empty when the grade's name tells.
        stage: String,
        /// 年级.
        grade: String,
        /// 名称.
        name: String,
        /// 教室.
        room: String,
        /// 录课.
        record: Option<bool>,
    },
    /// 教室.
    Room {
        /// 名称.
        name: String,
    },
    /// 科目.
    Subject {
        /// 名称.
        name: String,
    },
    /// 教师.
    Teacher {
        /// 姓名.
        name: String,
        /// 0 男, 1 女.
        sex: Option<u8>,
        /// Index into `model::school::TITLES`.
        title: Option<u8>,
        /// 描述.
        about: String,
    },
    /// 学生.
    Student {
        /// 班级, with its grade: 高一3班.
        class: String,
        /// 学号.
        number: String,
        /// 姓名.
        name: String,
        /// 0 男, 1 女.
        sex: Option<u8>,
    },
}

/// A table, read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rows {
    /// Good rows with where they stand.
    pub rows: Vec<(Row, At)>,
    /// Bad rows, doubles, columns nobody knows.
    pub problems: Vec<Problem>,
}
