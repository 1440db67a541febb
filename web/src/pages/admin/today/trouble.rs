//! What a duty officer looks at first: everything that keeps lessons from being recorded now or later today, each cause
//! once, with how many lessons hang on it and the page that helps.

use super::board::{Item, Kind, OnChannel};
use super::state::{Count, Fix, Tone};
use crate::lang::{Lang, Text};
use crate::pages::admin::desk::Link;
use crate::pages::admin::trace_words::{Names, or_number};
use db::Directory;
use model::{ChannelId, GathererId, RoomId};
use serde::Serialize;
use std::collections::BTreeMap;

/// Causes that are told; beyond it the table says it cell by cell.
const TROUBLES_MAX: usize = 6;

/// Where the cause sits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Gatherer(GathererId),
    Channel(ChannelId),
    Room(RoomId),
    NoRoom,
}

/// One cause.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Trouble {
    /// Red when a lesson runs that it keeps from being recorded.
    pub tone: Tone,
    /// Which gatherer, channel or room.
    pub what: Text,
    /// Why, and what to do.
    pub cause: Text,
    /// Lessons of this date that run or come and hang on it.
    pub lessons: usize,
    /// The page that helps.
    pub href: String,
    /// What its button says.
    pub button: Text,
}

/// The same in one language.
#[derive(Debug, Clone, Serialize)]
pub struct TroubleView {
    /// Class of its colour and sign.
    pub tone: &'static str,
    /// Which.
    pub what: String,
    /// Why.
    pub cause: String,
    /// `影响今天 8 节课`.
    pub lessons: String,
    /// The page that helps.
    pub href: String,
    /// Its button.
    pub button: String,
}

impl Trouble {
    /// In one language.
    pub fn view(&self, l: Lang) -> TroubleView {
        let lessons = match (l, self.lessons) {
            (Lang::Zh, n) => format!("影响 {n} 节课"),
            (Lang::En, 1) => "1 lesson".to_owned(),
            (Lang::En, n) => format!("{n} lessons"),
        };
        TroubleView {
            tone: self.tone.class(),
            what: l.of(&self.what).to_owned(),
            cause: l.of(&self.cause).to_owned(),
            lessons,
            href: self.href.clone(),
            button: l.of(&self.button).to_owned(),
        }
    }
}

/// The causes, those of running lessons first, then by how many lessons hang on them.
pub fn troubles(items: &[Item], names: &Directory, now_ms: i64) -> Vec<Trouble> {
    let mut found: BTreeMap<(Place, String), Trouble> = BTreeMap::new();
    let coming = |item: &&Item| item.kind != Kind::Dropped && item.end_at_ms > now_ms;
    for item in items.iter().filter(coming).filter(|item| item.state.count != Count::Exempt) {
        let runs = item.start_at_ms <= now_ms;
        if item.channels.is_empty() && item.state.fix == Fix::Room {
            let place = item.room.map_or(Place::NoRoom, Place::Room);
            note(&mut found, place, &item.state.cause, runs, item, None, names);
        }
        for on in &item.channels {
            let Some(obstacle) = on.obstacle.as_ref().filter(|o| !o.passing) else { continue };
            let place = match obstacle.fix {
                Fix::Gatherer => Place::Gatherer(on.gatherer),
                _ => Place::Channel(on.id),
            };
            let bad = runs && on.state.tone == Tone::Bad;
            note(&mut found, place, &obstacle.cause, bad, item, Some(on), names);
        }
    }
    let mut list: Vec<Trouble> = found.into_values().collect();
    list.sort_by_key(|t| (t.tone != Tone::Bad, std::cmp::Reverse(t.lessons)));
    list.truncate(TROUBLES_MAX);
    list
}

fn note(
    found: &mut BTreeMap<(Place, String), Trouble>,
    place: Place,
    cause: &Text,
    bad: bool,
    item: &Item,
    on: Option<&OnChannel>,
    names: &Directory,
) {
    let trouble = found.entry((place.clone(), cause.zh.clone())).or_insert_with(|| {
        let link = match (&place, on) {
            (Place::Gatherer(_) | Place::Channel(_), Some(on)) => {
                of_channel(matches!(place, Place::Gatherer(_)), on)
            }
            _ => of_room(item),
        };
        Trouble {
            tone: Tone::Warn,
            what: what(&place, item, on, names),
            cause: cause.clone(),
            lessons: 0,
            href: link.0,
            button: link.1,
        }
    });
    trouble.lessons += 1;
    if bad {
        trouble.tone = Tone::Bad;
    }
}

fn what(place: &Place, item: &Item, on: Option<&OnChannel>, names: &Directory) -> Text {
    match (place, on) {
        (Place::Gatherer(id), _) => {
            let name = names.gatherers.iter().find(|(g, _)| g == id).map(|(_, name)| name.clone());
            let name = or_number(name, id.0);
            Text::new(format!("采集端 {name}"), format!("Gatherer {name}"))
        }
        (Place::Channel(_), Some(on)) => {
            let room =
                if item.room_name.is_empty() { String::new() } else { format!("（{}）", item.room_name) };
            let en = if item.room_name.is_empty() { String::new() } else { format!(" ({})", item.room_name) };
            Text::new(format!("通道 {}{room}", on.name), format!("Channel {}{en}", on.name))
        }
        (Place::Room(id), _) => {
            let name = or_number(names.room(*id), id.0);
            Text::new(format!("教室 {name}"), format!("Room {name}"))
        }
        _ => Text::new("未定教室的课", "Lessons without a room"),
    }
}

/// The page of a channel or of its gatherer.
fn of_channel(gatherer: bool, on: &OnChannel) -> (String, Text) {
    match gatherer {
        true => (format!("/admin/gatherers/{}", on.gatherer), Text::new("看采集端", "See the gatherer")),
        false => (format!("/admin/channels/{}", on.id), Text::new("看通道", "See the channel")),
    }
}

fn of_room(item: &Item) -> (String, Text) {
    match item.room {
        None => ("/admin/classes".to_owned(), Text::new("给班级选教室", "Give the class a room")),
        Some(_) => ("/admin/channels".to_owned(), Text::new("给通道选教室", "Give a channel this room")),
    }
}

/// The page that helps with one lesson.
pub fn fix(l: Lang, item: &Item) -> Option<Link> {
    let worst = item.channels.iter().max_by_key(|on| on.state.tone);
    let (href, button) = match (item.state.fix, worst) {
        (Fix::Gatherer, Some(on)) => of_channel(true, on),
        (Fix::Channel, Some(on)) => of_channel(false, on),
        (Fix::Room, _) => of_room(item),
        _ => return None,
    };
    Some(Link::new(href, l.of(&button)))
}
