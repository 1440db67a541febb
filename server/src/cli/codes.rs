//! `setup-code` and `join-code`. stdout carries the code alone.

use super::lang::Lang;
use super::{hint, say};
use crate::error::{Result, ServerError, file};
use base::now_ms;
use model::SchoolId;
use model::fault::check_name;
use model::gatherer::NAME_MAX;
use std::path::Path;
use web::{join_code, setup};

/// A code that works for less than this is replaced: somebody has to type it.
const WORTH_TYPING_MS: i64 = 10 * 60_000;

/// Prints the code of the first admin: the one that lies there, or a new one when that has run out.
pub(super) async fn setup_code(db: &db::Db, data: &Path) -> Result<()> {
    let l = Lang::of_terminal();
    if db.is_claimed().await? {
        return Err(ServerError::Refused(
            l.pick(
                "管理员已经创建，不再需要设置码。忘记密码：yunlubo user passwd 用户名",
                "The first admin exists, no code is needed any more. Password lost: yunlubo user passwd NAME",
            )
            .to_owned(),
        ));
    }
    say(&current_setup_code(data, now_ms())?);
    hint(l.pick(
        "30 分钟内在网站的 /setup 页面输入，创建管理员。",
        "Type it within 30 minutes on the site's /setup page to make the first admin.",
    ));
    Ok(())
}

/// The code in the data directory, made when there is none that is worth typing.
pub(crate) fn current_setup_code(data: &Path, now_ms: i64) -> Result<String> {
    let path = data.join(setup::FILE);
    let there = std::fs::read_to_string(&path).unwrap_or_default();
    let code = there.lines().next().unwrap_or("").to_owned();
    if setup::is_right(data, &code, now_ms + WORTH_TYPING_MS) {
        return Ok(code);
    }
    setup::issue(data, now_ms).map_err(file("write", path))
}

/// Prints a fresh join code for a gatherer of `school`.
pub(super) async fn join_code(db: &db::Db, school: Option<SchoolId>, name: &str) -> Result<()> {
    let l = Lang::of_terminal();
    let refuse = |text: &str| ServerError::Refused(text.to_owned());
    let name = check_name("name", name, NAME_MAX).map_err(|_| {
        refuse(l.pick(
            "名称须为 1–80 个字符，不含控制字符。",
            "The name must have 1–80 characters, none of them control characters.",
        ))
    })?;
    let schools = db.all_schools().await?;
    let wanted = match school {
        Some(id) => schools.iter().find(|s| s.id == id),
        None => schools.first(),
    };
    let school = wanted.ok_or_else(|| {
        refuse(l.pick(
            "没有这所学校，请先在网站的 教学管理 → 学校 添加。",
            "There is no such school; add it on the site first.",
        ))
    })?;
    let code = join_code::make().map_err(|e| refuse(&e.to_string()))?;
    let hash = join_code::hash(&code).unwrap_or_else(|| unreachable!("a code that was just made is one"));
    let now_ms = now_ms();
    db.add_join_code(&hash, school.id, &name, now_ms, now_ms + join_code::LIFE_MS).await?;
    say(&code);
    hint(l.pick(
        "15 分钟内、一次有效：yunlubo-gather enroll --site 网站地址 --code 加入码",
        "Works once within 15 minutes: yunlubo-gather enroll --site ADDRESS --code CODE",
    ));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setup_code_stays_while_it_is_worth_typing() {
        let dir = tempfile::tempdir().unwrap();
        let first = current_setup_code(dir.path(), 0).unwrap();
        assert_eq!(current_setup_code(dir.path(), setup::LIFE_MS - WORTH_TYPING_MS - 1).unwrap(), first);
        assert_ne!(current_setup_code(dir.path(), setup::LIFE_MS - WORTH_TYPING_MS).unwrap(), first);
    }
}
