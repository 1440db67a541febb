//! A small school to test with.

use crate::NOW_MS;
use db::{Db, NewChannel, NewRoom, NewSlice, NewUser, RangeEdit};
use model::calendar::{Cell, Weeks};
use model::channel::{Source, Transport};
use model::gatherer::{Gatherer, Machine};
use model::right::Role;
use model::school::{Class, School, Teacher};
use model::slice::{SliceEnd, SliceFacts};
use model::*;

pub fn hash(n: u64) -> String {
    format!("{n:064x}")
}

pub async fn gatherer(db: &Db, n: u64) -> Gatherer {
    gatherer_of(db, SchoolId(1), n).await
}

pub async fn gatherer_of(db: &Db, school: SchoolId, n: u64) -> Gatherer {
    let code = hash(n);
    db.add_join_code(&code, school, &format!("采集端{n}"), NOW_MS, NOW_MS + 1000).await.unwrap();
    let machine = Machine { host_name: format!("host{n}"), ..Machine::default() };
    db.enroll_gatherer(&code, &format!("key{n}"), &machine, NOW_MS).await.unwrap()
}

pub async fn school(db: &Db, name: &str) -> SchoolId {
    let school = School { id: SchoolId(0), name: name.into(), address: String::new(), phone: String::new() };
    db.add_school(&school).await.unwrap()
}

pub async fn room(db: &Db, school_id: SchoolId, name: &str) -> RoomId {
    db.add_room(&NewRoom { school_id, name: name.into() }).await.unwrap()
}

pub async fn class(db: &Db, school_id: SchoolId, name: &str, room_id: Option<RoomId>) -> ClassId {
    let name = name.into();
    let class = Class { id: ClassId(0), school_id, grade_id: GradeId(1), name, room_id, record: true };
    db.add_class(&class).await.unwrap()
}

pub async fn user(db: &Db, name: &str) -> UserId {
    let new = NewUser {
        name: name.into(),
        display_name: String::new(),
        password_hash: "$argon2id$x".into(),
        role: Role::Admin,
    };
    db.add_user(&new, NOW_MS).await.unwrap()
}

pub fn cell(class: ClassId, day: u8, period: u8, subject: i64) -> Cell {
    Cell {
        class,
        day,
        period,
        span: 1,
        weeks: Weeks::All,
        subject: SubjectId(subject),
        teacher: None,
        room: None,
        with: vec![],
        record: None,
    }
}

pub async fn teacher(db: &Db, name: &str) -> TeacherId {
    let teacher = Teacher { id: TeacherId(0), name: name.into(), sex: 1, title: 2, about: String::new() };
    db.add_teacher(&teacher).await.unwrap()
}

pub fn camera(gatherer_id: GathererId, class_name: &str) -> NewChannel {
    NewChannel {
        gatherer_id,
        grade_id: GradeId(1),
        class_name: class_name.into(),
        source: Source::Pull {
            url: "rtsp://10.0.0.9/main".into(),
            user: "admin".into(),
            password: "secret".into(),
            transport: Transport::Udp,
        },
        enabled: true,
    }
}

pub async fn channel(db: &Db, n: u64) -> ChannelId {
    let gatherer = gatherer(db, n).await;
    db.add_channel(&camera(gatherer.id, &format!("{n}班")), NOW_MS).await.unwrap()
}

pub fn edit(weekday: u8, start_s: u32, end_s: u32, teacher_id: TeacherId) -> RangeEdit {
    RangeEdit { id: None, weekday, start_s, end_s, subject_id: SubjectId(1), teacher_id }
}

/// Slice `sequence` of a lesson: 60 s long, 2 s of which the one before holds too.
pub fn slice(channel_id: ChannelId, lesson_key: &str, sequence: u32, started_at_ms: i64) -> NewSlice {
    let facts = SliceFacts {
        slice_id: format!("{lesson_key:0>20}{sequence:06}"),
        channel_id,
        lesson_key: lesson_key.into(),
        range_id: RangeId(1),
        subject_id: SubjectId(1),
        teacher_id: TeacherId(1),
        sequence,
        started_at_ms,
        duration_ms: 60_000,
        overlap_ms: if sequence == 0 { 0 } else { 2000 },
        size_bytes: 1_000_000,
        sha256: hash(7),
        video_frames: 1500,
        video_codec: "H.264".into(),
        audio_codec: "AAC".into(),
        width: 1920,
        height: 1080,
        end: SliceEnd::Length,
    };
    NewSlice { object_id: format!("object-{}", facts.slice_id), facts }
}
