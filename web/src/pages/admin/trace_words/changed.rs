//! What a change did, in words.

use super::names::{Names, lesson, or_number};
use crate::lang::Text;
use model::ChangeId;
use model::calendar::trace::Changed;
use model::calendar::{Book, Op};

/// `王芳代课（理由：出差）`.
pub fn changed(id: ChangeId, what: &Changed, reason: &str, names: &impl Names, book: Option<&Book>) -> Text {
    let said = did(id, what, names, book);
    match reason {
        "" => said,
        _ => Text::new(format!("{}（理由：{reason}）", said.zh), format!("{} (reason: {reason})", said.en)),
    }
}

fn did(id: ChangeId, what: &Changed, names: &impl Names, book: Option<&Book>) -> Text {
    let of = |id| lesson(names, book, id);
    match what {
        Changed::Cancelled => Text::new("停课，所以不上", "Cancelled, so it is not held"),
        Changed::Substituted => substituted(id, names, book),
        Changed::MovedTo { to } => {
            let to = of(*to);
            Text::new(format!("调到 {}，原来这节不上", to.zh), format!("Moved to {}; not held here", to.en))
        }
        Changed::MovedFrom { from } => {
            let from = of(*from);
            Text::new(format!("从 {} 调来", from.zh), format!("Moved here from {}", from.en))
        }
        Changed::SwappedWith { with } => {
            let with = of(*with);
            Text::new(format!("与 {} 换课", with.zh), format!("Swapped with {}", with.en))
        }
        Changed::Added => Text::new("加课，课表里没有", "An extra lesson that is not in the timetable"),
        Changed::Retimed => Text::new("改了上课时间", "Held at another time"),
        Changed::Idle { missing } => {
            let missing = of(*missing);
            Text::new(
                format!("调课 #{id} 没有生效：{} 已经不在课表上，或那里已经另有一节", missing.zh),
                format!(
                    "Change #{id} did nothing: {} is not held any more, or another lesson is there already",
                    missing.en
                ),
            )
        }
    }
}

/// The trace names the change only; who stands in is in the change itself.
fn substituted(id: ChangeId, names: &impl Names, book: Option<&Book>) -> Text {
    let changes = book.map_or(&[][..], |b| &b.changes);
    let found = changes.iter().find(|c| c.id == id).map(|c| &c.op);
    let Some(Op::Substitute { teacher, subject, room, .. }) = found else {
        return Text::new("代课：换了教师、科目或教室", "Substituted: another teacher, subject or room");
    };
    let mut zh = Vec::new();
    let mut en = Vec::new();
    if let Some(id) = teacher {
        let name = or_number(names.teacher(*id), id.0);
        zh.push(format!("{name}代课"));
        en.push(format!("{name} stands in"));
    }
    if let Some(id) = subject {
        let name = or_number(names.subject(*id), id.0);
        zh.push(format!("改上{name}"));
        en.push(format!("the subject is {name}"));
    }
    if let Some(id) = room {
        let name = or_number(names.room(*id), id.0);
        zh.push(format!("改在教室{name}"));
        en.push(format!("held in room {name}"));
    }
    Text::new(zh.join("，"), en.join(", "))
}
