//! 教师.

use super::around::{Around, Asked};
use super::basics::{BasicData, Pair, Words};
use super::form::{Choice, Field, Kind, first_of_each, take, values};
use super::table::Cell;
use crate::extract::Fields;
use crate::lang::Lang;
use db::{Db, Listed};
use model::TeacherId;
use model::fault::Fault;
use model::school::{TITLES, Teacher};

/// 一级教师, the manual's default.
const USUAL_TITLE: u8 = 2;

fn sex(l: Lang, sex: u8) -> &'static str {
    if sex == 0 { l.t("男", "Male") } else { l.t("女", "Female") }
}

fn title(l: Lang, index: u8) -> &'static str {
    TITLES.get(usize::from(index)).map_or("", |(zh, en)| l.t(zh, en))
}

impl BasicData for Teacher {
    const PATH: &'static str = "/admin/teachers";
    const WORDS: Words = Words {
        many: ("教师", "Teachers"),
        lead: ("录像表的每个时间段都指明由谁授课。", "Every range of a timetable names who teaches."),
        add: ("添加教师", "Add a teacher"),
        change: ("修改教师", "Change a teacher"),
        used_in: ("录像表和录像管理中", "timetables and recordings"),
    };
    const COLUMNS: &'static [Pair] =
        &[("姓名", "Name"), ("性别", "Sex"), ("职称", "Title"), ("描述", "About")];

    fn id(&self) -> i64 {
        self.id.0
    }

    fn name(&self) -> String {
        self.name.clone()
    }

    fn cells(&self, l: Lang, _: &Around) -> Vec<Cell> {
        let texts = [&self.name, sex(l, self.sex), title(l, self.title), &self.about];
        texts.map(|v| Cell::Text(v.to_owned())).into()
    }

    fn values(&self) -> Fields {
        values([
            ("name", self.name.clone()),
            ("sex", self.sex.to_string()),
            ("title", self.title.to_string()),
            ("about", self.about.clone()),
        ])
    }

    fn fresh(_: &Around) -> Fields {
        values([("sex", "0".to_owned()), ("title", USUAL_TITLE.to_string())])
    }

    fn fields(l: Lang, _: &Around) -> Vec<Field> {
        let sexes = [0, 1].map(|s| Choice::new(s, sex(l, s))).into();
        let titles = (0u8..).zip(TITLES).map(|(i, (zh, en))| Choice::new(i, l.t(zh, en))).collect();
        vec![
            Field::text("name", l.t("姓名", "Name"))
                .required()
                .hint(l.t("最多 30 个字", "At most 30 characters")),
            Field::new("sex", l.t("性别", "Sex"), Kind::Radio(sexes)),
            Field::select("title", l.t("职称", "Title"), titles),
            Field::new("about", l.t("描述", "About"), Kind::Area)
                .hint(l.t("可不填，最多 500 个字", "Optional, at most 500 characters")),
        ]
    }

    fn read(id: i64, form: &Fields, _: &Around) -> (Self, Vec<Fault>) {
        let mut faults = Vec::new();
        // A browser sends line ends as CRLF; a name check refuses control characters, so they become spaces.
        let about =
            form.text("about").split(['\r', '\n']).filter(|s| !s.is_empty()).collect::<Vec<_>>().join(" ");
        let teacher = Teacher {
            id: TeacherId(id),
            name: form.text("name").to_owned(),
            sex: take(&mut faults, form.small("sex"), 0),
            title: take(&mut faults, form.small("title"), USUAL_TITLE),
            about,
        };
        faults.extend(teacher.check());
        (teacher, first_of_each(faults))
    }

    async fn list(db: &Db, asked: &Asked, page: db::Page) -> db::Result<Listed<Self>> {
        db.list_teachers(&asked.text, page).await
    }

    async fn get(db: &Db, id: i64) -> db::Result<Self> {
        db.teacher(TeacherId(id)).await
    }

    async fn add(&self, db: &Db) -> db::Result<()> {
        db.add_teacher(self).await.map(|_| ())
    }

    async fn save(&self, db: &Db) -> db::Result<()> {
        db.save_teacher(self).await
    }

    async fn delete(db: &Db, id: i64) -> db::Result<()> {
        db.delete_teacher(TeacherId(id)).await
    }
}
