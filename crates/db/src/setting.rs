//! 系统设置, 组件设置: settings of the site, with their defaults.

use crate::read::{get, rows, run, sql};
use crate::state::bump_all;
use crate::{Db, DbError, Result};
use jiff::tz::TimeZone;
use model::fault::{Fault, Reason, check_name, check_range, check_text};
use model::right::Openness;
use sqlx::AnyConnection;

texts! {
    ALL = "SELECT name, value FROM setting";
    PUT = "INSERT INTO setting (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    PUT_NEW = "INSERT INTO setting (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
}

/// What an admin sets for the whole site. [`Settings::default`] is a new site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// 本站标记, read only: 13 hex digits, made once.
    pub site_tag: String,
    /// 本站名称, 1–50 characters; gatherers show it too.
    pub site_name: String,
    /// 官网地址 in the footer, ≤ 120 characters, `http://` or `https://`; empty hides it.
    pub official_site: String,
    /// 客服电话 in the footer, ≤ 30 characters; empty hides it.
    pub phone: String,
    /// A line under the site's name, ≤ 60 characters.
    pub slogan: String,
    /// Whether visitors without an account may browse and watch recordings.
    pub open_vod: bool,
    /// Whether they may watch live channels.
    pub open_live: bool,
    /// The school's IANA time zone, in which timetables are meant.
    pub time_zone: String,
    /// Host under which viewers and gatherers reach this server, ≤ 50 characters; empty: the one of their request.
    pub public_host: String,
    /// 中转地址, ≤ 50 characters; empty: the site's own host.
    pub relay_host: String,
    /// 中转端口.
    pub relay_port: u16,
    /// 跟踪地址 of storage, ≤ 50 characters; empty: the site's own host.
    pub storage_host: String,
    /// 跟踪端口.
    pub storage_port: u16,
    /// 网站地址 where stored objects are read, ≤ 120 characters; empty: the site itself.
    pub storage_site: String,
    /// 网站端口.
    pub storage_site_port: u16,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            site_tag: String::new(),
            site_name: "云录播".into(),
            official_site: String::new(),
            phone: String::new(),
            slogan: String::new(),
            open_vod: false,
            open_live: false,
            time_zone: "Asia/Shanghai".into(),
            public_host: String::new(),
            relay_host: String::new(),
            relay_port: 21001,
            storage_host: String::new(),
            storage_port: 22122,
            storage_site: String::new(),
            storage_site_port: 80,
        }
    }
}

impl Settings {
    /// What visitors may do without an account.
    pub fn openness(&self) -> Openness {
        Openness { vod: self.open_vod, live: self.open_live }
    }

    /// Every field out of its limits.
    pub fn check(&self) -> Vec<Fault> {
        let zone = TimeZone::get(&self.time_zone);
        let zone = zone.map_err(|_| Fault::new("time_zone", Reason::BadTimeZone));
        [
            check_name("site_name", &self.site_name, 50).err(),
            check_text("official_site", &self.official_site, 120).err(),
            check_web_address("official_site", &self.official_site).err(),
            check_text("phone", &self.phone, 30).err(),
            check_text("slogan", &self.slogan, 60).err(),
            zone.err(),
            check_text("public_host", &self.public_host, 50).err(),
            check_text("relay_host", &self.relay_host, 50).err(),
            check_range("relay_port", self.relay_port.into(), 1, 65_535).err(),
            check_text("storage_host", &self.storage_host, 50).err(),
            check_range("storage_port", self.storage_port.into(), 1, 65_535).err(),
            check_text("storage_site", &self.storage_site, 120).err(),
            check_web_address("storage_site", &self.storage_site).err(),
            check_range("storage_site_port", self.storage_site_port.into(), 1, 65_535).err(),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// The zone in which timetables are meant. A stored name that is none (any more) is [`DbError::Unreadable`].
    pub fn zone(&self) -> Result<TimeZone> {
        TimeZone::get(&self.time_zone)
            .map_err(|e| DbError::Unreadable { doing: "reading the time zone", what: e.to_string() })
    }

    fn pairs(&self) -> [(&'static str, String); 14] {
        let flag = |on: bool| i64::from(on).to_string();
        [
            ("site_name", self.site_name.trim().to_owned()),
            ("official_site", self.official_site.trim().to_owned()),
            ("phone", self.phone.trim().to_owned()),
            ("slogan", self.slogan.trim().to_owned()),
            ("open_vod", flag(self.open_vod)),
            ("open_live", flag(self.open_live)),
            ("time_zone", self.time_zone.clone()),
            ("public_host", self.public_host.trim().to_owned()),
            ("relay_host", self.relay_host.trim().to_owned()),
            ("relay_port", self.relay_port.to_string()),
            ("storage_host", self.storage_host.trim().to_owned()),
            ("storage_port", self.storage_port.to_string()),
            ("storage_site", self.storage_site.trim().to_owned()),
            ("storage_site_port", self.storage_site_port.to_string()),
        ]
    }

    /// Takes a stored value over; a name of a later version is ignored, an unreadable number keeps its default.
    fn set(&mut self, name: &str, value: String) {
        let flag = |value: &str| value == "1";
        match name {
            "site_tag" => self.site_tag = value,
            "site_name" => self.site_name = value,
            "official_site" => self.official_site = value,
            "phone" => self.phone = value,
            "slogan" => self.slogan = value,
            "open_vod" => self.open_vod = flag(&value),
            "open_live" => self.open_live = flag(&value),
            "time_zone" => self.time_zone = value,
            "public_host" => self.public_host = value,
            "relay_host" => self.relay_host = value,
            "relay_port" => self.relay_port = value.parse().unwrap_or(self.relay_port),
            "storage_host" => self.storage_host = value,
            "storage_port" => self.storage_port = value.parse().unwrap_or(self.storage_port),
            "storage_site" => self.storage_site = value,
            "storage_site_port" => {
                self.storage_site_port = value.parse().unwrap_or(self.storage_site_port);
            }
            _ => {}
        }
    }
}

/// Empty or `http(s)://`: a footer link must not be `javascript:`.
fn check_web_address(field: &'static str, address: &str) -> std::result::Result<(), Fault> {
    let lower = address.trim().to_ascii_lowercase();
    match lower.is_empty() || lower.starts_with("http://") || lower.starts_with("https://") {
        true => Ok(()),
        false => Err(Fault::new(field, Reason::BadCharacters)),
    }
}

pub(crate) async fn load(conn: &mut AnyConnection) -> Result<Settings> {
    let read = |r: &_| Ok((get::<String>(r, "name")?, get::<String>(r, "value")?));
    let pairs = rows(conn, "reading the settings", sql(ALL), read).await?;
    let mut settings = Settings::default();
    for (name, value) in pairs {
        settings.set(&name, value);
    }
    Ok(settings)
}

/// Gives the site its mark, once.
pub(crate) async fn mark(conn: &mut AnyConnection, tag: &str) -> Result<()> {
    run(conn, "marking the site", sql(PUT_NEW).bind("site_tag").bind(tag)).await.map(|_| ())
}

impl Db {
    /// The settings; what was never saved has its default.
    pub async fn settings(&self) -> Result<Settings> {
        let mut c = self.read("reading the settings").await?;
        load(&mut c).await
    }

    /// Saves all settings but `site_tag`. The first field out of its limits is a [`DbError::Fault`]. What gatherers
    /// must hear of (name, zone, addresses) raises all their state versions.
    pub async fn save_settings(&self, settings: &Settings) -> Result<()> {
        const DOING: &str = "saving the settings";
        if let Some(fault) = settings.check().into_iter().next() {
            return Err(DbError::Fault(fault));
        }
        let mut w = self.write(DOING).await?;
        let before = load(w.conn()).await?;
        for (name, value) in settings.pairs() {
            run(w.conn(), DOING, sql(PUT).bind(name).bind(value)).await?;
        }
        let heard = |s: &Settings| {
            let hosts =
                (s.public_host.clone(), s.relay_host.clone(), s.storage_host.clone(), s.storage_site.clone());
            let ports = (s.relay_port, s.storage_port, s.storage_site_port);
            (s.site_name.clone(), s.time_zone.clone(), hosts, ports)
        };
        if heard(&before) != heard(settings) {
            bump_all(w.conn()).await?;
        }
        w.commit(DOING).await
    }
}
