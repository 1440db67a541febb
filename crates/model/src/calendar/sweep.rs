//! One channel, many who want it: who has it at every moment (docs/timetable.md §4).

use std::cmp::Reverse;

/// Who wants a channel: index into the lessons, or into the ranges, of a date. Of one start the lesser index is the lesser id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Who {
    Range(usize),
    Lesson(usize),
}

/// A wish: half open, Unix ms.
#[derive(Debug, Clone, Copy)]
pub(super) struct Claim {
    pub who: Who,
    pub start: i64,
    pub end: i64,
}

impl Claim {
    /// Lessons before ranges, the latest start, the least id: the greatest wins.
    fn rank(&self) -> (bool, i64, Reverse<usize>) {
        match self.who {
            Who::Range(index) => (false, self.start, Reverse(index)),
            Who::Lesson(index) => (true, self.start, Reverse(index)),
        }
    }
}

/// A stretch of time with one winner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    pub winner: Who,
    pub start: i64,
    pub end: i64,
    /// Who else wanted some of it, in order of appearance.
    pub losers: Vec<Who>,
}

/// Pieces ascending by time, none overlapping another, neighbours have different winners. Moments that nobody wants are in none.
pub(super) fn pieces(mut claims: Vec<Claim>) -> Vec<Piece> {
    claims.sort_by_key(|claim| (claim.start, claim.end, claim.who));
    let mut bounds: Vec<i64> = claims.iter().flat_map(|claim| [claim.start, claim.end]).collect();
    bounds.sort_unstable();
    bounds.dedup();
    let mut coming = claims.into_iter().peekable();
    let mut active: Vec<Claim> = Vec::new();
    let mut pieces: Vec<Piece> = Vec::new();
    for bound in bounds.windows(2) {
        let [start, end] = bound else { continue };
        active.retain(|claim| claim.end > *start);
        while let Some(claim) = coming.next_if(|claim| claim.start <= *start) {
            active.push(claim);
        }
        let Some(winner) = active.iter().max_by_key(|claim| claim.rank()).map(|claim| claim.who) else {
            continue;
        };
        match pieces.last_mut() {
            Some(last) if last.winner == winner && last.end == *start => last.end = *end,
            _ => pieces.push(Piece { winner, start: *start, end: *end, losers: Vec::new() }),
        }
        if let Some(piece) = pieces.last_mut() {
            for claim in active.iter().filter(|claim| claim.who != winner) {
                if !piece.losers.contains(&claim.who) {
                    piece.losers.push(claim.who);
                }
            }
        }
    }
    pieces
}
