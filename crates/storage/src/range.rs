//! One byte range of a `Range` header (RFC 9110 §14).

/// What to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// Everything: no range, several, or one that is not understood (RFC 9110 §14.2 lets a server ignore it).
    Whole,
    /// From `start`, `len` bytes; `len` > 0.
    Part { start: u64, len: u64 },
    /// Nothing of it exists.
    Nothing,
}

/// Reads a `Range` header for an object of `len` bytes.
pub(crate) fn wanted(header: &str, len: u64) -> Wanted {
    let Some(spec) = header.trim().strip_prefix("bytes=") else { return Wanted::Whole };
    let Some((first, last)) = spec.trim().split_once('-') else { return Wanted::Whole };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    // A number past u64 is past every object.
    let number = |text: &str| text.parse::<u64>().unwrap_or(u64::MAX);
    match (first, last) {
        ("", last) if digits(last) => match number(last).min(len) {
            0 => Wanted::Nothing,
            tail => Wanted::Part { start: len - tail, len: tail },
        },
        (first, last) if digits(first) && (last.is_empty() || digits(last)) => {
            let (start, end) = (number(first), if last.is_empty() { u64::MAX } else { number(last) });
            match () {
                () if end < start => Wanted::Whole,
                () if start >= len => Wanted::Nothing,
                () => Wanted::Part { start, len: end.min(len - 1) - start + 1 },
            }
        }
        _ => Wanted::Whole,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(header: &str, want: Wanted) {
        assert_eq!(wanted(header, 100), want, "{header}");
    }

    #[test]
    fn single_ranges_of_a_hundred_bytes() {
        check("bytes=0-0", Wanted::Part { start: 0, len: 1 });
        check("bytes=10-19", Wanted::Part { start: 10, len: 10 });
        check("bytes=90-", Wanted::Part { start: 90, len: 10 });
        check("bytes=90-1000", Wanted::Part { start: 90, len: 10 });
        check("bytes=-5", Wanted::Part { start: 95, len: 5 });
        check("bytes=-500", Wanted::Part { start: 0, len: 100 });
        check("bytes=99-99999999999999999999999", Wanted::Part { start: 99, len: 1 });
    }

    #[test]
    fn what_cannot_be_sent_and_what_is_not_understood() {
        check("bytes=100-", Wanted::Nothing);
        check("bytes=-0", Wanted::Nothing);
        check("bytes=99999999999999999999999-", Wanted::Nothing);
        for ignored in
            ["", "bytes=", "bytes=-", "bytes=5-1", "bytes=0-1,5-6", "lines=1-2", "bytes=+1-2", "bytes=a-b"]
        {
            check(ignored, Wanted::Whole);
        }
        assert_eq!(wanted("bytes=0-", 0), Wanted::Nothing);
    }
}
