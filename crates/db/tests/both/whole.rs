//! The database as a whole: texts, opening, migrating, seeds, the claim of the first admin.

use crate::{NOW_MS, sqlite_in};
use db::{Db, DbError, NewUser};
use model::right::Role;
use std::collections::HashSet;
use testkit::postgres;

fn admin(name: &str) -> NewUser {
    NewUser {
        name: name.into(),
        display_name: String::new(),
        password_hash: "$argon2id$".into(),
        role: Role::User,
    }
}

on_both! {
    async fn every_text_is_understood(db: Db) {
        let texts = db::texts();
        assert!(texts.len() > 120, "{}", texts.len());
        let names: HashSet<_> = texts.iter().map(|(name, _)| name).collect();
        assert_eq!(names.len(), texts.len());
        for (name, text) in texts {
            db.prepare(text).await.unwrap_or_else(|e| panic!("{name}: {e}\n{text}"));
        }
    }

    async fn a_new_site_is_closed_and_has_the_manuals_subjects_and_grades(db: Db) {
        assert!(!db.is_claimed().await.unwrap());
        let subjects = db.all_subjects().await.unwrap();
        assert_eq!((subjects.len(), subjects[0].name.as_str()), (11, "语文"));
        assert_eq!(db.all_grades().await.unwrap().len(), 12);
        assert_eq!(db.all_schools().await.unwrap()[0].name, "本校");
        assert!(db.all_teachers().await.unwrap().is_empty());
        let settings = db.settings().await.unwrap();
        assert!(!settings.openness().vod && !settings.openness().live);
        assert_eq!((settings.site_name.as_str(), settings.site_tag.len()), ("云录播", 13));
        db.check().await.unwrap();
    }

    async fn what_an_admin_removed_is_not_seeded_again(db: Db) {
        let biology = db.all_subjects().await.unwrap().pop().unwrap();
        db.delete_subject(biology.id).await.unwrap();
        db.migrate().await.unwrap();
        db.seed(NOW_MS + 1).await.unwrap();
        assert_eq!(db.all_subjects().await.unwrap().len(), 10);
        db.seed_demo_teachers().await.unwrap();
        db.seed_demo_teachers().await.unwrap();
        assert_eq!(db.all_teachers().await.unwrap().len(), 11);
    }

    async fn of_a_hundred_claims_exactly_one_wins_and_nobody_ever_after(db: Db) {
        let claims: Vec<_> = (0..100)
            .map(|n| {
                let db = db.clone();
                tokio::spawn(async move { db.claim_first_admin(&admin(&format!("a{n}")), NOW_MS).await })
            })
            .collect();
        let mut won = Vec::new();
        for claim in claims {
            match claim.await.unwrap() {
                Ok(id) => won.push(id),
                Err(DbError::Claimed) => {}
                Err(e) => panic!("{e}"),
            }
        }
        assert_eq!(won.len(), 1);
        assert_eq!(db.user(won[0]).await.unwrap().role, Role::Admin);
        assert_eq!(db.list_users("", db::Page::first(10)).await.unwrap().total, 1);
        assert!(matches!(db.claim_first_admin(&admin("late"), NOW_MS).await, Err(DbError::Claimed)));
    }

    async fn a_refused_claim_leaves_the_site_unclaimed(db: Db) {
        assert!(matches!(db.claim_first_admin(&admin(" "), NOW_MS).await, Err(DbError::Fault(_))));
        assert!(!db.is_claimed().await.unwrap());
        db.claim_first_admin(&admin("first"), NOW_MS).await.unwrap();
        assert!(db.is_claimed().await.unwrap());
    }

    async fn a_transaction_that_is_dropped_half_way_holds_nobody_up(db: Db) {
        for n in 0..50u32 {
            let (task_db, new) = (db.clone(), admin(&format!("u{n}")));
            let task = tokio::spawn(async move { task_db.add_user(&new, NOW_MS).await });
            tokio::task::yield_now().await;
            task.abort();
        }
        db.add_user(&admin("after"), NOW_MS).await.unwrap();
        assert!(db.user_by_name("after").await.unwrap().is_some());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_processes_may_migrate_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let sqlite = format!("sqlite://{}?mode=rwc", dir.path().join("site.db").display());
    for url in [sqlite, postgres::server().database()] {
        let first = Db::open(&url, 2).await.unwrap();
        let second = Db::open(&url, 2).await.unwrap();
        let (a, b) = tokio::join!(first.migrate(), second.migrate());
        a.unwrap();
        b.unwrap();
        let (a, b) = tokio::join!(first.seed(NOW_MS), second.seed(NOW_MS));
        a.unwrap();
        b.unwrap();
        assert_eq!(second.all_subjects().await.unwrap().len(), 11);
        first.close().await;
        second.close().await;
    }
}

#[tokio::test]
async fn a_committed_row_survives_closing_and_opening() {
    let dir = tempfile::tempdir().unwrap();
    let db = sqlite_in(dir.path()).await;
    db.add_user(&admin("kept"), NOW_MS).await.unwrap();
    db.close().await;
    let db = sqlite_in(dir.path()).await;
    assert!(db.user_by_name("KEPT").await.unwrap().is_some());
}

#[tokio::test]
async fn an_unreachable_database_is_named_without_its_password() {
    let error = Db::open("postgres://me:secret@127.0.0.1:1/site", 2).await.unwrap_err().to_string();
    assert!(error.contains("postgres://127.0.0.1:1/site") && !error.contains("secret"), "{error}");
}

/// The rule that makes the list of texts complete: no file passes a literal to the database.
#[test]
fn no_text_hides_outside_the_lists() {
    for file in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/src")).unwrap() {
        let path = file.unwrap().path();
        let source = std::fs::read_to_string(&path).unwrap();
        for call in [
            "sql(\"",
            "query(\"SELECT",
            "query(\"INSERT",
            "query(\"UPDATE",
            "query(\"DELETE",
            "AssertSqlSafe",
        ] {
            assert!(!source.contains(call), "{} has {call}", path.display());
        }
    }
}
