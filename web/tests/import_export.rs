//! Timetables out: what was exported is imported again without a change, whatever the form.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod admin_site;
mod import_site;

use admin_site::{As, Site};
use import_site::*;
use model::calendar::Weeks;

const LIST: &str = "班级,星期,节次,科目,教师,教室,周次\n\
    高一1班,星期一,第1节,数学,王芳,301,\n\
    高一1班,星期一,第2节,语文,李强,,单周\n\
    高一1班,星期一,第2节,英语,王芳,,双周\n\
    高一2班,星期三,第4节,语文,李强,302,1-8周\n";

async fn published() -> Site {
    let site = Site::start().await;
    school(&site).await;
    import(&site, "列表.csv", LIST.as_bytes()).await;
    site
}

#[tokio::test]
async fn every_export_comes_back_without_a_change() {
    let site = published().await;
    let (no, before) = newest(&site).await;
    assert_eq!(before.cells.len(), 4);
    assert!(before.cells.iter().any(|c| c.weeks == Weeks::Odd));
    for (what, ending) in [("class", "xlsx"), ("list", "xlsx"), ("csv", "csv"), ("teacher", "xlsx")] {
        let (_, named, bytes) = download(&site, &format!("/admin/import/export?as={what}")).await;
        assert!(named.ends_with(ending), "{named}");
        let (job, next) = recognised(&site, &format!("{what}.{ending}"), &bytes).await;
        assert_eq!(next, format!("{job}/review"), "{what}: {}", site.get(&next).await.body);
        site.get(&next).await.has("完全相同");
    }
    assert_eq!(newest(&site).await.0, no);
    let (kind, _, rooms) = download(&site, "/admin/import/export?as=room").await;
    assert!(kind.contains("spreadsheetml") && rooms.starts_with(b"PK"));
}

#[tokio::test]
async fn one_cell_changed_in_an_export_is_one_line() {
    let site = published().await;
    let (_, _, bytes) = download(&site, "/admin/import/export?as=csv").await;
    let text = String::from_utf8(bytes).unwrap();
    assert!(text.starts_with('\u{FEFF}'), "Excel needs the mark to read UTF-8");
    let changed = text.replacen("数学", "物理", 1);
    let (job, _) = recognised(&site, "改.csv", changed.as_bytes()).await;
    assert_eq!(counts(&site.get(&format!("{job}/review")).await), [0, 1, 0, 2]);
}

#[tokio::test]
async fn templates_carry_the_schools_names_and_nothing_of_them_is_imported() {
    let site = published().await;
    for what in ["template-grid", "template-list"] {
        let (_, _, bytes) = download(&site, &format!("/admin/import/export?as={what}")).await;
        let answer = send(&site, "/admin/import", "模板.xlsx", &bytes).await;
        answer.is(422).has("没有认出任何课");
    }
}

#[tokio::test]
async fn a_class_has_a_calendar_file_until_the_end_of_term() {
    let site = published().await;
    site.get("/admin/import").await.has("日历文件");
    let (kind, named, bytes) = download(&site, "/admin/import/export?as=ics&class=1").await;
    let text = String::from_utf8(bytes).unwrap();
    assert!(kind.starts_with("text/calendar") && named.ends_with(".ics"));
    assert!(text.starts_with("BEGIN:VCALENDAR\r\n") && text.contains("数学"), "{text}");
    site.get("/admin/import/export?as=ics&class=99").await.is(404);
}

#[tokio::test]
async fn without_a_timetable_there_is_nothing_to_export_but_templates() {
    let site = Site::start().await;
    school(&site).await;
    site.get("/admin/import/export?as=class").await.is(409).has("还没有发布过课表");
    download(&site, "/admin/import/export?as=template-grid").await;
    site.get("/admin/import/export?as=x").await.is(409);
    site.get("/admin/import/export?as=class&school=9").await.is(404);
    site.get_as(As::User, "/admin/import/export?as=class").await.is(303);
}
