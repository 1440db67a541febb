//! Lists: ten a page, search, removal that names what stands in the way.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod admin_site;

use admin_site::Site;
use db::{RangeChanges, RangeEdit};
use model::SubjectId;

#[tokio::test]
async fn ten_rows_a_page_and_the_search_goes_along() {
    let site = Site::start().await;
    for n in 0..23 {
        site.teacher(&format!("教师{n:02}")).await;
    }
    let first = site.get("/admin/teachers?q=教师").await;
    first.has("1 / 3").has("共 23 条").has("教师09").lacks("教师10").lacks("rel=\"prev\"");
    first.has("/admin/teachers?q=%E6%95%99%E5%B8%88&#38;page=2");
    site.get("/admin/teachers?page=3").await.has("教师22").lacks("教师19").lacks("rel=\"next\"");
    site.get("/admin/teachers?page=99").await.is(200);
    site.get("/admin/teachers?page=x").await.is(200).has("教师00");
    site.get("/admin/teachers?q=没有这个").await.has("没有符合条件的记录");
}

#[tokio::test]
async fn what_is_in_use_stays_and_the_page_says_where_it_is_used() {
    let site = Site::start().await;
    let teacher = site.teacher("李老师").await;
    let gatherer = site.gatherer("一号").await;
    let channel = site.channel(gatherer, "三班").await;
    let edit = RangeEdit {
        id: None,
        weekday: 1,
        start_s: 28_800,
        end_s: 31_500,
        subject_id: SubjectId(1),
        teacher_id: teacher,
    };
    let changes = RangeChanges { edits: vec![edit], removed: Vec::new() };
    site.state.db.save_ranges(channel, &changes).await.unwrap();
    for (path, used_in) in [
        ("/admin/schools/delete", "采集管理中还有 1 处"),
        ("/admin/subjects/delete", "录像表和录像管理中还有 1 处"),
        ("/admin/grades/delete", "直播管理的通道中还有 1 处"),
        ("/admin/teachers/delete", "录像表和录像管理中还有 1 处"),
    ] {
        site.post(path, &[("id", "1")]).await.is(200).has("确认删除").has("name=\"sure\" value=\"1\"");
        site.post(path, &[("id", "1"), ("sure", "1")]).await.is(409).has(used_in);
        site.post(path, &[]).await.is(422).has("请先勾选");
    }
    let some = site.post("/admin/subjects/delete", &[("id", "1"), ("id", "2"), ("sure", "1")]).await;
    some.is(409).has("已删除 1 条").has("语文");
    assert_eq!(site.state.db.all_subjects().await.unwrap().len(), 10);
}

#[tokio::test]
async fn a_gatherer_goes_only_by_its_typed_name_and_without_channels() {
    let site = Site::start().await;
    let gatherer = site.gatherer("三楼机房").await;
    let channel = site.channel(gatherer, "三班").await;
    site.post("/admin/gatherers/1/remove", &[("typed", "三楼")]).await.is(422).has("名称不一致");
    site.post("/admin/gatherers/1/remove", &[("typed", "三楼机房")]).await.is(409).has("还有 1 个通道");
    site.post(&format!("/admin/channels/{channel}/remove"), &[("typed", "")]).await.is(422).has("名称不一致");
    site.post(&format!("/admin/channels/{channel}/remove"), &[("typed", "三班")]).await.is(303);
    site.post("/admin/gatherers/1/remove", &[("typed", "三楼机房")]).await.is(303);
    assert!(site.state.db.gatherer(gatherer).await.is_err());
}

#[tokio::test]
async fn a_join_code_is_shown_once_and_lets_one_gatherer_in() {
    let site = Site::start().await;
    let page = site.post("/admin/gatherers/join", &[("name", "二号"), ("school_id", "1")]).await;
    page.is(200).has("yunlubo-gather enroll --site http://site.test --code ");
    let code = page.body.split("--code ").nth(1).unwrap().split('<').next().unwrap().trim().to_owned();
    let hash = web::join_code::hash(&code).unwrap();
    site.get("/admin/gatherers").await.lacks(&code);
    let machine = model::gatherer::Machine::default();
    let enrolled = site.state.db.enroll_gatherer(&hash, "a key", &machine, base::now_ms()).await.unwrap();
    assert_eq!(enrolled.settings.name, "二号");
    assert!(site.state.db.enroll_gatherer(&hash, "other key", &machine, base::now_ms()).await.is_err());
    site.post("/admin/gatherers/join", &[("name", "x"), ("school_id", "77")])
        .await
        .is(422)
        .has("id=\"e-school_id\"");
}
