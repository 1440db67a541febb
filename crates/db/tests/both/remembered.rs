//! What the site remembers beside the plans: aliases of an import, feeds.

use crate::NOW_MS;
use crate::samples::{class, hash, room, school, teacher, user};
use db::{Alias, AliasNoun, DbError, FeedKind, Noun};
use model::*;

const ONE: SchoolId = SchoolId(1);

fn alias(noun: AliasNoun, text: &str, target: i64) -> Alias {
    Alias { noun, text: text.into(), target }
}

on_both! {
    async fn an_alias_is_replaced_by_the_next_and_goes_with_its_row(db: Db) {
        let (two, who) = (school(&db, "二中").await, teacher(&db, "王芳").await);
        let first = [alias(AliasNoun::Teacher, "王老师", 99), alias(AliasNoun::Subject, "体", 3)];
        db.save_aliases(ONE, &first).await.unwrap();
        db.save_aliases(two, &[alias(AliasNoun::Teacher, "王老师", who.0)]).await.unwrap();
        let next = [alias(AliasNoun::Teacher, " 王老师 ", who.0), alias(AliasNoun::Grade, "王老师", 1)];
        db.save_aliases(ONE, &next).await.unwrap();
        let want = [
            alias(AliasNoun::Grade, "王老师", 1),
            alias(AliasNoun::Subject, "体", 3),
            alias(AliasNoun::Teacher, "王老师", who.0),
        ];
        assert_eq!(db.aliases(ONE).await.unwrap(), want);
        let half_wrong = [alias(AliasNoun::Room, "301", 1), alias(AliasNoun::Room, " ", 1)];
        let refused = db.save_aliases(ONE, &half_wrong).await;
        assert!(matches!(refused, Err(DbError::Fault(f)) if f.field == "text"));
        let nowhere = db.save_aliases(SchoolId(9), &first).await;
        assert!(matches!(nowhere, Err(DbError::Fault(f)) if f.field == "school_id"));
        db.delete_teacher(who).await.unwrap();
        db.delete_subject(SubjectId(3)).await.unwrap();
        assert_eq!(db.aliases(ONE).await.unwrap(), want[..1]);
        assert!(db.aliases(two).await.unwrap().is_empty());
    }

    async fn a_feed_is_read_by_its_token_until_it_is_revoked(db: Db) {
        let (by, who, r) = (user(&db, "教务").await, teacher(&db, "王芳").await, room(&db, ONE, "301").await);
        let a = class(&db, ONE, "1班", None).await;
        let add = async |kind, target, n| db.add_feed(ONE, kind, target, &hash(n), by, NOW_MS).await;
        let of_class = add(FeedKind::Class, a.0, 1).await.unwrap();
        add(FeedKind::Teacher, who.0, 2).await.unwrap();
        add(FeedKind::Room, r.0, 3).await.unwrap();
        let labels = async || db.feeds(ONE).await.unwrap().into_iter().map(|f| f.label).collect::<Vec<_>>();
        assert_eq!(labels().await, ["小学一年级 1班", "王芳", "301"]);
        let found = db.feed_by_token(&hash(1), NOW_MS + 7).await.unwrap().unwrap();
        assert_eq!((found.id, found.school_id, found.kind, found.target), (of_class, ONE, FeedKind::Class, a.0));
        let listed = db.feeds(ONE).await.unwrap();
        assert_eq!((listed[0].read_at_ms, listed[1].read_at_ms), (Some(NOW_MS + 7), None));
        assert_eq!((listed[0].made_by.as_str(), listed[0].made_at_ms), ("教务", NOW_MS));
        let stamp = async |now_ms| {
            db.feed_by_token(&hash(1), now_ms).await.unwrap();
            db.feeds(ONE).await.unwrap()[0].read_at_ms
        };
        assert_eq!(stamp(NOW_MS + 8).await, Some(NOW_MS + 7), "whoever asks again and again writes nothing");
        assert_eq!(stamp(NOW_MS + 60_007).await, Some(NOW_MS + 60_007));
        assert!(db.feed_by_token(&hash(9), NOW_MS).await.unwrap().is_none());
        db.revoke_feed(of_class).await.unwrap();
        assert!(db.feed_by_token(&hash(1), NOW_MS).await.unwrap().is_none());
        assert!(matches!(db.revoke_feed(of_class).await, Err(DbError::NotFound { noun: Noun::Feed, .. })));
        db.delete_teacher(who).await.unwrap();
        db.delete_room(r).await.unwrap();
        assert!(labels().await.is_empty(), "a feed goes with what it is of");
    }

    async fn a_feed_is_of_something_in_the_school(db: Db) {
        let two = school(&db, "二中").await;
        let (a, r) = (class(&db, two, "1班", None).await, room(&db, two, "101").await);
        for (kind, target) in [(FeedKind::Class, a.0), (FeedKind::Room, r.0), (FeedKind::Teacher, 99)] {
            let refused = db.add_feed(ONE, kind, target, &hash(1), UserId(1), NOW_MS).await;
            assert!(matches!(&refused, Err(DbError::Fault(f)) if f.field == "target"), "{refused:?}");
        }
        db.add_feed(two, FeedKind::Room, r.0, &hash(1), UserId(1), NOW_MS).await.unwrap();
    }
}
