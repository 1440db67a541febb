//! What an import was told once: this text means that row.

use crate::read::{ReadResult, get, rows, run, run_or, sql, unreadable};
use crate::state::unknown;
use crate::{Db, Result};
use model::SchoolId;
use model::fault::check_name;
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

/// Longest text of an alias, characters.
const ALIAS_MAX: u32 = 120;

texts! {
    LIST = "SELECT noun, text, target FROM name_alias WHERE school_id = $1 ORDER BY noun, text";
    PUT = "INSERT INTO name_alias (school_id, noun, text, target) VALUES ($1, $2, $3, $4)
        ON CONFLICT (school_id, noun, text) DO UPDATE SET target = excluded.target";
    FORGET = "DELETE FROM name_alias WHERE noun = $1 AND target = $2";
}

/// Of what kind the row is that an alias means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AliasNoun {
    /// 班级.
    Class,
    /// 教师.
    Teacher,
    /// 科目.
    Subject,
    /// 教室.
    Room,
    /// 年级.
    Grade,
}

impl AliasNoun {
    const ALL: [Self; 5] = [Self::Class, Self::Teacher, Self::Subject, Self::Room, Self::Grade];

    /// Its name in the database, in addresses and in forms.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Class => "class",
            Self::Teacher => "teacher",
            Self::Subject => "subject",
            Self::Room => "room",
            Self::Grade => "grade",
        }
    }

    /// The noun of a name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|noun| noun.as_str() == name)
    }
}

/// A text and the row it means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alias {
    /// Of what kind.
    pub noun: AliasNoun,
    /// As files write it, 1–120 characters.
    pub text: String,
    /// Id of the row.
    pub target: i64,
}

fn read(r: &AnyRow) -> ReadResult<Alias> {
    let noun: String = get(r, "noun")?;
    Ok(Alias {
        noun: AliasNoun::parse(&noun).ok_or_else(|| unreadable("noun", noun))?,
        text: get(r, "text")?,
        target: get(r, "target")?,
    })
}

/// The row has gone: nothing means it any more.
pub(crate) async fn forget(conn: &mut AnyConnection, noun: AliasNoun, target: i64) -> Result<()> {
    run(conn, "forgetting aliases", sql(FORGET).bind(noun.as_str()).bind(target)).await.map(|_| ())
}

/// Keeps one within a transaction.
pub(crate) async fn put(conn: &mut AnyConnection, school: SchoolId, alias: &Alias) -> Result<()> {
    let text = check_name("text", &alias.text, ALIAS_MAX)?;
    let put = sql(PUT).bind(school.0).bind(alias.noun.as_str()).bind(text).bind(alias.target);
    run_or(conn, put, unknown("school_id", "keeping aliases")).await.map(|_| ())
}

impl Db {
    /// Every alias of a school.
    pub async fn aliases(&self, school: SchoolId) -> Result<Vec<Alias>> {
        const DOING: &str = "listing aliases";
        let mut c = self.read(DOING).await?;
        rows(&mut c, DOING, sql(LIST).bind(school.0), read).await
    }

    /// Keeps aliases, all or none; one of the same noun and text is replaced.
    pub async fn save_aliases(&self, school: SchoolId, aliases: &[Alias]) -> Result<()> {
        const DOING: &str = "keeping aliases";
        let mut w = self.write(DOING).await?;
        for alias in aliases {
            put(w.conn(), school, alias).await?;
        }
        w.commit(DOING).await
    }
}
