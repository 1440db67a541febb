//! Basic data in and out: header words, row problems, doubles, round trips, templates; and feeds read by another's reader.

// clippy sees no #[test] around what the tests share.
#![allow(clippy::unwrap_used)]

mod fixture;

use fixture::Book;
use model::{ClassId, GradeId};
use sheet::basic::{self, Kind, Row};
use sheet::ics::{self, Event};
use sheet::timetable::{ClassName, GradeName, Names};
use sheet::{Language, Workbook};

#[track_caller]
fn check(kind: Kind, text: &str, expected: &[&str], wrong: &[&str]) {
    let book = Workbook::read("t.xlsx", &Book::new().sheet("s", text, &[]).bytes()).unwrap();
    let found = basic::read(kind, &book);
    let rows: Vec<String> =
        found.rows.iter().map(|(row, at)| format!("{} {}", at.cell(), told(row))).collect();
    assert_eq!(rows, expected);
    let problems: Vec<String> =
        found.problems.iter().map(|p| format!("{} {:?}", p.at.cell(), p.code)).collect();
    assert_eq!(problems, wrong, "{:#?}", found.problems);
    assert!(found.problems.iter().all(|p| p.zh.contains(['。']) && p.en.contains('.')));
}

fn told(row: &Row) -> String {
    match row {
        Row::School { name, address, phone } => format!("{name}|{address}|{phone}"),
        Row::Grade { stage, name } => format!("{stage}|{name}"),
        Row::Class { stage, grade, name, room, record } => {
            format!("{stage}|{grade}|{name}|{room}|{record:?}")
        }
        Row::Room { name } | Row::Subject { name } => name.clone(),
        Row::Teacher { name, sex, title, about } => format!("{name}|{sex:?}|{title:?}|{about}"),
        Row::Student { class, number, name, sex } => format!("{class}|{number}|{name}|{sex:?}"),
    }
}

#[test]
fn header_words_and_orders_do_not_matter() {
    check(
        Kind::Teachers,
        "某某中学教师名单\n序号|教师姓名|职称|性别\n#1|王芳|一级教师|女\n#2|李 强|高级|M\n#3||高级|男\n#4|王 芳||\n#5|赵军|大师|\n#6|张三||?",
        &["B3 王芳|Some(1)|Some(2)|", "B4 李 强|Some(0)|Some(1)|"],
        &["A2 Aside", "B5 Missing", "B6 Duplicate", "C7 BadValue", "D8 BadValue"],
    );
    check(
        Kind::Students,
        "Class|Student Number|Name|Gender\n高一1班|#20260001|Brown|female\n高一1班|0012|李明|\n高一1班|0012|李雷|男",
        &["A2 高一1班|20260001|Brown|Some(1)", "A3 高一1班|0012|李明|None"],
        &["A4 Duplicate"],
    );
    check(
        Kind::Classes,
        "班级|教室|是否录课\n高一(3)班|#301|是\n2026级实验班||否\n3班||",
        &["A2 |高一|3班|301|Some(true)", "A3 |2026级|实验班||Some(false)"],
        &["4 Missing"],
    );
    check(
        Kind::Grades,
        "年级\n高一\n初二\n三年级\n2026级",
        &["A2 高中|高一", "A3 初中|初二", "A4 小学|三年级"],
        &["5 Missing"],
    );
    check(Kind::Rooms, "教室\n#301\n操场\n301.0", &["A2 301", "A3 操场"], &["A4 Duplicate"]);
    check(Kind::Schools, "学校名称|联系电话\n一中|#01088\n", &["A2 一中||1088"], &[]);
    check(Kind::Subjects, "课程表\n没有表头", &[], &[" NoTable"]);
}

#[test]
fn what_is_written_is_read_back_and_templates_are_empty() {
    let text = |s: &str| s.to_owned();
    let rows = [
        (
            Kind::Schools,
            Row::School { name: text("=cmd|'/c'!A1"), address: text("a,\"b\""), phone: text("+86 10") },
        ),
        (Kind::Grades, Row::Grade { stage: text("高中"), name: text("一年级") }),
        (
            Kind::Classes,
            Row::Class {
                stage: text("高中"),
                grade: text("一年级"),
                name: text("（1）班"),
                room: text("007"),
                record: Some(false),
            },
        ),
        (Kind::Rooms, Row::Room { name: text("-1层 301") }),
        (Kind::Subjects, Row::Subject { name: text("@数学") }),
        (
            Kind::Teachers,
            Row::Teacher { name: text("王芳"), sex: Some(1), title: Some(4), about: text("班主任") },
        ),
        (
            Kind::Students,
            Row::Student { class: text("高一1班"), number: text("0001"), name: text("李明"), sex: None },
        ),
    ];
    for (kind, row) in rows {
        for language in [Language::Chinese, Language::English] {
            let list = [row.clone()];
            let csv = basic::write_csv(kind, &list, language).unwrap();
            for bytes in [basic::write_xlsx(kind, &list, language).unwrap(), csv] {
                let found = basic::read(kind, &Workbook::read("x", &bytes).unwrap());
                assert_eq!(found.problems, []);
                assert_eq!(found.rows.into_iter().map(|(row, _)| row).collect::<Vec<_>>(), list);
            }
            let template = basic::template(kind, &Names::default(), language).unwrap();
            let found = basic::read(kind, &Workbook::read("x", &template).unwrap());
            assert_eq!((found.rows, found.problems), (vec![], vec![]), "{kind:?}");
        }
    }
    let csv = basic::write_csv(
        Kind::Schools,
        &[Row::School { name: text("=1+1"), address: text(""), phone: text("") }],
        Language::Chinese,
    );
    assert!(String::from_utf8(csv.unwrap()).unwrap().contains("\r\n'=1+1,"));
}

#[test]
fn grades_are_found_by_their_usual_names() {
    let grade = |id, stage: &str, name: &str| GradeName {
        id: GradeId(id),
        stage: stage.to_owned(),
        name: name.to_owned(),
    };
    let names = Names {
        grades: vec![grade(1, "高中", "一年级"), grade(2, "初中", "一年级"), grade(3, "高中", "2025级")],
        classes: vec![ClassName { id: ClassId(1), grade: GradeId(1), name: "1班".to_owned() }],
        ..Names::default()
    };
    for (stage, name, id) in [
        ("", "高一", Some(1)),
        ("高中", "一年级", Some(1)),
        ("", "高中一年级", Some(1)),
        ("", "七年级", Some(2)),
        ("", "2025级", Some(3)),
        ("", "一年级", None),
        ("", "高三", None),
    ] {
        assert_eq!(names.grade_named(stage, name).map(|g| g.0), id, "{stage} {name}");
    }
    assert_eq!(names.class_label(&names.classes[0]), "高一1班");
}

#[test]
fn feeds_are_read_by_a_reader_that_is_not_ours() {
    let event = |n: i64| Event {
        uid: format!("c1-2026112{n}-p3-0@school.example"),
        sequence: 2,
        changed_at_ms: 1_795_392_000_000,
        start_at_ms: 1_795_392_000_000 + n * 604_800_000,
        end_at_ms: 1_795_394_700_000 + n * 604_800_000,
        summary: "数学；高一(1)班, \\ 很长的名称".repeat(4),
        location: "301".to_owned(),
        description: "王芳\n第3节".to_owned(),
        cancelled: n == 2,
    };
    let bytes = ics::write(&[event(0), event(1), event(2)], "高一1班", "Asia/Shanghai");
    assert_eq!(
        bytes,
        ics::write(&[event(0), event(1), event(2)], "高一1班", "Asia/Shanghai"),
        "stable bytes"
    );
    let text = String::from_utf8(bytes.clone()).unwrap();
    assert!(text.split("\r\n").all(|line| line.len() <= 75 && !line.contains('\n')));
    let calendar: icalendar::Calendar = text.parse().unwrap();
    let events: Vec<&icalendar::Event> = calendar.iter().filter_map(|c| c.as_event()).collect();
    use icalendar::Component as _;
    assert_eq!(events.len(), 3);
    assert_eq!(events[0].get_uid(), Some("c1-20261120-p3-0@school.example"));
    assert_eq!(events[0].get_summary(), Some("数学；高一(1)班, \\ 很长的名称".repeat(4).as_str()));
    assert_eq!(events[0].property_value("DTSTART"), Some("20261123T000000Z"));
    assert_eq!(events[2].property_value("STATUS"), Some("CANCELLED"));
    let zone = jiff::tz::TimeZone::get("Asia/Shanghai").unwrap();
    let found = sheet::timetable::read("feed.ics", &bytes, None, &zone).unwrap();
    let entry = found.entries().next().unwrap();
    assert_eq!((entry.day, entry.room.as_str(), entry.teacher.as_str()), (1, "301", "王芳"));
    assert_eq!((entry.period.start_s, entry.period.end_s), (Some(28_800), Some(31_500)));
}

#[test]
fn a_roll_of_the_office_is_read_as_it_is() {
    check(
        Kind::Teachers,
        "2026年教师名册\n序号|任课教师|性别|所教学科\n#1|王芳|女|数学\n#2||男|\n合计|#3||",
        &["B3 王芳|Some(1)|None|"],
        &["A2 Aside", "D2 Aside", "B4 Missing", "5 Aside"],
    );
    check(
        Kind::Classes,
        "班级名称|所在教室|班主任\n高一(3)班|#301|王芳",
        &["A2 |高一|3班|301|None"],
        &["C1 Aside"],
    );
}
