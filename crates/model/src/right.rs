//! Who may do what: one function, asked by every page, file and stream.

use serde::{Deserialize, Serialize};

/// 类型 of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// 管理员.
    Admin,
    /// 普通用户.
    User,
}

impl Role {
    /// As stored: `admin` or `user`.
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Admin => "admin",
            Role::User => "user",
        }
    }

    /// From its stored form.
    pub fn parse(s: &str) -> Option<Self> {
        match s {
            "admin" => Some(Role::Admin),
            "user" => Some(Role::User),
            _ => None,
        }
    }
}

/// What somebody wants to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// See lists of channels and recordings.
    Browse,
    /// Watch a live channel or a recording, see its still.
    Watch,
    /// Change settings, basic data, channels, schedules, users.
    Manage,
}

/// Whether the admin has opened the site to visitors without an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Openness {
    /// Visitors may browse and watch recordings.
    pub vod: bool,
    /// Visitors may also watch live channels.
    pub live: bool,
}

/// What is watched: live pictures of a classroom ask for more than a recording that was reviewed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resource {
    /// The site as a whole, its lists and settings.
    Site,
    /// A live channel.
    Live,
    /// A recording or its still.
    Recording,
}

/// Closed by default (promise P9): without an account nothing, unless the admin opened it.
pub fn authorize(role: Option<Role>, action: Action, resource: Resource, open: Openness) -> bool {
    match (role, action) {
        (Some(Role::Admin), _) => true,
        (Some(Role::User), Action::Browse | Action::Watch) => true,
        (Some(Role::User), Action::Manage) => false,
        (None, Action::Manage) => false,
        (None, Action::Browse | Action::Watch) => match resource {
            Resource::Live => open.live,
            Resource::Site | Resource::Recording => open.vod || open.live,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_visitor_sees_nothing_until_the_admin_opens_it() {
        let closed = Openness::default();
        for action in [Action::Browse, Action::Watch, Action::Manage] {
            for resource in [Resource::Site, Resource::Live, Resource::Recording] {
                assert!(!authorize(None, action, resource, closed));
            }
        }
        let vod = Openness { vod: true, live: false };
        assert!(authorize(None, Action::Watch, Resource::Recording, vod));
        assert!(!authorize(None, Action::Watch, Resource::Live, vod));
        assert!(!authorize(None, Action::Manage, Resource::Site, Openness { vod: true, live: true }));
    }

    #[test]
    fn an_ordinary_user_never_manages() {
        assert!(!authorize(Some(Role::User), Action::Manage, Resource::Site, Openness::default()));
        assert!(authorize(Some(Role::User), Action::Watch, Resource::Live, Openness::default()));
    }
}
