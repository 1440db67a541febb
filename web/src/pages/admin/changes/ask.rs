//! What a form of a change asks for: from fields, of the address or posted, to an operation.

use crate::extract::Fields;
use crate::pages::admin::form::take;
use jiff::civil::Date;
use model::calendar::{LessonId, Op};
use model::fault::{Fault, Reason};
use model::timetable::parse_time_of_day;
use model::{ClassId, RoomId, SubjectId, TeacherId};

/// The kinds of a change: value, Chinese, English, and a line below each.
pub const KINDS: [(&str, &str, &str, &str, &str); 7] = [
    ("substitute", "代课", "Substitute", "换教师、科目或教室", "another teacher, subject or room"),
    ("cancel", "停课", "Cancel", "这节不上", "not held"),
    ("move", "调课", "Move", "改到别的日期或节次", "to another date or period"),
    ("swap", "换课", "Swap", "同班两节课互换", "two lessons of a class change places"),
    ("extra", "加课", "Extra lesson", "课表里没有的课", "not in the timetable"),
    ("retime", "改时间", "Other times", "提前、延长、缩短", "earlier, longer, shorter"),
    ("record", "录 / 不录", "Record or not", "只改录像", "recording only"),
];

/// What has been chosen so far.
#[derive(Debug, Clone)]
pub struct Asked {
    /// One of [`KINDS`].
    pub kind: &'static str,
    /// 班级.
    pub class: Option<ClassId>,
    /// Date of the lesson.
    pub date: Date,
    /// Where it goes, or of the other one of a swap.
    pub to_date: Date,
    /// The lesson.
    pub lesson: Option<LessonId>,
    /// The other one of a swap.
    pub b: Option<LessonId>,
}

impl Asked {
    /// Reads it; what is missing is filled from the lesson, then from today.
    pub fn of(fields: &Fields, today: Date) -> Self {
        let lesson = fields.text("lesson").parse::<LessonId>().ok();
        let kind = KINDS.iter().map(|kind| kind.0).find(|kind| *kind == fields.text("op"));
        let class = fields.text("class").parse().ok().map(ClassId).or(lesson.map(|id| id.class));
        let date = fields.text("date").parse().ok().or(lesson.map(|id| id.date)).unwrap_or(today);
        Self {
            kind: kind.unwrap_or("substitute"),
            class,
            date,
            to_date: fields.text("to_date").parse().unwrap_or(date),
            // Another class or date chosen later leaves the lesson behind.
            lesson: lesson.filter(|id| Some(id.class) == class && id.date == date),
            b: fields.text("b").parse().ok(),
        }
    }

    /// The operation. `next_n` numbers a lesson that is made; it is looked up by the caller.
    pub fn op(&self, fields: &Fields, next_n: u8) -> Result<Op, Vec<Fault>> {
        let mut faults = Vec::new();
        let required = |field| Fault::new(field, Reason::Required);
        let class = self.class.unwrap_or(ClassId(0));
        if self.class.is_none() {
            faults.push(required("class"));
        }
        let none = LessonId { class, date: self.date, period: 0, n: 0 };
        let lesson = match (self.kind, self.lesson) {
            ("extra", _) => none,
            (_, found) => take(&mut faults, found.ok_or(required("lesson")), none),
        };
        let teacher = number(fields, "teacher").map(TeacherId);
        let subject = number(fields, "subject").map(SubjectId);
        let room = number(fields, "room").map(RoomId);
        let mut times = || {
            let start_s = take(&mut faults, parse_time_of_day("start", fields.text("start")), 0);
            let end_s = take(&mut faults, parse_time_of_day("end", fields.text("end")), 0);
            (start_s, end_s)
        };
        let op = match self.kind {
            "cancel" => Op::Cancel { lesson },
            "move" => {
                let period = take(&mut faults, fields.small("to_period"), 0);
                Op::Move { lesson, to: LessonId { class, date: self.to_date, period, n: next_n }, room }
            }
            "swap" => Op::Swap { a: lesson, b: take(&mut faults, self.b.ok_or(required("b")), none) },
            "extra" => {
                let period = fields.small::<u8>("period").unwrap_or(0);
                let times = (period == 0).then(times);
                let subject = take(&mut faults, subject.ok_or(required("subject")), SubjectId(0));
                Op::Extra { lesson: LessonId { period, n: next_n, ..none }, times, subject, teacher, room }
            }
            "retime" => {
                let (start_s, end_s) = times();
                Op::Retime { lesson, start_s, end_s }
            }
            "record" => Op::Record { lesson, on: fields.text("on") != "0" },
            _ => Op::Substitute { lesson, teacher, subject, room },
        };
        if faults.is_empty() { Ok(op) } else { Err(faults) }
    }

    /// Where a new lesson is made; `None` when this change makes none.
    pub fn made(&self, fields: &Fields) -> Option<(ClassId, Date, u8)> {
        let period = |name| fields.text(name).parse().unwrap_or(0);
        match self.kind {
            "move" => Some((self.class?, self.to_date, period("to_period"))),
            "extra" => Some((self.class?, self.date, period("period"))),
            _ => None,
        }
    }
}

fn number(fields: &Fields, name: &str) -> Option<i64> {
    fields.text(name).parse().ok().filter(|id| *id > 0)
}

/// The field of the form in which a fault of the operation is shown.
pub fn field_of(fault: Fault, kind: &str) -> Fault {
    let field = match (fault.field, kind) {
        ("to", _) => "to_period",
        ("a", _) => "lesson",
        ("lesson", "extra") => "period",
        (other, _) => other,
    };
    Fault::new(field, fault.reason)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn fields(pairs: &[(&str, &str)]) -> Fields {
        Fields::new(pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect())
    }

    #[track_caller]
    fn check(pairs: &[(&str, &str)], op: &str) {
        let fields = fields(pairs);
        let made = Asked::of(&fields, date(2026, 11, 20)).op(&fields, 1);
        let said = match made {
            Ok(op) => serde_json::to_string(&op).unwrap(),
            Err(faults) => faults.iter().map(|f| f.field).collect::<Vec<_>>().join(" "),
        };
        assert_eq!(said, op);
    }

    const LESSON: (&str, &str) = ("lesson", "c3-20261123-p2-0");

    #[test]
    fn fields_become_an_operation() {
        check(&[("op", "cancel"), LESSON], r#"{"op":"cancel","lesson":"c3-20261123-p2-0"}"#);
        check(
            &[("op", "substitute"), LESSON, ("teacher", "5"), ("room", "")],
            r#"{"op":"substitute","lesson":"c3-20261123-p2-0","teacher":5}"#,
        );
        check(
            &[("op", "move"), LESSON, ("to_date", "2026-11-24"), ("to_period", "4")],
            r#"{"op":"move","lesson":"c3-20261123-p2-0","to":"c3-20261124-p4-1"}"#,
        );
        check(
            &[("op", "retime"), LESSON, ("start", "08:00"), ("end", "9:00")],
            r#"{"op":"retime","lesson":"c3-20261123-p2-0","start_s":28800,"end_s":32400}"#,
        );
        check(
            &[
                ("op", "extra"),
                ("class", "3"),
                ("period", "0"),
                ("subject", "2"),
                ("start", "17:00"),
                ("end", "18:00"),
            ],
            r#"{"op":"extra","lesson":"c3-20261120-p0-1","times":[61200,64800],"subject":2}"#,
        );
        check(
            &[("op", "record"), LESSON, ("on", "0")],
            r#"{"op":"record","lesson":"c3-20261123-p2-0","on":false}"#,
        );
    }

    #[test]
    fn what_is_missing_is_named() {
        check(&[("op", "cancel")], "class lesson");
        check(&[("op", "swap"), LESSON], "b");
        check(&[("op", "move"), LESSON], "to_period");
        check(&[("op", "retime"), LESSON], "start end");
        check(&[("op", "cancel"), ("class", "4"), LESSON], "lesson");
    }
}
