//! From calendar and timetable to what a gatherer is told, and back to the lesson its slices make.

#![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]
#![allow(clippy::print_stdout, reason = "a figure that a reader of the log wants")]

mod support;

use jiff::civil::{Date, date};
use model::calendar::{
    BellTable, Calendar, CalendarDay, Cell, Change, DayKind, LessonId, Op, Period, PeriodKind, Span, Term,
    Timetable, Weeks,
};
use model::channel::Source;
use model::gatherer::Machine;
use model::grant::Right;
use model::school::Class;
use model::slice::SliceFacts;
use model::{ChannelId, ClassId, GathererId, GradeId, RangeId, SchoolId, SubjectId, TeacherId, UserId};
use relay_proto::site::{DesiredState, SliceNotice};
use support::{Browser, NOW_MS, Site, facts};

const SCHOOL: SchoolId = SchoolId(1);
const ADMIN: UserId = UserId(1);
/// A Friday; NOW_MS is 08:10 of it.
const TODAY: Date = date(2026, 11, 20);
const MINUTE_MS: i64 = 60_000;

/// A school of `classes` classes, a channel in the room of each, `gatherers` of them; 8 lessons a day from 08:00 on.
struct School {
    site: Site,
    wire: Browser,
    gatherers: Vec<GathererId>,
    channels: Vec<ChannelId>,
    classes: Vec<ClassId>,
}

fn period(no: u8) -> Period {
    let start_s = 8 * 3600 + (u32::from(no) - 1) * 3600;
    let label = format!("第{no}节");
    Period { no, label, kind: PeriodKind::Lesson, start_s, end_s: start_s + 2700 }
}

fn calendar(days: Vec<CalendarDay>) -> Calendar {
    let bells = BellTable { id: 1, name: "作息".into(), periods: (1..=8).map(period).collect() };
    let term = Term {
        year: "2026-2027".into(),
        name: "第一学期".into(),
        start: date(2026, 9, 1),
        end: date(2027, 1, 31),
        weeks: vec![],
        rotation: None,
    };
    Calendar { terms: vec![term], days, bell_tables: vec![bells], bell_rules: vec![] }
}

fn cell(class: ClassId, day: u8, period: u8) -> Cell {
    Cell {
        class,
        day,
        period,
        span: 1,
        weeks: Weeks::All,
        subject: SubjectId(1),
        teacher: Some(TeacherId(1)),
        room: None,
        with: vec![],
        record: None,
    }
}

impl School {
    async fn new(classes: usize, gatherers: usize) -> Self {
        let site = Site::new().await;
        let db = &site.state.db;
        let (mut all, mut channels, mut ids) = (Vec::new(), Vec::new(), Vec::new());
        for n in 0..gatherers {
            let hash = format!("{n:064}");
            db.add_join_code(&hash, SCHOOL, &format!("采集端{n}"), NOW_MS, NOW_MS + MINUTE_MS).await.unwrap();
            let machine = Machine::default();
            let made = db.enroll_gatherer(&hash, &format!("key{n}"), &machine, NOW_MS).await.unwrap();
            all.push(made.id);
        }
        for n in 0..classes {
            let room = db.add_room(&db::NewRoom { school_id: SCHOOL, name: format!("{n}室") }).await.unwrap();
            let new = db::NewChannel {
                gatherer_id: all[n % gatherers],
                grade_id: GradeId(1),
                class_name: format!("{n}班"),
                source: Source::File { path: "/data/a.mp4".into() },
                enabled: true,
            };
            let channel = db.add_channel(&new, NOW_MS).await.unwrap();
            db.set_channel_room(channel, Some(room)).await.unwrap();
            channels.push(channel);
            let class = Class {
                id: ClassId(0),
                school_id: SCHOOL,
                grade_id: GradeId(1),
                name: format!("{n}班"),
                room_id: Some(room),
                record: true,
            };
            ids.push(db.add_class(&class).await.unwrap());
        }
        let week = |class: ClassId| (0..40).map(move |n| cell(class, 1 + n / 8, 1 + n % 8));
        let cells = ids.iter().copied().flat_map(week);
        let new = db::NewVersion {
            newest_no: 0,
            from: date(2026, 9, 1),
            source: String::new(),
            note: String::new(),
            timetable: Timetable { cells: cells.collect() },
        };
        db.save_calendar(SCHOOL, 0, &calendar(vec![]), ADMIN, NOW_MS).await.unwrap();
        db.publish_timetable(SCHOOL, &new, ADMIN, NOW_MS).await.unwrap();
        let wire = site.browser();
        Self { site, wire, gatherers: all, channels, classes: ids }
    }

    fn grant(&self, gatherer: GathererId) -> String {
        self.site.state.signer.sign(Right::Gatherer, &gatherer.to_string(), "", NOW_MS + MINUTE_MS)
    }

    async fn state(&self, gatherer: GathererId) -> DesiredState {
        let request = http::Request::get("/api/gather/state")
            .header("authorization", format!("Bearer {}", self.grant(gatherer)));
        self.wire.send(request.body(Default::default()).unwrap()).await.json()
    }

    async fn lessons(&self) -> Vec<Span> {
        self.state(self.gatherers[0]).await.lessons
    }

    fn today(&self, period: u8) -> LessonId {
        LessonId { class: self.classes[0], date: TODAY, period, n: 0 }
    }

    async fn change(&self, op: Op) {
        self.site.state.db.add_change(SCHOOL, &op, "", ADMIN, NOW_MS).await.unwrap();
    }
}

#[tokio::test]
async fn a_gatherer_gets_the_lessons_of_its_own_rooms_for_three_weeks() {
    let school = School::new(3, 2).await;
    let first = school.state(school.gatherers[0]).await;
    // Thursday and Friday, then three weeks of five days.
    assert_eq!(first.lessons.len(), 2 * 17 * 8);
    assert!(first.lessons.iter().all(|span| span.channel_id != school.channels[1]));
    let (class, channel) = (school.classes[0], school.channels[0]);
    let today = first.lessons.iter().find(|span| span.key.contains("-20261120-p1-")).unwrap();
    assert_eq!(today.key, format!("c{class}-20261120-p1-0-v{channel}"));
    assert_eq!((today.start_at_ms, today.end_at_ms), (NOW_MS - 10 * MINUTE_MS, NOW_MS + 35 * MINUTE_MS));
    assert_eq!(
        (today.subject_id, today.teacher_id, today.range_id),
        (SubjectId(1), TeacherId(1), RangeId(0))
    );
    assert_eq!(school.state(school.gatherers[1]).await.lessons.len(), 17 * 8);
}

#[tokio::test]
async fn every_change_of_the_plan_raises_the_version_and_shows() {
    let school = School::new(1, 1).await;
    let mut version = school.state(school.gatherers[0]).await.version;
    let mut raised = async |count: usize| {
        let state = school.state(school.gatherers[0]).await;
        assert!(state.version > version, "the version was not raised");
        version = state.version;
        assert_eq!(state.lessons.len(), count);
        state.lessons
    };
    school.change(Op::Cancel { lesson: school.today(2) }).await;
    raised(17 * 8 - 1).await;
    school
        .change(Op::Substitute {
            lesson: school.today(3),
            teacher: Some(TeacherId(2)),
            subject: None,
            room: None,
        })
        .await;
    let lessons = raised(17 * 8 - 1).await;
    let third = lessons.iter().find(|span| span.key.contains("-20261120-p3-")).unwrap();
    assert_eq!(third.teacher_id, TeacherId(2));
    let monday = |kind, no_record| CalendarDay {
        date: date(2026, 11, 23),
        kind,
        bells: None,
        no_record,
        note: String::new(),
    };
    let db = &school.site.state.db;
    db.save_calendar(SCHOOL, 1, &calendar(vec![monday(DayKind::Off, false)]), ADMIN, NOW_MS).await.unwrap();
    raised(16 * 8 - 1).await;
    db.save_calendar(SCHOOL, 2, &calendar(vec![monday(DayKind::Teach, true)]), ADMIN, NOW_MS).await.unwrap();
    raised(16 * 8 - 1).await;
    let changes = db.changes(SCHOOL, TODAY, TODAY).await.unwrap();
    for change in changes {
        let Change { id, .. } = change.change;
        db.revoke_change(id, ADMIN, NOW_MS).await.unwrap();
    }
    raised(16 * 8).await;
    db.set_channel_room(school.channels[0], None).await.unwrap();
    raised(0).await;
}

#[tokio::test]
async fn a_lesson_whose_plan_changed_on_its_way_is_the_new_teachers() {
    let school = School::new(1, 1).await;
    let channel_id = school.channels[0];
    school
        .change(Op::Substitute {
            lesson: school.today(1),
            teacher: Some(TeacherId(2)),
            subject: None,
            room: None,
        })
        .await;
    let yesterday = LessonId { date: date(2026, 11, 19), ..school.today(1) };
    school
        .change(Op::Substitute { lesson: yesterday, teacher: Some(TeacherId(2)), subject: None, room: None })
        .await;
    for (lesson, teacher, n) in [(school.today(1), 2, 1), (yesterday, 1, 2)] {
        let facts = SliceFacts {
            slice_id: format!("01KAFX0000000000000000000{n}"),
            lesson_key: format!("{lesson}-v{channel_id}"),
            range_id: RangeId(0),
            ..facts(channel_id)
        };
        let subject = format!("{}.{}", facts.size_bytes, facts.sha256);
        let receipt =
            school.site.state.signer.sign(Right::Receipt, &format!("obj{n}"), &subject, NOW_MS + MINUTE_MS);
        let notice = SliceNotice { facts: facts.clone(), receipt, still_receipt: None };
        let answer =
            school.wire.post_json("/api/gather/slices", &school.grant(school.gatherers[0]), &notice).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let found = school.site.state.db.lesson(&facts.lesson_key).await.unwrap();
        assert_eq!(found.teacher_id, TeacherId(teacher), "{lesson}");
    }
}

#[tokio::test]
async fn a_big_school_is_expanded_while_nobody_waits() {
    let school = School::new(60, 1).await;
    let begun = std::time::Instant::now();
    let lessons = school.lessons().await;
    let took = begun.elapsed();
    assert_eq!(lessons.len(), 60 * 17 * 8);
    println!("{} lessons of 60 classes in {took:?}", lessons.len());
    assert!(took < std::time::Duration::from_secs(5), "{took:?}");
}
