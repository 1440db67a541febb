//! Pages of lists.

/// Rows of a page of every admin list (R §1.11).
pub const PER_PAGE: i64 = 10;

/// Which rows of a list to give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// Rows to leave out at the start.
    pub offset: i64,
    /// Most rows to give; capped at [`Page::LIMIT_MAX`].
    pub limit: i64,
}

impl Page {
    /// Most rows of one answer: a list must not be a way to fill the server's memory.
    pub const LIMIT_MAX: i64 = 500;

    /// Page `number`, counted from 1, of `per` rows. Numbers below 1 are read as 1.
    pub fn number(number: i64, per: i64) -> Self {
        let limit = per.clamp(1, Self::LIMIT_MAX);
        Self { offset: number.max(1).saturating_sub(1).saturating_mul(limit), limit }
    }

    /// The first `limit` rows.
    pub fn first(limit: i64) -> Self {
        Self { offset: 0, limit }
    }

    pub(crate) fn limit(self) -> i64 {
        self.limit.clamp(0, Self::LIMIT_MAX)
    }

    pub(crate) fn offset(self) -> i64 {
        self.offset.max(0)
    }
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed<T> {
    /// The page's rows.
    pub rows: Vec<T>,
    /// Rows of the whole list.
    pub total: i64,
}

impl<T> Listed<T> {
    /// Pages of `per` rows that the list fills; at least 1.
    pub fn pages(&self, per: i64) -> i64 {
        let per = per.max(1);
        ((self.total + per - 1) / per).max(1)
    }
}

/// `%text%` for `LIKE … ESCAPE '!'`, in lower case; empty text matches everything.
pub(crate) fn like(text: &str) -> String {
    let text = text.trim().to_lowercase();
    let escaped = text.replace('!', "!!").replace('%', "!%").replace('_', "!_");
    format!("%{escaped}%")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_count_from_one_and_never_overflow() {
        assert_eq!(Page::number(1, 10), Page { offset: 0, limit: 10 });
        assert_eq!(Page::number(0, 10).offset, 0);
        assert_eq!(Page::number(3, 10).offset, 20);
        assert!(Page::number(i64::MAX, 500).offset > 0);
        assert_eq!(Listed::<u8> { rows: vec![], total: 21 }.pages(10), 3);
        assert_eq!(Listed::<u8> { rows: vec![], total: 0 }.pages(10), 1);
    }

    #[test]
    fn wildcards_in_a_search_are_only_characters() {
        assert_eq!(like(" 100%_A! "), "%100!%!_a!!%");
    }
}
