//! 连接测试: really connects, and knows whether what answers is ours. Nothing secret is sent to an address that may be
//! mistyped: the relay's hello carries an empty grant, and a relay of ours answers it with `refused`.

use base64::{Engine, engine::general_purpose::STANDARD as B64};
use relay_proto::{ClientMessage, Hello, RelayMessage, TerminalType, VERSIONS, message};
use std::io;
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// The whole test: an admin waits for it in front of the page.
const WITHIN: Duration = Duration::from_secs(3);
/// Longest HTTP head that is read.
const HEAD_MAX: usize = 8 * 1024;
/// Longest WebSocket frame that is read: an answer to a hello is a few hundred bytes.
const FRAME_MAX: usize = 4 * 1024;

/// Why a test failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// The name has no address.
    NoSuchHost,
    /// Nothing listens there, or a firewall rejects.
    Refused,
    /// No answer within the time.
    Silent,
    /// Something answers, but it is not ours.
    Stranger,
}

/// Connects to a relay, and takes its answer to a hello. Gives the milliseconds it took.
pub async fn relay(host: &str, port: u16) -> Result<u128, Failure> {
    let start = Instant::now();
    within(hello(host, port)).await?;
    Ok(start.elapsed().as_millis())
}

/// Connects to a storage, and takes its answer to the question which tus version it speaks.
pub async fn storage(host: &str, port: u16) -> Result<u128, Failure> {
    let start = Instant::now();
    within(tus(host, port)).await?;
    Ok(start.elapsed().as_millis())
}

async fn within<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    timeout(WITHIN, work).await.unwrap_or(Err(Failure::Silent))
}

async fn connect(host: &str, port: u16) -> Result<TcpStream, Failure> {
    let found = tokio::net::lookup_host((host, port)).await.map_err(|_| Failure::NoSuchHost)?;
    let mut last = Failure::NoSuchHost;
    for address in found {
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => {
                last =
                    if error.kind() == io::ErrorKind::TimedOut { Failure::Silent } else { Failure::Refused };
            }
        }
    }
    Err(last)
}

/// Closed or broken connections mean that the other side does not speak our language.
fn stranger(_: io::Error) -> Failure {
    Failure::Stranger
}

async fn hello(host: &str, port: u16) -> Result<(), Failure> {
    let mut stream = connect(host, port).await?;
    // A fixed key is enough: this is one exchange, not a session (RFC 6455 §4.1 wants it for caches in between).
    let key = B64.encode(*b"yunlubo-relay-16");
    let request = format!(
        "GET /relay HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.map_err(stranger)?;
    if !head(&mut stream).await?.starts_with("HTTP/1.1 101") {
        return Err(Failure::Stranger);
    }
    let hello = ClientMessage::Hello(Hello {
        versions: VERSIONS.to_vec(),
        terminal: TerminalType::Site,
        grant: String::new(),
        name: "连接测试".to_owned(),
    });
    let text = message::encode(&hello).map_err(|_| Failure::Stranger)?;
    stream.write_all(&masked(text.as_bytes())).await.map_err(stranger)?;
    let answer = frame(&mut stream).await?;
    match message::decode::<RelayMessage>(&answer) {
        Ok(RelayMessage::Refused { .. } | RelayMessage::Welcome { .. }) => Ok(()),
        _ => Err(Failure::Stranger),
    }
}

/// One masked text frame (RFC 6455 §5.2); the mask of zeros leaves the text as it is.
fn masked(text: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x81];
    match u16::try_from(text.len()) {
        Ok(n) if n < 126 => frame.push(0x80 | n as u8),
        n => {
            frame.push(0x80 | 126);
            frame.extend(n.unwrap_or(u16::MAX).to_be_bytes());
        }
    }
    frame.extend([0; 4]);
    frame.extend(text);
    frame
}

/// The text of the first text frame.
async fn frame(stream: &mut TcpStream) -> Result<String, Failure> {
    loop {
        let mut start = [0u8; 2];
        stream.read_exact(&mut start).await.map_err(stranger)?;
        let length = match start[1] & 0x7F {
            126 => usize::from(stream.read_u16().await.map_err(stranger)?),
            127 => return Err(Failure::Stranger),
            n => usize::from(n),
        };
        if length > FRAME_MAX {
            return Err(Failure::Stranger);
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await.map_err(stranger)?;
        match start[0] & 0x0F {
            1 => return String::from_utf8(body).map_err(|_| Failure::Stranger),
            9 | 10 => {}
            _ => return Err(Failure::Stranger),
        }
    }
}

async fn tus(host: &str, port: u16) -> Result<(), Failure> {
    let mut stream = connect(host, port).await?;
    let request = format!("OPTIONS /upload HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.map_err(stranger)?;
    let head = head(&mut stream).await?.to_ascii_lowercase();
    let ours = head.starts_with("http/1.1 ") && head.contains("\r\ntus-");
    if ours { Ok(()) } else { Err(Failure::Stranger) }
}

/// The head of an HTTP answer, up to its empty line.
async fn head(stream: &mut (impl AsyncRead + Unpin)) -> Result<String, Failure> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() >= HEAD_MAX {
            return Err(Failure::Stranger);
        }
        head.push(stream.read_u8().await.map_err(stranger)?);
    }
    String::from_utf8(head).map_err(|_| Failure::Stranger)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    #[tokio::test]
    async fn a_port_nobody_listens_on_and_a_stranger_are_told_apart() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let answering = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.write_all(b"SSH-2.0-OpenSSH_9.2\r\n\r\n").await.unwrap();
        });
        assert_eq!(relay("127.0.0.1", port).await, Err(Failure::Stranger));
        answering.await.unwrap();
        assert_eq!(relay("127.0.0.1", port).await, Err(Failure::Refused));
        assert_eq!(storage("127.0.0.1", port).await, Err(Failure::Refused));
        assert_eq!(relay("no such host", 1).await, Err(Failure::NoSuchHost));
    }
}
