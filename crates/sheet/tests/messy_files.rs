//! Kinds of files: encodings, separators, old xls, ods, iCalendar, CSES; and names resolved to a draft.

// clippy sees no #[test] around what the tests share.
#![allow(clippy::unwrap_used)]

mod fixture;

use fixture::{Book, check, found, lessons, problems};
use model::calendar::{BellTable, Period, PeriodKind, Weeks};
use model::{ClassId, GradeId, RoomId, SubjectId, TeacherId};
use sheet::timetable::{self, Choice, Choices, Chosen, ClassName, GradeName, Layout, Names, Noun, resolve};
use sheet::{Weight, Workbook};

/// A protected BIFF8 workbook written by xlwt 1.3: merged cells, serial dates, rk numbers, an error, a hidden row and sheet.
const READONLY_XLS: &[u8] = include_bytes!("files/readonly.xls");

const LIST: &str = "班级,星期,节次,科目,教师,教室,周次\n\
                    高一1班,星期一,1,数学,王芳,301,\n\
                    高一1班,周二,第3-4节,物理,赵军,实验楼201,1-8周\n\
                    \n\
                    高一2班,3,早读,\"语文\",李强,,单周\n\
                    高一2班,星期八,1,语文,,,\n\
                    高一2班,星期五,,语文,李强,,\n\
                    ,星期五,2,语文,李强,,\n\
                    高一2班,星期五,2,数学(王芳),,,\n\
                    制表:教务处,,,,,,\n";

fn check_list(file_name: &str, bytes: &[u8]) {
    let found = found(file_name, bytes);
    check(
        &found,
        &[
            "高一1班 1.1 数学/王芳/301 @D2",
            "高一1班 2.3x2 物理/赵军/实验楼201 [1-8] @D3",
            "高一2班 3.早读 语文/李强 [odd] @D5",
            "高一2班 5.2 数学/王芳 @D9",
        ],
        &[
            &format!("{}!B6 bad_day", stem(file_name)),
            &format!("{}!C7 bad_period", stem(file_name)),
            &format!("{}!A8 no_class", stem(file_name)),
            &format!("{}!A10 aside", stem(file_name)),
        ],
    );
    assert_eq!(found.sheets[0].layout, Layout::LongList);
}

fn stem(name: &str) -> &str {
    name.rsplit_once('.').unwrap().0
}

#[test]
fn long_lists_in_every_encoding_and_with_every_separator() {
    check_list("utf8.csv", LIST.as_bytes());
    check_list("bom.csv", &[b"\xEF\xBB\xBF", LIST.as_bytes()].concat());
    check_list("gbk.csv", &encoding_rs::GBK.encode(LIST).0);
    let utf_16: Vec<u8> = LIST.encode_utf16().flat_map(u16::to_le_bytes).collect();
    check_list("utf16.txt", &[&[0xFF, 0xFE], &utf_16[..]].concat());
    let big: Vec<u8> = LIST.encode_utf16().flat_map(u16::to_be_bytes).collect();
    check_list("utf16be.csv", &[&[0xFE, 0xFF], &big[..]].concat());
    check_list("semicolon.csv", LIST.replace(',', ";").as_bytes());
    check_list("tab.tsv", LIST.replace(',', "\t").replace('\n', "\r\n").as_bytes());
}

#[test]
fn cells_pasted_from_a_spreadsheet_are_a_grid() {
    let book = Workbook::paste("高一1班\n节次\t周一\t周二\n1\t\"数学\n王芳\"\t语文\n").unwrap();
    let found = timetable::recognise(&book);
    assert_eq!(lessons(&found), ["高一1班 1.1 数学/王芳 @B3", "高一1班 2.1 语文 @C3"]);
}

#[test]
fn a_read_only_old_xls_is_read() {
    let found = found("只读.xls", READONLY_XLS);
    let lines = lessons(&found);
    assert_eq!(
        lines[..10],
        [
            "高一(1)班 1.1 数学/王芳/301 @B3",
            "高一(1)班 2.1 语文 @C3",
            "高一(1)班 3.1 英语 @D3",
            "高一(1)班 4.1 物理 @E3",
            "高一(1)班 5.1x2 化学 @F3",
            "高一(1)班 1.2 数学 @B4",
            "高一(1)班 2.2 语文/李强 @C4",
            "高一(1)班 4.2 音乐 [odd] @E4",
            "高一(1)班 4.2 美术 [even] @E4",
            "高一(1)班 1.4 301 @B6",
        ]
    );
    assert_eq!((lines.len(), lines[69].as_str()), (70, "高一4班 5.4 语文/教师59/359 @D61"));
    // xlwt stores no results of formulas but 0, which a timetable shows as nothing.
    assert_eq!(problems(&found), ["高一1班!5 hidden_cells", "旧 hidden_sheet"]);
}

#[test]
fn a_protected_xlsx_is_read_and_an_encrypted_one_explained() {
    let bytes = Book::new()
        .with("高一1班", "节次|周一|周二\n1|数学|语文", &[], |sheet| {
            sheet.protect_with_password("geheim");
        })
        .bytes();
    assert_eq!(found("p.xlsx", &bytes).entries().count(), 2);
}

#[test]
fn an_ods_with_merged_and_repeated_cells_is_read() {
    let cell = |text: &str| {
        format!("<table:table-cell office:value-type=\"string\"><text:p>{text}</text:p></table:table-cell>")
    };
    let content = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><office:document-content xmlns:office=\"o\" xmlns:table=\"t\" xmlns:text=\"x\" xmlns:style=\"s\">\
         <office:automatic-styles><style:style style:name=\"ta2\"><style:table-properties table:display=\"false\"/></style:style></office:automatic-styles>\
         <office:body><office:spreadsheet><table:table table:name=\"高一1班\"><table:table-column table:number-columns-repeated=\"16384\"/>\
         <table:table-row>{}{}{}</table:table-row>\
         <table:table-row><table:table-cell office:value-type=\"float\" office:value=\"1\"><text:p>1</text:p></table:table-cell>\
         <table:table-cell table:number-rows-spanned=\"2\" office:value-type=\"string\"><office:annotation><text:p>注</text:p></office:annotation><text:p>数学</text:p><text:p>王芳</text:p></table:table-cell>{}</table:table-row>\
         <table:table-row>{}<table:covered-table-cell/>{}</table:table-row>\
         <table:table-row table:number-rows-repeated=\"1048570\"><table:table-cell table:number-columns-repeated=\"16384\"/></table:table-row></table:table>\
         <table:table table:name=\"旧\" table:style-name=\"ta2\"><table:table-row>{}</table:table-row></table:table>\
         </office:spreadsheet></office:body></office:document-content>",
        cell("节次"),
        cell("周一"),
        cell("周二"),
        cell("语文&amp;x"),
        cell("2"),
        cell("英语"),
        cell("y")
    );
    let parts = [("mimetype", "application/vnd.oasis.opendocument.spreadsheet"), ("content.xml", &content)];
    let bytes = fixture::zipped(&parts);
    check(
        &found("a.ods", &bytes),
        &["高一1班 1.1x2 数学/王芳 @B2", "高一1班 2.1 语文&x @C2", "高一1班 2.2 英语 @C3"],
        &["旧 hidden_sheet"],
    );
}

fn bells() -> BellTable {
    let period = |no: u8, label: &str, kind, minutes: u32| Period {
        no,
        label: label.to_owned(),
        kind,
        start_s: minutes * 60,
        end_s: (minutes + 45) * 60,
    };
    BellTable {
        id: 1,
        name: "常规".to_owned(),
        periods: vec![
            period(1, "早读", PeriodKind::Reading, 420),
            period(2, "第1节", PeriodKind::Lesson, 480),
            period(3, "第2节", PeriodKind::Lesson, 535),
            period(4, "大课间", PeriodKind::Break, 580),
            period(5, "第3节", PeriodKind::Lesson, 625),
        ],
    }
}

fn names() -> Names {
    Names {
        grades: vec![GradeName { id: GradeId(1), stage: "高中".to_owned(), name: "一年级".to_owned() }],
        classes: [(1, "1班"), (2, "2班")]
            .map(|(id, name)| ClassName { id: ClassId(id), grade: GradeId(1), name: name.to_owned() })
            .to_vec(),
        subjects: vec![(SubjectId(1), "数学".to_owned()), (SubjectId(2), "语文".to_owned())],
        teachers: vec![(TeacherId(1), "王芳".to_owned())],
        rooms: vec![(RoomId(1), "301".to_owned())],
        bells: vec![bells()],
        days: 7,
        ..Names::default()
    }
}

#[test]
fn an_icalendar_file_becomes_a_week() {
    let event = |body: &str| format!("BEGIN:VEVENT\r\nUID:{}\r\n{body}\r\nEND:VEVENT\r\n", body.len());
    let at = |day: &str, from: &str, to: &str| {
        format!("DTSTART;TZID=Asia/Shanghai:{day}T{from}00\r\nDTEND;TZID=Asia/Shanghai:{day}T{to}00")
    };
    let rule = "RRULE:FREQ=WEEKLY;UNTIL=20270115T160000Z";
    let file = format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nX-WR-CALNAME:高一(1)班课表\r\n{}{}{}{}{}{}END:VCALENDAR\r\n",
        event(&format!(
            "{}\r\n{rule}\r\nSUMMARY:数学\r\nLOCATION:301\r\nDESCRIPTION:王芳",
            at("20261123", "0800", "0845")
        )),
        event(&format!(
            "{}\r\n{rule}\r\nEXDATE;TZID=Asia/Shanghai:20261201T085500\r\nSUMMARY:语\r\n 文",
            at("20261124", "0855", "1110")
        )),
        event(&format!("DTSTART:20261125T000000Z\r\nDURATION:PT45M\r\n{rule};INTERVAL=2\r\nSUMMARY:音乐")),
        event(&format!("{}\r\nRRULE:FREQ=MONTHLY\r\nSUMMARY:家长会", at("20261123", "1900", "2000"))),
        event("DTSTART;VALUE=DATE:20261225\r\nSUMMARY:元旦晚会"),
        event(&format!(
            "{}\r\nRECURRENCE-ID:20261130T080000\r\nSUMMARY:数学",
            at("20261130", "0900", "0945")
        )),
    );
    let zone = jiff::tz::TimeZone::get("Asia/Shanghai").unwrap();
    let found = timetable::read("课表.ics", file.as_bytes(), Some(&bells()), &zone).unwrap();
    let lines: Vec<String> =
        lessons(&found).iter().map(|l| l.rsplit_once(" @").unwrap().0.to_owned()).collect();
    assert_eq!(
        lines,
        [
            "高一(1)班 1.第1节 #2 数学/王芳/301",
            "高一(1)班 2.第2节 #3x2 语文 [1,3-8]",
            "高一(1)班 3.第1节 #2 音乐 [odd]",
        ]
    );
    let codes: Vec<&str> = found.all_problems().map(|p| p.en.split(": ").nth(1).unwrap_or(&p.en)).collect();
    assert_eq!(codes.len(), 4, "{codes:#?}");
    let draft = resolve(&found, &names(), &Choices::default());
    assert_eq!(draft.cells.len(), 2, "音乐 is unknown: {:?}", draft.unknown);
    assert_eq!((draft.cells[1].0.period, draft.cells[1].0.span), (3, 2));
}

#[test]
fn cses_of_both_versions_is_read() {
    let first = "version: 1\nsubjects:\n  - name: 数学\n    simplified_name: 数\n    teacher: 王芳\n    room: 301\nschedules:\n  - name: 周一\n    enable_day: 1\n    weeks: odd\n    classes:\n      - subject: 数学\n        start_time: \"08:00:00\"\n        end_time: \"08:45:00\"\n      - subject: 体育\n        start_time: 08:55:00\n        end_time: '25:00:00'\n";
    let second = "version: 2\nconfiguration:\n  name: 高一（2）班课表\n  cycle: {work_count: 11, rest_count: 3, spans: [{activity: work, count: 6}]}\nsubjects:\n  - {name: 数学, teacher: 王芳, location: \"301\"}\nschedules:\n  - name: 星期一\n    enable_day: [1, 7]\n    classes:\n      - {subject: 数学, start_time: \"08:55:00\", end_time: \"11:10:00\"}\n";
    let read = |name: &str, text: &str| {
        timetable::read(name, text.as_bytes(), Some(&bells()), &jiff::tz::TimeZone::UTC).unwrap()
    };
    let found = read("高一1班.yaml", first);
    assert_eq!(lessons(&found), ["高一1班 1.第1节 #2 数学/王芳/301 [odd] @1"]);
    assert_eq!(problems(&found), ["高一1班 周一!2 bad_period"]);
    assert_eq!(found.sheets[0].layout, Layout::Cses { version: 1 });
    let found = read("x.yml", second);
    assert_eq!(
        lessons(&found),
        ["高一(2)班 1.第2节 #3x2 数学/王芳/301 @1", "高一(2)班 7.第2节 #3x2 数学/王芳/301 @1"]
    );
    let draft = resolve(&found, &Names { days: 11, ..names() }, &Choices::default());
    assert_eq!((draft.cells.len(), draft.unknown.len()), (2, 0), "{:?}", draft.problems);
}

#[test]
fn unknown_names_are_asked_for_and_choices_taken() {
    let grid = "高一(1)班\n节次|周一|周二|周三|周四\n1|数学⏎王方|语文⏎王芳⏎301|化学⏎王方⏎302|音乐/语文\n2|数学||高数⏎张三|\n第9节|数学|||";
    let found = found("x.xlsx", &Book::new().sheet("甲", grid, &[]).bytes());
    let draft = resolve(&found, &names(), &Choices::default());
    let unknown: Vec<String> = draft
        .unknown
        .iter()
        .map(|u| format!("{:?} {} x{} {} {:?}", u.noun, u.text, u.count, u.first, u.guesses))
        .collect();
    assert_eq!(
        unknown,
        [
            "Teacher 王方 x2 甲!B3 [(1, \"王芳\")]",
            "Subject 化学 x1 甲!D3 []",
            "Room 302 x1 甲!D3 []",
            "Subject 高数 x1 甲!D4 []",
            "Teacher 张三 x1 甲!D4 []",
        ]
    );
    assert_eq!(draft.cells.len(), 3, "of known subjects: {:?}", draft.cells);
    let lost: Vec<String> = draft
        .problems
        .iter()
        .filter(|p| p.weight == Weight::Lost)
        .map(|p| format!("{} {:?}", p.at, p.code))
        .collect();
    assert_eq!(lost, ["甲!E3 BadWeeks", "甲!B5 BadPeriod"]);
    let chosen = |noun, text: &str, choice| Chosen { noun, text: text.to_owned(), choice };
    let choices = Choices(vec![
        chosen(Noun::Teacher, "王方", Choice::Use(1)),
        chosen(Noun::Subject, "化学", Choice::Create),
        chosen(Noun::Room, "302", Choice::Create),
        chosen(Noun::Subject, "高数", Choice::Skip),
        chosen(Noun::Teacher, "张三", Choice::Skip),
    ]);
    let draft = resolve(&found, &names(), &choices);
    assert_eq!((draft.cells.len(), draft.unknown.len(), draft.skipped), (4, 0, 1));
    let made: std::collections::BTreeMap<i64, i64> =
        draft.create.iter().map(|c| (c.stand_in, c.stand_in + 100)).collect();
    assert_eq!(draft.create.len(), 2);
    let chemistry = draft.settle(&made).into_iter().map(|(c, _)| c).find(|c| c.day == 3).unwrap();
    assert_eq!(
        (chemistry.subject, chemistry.room, chemistry.teacher),
        (SubjectId(99), Some(RoomId(98)), Some(TeacherId(1)))
    );
}

#[test]
fn doubles_clashes_and_joint_lessons_are_told_apart() {
    let bytes = Book::new()
        .sheet("高一1班", "节次|周一|周二\n1|数学 王芳 301|数学(单) 语文(双)\n2|语文 王芳|数学", &[])
        .sheet("又", "高一1班\n节次|周一|周二\n1|数学 王芳 301|\n2|数学|", &[])
        .sheet("高一2班", "节次|周一|周二\n1|数学 王芳 301|\n2||", &[])
        .sheet("王芳老师", "王芳老师课表\n节次|周三|周四\n1|高一1班,2班 数学|\n2|高一1班 语文|", &[])
        .bytes();
    let draft = resolve(&found("x.xlsx", &bytes), &names(), &Choices::default());
    let told: Vec<String> =
        draft.problems.iter().map(|p| format!("{} {:?} {:?}", p.at, p.code, p.weight)).collect();
    assert_eq!(
        told,
        ["又!B3 Duplicate Note", "又!B4 Clash Lost", "高一2班!B2 Clash Note", "高一2班!B2 Clash Note"],
        "{:#?}",
        draft.problems
    );
    let joint: Vec<_> = draft.cells.iter().map(|(c, _)| c).filter(|c| c.day == 3 && c.period == 2).collect();
    assert_eq!(joint.len(), 2);
    assert_eq!((joint[0].with.clone(), joint[1].with.clone()), (vec![ClassId(2)], vec![ClassId(1)]));
    assert_eq!(draft.cells.iter().filter(|(c, _)| c.weeks == Weeks::Even).count(), 1);
}
