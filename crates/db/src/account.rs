//! 用户: accounts of the site.

use crate::counter::next_id;
use crate::error::taken;
use crate::page::like;
use crate::read::{ReadResult, count, flag, get, row, rows, run, run_or, sql, unreadable};
use crate::{Db, DbError, Listed, Noun, Page, Result};
use model::UserId;
use model::fault::{Fault, check_name, check_text};
use model::right::Role;
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

/// Longest login name and display name, characters.
pub const USER_NAME_MAX: u32 = 64;

macro_rules! columns {
    () => {
        "user_id, name, display_name, role, created_at_ms, last_login_at_ms, disabled"
    };
}

macro_rules! filter {
    () => {
        "LOWER(name || ' ' || display_name) LIKE $1 ESCAPE '!'"
    };
}

texts! {
    ADD = "INSERT INTO account (user_id, name, name_key, display_name, password_hash, role, created_at_ms)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    SAVE = "UPDATE account SET display_name = $2, role = $3, disabled = $4 WHERE user_id = $1";
    PASSWORD = "UPDATE account SET password_hash = $2 WHERE user_id = $1";
    LOGIN = "UPDATE account SET last_login_at_ms = $2 WHERE user_id = $1";
    GET = concat!("SELECT ", columns!(), " FROM account WHERE user_id = $1");
    BY_NAME = concat!("SELECT ", columns!(), ", password_hash FROM account WHERE name_key = $1");
    LIST = concat!("SELECT ", columns!(), " FROM account WHERE ", filter!(), " ORDER BY user_id LIMIT $2 OFFSET $3");
    LIST_COUNT = concat!("SELECT COUNT(*) FROM account WHERE ", filter!());
    OTHER_ADMINS = "SELECT COUNT(*) FROM account WHERE role = 'admin' AND disabled = 0 AND user_id <> $1";
    ACTIVE = "SELECT user_id FROM account WHERE disabled = 0";
    DELETE_SESSIONS = "DELETE FROM session WHERE user_id = $1";
    DELETE = "DELETE FROM account WHERE user_id = $1";
}

/// An account, without its password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Its id.
    pub id: UserId,
    /// Login name as written when it was made; unique without regard to case.
    pub name: String,
    /// Name shown on pages; may be empty.
    pub display_name: String,
    /// 类型.
    pub role: Role,
    /// When it was made, Unix ms.
    pub created_at_ms: i64,
    /// When somebody last logged in with it.
    pub last_login_at_ms: Option<i64>,
    /// Whether nobody can log in with it.
    pub disabled: bool,
}

/// An account to be made. The password is hashed (argon2id, PHC form) by the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewUser {
    /// Login name, see [`check_user_name`].
    pub name: String,
    /// Name shown on pages, ≤ 64 characters.
    pub display_name: String,
    /// Argon2id hash in PHC form.
    pub password_hash: String,
    /// 类型.
    pub role: Role,
}

/// What an admin may change of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserChange {
    /// Name shown on pages, ≤ 64 characters.
    pub display_name: String,
    /// 类型.
    pub role: Role,
    /// Whether nobody can log in with it; disabling ends its sessions.
    pub disabled: bool,
}

/// A login name: 1–64 characters after trimming, no control characters. Gives it trimmed.
pub fn check_user_name(name: &str) -> std::result::Result<String, Fault> {
    check_name("name", name, USER_NAME_MAX)
}

/// A display name: at most 64 characters, may be empty. Gives it trimmed.
pub fn check_display_name(name: &str) -> std::result::Result<String, Fault> {
    check_text("display_name", name, USER_NAME_MAX)
}

/// The form in which names are compared.
fn key(name: &str) -> String {
    name.trim().to_lowercase()
}

pub(crate) fn read(r: &AnyRow) -> ReadResult<User> {
    let role: String = get(r, "role")?;
    Ok(User {
        id: UserId(get(r, "user_id")?),
        name: get(r, "name")?,
        display_name: get(r, "display_name")?,
        role: Role::parse(&role).ok_or_else(|| unreadable("role", role))?,
        created_at_ms: get(r, "created_at_ms")?,
        last_login_at_ms: get(r, "last_login_at_ms")?,
        disabled: flag(r, "disabled")?,
    })
}

pub(crate) async fn add(conn: &mut AnyConnection, new: &NewUser, now_ms: i64) -> Result<UserId> {
    const DOING: &str = "adding a user";
    let name = check_user_name(&new.name)?;
    let display_name = check_display_name(&new.display_name)?;
    let id = next_id(conn, "account").await?;
    let add = sql(ADD)
        .bind(id)
        .bind(name.as_str())
        .bind(key(&name))
        .bind(display_name.as_str())
        .bind(new.password_hash.as_str())
        .bind(new.role.as_str())
        .bind(now_ms);
    run_or(conn, add, taken(DOING, Noun::User)).await?;
    Ok(UserId(id))
}

async fn load(conn: &mut AnyConnection, id: UserId) -> Result<User> {
    let found = row(conn, "reading a user", sql(GET).bind(id.0), read).await?;
    found.ok_or_else(|| DbError::not_found(Noun::User, id))
}

/// Refuses what would leave the site without an admin. The caller holds the writers' turn.
async fn keep_an_admin(conn: &mut AnyConnection, id: UserId) -> Result<()> {
    let user = load(conn, id).await?;
    let is_admin = user.role == Role::Admin && !user.disabled;
    if is_admin && count(conn, "counting admins", sql(OTHER_ADMINS).bind(id.0)).await? == 0 {
        return Err(DbError::LastAdmin);
    }
    Ok(())
}

impl Db {
    /// Makes an account. [`DbError::Taken`] when the name is used in any case; a bad name is a [`DbError::Fault`].
    pub async fn add_user(&self, new: &NewUser, now_ms: i64) -> Result<UserId> {
        let mut w = self.write("adding a user").await?;
        let id = add(w.conn(), new, now_ms).await?;
        w.commit("adding a user").await?;
        Ok(id)
    }

    /// A page of accounts whose name contains `text`, oldest first.
    pub async fn list_users(&self, text: &str, page: Page) -> Result<Listed<User>> {
        const DOING: &str = "listing users";
        let mut c = self.read(DOING).await?;
        let text = like(text);
        let total = count(&mut c, DOING, sql(LIST_COUNT).bind(text.as_str())).await?;
        let list = sql(LIST).bind(text.as_str()).bind(page.limit()).bind(page.offset());
        Ok(Listed { rows: rows(&mut c, DOING, list, read).await?, total })
    }

    /// Every account that may log in.
    pub async fn active_users(&self) -> Result<Vec<UserId>> {
        const DOING: &str = "listing active users";
        let mut c = self.read(DOING).await?;
        rows(&mut c, DOING, sql(ACTIVE), |r| get(r, "user_id").map(UserId)).await
    }

    /// One account.
    pub async fn user(&self, id: UserId) -> Result<User> {
        let mut c = self.read("reading a user").await?;
        load(&mut c, id).await
    }

    /// The account with this login name in any case, and its password hash, also when it is disabled.
    pub async fn user_by_name(&self, name: &str) -> Result<Option<(User, String)>> {
        const DOING: &str = "reading a user by name";
        let mut c = self.read(DOING).await?;
        let read = |r: &AnyRow| Ok((read(r)?, get(r, "password_hash")?));
        row(&mut c, DOING, sql(BY_NAME).bind(key(name)), read).await
    }

    /// Saves what an admin changed. [`DbError::LastAdmin`] when nobody else could manage the site afterwards.
    pub async fn save_user(&self, id: UserId, change: &UserChange) -> Result<()> {
        const DOING: &str = "saving a user";
        let display_name = check_display_name(&change.display_name)?;
        let mut w = self.write(DOING).await?;
        if change.role != Role::Admin || change.disabled {
            keep_an_admin(w.conn(), id).await?;
        }
        let save = sql(SAVE).bind(id.0).bind(display_name.as_str()).bind(change.role.as_str());
        if run(w.conn(), DOING, save.bind(i64::from(change.disabled))).await? == 0 {
            return Err(DbError::not_found(Noun::User, id));
        }
        if change.disabled {
            run(w.conn(), DOING, sql(DELETE_SESSIONS).bind(id.0)).await?;
        }
        w.commit(DOING).await
    }

    /// Sets another password (its argon2id hash) and ends all sessions of the account.
    pub async fn set_password(&self, id: UserId, password_hash: &str) -> Result<()> {
        const DOING: &str = "setting a password";
        let mut w = self.write(DOING).await?;
        if run(w.conn(), DOING, sql(PASSWORD).bind(id.0).bind(password_hash)).await? == 0 {
            return Err(DbError::not_found(Noun::User, id));
        }
        run(w.conn(), DOING, sql(DELETE_SESSIONS).bind(id.0)).await?;
        w.commit(DOING).await
    }

    /// Notes a login.
    pub async fn user_logged_in(&self, id: UserId, now_ms: i64) -> Result<()> {
        let mut s = self.single("noting a login").await?;
        run(s.conn(), "noting a login", sql(LOGIN).bind(id.0).bind(now_ms)).await.map(|_| ())
    }

    /// Removes an account and its sessions. [`DbError::LastAdmin`] for the last admin.
    pub async fn delete_user(&self, id: UserId) -> Result<()> {
        const DOING: &str = "removing a user";
        let mut w = self.write(DOING).await?;
        keep_an_admin(w.conn(), id).await?;
        run(w.conn(), DOING, sql(DELETE_SESSIONS).bind(id.0)).await?;
        run(w.conn(), DOING, sql(DELETE).bind(id.0)).await?;
        w.commit(DOING).await
    }
}
