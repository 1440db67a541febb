//! Forms: fields that keep what was typed and show what is wrong beside it.

use super::desk::Desk;
use crate::error::WebError;
use crate::extract::Fields;
use crate::lang::Lang;
use crate::page::Page;
use askama::Template;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use db::DbError;
use model::fault::{Fault, Reason};

/// One choice of a menu or radio group.
#[derive(Debug, Clone)]
pub struct Choice {
    /// What is sent.
    pub value: String,
    /// What is read.
    pub label: String,
    /// A smaller line below (radio groups).
    pub note: String,
}

impl Choice {
    /// A choice without a note.
    pub fn new(value: impl ToString, label: impl Into<String>) -> Self {
        Self { value: value.to_string(), label: label.into(), note: String::new() }
    }

    /// With a smaller line below.
    pub fn note(mut self, note: &str) -> Self {
        self.note = note.to_owned();
        self
    }
}

/// How a field is drawn.
#[derive(Debug, Clone)]
pub enum Kind {
    /// One line.
    Text,
    /// Write-only: never drawn with a value.
    Password,
    /// A time of day, `HH:MM` or `HH:MM:SS`.
    Time,
    /// A whole number.
    Number {
        /// Least.
        min: i64,
        /// Greatest.
        max: i64,
    },
    /// Several lines.
    Area,
    /// A menu.
    Select(Vec<Choice>),
    /// Radio buttons.
    Radio(Vec<Choice>),
    /// One checkbox with its sentence.
    Check(String),
    /// Shown, not sent.
    Fixed,
    /// Sent, not shown.
    Hidden,
}

/// One field of a form.
#[derive(Debug, Clone)]
pub struct Field {
    /// Its name in the form and in [`Fault::field`].
    pub name: &'static str,
    /// Its label.
    pub label: String,
    /// How it is drawn.
    pub kind: Kind,
    /// What it holds.
    pub value: String,
    /// Help below.
    pub hint: String,
    /// What is wrong with it.
    pub error: Option<String>,
    /// Unit behind a number.
    pub unit: String,
    /// Shown while empty.
    pub placeholder: String,
    /// The browser's autocomplete token.
    pub autocomplete: &'static str,
    /// Id of a datalist.
    pub list: &'static str,
    /// Whether it must be filled.
    pub required: bool,
    /// Whether the page starts here.
    pub autofocus: bool,
}

impl Field {
    /// A field.
    pub fn new(name: &'static str, label: impl Into<String>, kind: Kind) -> Self {
        Self {
            name,
            label: label.into(),
            kind,
            value: String::new(),
            hint: String::new(),
            error: None,
            unit: String::new(),
            placeholder: String::new(),
            autocomplete: "",
            list: "",
            required: false,
            autofocus: false,
        }
    }

    /// One line of text.
    pub fn text(name: &'static str, label: impl Into<String>) -> Self {
        Self::new(name, label, Kind::Text)
    }

    /// A whole number with its range and unit; the range is said in the hint's place.
    pub fn number(
        name: &'static str,
        label: impl Into<String>,
        (min, max): (i64, i64),
        unit: impl Into<String>,
    ) -> Self {
        let mut field = Self::new(name, label, Kind::Number { min, max });
        field.unit = format!("{} ({min}–{max})", unit.into());
        field
    }

    /// A menu.
    pub fn select(name: &'static str, label: impl Into<String>, choices: Vec<Choice>) -> Self {
        Self::new(name, label, Kind::Select(choices))
    }

    /// Something that is only shown.
    pub fn fixed(name: &'static str, label: impl Into<String>, value: impl Into<String>) -> Self {
        Self { value: value.into(), ..Self::new(name, label, Kind::Fixed) }
    }

    /// Sent, not shown.
    pub fn hidden(name: &'static str, value: impl ToString) -> Self {
        Self { value: value.to_string(), ..Self::new(name, "", Kind::Hidden) }
    }

    /// Must be filled.
    pub fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// Help below.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }

    /// Shown while empty.
    pub fn placeholder(mut self, text: impl Into<String>) -> Self {
        self.placeholder = text.into();
        self
    }

    /// The browser's autocomplete token.
    pub fn autocomplete(mut self, token: &'static str) -> Self {
        self.autocomplete = token;
        self
    }

    /// A datalist of suggestions.
    pub fn list(mut self, id: &'static str) -> Self {
        self.list = id;
        self
    }

    /// Whether one control carries the label.
    pub fn is_single(&self) -> bool {
        !matches!(self.kind, Kind::Radio(_) | Kind::Check(_) | Kind::Fixed)
    }
}

/// A part of a form under a heading.
#[derive(Debug, Clone)]
pub struct Section {
    /// Heading; may be empty.
    pub title: String,
    /// A sentence below it.
    pub note: String,
    /// `when-file` and `when-pull` hide with the mode.
    pub class: &'static str,
    /// Its fields.
    pub fields: Vec<Field>,
}

impl Section {
    /// Fields without a heading.
    pub fn plain(fields: Vec<Field>) -> Self {
        Self { title: String::new(), note: String::new(), class: "", fields }
    }

    /// Fields under a heading.
    pub fn titled(title: impl Into<String>, note: impl Into<String>, fields: Vec<Field>) -> Self {
        Self { title: title.into(), note: note.into(), class: "", fields }
    }

    /// With a class.
    pub fn class(mut self, class: &'static str) -> Self {
        self.class = class;
        self
    }
}

/// A form as the template draws it.
#[derive(Debug, Clone)]
pub struct FormView {
    /// Where it is posted.
    pub action: String,
    /// Its parts.
    pub sections: Vec<Section>,
    /// Text of the main button.
    pub submit: String,
    /// Further submit buttons: name, value, text.
    pub extra: Vec<(&'static str, &'static str, String)>,
    /// Where 取消 leads; empty = no such button.
    pub cancel: String,
    /// Text that must be typed first; empty = none.
    pub must_type: String,
    /// Whether the main button removes something.
    pub danger: bool,
}

impl FormView {
    /// A form with 保存 and 取消.
    pub fn new(
        l: Lang,
        action: impl Into<String>,
        cancel: impl Into<String>,
        sections: Vec<Section>,
    ) -> Self {
        Self {
            action: action.into(),
            sections,
            submit: l.t("保存", "Save").to_owned(),
            extra: Vec::new(),
            cancel: cancel.into(),
            must_type: String::new(),
            danger: false,
        }
    }

    /// Fills every field from `values` and puts the faults beside them. The first wrong field, else the first empty
    /// one, gets the focus.
    pub fn filled(mut self, l: Lang, values: &Fields, faults: &[Fault]) -> Self {
        for field in self.sections.iter_mut().flat_map(|s| s.fields.iter_mut()) {
            match field.kind {
                Kind::Fixed | Kind::Hidden | Kind::Password => {}
                Kind::Check(_) => field.value = u8::from(values.flag(field.name)).to_string(),
                _ => field.value = values.text(field.name).to_owned(),
            }
            field.error = faults.iter().find(|f| f.field == field.name).map(|f| l.fault(f));
        }
        let mut fields = self.sections.iter_mut().flat_map(|s| s.fields.iter_mut());
        if let Some(wrong) = fields.find(|f| f.error.is_some()) {
            wrong.autofocus = true;
        }
        self
    }
}

/// A page that is one form.
#[derive(Template)]
#[template(path = "admin/form.html")]
pub struct FormPage {
    /// The frame.
    pub s: Desk,
    /// The form.
    pub form: FormView,
}

/// The page of a form: 200 when it is fresh, 422 with a line on top when something is wrong.
pub fn answer(desk: Desk, form: FormView, faults: &[Fault]) -> Response {
    if faults.is_empty() {
        return Page(FormPage { s: desk, form }).into_response();
    }
    let known: Vec<&str> = form.sections.iter().flat_map(|s| s.fields.iter().map(|f| f.name)).collect();
    let mut desk = desk;
    let l = desk.l;
    let said = desk.flashes.iter().any(|f| f.tone == "bad");
    if !said && faults.iter().any(|f| known.contains(&f.field)) {
        desk = desk.flash("bad", l.t("没有保存：请修改标出的项。", "Not saved: correct the marked fields."));
    }
    // A fault of a field that this form does not show must not vanish.
    for fault in faults.iter().filter(|f| !known.contains(&f.field)) {
        desk = desk.flash("bad", l.fault(fault));
    }
    (StatusCode::UNPROCESSABLE_ENTITY, Page(FormPage { s: desk, form })).into_response()
}

/// What the database refused as a fault of a field; everything else stays an error.
pub fn as_fault(error: DbError, name_field: &'static str) -> Result<Fault, WebError> {
    match error {
        DbError::Fault(fault) => Ok(fault),
        DbError::Taken { .. } => Ok(Fault::new(name_field, Reason::Taken)),
        other => Err(other.into()),
    }
}

/// Takes a checked value or notes its fault and takes the fallback.
pub fn take<T>(faults: &mut Vec<Fault>, found: Result<T, Fault>, fallback: T) -> T {
    found.unwrap_or_else(|fault| {
        faults.push(fault);
        fallback
    })
}

/// One fault a field: the first said wins (a number that could not be read is not also out of range).
pub fn first_of_each(faults: Vec<Fault>) -> Vec<Fault> {
    let mut kept: Vec<Fault> = Vec::new();
    for fault in faults {
        if !kept.iter().any(|k| k.field == fault.field) {
            kept.push(fault);
        }
    }
    kept
}

/// Fields made from pairs: what a stored thing looks like in its form.
pub fn values<const N: usize>(pairs: [(&str, String); N]) -> Fields {
    Fields::new(pairs.into_iter().map(|(k, v)| (k.to_owned(), v)).collect())
}
