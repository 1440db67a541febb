//! What can go wrong in the database, for people and for pages.

use model::fault::Fault;
use std::error::Error as StdError;

/// A thing that was not found, is taken or in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Noun {
    /// 学校.
    School,
    /// 科目.
    Subject,
    /// 年级.
    Grade,
    /// 教师.
    Teacher,
    /// 采集端.
    Gatherer,
    /// 加入码.
    JoinCode,
    /// 通道.
    Channel,
    /// 时间段.
    Range,
    /// 课 (recorded).
    Lesson,
    /// 切片.
    Slice,
    /// 用户.
    User,
    /// 教室.
    Room,
    /// 班级.
    Class,
    /// 学生.
    Student,
    /// 调课.
    Change,
    /// 课表版本, or a revision of the 校历.
    Version,
    /// 订阅.
    Feed,
    /// 导入 under way.
    Import,
}

impl std::fmt::Display for Noun {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Noun::School => "school",
            Noun::Subject => "subject",
            Noun::Grade => "grade",
            Noun::Teacher => "teacher",
            Noun::Gatherer => "gatherer",
            Noun::JoinCode => "join code",
            Noun::Channel => "channel",
            Noun::Range => "range",
            Noun::Lesson => "lesson",
            Noun::Slice => "slice",
            Noun::User => "user",
            Noun::Room => "room",
            Noun::Class => "class",
            Noun::Student => "student",
            Noun::Change => "change",
            Noun::Version => "version",
            Noun::Feed => "feed",
            Noun::Import => "import",
        })
    }
}

/// Why a join code lets nobody in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CodeRefusal {
    /// No such code, or it was withdrawn.
    #[error("the join code is unknown")]
    Unknown,
    /// Another gatherer has used it.
    #[error("the join code was used already")]
    Used,
    /// Its time is over.
    #[error("the join code has expired")]
    Expired,
}

/// What a driver said; its type stays inside this room.
pub(crate) type Source = Box<dyn StdError + Send + Sync>;

/// Why the database did not do what was asked. A refusal changed nothing: its transaction was rolled back.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// The database could not be opened.
    #[error("cannot open the database {url}: {source}")]
    Open {
        /// Its address without user and password.
        url: String,
        /// What the driver said.
        source: Source,
    },
    /// The linked SQLite is too old to be trusted with WAL (its fix of a corruption race came with 3.51.3).
    #[error(
        "the SQLite library is version {found}; {needed} or newer is needed: rebuild with the bundled one"
    )]
    OldSqlite {
        /// Version of the linked library.
        found: String,
        /// Least version.
        needed: &'static str,
    },
    /// A migration failed; the ones before it are kept.
    #[error("cannot migrate the database: {source}")]
    Migrate {
        /// What the migrator said.
        source: Source,
    },
    /// A statement failed.
    #[error("database error while {doing}: {source}")]
    Query {
        /// What was being done.
        doing: &'static str,
        /// What the driver said.
        source: Source,
    },
    /// A stored value is not of its kind.
    #[error("the database holds a value that cannot be read while {doing}: {what}")]
    Unreadable {
        /// What was being done.
        doing: &'static str,
        /// Which value.
        what: String,
    },
    /// There is no such row (any more).
    #[error("no {noun} {id}")]
    NotFound {
        /// What was looked for.
        noun: Noun,
        /// Its id or name.
        id: String,
    },
    /// Other rows need this one, so it cannot be removed.
    #[error("the {noun} is used by {count} other row(s)")]
    InUse {
        /// What was to be removed.
        noun: Noun,
        /// Rows that need it.
        count: i64,
    },
    /// Another row has this name already.
    #[error("another {noun} has this name")]
    Taken {
        /// What was to be added or renamed.
        noun: Noun,
    },
    /// An input broke a rule that only the database can check (overlap, unknown reference).
    #[error("{} is not acceptable: {:?}", .0.field, .0.reason)]
    Fault(Fault),
    /// A slice with this id is stored with other facts.
    #[error("slice {slice_id} was reported before with other facts")]
    Conflict {
        /// The slice.
        slice_id: String,
    },
    /// Somebody else saved after the caller had read: read again, merge, save again.
    #[error("it was changed meanwhile: it is at {current} now")]
    Outdated {
        /// Revision, version or free number that counts now; 0 where there are no numbers.
        current: i64,
    },
    /// The first admin exists already.
    #[error("this site has been claimed already")]
    Claimed,
    /// The last enabled admin cannot be removed, disabled or demoted.
    #[error("this is the last enabled admin")]
    LastAdmin,
    /// A join code that lets nobody in.
    #[error(transparent)]
    JoinCode(#[from] CodeRefusal),
}

impl From<Fault> for DbError {
    fn from(fault: Fault) -> Self {
        DbError::Fault(fault)
    }
}

impl DbError {
    /// No row of `noun` with `id`.
    pub(crate) fn not_found(noun: Noun, id: impl ToString) -> Self {
        DbError::NotFound { noun, id: id.to_string() }
    }

    /// Whether asking again later may succeed without any change of the input.
    pub fn is_passing(&self) -> bool {
        matches!(self, DbError::Open { .. } | DbError::Query { .. })
    }
}

/// A driver's error while `doing`.
pub(crate) fn query(doing: &'static str) -> impl Fn(sqlx::Error) -> DbError {
    move |e| match e {
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => {
            DbError::Unreadable { doing, what: e.to_string() }
        }
        e => DbError::Query { doing, source: Box::new(e) },
    }
}

/// As [`query`], but a broken unique constraint means that `noun`'s name is taken.
pub(crate) fn taken(doing: &'static str, noun: Noun) -> impl Fn(sqlx::Error) -> DbError {
    move |e| match e.as_database_error().is_some_and(|d| d.is_unique_violation()) {
        true => DbError::Taken { noun },
        false => query(doing)(e),
    }
}
