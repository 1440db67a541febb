//! What is wrong with an input: the field and the reason, without a language. The edge translates once.

use serde::Serialize;

/// One rejected field. A request may carry several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// The field's name as the form and the API spell it, e.g. `slice_min`.
    pub field: &'static str,
    /// Why it was refused.
    pub reason: Reason,
}

impl Fault {
    /// A fault of `field`.
    pub const fn new(field: &'static str, reason: Reason) -> Self {
        Self { field, reason }
    }
}

/// Why a value was refused. Every variant has a Chinese and an English sentence in `web`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Reason {
    /// Empty where a value is needed.
    Required,
    /// More characters than allowed.
    TooLong {
        /// Most characters allowed.
        max: u32,
    },
    /// A number outside its range.
    OutOfRange {
        /// Least allowed value.
        min: i64,
        /// Greatest allowed value.
        max: i64,
    },
    /// Not a number.
    NotANumber,
    /// Control or bidirectional override characters in a name.
    BadCharacters,
    /// Not an `rtsp://` or `rtmp://` address with a host.
    BadPullAddress,
    /// User and password stand in the address; they have fields of their own.
    PasswordInAddress,
    /// Not an absolute path that ends in `.mp4`.
    BadFilePath,
    /// The thing referred to does not exist (any more).
    Unknown,
    /// Another row has this name already.
    Taken,
    /// The time range overlaps another one of the same day: 时间段发生重叠.
    Overlap {
        /// Start of the other range, seconds after midnight.
        start_s: u32,
        /// End of the other range, seconds after midnight.
        end_s: u32,
    },
    /// End is not after start, or not by more than 30 s (R-SCH-04).
    TooShort,
    /// Not a time of day `HH:MM` or `HH:MM:SS`, 00:00:00–24:00:00.
    BadTime,
    /// Password shorter than the minimum.
    PasswordTooShort {
        /// Fewest characters.
        min: u32,
    },
    /// Not an IANA time zone such as `Asia/Shanghai`.
    BadTimeZone,
    /// A date before today.
    Past,
    /// An end before its start.
    BeforeStart,
    /// More days than allowed, or so many days ahead.
    TooManyDays {
        /// Most days allowed.
        max: u32,
    },
    /// More entries than allowed.
    TooMany {
        /// Most entries allowed.
        max: u32,
    },
    /// Named a second time in the same list.
    Twice,
    /// Not after the entry before it.
    NotAscending,
    /// The dates overlap those of another term.
    DatesOverlap,
    /// The date is not within the term.
    OutsideTerm,
    /// Points at itself.
    Itself,
    /// No such lesson is held then (any more).
    NotHeld,
    /// Lessons of two classes where one class is needed.
    OtherClass,
    /// The class has another lesson at that time.
    Doubled,
    /// No bell table has such a period, or it is a break.
    NoSuchPeriod,
}

/// Checks a display name: 1..=max characters after trimming, no control or bidi override characters.
///
/// Returns the trimmed name.
pub fn check_name(field: &'static str, value: &str, max: u32) -> Result<String, Fault> {
    let value = value.trim();
    if value.is_empty() {
        return Err(Fault::new(field, Reason::Required));
    }
    check_text(field, value, max)
}

/// As [`check_name`], but may be empty.
pub fn check_text(field: &'static str, value: &str, max: u32) -> Result<String, Fault> {
    let value = value.trim();
    if value.chars().count() > max as usize {
        return Err(Fault::new(field, Reason::TooLong { max }));
    }
    if value.chars().any(is_forbidden) {
        return Err(Fault::new(field, Reason::BadCharacters));
    }
    Ok(value.to_owned())
}

/// Control characters break logs; bidirectional overrides (UAX #9) let one name look like another.
fn is_forbidden(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// Checks a number against its range.
pub fn check_range(field: &'static str, value: i64, min: i64, max: i64) -> Result<i64, Fault> {
    if (min..=max).contains(&value) {
        Ok(value)
    } else {
        Err(Fault::new(field, Reason::OutOfRange { min, max }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_characters_not_bytes() {
        assert!(check_name("name", "一二三四五", 5).is_ok());
        assert_eq!(
            check_name("name", "一二三四五六", 5),
            Err(Fault::new("name", Reason::TooLong { max: 5 }))
        );
    }

    #[test]
    fn refuses_bidi_overrides() {
        assert_eq!(check_name("name", "a\u{202E}b", 9), Err(Fault::new("name", Reason::BadCharacters)));
    }
}
