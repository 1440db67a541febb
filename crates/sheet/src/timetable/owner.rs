//! Whose timetable a grid is: what its title, its corner and the sheet's name say.

use super::cell::looks_like_room;
use super::class_name::{class_key, is_class, take_classes};
use super::layout::is_grade;
use crate::plain::{key, plain};
use model::calendar::Weeks;

/// What a title says beside whose the grid is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Said {
    /// 单周 or 双周: the grid of these weeks.
    pub(super) weeks: Weeks,
    /// 任教：数学, 王芳老师课程表(数学): the subject of a teacher whose cells name classes only.
    pub(super) subject: Option<String>,
    /// 初二年级课表: the grade of classes that name none.
    pub(super) grade: Option<String>,
}

/// What the titles say, nearest first, and the sheet's name.
pub(super) fn said(titles: &[&str], sheet: &str) -> Said {
    let all = || titles.iter().copied().chain([sheet]);
    let weeks = all().find_map(|text| {
        let bare = key(text);
        match (bare.contains("单周"), bare.contains("双周")) {
            _ if bare.contains("单双周") => None,
            (true, false) => Some(Weeks::Odd),
            (false, true) => Some(Weeks::Even),
            _ => None,
        }
    });
    Said {
        weeks: weeks.unwrap_or_default(),
        subject: all().find_map(subject_in),
        grade: all().find_map(grade_in),
    }
}

/// `实验中学2026学年初二年级总课表`, `初二`.
fn grade_in(title: &str) -> Option<String> {
    let title = plain(title);
    title.split(['\n', ' ', ':', ',', '(', ')']).find_map(|run| {
        let head = run.find("年级").map_or(strip_tail(run), |at| &run[..at + "年级".len()]);
        head.char_indices().map(|(at, _)| &head[at..]).find(|t| is_grade(t)).map(str::to_owned)
    })
}

fn subject_in(title: &str) -> Option<String> {
    let title = plain(title);
    let labelled = title.split(['\n', ' ', ',', ';']).find_map(|run| {
        let (word, subject) = run.split_once(':')?;
        let said = ["任教", "科目", "学科", "任教科目", "任教学科", "subject"].contains(&key(word).as_str());
        (said && !subject.is_empty()).then(|| subject.to_owned())
    });
    let bracketed = || {
        let inside = title.trim_end().strip_suffix(')')?.rsplit_once('(')?.1;
        let word = (2..=8).contains(&inside.chars().count())
            && !inside.contains(|c: char| c.is_ascii_digit() || "周班版稿期年级行".contains(c));
        word.then(|| inside.to_owned())
    };
    labelled.or_else(bracketed)
}

/// Whose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Owner {
    Class(String),
    Teacher(String),
    Room(String),
}

/// What is said above a grid. `names_classes`: its cells name classes, so it is no class's own.
pub(super) fn owner(titles: &[&str], sheet: &str, names_classes: bool) -> Owner {
    let labelled = titles.iter().find_map(|title| labelled(title, names_classes));
    if let Some(owner) = labelled {
        return owner;
    }
    if !names_classes {
        let class = titles.iter().find_map(|title| class_in(title));
        return Owner::Class(class.or_else(|| class_in(sheet)).unwrap_or_else(|| sheet.to_owned()));
    }
    let named: Vec<String> =
        titles.iter().copied().chain([sheet]).map(without_title_words).filter(|n| !n.is_empty()).collect();
    let about_rooms =
        |t: &&str| ["教室课", "室课", "场地", "room timetable"].iter().any(|w| key(t).contains(w));
    // The sheet's name is short; a title may be the school's.
    let name = titles
        .iter()
        .find_map(|t| {
            ["老师", "教师"].iter().find_map(|w| key(t).split_once(w).map(|(n, _)| without_title_words(n)))
        })
        .filter(|n| (2..=6).contains(&n.chars().count()))
        .or_else(|| named.last().cloned())
        .unwrap_or_else(|| sheet.to_owned());
    match titles.iter().any(about_rooms) || looks_like_room(&name) {
        true => Owner::Room(name),
        false => Owner::Teacher(name),
    }
}

/// `班级:高一3班`, `教师：王芳`, `教室：301`.
fn labelled(title: &str, names_classes: bool) -> Option<Owner> {
    for line in plain(title).split('\n') {
        let Some((word, name)) = line.split_once(':') else { continue };
        // 高一1班课程表 班级:高一1班 班主任:王芳 — the label is the last word before the colon, the name ends at a blank.
        let word = word.rsplit(' ').next().unwrap_or(word);
        let name = match line.matches(':').count() {
            1 => name.trim(),
            _ => name.split_whitespace().next().unwrap_or_default(),
        };
        if name.is_empty() {
            continue;
        }
        match key(word).as_str() {
            "班级" | "class" if !names_classes => return Some(Owner::Class(name.to_owned())),
            "教师" | "姓名" | "教师姓名" | "任课教师" | "teacher" if names_classes => {
                return Some(Owner::Teacher(name.to_owned()));
            }
            "教室" | "地点" | "场地" | "room" if names_classes => {
                return Some(Owner::Room(name.to_owned()));
            }
            _ => {}
        }
    }
    None
}

/// The class a title names: `实验中学2026-2027学年第一学期高一(3)班课程表`.
pub(super) fn class_in(title: &str) -> Option<String> {
    if let Some(class) = english_class(title) {
        return Some(class);
    }
    let mut plain_one = None;
    for run in plain(title).split(['\n', ' ', ':', ',']) {
        let run = run.trim_matches(|c: char| "()[]《》".contains(c));
        // The name may stand behind the school's: every beginning is tried, longest first; one with a grade is best.
        let head = run.find('班').map_or("", |at| &run[..at + "班".len()]);
        for (at, _) in head.char_indices() {
            let (classes, rest) = take_classes(&head[at..]);
            if classes.len() == 1 && rest.is_empty() {
                if !class_key(&head[at..]).grade.is_empty() {
                    return Some(head[at..].to_owned());
                }
                plain_one = plain_one.or_else(|| Some(head[at..].to_owned()));
                break;
            }
        }
        let bare = strip_tail(run);
        if is_class(bare) {
            let graded = !class_key(bare).grade.is_empty();
            if graded || plain_one.is_none() {
                plain_one = Some(bare.to_owned());
            }
        }
    }
    plain_one
}

/// `Grade 10 Class 1 Timetable`.
fn english_class(title: &str) -> Option<String> {
    let text = key(title);
    let number = |text: &str| text.chars().take_while(char::is_ascii_digit).collect::<String>();
    let grade = number(text.split_once("grade")?.1);
    let class = number(text.split_once("class")?.1);
    (!grade.is_empty() && !class.is_empty()).then(|| format!("Grade {grade} Class {class}"))
}

fn strip_tail(text: &str) -> &str {
    ["课程表", "课表", "总课表", "日课表", "作息表", "timetable"]
        .iter()
        .find_map(|t| text.strip_suffix(t))
        .unwrap_or(text)
}

/// `王芳老师课程表` → `王芳`.
fn without_title_words(text: &str) -> String {
    let mut name = plain(text).replace('\n', " ");
    for word in ["个人", "教师", "老师", "课程表", "课表", "教室", "功能室", "timetable", "Timetable", "的"]
    {
        // 音乐教室 is a room's name, 音乐教室课表 a title.
        let of_a_room = word == "教室" && name.ends_with("教室");
        if name != word && !of_a_room {
            name = name.replace(word, " ");
        }
    }
    // 王芳(数学): the subject is none of the name.
    let name = match name.split_once('(') {
        Some((before, _)) if !before.trim().is_empty() => before,
        _ => &name,
    };
    name.split_whitespace().last().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_name_classes_teachers_and_rooms() {
        let class = |name: &str| Owner::Class(name.to_owned());
        assert_eq!(owner(&["高一(3)班课程表"], "Sheet1", false), class("高一(3)班"));
        assert_eq!(
            owner(&["实验中学2026-2027学年第一学期高一(3)班课程表"], "Sheet1", false),
            class("高一(3)班")
        );
        assert_eq!(owner(&["班级:七2班 班主任:王芳"], "Sheet1", false), class("七2班"));
        assert_eq!(owner(&["某某中学课程表"], "高二5班", false), class("高二5班"));
        assert_eq!(owner(&[], "Sheet1", false), class("Sheet1"));
        assert_eq!(owner(&["2026级3班 课程表"], "x", false), class("2026级3班"));
        assert_eq!(owner(&["王芳老师课程表"], "Sheet1", true), Owner::Teacher("王芳".to_owned()));
        assert_eq!(owner(&["实验中学课程表"], "王芳", true), Owner::Teacher("王芳".to_owned()));
        assert_eq!(owner(&["教师：李 强"], "1", true), Owner::Teacher("李 强".to_owned()));
        assert_eq!(owner(&["教室：实验楼301"], "1", true), Owner::Room("实验楼301".to_owned()));
        assert_eq!(owner(&[], "301", true), Owner::Room("301".to_owned()));
    }
}
