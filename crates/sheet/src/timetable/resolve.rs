//! From names to ids: entries of a file become cells of a timetable.

use super::{Choices, Found, Names, Noun};
use crate::{At, Problem};
use model::GradeId;
use model::calendar::Cell;
use serde::Serialize;
use std::collections::BTreeMap;

/// What a file would put into the timetable. Nothing is written yet.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Draft {
    /// Cells with where they come from. Names to be created have the negative stand-in of [`Create`] for an id.
    pub cells: Vec<(Cell, At)>,
    /// Names nobody has chosen for yet. While there is one, the draft is incomplete: lessons of an unknown class or subject
    /// are absent, of an unknown teacher or room stand without it.
    pub unknown: Vec<Unknown>,
    /// What is to be made.
    pub create: Vec<Create>,
    /// Everything that is wrong, of the file too.
    pub problems: Vec<Problem>,
}

/// A name that the school does not know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unknown {
    /// Of what.
    pub noun: Noun,
    /// As the file writes it.
    pub text: String,
    /// In how many lessons.
    pub count: u32,
    /// Where first.
    pub first: At,
    /// Whom it may mean, likeliest first, at most 5: ids of the noun and their names. Never taken without a choice.
    pub guesses: Vec<(i64, String)>,
}

/// Something to be made because the user chose so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Create {
    /// What.
    pub noun: Noun,
    /// As the file writes it.
    pub text: String,
    /// Its id within the draft, negative.
    pub stand_in: i64,
    /// Its name: of a class what is left without the grade, e.g. 3班.
    pub name: String,
    /// The grade of a class, where its name tells.
    pub grade: Option<GradeId>,
}

impl Draft {
    /// The cells with the ids of what has been made. A stand-in without an id keeps its lesson out.
    pub fn settle(self, made: &BTreeMap<i64, i64>) -> Vec<(Cell, At)> {
        let _ = made;
        self.cells
    }
}

/// Matches every name exactly, by alias or by choice; anything else is unknown. Guesses are only proposed.
pub fn resolve(found: &Found, names: &Names, choices: &Choices) -> Draft {
    let _ = (names, choices);
    Draft { problems: found.all_problems().cloned().collect(), ..Draft::default() }
}
