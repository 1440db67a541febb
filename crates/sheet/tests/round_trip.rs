//! What is written is read back to the same cells: grids, lists, both languages, any names.

// clippy sees no #[test] around what the tests share.
#![allow(clippy::unwrap_used)]

mod fixture;

use fixture::found;
use model::calendar::{BellTable, Cell, Period, PeriodKind, Timetable, Weeks};
use model::{ClassId, GradeId, RoomId, SubjectId, TeacherId};
use proptest::prelude::*;
use sheet::Language;
use sheet::timetable::{self, By, Choices, ClassName, Export, Form, GradeName, Names};

fn bells() -> BellTable {
    let kinds = [
        ("早读", PeriodKind::Reading),
        ("第1节", PeriodKind::Lesson),
        ("第2节", PeriodKind::Lesson),
        ("大课间", PeriodKind::Break),
        ("第3节", PeriodKind::Lesson),
        ("第4节", PeriodKind::Lesson),
        ("大扫除", PeriodKind::Break),
        ("活动课", PeriodKind::Lesson),
        ("自习", PeriodKind::SelfStudy),
        ("自习", PeriodKind::SelfStudy),
    ];
    let periods = kinds.iter().zip(1_u8..).map(|((label, kind), no)| Period {
        no,
        label: (*label).to_owned(),
        kind: *kind,
        start_s: 27_000 + u32::from(no) * 3_000,
        end_s: 27_000 + u32::from(no) * 3_000 + 2_400,
    });
    BellTable { id: 1, name: "常规".to_owned(), periods: periods.collect() }
}

fn names() -> Names {
    let all = |names: &[&str]| {
        names.iter().zip(1..).map(|(n, id)| (id, (*n).to_owned())).collect::<Vec<(i64, String)>>()
    };
    let grade = |id, stage: &str, name: &str| GradeName {
        id: GradeId(id),
        stage: stage.to_owned(),
        name: name.to_owned(),
    };
    let class =
        |id, grade, name: &str| ClassName { id: ClassId(id), grade: GradeId(grade), name: name.to_owned() };
    Names {
        grades: vec![grade(1, "高中", "一年级"), grade(2, "初中", "2026级")],
        classes: vec![
            class(1, 1, "1班"),
            class(2, 1, "(2)班"),
            class(3, 2, "3班"),
            class(4, 1, "走班 A/数学"),
        ],
        subjects: all(&["数学", "数学（选修）", "Physical Education", "音乐/美术", "体育(女)", "信息 技术"])
            .into_iter()
            .map(|(id, n)| (SubjectId(id), n))
            .collect(),
        teachers: all(&["王芳", "李强(外聘)", "O'Neil, J.", "@特", "张 三", "---"])
            .into_iter()
            .map(|(id, n)| (TeacherId(id), n))
            .collect(),
        rooms: all(&["301", "实验楼（3）", "007", "=A1"])
            .into_iter()
            .map(|(id, n)| (RoomId(id), n))
            .collect(),
        bells: vec![bells()],
        days: 7,
        ..Names::default()
    }
}

fn cell(class: i64, day: u8, period: u8) -> Cell {
    Cell {
        class: ClassId(class),
        day,
        period,
        span: 1,
        weeks: Weeks::All,
        subject: SubjectId(1),
        teacher: None,
        room: None,
        with: Vec::new(),
        record: None,
    }
}

#[track_caller]
fn check(names: &Names, cells: Vec<Cell>) {
    let timetable = Timetable { cells }.sorted();
    for language in [Language::Chinese, Language::English] {
        let export = Export {
            names,
            timetable: &timetable,
            by: By::Class,
            only: None,
            title: "第一中学 2026-2027",
            language,
        };
        let files = [
            ("grid.xlsx", timetable::write_grid(&export).unwrap()),
            ("list.xlsx", timetable::write_list_xlsx(&export).unwrap()),
            ("list.csv", timetable::write_list_csv(&export).unwrap()),
        ];
        for (name, bytes) in files {
            if timetable.cells.is_empty() {
                continue;
            }
            let draft = timetable::resolve(&found(name, &bytes), names, &Choices::default());
            assert_eq!(draft.unknown, [], "{name} {language:?}");
            let lost: Vec<_> = draft.problems.iter().filter(|p| p.weight == sheet::Weight::Lost).collect();
            assert!(lost.is_empty(), "{name} {language:?}: {lost:#?}");
            let back =
                Timetable { cells: draft.settle(&Default::default()).into_iter().map(|(c, _)| c).collect() };
            assert_eq!(back.sorted(), timetable, "{name} {language:?}");
        }
    }
}

#[test]
fn a_grid_with_everything_comes_back() {
    // 连堂 that can be merged, that runs over a break, that shares its slot, that has others below it.
    let mut cells = vec![
        Cell { span: 2, teacher: Some(TeacherId(2)), ..cell(1, 1, 2) },
        Cell { span: 2, room: Some(RoomId(2)), ..cell(1, 2, 3) },
        Cell { span: 2, weeks: Weeks::Odd, ..cell(1, 3, 2) },
        Cell { weeks: Weeks::Even, subject: SubjectId(4), teacher: Some(TeacherId(4)), ..cell(1, 3, 2) },
        Cell { weeks: Weeks::Even, ..cell(1, 3, 3) },
        Cell { span: 4, subject: SubjectId(3), teacher: Some(TeacherId(3)), ..cell(2, 5, 2) },
    ];
    // 合班.
    let joint = |class, other| Cell {
        with: vec![ClassId(other)],
        subject: SubjectId(5),
        teacher: Some(TeacherId(5)),
        room: Some(RoomId(4)),
        weeks: "1-8,10".parse().unwrap(),
        record: Some(true),
        ..cell(class, 4, 5)
    };
    cells.extend([joint(1, 3), joint(3, 1)]);
    cells.push(Cell {
        record: Some(false),
        weeks: "mod 3 2".parse().unwrap(),
        room: Some(RoomId(3)),
        ..cell(3, 7, 1)
    });
    // Labels that are no period to any reader, and two alike.
    cells.extend([cell(4, 1, 8), cell(4, 1, 9), cell(4, 1, 10)]);
    check(&names(), cells);
}

#[test]
fn a_rotation_comes_back_by_day_of_the_cycle() {
    let names = Names { days: 8, ..names() };
    check(&names, vec![cell(1, 8, 2), Cell { weeks: Weeks::Odd, ..cell(2, 1, 3) }]);
}

#[test]
fn teachers_and_rooms_come_back_as_far_as_they_show() {
    let names = names();
    let joint = |class, other: &[i64]| Cell {
        with: other.iter().map(|c| ClassId(*c)).collect(),
        teacher: Some(TeacherId(2)),
        room: Some(RoomId(1)),
        span: 2,
        ..cell(class, 4, 5)
    };
    let cells = vec![
        joint(1, &[2, 3]),
        joint(2, &[1, 3]),
        joint(3, &[1, 2]),
        Cell { teacher: Some(TeacherId(1)), room: Some(RoomId(2)), weeks: Weeks::Odd, ..cell(4, 1, 2) },
        Cell {
            teacher: Some(TeacherId(1)),
            room: Some(RoomId(1)),
            weeks: Weeks::Even,
            subject: SubjectId(2),
            ..cell(1, 1, 2)
        },
    ];
    let timetable = Timetable { cells }.sorted();
    for by in [By::Teacher, By::Room] {
        let export = Export {
            names: &names,
            timetable: &timetable,
            by,
            only: None,
            title: "",
            language: Language::Chinese,
        };
        let draft = timetable::resolve(
            &found("t.xlsx", &timetable::write_grid(&export).unwrap()),
            &names,
            &Choices::default(),
        );
        let back = Timetable { cells: draft.cells.into_iter().map(|(c, _)| c).collect() };
        assert_eq!(back.sorted(), timetable, "{by:?} {:?}", draft.problems);
    }
}

#[test]
fn templates_hold_no_lesson_and_filled_ones_do() {
    let names = names();
    for language in [Language::Chinese, Language::English] {
        for form in [Form::Grid, Form::List] {
            for names in [&names, &Names { days: 7, ..Names::default() }] {
                let bytes = timetable::template(names, form, language).unwrap();
                let found = found("模板.xlsx", &bytes);
                assert_eq!(found.entries().count(), 0, "{form:?} {:?}", fixture::lessons(&found));
                let lost = found.all_problems().filter(|p| p.weight == sheet::Weight::Lost).count();
                assert_eq!(lost, 0, "{form:?}: {:?}", fixture::problems(&found));
            }
        }
    }
    // The drop-downs point to the hidden sheet.
    let bytes = timetable::template(&names, Form::List, Language::Chinese).unwrap();
    let typed = fixture::edited(
        &bytes,
        "xl/worksheets/sheet2.xml",
        "</sheetData>",
        "<row r=\"6\"><c r=\"A6\" t=\"inlineStr\"><is><t>高一1班</t></is></c><c r=\"B6\" t=\"inlineStr\"><is><t>星期二</t></is></c><c r=\"C6\" t=\"inlineStr\"><is><t>活动课 #8</t></is></c><c r=\"E6\" t=\"inlineStr\"><is><t>音乐/美术</t></is></c></row></sheetData>",
    );
    let draft = timetable::resolve(&found("a.xlsx", &typed), &names, &Choices::default());
    assert_eq!(draft.cells.len(), 1, "{:?}", draft.problems);
    assert_eq!(draft.cells[0].0, Cell { subject: SubjectId(4), ..cell(1, 2, 8) });
    let xml = fixture::part(&bytes, "xl/worksheets/sheet2.xml");
    assert!(xml.contains("dataValidation") && xml.contains("_yunlubo!$B$1:$B$4"), "{xml}");
}

fn any_cell() -> impl Strategy<Value = Cell> {
    let weeks = prop_oneof![
        4 => Just(Weeks::All),
        1 => Just(Weeks::Odd),
        1 => Just(Weeks::Even),
        1 => proptest::collection::btree_set(1_u16..=60, 1..6).prop_map(Weeks::List),
        1 => (2_u16..=12).prop_flat_map(|every| (Just(every), 1..=every)).prop_map(|(every, from)| Weeks::Mod { every, from }),
    ];
    let periods = prop_oneof![Just(1_u8), Just(2), Just(3), Just(5), Just(6), Just(8), Just(9), Just(10)];
    (
        (1_i64..=4, 1_u8..=7, periods, 1_u8..=4, weeks),
        (
            1_i64..=6,
            proptest::option::of(1_i64..=6),
            proptest::option::of(1_i64..=4),
            proptest::option::of(any::<bool>()),
        ),
    )
        .prop_map(|((class, day, period, span, weeks), (subject, teacher, room, record))| Cell {
            span,
            weeks,
            subject: SubjectId(subject),
            teacher: teacher.map(TeacherId),
            room: room.map(RoomId),
            record,
            ..cell(class, day, period)
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
    #[test]
    fn any_timetable_comes_back(cells in proptest::collection::vec(any_cell(), 1..40)) {
        // Two lessons of a class at once are refused on reading.
        let mut kept: Vec<Cell> = Vec::new();
        for cell in cells {
            if !kept.iter().any(|k| k.slot() == cell.slot() && k.weeks.meets(&cell.weeks)) {
                kept.push(cell);
            }
        }
        check(&names(), kept);
    }
}
