//! 教室: where lessons are held and channels look.

use super::around::{Around, Asked};
use super::basics::{self, BasicData, Pair, Words};
use super::form::{Field, values};
use super::table::Cell;
use crate::extract::Fields;
use crate::lang::Lang;
use crate::state::AppState;
use axum::Router;
use db::{Db, Directory, Listed, NewRoom, RoomRow};
use model::fault::Fault;
use model::school::Room;
use model::{RoomId, SchoolId};

/// Its routes.
pub fn router() -> Router<AppState> {
    basics::router::<RoomRow>()
}

/// Names of the channels that look into a room.
fn channels(directory: &Directory, room: RoomId) -> String {
    let of = directory.channels.iter().filter(|c| c.room_id == Some(room));
    of.map(|c| format!("{}{} {}", c.stage, c.grade_name, c.channel.class_name)).collect::<Vec<_>>().join("、")
}

/// Names of the classes whose own room it is.
fn classes(directory: &Directory, room: RoomId) -> String {
    let of = directory.classes.iter().filter(|c| c.room_id == Some(room));
    of.map(|c| format!("{}{}", c.grade_name, c.name)).collect::<Vec<_>>().join("、")
}

impl BasicData for RoomRow {
    const PATH: &'static str = "/admin/rooms";
    const WORDS: Words = Words {
        many: ("教室", "Rooms"),
        lead: (
            "课在哪个教室上，就由看着那个教室的通道录制。在 直播管理 中给通道选择教室。",
            "A lesson is recorded by the channels that look into its room. Choose the room of a channel under Channels.",
        ),
        add: ("添加教室", "Add a room"),
        change: ("修改教室", "Change a room"),
        used_in: ("班级、通道和课表中", "classes, channels and timetables"),
    };
    const COLUMNS: &'static [Pair] = &[("名称", "Name"), ("通道", "Channels"), ("班级", "Classes")];
    const OF_SCHOOL: bool = true;

    fn id(&self) -> i64 {
        self.id.0
    }

    fn name(&self) -> String {
        self.name.clone()
    }

    fn school(&self) -> Option<SchoolId> {
        Some(self.school_id)
    }

    fn cells(&self, l: Lang, around: &Around) -> Vec<Cell> {
        let directory = around.directory.as_ref();
        let channels = match directory.map(|d| channels(d, self.id)).unwrap_or_default() {
            none if none.is_empty() => Cell::Badge {
                tone: "idle",
                text: l.t("没有通道", "No channel").to_owned(),
                note: l.t("这里的课不会被录下来", "Lessons here are not recorded").to_owned(),
            },
            some => Cell::Text(some),
        };
        let classes = directory.map(|d| classes(d, self.id)).unwrap_or_default();
        vec![Cell::Text(self.name.clone()), channels, Cell::Text(classes)]
    }

    fn values(&self) -> Fields {
        values([("name", self.name.clone())])
    }

    fn fields(l: Lang, _: &Around) -> Vec<Field> {
        let hint = l.t("最多 60 个字，一所学校内不重名", "At most 60 characters, once in a school");
        vec![
            Field::text("name", l.t("名称", "Name"))
                .required()
                .placeholder(l.t("例如：301", "e.g. 301"))
                .hint(hint),
        ]
    }

    fn read(id: i64, form: &Fields, around: &Around) -> (Self, Vec<Fault>) {
        let school_id = around.school.unwrap_or(SchoolId(0));
        let room = Room { id: RoomId(id), school_id, name: form.text("name").to_owned() };
        let faults = room.check();
        (RoomRow { id: room.id, school_id, name: room.name, channels: 0 }, faults)
    }

    async fn list(db: &Db, asked: &Asked, page: db::Page) -> db::Result<Listed<Self>> {
        db.list_rooms(asked.school, &asked.text, page).await
    }

    async fn get(db: &Db, id: i64) -> db::Result<Self> {
        db.room(RoomId(id)).await
    }

    async fn add(&self, db: &Db) -> db::Result<()> {
        db.add_room(&NewRoom { school_id: self.school_id, name: self.name.clone() }).await.map(|_| ())
    }

    async fn save(&self, db: &Db) -> db::Result<()> {
        db.save_room(self.id, &self.name).await
    }

    async fn delete(db: &Db, id: i64) -> db::Result<()> {
        db.delete_room(RoomId(id)).await
    }
}
