//! The names a school knows, and what a user chose for those it does not know.

use model::calendar::BellTable;
use model::{ClassId, GradeId, RoomId, SubjectId, TeacherId};
use serde::{Deserialize, Serialize};

/// What a name is a name of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Noun {
    /// 年级.
    Grade,
    /// 班级.
    Class,
    /// 科目.
    Subject,
    /// 教师.
    Teacher,
    /// 教室.
    Room,
}

/// Everything with a name, of one school.
#[derive(Debug, Clone, Default)]
pub struct Names {
    /// 年级.
    pub grades: Vec<GradeName>,
    /// 班级.
    pub classes: Vec<ClassName>,
    /// 科目.
    pub subjects: Vec<(SubjectId, String)>,
    /// 教师.
    pub teachers: Vec<(TeacherId, String)>,
    /// 教室.
    pub rooms: Vec<(RoomId, String)>,
    /// Other spellings, confirmed earlier by a person.
    pub aliases: Vec<Alias>,
    /// 作息; the first one decides, the others know periods it lacks.
    pub bells: Vec<BellTable>,
    /// Columns of the timetable: 7, in a term with a rotation its `work_days`.
    pub days: u8,
}

/// 年级.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GradeName {
    /// Its id.
    pub id: GradeId,
    /// 类型, e.g. 高中.
    pub stage: String,
    /// 名称, e.g. 一年级.
    pub name: String,
}

/// 班级.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassName {
    /// Its id.
    pub id: ClassId,
    /// Its grade.
    pub grade: GradeId,
    /// 名称, e.g. 3班.
    pub name: String,
}

/// A spelling that a person has confirmed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alias {
    /// Of what.
    pub noun: Noun,
    /// As files write it.
    pub text: String,
    /// Whom it means: an id of the noun.
    pub target: i64,
}

/// What to do with a name the school does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// Make it.
    Create,
    /// It is this one: an id of the noun.
    Use(i64),
    /// Leave out: of a class or subject the lesson, of a teacher or room only the name.
    Skip,
}

/// One choice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chosen {
    /// Of what.
    pub noun: Noun,
    /// As the file writes it.
    pub text: String,
    /// What to do.
    pub choice: Choice,
}

/// The choices of an import.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Choices(pub Vec<Chosen>);

impl Choices {
    /// What was chosen for a name.
    pub fn get(&self, noun: Noun, text: &str) -> Option<Choice> {
        self.0.iter().rev().find(|c| c.noun == noun && c.text == text).map(|c| c.choice)
    }
}
