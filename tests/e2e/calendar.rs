//! What kind of day it is decides what is recorded: five schools on one site, each with a calendar of its own.

use crate::campus::{Campus, Room, Title, database, named};
use jiff::ToSpan;
use model::ChannelId;
use model::calendar::{
    Calendar, CalendarDay, Cell, DayKind, MakeUpOf, Rotation, RotationAnchor, WeekAnchor, Weeks,
};
use std::time::Duration;
use testkit::{Options, System, fixture::Clip, now_ms, wait_for};
use yunlubo_tests::{check_slice, download};

const NAMES: [&str; 5] = ["放假", "补课", "单周", "上八休三", "停录"];
/// Seconds of a lesson.
const LESSON_S: u32 = 8;

/// One of the five.
struct School {
    name: &'static str,
    campus: Campus,
    room: Room,
    /// A channel with a weekly range and no class.
    free: Option<ChannelId>,
}

impl School {
    async fn new(name: &'static str, campus: Campus) -> Self {
        let room = campus.room("一班").await;
        let free =
            if ["放假", "停录"].contains(&name) { Some(campus.channel("报告厅").await) } else { None };
        Self { name, campus, room, free }
    }

    /// Ordinarily the wrong lesson runs today in the first period, the one of this weekday; the calendar knows better.
    fn plan(&self, bells: &[(u32, u32)], right: Title, wrong: Title) -> (Calendar, Vec<Cell>) {
        let (room, today, weekday) = (&self.room, self.campus.today(), self.campus.weekday());
        let mut calendar = self.campus.calendar(bells);
        let mut cells = vec![room.cell(weekday, 1, wrong)];
        let note = String::new();
        let mut day = CalendarDay { date: today, kind: DayKind::Off, bells: None, no_record: false, note };
        let term = &mut calendar.terms[0];
        match self.name {
            "放假" => calendar.days.push(day),
            "补课" => {
                let of = today - 10.days();
                day.kind = DayKind::MakeUp { of: MakeUpOf::Date(of) };
                calendar.days.push(day);
                cells.push(room.cell(of.weekday().to_monday_one_offset() as u8, 1, right));
            }
            "单周" => {
                // By the term's start it is an even week; the anchor says the seventh.
                term.start = today - 7.days();
                term.weeks = vec![WeekAnchor { date: today, week: 7 }];
                cells = vec![room.cell(weekday, 1, right), room.cell(weekday, 2, wrong)];
                (cells[0].weeks, cells[1].weeks) = (Weeks::Odd, Weeks::Even);
            }
            "上八休三" => {
                // The third day was twelve days ago: one cycle and a day later it is the fourth.
                let anchors = vec![RotationAnchor { date: today - 12.days(), day: 3 }];
                term.rotation = Some(Rotation { work_days: 8, rest_days: 3, pause_on_off: false, anchors });
                let title = |day: u8| if day == 4 { right } else { wrong };
                cells = (1..=8).map(|day| room.cell(day, 1, title(day))).collect();
            }
            _ => {
                (day.kind, day.no_record) = (DayKind::Teach, true);
                calendar.days.push(day);
            }
        }
        (calendar, cells)
    }

    /// Everything that is on the site, and nothing else.
    async fn check(&self, system: &System, right: Title, bell_s: u32) {
        let (name, campus) = (self.name, &self.campus);
        let found = campus.recorded().await;
        let keys: Vec<&str> = found.iter().map(|lesson| lesson.lesson_key.as_str()).collect();
        println!("{name}: {keys:?}");
        match name {
            "放假" => {
                assert_eq!(found.len(), 1, "a holiday records the weekly range and no lesson: {keys:?}");
                assert_eq!(Some(found[0].channel_id), self.free);
            }
            "停录" => assert_eq!(found.len(), 0, "停录 records nothing at all: {keys:?}"),
            _ => assert_eq!(keys, [self.room.key(campus.today(), 1, 0)], "{name}"),
        }
        for lesson in &found {
            assert_eq!((lesson.subject_id, lesson.teacher_id), right, "{name}");
            let late_ms = lesson.ended_at_ms - campus.at_ms(bell_s);
            assert!(late_ms.abs() < 600, "{name}: it ended {late_ms} ms off the bell");
            let path = format!("/lesson/{}", lesson.lesson_key);
            assert!(system.admin.get(&path).await.body.contains("对老师"), "the VOD page names the teacher");
            let files = download(system, &path).await;
            assert_eq!(files.len(), 1, "{name}");
            check_slice(&files[0].path, &["h264", "aac"]);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn holiday_makeup_day_odd_week_rotation_and_no_record_end_in_the_right_files() {
    let system = System::start(Options { without_gatherer: true, ..Options::default() }).await;
    let clip = Clip { seconds: 60, size: "320x180", ..Clip::default() }.make(system.dir(), "a.mp4");
    let db = database(&system).await;
    let (right, wrong) = (named(&db, "对").await, named(&db, "错").await);
    let made = NAMES.iter().enumerate().map(|(n, name)| Campus::new(&system, &db, n + 1, name, &clip));
    let made = futures_util::future::join_all(made).await;
    let mut schools = Vec::new();
    for (name, campus) in NAMES.into_iter().zip(made) {
        schools.push(School::new(name, campus).await);
    }
    for school in &schools {
        school.campus.running(1 + usize::from(school.free.is_some())).await;
    }

    let clock = &schools[0].campus;
    let start_s = clock.now_s() + 20;
    let bell_s = start_s + LESSON_S;
    for school in &schools {
        let (calendar, cells) = school.plan(&[(start_s, bell_s), (bell_s, bell_s + LESSON_S)], right, wrong);
        school.campus.publish(&calendar, cells).await;
        if let Some(free) = school.free {
            school.campus.range(free, start_s - 40, bell_s, right).await;
        }
    }
    for school in &schools {
        school.campus.delivered().await;
    }
    assert!(clock.now_s() < start_s, "the plans came late");
    let over_ms = clock.at_ms(bell_s + LESSON_S) + 3000;
    wait_for("the lessons to be over", Duration::from_secs(60), || async {
        (now_ms() > over_ms).then_some(())
    })
    .await;
    for school in &schools {
        school.check(&system, right, bell_s).await;
    }
}
