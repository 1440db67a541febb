//! 学生: the roster of every class.

use super::around::{Around, Asked};
use super::basics::{self, BasicData, Pair, Words};
use super::desk::Desk;
use super::form::{Choice, Field, Kind, first_of_each, take, values};
use super::table::{Cell, Search};
use crate::extract::Fields;
use crate::lang::Lang;
use crate::state::AppState;
use axum::Router;
use db::{Db, Listed, StudentRow};
use model::fault::Fault;
use model::school::Student;
use model::{ClassId, SchoolId, StudentId};

/// Its routes.
pub fn router() -> Router<AppState> {
    basics::router::<StudentRow>()
}

fn student_of(row: &StudentRow) -> Student {
    Student {
        id: row.id,
        class_id: row.class_id,
        number: row.number.clone(),
        name: row.name.clone(),
        sex: row.sex,
    }
}

fn sex(l: Lang, sex: u8) -> &'static str {
    if sex == 0 { l.t("男", "Male") } else { l.t("女", "Female") }
}

fn class_choices(around: &Around) -> Vec<Choice> {
    let classes = around.directory.iter().flat_map(|d| &d.classes);
    classes.map(|c| Choice::new(c.id, format!("{}{} {}", c.stage, c.grade_name, c.name))).collect()
}

impl BasicData for StudentRow {
    const PATH: &'static str = "/admin/students";
    const WORDS: Words = Words {
        many: ("学生", "Students"),
        lead: (
            "学号在一所学校内不重复；导入时按学号对应。",
            "A number stands once in a school; imports are matched by it.",
        ),
        add: ("添加学生", "Add a student"),
        change: ("修改学生", "Change a student"),
        used_in: ("其他记录中", "other records"),
    };
    const COLUMNS: &'static [Pair] =
        &[("学号", "Number"), ("姓名", "Name"), ("性别", "Sex"), ("班级", "Class")];
    const OF_SCHOOL: bool = true;

    fn id(&self) -> i64 {
        self.id.0
    }

    fn name(&self) -> String {
        format!("{} {}", self.number, self.name)
    }

    fn school(&self) -> Option<SchoolId> {
        Some(self.school_id)
    }

    fn cells(&self, l: Lang, _: &Around) -> Vec<Cell> {
        let class = format!("{}{} {}", self.stage, self.grade_name, self.class_name);
        [&self.number, &self.name, sex(l, self.sex), &class].map(|v| Cell::Text(v.to_owned())).into()
    }

    fn values(&self) -> Fields {
        values([
            ("class_id", self.class_id.to_string()),
            ("number", self.number.clone()),
            ("name", self.name.clone()),
            ("sex", self.sex.to_string()),
        ])
    }

    fn fresh(_: &Around) -> Fields {
        values([("sex", "0".to_owned())])
    }

    fn fields(l: Lang, around: &Around) -> Vec<Field> {
        let sexes = [0, 1].map(|s| Choice::new(s, sex(l, s))).into();
        let classes = class_choices(around);
        let hint = match classes.is_empty() {
            true => {
                l.t("还没有班级：请先在“班级”里添加", "There is no class yet: add one under Classes first")
            }
            false => "",
        };
        vec![
            Field::select("class_id", l.t("班级", "Class"), classes).required().hint(hint),
            Field::text("number", l.t("学号", "Number"))
                .required()
                .hint(l.t("最多 30 个字，一所学校内不重复", "At most 30 characters, once in a school")),
            Field::text("name", l.t("姓名", "Name"))
                .required()
                .hint(l.t("最多 30 个字", "At most 30 characters")),
            Field::new("sex", l.t("性别", "Sex"), Kind::Radio(sexes)),
        ]
    }

    fn read(id: i64, form: &Fields, around: &Around) -> (Self, Vec<Fault>) {
        let mut faults = Vec::new();
        let student = Student {
            id: StudentId(id),
            class_id: ClassId(take(&mut faults, form.number("class_id"), 0)),
            number: form.text("number").to_owned(),
            name: form.text("name").to_owned(),
            sex: take(&mut faults, form.small("sex"), 0),
        };
        faults.extend(student.check());
        let row = StudentRow {
            id: student.id,
            class_id: student.class_id,
            school_id: around.school.unwrap_or(SchoolId(0)),
            class_name: String::new(),
            stage: String::new(),
            grade_name: String::new(),
            number: student.number,
            name: student.name,
            sex: student.sex,
        };
        (row, first_of_each(faults))
    }

    fn filters(desk: &Desk, around: &Around) -> Vec<Search> {
        vec![Search::menu(desk, "class", ("班级", "Class"), class_choices(around))]
    }

    async fn list(db: &Db, asked: &Asked, page: db::Page) -> db::Result<Listed<Self>> {
        match asked.school {
            Some(school) => db.list_students(school, asked.class, &asked.text, page).await,
            None => Ok(Listed { rows: Vec::new(), total: 0 }),
        }
    }

    async fn get(db: &Db, id: i64) -> db::Result<Self> {
        db.student(StudentId(id)).await
    }

    async fn add(&self, db: &Db) -> db::Result<()> {
        db.add_student(&student_of(self)).await.map(|_| ())
    }

    async fn save(&self, db: &Db) -> db::Result<()> {
        db.save_student(&student_of(self)).await
    }

    async fn delete(db: &Db, id: i64) -> db::Result<()> {
        db.delete_student(StudentId(id)).await
    }
}
