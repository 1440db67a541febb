//! Ids: small integers given by the database, one type for each noun so that they cannot be mixed up.

macro_rules! id {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = std::num::ParseIntError;
            fn from_str(s: &str) -> Result<Self, Self::Err> {
                s.parse().map(Self)
            }
        }
    )*};
}

id! {
    /// 学校.
    SchoolId,
    /// 年级.
    GradeId,
    /// 科目.
    SubjectId,
    /// 教师.
    TeacherId,
    /// 用户: an account of the site.
    UserId,
    /// 采集端.
    GathererId,
    /// 通道: one camera or file of a gatherer.
    ChannelId,
    /// 时间段: one weekly range of the 录像表.
    RangeId,
}

impl ChannelId {
    /// The name of this channel's live stream, `live<ID>` as in the manual (R-LIV-11).
    pub fn stream(self) -> String {
        format!("live{}", self.0)
    }

    /// The channel behind a stream name, if it is one of ours.
    pub fn from_stream(stream: &str) -> Option<Self> {
        stream.strip_prefix("live")?.parse().ok().filter(|id: &Self| id.0 > 0)
    }
}
