//! 教室 班级 学生 and the room of a channel, as an admin uses them.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod admin_site;

use admin_site::{As, Site};
use model::school::School;
use model::{ChannelId, ClassId, RoomId, SchoolId};

async fn second_school(site: &Site) {
    let school =
        School {
            id: SchoolId(0), name: "第二小学".to_owned(), address: String::new(), phone: String::new()
        };
    site.state.db.add_school(&school).await.unwrap();
}

#[tokio::test]
async fn a_room_is_added_named_used_and_removed() {
    let site = Site::start().await;
    site.get("/admin/rooms")
        .await
        .is(200)
        .has("还没有记录")
        .has("href=\"/admin/rooms/new\"")
        .lacks("name=\"school\"");
    let added = site.post("/admin/rooms/new", &[("name", "301")]).await;
    assert_eq!(added.is(303).location, "/admin/rooms?done=added");
    site.post("/admin/rooms/new", &[("name", "301")]).await.is(422).has("id=\"e-name\"").has("已有同名");
    site.post("/admin/rooms/new", &[("name", "")]).await.is(422).has("此项必填");
    site.post("/admin/rooms/1", &[("name", "<b>302</b>")]).await.is(303);
    site.get("/admin/rooms").await.has("&#60;b&#62;302").lacks("<b>302").has("没有通道");

    let gatherer = site.gatherer("三楼").await;
    let channel = site.channel(gatherer, "一班").await;
    site.state.db.set_channel_room(channel, Some(RoomId(1))).await.unwrap();
    site.get("/admin/rooms").await.has("一班").lacks("没有通道");
    site.post("/admin/rooms/delete", &[("id", "1")]).await.is(200).has("确认删除");
    site.post("/admin/rooms/delete", &[("id", "1"), ("sure", "1")]).await.is(409).has("还有 1 处在用它");
    site.state.db.set_channel_room(channel, None).await.unwrap();
    site.post("/admin/rooms/delete", &[("id", "1"), ("sure", "1")]).await.is(303);
    site.get_as(As::User, "/admin/rooms").await.is(303);
}

#[tokio::test]
async fn each_school_has_rooms_of_its_own() {
    let site = Site::start().await;
    second_school(&site).await;
    site.post("/admin/rooms/new?school=2", &[("name", "301")]).await.is(303);
    let listed = site.get("/admin/rooms?school=2").await;
    listed.has("301").has("<option value=\"2\" selected>第二小学").has("/admin/rooms/1?school=2");
    site.get("/admin/rooms").await.lacks(">301<").has("name=\"school\"");
    // The school of the row counts, whatever the address says.
    site.get("/admin/rooms/1").await.has("第二小学");
    site.post("/admin/rooms/1", &[("name", "302")]).await.is(303);
    assert_eq!(site.state.db.room(RoomId(1)).await.unwrap().school_id, SchoolId(2));
    site.get("/admin/rooms?school=77").await.is(404);
}

#[tokio::test]
async fn a_site_without_a_school_says_what_to_do_first() {
    let site = Site::start().await;
    site.state.db.delete_school(SchoolId(1)).await.unwrap();
    for path in ["/admin/rooms", "/admin/classes", "/admin/students", "/admin/rooms/new", "/admin/import"] {
        site.get(path).await.is(200).has("还没有学校").has("/admin/schools/new");
    }
    site.get_en("/admin/classes").await.has("There is no school yet");
}

#[tokio::test]
async fn a_class_has_a_grade_a_room_and_a_habit_of_recording() {
    let site = Site::start().await;
    site.post("/admin/rooms/new", &[("name", "301")]).await.is(303);
    let new = [("grade_id", "10"), ("name", "3班"), ("room_id", "1"), ("record", "1")];
    site.post("/admin/classes/new", &new).await.is(303);
    site.post("/admin/classes/new", &new).await.is(422).has("已有同名");
    site.post("/admin/classes/new", &[("grade_id", "10"), ("name", "4班"), ("room_id", "99")])
        .await
        .is(422)
        .has("id=\"e-room_id\"");
    site.post("/admin/classes/new", &[("grade_id", "9999"), ("name", "4班")]).await.is(422).has("e-grade_id");
    let listed = site.get("/admin/classes").await;
    listed.has("3班").has("301").has("默认录").has("/admin/students?class=1");
    site.post("/admin/classes/1", &[("grade_id", "10"), ("name", "3班"), ("room_id", "")]).await.is(303);
    let class = site.state.db.class(ClassId(1)).await.unwrap();
    assert_eq!((class.room_id, class.record), (None, false));
    site.get("/admin/classes").await.has("默认不录").has("未指定");
}

#[tokio::test]
async fn students_are_searched_filtered_and_paged() {
    let site = Site::start().await;
    site.get("/admin/students/new").await.has("还没有班级");
    for name in ["1班", "2班"] {
        site.post("/admin/classes/new", &[("grade_id", "10"), ("name", name), ("record", "1")]).await.is(303);
    }
    for n in 1..=13 {
        let (number, name) = (format!("{n:04}"), format!("学生{n}"));
        let class = if n <= 11 { "1" } else { "2" };
        let new = [("class_id", class), ("number", &number), ("name", &name), ("sex", "1")];
        site.post("/admin/students/new", &new).await.is(303);
    }
    let again = [("class_id", "2"), ("number", "0001"), ("name", "另一人"), ("sex", "0")];
    site.post("/admin/students/new", &again).await.is(422).has("已有同名");
    site.post("/admin/students/new", &[("class_id", "77"), ("number", "x"), ("name", "y"), ("sex", "0")])
        .await
        .is(422)
        .has("e-class_id");
    site.get("/admin/students").await.has("共 13 条").has("0001").lacks("0011");
    site.get("/admin/students?class=1").await.has("共 11 条").has("/admin/students?class=1&#38;page=2");
    site.get("/admin/students?class=1&page=2").await.has("0011");
    site.get("/admin/students?q=0012").await.has("共 1 条").has("学生12");
    site.post("/admin/classes/delete", &[("id", "1"), ("sure", "1")]).await.is(409).has("还有 11 处");
    site.post("/admin/students/delete", &[("id", "1"), ("id", "2"), ("sure", "1")]).await.is(303);
    site.get("/admin/students?class=1").await.has("共 9 条");
}

#[tokio::test]
async fn a_channel_looks_into_a_room_of_its_gatherers_school() {
    let site = Site::start().await;
    let gatherer = site.gatherer("三楼").await;
    site.post("/admin/rooms/new", &[("name", "301")]).await.is(303);
    second_school(&site).await;
    site.post("/admin/rooms/new?school=2", &[("name", "远处")]).await.is(303);
    site.get("/admin/channels/new").await.has("本校 · 301").has("第二小学 · 远处");
    let id = gatherer.to_string();
    let with = |room| {
        [
            ("gatherer_id", id.as_str()),
            ("grade_id", "1"),
            ("class_name", "一班"),
            ("mode", "file"),
            ("path", "/data/a.mp4"),
            ("room_id", room),
            ("enabled", "1"),
        ]
    };
    site.post("/admin/channels/new", &with("2")).await.is(422).has("id=\"e-room_id\"");
    assert!(site.state.db.channel(ChannelId(1)).await.is_err(), "nothing was added");
    site.post("/admin/channels/new", &with("1")).await.is(303);
    assert_eq!(site.state.db.channel(ChannelId(1)).await.unwrap().room_id, Some(RoomId(1)));
    site.get("/admin/channels").await.has("教室 301");
    site.post("/admin/channels/1", &with("2")).await.is(422);
    site.post("/admin/channels/1", &with("")).await.is(303);
    assert_eq!(site.state.db.channel(ChannelId(1)).await.unwrap().room_id, None);
}
