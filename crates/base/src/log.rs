//! The log: one line an event on stderr, times in UTC, secrets left out.

use tracing_subscriber::{EnvFilter, fmt};

/// How a line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// For people and journald.
    #[default]
    Text,
    /// One JSON object a line, for log collectors.
    Json,
}

/// Why logging could not be set up.
#[derive(Debug)]
pub enum LogError {
    /// The filter text cannot be read.
    Filter(String),
    /// A log was set up before in this process.
    Twice,
}

impl std::fmt::Display for LogError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Filter(why) => write!(f, "the log filter cannot be read: {why}"),
            Self::Twice => f.write_str("the log of this process was set up before"),
        }
    }
}

impl std::error::Error for LogError {}

/// Starts logging to stderr. `filter` is in `tracing`'s own words: `info`, `info,relay=debug`.
/// The environment variable `RUST_LOG` wins over it.
pub fn init(format: Format, filter: &str) -> Result<(), LogError> {
    let text = std::env::var("RUST_LOG").ok().filter(|v| !v.is_empty()).unwrap_or_else(|| filter.to_owned());
    let filter = quiet(&text)?;
    // `fmt`'s own timer writes UTC with a `Z`.
    let log = fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match format {
        Format::Text => log.with_ansi(false).try_init(),
        Format::Json => log.json().flatten_event(true).try_init(),
    }
    .map_err(|_| LogError::Twice)
}

/// The filter without what would write secrets.
fn quiet(text: &str) -> Result<EnvFilter, LogError> {
    let filter = EnvFilter::try_new(text).map_err(|e| LogError::Filter(e.to_string()))?;
    Ok(QUIET.iter().filter_map(|d| d.parse().ok()).fold(filter, EnvFilter::add_directive))
}

/// Other people's crates that write secrets into the log; `debug` and `trace` do not turn them on. sqlx warns of a
/// parameter of the database's address that it does not know, with its value; tungstenite traces whole messages with
/// the grants in them.
const QUIET: &[&str] = &["sqlx_postgres::options=error", "tungstenite=info"];
/// Query parameters whose values are secrets.
const SECRET_PARAMETERS: &[&str] = &["token", "t", "grant", "sig", "pwd"];
/// Parts of names of such parameters: `password`, `sslpassword`, `passwd`, `client_secret`.
const SECRET_PARTS: &[&str] = &["pass", "secret"];

/// The URL with `user:pass@` and the values of secret query parameters replaced by `***`.
///
/// Works on anything that looks like a URL; text that is none comes back unchanged.
pub fn redact_url(url: &str) -> String {
    let url = redact_authority(url);
    let Some((before, query)) = url.split_once('?') else { return url };
    let parts: Vec<String> = query.split('&').map(redact_parameter).collect();
    format!("{before}?{}", parts.join("&"))
}

fn redact_authority(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    // A password may itself hold `@`, `/` and `?` (cameras' factory passwords do): the last `@` ends it.
    match rest.rsplit_once('@') {
        Some((_, host)) => format!("{scheme}://***@{host}"),
        None => url.to_owned(),
    }
}

fn redact_parameter(part: &str) -> String {
    let is_secret = |name: &str| {
        let name = name.to_ascii_lowercase();
        SECRET_PARAMETERS.contains(&name.as_str()) || SECRET_PARTS.iter().any(|part| name.contains(part))
    };
    match part.split_once('=') {
        Some((name, _)) if is_secret(name) => format!("{name}=***"),
        _ => part.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_for_everything_leaves_out_who_would_tell_secrets() {
        let filter = quiet("trace,tungstenite=trace").unwrap().to_string();
        assert!(
            filter.contains("tungstenite=info") && filter.contains("sqlx_postgres::options=error"),
            "{filter}"
        );
        assert!(!filter.contains("tungstenite=trace"), "{filter}");
    }

    #[track_caller]
    fn check(url: &str, expect: &str) {
        assert_eq!(redact_url(url), expect);
    }

    #[test]
    fn hides_user_and_password_even_with_an_at_in_it() {
        check("rtsp://admin:p@ss@10.0.0.2:554/ch1", "rtsp://***@10.0.0.2:554/ch1");
        check("rtsp://admin:a/b@cam/ch1", "rtsp://***@cam/ch1");
        check("rtsp://admin:a?b@cam/ch1", "rtsp://***@cam/ch1");
        check("rtsp://10.0.0.2/ch1", "rtsp://10.0.0.2/ch1");
    }

    #[test]
    fn hides_grants_in_queries_and_keeps_the_rest() {
        check("rtmp://h:1935/live/live7?token=abc.def&x=1", "rtmp://h:1935/live/live7?token=***&x=1");
        check("/live/live7.flv?t=abc&heartbeat=1", "/live/live7.flv?t=***&heartbeat=1");
        check("/file/a.mp4?T=abc", "/file/a.mp4?T=***");
        check("postgres://db/yl?sslPassword=a&sslmode=b", "postgres://db/yl?sslPassword=***&sslmode=b");
        check("not a url", "not a url");
    }

    #[test]
    fn a_filter_that_cannot_be_read_is_named() {
        assert!(matches!(init(Format::Text, "relay=loudest"), Err(LogError::Filter(_))));
    }
}
