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
    /// 班级, or a teaching class (走班).
    ClassId,
    /// 教室.
    RoomId,
    /// 学生.
    StudentId,
    /// 调课: one dated change of the timetable.
    ChangeId,
}

impl ChannelId {
    /// The name of this channel's live stream, `live<ID>` as in the manual (R-LIV-11).
    pub fn stream(self) -> String {
        format!("live{}", self.0)
    }

    /// The channel behind a stream name, if it is one of ours.
    pub fn from_stream(stream: &str) -> Option<Self> {
        // One name a channel: `live07` and `live+7` would be streams of their own with the same camera behind them.
        let id: Self = stream.strip_prefix("live")?.parse().ok()?;
        (id.0 > 0 && id.stream() == stream).then_some(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_has_one_stream_name() {
        assert_eq!(ChannelId::from_stream("live7"), Some(ChannelId(7)));
        for other in
            ["live07", "live+7", "live-7", "live0", "live", "Live7", "live7 ", "live99999999999999999999"]
        {
            assert_eq!(ChannelId::from_stream(other), None, "{other}");
        }
    }
}
