//! Two languages, side by side: every text stands as a pair where it is used, so neither can be missing.

use db::DbError;
use model::channel::Source;
use model::fault::{Fault, Reason};
use model::timetable::show_time_of_day;

/// Language of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Lang {
    /// 中文, the default.
    #[default]
    Zh,
    /// English.
    En,
}

impl Lang {
    /// `{{ l.t("学校", "Schools") }}`
    pub fn t<'a>(&self, zh: &'a str, en: &'a str) -> &'a str {
        match self {
            Lang::Zh => zh,
            Lang::En => en,
        }
    }

    /// Value of the `lang` cookie.
    pub fn code(&self) -> &'static str {
        match self {
            Lang::Zh => "zh",
            Lang::En => "en",
        }
    }

    /// Value of `<html lang>`.
    pub fn html(&self) -> &'static str {
        match self {
            Lang::Zh => "zh-CN",
            Lang::En => "en",
        }
    }

    /// From the cookie, else from the first language of Accept-Language that we speak, else Chinese.
    pub fn choose(cookie: Option<&str>, accept: Option<&str>) -> Self {
        match cookie {
            Some("zh") => return Lang::Zh,
            Some("en") => return Lang::En,
            _ => {}
        }
        let mut wanted = accept.unwrap_or("").split(',').map(|part| part.trim().to_ascii_lowercase());
        let known = wanted.find(|w| w.starts_with("zh") || w.starts_with("en"));
        if known.is_some_and(|w| w.starts_with("en")) { Lang::En } else { Lang::Zh }
    }

    /// A sentence of a [`Text`].
    pub fn of<'a>(&self, text: &'a Text) -> &'a str {
        self.t(&text.zh, &text.en)
    }

    /// What is wrong with a field.
    pub fn fault(&self, fault: &Fault) -> String {
        self.of(&reason(&fault.reason)).to_owned()
    }
}

/// One sentence in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Text {
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

impl Text {
    /// A pair.
    pub fn new(zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self { zh: zh.into(), en: en.into() }
    }
}

/// The sentence of a fault's reason: what is wrong and what to do.
pub fn reason(reason: &Reason) -> Text {
    match reason {
        Reason::Required => Text::new("此项必填，请填写。", "Required: please fill this in."),
        Reason::TooLong { max } => {
            Text::new(format!("太长了，最多 {max} 个字符。"), format!("Too long: at most {max} characters."))
        }
        Reason::OutOfRange { min, max } => Text::new(
            format!("请填 {min} 到 {max} 之间的数。"),
            format!("Enter a number from {min} to {max}."),
        ),
        Reason::NotANumber => Text::new("请填整数。", "Enter a whole number."),
        Reason::BadCharacters => Text::new(
            "含有不可见的控制字符，请重新输入。",
            "Contains invisible control characters: please type it again.",
        ),
        Reason::BadPullAddress => Text::new(
            "拉流地址必须是 rtsp://主机… 或 rtmp://主机…，不接受其他协议。",
            "The pull address must be rtsp://host… or rtmp://host…; nothing else is accepted.",
        ),
        Reason::PasswordInAddress => Text::new(
            "地址里不要写用户名和密码，请填在下面的用户名、密码两栏。",
            "Leave user and password out of the address: they have fields of their own.",
        ),
        Reason::BadFilePath => Text::new(
            "请填采集端上以 .mp4 结尾的完整路径，例如 /data/课程.mp4 或 D:\\video\\a.mp4。",
            "Enter the full path on the gatherer ending in .mp4, such as /data/lesson.mp4 or D:\\video\\a.mp4.",
        ),
        Reason::Unknown => {
            Text::new("所选项目已不存在，请重新选择。", "It does not exist any more: choose again.")
        }
        Reason::Taken => Text::new("已有同名的记录，请换一个名称。", "This name is taken: choose another."),
        Reason::Overlap { start_s, end_s } => {
            let (start, end) = (show_time_of_day(*start_s), show_time_of_day(*end_s));
            Text::new(
                format!("时间段发生重叠：与 {start}–{end} 冲突，请调整。"),
                format!("Overlaps the range {start}–{end}: change one of them."),
            )
        }
        Reason::TooShort => Text::new(
            "结束时间必须比开始时间晚 30 秒以上。",
            "The end must be more than 30 seconds after the start.",
        ),
        Reason::BadTime => Text::new(
            "请按 时:分 或 时:分:秒 填写，00:00:00 到 24:00:00。",
            "Write HH:MM or HH:MM:SS, from 00:00:00 to 24:00:00.",
        ),
        Reason::PasswordTooShort { min } => Text::new(
            format!("密码太短，至少 {min} 个字符。"),
            format!("The password is too short: at least {min} characters."),
        ),
        Reason::BadTimeZone => {
            Text::new("请填时区名称，例如 Asia/Shanghai。", "Enter a time zone such as Asia/Shanghai.")
        }
        Reason::Past
        | Reason::BeforeStart
        | Reason::TooManyDays { .. }
        | Reason::TooMany { .. }
        | Reason::Twice
        | Reason::NotAscending
        | Reason::DatesOverlap
        | Reason::OutsideTerm
        | Reason::Itself
        | Reason::NotHeld
        | Reason::OtherClass
        | Reason::Doubled
        | Reason::NoSuchPeriod => plan_reason(reason),
    }
}

/// The reasons of calendar and timetable.
fn plan_reason(reason: &Reason) -> Text {
    match reason {
        Reason::Past => Text::new(
            "这一天已经过去，不能再改，请选今天或以后的日期。",
            "That day is over: choose today or a later date.",
        ),
        Reason::BeforeStart => {
            Text::new("结束不能早于开始，请调整。", "The end is before the start: change one of them.")
        }
        Reason::TooManyDays { max } => Text::new(
            format!("不能超过 {max} 天，请调整日期。"),
            format!("At most {max} days: change the date."),
        ),
        Reason::TooMany { max } => {
            Text::new(format!("最多 {max} 项，请删减。"), format!("At most {max} entries: remove some."))
        }
        Reason::Twice => Text::new("重复出现了，请只保留一个。", "It is there twice: keep only one of them."),
        Reason::NotAscending => Text::new(
            "顺序不对，请按从先到后、从小到大排列。",
            "Out of order: put the earlier or smaller one first.",
        ),
        Reason::DatesOverlap => Text::new(
            "与另一个学期的日期重叠，请调整开始或结束日期。",
            "The dates overlap those of another term: change the first or the last date.",
        ),
        Reason::OutsideTerm => Text::new(
            "日期不在本学期内，请选学期内的日期。",
            "The date is not within the term: choose one that is.",
        ),
        Reason::Itself => Text::new("不能指向自己，请另选一个。", "It points at itself: choose another."),
        Reason::NotHeld => Text::new(
            "这节课不存在，或已停课、调走，请刷新后重新选择。",
            "No such lesson is held then; it may have been cancelled or moved: reload and choose again.",
        ),
        Reason::OtherClass => Text::new(
            "调课、换课只能在同一个班级之内，请选同班的课。",
            "Only lessons of one class can be moved or swapped: choose one of the same class.",
        ),
        Reason::Doubled => Text::new(
            "这个班在该时间已有另一节课，请换一个时间。",
            "The class has another lesson at that time: choose another time.",
        ),
        Reason::NoSuchPeriod => Text::new(
            "作息表里没有这一节（或它是课间），请换一节或先修改作息。",
            "No bell table has that period, or it is a break: choose another, or change the bells first.",
        ),
        // Every other reason has its sentence above.
        _ => Text::new("请检查此项。", "Please check this."),
    }
}

/// Why the database refused, as a sentence for the person who asked; `None` when it is not their doing.
pub fn refusal(error: &DbError) -> Option<Text> {
    Some(match error {
        DbError::Fault(fault) => reason(&fault.reason),
        DbError::Taken { .. } => reason(&Reason::Taken),
        DbError::NotFound { .. } => {
            Text::new("该记录已被删除，请刷新列表。", "It was removed meanwhile: reload the list.")
        }
        DbError::InUse { count, .. } => Text::new(
            format!("还有 {count} 条记录在使用它，请先修改或删除那些记录。"),
            format!("{count} other record(s) use it: change or remove those first."),
        ),
        DbError::Outdated { .. } => Text::new(
            "别人刚刚保存了更新的内容，请刷新页面后再改。",
            "Somebody has just saved something newer: reload the page, then change it again.",
        ),
        DbError::LastAdmin => Text::new(
            "这是最后一个可用的管理员，不能删除、停用或降级；请先指定另一个管理员。",
            "This is the last enabled admin: appoint another one first.",
        ),
        DbError::Claimed => {
            Text::new("本站已有管理员，请直接登录。", "This site has an admin already: please log in.")
        }
        DbError::Conflict { .. } => Text::new(
            "同一切片已用不同的内容登记过。",
            "This slice was registered before with different facts.",
        ),
        DbError::JoinCode(_) => {
            Text::new("加入码无效，请在网站后台重新生成。", "The join code is not valid: make a new one.")
        }
        _ => return None,
    })
}

/// 类型 of a channel: MP4文件 or 流转发.
pub fn source_kind(source: &Source) -> Text {
    match source.mode() {
        "file" => Text::new("MP4文件", "MP4 file"),
        _ => Text::new("流转发", "Stream"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cookie_wins_then_the_browser_then_chinese() {
        assert_eq!(Lang::choose(Some("en"), Some("zh-CN")), Lang::En);
        assert_eq!(Lang::choose(None, Some("en-US,en;q=0.9,zh;q=0.8")), Lang::En);
        assert_eq!(Lang::choose(None, Some("fr,zh-TW;q=0.8,en;q=0.5")), Lang::Zh);
        assert_eq!(Lang::choose(Some("xx"), None), Lang::Zh);
    }
}
