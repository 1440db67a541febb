//! Writing a media playlist.

use std::fmt::Write;

/// One segment as the playlist shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct PlaylistSegment {
    /// Its URI, relative to the playlist or absolute; written as it is, so without quotes and line breaks.
    pub uri: String,
    /// URI of the init segment it needs (`EXT-X-MAP`, written when it changes).
    pub init_uri: String,
    /// Seconds.
    pub duration_s: f64,
    /// It does not continue the one before it: another encoding or a gap.
    pub discontinuity: bool,
    /// Wall time of its start, as RFC 3339 (`EXT-X-PROGRAM-DATE-TIME`).
    pub program_date_time: Option<String>,
}

/// The text of a media playlist (RFC 8216 §4.3.3), version 7 for fMP4. `first_sequence` numbers the first segment;
/// `first_discontinuity` counts the discontinuities that have left the window; `target_duration_s` must never shrink
/// while the playlist lives. `independent`: every segment starts with a keyframe. `ended`: no more segments will come.
pub fn media_playlist(
    segments: &[PlaylistSegment],
    first_sequence: u64,
    first_discontinuity: u64,
    target_duration_s: u64,
    independent: bool,
    ended: bool,
) -> String {
    let mut out = String::from("#EXTM3U\n#EXT-X-VERSION:7\n");
    // Writing into a String cannot fail.
    let _ = writeln!(out, "#EXT-X-TARGETDURATION:{}", target_duration_s.max(1));
    let _ = writeln!(out, "#EXT-X-MEDIA-SEQUENCE:{first_sequence}");
    if first_discontinuity > 0 || segments.iter().any(|segment| segment.discontinuity) {
        let _ = writeln!(out, "#EXT-X-DISCONTINUITY-SEQUENCE:{first_discontinuity}");
    }
    if independent {
        out.push_str("#EXT-X-INDEPENDENT-SEGMENTS\n");
    }
    let mut init_uri = "";
    for segment in segments {
        if segment.discontinuity {
            out.push_str("#EXT-X-DISCONTINUITY\n");
        }
        if init_uri != segment.init_uri {
            init_uri = &segment.init_uri;
            let _ = writeln!(out, "#EXT-X-MAP:URI=\"{init_uri}\"");
        }
        if let Some(time) = &segment.program_date_time {
            let _ = writeln!(out, "#EXT-X-PROGRAM-DATE-TIME:{time}");
        }
        let _ = writeln!(out, "#EXTINF:{:.5},\n{}", segment.duration_s, segment.uri);
    }
    if ended {
        out.push_str("#EXT-X-ENDLIST\n");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(uri: &str, init_uri: &str, discontinuity: bool) -> PlaylistSegment {
        let (uri, init_uri) = (uri.to_owned(), init_uri.to_owned());
        PlaylistSegment { uri, init_uri, duration_s: 2.0, discontinuity, program_date_time: None }
    }

    #[test]
    fn writes_the_map_once_and_again_after_a_discontinuity() {
        let mut segments = vec![segment("7.m4s", "i1.mp4", false), segment("8.m4s", "i1.mp4", false)];
        segments.push(segment("9.m4s", "i2.mp4", true));
        segments[2].program_date_time = Some("2026-11-20T08:00:00.000+08:00".into());
        let text = media_playlist(&segments, 7, 3, 2, true, false);
        let expect = "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:7\n\
            #EXT-X-DISCONTINUITY-SEQUENCE:3\n#EXT-X-INDEPENDENT-SEGMENTS\n#EXT-X-MAP:URI=\"i1.mp4\"\n\
            #EXTINF:2.00000,\n7.m4s\n#EXTINF:2.00000,\n8.m4s\n#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI=\"i2.mp4\"\n\
            #EXT-X-PROGRAM-DATE-TIME:2026-11-20T08:00:00.000+08:00\n#EXTINF:2.00000,\n9.m4s\n";
        assert_eq!(text, expect);
    }

    #[test]
    fn an_ended_playlist_says_so() {
        assert!(media_playlist(&[], 0, 0, 2, true, true).ends_with("#EXT-X-ENDLIST\n"));
    }
}
