//! With the mouse, at 1440 px: place, move, copy, swap, select, the clipboard, conflicts, the dialog, the draft.

use super::{Grid, Stage, card, cell};
use crate::hands::{no_errors, sound};
use testkit::Held;

const NO: Held = Held::NONE;
const CTRL_SHIFT: Held = Held(Held::CTRL.0 | Held::SHIFT.0);

#[tokio::test(flavor = "multi_thread")]
async fn every_gesture_of_a_mouse_does_what_it_says() {
    let stage = Stage::new(false).await;
    let grid = stage.grid(1440, 1300).await;
    grid.is(&[("1-1-1", "语文"), ("1-1-2", "数学"), ("1-2-1", "英语")]).await;
    sound(&grid.page, "grid-class").await;
    place_move_copy(&grid).await;
    give_up(&grid).await;
    occupied(&grid).await;
    conflicts(&grid).await;
    marquee_and_clipboard(&grid).await;
    remove_and_undo(&grid).await;
    exact(&grid).await;
    draft(&grid).await;
    assert_eq!(stage.newest().await, 1, "nothing is published by itself");
    no_errors(&grid.page, &[]);
}

async fn place_move_copy(grid: &Grid) {
    grid.drag(&card(1), &cell("1-3-3"), NO).await;
    grid.is(&[("1-1-1", "语文"), ("1-1-2", "数学"), ("1-2-1", "英语"), ("1-3-3", "语文")]).await;
    grid.drag(&cell("1-1-1"), &cell("1-3-4"), NO).await;
    grid.is(&[("1-1-2", "数学"), ("1-2-1", "英语"), ("1-3-3", "语文"), ("1-3-4", "语文")]).await;
    grid.drag(&cell("1-3-4"), &cell("1-4-1"), Held::ALT).await;
    grid.is(&[("1-1-2", "数学"), ("1-2-1", "英语"), ("1-3-3", "语文"), ("1-3-4", "语文"), ("1-4-1", "语文")])
        .await;
    assert!(grid.has(&cell("1-1-1"), "g-changed").await, "what is not published is marked");
}

/// Esc in the middle of a drag, and a drop beside the grid.
async fn give_up(grid: &Grid) {
    let before = grid.shown().await;
    let at = grid.page.middles(&[&cell("1-4-1"), &cell("1-5-1"), "#grid-title"]).await;
    grid.page.drag(at[0], at[1], NO).await;
    assert!(grid.has(&cell("1-5-1"), "g-over").await, "the place under the pointer is outlined");
    let note = grid.page.text(".g-ghost").await;
    assert!(note.contains("语文") && note.contains("移动 周五 第1节"), "{note}");
    grid.page.key("Escape", NO).await;
    grid.page.drop_at(at[1], NO).await;
    assert_eq!(grid.shown().await, before);
    grid.page.drag_to(at[0], at[2], NO).await;
    assert_eq!(grid.shown().await, before);
    assert!(grid.page.eval("!!document.querySelector('.g-ghost')").await == false);
}

/// A lesson dropped on another: 对调, 替换, or not at all.
async fn occupied(grid: &Grid) {
    let rest = [("1-3-3", "语文"), ("1-3-4", "语文"), ("1-4-1", "语文")];
    let with = |more: &[(&'static str, &'static str)]| [&rest[..], more].concat();
    grid.drag(&cell("1-1-2"), &cell("1-2-1"), NO).await;
    grid.asks("choose").await;
    assert!(grid.page.text("dialog[open]").await.contains("英语"), "it says what stands there");
    sound(&grid.page, "grid-occupied").await;
    grid.answer("swap").await;
    grid.is(&with(&[("1-1-2", "英语"), ("1-2-1", "数学")])).await;
    grid.drag(&cell("1-1-2"), &cell("1-2-1"), NO).await;
    grid.asks("choose").await;
    grid.answer("replace").await;
    grid.is(&with(&[("1-2-1", "英语")])).await;
    grid.press("undo").await;
    grid.is(&with(&[("1-1-2", "英语"), ("1-2-1", "数学")])).await;
    for leave in ["cancel", "close"] {
        grid.drag(&cell("1-1-2"), &cell("1-2-1"), NO).await;
        grid.asks("choose").await;
        grid.answer(leave).await;
        grid.closed().await;
        grid.is(&with(&[("1-1-2", "英语"), ("1-2-1", "数学")])).await;
    }
}

/// 数学 is taught by 教师2, who is in class 2 on Thursday, fourth period.
async fn conflicts(grid: &Grid) {
    let before = grid.shown().await;
    let at = grid.page.middles(&[&cell("1-2-1"), &cell("1-4-4")]).await;
    grid.page.drag(at[0], at[1], NO).await;
    assert!(grid.has(&cell("1-4-4"), "g-over-bad").await, "red while it is dragged");
    assert!(grid.has(&cell("1-1-1"), "g-busy").await, "and where the teacher is taken it is hatched");
    let note = grid.page.text(".g-ghost").await;
    for word in ["教师2", "2班", "周四 第4节"] {
        assert!(note.contains(word), "{note} does not say {word}");
    }
    grid.page.drop_at(at[1], NO).await;
    assert!(grid.has(&format!("{} .g-card", cell("1-4-4")), "g-warn").await);
    assert_eq!(grid.page.text("#grid-conflict-count").await, "1 处冲突");
    assert!(grid.said().await.contains("冲突"), "{}", grid.said().await);
    sound(&grid.page, "grid-conflict").await;
    grid.page.click("#grid-conflict-box summary").await;
    grid.press("jump").await;
    assert_eq!(grid.selected().await.len(), 1, "the list leads there");
    sound(&grid.page, "grid-conflict-list").await;
    grid.page.click("#grid-conflict-box summary").await;
    grid.page.click("[data-act=\"undo\"]").await;
    grid.look_at("class", 1).await;
    assert_eq!(grid.shown().await, before);
}

async fn marquee_and_clipboard(grid: &Grid) {
    grid.drag(&cell("1-3-2"), &cell("1-4-4"), NO).await;
    assert_eq!(grid.selected().await.len(), 6, "two days of three periods: {:?}", grid.selected().await);
    grid.keys(&[("c", Held::CTRL)]).await;
    grid.click("1-1-5", NO).await;
    grid.keys(&[("v", Held::CTRL)]).await;
    let four =
        [("1-1-2", "英语"), ("1-2-1", "数学"), ("1-3-3", "语文"), ("1-3-4", "语文"), ("1-4-1", "语文")];
    grid.is(&[&four[..], &[("1-1-6", "语文"), ("1-1-7", "语文")]].concat()).await;
    grid.click("1-1-6", NO).await;
    grid.click("1-1-7", Held::SHIFT).await;
    assert_eq!(grid.selected().await, ["1-1-6", "1-1-7"]);
    grid.keys(&[("x", Held::CTRL)]).await;
    grid.is(&four).await;
    // The focus of the cut was the lower one: it comes to lie where it is pasted.
    grid.click("1-5-2", NO).await;
    grid.keys(&[("v", Held::CTRL)]).await;
    grid.is(&[&four[..], &[("1-5-1", "语文"), ("1-5-2", "语文")]].concat()).await;
}

async fn remove_and_undo(grid: &Grid) {
    let all = grid.shown().await;
    grid.click("1-5-1", NO).await;
    grid.click("1-5-2", Held::CTRL).await;
    grid.keys(&[("Delete", NO)]).await;
    let fewer = grid.shown().await;
    assert_eq!(all.len() - fewer.len(), 2);
    for (key, held, expected) in [
        ("z", Held::CTRL, &all),
        ("z", CTRL_SHIFT, &fewer),
        ("z", Held::CTRL, &all),
        ("y", Held::CTRL, &fewer),
    ] {
        grid.keys(&[(key, held)]).await;
        assert_eq!(&grid.shown().await, expected, "Ctrl+{key} {held:?}");
    }
    // The button of the message, the bar's buttons.
    grid.press("undo").await;
    assert_eq!(grid.shown().await, all);
    grid.press("redo").await;
    assert_eq!(grid.shown().await, fewer);
    grid.click("1-4-1", NO).await;
    grid.press("copy").await;
    grid.click("1-4-2", NO).await;
    grid.press("paste").await;
    grid.press("delete").await;
    assert_eq!(grid.shown().await, fewer);
}

/// The dialog of a double click: everything a lesson can say.
async fn exact(grid: &Grid) {
    grid.page.double_click(&cell("1-4-1")).await;
    grid.asks("cell").await;
    sound(&grid.page, "grid-cell").await;
    grid.fill("teacher", "没有这个人").await;
    grid.answer("ok").await;
    assert!(grid.page.text("dialog[open] .a-error:not([hidden])").await.contains("没有这位教师"));
    grid.fill("teacher", "教师4").await;
    grid.fill("room", "教室2").await;
    grid.fill("weeks", "odd").await;
    grid.answer("ok").await;
    grid.closed().await;
    let text = grid.page.text(&cell("1-4-1")).await;
    for word in ["语文", "教师4", "教室2", "单"] {
        assert!(text.contains(word), "{text} does not say {word}");
    }
    // A second lesson in the same slot, in the other weeks.
    grid.page.double_click(&cell("1-4-1")).await;
    grid.asks("cell").await;
    grid.answer("another").await;
    grid.page.until("!!document.querySelector('dialog[open] [name=subject]')").await;
    grid.fill("subject", "5").await;
    grid.fill("weeks", "even").await;
    grid.answer("ok").await;
    grid.closed().await;
    assert_eq!(grid.shown().await["1-4-1"], "语文+历史");
    assert_eq!(grid.page.text("#grid-conflict-count").await, "没有冲突");
}

/// What is not published survives a reload, even one in the very moment of a change; 放弃 gives it up.
async fn draft(grid: &Grid) {
    grid.draft_saved().await;
    let before = grid.shown().await;
    grid.reload(false).await;
    assert!(grid.page.text("#grid-saved").await.contains("草稿已恢复"));
    assert_eq!(grid.shown().await, before);
    grid.drag(&format!("{} .g-card", cell("1-2-1")), &cell("1-5-5"), NO).await;
    let after = grid.shown().await;
    assert_eq!(after["1-5-5"], "数学");
    grid.reload(true).await;
    assert_eq!(grid.shown().await, after);
    grid.draft_saved().await;
    grid.press("discard").await;
    grid.asks("choose").await;
    grid.answer("ok").await;
    grid.is(&[("1-1-1", "语文"), ("1-1-2", "数学"), ("1-2-1", "英语")]).await;
    grid.reload(false).await;
    grid.is(&[("1-1-1", "语文"), ("1-1-2", "数学"), ("1-2-1", "英语")]).await;
}
