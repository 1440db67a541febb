//! Cells of files that this product wrote: one thing a line, each but subject and teacher with its mark, so that any name
//! comes back exactly.

use super::cell::{self, BadWeeks, Part};
use super::found::Reading;
use super::weeks;
use crate::Language;

/// Between two lessons of one cell.
const NEXT: &str = "---";
/// Before the other classes of a 合班.
const WITH: [&str; 2] = ["合班:", "with:"];
const CLASS: [&str; 2] = ["班级:", "class:"];
const TEACHER: [&str; 2] = ["教师:", "teacher:"];
const SPAN: [&str; 2] = ["连堂:", "periods:"];
const RECORD: [&str; 2] = ["录课", "record"];
const NO_RECORD: [&str; 2] = ["不录课", "do not record"];

/// What a written cell holds.
#[derive(Debug, Default)]
pub(super) struct Written<'a> {
    pub(super) class: Option<&'a str>,
    pub(super) subject: &'a str,
    pub(super) teacher: Option<&'a str>,
    pub(super) room: Option<&'a str>,
    pub(super) with: Vec<&'a str>,
    pub(super) weeks: String,
    /// Where merged cells cannot show it.
    pub(super) span: Option<u8>,
    pub(super) record: Option<bool>,
}

/// The lines of one lesson.
pub(super) fn write(lesson: &Written<'_>, language: Language) -> String {
    let mark = |marks: &[&'static str; 2]| language.pick(marks[0], marks[1]);
    let mut lines = vec![lesson.subject.to_owned()];
    lines.extend(lesson.class.map(|class| format!("{}{class}", mark(&CLASS))));
    lines.extend(lesson.teacher.map(|teacher| match is_marked(teacher) {
        true => format!("{}{teacher}", mark(&TEACHER)),
        false => teacher.to_owned(),
    }));
    lines.extend(lesson.room.map(|room| format!("@{room}")));
    if !lesson.weeks.is_empty() {
        lines.push(format!("[{}]", lesson.weeks));
    }
    lines.extend(lesson.with.iter().map(|class| format!("{}{class}", mark(&WITH))));
    lines.extend(lesson.span.map(|span| format!("{}{span}", mark(&SPAN))));
    lines.extend(lesson.record.map(|record| mark(if record { &RECORD } else { &NO_RECORD }).to_owned()));
    lines.join("\n")
}

/// The lessons of one cell.
pub(super) fn join(lessons: &[String]) -> String {
    lessons.join(&format!("\n{NEXT}\n"))
}

fn after<'a>(line: &'a str, marks: &[&str]) -> Option<&'a str> {
    marks.iter().find_map(|mark| line.strip_prefix(mark))
}

/// Whether a line would be taken for something else than a teacher.
fn is_marked(line: &str) -> bool {
    line == NEXT
        || line.starts_with(['@', '['])
        || [WITH, CLASS, TEACHER, SPAN].iter().any(|marks| after(line, marks).is_some())
        || [RECORD, NO_RECORD].iter().any(|marks| marks.contains(&line))
}

/// Reads a cell as [`write`] and [`join`] made it. What a user has typed over it is read as any cell is, too: the other
/// readings of the part.
pub(super) fn read(text: &str, of_classes: bool) -> Result<Vec<Part>, BadWeeks> {
    let lines: Vec<&str> = text.split('\n').map(str::trim).filter(|l| !l.is_empty()).collect();
    let mut parts = Vec::new();
    for lines in lines.split(|line| *line == NEXT).filter(|lines| !lines.is_empty()) {
        let part = lesson(lines)?;
        // Typed by hand, in a form of its own: weeks without their line, classes without their mark.
        let foreign = (of_classes && part.classes.is_empty()) || !part.extra.is_empty();
        let loose = cell::read(&lines.join("\n"), of_classes);
        match loose {
            Ok(loose) if foreign || loose.len() > 1 && lines.len() == 1 => parts.extend(loose),
            Ok(loose) => parts.push(with_readings(part, loose)),
            Err(bad) if foreign => return Err(bad),
            Err(_) => parts.push(part),
        }
    }
    Ok(parts)
}

fn with_readings(mut part: Part, loose: Vec<Part>) -> Part {
    if let [other] = &loose[..]
        && part.teacher.is_empty()
        && other.subject != part.subject
        && other.weeks == part.weeks
    {
        let reading = Reading {
            subject: other.subject.clone(),
            teacher: other.teacher.clone(),
            room: other.room.clone(),
        };
        part.also.push(reading);
        part.also.extend(other.also.iter().cloned());
    }
    part
}

fn lesson(lines: &[&str]) -> Result<Part, BadWeeks> {
    let mut part = Part { subject: lines[0].to_owned(), ..Part::default() };
    for line in &lines[1..] {
        if let Some(room) = line.strip_prefix('@') {
            part.room = room.to_owned();
        } else if let Some(inside) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
            part.weeks = weeks::parse(inside, true).ok_or_else(|| BadWeeks(inside.to_owned()))?;
        } else if let Some(class) = after(line, &CLASS) {
            part.classes.insert(0, class.to_owned());
        } else if let Some(class) = after(line, &WITH) {
            part.classes.push(class.to_owned());
        } else if let Some(teacher) = after(line, &TEACHER) {
            part.teacher = teacher.to_owned();
        } else if let Some(span) = after(line, &SPAN) {
            part.span = span.parse().ok().filter(|n| (1..=4).contains(n));
        } else if RECORD.contains(line) {
            part.record = Some(true);
        } else if NO_RECORD.contains(line) {
            part.record = Some(false);
        } else if part.teacher.is_empty() {
            part.teacher = (*line).to_owned();
        } else {
            part.extra.push((*line).to_owned());
        }
    }
    Ok(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_name_comes_back() {
        for teacher in ["王芳", "@王", "教师:x", "录课", "---", "[单]", "a/b (c)"] {
            for language in [Language::Chinese, Language::English] {
                let written = Written {
                    subject: "数学（选修）/A",
                    teacher: Some(teacher),
                    room: Some("实验楼 (3)-1"),
                    with: vec!["高一2班", "高一3班、4班"],
                    weeks: "1-8周".to_owned(),
                    span: Some(2),
                    record: Some(false),
                    ..Written::default()
                };
                let text = join(&[write(&written, language), write(&written, language)]);
                let parts = read(&text, false).unwrap();
                assert_eq!(parts.len(), 2);
                let part = &parts[1];
                assert_eq!((part.subject.as_str(), part.teacher.as_str()), ("数学（选修）/A", teacher));
                assert_eq!(
                    (part.room.as_str(), part.span, part.record),
                    ("实验楼 (3)-1", Some(2), Some(false))
                );
                assert_eq!(part.classes, ["高一2班", "高一3班、4班"]);
                assert_eq!(part.weeks.to_string(), "1-8");
            }
        }
    }

    #[test]
    fn what_a_user_types_into_our_file_is_read_as_any_cell() {
        let part = &read("数学(王芳)", false).unwrap()[0];
        assert_eq!(part.subject, "数学(王芳)");
        assert_eq!((part.also[0].subject.as_str(), part.also[0].teacher.as_str()), ("数学", "王芳"));
        assert_eq!(read("音乐(单) 美术(双)", false).unwrap().len(), 2);
        assert_eq!(read("高一1班 数学", true).unwrap()[0].classes, ["高一1班"]);
    }
}
