//! The free-time painter, R-SCH-01…11, as hands do it: mouse, keyboard, finger, two tabs.

mod editors;
mod finger;
mod keys;
mod mouse;

use crate::campus::database;
use db::Db;
use model::ChannelId;
use serde_json::Value;
use testkit::{Browser, Held, Options, Page, Point, System};

/// Hours in seconds.
const H: u32 = 3600;

/// A system with one channel, two teachers, and the painter's page.
struct Stage {
    system: System,
    browser: Browser,
    db: Db,
    channel: i64,
}

/// weekday (0 = Sunday), first second, end.
type Range = (u8, u32, u32);

impl Stage {
    async fn new(gatherer_runs: bool) -> Self {
        let mut system = System::start(Options { without_gatherer: true, ..Options::default() }).await;
        system.enrol().await;
        if gatherer_runs {
            system.start_gatherer().await;
        }
        for name in ["王芳", "李明"] {
            system.teacher(name).await;
        }
        let channel = system.pull_channel("rtsp://127.0.0.1:9/nothing", "报告厅").await;
        let db = database(&system).await;
        Self { system, browser: Browser::start().await, db, channel }
    }

    async fn week(&self, width: u32, height: u32) -> Week {
        let page = crate::hands::tab(&self.system, &self.browser, width, height).await;
        let url = self.system.url(&format!("/admin/channels/{}/timetable", self.channel));
        page.go(&url).await;
        let week = Week { page };
        week.ready().await;
        week
    }

    /// What the server holds.
    async fn stored(&self) -> Vec<Range> {
        let rows = self.db.ranges(ChannelId(self.channel)).await.unwrap();
        let mut all: Vec<Range> = rows.iter().map(|r| (r.weekday, r.start_s, r.end_s)).collect();
        all.sort_unstable();
        all
    }
}

/// The page.
struct Week {
    page: Page,
}

impl Week {
    /// It works, and its bars have their width.
    async fn ready(&self) {
        self.page.front().await;
        self.page.until("document.querySelector('[data-painter]')?.dataset.ready === ''").await;
        self.page.until("document.querySelector('.p-plane').style.getPropertyValue('--p-day') !== ''").await;
    }

    /// Loads the page again; `asked` = the browser asks first.
    async fn reload(&self, asked: bool) {
        self.page.reload(asked).await;
        self.ready().await;
    }

    /// What is drawn, sorted.
    async fn ranges(&self) -> Vec<Range> {
        let script = "[...document.querySelectorAll('.p-range')].map((e) => [e.dataset.day, e.dataset.start, e.dataset.end].map(Number))";
        let found = self.page.eval(script).await;
        let number = |v: &Value| v.as_u64().unwrap() as u32;
        let one = |r: &Value| (number(&r[0]) as u8, number(&r[1]), number(&r[2]));
        let mut all: Vec<Range> = found.as_array().unwrap().iter().map(one).collect();
        all.sort_unstable();
        for pair in all.windows(2) {
            assert!(pair[0].0 != pair[1].0 || pair[0].2 <= pair[1].1, "ranges overlap: {pair:?}");
        }
        all
    }

    #[track_caller]
    fn is<'a>(&'a self, expected: &'a [Range]) -> impl Future<Output = ()> + 'a {
        let caller = std::panic::Location::caller();
        async move {
            let mut expected = expected.to_vec();
            expected.sort_unstable();
            let found = self.ranges().await;
            assert_eq!(found, expected, "{caller}; the page says: {}", self.said().await);
        }
    }

    /// A moment of a day as a point of the window; the days must be in it.
    async fn at(&self, day: u8, second: u32) -> Point {
        let script = format!(
            "(() => {{ const r = document.querySelector('.p-track[data-day=\"{day}\"]').getBoundingClientRect(); \
             return [r.x + r.width * {second} / 86400, r.y + r.height / 2, innerHeight] }})()"
        );
        let at = self.page.eval(&script).await;
        let (x, y) = (at[0].as_f64().unwrap(), at[1].as_f64().unwrap());
        assert!(y > 0.0 && y < at[2].as_f64().unwrap(), "day {day} is not in the window");
        (x, y)
    }

    /// Drags from a moment of one day to a moment of another.
    async fn drag(&self, from: (u8, u32), to: (u8, u32), held: Held) {
        let (from, to) = (self.at(from.0, from.1).await, self.at(to.0, to.1).await);
        self.page.drag_to(from, to, held).await;
    }

    async fn press(&self, act: &str) {
        self.page.click(&format!("[data-act=\"{act}\"]")).await;
    }

    async fn hour(&self, hour: u32) {
        self.page.click(&format!("[data-act=\"hour\"][data-hour=\"{hour}\"]")).await;
    }

    /// Clicks the range that begins then.
    async fn select(&self, day: u8, start: u32) {
        self.page.click(&bar(day, start)).await;
    }

    async fn fill(&self, field: &str, value: &str) {
        self.page.fill(&format!("dialog.p-dialog [name=\"{field}\"]"), value).await;
    }

    async fn answer(&self, answer: &str) {
        self.page.click(&format!("dialog.p-dialog [data-answer=\"{answer}\"]")).await;
    }

    /// The answer was taken: no dialog is open.
    async fn closed(&self) {
        self.page.until("!document.querySelector('dialog')").await;
    }

    /// The dialog is still open and says this about a field.
    async fn refused(&self, field: &str, text: &str) {
        let line = self.page.text(&format!("dialog.p-dialog #p-e-{field}")).await;
        assert!(line.contains(text), "{field}: {line:?} does not say {text:?}");
    }

    async fn said(&self) -> String {
        self.page.eval("document.querySelector('[data-say]').innerText").await.as_str().unwrap().to_owned()
    }

    /// Waits until the state line says this.
    async fn says(&self, text: &str) {
        self.page.until(&format!("document.querySelector('[data-say]').innerText.includes('{text}')")).await;
    }

    async fn unsaved(&self) -> u64 {
        let n = self.page.eval("Number(document.querySelector('[data-painter]').dataset.dirty)").await;
        n.as_u64().unwrap()
    }

    async fn save(&self) {
        self.press("save").await;
        self.says("已全部保存").await;
    }
}

/// Selector of the range that begins then.
fn bar(day: u8, start: u32) -> String {
    format!(".p-range[data-day=\"{day}\"][data-start=\"{start}\"]")
}
