//! Two admins in two browsers at one timetable: nothing is lost, and the second one is shown the difference.

use super::{Grid, Stage, card, cell};
use crate::hands::{no_errors, sound};
use testkit::{Browser, Held};

const NO: Held = Held::NONE;

/// Publishes; `merged` = something of the other one's was taken in.
async fn publish(grid: &Grid, merged: bool) {
    grid.press("publish").await;
    grid.asks("publish").await;
    assert_eq!(grid.page.text("dialog").await.contains("自动合并"), merged);
    grid.answer("publish-now").await;
    grid.closed().await;
    grid.page.until("document.querySelector('#grid-live').textContent.includes('已发布第')").await;
}

/// Publishes into a clash and answers it for all cells.
async fn settle(grid: &Grid, take: &str, state: &str) {
    grid.press("publish").await;
    grid.asks("clash").await;
    let text = grid.page.text("dialog .g-clash").await;
    assert!(text.contains("语文") && text.contains("数学"), "both are shown: {text}");
    let ok = "document.querySelector('dialog [data-act=\"ok\"]').disabled";
    assert_eq!(grid.page.eval(ok).await, true, "nothing is chosen beforehand");
    sound(&grid.page, state).await;
    grid.page.click(&format!("dialog input[value=\"{take}\"]")).await;
    grid.answer("ok").await;
    grid.asks("publish").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_admins_at_once_lose_nothing_and_choose_where_they_differ() {
    let stage = Stage::new(false).await;
    let fields = [("name", "second"), ("display_name", "第二位"), ("role", "admin")];
    let password = [("password", "correct horse too"), ("again", "correct horse too")];
    stage.system.admin.post_ok("/admin/users/new", &[&fields[..], &password].concat()).await;
    let one = stage.grid(1440, 1300).await;
    let elsewhere = Browser::start().await;
    let page = elsewhere.page(1440, 1300).await;
    page.go(&stage.system.url("/login")).await;
    page.fill("input[name=name]", "second").await;
    page.fill("input[name=password]", "correct horse too").await;
    page.follow("form button[type=submit]").await;
    let two = Grid::open(&stage.system, page).await;

    // Different cells: both arrive.
    one.drag(&card(1), &cell("1-3-3"), NO).await;
    two.drag(&card(2), &cell("1-4-3"), NO).await;
    publish(&one, false).await;
    publish(&two, true).await;
    let both = ["1-1-1 1", "1-1-2 2", "1-2-1 3", "1-3-3 1", "1-4-3 2", "2-1-1 2", "2-4-4 2", "3-3-3 3"];
    assert_eq!(stage.version(3).await, both);
    assert_eq!(two.shown().await["1-3-3"], "语文", "the second one sees it");

    // The same cell, and mine stands; what the other one had published is still version 4.
    one.reload(false).await;
    one.drag(&card(1), &cell("1-5-5"), NO).await;
    two.drag(&card(2), &cell("1-5-5"), NO).await;
    publish(&one, false).await;
    settle(&two, "mine", "grid-clash").await;
    two.answer("publish-now").await;
    two.closed().await;
    two.page.until("document.querySelector('#grid-live').textContent.includes('已发布第 5 版')").await;
    assert!(stage.version(4).await.contains(&"1-5-5 1".to_owned()));
    assert!(stage.version(5).await.contains(&"1-5-5 2".to_owned()));

    // The same cell once more, and theirs stands; a draft that was open takes in what was published.
    one.reload(false).await;
    assert_eq!(one.shown().await["1-5-5"], "数学");
    one.drag(&card(1), &cell("1-5-6"), NO).await;
    two.drag(&card(2), &cell("1-5-6"), NO).await;
    two.drag(&card(3), &cell("1-5-7"), NO).await;
    publish(&one, false).await;
    settle(&two, "theirs", "grid-clash-theirs").await;
    assert!(two.page.text("dialog [data-f=\"sum\"]").await.starts_with("新增 1　修改 0　取消 0"));
    two.answer("publish-now").await;
    two.closed().await;
    two.page.until("document.querySelector('#grid-live').textContent.includes('已发布第 7 版')").await;
    let last = stage.version(7).await;
    assert!(last.contains(&"1-5-6 1".to_owned()) && last.contains(&"1-5-7 3".to_owned()), "{last:?}");
    no_errors(&one.page, &["409"]);
    no_errors(&two.page, &["409"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_windows_of_one_account_take_in_each_other_s_draft() {
    let stage = Stage::new(false).await;
    let one = stage.grid(1440, 1300).await;
    let elsewhere = Browser::start().await;
    let page = crate::hands::tab(&stage.system, &elsewhere, 1440, 1300).await;
    let two = Grid::open(&stage.system, page).await;
    one.drag(&card(1), &cell("1-3-3"), NO).await;
    one.draft_saved().await;

    // The second window knows nothing of it: it saves beside it, and shows it.
    two.drag(&card(2), &cell("1-4-3"), NO).await;
    two.page.until("document.querySelector('#grid-toast').textContent.includes('另一个窗口')").await;
    two.draft_saved().await;
    assert_eq!(two.shown().await["1-3-3"], "语文");

    // Taken back here, it is taken back; and the window that publishes has both.
    one.page.key("z", Held::CTRL).await;
    one.page.until("document.querySelector('#grid-toast').textContent.includes('另一个窗口')").await;
    one.draft_saved().await;
    assert_eq!(one.shown().await["1-4-3"], "数学");
    assert!(!one.shown().await.contains_key("1-3-3"));
    publish(&one, false).await;
    let last = stage.version(2).await;
    assert!(last.contains(&"1-4-3 2".to_owned()) && !last.contains(&"1-3-3 1".to_owned()), "{last:?}");
    no_errors(&one.page, &["409"]);
    no_errors(&two.page, &["409"]);
}
