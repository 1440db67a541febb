//! 系统设置: the site's name, footer, time zone, and whether it is open to visitors (§1.11, R-WEB-06).

use super::desk::{Desk, done};
use super::form::{Field, FormView, Kind, Section, answer, as_fault, values};
use super::told::tell_all;
use crate::error::WebError;
use crate::extract::Fields;
use crate::lang::Lang;
use crate::state::AppState;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use db::Settings;
use model::fault::{Fault, Reason};

const PATH: &str = "/admin/settings";
/// The fields of this page; the others of [`Settings`] belong to 组件设置.
const FIELDS: [&str; 6] = ["site_name", "official_site", "phone", "slogan", "time_zone", "public_host"];

/// Its route.
pub fn router() -> Router<AppState> {
    Router::new().route(PATH, get(show).post(save))
}

fn form_values(s: &Settings) -> Fields {
    let flag = |on: bool| u8::from(on).to_string();
    values([
        ("site_name", s.site_name.clone()),
        ("official_site", s.official_site.clone()),
        ("phone", s.phone.clone()),
        ("slogan", s.slogan.clone()),
        ("time_zone", s.time_zone.clone()),
        ("public_host", s.public_host.clone()),
        ("open_vod", flag(s.open_vod)),
        ("open_live", flag(s.open_live)),
    ])
}

/// `before` with what this page may change.
fn read(before: &Settings, form: &Fields) -> (Settings, Vec<Fault>) {
    let text = |name| form.text(name).to_owned();
    let after = Settings {
        site_name: text("site_name"),
        official_site: text("official_site"),
        phone: text("phone"),
        slogan: text("slogan"),
        time_zone: text("time_zone"),
        public_host: text("public_host"),
        open_vod: form.flag("open_vod"),
        open_live: form.flag("open_live"),
        ..before.clone()
    };
    let mut faults: Vec<Fault> = after.check().into_iter().filter(|f| FIELDS.contains(&f.field)).collect();
    let opens = (after.open_vod && !before.open_vod) || (after.open_live && !before.open_live);
    if opens && !form.flag("understood") {
        faults.push(Fault::new("understood", Reason::Required));
    }
    (after, faults)
}

fn form(l: Lang, tag: &str, with: &Fields, faults: &[Fault]) -> FormView {
    let check = |zh: &str, en: &str| Kind::Check(l.t(zh, en).to_owned());
    let site = vec![
        Field::fixed("site_tag", l.t("本站标记", "Site mark"), tag),
        Field::text("site_name", l.t("本站名称", "Site name")).required().hint(
            l.t("最多 50 个字；修改后采集端上的名称一起更新", "At most 50 characters; gatherers show it too"),
        ),
        Field::text("slogan", l.t("副标题", "Line below the name"))
            .hint(l.t("可不填，最多 60 个字", "Optional, at most 60 characters")),
        Field::text("official_site", l.t("官网地址", "Official site")).placeholder("https://").hint(l.t(
            "显示在页脚，http:// 或 https:// 开头，最多 120 个字；留空不显示",
            "In the footer, http:// or https://, at most 120 characters; empty hides it",
        )),
        Field::text("phone", l.t("客服电话", "Phone")).hint(l.t(
            "显示在页脚，最多 30 个字；留空不显示",
            "In the footer, at most 30 characters; empty hides it",
        )),
    ];
    let place = vec![
        Field::text("time_zone", l.t("时区", "Time zone"))
            .required()
            .placeholder("Asia/Shanghai")
            .hint(l.t("录像表按这个时区执行，例如 Asia/Shanghai", "Timetables are meant in this zone, e.g. Asia/Shanghai")),
        Field::text("public_host", l.t("对外地址", "Public host"))
            .placeholder("video.school.cn")
            .hint(l.t(
                "观众和采集端访问本站用的主机名或 IP，最多 50 个字；留空 = 用各自访问时的地址",
                "Host by which viewers and gatherers reach this site, at most 50 characters; empty = the one they use",
            )),
    ];
    let open = vec![
        Field::new(
            "open_vod",
            l.t("开放点播", "Open recordings"),
            check("不登录也能观看录像", "Recordings can be watched without logging in"),
        ),
        Field::new(
            "open_live",
            l.t("开放直播", "Open live"),
            check("不登录也能观看课堂直播", "Live classrooms can be watched without logging in"),
        ),
        Field::new(
            "understood",
            l.t("确认", "Confirm"),
            check(
                "我已取得学校和家长的同意，知道任何能打开本站的人都会看到课堂和学生",
                "School and parents agree; I know that anyone who can open this site will see classrooms and children",
            ),
        ),
    ];
    let warning = l.t(
        "默认关闭。课堂画面里有未成年人：开放后，任何能访问本站的人都能看到。新开放时必须勾选下面的确认。",
        "Closed by default. The pictures show children: once opened, anyone who can reach this site sees them. Opening needs the confirmation below.",
    );
    let sections = vec![
        Section::titled(l.t("网站", "Site"), "", site),
        Section::titled(l.t("时间与地址", "Time and address"), "", place),
        Section::titled(l.t("公开访问", "Access without an account"), warning, open).class("a-warned"),
    ];
    let mut form = FormView::new(l, PATH, "", sections).filled(l, with, faults);
    explain(l, with, &mut form);
    form
}

/// Two faults whose plain sentence would not tell what to do here.
fn explain(l: Lang, with: &Fields, form: &mut FormView) {
    for field in form.sections.iter_mut().flat_map(|s| s.fields.iter_mut()).filter(|f| f.error.is_some()) {
        let said = match field.name {
            "understood" => l.t("要开放访问，请先勾选确认。", "Tick this to open the site."),
            "official_site"
                if !with.text("official_site").chars().any(char::is_control)
                    && with.text("official_site").chars().count() <= 120 =>
            {
                l.t("请以 http:// 或 https:// 开头。", "Begin with http:// or https://.")
            }
            _ => continue,
        };
        field.error = Some(said.to_owned());
    }
}

fn framed(desk: Desk) -> Desk {
    desk.titled("系统设置", "System settings")
}

async fn show(State(state): State<AppState>, desk: Desk) -> Result<Response, WebError> {
    let settings = state.db.settings().await?;
    let form = form(desk.l, &settings.site_tag, &form_values(&settings), &[]);
    Ok(answer(framed(desk), form, &[]))
}

async fn save(State(state): State<AppState>, desk: Desk, fields: Fields) -> Result<Response, WebError> {
    let before = state.db.settings().await?;
    let (after, mut faults) = read(&before, &fields);
    if faults.is_empty() {
        match state.db.save_settings(&after).await {
            Ok(()) => {
                tell_all(&state).await?;
                return Ok(done(PATH, "saved"));
            }
            Err(error) => faults.push(as_fault(error, "site_name")?),
        }
    }
    let form = form(desk.l, &before.site_tag, &fields, &faults);
    Ok(answer(framed(desk), form, &faults))
}
