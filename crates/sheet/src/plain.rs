//! Texts as files write them, made plain: half width, single spaces, no marks nobody sees.

/// Half-width characters, no zero-width marks, lines trimmed and single-spaced, empty lines gone.
pub(crate) fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.split(['\n', '\r', '\u{2028}', '\u{0B}']) {
        let mut spaced = false;
        let begin = out.len();
        for c in line.chars().filter_map(narrow) {
            if c == ' ' {
                spaced = out.len() > begin;
                continue;
            }
            if spaced {
                out.push(' ');
                spaced = false;
            }
            out.push(c);
        }
        if out.len() > begin {
            out.push('\n');
        }
    }
    out.pop();
    out
}

/// The character in half width; spaces of every kind become one space, marks without width vanish.
fn narrow(c: char) -> Option<char> {
    match c {
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(c as u32 - 0xFEE0),
        '\u{200B}'..='\u{200F}' | '\u{2060}' | '\u{FEFF}' | '\u{00AD}' => None,
        '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => None,
        '【' | '〔' => Some('['),
        '】' | '〕' => Some(']'),
        '﹙' => Some('('),
        '﹚' => Some(')'),
        '–' | '—' | '―' | '−' | '‐' | '‑' | '﹣' => Some('-'),
        '〜' | '∼' => Some('~'),
        '￥' => Some('¥'),
        c if c.is_whitespace() => Some(' '),
        c if c.is_control() => None,
        c => Some(c),
    }
}

/// For comparing names: plain, without spaces, lower case.
pub(crate) fn key(text: &str) -> String {
    plain(text).chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect()
}

/// A number as people write it: 301 and not 301.0.
pub(crate) fn number_text(number: f64) -> String {
    // 2^53: beyond it f64 does not hold every whole number.
    match number.fract() == 0.0 && number.abs() < 9_007_199_254_740_992.0 {
        true => format!("{number:.0}"),
        false => number.to_string(),
    }
}

/// `301.0` as text becomes `301`: what spreadsheets make of room numbers.
pub(crate) fn without_zero_fraction(text: &str) -> &str {
    match text.split_once('.') {
        Some((whole, rest))
            if !whole.is_empty()
                && !rest.is_empty()
                && whole.bytes().all(|b| b.is_ascii_digit())
                && rest.bytes().all(|b| b == b'0') =>
        {
            whole
        }
        _ => text,
    }
}

/// 0–99 in Chinese or Arabic digits.
pub(crate) fn numeral(text: &str) -> Option<u8> {
    if text.is_empty() {
        return None;
    }
    if text.bytes().all(|b| b.is_ascii_digit()) {
        return (text.len() <= 2).then(|| text.parse().ok()).flatten();
    }
    let digit = |c: char| "零一二三四五六七八九".chars().position(|d| d == c).map(|n| n as u8);
    let chars: Vec<char> = text.chars().map(|c| if c == '两' { '二' } else { c }).collect();
    match chars[..] {
        ['十'] => Some(10),
        // ③, Ⅳ.
        [c @ '①'..='⑳'] => Some((c as u32 - '①' as u32) as u8 + 1),
        [c @ 'Ⅰ'..='Ⅻ'] => Some((c as u32 - 'Ⅰ' as u32) as u8 + 1),
        [c @ 'ⅰ'..='ⅻ'] => Some((c as u32 - 'ⅰ' as u32) as u8 + 1),
        [c] => digit(c),
        ['十', unit] => Some(10 + digit(unit)?),
        [tens, '十'] => Some(digit(tens)? * 10),
        [tens, '十', unit] => Some(digit(tens)? * 10 + digit(unit)?),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn width_and_space_do_not_matter() {
        assert_eq!(plain("　高一（３）班\u{200B} \r\n\n 数 学　"), "高一(3)班\n数 学");
        assert_eq!(key("Room ３０1 A"), "room301a");
    }

    #[test]
    fn numbers_are_read_in_both_scripts() {
        for (text, n) in [("三", 3), ("十", 10), ("十二", 12), ("二十", 20), ("二十一", 21), ("08", 8)]
        {
            assert_eq!(numeral(text), Some(n), "{text}");
        }
        for text in ["", "百", "一一", "123", "-1", "十十"] {
            assert_eq!(numeral(text), None, "{text}");
        }
        assert_eq!(number_text(301.0), "301");
        assert_eq!(number_text(1.5), "1.5");
        assert_eq!(without_zero_fraction("301.0"), "301");
        assert_eq!(without_zero_fraction("A.0"), "A.0");
    }
}
