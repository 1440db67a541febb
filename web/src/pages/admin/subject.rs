//! 科目.

use super::around::{Around, Asked};
use super::basics::{BasicData, Pair, Words};
use super::form::{Field, values};
use super::table::Cell;
use crate::extract::Fields;
use crate::lang::Lang;
use db::{Db, Listed};
use model::SubjectId;
use model::fault::Fault;
use model::school::Subject;

impl BasicData for Subject {
    const PATH: &'static str = "/admin/subjects";
    const WORDS: Words = Words {
        many: ("科目", "Subjects"),
        lead: ("网站首页按科目列出录像。", "The front page lists recordings by subject."),
        add: ("添加科目", "Add a subject"),
        change: ("修改科目", "Change a subject"),
        used_in: ("录像表和录像管理中", "timetables and recordings"),
    };
    const COLUMNS: &'static [Pair] = &[("名称", "Name")];

    fn id(&self) -> i64 {
        self.id.0
    }

    fn name(&self) -> String {
        self.name.clone()
    }

    fn cells(&self, _: Lang, _: &Around) -> Vec<Cell> {
        vec![Cell::Text(self.name.clone())]
    }

    fn values(&self) -> Fields {
        values([("name", self.name.clone())])
    }

    fn fields(l: Lang, _: &Around) -> Vec<Field> {
        vec![
            Field::text("name", l.t("名称", "Name"))
                .required()
                .hint(l.t("最多 20 个字", "At most 20 characters")),
        ]
    }

    fn read(id: i64, form: &Fields, _: &Around) -> (Self, Vec<Fault>) {
        let subject = Subject { id: SubjectId(id), name: form.text("name").to_owned() };
        let faults = subject.check();
        (subject, faults)
    }

    async fn list(db: &Db, asked: &Asked, page: db::Page) -> db::Result<Listed<Self>> {
        db.list_subjects(&asked.text, page).await
    }

    async fn get(db: &Db, id: i64) -> db::Result<Self> {
        db.subject(SubjectId(id)).await
    }

    async fn add(&self, db: &Db) -> db::Result<()> {
        db.add_subject(self).await.map(|_| ())
    }

    async fn save(&self, db: &Db) -> db::Result<()> {
        db.save_subject(self).await
    }

    async fn delete(db: &Db, id: i64) -> db::Result<()> {
        db.delete_subject(SubjectId(id)).await
    }
}
