//! Tables drawn by a reviewer after real ones, before looking at what the reader expects: nothing is dropped in silence and
//! nothing is put together that does not belong together.

// clippy sees no #[test] around what the tests share.
#![allow(clippy::unwrap_used)]

mod fixture;

use fixture::{Book, check, found, lessons, problems};
use model::calendar::{BellTable, Period, PeriodKind};
use model::{ClassId, GradeId, SubjectId, TeacherId};
use sheet::Workbook;
use sheet::timetable::{
    Choices, ClassName, Draft, GradeName, Layout, LayoutChoice, Names, recognise_as, resolve,
};
use std::collections::BTreeMap;

/// One sheet.
fn read(name: &str, text: &str, merges: &[&str]) -> sheet::timetable::Found {
    found("课表.xlsx", &Book::new().sheet(name, text, merges).bytes())
}

#[test]
fn classes_of_one_name_under_two_grades_stay_two() {
    let both = "七年级1班 1.1 语文 @C3|七年级2班 1.1 数学 @D3|八年级1班 1.1 英语 @E3|八年级2班 1.1 物理 @F3|\
                七年级1班 2.1 化学 @C4|七年级2班 2.1 生物 @D4|八年级1班 2.1 历史 @E4|八年级2班 2.1 地理 @F4";
    let expected: Vec<&str> = both.split('|').collect();
    let rows = "周一|1|语文|数学|英语|物理\n周二|1|化学|生物|历史|地理";
    let merges = ["C1:D1", "E1:F1"];
    for names in ["1班|2班|1班|2班", "1|2|1|2"] {
        let text = format!("||七年级||八年级|\n||{names}\n{rows}");
        check(&read("全校", &text, &merges), &expected, &[]);
        // The grade written once, not merged.
        check(&read("全校", &text, &[]), &expected, &[]);
    }
    let beside = "年级|班级|星期一||星期二|\n||1|2|1|2\n七年级|1班|语文|数学|英语|物理\n八年级|1班|化学|生物|历史|地理";
    let found = read("总表", beside, &["C1:D1", "E1:F1"]);
    assert_eq!(lessons(&found)[0], "七年级1班 1.1 语文 @C3");
    assert_eq!(lessons(&found)[4], "八年级1班 1.1 化学 @C4");
    // Without a grade anywhere the two columns are still not run together.
    let none = read("全校", &format!("||1班|2班|1班|2班\n{rows}"), &[]);
    assert_eq!(lessons(&none).len(), 8);
    assert!(lessons(&none).iter().all(|l| l.matches('/').count() == 0), "{:?}", lessons(&none));
    // The grade of the title counts for classes that name none.
    let titled = read(
        "x",
        "实验中学2026学年初二年级总课表\n班级|周一|\n|1|2\n1班|语文|数学\n2班|英语|物理",
        &["B2:C2"],
    );
    assert_eq!(lessons(&titled), [] as [&str; 0], "one weekday is no grid");
    let titled = read("x", "实验中学2026学年初二年级总课表\n班级|周一|周二\n|1|1\n1班|语文|数学", &[]);
    assert_eq!(lessons(&titled).first().map(String::as_str), None, "{:?}", problems(&titled));
}

#[test]
fn day_and_period_in_one_header_cell() {
    let text = "初二年级课表\n班级|周一第1节|周一第2节|周二第1节|周二第2节\n1班|语文|数学|英语|物理\n2班|化学|生物||历史";
    let expected = [
        "初二年级1班 1.1 语文 @B3",
        "初二年级1班 1.2 数学 @C3",
        "初二年级1班 2.1 英语 @D3",
        "初二年级1班 2.2 物理 @E3",
        "初二年级2班 1.1 化学 @B4",
        "初二年级2班 1.2 生物 @C4",
        "初二年级2班 2.2 历史 @E4",
    ];
    check(&read("初二", text, &[]), &expected, &[]);
    let down = "节次|高一1班|高一2班\n周一1-2节|语文|数学\n周一3节|英语|\n周二1节|物理|化学\nTue P2|历史|";
    let found = read("表", down, &[]);
    assert_eq!(
        lessons(&found),
        [
            "高一1班 1.1x2 语文 @B2",
            "高一2班 1.1x2 数学 @C2",
            "高一1班 1.3 英语 @B3",
            "高一1班 2.1 物理 @B4",
            "高一2班 2.1 化学 @C4",
            "高一1班 2.2 历史 @B5",
        ]
    );
}

#[test]
fn weeks_said_by_a_column_a_row_a_title_or_a_word() {
    let columns = "节次|星期一||星期二|\n|单周|双周|单周|双周\n1|语文|数学|英语|物理";
    let expected = [
        "高二3班 1.1 语文 [odd] @B3",
        "高二3班 1.1 数学 [even] @C3",
        "高二3班 2.1 英语 [odd] @D3",
        "高二3班 2.1 物理 [even] @E3",
    ];
    check(&read("高二3班", columns, &["B1:C1", "D1:E1"]), &expected, &[]);
    check(&read("高二3班", columns, &[]), &expected, &[]);
    let rows = "节次|周次|星期一|星期二\n1|单周|语文|英语\n|双周|数学|物理";
    let expected = [
        "高二4班 1.1 语文 [odd] @C2",
        "高二4班 2.1 英语 [odd] @D2",
        "高二4班 1.1 数学 [even] @C3",
        "高二4班 2.1 物理 [even] @D3",
    ];
    check(&read("高二4班", rows, &["A2:A3"]), &expected, &[]);
    let sheet =
        |weeks: &str, subject: &str| format!("高二5班课程表({weeks})\n节次|星期一|星期二\n1|{subject}|体育");
    let book = Book::new()
        .sheet("高二5班单周", &sheet("单周", "语文"), &[])
        .sheet("高二5班双周", &sheet("双周", "数学"), &[])
        .sheet("高二6班", &sheet("单双周", "数学"), &[]);
    let expected = [
        "高二5班 1.1 语文 [odd] @B3",
        "高二5班 2.1 体育 [odd] @C3",
        "高二5班 1.1 数学 [even] @B3",
        "高二5班 2.1 体育 [even] @C3",
        "高二5班 1.1 数学 @B3",
        "高二5班 2.1 体育 @C3",
    ];
    check(&found("x.xlsx", &book.bytes()), &expected, &[]);
    let glued = read("高一1班", "节次|周一|周二\n1|单周音乐双周美术|体育(高一1班、高一2班合班)", &[]);
    let expected =
        ["高一1班 1.1 音乐 [odd] @B2", "高一1班 1.1 美术 [even] @B2", "高一1班 2.1 体育 +高一2班 @C2"];
    check(&glued, &expected, &[]);
}

#[test]
fn rows_without_a_known_period_are_lost_and_said_so() {
    let text = "节次|星期一|星期二\n第1节|语文|数学\n社团活动|合唱|足球\n④|英语|物理\n第Ⅱ节||化学\n|历史|\n周课时|#20|#20\n班主任:|王芳";
    let found = read("高一1班", text, &[]);
    assert_eq!(
        lessons(&found),
        [
            "高一1班 1.1 语文 @B2",
            "高一1班 2.1 数学 @C2",
            "高一1班 1.社团活动 合唱 @B3",
            "高一1班 2.社团活动 足球 @C3",
            "高一1班 1.4 英语 @B4",
            "高一1班 2.4 物理 @C4",
            "高一1班 2.2 化学 @C5",
        ]
    );
    let told: Vec<String> = problems(&found);
    assert!(told.contains(&"高一1班!B6 bad_period".to_owned()), "{told:?}");
    assert!(told.contains(&"高一1班!A7 aside".to_owned()), "{told:?}");
    // The bell table has no 社团活动: both lessons are told of, none is a mere note.
    let draft = resolve(&found, &names(), &Choices::default());
    let lost: Vec<String> =
        draft.problems.iter().filter(|p| p.zh.contains("社团活动")).map(|p| p.at.to_string()).collect();
    assert_eq!(lost, ["高一1班!B3", "高一1班!C3"]);
}

#[test]
fn periods_with_times_in_every_dress() {
    let text = "节次|星期一|星期二\n第1节(8:00)|语文|\n第2节⏎8.50-9.30|数学|\n3⏎（9：40－10：20）|英语|\n10:30|物理|";
    let found = read("高一3班", text, &[]);
    let times: Vec<(Option<u8>, Option<u32>)> =
        found.entries().map(|e| (e.period.number, e.period.start_s.map(|s| s / 60))).collect();
    assert_eq!(times, [(Some(1), Some(480)), (Some(2), Some(530)), (Some(3), Some(580)), (None, Some(630))]);
}

#[test]
fn the_evening_is_said_once_and_goes_on() {
    let text = "|节次|周一|周二\n上午|1|语文|数学\n|2|英语|物理\n下午|1|化学|生物\n|2|历史|地理\n晚上|1|语文|数学\n|2|英语|物理";
    let found = read("高一10班", text, &[]);
    let labels: Vec<String> = found
        .entries()
        .filter(|e| e.day == 1)
        .map(|e| e.period.number.map_or(e.period.label.clone(), |n| n.to_string()))
        .collect();
    assert_eq!(labels, ["1", "2", "3", "4", "晚自习1", "晚自习2"]);
}

#[test]
fn teachers_grids_name_the_subject_once() {
    let grid = "节次|周一|周二\n1|高一1|高一(2)班\n2|高一(1)⏎301|";
    let expected =
        ["高一1班 1.1 数学/王芳 @B3", "高一2班 2.1 数学/王芳 @C3", "高一(1)班 1.2 数学/王芳/301 @B4"];
    for (name, title) in [
        ("王芳", "王芳老师课程表（数学）"),
        ("王芳(数学)", "课程表"),
        ("x", "教师：王芳  任教：数学  周课时：4"),
    ] {
        let found = read(name, &format!("{title}\n{grid}"), &[]);
        assert_eq!(lessons(&found), expected, "{title}");
        assert_eq!(found.sheets[0].layout, Layout::TeacherGrid { teacher: "王芳".to_owned() });
    }
    let all = "姓名|学科|周一||周二|\n||1|2|1|2\n王芳|数学|高一1班||高一2班|\n李强|语文||高一1班||高一1班";
    let found = read("教师总表", all, &["C1:D1", "E1:F1"]);
    let expected = [
        "高一1班 1.1 数学/王芳 @C3",
        "高一2班 2.1 数学/王芳 @E3",
        "高一1班 1.2 语文/李强 @D4",
        "高一1班 2.2 语文/李强 @F4",
    ];
    check(&found, &expected, &[]);
}

#[test]
fn a_person_may_say_whose_a_grid_is() {
    let book = Book::new().sheet("王芳", "节次|周一|周二\n1|数学 高一1班|自习\n2|备课|", &[]).bytes();
    let workbook = Workbook::read("x.xlsx", &book).unwrap();
    let layout = |choice: Option<LayoutChoice>| {
        let choices: BTreeMap<String, LayoutChoice> =
            choice.map(|c| ("王芳".to_owned(), c)).into_iter().collect();
        let found = recognise_as(&workbook, &choices);
        (found.sheets[0].layout.clone(), lessons(&found))
    };
    assert_eq!(layout(None).0, Layout::ClassGrid { class: "王芳".to_owned() });
    let (teacher, found) = layout(Some(LayoutChoice::Teacher));
    assert_eq!(teacher, Layout::TeacherGrid { teacher: "王芳".to_owned() });
    assert_eq!(found, ["高一1班 1.1 数学/王芳 @B2"]);
    let (room, found) = layout(Some(LayoutChoice::Room));
    assert_eq!(room, Layout::RoomGrid { room: "王芳".to_owned() });
    assert_eq!(found, ["高一1班 1.1 数学//王芳 @B2"]);
    assert_eq!(layout(Some(LayoutChoice::Class)), layout(None));
}

#[test]
fn rooms_with_english_words_and_names_with_blanks() {
    let text = "Period|Mon|Tue\n1|English⏎Ms Jones⏎Rm 301|Maths (Mr. Smith)\n2|Art Room 12|Computer Lab⏎Ms Jones\n3|Design and Technology|";
    let found = read("高一1班", text, &[]);
    assert_eq!(
        lessons(&found),
        [
            "高一1班 1.1 English/Ms Jones/Rm 301 @B2",
            "高一1班 2.1 Maths/Mr. Smith @C2",
            "高一1班 1.2 Art//Room 12 @B3",
            "高一1班 2.2 Computer Lab/Ms Jones @C3",
            "高一1班 1.3 Design and Technology @B4",
        ]
    );
    assert_eq!(problems(&found), [] as [&str; 0]);
    let titled = read("Class 1-1", "Grade 10 Class 1 Timetable\nPeriod|Mon|Tue\n1|Art|PE", &[]);
    assert_eq!(titled.sheets[0].layout, Layout::ClassGrid { class: "Grade 10 Class 1".to_owned() });
}

#[test]
fn lists_with_odd_headers_dates_and_gaps() {
    let text = "2026秋 排课明细\n序号|班别|周几|第几节|课程名称|任课老师|上课地点|联系电话\n\
                #1|高一1班|周一|第1节|数学|王芳|301|13800138000\n\n\
                #2|高一2班、高一1班|周五|8|班会|||\n#3|高一1班||#2|语文|||";
    let found = read("排课明细", text, &["A1:H1"]);
    assert_eq!(lessons(&found), ["高一1班 1.1 数学/王芳/301 @E3", "高一2班 5.8 班会 +高一1班 @E5"]);
    assert_eq!(problems(&found), ["排课明细!A2 aside", "排课明细!H2 aside", "排课明细!C6 bad_day"]);
    let dated = read("x", "日期|班级|节次|科目\n2026-09-01|高一1班|1|数学\n2026-09-02|高一1班|2|语文", &[]);
    assert_eq!(lessons(&dated), ["高一1班 2.1 数学 @D2", "高一1班 3.2 语文 @D3"]);
    assert_eq!(problems(&dated), ["x!A1 bad_day"], "dates taken for weekdays are told of");
}

#[test]
fn a_row_of_dates_over_the_weekdays_leaves_the_title_its_class() {
    let found = read(
        "第12周",
        "高一6班 第12周课表\n|2026-11-23|2026-11-24\n|星期一|星期二\n\n第1节|语文|数学\n\n第2节|英语|",
        &[],
    );
    check(&found, &["高一6班 1.1 语文 @B5", "高一6班 2.1 数学 @C5", "高一6班 1.2 英语 @B7"], &[]);
}

/// 高一, 小学三年级 and 初三 (三年级 of 初中), each of 4 classes, two subjects, two teachers, two lessons.
fn names() -> Names {
    let grade =
        |id, stage: &str, name: &str| GradeName { id: GradeId(id), stage: stage.into(), name: name.into() };
    let grades = vec![grade(1, "高中", "一年级"), grade(2, "小学", "三年级"), grade(3, "初中", "三年级")];
    let class = |grade: i64, n: i64| ClassName {
        id: ClassId(grade * 10 + n),
        grade: GradeId(grade),
        name: format!("{n}班"),
    };
    let period = |no: u8| Period {
        no,
        label: format!("第{no}节"),
        kind: PeriodKind::Lesson,
        start_s: 28_800 + 3000 * u32::from(no),
        end_s: 31_200 + 3000 * u32::from(no),
    };
    Names {
        classes: grades.iter().flat_map(|g| (1..=4).map(|n| class(g.id.0, n)).collect::<Vec<_>>()).collect(),
        grades,
        subjects: [(1, "语文"), (2, "英语"), (3, "数学")].map(|(id, n)| (SubjectId(id), n.into())).to_vec(),
        teachers: [(1, "王芳"), (2, "李强")].map(|(id, n)| (TeacherId(id), n.into())).to_vec(),
        bells: vec![BellTable { id: 1, name: "作息".into(), periods: vec![period(1), period(2)] }],
        days: 7,
        ..Names::default()
    }
}

fn drafted(text: &str) -> Draft {
    resolve(&read("高一1班", text, &[]), &names(), &Choices::default())
}

#[test]
fn names_without_anything_between_are_taken_apart_by_what_the_school_has() {
    for cell in ["数学王芳", "数学-王芳", "数学、王芳", "数学 王芳"] {
        let draft = drafted(&format!("节次|周一|周二\n1|{cell}|语文"));
        let (cell, _) = &draft.cells[0];
        assert_eq!((cell.subject, cell.teacher), (SubjectId(3), Some(TeacherId(1))));
        assert_eq!(draft.unknown, []);
    }
    let draft = drafted("节次|周一|周二\n1|数学赵军|语文");
    assert_eq!(draft.unknown[0].text, "数学赵军", "half known is asked for");
}

#[test]
fn a_second_teacher_is_no_room() {
    let draft = drafted("节次|周一|周二\n1|数学⏎王芳/李强|语文 李强 13800138000");
    assert_eq!(draft.unknown, []);
    let told: Vec<String> = draft.problems.iter().map(|p| p.at.to_string()).collect();
    assert_eq!(told, ["高一1班!C2", "高一1班!B2"]);
    assert!(draft.cells.iter().all(|(cell, _)| cell.room.is_none()));
}

#[test]
fn a_class_is_the_one_pages_show_so_and_codes_are_proposed() {
    let class = |name: &str| {
        let draft = resolve(&read(name, "节次|周一|周二\n1|数学|语文", &[]), &names(), &Choices::default());
        match draft.unknown.first() {
            Some(unknown) => Err(unknown.guesses.iter().map(|g| g.1.clone()).collect::<Vec<_>>()),
            None => Ok(draft.cells[0].0.class),
        }
    };
    assert_eq!(class("三年级四班"), Ok(ClassId(24)));
    assert_eq!(class("初三(4)班"), Ok(ClassId(34)));
    // The year and two digits: proposed, never taken.
    assert_eq!(class("101"), Err(vec!["高一1班".to_owned()]));
    assert!(class("304").is_err_and(|guesses| guesses.contains(&"三年级4班".to_owned())));
    let draft = drafted("节次|周一|周二\n1|语|英");
    assert_eq!(draft.unknown[0].guesses[0].1, "语文", "the one that begins so stands first");
}
