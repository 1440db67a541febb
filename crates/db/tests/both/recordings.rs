//! Slices, lessons and the lists of them.

use crate::NOW_MS;
use crate::samples::{channel, slice, teacher};
use db::{DbError, LessonFilter, LessonOrder, NewSlice, Noun, Page, Stored};
use model::*;

const MINUTE_MS: i64 = 60_000;

async fn lesson(db: &db::Db, channel: ChannelId, key: &str, started_at_ms: i64) {
    db.add_slice(&slice(channel, key, 0, started_at_ms), NOW_MS).await.unwrap();
}

on_both! {
    async fn a_slice_is_kept_once_however_often_it_is_reported(db: Db) {
        let id = channel(&db, 1).await;
        let new = slice(id, "1-20261120", 0, NOW_MS);
        assert_eq!(db.add_slice(&new, NOW_MS).await.unwrap(), Stored::New);
        let again = db.add_slice(&new, NOW_MS + 1).await.unwrap();
        assert_eq!(again, Stored::Known { unneeded_object_id: None });
        let twice = NewSlice { object_id: "second".into(), ..new.clone() };
        let second = db.add_slice(&twice, NOW_MS).await.unwrap();
        assert_eq!(second, Stored::Known { unneeded_object_id: Some("second".into()) });
        assert_eq!(db.doomed_objects(10).await.unwrap(), ["second"]);
        db.objects_gone(&["second".into()]).await.unwrap();
        assert!(db.doomed_objects(10).await.unwrap().is_empty());
        let kept = db.slice(&new.facts.slice_id).await.unwrap();
        assert_eq!((kept.facts, kept.object_id, kept.created_at_ms), (new.facts, new.object_id, NOW_MS));
    }

    async fn ten_reports_at_once_keep_one_slice(db: Db) {
        let new = slice(channel(&db, 1).await, "1-20261120", 0, NOW_MS);
        let reports: Vec<_> = (0..10)
            .map(|_| {
                let (db, new) = (db.clone(), new.clone());
                tokio::spawn(async move { db.add_slice(&new, NOW_MS).await.unwrap() })
            })
            .collect();
        let mut kept = 0;
        for report in reports {
            kept += usize::from(report.await.unwrap() == Stored::New);
        }
        assert_eq!((kept, db.lesson("1-20261120").await.unwrap().slice_count), (1, 1));
    }

    async fn other_facts_with_the_same_id_are_a_conflict(db: Db) {
        let (id, other) = (channel(&db, 1).await, channel(&db, 2).await);
        let new = slice(id, "1-20261120", 0, NOW_MS);
        db.add_slice(&new, NOW_MS).await.unwrap();
        let mut changed = new.clone();
        changed.facts.video_frames += 1;
        assert!(matches!(db.add_slice(&changed, NOW_MS).await, Err(DbError::Conflict { .. })));
        let foreign = slice(other, "1-20261120", 1, NOW_MS);
        assert!(matches!(db.add_slice(&foreign, NOW_MS).await, Err(DbError::Conflict { .. })));
        let stolen = NewSlice { object_id: new.object_id, ..slice(id, "1-20261120", 1, NOW_MS) };
        assert!(matches!(db.add_slice(&stolen, NOW_MS).await, Err(DbError::Taken { noun: Noun::Slice })));
        assert_eq!(db.lesson("1-20261120").await.unwrap().slice_count, 1);
    }

    async fn a_file_that_storage_lost_is_replaced(db: Db) {
        let id = channel(&db, 1).await;
        let new = slice(id, "1-20261120", 0, NOW_MS);
        db.add_slice(&new, NOW_MS).await.unwrap();
        for _ in 0..2 {
            db.replace_object(&new.facts.slice_id, "sent-again", NOW_MS).await.unwrap();
        }
        assert_eq!(db.slice(&new.facts.slice_id).await.unwrap().object_id, "sent-again");
        assert_eq!(db.doomed_objects(9).await.unwrap(), [new.object_id]);
        assert!(matches!(db.replace_object("none", "x", NOW_MS).await, Err(DbError::NotFound { .. })));
    }

    async fn a_recording_that_was_called_a_snapshot_is_not_removed_with_it(db: Db) {
        let id = channel(&db, 1).await;
        let new = slice(id, "1-20261120", 0, NOW_MS);
        db.add_slice(&new, NOW_MS).await.unwrap();
        for (object_id, taken_at_ms) in [(new.object_id.clone(), 1), ("picture".to_owned(), 2)] {
            db.put_snapshot(&db::Snapshot { channel_id: id, object_id, taken_at_ms }, NOW_MS).await.unwrap();
        }
        assert!(db.doomed_objects(9).await.unwrap().is_empty(), "a slice names it");
        db.delete_slice(&new.facts.slice_id, NOW_MS).await.unwrap();
        assert_eq!(db.doomed_objects(9).await.unwrap(), [new.object_id]);
    }

    async fn a_removed_slice_that_is_told_again_keeps_its_file(db: Db) {
        let id = channel(&db, 1).await;
        let new = slice(id, "1-20261120", 0, NOW_MS);
        db.add_slice(&new, NOW_MS).await.unwrap();
        db.delete_slice(&new.facts.slice_id, NOW_MS).await.unwrap();
        assert_eq!(db.doomed_objects(9).await.unwrap().len(), 1);
        assert_eq!(db.add_slice(&new, NOW_MS).await.unwrap(), Stored::New);
        assert_eq!(db.doomed_objects(9).await.unwrap().len(), 0);
    }

    async fn a_lesson_is_the_sum_of_its_slices(db: Db) {
        let (id, who) = (channel(&db, 1).await, teacher(&db, "陈静").await);
        let key = "1-20261120";
        for sequence in [1u32, 0, 2] {
            let at = NOW_MS + i64::from(sequence) * 58_000;
            db.add_slice(&slice(id, key, sequence, at), NOW_MS).await.unwrap();
        }
        let found = db.lesson(key).await.unwrap();
        assert_eq!((found.slice_count, found.duration_ms), (3, 3 * MINUTE_MS - 4000));
        assert_eq!((found.started_at_ms, found.ended_at_ms), (NOW_MS, NOW_MS + 176_000));
        assert_eq!((found.size_bytes, found.teacher_name.as_str()), (3_000_000, "陈静"));
        let slices = db.slices_of_lesson(key).await.unwrap();
        assert_eq!(slices.iter().map(|s| s.facts.sequence).collect::<Vec<_>>(), [0, 1, 2]);
        assert_eq!(found.first_slice_id, slices[0].facts.slice_id);
        assert_eq!(db.set_still(&slices[1].facts.slice_id, "still-b", NOW_MS).await.unwrap(), None);
        assert_eq!(db.set_still(&slices[0].facts.slice_id, "still-a", NOW_MS).await.unwrap(), None);
        assert_eq!(db.lesson(key).await.unwrap().still_object_id.as_deref(), Some("still-a"));
        let old = db.set_still(&slices[0].facts.slice_id, "still-c", NOW_MS).await.unwrap();
        assert_eq!(old.as_deref(), Some("still-a"));
        db.slice_clicked(&slices[0].facts.slice_id).await.unwrap();
        db.lesson_clicked(key).await.unwrap();
        assert_eq!(db.lesson(key).await.unwrap().clicks, 2);
        let removed = db.delete_slice(&slices[0].facts.slice_id, NOW_MS).await.unwrap();
        assert_eq!(removed, [slices[0].object_id.as_str(), "still-c"]);
        let left = db.lesson(key).await.unwrap();
        assert_eq!((left.slice_count, left.still_object_id.as_deref(), who), (2, Some("still-b"), left.teacher_id));
    }

    async fn removing_a_lesson_names_every_object(db: Db) {
        let id = channel(&db, 1).await;
        lesson(&db, id, "1-20261120", NOW_MS).await;
        lesson(&db, id, "1-20261127", NOW_MS).await;
        let first = slice(id, "1-20261120", 0, 0);
        db.set_still(&first.facts.slice_id, "still", NOW_MS).await.unwrap();
        let objects = db.delete_lesson("1-20261120", NOW_MS).await.unwrap();
        assert_eq!(objects, [first.object_id.as_str(), "still"]);
        assert_eq!(db.doomed_objects(10).await.unwrap().len(), 2);
        assert!(matches!(db.lesson("1-20261120").await, Err(DbError::NotFound { noun: Noun::Lesson, .. })));
        let last = slice(id, "1-20261127", 0, 0).facts.slice_id;
        db.delete_slice(&last, NOW_MS).await.unwrap();
        assert_eq!(db.list_lessons(&LessonFilter::default(), Page::first(10)).await.unwrap().total, 0);
    }

    async fn a_removed_channel_takes_its_recordings_along_and_refuses_late_ones(db: Db) {
        let id = channel(&db, 1).await;
        lesson(&db, id, "1-20261120", NOW_MS).await;
        let objects = db.delete_channel(id, NOW_MS).await.unwrap();
        assert_eq!(objects.len(), 1);
        let late = db.add_slice(&slice(id, "1-20261120", 1, NOW_MS), NOW_MS).await;
        assert!(matches!(late, Err(DbError::NotFound { noun: Noun::Channel, .. })));
    }

    async fn an_admin_corrects_a_lesson_and_a_repeated_report_changes_nothing(db: Db) {
        let (id, who) = (channel(&db, 1).await, teacher(&db, "王芳").await);
        lesson(&db, id, "1-20261120", NOW_MS).await;
        db.save_lesson("1-20261120", SubjectId(3), who).await.unwrap();
        let again = db.add_slice(&slice(id, "1-20261120", 0, NOW_MS), NOW_MS).await.unwrap();
        assert_eq!(again, Stored::Known { unneeded_object_id: None });
        db.add_slice(&slice(id, "1-20261120", 1, NOW_MS), NOW_MS).await.unwrap();
        let found = db.lesson("1-20261120").await.unwrap();
        assert_eq!((found.subject_name.as_str(), found.teacher_name.as_str()), ("英语", "王芳"));
        let refused = db.save_lesson("1-20261120", SubjectId(99), who).await;
        assert!(matches!(refused, Err(DbError::Fault(f)) if f.field == "subject_id"));
    }

    async fn a_late_slice_of_a_subject_that_has_gone_is_kept(db: Db) {
        let id = channel(&db, 1).await;
        db.delete_subject(SubjectId(1)).await.unwrap();
        lesson(&db, id, "1-20261120", NOW_MS).await;
        assert_eq!(db.lesson("1-20261120").await.unwrap().subject_name, "");
        assert_eq!(db.newest_lessons(10).await.unwrap().len(), 1);
    }

    async fn lessons_are_listed_newest_or_most_viewed_first_and_filtered(db: Db) {
        let (one, two) = (channel(&db, 1).await, channel(&db, 2).await);
        teacher(&db, "陈静").await;
        for n in 0..12 {
            lesson(&db, one, &format!("1-{n:08}"), NOW_MS + n * MINUTE_MS).await;
        }
        lesson(&db, two, "2-00000000", NOW_MS - 1).await;
        db.lesson_clicked("1-00000003").await.unwrap();
        let newest = db.newest_lessons(10).await.unwrap();
        assert_eq!((newest.len(), newest[0].lesson_key.as_str()), (10, "1-00000011"));
        assert_eq!(db.most_clicked_lessons(1).await.unwrap()[0].lesson_key, "1-00000003");
        let list = async |filter: LessonFilter| db.list_lessons(&filter, Page::first(10)).await.unwrap();
        let all = LessonFilter::default();
        assert_eq!(list(all.clone()).await.total, 13);
        assert_eq!(list(LessonFilter { channel_id: Some(two), ..all.clone() }).await.total, 1);
        assert_eq!(list(LessonFilter { subject_id: Some(SubjectId(2)), ..all.clone() }).await.total, 0);
        assert_eq!(list(LessonFilter { text: "陈静".into(), ..all.clone() }).await.total, 13);
        assert_eq!(list(LessonFilter { text: "2班".into(), ..all.clone() }).await.total, 1);
        let two_minutes =
            LessonFilter { from_ms: Some(NOW_MS), until_ms: Some(NOW_MS + 2 * MINUTE_MS), ..all.clone() };
        assert_eq!(list(two_minutes).await.total, 2);
        let by_clicks = LessonFilter { order: LessonOrder::Clicks, school_id: Some(SchoolId(1)), ..all };
        assert_eq!(list(by_clicks).await.rows[1].lesson_key, "1-00000011");
        assert_eq!(db.subject_counts().await.unwrap()[0].lessons, 13);
    }

    async fn related_lessons_are_the_next_ones_filled_up_with_earlier_ones(db: Db) {
        let id = channel(&db, 1).await;
        for n in 0..15 {
            lesson(&db, id, &format!("1-{n:08}"), NOW_MS + n * MINUTE_MS).await;
        }
        let keys = async |n: u32| {
            let related = db.related_lessons(&format!("1-{n:08}"), 10).await.unwrap();
            let number = |l: db::LessonRow| l.lesson_key[2..].parse::<u32>().unwrap();
            related.lessons.into_iter().map(number).collect::<Vec<_>>()
        };
        assert_eq!(keys(2).await, [2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
        assert_eq!(keys(12).await, [12, 13, 14, 11, 10, 9, 8, 7, 6, 5]);
    }
}
