//! What one cell says: `数学\n王芳\n301`, `数学(王芳)`, `单:音乐/双:美术`, `高一1班,2班 数学`.

use super::class_name::{is_class, take_classes};
use super::found::Reading;
use super::weeks;
use crate::plain::{key, plain, without_zero_fraction};
use model::calendar::Weeks;

/// One lesson of a cell.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Part {
    pub(super) classes: Vec<String>,
    pub(super) subject: String,
    pub(super) teacher: String,
    pub(super) room: String,
    pub(super) weeks: Weeks,
    pub(super) span: Option<u8>,
    pub(super) record: Option<bool>,
    /// Other ways to read it.
    pub(super) also: Vec<Reading>,
    /// Words that found no place.
    pub(super) extra: Vec<String>,
}

/// A cell that names weeks which are none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BadWeeks(pub(super) String);

/// A word of a cell.
#[derive(Debug, Clone, Default)]
struct Word {
    text: String,
    weeks: Option<Weeks>,
    field: Option<Field>,
    /// It stood in brackets behind the word before it.
    bracket: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Subject,
    Teacher,
    Room,
    Class,
}

/// The lessons of a cell. `of_classes`: the grid is a teacher's or a room's, so cells name classes.
pub(super) fn read(text: &str, of_classes: bool) -> Result<Vec<Part>, BadWeeks> {
    let text = two_in_one_word(&plain(text));
    let mut parts = Vec::new();
    for piece in lessons(words(&text)?) {
        parts.push(part(piece, of_classes));
    }
    Ok(parts)
}

/// `单周音乐双周美术` → `单周 音乐 双周 美术`.
fn two_in_one_word(text: &str) -> String {
    let marks = ["单周", "双周"];
    let glued = |line: &str| {
        marks.iter().all(|m| line.matches(m).count() == 1)
            && marks.iter().any(|m| line.starts_with(m))
            && !line.contains([' ', ':', '/', '(', '[', '{'])
    };
    let line = |line: &str| match glued(line) {
        true => line.replace("单周", " 单周 ").replace("双周", " 双周 ").trim().to_owned(),
        false => line.to_owned(),
    };
    text.split('\n').map(line).collect::<Vec<_>>().join("\n")
}

/// Cuts a text into words; weeks in brackets or before a colon hang on the word they stand by.
fn words(text: &str) -> Result<Vec<Word>, BadWeeks> {
    let mut words = Vec::new();
    let lines: Vec<&str> = text.split('\n').collect();
    for line in &lines {
        for piece in pieces(line) {
            let begin = words.len();
            brackets(&piece, &mut words)?;
            for word in &mut words[begin..] {
                label(word)?;
            }
        }
    }
    words.retain(|w| !w.text.is_empty() || w.weeks.is_some());
    Ok(words)
}

/// Splits a line at blanks and slashes outside brackets. Blanks between Latin words and between single characters
/// (`体 育`) belong to the name.
fn pieces(line: &str) -> Vec<String> {
    let mut out: Vec<(String, char)> = vec![(String::new(), '\n')];
    let mut depth = 0_i32;
    for c in line.chars() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            ' ' | '/' | '|' | ';' | '\\' if depth <= 0 => {
                out.push((String::new(), c));
                continue;
            }
            '@' if depth <= 0 => out.push((String::new(), c)),
            _ => {}
        }
        if let Some((text, _)) = out.last_mut() {
            text.push(c);
        }
    }
    let mut joined: Vec<(String, bool)> = Vec::new();
    let out: Vec<(String, char)> = out.into_iter().filter(|(text, _)| !text.is_empty()).collect();
    let numbered = |n: usize| {
        out.get(n).is_some_and(|(t, before)| {
            *before == ' ' && t.starts_with(|c: char| c.is_ascii_digit()) && t.is_ascii()
        })
    };
    for (n, (text, before)) in out.iter().enumerate() {
        let (text, before) = (text.clone(), *before);
        let single = text.chars().count() == 1 && !text.is_ascii();
        match joined.last_mut() {
            Some((last, singles)) if before == ' ' && *singles && single && last.chars().count() < 4 => {
                last.push_str(&text);
            }
            // Ms Jones Rm 301: the room's word begins the room.
            Some((last, _)) if before == ' ' && is_room_word(last) && numbered(n) => {
                last.push(' ');
                last.push_str(&text);
            }
            Some(_) if is_room_word(&text) && numbered(n + 1) => joined.push((text, single)),
            Some((last, _)) if before == ' ' && latin(last) && latin(&text) => {
                last.push(' ');
                last.push_str(&text);
            }
            _ => joined.push((text, single)),
        }
    }
    joined.into_iter().map(|(text, _)| text).collect()
}

/// What stands before a room's number.
fn is_room_word(text: &str) -> bool {
    matches!(key(text).trim_end_matches('.'), "rm" | "room" | "lab" | "classroom" | "studio")
}

fn latin(text: &str) -> bool {
    !weeks::speaks_of_weeks(text)
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphabetic() || ".'&- ".contains(c))
}

/// Takes `(…)`, `[…]`, `{…}` off a piece: weeks, or further words.
fn brackets(piece: &str, words: &mut Vec<Word>) -> Result<(), BadWeeks> {
    let Some(open) = piece.find(['(', '[', '{']) else {
        words.push(Word { text: piece.to_owned(), ..Word::default() });
        return Ok(());
    };
    let close = match piece.as_bytes()[open] {
        b'(' => ')',
        b'[' => ']',
        _ => '}',
    };
    let Some(end) = piece[open..].find(close).map(|n| open + n) else {
        words.push(Word { text: piece.replace(['(', '[', '{'], ""), ..Word::default() });
        return Ok(());
    };
    let (before, inside, after) = (&piece[..open], &piece[open + 1..end], &piece[end + 1..]);
    if after.starts_with('班') || after.starts_with('(') && after.contains('班') || belongs(inside) {
        // 高一(3)班, 体育(女): part of the name.
        let name_end = piece[end + 1..].find(['(', '[', '{']).map_or(piece.len(), |n| end + 1 + n);
        words.push(Word { text: piece[..name_end].to_owned(), ..Word::default() });
        if name_end < piece.len() {
            return brackets(&piece[name_end..], words);
        }
        return Ok(());
    }
    match weeks::parse(inside, true) {
        Some(weeks) => words.push(Word { text: before.to_owned(), weeks: Some(weeks), ..Word::default() }),
        None => {
            if !before.is_empty() {
                words.push(Word { text: before.to_owned(), ..Word::default() });
            }
            // 数学(王芳,9-16周): words and weeks in one pair of brackets.
            for word in inside.split([',', '、', '/', ';']).flat_map(pieces) {
                let word = word.as_str();
                let weeks = weeks::parse(word, false);
                if weeks.is_none()
                    && weeks::speaks_of_weeks(word)
                    && word.contains(|c: char| c.is_ascii_digit())
                {
                    return Err(BadWeeks(word.to_owned()));
                }
                let text = if weeks.is_some() { String::new() } else { word.to_owned() };
                words.push(Word { text, weeks, field: None, bracket: true });
            }
        }
    }
    match after.is_empty() {
        true => Ok(()),
        false => brackets(after, words),
    }
}

/// What stands in brackets but is part of the subject's name.
fn belongs(inside: &str) -> bool {
    let short = inside.chars().count() <= 1 && weeks::parse(inside, false).is_none();
    let number = inside.len() <= 2 && inside.bytes().all(|b| b.is_ascii_digit());
    short
        || number
        || ["选修", "必修", "校本", "走班", "理科", "文科", "男生", "女生", "连堂", "拓展"].contains(&inside)
}

/// `单:音乐`, `教师:王芳`, `@301`, `1-8周`.
fn label(word: &mut Word) -> Result<(), BadWeeks> {
    if let Some((before, after)) = word.text.split_once(':') {
        let field = match key(before).as_str() {
            "教师" | "老师" | "任课教师" | "任课老师" | "teacher" | "t" => Some(Field::Teacher),
            "教室" | "地点" | "场地" | "room" | "location" => Some(Field::Room),
            "科目" | "课程" | "subject" | "course" => Some(Field::Subject),
            "班级" | "class" => Some(Field::Class),
            _ => None,
        };
        if let Some(weeks) = weeks::parse(before, true) {
            word.weeks = Some(weeks);
            word.text = after.to_owned();
        } else if field.is_some() {
            word.field = field;
            word.text = after.to_owned();
        } else if matches!(before, "周次" | "weeks") {
            word.weeks = Some(weeks::parse(after, true).ok_or_else(|| BadWeeks(after.to_owned()))?);
            word.text.clear();
        }
        return Ok(());
    }
    if let Some(room) = word.text.strip_prefix('@') {
        word.field = Some(Field::Room);
        word.text = room.to_owned();
    } else if word.weeks.is_none() {
        if let Some(weeks) = weeks::parse(&word.text, false) {
            word.weeks = Some(weeks);
            word.text.clear();
        } else if let Some((name, weeks)) = trailing_weeks(&word.text) {
            word.weeks = Some(weeks);
            word.text = name;
        }
    }
    Ok(())
}

/// `音乐单周`, `数学1-8周`.
fn trailing_weeks(text: &str) -> Option<(String, Weeks)> {
    if let Some((name, weeks)) = text
        .strip_suffix("单周")
        .map(|name| (name, Weeks::Odd))
        .or_else(|| text.strip_suffix("双周").map(|name| (name, Weeks::Even)))
        .filter(|(name, _)| !name.is_empty())
    {
        return Some((name.to_owned(), weeks));
    }
    let body = text.strip_suffix('周')?;
    let at = body.rfind(|c: char| !(c.is_ascii_digit() || "-~,、第".contains(c)))?;
    let at = at + body[at..].chars().next()?.len_utf8();
    let weeks = weeks::parse(&text[at..], true)?;
    (at > 0 && at < body.len()).then(|| (text[..at].to_owned(), weeks))
}

/// Groups words into lessons by the weeks they carry.
fn lessons(words: Vec<Word>) -> Vec<Vec<Word>> {
    let tagged = words.iter().filter(|w| w.weeks.is_some()).count();
    if tagged < 2 {
        return if words.is_empty() { Vec::new() } else { vec![words] };
    }
    // `音乐(单) 张三 美术(双) 李四`: weeks begin a lesson; `音乐 张三 (单) 美术 李四 (双)`: they end it.
    let begins = words.first().is_some_and(|w| w.weeks.is_some());
    let mut lessons: Vec<Vec<Word>> = Vec::new();
    let mut open = false;
    for word in words {
        let tag = word.weeks.is_some();
        if (begins && tag) || (!begins && !open) {
            let last_tag_passed = !begins && !lessons.is_empty() && !tag && lessons.len() == tagged;
            match lessons.last_mut() {
                Some(last) if last_tag_passed => {
                    last.push(word);
                    continue;
                }
                _ => lessons.push(Vec::new()),
            }
        }
        open = begins || !tag;
        if let Some(last) = lessons.last_mut() {
            last.push(word);
        }
    }
    lessons
}

/// Gives every word its place.
fn part(words: Vec<Word>, of_classes: bool) -> Part {
    let mut part = Part::default();
    let mut free: Vec<(String, bool)> = Vec::new();
    let joint = !of_classes && words.iter().any(|w| w.bracket && w.text.contains('合'));
    for word in words {
        if let Some(weeks) = word.weeks {
            part.weeks = weeks;
        }
        let mut text = word.text;
        if matches!(text.as_str(), "不录" | "不录课") || text == "录课" {
            part.record = Some(text == "录课");
            continue;
        }
        if of_classes && matches!(word.field, None | Some(Field::Class)) {
            let (classes, rest) = take_classes(&text);
            part.classes.extend(classes.into_iter().filter(|c| !c.is_empty()));
            text = rest;
        }
        // 体育(高一1班、高一2班合班) in a class's own grid.
        if joint && word.bracket && word.field.is_none() {
            let name = ["合班", "合上", "合"].iter().find_map(|w| text.strip_suffix(w)).unwrap_or(&text);
            if name.is_empty() {
                continue;
            }
            if is_class(name) && name.ends_with('班') {
                part.classes.push(name.to_owned());
                continue;
            }
        }
        let place = match word.field {
            Some(Field::Subject) => &mut part.subject,
            Some(Field::Teacher) => &mut part.teacher,
            Some(Field::Room) => &mut part.room,
            Some(Field::Class) => continue,
            None => {
                if !text.is_empty() {
                    free.push((text, word.bracket));
                }
                continue;
            }
        };
        place.push_str(&text);
    }
    place(free, &mut part);
    part.room = without_zero_fraction(&part.room).to_owned();
    part
}

/// Words without a label: the first is the subject, what looks like a room is one, the next is the teacher.
fn place(mut free: Vec<(String, bool)>, part: &mut Part) {
    let bracketed = match &free[..] {
        [(subject, false), (inside, true), ..] => Some((subject.clone(), inside.clone())),
        _ => None,
    };
    if part.subject.is_empty() && !free.is_empty() {
        part.subject = free.remove(0).0;
    }
    for (text, _) in free {
        let text = without_zero_fraction(&text).to_owned();
        let digits = text.bytes().filter(u8::is_ascii_digit).count();
        let phone = digits >= 7 && text.bytes().all(|b| b.is_ascii_digit() || b"+-".contains(&b));
        if phone {
            part.extra.push(text);
        } else if part.room.is_empty() && looks_like_room(&text) {
            part.room = text;
        } else if part.teacher.is_empty() {
            let mut names = text.split([',', '、', '&', '+']).filter(|n| !n.is_empty());
            part.teacher = names.next().unwrap_or_default().to_owned();
            part.extra.extend(names.map(str::to_owned));
        } else if part.room.is_empty() {
            part.room = text;
        } else {
            part.extra.push(text);
        }
    }
    let reading = |subject: String, teacher: String| Reading { subject, teacher, room: part.room.clone() };
    if let Some((subject, inside)) = bracketed {
        let teacher = if part.teacher == inside { String::new() } else { part.teacher.clone() };
        part.also.push(reading(format!("{subject}({inside})"), teacher));
    }
    if !part.teacher.is_empty() && part.extra.is_empty() {
        part.also.push(reading(part.teacher.clone(), part.subject.clone()));
    }
}

/// 301, A301, 3-201, 实验楼301, 操场, 音乐教室, Room 3.
pub(super) fn looks_like_room(text: &str) -> bool {
    let bare = key(text);
    let words = ["室", "楼", "馆", "厅", "操场", "机房", "球场", "room", "lab", "gym", "hall"];
    if words.iter().any(|w| bare.contains(w)) {
        return true;
    }
    let digits = bare.bytes().filter(u8::is_ascii_digit).count();
    let latin = bare.bytes().filter(u8::is_ascii_alphabetic).count();
    (2..7).contains(&digits)
        && latin <= 2
        && bare.chars().all(|c| c.is_ascii_alphanumeric() || "-#.栋座号区".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let of_classes = text.contains('班') && !text.contains("班会");
        let told: Vec<String> = read(text, of_classes)
            .unwrap()
            .iter()
            .map(|p| {
                let weeks = if p.weeks == Weeks::All { String::new() } else { format!(" [{}]", p.weeks) };
                format!("{}|{}|{}|{}{weeks}", p.classes.join("+"), p.subject, p.teacher, p.room)
            })
            .collect();
        assert_eq!(told.join(" ; "), expected, "{text}");
    }

    #[test]
    fn one_lesson_in_every_dress() {
        for text in [
            "数学\n王芳\n301",
            "数学(王芳) 301",
            "数学 王芳@301",
            "数学/王芳/301",
            "数学（王芳，301）",
            "数学\r\n王芳 301.0",
            "科目：数学 教师：王芳 教室：301",
            "数　学\n王　芳\n301",
        ] {
            check(text, "|数学|王芳|301");
        }
        check("数学", "|数学||");
        check("数学@301", "|数学||301");
        check("信息技术 机房2", "|信息技术||机房2");
        check("体育(女) 李强", "|体育(女)|李强|");
        check("数学(2)", "|数学(2)||");
        check("班会", "|班会||");
        check("Physical Education\nMr. Smith\nGym", "|Physical Education|Mr. Smith|Gym");
        check("物理实验 赵军 实验楼201", "|物理实验|赵军|实验楼201");
    }

    #[test]
    fn weeks_stand_anywhere() {
        check("数学[1-8周]", "|数学|| [1-8]");
        check("物理{9-16周,单}", "|物理|| [9,11,13,15]");
        check("数学(王芳)[1-8周]", "|数学|王芳| [1-8]");
        check("数学(王芳,9-16周)", "|数学|王芳| [9-16]");
        check("音乐单周", "|音乐|| [odd]");
        check("单周 音乐", "|音乐|| [odd]");
        check("数学1-8周\n王芳", "|数学|王芳| [1-8]");
        assert_eq!(read("数学(70-80周)", false), Err(BadWeeks("70-80周".to_owned())));
    }

    #[test]
    fn two_lessons_in_one_cell() {
        let two = "|音乐|| [odd] ; |美术|| [even]";
        for text in [
            "单:音乐/双:美术",
            "音乐(单) 美术(双)",
            "单周：音乐\n双周：美术",
            "音乐(单)/美术(双)",
            "音乐单周 美术双周",
            "单 音乐 双 美术",
        ] {
            check(text, two);
        }
        let four = "|音乐|张三| [odd] ; |美术|李四| [even]";
        for text in [
            "音乐(单)\n张三\n美术(双)\n李四",
            "音乐 张三(单)\n美术 李四(双)",
            "音乐\n张三\n(单)\n美术\n李四\n(双)",
        ] {
            check(text, four);
        }
        check("数学[1-8周] 王芳\n物理[9-16周] 赵军", "|数学|王芳| [1-8] ; |物理|赵军| [9-16]");
    }

    #[test]
    fn cells_of_teachers_name_classes() {
        check("高一1班,2班 数学", "高一1班+高一2班|数学||");
        check("数学(高一3班)", "高一3班|数学||");
        check("高一(3)班\n数学\n301", "高一3班|数学||301");
        check("数学/七(2)班", "七2班|数学||");
        check("高一1班 音乐(单) 高一2班 音乐(双)", "高一1班|音乐|| [odd] ; 高一2班|音乐|| [even]");
    }

    #[test]
    fn other_readings_are_kept() {
        let parts = read("数学(选修课)", false).unwrap();
        assert_eq!(parts[0].also[0].subject, "数学(选修课)");
        let parts = read("王芳 数学", false).unwrap();
        assert_eq!((parts[0].also[0].subject.as_str(), parts[0].also[0].teacher.as_str()), ("数学", "王芳"));
    }
}
