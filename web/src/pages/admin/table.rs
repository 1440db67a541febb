//! Lists: ten rows a page, a checkbox column, 删除选中, 上一页, 下一页; a row becomes a card on a phone.

use super::desk::{Desk, Link, query_string};
use super::form::{Choice, Field, Kind};
use askama::Template;
use db::{Listed, PER_PAGE};

/// A button or link of a row.
#[derive(Debug, Clone)]
pub struct Act {
    /// Where to.
    pub href: String,
    /// What it says.
    pub name: String,
    /// Class of the button.
    pub class: &'static str,
    /// Whether it posts.
    pub post: bool,
    /// How the polling script finds it.
    pub key: &'static str,
    /// Whether it is hidden for now.
    pub hidden: bool,
}

impl Act {
    /// A link.
    pub fn link(href: impl Into<String>, name: impl Into<String>) -> Self {
        Self { href: href.into(), name: name.into(), class: "", post: false, key: "", hidden: false }
    }

    /// A posting button.
    pub fn post(href: impl Into<String>, name: impl Into<String>) -> Self {
        Self { post: true, ..Self::link(href, name) }
    }

    /// Found by the polling script under `key`, hidden unless `shown`.
    pub fn keyed(mut self, key: &'static str, shown: bool) -> Self {
        self.key = key;
        self.hidden = !shown;
        self
    }
}

/// One cell.
#[derive(Debug, Clone)]
pub enum Cell {
    /// Text, at most two lines, the whole in its title.
    Text(String),
    /// A polled value with a smaller line.
    Fact {
        /// How the polling script finds it.
        key: &'static str,
        /// The value.
        text: String,
        /// A smaller line.
        sub: String,
    },
    /// A link with a smaller line.
    Link {
        /// Where to.
        href: String,
        /// What it says.
        text: String,
        /// A smaller line.
        sub: String,
    },
    /// A state: colour, word, and why.
    Badge {
        /// `ok`, `warn`, `bad`, `info` or `idle`.
        tone: &'static str,
        /// The word.
        text: String,
        /// Why, and what to do next.
        note: String,
    },
    /// Several states: colour and word.
    Badges(Vec<(&'static str, String)>),
    /// A picture that leads somewhere.
    Picture {
        /// Its address; empty = none yet.
        src: String,
        /// Where it leads.
        href: String,
    },
    /// Buttons.
    Do(Vec<Act>),
}

/// One row.
#[derive(Debug, Clone)]
pub struct Row {
    /// Value of its checkbox.
    pub id: String,
    /// What it is called, for screen readers.
    pub name: String,
    /// Its cells, one a column.
    pub cells: Vec<Cell>,
}

/// A list as the template draws it.
#[derive(Debug, Clone)]
pub struct Table {
    /// Headings.
    pub columns: Vec<String>,
    /// Rows of this page.
    pub rows: Vec<Row>,
    /// Whether rows can be ticked and deleted.
    pub select: bool,
    /// Where 删除选中 posts.
    pub action: String,
    /// The list's address without a search.
    pub base: String,
    /// What an empty list says.
    pub empty: String,
    /// What to do about it.
    pub empty_link: Option<Link>,
    /// Rows of the whole list.
    pub total: i64,
    /// This page, from 1.
    pub page: i64,
    /// Pages.
    pub pages: i64,
    /// Address of the page before; empty on the first.
    pub previous: String,
    /// Address of the page after; empty on the last.
    pub next: String,
    /// Address that the script polls for states; empty = none.
    pub poll: String,
}

impl Table {
    /// A selectable list at `base`; `asked` are the search's pairs, kept by the pager.
    pub fn new(
        desk: &Desk,
        base: &str,
        columns: &[(&str, &str)],
        asked: &[(&str, &str)],
        total: i64,
    ) -> Self {
        let pages = Listed::<()> { rows: Vec::new(), total }.pages(PER_PAGE);
        let page = desk.page();
        let at = |number: i64| {
            let number = number.to_string();
            let mut pairs = asked.to_vec();
            pairs.push(("page", &number));
            format!("{base}{}", query_string(&pairs))
        };
        Self {
            columns: columns.iter().map(|(zh, en)| desk.t(zh, en).to_owned()).collect(),
            rows: Vec::new(),
            select: true,
            action: format!("{base}/delete"),
            base: base.to_owned(),
            empty: desk.t("没有符合条件的记录。", "Nothing matches.").to_owned(),
            empty_link: None,
            total,
            page,
            pages,
            previous: if page > 1 { at(page.min(pages + 1) - 1) } else { String::new() },
            next: if page < pages { at(page + 1) } else { String::new() },
            poll: String::new(),
        }
    }
}

/// One control of a search line.
#[derive(Debug, Clone)]
pub struct Search {
    /// Its label.
    pub label: String,
    /// Its name.
    pub name: &'static str,
    /// What was asked.
    pub value: String,
    /// Type of the input.
    pub kind: &'static str,
    /// Choices of a menu; empty = an input.
    pub choices: Vec<Choice>,
    /// Whether it takes the free room.
    pub grow: bool,
}

impl Search {
    /// The text search `q`.
    pub fn text(desk: &Desk, zh: &str, en: &str) -> Self {
        Self {
            label: desk.t(zh, en).to_owned(),
            name: "q",
            value: desk.query.text("q").to_owned(),
            kind: "search",
            choices: Vec::new(),
            grow: true,
        }
    }

    /// A menu with 全部 in front.
    pub fn menu(desk: &Desk, name: &'static str, (zh, en): (&str, &str), choices: Vec<Choice>) -> Self {
        let mut all = vec![Choice::new("", desk.t("全部", "All"))];
        all.extend(choices);
        Self {
            label: desk.t(zh, en).to_owned(),
            name,
            value: desk.query.text(name).to_owned(),
            kind: "",
            choices: all,
            grow: false,
        }
    }

    /// A date.
    pub fn date(desk: &Desk, name: &'static str, zh: &str, en: &str) -> Self {
        Self {
            label: desk.t(zh, en).to_owned(),
            name,
            value: desk.query.text(name).to_owned(),
            kind: "date",
            choices: Vec::new(),
            grow: false,
        }
    }
}

/// A page that is one list.
#[derive(Template)]
#[template(path = "admin/list.html")]
pub struct ListPage {
    /// The frame.
    pub s: Desk,
    /// Buttons at the head; the first is the main one.
    pub tools: Vec<Link>,
    /// The search line.
    pub search: Vec<Search>,
    /// Whether something is being searched.
    pub searching: bool,
    /// The list.
    pub table: Table,
}

impl ListPage {
    /// A list page.
    pub fn new(s: Desk, tools: Vec<Link>, search: Vec<Search>, table: Table) -> Self {
        let searching = search.iter().any(|f| !f.value.is_empty());
        Self { s, tools, search, searching, table }
    }
}

/// Asks before something is removed.
#[derive(Template)]
#[template(path = "admin/confirm.html")]
pub struct ConfirmPage {
    /// The frame.
    pub s: Desk,
    /// Where the answer is posted.
    pub action: String,
    /// Pairs to be posted again.
    pub hidden: Vec<(String, String)>,
    /// The question.
    pub question: String,
    /// What it is about, by name.
    pub things: Vec<String>,
    /// What else will happen; may be empty.
    pub warning: String,
    /// A field to type the name into.
    pub typed: Option<Field>,
    /// What must be typed; empty = nothing.
    pub must_type: String,
    /// Text of the button.
    pub submit: String,
    /// Where 取消 leads.
    pub cancel: String,
}
