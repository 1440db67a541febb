//! A new site: its seeds, its mark, and the claim of the first admin.

use crate::counter::next_id;
use crate::read::{count, run, sql};
use crate::{Db, DbError, NewUser, Result, account, setting};
use model::UserId;
use model::right::Role;
use model::school::{DEFAULT_GRADES, DEFAULT_SUBJECTS};
use sqlx::AnyConnection;

texts! {
    CLAIM = "UPDATE site_claim SET claimed_at_ms = $1 WHERE site_claim_id = 1 AND claimed_at_ms IS NULL";
    CLAIMED_BY = "UPDATE site_claim SET user_id = $1 WHERE site_claim_id = 1";
    CLAIMED = "SELECT COUNT(*) FROM site_claim WHERE claimed_at_ms IS NOT NULL";
    SEEDED = "SELECT COUNT(*) FROM setting WHERE name = 'site_tag'";
    ADD_SCHOOL = "INSERT INTO school (school_id, name, address, phone) VALUES ($1, $2, '', '')";
    ADD_SUBJECT = "INSERT INTO subject (subject_id, name) VALUES ($1, $2)";
    ADD_GRADE = "INSERT INTO grade (grade_id, stage, name) VALUES ($1, $2, $3)";
    ADD_TEACHER = "INSERT INTO teacher (teacher_id, name, sex, title, about) VALUES ($1, $2, $3, $4, '')";
    TEACHERS = "SELECT COUNT(*) FROM teacher";
}

/// Name of the one school of a new site.
const SCHOOL: &str = "本校";

/// Teachers of a demonstration: invented names, one for each of the first subjects. Name, sex, title.
const DEMO_TEACHERS: [(&str, i64, i64); 11] = [
    ("示例教师 陈静", 1, 2),
    ("示例教师 李明", 0, 2),
    ("示例教师 王芳", 1, 1),
    ("示例教师 赵强", 0, 2),
    ("示例教师 孙丽", 1, 3),
    ("示例教师 周涛", 0, 1),
    ("示例教师 吴敏", 1, 2),
    ("示例教师 郑伟", 0, 0),
    ("示例教师 冯雪", 1, 4),
    ("示例教师 许波", 0, 3),
    ("示例教师 何琳", 1, 2),
];

/// 13 hex digits of a moment, as the original's 本站标记: 8 of seconds and 5 of microseconds.
fn tag(now_ms: i64) -> String {
    format!("{:08x}{:05x}", now_ms.div_euclid(1000) & 0xffff_ffff, now_ms.rem_euclid(1000) * 1000)
}

async fn seed(conn: &mut AnyConnection, now_ms: i64) -> Result<()> {
    const DOING: &str = "seeding a new site";
    let school = next_id(conn, "school").await?;
    run(conn, DOING, sql(ADD_SCHOOL).bind(school).bind(SCHOOL)).await?;
    for name in DEFAULT_SUBJECTS {
        let id = next_id(conn, "subject").await?;
        run(conn, DOING, sql(ADD_SUBJECT).bind(id).bind(name)).await?;
    }
    for (stage, name) in DEFAULT_GRADES {
        let id = next_id(conn, "grade").await?;
        run(conn, DOING, sql(ADD_GRADE).bind(id).bind(stage).bind(name)).await?;
    }
    setting::mark(conn, &tag(now_ms)).await
}

impl Db {
    /// Gives a new site its mark, school, subjects and grades. Does nothing to a site that has had them, also when an
    /// admin removed some. Call it after [`Db::migrate`].
    pub async fn seed(&self, now_ms: i64) -> Result<()> {
        const DOING: &str = "seeding a new site";
        let mut w = self.write(DOING).await?;
        if count(w.conn(), DOING, sql(SEEDED)).await? == 0 {
            seed(w.conn(), now_ms).await?;
        }
        w.commit(DOING).await
    }

    /// Adds eleven invented teachers if there is none: for `--demo` alone.
    pub async fn seed_demo_teachers(&self) -> Result<()> {
        const DOING: &str = "seeding demonstration teachers";
        let mut w = self.write(DOING).await?;
        if count(w.conn(), DOING, sql(TEACHERS)).await? == 0 {
            for (name, sex, title) in DEMO_TEACHERS {
                let id = next_id(w.conn(), "teacher").await?;
                run(w.conn(), DOING, sql(ADD_TEACHER).bind(id).bind(name).bind(sex).bind(title)).await?;
            }
        }
        w.commit(DOING).await
    }

    /// Whether the first admin exists, or existed.
    pub async fn is_claimed(&self) -> Result<bool> {
        let mut c = self.read("asking whether the site is claimed").await?;
        Ok(count(&mut c, "asking whether the site is claimed", sql(CLAIMED)).await? > 0)
    }

    /// Makes the first admin. Of any number of callers exactly one succeeds, and nobody ever after
    /// ([`DbError::Claimed`]). The caller has checked the setup code. `new.role` is not looked at.
    pub async fn claim_first_admin(&self, new: &NewUser, now_ms: i64) -> Result<UserId> {
        const DOING: &str = "claiming the site";
        let mut w = self.write(DOING).await?;
        if run(w.conn(), DOING, sql(CLAIM).bind(now_ms)).await? == 0 {
            return Err(DbError::Claimed);
        }
        let new = NewUser { role: Role::Admin, ..new.clone() };
        let id = account::add(w.conn(), &new, now_ms).await?;
        run(w.conn(), DOING, sql(CLAIMED_BY).bind(id.0)).await?;
        w.commit(DOING).await?;
        Ok(id)
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_mark_has_thirteen_hex_digits() {
        for now_ms in [0, 999, 1_795_000_000_123, i64::MAX] {
            let tag = super::tag(now_ms);
            assert!(tag.len() == 13 && tag.bytes().all(|b| b.is_ascii_hexdigit()), "{tag}");
        }
    }
}
