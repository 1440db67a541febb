//! Two tabs at one week: nothing is lost, and who comes second sees what the first one did.

use super::{H, Stage};
use crate::hands::{no_errors, sound};
use testkit::Held;

#[tokio::test(flavor = "multi_thread")]
async fn two_tabs_that_save_lose_nothing() {
    let stage = Stage::new(false).await;
    let (first, second) = (stage.week(1440, 1000).await, stage.week(1440, 1000).await);
    first.page.front().await;
    first.drag((1, 8 * H), (1, 9 * H), Held::NONE).await;
    second.page.front().await;
    second.drag((2, 8 * H), (2, 9 * H), Held::NONE).await;
    first.page.front().await;
    first.save().await;
    second.page.front().await;
    second.press("save").await;
    second.says("别人也保存了").await;
    let both = [(1, 8 * H, 9 * H), (2, 8 * H, 9 * H)];
    second.is(&both).await;
    assert_eq!(stage.stored().await, both);

    // The same range, changed by both: the second one is shown both and chooses.
    first.reload(false).await;
    first.is(&both).await;
    first.page.front().await;
    first.drag((1, 8 * H + H / 2), (1, 10 * H + H / 2), Held::NONE).await;
    second.page.front().await;
    second.drag((1, 8 * H + H / 2), (1, 12 * H + H / 2), Held::NONE).await;
    first.page.front().await;
    first.save().await;
    second.page.front().await;
    second.press("save").await;
    second.page.until("!!document.querySelector('dialog .p-clash')").await;
    sound(&second.page, "painter-clash").await;
    let text = second.page.text("dialog .p-clash").await;
    assert!(text.contains("12:00–13:00") && text.contains("10:00–11:00"), "{text}");
    assert_eq!(stage.stored().await, [(1, 10 * H, 11 * H), (2, 8 * H, 9 * H)], "nothing before the choice");
    second.page.click("dialog input[value=theirs]").await;
    second.answer("ok").await;
    second.closed().await;
    second.is(&[(1, 10 * H, 11 * H), (2, 8 * H, 9 * H)]).await;

    // Once more, and now mine stands.
    first.page.front().await;
    first.drag((1, 10 * H + H / 2), (1, 14 * H + H / 2), Held::NONE).await;
    second.page.front().await;
    second.drag((1, 10 * H + H / 2), (1, 16 * H + H / 2), Held::NONE).await;
    first.page.front().await;
    first.save().await;
    second.page.front().await;
    second.press("save").await;
    second.page.until("!!document.querySelector('dialog .p-clash')").await;
    second.answer("ok").await;
    second.closed().await;
    second.save().await;
    assert_eq!(stage.stored().await, [(1, 16 * H, 17 * H), (2, 8 * H, 9 * H)]);
    no_errors(&first.page, &[]);
    no_errors(&second.page, &["409"]);
}
