//! Every field of the admin's forms: least, greatest, one more, empty, markup (§1.11).

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod admin_site;

use admin_site::Site;

/// One field of one form.
struct Case {
    path: &'static str,
    /// A form that is accepted.
    good: &'static [(&'static str, &'static str)],
    field: &'static str,
    /// Most characters.
    max: usize,
    required: bool,
}

const SCHOOL: &[(&str, &str)] = &[("name", "第一中学"), ("address", ""), ("phone", "")];
const GRADE: &[(&str, &str)] = &[("stage", "大学"), ("name", "一年级")];
const TEACHER: &[(&str, &str)] = &[("name", "李老师"), ("sex", "1"), ("title", "2"), ("about", "")];
const SETTINGS: &[(&str, &str)] = &[("site_name", "云录播"), ("time_zone", "Asia/Shanghai")];

const CASES: &[Case] = &[
    Case { path: "/admin/schools/new", good: SCHOOL, field: "name", max: 128, required: true },
    Case { path: "/admin/schools/new", good: SCHOOL, field: "address", max: 128, required: false },
    Case { path: "/admin/schools/new", good: SCHOOL, field: "phone", max: 60, required: false },
    Case { path: "/admin/subjects/new", good: &[("name", "x")], field: "name", max: 20, required: true },
    Case { path: "/admin/grades/new", good: GRADE, field: "stage", max: 20, required: true },
    Case { path: "/admin/grades/new", good: GRADE, field: "name", max: 20, required: true },
    Case { path: "/admin/teachers/new", good: TEACHER, field: "name", max: 30, required: true },
    Case { path: "/admin/teachers/new", good: TEACHER, field: "about", max: 500, required: false },
    Case { path: "/admin/settings", good: SETTINGS, field: "site_name", max: 50, required: true },
    Case { path: "/admin/settings", good: SETTINGS, field: "phone", max: 30, required: false },
    Case { path: "/admin/settings", good: SETTINGS, field: "slogan", max: 60, required: false },
    Case { path: "/admin/settings", good: SETTINGS, field: "public_host", max: 50, required: false },
    Case { path: "/admin/gatherers/1", good: GATHERER, field: "name", max: 80, required: true },
    Case {
        path: "/admin/gatherers/join",
        good: &[("name", "x"), ("school_id", "1")],
        field: "name",
        max: 80,
        required: true,
    },
    Case { path: "/admin/channels/new", good: FILE, field: "class_name", max: 128, required: true },
    Case { path: "/admin/channels/new", good: PULL, field: "user", max: 64, required: false },
    Case { path: "/admin/channels/new", good: PULL, field: "password", max: 64, required: false },
    Case { path: "/admin/users/new", good: USER, field: "name", max: 64, required: true },
    Case { path: "/admin/users/new", good: USER, field: "display_name", max: 64, required: false },
];

const GATHERER: &[(&str, &str)] = &[
    ("name", "采集端"),
    ("school_id", "1"),
    ("main_rate_kbps", "1024"),
    ("sub_rate_kbps", "512"),
    ("slice_min", "0"),
    ("overlap_keyframes", "0"),
    ("snapshot_min", "2"),
];
const FILE: &[(&str, &str)] = &[
    ("gatherer_id", "1"),
    ("grade_id", "1"),
    ("class_name", "三班"),
    ("mode", "file"),
    ("path", "/data/a.mp4"),
];
const PULL: &[(&str, &str)] = &[
    ("gatherer_id", "1"),
    ("grade_id", "1"),
    ("class_name", "四班"),
    ("mode", "pull"),
    ("url", "rtsp://10.0.0.2/live"),
    ("user", ""),
    ("password", ""),
    ("transport", "tcp"),
];
const USER: &[(&str, &str)] = &[
    ("name", "teacher1"),
    ("display_name", ""),
    ("password", "12345678"),
    ("again", "12345678"),
    ("role", "user"),
];

/// The good form with one field changed.
fn with<'a>(good: &[(&'a str, &'a str)], field: &'a str, value: &'a str) -> Vec<(&'a str, &'a str)> {
    let mut pairs: Vec<_> = good.iter().copied().filter(|(k, _)| *k != field).collect();
    pairs.push((field, value));
    pairs
}

async fn site() -> Site {
    let site = Site::start().await;
    site.teacher("张老师").await;
    site.gatherer("一号").await;
    site
}

/// Characters of three bytes: limits count characters.
fn chars(n: usize, tail: usize) -> String {
    "课".repeat(n.saturating_sub(2)) + &format!("{tail:02}")
}

#[tokio::test]
async fn every_text_field_takes_its_greatest_length_and_not_one_more() {
    let site = site().await;
    for (n, case) in CASES.iter().enumerate() {
        let (max, over) = (chars(case.max, n), chars(case.max + 1, n));
        let answer = site.post(case.path, &with(case.good, case.field, &max)).await;
        let taken = answer.status.as_u16() == 303 || answer.body.contains("yunlubo-gather enroll");
        assert!(taken, "{} {}: {} {}", case.path, case.field, answer.status, answer.body);
        let answer = site.post(case.path, &with(case.good, case.field, &over)).await;
        answer.is(422).has(&format!("最多 {} 个字符", case.max)).has(&format!("id=\"e-{}\"", case.field));
        if case.field != "password" {
            answer.has(&over);
        }
    }
}

#[tokio::test]
async fn an_empty_field_is_refused_only_where_it_is_needed() {
    let site = site().await;
    for case in CASES {
        let answer = site.post(case.path, &with(case.good, case.field, "  ")).await;
        if case.required {
            answer.is(422).has("此项必填").has(&format!("id=\"e-{}\"", case.field));
        }
    }
}

#[tokio::test]
async fn markup_is_text_wherever_it_comes_back() {
    let site = site().await;
    let markup = "<x1 y=\"z'></x1>";
    for case in CASES.iter().filter(|c| c.field != "password") {
        let answer = site.post(case.path, &with(case.good, case.field, markup)).await;
        let page = if answer.status.as_u16() == 303 {
            site.get(answer.location.split('?').next().unwrap_or("/admin")).await
        } else {
            answer
        };
        page.lacks("<x1");
    }
    for list in
        ["/admin/schools", "/admin/teachers", "/admin/channels", "/admin/gatherers", "/admin/users", "/admin"]
    {
        site.get(&format!("{list}?q=%3Cx1%3E%22x")).await.is(200).lacks("<x1");
        site.get(list).await.lacks("<x1");
    }
}

#[tokio::test]
async fn every_number_of_a_gatherer_keeps_its_range() {
    let site = site().await;
    let numbers = [
        ("main_rate_kbps", 1, 9999),
        ("sub_rate_kbps", 1, 9999),
        ("slice_min", 0, 30),
        ("overlap_keyframes", 0, 3),
        ("snapshot_min", 1, 10),
    ];
    for (field, min, max) in numbers {
        for good in [min, max] {
            site.post("/admin/gatherers/1", &with(GATHERER, field, &good.to_string())).await.is(303);
        }
        for bad in [min - 1, max + 1] {
            let answer = site.post("/admin/gatherers/1", &with(GATHERER, field, &bad.to_string())).await;
            answer.is(422).has(&format!("请填 {min} 到 {max} 之间的数")).has(&format!("value=\"{bad}\""));
        }
        site.post("/admin/gatherers/1", &with(GATHERER, field, "1.5")).await.is(422).has("请填整数");
        site.post("/admin/gatherers/1", &with(GATHERER, field, "")).await.is(422).has("此项必填");
    }
    let teacher = site.post("/admin/teachers/new", &with(TEACHER, "title", "5")).await;
    teacher.is(422).has("请填 0 到 4 之间的数");
}

#[tokio::test]
async fn a_pull_address_or_file_that_is_none_is_named_beside_its_field() {
    let site = site().await;
    for (value, said) in [
        ("http://10.0.0.2/a", "拉流地址必须是"),
        ("rtsp://admin:12345@10.0.0.2/a", "用户名和密码"),
        ("", "此项必填"),
    ] {
        site.post("/admin/channels/new", &with(PULL, "url", value))
            .await
            .is(422)
            .has("id=\"e-url\"")
            .has(said);
    }
    for bad in ["a.mp4", "/etc/passwd", "/a/../b.mp4"] {
        let answer = site.post("/admin/channels/new", &with(FILE, "path", bad)).await;
        answer.is(422).has("id=\"e-path\"").has(".mp4 结尾");
    }
    site.post("/admin/channels/new", &with(FILE, "gatherer_id", "99"))
        .await
        .is(422)
        .has("id=\"e-gatherer_id\"");
    site.post("/admin/channels/new", &with(FILE, "grade_id", "99")).await.is(422).has("id=\"e-grade_id\"");
    assert_eq!(
        site.state.db.list_channels(&db::ChannelFilter::default(), db::Page::first(1)).await.unwrap().total,
        0
    );
}

#[tokio::test]
async fn settings_refuse_a_zone_a_script_link_and_opening_without_consent() {
    let site = site().await;
    site.post("/admin/settings", &with(SETTINGS, "time_zone", "Mars/Base"))
        .await
        .is(422)
        .has("Asia/Shanghai");
    let link = site.post("/admin/settings", &with(SETTINGS, "official_site", "javascript:alert(1)")).await;
    link.is(422).has("http:// 或 https:// 开头");
    let opening = site.post("/admin/settings", &with(SETTINGS, "open_live", "1")).await;
    opening.is(422).has("id=\"e-understood\"").has("请先勾选确认");
    assert!(!site.state.db.settings().await.unwrap().open_live);
    let mut form = with(SETTINGS, "open_live", "1");
    form.push(("understood", "1"));
    site.post("/admin/settings", &form).await.is(303);
    assert!(site.state.db.settings().await.unwrap().open_live);
    // Once open, saving something else needs no new consent; closing needs none either.
    site.post("/admin/settings", &with(SETTINGS, "open_live", "1")).await.is(303);
    site.post("/admin/settings", SETTINGS).await.is(303);
    assert!(!site.state.db.settings().await.unwrap().open_live);
}

#[tokio::test]
async fn a_new_site_name_reaches_every_gatherer() {
    let site = site().await;
    let before = site.state.db.state_versions().await.unwrap();
    site.post("/admin/settings", &with(SETTINGS, "site_name", "实验小学录播")).await.is(303);
    let after = site.state.db.state_versions().await.unwrap();
    assert!(after.iter().zip(&before).all(|(a, b)| a.1 > b.1));
    site.get("/admin").await.has("实验小学录播");
}
