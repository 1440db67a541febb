//! Imports: kept for a day, five a user, ended once, all or nothing.

use crate::NOW_MS;
use db::{
    Alias, AliasNoun, BasicRow, Db, DbError, IMPORT_KEPT_MS, IMPORTS_PER_USER, ImportName, NewImport,
    NewImported, NewUser, NewVersion, Noun,
};
use jiff::civil::date;
use model::calendar::{Cell, Timetable, Weeks};
use model::right::Role;
use model::school::{Grade, Room, Teacher};
use model::{ClassId, GradeId, RoomId, SchoolId, SubjectId, TeacherId, UserId};

const SCHOOL: SchoolId = SchoolId(1);

async fn user(db: &Db, name: &str) -> UserId {
    let new = NewUser {
        name: name.into(),
        display_name: String::new(),
        password_hash: "$argon2id$".into(),
        role: Role::Admin,
    };
    db.add_user(&new, NOW_MS).await.unwrap()
}

fn file(user_id: UserId) -> NewImport {
    NewImport {
        school_id: Some(SCHOOL),
        user_id,
        what: "timetable".into(),
        file_name: "高一.xlsx".into(),
        sha256: "ab".repeat(32),
        document: "{\"cells\":[]}".into(),
        choices: "{}".into(),
    }
}

fn cell(class: i64, period: u8) -> Cell {
    Cell {
        class: ClassId(class),
        day: 1,
        period,
        span: 1,
        weeks: Weeks::All,
        subject: SubjectId(-2),
        teacher: Some(TeacherId(-3)),
        room: Some(RoomId(-4)),
        with: Vec::new(),
        record: None,
    }
}

fn imported(newest_no: i64) -> NewImported {
    NewImported {
        version: NewVersion {
            newest_no,
            from: date(2026, 11, 20),
            source: "高一.xlsx".into(),
            note: String::new(),
            timetable: Timetable { cells: vec![cell(-1, 1), cell(-1, 2)] },
        },
        names: vec![
            (-1, ImportName::Class { grade_id: GradeId(10), name: "3班".into() }),
            (-2, ImportName::Subject("通用技术".into())),
            (-3, ImportName::Teacher("王芳".into())),
            (-4, ImportName::Room("301".into())),
        ],
        aliases: vec![
            Alias { noun: AliasNoun::Class, text: "高一(3)".into(), target: -1 },
            Alias { noun: AliasNoun::Subject, text: "语".into(), target: 1 },
        ],
    }
}

on_both! {
    async fn an_import_is_its_users_own_and_forgotten_after_a_day(db: Db) {
        let (mine, other) = (user(&db, "a").await, user(&db, "b").await);
        let id = db.add_import(&file(mine), NOW_MS).await.unwrap();
        db.choose_import(id, mine, "{\"skip\":[]}", NOW_MS + 10).await.unwrap();
        let job = db.import_job(id, mine, NOW_MS + 20).await.unwrap();
        assert_eq!((job.choices.as_str(), job.result, job.touched_at_ms), ("{\"skip\":[]}", None, NOW_MS + 10));
        assert_eq!(db.import_document(id, mine).await.unwrap(), "{\"cells\":[]}");
        for refused in [db.import_job(id, other, NOW_MS).await, db.import_job(99, mine, NOW_MS).await] {
            assert!(matches!(refused, Err(DbError::NotFound { noun: Noun::Import, .. })), "{refused:?}");
        }
        assert!(db.choose_import(id, other, "{}", NOW_MS).await.is_err());
        let late = NOW_MS + 11 + IMPORT_KEPT_MS;
        assert!(db.import_job(id, mine, late).await.is_err());
        assert!(db.imports(mine, late).await.unwrap().is_empty());
        db.add_import(&file(other), late).await.unwrap();
        assert!(db.import_document(id, mine).await.is_err(), "the next upload sweeps it away");
    }

    async fn a_sixth_import_takes_the_place_of_the_oldest(db: Db) {
        let mine = user(&db, "a").await;
        let mut ids = Vec::new();
        for n in 0..=IMPORTS_PER_USER as i64 {
            ids.push(db.add_import(&file(mine), NOW_MS + n).await.unwrap());
        }
        let kept: Vec<i64> = db.imports(mine, NOW_MS).await.unwrap().iter().map(|j| j.id).collect();
        ids.reverse();
        assert_eq!(kept, ids[..IMPORTS_PER_USER]);
        db.drop_import(kept[0], mine).await.unwrap();
        assert_eq!(db.imports(mine, NOW_MS).await.unwrap().len(), IMPORTS_PER_USER - 1);
        let large = NewImport { document: "x".repeat(8 * 1024 * 1024 + 1), ..file(mine) };
        assert!(matches!(db.add_import(&large, NOW_MS).await, Err(DbError::Fault(f)) if f.field == "document"));
    }

    async fn an_import_makes_its_names_and_publishes_once(db: Db) {
        let mine = user(&db, "a").await;
        let id = db.add_import(&file(mine), NOW_MS).await.unwrap();
        let no = db.publish_import(id, SCHOOL, &imported(0), mine, NOW_MS).await.unwrap();
        assert_eq!(db.publish_import(id, SCHOOL, &imported(0), mine, NOW_MS + 5).await.unwrap(), no);
        assert_eq!(db.timetable_versions(SCHOOL).await.unwrap().len(), 1);
        assert_eq!(db.import_job(id, mine, NOW_MS).await.unwrap().result, Some(no));
        let class = &db.classes(SCHOOL).await.unwrap()[0];
        let cells = db.timetable(SCHOOL, no).await.unwrap().cells;
        assert_eq!((cells.len(), cells[0].class, class.name.as_str()), (2, class.id, "3班"));
        let room = db.rooms(SCHOOL).await.unwrap()[0].id;
        assert_eq!(cells[0].room, Some(room));
        assert_eq!(class.room_id, Some(room), "where all its lessons are is its own room");
        let aliases = db.aliases(SCHOOL).await.unwrap();
        let targets: Vec<(&str, i64)> = aliases.iter().map(|a| (a.text.as_str(), a.target)).collect();
        assert_eq!(targets, [("高一(3)", class.id.0), ("语", 1)]);
    }

    async fn a_new_class_without_a_usual_room_has_none(db: Db) {
        let mine = user(&db, "a").await;
        let id = db.add_import(&file(mine), NOW_MS).await.unwrap();
        let mut new = imported(0);
        new.version.timetable.cells[1].room = None;
        db.publish_import(id, SCHOOL, &new, mine, NOW_MS).await.unwrap();
        assert_eq!(db.classes(SCHOOL).await.unwrap()[0].room_id, None, "one lesson of two is not most");
    }

    async fn an_import_that_is_refused_makes_nothing(db: Db) {
        let mine = user(&db, "a").await;
        let id = db.add_import(&file(mine), NOW_MS).await.unwrap();
        let outdated = db.publish_import(id, SCHOOL, &imported(7), mine, NOW_MS).await;
        assert!(matches!(outdated, Err(DbError::Outdated { current: 0 })), "{outdated:?}");
        let mut without = imported(0);
        without.names.pop();
        let unknown = db.publish_import(id, SCHOOL, &without, mine, NOW_MS).await;
        assert!(matches!(unknown, Err(DbError::Fault(f)) if f.field == "room"));
        let mut doubled = imported(0);
        doubled.names.push((-9, ImportName::Subject("语文".into())));
        let taken = db.publish_import(id, SCHOOL, &doubled, mine, NOW_MS).await;
        assert!(matches!(taken, Err(DbError::Taken { noun: Noun::Subject })), "{taken:?}");
        assert!(db.classes(SCHOOL).await.unwrap().is_empty());
        assert_eq!(db.all_subjects().await.unwrap().len(), 11);
        assert!(db.all_teachers().await.unwrap().is_empty() && db.aliases(SCHOOL).await.unwrap().is_empty());
        assert_eq!(db.import_job(id, mine, NOW_MS).await.unwrap().result, None);
    }

    async fn basic_data_is_written_whole_or_not_at_all(db: Db) {
        let mine = user(&db, "a").await;
        let id = db.add_import(&file(mine), NOW_MS).await.unwrap();
        let room = |name: &str| BasicRow::Room(Room { id: RoomId(0), school_id: SCHOOL, name: name.into() });
        let twice = [room("301"), room("302"), room("301")];
        let taken = db.apply_basic(id, &twice, mine, NOW_MS).await;
        assert!(matches!(taken, Err(DbError::Taken { noun: Noun::Room })), "{taken:?}");
        assert!(db.rooms(SCHOOL).await.unwrap().is_empty());
        let teacher = Teacher { id: TeacherId(0), name: "王芳".into(), sex: 1, title: 2, about: String::new() };
        let grade = Grade { id: GradeId(0), stage: "大学".into(), name: "一年级".into() };
        let rows = [room("301"), BasicRow::Teacher(teacher.clone()), BasicRow::Grade(grade)];
        assert_eq!(db.apply_basic(id, &rows, mine, NOW_MS).await.unwrap(), 3);
        assert_eq!(db.apply_basic(id, &rows, mine, NOW_MS).await.unwrap(), 3, "sent twice, written once");
        let found = db.all_teachers().await.unwrap();
        assert_eq!((found.len(), db.rooms(SCHOOL).await.unwrap().len()), (1, 1));
        let next = db.add_import(&file(mine), NOW_MS).await.unwrap();
        let older = Teacher { id: found[0].id, about: "班主任".into(), ..teacher };
        db.apply_basic(next, &[BasicRow::Teacher(older)], mine, NOW_MS).await.unwrap();
        assert_eq!(db.all_teachers().await.unwrap()[0].about, "班主任");
    }
}
