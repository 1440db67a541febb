//! Numbers and instants as people read them.

use crate::lang::Lang;
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// `2026-11-20 08:00` in the school's zone.
pub fn when(zone: &TimeZone, at_ms: i64) -> String {
    match Timestamp::from_millisecond(at_ms) {
        Ok(at) => at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M").to_string(),
        Err(_) => String::new(),
    }
}

/// `45:00` or `1:30:05`, rounded to seconds as on the front.
pub fn duration(ms: i64) -> String {
    let s = (ms.max(0) + 500) / 1000;
    if s >= 3600 {
        format!("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60)
    } else {
        format!("{}:{:02}", s / 60, s % 60)
    }
}

/// `37.92 GB` with 1024-based units, as `df -h` counts.
pub fn bytes(n: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KB", "MB", "GB", "TB"];
    let mut value = n as f64;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    if unit == 0 { format!("{n} B") } else { format!("{value:.2} {}", UNITS[unit]) }
}

/// How long ago, in words.
pub fn ago(l: Lang, now_ms: i64, at_ms: i64) -> String {
    let s = (now_ms - at_ms).max(0) / 1000;
    let (n, zh, en) = match s {
        0..60 => (s, "秒前", "s ago"),
        60..3600 => (s / 60, "分钟前", "min ago"),
        3600..172_800 => (s / 3600, "小时前", "h ago"),
        _ => (s / 86_400, "天前", "days ago"),
    };
    format!("{n} {}", l.t(zh, en))
}

/// 星期日 … 星期六, 0 = Sunday.
pub fn weekday(l: Lang, day: u8) -> &'static str {
    const DAYS: [(&str, &str); 7] = [
        ("星期日", "Sunday"),
        ("星期一", "Monday"),
        ("星期二", "Tuesday"),
        ("星期三", "Wednesday"),
        ("星期四", "Thursday"),
        ("星期五", "Friday"),
        ("星期六", "Saturday"),
    ];
    DAYS.get(usize::from(day)).map_or("", |(zh, en)| l.t(zh, en))
}

/// The short form for narrow places: 日 … 六.
pub fn weekday_short(l: Lang, day: u8) -> &'static str {
    const DAYS: [(&str, &str); 7] = [
        ("周日", "Sun"),
        ("周一", "Mon"),
        ("周二", "Tue"),
        ("周三", "Wed"),
        ("周四", "Thu"),
        ("周五", "Fri"),
        ("周六", "Sat"),
    ];
    DAYS.get(usize::from(day)).map_or("", |(zh, en)| l.t(zh, en))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_durations_read_like_the_manual() {
        assert_eq!(bytes(512), "512 B");
        assert_eq!(bytes(40_715_986_862), "37.92 GB");
        assert_eq!(duration(45 * 60_000), "45:00");
        assert_eq!(duration(5_405_000), "1:30:05");
        assert_eq!(duration(-1), "0:00");
    }
}
