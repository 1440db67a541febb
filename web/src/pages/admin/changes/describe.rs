//! A change in one sentence.

use crate::lang::{Lang, Text};
use crate::pages::admin::today::board::times;
use crate::pages::admin::trace_words::{Names, lesson, or_number};
use model::calendar::{Book, LessonId, Op};
use model::{RoomId, SubjectId, TeacherId};

/// `代课：一年级 一班 11月20日（周五）第3节，王芳`.
pub fn describe(l: Lang, op: &Op, names: &impl Names, book: &Book) -> String {
    let (kind, what) = (kind(op), what(op, names, book));
    l.of(&Text::new(format!("{}：{}", kind.zh, what.zh), format!("{}: {}", kind.en, what.en))).to_owned()
}

/// What it is called: 停课, 代课, …
pub fn kind(op: &Op) -> Text {
    let (zh, en) = match op {
        Op::Cancel { .. } => ("停课", "Cancel"),
        Op::Substitute { .. } => ("代课", "Substitute"),
        Op::Move { .. } => ("调课", "Move"),
        Op::Swap { .. } => ("换课", "Swap"),
        Op::Extra { .. } => ("加课", "Extra lesson"),
        Op::Retime { .. } => ("改时间", "Other times"),
        Op::Record { on: true, .. } => ("录像", "Record"),
        Op::Record { on: false, .. } => ("不录", "Do not record"),
    };
    Text::new(zh, en)
}

/// Which lessons, and what becomes of them.
pub fn what(op: &Op, names: &impl Names, book: &Book) -> Text {
    let of = |id: &LessonId| lesson(names, Some(book), *id);
    let pair = |zh: String, en: String| Text::new(zh, en);
    match op {
        Op::Cancel { lesson } | Op::Record { lesson, .. } => of(lesson),
        Op::Substitute { lesson, teacher, subject, room } => {
            let (lesson, what) = (of(lesson), content(names, *teacher, *subject, *room));
            pair(format!("{}，{}", lesson.zh, what.join("，")), format!("{}; {}", lesson.en, what.join(", ")))
        }
        Op::Move { lesson, to, room } => {
            let (from, to) = (of(lesson), of(to));
            let mut text = pair(format!("{} → {}", from.zh, to.zh), format!("{} → {}", from.en, to.en));
            if let Some(id) = room {
                let room = or_number(names.room(*id), id.0);
                text.zh.push_str(&format!("，教室{room}"));
                text.en.push_str(&format!(", room {room}"));
            }
            text
        }
        Op::Swap { a, b } => {
            let (a, b) = (of(a), of(b));
            pair(format!("{} ⇄ {}", a.zh, b.zh), format!("{} ⇄ {}", a.en, b.en))
        }
        Op::Extra { lesson, times: own, subject, teacher, room } => {
            let (lesson, what) = (of(lesson), content(names, *teacher, Some(*subject), *room));
            let own = own.map(|(start, end)| format!(" {}", times(start, end))).unwrap_or_default();
            pair(
                format!("{}{own}，{}", lesson.zh, what.join("，")),
                format!("{}{own}; {}", lesson.en, what.join(", ")),
            )
        }
        Op::Retime { lesson, start_s, end_s } => {
            let (lesson, times) = (of(lesson), times(*start_s, *end_s));
            pair(format!("{} → {times}", lesson.zh), format!("{} → {times}", lesson.en))
        }
    }
}

fn content(
    names: &impl Names,
    teacher: Option<TeacherId>,
    subject: Option<SubjectId>,
    room: Option<RoomId>,
) -> Vec<String> {
    let mut words = Vec::new();
    words.extend(subject.map(|id| or_number(names.subject(id), id.0)));
    words.extend(teacher.map(|id| or_number(names.teacher(id), id.0)));
    words.extend(room.map(|id| or_number(names.room(id), id.0)));
    words
}
