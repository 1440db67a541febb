//! The period grid as hands do it: mouse, keyboard, finger, two admins.

mod editors;
mod finger;
mod keys;
mod mouse;
mod publish;
mod views;

use crate::campus::database;
use db::Db;
use model::SchoolId;
use std::collections::BTreeMap;
use testkit::timetable::lesson;
use testkit::{Browser, Held, Options, Page, System};

/// A school of six classes with a first version:
/// class 1 周一 语文 数学, 周二 英语; class 2 周一 数学, 周四 第4节 数学; class 3 周三 第3节 英语.
struct Stage {
    system: System,
    browser: Browser,
    db: Db,
}

impl Stage {
    async fn new(gatherer_runs: bool) -> Self {
        let mut system = System::start(Options { without_gatherer: true, ..Options::default() }).await;
        system.enrol().await;
        if gatherer_runs {
            system.start_gatherer().await;
        }
        system.school(6, 6).await;
        let source = [("mode", "pull"), ("url", "rtsp://127.0.0.1:9/nothing"), ("transport", "tcp")];
        system.channel(&[&source[..], &[("class_name", "一号机"), ("room_id", "1")]].concat()).await;
        let cells = [
            lesson(1, 1, 1, 1, 1),
            lesson(1, 1, 2, 2, 2),
            lesson(1, 2, 1, 3, 3),
            lesson(2, 1, 1, 2, 2),
            lesson(2, 4, 4, 2, 2),
            lesson(3, 3, 3, 3, 3),
        ];
        assert_eq!(system.publish(0, &cells).await, 1);
        let db = database(&system).await;
        Self { system, browser: Browser::start().await, db }
    }

    async fn grid(&self, width: u32, height: u32) -> Grid {
        let page = crate::hands::tab(&self.system, &self.browser, width, height).await;
        Grid::open(&self.system, page).await
    }

    /// `class-day-period subject` of every cell of a version, sorted.
    async fn version(&self, no: i64) -> Vec<String> {
        let cells = self.db.timetable(SchoolId(1), no).await.unwrap().cells;
        let mut all: Vec<String> =
            cells.iter().map(|c| format!("{}-{}-{} {}", c.class, c.day, c.period, c.subject)).collect();
        all.sort_unstable();
        all
    }

    async fn newest(&self) -> i64 {
        self.db.timetable_versions(SchoolId(1)).await.unwrap().first().map_or(0, |v| v.no)
    }
}

/// The page.
struct Grid {
    page: Page,
}

impl Grid {
    async fn open(system: &System, page: Page) -> Self {
        page.go(&system.url("/admin/timetable?school=1&view=class&id=1")).await;
        let grid = Self { page };
        grid.ready().await;
        grid
    }

    async fn ready(&self) {
        self.page.until("document.querySelector('#grid')?.dataset.ready === '1'").await;
    }

    /// Loads the page again; `asked` = the browser asks first.
    async fn reload(&self, asked: bool) {
        self.page.reload(asked).await;
        self.ready().await;
    }

    /// What stands where: position → subjects.
    async fn shown(&self) -> BTreeMap<String, String> {
        let script = "[...document.querySelectorAll('[data-cell]')].map((td) => [td.dataset.cell, \
            [...td.querySelectorAll('.g-card:not(.g-cont)')].map((c) => (c.querySelector('b') ?? c).textContent).join('+')]).filter((x) => x[1])";
        let found = self.page.eval(script).await;
        let text = |v: &serde_json::Value| v.as_str().unwrap().to_owned();
        found.as_array().unwrap().iter().map(|pair| (text(&pair[0]), text(&pair[1]))).collect()
    }

    #[track_caller]
    fn is<'a>(&'a self, expected: &'a [(&'a str, &'a str)]) -> impl Future<Output = ()> + 'a {
        let caller = std::panic::Location::caller();
        async move {
            let expected: BTreeMap<String, String> =
                expected.iter().map(|(at, what)| ((*at).to_owned(), (*what).to_owned())).collect();
            // A dialog's answer is taken a moment after its click.
            let started = std::time::Instant::now();
            let mut found = self.shown().await;
            while found != expected && started.elapsed().as_secs() < 3 {
                found = self.shown().await;
            }
            assert_eq!(found, expected, "{caller}; the page says: {}", self.said().await);
        }
    }

    async fn said(&self) -> String {
        self.page.eval("document.querySelector('#grid-live').textContent").await.as_str().unwrap().to_owned()
    }

    async fn press(&self, act: &str) {
        self.page.click(&format!("#grid [data-act=\"{act}\"]:not([hidden])")).await;
    }

    /// An answer of the open dialog.
    async fn answer(&self, act: &str) {
        self.page.click(&format!("dialog[open] [data-act=\"{act}\"]")).await;
    }

    async fn asks(&self, dialog: &str) {
        self.page.until(&format!("!!document.querySelector('dialog[open][data-dialog=\"{dialog}\"]')")).await;
    }

    /// The answer was taken: no dialog is open.
    async fn closed(&self) {
        self.page.until("!document.querySelector('dialog')").await;
    }

    async fn fill(&self, field: &str, value: &str) {
        self.page.fill(&format!("dialog[open] [name=\"{field}\"]"), value).await;
    }

    /// Drags from one place to another, both in the window.
    async fn drag(&self, from: &str, to: &str, held: Held) {
        let at = self.page.middles(&[from, to]).await;
        self.page.drag_to(at[0], at[1], held).await;
    }

    async fn click(&self, pos: &str, held: Held) {
        let at = self.page.middles(&[&cell(pos)]).await[0];
        self.page.click_at(at, held).await;
    }

    async fn keys(&self, keys: &[(&str, Held)]) {
        for (key, held) in keys {
            self.page.key(key, *held).await;
        }
    }

    /// Whether the element has the class.
    async fn has(&self, selector: &str, class: &str) -> bool {
        let script = format!("document.querySelector('{selector}').classList.contains('{class}')");
        self.page.eval(&script).await == true
    }

    /// Positions that are selected.
    async fn selected(&self) -> Vec<String> {
        let script = "[...document.querySelectorAll('.g-selected')].map((td) => td.dataset.cell)";
        let found = self.page.eval(script).await;
        found.as_array().unwrap().iter().map(|v| v.as_str().unwrap().to_owned()).collect()
    }

    async fn draft_saved(&self) {
        self.page.until("document.querySelector('#grid-saved').textContent.includes('草稿已保存')").await;
    }
}

/// Selector of a cell.
fn cell(pos: &str) -> String {
    format!("[data-cell=\"{pos}\"]")
}

/// Selector of the card of a subject in the palette.
fn card(subject: i64) -> String {
    format!("#grid-palette [data-act=\"card\"][data-subject=\"{subject}\"]")
}
