//! What things are called in the words of a trace: people and rooms by name, dates and weeks as a school says them.

use crate::lang::{Lang, Text};
use crate::pages::admin::show::weekday_short;
use jiff::civil::Date;
use model::calendar::{Book, LessonId, Weeks};
use model::{ChannelId, ClassId, RoomId, SubjectId, TeacherId};

/// Names of a school's things; `None` when one has gone.
pub trait Names {
    /// `一年级 一班`.
    fn class(&self, id: ClassId) -> Option<String>;
    /// `301`.
    fn room(&self, id: RoomId) -> Option<String>;
    /// A channel as 直播管理 calls it.
    fn channel(&self, id: ChannelId) -> Option<String>;
    /// 科目.
    fn subject(&self, id: SubjectId) -> Option<String>;
    /// 教师.
    fn teacher(&self, id: TeacherId) -> Option<String>;
}

/// `10月8日（周四）`.
pub fn date(date: Date) -> Text {
    let day = date.weekday().to_sunday_zero_offset().unsigned_abs();
    Text::new(
        format!("{}月{}日（{}）", date.month(), date.day(), weekday_short(Lang::Zh, day)),
        format!("{} {}", weekday_short(Lang::En, day), date.strftime("%-d %b")),
    )
}

/// Column of a week, 1 = Monday.
pub fn weekday(column: u8) -> Text {
    let day = column % 7;
    Text::new(weekday_short(Lang::Zh, day), weekday_short(Lang::En, day))
}

/// `第12周（双周）`.
pub fn week(week: u16) -> Text {
    let (zh, en) = if week % 2 == 1 { ("单周", "odd") } else { ("双周", "even") };
    Text::new(format!("第{week}周（{zh}）"), format!("week {week} ({en})"))
}

/// In which weeks: `单周`, `第1-8,10周`.
pub fn weeks(weeks: &Weeks) -> Text {
    match weeks {
        Weeks::All => Text::new("每周", "every week"),
        Weeks::Odd => Text::new("单周", "odd weeks"),
        Weeks::Even => Text::new("双周", "even weeks"),
        Weeks::List(_) => Text::new(format!("第{weeks}周"), format!("weeks {weeks}")),
        Weeks::Mod { every, from } => Text::new(
            format!("从第{from}周起每{every}周一次的周"),
            format!("every {every} weeks from week {from}"),
        ),
    }
}

/// A period as its bell table calls it; by number where there is none.
pub fn period(book: Option<&Book>, no: u8) -> Text {
    if no == 0 {
        return Text::new("课表外", "outside the periods");
    }
    let tables = book.map_or(&[][..], |b| &b.calendar.bell_tables);
    match tables.iter().flat_map(|t| &t.periods).find(|p| p.no == no) {
        Some(period) => Text::new(period.label.as_str(), format!("“{}”", period.label)),
        None => Text::new(format!("第{no}节"), format!("period {no}")),
    }
}

/// `一年级 一班 11月20日（周五）第3节`.
pub fn lesson(names: &impl Names, book: Option<&Book>, id: LessonId) -> Text {
    let class = or_number(names.class(id.class), id.class.0);
    let (date, period) = (date(id.date), period(book, id.period));
    Text::new(format!("{class} {}{}", date.zh, period.zh), format!("{class}, {}, {}", date.en, period.en))
}

/// The name, or `#12` of something that has gone.
pub fn or_number(name: Option<String>, id: i64) -> String {
    name.unwrap_or_else(|| format!("#{id}"))
}

impl Names for db::Directory {
    fn class(&self, id: ClassId) -> Option<String> {
        self.classes.iter().find(|c| c.id == id).map(|c| format!("{}{} {}", c.stage, c.grade_name, c.name))
    }

    fn room(&self, id: RoomId) -> Option<String> {
        self.rooms.iter().find(|r| r.id == id).map(|r| r.name.clone())
    }

    fn channel(&self, id: ChannelId) -> Option<String> {
        self.channels.iter().find(|c| c.channel.id == id).map(crate::pages::admin::channels::full_name)
    }

    fn subject(&self, id: SubjectId) -> Option<String> {
        self.subjects.iter().find(|s| s.id == id).map(|s| s.name.clone())
    }

    fn teacher(&self, id: TeacherId) -> Option<String> {
        self.teachers.iter().find(|t| t.id == id).map(|t| t.name.clone())
    }
}
