//! The words of headers: weekdays and periods, as schools write them.

use super::PeriodRef;
use crate::plain::{key, numeral, plain};
use jiff::civil::Date;

/// A weekday of a header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DayWord {
    /// 1 = Monday, or the day of a rotation.
    pub(super) day: u8,
    /// n of `Wk n`, `第n周`.
    pub(super) week: Option<u16>,
    /// A single numeral such as 一, which may be a period too.
    pub(super) weak: bool,
}

/// A period of a header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PeriodWord {
    pub(super) period: PeriodRef,
    /// `第1-2节` is two.
    pub(super) span: u8,
    /// 午休, 课间操: carries no lesson.
    pub(super) pause: bool,
    /// 上午, 下午: the number may begin again at 1.
    pub(super) half: Option<Half>,
    /// A bare number, which may be anything.
    pub(super) weak: bool,
}

/// A part of the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Half {
    Morning,
    Afternoon,
    Evening,
}

const WEEKDAYS: [char; 7] = ['一', '二', '三', '四', '五', '六', '日'];
const ENGLISH_DAYS: [&str; 7] =
    ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// The weekday a header cell names, if it names one and nothing but dates and weeks beside it.
pub(super) fn day(text: &str) -> Option<DayWord> {
    if text.chars().count() > 40 {
        return None;
    }
    let mut text = key(text);
    let week = take_week(&mut text);
    if let Some(word) = lone_day(&text) {
        return Some(DayWord { week, ..word });
    }
    if let Some(date) = date(&text) {
        return Some(DayWord { day: date.weekday().to_monday_one_offset() as u8, week, weak: false });
    }
    let (day, rest) = chinese_day(&text).or_else(|| english_day(&text))?;
    let beside = rest.chars().all(|c| c.is_ascii_digit() || "/-.:年月日号()[],".contains(c));
    beside.then_some(DayWord { day, week, weak: false })
}

/// 一 … 日, `day 3`, `第3天`.
fn lone_day(text: &str) -> Option<DayWord> {
    let mut chars = text.chars();
    if let (Some(c), None) = (chars.next(), chars.next()) {
        let c = if c == '天' { '日' } else { c };
        let at = WEEKDAYS.iter().position(|d| *d == c)?;
        return Some(DayWord { day: at as u8 + 1, week: None, weak: true });
    }
    let number = text.strip_prefix("day").or_else(|| text.strip_prefix('第')?.strip_suffix('天'))?;
    let day = numeral(number).filter(|n| (1..=30).contains(n))?;
    Some(DayWord { day, week: None, weak: false })
}

/// Takes `wk1`, `week 12`, `第3周` out of the text.
fn take_week(text: &mut String) -> Option<u16> {
    if let Some(at) = text.find("第") {
        let rest = &text[at + "第".len()..];
        if let Some(end) = rest.find('周')
            && let Some(week) = numeral(&rest[..end])
        {
            let tail = rest[end + "周".len()..].to_owned();
            // 第1周周一: what follows the week's 周 is the day.
            *text = format!("{}{tail}", &text[..at]);
            return Some(u16::from(week));
        }
    }
    let (at, len) = [("week", 4), ("wk", 2)].iter().find_map(|(w, len)| text.find(w).map(|at| (at, *len)))?;
    let digits: String = text[at + len..].chars().take_while(char::is_ascii_digit).collect();
    let week = digits.parse().ok()?;
    *text = format!("{}{}", &text[..at], &text[at + len + digits.len()..]);
    Some(week)
}

fn chinese_day(text: &str) -> Option<(u8, String)> {
    ["星期", "礼拜", "周"].iter().find_map(|word| {
        let at = text.find(word)?;
        let after = text[at + word.len()..].chars().next()?;
        let day = match after {
            '天' => 7,
            c if c.is_ascii_digit() => c.to_digit(10).filter(|d| (1..=7).contains(d))? as u8,
            c => WEEKDAYS.iter().position(|d| *d == c)? as u8 + 1,
        };
        Some((day, format!("{}{}", &text[..at], &text[at + word.len() + after.len_utf8()..])))
    })
}

fn english_day(text: &str) -> Option<(u8, String)> {
    let begin = text.find(|c: char| c.is_ascii_alphabetic())?;
    let letters: String = text[begin..].chars().take_while(char::is_ascii_alphabetic).collect();
    let at = ENGLISH_DAYS.iter().position(|name| {
        letters.len() >= 3 && name.starts_with(&letters)
            || matches!((*name, letters.as_str()), ("tuesday", "tues"))
    })?;
    Some((at as u8 + 1, format!("{}{}", &text[..begin], &text[begin + letters.len()..])))
}

/// `2026-11-23`, `2026/11/23`, `2026年11月23日`.
fn date(text: &str) -> Option<Date> {
    let parts: Vec<&str> =
        text.split(|c: char| "/-.年月日号".contains(c)).filter(|p| !p.is_empty()).collect();
    let [year, month, day] = parts[..] else { return None };
    let sound = year.len() == 4 && month.len() <= 2 && day.len() <= 2;
    sound.then(|| Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()).flatten()
}

/// Rows that carry no lesson.
const PAUSES: [&str; 25] = [
    "午休",
    "午餐",
    "午饭",
    "中饭",
    "午睡",
    "晚餐",
    "晚饭",
    "早餐",
    "早饭",
    "课间",
    "课间操",
    "大课间",
    "眼保健操",
    "眼操",
    "早操",
    "广播操",
    "广播体操",
    "大课间活动",
    "休息",
    "升旗",
    "break",
    "lunch",
    "recess",
    "noonbreak",
    "dinner",
];
/// Periods without a number of their own that may carry lessons.
const NAMED: [&str; 27] = [
    "早读",
    "晨读",
    "早自习",
    "早自修",
    "晨会",
    "早会",
    "午读",
    "午练",
    "午自习",
    "午写",
    "自习",
    "晚自习",
    "晚自修",
    "晚修",
    "晚读",
    "晚",
    "课后服务",
    "课后延时",
    "延时服务",
    "延时",
    "课外活动",
    "社团",
    "morningreading",
    "reading",
    "selfstudy",
    "eveningstudy",
    "homeroom",
];

/// The period a header cell names.
pub(super) fn period(text: &str) -> Option<PeriodWord> {
    if text.chars().count() > 40 {
        return None;
    }
    let label = plain(text).replace('\n', " ");
    let (rest, time) = take_time(&label);
    let rest = rest.trim_matches(|c: char| " ()[],:".contains(c)).to_owned();
    let word = |period: PeriodRef| PeriodWord { period, span: 1, pause: false, half: None, weak: false };
    let named = |number, label: &str| PeriodRef {
        label: label.to_owned(),
        number,
        start_s: time.map(|t| t.0),
        end_s: time.and_then(|t| t.1),
    };
    let bare = key(&rest);
    if bare.is_empty() {
        return time.map(|_| word(named(None, label.trim())));
    }
    // What an export of ours writes behind labels that are not unique.
    if let Some((_, no)) = bare.rsplit_once('#') {
        return no.parse::<u8>().ok().map(|_| word(named(None, &rest)));
    }
    // Our exports say of breaks with names of their own that they are ones.
    let said = ["(休息", "(break"].iter().any(|mark| bare.ends_with(mark));
    if said || PAUSES.contains(&bare.as_str()) {
        return Some(PeriodWord { pause: true, ..word(named(None, &rest)) });
    }
    let stem = bare.trim_matches(|c: char| "第节课".contains(c) || numeral(&c.to_string()).is_some());
    if NAMED.contains(&bare.as_str()) || (NAMED.contains(&stem) && numeral(&bare).is_none()) {
        return Some(word(named(None, &rest)));
    }
    let (half, number) = take_half(&bare);
    let (number, span, strong) = counted(number)?;
    Some(PeriodWord { span, half, weak: !strong && half.is_none(), ..word(named(Some(number), &rest)) })
}

/// 上午, 下午, 晚上 standing alone or before a number.
pub(super) fn take_half(text: &str) -> (Option<Half>, &str) {
    let words = [
        ("上午", Half::Morning),
        ("早上", Half::Morning),
        ("下午", Half::Afternoon),
        ("晚上", Half::Evening),
        ("morning", Half::Morning),
        ("afternoon", Half::Afternoon),
        ("evening", Half::Evening),
        ("am", Half::Morning),
        ("pm", Half::Afternoon),
    ];
    let found = words.iter().find_map(|(word, half)| text.strip_prefix(word).map(|rest| (*half, rest)));
    found.map_or((None, text), |(half, rest)| (Some(half), rest))
}

/// Number, how many, and whether the text says that it is a period.
fn counted(text: &str) -> Option<(u8, u8, bool)> {
    let english = ["period", "lesson", "session", "p"].iter().find_map(|word| text.strip_prefix(word));
    let stripped = english.or_else(|| text.strip_prefix('第')).unwrap_or(text);
    let mut strong = stripped.len() != text.len();
    let mut body = stripped;
    for end in [
        "大节", "节课", "节", "课时", "课", "st", "nd", "rd", "th", "stperiod", "ndperiod", "rdperiod",
        "thperiod",
    ] {
        if let Some(rest) = body.strip_suffix(end) {
            strong = true;
            if end == "大节" {
                let n = numeral(rest).filter(|n| (1..=10).contains(n))?;
                return Some((2 * n - 1, 2, true));
            }
            body = rest;
            break;
        }
    }
    let body = body.trim_end_matches(['.', '、', ',']);
    let valid = |n: &u8| (1..=20).contains(n);
    if let Some(n) = numeral(body).filter(valid) {
        return Some((n, 1, strong));
    }
    let (first, last) = body.split_once(['-', '~', '、', ',', '至'])?;
    let (first, last) =
        (numeral(first).filter(valid)?, numeral(last.trim_start_matches('第')).filter(valid)?);
    (strong && first < last && last - first < 4).then(|| (first, last - first + 1, true))
}

/// Takes `8:00-8:45`, `8.00-8.45` or `8:00` out of a text: start and, where it is said, end in seconds after midnight.
fn take_time(text: &str) -> (String, Option<(u32, Option<u32>)>) {
    let chars: Vec<char> = text.chars().collect();
    let mut alone = None;
    for begin in 0..chars.len() {
        if begin > 0 && chars[begin - 1].is_ascii_digit() {
            continue;
        }
        let Some((start_s, next)) = clock(&chars, begin) else { continue };
        let rest = |end: usize| chars[..begin].iter().chain(&chars[end..]).collect::<String>();
        if alone.is_none() && chars[begin..next].contains(&':') {
            alone = Some((rest(next), Some((start_s, None))));
        }
        let mut at = next;
        while at < chars.len() && " -~至到".contains(chars[at]) {
            at += 1;
        }
        let Some((end_s, end)) = (at > next).then(|| clock(&chars, at)).flatten() else { continue };
        if end_s > start_s {
            return (rest(end), Some((start_s, Some(end_s))));
        }
    }
    alone.unwrap_or_else(|| (text.to_owned(), None))
}

/// `8:00`, `8.00` or `08:00:30` at a place.
fn clock(chars: &[char], begin: usize) -> Option<(u32, usize)> {
    let rest = |from: usize| chars.get(from..).unwrap_or_default();
    let digits = |from: usize| rest(from).iter().take(3).take_while(|c| c.is_ascii_digit()).count();
    let value = |from: usize, n: usize| rest(from).iter().take(n).collect::<String>().parse::<u32>().ok();
    let hours = digits(begin);
    let colon = begin + hours;
    if !(1..=2).contains(&hours) || !matches!(chars.get(colon), Some(':' | '.')) || digits(colon + 1) != 2 {
        return None;
    }
    let (h, m) = (value(begin, hours)?, value(colon + 1, 2)?);
    let mut end = colon + 3;
    if chars.get(end) == Some(&':') && digits(end + 1) == 2 {
        end += 3;
    }
    (h < 24 && m < 60).then_some((h * 3600 + m * 60, end))
}

/// Day and period in one cell: `周一第1节`, `星期二 3-4节`, `Mon P1`.
pub(super) fn slot(text: &str) -> Option<(DayWord, PeriodWord)> {
    if text.chars().count() > 40 {
        return None;
    }
    let chinese = |text: &str| chinese_day(text).filter(|(_, rest)| text.ends_with(rest.as_str()));
    let english = |text: &str| {
        let (first, rest) = text.split_once([' ', '-', '\n'])?;
        let (day, beside) = english_day(&key(first))?;
        beside.trim_matches('.').is_empty().then(|| (day, rest.to_owned()))
    };
    let (day, rest) = chinese(&key(text)).or_else(|| english(&plain(text)))?;
    let rest = key(rest.trim_matches(|c: char| "-,.:()[] ".contains(c)));
    let period = period(&rest).or_else(|| period(&format!("第{rest}节"))).filter(|p| !p.pause)?;
    Some((DayWord { day, week: None, weak: false }, period))
}

/// Texts that stand in grids without being lessons.
pub(super) fn is_decor(text: &str) -> bool {
    let bare = key(text);
    let (half, rest) = take_half(&bare);
    let pause = PAUSES.contains(&bare.as_str());
    (half.is_some() && rest.is_empty())
        || pause
        // A formula that refers to an empty cell shows 0.
        || bare == "0"
        || bare.chars().all(|c| "-/\\—_.·*x×无空".contains(c))
        || matches!(bare.as_str(), "早上" | "中午" | "早晨" | "夜晚" | "早" | "中" | "上" | "下" | "晚")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_read_in_every_dress() {
        for (text, expected, week) in [
            ("星期一", 1, None),
            ("周 日", 7, None),
            ("礼拜天", 7, None),
            ("星期3", 3, None),
            ("MON", 1, None),
            ("Thurs.", 4, None),
            ("Mon (Wk1)", 1, Some(1)),
            ("第2周 周五", 5, Some(2)),
            ("2026/11/23 周一", 1, None),
            ("周一(11月23日)", 1, None),
            ("2026-11-27", 5, None),
            ("2026年11月27日", 5, None),
            ("第8天", 8, None),
            ("Day 3", 3, None),
        ] {
            let word = day(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!((word.day, word.week, word.weak), (expected, week, false), "{text}");
        }
        assert!(day("三").unwrap().weak);
        for text in ["周一升旗", "数学", "Mo", "星期", "周次", "11月23日", "Monitor", "1", "单周"]
        {
            assert_eq!(day(text), None, "{text}");
        }
    }

    #[test]
    fn periods_are_read_in_every_dress() {
        for (text, number, span) in [
            ("第一节", 1, 1),
            ("第10节", 10, 1),
            ("1", 1, 1),
            ("三", 3, 1),
            ("1 (8:00-8:45)", 1, 1),
            ("第2节\n08:55~09:40", 2, 1),
            ("Period 3", 3, 1),
            ("P4", 4, 1),
            ("1st", 1, 1),
            ("第1-2节", 1, 2),
            ("第三、四节", 3, 2),
            ("第二大节", 3, 2),
            ("下午第1节", 1, 1),
        ] {
            let word = period(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!((word.period.number, word.span), (Some(number), span), "{text}");
        }
        assert_eq!(period("1 (8:00-8:45)").unwrap().period.start_s, Some(28_800));
        assert_eq!(period("8:00-8:45").unwrap().period.end_s, Some(31_500));
        for text in ["早读", "晚自习", "晚自习2", "第1节晚自习", "课后服务"] {
            let word = period(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!((word.period.number, word.pause), (None, false), "{text}");
        }
        assert!(period("午 休").unwrap().pause);
        assert!(period("大课间 9:40-10:10").unwrap().pause);
        for text in ["数学", "301", "高一3班", "节次", "上午", "星期一", "25"] {
            assert_eq!(period(text), None, "{text}");
        }
    }
}
