//! With a finger, at 390 px.

use super::{Grid, Stage, card, cell};
use crate::hands::{no_errors, sound, still};

const HELD: &str = "!!document.querySelector('.g-ghost')";

async fn hold_drag(grid: &Grid, from: &str, to: &str) {
    let at = grid.page.middles(&[from, to]).await;
    grid.page.touch_drag(at[0], at[1], HELD).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_finger_makes_a_timetable_on_a_phone() {
    let stage = Stage::new(false).await;
    let grid = stage.grid(390, 844).await;
    let page = &grid.page;
    sound(page, "grid-390").await;
    // A tap selects and brings up what can be done.
    page.tap(&cell("1-1-1")).await;
    assert_eq!(grid.selected().await, ["1-1-1"]);
    assert!(grid.has("#grid-bar", "g-open").await);
    sound(page, "grid-bar-390").await;
    page.tap("#grid-bar [data-act=\"move\"]").await;
    page.tap(&cell("1-2-2")).await;
    grid.is(&[("1-2-2", "语文"), ("1-1-2", "数学"), ("1-2-1", "英语")]).await;

    // A finger that moves at once scrolls; one that rests drags a copy, and one tap makes it a move.
    let at = page.middles(&[&cell("1-2-2"), &cell("1-3-3")]).await;
    page.touch_drag(at[0], at[1], "true").await;
    still(page, "#grid-board td").await;
    grid.is(&[("1-2-2", "语文"), ("1-1-2", "数学"), ("1-2-1", "英语")]).await;
    hold_drag(&grid, &cell("1-2-2"), &cell("1-3-3")).await;
    grid.is(&[("1-2-2", "语文"), ("1-3-3", "语文"), ("1-1-2", "数学"), ("1-2-1", "英语")]).await;
    sound(page, "grid-toast-390").await;
    page.tap("#grid-toast button.g-link").await;
    grid.is(&[("1-3-3", "语文"), ("1-1-2", "数学"), ("1-2-1", "英语")]).await;

    // Cards: dragged after a rest, or tapped and put down with a second tap.
    hold_drag(&grid, &card(2), &cell("1-1-1")).await;
    grid.is(&[("1-1-1", "数学"), ("1-3-3", "语文"), ("1-1-2", "数学"), ("1-2-1", "英语")]).await;
    page.tap(&card(3)).await;
    page.tap(&cell("1-2-3")).await;
    grid.is(&[("1-1-1", "数学"), ("1-3-3", "语文"), ("1-1-2", "数学"), ("1-2-1", "英语"), ("1-2-3", "英语")])
        .await;

    // 多选, then 删除; 撤销 in the bar.
    page.tap("#grid-bar [data-act=\"many\"]").await;
    for at in page.middles(&[&cell("1-1-1"), &cell("1-1-2")]).await {
        page.tap_at(at).await;
    }
    page.tap("#grid-bar [data-act=\"delete\"]").await;
    let fewer = grid.shown().await;
    assert!(!fewer.contains_key("1-1-1") && !fewer.contains_key("1-1-2"), "{fewer:?}");
    page.tap("#grid-bar [data-act=\"undo\"]").await;
    assert_eq!(grid.shown().await["1-1-1"], "数学");
    page.tap("#grid-bar [data-act=\"many\"]").await;

    // 录/不录 and 编辑 of one cell.
    page.tap(&cell("1-1-1")).await;
    page.tap("#grid-bar [data-act=\"record\"]").await;
    let pressed = page.eval("document.querySelector('[data-cell=\"1-1-1\"] .g-dot').ariaPressed").await;
    assert_eq!(pressed, "false");
    page.tap(&cell("1-1-1")).await;
    page.tap("#grid-bar [data-act=\"edit\"]").await;
    grid.asks("cell").await;
    sound(page, "grid-cell-390").await;
    page.tap("dialog[open] [data-act=\"cancel\"]").await;
    grid.closed().await;
    hold_drag(&grid, &cell("1-2-1"), &cell("1-1-1")).await;
    grid.asks("choose").await;
    sound(page, "grid-occupied-390").await;
    page.tap("dialog[open] [data-act=\"cancel\"]").await;
    grid.closed().await;

    page.tap("[data-act=\"publish\"]").await;
    grid.asks("publish").await;
    sound(page, "grid-publish-390").await;
    page.tap("dialog[open] [data-act=\"cancel\"]").await;
    grid.closed().await;
    page.tap("[data-act=\"view\"][data-kind=\"all\"]").await;
    sound(page, "grid-all-390").await;
    no_errors(page, &[]);
}
