//! 用户列表: accounts, their role, password, and whether they may log in (R-USR-02, 03, 05).

use super::desk::{Desk, Link, done};
use super::form::{Choice, Field, FormView, Kind, Section, answer, as_fault, first_of_each, take, values};
use super::show::when;
use super::table::{Act, Cell, ConfirmPage, ListPage, Row, Search, Table};
use crate::error::WebError;
use crate::extract::Fields;
use crate::lang::{self, Lang};
use crate::page::Page;
use crate::password;
use crate::state::AppState;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use db::{DbError, NewUser, PER_PAGE, USER_NAME_MAX, User, UserChange, check_display_name, check_user_name};
use model::UserId;
use model::fault::{Fault, Reason};
use model::right::Role;

const PATH: &str = "/admin/users";

/// Its routes.
pub fn router() -> Router<AppState> {
    Router::new()
        .route(PATH, get(list))
        .route("/admin/users/new", get(new).post(add))
        .route("/admin/users/delete", post(delete))
        .route("/admin/users/{id}", get(edit).post(save))
        .route("/admin/users/{id}/password", get(ask_password).post(set_password))
}

fn role_name(l: Lang, role: Role) -> &'static str {
    match role {
        Role::Admin => l.t("管理员", "Administrator"),
        Role::User => l.t("普通用户", "User"),
    }
}

async fn list(State(state): State<AppState>, desk: Desk) -> Result<Response, WebError> {
    Ok(Page(list_page(&state, desk).await?).into_response())
}

async fn list_page(state: &AppState, desk: Desk) -> Result<ListPage, WebError> {
    let desk = desk.titled("用户列表", "Users").lead(
        "普通用户只能观看；管理员可以管理整个网站。",
        "Users may watch; administrators manage the whole site.",
    );
    let text = desk.query.text("q").to_owned();
    let found = state.db.list_users(&text, db::Page::number(desk.page(), PER_PAGE)).await?;
    const COLUMNS: [(&str, &str); 6] = [
        ("用户名", "Name"),
        ("类型", "Role"),
        ("状态", "State"),
        ("最近登录", "Last login"),
        ("创建时间", "Created"),
        ("操作", "Actions"),
    ];
    let mut table = Table::new(&desk, PATH, &COLUMNS, &[("q", &text)], found.total);
    table.rows = found.rows.iter().map(|user| line(&desk, user)).collect();
    let add = Link::new("/admin/users/new", desk.t("添加用户", "Add a user"));
    let search = vec![Search::text(&desk, "按用户名或显示名查找", "Search by name")];
    Ok(ListPage::new(desk, vec![add], search, table))
}

fn line(desk: &Desk, user: &User) -> Row {
    let l = desk.l;
    let href = format!("{PATH}/{}", user.id);
    let me = desk.visitor.user.as_ref().is_some_and(|u| u.id == user.id);
    let state = match user.disabled {
        true => ("bad", l.t("已停用", "Disabled").to_owned()),
        false => ("ok", l.t("正常", "Enabled").to_owned()),
    };
    let role = if user.role == Role::Admin { "info" } else { "idle" };
    let sub = match me {
        true => format!("{} {}", user.display_name, l.t("（您自己）", "(you)")),
        false => user.display_name.clone(),
    };
    let login =
        user.last_login_at_ms.map_or(l.t("从未登录", "Never").to_owned(), |at| when(&desk.zone, at));
    Row {
        id: user.id.to_string(),
        name: user.name.clone(),
        cells: vec![
            Cell::Link { href: href.clone(), text: user.name.clone(), sub },
            Cell::Badges(vec![(role, role_name(l, user.role).to_owned())]),
            Cell::Badges(vec![state]),
            Cell::Text(login),
            Cell::Text(when(&desk.zone, user.created_at_ms)),
            Cell::Do(vec![
                Act::link(href.clone(), l.t("修改", "Change")),
                Act::link(format!("{href}/password"), l.t("重置密码", "Reset password")),
            ]),
        ],
    }
}

fn framed(desk: Desk, zh: &str, en: &str) -> Desk {
    let many = desk.t("用户列表", "Users").to_owned();
    desk.titled(zh, en).back_to(PATH, many)
}

fn role_field(l: Lang) -> Field {
    let roles = vec![
        Choice::new("user", role_name(l, Role::User))
            .note(l.t("观看直播和录像", "Watches live and recordings")),
        Choice::new("admin", role_name(l, Role::Admin))
            .note(l.t("可以管理整个网站", "Manages the whole site")),
    ];
    Field::new("role", l.t("类型", "Role"), Kind::Radio(roles))
}

fn password_fields(l: Lang) -> Vec<Field> {
    vec![
        Field::new("password", l.t("密码", "Password"), Kind::Password)
            .required()
            .autocomplete("new-password")
            .hint(l.t("至少 8 个字符", "At least 8 characters")),
        Field::new("again", l.t("再输入一次", "Once more"), Kind::Password)
            .required()
            .autocomplete("new-password"),
    ]
}

fn display_field(l: Lang) -> Field {
    Field::text("display_name", l.t("显示名", "Shown name")).hint(
        l.t("可不填，最多 64 个字；页面上用它称呼", "Optional, at most 64 characters; what pages call them"),
    )
}

fn new_form(l: Lang, with: &Fields, faults: &[Fault]) -> FormView {
    let max = match l {
        Lang::Zh => format!("登录用，最多 {USER_NAME_MAX} 个字，不区分大小写，以后不能修改"),
        Lang::En => format!(
            "For logging in, at most {USER_NAME_MAX} characters, in any case; cannot be changed later"
        ),
    };
    let mut fields = vec![
        Field::text("name", l.t("用户名", "Name")).required().autocomplete("off").hint(max),
        display_field(l),
    ];
    fields.extend(password_fields(l));
    fields.push(role_field(l));
    let mut form =
        FormView::new(l, "/admin/users/new", PATH, vec![Section::plain(fields)]).filled(l, with, faults);
    explain_again(l, &mut form);
    form
}

/// The second password says that it differs, not that it is "unknown".
fn explain_again(l: Lang, form: &mut FormView) {
    let again = form.sections.iter_mut().flat_map(|s| s.fields.iter_mut()).find(|f| f.name == "again");
    if let Some(field) = again.filter(|f| f.error.is_some()) {
        field.error = Some(l.t("两次输入的密码不一样。", "The two passwords differ.").to_owned());
    }
}

/// Checks both password fields.
fn check_passwords(fields: &Fields) -> Vec<Fault> {
    let (first, again) = (fields.raw("password"), fields.raw("again"));
    let differs = (first != again).then(|| Fault::new("again", Reason::Unknown));
    password::check("password", first).err().into_iter().chain(differs).collect()
}

fn read_role(fields: &Fields) -> Result<Role, Fault> {
    Role::parse(fields.text("role")).ok_or(Fault::new("role", Reason::Required))
}

async fn new(desk: Desk) -> Response {
    let form = new_form(desk.l, &values([("role", "user".to_owned())]), &[]);
    answer(framed(desk, "添加用户", "Add a user"), form, &[])
}

async fn add(State(state): State<AppState>, desk: Desk, fields: Fields) -> Result<Response, WebError> {
    let mut faults = Vec::new();
    let name = take(&mut faults, check_user_name(fields.text("name")), String::new());
    let display_name = take(&mut faults, check_display_name(fields.text("display_name")), String::new());
    let role = take(&mut faults, read_role(&fields), Role::User);
    faults.extend(check_passwords(&fields));
    if faults.is_empty() {
        let password_hash = password::hash(fields.raw("password")).await?;
        let user = NewUser { name, display_name, password_hash, role };
        match state.db.add_user(&user, state.now_ms()).await {
            Ok(_) => return Ok(done(PATH, "added")),
            Err(error) => faults.push(as_fault(error, "name")?),
        }
    }
    let faults = first_of_each(faults);
    let form = new_form(desk.l, &fields, &faults);
    Ok(answer(framed(desk, "添加用户", "Add a user"), form, &faults))
}

fn edit_form(l: Lang, user: &User, with: &Fields, faults: &[Fault]) -> FormView {
    let off = l.t("不允许登录（已登录的会立即退出）", "May not log in; ends open sessions").to_owned();
    let fields = vec![
        Field::fixed("name", l.t("用户名", "Name"), &user.name),
        display_field(l),
        role_field(l),
        Field::new("disabled", l.t("停用", "Disabled"), Kind::Check(off)),
    ];
    FormView::new(l, format!("{PATH}/{}", user.id), PATH, vec![Section::plain(fields)])
        .filled(l, with, faults)
}

async fn edit(State(state): State<AppState>, desk: Desk, Path(id): Path<i64>) -> Result<Response, WebError> {
    let user = state.db.user(UserId(id)).await?;
    let with = values([
        ("display_name", user.display_name.clone()),
        ("role", user.role.as_str().to_owned()),
        ("disabled", u8::from(user.disabled).to_string()),
    ]);
    let form = edit_form(desk.l, &user, &with, &[]);
    Ok(answer(framed(desk, "修改用户", "Change a user"), form, &[]))
}

async fn save(
    State(state): State<AppState>,
    desk: Desk,
    Path(id): Path<i64>,
    fields: Fields,
) -> Result<Response, WebError> {
    let user = state.db.user(UserId(id)).await?;
    let mut faults = Vec::new();
    let change = UserChange {
        display_name: take(&mut faults, check_display_name(fields.text("display_name")), String::new()),
        role: take(&mut faults, read_role(&fields), user.role),
        disabled: fields.flag("disabled"),
    };
    if faults.is_empty() {
        match state.db.save_user(user.id, &change).await {
            Ok(()) => return Ok(done(PATH, "saved")),
            Err(DbError::LastAdmin) => {
                let desk = desk_with_refusal(desk, &DbError::LastAdmin);
                let form = edit_form(desk.l, &user, &fields, &[]);
                let page = answer(framed(desk, "修改用户", "Change a user"), form, &[]);
                return Ok((StatusCode::CONFLICT, page).into_response());
            }
            Err(error) => faults.push(as_fault(error, "display_name")?),
        }
    }
    let form = edit_form(desk.l, &user, &fields, &faults);
    Ok(answer(framed(desk, "修改用户", "Change a user"), form, &faults))
}

fn desk_with_refusal(desk: Desk, error: &DbError) -> Desk {
    let text = lang::refusal(error).map(|t| desk.l.of(&t).to_owned()).unwrap_or_default();
    desk.flash("bad", text)
}

fn password_form(l: Lang, user: &User, faults: &[Fault]) -> FormView {
    let mut fields = vec![Field::fixed("name", l.t("用户名", "Name"), &user.name)];
    fields.extend(password_fields(l));
    let note = l.t("重置后，该用户已登录的设备都会退出。", "All open sessions of this user end.");
    let sections = vec![Section::titled("", note, fields)];
    let mut form = FormView::new(l, format!("{PATH}/{}/password", user.id), PATH, sections).filled(
        l,
        &Fields::default(),
        faults,
    );
    form.submit = l.t("重置密码", "Reset password").to_owned();
    explain_again(l, &mut form);
    form
}

async fn ask_password(
    State(state): State<AppState>,
    desk: Desk,
    Path(id): Path<i64>,
) -> Result<Response, WebError> {
    let user = state.db.user(UserId(id)).await?;
    let form = password_form(desk.l, &user, &[]);
    Ok(answer(framed(desk, "重置密码", "Reset password"), form, &[]))
}

async fn set_password(
    State(state): State<AppState>,
    desk: Desk,
    Path(id): Path<i64>,
    fields: Fields,
) -> Result<Response, WebError> {
    let user = state.db.user(UserId(id)).await?;
    let faults = check_passwords(&fields);
    if faults.is_empty() {
        let hash = password::hash(fields.raw("password")).await?;
        state.db.set_password(user.id, &hash).await?;
        return Ok(done(PATH, "password"));
    }
    let form = password_form(desk.l, &user, &faults);
    Ok(answer(framed(desk, "重置密码", "Reset password"), form, &faults))
}

async fn delete(State(state): State<AppState>, desk: Desk, fields: Fields) -> Result<Response, WebError> {
    let mut users = Vec::new();
    for id in fields.ids("id") {
        match state.db.user(UserId(id)).await {
            Ok(user) => users.push(user),
            Err(DbError::NotFound { .. }) => {}
            Err(other) => return Err(other.into()),
        }
    }
    let mut desk = desk.seen_at(PATH);
    if users.is_empty() {
        let text = desk.t("请先勾选要删除的行。", "Tick the rows to remove first.").to_owned();
        let page = Page(list_page(&state, desk.flash("bad", text)).await?);
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    }
    if !fields.flag("sure") {
        return Ok(Page(question(desk, &users)).into_response());
    }
    let mut removed = 0;
    for user in &users {
        match state.db.delete_user(user.id).await {
            Ok(()) => removed += 1,
            Err(error @ DbError::LastAdmin) => desk = desk_with_refusal(desk, &error),
            Err(DbError::NotFound { .. }) => {}
            Err(other) => return Err(other.into()),
        }
    }
    if desk.flashes.is_empty() {
        return Ok(done(PATH, &format!("deleted&n={removed}")));
    }
    Ok((StatusCode::CONFLICT, Page(list_page(&state, desk).await?)).into_response())
}

fn question(desk: Desk, users: &[User]) -> ConfirmPage {
    let l = desk.l;
    let me = desk.visitor.user.as_ref().map(|u| u.id);
    let warning = match users.iter().any(|u| Some(u.id) == me) {
        true => {
            l.t("其中包括您自己：删除后您会立即退出。", "You are among them: you will be logged out at once.")
        }
        false => "",
    };
    ConfirmPage {
        action: "/admin/users/delete".to_owned(),
        hidden: users.iter().map(|u| ("id".to_owned(), u.id.to_string())).collect(),
        question: l.t("将删除下列用户，删除后不能恢复：", "These users will be removed for good:").to_owned(),
        things: users.iter().map(|u| u.name.clone()).collect(),
        warning: warning.to_owned(),
        typed: None,
        must_type: String::new(),
        submit: l.t("删除", "Remove").to_owned(),
        cancel: PATH.to_owned(),
        s: framed(desk, "确认删除", "Confirm removal"),
    }
}
