//! 调课 代课 换课 and their like on a running gatherer: one school, a class for each.

use crate::campus::{Campus, Room, Title, database, named};
use db::LessonRow;
use jiff::ToSpan;
use model::calendar::{Cell, Op};
use std::path::Path;
use std::time::Duration;
use testkit::{Options, System, fixture::Clip, now_ms, probe::probe, wait_for};
use yunlubo_tests::{Slice, check_slice, download, missing, places};

const CLASSES: [&str; 9] = ["换课", "代课", "延长", "停课", "不录", "调课", "加课", "相邻", "录不录"];
/// A lesson lasts so long; the third period begins two seconds after the second.
const LESSON_S: u32 = 8;
/// The extended one: the page takes no lesson of 30 s and less (R-SCH-04).
const EXTENDED_S: u32 = 31;
/// What recording and plan may differ by: the pictures come when they come.
const SLACK_MS: i64 = 600;

/// What the site should have of one lesson: key, title, first and last second after the first bell.
struct Expected {
    key: String,
    title: Title,
    from_s: f64,
    to_s: f64,
}

struct Stage {
    system: System,
    campus: Campus,
    rooms: Vec<Room>,
    start_s: u32,
    usual: Title,
    other: Title,
}

impl Stage {
    /// The classes with their rooms and cells, some seconds before the first bell.
    async fn new(clip: &Path, system: System) -> Self {
        let db = database(&system).await;
        let (usual, other) = (named(&db, "原定").await, named(&db, "调整").await);
        let campus = Campus::new(&system, &db, 1, "试验学校", clip).await;
        let mut rooms = Vec::new();
        for class in CLASSES {
            rooms.push(campus.room(class).await);
        }
        campus.running(rooms.len()).await;
        let start_s = campus.now_s() + 20;
        Self { system, campus, rooms, start_s, usual, other }
    }

    fn room(&self, class: &str) -> Room {
        self.rooms[CLASSES.iter().position(|name| *name == class).unwrap()]
    }

    /// Waits until so many seconds after the first bell.
    async fn until(&self, second: u32) {
        let at_ms = self.campus.at_ms(self.start_s + second);
        wait_for("the time", Duration::from_secs(90), || async { (now_ms() >= at_ms).then_some(()) }).await;
    }

    fn cells(&self) -> Vec<Cell> {
        let (today, tomorrow) = (self.campus.weekday(), self.campus.weekday() % 7 + 1);
        let mut cells = Vec::new();
        for (class, room) in CLASSES.iter().zip(&self.rooms) {
            let periods: &[u8] = match *class {
                "相邻" => &[1, 2],
                "录不录" => &[1, 2, 3],
                "加课" => &[],
                _ => &[1],
            };
            cells.extend(periods.iter().map(|p| room.cell(today, *p, self.usual)));
        }
        cells.push(self.room("换课").cell(tomorrow, 1, self.other));
        for cell in cells.iter_mut().filter(|c| c.class == self.room("录不录").class && c.period == 2) {
            cell.record = Some(false);
        }
        cells
    }

    /// The lesson of a class in the first period, as a field.
    fn first(&self, class: &str) -> String {
        self.room(class).lesson(self.campus.today(), 1, 0).to_string()
    }

    /// What is known before the first bell.
    async fn change_before(&self) {
        let (today, system) = (self.campus.today(), &self.system);
        let (tomorrow, teacher) = (today + 1.day(), self.other.1.to_string());
        let b = self.room("换课").lesson(tomorrow, 1, 0).to_string();
        let (a, tomorrow) = (self.first("换课"), tomorrow.to_string());
        self.campus.order(system, &[("op", "swap"), ("lesson", &a), ("b", &b), ("to_date", &tomorrow)]).await;
        let lesson = self.first("代课");
        self.campus.order(system, &[("op", "substitute"), ("lesson", &lesson), ("teacher", &teacher)]).await;
        let lesson = self.first("调课");
        self.campus.order(system, &[("op", "move"), ("lesson", &lesson), ("to_period", "3")]).await;
        let lesson = self.first("录不录");
        self.campus.order(system, &[("op", "record"), ("lesson", &lesson), ("on", "0")]).await;
        let lesson = self.room("加课").lesson(today, 3, 1);
        let times = Some((self.start_s + 4, self.start_s + 4 + LESSON_S));
        let (subject, teacher) = (self.other.0, Some(self.other.1));
        self.campus.change(Op::Extra { lesson, times, subject, teacher, room: None }).await;
    }

    /// What comes while the lessons run; when each was made.
    async fn change_during(&self) -> [f64; 2] {
        let clock = |second: u32| format!("{:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60);
        let (start, end) = (clock(self.start_s), clock(self.start_s + EXTENDED_S));
        let lesson = self.first("延长");
        let longer = [("op", "retime"), ("lesson", &*lesson), ("start", &*start), ("end", &*end)];
        self.campus.order(&self.system, &longer).await;
        let at_s = || (now_ms() - self.campus.at_ms(self.start_s)) as f64 / 1000.0;
        let (first, lesson) = (at_s(), self.first("停课"));
        self.campus.order(&self.system, &[("op", "cancel"), ("lesson", &lesson)]).await;
        let (second, lesson) = (at_s(), self.first("不录"));
        self.campus.order(&self.system, &[("op", "record"), ("lesson", &lesson), ("on", "0")]).await;
        [first, second]
    }

    fn expected(&self, changed_s: [f64; 2]) -> Vec<Expected> {
        let today = self.campus.today();
        let bells = |period: u8| match period {
            1 => (0.0, f64::from(LESSON_S)),
            2 => (f64::from(LESSON_S), f64::from(2 * LESSON_S)),
            _ => (f64::from(2 * LESSON_S + 2), f64::from(3 * LESSON_S + 2)),
        };
        let held = |class: &str, period: u8, n: u8, title: Title| {
            let (from_s, to_s) = bells(period);
            Expected { key: self.room(class).key(today, period, n), title, from_s, to_s }
        };
        let until = |class: &str, to_s: f64| Expected { to_s, ..held(class, 1, 0, self.usual) };
        vec![
            held("换课", 1, 0, self.other),
            held("代课", 1, 0, (self.usual.0, self.other.1)),
            until("延长", f64::from(EXTENDED_S)),
            until("停课", changed_s[0]),
            until("不录", changed_s[1]),
            held("调课", 3, 1, self.usual),
            Expected { from_s: 4.0, to_s: f64::from(4 + LESSON_S), ..held("加课", 3, 1, self.other) },
            held("相邻", 1, 0, self.usual),
            held("相邻", 2, 0, self.usual),
            held("录不录", 3, 0, self.usual),
        ]
    }

    /// Compares one lesson with what was expected of it; its only file.
    async fn check(&self, expected: &Expected, found: &LessonRow) -> Slice {
        let key = &expected.key;
        assert_eq!((found.subject_id, found.teacher_id), expected.title, "{key}");
        let lesson = format!("/lesson/{key}");
        let page = self.system.admin.get(&lesson).await.body;
        assert!(page.contains(&found.teacher_name) && page.contains(&found.class_name), "{key}");
        let mut files = download(&self.system, &lesson).await;
        assert_eq!(files.len(), 1, "{key} is one file");
        let file = files.remove(0);
        check_slice(&file.path, &["h264", "aac"]);
        let bell_ms = self.campus.at_ms(self.start_s);
        let from_ms = file.started_at_ms - bell_ms - (expected.from_s * 1000.0) as i64;
        let to_ms = file.started_at_ms + file.duration_ms - bell_ms - (expected.to_s * 1000.0) as i64;
        println!("{} {key}: begins {from_ms} ms and ends {to_ms} ms off the plan", found.class_name);
        // It begins with the last keyframe before the bell: a second at most.
        assert!((-1000 - SLACK_MS..=SLACK_MS).contains(&from_ms), "{key} begins {from_ms} ms off");
        let cut = ["停课", "不录"].contains(&found.class_name.as_str());
        let late_ms = if cut { 2000 } else { SLACK_MS };
        assert!((-SLACK_MS..=late_ms).contains(&to_ms), "{key} ends {to_ms} ms off");
        file
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_change_of_a_lesson_ends_in_the_right_file() {
    let system = System::start(Options { without_gatherer: true, ..Options::default() }).await;
    let clip = Clip { seconds: 90, size: "320x180", ..Clip::default() }.make(system.dir(), "a.mp4");
    let stage = Stage::new(&clip, system).await;
    let (campus, start_s) = (&stage.campus, stage.start_s);
    let second = start_s + LESSON_S;
    let third = second + LESSON_S + 2;
    let bells = [(start_s, second), (second, second + LESSON_S), (third, third + LESSON_S)];
    // A weekly range under the two neighbours gives way to them and goes on afterwards.
    let neighbour = stage.room("相邻");
    campus.range(neighbour.channel, start_s - 40, second + LESSON_S + 4, stage.other).await;
    campus.publish(&campus.calendar(&bells), stage.cells()).await;
    stage.change_before().await;
    campus.delivered().await;
    assert!(campus.now_s() < start_s, "the plan came late");

    stage.until(LESSON_S - 3).await;
    let changed_s = stage.change_during().await;
    stage.until(EXTENDED_S + 1).await;
    let found = campus.recorded().await;
    let (ranges, lessons): (Vec<LessonRow>, Vec<LessonRow>) =
        found.into_iter().partition(|lesson| lesson.class_id.is_none());

    let expected = stage.expected(changed_s);
    let keys = |mut keys: Vec<String>| {
        keys.sort();
        keys
    };
    assert_eq!(
        keys(lessons.iter().map(|lesson| lesson.lesson_key.clone()).collect()),
        keys(expected.iter().map(|lesson| lesson.key.clone()).collect()),
        "these lessons and no other"
    );
    let mut files = Vec::new();
    for expected in &expected {
        let found = lessons.iter().find(|lesson| lesson.lesson_key == expected.key).unwrap();
        files.push(stage.check(expected, found).await);
    }
    // Extended in mid-air: no frame is missing.
    let source = probe(&clip);
    let holes = |files: &[&Slice]| {
        let probes: Vec<_> = files.iter().map(|file| probe(&file.path)).collect();
        missing(source.frames.len(), &places(&source, &probes)).0
    };
    assert_eq!(holes(&[&files[2]]), 0, "frames missing in the extended lesson");
    // Range, lesson, lesson, range: two slices of the range, and no frame missing from its start to its end.
    assert_eq!(ranges.len(), 1);
    let around = download(&stage.system, &format!("/lesson/{}", ranges[0].lesson_key)).await;
    assert_eq!(around.len(), 2, "the range is cut in two by the lessons");
    assert_eq!(holes(&[&around[0], &files[7], &files[8], &around[1]]), 0, "frames missing at a bell");
}
