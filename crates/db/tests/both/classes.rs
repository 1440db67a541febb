//! Rooms, classes, students, and the directory of a school.

use crate::NOW_MS;
use crate::samples::{camera, channel, class, gatherer, gatherer_of, room, school};
use db::{DbError, NewRoom, Noun, Page, Password};
use model::channel::Channel;
use model::gatherer::GathererSettings;
use model::school::{Class, Student};
use model::*;

const ONE: SchoolId = SchoolId(1);

fn student(class_id: ClassId, number: &str, name: &str) -> Student {
    Student { id: StudentId(0), class_id, number: number.into(), name: name.into(), sex: 0 }
}

fn fault<T: std::fmt::Debug>(field: &str, found: db::Result<T>) {
    assert!(matches!(&found, Err(DbError::Fault(f)) if f.field == field), "{field}: {found:?}");
}

on_both! {
    async fn a_room_has_one_name_in_its_school(db: Db) {
        let two = school(&db, "二中").await;
        let id = room(&db, ONE, " 301 ").await;
        room(&db, two, "301").await;
        let again = db.add_room(&NewRoom { school_id: ONE, name: "301".into() }).await;
        assert!(matches!(again, Err(DbError::Taken { noun: Noun::Room })), "{again:?}");
        fault("school_id", db.add_room(&NewRoom { school_id: SchoolId(9), name: "x".into() }).await);
        let other = room(&db, ONE, "音乐教室").await;
        assert!(matches!(db.save_room(other, "301").await, Err(DbError::Taken { .. })));
        db.save_room(other, "舞蹈教室").await.unwrap();
        assert_eq!(db.room(other).await.unwrap().name, "舞蹈教室");
        assert_eq!(db.rooms(ONE).await.unwrap().iter().map(|r| r.id).collect::<Vec<_>>(), [id, other]);
        assert_eq!(db.list_rooms(None, "30", Page::first(10)).await.unwrap().total, 2);
        assert_eq!(db.list_rooms(Some(two), "", Page::first(10)).await.unwrap().total, 1);
        db.delete_room(other).await.unwrap();
        assert!(matches!(db.delete_room(other).await, Err(DbError::NotFound { noun: Noun::Room, .. })));
        assert!(matches!(db.save_room(other, "x").await, Err(DbError::NotFound { .. })));
    }

    async fn a_channel_looks_into_a_room_of_its_school_and_leaves_it_with_the_school(db: Db) {
        let (id, two) = (channel(&db, 1).await, school(&db, "二中").await);
        let (mine, theirs) = (room(&db, ONE, "301").await, room(&db, two, "101").await);
        fault("room_id", db.set_channel_room(id, Some(theirs)).await);
        let before = db.state_version(GathererId(1)).await.unwrap();
        db.set_channel_room(id, Some(mine)).await.unwrap();
        assert_eq!(db.state_version(GathererId(1)).await.unwrap(), before + 1);
        let shown = db.channel(id).await.unwrap();
        assert_eq!((shown.room_id, shown.room_name.as_str()), (Some(mine), "301"));
        assert_eq!(db.room(mine).await.unwrap().channels, 1);
        assert!(matches!(db.delete_room(mine).await, Err(DbError::InUse { noun: Noun::Room, count: 1 })));
        let second = gatherer(&db, 2).await;
        let moved = Channel { gatherer_id: second.id, ..shown.channel };
        db.save_channel(&moved, Password::Keep).await.unwrap();
        assert_eq!(db.channel(id).await.unwrap().room_id, Some(mine), "the same school");
        let third = gatherer_of(&db, two, 3).await;
        db.save_channel(&Channel { gatherer_id: third.id, ..moved.clone() }, Password::Keep).await.unwrap();
        assert_eq!(db.channel(id).await.unwrap().room_id, None);
        db.set_channel_room(id, Some(theirs)).await.unwrap();
        let settings = GathererSettings { school_id: ONE, ..third.settings };
        db.save_gatherer_settings(third.id, &settings).await.unwrap();
        assert_eq!(db.channel(id).await.unwrap().room_id, None, "its gatherer moved");
        db.set_channel_room(id, Some(mine)).await.unwrap();
        db.delete_channel(id, NOW_MS).await.unwrap();
        assert!(matches!(db.set_channel_room(id, None).await, Err(DbError::NotFound { noun: Noun::Channel, .. })));
        db.delete_room(mine).await.unwrap();
    }

    async fn a_class_is_told_to_gatherers_only_when_its_lessons_change(db: Db) {
        gatherer(&db, 1).await;
        let (two, own) = (school(&db, "二中").await, room(&db, ONE, "301").await);
        let theirs = room(&db, two, "101").await;
        let id = class(&db, ONE, "1班", None).await;
        let saved = db.class(id).await.unwrap().class();
        let again = db.add_class(&saved).await;
        assert!(matches!(again, Err(DbError::Taken { noun: Noun::Class })), "{again:?}");
        db.add_class(&Class { grade_id: GradeId(2), ..saved.clone() }).await.unwrap();
        fault("room_id", db.save_class(&Class { room_id: Some(theirs), ..saved.clone() }).await);
        fault("grade_id", db.save_class(&Class { grade_id: GradeId(99), ..saved.clone() }).await);
        fault("school_id", db.add_class(&Class { school_id: SchoolId(9), ..saved.clone() }).await);
        let gone = db.save_class(&Class { id: ClassId(77), ..saved.clone() }).await;
        assert!(matches!(gone, Err(DbError::NotFound { noun: Noun::Class, .. })), "{gone:?}");
        let before = db.state_version(GathererId(1)).await.unwrap();
        let renamed = Class { name: "一班".into(), school_id: two, ..saved };
        db.save_class(&renamed).await.unwrap();
        assert_eq!(db.state_version(GathererId(1)).await.unwrap(), before);
        assert_eq!(db.class(id).await.unwrap().school_id, ONE, "a class keeps its school");
        let edits = [
            Class { room_id: Some(own), ..renamed.clone() },
            Class { room_id: Some(own), record: false, ..renamed.clone() },
            Class { room_id: Some(own), record: false, grade_id: GradeId(3), ..renamed },
        ];
        for (edit, version) in edits.iter().zip(before + 1..) {
            db.save_class(edit).await.unwrap();
            assert_eq!(db.state_version(GathererId(1)).await.unwrap(), version);
        }
        let row = db.class(id).await.unwrap();
        assert_eq!((row.room_name.as_str(), row.grade_name.as_str(), row.record), ("301", "三年级", false));
        assert!(matches!(db.delete_room(own).await, Err(DbError::InUse { count: 1, .. })));
        assert!(matches!(db.delete_grade(GradeId(3)).await, Err(DbError::InUse { noun: Noun::Grade, count: 1 })));
        assert_eq!(db.list_classes(Some(ONE), "小学三年级", Page::first(10)).await.unwrap().total, 1);
        assert_eq!(db.list_classes(None, "班", Page::first(1)).await.unwrap().rows.len(), 1);
        db.delete_class(id).await.unwrap();
        db.delete_room(own).await.unwrap();
    }

    async fn a_student_number_is_unique_within_a_school(db: Db) {
        let two = school(&db, "二中").await;
        let (a, b) = (class(&db, ONE, "1班", None).await, class(&db, ONE, "2班", None).await);
        let other = class(&db, two, "1班", None).await;
        let id = db.add_student(&student(a, "0071", "王芳")).await.unwrap();
        db.add_student(&student(other, "0071", "王芳")).await.unwrap();
        let again = db.add_student(&student(b, " 0071", "李明")).await;
        assert!(matches!(again, Err(DbError::Taken { noun: Noun::Student })), "{again:?}");
        fault("class_id", db.add_student(&student(ClassId(99), "1", "李明")).await);
        db.save_student(&Student { id, sex: 1, ..student(b, "0072", "王芳芳") }).await.unwrap();
        let row = db.student(id).await.unwrap();
        assert_eq!((row.class_name.as_str(), row.number.as_str(), row.sex), ("2班", "0072", 1));
        assert_eq!((db.class(a).await.unwrap().students, db.class(b).await.unwrap().students), (0, 1));
        assert!(matches!(db.delete_class(b).await, Err(DbError::InUse { noun: Noun::Class, count: 1 })));
        let list = async |class, text: &str| db.list_students(ONE, class, text, Page::first(10)).await.unwrap().total;
        assert_eq!((list(None, "").await, list(Some(a), "").await, list(None, "芳芳").await), (1, 0, 1));
        db.delete_student(id).await.unwrap();
        assert!(matches!(db.student(id).await, Err(DbError::NotFound { noun: Noun::Student, .. })));
        db.delete_class(b).await.unwrap();
    }

    async fn the_directory_holds_one_school(db: Db) {
        let two = school(&db, "二中").await;
        let (mine, other) = (gatherer(&db, 1).await, gatherer_of(&db, two, 2).await);
        let id = db.add_channel(&camera(mine.id, "一班"), NOW_MS).await.unwrap();
        db.add_channel(&camera(other.id, "一班"), NOW_MS).await.unwrap();
        let (a, r) = (class(&db, ONE, "1班", None).await, room(&db, ONE, "301").await);
        class(&db, two, "1班", None).await;
        room(&db, two, "301").await;
        let found = db.directory(ONE).await.unwrap();
        assert_eq!((found.school.id, found.grades.len(), found.subjects.len()), (ONE, 12, 11));
        assert_eq!(found.classes.iter().map(|c| c.id).collect::<Vec<_>>(), [a]);
        assert_eq!(found.rooms.iter().map(|x| x.id).collect::<Vec<_>>(), [r]);
        assert_eq!(found.channels.iter().map(|c| c.channel.id).collect::<Vec<_>>(), [id]);
        assert_eq!(found.gatherers, [(mine.id, "采集端1".to_owned())]);
        assert!(matches!(db.directory(SchoolId(9)).await, Err(DbError::NotFound { noun: Noun::School, .. })));
    }
}
