//! 学校.

use super::around::{Around, Asked};
use super::basics::{BasicData, Pair, Words};
use super::form::{Field, values};
use super::table::Cell;
use crate::extract::Fields;
use crate::lang::Lang;
use db::{Db, Listed};
use model::SchoolId;
use model::fault::Fault;
use model::school::School;

impl BasicData for School {
    const PATH: &'static str = "/admin/schools";
    const WORDS: Words = Words {
        many: ("学校", "Schools"),
        lead: ("每个采集端属于一所学校。", "Every gatherer stands in one school."),
        add: ("添加学校", "Add a school"),
        change: ("修改学校", "Change a school"),
        used_in: ("采集管理中", "Gatherers"),
    };
    const COLUMNS: &'static [Pair] = &[("名称", "Name"), ("地址", "Address"), ("电话", "Phone")];

    fn id(&self) -> i64 {
        self.id.0
    }

    fn name(&self) -> String {
        self.name.clone()
    }

    fn cells(&self, _: Lang, _: &Around) -> Vec<Cell> {
        [&self.name, &self.address, &self.phone].map(|v| Cell::Text(v.clone())).into()
    }

    fn values(&self) -> Fields {
        values([
            ("name", self.name.clone()),
            ("address", self.address.clone()),
            ("phone", self.phone.clone()),
        ])
    }

    fn fields(l: Lang, _: &Around) -> Vec<Field> {
        vec![
            Field::text("name", l.t("名称", "Name"))
                .required()
                .hint(l.t("最多 128 个字", "At most 128 characters")),
            Field::text("address", l.t("地址", "Address"))
                .hint(l.t("可不填，最多 128 个字", "Optional, at most 128 characters")),
            Field::text("phone", l.t("电话", "Phone"))
                .hint(l.t("可不填，最多 60 个字", "Optional, at most 60 characters")),
        ]
    }

    fn read(id: i64, form: &Fields, _: &Around) -> (Self, Vec<Fault>) {
        let text = |name| form.text(name).to_owned();
        let school =
            School { id: SchoolId(id), name: text("name"), address: text("address"), phone: text("phone") };
        let faults = school.check();
        (school, faults)
    }

    async fn list(db: &Db, asked: &Asked, page: db::Page) -> db::Result<Listed<Self>> {
        db.list_schools(&asked.text, page).await
    }

    async fn get(db: &Db, id: i64) -> db::Result<Self> {
        db.school(SchoolId(id)).await
    }

    async fn add(&self, db: &Db) -> db::Result<()> {
        db.add_school(self).await.map(|_| ())
    }

    async fn save(&self, db: &Db) -> db::Result<()> {
        db.save_school(self).await
    }

    async fn delete(db: &Db, id: i64) -> db::Result<()> {
        db.delete_school(SchoolId(id)).await
    }
}
