//! Importing a timetable from the file to the version and back, through the real pages.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod admin_site;
mod import_site;

use admin_site::{As, Site};
use import_site::*;
use model::calendar::Timetable;

const ONE: &str = "高一(1)班课程表\n\
    节次|星期一|星期二|星期三|星期四|星期五\n\
    第1节|数学⏎王芳|语文⏎李强|英语|物理|体育\n\
    第2节|语文⏎李强|数学⏎王芳|化学|英语|班会";
const TWO: &str = "高一(2)班课程表\n\
    节次|星期一|星期二|星期三|星期四|星期五\n\
    第1节|语文⏎李强|英语|数学⏎王芳|化学|美术\n\
    第2节|英语|物理|语文⏎李强|体育|音乐";

fn book(one: &str, two: &str) -> Vec<u8> {
    Book::new().sheet("高一1班", one).sheet("高一2班", two).bytes()
}

#[tokio::test]
async fn a_file_becomes_a_version_a_second_time_nothing_and_a_change_is_one_line() {
    let site = Site::start().await;
    school(&site).await;
    let (job, _) = recognised(&site, "课表.xlsx", &book(ONE, TWO)).await;
    site.get(&job).await.has("班级课表").has("高一1班").has("20 节课").has("表头在 A2");
    make_all(&site, &job).await;
    let review = site.get(&format!("{job}/review")).await;
    assert_eq!(counts(&review), [20, 0, 0, 0]);
    review.has("体育").has("班会").has("高一1班!B3").has("发布新版本");
    assert_eq!(newest(&site).await.0, 0, "a review writes nothing");
    let done = publish(&site, &job, &[("note", "开学")]).await;
    assert_eq!(done.is(303).location, format!("{job}/done"));
    let (no, first) = newest(&site).await;
    assert_eq!((no, first.cells.len()), (1, 20));
    let version = &site.state.db.timetable_versions(SCHOOL).await.unwrap()[0];
    assert!(version.source.starts_with("课表.xlsx sha256:") && version.note == "开学", "{version:?}");

    let (again, next) = recognised(&site, "课表.xlsx", &book(ONE, TWO)).await;
    assert_eq!(next, format!("{again}/review"), "no name is asked twice");
    let review = site.get(&next).await;
    review.has("与现行课表完全相同").lacks("发布新版本");
    assert_eq!(counts(&review), [0, 0, 0, 20]);
    let tomorrow = jiff::Zoned::now().date().tomorrow().unwrap().to_string();
    site.post(&format!("{again}/publish"), &[("from", &tomorrow), ("seen_no", "1")]).await.is(200);
    assert_eq!(newest(&site).await.0, 1);

    let changed = ONE.replace("|物理|体育", "|历史|体育");
    let (job, _) = recognised(&site, "课表.xlsx", &book(&changed, TWO)).await;
    let review = site.get(&format!("{job}/review")).await;
    assert_eq!(counts(&review), [0, 1, 0, 19]);
    review
        .has("周四 第1节")
        .has("<td data-label=\"现在\">物理</td>")
        .has("<td data-label=\"文件里\">历史</td>")
        .has("高一1班!E3");
    publish(&site, &job, &[]).await.is(303);
    let done = site.get(&format!("{job}/done")).await;
    done.is(200).has("第 2 版").has("回滚到导入前");

    let rolled = site.post(&format!("{job}/rollback"), &[]).await;
    site.get(&rolled.is(303).location).await.has("已回滚：第 3 版");
    let (no, back) = newest(&site).await;
    assert_eq!((no, back), (3, first));
    let twice = site.post(&format!("{job}/rollback"), &[]).await;
    assert_eq!(twice.is(303).location, rolled.location, "pressed twice, rolled back once");
    import(&site, "再.xlsx", &book(ONE, &TWO.replace("音乐", "舞蹈"))).await;
    site.post(&format!("{job}/rollback"), &[]).await.is(409).has("没有回滚").has("第 4 版");
    assert_eq!(newest(&site).await.0, 4);
}

#[tokio::test]
async fn the_first_import_rolls_back_to_an_empty_timetable() {
    let site = Site::start().await;
    school(&site).await;
    let job = import(&site, "课表.xlsx", &book(ONE, TWO)).await;
    site.post(&format!("{job}/rollback"), &[]).await.is(303);
    assert_eq!(newest(&site).await, (2, Timetable::default()));
}

#[tokio::test]
async fn only_ticked_classes_are_replaced() {
    let site = Site::start().await;
    school(&site).await;
    import(&site, "课表.xlsx", &book(ONE, TWO)).await;
    let (one, two) = (ONE.replace("体育", "音乐"), TWO.replace("美术", "音乐"));
    let (job, _) = recognised(&site, "新.xlsx", &book(&one, &two)).await;
    assert_eq!(counts(&site.get(&format!("{job}/review")).await), [0, 2, 0, 18]);
    site.post(&format!("{job}/classes"), &[("replace", "2")]).await.is(303);
    let review = site.get(&format!("{job}/review")).await;
    assert_eq!(counts(&review), [0, 1, 0, 9]);
    publish(&site, &job, &[]).await.is(303);
    let (_, now) = newest(&site).await;
    let (job, _) = recognised(&site, "旧.xlsx", &book(ONE, &two)).await;
    site.get(&format!("{job}/review")).await.has("完全相同");
    assert_eq!(now.cells.len(), 20);
}

#[tokio::test]
async fn a_class_that_the_file_does_not_name_stays_untouched() {
    let site = Site::start().await;
    school(&site).await;
    import(&site, "课表.xlsx", &book(ONE, TWO)).await;
    let (_, before) = newest(&site).await;
    let one = ONE.replace("|化学|英语|班会", "|化学|英语|");
    let file = Book::new().sheet("高一1班", &one).bytes();
    let (job, _) = recognised(&site, "一班.xlsx", &file).await;
    let review = site.get(&format!("{job}/review")).await;
    assert_eq!(counts(&review), [0, 0, 1, 9]);
    review.has("取消").has("其余 1 个班保持不变");
    publish(&site, &job, &[]).await.is(303);
    let (_, after) = newest(&site).await;
    let of_two = |t: &Timetable| t.cells.iter().filter(|c| c.class.0 == 2).cloned().collect::<Vec<_>>();
    assert_eq!(of_two(&before), of_two(&after));
    assert_eq!(after.cells.len(), 19);
}

#[tokio::test]
async fn a_button_pressed_twice_publishes_once() {
    let site = Site::start().await;
    school(&site).await;
    let (job, _) = recognised(&site, "课表.xlsx", &book(ONE, TWO)).await;
    make_all(&site, &job).await;
    let page = site.get(&format!("{job}/review")).await;
    let (from, seen) = (value(&page, "from"), page.hidden("seen_no"));
    let fields = [("from", from.as_str()), ("seen_no", seen.as_str())];
    let path = format!("{job}/publish");
    let (a, b) = tokio::join!(site.post(&path, &fields), site.post(&path, &fields));
    for answer in [a, b, site.post(&path, &fields).await] {
        assert_eq!(answer.is(303).location, format!("{job}/done"));
    }
    assert_eq!(newest(&site).await.0, 1);
    let subjects = site.state.db.all_subjects().await.unwrap();
    assert_eq!(subjects.iter().filter(|s| s.name == "班会").count(), 1);
    site.get(&format!("{job}/review")).await.is(303);
}

#[tokio::test]
async fn an_import_survives_a_restart_of_the_server() {
    let mut site = Site::start().await;
    school(&site).await;
    let (job, _) = recognised(&site, "课表.xlsx", &book(ONE, TWO)).await;
    make_all(&site, &job).await;
    // Another process on the same file: nothing is left of the first one's memory.
    let url = format!("sqlite://{}/site.db", site.state.site.data_dir.display());
    site.state.db = db::Db::open(&url, 4).await.unwrap();
    site.router = web::router(site.state.clone());
    site.get("/admin/import").await.has("课表.xlsx").has("未发布").has(&format!("href=\"{job}\""));
    publish(&site, &job, &[]).await.is(303);
    assert_eq!(newest(&site).await.1.cells.len(), 20);
}

#[tokio::test]
async fn what_another_admin_publishes_in_between_is_merged_or_asked() {
    let site = Site::start().await;
    school(&site).await;
    import(&site, "课表.xlsx", &book(ONE, TWO)).await;
    let one = ONE.replace("|物理|体育", "|历史|体育");
    let (job, _) = recognised(&site, "我的.xlsx", &book(&one, TWO)).await;
    let page = site.get(&format!("{job}/review")).await;
    let from = value(&page, "from");
    let fields = vec![("from", from.as_str()), ("seen_no", "1")];

    // Elsewhere: taken along without a question.
    import(&site, "别人.xlsx", &book(ONE, &TWO.replace("美术", "音乐"))).await;
    // On the same slot: asked.
    import(
        &site,
        "别人2.xlsx",
        &book(&ONE.replace("|物理|体育", "|地理|体育"), &TWO.replace("美术", "音乐")),
    )
    .await;
    let asked = site.post(&format!("{job}/publish"), &fields).await;
    asked.is(409).has("第 3 版").has("已发布的：地理").has("文件里的：历史").lacks("音乐</span>");
    assert_eq!(newest(&site).await.0, 3);
    let key = asked.body.split("name=\"k-0\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let mut chosen = fields.clone();
    chosen.extend([("k-0", key.as_str()), ("c-0", "mine")]);
    site.post(&format!("{job}/publish"), &chosen).await.is(303);
    let (no, merged) = newest(&site).await;
    assert_eq!(no, 4);
    let both = book(&one, &TWO.replace("美术", "音乐"));
    let (job, _) = recognised(&site, "合.xlsx", &both).await;
    site.get(&format!("{job}/review")).await.has("完全相同");
    assert_eq!(merged.cells.len(), 20);
}

#[tokio::test]
async fn rooms_twice_are_refused_and_teachers_twice_are_confirmed() {
    let site = Site::start().await;
    school(&site).await;
    let sheet = |class: &str, cell: &str| format!("{class}课程表\n节次|星期一|星期二\n第1节|{cell}|语文");
    let teachers = Book::new()
        .sheet("高一1班", &sheet("高一(1)班", "数学⏎王芳"))
        .sheet("高一2班", &sheet("高一(2)班", "语文⏎王芳"))
        .bytes();
    let (job, _) = recognised(&site, "教师.xlsx", &teachers).await;
    make_all(&site, &job).await;
    site.get(&format!("{job}/review"))
        .await
        .has("教师冲突")
        .has("高一1班!B3")
        .has("高一2班!B3")
        .has("仍然发布");
    publish(&site, &job, &[]).await.is(422).has("有 1 处教师冲突");
    assert_eq!(newest(&site).await.0, 0);
    publish(&site, &job, &[("teachers", "1")]).await.is(303);

    let rooms = Book::new()
        .sheet("高一1班", &sheet("高一(1)班", "数学⏎王芳⏎301"))
        .sheet("高一2班", &sheet("高一(2)班", "语文⏎李强⏎301"))
        .bytes();
    let (job, _) = recognised(&site, "教室.xlsx", &rooms).await;
    make_all(&site, &job).await;
    site.get(&format!("{job}/review")).await.has("教室冲突").has("disabled>发布新版本");
    publish(&site, &job, &[("teachers", "1")]).await.is(422).has("有 1 处班级或教室冲突");
    assert_eq!(newest(&site).await.0, 1);
    assert!(site.state.db.rooms(SCHOOL).await.unwrap().is_empty(), "a refused import makes nothing");
}

#[tokio::test]
async fn a_pasted_table_is_imported_like_a_file() {
    let site = Site::start().await;
    school(&site).await;
    let token = web::csrf::token(&site.admin_secret);
    let text = "高一1班课程表\t\t\n节次\t星期一\t星期二\n第1节\t\"数学\n王芳\"\t语文\n第2节\t英语\t\n";
    let body = form(&token, ("", b""), text);
    let answer = post_form(&site, &site.admin_secret, "/admin/import", body).await;
    answer.is(303);
    let job = answer.location;
    site.get(&job).await.is(200).has("3 节课");
    site.post(&job, &[]).await.is(303);
    publish(&site, &job, &[]).await.is(303);
    assert_eq!(newest(&site).await.1.cells.len(), 3);
}

#[tokio::test]
async fn a_past_date_is_refused_beside_its_field() {
    let site = Site::start().await;
    school(&site).await;
    let (job, _) = recognised(&site, "课表.xlsx", &book(ONE, TWO)).await;
    make_all(&site, &job).await;
    for from in ["2020-01-01", "", "gestern"] {
        let answer = site.post(&format!("{job}/publish"), &[("from", from), ("seen_no", "0")]).await;
        answer.is(422).has("id=\"e-from\"").has("今天或以后");
    }
    site.get_as(As::User, &format!("{job}/review")).await.is(303);
    site.post_as(As::User, &format!("{job}/publish"), &[("from", "2099-01-01")]).await;
    assert_eq!(newest(&site).await.0, 0);
}
