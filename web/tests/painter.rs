//! The painter's 全部保存: one transaction, every rule of R-SCH-02/04/11 on the server too, and two editors at once.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod admin_site;

use admin_site::{Answer, As, OnLine, Site};
use model::timetable::WeeklyRange;
use model::{ChannelId, GathererId};
use relay_proto::{Command, RelayMessage, Report};
use serde_json::{Value, json};

const WEEK: &str = "/admin/channels/1/timetable";
const SAVE: &str = "/admin/channels/1/timetable/save";

async fn site() -> Site {
    let site = Site::start().await;
    site.teacher("李老师").await;
    let gatherer = site.gatherer("一号").await;
    site.channel(gatherer, "三班").await;
    site.channel(gatherer, "四班").await;
    site
}

fn body(answer: &Answer) -> Value {
    serde_json::from_str(&answer.body).unwrap_or_else(|_| panic!("no JSON: {}", answer.body))
}

/// One editor with the page open.
struct Editor {
    rev: String,
    seen: Vec<WeeklyRange>,
}

impl Editor {
    async fn open(site: &Site) -> Self {
        let page = site.get(WEEK).await;
        page.is(200);
        let seen = site.state.db.ranges(ChannelId(1)).await.unwrap();
        let rev = db::range_revision(&seen);
        page.has(&format!("&#34;rev&#34;:&#34;{rev}&#34;"));
        Self { rev, seen }
    }

    async fn save(&self, site: &Site, upserts: Value, removed: &[i64]) -> Answer {
        let sent = json!({ "rev": self.rev, "seen": self.seen, "upserts": upserts, "removed": removed });
        site.post_json(SAVE, &sent.to_string(), true).await
    }
}

fn range(id: Option<i64>, weekday: u8, start_s: i64, end_s: i64) -> Value {
    json!({ "id": id, "weekday": weekday, "start_s": start_s, "end_s": end_s, "subject_id": 1, "teacher_id": 1 })
}

async fn week(site: &Site) -> Vec<(i64, u8, u32, u32)> {
    let week = site.state.db.ranges(ChannelId(1)).await.unwrap();
    week.iter().map(|r| (r.id.0, r.weekday, r.start_s, r.end_s)).collect()
}

#[tokio::test]
async fn a_whole_week_is_saved_at_once_with_new_ids() {
    let site = site().await;
    let editor = Editor::open(&site).await;
    let upserts = json!([
        range(None, 1, 28_800, 31_500),
        range(None, 1, 31_500, 34_200),
        range(None, 0, 82_800, 86_400),
        range(None, 6, 0, 31),
    ]);
    let saved = editor.save(&site, upserts, &[]).await;
    saved.is(200);
    let saved = body(&saved);
    assert_eq!(saved["ranges"].as_array().unwrap().len(), 4);
    assert_eq!(saved["rev"], db::range_revision(&site.state.db.ranges(ChannelId(1)).await.unwrap()));
    assert_eq!(saved["told"]["word"], "离线待下发");
    assert_eq!(week(&site).await[0], (3, 0, 82_800, 86_400));
    site.get(WEEK).await.has("08:00–08:45").has("23:00–24:00").has("data-act=\"save\"");
}

#[tokio::test]
async fn a_change_a_removal_and_an_addition_go_together_or_not_at_all() {
    let site = site().await;
    let upserts = json!([range(None, 1, 28_800, 31_500), range(None, 1, 36_000, 39_600)]);
    Editor::open(&site).await.save(&site, upserts, &[]).await.is(200);
    let editor = Editor::open(&site).await;
    let bad = json!([range(Some(1), 2, 28_800, 31_500), range(None, 3, 0, 30)]);
    editor.save(&site, bad, &[2]).await.is(422);
    assert_eq!(week(&site).await.len(), 2);
    let good = json!([range(Some(1), 2, 28_800, 31_500), range(None, 1, 36_000, 39_000)]);
    editor.save(&site, good, &[2]).await.is(200);
    assert_eq!(week(&site).await, [(3, 1, 36_000, 39_000), (1, 2, 28_800, 31_500)]);
}

#[tokio::test]
async fn the_server_refuses_what_the_page_refuses_and_says_which_range_and_field() {
    let site = site().await;
    Editor::open(&site).await.save(&site, json!([range(None, 1, 28_800, 31_500)]), &[]).await.is(200);
    let editor = Editor::open(&site).await;
    let unknown = |field: &str| {
        let mut value = range(None, 2, 100, 200);
        value[field] = json!(99);
        value
    };
    for (wrong, field) in [
        (range(None, 1, 31_499, 34_200), "start"),
        (range(None, 1, 40_000, 40_030), "end"),
        (range(None, 1, 40_000, 39_000), "end"),
        (range(None, 1, 86_000, 86_401), "end"),
        (range(None, 1, -5, 86_401), "start"),
        (range(None, 7, 40_000, 41_000), "weekday"),
        (range(Some(77), 1, 40_000, 41_000), "id"),
        (unknown("subject_id"), "subject_id"),
        (unknown("teacher_id"), "teacher_id"),
    ] {
        let answer = editor.save(&site, json!([range(None, 5, 100, 200), wrong]), &[]).await;
        answer.is(422);
        let fault = &body(&answer)["faults"][0];
        assert_eq!((&fault["index"], &fault["field"]), (&json!(1), &json!(field)), "{}", answer.body);
        assert!(fault["message"].as_str().is_some_and(|m| !m.is_empty()));
    }
    let overlap = editor.save(&site, json!([range(None, 1, 31_499, 34_200)]), &[]).await;
    overlap.has("时间段发生重叠，应用失败！").has("08:00:00–08:45:00");
    editor.save(&site, json!([]), &[77]).await.is(422).has("\"field\":\"removed\"");
    // A range of another channel is unknown here.
    let other = json!({ "rev": db::range_revision(&[]), "upserts": [range(Some(1), 1, 100, 200)] });
    let path = "/admin/channels/2/timetable/save";
    site.post_json(path, &other.to_string(), true).await.is(422).has("\"field\":\"id\"");
    assert_eq!(week(&site).await, [(1, 1, 28_800, 31_500)]);
}

#[tokio::test]
async fn a_channel_holds_200_ranges_and_no_more() {
    let site = site().await;
    let many = |n: i64| (0..n).map(|i| range(None, 1, i * 100, i * 100 + 60)).collect::<Value>();
    let editor = Editor::open(&site).await;
    editor.save(&site, many(201), &[]).await.is(422).has("\"field\":\"ranges\"").has("200");
    editor.save(&site, many(200), &[]).await.is(200);
    assert_eq!(week(&site).await.len(), 200);
}

#[tokio::test]
async fn two_editors_of_different_ranges_both_get_what_they_saved() {
    let site = site().await;
    let both = json!([range(None, 1, 28_800, 31_500), range(None, 2, 28_800, 31_500)]);
    Editor::open(&site).await.save(&site, both, &[]).await.is(200);
    let (first, second) = (Editor::open(&site).await, Editor::open(&site).await);
    let edit = json!([range(Some(1), 1, 28_800, 32_000), range(None, 4, 100, 200)]);
    first.save(&site, edit, &[]).await.is(200);
    let merged = second.save(&site, json!([range(Some(2), 2, 30_000, 31_500)]), &[]).await;
    merged.is(200);
    let others = &body(&merged)["others"];
    assert_eq!(others["added"][0]["weekday"], 4);
    assert_eq!(others["changed"][0][1]["end_s"], 32_000);
    assert_eq!(week(&site).await, [(1, 1, 28_800, 32_000), (2, 2, 30_000, 31_500), (3, 4, 100, 200)]);
}

#[tokio::test]
async fn two_editors_of_one_range_are_shown_each_others_change() {
    let site = site().await;
    Editor::open(&site).await.save(&site, json!([range(None, 1, 28_800, 31_500)]), &[]).await.is(200);
    let (first, second) = (Editor::open(&site).await, Editor::open(&site).await);
    first.save(&site, json!([range(Some(1), 1, 28_800, 32_000)]), &[]).await.is(200);
    let late = second.save(&site, json!([range(Some(1), 1, 27_000, 31_500)]), &[]).await;
    late.is(409).has("别人同时修改了");
    let late = body(&late);
    assert_eq!(late["code"], "outdated");
    assert_eq!(late["clashes"][0]["index"], 0);
    assert_eq!(late["clashes"][0]["theirs"][0]["end_s"], 32_000);
    assert_eq!(late["ranges"][0]["end_s"], 32_000);
    assert_eq!(week(&site).await, [(1, 1, 28_800, 32_000)]);
    // Chosen mine: saved from the week that was shown.
    let rev = late["rev"].as_str().unwrap();
    let again = json!({ "rev": rev, "seen": late["ranges"], "upserts": [range(Some(1), 1, 27_000, 31_500)] });
    site.post_json(SAVE, &again.to_string(), true).await.is(200);
    assert_eq!(week(&site).await, [(1, 1, 27_000, 31_500)]);
    // A page that lies about what it has seen is shown the week and nothing is written.
    let lie = json!({ "rev": "0123456789abcdef", "seen": [], "upserts": [range(None, 3, 100, 200)] });
    site.post_json(SAVE, &lie.to_string(), true).await.is(409);
    assert_eq!(week(&site).await.len(), 1);
}

#[tokio::test]
async fn only_an_admins_own_page_may_save() {
    let site = site().await;
    let sent = json!({ "rev": db::range_revision(&[]), "upserts": [range(None, 1, 100, 200)] }).to_string();
    site.post_json(SAVE, &sent, false).await.is(403);
    site.post_json(SAVE, "{\"rev\":", true).await.is(400);
    site.post_json("/admin/channels/99/timetable/save", &sent, true).await.is(404);
    assert_eq!(site.get_as(As::User, &format!("{WEEK}/told")).await.status.as_u16(), 303);
    assert!(week(&site).await.is_empty());
}

#[tokio::test]
async fn a_save_reaches_the_gatherer_and_the_page_says_so() {
    let site = site().await;
    let port = site.serve_relay().await;
    let gatherer = GathererId(1);
    let mut on_line = OnLine::connect(port, gatherer).await;
    let saved = Editor::open(&site).await.save(&site, json!([range(None, 1, 100, 200)]), &[]).await;
    assert_eq!(body(&saved)["told"]["word"], "正在下发");
    let RelayMessage::Command { command: Command::StateChanged { version }, .. } = on_line.hear().await
    else {
        panic!("no state_changed")
    };
    assert_eq!(version, site.state.db.state_version(gatherer).await.unwrap());
    on_line.report(Report { state_version: version, ..Report::default() }).await;
    site.get(&format!("{WEEK}/told")).await.is(200).has("已下发").has("正在使用这张录像表");
}

#[tokio::test]
async fn lessons_of_the_timetable_in_this_room_stand_behind_the_ranges() {
    let site = Site::start().await;
    let zone = jiff::tz::TimeZone::get(&site.state.db.settings().await.unwrap().time_zone).unwrap();
    let now = jiff::Timestamp::from_millisecond(site.state.now_ms()).unwrap();
    let today = now.to_zoned(zone).date();
    site.taught(today).await;
    site.get(WEEK).await.has("&#34;lessons&#34;:[]");
    let calendar = json!({
        "terms": [{ "year": "2026-2027", "name": "第一学期", "start": today, "end": today }],
        "days": [],
        "bell_tables": [{ "id": 1, "name": "作息", "periods": [
            { "no": 1, "label": "第1节", "kind": "lesson", "start_s": 28_800, "end_s": 31_200 }] }],
        "bell_rules": [],
    });
    let sent = json!({ "base": 0, "calendar": calendar }).to_string();
    site.post_json("/admin/calendar/save", &sent, true).await.is(200);
    let page = site.get(WEEK).await;
    let ghost = format!(
        "&#34;weekday&#34;:{},&#34;start_s&#34;:28800,&#34;end_s&#34;:31200",
        today.weekday().to_sunday_zero_offset()
    );
    page.has(&ghost).has("第1节 一年级三班 语文").has("&#34;recorded&#34;:true");
    assert_eq!(page.body.matches("&#34;recorded&#34;").count(), 1, "one lesson in the week");
}

#[tokio::test]
async fn a_range_that_is_being_recorded_gets_its_new_subject_on_the_site_at_once() {
    let mut site = site().await;
    // 2026-11-20 08:10 in Shanghai, a Friday.
    site.state.clock = base::Clock::manual(1_795_133_400_000);
    site.router = web::router(site.state.clone());
    let editor = Editor::open(&site).await;
    let rows = json!([range(None, 5, 8 * 3600, 9 * 3600), range(None, 5, 7 * 3600, 8 * 3600)]);
    assert_eq!(editor.save(&site, rows, &[]).await.status.as_u16(), 200);
    let week = site.state.db.ranges(ChannelId(1)).await.unwrap();
    let running = week.iter().find(|r| r.start_s == 8 * 3600).unwrap().id;
    let over = week.iter().find(|r| r.start_s == 7 * 3600).unwrap().id;
    for (n, range) in [running, over].into_iter().enumerate() {
        let facts = model::slice::SliceFacts {
            slice_id: format!("01KAFX{n:020}"),
            channel_id: ChannelId(1),
            lesson_key: format!("{range}-20261120"),
            range_id: range,
            subject_id: model::SubjectId(1),
            teacher_id: model::TeacherId(1),
            sequence: 0,
            started_at_ms: 1_795_133_400_000 - 60_000 - n as i64 * 3_600_000,
            duration_ms: 50_000,
            overlap_ms: 0,
            size_bytes: 1000,
            sha256: "ab".repeat(32),
            video_frames: 1500,
            video_codec: "H.264".to_owned(),
            audio_codec: "AAC".to_owned(),
            width: 1280,
            height: 720,
            end: model::slice::SliceEnd::Bell,
        };
        let slice = db::NewSlice { facts, object_id: format!("object{n}") };
        site.state.db.add_slice(&slice, 1_795_133_400_000).await.unwrap();
    }
    let edit = |id: i64, from: i64, to: i64| json!({ "id": id, "weekday": 5, "start_s": from, "end_s": to, "subject_id": 3, "teacher_id": 1 });
    let editor = Editor::open(&site).await;
    let rows = json!([edit(running.0, 8 * 3600, 9 * 3600), edit(over.0, 7 * 3600, 8 * 3600)]);
    assert_eq!(editor.save(&site, rows, &[]).await.status.as_u16(), 200);
    let subject = async |range: model::RangeId| {
        site.state.db.lesson(&format!("{range}-20261120")).await.unwrap().subject_id.0
    };
    assert_eq!(subject(running).await, 3, "it runs: all of it is the new subject");
    assert_eq!(subject(over).await, 1, "what is over stays as it was");
}
