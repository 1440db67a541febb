//! 校历 and 课表: revisions, versions, drafts, and the book they make.

use crate::NOW_MS;
use crate::samples::{
    camera, cell, channel, class, edit, gatherer, gatherer_of, room, school, teacher, user,
};
use db::{Db, DbError, Draft, NewVersion, Noun, RangeChanges, range_revision};
use jiff::civil::{Date, date};
use model::calendar::{Calendar, Cell, Term, Timetable};
use model::*;
use std::time::Instant;

const ONE: SchoolId = SchoolId(1);
const BY: UserId = UserId(1);

fn day(month: i8, day: i8) -> Date {
    date(2026, month, day)
}

fn terms(name: &str) -> Calendar {
    let term = Term {
        year: "2026-2027".into(),
        name: name.into(),
        start: day(9, 1),
        end: date(2027, 1, 20),
        weeks: vec![],
        rotation: None,
    };
    Calendar { terms: vec![term], ..Calendar::default() }
}

fn version(newest_no: i64, from: Date, cells: Vec<Cell>) -> NewVersion {
    let (source, note) = ("课表.xlsx".into(), "第一版".into());
    NewVersion { newest_no, from, source, note, timetable: Timetable { cells } }
}

/// Publishes over whatever is newest.
async fn publish(db: &Db, from: Date, cells: Vec<Cell>) -> i64 {
    let newest = db.timetable_versions(ONE).await.unwrap().first().map_or(0, |row| row.no);
    db.publish_timetable(ONE, &version(newest, from, cells), BY, NOW_MS).await.unwrap()
}

fn current(refused: DbError) -> i64 {
    match refused {
        DbError::Outdated { current } => current,
        other => panic!("{other}"),
    }
}

on_both! {
    async fn every_revision_of_a_calendar_is_kept(db: Db) {
        let who = user(&db, "教务").await;
        gatherer(&db, 1).await;
        assert_eq!(db.calendar(ONE).await.unwrap(), db::CalendarRow::default());
        assert_eq!(db.save_calendar(ONE, 0, &terms("一"), who, NOW_MS).await.unwrap(), 1);
        assert_eq!(db.save_calendar(ONE, 1, &terms("二"), who, NOW_MS + 5).await.unwrap(), 2);
        let found = db.calendar(ONE).await.unwrap();
        assert_eq!((found.revision, found.saved_at_ms, found.saved_by.as_str()), (2, NOW_MS + 5, "教务"));
        assert_eq!(found.calendar, terms("二"));
        assert_eq!(db.calendar_at(ONE, 1).await.unwrap().calendar, terms("一"));
        let missing = db.calendar_at(ONE, 3).await.unwrap_err();
        assert!(matches!(missing, DbError::NotFound { noun: Noun::Version, .. }), "{missing}");
        let numbers = async || db.calendar_revisions(ONE).await.unwrap().iter().map(|r| r.revision).collect::<Vec<_>>();
        assert_eq!(numbers().await, [2, 1]);
        let version = db.state_version(GathererId(1)).await.unwrap();
        assert_eq!(current(db.save_calendar(ONE, 1, &terms("三"), who, NOW_MS).await.unwrap_err()), 2);
        // The answer was lost, the page asks again: from the revision it knew.
        assert_eq!(db.save_calendar(ONE, 1, &terms("二"), who, NOW_MS).await.unwrap(), 2);
        assert_eq!(numbers().await, [2, 1]);
        assert_eq!(db.state_version(GathererId(1)).await.unwrap(), version, "nothing has changed");
        db.add_user(&db::NewUser { name: "b".into(), display_name: String::new(), password_hash: "x".into(),
            role: model::right::Role::Admin }, NOW_MS).await.unwrap();
        db.delete_user(who).await.unwrap();
        assert_eq!(db.calendar(ONE).await.unwrap().saved_by, "", "history outlives accounts");
        let nowhere = db.save_calendar(SchoolId(9), 0, &terms("一"), who, NOW_MS).await;
        assert!(matches!(nowhere, Err(DbError::Fault(f)) if f.field == "school_id"));
    }

    async fn of_twenty_that_save_the_same_revision_one_is_kept(db: Db) {
        let tries: Vec<_> = (0..20)
            .map(|n| {
                let db = db.clone();
                tokio::spawn(async move { db.save_calendar(ONE, 0, &terms(&n.to_string()), BY, NOW_MS).await })
            })
            .collect();
        let mut kept = 0;
        for one in tries {
            match one.await.unwrap() {
                Ok(revision) => kept += revision,
                Err(e) => assert_eq!(current(e), 1),
            }
        }
        assert_eq!((kept, db.calendar_revisions(ONE).await.unwrap().len()), (1, 1));
    }

    async fn versions_are_numbered_sorted_and_published_once(db: Db) {
        let a = class(&db, ONE, "1班", None).await;
        let (late, early) = (cell(a, 5, 2, 1), cell(a, 1, 1, 2));
        let first = version(0, day(9, 1), vec![late.clone(), early.clone(), late.clone()]);
        assert_eq!(db.publish_timetable(ONE, &first, BY, NOW_MS).await.unwrap(), 1);
        assert_eq!(db.publish_timetable(ONE, &first, BY, NOW_MS).await.unwrap(), 1, "asked again");
        assert_eq!(db.timetable(ONE, 1).await.unwrap().cells, [early.clone(), late.clone()]);
        let second = version(1, day(10, 1), vec![early.clone()]);
        assert_eq!(db.publish_timetable(ONE, &second, BY, NOW_MS + 1).await.unwrap(), 2);
        let other = NewVersion { newest_no: 1, ..version(1, day(10, 1), vec![late.clone()]) };
        assert_eq!(current(db.publish_timetable(ONE, &other, BY, NOW_MS).await.unwrap_err()), 2);
        // Roll back: the cells of an old version as a new one.
        let back = NewVersion { newest_no: 2, from: day(11, 20), timetable: db.timetable(ONE, 1).await.unwrap(), ..first };
        assert_eq!(db.publish_timetable(ONE, &back, BY, NOW_MS + 2).await.unwrap(), 3);
        assert_eq!(db.timetable(ONE, 3).await.unwrap(), db.timetable(ONE, 1).await.unwrap());
        let listed = db.timetable_versions(ONE).await.unwrap();
        let rows: Vec<_> = listed.iter().map(|r| (r.no, r.from, r.cells, r.published_at_ms)).collect();
        let want = [(3, day(11, 20), 2, NOW_MS + 2), (2, day(10, 1), 1, NOW_MS + 1), (1, day(9, 1), 2, NOW_MS)];
        assert_eq!(rows, want);
        assert_eq!((listed[2].source.as_str(), listed[2].note.as_str()), ("课表.xlsx", "第一版"));
        let missing = db.timetable(ONE, 4).await.unwrap_err();
        assert!(matches!(missing, DbError::NotFound { noun: Noun::Version, .. }), "{missing}");
    }

    async fn of_two_publishers_from_the_same_version_one_wins(db: Db) {
        let a = class(&db, ONE, "1班", None).await;
        let tries: Vec<_> = (1..=10)
            .map(|subject| {
                let (db, new) = (db.clone(), version(0, day(11, 20), vec![cell(a, 1, 1, subject)]));
                tokio::spawn(async move { db.publish_timetable(ONE, &new, BY, NOW_MS).await })
            })
            .collect();
        let mut won = 0;
        for one in tries {
            match one.await.unwrap() {
                Ok(no) => won += no,
                Err(e) => assert_eq!(current(e), 1),
            }
        }
        assert_eq!((won, db.timetable_versions(ONE).await.unwrap().len()), (1, 1));
    }

    async fn a_cell_names_only_what_is_there(db: Db) {
        let two = school(&db, "二中").await;
        let (a, theirs) = (class(&db, ONE, "1班", None).await, class(&db, two, "1班", None).await);
        let their_room = room(&db, two, "101").await;
        let good = cell(a, 1, 1, 1);
        for (field, wrong) in [
            ("class", cell(theirs, 1, 1, 1)),
            ("class", Cell { with: vec![ClassId(99)], ..good.clone() }),
            ("room", Cell { room: Some(their_room), ..good.clone() }),
            ("subject", cell(a, 1, 1, 99)),
            ("teacher", Cell { teacher: Some(TeacherId(99)), ..good.clone() }),
        ] {
            let refused = db.publish_timetable(ONE, &version(0, day(11, 20), vec![wrong]), BY, NOW_MS).await;
            assert!(matches!(&refused, Err(DbError::Fault(f)) if f.field == field), "{field}: {refused:?}");
        }
        let long = NewVersion { note: "长".repeat(201), ..version(0, day(11, 20), vec![good]) };
        let refused = db.publish_timetable(ONE, &long, BY, NOW_MS).await;
        assert!(matches!(refused, Err(DbError::Fault(f)) if f.field == "note"));
        assert!(db.timetable_versions(ONE).await.unwrap().is_empty());
    }

    async fn plans_reach_exactly_the_gatherers_of_their_school(db: Db) {
        let two = school(&db, "二中").await;
        let mine = [gatherer(&db, 1).await.id, gatherer(&db, 2).await.id];
        gatherer_of(&db, two, 3).await;
        let a = class(&db, ONE, "1班", None).await;
        let mut before = db.state_versions().await.unwrap();
        let mut check = async |what: &str, raised: bool| {
            let after = db.state_versions().await.unwrap();
            let changed: Vec<_> = before.iter().zip(&after).filter(|(b, a)| b != a).map(|(b, _)| b.0).collect();
            assert_eq!(changed, if raised { mine.to_vec() } else { vec![] }, "{what}");
            before = after;
        };
        db.save_calendar(ONE, 0, &terms("一"), BY, NOW_MS).await.unwrap();
        check("calendar", true).await;
        publish(&db, day(11, 20), vec![cell(a, 5, 1, 1)]).await;
        check("version", true).await;
        let lesson = "c1-20261120-p1-0".parse().unwrap();
        let change = db.add_change(ONE, &model::calendar::Op::Cancel { lesson }, "", BY, NOW_MS).await.unwrap();
        check("change", true).await;
        assert_eq!(db.revoke_change(change, BY, NOW_MS).await.unwrap(), ONE);
        check("revoked", true).await;
        db.revoke_change(change, BY, NOW_MS + 1).await.unwrap();
        check("revoked again", false).await;
        let draft = Draft { base_no: 1, timetable: Timetable::default(), saved_at_ms: NOW_MS };
        let who = user(&db, "a").await;
        db.save_draft(ONE, who, &draft).await.unwrap();
        room(&db, ONE, "301").await;
        check("draft and room", false).await;
        db.publish_timetable(ONE, &version(0, day(11, 21), vec![]), BY, NOW_MS).await.unwrap_err();
        check("refused", false).await;
    }

    async fn a_draft_is_saved_only_over_the_one_that_was_seen(db: Db) {
        let who = user(&db, "one").await;
        let draft = |saved_at_ms| Draft { base_no: 0, timetable: Timetable::default(), saved_at_ms };
        db.save_draft_at(ONE, who, &draft(NOW_MS), 0).await.unwrap();
        db.save_draft_at(ONE, who, &draft(NOW_MS + 1), NOW_MS).await.unwrap();
        let late = db.save_draft_at(ONE, who, &draft(NOW_MS + 2), NOW_MS).await.unwrap_err();
        assert!(matches!(late, DbError::Outdated { current } if current == NOW_MS + 1), "{late}");
        assert_eq!(db.draft(ONE, who).await.unwrap().unwrap().saved_at_ms, NOW_MS + 1);
    }

    async fn a_draft_is_one_a_user_and_goes_with_the_account(db: Db) {
        let (one, two) = (user(&db, "one").await, user(&db, "two").await);
        let cells = vec![cell(ClassId(7), 1, 1, 1)];
        let draft = Draft { base_no: 3, timetable: Timetable { cells }, saved_at_ms: NOW_MS };
        db.save_draft(ONE, one, &draft).await.unwrap();
        let later = Draft { base_no: 4, saved_at_ms: NOW_MS + 1, timetable: Timetable::default() };
        db.save_draft(ONE, two, &later).await.unwrap();
        assert_eq!(db.draft(ONE, one).await.unwrap(), Some(draft));
        db.save_draft(ONE, one, &Draft { saved_at_ms: NOW_MS + 2, ..later.clone() }).await.unwrap();
        let who = db.drafts(ONE).await.unwrap();
        assert_eq!(who, [("one".to_owned(), 4, NOW_MS + 2), ("two".to_owned(), 4, NOW_MS + 1)]);
        db.drop_draft(ONE, one).await.unwrap();
        db.drop_draft(ONE, one).await.unwrap();
        assert_eq!(db.draft(ONE, one).await.unwrap(), None);
        db.delete_user(two).await.unwrap();
        assert!(db.drafts(ONE).await.unwrap().is_empty());
        let nowhere = db.save_draft(SchoolId(9), one, &later).await;
        assert!(matches!(nowhere, Err(DbError::Fault(f)) if f.field == "school_id"));
    }

    async fn the_book_of_dates_has_the_versions_in_force_there(db: Db) {
        let (id, two) = (channel(&db, 1).await, school(&db, "二中").await);
        let far = gatherer_of(&db, two, 2).await;
        let stranger = db.add_channel(&camera(far.id, "x"), NOW_MS).await.unwrap();
        let (r, who) = (room(&db, ONE, "301").await, teacher(&db, "李明").await);
        let a = class(&db, ONE, "1班", Some(r)).await;
        class(&db, two, "1班", None).await;
        db.set_channel_room(id, Some(r)).await.unwrap();
        db.enable_channel(id, false).await.unwrap();
        for channel in [id, stranger] {
            let changes = RangeChanges { edits: vec![edit(1, 0, 100, who)], removed: vec![] };
            db.save_ranges(channel, &changes).await.unwrap();
        }
        db.save_calendar(ONE, 0, &terms("一"), BY, NOW_MS).await.unwrap();
        for (month, subject) in [(9, 1), (10, 2), (10, 3), (12, 4)] {
            publish(&db, day(month, 1), vec![cell(a, 1, 1, subject)]).await;
        }
        let numbers = async |from, to| {
            let book = db.book(ONE, from, to).await.unwrap();
            book.versions.iter().map(|v| v.no).collect::<Vec<_>>()
        };
        assert_eq!(numbers(day(8, 1), day(8, 31)).await, [0i64; 0]);
        assert_eq!(numbers(day(8, 1), day(9, 1)).await, [1]);
        assert_eq!(numbers(day(9, 30), day(10, 1)).await, [1, 3]);
        assert_eq!(numbers(day(11, 20), day(11, 20)).await, [3]);
        assert_eq!(numbers(day(11, 20), day(12, 11)).await, [3, 4]);
        let book = db.book(ONE, day(11, 20), day(11, 20)).await.unwrap();
        assert_eq!((book.versions[0].from, &book.versions[0].timetable.cells), (day(10, 1), &vec![cell(a, 1, 1, 3)]));
        assert_eq!((book.zone.iana_name(), book.calendar), (Some("Asia/Shanghai"), terms("一")));
        let classes: Vec<_> = book.roster.classes.iter().map(|c| (c.id, c.room_id, c.record)).collect();
        assert_eq!(classes, [(a, Some(r), true)]);
        let channels: Vec<_> = book.roster.channels.iter().map(|c| (c.id, c.room_id)).collect();
        assert_eq!(channels, [(id, Some(r))], "stopped channels too, strangers never");
        assert_eq!(book.ranges.iter().map(|x| x.channel_id).collect::<Vec<_>>(), [id]);
    }

    async fn what_plans_name_cannot_be_removed(db: Db) {
        let (r, who) = (room(&db, ONE, "301").await, teacher(&db, "李明").await);
        let (a, b) = (class(&db, ONE, "1班", None).await, class(&db, ONE, "2班", None).await);
        let full = Cell { teacher: Some(who), room: Some(r), with: vec![b], ..cell(a, 1, 1, 5) };
        publish(&db, date(2000, 1, 1), vec![full]).await;
        let refused = async || {
            let all = [
                db.delete_class(a).await,
                db.delete_class(b).await,
                db.delete_room(r).await,
                db.delete_teacher(who).await,
                db.delete_subject(SubjectId(5)).await,
            ];
            all.iter().all(|one| matches!(one, Err(DbError::InUse { count: 1, .. })))
        };
        assert!(refused().await, "in force");
        // In force since long, and one that begins in the far future.
        publish(&db, date(2000, 1, 2), vec![]).await;
        let full = Cell { teacher: Some(who), room: Some(r), with: vec![b], ..cell(a, 1, 1, 5) };
        publish(&db, date(2999, 1, 1), vec![full]).await;
        assert!(refused().await, "to come");
        publish(&db, date(2999, 1, 1), vec![]).await;
        let lesson: model::calendar::LessonId = format!("c{a}-29990101-p1-0").parse().unwrap();
        let op = model::calendar::Op::Substitute {
            lesson, teacher: Some(who), subject: Some(SubjectId(5)), room: Some(r),
        };
        let change = db.add_change(ONE, &op, "", BY, NOW_MS).await.unwrap();
        for removed in [db.delete_class(a).await, db.delete_room(r).await, db.delete_teacher(who).await] {
            assert!(matches!(removed, Err(DbError::InUse { count: 1, .. })), "{removed:?}");
        }
        db.revoke_change(change, BY, NOW_MS).await.unwrap();
        let past = model::calendar::LessonId { date: date(2000, 1, 3), ..lesson };
        db.add_change(ONE, &model::calendar::Op::Cancel { lesson: past }, "", BY, NOW_MS).await.unwrap();
        for id in [a, b] {
            db.delete_class(id).await.unwrap();
        }
        db.delete_room(r).await.unwrap();
        db.delete_teacher(who).await.unwrap();
        db.delete_subject(SubjectId(5)).await.unwrap();
        assert!(matches!(db.delete_school(ONE).await, Err(DbError::InUse { noun: Noun::School, count: 4 })));
    }

    async fn a_school_without_versions_goes_with_its_calendar(db: Db) {
        let two = school(&db, "二中").await;
        db.save_calendar(two, 0, &terms("一"), BY, NOW_MS).await.unwrap();
        let id = class(&db, two, "1班", None).await;
        assert!(matches!(db.delete_school(two).await, Err(DbError::InUse { count: 1, .. })));
        db.delete_class(id).await.unwrap();
        db.delete_school(two).await.unwrap();
        assert_eq!(db.calendar(two).await.unwrap().revision, 0);
    }

    async fn a_page_of_ranges_that_was_overtaken_is_refused(db: Db) {
        let (id, who) = (channel(&db, 1).await, teacher(&db, "李明").await);
        let add = |start_s| RangeChanges { edits: vec![edit(1, start_s, start_s + 50, who)], removed: vec![] };
        let empty = range_revision(&[]);
        let week = db.save_ranges_at(id, &empty, &add(0)).await.unwrap();
        let version = db.state_version(GathererId(1)).await.unwrap();
        let late = db.save_ranges_at(id, &empty, &add(100)).await.unwrap_err();
        assert!(matches!(late, DbError::Outdated { .. }), "{late}");
        assert_eq!((db.ranges(id).await.unwrap(), db.state_version(GathererId(1)).await.unwrap()), (week.clone(), version));
        assert_eq!(db.save_ranges_at(id, &range_revision(&week), &add(100)).await.unwrap().len(), 2);
    }

    async fn a_large_school_is_published_and_read_at_once(db: Db) {
        let mut cells = Vec::new();
        for n in 0..60 {
            let id = class(&db, ONE, &format!("{n}班"), None).await;
            for slot in 0..40 {
                cells.push(cell(id, slot / 8 + 1, slot % 8 + 1, i64::from(slot % 9) + 1));
            }
        }
        let began = Instant::now();
        publish(&db, day(11, 20), cells).await;
        let published = began.elapsed();
        let book = db.book(ONE, day(11, 19), day(12, 11)).await.unwrap();
        let read = began.elapsed() - published;
        println!("2400 cells: published in {published:?}, read as a book in {read:?}");
        assert_eq!(book.versions[0].timetable.cells.len(), 2400);
    }
}

/// What a published version or a saved revision says can never be another thing: no text of the site alters it.
#[test]
fn no_text_alters_a_version_or_a_revision() {
    let texts = db::texts();
    let kept = ["timetable_version", "calendar_revision"];
    for (name, text) in &texts {
        for table in kept {
            let alters =
                text.contains(&format!("UPDATE {table}")) || text.contains(&format!("DELETE FROM {table}"));
            assert!(!alters, "{name}: {text}");
        }
    }
    assert!(
        kept.iter().all(|table| texts.iter().any(|(_, text)| text.contains(&format!("INSERT INTO {table}"))))
    );
    assert!(!texts.iter().any(|(_, text)| text.contains("DELETE FROM timetable_change")));
}

/// Two servers on one database: what one process orders by a lock of its own must hold between processes too.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_servers_one_saves_and_the_other_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let sqlite = format!("sqlite://{}?mode=rwc", dir.path().join("site.db").display());
    for url in [sqlite, testkit::postgres::server().database()] {
        let (first, second) = (crate::ready(&url).await, Db::open(&url, 4).await.unwrap());
        let (id, who) = (channel(&first, 1).await, teacher(&first, "李明").await);
        let a = class(&first, ONE, "1班", None).await;
        let (one, two) = (terms("一"), terms("二"));
        let saved = tokio::join!(
            first.save_calendar(ONE, 0, &one, BY, NOW_MS),
            second.save_calendar(ONE, 0, &two, BY, NOW_MS)
        );
        let (one, two) = (
            version(0, day(11, 20), vec![cell(a, 1, 1, 1)]),
            version(0, day(11, 20), vec![cell(a, 1, 1, 2)]),
        );
        let published = tokio::join!(
            first.publish_timetable(ONE, &one, BY, NOW_MS),
            second.publish_timetable(ONE, &two, BY, NOW_MS)
        );
        let add =
            |start_s| RangeChanges { edits: vec![edit(1, start_s, start_s + 50, who)], removed: vec![] };
        let (empty, one, two) = (range_revision(&[]), add(0), add(100));
        let (r1, r2) =
            tokio::join!(first.save_ranges_at(id, &empty, &one), second.save_ranges_at(id, &empty, &two));
        let count = |week: Vec<_>| week.len() as i64;
        for pair in [saved, published, (r1.map(count), r2.map(count))] {
            let ((Ok(1), Err(late)) | (Err(late), Ok(1))) = pair else { panic!("{pair:?}") };
            assert!(matches!(late, DbError::Outdated { .. }), "{late}");
        }
        first.close().await;
        second.close().await;
    }
}
