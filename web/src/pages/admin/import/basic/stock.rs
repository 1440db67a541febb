//! What there is of a table, for exports and for comparing a file with it.

use crate::error::WebError;
use crate::state::AppState;
use db::{ClassRow, Page, RoomRow, StudentRow};
use model::SchoolId;
use model::school::{Grade, School, Subject, Teacher};
use sheet::basic::Kind;
use sheet::basic::Row;

/// Rows of one table, and of those that its rows name.
pub struct Stock {
    /// Which table.
    pub kind: Kind,
    /// Its school.
    pub school: Option<SchoolId>,
    /// 学校.
    pub schools: Vec<School>,
    /// 年级.
    pub grades: Vec<Grade>,
    /// 班级 of the school.
    pub classes: Vec<ClassRow>,
    /// 教室 of the school.
    pub rooms: Vec<RoomRow>,
    /// 科目.
    pub subjects: Vec<Subject>,
    /// 教师.
    pub teachers: Vec<Teacher>,
    /// 学生 of the school.
    pub students: Vec<StudentRow>,
}

impl Stock {
    /// Reads what `kind` needs.
    pub async fn read(state: &AppState, kind: Kind, school: Option<SchoolId>) -> Result<Self, WebError> {
        let db = &state.db;
        let mut stock = Self {
            kind,
            school,
            schools: Vec::new(),
            grades: Vec::new(),
            classes: Vec::new(),
            rooms: Vec::new(),
            subjects: Vec::new(),
            teachers: Vec::new(),
            students: Vec::new(),
        };
        match (kind, school) {
            (Kind::Schools, _) => stock.schools = db.all_schools().await?,
            (Kind::Grades, _) => stock.grades = db.all_grades().await?,
            (Kind::Subjects, _) => stock.subjects = db.all_subjects().await?,
            (Kind::Teachers, _) => stock.teachers = db.all_teachers().await?,
            (_, None) => {}
            (Kind::Rooms, Some(school)) => stock.rooms = db.rooms(school).await?,
            (Kind::Classes, Some(school)) => {
                stock.grades = db.all_grades().await?;
                stock.rooms = db.rooms(school).await?;
                stock.classes = db.classes(school).await?;
            }
            (Kind::Students, Some(school)) => {
                stock.grades = db.all_grades().await?;
                stock.classes = db.classes(school).await?;
                stock.students = students(state, school).await?;
            }
        }
        Ok(stock)
    }

    /// As rows of a file.
    pub fn rows(&self) -> Vec<Row> {
        match self.kind {
            Kind::Schools => self.schools.iter().map(school_row).collect(),
            Kind::Grades => self
                .grades
                .iter()
                .map(|g| Row::Grade { stage: g.stage.clone(), name: g.name.clone() })
                .collect(),
            Kind::Classes => self.classes.iter().map(class_row).collect(),
            Kind::Rooms => self.rooms.iter().map(|r| Row::Room { name: r.name.clone() }).collect(),
            Kind::Subjects => self.subjects.iter().map(|s| Row::Subject { name: s.name.clone() }).collect(),
            Kind::Teachers => self.teachers.iter().map(teacher_row).collect(),
            Kind::Students => self.students.iter().map(student_row).collect(),
        }
    }
}

fn school_row(s: &School) -> Row {
    Row::School { name: s.name.clone(), address: s.address.clone(), phone: s.phone.clone() }
}

fn class_row(c: &ClassRow) -> Row {
    Row::Class {
        stage: c.stage.clone(),
        grade: c.grade_name.clone(),
        name: c.name.clone(),
        room: c.room_name.clone(),
        record: Some(c.record),
    }
}

fn teacher_row(t: &Teacher) -> Row {
    Row::Teacher { name: t.name.clone(), sex: Some(t.sex), title: Some(t.title), about: t.about.clone() }
}

fn student_row(s: &StudentRow) -> Row {
    Row::Student {
        class: format!("{}{}{}", s.stage, s.grade_name, s.class_name),
        number: s.number.clone(),
        name: s.name.clone(),
        sex: Some(s.sex),
    }
}

/// Every student of a school, page by page.
async fn students(state: &AppState, school: SchoolId) -> Result<Vec<StudentRow>, WebError> {
    let mut all = Vec::new();
    loop {
        let page = Page { offset: all.len() as i64, limit: Page::LIMIT_MAX };
        let found = state.db.list_students(school, None, "", page).await?;
        if found.rows.is_empty() {
            return Ok(all);
        }
        all.extend(found.rows);
    }
}
