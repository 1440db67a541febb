//! Schools, subjects, grades, teachers; gatherers and how they enrol.

use crate::NOW_MS;
use crate::samples::{camera, channel, edit, gatherer, hash, teacher};
use db::{CodeRefusal, DbError, GathererFilter, Noun, Page, RangeChanges};
use model::gatherer::{GathererSettings, Machine};
use model::school::{Grade, School, Subject};
use model::*;

on_both! {
    async fn what_is_used_cannot_be_removed(db: Db) {
        let id = channel(&db, 1).await;
        let teacher = teacher(&db, "陈静").await;
        let changes = RangeChanges { edits: vec![edit(1, 0, 100, teacher)], removed: vec![] };
        db.save_ranges(id, &changes).await.unwrap();
        let subject = db.delete_subject(SubjectId(1)).await.unwrap_err();
        assert!(matches!(subject, DbError::InUse { noun: Noun::Subject, count: 1 }), "{subject}");
        assert!(matches!(db.delete_teacher(teacher).await, Err(DbError::InUse { count: 1, .. })));
        assert!(matches!(db.delete_grade(GradeId(1)).await, Err(DbError::InUse { count: 1, .. })));
        assert!(matches!(db.delete_school(SchoolId(1)).await, Err(DbError::InUse { count: 1, .. })));
        assert!(matches!(db.delete_gatherer(GathererId(1), NOW_MS).await, Err(DbError::InUse { count: 1, .. })));
        db.delete_channel(id, NOW_MS).await.unwrap();
        db.delete_gatherer(GathererId(1), NOW_MS).await.unwrap();
        db.delete_subject(SubjectId(1)).await.unwrap();
        db.delete_teacher(teacher).await.unwrap();
        db.delete_grade(GradeId(1)).await.unwrap();
        db.delete_school(SchoolId(1)).await.unwrap();
        assert!(matches!(db.delete_school(SchoolId(1)).await, Err(DbError::NotFound { .. })));
    }

    async fn names_are_unique_where_they_must_be(db: Db) {
        let again = Subject { id: SubjectId(0), name: "语文".into() };
        assert!(matches!(db.add_subject(&again).await, Err(DbError::Taken { noun: Noun::Subject })));
        let renamed = Subject { id: SubjectId(2), name: "语文".into() };
        assert!(matches!(db.save_subject(&renamed).await, Err(DbError::Taken { .. })));
        let grade = Grade { id: GradeId(0), stage: "小学".into(), name: "一年级".into() };
        assert!(matches!(db.add_grade(&grade).await, Err(DbError::Taken { .. })));
        let id = db.add_subject(&Subject { id: SubjectId(0), name: "书法".into() }).await.unwrap();
        assert_eq!(id, SubjectId(12));
        assert_eq!(db.subject(id).await.unwrap().name, "书法");
        let (a, b) = (teacher(&db, "王芳").await, teacher(&db, "王芳").await);
        assert_ne!(a, b);
        assert_eq!(db.list_teachers("王", Page::first(10)).await.unwrap().total, 2);
    }

    async fn a_school_keeps_every_field(db: Db) {
        let school = School { id: SchoolId(1), name: "<b>一中</b>".into(), address: "路".into(), phone: "1".into() };
        db.save_school(&school).await.unwrap();
        assert_eq!(db.school(SchoolId(1)).await.unwrap(), school);
        let gone = School { id: SchoolId(9), ..school };
        assert!(matches!(db.save_school(&gone).await, Err(DbError::NotFound { noun: Noun::School, .. })));
    }

    async fn a_join_code_lets_one_machine_in(db: Db) {
        db.add_join_code(&hash(1), SchoolId(1), "东楼", NOW_MS, NOW_MS + 1000).await.unwrap();
        let tries: Vec<_> = (0..20)
            .map(|n| {
                let db = db.clone();
                let enroll = async move {
                    db.enroll_gatherer(&hash(1), &format!("key{n}"), &Machine::default(), NOW_MS).await
                };
                tokio::spawn(enroll)
            })
            .collect();
        let mut enrolled = Vec::new();
        for one in tries {
            match one.await.unwrap() {
                Ok(gatherer) => enrolled.push(gatherer),
                Err(DbError::JoinCode(CodeRefusal::Used)) => {}
                Err(e) => panic!("{e}"),
            }
        }
        let [first] = enrolled.as_slice() else { panic!("{enrolled:?}") };
        assert_eq!(first.settings, GathererSettings::new("东楼", SchoolId(1)));
        let again = db.enroll_gatherer(&hash(1), &first.public_key, &Machine::default(), NOW_MS).await.unwrap();
        assert_eq!(again.id, first.id);
        let codes = db.list_join_codes(Page::first(10)).await.unwrap();
        assert_eq!(codes.rows[0].used_by, Some(first.id));
    }

    async fn unknown_expired_and_withdrawn_codes_are_told_apart(db: Db) {
        let refusal = |found: db::Result<_>| match found {
            Err(DbError::JoinCode(refusal)) => refusal,
            other => panic!("{other:?}"),
        };
        assert_eq!(refusal(db.take_join_code(&hash(9), NOW_MS).await), CodeRefusal::Unknown);
        db.add_join_code(&hash(1), SchoolId(1), "a", NOW_MS, NOW_MS + 10).await.unwrap();
        assert_eq!(refusal(db.take_join_code(&hash(1), NOW_MS + 10).await), CodeRefusal::Expired);
        db.delete_join_code(&hash(1)).await.unwrap();
        assert_eq!(refusal(db.take_join_code(&hash(1), NOW_MS).await), CodeRefusal::Unknown);
        db.add_join_code(&hash(2), SchoolId(1), "a", NOW_MS, NOW_MS + 10).await.unwrap();
        assert_eq!(db.take_join_code(&hash(2), NOW_MS).await.unwrap().name, "a");
        assert_eq!(refusal(db.take_join_code(&hash(2), NOW_MS).await), CodeRefusal::Used);
        assert!(db.delete_join_code(&hash(2)).await.is_err());
        let nowhere = db.add_join_code(&hash(3), SchoolId(99), "a", NOW_MS, NOW_MS + 10).await;
        assert!(matches!(nowhere, Err(DbError::Fault(f)) if f.field == "school_id"));
    }

    async fn a_removed_gatherer_is_out_until_it_enrols_anew(db: Db) {
        let old = gatherer(&db, 1).await;
        db.delete_gatherer(old.id, NOW_MS).await.unwrap();
        assert!(db.gatherer_by_key(&old.public_key).await.unwrap().is_none());
        assert!(!db.gatherer_seen(old.id, NOW_MS).await.unwrap());
        db.add_join_code(&hash(2), SchoolId(1), "新", NOW_MS, NOW_MS + 10).await.unwrap();
        let new = db.enroll_gatherer(&hash(2), &old.public_key, &Machine::default(), NOW_MS).await.unwrap();
        assert_ne!(new.id, old.id);
        assert_eq!(db.gatherer_by_key(&old.public_key).await.unwrap().unwrap().id, new.id);
    }

    async fn a_gatherers_settings_reach_it_as_a_new_version(db: Db) {
        let found = gatherer(&db, 1).await;
        let before = db.gatherer_state(found.id).await.unwrap();
        let settings = GathererSettings { slice_min: 30, reconnect_source: false, ..found.settings };
        let version = db.save_gatherer_settings(found.id, &settings).await.unwrap();
        let after = db.gatherer_state(found.id).await.unwrap();
        assert!(version > before.version && after.version == version && after.settings == settings);
        assert_eq!(db.state_versions().await.unwrap(), [(found.id, version)]);
        let lost = GathererSettings { school_id: SchoolId(77), ..settings };
        let refused = db.save_gatherer_settings(found.id, &lost).await;
        assert!(matches!(refused, Err(DbError::Fault(f)) if f.field == "school_id"));
        assert_eq!(db.state_version(found.id).await.unwrap(), version);
    }

    async fn gatherers_are_listed_with_school_and_channels(db: Db) {
        let one = gatherer(&db, 1).await;
        gatherer(&db, 2).await;
        db.add_channel(&camera(one.id, "一班"), NOW_MS).await.unwrap();
        let machine = Machine { host_name: "ROOM-7".into(), ip: "10.0.0.7".into(), ..Machine::default() };
        db.gatherer_said(one.id, &machine, NOW_MS + 9).await.unwrap();
        let filter = GathererFilter { text: "room".into(), ..GathererFilter::default() };
        let listed = db.list_gatherers(&filter, Page::first(10)).await.unwrap();
        assert_eq!((listed.total, listed.rows[0].channels), (1, 1));
        assert_eq!(listed.rows[0].school_name, "本校");
        assert_eq!(listed.rows[0].gatherer.seen_at_ms, Some(NOW_MS + 9));
        let other = GathererFilter { school_id: Some(SchoolId(2)), ..GathererFilter::default() };
        assert_eq!(db.list_gatherers(&other, Page::first(10)).await.unwrap().total, 0);
    }
}
