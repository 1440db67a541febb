//! With the mouse, at 1440 px.

use super::{H, Stage, Week, bar};
use crate::hands::{no_errors, sound};
use std::time::{Duration, Instant};
use testkit::{Held, wait_for};

#[tokio::test(flavor = "multi_thread")]
async fn a_mouse_paints_a_week_and_only_save_all_stores_it() {
    let mut stage = Stage::new(true).await;
    let week = stage.week(1440, 1000).await;
    sound(&week.page, "painter-empty").await;
    add_draw_and_snap(&week).await;
    move_and_resize(&week).await;
    exact_entry(&week).await;
    jump_change_remove(&week).await;
    copy_clear_undo(&week).await;
    assert_eq!(stage.stored().await, [], "nothing is stored before 全部保存");
    save_and_deliver(&mut stage, &week).await;
    no_errors(&week.page, &[]);
}

/// 添加, drawing, snapping.
async fn add_draw_and_snap(week: &Week) {
    week.press("add").await;
    week.is(&[(1, 8 * H, 9 * H)]).await;
    week.press("add").await;
    week.is(&[(1, 8 * H, 9 * H), (1, 9 * H, 10 * H)]).await;

    let (from, to) = (week.at(2, 10 * H).await, week.at(2, 11 * H + H / 2).await);
    week.page.drag(from, to, Held::NONE).await;
    assert_eq!(week.page.text(".p-tip").await, "10:00 – 11:30", "the times stand beside the pointer");
    assert_eq!(week.ranges().await.len(), 2, "it is there when the button is let go");
    week.page.key("Escape", Held::NONE).await;
    week.page.drop_at(to, Held::NONE).await;
    assert_eq!(week.ranges().await.len(), 2, "Esc gives the drawing up");
    week.drag((2, 10 * H), (2, 11 * H + H / 2), Held::NONE).await;
    let drawn = [(1, 8 * H, 9 * H), (1, 9 * H, 10 * H), (2, 10 * H, 11 * H + H / 2)];
    week.is(&drawn).await;

    // Half-way between two steps of five minutes: only Shift stops there.
    week.drag((3, 13 * H), (3, 13 * H + 47 * 60 + 30), Held::SHIFT).await;
    let (_, start, end) = *week.ranges().await.last().unwrap();
    assert_eq!((start % 60, end % 60), (0, 0), "Shift snaps to a minute");
    assert_ne!(end % 300, 0, "and not to five");
    week.press("undo").await;
    // Drawn into a neighbour it ends where that one begins.
    week.drag((2, 9 * H), (2, 10 * H + H / 2), Held::NONE).await;
    assert!(week.ranges().await.contains(&(2, 9 * H, 10 * H)));
    week.press("undo").await;
    week.is(&drawn).await;
}

/// The middle moves, the ends resize, also onto another day; never over a neighbour.
async fn move_and_resize(week: &Week) {
    let monday = [(1, 8 * H, 9 * H), (1, 9 * H, 10 * H)];
    let with = |range| [monday[0], monday[1], range];
    let middle = |start: u32| start + 45 * 60;
    week.drag((2, middle(10 * H)), (2, middle(14 * H)), Held::NONE).await;
    week.is(&with((2, 14 * H, 15 * H + H / 2))).await;
    week.drag((2, middle(14 * H)), (4, middle(14 * H)), Held::NONE).await;
    week.is(&with((4, 14 * H, 15 * H + H / 2))).await;
    for (edge, was, to) in [("end", 15 * H + H / 2, 17 * H), ("start", 14 * H, 13 * H)] {
        let handle = format!("{} [data-edge=\"{edge}\"]", bar(4, 14 * H));
        let from = week.page.middles(&[&handle]).await[0];
        let to = (from.0 + week.at(4, to).await.0 - week.at(4, was).await.0, from.1);
        week.page.drag(from, to, Held::NONE).await;
        assert!(week.page.text(".p-tip").await.contains(" – "), "a handle shows the times");
        week.page.drop_at(to, Held::NONE).await;
    }
    week.is(&with((4, 13 * H, 17 * H))).await;
    // Onto Monday's two: it stops beside them.
    week.drag((4, 15 * H), (1, 9 * H), Held::NONE).await;
    let moved = week.ranges().await;
    assert!(moved.iter().all(|r| r.0 == 1) && moved.len() == 3, "{moved:?}");
    week.press("undo").await;
    // The second of Monday grows to the left no further than the first.
    let handle = format!("{} [data-edge=\"start\"]", bar(1, 9 * H));
    let from = week.page.middles(&[&handle]).await[0];
    let to = week.at(1, 8 * H + H / 2).await;
    week.page.drag_to(from, to, Held::NONE).await;
    week.is(&with((4, 13 * H, 17 * H))).await;
}

/// The dialog of a double click: what is refused, and by how much.
async fn exact_entry(week: &Week) {
    let open = || async {
        week.page.double_click(&bar(4, 13 * H)).await;
        week.page.until("!!document.querySelector('dialog.p-dialog[open]')").await;
    };
    open().await;
    sound(&week.page, "painter-dialog").await;
    week.fill("start", "13:00").await;
    week.fill("end", "13:00:30").await;
    week.answer("ok").await;
    week.refused("end", "30 秒").await;
    sound(&week.page, "painter-dialog-refused").await;
    week.fill("end", "25:00").await;
    week.answer("ok").await;
    week.refused("end", "24:00:00").await;
    week.fill("end", "12:00").await;
    week.answer("ok").await;
    week.refused("end", "开始时间").await;
    week.fill("end", "13:00:31").await;
    week.answer("ok").await;
    week.closed().await;
    week.is(&[(1, 8 * H, 9 * H), (1, 9 * H, 10 * H), (4, 13 * H, 13 * H + 31)]).await;

    open().await;
    week.fill("weekday", "1").await;
    week.fill("start", "09:59:59").await;
    week.fill("end", "11:00").await;
    week.answer("ok").await;
    week.refused("start", "时间段发生重叠，应用失败！").await;
    week.fill("start", "10:00").await;
    week.fill("subject", "2").await;
    week.fill("teacher", "2").await;
    week.answer("ok").await;
    week.closed().await;
    week.is(&[(1, 8 * H, 9 * H), (1, 9 * H, 10 * H), (1, 10 * H, 11 * H)]).await;
    let name = week.page.eval(&format!("document.querySelector('{}').ariaLabel", bar(1, 10 * H))).await;
    assert_eq!(name, "星期一 数学 10:00–11:00 李明");
}

/// Hours below the bars, 修改, 24:00, 删除.
async fn jump_change_remove(week: &Week) {
    week.page.click("[data-act=\"day\"][data-day=\"5\"]").await;
    week.hour(20).await;
    assert!(week.said().await.contains("请先选中"), "{}", week.said().await);
    week.select(1, 10 * H).await;
    week.hour(20).await;
    week.is(&[(1, 8 * H, 9 * H), (1, 9 * H, 10 * H), (1, 20 * H, 21 * H)]).await;
    week.hour(8).await;
    assert!(week.said().await.contains("重叠"), "{}", week.said().await);
    week.hour(24).await;
    assert!(week.said().await.contains("24:00"), "{}", week.said().await);
    week.press("edit").await;
    week.fill("weekday", "0").await;
    week.fill("start", "23:00").await;
    week.fill("end", "24:00").await;
    week.answer("ok").await;
    week.closed().await;
    week.is(&[(1, 8 * H, 9 * H), (1, 9 * H, 10 * H), (0, 23 * H, 24 * H)]).await;
    let text = week.page.eval(&format!("document.querySelector('{}').ariaLabel", bar(0, 23 * H))).await;
    assert!(text.as_str().unwrap().contains("23:00–24:00"), "{text}");
    week.select(1, 9 * H).await;
    week.press("remove").await;
    week.is(&[(1, 8 * H, 9 * H), (0, 23 * H, 24 * H)]).await;
    week.press("undo").await;
    week.is(&[(1, 8 * H, 9 * H), (1, 9 * H, 10 * H), (0, 23 * H, 24 * H)]).await;
}

/// 复制 replaces the days that are ticked; 全部删除 of a day and of the week; every step back and forth.
async fn copy_clear_undo(week: &Week) {
    week.drag((2, 6 * H), (2, 7 * H), Held::NONE).await;
    let before = week.ranges().await;
    week.page.click("[data-act=\"copy\"][data-day=\"1\"]").await;
    week.page.until("!!document.querySelector('dialog.p-dialog[open]')").await;
    sound(&week.page, "painter-copy").await;
    week.answer("ok").await;
    assert!(week.page.text("dialog .p-warn").await.contains("请勾选"), "no day was ticked");
    for day in [2, 3] {
        week.page.click(&format!("dialog [data-day=\"{day}\"]")).await;
    }
    assert!(week.page.text("dialog .p-warn").await.contains("替换目标日现有的 1 个"));
    week.answer("ok").await;
    week.closed().await;
    let day = |d: u8| [(d, 8 * H, 9 * H), (d, 9 * H, 10 * H)];
    let copied = [&day(1)[..], &day(2), &day(3), &[(0, 23 * H, 24 * H)]].concat();
    week.is(&copied).await;

    week.select(3, 8 * H).await;
    week.press("clear").await;
    week.answer("ok").await;
    week.closed().await;
    let cleared = [&day(1)[..], &day(2), &[(0, 23 * H, 24 * H)]].concat();
    week.is(&cleared).await;
    week.press("clear").await;
    week.page.click("dialog input[value=week]").await;
    week.answer("ok").await;
    week.closed().await;
    week.is(&[]).await;
    for expected in [&cleared, &copied, &before] {
        week.press("undo").await;
        week.is(expected).await;
    }
    for expected in [&copied, &cleared] {
        week.page.key("y", Held::CTRL).await;
        week.is(expected).await;
    }
}

/// 全部保存: exactly what is drawn, on the gatherer's disk too; who is off line is named.
async fn save_and_deliver(stage: &mut Stage, week: &Week) {
    let drawn = week.ranges().await;
    let planned = stage.system.first_gatherer().planned().len();
    let started = Instant::now();
    week.press("save").await;
    wait_for("the plan on the gatherer's disk", Duration::from_secs(20), || async {
        (stage.system.first_gatherer().planned().len() > planned).then_some(())
    })
    .await;
    println!("全部保存 → on the gatherer's disk: {} ms", started.elapsed().as_millis());
    week.says("已全部保存").await;
    assert_eq!(stage.stored().await, drawn);
    assert_eq!(week.ranges().await, drawn);
    assert_eq!(week.unsaved().await, 0);
    week.page.until("document.querySelector('[data-told]').innerText === '已下发'").await;
    println!("and the page says so: {} ms", started.elapsed().as_millis());
    sound(&week.page, "painter-saved").await;

    stage.system.gatherer().kill().await;
    week.select(1, 8 * H).await;
    week.press("remove").await;
    assert_eq!(stage.stored().await, drawn, "删除 needs 全部保存 too");
    week.save().await;
    assert_eq!(stage.stored().await.len(), drawn.len() - 1);
    week.page.until("document.querySelector('[data-told]').innerText === '离线待下发'").await;
    let note = week.page.text("[data-told-note]").await;
    assert!(note.contains("三楼采集端") && note.contains("离线"), "{note}");
    sound(&week.page, "painter-offline").await;
    stage.system.start_gatherer().await;
    week.page.until("document.querySelector('[data-told]').innerText === '已下发'").await;
}
