//! 调课: changes that are made, numbered and revoked; recorded lessons of the timetable.

use crate::NOW_MS;
use crate::samples::{channel, class, gatherer_of, room, school, slice, teacher, user};
use db::{DbError, LessonFilter, Noun, Page};
use jiff::civil::{Date, date};
use model::calendar::{LessonId, Op};
use model::school::Class;
use model::*;

const ONE: SchoolId = SchoolId(1);
const BY: UserId = UserId(1);
const MINUTE_MS: i64 = 60_000;

fn day(day: i8) -> Date {
    date(2026, 11, day)
}

fn id(class: ClassId, on: i8, period: u8, n: u8) -> LessonId {
    LessonId { class, date: day(on), period, n }
}

fn extra(lesson: LessonId) -> Op {
    Op::Extra { lesson, times: None, subject: SubjectId(1), teacher: None, room: None }
}

on_both! {
    async fn changes_are_listed_by_their_dates_and_stay_when_revoked(db: Db) {
        let (a, who) = (class(&db, ONE, "1班", None).await, user(&db, "教务").await);
        let cancel = Op::Cancel { lesson: id(a, 20, 1, 0) };
        let moved = Op::Move { lesson: id(a, 27, 1, 0), to: id(a, 23, 2, 1), room: None };
        let one = db.add_change(ONE, &cancel, " 运动会 ", who, NOW_MS).await.unwrap();
        let two = db.add_change(ONE, &moved, "", who, NOW_MS + 1).await.unwrap();
        let list = async |from, to| db.changes(ONE, day(from), day(to)).await.unwrap();
        let ids = |rows: &[db::ChangeRow]| rows.iter().map(|r| r.change.id).collect::<Vec<_>>();
        assert_eq!(ids(&list(1, 30).await), [two, one]);
        assert_eq!(ids(&list(20, 20).await), [one]);
        assert_eq!(ids(&list(24, 25).await), [two], "between its dates");
        assert!(list(28, 30).await.is_empty());
        let row = db.change(one).await.unwrap();
        assert_eq!((row.change.reason.as_str(), row.made_by.as_str(), row.dates), ("运动会", "教务", (day(20), day(20))));
        assert_eq!(db.change(two).await.unwrap().dates, (day(23), day(27)));
        assert_eq!(row.change.op, cancel);
        let book = async || db.book(ONE, day(20), day(20)).await.unwrap().changes.iter().map(|c| c.id).collect::<Vec<_>>();
        assert_eq!(book().await, [one, two]);
        db.revoke_change(one, who, NOW_MS + 9).await.unwrap();
        db.revoke_change(one, BY, NOW_MS + 10).await.unwrap();
        assert_eq!(book().await, [two]);
        let row = db.change(one).await.unwrap();
        assert_eq!((row.revoked_at_ms, row.revoked_by.as_str()), (Some(NOW_MS + 9), "教务"));
        assert_eq!(ids(&list(20, 20).await), [one], "shown as revoked");
        let missing = db.revoke_change(ChangeId(99), BY, NOW_MS).await;
        assert!(matches!(missing, Err(DbError::NotFound { noun: Noun::Change, .. })));
    }

    async fn a_second_click_is_no_second_change(db: Db) {
        let (a, who) = (class(&db, ONE, "1班", None).await, user(&db, "教务").await);
        let swap = Op::Swap { a: id(a, 20, 1, 0), b: id(a, 20, 2, 0) };
        let add = async |by, now_ms| db.add_change(ONE, &swap, "", by, now_ms).await.unwrap();
        let one = add(who, NOW_MS).await;
        let clicks = (0..20).map(|n| {
            let (db, swap) = (db.clone(), swap.clone());
            tokio::spawn(async move { db.add_change(ONE, &swap, "", who, NOW_MS + n).await.unwrap() })
        });
        for click in clicks.collect::<Vec<_>>() {
            assert_eq!(click.await.unwrap(), one);
        }
        let back = add(who, NOW_MS + 10_000).await;
        assert_ne!(back, one, "whoever thinks for ten seconds means it");
        assert_ne!(add(UserId(99), NOW_MS + 10_001).await, back, "somebody else means it too");
        db.revoke_change(back, who, NOW_MS + 10_002).await.unwrap();
        assert_ne!(add(who, NOW_MS + 10_003).await, back, "a revoked one is done anew");
    }

    async fn the_book_reaches_back_for_changes_a_half_year_and_forward_without_end(db: Db) {
        let a = class(&db, ONE, "1班", None).await;
        let on = |date| Op::Cancel { lesson: LessonId { class: a, date, period: 1, n: 0 } };
        let dates = [date(2026, 5, 3), date(2026, 5, 4), date(2026, 11, 20), date(2028, 1, 1)];
        let mut ids = Vec::new();
        for date in dates {
            ids.push(db.add_change(ONE, &on(date), "", BY, NOW_MS).await.unwrap());
        }
        let book = db.book(ONE, day(20), day(20)).await.unwrap();
        assert_eq!(book.changes.iter().map(|c| c.id).collect::<Vec<_>>(), ids[1..], "200 days before 2026-11-20");
    }

    async fn a_lesson_that_a_change_makes_has_a_number_of_its_own(db: Db) {
        let a = class(&db, ONE, "1班", None).await;
        let next = async || db.next_n(ONE, a, day(20), 3).await.unwrap();
        assert_eq!(next().await, 1);
        let one = db.add_change(ONE, &extra(id(a, 20, 3, 1)), "", BY, NOW_MS).await.unwrap();
        db.revoke_change(one, BY, NOW_MS).await.unwrap();
        assert_eq!(next().await, 2, "a revoked one keeps its number");
        let late = db.add_change(ONE, &extra(id(a, 20, 3, 1)), "", BY, NOW_MS).await;
        assert!(matches!(late, Err(DbError::Outdated { current: 2 })), "{late:?}");
        let moved = Op::Move { lesson: id(a, 19, 1, 0), to: id(a, 20, 3, 2), room: None };
        db.add_change(ONE, &moved, "", BY, NOW_MS).await.unwrap();
        assert_eq!((next().await, db.next_n(ONE, a, day(20), 4).await.unwrap()), (3, 1));
        let zero = db.add_change(ONE, &extra(id(a, 20, 5, 0)), "", BY, NOW_MS).await;
        assert!(matches!(zero, Err(DbError::Fault(f)) if f.field == "lesson"));
        db.add_change(ONE, &extra(id(a, 20, 3, 255)), "", BY, NOW_MS).await.unwrap();
        assert_eq!(next().await, 255);
        let full = db.add_change(ONE, &extra(id(a, 20, 3, 255)), "", BY, NOW_MS).await;
        assert!(matches!(full, Err(DbError::Fault(f)) if f.field == "lesson"));
    }

    async fn of_ten_that_add_the_same_lesson_one_is_kept(db: Db) {
        let a = class(&db, ONE, "1班", None).await;
        let tries: Vec<_> = (0..10)
            .map(|_| {
                let db = db.clone();
                tokio::spawn(async move { db.add_change(ONE, &extra(id(a, 20, 3, 1)), "", BY, NOW_MS).await })
            })
            .collect();
        let mut kept = 0;
        for one in tries {
            match one.await.unwrap() {
                Ok(_) => kept += 1,
                Err(DbError::Outdated { current: 2 }) => {}
                Err(e) => panic!("{e}"),
            }
        }
        assert_eq!(kept, 1);
    }

    async fn a_change_names_only_what_is_there(db: Db) {
        let two = school(&db, "二中").await;
        let (a, theirs) = (class(&db, ONE, "1班", None).await, class(&db, two, "1班", None).await);
        let their_room = room(&db, two, "101").await;
        let lesson = id(a, 20, 1, 0);
        let substitute = |teacher, subject, room| Op::Substitute { lesson, teacher, subject, room };
        for (field, op) in [
            ("class", Op::Cancel { lesson: id(theirs, 20, 1, 0) }),
            ("teacher", substitute(Some(TeacherId(99)), None, None)),
            ("subject", substitute(None, Some(SubjectId(99)), None)),
            ("room", substitute(None, None, Some(their_room))),
        ] {
            let refused = db.add_change(ONE, &op, "", BY, NOW_MS).await;
            assert!(matches!(&refused, Err(DbError::Fault(f)) if f.field == field), "{field}: {refused:?}");
        }
        let refused = db.add_change(ONE, &Op::Cancel { lesson }, &"长".repeat(121), BY, NOW_MS).await;
        assert!(matches!(refused, Err(DbError::Fault(f)) if f.field == "reason"));
    }

    async fn a_recorded_lesson_shows_the_class_that_was_taught(db: Db) {
        let (on, who) = (channel(&db, 1).await, teacher(&db, "陈静").await);
        let grade_id = GradeId(7);
        let new = Class { id: ClassId(0), school_id: ONE, grade_id, name: "3班".into(), room_id: None, record: true };
        let a = db.add_class(&new).await.unwrap();
        let key = format!("c{a}-20261120-p3-0-v{on}");
        db.add_slice(&slice(on, &key, 0, NOW_MS), NOW_MS).await.unwrap();
        db.add_slice(&slice(on, "1-20261120", 0, NOW_MS + MINUTE_MS), NOW_MS).await.unwrap();
        let found = db.lesson(&key).await.unwrap();
        assert_eq!((found.class_id, found.period, found.class_name.as_str()), (Some(a), Some(3), "3班"));
        assert_eq!((found.stage.as_str(), found.grade_name.as_str()), ("初中", "一年级"));
        let range = db.lesson("1-20261120").await.unwrap();
        assert_eq!((range.class_id, range.period, range.class_name.as_str()), (None, None, "1班"));
        let text = |text: &str| LessonFilter { text: text.into(), ..LessonFilter::default() };
        let total = async |filter| db.list_lessons(&filter, Page::first(10)).await.unwrap().total;
        assert_eq!((total(text("初中一年级 3班")).await, total(text("1班")).await), (1, 1));
        let held = db.delete_class(a).await;
        assert!(matches!(held, Err(DbError::InUse { noun: Noun::Class, count: 1 })), "{held:?}");
        db.retitle_lesson(&key, SubjectId(3), TeacherId(0)).await.unwrap();
        let found = db.lesson(&key).await.unwrap();
        assert_eq!((found.subject_name.as_str(), found.teacher_name.as_str()), ("英语", ""));
        db.retitle_lesson("c9-20261120-p1-0-v9", SubjectId(3), who).await.unwrap();
        db.save_lesson(&key, SubjectId(2), TeacherId(0)).await.unwrap();
        let between = async |from, to| {
            let found = db.lessons_between(ONE, NOW_MS + from, NOW_MS + to).await.unwrap();
            found.into_iter().map(|l| l.lesson_key).collect::<Vec<_>>()
        };
        assert_eq!(between(-10, 0).await, Vec::<String>::new());
        assert_eq!(between(0, MINUTE_MS).await, [key.as_str()]);
        assert_eq!(between(MINUTE_MS, 2 * MINUTE_MS).await, ["1-20261120"], "half open");
        assert_eq!(between(-10, 10 * MINUTE_MS).await.len(), 2);
        db.delete_lesson(&key, NOW_MS).await.unwrap();
        db.delete_class(a).await.unwrap();
    }

    async fn a_gatherer_cannot_file_a_lesson_under_others(db: Db) {
        let (on, two) = (channel(&db, 1).await, school(&db, "二中").await);
        gatherer_of(&db, two, 2).await;
        let theirs = class(&db, two, "他班", None).await;
        let key = format!("c{theirs}-20261120-p1-0-v{on}");
        db.add_slice(&slice(on, &key, 0, NOW_MS), NOW_MS).await.unwrap();
        let found = db.lesson(&key).await.unwrap();
        assert_eq!((found.class_id, found.class_name.as_str()), (None, "1班"), "a class of another school");
        assert!(db.lessons_between(two, 0, i64::MAX).await.unwrap().is_empty());
        let wrong = format!("c{theirs}-20261120-p1-0-v{}", on.0 + 1);
        let refused = db.add_slice(&slice(on, &wrong, 1, NOW_MS), NOW_MS).await;
        assert!(matches!(refused, Err(DbError::Conflict { .. })), "{refused:?}");
        assert!(matches!(db.lesson(&wrong).await, Err(DbError::NotFound { .. })));
    }
}
