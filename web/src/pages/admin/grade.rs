//! 年级.

use super::around::{Around, Asked};
use super::basics::{BasicData, Pair, Words};
use super::form::{Field, values};
use super::table::Cell;
use crate::extract::Fields;
use crate::lang::Lang;
use db::{Db, Listed};
use model::GradeId;
use model::fault::Fault;
use model::school::Grade;

impl BasicData for Grade {
    const PATH: &'static str = "/admin/grades";
    const WORDS: Words = Words {
        many: ("年级", "Grades"),
        lead: (
            "类型是学段，例如小学；名称例如一年级。",
            "Stage is e.g. primary school, name e.g. grade one.",
        ),
        add: ("添加年级", "Add a grade"),
        change: ("修改年级", "Change a grade"),
        used_in: ("直播管理的通道中", "channels"),
    };
    const COLUMNS: &'static [Pair] = &[("类型", "Stage"), ("名称", "Name")];

    fn id(&self) -> i64 {
        self.id.0
    }

    fn name(&self) -> String {
        format!("{} {}", self.stage, self.name)
    }

    fn cells(&self, _: Lang, _: &Around) -> Vec<Cell> {
        vec![Cell::Text(self.stage.clone()), Cell::Text(self.name.clone())]
    }

    fn values(&self) -> Fields {
        values([("stage", self.stage.clone()), ("name", self.name.clone())])
    }

    fn fields(l: Lang, _: &Around) -> Vec<Field> {
        vec![
            Field::text("stage", l.t("类型", "Stage"))
                .required()
                .placeholder(l.t("例如：小学", "e.g. Primary"))
                .hint(l.t("最多 20 个字", "At most 20 characters")),
            Field::text("name", l.t("名称", "Name"))
                .required()
                .placeholder(l.t("例如：一年级", "e.g. Grade 1"))
                .hint(l.t("最多 20 个字", "At most 20 characters")),
        ]
    }

    fn read(id: i64, form: &Fields, _: &Around) -> (Self, Vec<Fault>) {
        let text = |name| form.text(name).to_owned();
        let grade = Grade { id: GradeId(id), stage: text("stage"), name: text("name") };
        let faults = grade.check();
        (grade, faults)
    }

    async fn list(db: &Db, asked: &Asked, page: db::Page) -> db::Result<Listed<Self>> {
        db.list_grades(&asked.text, page).await
    }

    async fn get(db: &Db, id: i64) -> db::Result<Self> {
        db.grade(GradeId(id)).await
    }

    async fn add(&self, db: &Db) -> db::Result<()> {
        db.add_grade(self).await.map(|_| ())
    }

    async fn save(&self, db: &Db) -> db::Result<()> {
        db.save_grade(self).await
    }

    async fn delete(db: &Db, id: i64) -> db::Result<()> {
        db.delete_grade(GradeId(id)).await
    }
}
