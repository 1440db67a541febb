//! Names of classes: 高一(3)班, 高一3班, 高一三班, 七(2)班, 2026级3班 — which are the same, and which stand in a text.

use crate::plain::{key, numeral};

/// A class name taken apart.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct ClassKey {
    /// `g10` for 高一, `y2026` for 2026级; empty = the name does not say.
    pub(super) grade: String,
    /// `3`, `实验`; without 班 and brackets.
    pub(super) rest: String,
}

/// Takes a name apart. Names that look like no class keep their text as `rest`.
pub(super) fn class_key(text: &str) -> ClassKey {
    let text = key(text);
    let text = text.strip_prefix("班级:").unwrap_or(&text);
    let (grade, rest) = grade(text).unwrap_or((String::new(), text));
    ClassKey { grade, rest: class_part(rest) }
}

/// `(3)班`, `三班`, `3` → `3`; `国际1班` → `国际1`.
fn class_part(text: &str) -> String {
    let text = text.strip_prefix("class").unwrap_or(text);
    let text = text.strip_suffix("班").unwrap_or(text);
    let bare: String = text.chars().filter(|c| !"()[]第".contains(*c)).collect();
    match numeral(&bare) {
        Some(number) => number.to_string(),
        None => bare,
    }
}

/// The grade at the beginning, and what is left.
fn grade(text: &str) -> Option<(String, &str)> {
    for (word, first, last) in
        [("高中", 9, 3), ("初中", 6, 3), ("小学", 0, 6), ("高", 9, 3), ("初", 6, 3), ("小", 0, 6)]
    {
        if let Some(rest) = text.strip_prefix(word) {
            if let Some((year, rest)) = year(rest) {
                return Some((year, rest));
            }
            let (number, rest) = leading_numeral(rest, last)?;
            return Some((format!("g{}", first + number), after_grade(rest)));
        }
    }
    if let Some((year, rest)) = year(text) {
        return Some((year, rest));
    }
    if let Some(rest) = text.strip_prefix("grade").or_else(|| text.strip_prefix('g')) {
        let (number, rest) = leading_numeral(rest, 12)?;
        return Some((format!("g{number}"), rest.trim_start_matches(['-', ',', '.'])));
    }
    let (number, rest) = leading_numeral(text, 12)?;
    // 七年级2班, 7年级2班, 七(2)班, 七2班; but 3班 and 12班 have no grade.
    let chinese = !text.starts_with(|c: char| c.is_ascii_digit());
    let said = rest.starts_with("年级") || rest.starts_with('级') || rest.starts_with('年');
    let bracket = rest.starts_with('(') || rest.starts_with('-');
    let number_after = chinese && rest.starts_with(|c: char| c.is_ascii_digit());
    (said || bracket || number_after)
        .then(|| (format!("g{number}"), after_grade(rest).trim_start_matches('-')))
}

fn after_grade(rest: &str) -> &str {
    rest.strip_prefix("年级")
        .or_else(|| rest.strip_prefix('级'))
        .or_else(|| rest.strip_prefix('年'))
        .unwrap_or(rest)
}

/// `2026级`, `2026届`.
fn year(text: &str) -> Option<(String, &str)> {
    let digits = text.get(..4).filter(|d| d.bytes().all(|b| b.is_ascii_digit()))?;
    let rest = text[4..].strip_prefix('级').or_else(|| text[4..].strip_prefix('届'))?;
    Some((format!("y{digits}"), rest))
}

fn leading_numeral(text: &str, max: u8) -> Option<(u8, &str)> {
    let is_digit = |c: char| c.is_ascii_digit();
    let is_han = |c: char| "一二三四五六七八九十".contains(c);
    let first = text.chars().next()?;
    let end = match first {
        c if is_digit(c) => text.find(|c: char| !is_digit(c)).unwrap_or(text.len()),
        // 七一班: one numeral is the grade, unless it is 十, 十一 or 十二.
        '十' => text.find(|c: char| !is_han(c)).unwrap_or(text.len()).min("十二".len()),
        c if is_han(c) => c.len_utf8(),
        _ => return None,
    };
    let number = numeral(&text[..end]).filter(|n| (1..=max).contains(n))?;
    Some((number, &text[end..]))
}

/// Whether a text is the name of a class: it ends in 班 with a number or a short name, or names grade and number.
pub(super) fn is_class(text: &str) -> bool {
    let bare = key(text);
    if bare.is_empty() || bare.chars().count() > 16 || bare.contains(['/', ',', '@', ':', ';', '、']) {
        return false;
    }
    let parts = class_key(text);
    let short = !parts.rest.is_empty() && parts.rest.chars().count() <= 8;
    let numbered = parts.rest.bytes().all(|b| b.is_ascii_digit());
    let ends = bare.ends_with('班');
    // 班会 ends otherwise; 培训班, 上班 are no classes but are not written in grids either.
    short
        && (ends
            || (!parts.grade.is_empty() && numbered && parts.rest.len() <= 2)
            || bare.starts_with("class"))
}

/// The classes a text begins with or holds, and the text without them: `高一1班,2班 数学`, `数学(高一3班)`.
///
/// In a list the later ones take the grade of the first.
pub(super) fn take_classes(text: &str) -> (Vec<String>, String) {
    let mut classes: Vec<String> = Vec::new();
    let mut rest = String::new();
    let mut run = String::new();
    // Runs between blanks and line ends are looked at one by one.
    for c in text.chars().chain(['\n']) {
        if c == '\n' || c == ' ' {
            let left = take_run(&run, &mut classes);
            if !left.is_empty() {
                rest.push_str(&left);
                rest.push(c);
            }
            run.clear();
        } else {
            run.push(c);
        }
    }
    (classes, rest.trim_end().to_owned())
}

/// A run without blanks: classes joined by marks, perhaps with the subject before, after or around in brackets.
fn take_run(run: &str, classes: &mut Vec<String>) -> String {
    let run = run.strip_prefix("班级:").unwrap_or(run);
    // 高一1, 七(2): 班 left away. 3-20 may be a room.
    if !run.contains('班') && !run.starts_with(|c: char| c.is_ascii_alphanumeric()) && is_class(run) {
        classes.push(format!("{run}班"));
        return String::new();
    }
    if let Some((before, inside)) = run.strip_suffix(')').and_then(|r| r.split_once('('))
        && inside.contains('班')
    {
        let mut found = Vec::new();
        if take_run(inside, &mut found).is_empty() && !found.is_empty() {
            classes.append(&mut found);
            return before.to_owned();
        }
    }
    let mut left = run;
    while let Some((name, rest)) = first_class(left) {
        let parts = class_key(&name);
        let whole = match (parts.grade.is_empty(), classes.first().and_then(|c| grade_text(c))) {
            (true, Some(grade)) => format!("{grade}{name}"),
            _ => name,
        };
        if !classes.contains(&whole) {
            classes.push(whole);
        }
        left = rest.trim_start_matches([',', '、', '+', '&', '/', ';', '和', '与']);
    }
    left.trim_matches(['/', ',', ':', ';', '-']).to_owned()
}

/// `高一` of `高一1班`.
fn grade_text(class: &str) -> Option<&str> {
    let bare = class;
    let (_, rest) = grade(bare)?;
    Some(&bare[..bare.len() - rest.len()])
}

/// `高一(3)班` → `高一`, `3班`; `None` when the name says no grade.
pub(crate) fn split_grade(text: &str) -> Option<(String, String)> {
    let bare = key(text);
    let head = grade_text(&bare)?;
    let parts = class_key(text);
    let numbered = parts.rest.bytes().all(|b| b.is_ascii_digit());
    (!parts.rest.is_empty()).then(|| {
        (head.to_owned(), if numbered { format!("{}班", parts.rest) } else { bare[head.len()..].to_owned() })
    })
}

/// The 学段 a grade's name tells: 高一 → 高中, 七年级 → 初中; empty when it does not.
pub(crate) fn stage_of(name: &str) -> &'static str {
    let grade = class_key(&format!("{name}1班")).grade;
    match grade.strip_prefix('g').and_then(|n| n.parse::<u8>().ok()) {
        Some(1..=6) => "小学",
        Some(7..=9) => "初中",
        Some(10..=12) => "高中",
        _ => "",
    }
}

/// The class a text begins with, in full: `高一1、2班` gives `高一1班` and leaves `高一2班`'s tail `2班`.
fn first_class(text: &str) -> Option<(String, &str)> {
    let rest = grade(text).map_or(text, |(_, rest)| rest);
    let head = &text[..text.len() - rest.len()];
    let inner = rest.trim_start_matches('(');
    let end = inner.find(|c: char| !(c.is_ascii_digit() || "一二三四五六七八九十".contains(c)));
    let digits = &inner[..end.unwrap_or(inner.len())];
    let number = numeral(digits).filter(|n| *n > 0);
    let after = inner[digits.len()..].trim_start_matches(')');
    if let Some(number) = number {
        if let Some(after) = after.strip_prefix('班') {
            return Some((format!("{head}{number}班"), after));
        }
        // 高一1、2班: the mark of class comes only at the end of the list.
        let list = after.starts_with(['、', ',', '+', '&', '/', '(']) && after.contains('班');
        let continued = list && {
            let next = after.trim_start_matches(['、', ',', '+', '&', '/', '(']);
            next.starts_with(|c: char| c.is_ascii_digit() || "一二三四五六七八九十".contains(c))
        };
        if continued && (!head.is_empty() || after.len() < text.len()) {
            return Some((format!("{head}{number}班"), after));
        }
        return None;
    }
    // 高一实验班, 国际班: a short name before 班, after a grade.
    let at = rest.find('班')?;
    let name = &rest[..at];
    let fine =
        !head.is_empty() && !name.is_empty() && name.chars().count() <= 4 && !name.contains([',', '、', '(']);
    fine.then(|| (format!("{head}{name}班"), &rest[at + "班".len()..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_class_have_one_key() {
        let three = class_key("高一(3)班");
        for text in [
            "高一3班",
            "高一三班",
            "高一（３）班",
            "高一年级3班",
            "高 一 3 班",
            "高中一年级(3)班",
            "高一(三)班",
        ] {
            assert_eq!(class_key(text), three, "{text}");
        }
        assert_eq!((three.grade.as_str(), three.rest.as_str()), ("g10", "3"));
        assert_eq!(class_key("七(2)班"), class_key("初一2班"));
        assert_eq!(class_key("7年级2班"), class_key("七2班"));
        assert_eq!(class_key("2026级3班").grade, "y2026");
        assert_eq!(class_key("3班").grade, "");
        assert_eq!(class_key("高二(11)班").rest, "11");
        assert_ne!(class_key("高一13班"), class_key("高一3班"));
        assert_eq!(class_key("Grade 7 Class 2"), class_key("七年级2班"));
    }

    #[test]
    fn classes_are_told_from_lessons() {
        for text in ["高一3班", "3班", "七(2)", "2026级3班", "实验班", "Class 3", "高一(3)"] {
            assert!(is_class(text), "{text}");
        }
        for text in ["数学", "班会", "301", "王芳", "高一", "", "高一1班,2班", "第3节", "星期一"]
        {
            assert!(!is_class(text), "{text}");
        }
    }

    #[test]
    fn classes_are_taken_out_of_a_text() {
        for (text, classes, rest) in [
            ("高一1班,2班 数学", "高一1班 高一2班", "数学"),
            ("高一(1)班、高一(2)班\n数学", "高一1班 高一2班", "数学"),
            ("高一1、2班 数学", "高一1班 高一2班", "数学"),
            ("数学(高一3班)", "高一3班", "数学"),
            ("高一3班数学", "高一3班", "数学"),
            ("数学\n高一三班\n301", "高一3班", "数学\n301"),
            ("高一(1)(2)班 语文", "高一1班 高一2班", "语文"),
            ("七(2)班/语文", "七2班", "语文"),
            ("班会", "", "班会"),
            ("数学 301", "", "数学 301"),
        ] {
            let (found, left) = take_classes(text);
            assert_eq!((found.join(" ").as_str(), left.as_str()), (classes, rest), "{text}");
        }
    }
}
