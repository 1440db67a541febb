//! Channels and their weekly ranges.

use crate::NOW_MS;
use crate::samples::{camera, channel, edit, gatherer, teacher};
use db::{ChannelFilter, ChannelOrder, DbError, Noun, Page, Password, RangeChanges, RangeEdit, Snapshot};
use model::channel::{Channel, Source};
use model::fault::Reason;
use model::*;

fn add(edits: Vec<RangeEdit>) -> RangeChanges {
    RangeChanges { edits, removed: vec![] }
}

fn password(source: &Source) -> &str {
    match source {
        Source::Pull { password, .. } => password,
        Source::File { .. } => "none",
    }
}

on_both! {
    async fn a_password_is_given_to_the_gatherer_alone(db: Db) {
        let id = channel(&db, 1).await;
        let shown = db.channel(id).await.unwrap().channel;
        assert_eq!(password(&shown.source), "");
        db.save_channel(&Channel { class_name: "二班".into(), ..shown.clone() }, Password::Keep).await.unwrap();
        let sent = db.gatherer_state(shown.gatherer_id).await.unwrap().channels;
        assert_eq!((password(&sent[0].source), sent[0].class_name.as_str()), ("secret", "二班"));
        db.save_channel(&shown, Password::Replace).await.unwrap();
        assert_eq!(password(&db.channel_with_password(id).await.unwrap().source), "");
    }

    async fn a_channel_changes_its_mode_and_its_gatherer(db: Db) {
        let (id, second) = (channel(&db, 1).await, gatherer(&db, 2).await);
        let before = db.state_versions().await.unwrap();
        let source = Source::File { path: "/media/课.mp4".into() };
        let moved = Channel { source, gatherer_id: second.id, ..db.channel(id).await.unwrap().channel };
        db.save_channel(&moved, Password::Keep).await.unwrap();
        assert_eq!(db.channel(id).await.unwrap().channel, moved);
        let after = db.state_versions().await.unwrap();
        assert!(before.iter().zip(&after).all(|(b, a)| a.1 == b.1 + 1), "{before:?} {after:?}");
        let nowhere = Channel { gatherer_id: GathererId(99), ..moved.clone() };
        let refused = db.save_channel(&nowhere, Password::Keep).await;
        assert!(matches!(refused, Err(DbError::Fault(f)) if f.field == "gatherer_id"));
        let nowhere = Channel { grade_id: GradeId(99), ..moved };
        let refused = db.save_channel(&nowhere, Password::Keep).await;
        assert!(matches!(refused, Err(DbError::Fault(f)) if f.field == "grade_id"));
        assert_eq!(db.state_versions().await.unwrap(), after);
    }

    async fn channels_are_listed_with_names_clicks_and_snapshot(db: Db) {
        let (one, two) = (channel(&db, 1).await, channel(&db, 2).await);
        db.channel_clicked(two).await.unwrap();
        db.enable_channel(one, false).await.unwrap();
        let picture = Snapshot { channel_id: two, object_id: "a".into(), taken_at_ms: NOW_MS };
        assert_eq!(db.put_snapshot(&picture, NOW_MS).await.unwrap(), None);
        assert_eq!(db.put_snapshot(&picture, NOW_MS).await.unwrap(), None);
        let newer = Snapshot { object_id: "b".into(), taken_at_ms: NOW_MS + 1, ..picture.clone() };
        assert_eq!(db.put_snapshot(&newer, NOW_MS).await.unwrap().as_deref(), Some("a"));
        let late = Snapshot { object_id: "c".into(), ..picture };
        assert_eq!(db.put_snapshot(&late, NOW_MS).await.unwrap().as_deref(), Some("c"));
        assert_eq!(db.doomed_objects(10).await.unwrap(), ["a", "c"]);
        let by_clicks = ChannelFilter { order: ChannelOrder::Clicks, ..ChannelFilter::default() };
        let listed = db.list_channels(&by_clicks, Page::first(10)).await.unwrap();
        let first = &listed.rows[0];
        assert_eq!((listed.total, first.channel.id, first.clicks), (2, two, 1));
        assert_eq!((first.stage.as_str(), first.grade_name.as_str()), ("小学", "一年级"));
        assert_eq!(first.snapshot_object_id.as_deref(), Some("b"));
        let stopped = ChannelFilter { enabled: Some(false), text: "小学一年级".into(), ..ChannelFilter::default() };
        let listed = db.list_channels(&stopped, Page::first(10)).await.unwrap();
        assert_eq!((listed.total, listed.rows[0].channel.id), (1, one));
    }

    async fn changes_of_a_week_hold_together_or_not_at_all(db: Db) {
        let (id, who) = (channel(&db, 1).await, teacher(&db, "李明").await);
        let week = db.save_ranges(id, &add(vec![edit(1, 0, 100, who), edit(1, 100, 200, who)])).await.unwrap();
        assert_eq!(week.len(), 2);
        let version = db.state_version(GathererId(1)).await.unwrap();
        let half_wrong = add(vec![edit(2, 0, 100, who), edit(1, 150, 250, who)]);
        let refused = db.save_ranges(id, &half_wrong).await.unwrap_err();
        let overlap = Reason::Overlap { start_s: 100, end_s: 200 };
        assert!(matches!(refused, DbError::Fault(f) if f.reason == overlap));
        let unknown = add(vec![edit(2, 0, 100, TeacherId(99))]);
        assert!(matches!(db.save_ranges(id, &unknown).await, Err(DbError::Fault(f)) if f.field == "teacher_id"));
        assert_eq!(db.ranges(id).await.unwrap(), week);
        assert_eq!(db.state_version(GathererId(1)).await.unwrap(), version);
        let changes = RangeChanges { edits: vec![], removed: vec![week[0].id] };
        assert_eq!(db.save_ranges(id, &changes).await.unwrap(), week[1..]);
        let shown = db.range_rows(id).await.unwrap();
        assert_eq!((shown[0].subject_name.as_str(), shown[0].teacher_name.as_str()), ("语文", "李明"));
    }

    async fn of_twenty_overlapping_ranges_one_is_kept(db: Db) {
        let (id, who) = (channel(&db, 1).await, teacher(&db, "李明").await);
        let tries: Vec<_> = (0..20)
            .map(|n| {
                let (db, changes) = (db.clone(), add(vec![edit(1, 100 + n, 500 + n, who)]));
                tokio::spawn(async move { db.save_ranges(id, &changes).await })
            })
            .collect();
        let mut kept = 0;
        for one in tries {
            kept += usize::from(one.await.unwrap().is_ok());
        }
        assert_eq!((kept, db.ranges(id).await.unwrap().len()), (1, 1));
    }

    async fn a_replaced_day_keeps_the_ids_of_unchanged_lessons(db: Db) {
        let (id, who) = (channel(&db, 1).await, teacher(&db, "李明").await);
        let monday = vec![edit(1, 0, 100, who), edit(1, 100, 200, who)];
        let tuesday = edit(2, 0, 100, who);
        let before = db.save_ranges(id, &add([monday, vec![tuesday]].concat())).await.unwrap();
        let day = vec![edit(9, 100, 200, who), edit(9, 300, 400, who)];
        let after = db.replace_day(id, 1, day).await.unwrap();
        assert_eq!(after.len(), 3);
        assert_eq!((after[0].id, after[2].id), (before[1].id, before[2].id));
        assert_eq!((after[1].weekday, after[1].start_s), (1, 300));
        assert!(matches!(db.replace_day(id, 7, vec![]).await, Err(DbError::Fault(_))));
    }

    async fn a_removed_channel_takes_its_timetable_along(db: Db) {
        let (id, who) = (channel(&db, 1).await, teacher(&db, "李明").await);
        let other = db.add_channel(&camera(GathererId(1), "二班"), NOW_MS).await.unwrap();
        db.save_ranges(id, &add(vec![edit(1, 0, 100, who)])).await.unwrap();
        let before = db.state_version(GathererId(1)).await.unwrap();
        db.delete_channel(id, NOW_MS).await.unwrap();
        let state = db.gatherer_state(GathererId(1)).await.unwrap();
        assert!(state.version > before);
        assert_eq!(state.channels.iter().map(|c| c.id).collect::<Vec<_>>(), [other]);
        let gone = |e: DbError| matches!(e, DbError::NotFound { noun: Noun::Channel, .. });
        assert!(gone(db.channel(id).await.unwrap_err()));
        assert!(gone(db.delete_channel(id, NOW_MS).await.unwrap_err()));
        assert!(gone(db.save_ranges(id, &add(vec![edit(1, 0, 100, who)])).await.unwrap_err()));
        assert!(gone(db.enable_channel(id, true).await.unwrap_err()));
    }
}
