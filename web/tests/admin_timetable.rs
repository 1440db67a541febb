//! 录像表: overlaps, limits, copying, and two people at once.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod admin_site;

use admin_site::{Answer, OnLine, Site};
use model::ChannelId;
use relay_proto::{RelayMessage, Report};

const NEW: &str = "/admin/channels/1/timetable/new";
const WEEK: &str = "/admin/channels/1/timetable";

async fn site() -> Site {
    let site = Site::start().await;
    site.teacher("李老师").await;
    let gatherer = site.gatherer("一号").await;
    site.channel(gatherer, "三班").await;
    site
}

async fn add(site: &Site, day: &str, start: &str, end: &str) -> Answer {
    let rev = site.get(NEW).await.hidden("rev");
    let pairs = [
        ("weekday", day),
        ("start", start),
        ("end", end),
        ("subject_id", "1"),
        ("teacher_id", "1"),
        ("rev", &rev),
    ];
    site.post(NEW, &pairs).await
}

async fn times(site: &Site, day: u8) -> Vec<(u32, u32)> {
    let week = site.state.db.ranges(ChannelId(1)).await.unwrap();
    week.iter().filter(|r| r.weekday == day).map(|r| (r.start_s, r.end_s)).collect()
}

#[tokio::test]
async fn an_overlap_is_refused_by_name_and_touching_ends_are_not() {
    let site = site().await;
    add(&site, "1", "08:00", "08:45").await.is(303);
    let clash = add(&site, "1", "08:44:59", "09:30").await;
    clash.is(422).has("时间段发生重叠，应用失败！").has("08:00:00–08:45:00").has("value=\"08:44:59\"");
    add(&site, "1", "08:45", "09:30").await.is(303);
    add(&site, "2", "08:00", "08:45").await.is(303);
    assert_eq!(times(&site, 1).await, [(28_800, 31_500), (31_500, 34_200)]);
    site.get(WEEK).await.is(200).has("08:00–08:45").has("李老师").has("x=\"33.333%\"");
}

#[tokio::test]
async fn a_range_is_longer_than_30_s_and_may_end_at_midnight() {
    let site = site().await;
    add(&site, "0", "08:00:00", "08:00:30").await.is(422).has("晚 30 秒以上");
    add(&site, "0", "08:00:00", "08:00:31").await.is(303);
    add(&site, "0", "23:00", "24:00:00").await.is(303);
    site.get(WEEK).await.has("23:00–24:00");
    for bad in ["24:00:01", "25:00", "8", "", "ab"] {
        add(&site, "3", "07:00", bad).await.is(422).has("id=\"e-end\"");
    }
    add(&site, "7", "07:00", "08:00").await.is(422).has("id=\"e-weekday\"");
    assert_eq!(times(&site, 0).await.len(), 2);
}

#[tokio::test]
async fn a_page_that_is_outdated_overwrites_nothing() {
    let site = site().await;
    let rev = site.get(NEW).await.hidden("rev");
    add(&site, "1", "08:00", "08:45").await.is(303);
    let pairs = [
        ("weekday", "1"),
        ("start", "10:00"),
        ("end", "11:00"),
        ("subject_id", "1"),
        ("teacher_id", "1"),
        ("rev", &rev),
    ];
    let late = site.post(NEW, &pairs).await;
    late.is(409).has("被别人修改过").has("value=\"10:00\"");
    assert_eq!(times(&site, 1).await.len(), 1);
    for (path, pair) in [("copy", ("to", "2")), ("clear", ("sure", "1"))] {
        let pairs = [("from", "1"), ("day", "all"), ("rev", rev.as_str()), pair];
        site.post(&format!("{WEEK}/{path}"), &pairs).await.is(409).has("被别人修改过");
    }
    assert_eq!(times(&site, 1).await.len(), 1);
    // The page that was sent back knows the week as it is now.
    let rev = late.hidden("rev");
    let pairs = [
        ("weekday", "1"),
        ("start", "10:00"),
        ("end", "11:00"),
        ("subject_id", "1"),
        ("teacher_id", "1"),
        ("rev", &rev),
    ];
    site.post(NEW, &pairs).await.is(303);
}

#[tokio::test]
async fn a_copied_day_replaces_the_chosen_ones() {
    let site = site().await;
    for (day, start, end) in [
        ("1", "08:00", "08:45"),
        ("1", "09:00", "09:45"),
        ("1", "10:00", "10:45"),
        ("2", "13:00", "14:00"),
        ("4", "13:00", "14:00"),
    ] {
        add(&site, day, start, end).await.is(303);
    }
    let rev = site.get(WEEK).await.hidden("rev");
    site.post(&format!("{WEEK}/copy"), &[("from", "1"), ("rev", &rev)]).await.is(422).has("请先勾选");
    let copy = [("from", "1"), ("to", "2"), ("to", "3"), ("rev", rev.as_str())];
    site.post(&format!("{WEEK}/copy"), &copy).await.is(303);
    assert_eq!(times(&site, 2).await, times(&site, 1).await);
    assert_eq!(times(&site, 3).await, times(&site, 1).await);
    assert_eq!(times(&site, 4).await.len(), 1);
    let rev = site.get(WEEK).await.hidden("rev");
    site.post(&format!("{WEEK}/clear"), &[("day", "1"), ("rev", &rev)])
        .await
        .is(200)
        .has("星期一 08:00–08:45");
    site.post(&format!("{WEEK}/clear"), &[("day", "1"), ("rev", &rev), ("sure", "1")]).await.is(303);
    assert!(times(&site, 1).await.is_empty() && times(&site, 2).await.len() == 3);
    let rev = site.get(WEEK).await.hidden("rev");
    site.post(&format!("{WEEK}/clear"), &[("day", "all"), ("rev", &rev), ("sure", "1")]).await.is(303);
    assert!(site.state.db.ranges(ChannelId(1)).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_range_is_changed_and_removed_on_its_own_page() {
    let site = site().await;
    add(&site, "1", "08:00", "08:45").await.is(303);
    let page = site.get(&format!("{WEEK}/1")).await;
    page.is(200).has("value=\"08:45\"");
    let rev = page.hidden("rev");
    let pairs = [
        ("weekday", "5"),
        ("start", "08:00"),
        ("end", "09:00"),
        ("subject_id", "2"),
        ("teacher_id", "1"),
        ("rev", &rev),
    ];
    site.post(&format!("{WEEK}/1"), &pairs).await.is(303);
    assert_eq!(times(&site, 5).await, [(28_800, 32_400)]);
    let rev = site.get(&format!("{WEEK}/1")).await.hidden("rev");
    site.post(&format!("{WEEK}/1"), &[("do", "delete"), ("rev", &rev)]).await.is(303);
    assert!(times(&site, 5).await.is_empty());
    site.get(&format!("{WEEK}/1")).await.is(404);
    add(&site, "1", "08:00", "08:45").await.is(303);
    let unknown =
        [("weekday", "1"), ("start", "12:00"), ("end", "13:00"), ("subject_id", "99"), ("teacher_id", "1")];
    let rev = site.get(NEW).await.hidden("rev");
    let mut unknown = unknown.to_vec();
    unknown.push(("rev", &rev));
    site.post(NEW, &unknown).await.is(422).has("id=\"e-subject_id\"");
}

#[tokio::test]
async fn the_page_says_whether_the_gatherer_has_it() {
    let site = site().await;
    site.get(WEEK).await.has("离线待下发").has("仍按上次收到的录像表录像");
    let port = site.serve_relay().await;
    let gatherer = model::GathererId(1);
    let mut on_line = OnLine::connect(port, gatherer).await;
    let version = site.state.db.state_version(gatherer).await.unwrap();
    on_line.report(Report { state_version: version, ..Report::default() }).await;
    site.get(WEEK).await.has("已下发");
    add(&site, "1", "08:00", "08:45").await.is(303);
    site.get(WEEK).await.has("正在下发");
    let told = on_line.hear().await;
    let RelayMessage::Command { command: relay_proto::Command::StateChanged { version }, .. } = told else {
        panic!("{told:?}")
    };
    on_line.report(Report { state_version: version, ..Report::default() }).await;
    site.get(WEEK).await.has("已下发");
}
