//! Grids as schools draw them: each is read to the right lessons, and what is no lesson is told of by sheet and cell.

// clippy sees no #[test] around what the tests share.
#![allow(clippy::unwrap_used)]

mod fixture;

use fixture::{Book, check, edited, found, lessons, problems};
use sheet::timetable::{Layout, Skip};

#[test]
fn a_class_a_sheet_with_merged_halves_of_the_day() {
    let sheet = |class: &str| {
        format!(
            "实验中学{class}课程表\n\
             时间|节次|星期一|星期二|星期三|星期四|星期五\n\
             上午|第1节|数学⏎王芳⏎301|语文(李强)|英语 陈静@301|物理/赵军|体育\n\
             |第2节|化学|化学|||\n\
             午休\n\
             下午|第3节|音乐||班会||\n\
             班主任：王芳"
        )
    };
    let merges = ["A1:G1", "A3:A4", "A5:G5", "C4:D4"];
    let bytes = Book::new()
        .sheet("高一1班", &sheet("高一(1)班"), &merges)
        .sheet("高一2班", &sheet("高一(2)班"), &merges)
        .bytes();
    let found = found("课表.xlsx", &bytes);
    let of = |class: &str| {
        [
            "1.1 数学/王芳/301 @C3",
            "2.1 语文/李强 @D3",
            "3.1 英语/陈静/301 @E3",
            "4.1 物理/赵军 @F3",
            "5.1 体育 @G3",
            "1.2 化学 @C4",
            "2.2 化学 @C4",
            "1.3 音乐 @C6",
            "3.3 班会 @E6",
        ]
        .map(|rest| format!("{class} {rest}"))
    };
    let expected: Vec<String> = of("高一(1)班").into_iter().chain(of("高一(2)班")).collect();
    let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
    check(&found, &expected, &["高一1班!A7 aside", "高一2班!A7 aside"]);
    assert_eq!(found.sheets[0].layout, Layout::ClassGrid { class: "高一(1)班".to_owned() });
    assert_eq!(found.sheets[0].header.unwrap().row, 2);
}

#[test]
fn a_whole_school_with_two_header_rows_and_merged_days() {
    let bytes = Book::new()
        .sheet(
            "总课表",
            "2026-2027学年第一学期全校总课表\n\
             班级|星期一|||星期二||\n\
             |1|2|3|1|2|3\n\
             高一1班|数学⏎王芳|语文|语文|英语||体育\n\
             高一2班|语文|数学|化学|物理⏎赵军||体育\n\
             注：第3节为活动课",
            &["A1:G1", "A2:A3", "B2:D2", "E2:G2", "C4:D4", "G4:G5", "A6:G6"],
        )
        .bytes();
    check(
        &found("总课表.xlsx", &bytes),
        &[
            "高一1班 1.1 数学/王芳 @B4",
            "高一1班 1.2x2 语文 @C4",
            "高一1班 2.1 英语 @E4",
            "高一1班 2.3 体育 +高一2班 @G4",
            "高一2班 1.1 语文 @B5",
            "高一2班 1.2 数学 @C5",
            "高一2班 1.3 化学 @D5",
            "高一2班 2.1 物理/赵军 @E5",
        ],
        &["总课表!A6 aside"],
    );
}

#[test]
fn a_whole_school_turned_round() {
    let bytes = Book::new()
        .sheet(
            "Sheet1",
            "全校课程总表\n\
             星期|节次|高一1班|高一2班\n\
             周一|1|数学|语文\n\
             |2|语文|数学\n\
             |3|体育|\n\
             周二|1|英语⏎陈静|物理\n\
             |2||物理",
            &["A1:D1", "A3:A5", "A6:A7", "C5:D5", "D6:D7"],
        )
        .bytes();
    check(
        &found("a.xlsx", &bytes),
        &[
            "高一1班 1.1 数学 @C3",
            "高一2班 1.1 语文 @D3",
            "高一1班 1.2 语文 @C4",
            "高一2班 1.2 数学 @D4",
            "高一1班 1.3 体育 +高一2班 @C5",
            "高一1班 2.1 英语/陈静 @C6",
            "高一2班 2.1x2 物理 @D6",
        ],
        &[],
    );
}

#[test]
fn a_teacher_a_sheet_with_classes_in_the_cells() {
    let bytes = Book::new()
        .sheet(
            "王芳",
            "王芳老师课程表\n\
             节次|周一|周二|周三\n\
             第一节|高一1班,2班 数学||高一(3)班⏎数学⏎301\n\
             第二节|数学(高一3班)|教研|",
            &["A1:D1"],
        )
        .sheet(
            "302",
            "教室：302\n节次|周一|周二\n1|高一1班 数学 王芳|高一2班⏎语文⏎李强\n2||高一1班 语文 李强",
            &[],
        )
        .bytes();
    let found = found("教师课表.xlsx", &bytes);
    check(
        &found,
        &[
            "高一1班 1.1 数学/王芳 +高一2班 @B3",
            "高一3班 3.1 数学/王芳/301 @D3",
            "高一3班 1.2 数学/王芳 @B4",
            "高一1班 1.1 数学/王芳/302 @B3",
            "高一2班 2.1 语文/李强/302 @C3",
            "高一1班 2.2 语文/李强/302 @C4",
        ],
        &["王芳!C4 no_class"],
    );
    assert_eq!(found.sheets[0].layout, Layout::TeacherGrid { teacher: "王芳".to_owned() });
    assert_eq!(found.sheets[1].layout, Layout::RoomGrid { room: "302".to_owned() });
}

#[test]
fn dates_serial_numbers_and_week_marks_in_headers() {
    let dates = "节次|2026/11/23 周一|#46350|2026-11-25\n1|数学|语文|英语";
    let weeks = "高一1班\nPeriod|Mon (Wk1)|Tue (Wk1)|Mon (Wk2)|Tue (Wk2)\nPeriod 1|Maths|Art|Music|Art\nPeriod 2|#301|||";
    let bytes = Book::new().sheet("高一2班", dates, &[]).sheet("两周", weeks, &[]).bytes();
    check(
        &found("d.xlsx", &bytes),
        &[
            "高一2班 1.1 数学 @B2",
            "高一2班 2.1 语文 @C2",
            "高一2班 3.1 英语 @D2",
            "高一1班 1.1 Maths [odd] @B3",
            "高一1班 2.1 Art [odd] @C3",
            "高一1班 1.1 Music [even] @D3",
            "高一1班 2.1 Art [even] @E3",
            "高一1班 1.2 301 [odd] @B4",
        ],
        &[],
    );
}

#[test]
fn two_lessons_in_one_cell() {
    let bytes = Book::new()
        .sheet(
            "高一1班",
            "节次|星期一|星期二|星期三|星期四\n\
             1|单:音乐/双:美术|音乐(单) 美术(双)|数学[1-8周]|物理{9-16周,单}\n\
             2|数学(70-99周)||||",
            &[],
        )
        .bytes();
    check(
        &found("w.xlsx", &bytes),
        &[
            "高一1班 1.1 音乐 [odd] @B2",
            "高一1班 1.1 美术 [even] @B2",
            "高一1班 2.1 音乐 [odd] @C2",
            "高一1班 2.1 美术 [even] @C2",
            "高一1班 3.1 数学 [1-8] @D2",
            "高一1班 4.1 物理 [9,11,13,15] @E2",
        ],
        &["高一1班!B3 bad_weeks"],
    );
}

#[test]
fn formulas_give_their_stored_results_and_errors_are_named() {
    let bytes = Book::new()
        .sheet("高一1班", "节次|周一|周二|周三\n1|=Sheet2!A1→数学|=Sheet2!A9→#REF!|=Sheet2!A3", &[])
        .sheet("Sheet2", "数学", &[])
        .bytes();
    let bytes = edited(
        &bytes,
        "xl/worksheets/sheet1.xml",
        "<v>0</v></c></row></sheetData>",
        "</c></row></sheetData>",
    );
    let found = found("f.xlsx", &bytes);
    assert_eq!(lessons(&found), ["高一1班 1.1 数学 @B2"]);
    assert_eq!(problems(&found), ["高一1班!C2 error_value", "高一1班!D2 no_result", "Sheet2 no_table"]);
    let problem = found.all_problems().next().unwrap();
    assert!(problem.zh.contains("#REF!") && problem.en.contains("#REF!"), "{problem:?}");
}

#[test]
fn hidden_sheets_rows_and_columns_are_left_out_and_told_of() {
    let grid = "节次|周一|周二|周三\n1|数学|语文|英语\n2|物理|化学|生物\n3|体育|音乐|美术";
    let bytes = Book::new()
        .with("高一1班", grid, &[], |sheet| {
            sheet.set_row_hidden(2).unwrap();
            sheet.set_column_hidden(2).unwrap();
        })
        .with("旧课表", grid, &[], |sheet| {
            sheet.set_hidden(true);
        })
        .bytes();
    check(
        &found("h.xlsx", &bytes),
        &["高一1班 1.1 数学 @B2", "高一1班 3.1 英语 @D2", "高一1班 1.3 体育 @B4", "高一1班 3.3 美术 @D4"],
        &["高一1班!3 hidden_cells", "高一1班!C1 hidden_cells", "旧课表 hidden_sheet"],
    );
}

#[test]
fn titles_footers_empty_columns_wide_digits_and_breaks() {
    let bytes = Book::new()
        .sheet(
            "Sheet1",
            "|\n\
             |某某市第一中学\n\
             |高一（３）班课程表　　班主任：王芳\n\
             \n\
             |　|节次|时间|星期一||星期二\n\
             ||早读|7:30-7:50|语　文||英语\n\
             |上午|１（８:００-８:４５）||数学⏎王芳||数学\n\
             ||２|8:55-9:40|数学⏎王芳||语文\n\
             ||大课间|9:40-10:10|||\n\
             |下午|１|14:00-14:45|物理||物理\n\
             ||课外活动||篮球 李强||\n\
             |晚上|晚自习1|19:00-19:45|数学||\n\
             注：本课表自11月起执行|||||",
            &["E8:E10"],
        )
        .bytes();
    let found = found("t.xlsx", &bytes);
    assert_eq!(
        lessons(&found),
        [
            "高一(3)班 1.早读 语文 @E6",
            "高一(3)班 2.早读 英语 @G6",
            "高一(3)班 1.1 数学/王芳 @E7",
            "高一(3)班 2.1 数学 @G7",
            "高一(3)班 1.2x2 数学/王芳 @E8",
            "高一(3)班 2.2 语文 @G8",
            "高一(3)班 2.3 物理 @G10",
            "高一(3)班 1.课外活动 篮球/李强 @E11",
            "高一(3)班 1.晚自习1 数学 @E12",
        ]
    );
    assert_eq!(problems(&found), ["Sheet1!A13 aside"]);
    let first = found.entries().nth(2).unwrap();
    assert_eq!((first.period.start_s, first.period.end_s), (Some(28_800), Some(31_500)));
}

#[test]
fn english_headers_and_classes_stacked_on_one_sheet() {
    let bytes = Book::new()
        .sheet(
            "All",
            "高一1班课表\n\
             |Monday|Tue\n\
             Period 1|Maths⏎Smith|Art\n\
             Period 2|Physical Education|\n\
             \n\
             高一2班课表\n\
             |Monday|Tue\n\
             Period 1|Art|Maths\n\
             备注: x",
            &[],
        )
        .sheet("并排", "高一3班|||高一4班||\n节次|一|二|节次|一|二\n1|数学|语文|1|语文|数学", &[])
        .bytes();
    check(
        &found("e.xlsx", &bytes),
        &[
            "高一1班 1.1 Maths/Smith @B3",
            "高一1班 2.1 Art @C3",
            "高一1班 1.2 Physical Education @B4",
            "高一2班 1.1 Art @B8",
            "高一2班 2.1 Maths @C8",
        ],
        &["All!A9 aside", "并排 no_table"],
    );
}

#[test]
fn subject_and_teacher_in_two_rows_of_one_period() {
    let merged = "高一1班\n节次|周一|周二\n1|数学|语文\n|王芳|李强\n2|英语|\n|陈静|";
    let bytes = Book::new()
        .sheet("合并", merged, &["A3:A4", "A5:A6"])
        .sheet("不合并", &merged.replace("高一1班", "高一2班"), &[])
        .bytes();
    let lines = ["1.1 数学/王芳 @B3", "2.1 语文/李强 @C3", "1.2 英语/陈静 @B5"];
    let expected: Vec<String> =
        ["高一1班", "高一2班"].iter().flat_map(|c| lines.map(|line| format!("{c} {line}"))).collect();
    let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
    check(&found("r.xlsx", &bytes), &expected, &[]);
}

#[test]
fn days_down_and_periods_across_and_one_day_a_sheet() {
    let bytes = Book::new()
        .sheet("高一1班", "星期|第1节|第2节|午休|第3节\n星期一|数学|语文||英语\n星期二|英语|数学||", &[])
        .sheet("星期三", "班级|1|2|3\n高一1班|数学||语文\n高一2班|语文|数学|", &[])
        .sheet("说明", "请各班主任核对", &[])
        .sheet("空", "", &[])
        .bytes();
    let found = found("x.xlsx", &bytes);
    check(
        &found,
        &[
            "高一1班 1.1 数学 @B2",
            "高一1班 1.2 语文 @C2",
            "高一1班 1.3 英语 @E2",
            "高一1班 2.1 英语 @B3",
            "高一1班 2.2 数学 @C3",
            "高一1班 3.1 数学 @B2",
            "高一1班 3.3 语文 @D2",
            "高一2班 3.1 语文 @B3",
            "高一2班 3.2 数学 @C3",
        ],
        &["说明 no_table"],
    );
    assert_eq!(found.sheets[3].layout, Layout::Skipped { why: Skip::Empty });
}

#[test]
fn sixty_sheets_are_read_in_time() {
    let mut book = Book::new();
    let (subjects, days) = (
        ["语文", "数学", "英语", "物理", "化学", "生物", "历史", "地理"],
        "星期一|星期二|星期三|星期四|星期五",
    );
    for class in 0..60 {
        let mut text =
            format!("高{}({})班课程表\n节次|{days}\n", ["一", "二", "三"][class / 20], class % 20 + 1);
        for period in 0..8 {
            let cells: Vec<String> = (0..5)
                .map(|day| {
                    format!(
                        "{}⏎教师{}⏎{}",
                        subjects[(class + period + day) % 8],
                        (class * 7 + day + period) % 90,
                        100 + class
                    )
                })
                .collect();
            text.push_str(&format!("第{}节|{}\n", period + 1, cells.join("|")));
        }
        book = book.sheet(&format!("{}", class + 1), &text, &["A1:F1"]);
    }
    let bytes = book.bytes();
    let begin = std::time::Instant::now();
    let found = found("60.xlsx", &bytes);
    let took = begin.elapsed();
    assert_eq!((found.entries().count(), found.all_problems().count()), (2_400, 0));
    assert!(took.as_secs() < 5, "{took:?}");
}
