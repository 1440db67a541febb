//! Without a mouse.

use super::{H, Stage, Week, bar};
use crate::hands::{focus_by_tab, no_errors};
use testkit::Held;

async fn keys(week: &Week, keys: &[(&str, Held)]) {
    for (key, held) in keys {
        week.page.key(key, *held).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_week_is_painted_with_the_keyboard_alone() {
    const NO: Held = Held::NONE;
    let stage = Stage::new(false).await;
    let week = stage.week(1440, 1000).await;
    focus_by_tab(&week.page, "e.dataset.act === 'day' && e.dataset.day === '3'").await;
    keys(&week, &[("Enter", NO)]).await;
    week.page.eval("document.activeElement.blur()").await;
    focus_by_tab(&week.page, "e.dataset.act === 'add'").await;
    keys(&week, &[("Enter", NO)]).await;
    week.is(&[(3, 8 * H, 9 * H)]).await;
    // The new range has the focus: it moves, grows, changes its day.
    keys(&week, &[("ArrowRight", NO), ("ArrowRight", Held::CTRL), ("ArrowRight", Held::SHIFT)]).await;
    week.is(&[(3, 8 * H + 360, 9 * H + 660)]).await;
    keys(&week, &[("ArrowDown", NO), ("ArrowUp", NO), ("ArrowUp", NO), ("ArrowLeft", Held::CTRL)]).await;
    week.is(&[(2, 8 * H + 300, 9 * H + 600)]).await;

    keys(&week, &[("Enter", NO)]).await;
    week.page.until("document.activeElement?.name === 'start'").await;
    week.page.eval("document.activeElement.select()").await;
    for digit in "0930".chars() {
        week.page.key(&digit.to_string(), NO).await;
    }
    keys(&week, &[("Enter", NO)]).await;
    week.refused("end", "30 秒").await;
    keys(&week, &[("Escape", NO)]).await;
    week.closed().await;
    week.is(&[(2, 8 * H + 300, 9 * H + 600)]).await;
    let focused = week.page.eval("document.activeElement.dataset.range ?? ''").await;
    assert_ne!(focused, "", "after the dialog the focus is on the range again");

    keys(&week, &[("Delete", NO)]).await;
    week.is(&[]).await;
    keys(&week, &[("z", Held::CTRL)]).await;
    week.is(&[(2, 8 * H + 300, 9 * H + 600)]).await;
    keys(&week, &[("z", Held(Held::CTRL.0 | Held::SHIFT.0))]).await;
    week.is(&[]).await;
    keys(&week, &[("z", Held::CTRL)]).await;
    // A neighbour stops it.
    week.page.eval("document.activeElement.blur()").await;
    focus_by_tab(&week.page, "e.dataset.act === 'add'").await;
    keys(&week, &[(" ", NO)]).await;
    week.is(&[(2, 8 * H + 300, 9 * H + 600), (2, 9 * H + 600, 10 * H + 600)]).await;
    keys(&week, &[("ArrowLeft", NO)]).await;
    week.is(&[(2, 8 * H + 300, 9 * H + 600), (2, 9 * H + 600, 10 * H + 600)]).await;
    assert!(week.said().await.contains("相邻"), "{}", week.said().await);

    keys(&week, &[("s", Held::CTRL)]).await;
    week.says("已全部保存").await;
    assert_eq!(stage.stored().await, week.ranges().await);
    assert!(week.page.eval(&format!("!!document.querySelector('{}')", bar(2, 8 * H + 300))).await == true);
    let note = week.page.text("[data-told-note]").await;
    assert!(note.contains("三楼采集端") && note.contains("离线"), "{note}");
    no_errors(&week.page, &[]);
}
