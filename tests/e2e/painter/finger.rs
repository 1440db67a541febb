//! With a finger, at 390 px; and what survives a closed tab.

use super::{H, Stage, bar};
use crate::hands::{no_errors, sound, still};

const SKETCHED: &str = "!!document.querySelector('.p-sketch')";

#[tokio::test(flavor = "multi_thread")]
async fn a_finger_paints_on_a_phone_and_the_draft_survives_a_reload() {
    let stage = Stage::new(false).await;
    let week = stage.week(390, 844).await;
    let page = &week.page;
    sound(page, "painter-390").await;
    page.tap("[data-act=\"add\"]").await;
    week.is(&[(1, 8 * H, 9 * H)]).await;

    // Resting draws; moving at once scrolls.
    let [wed] = page.middles(&[".p-row[data-row=\"3\"] .p-name"]).await[..] else { unreachable!() };
    let (from, to) = ((wed.0 + 100.0, wed.1), (wed.0 + 212.0, wed.1));
    page.touch_drag(from, to, "true").await;
    assert_eq!(week.ranges().await.len(), 1, "a finger that moves at once scrolls");
    still(page, ".p-track").await;
    let [wed] = page.middles(&[".p-row[data-row=\"3\"] .p-name"]).await[..] else { unreachable!() };
    let (from, to) = ((wed.0 + 100.0, wed.1), (wed.0 + 212.0, wed.1));
    page.touch_drag(from, to, SKETCHED).await;
    let drawn = *week.ranges().await.last().unwrap();
    assert_eq!(drawn.0, 3);
    assert_eq!((drawn.1 % 300, drawn.2 % 300), (0, 0), "{drawn:?}");
    assert!((H + H / 2..3 * H).contains(&(drawn.2 - drawn.1)), "112 px at 56 px an hour: {drawn:?}");

    // Resting on it takes hold of it: to the day below.
    let own = bar(3, drawn.1);
    let points = page.middles(&[&own, ".p-row[data-row=\"4\"] .p-name"]).await;
    page.touch_drag(points[0], (points[0].0, points[1].1), SKETCHED).await;
    let moved = (4, drawn.1, drawn.2);
    week.is(&[(1, 8 * H, 9 * H), moved]).await;
    // Its handles are wide enough for a finger once it is selected.
    page.tap(&bar(4, drawn.1)).await;
    let handle = format!("{} [data-edge=\"end\"]", bar(4, drawn.1));
    let size = page.eval(&format!("document.querySelector('{handle}').offsetWidth")).await;
    assert!(size.as_i64().unwrap() >= 24, "a handle of {size} px");
    let at = page.middles(&[&handle]).await[0];
    page.touch_drag(at, (at.0 - 28.0, at.1), SKETCHED).await;
    let shorter = *week.ranges().await.last().unwrap();
    assert!(shorter.2 < moved.2 && shorter.1 == moved.1, "{shorter:?}");

    page.tap("[data-act=\"edit\"]").await;
    page.until("!!document.querySelector('dialog.p-dialog[open]')").await;
    sound(page, "painter-dialog-390").await;
    week.fill("start", "23:00").await;
    week.fill("end", "24:00").await;
    page.tap("dialog [data-answer=\"ok\"]").await;
    week.closed().await;
    page.tap("[data-act=\"copy\"][data-day=\"4\"]").await;
    page.tap("dialog [data-day=\"0\"]").await;
    sound(page, "painter-copy-390").await;
    page.tap("dialog [data-answer=\"ok\"]").await;
    week.closed().await;
    let all = [(0, 23 * H, 24 * H), (1, 8 * H, 9 * H), (4, 23 * H, 24 * H)];
    week.is(&all).await;
    sound(page, "painter-full-390").await;

    // Leaving warns; a reload brings everything back, still unsaved.
    page.stays().await;
    week.is(&all).await;
    week.reload(true).await;
    assert!(week.said().await.contains("已恢复"), "{}", week.said().await);
    week.is(&all).await;
    assert_eq!(stage.stored().await, []);
    page.tap("[data-act=\"save\"]").await;
    week.says("已全部保存").await;
    assert_eq!(stage.stored().await, all);
    week.reload(false).await;
    week.is(&all).await;
    assert_eq!(week.unsaved().await, 0);
    // 放弃 takes back what is not saved, and only that.
    page.tap("[data-act=\"add\"]").await;
    assert_eq!(week.unsaved().await, 1);
    page.tap("[data-act=\"discard\"]").await;
    week.is(&all).await;
    no_errors(page, &[]);
}
