//! 发布: the figures, what is refused and what must be ticked, 已下发, 版本, 回滚, 打印, 导出.

use super::{Grid, Stage, card, cell};
use crate::hands::{no_errors, sound};
use std::time::{Duration, Instant};
use testkit::{Held, wait_for};

const NO: Held = Held::NONE;
const FIRST: [&str; 6] = ["1-1-1 1", "1-1-2 2", "1-2-1 3", "2-1-1 2", "2-4-4 2", "3-3-3 3"];

#[tokio::test(flavor = "multi_thread")]
async fn publishing_counts_refuses_delivers_and_can_be_taken_back() {
    let stage = Stage::new(true).await;
    let grid = stage.grid(1440, 1300).await;
    figures_and_delivery(&stage, &grid).await;
    refused(&stage, &grid).await;
    ticked(&stage, &grid).await;
    papers(&stage).await;
    roll_back(&stage, &grid).await;
    no_errors(&grid.page, &[]);
}

async fn figures_and_delivery(stage: &Stage, grid: &Grid) {
    for to in ["1-3-3", "1-3-4", "1-3-5"] {
        grid.drag(&card(1), &cell(to), NO).await;
    }
    grid.page.double_click(&cell("1-1-2")).await;
    grid.asks("cell").await;
    grid.fill("subject", "4").await;
    grid.answer("ok").await;
    grid.closed().await;
    for gone in ["1-1-1", "1-2-1"] {
        grid.click(gone, NO).await;
        grid.keys(&[("Delete", NO)]).await;
    }
    assert_eq!(grid.page.text("#grid-count").await, "6 格未发布");
    grid.press("publish").await;
    grid.asks("publish").await;
    let sum = grid.page.text("dialog [data-f=\"sum\"]").await;
    assert_eq!(sum, "新增 3　修改 1　取消 2，影响 1 个采集端");
    sound(&grid.page, "grid-publish").await;
    grid.answer("cancel").await;
    grid.closed().await;
    assert_eq!(stage.newest().await, 1, "cancelled");

    let planned = stage.system.first_gatherer().planned();
    let started = Instant::now();
    grid.press("publish").await;
    grid.asks("publish").await;
    grid.fill("note", "月考后调整").await;
    grid.answer("publish-now").await;
    wait_for("the plan on the gatherer's disk", Duration::from_secs(20), || async {
        (stage.system.first_gatherer().planned() != planned).then_some(())
    })
    .await;
    println!("发布 → on the gatherer's disk: {} ms", started.elapsed().as_millis());
    grid.page.until("document.querySelector('[data-f=\"delivered\"]')?.innerText === '已下发 1/1'").await;
    println!("and the page says so: {} ms", started.elapsed().as_millis());
    assert_eq!(
        stage.version(2).await,
        ["1-1-2 4", "1-3-3 1", "1-3-4 1", "1-3-5 1", "2-1-1 2", "2-4-4 2", "3-3-3 3"]
    );
    assert_eq!(grid.page.text("#grid-count").await, "");
    sound(&grid.page, "grid-delivered").await;
}

/// A room wanted twice cannot be published.
async fn refused(stage: &Stage, grid: &Grid) {
    grid.drag(&cell("1-3-3"), &cell("1-1-1"), NO).await;
    grid.page.double_click(&cell("1-1-1")).await;
    grid.asks("cell").await;
    grid.fill("room", "教室2").await;
    let trouble = grid.page.text("dialog .g-trouble").await;
    assert!(trouble.contains("教室") && trouble.contains("2班"), "said before OK: {trouble}");
    grid.answer("ok").await;
    grid.closed().await;
    assert!(grid.has(&format!("{} .g-card", cell("1-1-1")), "g-bad").await);
    grid.press("publish").await;
    grid.asks("publish").await;
    assert!(grid.page.text("dialog .g-refused").await.contains("2班"));
    let disabled = "document.querySelector('dialog [data-act=\"publish-now\"]').disabled";
    assert_eq!(grid.page.eval(disabled).await, true);
    sound(&grid.page, "grid-refused").await;
    grid.answer("cancel").await;
    grid.closed().await;
    assert_eq!(stage.newest().await, 2);
    for _ in 0..2 {
        grid.press("undo").await;
    }
    assert_eq!(grid.page.text("#grid-conflict-count").await, "没有冲突");
}

/// A teacher wanted twice is published only with a tick.
async fn ticked(stage: &Stage, grid: &Grid) {
    grid.page.double_click(&cell("1-4-4")).await;
    grid.asks("cell").await;
    grid.fill("subject", "2").await;
    grid.fill("teacher", "教师2").await;
    grid.answer("ok").await;
    grid.closed().await;
    grid.press("publish").await;
    grid.asks("publish").await;
    let disabled = "document.querySelector('dialog [data-act=\"publish-now\"]').disabled";
    assert!(grid.page.text("dialog .g-asked").await.contains("教师2"));
    assert_eq!(grid.page.eval(disabled).await, true);
    grid.page.click("dialog [name=accept]").await;
    assert_eq!(grid.page.eval(disabled).await, false);
    sound(&grid.page, "grid-ticked").await;
    grid.answer("publish-now").await;
    grid.closed().await;
    grid.page.until("document.querySelector('#grid-live').textContent.includes('已发布第 3 版')").await;
    assert_eq!(stage.newest().await, 3);
    grid.page.until("document.querySelector('[data-f=\"delivered\"]')?.innerText === '已下发 1/1'").await;
}

/// What the links of the page lead to.
async fn papers(stage: &Stage) {
    let admin = &stage.system.admin;
    let print = admin.get("/admin/timetable/print?school=1&view=class&id=1").await;
    assert_eq!(print.status, 200);
    assert!(print.body.contains("1班") && print.body.contains("数学"), "{}", print.body);
    let page = crate::hands::tab(&stage.system, &stage.browser, 1440, 900).await;
    page.go(&stage.system.url("/admin/timetable/print?school=1&view=class&id=1")).await;
    sound(&page, "grid-print").await;
    no_errors(&page, &[]);
    page.close().await;
    let xlsx = admin.get("/admin/timetable/export?school=1&view=class&id=1").await;
    assert_eq!(xlsx.status, 200);
    assert!(xlsx.body.starts_with("PK"), "an xlsx is a zip");
}

/// 回滚到这版, on the list of versions.
async fn roll_back(stage: &Stage, grid: &Grid) {
    let page = &grid.page;
    page.front().await;
    page.go(&stage.system.url("/admin/timetable/versions?school=1")).await;
    sound(page, "grid-versions").await;
    page.follow("a[href*=\"/versions/2\"]").await;
    assert!(page.text("main, body").await.contains("月考后调整"));
    sound(page, "grid-version").await;
    page.go(&stage.system.url("/admin/timetable/versions?school=1")).await;
    page.click("[data-act=\"rollback\"][data-no=\"1\"]").await;
    grid.asks("publish").await;
    sound(page, "grid-rollback").await;
    page.eval("window.__before = true").await;
    grid.answer("publish-now").await;
    page.until("!window.__before && document.readyState === 'complete'").await;
    assert_eq!(stage.newest().await, 4);
    assert_eq!(stage.version(4).await, FIRST);
    page.until("document.querySelector('[data-f=\"delivered\"]')?.innerText === '已下发 1/1'").await;
}
