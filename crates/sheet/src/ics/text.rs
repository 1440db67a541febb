//! Content lines (RFC 5545 §3.1): folding, escaping, components.

/// Longest line in bytes without its end.
const LINE_BYTES: usize = 75;
/// Most components of a file: 25 classes a term with an event for every single lesson; 60 with weekly events are 2,400.
const COMPONENTS_MAX: usize = 20_000;

/// Writes a line, folded between characters, with CRLF.
pub(super) fn folded(text: &str, out: &mut Vec<u8>) {
    let mut used = 0;
    for c in text.chars() {
        if used + c.len_utf8() > LINE_BYTES {
            out.extend(b"\r\n ");
            used = 1;
        }
        out.extend(c.encode_utf8(&mut [0; 4]).as_bytes());
        used += c.len_utf8();
    }
    out.extend(b"\r\n");
}

/// A TEXT value (§3.3.11). Control characters cannot be written and are left out.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let text = text.replace("\r\n", "\n");
    for c in text.chars() {
        match c {
            '\\' | ';' | ',' => out.extend(['\\', c]),
            '\n' | '\r' => out.push_str("\\n"),
            '\t' => out.push(' '),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (c, c == '\\') {
            (_, true) => match chars.next() {
                Some('n' | 'N') => out.push('\n'),
                Some(other) => out.push(other),
                None => {}
            },
            (c, _) => out.push(c),
        }
    }
    out
}

/// A component without those inside it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Component {
    /// `VEVENT`.
    pub(crate) name: String,
    /// Line on which it begins, from 1.
    pub(crate) line: u32,
    properties: Vec<Property>,
}

#[derive(Debug, Clone)]
struct Property {
    name: String,
    parameters: Vec<(String, String)>,
    value: String,
}

impl Component {
    /// The value of the first property of this name, as it stands.
    pub(crate) fn raw(&self, name: &str) -> Option<&str> {
        self.properties.iter().find(|p| p.name == name).map(|p| p.value.as_str())
    }

    /// Its text.
    pub(crate) fn text(&self, name: &str) -> String {
        self.raw(name).map(unescaped).unwrap_or_default()
    }

    /// Every property of this name: value and its TZID.
    pub(crate) fn times(&self, name: &str) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.properties.iter().filter(move |p| p.name == name).map(|p| {
            let zone = p.parameters.iter().find(|(n, _)| n == "TZID").map(|(_, v)| v.as_str());
            (p.value.as_str(), zone)
        })
    }
}

/// The components of a file, each with its own properties; `VALARM` and the like inside events are passed over.
pub(crate) fn components(text: &str) -> Vec<Component> {
    let mut done = Vec::new();
    let mut open: Vec<Component> = Vec::new();
    for (line, content) in unfolded(text) {
        let Some(property) = property(&content) else { continue };
        match property.name.as_str() {
            "BEGIN" => {
                open.push(Component {
                    name: property.value.to_ascii_uppercase(),
                    line,
                    properties: Vec::new(),
                });
            }
            "END" => done.extend(open.pop()),
            _ => {
                if let Some(component) = open.last_mut() {
                    component.properties.push(property);
                }
            }
        }
        if done.len() + open.len() > COMPONENTS_MAX {
            break;
        }
    }
    done.extend(open.into_iter().rev());
    done
}

/// Logical lines with the number of their first physical one.
fn unfolded(text: &str) -> Vec<(u32, String)> {
    let mut lines: Vec<(u32, String)> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        match (line.strip_prefix([' ', '\t']), lines.last_mut()) {
            (Some(rest), Some((_, last))) => last.push_str(rest),
            _ => lines.push((index as u32 + 1, line.to_owned())),
        }
    }
    lines
}

/// `NAME;PARAM=value;PARAM="a:b":value`.
fn property(line: &str) -> Option<Property> {
    let mut quoted = false;
    let colon = line.char_indices().find(|(_, c)| {
        quoted ^= *c == '"';
        *c == ':' && !quoted
    });
    let (head, value) = (&line[..colon?.0], &line[colon?.0 + 1..]);
    let mut parts = head.split(';');
    let name = parts.next()?.trim().to_ascii_uppercase();
    let parameters = parts
        .filter_map(|p| p.split_once('='))
        .map(|(name, value)| (name.to_ascii_uppercase(), value.trim_matches('"').to_owned()))
        .collect();
    Some(Property { name, parameters, value: value.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_folded_between_characters_and_come_back() {
        let text = format!("SUMMARY:{}", escaped(&"数学;高一,3班\\\n".repeat(20)));
        let mut bytes = b"BEGIN:VEVENT\r\n".to_vec();
        folded(&text, &mut bytes);
        bytes.extend(b"END:VEVENT\r\n");
        let file = String::from_utf8(bytes).unwrap();
        assert!(file.split("\r\n").all(|line| line.len() <= LINE_BYTES));
        assert_eq!(components(&file)[0].text("SUMMARY"), "数学;高一,3班\\\n".repeat(20));
    }

    #[test]
    fn a_colon_in_a_quoted_parameter_ends_nothing() {
        let file = "BEGIN:VEVENT\nDTSTART;X=\"a:b;c\";TZID=Asia/Shanghai:20261123T080000\n";
        let component = &components(file)[0];
        assert_eq!(component.times("DTSTART").next(), Some(("20261123T080000", Some("Asia/Shanghai"))));
    }
}
