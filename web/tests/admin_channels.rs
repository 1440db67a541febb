//! Channels: a password that never comes back, two modes, and states as the gatherer reports them.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod admin_site;

use admin_site::{OnLine, Site};
use model::channel::{Source, Transport};
use model::{ChannelId, GathererId};
use relay_proto::Report;

const PULL: [(&str, &str); 7] = [
    ("gatherer_id", "1"),
    ("grade_id", "1"),
    ("class_name", "三班"),
    ("mode", "pull"),
    ("url", "rtsp://10.0.0.2/live"),
    ("user", "admin"),
    ("transport", "udp"),
];

async fn site() -> Site {
    let site = Site::start().await;
    let gatherer = site.gatherer("一号").await;
    site.channel(gatherer, "三班").await;
    site
}

async fn source(site: &Site) -> Source {
    site.state.db.channel_with_password(ChannelId(1)).await.unwrap().source
}

fn with<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    PULL.into_iter().chain(more.iter().copied()).collect()
}

#[tokio::test]
async fn a_camera_password_is_never_shown_and_an_empty_one_keeps_it() {
    let site = site().await;
    for path in [
        "/admin/channels",
        "/admin/channels/1",
        "/admin/channels/states?ids=1",
        "/admin/channels/1/timetable",
    ] {
        site.get(path).await.is(200).lacks("s3cret-camera");
    }
    site.get("/admin/channels/1").await.has("●●●").has("rtsp://192.168.1.64:554/Streaming/Channels/101");
    let password = |s: Source| match s {
        Source::Pull { password, .. } => password,
        Source::File { .. } => String::new(),
    };
    site.post("/admin/channels/1", &with(&[("password", "")])).await.is(303);
    assert_eq!(password(source(&site).await), "s3cret-camera");
    site.post("/admin/channels/1", &with(&[("password", "new-one")])).await.is(303);
    assert_eq!(password(source(&site).await), "new-one");
    let refused =
        site.post("/admin/channels/1", &with(&[("password", "typed-again"), ("class_name", "")])).await;
    refused.lacks("typed-again");
    site.post("/admin/channels/1", &with(&[("password", ""), ("clear_password", "1")])).await.is(303);
    assert_eq!(password(source(&site).await), "");
}

#[tokio::test]
async fn the_two_modes_turn_into_each_other() {
    let site = site().await;
    let file = [
        ("gatherer_id", "1"),
        ("grade_id", "2"),
        ("class_name", "三班"),
        ("mode", "file"),
        ("path", "/data/课.mp4"),
    ];
    site.post("/admin/channels/1", &file).await.is(303);
    assert_eq!(source(&site).await, Source::File { path: "/data/课.mp4".to_owned() });
    site.get("/admin/channels").await.has(">课.mp4<").has("MP4文件 · /data<");
    site.post("/admin/channels/1", &PULL).await.is(303);
    assert!(matches!(source(&site).await, Source::Pull { transport: Transport::Udp, .. }));
}

#[tokio::test]
async fn start_and_stop_change_the_wish_and_the_page_shows_the_truth() {
    let site = site().await;
    let port = site.serve_relay().await;
    site.get("/admin/channels/states?ids=1").await.has("采集端离线").has("\"stop\"");
    let stopped = site.post("/admin/channels/1/stop", &[]).await;
    assert!(stopped.location.contains("done=waiting"), "{}", stopped.location);
    site.post("/admin/channels/1/start", &[]).await.is(303);
    let mut on_line = OnLine::connect(port, GathererId(1)).await;
    site.get("/admin/channels/states?ids=1").await.has("正在下发");
    for (phase, cause, said) in [
        ("running", "null", "运行中"),
        ("connecting", "null", "正在连接"),
        ("waiting", "\"wrong_password\"", "用户名或密码错误"),
        ("failed", "\"not_mp4\"", "不是可播放的 MP4"),
    ] {
        let channels = format!(
            r#"[{{"channel_id":1,"phase":"{phase}","cause":{cause},"receive_kbps":900,"video_codec":"H.265","width":1920,"height":1080}}]"#
        );
        let channels = serde_json::from_str(&channels).unwrap();
        on_line.report(Report { channels, ..Report::default() }).await;
        site.get("/admin/channels/states?ids=1,99").await.is(200).has(said);
        site.get("/admin/channels").await.has(said);
    }
    site.post("/admin/channels/1/reconnect", &[]).await.is(409).has("没有重连");
}

#[tokio::test]
async fn a_relay_is_tested_by_really_connecting_before_it_is_saved() {
    let site = site().await;
    let port = site.serve_relay().await.to_string();
    let test = |port: &str| {
        [("what", "relay"), ("do", "test"), ("relay_host", "127.0.0.1"), ("relay_port", port)]
            .map(|(k, v)| (k.to_owned(), v.to_owned()))
    };
    let pairs = test(&port);
    let pairs: Vec<(&str, &str)> = pairs.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    site.post("/admin/components", &pairs).await.is(200).has("连接测试成功").has("尚未保存");
    let closed = test("9");
    let closed: Vec<(&str, &str)> = closed.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    site.post("/admin/components", &closed).await.is(200).has("连接测试失败");
    assert_eq!(site.state.db.settings().await.unwrap().relay_port, 21_001);
    for bad in ["0", "65536", "", "x"] {
        let form = [("what", "relay"), ("relay_host", "127.0.0.1"), ("relay_port", bad)];
        site.post("/admin/components", &form).await.is(422).has("id=\"e-relay_port\"");
    }
    let good = [("what", "relay"), ("relay_host", "127.0.0.1"), ("relay_port", port.as_str())];
    site.post("/admin/components", &good).await.is(303);
    site.get("/admin/components")
        .await
        .has("运行中")
        .has("group1 ACTIVE : site.test : ")
        .has("总共")
        .has("剩余");
    let lone = [("what", "relay"), ("relay_host", ""), ("relay_port", "9")];
    site.post("/admin/components", &lone).await.is(422).has("id=\"e-relay_host\"");
}
