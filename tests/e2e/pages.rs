//! Every page in a real browser, wide and narrow: it says what it is, fits the window, throws no error.
//!
//! With `YUNLUBO_SCREENS=DIR` each is kept as a picture, to be looked at.

use std::path::PathBuf;
use std::time::Duration;
use testkit::{Browser, Options, Page, System, fixture::Clip, wait_for};
use yunlubo_tests::lessons;

/// Address, a word that must be on it in Chinese, and in English.
const PAGES: &[(&str, &str, &str)] = &[
    ("/", "语文", "Log out"),
    ("/watch", "直播", "Live"),
    ("/subject/1", "语文", "语文"),
    ("/search?q=王", "王", "王"),
    ("/me", "密码", "Password"),
    ("/admin", "概览", "Overview"),
    ("/admin/settings", "本站名称", "Site name"),
    ("/admin/components", "group1", "group1"),
    ("/admin/schools", "学校", "Schools"),
    ("/admin/schools/new", "学校", "School"),
    ("/admin/schools/1", "名称", "Name"),
    ("/admin/subjects", "科目", "Subjects"),
    ("/admin/subjects/new", "名称", "Name"),
    ("/admin/subjects/1", "语文", "语文"),
    ("/admin/grades/new", "类型", "Name"),
    ("/admin/grades/1", "一年级", "一年级"),
    ("/admin/teachers/1", "王老师", "王老师"),
    ("/admin/gatherers/1/remove", "三楼采集端", "三楼采集端"),
    ("/admin/channels/1/remove", "删除", "Remove"),
    ("/admin/channels/1/timetable/1", "开始", "Start"),
    ("/admin/users/1", "admin", "admin"),
    ("/admin/users/1/password", "密码", "Password"),
    ("/admin/grades", "年级", "Grades"),
    ("/admin/teachers", "王老师", "Teachers"),
    ("/admin/teachers/new", "职称", "Title"),
    ("/admin/gatherers", "三楼采集端", "三楼采集端"),
    ("/admin/gatherers/join", "加入码", "join code"),
    ("/admin/gatherers/1", "录像切片", "Slice length"),
    ("/admin/channels", "一班", "Channels"),
    ("/admin/channels/new", "拉流地址", "Address"),
    ("/admin/channels/1", "所在班级", "Class"),
    ("/admin/channels/1/timetable", "语文", "语文"),
    ("/admin/channels/1/timetable/new", "开始", "Start"),
    ("/admin/today", "应录", "Due"),
    ("/admin/timetable", "课表", "Timetable"),
    ("/admin/timetable/versions", "版本", "Version"),
    ("/admin/changes", "调课", "Changes"),
    ("/admin/changes/new?op=cancel", "停课", "Cancel"),
    ("/admin/calendar", "校历", "Calendar"),
    ("/admin/import", "导入", "Import"),
    ("/admin/import/basic?what=teachers", "导入", "Import"),
    ("/admin/feeds", "日历订阅", "Calendar feeds"),
    ("/admin/why", "为什么", "Why"),
    ("/admin/classes", "班级", "Classes"),
    ("/admin/classes/new", "班级", "Class"),
    ("/admin/rooms", "教室", "Rooms"),
    ("/admin/rooms/new", "教室", "Room"),
    ("/admin/students", "学生", "Students"),
    ("/admin/students/new", "学号", "Student"),
    ("/admin/recordings", "王老师", "王老师"),
    ("/admin/users", "admin", "admin"),
    ("/admin/users/new", "用户名", "Name"),
    ("/no-such-page", "找不到", "not"),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_page_works_wide_and_narrow_in_both_languages() {
    let system = System::start(Options::default()).await;
    let clip = Clip::default().make(&system.gather_dir().join("media"), "a.mp4");
    let long = "信息技术与人工智能实验教学示范二班（北校区综合实验楼三层东侧第二录播教室）";
    let channel = system.file_channel(&clip, long).await;
    system
        .channel(&[
            ("mode", "pull"),
            ("url", "rtsp://127.0.0.1:9/nothing"),
            ("transport", "tcp"),
            ("class_name", "一班"),
        ])
        .await;
    system.running(channel).await;
    system.plan(channel, Duration::from_secs(2), Duration::from_secs(33)).await;
    wait_for("the lesson on the site", Duration::from_secs(80), || async { lessons(&system).await.pop() })
        .await;

    let mut found = Vec::new();
    for (width, height) in [(1440, 900), (390, 844)] {
        let browser = Browser::start().await;
        let page = browser.page(width, height).await;
        look(&system, &page, &mut found, "/login", "登录", width).await;
        system.log_in(&page).await;
        for (path, chinese, _) in PAGES {
            look(&system, &page, &mut found, path, chinese, width).await;
        }
        let lesson = lessons(&system).await.remove(0);
        let key = lesson.trim_start_matches("/lesson/");
        look(&system, &page, &mut found, &format!("/admin/recordings/{key}"), "王老师", width).await;
        look(&system, &page, &mut found, &lesson, "语文", width).await;
        page.plays(1.0, Duration::from_secs(30)).await;
        look(&system, &page, &mut found, &format!("/watch/{channel}"), "实时直播", width).await;
        page.plays(1.0, Duration::from_secs(30)).await;
        keep(&page, "live-playing", width).await;
        page.go(&system.url("/lang?to=en&next=/")).await;
        for (path, _, english) in PAGES {
            look(&system, &page, &mut found, path, english, width).await;
        }
        assert_eq!(
            page.errors().iter().filter(|e| !e.contains("404")).collect::<Vec<_>>(),
            Vec::<&String>::new()
        );
        page.close().await;
    }
    assert!(found.is_empty(), "not accessible:\n{}", found.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_setup_page_makes_the_first_admin_and_is_gone() {
    let system =
        System::start(Options { unclaimed: true, without_gatherer: true, ..Options::default() }).await;
    let code = system.console("setup-code", &[]).await;
    let browser = Browser::start().await;
    let mut found = Vec::new();
    for (width, height) in [(390, 844), (1440, 900)] {
        let page = browser.page(width, height).await;
        look(&system, &page, &mut found, &format!("/setup?code={code}"), "管理员", width).await;
        for (field, value) in [("name", "admin"), ("password", "correct horse"), ("again", "another horse")] {
            page.fill(&format!("input[name={field}]"), value).await;
        }
        page.follow("form button[type=submit]").await;
        page.fits().await;
        let here = page.eval("location.pathname").await;
        assert_eq!(here, "/setup", "two different passwords make nobody an admin");
        if width == 1440 {
            page.fill("input[name=password]", "correct horse").await;
            page.fill("input[name=again]", "correct horse").await;
            page.follow("form button[type=submit]").await;
            assert_eq!(page.eval("location.pathname").await, "/admin");
        }
    }
    assert_eq!(system.visitor().get(&format!("/setup?code={code}")).await.status, 404);
    assert!(found.is_empty(), "not accessible:\n{}", found.join("\n"));
}

async fn look(system: &System, page: &Page, found: &mut Vec<String>, path: &str, word: &str, width: u32) {
    page.go(&system.url(path)).await;
    let text = page
        .eval("document.body.innerText + [...document.querySelectorAll('input')].map(i => i.value).join(' ')")
        .await;
    let text = text.as_str().unwrap();
    assert!(
        text.to_lowercase().contains(&word.to_lowercase()),
        "{path} at {width} px does not say {word}:\n{text}"
    );
    page.fits().await;
    let language = page.eval("document.documentElement.lang").await;
    if language == "zh-CN" {
        // Once is enough: contrast, roles and labels are the same in English, whose texts the words above prove.
        let faults = page.accessibility_faults().await;
        found.extend(faults.iter().map(|fault| format!("{path} at {width} px: {fault}")));
    }
    let name = format!(
        "{}-{}",
        path.trim_matches('/').replace(['/', '?', '=', '%'], "-"),
        language.as_str().unwrap()
    );
    keep(page, &name, width).await;
}

async fn keep(page: &Page, name: &str, width: u32) {
    if let Some(dir) = std::env::var_os("YUNLUBO_SCREENS") {
        page.screenshot(&PathBuf::from(dir).join(format!("{name}-{width}.png"))).await;
    }
}
