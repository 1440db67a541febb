//! Names a school does not know, sheets without a class, and everything a hostile or hopeless file may be.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod admin_site;
mod import_site;

use admin_site::{As, Site};
use import_site::*;
use web::csrf;

fn grid(class: &str, cells: &str) -> String {
    format!("{class}课程表\n节次|星期一|星期二|星期三\n第1节|{cells}")
}

fn row<'a>(names: &'a [(usize, String)], key: &str) -> &'a (usize, String) {
    names.iter().find(|(_, k)| k == key).unwrap_or_else(|| panic!("{key} is not among {names:?}"))
}

#[tokio::test]
async fn an_unknown_name_is_made_matched_or_left_out_and_never_asked_again() {
    let site = Site::start().await;
    school(&site).await;
    let file = Book::new().sheet("表", &grid("高一(3)班", "数学⏎王方|体育⏎赵军|校本⏎王芳")).bytes();
    let (job, next) = recognised(&site, "三班.xlsx", &file).await;
    assert_eq!(next, format!("{job}/names"));
    let page = site.get(&next).await;
    let names = unknown(&page);
    for key in ["class:高一(3)班", "subject:体育", "subject:校本", "teacher:王方", "teacher:赵军"]
    {
        row(&names, key);
    }
    page.has("就是：王芳").has("表!B3");
    site.get(&format!("{job}/review")).await.is(303);

    // Nothing chosen for a name that resembles another: asked once more, the rest is kept.
    let mut fields = Vec::new();
    for (n, key) in &names {
        let choice = match key.as_str() {
            "teacher:王方" => "",
            "subject:校本" => "skip",
            _ => "create",
        };
        fields.push((format!("k-{n}"), key.clone()));
        fields.push((format!("c-{n}"), choice.to_owned()));
    }
    let sent: Vec<(&str, &str)> = fields.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    let page = site.post(&format!("{job}/names"), &sent).await;
    page.is(422).has("还有 1 个名称没有处理好").has("请选择怎么处理");
    let left = unknown(&page);
    assert_eq!(left.iter().map(|(_, k)| k.as_str()).collect::<Vec<_>>(), ["teacher:王方"]);

    // A typed name wins over the menu; one that does not exist is refused.
    let wrong = [("k-0", "teacher:王方"), ("c-0", "create"), ("o-0", "没有这人")];
    site.post(&format!("{job}/names"), &wrong).await.is(422).has("没有这个名称");
    let right = [("k-0", "teacher:王方"), ("c-0", "create"), ("o-0", "王芳")];
    site.post(&format!("{job}/names"), &right).await.is(303);
    let review = site.get(&format!("{job}/review")).await;
    review.has("新班级").has("赵军").lacks("王方 ");
    assert_eq!(counts(&review), [2, 0, 0, 0]);
    publish(&site, &job, &[]).await.is(303);

    let classes = site.state.db.classes(SCHOOL).await.unwrap();
    let class = classes.iter().find(|c| c.name.contains('3')).unwrap();
    assert_eq!((class.grade_id.0, class.name.as_str()), (10, "3班"));
    let teachers = site.state.db.all_teachers().await.unwrap();
    assert!(teachers.iter().any(|t| t.name == "赵军") && !teachers.iter().any(|t| t.name == "王方"));
    let (_, timetable) = newest(&site).await;
    assert_eq!(timetable.cells[0].teacher.unwrap().0, 1, "王方 means 王芳");

    // The same file again: only what was left out is asked.
    let (_, next) = recognised(&site, "三班.xlsx", &file).await;
    let again = unknown(&site.get(&next).await);
    assert_eq!(again.iter().map(|(_, k)| k.as_str()).collect::<Vec<_>>(), ["subject:校本"]);
}

#[tokio::test]
async fn a_sheet_without_a_class_gets_one_and_another_is_left_out() {
    let site = Site::start().await;
    school(&site).await;
    let nameless = "课程表\n节次|星期一|星期二\n第1节|数学|语文";
    let file =
        Book::new().sheet("Sheet1", nameless).sheet("高一2班", &grid("高一(2)班", "英语|英语|英语")).bytes();
    let job = upload(&site, "课表.xlsx", &file).await;
    site.get(&job).await.has("name=\"class-0\"").has("高中一年级 1班");
    site.post(&job, &[("class-0", "1"), ("skip", "1")]).await.is(303);
    let review = site.get(&format!("{job}/review")).await;
    assert_eq!(counts(&review), [2, 0, 0, 0]);
    publish(&site, &job, &[]).await.is(303);
    let (_, timetable) = newest(&site).await;
    assert!(timetable.cells.iter().all(|c| c.class.0 == 1));
    let job = upload(&site, "课表.xlsx", &file).await;
    site.post(&job, &[("skip", "0"), ("skip", "1")]).await.is(422).has("没有可以导入的课");
    site.post(&format!("{job}/drop"), &[]).await.is(303);
    site.get(&job).await.is(410).has("已经过期");
}

#[tokio::test]
async fn a_file_of_which_nothing_can_be_used_is_not_called_the_same() {
    let site = Site::start().await;
    school(&site).await;
    let text = "高一(1)班课程表\n节次|星期一|星期二\n第15节|数学|语文\n第16节|英语|语文";
    let (job, next) = recognised(&site, "表.xlsx", &Book::new().sheet("表", text).bytes()).await;
    assert_eq!(next, format!("{job}/review"));
    let review = site.get(&next).await;
    review.has("没有一节课能导入").has("表!").lacks("完全相同").lacks("发布新版本");
    // One good row beside them: it is published only under a warning that names what is missing.
    let text = text.replace("第15节", "第1节");
    let (job, _) = recognised(&site, "表.xlsx", &Book::new().sheet("表", &text).bytes()).await;
    site.get(&format!("{job}/review")).await.has("处没有读入").has("发布新版本");
    publish(&site, &job, &[]).await.is(303);
    let (job, _) = recognised(&site, "表.xlsx", &Book::new().sheet("表", &text).bytes()).await;
    site.get(&format!("{job}/review")).await.has("读入的部分与现行课表相同");
}

#[tokio::test]
async fn markup_in_sheets_and_cells_stays_text() {
    let site = Site::start().await;
    school(&site).await;
    let evil = "<script>x</script>";
    let file = Book::new()
        .sheet("<img src=x>", &grid("高一(1)班", &format!("{evil}⏎\"onload=1|语文⏎<b>王</b>|数学")))
        .bytes();
    let (job, _) = recognised(&site, "<i>课表.xlsx", &file).await;
    let clean = |body: &str| {
        for raw in ["<script>x", "<img src=x", "<b>王", "<i>课表", "\"onload=1"] {
            assert!(!body.contains(raw), "{raw} stands in:\n{body}");
        }
    };
    clean(&site.get("/admin/import").await.body);
    clean(&site.get(&job).await.body);
    clean(&site.get(&format!("{job}/names")).await.body);
    make_all(&site, &job).await;
    clean(&site.get(&format!("{job}/review")).await.body);
    publish(&site, &job, &[]).await.is(303);
    clean(&site.get(&format!("{job}/done")).await.body);
}

#[tokio::test]
async fn every_hopeless_file_gets_a_sentence_with_the_next_step() {
    let site = Site::start().await;
    school(&site).await;
    let none = Book::new().sheet("名单", "姓名|电话\n王芳|123").bytes();
    // The head of a compound file in which Excel keeps encrypted workbooks, cut off.
    let cases: [(&str, &[u8], &str); 5] = [
        ("空.xlsx", b"", "文件是空的"),
        ("照片.jpg", b"\xFF\xD8\xFF\xE0\x00\x10JFIF\x00\x01", "不支持这种文件"),
        ("断.xlsx", b"PK\x03\x04\x14\x00\x00\x00", "已损坏"),
        ("名单.xlsx", &none, "没有认出任何课"),
        ("文.pdf", b"%PDF-1.7 hello", "不支持这种文件"),
    ];
    for (name, bytes, said) in cases {
        let answer = send(&site, "/admin/import", name, bytes).await;
        answer.is(422).has("id=\"e-file\"").has(said);
    }
    let large = vec![b'a'; 16 * 1024 * 1024 + 1];
    send(&site, "/admin/import", "大.csv", &large).await.is(422).has("文件超过 16 MiB");
    send(&site, "/admin/import", "大.csv", &vec![b'a'; 40 * 1024 * 1024])
        .await
        .is(422)
        .has("文件超过 16 MiB");
    let token = csrf::token(&site.admin_secret);
    let nothing = post_form(&site, &site.admin_secret, "/admin/import", form(&token, ("", b""), " \n")).await;
    nothing.is(422).has("没有收到文件");
    assert!(site.state.db.imports(site.admin_id, base::now_ms()).await.unwrap().is_empty());
}

#[tokio::test]
async fn an_upload_needs_the_token_and_arrives_whole() {
    let site = Site::start().await;
    school(&site).await;
    let file = Book::new().sheet("表", &grid("高一(1)班", "数学|语文|英语")).bytes();
    let body = form("wrong", ("课表.xlsx", &file), "");
    post_form(&site, &site.admin_secret, "/admin/import", body).await.is(403).has("页面已过期");
    let token = csrf::token(&site.admin_secret);
    let mut body = form(&token, ("课表.xlsx", &file), "");
    body.truncate(body.len() / 2);
    post_form(&site, &site.admin_secret, "/admin/import", body).await.is(400).has("没有传完");
    let urlencoded = site.post("/admin/import", &[("pasted", "x")]).await;
    urlencoded.is(400);
    let nobody = post_form(&site, "", "/admin/import", form("", ("课表.xlsx", &file), "")).await;
    assert!([401, 403].contains(&nobody.status.as_u16()), "{}", nobody.status);
    assert!(site.state.db.imports(site.admin_id, base::now_ms()).await.unwrap().is_empty());
}

#[tokio::test]
async fn an_import_belongs_to_who_uploaded_it_and_expires() {
    let site = Site::start().await;
    school(&site).await;
    let file = Book::new().sheet("表", &grid("高一(1)班", "数学|语文|英语")).bytes();
    let job = upload(&site, "课表.xlsx", &file).await;
    for path in [&job, &format!("{job}/names"), &format!("{job}/review"), &format!("{job}/done")] {
        site.get_as(As::User, path).await.is(303);
    }
    let id: i64 = job.rsplit('/').next().unwrap().parse().unwrap();
    let old = base::now_ms() - db::IMPORT_KEPT_MS - 1;
    site.state.db.choose_import(id, site.admin_id, "{}", old).await.unwrap();
    site.get(&job).await.is(410).has("已经过期").has("重新上传文件");
    site.get_en(&format!("{job}/review")).await.is(410).has("Upload the file again");
    site.get("/admin/import/999").await.is(410);
    site.get("/admin/import/abc").await.is(404);
    site.get("/admin/import").await.lacks("课表.xlsx");
}
