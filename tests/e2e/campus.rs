//! A school at work: rooms, classes, channels, a calendar and a timetable that is true to the second. Seeded through the
//! database, because the pages know no lessons of eight seconds; the server tells the gatherers as of any other process.

use db::{Db, LessonRow, NewChannel, NewRoom, NewVersion, RangeChanges, RangeEdit};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use model::calendar::{BellTable, Calendar, Cell, LessonId, Op, Period, PeriodKind, Term, Timetable, Weeks};
use model::channel::Source;
use model::school::{Class, School, Subject, Teacher};
use model::{ChannelId, ClassId, GathererId, GradeId, SchoolId, SubjectId, TeacherId, UserId};
use std::path::{Path, PathBuf};
use std::time::Duration;
use testkit::{Gatherer, System, now_ms, wait_for};

/// The first admin, who did all this.
const ADMIN: UserId = UserId(1);

/// What a lesson is of, and whose.
pub type Title = (SubjectId, TeacherId);

/// One school with its gatherer.
pub struct Campus {
    pub db: Db,
    pub zone: TimeZone,
    pub school: SchoolId,
    pub gatherer: Gatherer,
    gatherer_id: GathererId,
    clip: PathBuf,
}

/// A class in a room of its own, with a camera.
#[derive(Debug, Clone, Copy)]
pub struct Room {
    pub class: ClassId,
    pub channel: ChannelId,
}

impl Room {
    /// The lesson of a period.
    pub fn lesson(&self, date: Date, period: u8, n: u8) -> LessonId {
        LessonId { class: self.class, date, period, n }
    }

    /// What its recording is filed under.
    pub fn key(&self, date: Date, period: u8, n: u8) -> String {
        format!("{}-v{}", self.lesson(date, period, n), self.channel)
    }

    /// An ordinary cell: every week, recorded as the class is.
    pub fn cell(&self, day: u8, period: u8, (subject, teacher): Title) -> Cell {
        Cell {
            class: self.class,
            day,
            period,
            span: 1,
            weeks: Weeks::All,
            subject,
            teacher: Some(teacher),
            room: None,
            with: vec![],
            record: None,
        }
    }
}

/// The database of a running system.
pub async fn database(system: &System) -> Db {
    let path = system.dir().join("server/yunlubo.db");
    Db::open(&format!("sqlite://{}?mode=rw", path.display()), 4).await.unwrap()
}

/// A subject and a teacher of each name.
pub async fn named(db: &Db, name: &str) -> Title {
    let subject = db.add_subject(&Subject { id: SubjectId(0), name: name.into() }).await.unwrap();
    let (name, about) = (format!("{name}老师"), String::new());
    let teacher = Teacher { id: TeacherId(0), name, sex: 0, title: 0, about };
    (subject, db.add_teacher(&teacher).await.unwrap())
}

impl Campus {
    /// A new school with a gatherer that has `clip` in its media directory.
    pub async fn new(system: &System, db: &Db, n: usize, name: &str, clip: &Path) -> Self {
        let school =
            School { id: SchoolId(0), name: name.into(), address: String::new(), phone: String::new() };
        let school = db.add_school(&school).await.unwrap();
        let gatherer = system.another_gatherer(n, school.0).await;
        let own = gatherer.dir().join("media/a.mp4");
        std::fs::copy(clip, &own).unwrap();
        let all = db.all_gatherers().await.unwrap();
        let gatherer_id = all.iter().find(|g| g.settings.school_id == school).unwrap().id;
        let zone = TimeZone::get(&testkit::noon_zone()).unwrap();
        Self { db: db.clone(), zone, school, gatherer, gatherer_id, clip: own }
    }

    /// Today in the school.
    pub fn today(&self) -> Date {
        Timestamp::from_millisecond(now_ms()).unwrap().to_zoned(self.zone.clone()).date()
    }

    /// Its weekday, 1 = Monday.
    pub fn weekday(&self) -> u8 {
        self.today().weekday().to_monday_one_offset() as u8
    }

    /// Seconds after local midnight.
    pub fn now_s(&self) -> u32 {
        let now = Timestamp::from_millisecond(now_ms()).unwrap().to_zoned(self.zone.clone());
        now.hour() as u32 * 3600 + now.minute() as u32 * 60 + now.second() as u32
    }

    /// The moment of a second of today, Unix ms.
    pub fn at_ms(&self, second: u32) -> i64 {
        let midnight = self.today().to_zoned(self.zone.clone()).unwrap().timestamp().as_millisecond();
        midnight + i64::from(second) * 1000
    }

    /// A channel without a class.
    pub async fn channel(&self, name: &str) -> ChannelId {
        let new = NewChannel {
            gatherer_id: self.gatherer_id,
            grade_id: GradeId(1),
            class_name: name.into(),
            source: Source::File { path: self.clip.to_str().unwrap().into() },
            enabled: true,
        };
        self.db.add_channel(&new, now_ms()).await.unwrap()
    }

    /// A class in a room of its own, with a camera.
    pub async fn room(&self, name: &str) -> Room {
        let new = NewRoom { school_id: self.school, name: format!("{name}教室") };
        let room = self.db.add_room(&new).await.unwrap();
        let channel = self.channel(name).await;
        self.db.set_channel_room(channel, Some(room)).await.unwrap();
        let class = Class {
            id: ClassId(0),
            school_id: self.school,
            grade_id: GradeId(1),
            name: name.into(),
            room_id: Some(room),
            record: true,
        };
        Room { class: self.db.add_class(&class).await.unwrap(), channel }
    }

    /// Waits until all its channels run.
    pub async fn running(&self, channels: usize) {
        wait_for("the channels to run", Duration::from_secs(60), || async {
            let status = self.gatherer.status();
            let all = status["channels"].as_array()?;
            (all.len() == channels && all.iter().all(|c| c["phase"] == "running")).then_some(())
        })
        .await;
    }

    /// A term around today with these bells: period 1 and so on, first and last second of the day.
    pub fn calendar(&self, bells: &[(u32, u32)]) -> Calendar {
        let period = |(n, (start_s, end_s)): (usize, &(u32, u32))| Period {
            no: n as u8 + 1,
            label: format!("第{}节", n + 1),
            kind: PeriodKind::Lesson,
            start_s: *start_s,
            end_s: *end_s,
        };
        let periods = bells.iter().enumerate().map(period).collect();
        let term = Term {
            year: "2026-2027".into(),
            name: "第一学期".into(),
            start: self.today() - 60.days(),
            end: self.today() + 60.days(),
            weeks: vec![],
            rotation: None,
        };
        let bells = BellTable { id: 1, name: "作息".into(), periods };
        Calendar { terms: vec![term], days: vec![], bell_tables: vec![bells], bell_rules: vec![] }
    }

    /// Publishes calendar and timetable.
    pub async fn publish(&self, calendar: &Calendar, cells: Vec<Cell>) {
        let base = self.db.calendar(self.school).await.unwrap().revision;
        self.db.save_calendar(self.school, base, calendar, ADMIN, now_ms()).await.unwrap();
        let newest_no = self.db.timetable_versions(self.school).await.unwrap().first().map_or(0, |v| v.no);
        let (source, note, timetable) = (String::new(), String::new(), Timetable { cells });
        let new = NewVersion { newest_no, from: self.today(), source, note, timetable };
        self.db.publish_timetable(self.school, &new, ADMIN, now_ms()).await.unwrap();
    }

    /// Makes a dated change on its page, as the admin does; the gatherers hear of it at once.
    pub async fn order(&self, system: &System, fields: &[(&str, &str)]) {
        let school = self.school.to_string();
        let mut all = vec![("school", school.as_str()), ("reason", "试"), ("sure", "1")];
        all.extend_from_slice(fields);
        let answer = system.admin.post("/admin/changes/new", &all).await;
        assert_eq!(answer.status, 303, "{fields:?}: {}", answer.body);
    }

    /// Makes a dated change past the pages: they know no lessons of eight seconds, and not while the server is gone.
    pub async fn change(&self, op: Op) {
        self.db.add_change(self.school, &op, "试", ADMIN, now_ms()).await.unwrap();
    }

    /// A weekly range of today.
    pub async fn range(&self, channel: ChannelId, start_s: u32, end_s: u32, of: Title) {
        let weekday = self.weekday() % 7;
        let (subject_id, teacher_id) = of;
        let edit = RangeEdit { id: None, weekday, start_s, end_s, subject_id, teacher_id };
        let changes = RangeChanges { edits: vec![edit], removed: vec![] };
        self.db.save_ranges(channel, &changes).await.unwrap();
    }

    /// Waits until the gatherer has the newest plan on its disk.
    pub async fn delivered(&self) {
        let version = self.db.state_version(self.gatherer_id).await.unwrap();
        wait_for("the plan to reach the gatherer", Duration::from_secs(15), || async {
            (self.gatherer.status()["state_version"].as_i64() >= Some(version)).then_some(())
        })
        .await;
    }

    /// 已下发 n/m, as the page of the timetable shows it.
    pub async fn delivery(&self, system: &System) -> (u64, u64) {
        let answer = system.admin.get(&format!("/admin/timetable/delivery?school={}", self.school)).await;
        let found: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
        (found["delivered"].as_u64().unwrap(), found["total"].as_u64().unwrap())
    }

    /// Everything of this school that is on the site, once nothing is under way any more.
    pub async fn recorded(&self) -> Vec<LessonRow> {
        wait_for("everything to be on the site", Duration::from_secs(60), || async {
            self.gatherer.drained().then_some(())
        })
        .await;
        self.db.lessons_between(self.school, 0, i64::MAX).await.unwrap()
    }
}
