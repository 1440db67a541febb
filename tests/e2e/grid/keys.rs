//! Without a mouse.

use super::{Stage, cell};
use crate::hands::{focus_by_tab, no_errors};
use testkit::Held;

const NO: Held = Held::NONE;

#[tokio::test(flavor = "multi_thread")]
async fn a_timetable_is_made_with_the_keyboard_alone() {
    let stage = Stage::new(false).await;
    let grid = stage.grid(1440, 1300).await;
    // The palette is one stop; arrows choose a card, Enter takes it up, arrows carry it, Space puts it down.
    focus_by_tab(&grid.page, "e.closest('#grid-palette')").await;
    let chosen = "document.activeElement.dataset.subject === '1'";
    for _ in 0..5 {
        if grid.page.eval(chosen).await != true {
            grid.keys(&[("ArrowRight", NO)]).await;
        }
    }
    assert_eq!(grid.page.eval(chosen).await, true);
    grid.keys(&[("Enter", NO)]).await;
    let focus = grid.page.eval("document.activeElement.dataset.cell").await;
    assert_eq!(focus, "1-1-1", "what is carried is in the grid");
    grid.keys(&[("ArrowRight", NO), ("ArrowRight", NO), ("ArrowDown", NO), (" ", NO)]).await;
    grid.is(&[("1-1-1", "语文"), ("1-1-2", "数学"), ("1-2-1", "英语"), ("1-3-2", "语文")]).await;
    // Space takes up what is there; Esc gives it back.
    grid.keys(&[(" ", NO), ("ArrowRight", NO), ("Escape", NO)]).await;
    grid.is(&[("1-1-1", "语文"), ("1-1-2", "数学"), ("1-2-1", "英语"), ("1-3-2", "语文")]).await;
    grid.keys(&[("ArrowLeft", NO), (" ", NO), ("ArrowRight", NO), ("Enter", NO)]).await;
    grid.is(&[("1-1-1", "语文"), ("1-1-2", "数学"), ("1-2-1", "英语"), ("1-4-2", "语文")]).await;
    // Carried over a conflict it says who and where: 数学 to Thursday, fourth period.
    grid.keys(&[("Home", NO), (" ", NO), ("ArrowDown", NO), ("ArrowDown", NO)]).await;
    grid.keys(&[("ArrowRight", NO), ("ArrowRight", NO), ("ArrowRight", NO)]).await;
    assert!(grid.has(&cell("1-4-4"), "g-over-bad").await);
    assert!(
        grid.said().await.contains("教师2") && grid.said().await.contains("2班"),
        "{}",
        grid.said().await
    );
    grid.keys(&[("Escape", NO)]).await;
    // Onto an occupied place it asks; the dialog is answered with the keyboard.
    grid.keys(&[("ArrowUp", NO), ("ArrowUp", NO), (" ", NO), ("Home", NO), (" ", NO)]).await;
    grid.asks("choose").await;
    grid.keys(&[("Enter", NO)]).await;
    grid.closed().await;
    grid.is(&[("1-1-1", "语文"), ("1-1-2", "语文"), ("1-2-1", "英语"), ("1-4-2", "数学")]).await;
    grid.keys(&[("z", Held::CTRL)]).await;
    grid.is(&[("1-1-1", "语文"), ("1-1-2", "数学"), ("1-2-1", "英语"), ("1-4-2", "语文")]).await;
    grid.keys(&[("y", Held::CTRL), ("z", Held::CTRL)]).await;
    // Two are selected with Shift, copied and pasted; removed with Delete.
    grid.click("1-1-1", NO).await;
    grid.keys(&[("ArrowDown", Held::SHIFT)]).await;
    assert_eq!(grid.selected().await, ["1-1-1", "1-1-2"]);
    grid.keys(&[("c", Held::CTRL), ("End", NO), ("ArrowDown", NO), ("v", Held::CTRL)]).await;
    assert_eq!(grid.shown().await.len(), 6, "{:?}", grid.shown().await);
    grid.keys(&[("Delete", NO)]).await;
    grid.is(&[("1-1-1", "语文"), ("1-1-2", "数学"), ("1-2-1", "英语"), ("1-4-2", "语文")]).await;
    // R turns the recording over, Enter opens everything about a lesson.
    focus_by_tab(&grid.page, "!!e.dataset.cell").await;
    grid.keys(&[("Home", NO), ("r", NO)]).await;
    let at = grid.page.eval("document.activeElement.dataset.cell").await;
    let at = at.as_str().unwrap();
    let dot = format!("document.querySelector('{} .g-dot')?.ariaPressed ?? 'none'", cell(at));
    assert_eq!(
        grid.page.eval(&dot).await,
        if grid.shown().await.contains_key(at) { "false" } else { "none" }
    );
    grid.keys(&[("Enter", NO)]).await;
    grid.asks("cell").await;
    grid.keys(&[("Escape", NO)]).await;
    grid.closed().await;
    assert_eq!(grid.page.eval("document.activeElement.dataset.cell").await, at, "the focus comes back");
    no_errors(&grid.page, &[]);
}
