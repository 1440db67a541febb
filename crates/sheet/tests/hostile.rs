//! Files made to hurt, broken files, foreign files: an error that says what to do, never a panic, never much memory.

// clippy sees no #[test] around what the tests share.
#![allow(clippy::unwrap_used)]

mod fixture;

use fixture::{Book, edited, zipped};
use proptest::prelude::*;
use sheet::timetable;
use sheet::{Code, SheetError, Workbook};

const READONLY_XLS: &[u8] = include_bytes!("files/readonly.xls");

fn read(name: &str, bytes: &[u8]) -> Result<timetable::Found, SheetError> {
    timetable::read(name, bytes, None, &jiff::tz::TimeZone::UTC)
}

#[track_caller]
fn refused(bytes: &[u8], expected: &str) {
    let error = Workbook::read("x", bytes).unwrap_err();
    let told = format!("{error:?}");
    assert!(told.starts_with(expected), "{told}");
    // Every refusal says what to do.
    assert!(error.zh().contains('请') && !error.en().is_empty(), "{}", error.zh());
}

/// A compound file with one named stream of 4,096 bytes; `fat` gives the chain of the stream's first sector.
fn compound(name: &str, directory_next: u32) -> Vec<u8> {
    let mut file = vec![0_u8; 512 * 12];
    let mut put = |at: usize, bytes: &[u8]| file[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1");
    put(26, &[3, 0, 0xFE, 0xFF, 9, 0, 6, 0]);
    put(44, &1_u32.to_le_bytes());
    put(48, &1_u32.to_le_bytes());
    put(60, &u32::MAX.wrapping_sub(1).to_le_bytes());
    put(68, &u32::MAX.wrapping_sub(1).to_le_bytes());
    put(76, &[0xFF; 436]);
    put(76, &0_u32.to_le_bytes());
    let end = 0xFFFF_FFFE_u32;
    let fat: Vec<u32> = vec![0xFFFF_FFFD, directory_next, 3, 4, 5, 6, 7, 8, 9, end, end];
    for (n, next) in fat.iter().enumerate() {
        put(512 + 4 * n, &next.to_le_bytes());
    }
    let units: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
    put(1024 + 116, &end.to_le_bytes());
    put(1024 + 128, &units);
    put(1024 + 128 + 116, &2_u32.to_le_bytes());
    put(1024 + 128 + 120, &4096_u32.to_le_bytes());
    file
}

#[test]
fn foreign_and_broken_files_are_refused_with_a_way_out() {
    refused(b"", "Empty");
    refused(b"  \n \n", "Empty");
    refused(b"%PDF-1.7 ...", "Kind(\"PDF\")");
    refused("<html><table><tr><td>课表</td></tr></table>".as_bytes(), "Kind(\"HTML / XML\")");
    refused(&zipped(&[("word/document.xml", "x")]), "Kind(\".docx\")");
    refused(&zipped(&[("a.txt", "x")]), "Kind(\".zip\")");
    refused(&compound("EncryptedPackage", 0xFFFF_FFFE), "Password");
    refused(&compound("WordDocument", 0xFFFF_FFFE), "Kind(\".doc\")");
    refused(&[0, 159, 146, 150, 1, 2, 3, 4, 5, 6, 7, 8], "Kind");
    let whole = Book::new().sheet("高一1班", "节次|周一|周二\n1|数学|语文", &[]).bytes();
    refused(&whole[..whole.len() / 2], "Damaged");
    refused(&READONLY_XLS[..3_000], "Damaged");
    refused(&edited(&whole, "xl/workbook.xml", "<sheets>", "<sheets"), "Damaged");
    refused(&vec![b'a'; 16 * 1024 * 1024 + 1], "TooLarge");
}

#[test]
fn a_chain_of_sectors_that_bites_its_tail_ends() {
    refused(&compound("Workbook", 1), "Damaged");
}

#[test]
fn bombs_are_counted_before_anybody_reads_them() {
    let bomb = "<row></row>".repeat(2_000_000);
    let whole = Book::new().sheet("a", "x", &[]).bytes();
    refused(
        &edited(&whole, "xl/worksheets/sheet1.xml", "<sheetData>", &format!("<sheetData>{bomb}")),
        "TooLarge",
    );
    let many: Vec<(String, &str)> = (0..5_000).map(|n| (format!("{n}"), "")).collect();
    let many: Vec<(&str, &str)> = many.iter().map(|(n, t)| (n.as_str(), *t)).collect();
    refused(&zipped(&many), "TooLarge");
}

#[test]
fn far_cells_many_merges_and_long_texts_cost_nothing() {
    let whole = Book::new().sheet("高一1班", "节次|周一|周二\n1|数学|语文", &["A4:B5"]).bytes();
    let far = edited(
        &whole,
        "xl/worksheets/sheet1.xml",
        "</sheetData>",
        "<row r=\"1048576\"><c r=\"XFD1048576\"><v>1</v></c><c r=\"ZZZZZZZZZZ1\"><v>1</v></c></row></sheetData>",
    );
    // The impossible reference is an error of the file; without it the far cell is told of.
    assert!(matches!(read("x", &far), Err(SheetError::Damaged(_)) | Ok(_)));
    let far = edited(&far, "xl/worksheets/sheet1.xml", "<c r=\"ZZZZZZZZZZ1\"><v>1</v></c>", "");
    let found = read("x", &far).unwrap();
    assert_eq!((found.entries().count(), found.problems[0].code), (2, Code::TooMany));
    let merges = "<mergeCell ref=\"A1:XFD1048576\"/>".repeat(50_000);
    let merged = edited(&whole, "xl/worksheets/sheet1.xml", "<mergeCell ref=\"A4:B5\"/>", &merges);
    read("x", &merged).unwrap();
    let long =
        Book::new().sheet("高一1班", &format!("节次|周一|周二\n1|{}|语文", "长".repeat(30_000)), &[]).bytes();
    assert_eq!(read("x", &long).unwrap().problems[0].code, Code::TooLong);
    let rows = format!("班级,星期,节次,科目\n{}", "高一1班,1,1,数学\n".repeat(10_050));
    let found = read("x.csv", rows.as_bytes()).unwrap();
    assert_eq!((found.entries().count(), found.problems[0].code), (9_999, Code::TooMany));
    let sheets = (0..201).fold(Book::new(), |book, n| book.sheet(&format!("s{n}"), "x", &[])).bytes();
    refused(&sheets, "TooLarge");
}

#[test]
fn a_column_that_counts_to_eight_a_hundred_times_ends() {
    let rows: String = (0..800).map(|n| format!("{}\t数学\t语文\n", n % 8 + 1)).collect();
    let found = timetable::recognise(
        &Workbook::paste(&format!("节次\t周一\t周二\n{rows}晚自习0\t数学\t\n")).unwrap(),
    );
    let _ = timetable::resolve(&found, &Default::default(), &Default::default());
    assert_eq!(found.entries().count(), 1_601);
}

#[test]
fn repeats_of_an_ods_are_not_written_out() {
    let cell = "<table:table-cell table:number-columns-repeated=\"16384\" office:value-type=\"string\"><text:p>x</text:p></table:table-cell>";
    let row = format!("<table:table-row table:number-rows-repeated=\"1048576\">{cell}</table:table-row>");
    let content = format!(
        "<a xmlns:table=\"t\" xmlns:text=\"x\" xmlns:office=\"o\"><table:table table:name=\"a\">{row}</table:table></a>"
    );
    let bytes = zipped(&[("mimetype", "x"), ("content.xml", &content)]);
    refused(&bytes, "TooLarge");
}

#[test]
fn yaml_bombs_and_endless_calendars_end() {
    let mut yaml = "version: 1\nsubjects: []\na0: &a0 [x,x,x,x,x,x,x,x,x]\n".to_owned();
    for n in 1..12 {
        yaml.push_str(&format!("a{n}: &a{n} [{}]\n", vec![format!("*a{}", n - 1); 9].join(",")));
    }
    yaml.push_str("schedules: *a11\n");
    assert!(matches!(read("x.yaml", yaml.as_bytes()), Err(SheetError::Damaged(_))));
    let event = "BEGIN:VEVENT\nDTSTART:20260901T080000\nDTEND:20260901T084500\nRRULE:FREQ=DAILY;INTERVAL=0\nSUMMARY:x\nEND:VEVENT\n";
    let endless = "BEGIN:VEVENT\nDTSTART:99991231T080000\nDTEND:99991231T084500\nRRULE:FREQ=DAILY\nSUMMARY:x\nEND:VEVENT\n";
    let file = format!("BEGIN:VCALENDAR\n{}{}END:VCALENDAR\n", event.repeat(2_000), endless.repeat(50));
    assert!(read("x.ics", file.as_bytes()).is_ok());
}

fn seeds() -> Vec<Vec<u8>> {
    let grid = "高一1班课表\n节次|周一|周二|周三\n1|数学⏎王芳|单:音乐/双:美术|高一2班,3班 语文\n午休\n2|数学(1-8周)|#46350|=1/0→#REF!";
    let school = "班级|周一||周二|\n|1|2|1|2\n高一1班|a|b|c|d\n高一2班|a|b|c|d";
    vec![
        Book::new().sheet("a", grid, &["A1:D1", "A4:D4"]).sheet("b", school, &["B1:C1", "D1:E1"]).bytes(),
        READONLY_XLS.to_vec(),
        "班级,星期,节次,科目,教师,教室,周次\n高一1班,星期一,1,数学,王芳,301,\"1-8周\"\n".as_bytes().to_vec(),
        encoding_rs::GBK.encode("节次\t周一\t周二\n第1节 8:00-8:45\t数学(王芳)[1-8周]\t音乐(单) 美术(双)\n").0.into_owned(),
        "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART;TZID=Asia/Shanghai:20261123T080000\nDTEND:20261123T084500\nRRULE:FREQ=WEEKLY;BYDAY=MO,WE;UNTIL=20270101T000000Z\nEXDATE:20261125T000000Z\nSUMMARY:高一1班 数学\nEND:VEVENT\nEND:VCALENDAR\n".as_bytes().to_vec(),
        "version: 2\nconfiguration: {name: 高一1班}\nsubjects: [{name: 数学, location: 301}]\nschedules:\n  - {name: a, enable_day: [1, 7], classes: [{subject: 数学, start_time: '08:00:00', end_time: '09:00:00'}]}\n".as_bytes().to_vec(),
    ]
}

/// The sheets' XML of a workbook mutated inside the zip, so that mutations pass its checksums.
fn mutated_part(seed: &[u8], edits: &[(usize, u8)]) -> Vec<u8> {
    let xml = fixture::part(seed, "xl/worksheets/sheet1.xml");
    let mut bytes = xml.clone().into_bytes();
    for (at, byte) in edits {
        let at = at % bytes.len();
        bytes[at] = *byte & 0x7F;
    }
    edited(seed, "xl/worksheets/sheet1.xml", &xml, &String::from_utf8_lossy(&bytes))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn mutated_files_never_panic(
        seed in 0_usize..6,
        edits in proptest::collection::vec((any::<usize>(), any::<u8>()), 1..24),
        cut in proptest::option::of(any::<usize>()),
    ) {
        let mut bytes = seeds()[seed].clone();
        for (at, byte) in &edits {
            let at = at % bytes.len();
            bytes[at] = *byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut % bytes.len());
        }
        let _ = read("x", &bytes);
        let _ = sheet::basic::read(sheet::basic::Kind::Students, &Workbook::read("x", &bytes).unwrap_or_default());
        if seed == 0 {
            let _ = read("x", &mutated_part(&seeds()[0], &edits));
        }
    }

    #[test]
    fn random_bytes_and_texts_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..4_096), text in ".{0,400}") {
        let _ = read("x", &bytes);
        let compound = [b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", &bytes[..]].concat();
        let _ = read("x", &compound);
        let _ = Workbook::paste(&text);
        let _ = read("x", text.as_bytes());
    }

    #[test]
    fn random_words_in_grids_never_panic(words in proptest::collection::vec("[一二三周节第班高午休单双()\\[\\],、/:@0-9a-zM \\n-]{0,12}", 30)) {
        let mut rows = String::new();
        for row in words.chunks(5) {
            let cells: Vec<String> = row.iter().map(|w| format!("\"{w}\"")).collect();
            rows.push_str(&cells.join("\t"));
            rows.push('\n');
        }
        let found = timetable::recognise(&Workbook::paste(&rows).unwrap_or_default());
        let grid = format!("节次\t周一\t周二\t周三\t周四\n{rows}");
        let again = timetable::recognise(&Workbook::paste(&grid).unwrap_or_default());
        for found in [found, again] {
            let period = |no: u8, label: &str, kind| model::calendar::Period {
                no, label: label.to_owned(), kind, start_s: u32::from(no) * 3_000, end_s: u32::from(no) * 3_000 + 2_700,
            };
            let bells = model::calendar::BellTable {
                id: 1,
                name: String::new(),
                periods: vec![
                    period(1, "早读", model::calendar::PeriodKind::Reading),
                    period(2, "第1节", model::calendar::PeriodKind::Lesson),
                    period(25, "晚自习", model::calendar::PeriodKind::SelfStudy),
                ],
            };
            let names = timetable::Names { days: 7, bells: vec![bells], ..Default::default() };
            let _ = timetable::resolve(&found, &names, &timetable::Choices::default());
        }
    }
}
