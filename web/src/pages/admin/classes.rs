//! 班级: whose lessons a timetable holds.

use super::around::{Around, Asked};
use super::basics::{self, BasicData, Pair, Words};
use super::form::{Choice, Field, Kind, first_of_each, take, values};
use super::table::Cell;
use crate::extract::Fields;
use crate::lang::Lang;
use crate::state::AppState;
use axum::Router;
use db::{ClassRow, Db, Listed};
use model::fault::Fault;
use model::school::Class;
use model::{ClassId, GradeId, RoomId, SchoolId};

/// Its routes.
pub fn router() -> Router<AppState> {
    basics::router::<ClassRow>()
}

impl BasicData for ClassRow {
    const PATH: &'static str = "/admin/classes";
    const WORDS: Words = Words {
        many: ("班级", "Classes"),
        lead: (
            "课表按班级排。走班的教学班也在这里添加。",
            "Timetables are made by class. Teaching classes of several home classes are added here too.",
        ),
        add: ("添加班级", "Add a class"),
        change: ("修改班级", "Change a class"),
        used_in: ("学生、课表和录像中", "students, timetables and recordings"),
    };
    const COLUMNS: &'static [Pair] =
        &[("年级", "Grade"), ("名称", "Name"), ("教室", "Room"), ("录像", "Recording"), ("学生", "Students")];
    const OF_SCHOOL: bool = true;

    fn id(&self) -> i64 {
        self.id.0
    }

    fn name(&self) -> String {
        format!("{}{} {}", self.stage, self.grade_name, self.name)
    }

    fn school(&self) -> Option<SchoolId> {
        Some(self.school_id)
    }

    fn cells(&self, l: Lang, around: &Around) -> Vec<Cell> {
        let room = match self.room_id {
            Some(_) => Cell::Text(self.room_name.clone()),
            None => Cell::Badge {
                tone: "warn",
                text: l.t("未指定", "Not set").to_owned(),
                note: l.t("没有教室的课不会被录下来", "Lessons without a room are not recorded").to_owned(),
            },
        };
        let record = match self.record {
            true => ("ok", l.t("默认录", "Recorded").to_owned()),
            false => ("idle", l.t("默认不录", "Not recorded").to_owned()),
        };
        let students = Cell::Link {
            href: around.at(&format!("/admin/students?class={}", self.id)),
            text: self.students.to_string(),
            sub: String::new(),
        };
        vec![
            Cell::Text(format!("{} {}", self.stage, self.grade_name)),
            Cell::Text(self.name.clone()),
            room,
            Cell::Badges(vec![record]),
            students,
        ]
    }

    fn values(&self) -> Fields {
        values([
            ("grade_id", self.grade_id.to_string()),
            ("name", self.name.clone()),
            ("room_id", self.room_id.map(|id| id.to_string()).unwrap_or_default()),
            ("record", u8::from(self.record).to_string()),
        ])
    }

    fn fresh(_: &Around) -> Fields {
        values([("record", "1".to_owned())])
    }

    fn fields(l: Lang, around: &Around) -> Vec<Field> {
        let directory = around.directory.as_ref();
        let grades = directory.map_or(&[][..], |d| &d.grades);
        let grades = grades.iter().map(|g| Choice::new(g.id, format!("{} {}", g.stage, g.name))).collect();
        let mut rooms = vec![Choice::new("", l.t("未指定", "Not set"))];
        rooms.extend(directory.iter().flat_map(|d| &d.rooms).map(|r| Choice::new(r.id, &r.name)));
        let record = l.t("这个班的课默认录像", "Lessons of this class are recorded by default").to_owned();
        vec![
            Field::select("grade_id", l.t("年级", "Grade"), grades).required(),
            Field::text("name", l.t("名称", "Name"))
                .required()
                .placeholder(l.t("例如：3班", "e.g. Class 3"))
                .hint(l.t("最多 60 个字，一个年级内不重名", "At most 60 characters, once in a grade")),
            Field::select("room_id", l.t("教室", "Room"), rooms).hint(l.t(
                "课表没有另写教室时，课在这里上",
                "Where its lessons are held unless the timetable names another room",
            )),
            Field::new("record", l.t("录像", "Recording"), Kind::Check(record)).hint(l.t(
                "课表和调课可以对单节课另作规定",
                "The timetable and changes may say otherwise of a single lesson",
            )),
        ]
    }

    fn read(id: i64, form: &Fields, around: &Around) -> (Self, Vec<Fault>) {
        let mut faults = Vec::new();
        let grade_id = GradeId(take(&mut faults, form.number("grade_id"), 0));
        let room_id = match form.text("room_id") {
            "" => None,
            _ => Some(RoomId(take(&mut faults, form.number("room_id"), 0))),
        };
        let class = Class {
            id: ClassId(id),
            school_id: around.school.unwrap_or(SchoolId(0)),
            grade_id,
            name: form.text("name").to_owned(),
            room_id,
            record: form.flag("record"),
        };
        faults.extend(class.check());
        let row = ClassRow {
            id: class.id,
            school_id: class.school_id,
            grade_id,
            stage: String::new(),
            grade_name: String::new(),
            name: class.name,
            room_id,
            room_name: String::new(),
            record: class.record,
            students: 0,
        };
        (row, first_of_each(faults))
    }

    async fn list(db: &Db, asked: &Asked, page: db::Page) -> db::Result<Listed<Self>> {
        db.list_classes(asked.school, &asked.text, page).await
    }

    async fn get(db: &Db, id: i64) -> db::Result<Self> {
        db.class(ClassId(id)).await
    }

    async fn add(&self, db: &Db) -> db::Result<()> {
        db.add_class(&self.class()).await.map(|_| ())
    }

    async fn save(&self, db: &Db) -> db::Result<()> {
        db.save_class(&self.class()).await
    }

    async fn delete(db: &Db, id: i64) -> db::Result<()> {
        db.delete_class(ClassId(id)).await
    }
}
