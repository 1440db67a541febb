//! 为什么录 / 为什么不录: each rule that decides is said, on the page and by the API.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod today_site;

use model::SchoolId;
use model::calendar::Op;
use serde_json::Value;
use today_site::{FRIDAY, NEXT, NOW_MS, RUNNING, School};

async fn ask(school: &School, query: &str) -> Vec<Value> {
    let answer = school.site.get(&format!("/api/admin/why?school=1&{query}")).await;
    answer.is(200);
    serde_json::from_str(&answer.body).unwrap()
}

fn words(answer: &Value, language: &str) -> String {
    let words = answer["words"].as_array().unwrap().iter();
    words.map(|w| w[language].as_str().unwrap()).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn a_lesson_that_is_recorded_names_every_rule() {
    let school = School::open().await;
    let answers = ask(&school, &format!("lesson={RUNNING}")).await;
    assert_eq!(answers.len(), 1);
    assert_eq!(answers[0]["verdict"], "recorded");
    let zh = words(&answers[0], "zh");
    for rule in [
        "第12周（双周）",
        "按周五的课表上课",
        "用第1版课表",
        "冬令作息（默认作息）",
        "08:00–08:45",
        "的课默认都录",
        "教室301，由通道录像",
    ] {
        assert!(zh.contains(rule), "no {rule} in\n{zh}");
    }
    let rules = answers[0]["rules"].as_array().unwrap();
    assert_eq!(rules.len(), answers[0]["words"].as_array().unwrap().len(), "a sentence for each rule");
    let page = school.site.get(&format!("/admin/why?lesson={RUNNING}")).await;
    page.is(200).has("教室301，由通道录像").has("data-verdict>要录<");
    school.site.get_en(&format!("/admin/why?lesson={RUNNING}")).await.has("Room 301, recorded by");
}

#[tokio::test]
async fn what_is_not_recorded_names_the_rule_that_says_so() {
    let school = School::open().await;
    let odd = ask(&school, "class=1&date=2026-11-20&period=5").await;
    assert_eq!(odd[0]["verdict"], "not_held");
    assert!(words(&odd[0], "zh").contains("第12周（双周）；这节课只在单周上，所以不上"));

    let nothing = ask(&school, "class=1&date=2026-11-20&period=1").await;
    assert_eq!(nothing[0]["verdict"], "nothing");
    assert!(words(&nothing[0], "en").contains("no lesson there"));

    let weekend = ask(&school, "class=1&date=2026-11-21&period=2").await;
    assert_eq!(weekend[0]["verdict"], "nothing");

    let summer = ask(&school, "class=1&date=2027-07-15&period=2").await;
    assert!(words(&summer[0], "zh").contains("不在任何学期里"));

    let db = &school.site.state.db;
    let op = Op::Substitute {
        lesson: School::lesson(NEXT),
        teacher: None,
        subject: None,
        room: Some(school.rooms[2]),
    };
    db.add_change(SchoolId(1), &op, "设备检修", school.site.admin_id, NOW_MS).await.unwrap();
    let moved = ask(&school, &format!("lesson={NEXT}")).await;
    assert_eq!(moved[0]["verdict"], "no_camera");
    let zh = words(&moved[0], "zh");
    assert!(zh.contains("改在教室303（理由：设备检修）"), "{zh}");
    assert!(zh.contains("教室303没有摄像头，所以不录：请在 直播管理 里给通道选教室"), "{zh}");

    let off = Op::Record { lesson: School::lesson(RUNNING), on: false };
    db.add_change(SchoolId(1), &off, "", school.site.admin_id, NOW_MS).await.unwrap();
    assert_eq!(ask(&school, &format!("lesson={RUNNING}")).await[0]["verdict"], "not_recorded");
    let page = school.site.get(&format!("/admin/why?class=1&date={FRIDAY}&period=2")).await;
    page.has("class=\"decides\">不录像：调课 #");
}

#[tokio::test]
async fn a_channel_tells_what_it_records_at_a_moment() {
    let school = School::open().await;
    let now = ask(&school, &format!("channel=1&at={NOW_MS}")).await;
    assert_eq!((now[0]["verdict"].as_str(), now[0]["lesson"].as_str()), (Some("recorded"), Some(RUNNING)));
    let local = ask(&school, "channel=2&at=2026-11-20T09:00").await;
    assert_eq!(local[0]["lesson"], "c2-20261120-p3-0");
    let noon = ask(&school, "channel=1&at=2026-11-20T12:00").await;
    assert_eq!(noon[0]["verdict"], "nothing");
    assert!(words(&noon[0], "zh").contains("教室301这时没有课"));
    school.site.state.db.set_channel_room(school.channels[0], None).await.unwrap();
    let roomless = ask(&school, &format!("channel=1&at={NOW_MS}")).await;
    assert!(words(&roomless[0], "zh").contains("通道没有选教室"));
}

#[tokio::test]
async fn nonsense_is_answered_calmly() {
    let school = School::open().await;
    for query in ["", "lesson=x", "class=1", "channel=x&at=9"] {
        school.site.get(&format!("/api/admin/why?school=1&{query}")).await.is(400);
        school.site.get(&format!("/admin/why?{query}")).await.is(200).lacks("data-answer");
    }
    let far = "class=1&period=200&date=9999-12-31";
    school.site.get(&format!("/api/admin/why?school=1&{far}")).await.is(200);
    school.site.get("/api/admin/why?school=1&channel=1&at=9223372036854775807").await.is(200);
}
