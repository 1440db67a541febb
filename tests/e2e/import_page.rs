//! A messy workbook, uploaded in a browser: sheets, names, review, publication, roll back.

use crate::campus::database;
use crate::hands::{no_errors, sound, tab};
use model::SchoolId;
use rust_xlsxwriter::{Format, Workbook};
use std::path::{Path, PathBuf};
use testkit::timetable::lesson;
use testkit::{Browser, Options, Page, System};

/// As schools make them: a title over everything, merged headings, teacher and room below the subject, a lesson over two
/// rows, odd and even weeks in one cell, a sheet of remarks, a hidden one.
fn messy(dir: &Path) -> PathBuf {
    let mut book = Workbook::new();
    let plain = Format::new();
    let remarks = book.add_worksheet();
    remarks.set_name("说明").unwrap();
    remarks.write_string(0, 0, "本课表自开学第一周起执行，如有变动另行通知。").unwrap();
    for (class, third) in [("一年级(1)班", "体育\n赵军\n操场"), ("一年级（２）班", "美术")]
    {
        let sheet = book.add_worksheet();
        sheet.set_name(class).unwrap();
        let title = format!("{class} 课程表（2026—2027学年第一学期）");
        sheet.merge_range(0, 0, 0, 5, &title, &plain).unwrap();
        sheet.merge_range(1, 0, 1, 5, "班主任：教师1", &plain).unwrap();
        for (n, head) in ["节次", "周一", "星期二", "周 三", "星期四", "礼拜五"].into_iter().enumerate()
        {
            sheet.write_string(2, n as u16, head).unwrap();
        }
        for (row, period) in [(3, "第一节\n8:00-8:40"), (4, "第二节"), (5, "第3节"), (6, "午休"), (7, "5")]
        {
            sheet.write_string(row, 0, period).unwrap();
        }
        let (first, second) =
            if class.contains('1') { ("教师1", "教师2") } else { ("教师3", "教师4") };
        sheet.write_string(3, 1, format!("语文\n{first}")).unwrap();
        sheet.write_string(4, 1, format!("数学 {second}")).unwrap();
        sheet.write_string(3, 2, format!("数学/{second}")).unwrap();
        sheet.merge_range(3, 3, 4, 3, &format!("语文\n{first}"), &plain).unwrap();
        sheet.write_string(5, 4, third).unwrap();
        sheet.write_string(7, 5, "音乐(单)\n美术(双)").unwrap();
    }
    let hidden = book.add_worksheet();
    hidden.set_name("旧课表").unwrap();
    hidden.write_string(0, 0, "去年").unwrap();
    hidden.set_hidden(true);
    let path = dir.join("课表 终稿(2)改.xlsx");
    book.save(&path).unwrap();
    path
}

async fn step(page: &Page, name: &str) {
    for (width, height) in [(390, 844), (1440, 900)] {
        page.resize(width, height).await;
        sound(page, &format!("import-{name}-{width}")).await;
    }
}

/// Uploads a file, up to the page of its sheets.
async fn upload(system: &System, page: &Page, file: &Path) {
    page.go(&system.url("/admin/import?school=1")).await;
    page.choose_file("#f-file", file).await;
    page.until("document.querySelector('[data-chosen]').innerText.includes('课表 终稿')").await;
    step(page, "chosen").await;
    page.follow("form[data-upload] button.main").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_messy_workbook_is_reviewed_published_and_rolled_back_in_the_browser() {
    let system = System::start(Options { without_gatherer: true, ..Options::default() }).await;
    system.school(2, 4).await;
    system.publish(0, &[lesson(1, 1, 1, 1, 1), lesson(1, 5, 8, 3, 3)]).await;
    let db = database(&system).await;
    let file = messy(system.dir());
    let browser = Browser::start().await;
    let page = tab(&system, &browser, 1440, 900).await;

    upload(&system, &page, &file).await;
    let text = page.text("body").await;
    for word in ["一年级(1)班", "一年级（２）班", "说明", "旧课表"] {
        assert!(text.contains(word), "{word} is not on the page of the sheets:\n{text}");
    }
    step(&page, "sheets").await;
    page.follow("form button.main").await;

    // Names the school does not know: the sports teacher is made, the playground too.
    let text = page.text("body").await;
    for word in ["体育", "赵军", "操场"] {
        assert!(text.contains(word), "{word} is not asked about:\n{text}");
    }
    step(&page, "names").await;
    page.follow("button[name=rest][value=create]").await;

    let text = page.text("body").await;
    assert!(
        text.contains("一年级(1)班!E6") && text.contains("体育"),
        "the review names sheet and cell:\n{text}"
    );
    step(&page, "review").await;
    let tiles = page.text(".im-counts").await.replace('\n', " ");
    assert!(tiles.starts_with("11 新增 0 修改 1 取消 1 相同 0 冲突"), "{tiles}");
    assert_eq!(db.timetable_versions(SchoolId(1)).await.unwrap().len(), 1, "a review writes nothing");
    page.fill("#f-note", "开学课表").await;
    page.follow("#publish button.main").await;
    step(&page, "done").await;
    let versions = db.timetable_versions(SchoolId(1)).await.unwrap();
    assert_eq!((versions[0].no, versions[0].note.as_str()), (2, "开学课表"));
    let cells = db.timetable(SchoolId(1), 2).await.unwrap().cells;
    assert!(cells.iter().any(|c| c.span == 2 || (c.day, c.period) == (3, 2)), "the merged lesson: {cells:?}");
    assert_eq!(
        cells.iter().filter(|c| (c.day, c.period) == (5, 5)).count(),
        4,
        "odd and even weeks: {cells:?}"
    );

    // The same file once more changes nothing.
    upload(&system, &page, &file).await;
    page.follow("form button.main").await;
    assert!(page.text("body").await.contains("与现行课表完全相同"), "{}", page.text("body").await);
    step(&page, "same").await;

    // And back.
    page.go(&system.url("/admin/import?school=1")).await;
    page.follow(".im-waiting li:last-child a").await;
    page.follow("form[action$=\"/rollback\"] button.danger").await;
    step(&page, "rolled-back").await;
    assert_eq!(
        db.timetable(SchoolId(1), 3).await.unwrap(),
        db.timetable(SchoolId(1), 1).await.unwrap(),
        "exactly what was before"
    );
    no_errors(&page, &[]);
}
