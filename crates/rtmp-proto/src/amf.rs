//! AMF0 (Adobe "Action Message Format -- AMF 0"), only as much as RTMP commands need.
//!
//! Every command is read here before `rml_rtmp` sees it: its reader recurses without a limit and takes three
//! values for granted.

use crate::RtmpError;
use bytes::{BufMut, BytesMut};

/// Objects in objects; `connect` needs 1, metadata 2.
const MAX_DEPTH: usize = 16;

/// An AMF0 value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Number(f64),
    Bool(bool),
    String(String),
    /// Object or ECMA array.
    Object(Vec<(String, Value)>),
    Array(Vec<Value>),
    /// Null, undefined, date, reference: nothing we look into.
    Null,
}

impl Value {
    /// The text, when it is one.
    pub(crate) fn as_str(&self) -> Option<&str> {
        match self {
            Value::String(s) => Some(s),
            _ => None,
        }
    }

    /// The text property `name` of an object.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        match self {
            Value::Object(fields) => fields.iter().find(|(k, _)| k == name).and_then(|(_, v)| v.as_str()),
            _ => None,
        }
    }
}

/// Reads every value of a message.
pub(crate) fn read_all(mut data: &[u8]) -> Result<Vec<Value>, RtmpError> {
    let mut values = Vec::new();
    while !data.is_empty() {
        values.push(read_value(&mut data, 0)?);
    }
    Ok(values)
}

/// Reads a command and makes sure of its first three values: name, transaction, object.
pub(crate) fn read_command(data: &[u8]) -> Result<Vec<Value>, RtmpError> {
    let values = read_all(data)?;
    match values.as_slice() {
        [Value::String(_), Value::Number(_), _, ..] => Ok(values),
        _ => Err(RtmpError::Amf("a command must begin with name, transaction id and object")),
    }
}

fn take<'a>(data: &mut &'a [u8], n: usize) -> Result<&'a [u8], RtmpError> {
    let (head, rest) = data.split_at_checked(n).ok_or(RtmpError::Amf("value cut short"))?;
    *data = rest;
    Ok(head)
}

fn take_u16(data: &mut &[u8]) -> Result<usize, RtmpError> {
    let b = take(data, 2)?;
    Ok(usize::from(u16::from_be_bytes([b[0], b[1]])))
}

fn take_u32(data: &mut &[u8]) -> Result<u32, RtmpError> {
    let b = take(data, 4)?;
    Ok(u32::from_be_bytes([b[0], b[1], b[2], b[3]]))
}

fn take_text(data: &mut &[u8], n: usize) -> Result<String, RtmpError> {
    let bytes = take(data, n)?;
    String::from_utf8(bytes.to_vec()).map_err(|_| RtmpError::Amf("text is not UTF-8"))
}

fn read_value(data: &mut &[u8], depth: usize) -> Result<Value, RtmpError> {
    if depth > MAX_DEPTH {
        return Err(RtmpError::Amf("objects nested deeper than 16"));
    }
    match take(data, 1)?[0] {
        0x00 => {
            let b = take(data, 8)?;
            Ok(Value::Number(f64::from_be_bytes([b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7]])))
        }
        0x01 => Ok(Value::Bool(take(data, 1)?[0] != 0)),
        0x02 => {
            let n = take_u16(data)?;
            Ok(Value::String(take_text(data, n)?))
        }
        0x03 => read_fields(data, depth),
        0x05 | 0x06 => Ok(Value::Null),
        0x08 => {
            // The count of an ECMA array is a hint only; encoders write 0.
            take_u32(data)?;
            read_fields(data, depth)
        }
        0x0a => {
            let count = take_u32(data)?;
            let mut items = Vec::new();
            for _ in 0..count {
                items.push(read_value(data, depth + 1)?);
            }
            Ok(Value::Array(items))
        }
        0x0b => take(data, 10).map(|_| Value::Null),
        0x0c => {
            let n = take_u32(data)? as usize;
            Ok(Value::String(take_text(data, n)?))
        }
        _ => Err(RtmpError::Amf("unknown value marker")),
    }
}

fn read_fields(data: &mut &[u8], depth: usize) -> Result<Value, RtmpError> {
    let mut fields = Vec::new();
    loop {
        let n = take_u16(data)?;
        if n == 0 {
            return match take(data, 1)?[0] {
                0x09 => Ok(Value::Object(fields)),
                _ => Err(RtmpError::Amf("object property without a name")),
            };
        }
        let name = take_text(data, n)?;
        fields.push((name, read_value(data, depth + 1)?));
    }
}

fn put_text(out: &mut BytesMut, text: &str) {
    let text = &text.as_bytes()[..text.len().min(usize::from(u16::MAX))];
    out.put_u16(text.len() as u16);
    out.put_slice(text);
}

/// The body of an `onStatus` command (RTMP 1.0 §7.2.2).
pub(crate) fn on_status(level: &str, code: &str, description: &str) -> BytesMut {
    let mut out = BytesMut::with_capacity(96 + description.len());
    out.put_u8(0x02);
    put_text(&mut out, "onStatus");
    out.put_u8(0x00);
    out.put_f64(0.0);
    out.put_u8(0x05);
    out.put_u8(0x03);
    for (name, value) in [("level", level), ("code", code), ("description", description)] {
        put_text(&mut out, name);
        out.put_u8(0x02);
        put_text(&mut out, value);
    }
    out.put_slice(&[0, 0, 9]);
    out
}

/// The body of an error answer to `connect` (RTMP 1.0 §7.2.1.1).
pub(crate) fn connect_error(transaction: f64, description: &str) -> BytesMut {
    let mut out = BytesMut::with_capacity(96 + description.len());
    out.put_u8(0x02);
    put_text(&mut out, "_error");
    out.put_u8(0x00);
    out.put_f64(transaction);
    out.put_u8(0x05);
    out.put_u8(0x03);
    let fields =
        [("level", "error"), ("code", "NetConnection.Connect.Rejected"), ("description", description)];
    for (name, value) in fields {
        put_text(&mut out, name);
        out.put_u8(0x02);
        put_text(&mut out, value);
    }
    out.put_slice(&[0, 0, 9]);
    out
}

/// `"@setDataFrame"` as an AMF0 string: what a publisher puts in front of its metadata.
pub(crate) const SET_DATA_FRAME: &[u8] = b"\x02\x00\x0d@setDataFrame";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes() {
        let values = read_command(&on_status("error", "NetStream.Publish.BadName", "已有人推流")).unwrap();
        assert_eq!(values[3].text("code"), Some("NetStream.Publish.BadName"));
        assert_eq!(values[3].text("description"), Some("已有人推流"));
    }

    #[test]
    fn refuses_objects_nested_too_deep() {
        let mut data = Vec::new();
        for _ in 0..20_000 {
            data.extend_from_slice(&[0x03, 0x00, 0x01, b'a']);
        }
        assert_eq!(read_all(&data), Err(RtmpError::Amf("objects nested deeper than 16")));
    }

    #[test]
    fn refuses_a_command_of_one_value() {
        assert!(read_command(b"\x02\x00\x04play").is_err());
    }

    #[test]
    fn an_array_that_claims_four_billion_items_ends_with_its_bytes() {
        assert!(read_all(&[0x0a, 0xff, 0xff, 0xff, 0xff, 0x05, 0x05]).is_err());
    }
}
