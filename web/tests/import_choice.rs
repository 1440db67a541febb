//! What a person may settle after the upload: whose a grid is, and periods that the bell table lacks.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod admin_site;
mod import_site;

use admin_site::Site;
use import_site::*;
use model::calendar::{Period, PeriodKind};

#[tokio::test]
async fn a_sheet_taken_for_a_class_is_read_again_as_a_teachers() {
    let site = Site::start().await;
    school(&site).await;
    let file =
        Book::new().sheet("王芳", "节次|星期一|星期二\n第1节|数学 高一1班|备课\n第2节|数学 高一2班|").bytes();
    let job = upload(&site, "教师.xlsx", &file).await;
    site.get(&job).await.has("教师课表").has("name=\"kind-0\"");
    // Read again: the same step is shown once more, then the choice stands and the next step follows.
    let again = site.post(&job, &[("kind-0", "class")]).await.is(303).location.clone();
    assert_eq!(again, format!("{job}?read=again"));
    site.get(&again).await.has("重新识别").has("班级课表").has("<option value=\"class\" selected>");
    assert_eq!(site.post(&job, &[("kind-0", "class")]).await.is(303).location, format!("{job}/names"));
    site.get(&format!("{job}/names")).await.has("王芳");
    assert_eq!(site.post(&job, &[("kind-0", "teacher")]).await.is(303).location, again);
    assert_eq!(site.post(&job, &[("kind-0", "teacher")]).await.is(303).location, format!("{job}/names"));
    make_all(&site, &job).await;
    assert_eq!(counts(&site.get(&format!("{job}/review")).await), [2, 0, 0, 0]);
    // A word that is no layout changes nothing.
    site.post(&job, &[("kind-0", "room'\"<")]).await.is(303);
    // Lists have nothing to choose.
    let list = "班级\t星期\t节次\t科目\n高一1班\t周一\t1\t数学\n";
    let job = upload(&site, "列表.txt", list.as_bytes()).await;
    assert!(!site.get(&job).await.body.contains("name=\"kind-0\""));
}

#[tokio::test]
async fn a_period_added_to_the_bells_is_read_without_another_upload() {
    let site = Site::start().await;
    school(&site).await;
    let file = Book::new()
        .sheet("高一1班", "高一(1)班\n节次|星期一|星期二\n第1节|数学|语文\n社团活动|合唱|足球")
        .bytes();
    let (job, _) = recognised(&site, "课表.xlsx", &file).await;
    make_all(&site, &job).await;
    let review = site.get(&format!("{job}/review")).await;
    review
        .has("「社团活动」不在作息表里，2 节课没有读入")
        .has("高一1班!B4、C4")
        .has("/admin/calendar?school=1#bells");
    assert_eq!(counts(&review), [2, 0, 0, 0]);
    let mut calendar = site.state.db.calendar(SCHOOL).await.unwrap();
    let (no, label, kind) = (30, "社团活动".to_owned(), PeriodKind::Lesson);
    let club = Period { no, label, kind, start_s: 61_200, end_s: 63_600 };
    calendar.calendar.bell_tables[0].periods.push(club);
    let db = &site.state.db;
    db.save_calendar(SCHOOL, calendar.revision, &calendar.calendar, site.admin_id, base::now_ms())
        .await
        .unwrap();
    make_all(&site, &job).await;
    let review = site.get(&format!("{job}/review")).await;
    assert_eq!(counts(&review), [4, 0, 0, 0]);
    assert!(!review.body.contains("不在作息表里"));
}

#[tokio::test]
async fn teachers_confirmed_once_are_no_news_of_the_next_import() {
    let site = Site::start().await;
    school(&site).await;
    let sheet = |cell: &str, other: &str| format!("节次|星期一|星期二\n第1节|{cell}|{other}");
    let both = Book::new()
        .sheet("高一1班", &sheet("数学⏎王芳", "语文"))
        .sheet("高一2班", &sheet("语文⏎王芳", "语文"))
        .bytes();
    import(&site, "两班.xlsx", &both).await;
    let one = |other: &str| Book::new().sheet("高一1班", &sheet("数学⏎王芳", other)).bytes();
    let (job, _) = recognised(&site, "一班.xlsx", &one("数学")).await;
    let review = site.get(&format!("{job}/review")).await;
    assert_eq!(counts(&review), [0, 1, 0, 1]);
    assert!(!review.body.contains("教师冲突"), "it stood so before");
    publish(&site, &job, &[]).await.is(303);
    // A new one is told of.
    let two = Book::new().sheet("高一2班", &sheet("语文⏎王芳", "英语⏎李强")).bytes();
    import(&site, "二班.xlsx", &two).await;
    let (job, _) = recognised(&site, "一班.xlsx", &one("数学⏎李强")).await;
    site.get(&format!("{job}/review")).await.has("教师冲突");
    publish(&site, &job, &[]).await.is(422).has("有 1 处教师冲突");
}
