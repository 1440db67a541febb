//! Record switches, and the same lessons by class, teacher, room, channel and all together.

use super::{Grid, Stage, cell};
use crate::hands::{no_errors, sound};
use testkit::Held;

impl Grid {
    /// ● and ○ of the lessons that are shown.
    async fn recorded(&self) -> Vec<(String, bool)> {
        let script = "[...document.querySelectorAll('[data-cell] .g-dot')].map((b) => [b.closest('[data-cell]').dataset.cell, b.ariaPressed === 'true'])";
        let found = self.page.eval(script).await;
        let one = |v: &serde_json::Value| (v[0].as_str().unwrap().to_owned(), v[1] == true);
        found.as_array().unwrap().iter().map(one).collect()
    }

    async fn records(&self, expected: &[(&str, bool)]) {
        let mut found = self.recorded().await;
        found.sort();
        let expected: Vec<(String, bool)> = expected.iter().map(|(at, on)| ((*at).to_owned(), *on)).collect();
        assert_eq!(found, expected);
    }

    /// Columns of 总课表.
    async fn days(&self) -> usize {
        let found = self.page.eval("document.querySelectorAll('.g-all th[scope=colgroup]').length").await;
        found.as_u64().unwrap() as usize
    }

    pub(super) async fn look_at(&self, kind: &str, id: i64) {
        self.page.click(&format!("[data-act=\"view\"][data-kind=\"{kind}\"]")).await;
        if id > 0 {
            self.page.click(&format!("#grid-list [data-act=\"show\"][data-id=\"{id}\"]")).await;
        }
        let now = self.page.eval("document.querySelector('#grid').dataset.view").await;
        assert_eq!(now, kind);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_click_records_a_cell_a_row_a_column_a_class_and_views_show_the_same_lessons() {
    let stage = Stage::new(false).await;
    let grid = stage.grid(1440, 1300).await;
    switches(&grid).await;
    views(&grid).await;
    many_classes(&stage, &grid).await;
    no_errors(&grid.page, &[]);
}

/// 总课表 of more classes than are drawn in the first frame: every one is there, and can be selected.
async fn many_classes(stage: &Stage, grid: &Grid) {
    for n in 7..=25 {
        let name = format!("{n}班");
        let fields = [("grade_id", "1"), ("name", name.as_str()), ("room_id", ""), ("record", "1")];
        stage.system.admin.post_ok("/admin/classes/new", &fields).await;
    }
    grid.draft_saved().await;
    grid.reload(false).await;
    grid.look_at("all", 0).await;
    let first = grid.page.eval("document.querySelectorAll('#grid-board tbody tr').length").await;
    println!("rows in the first frame: {first}");
    grid.click("1-1-3", Held::NONE).await;
    grid.keys(&[("a", Held::CTRL)]).await;
    assert_eq!(grid.selected().await.len(), 25 * grid.days().await * 8);
    assert_eq!(grid.page.eval("document.querySelectorAll('#grid-board tbody tr').length").await, 25);
    grid.keys(&[("Escape", Held::NONE)]).await;
    grid.drag(&cell("1-1-1"), &cell("25-1-8"), Held::NONE).await;
    grid.is(&[
        ("1-1-2", "数学"),
        ("1-2-1", "英语"),
        ("2-1-1", "数学"),
        ("2-5-5", "数学"),
        ("4-3-3", "英语"),
        ("25-1-8", "语文"),
    ])
    .await;
}

async fn switches(grid: &Grid) {
    let all = |a, b, c| [("1-1-1", a), ("1-1-2", b), ("1-2-1", c)];
    grid.records(&all(true, true, true)).await;
    grid.page.click(&format!("{} [data-act=\"record\"]", cell("1-1-1"))).await;
    grid.records(&all(false, true, true)).await;
    assert!(grid.has(&format!("{} .g-dot", cell("1-1-1")), "own").await);
    assert!(grid.has(&format!("{} .g-dot", cell("1-1-2")), "inherited").await);
    // The column of Monday: half of it is on, so one click sets all, the next one none.
    let monday = "th[data-day=\"1\"] [data-act=\"record-line\"]";
    assert_eq!(grid.page.text(monday).await, "◐");
    grid.page.click(monday).await;
    grid.records(&all(true, true, true)).await;
    grid.page.click(monday).await;
    grid.records(&all(false, false, true)).await;
    // The row of the first period.
    grid.page.click("tbody tr:first-child [data-act=\"record-line\"]").await;
    grid.records(&all(true, false, true)).await;
    grid.press("record-class").await;
    grid.records(&all(true, true, true)).await;
    grid.press("record-class").await;
    grid.records(&all(false, false, false)).await;
    grid.click("1-1-2", Held::NONE).await;
    grid.press("inherit").await;
    grid.records(&all(false, true, false)).await;
    grid.press("record").await;
    grid.records(&all(false, false, false)).await;
}

async fn views(grid: &Grid) {
    grid.look_at("teacher", 2).await;
    grid.is(&[("t2-1-1", "数学"), ("t2-1-2", "数学"), ("t2-4-4", "数学")]).await;
    sound(&grid.page, "grid-teacher").await;
    // Moved here, moved everywhere.
    grid.drag(&cell("t2-4-4"), &cell("t2-5-5"), Held::NONE).await;
    grid.is(&[("t2-1-1", "数学"), ("t2-1-2", "数学"), ("t2-5-5", "数学")]).await;
    grid.look_at("room", 2).await;
    grid.is(&[("r2-1-1", "数学"), ("r2-5-5", "数学")]).await;
    sound(&grid.page, "grid-room").await;
    grid.look_at("channel", 1).await;
    grid.is(&[("v1-1-1", "语文"), ("v1-1-2", "数学"), ("v1-2-1", "英语")]).await;
    sound(&grid.page, "grid-channel").await;
    grid.look_at("class", 2).await;
    grid.is(&[("2-1-1", "数学"), ("2-5-5", "数学")]).await;
    grid.press("next").await;
    assert!(grid.page.text("#grid-title").await.contains("3班"));
    grid.press("prev").await;
    assert!(grid.page.text("#grid-title").await.contains("2班"));
    grid.page.fill("#grid-search", "3班").await;
    assert_eq!(grid.page.eval("document.querySelectorAll('#grid-list button').length").await, 1);

    grid.look_at("all", 0).await;
    let chips =
        [("1-1-1", "语文"), ("1-1-2", "数学"), ("1-2-1", "英语"), ("2-1-1", "数学"), ("2-5-5", "数学")];
    grid.is(&[&chips[..], &[("3-3-3", "英语")]].concat()).await;
    sound(&grid.page, "grid-all").await;
    // From one class to another: that class then has the lesson.
    grid.drag(&cell("3-3-3"), &cell("4-3-3"), Held::NONE).await;
    grid.is(&[&chips[..], &[("4-3-3", "英语")]].concat()).await;
    grid.page.click("[data-act=\"open-class\"][data-id=\"4\"]").await;
    grid.is(&[("4-3-3", "英语")]).await;
    // Weeks: other dates, the same timetable.
    let this = grid.page.text("#grid-week").await;
    grid.press("week-next").await;
    grid.page
        .until(&format!("document.querySelector('#grid-week').innerText !== {}", serde_json::json!(this)))
        .await;
    grid.press("week-this").await;
    grid.page
        .until(&format!("document.querySelector('#grid-week').innerText === {}", serde_json::json!(this)))
        .await;
    grid.press("weekend").await;
    assert_eq!(grid.page.eval("document.querySelectorAll('thead th[data-day]').length").await, 7);
}
