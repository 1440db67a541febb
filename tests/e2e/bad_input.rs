//! Bad input gets a named error in the user's language and changes nothing.

use model::grant::{Right, Signer};
use serde_json::json;
use std::process::Command;
use std::time::Duration;
use testkit::{Browser, Camera, Options, System, fixture::Clip, wait_for};
use yunlubo_tests::{files, lessons};

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_source_is_named_on_the_channel_page() {
    let system = System::start(Options::default()).await;
    let camera = Camera::start(system.dir(), 0, &[]).await;
    let text = system.gather_dir().join("media/text.mp4");
    std::fs::write(&text, "this is no film").unwrap();
    let wrong = [
        ("mode", "pull"),
        ("url", &camera.url("/auth")),
        ("transport", "tcp"),
        ("user", "user"),
        ("password", "no"),
        ("class_name", "一班"),
    ];
    let locked = system.channel(&wrong).await;
    let not_mp4 = system.file_channel(&text, "二班").await;
    let browser = Browser::start().await;
    let page = browser.page(1440, 900).await;
    system.sign_in(&page).await;
    page.go(&system.url("/admin/channels")).await;
    for (channel, cause, word) in [(locked, "wrong_password", "密码"), (not_mp4, "not_mp4", "MP4")] {
        let said = wait_for(cause, Duration::from_secs(30), || async {
            let status = system.channel_status(channel);
            (status["cause"] == cause).then_some(status)
        })
        .await;
        assert_ne!(said["phase"], "running");
        page.until(&format!("document.body.innerText.includes('{word}')")).await;
    }
    // The right password, and the same channel runs.
    let mut right = wrong.to_vec();
    right[4] = ("password", "pass");
    right.extend([("gatherer_id", "1"), ("grade_id", "1"), ("enabled", "1")]);
    assert_eq!(system.admin.post(&format!("/admin/channels/{locked}"), &right).await.status, 303);
    system.running(locked).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn forms_refuse_what_no_gatherer_could_do() {
    let system = System::start(Options::default()).await;
    let clip = Clip::default().make(&system.gather_dir().join("media"), "a.mp4");
    let channel = system.file_channel(&clip, "一班").await;
    let common = [
        ("gatherer_id", "1"),
        ("grade_id", "1"),
        ("class_name", "二班"),
        ("mode", "pull"),
        ("transport", "tcp"),
    ];
    for (url, word) in [("http://10.0.0.1/a", "rtsp://"), ("rtsp://u:p@10.0.0.1/a", "密码"), ("", "填")] {
        let mut fields = common.to_vec();
        fields.push(("url", url));
        let answer = system.admin.post("/admin/channels/new", &fields).await;
        assert_eq!(answer.status, 422, "{url}");
        assert!(answer.body.contains(word), "{url}: {}", answer.body);
    }
    let body = system.admin.get("/admin/channels").await.body;
    assert!(!body.contains("二班"), "nothing was added");

    system.plan_at(channel, 3600, 7200).await;
    let page = format!("/admin/channels/{channel}/timetable/new");
    let form = system.admin.get(&page).await.body;
    let rev = testkit::site::between(&form, "name=\"rev\" value=\"", "\"").unwrap().to_owned();
    let weekday = system.weekday().to_string();
    let common =
        [("subject_id", "1"), ("teacher_id", "1"), ("rev", rev.as_str()), ("weekday", weekday.as_str())];
    for (start, end, word) in [
        ("01:59:59", "03:00", "时间段发生重叠"),
        ("02:00", "02:00:30", "30"),
        ("03:00", "02:30", "30"),
        ("25:00", "26:00", "24:00"),
        ("23:00", "24:00:01", "24:00"),
    ] {
        let mut fields = common.to_vec();
        fields.extend([("start", start), ("end", end)]);
        let answer = system.admin.post(&page, &fields).await;
        assert_eq!(answer.status, 422, "{start}–{end}");
        assert!(answer.body.contains(word), "{start}–{end}: {}", answer.body);
    }
    // Touching ends are neighbours, and a day ends at 24:00:00.
    let mut fields = common.to_vec();
    fields.extend([("start", "02:00"), ("end", "24:00:00")]);
    assert_eq!(system.admin.post(&page, &fields).await.status, 303);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_join_code_works_once_and_nobody_else_is_heard() {
    let system = System::start(Options { without_gatherer: true, ..Options::default() }).await;
    let code = system.console("join-code", &["--name", "甲"]).await;
    let enrol = |code: String, dir: &str| {
        let mut c = tokio::process::Command::new(testkit::process::binary("yunlubo-gather"));
        c.args(["enroll", "--site", &system.url(""), "--code", &code, "--data"]).arg(system.dir().join(dir));
        async move {
            let out = c.output().await.unwrap();
            (out.status.success(), String::from_utf8_lossy(&out.stderr).into_owned())
        }
    };
    assert!(enrol(code.clone(), "g1").await.0);
    let (ok, said) = enrol(code, "g2").await;
    assert!(!ok && said.contains("加入码") && said.contains("used"), "{said}");
    let (ok, said) = enrol("AAAA-BBBB-CCCC-DDDD-EEEE".into(), "g2").await;
    assert!(!ok && said.contains("加入码"), "{said}");

    let answer = relay_says(
        &system,
        &json!({"kind": "hello", "versions": [1], "terminal": 2, "grant": "forged", "name": "x"}),
    )
    .await;
    assert_eq!(
        (answer["kind"].as_str(), answer["error"]["code"].as_str()),
        (Some("refused"), Some("unauthorized"))
    );
    let answer = relay_says(&system, &json!({"kind": "report"})).await;
    assert_eq!(answer["error"]["code"], "hello_expected");
}

async fn relay_says(system: &System, message: &serde_json::Value) -> serde_json::Value {
    testkit::socket::ask(&format!("ws://127.0.0.1:{}/relay", system.port("relay")), &message.to_string())
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn media_is_refused_without_the_right_grant() {
    let system = System::start(Options::default()).await;
    let clip = Clip::default().make(&system.gather_dir().join("media"), "a.mp4");
    let channel = system.file_channel(&clip, "一班").await;
    system.running(channel).await;
    system.plan(channel, Duration::from_secs(1), Duration::from_secs(32)).await;

    // Publishing without a token, and with one to play.
    let key: [u8; 32] = std::fs::read(system.dir().join("server/secret.key")).unwrap().try_into().unwrap();
    let play = Signer::new(key).sign(Right::Play, &format!("live{channel}"), "x", i64::MAX);
    for query in [String::new(), format!("?token={play}")] {
        let to = format!("rtmp://127.0.0.1:{}/live/live{channel}{query}", system.port("rtmp"));
        let out = Command::new("ffmpeg")
            .args(["-v", "error", "-i"])
            .arg(&clip)
            .args(["-c", "copy", "-f", "flv", &to])
            .output()
            .unwrap();
        assert!(!out.status.success(), "published with {query:?}");
    }
    assert_eq!(system.channel_status(channel)["pushing"], false);

    let info = system.play(channel).await;
    let flv = info["urls"]["flv"].as_str().unwrap();
    for bad in [
        flv.split('?').next().unwrap().to_owned(),
        flv.replace("token=", "token=A"),
        flv.replace(&format!("live{channel}"), "live999"),
    ] {
        let answer = system.visitor().get(&bad).await;
        assert!([401, 403].contains(&answer.status), "{bad} → {}", answer.status);
        let said: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
        assert!(
            said["code"].is_string() && said["message_zh"].is_string() && said["message_en"].is_string(),
            "{said}"
        );
    }

    let lesson = wait_for("the lesson on the site", Duration::from_secs(80), || async {
        lessons(&system).await.pop()
    })
    .await;
    let url = files(&system, &lesson).await.remove(0);
    let visitor = system.visitor();
    for bad in [url.split('?').next().unwrap().to_owned(), url.replacen("token=", "token=A", 1)] {
        let answer = visitor.get(&bad).await;
        assert_eq!(answer.status, 403, "{bad}: {}", answer.body);
    }
    for closed in ["/", "/watch", "/subject/1", lesson.as_str(), "/admin", "/api/play/1"] {
        let answer = visitor.get(closed).await;
        assert!([303, 401, 403].contains(&answer.status), "{closed} → {} without an account", answer.status);
    }
}
