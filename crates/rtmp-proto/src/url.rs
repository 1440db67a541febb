//! `rtmp://host[:port]/app/stream[?query]`.

/// Where to publish to or play from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RtmpUrl {
    /// Host name or address, IPv6 without brackets.
    pub host: String,
    /// TCP port, 1935 when not given.
    pub port: u16,
    /// Application: all path segments but the last.
    pub app: String,
    /// Stream name: the last path segment.
    pub stream: String,
    /// What follows `?`, without it; empty when there is none. Carries the token.
    pub query: String,
}

/// Why a text is no RTMP address.
#[derive(Debug, thiserror::Error, Clone, Copy, PartialEq, Eq)]
pub enum RtmpUrlError {
    /// Another scheme, `http://` for example.
    #[error("an RTMP address must begin with rtmp://")]
    Scheme,
    /// No host, or one with forbidden characters.
    #[error("the RTMP address has no valid host")]
    Host,
    /// A port that is no number in 1..=65535.
    #[error("the RTMP address has no valid port")]
    Port,
    /// Not both of application and stream name.
    #[error("the RTMP address must name an application and a stream: rtmp://host/app/stream")]
    Path,
    /// `user:password@`, which RTMP does not know.
    #[error("an RTMP address cannot carry user:password@; use the query string")]
    UserInfo,
    /// Longer than any real address, or with control characters or blanks.
    #[error("the RTMP address is longer than 2048 bytes or contains blanks or control characters")]
    Characters,
}

impl std::str::FromStr for RtmpUrl {
    type Err = RtmpUrlError;

    fn from_str(text: &str) -> Result<Self, RtmpUrlError> {
        let text = text.trim();
        if text.len() > 2048 || text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(RtmpUrlError::Characters);
        }
        let rest = match text.split_at_checked(7) {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("rtmp://") => rest,
            _ => return Err(RtmpUrlError::Scheme),
        };
        let (authority, path) = rest.split_once('/').ok_or(RtmpUrlError::Path)?;
        if authority.contains('@') {
            return Err(RtmpUrlError::UserInfo);
        }
        let (host, port) = split_authority(authority)?;
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let (app, stream) = path.rsplit_once('/').ok_or(RtmpUrlError::Path)?;
        let app = app.trim_matches('/');
        if app.is_empty() || stream.is_empty() {
            return Err(RtmpUrlError::Path);
        }
        Ok(Self { host, port, app: app.into(), stream: stream.into(), query: query.into() })
    }
}

fn split_authority(authority: &str) -> Result<(String, u16), RtmpUrlError> {
    let (host, port) = if let Some(v6) = authority.strip_prefix('[') {
        let (host, after) = v6.split_once(']').ok_or(RtmpUrlError::Host)?;
        if host.parse::<std::net::Ipv6Addr>().is_err() {
            return Err(RtmpUrlError::Host);
        }
        (
            host,
            after
                .strip_prefix(':')
                .map_or(if after.is_empty() { Ok("") } else { Err(RtmpUrlError::Port) }, Ok)?,
        )
    } else {
        authority.split_once(':').unwrap_or((authority, ""))
    };
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
    if host.is_empty() || !host.chars().all(plain) {
        return Err(RtmpUrlError::Host);
    }
    let had_colon = authority.ends_with(':') || !port.is_empty();
    let port = match (had_colon, port.parse::<u16>()) {
        (false, _) => 1935,
        (true, Ok(port)) if port > 0 => port,
        _ => return Err(RtmpUrlError::Port),
    };
    Ok((host.to_owned(), port))
}

impl RtmpUrl {
    /// The stream name with its query, as it goes into `publish` and `play`.
    pub fn stream_key(&self) -> String {
        if self.query.is_empty() { self.stream.clone() } else { format!("{}?{}", self.stream, self.query) }
    }

    /// `rtmp://host:port/app`, as it goes into `connect`.
    pub fn tc_url(&self) -> String {
        format!("rtmp://{}/{}", self.authority(), self.app)
    }

    /// `host:port`, for connecting.
    pub fn authority(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

/// Without the query, which may hold a token: safe for logs.
impl std::fmt::Display for RtmpUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.tc_url(), self.stream)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: Result<(&str, u16, &str, &str, &str), RtmpUrlError>) {
        let got = text.parse::<RtmpUrl>();
        let expect = expect.map(|(host, port, app, stream, query)| RtmpUrl {
            host: host.into(),
            port,
            app: app.into(),
            stream: stream.into(),
            query: query.into(),
        });
        assert_eq!(got, expect, "{text}");
    }

    #[test]
    fn reads_addresses_and_names_what_is_wrong() {
        check("rtmp://10.0.0.1/live/live7", Ok(("10.0.0.1", 1935, "live", "live7", "")));
        check("RTMP://h:19350/a/b/s?token=x?y", Ok(("h", 19350, "a/b", "s", "token=x?y")));
        check("rtmp://[::1]:1936/live/x", Ok(("::1", 1936, "live", "x", "")));
        check("http://h/live/x", Err(RtmpUrlError::Scheme));
        check("rtmp://", Err(RtmpUrlError::Path));
        check("rtmp:///live/x", Err(RtmpUrlError::Host));
        check("rtmp://h:0/live/x", Err(RtmpUrlError::Port));
        check("rtmp://h:/live/x", Err(RtmpUrlError::Port));
        check("rtmp://h/live", Err(RtmpUrlError::Path));
        check("rtmp://h/live/", Err(RtmpUrlError::Path));
        check("rtmp://u:p@h/live/x", Err(RtmpUrlError::UserInfo));
        check("rtmp://h/li ve/x", Err(RtmpUrlError::Characters));
    }
}
