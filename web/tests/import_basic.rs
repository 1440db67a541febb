//! Basic data in and out of files: seven tables, each row shown before it is written, none ever removed.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod admin_site;
mod import_site;

use admin_site::{Answer, As, Site};
use import_site::*;
use model::school::{Student, Teacher};
use model::{ClassId, StudentId, TeacherId};

const KINDS: [&str; 7] = ["schools", "grades", "rooms", "classes", "subjects", "teachers", "students"];

async fn filled() -> Site {
    let site = Site::start().await;
    school(&site).await;
    for (number, name) in [("0001", "学生一"), ("0002", "=cmd|' /C calc'!A0")] {
        let (number, name) = (number.to_owned(), name.to_owned());
        let new = Student { id: StudentId(0), class_id: ClassId(1), number, name, sex: 1 };
        site.state.db.add_student(&new).await.unwrap();
    }
    site.post("/admin/rooms/new", &[("name", "301")]).await.is(303);
    site.post("/admin/classes/1", &[("grade_id", "10"), ("name", "1班"), ("room_id", "1"), ("record", "1")])
        .await
        .is(303);
    site
}

/// Uploads a table; gives the address of its job and the page.
async fn compared(site: &Site, what: &str, name: &str, bytes: &[u8]) -> (String, Answer) {
    let answer = send(site, &format!("/admin/import/basic?what={what}"), name, bytes).await;
    answer.is(303);
    let page = site.get(&answer.location).await;
    page.is(200);
    (answer.location, page)
}

#[tokio::test]
async fn what_was_exported_is_imported_without_a_change() {
    let site = filled().await;
    for what in KINDS {
        for (kind, ending) in [("xlsx", "xlsx"), ("csv", "csv")] {
            let (_, named, bytes) =
                download(&site, &format!("/admin/import/basic/export?what={what}&as={kind}")).await;
            assert!(named.starts_with("attachment; filename*=UTF-8''") && named.ends_with(ending), "{named}");
            let (job, page) = compared(&site, what, &format!("{what}.{ending}"), &bytes).await;
            let [new, changed, same, bad] = counts(&page);
            assert!(
                new + changed + bad == 0 && same > 0,
                "{what} {kind}: {:?}\n{}",
                counts(&page),
                page.body
            );
            page.has("没有要写入的行").lacks(">写入 ");
            site.post(&job, &[]).await.is(303);
        }
        let (kind, _, bytes) =
            download(&site, &format!("/admin/import/basic/export?what={what}&as=template")).await;
        assert!(kind.contains("spreadsheetml") && bytes.starts_with(b"PK"), "{what}");
        let answer = send(&site, &format!("/admin/import/basic?what={what}"), "模板.xlsx", &bytes).await;
        answer.is(422).has("没有认出任何一行");
    }
    assert_eq!(site.state.db.all_teachers().await.unwrap().len(), 2);
    assert_eq!(site.state.db.all_schools().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_table_of_students_is_compared_row_by_row_and_written_once() {
    let site = filled().await;
    let text = "班级,学号,姓名,性别\n高一1班,0001,学生壹,女\n高一（2）班,0003,<b>学生三</b>,男\n高九9班,0004,学生四,男\n高一2班,0003,重复,男\n";
    let (job, page) = compared(&site, "students", "学生.csv", text.as_bytes()).await;
    assert_eq!(counts(&page)[..3], [1, 1, 0], "{}", page.body);
    page.has("姓名: 学生一 → 学生壹").has("没有班级“高九9班”").has("学生!").lacks("<b>学生三");
    assert_eq!(site.state.db.list_students(SCHOOL, None, "", db::Page::first(9)).await.unwrap().total, 2);
    for _ in 0..2 {
        assert_eq!(site.post(&job, &[]).await.is(303).location, job);
    }
    site.get(&job).await.has("已写入 2 行").lacks("<b>学生三");
    let students = site.state.db.list_students(SCHOOL, None, "", db::Page::first(9)).await.unwrap();
    let names: Vec<&str> = students.rows.iter().map(|s| s.name.as_str()).collect();
    assert_eq!(names, ["学生壹", "=cmd|' /C calc'!A0", "<b>学生三</b>"]);
    assert_eq!(students.rows[2].class_id, ClassId(2));
    site.get_as(As::User, &job).await.is(303);
}

#[tokio::test]
async fn teachers_who_share_a_name_are_never_guessed() {
    let site = filled().await;
    let twin = Teacher { id: TeacherId(0), name: "王芳".into(), sex: 0, title: 1, about: String::new() };
    site.state.db.add_teacher(&twin).await.unwrap();
    let text = "姓名,性别,职称,描述\n王芳,女,高级教师,x\n李强,男,高级教师,教研组长\n赵军,男,,\n";
    let (job, page) = compared(&site, "teachers", "教师.csv", text.as_bytes()).await;
    assert_eq!(counts(&page), [1, 1, 0, 1]);
    page.has("无法判断是哪一位").has("职称: 一级教师 → 高级教师").has("描述: — → 教研组长");
    site.post(&job, &[]).await.is(303);
    let teachers = site.state.db.all_teachers().await.unwrap();
    assert_eq!((teachers.len(), teachers[0].title, teachers[1].about.as_str()), (4, 2, "教研组长"));
}

#[tokio::test]
async fn classes_need_their_grades_and_rooms_and_keep_what_the_file_does_not_say() {
    let site = filled().await;
    let text = "年级,名称,教室,录课\n高一,1班,,不录\n高一,3班,301,\n高一,4班,999,\n大学九年级,5班,,\n";
    let (job, page) = compared(&site, "classes", "班级.csv", text.as_bytes()).await;
    page.has("没有教室“999”").has("没有年级").has("录像: 录 → 不录");
    assert_eq!(counts(&page), [1, 1, 0, 2]);
    site.post(&job, &[]).await.is(303);
    let classes = site.state.db.classes(SCHOOL).await.unwrap();
    let first = classes.iter().find(|c| c.name == "1班").unwrap();
    assert_eq!((first.room_name.as_str(), first.record), ("301", false));
    assert_eq!(classes.iter().find(|c| c.name == "3班").unwrap().room_name, "301");
    assert_eq!(classes.len(), 3);
}

#[tokio::test]
async fn every_list_has_its_buttons_and_a_hopeless_file_a_sentence() {
    let site = filled().await;
    for what in KINDS {
        let path = format!("/admin/{what}");
        site.get(&path)
            .await
            .has(&format!("/admin/import/basic?what={what}"))
            .has("导出 Excel")
            .has("导出 CSV");
        let upload = format!("/admin/import/basic?what={what}");
        site.get(&upload).await.is(200).has("下载模板").has("从不删除");
        send(&site, &upload, "空.xlsx", b"").await.is(422).has("文件是空的");
        send(&site, &upload, "别的.csv", "甲,乙\n1,2\n".as_bytes()).await.is(422).has("没有认出任何一行");
    }
    site.get("/admin/import/basic?what=nothing").await.is(404);
    site.get("/admin/import/basic/export?what=rooms&as=exe").await.is(404);
    site.get("/admin/import/basic/77").await.is(410);
}
