//! Chinese or English on the console, by the locale.

/// Which language a line is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lang {
    chinese: bool,
}

impl Lang {
    /// Of this process: `LC_ALL`, `LC_MESSAGES`, `LANG`, the first that is set (POSIX locale order).
    pub(super) fn of_terminal() -> Self {
        let set = ["LC_ALL", "LC_MESSAGES", "LANG"]
            .iter()
            .find_map(|name| std::env::var(name).ok().filter(|v| !v.is_empty()));
        Self::of(set.as_deref().unwrap_or(""))
    }

    fn of(locale: &str) -> Self {
        Self { chinese: locale.to_ascii_lowercase().starts_with("zh") }
    }

    /// The sentence in this language.
    pub(super) fn pick<'a>(self, zh: &'a str, en: &'a str) -> &'a str {
        if self.chinese { zh } else { en }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chinese_locale_gets_chinese() {
        assert_eq!(Lang::of("zh_CN.UTF-8").pick("好", "good"), "好");
        assert_eq!(Lang::of("C.UTF-8").pick("好", "good"), "good");
    }
}
