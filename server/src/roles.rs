//! Which parts run in this process (`serve --only`).

use crate::error::{Result, ServerError};

/// One part of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum Role {
    /// 网站.
    Web,
    /// 直播服务器.
    Live,
    /// 中转服务器.
    Relay,
    /// 存储服务器 (and the tracker's port).
    Storage,
}

/// What runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Roles {
    /// Everything, the default.
    All,
    /// Storage alone, on a machine with disks. It needs the site's `secret.key` and no database.
    Storage,
}

impl Roles {
    /// The roles named by `--only`; none named means all.
    ///
    /// Site, live server and relay ask each other in memory, so in this version they run together and with the storage
    /// they serve. Other sets are refused rather than started half dead.
    pub fn of(only: &[Role]) -> Result<Self> {
        let mut set = only.to_vec();
        set.sort();
        set.dedup();
        match set.as_slice() {
            [] | [Role::Web, Role::Live, Role::Relay, Role::Storage] => Ok(Self::All),
            [Role::Storage] => Ok(Self::Storage),
            _ => Err(ServerError::Roles(
                "这些角色还不能单独运行：可以不写 --only（全部运行），或只写 --only storage（单独的存储机器，需要网站的 secret.key）。 These \
                 roles cannot run by themselves yet: leave --only out (everything), or use --only storage (a storage \
                 machine with the site's secret.key)."
                    .to_owned(),
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_that_could_not_work_is_refused() {
        assert_eq!(Roles::of(&[]).unwrap(), Roles::All);
        assert_eq!(Roles::of(&[Role::Storage, Role::Relay, Role::Live, Role::Web]).unwrap(), Roles::All);
        assert_eq!(Roles::of(&[Role::Storage]).unwrap(), Roles::Storage);
        for only in [vec![Role::Web], vec![Role::Live], vec![Role::Relay], vec![Role::Live, Role::Relay]] {
            assert!(Roles::of(&only).unwrap_err().to_string().contains("--only storage"));
        }
    }
}
