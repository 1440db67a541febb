//! 今日课程 in a real browser, live: a lesson is planned, recorded, on the site; longer at a click; red with its cause when
//! the gatherer dies. The page is never loaded again by the test.

use crate::campus::{Campus, Room, Title, database, named};
use crate::hands::{no_errors, sound, tab};
use model::calendar::Cell;
use serde_json::json;
use std::time::Duration;
use testkit::{Browser, Options, Page, System, fixture::Clip};

/// The first lesson lasts so long; the second begins four seconds after it and is long enough for all that happens to it.
const FIRST_S: u32 = 8;
const SECOND_S: u32 = 120;

/// A lesson's cell on the board.
struct Board<'a> {
    page: &'a Page,
    id: String,
}

impl Board<'_> {
    fn cell(&self) -> String {
        format!(".t-wide [data-cell=\"{}\"]", self.id)
    }

    /// Waits until the cell has this colour, on the very document that was opened.
    async fn turns(&self, tone: &str) {
        let cell = json!(self.cell());
        let script =
            format!("window.__same === true && document.querySelector({cell})?.dataset.tone === '{tone}'");
        self.page.until_within(&script, Duration::from_secs(45)).await;
        println!("{}: {tone}, {}", self.id, self.page.text(&format!("{} [data-word]", self.cell())).await);
    }

    async fn sum(&self, name: &str) -> String {
        self.page.text(&format!("[data-sum=\"{name}\"]")).await
    }

    async fn open(&self) {
        self.page.click(&self.cell()).await;
        self.page.until("!!document.querySelector('#t-panel[open] [data-lesson]')").await;
    }
}

async fn stage(system: &System, campus: &Campus, room: &Room, title: Title) {
    campus.running(1).await;
    let start_s = campus.now_s() + 10;
    let second_s = start_s + FIRST_S + 4;
    let bells = [(start_s, start_s + FIRST_S), (second_s, second_s + SECOND_S)];
    let cells: Vec<Cell> = [1, 2].iter().map(|period| room.cell(campus.weekday(), *period, title)).collect();
    campus.publish(&campus.calendar(&bells), cells).await;
    // The relay hears of a change at once when it is made on a page; this one was made past them.
    system.admin.post_ok(&format!("/admin/schools/{}", campus.school), &[("name", "试验学校")]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_board_follows_a_lesson_live_from_plan_to_recording_and_to_a_dead_gatherer() {
    let system = System::start(Options { without_gatherer: true, ..Options::default() }).await;
    let clip = Clip { seconds: 60, size: "320x180", ..Clip::default() }.make(system.dir(), "a.mp4");
    let db = database(&system).await;
    let title = named(&db, "原定").await;
    let mut campus = Campus::new(&system, &db, 1, "试验学校", &clip).await;
    let room = campus.room("一班").await;
    stage(&system, &campus, &room, title).await;
    let browser = Browser::start().await;
    let page = tab(&system, &browser, 1440, 900).await;
    page.go(&system.url(&format!("/admin/today?school={}", campus.school))).await;
    page.eval("window.__same = true").await;
    let today = campus.today();
    let board = |period: u8| Board { page: &page, id: room.lesson(today, period, 0).to_string() };

    let first = board(1);
    first.turns("soon").await;
    assert_eq!(first.sum("due").await, "2");
    sound(&page, "board-soon").await;
    first.turns("live").await;
    assert_eq!(first.sum("recording").await, "1");
    sound(&page, "board-live").await;
    first.turns("done").await;
    assert_eq!(first.sum("recorded").await, "1");

    let second = board(2);
    second.turns("live").await;
    second.open().await;
    sound(&page, "board-panel").await;
    let before = page.text(&format!("{} small", second.cell())).await;
    page.follow("#t-panel [name=do][value=extend5]").await;
    page.eval("window.__same = true").await;
    let after = page.text(&format!("{} small", second.cell())).await;
    assert_ne!(before, after, "the cell shows the new end");
    campus.delivered().await;
    second.turns("live").await;

    campus.gatherer.process().kill().await;
    second.turns("bad").await;
    assert_eq!(second.sum("missing").await, "1");
    let title = page.eval(&format!("document.querySelector({}).title", json!(second.cell()))).await;
    assert!(title.as_str().unwrap().contains("离线"), "the cause is on the cell: {title}");
    second.open().await;
    assert!(page.text("#t-panel .t-cause").await.contains("离线"), "and in the panel");
    sound(&page, "board-dead").await;
    page.key("Escape", testkit::Held::NONE).await;
    page.until("!document.querySelector('#t-panel[open]')").await;
    no_errors(&page, &[]);

    let phone = tab(&system, &browser, 390, 844).await;
    phone.go(&system.url(&format!("/admin/today?school={}", campus.school))).await;
    sound(&phone, "board-dead-390").await;
    phone.tap(&format!(".t-narrow [data-cell=\"{}\"]", second.id)).await;
    phone.until("!!document.querySelector('#t-panel[open] [data-lesson]')").await;
    sound(&phone, "board-panel-390").await;
    no_errors(&phone, &[]);
}
