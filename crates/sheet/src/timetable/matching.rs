//! Which name of the school a file means: exactly one is taken, likely ones are proposed.

use super::class_name::{ClassKey, class_key};
use super::names::{Names, Noun};
use crate::plain::key;
use std::collections::{BTreeMap, HashMap};

/// Most names proposed for an unknown one.
const GUESSES_MAX: usize = 5;

/// The names of one noun, ready to be looked up.
#[derive(Default)]
pub(super) struct Index {
    /// As they stand, and as aliases.
    exact: HashMap<String, Vec<i64>>,
    /// Plain, without blanks, lower case.
    keys: HashMap<String, Vec<i64>>,
    /// Of classes: grade and number.
    classes: BTreeMap<ClassKey, Vec<i64>>,
    /// Of classes: grade and number of the name that pages show.
    shown: BTreeMap<ClassKey, Vec<i64>>,
    /// For proposals: id, name.
    all: Vec<(i64, String)>,
    noun: Option<Noun>,
}

/// Looks names up: of classes, subjects, teachers and rooms.
pub struct Matcher {
    classes: Index,
    subjects: Index,
    teachers: Index,
    rooms: Index,
}

impl Matcher {
    /// Indexes the names and aliases of a school.
    pub fn new(names: &Names) -> Self {
        let plain_index = |noun, all: Vec<(i64, String)>| {
            let mut index = Index { noun: Some(noun), ..Index::default() };
            for (id, name) in all {
                index.add(id, &name, &[]);
                index.all.push((id, name));
            }
            index.aliases(names);
            index
        };
        let mut classes = Index { noun: Some(Noun::Class), ..Index::default() };
        for class in &names.classes {
            let label = names.class_label(class);
            classes.add(class.id.0, &label, &names.class_spellings(class));
            classes.all.push((class.id.0, label));
        }
        classes.aliases(names);
        Self {
            classes,
            subjects: plain_index(
                Noun::Subject,
                names.subjects.iter().map(|(i, n)| (i.0, n.clone())).collect(),
            ),
            teachers: plain_index(
                Noun::Teacher,
                names.teachers.iter().map(|(i, n)| (i.0, n.clone())).collect(),
            ),
            rooms: plain_index(Noun::Room, names.rooms.iter().map(|(i, n)| (i.0, n.clone())).collect()),
        }
    }

    fn index(&self, noun: Noun) -> &Index {
        match noun {
            Noun::Class | Noun::Grade => &self.classes,
            Noun::Subject => &self.subjects,
            Noun::Teacher => &self.teachers,
            Noun::Room => &self.rooms,
        }
    }

    /// The one whose name, alias or (of classes) grade and number this is.
    pub fn exact(&self, noun: Noun, text: &str) -> Option<i64> {
        self.index(noun).find(text)
    }

    /// Whom it may mean, likeliest first, at most 5: ids and names.
    pub fn guesses(&self, noun: Noun, text: &str) -> Vec<(i64, String)> {
        self.index(noun).guesses(text)
    }
}

impl Names {
    /// The grade a file means by its name, perhaps with the stage: 高一, 一年级 of 高中, 高中一年级.
    pub fn grade_named(&self, stage: &str, name: &str) -> Option<model::GradeId> {
        let (stage, name) = (key(stage), key(name));
        let whole = class_key(&format!("{stage}{name}1班")).grade;
        let fits = |g: &&super::GradeName| {
            let labels = [g.name.clone(), format!("{}{}", g.stage, g.name), grade_label(&g.stage, &g.name)];
            let same_stage = stage.is_empty() || key(&g.stage) == stage;
            let same = labels.iter().any(|label| key(label) == name);
            let meant = !whole.is_empty() && class_key(&format!("{}{}1班", g.stage, g.name)).grade == whole;
            same_stage && (same || meant)
        };
        let mut found = self.grades.iter().filter(fits);
        let first = found.next()?;
        found.next().is_none().then_some(first.id)
    }

    /// As pages and files show a class: 高一3班 for 3班 of 高中 一年级.
    pub fn class_label(&self, class: &super::ClassName) -> String {
        let Some(grade) = self.grades.iter().find(|g| g.id == class.grade) else { return class.name.clone() };
        match class_key(&class.name).grade.is_empty() {
            true => format!("{}{}", grade_label(&grade.stage, &grade.name), class.name),
            false => class.name.clone(),
        }
    }

    /// 3班's own spelling together with its grade's: 高一3班, 高中一年级3班.
    fn class_spellings(&self, class: &super::ClassName) -> Vec<String> {
        let Some(grade) = self.grades.iter().find(|g| g.id == class.grade) else { return Vec::new() };
        let mut all = vec![class.name.clone()];
        if class_key(&class.name).grade.is_empty() {
            all.push(format!("{}{}{}", grade.stage, grade.name, class.name));
            all.push(format!("{}{}", grade.name, class.name));
        }
        all
    }
}

/// 高中 一年级 → 高一, 初中 三年级 → 初三, 小学 六年级 → 六年级; other names stay.
pub(super) fn grade_label(stage: &str, name: &str) -> String {
    let short = match stage {
        "高中" => "高",
        "初中" => "初",
        _ => return name.to_owned(),
    };
    match name.strip_suffix("年级") {
        Some(number) if number.chars().count() == 1 && "一二三".contains(number) => {
            format!("{short}{number}")
        }
        _ => name.to_owned(),
    }
}

impl Index {
    fn add(&mut self, id: i64, name: &str, spellings: &[String]) {
        for (n, text) in std::iter::once(name).chain(spellings.iter().map(String::as_str)).enumerate() {
            if n == 0 {
                push(self.exact.entry(text.to_owned()).or_default(), id);
                push(self.shown.entry(class_key(text)).or_default(), id);
            }
            push(self.keys.entry(key(text)).or_default(), id);
            if self.noun == Some(Noun::Class) {
                push(self.classes.entry(class_key(text)).or_default(), id);
            }
        }
    }

    /// Aliases stand above names: a person has said so.
    fn aliases(&mut self, names: &Names) {
        for alias in names.aliases.iter().filter(|a| Some(a.noun) == self.noun) {
            if self.all.iter().any(|(id, _)| *id == alias.target) {
                self.exact.insert(alias.text.clone(), vec![alias.target]);
                self.keys.insert(key(&alias.text), vec![alias.target]);
            }
        }
    }

    fn find(&self, text: &str) -> Option<i64> {
        let only = |ids: Option<&Vec<i64>>| match ids.map(Vec::as_slice) {
            Some([id]) => Some(*id),
            _ => None,
        };
        if let Some(id) = only(self.exact.get(text)) {
            return Some(id);
        }
        let plain = key(text);
        if self.keys.contains_key(&plain) {
            return only(self.keys.get(&plain));
        }
        match self.noun {
            // 三年级四班 is the one shown as 三年级4班, though 三年级 of 初中 (初三) has a 4班, too.
            Some(Noun::Class) => {
                let parts = class_key(text);
                // 1-1 says no stage at all.
                let said = !plain.starts_with(|c: char| c.is_ascii_digit());
                only(self.shown.get(&parts).filter(|_| said)).or_else(|| only(self.classes.get(&parts)))
            }
            // 王芳老师 is 王芳.
            Some(Noun::Teacher) => only(self.keys.get(plain.strip_suffix("老师")?)),
            _ => None,
        }
    }

    fn guesses(&self, text: &str) -> Vec<(i64, String)> {
        let plain = key(text);
        let mut scored: Vec<(u32, &(i64, String))> =
            self.all.iter().filter_map(|entry| Some((self.distance(&plain, &entry.1)?, entry))).collect();
        scored
            .sort_by(|a, b| (a.0, a.1.1.chars().count(), &a.1.1).cmp(&(b.0, b.1.1.chars().count(), &b.1.1)));
        scored.into_iter().take(GUESSES_MAX).map(|(_, entry)| entry.clone()).collect()
    }

    /// 0 = the same but for width and case; `None` = nothing alike.
    fn distance(&self, plain: &str, name: &str) -> Option<u32> {
        let name_key = key(name);
        if plain == name_key {
            return Some(0);
        }
        if self.noun == Some(Noun::Class) {
            let (a, b) = (class_key(plain), class_key(&name_key));
            // 2026级3班 may be 高一3班: the number is the same, and one of them does not say a grade of 1–12.
            let unsure = !a.grade.starts_with('g') || !b.grade.starts_with('g');
            let far = edit_distance(plain, &name_key);
            if is_code(plain, &b) {
                return Some(2);
            }
            return match (a == b, a.rest == b.rest && unsure) {
                (true, _) => Some(1),
                (_, true) => Some(2),
                _ => (far <= 1 && a.rest == b.rest).then_some(3),
            };
        }
        if plain.is_empty() {
            return None;
        }
        if name_key.contains(plain) || plain.contains(&name_key) {
            let (a, b) = (plain.chars().count(), name_key.chars().count());
            // 语 is 语文 rather than 英语.
            let begins = u32::from(!name_key.starts_with(plain) && !plain.starts_with(&name_key));
            return Some(10 + 2 * a.abs_diff(b) as u32 + begins);
        }
        let far = edit_distance(plain, &name_key);
        let longest = plain.chars().count().max(name_key.chars().count());
        let typed_wrong = match self.noun {
            // 王方 for 王芳. But 化学 is not 数学, and 302 not 301.
            Some(Noun::Teacher) => far == 1 || far * 3 <= longest,
            Some(Noun::Room) => false,
            _ => far * 3 <= longest,
        };
        typed_wrong.then_some(100 + far as u32)
    }
}

/// 101, 1203: the year within the school and the number of the class in two digits.
fn is_code(text: &str, class: &ClassKey) -> bool {
    let digits = (3..=4).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    let number = class.rest.parse::<u8>().ok().filter(|n| *n > 0);
    let grade = class.grade.strip_prefix('g').and_then(|g| g.parse::<u8>().ok());
    let (Some(number), Some(grade), true) = (number, grade, digits) else { return false };
    let within = if grade > 9 { grade - 9 } else { grade.checked_sub(6).filter(|g| *g > 0).unwrap_or(grade) };
    [grade, within].iter().any(|year| text == format!("{year}{number:02}"))
}

fn push(ids: &mut Vec<i64>, id: i64) {
    if !ids.contains(&id) {
        ids.push(id);
    }
}

/// Levenshtein's distance, of texts of at most 60 characters; longer ones are far apart.
fn edit_distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    if a.len() > 60 || b.len() > 60 {
        return usize::MAX / 4;
    }
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut before = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let swap = before + usize::from(x != y);
            before = row[j + 1];
            row[j + 1] = swap.min(before + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::super::names::{Alias, ClassName, GradeName};
    use super::*;
    use model::{ClassId, GradeId, RoomId, SubjectId, TeacherId};

    fn names() -> Names {
        let grade = |id, stage: &str, name: &str| GradeName {
            id: GradeId(id),
            stage: stage.into(),
            name: name.into(),
        };
        let class =
            |id, grade, name: &str| ClassName { id: ClassId(id), grade: GradeId(grade), name: name.into() };
        Names {
            grades: vec![grade(1, "高中", "一年级"), grade(2, "初中", "一年级"), grade(3, "高中", "2025级")],
            classes: vec![class(1, 1, "1班"), class(3, 1, "3班"), class(13, 2, "3班"), class(23, 3, "(3)班")],
            subjects: vec![(SubjectId(1), "数学".into()), (SubjectId(2), "信息技术".into())],
            teachers: vec![(TeacherId(1), "王芳".into()), (TeacherId(2), "王方圆".into())],
            rooms: vec![(RoomId(1), "301".into())],
            aliases: vec![Alias { noun: Noun::Subject, text: "数".into(), target: 1 }],
            ..Names::default()
        }
    }

    #[test]
    fn spellings_of_a_class_find_it() {
        let matcher = Matcher::new(&names());
        for text in ["高一3班", "高一(3)班", "高一三班", "高中一年级3班", "高一年级（3）班"]
        {
            assert_eq!(matcher.exact(Noun::Class, text), Some(3), "{text}");
        }
        for text in ["七(3)班", "初一3班", "七年级三班"] {
            assert_eq!(matcher.exact(Noun::Class, text), Some(13), "{text}");
        }
        assert_eq!(matcher.exact(Noun::Class, "2025级3班"), Some(23));
        // Three classes are called so.
        assert_eq!(matcher.exact(Noun::Class, "3班"), None);
        assert_eq!(matcher.guesses(Noun::Class, "3班").len(), 3);
        assert_eq!(matcher.exact(Noun::Class, "2026级3班"), None);
        assert!(matcher.guesses(Noun::Class, "2026级3班").iter().any(|g| g.0 == 3));
    }

    #[test]
    fn alike_is_proposed_and_not_taken() {
        let matcher = Matcher::new(&names());
        assert_eq!(matcher.exact(Noun::Subject, "数"), Some(1));
        assert_eq!(matcher.exact(Noun::Teacher, "王 芳"), Some(1));
        assert_eq!(matcher.exact(Noun::Teacher, "王芳老师"), Some(1));
        assert_eq!(matcher.exact(Noun::Subject, "信息"), None);
        assert_eq!(matcher.guesses(Noun::Subject, "信息")[0].0, 2);
        assert_eq!(matcher.exact(Noun::Teacher, "王方"), None);
        let guesses: Vec<i64> = matcher.guesses(Noun::Teacher, "王方").iter().map(|g| g.0).collect();
        assert_eq!(guesses, [2, 1]);
        assert_eq!(matcher.guesses(Noun::Subject, "体育"), []);
    }
}
