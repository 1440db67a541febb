//! `user add|passwd|role|list`: for whoever has the server's console, also when nobody can log in any more.

use super::lang::Lang;
use super::{hint, say};
use crate::error::{Result, ServerError};
use base::now_ms;
use clap::Subcommand;
use db::{NewUser, Page, User, UserChange};
use model::right::Role;
use std::io::{BufRead, IsTerminal};
use std::path::Path;
use std::process::Command;
use web::{password, setup};

#[derive(Debug, Subcommand)]
pub(super) enum UserCommand {
    /// 添加用户，密码从标准输入读取 · add an account; the password is read from standard input
    Add {
        /// 登录名 · login name
        name: String,
        /// admin 或 user · admin or user
        #[arg(long, value_parser = role, default_value = "user")]
        role: Role,
        /// 显示名 · name shown on pages
        #[arg(long, default_value = "")]
        display: String,
    },
    /// 修改密码 · set a new password
    Passwd {
        /// 登录名 · login name
        name: String,
    },
    /// 修改角色 · change the role
    Role {
        /// 登录名 · login name
        name: String,
        /// admin 或 user · admin or user
        #[arg(value_parser = role)]
        role: Role,
    },
    /// 列出用户 · list accounts
    List,
}

fn role(text: &str) -> std::result::Result<Role, String> {
    Role::parse(text).ok_or_else(|| "admin / user".to_owned())
}

pub(super) async fn run(db: &db::Db, data: &Path, command: UserCommand) -> Result<()> {
    let l = Lang::of_terminal();
    match command {
        UserCommand::Add { name, role, display } => {
            let refuse =
                |fault: model::Fault| ServerError::Refused(format!("{}: {:?}", fault.field, fault.reason));
            let name = db::check_user_name(&name).map_err(refuse)?;
            let display_name = db::check_display_name(&display).map_err(refuse)?;
            let new = NewUser { name, display_name, password_hash: new_password(l).await?, role };
            // The first admin made here claims the site: a setup code must not make another one.
            if role == Role::Admin && !db.is_claimed().await? {
                db.claim_first_admin(&new, now_ms()).await?;
                if data.join(setup::FILE).exists() {
                    setup::forget(data);
                }
            } else {
                db.add_user(&new, now_ms()).await?;
            }
        }
        UserCommand::Passwd { name } => {
            let user = find(db, l, &name).await?;
            db.set_password(user.id, &new_password(l).await?).await?;
            db.delete_sessions_of(user.id, None).await?;
        }
        UserCommand::Role { name, role } => {
            let user = find(db, l, &name).await?;
            let change = UserChange { display_name: user.display_name, role, disabled: user.disabled };
            db.save_user(user.id, &change).await?;
        }
        UserCommand::List => return list(db, l).await,
    }
    hint(l.pick("完成。", "Done."));
    Ok(())
}

async fn find(db: &db::Db, l: Lang, name: &str) -> Result<User> {
    let found = db.user_by_name(name).await?.map(|(user, _)| user);
    found.ok_or_else(|| {
        let text = l.pick(
            "没有这个用户，用 yunlubo user list 查看",
            "There is no such account, see yunlubo user list",
        );
        ServerError::Refused(format!("{text}: {name}"))
    })
}

async fn list(db: &db::Db, l: Lang) -> Result<()> {
    let mut page = Page::first(Page::LIMIT_MAX);
    loop {
        let listed = db.list_users("", page).await?;
        for user in &listed.rows {
            let state =
                if user.disabled { l.pick("已停用", "disabled") } else { l.pick("启用", "enabled") };
            let (role, name, shown) = (user.role.as_str(), &user.name, &user.display_name);
            say(&format!("{}\t{name}\t{role}\t{state}\t{shown}", user.id));
        }
        page.offset += Page::LIMIT_MAX;
        if listed.rows.is_empty() || page.offset >= listed.total {
            return Ok(());
        }
    }
}

/// Reads a password twice from a terminal, unseen, or once from a pipe; gives its hash.
async fn new_password(l: Lang) -> Result<String> {
    let refuse = |text: &str| ServerError::Refused(text.to_owned());
    let terminal = std::io::stdin().is_terminal();
    let first = ask(l.pick("新密码：", "New password:"), terminal)?;
    if terminal && ask(l.pick("再输一次：", "Once more:"), terminal)? != first {
        return Err(refuse(l.pick("两次输入不一致，没有改动。", "They differ; nothing was changed.")));
    }
    password::check("password", &first).map_err(|_| {
        refuse(l.pick(
            "密码至少 8 个字符，没有改动。",
            "A password has at least 8 characters; nothing was changed.",
        ))
    })?;
    password::hash(&first).await.map_err(|e| refuse(&e.to_string()))
}

fn ask(prompt: &str, terminal: bool) -> Result<String> {
    if terminal {
        hint(prompt);
        echo(false);
    }
    let mut line = String::new();
    let read = std::io::stdin().lock().read_line(&mut line);
    if terminal {
        echo(true);
    }
    read.map_err(|e| ServerError::Refused(format!("standard input: {e}")))?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

/// `stty` rather than termios: that would be this crate's only unsafe call. Where it fails the password is seen.
fn echo(on: bool) {
    let _ = Command::new("stty").arg(if on { "echo" } else { "-echo" }).status();
}
