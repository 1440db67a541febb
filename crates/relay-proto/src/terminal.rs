//! Terminal types, with the manual's numbers, and their leases (R-REL-03, R-REL-04).

use serde::{Deserialize, Serialize};

/// What stands at the other end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub enum TerminalType {
    /// 1: the site (PHP终端 of the original).
    Site,
    /// 2: 采集终端.
    Gatherer,
    /// 3: 直播终端.
    Live,
    /// 4: 播放终端.
    Player,
}

impl TerminalType {
    /// The manual's number.
    pub fn number(self) -> u8 {
        match self {
            TerminalType::Site => 1,
            TerminalType::Gatherer => 2,
            TerminalType::Live => 3,
            TerminalType::Player => 4,
        }
    }

    /// Seconds of silence after which the relay drops it.
    pub fn lease_s(self) -> u32 {
        match self {
            TerminalType::Site | TerminalType::Gatherer => 60,
            TerminalType::Live => 240,
            TerminalType::Player => 30,
        }
    }

    /// Seconds between its reports.
    pub fn report_every_s(self) -> u32 {
        match self {
            TerminalType::Site | TerminalType::Gatherer => 30,
            TerminalType::Live => 120,
            TerminalType::Player => 12,
        }
    }
}

impl From<TerminalType> for u8 {
    fn from(t: TerminalType) -> u8 {
        t.number()
    }
}

impl TryFrom<u8> for TerminalType {
    type Error = String;
    fn try_from(n: u8) -> Result<Self, Self::Error> {
        match n {
            1 => Ok(TerminalType::Site),
            2 => Ok(TerminalType::Gatherer),
            3 => Ok(TerminalType::Live),
            4 => Ok(TerminalType::Player),
            _ => Err(format!("terminal type {n} is not one of 1, 2, 3, 4")),
        }
    }
}
