//! Accounts, sessions, settings.

use crate::NOW_MS;
use crate::samples::{gatherer, hash};
use db::{DbError, NewUser, Noun, Page, Settings, UserChange};
use model::fault::Reason;
use model::right::Role;

fn user(name: &str, role: Role) -> NewUser {
    NewUser { name: name.into(), display_name: "某".into(), password_hash: "$argon2id$x".into(), role }
}

fn change(role: Role, disabled: bool) -> UserChange {
    UserChange { display_name: "新".into(), role, disabled }
}

on_both! {
    async fn a_login_name_is_unique_and_found_in_any_case(db: Db) {
        let id = db.add_user(&user(" Émile ", Role::User), NOW_MS).await.unwrap();
        let taken = db.add_user(&user("éMILE", Role::User), NOW_MS).await.unwrap_err();
        assert!(matches!(taken, DbError::Taken { noun: Noun::User }), "{taken}");
        let (found, password) = db.user_by_name("éMILE").await.unwrap().unwrap();
        assert_eq!((found.id, found.name.as_str(), password.as_str()), (id, "Émile", "$argon2id$x"));
        db.user_logged_in(id, NOW_MS + 5).await.unwrap();
        assert_eq!(db.user(id).await.unwrap().last_login_at_ms, Some(NOW_MS + 5));
        assert!(db.user_by_name("nobody").await.unwrap().is_none());
    }

    async fn the_last_admin_stays(db: Db) {
        let one = db.add_user(&user("one", Role::Admin), NOW_MS).await.unwrap();
        let two = db.add_user(&user("two", Role::Admin), NOW_MS).await.unwrap();
        let (change_one, change_two) = (change(Role::User, false), change(Role::Admin, true));
        let (a, b) = tokio::join!(db.save_user(one, &change_one), db.save_user(two, &change_two));
        assert_eq!([a.is_ok(), b.is_ok()].iter().filter(|ok| **ok).count(), 1);
        let left = if a.is_ok() { two } else { one };
        assert!(matches!(db.delete_user(left).await, Err(DbError::LastAdmin)));
        assert!(matches!(db.save_user(left, &change(Role::User, false)).await, Err(DbError::LastAdmin)));
        db.save_user(left, &change(Role::Admin, false)).await.unwrap();
    }

    async fn a_session_lives_until_its_end_its_logout_or_its_accounts_end(db: Db) {
        let id = db.add_user(&user("u", Role::User), NOW_MS).await.unwrap();
        for n in 0..4 {
            db.add_session(&hash(n), id, NOW_MS, NOW_MS + 100).await.unwrap();
        }
        assert_eq!(db.session(&hash(0), NOW_MS + 99).await.unwrap().unwrap().user.id, id);
        assert!(db.session(&hash(0), NOW_MS + 100).await.unwrap().is_none());
        db.touch_session(&hash(0), NOW_MS + 200).await.unwrap();
        assert!(db.session(&hash(0), NOW_MS + 100).await.unwrap().is_some());
        db.delete_session(&hash(1)).await.unwrap();
        assert!(db.session(&hash(1), NOW_MS).await.unwrap().is_none());
        assert_eq!(db.purge_sessions(NOW_MS + 150).await.unwrap(), 2);
        db.add_session(&hash(5), id, NOW_MS, NOW_MS + 100).await.unwrap();
        assert_eq!(db.delete_sessions_of(id, Some(&hash(0))).await.unwrap(), 1);
        db.set_password(id, "$argon2id$y").await.unwrap();
        assert!(db.session(&hash(0), NOW_MS).await.unwrap().is_none());
        db.add_session(&hash(6), id, NOW_MS, NOW_MS + 100).await.unwrap();
        db.save_user(id, &change(Role::User, true)).await.unwrap();
        assert!(db.session(&hash(6), NOW_MS).await.unwrap().is_none());
        db.delete_user(id).await.unwrap();
        assert!(matches!(db.user(id).await, Err(DbError::NotFound { noun: Noun::User, .. })));
    }

    async fn lists_are_paged_and_searched(db: Db) {
        for n in 0..23 {
            db.add_user(&user(&format!("user_{n:02}"), Role::User), NOW_MS).await.unwrap();
        }
        let page = db.list_users("", Page::number(3, 10)).await.unwrap();
        assert_eq!((page.rows.len(), page.total, page.pages(10)), (3, 23, 3));
        assert_eq!(db.list_users("R_1", Page::first(50)).await.unwrap().total, 10);
        assert_eq!(db.list_users("r%1", Page::first(50)).await.unwrap().total, 0);
    }

    async fn settings_keep_their_limits_and_tell_gatherers_of_the_zone(db: Db) {
        let id = gatherer(&db, 1).await.id;
        let before = db.state_version(id).await.unwrap();
        let tag = db.settings().await.unwrap().site_tag;
        let quiet = Settings { open_vod: true, phone: "110".into(), ..Settings::default() };
        db.save_settings(&quiet).await.unwrap();
        assert_eq!(db.state_version(id).await.unwrap(), before);
        let zone = Settings { time_zone: "Europe/Berlin".into(), ..quiet.clone() };
        db.save_settings(&zone).await.unwrap();
        assert_eq!(db.state_version(id).await.unwrap(), before + 1);
        assert_eq!(db.settings().await.unwrap(), Settings { site_tag: tag, ..zone });
        let wrong = Settings { time_zone: "Mars/Base".into(), ..quiet.clone() };
        let refused = db.save_settings(&wrong).await.unwrap_err();
        assert!(matches!(refused, DbError::Fault(f) if f.reason == Reason::BadTimeZone));
        let wrong = Settings { official_site: "javascript:alert(1)".into(), ..quiet };
        assert!(matches!(db.save_settings(&wrong).await, Err(DbError::Fault(f)) if f.field == "official_site"));
    }
}
