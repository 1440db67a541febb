//! Both ends talk to each other, and neither panics on what a stranger sends.

#![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]

use bytes::Bytes;
use proptest::prelude::*;
use rtmp_proto::*;

/// Moves bytes between the ends until both are silent; answers requests by `answer`.
fn run(
    client: &mut ClientConn,
    server: &mut ServerConn,
    step: usize,
    answer: &mut dyn FnMut(&ServerEvent, &mut ServerConn),
) -> (Vec<ClientEvent>, Vec<ServerEvent>) {
    let (mut at_client, mut at_server) = (Vec::new(), Vec::new());
    loop {
        let mut moved = false;
        while let Some(out) = client.poll() {
            moved = true;
            match out {
                ClientOutput::Send(bytes) => bytes.chunks(step).for_each(|b| server.input(b).unwrap()),
                ClientOutput::Event(e) => at_client.push(e),
            }
        }
        while let Some(out) = server.poll() {
            moved = true;
            match out {
                Output::Send(bytes) => bytes.chunks(step).for_each(|b| client.input(b).unwrap()),
                Output::Event(e) => {
                    answer(&e, server);
                    at_server.push(e);
                }
            }
        }
        if !moved {
            return (at_client, at_server);
        }
    }
}

fn accept_all(e: &ServerEvent, server: &mut ServerConn) {
    use ServerEvent::*;
    if matches!(e, ConnectRequested { .. } | PublishRequested { .. } | PlayRequested { .. }) {
        server.accept().unwrap();
    }
}

fn url() -> RtmpUrl {
    "rtmp://127.0.0.1/live/live7?token=abc".parse().unwrap()
}

#[test]
fn a_publisher_is_accepted_and_its_media_arrives_whole() {
    for step in [1, 100, 100_000] {
        let mut client = ClientConn::publish(url(), Limits::default()).unwrap();
        let mut server = ServerConn::new(Limits::default()).unwrap();
        let (c, s) = run(&mut client, &mut server, step, &mut accept_all);
        assert_eq!(c, [ClientEvent::Ready]);
        let publish = ServerEvent::PublishRequested { stream: "live7".into(), query: "token=abc".into() };
        assert_eq!(s, [ServerEvent::ConnectRequested { app: "live".into() }, publish]);

        let frame = Bytes::from((0..150_000u32).map(|i| (i % 251) as u8).collect::<Vec<_>>());
        client.metadata(b"\x02\x00\x0aonMetaData\x08\0\0\0\0\0\0\x09").unwrap();
        client.video(0x0100_0000, &frame).unwrap();
        client.audio(0x0100_0001, b"\xaf\x01x").unwrap();
        client.close();
        let (_, s) = run(&mut client, &mut server, step, &mut accept_all);
        assert!(
            matches!(&s[0], ServerEvent::Metadata { body } if body.starts_with(b"\x02\x00\x0aonMetaData"))
        );
        assert_eq!(s[1], ServerEvent::Video { ts_ms: 0x0100_0000, body: frame });
        assert!(matches!(&s[2], ServerEvent::Audio { ts_ms: 0x0100_0001, .. }));
        assert_eq!(s[3], ServerEvent::Closed);
    }
}

#[test]
fn a_player_gets_messages_serialised_once() {
    let mut client = ClientConn::play(url(), Limits::default()).unwrap();
    let mut server = ServerConn::new(Limits::default()).unwrap();
    let (c, _) = run(&mut client, &mut server, 1000, &mut accept_all);
    assert_eq!(c, [ClientEvent::Ready]);
    let frame = vec![9u8; 200_000];
    for bytes in
        [ChunkOnce::video(5, &frame), ChunkOnce::audio(6, b"\xaf\x01x"), ChunkOnce::video(7, b"\x17")]
    {
        client.input(&bytes).unwrap();
    }
    let (c, _) = run(&mut client, &mut server, 1000, &mut accept_all);
    assert!(matches!(&c[0], ClientEvent::Video { ts_ms: 5, body } if body[..] == frame[..]));
    assert!(matches!(&c[1], ClientEvent::Audio { ts_ms: 6, .. }));
    assert!(matches!(&c[2], ClientEvent::Video { ts_ms: 7, .. }));
    server.finish();
    let (c, s) = run(&mut client, &mut server, 1000, &mut accept_all);
    assert_eq!((c, s), (vec![ClientEvent::Closed], vec![ServerEvent::Closed]));
}

#[test]
fn a_refused_publisher_reads_the_reason() {
    let mut client = ClientConn::publish(url(), Limits::default()).unwrap();
    let mut server = ServerConn::new(Limits::default()).unwrap();
    let (c, s) = run(&mut client, &mut server, 1000, &mut |e, server| match e {
        ServerEvent::PublishRequested { .. } => server.refuse("the publish token is missing"),
        e => accept_all(e, server),
    });
    let description = "the publish token is missing".into();
    assert_eq!(c, [ClientEvent::Refused { code: "NetStream.Publish.BadName".into(), description }]);
    assert_eq!(s.last(), Some(&ServerEvent::Closed));
}

#[test]
fn a_refused_application_and_an_unknown_stream_are_named() {
    let mut client = ClientConn::play(url(), Limits::default()).unwrap();
    let mut server = ServerConn::new(Limits::default()).unwrap();
    let (c, _) = run(&mut client, &mut server, 7, &mut |e, server| {
        if matches!(e, ServerEvent::ConnectRequested { .. }) {
            server.refuse("no such application");
        }
    });
    assert!(matches!(&c[0], ClientEvent::Refused { code, .. } if code == "NetConnection.Connect.Rejected"));

    let mut client = ClientConn::play(url(), Limits::default()).unwrap();
    let mut server = ServerConn::new(Limits::default()).unwrap();
    let (c, _) = run(&mut client, &mut server, 7, &mut |e, server| match e {
        ServerEvent::PlayRequested { .. } => server.refuse("gatherer off line"),
        e => accept_all(e, server),
    });
    assert!(matches!(&c[0], ClientEvent::Refused { code, description }
        if code == "NetStream.Play.StreamNotFound" && description == "gatherer off line"));
}

#[test]
fn http_on_the_rtmp_port_is_a_named_error() {
    let mut server = ServerConn::new(Limits::default()).unwrap();
    let mut request = b"GET / HTTP/1.1\r\n".to_vec();
    request.resize(4000, b'x');
    assert!(matches!(server.input(&request), Err(RtmpError::Handshake(_))));
}

/// A server past the handshake, so that random bytes reach the chunk layer.
fn handshaken() -> ServerConn {
    let mut server = ServerConn::new(Limits::default()).unwrap();
    let mut hello = vec![3u8];
    hello.resize(1 + 1536 * 2, 0);
    server.input(&hello).unwrap();
    assert!(server.is_handshaken());
    server
}

/// One command in one chunk, as `publish` and friends arrive.
fn command(body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![3, 0, 0, 0, 0, 0, body.len() as u8, 20, 1, 0, 0, 0];
    for (i, part) in body.chunks(128).enumerate() {
        if i > 0 {
            bytes.push(0xc3);
        }
        bytes.extend_from_slice(part);
    }
    bytes
}

proptest! {
    #[test]
    fn random_bytes_never_panic_a_fresh_server(parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..2000), 0..6)) {
        let mut server = ServerConn::new(Limits::default()).unwrap();
        for part in &parts {
            if server.input(part).is_err() { break; }
            while server.poll().is_some() {}
        }
    }

    #[test]
    fn random_bytes_never_panic_a_session(bytes in prop::collection::vec(any::<u8>(), 0..4000)) {
        let mut server = handshaken();
        if server.input(&bytes).is_ok() {
            while let Some(out) = server.poll() {
                if let Output::Event(e) = out { accept_quietly(&e, &mut server); }
            }
        }
    }

    #[test]
    fn random_commands_never_panic_a_session(
        name in prop::sample::select(vec!["connect", "createStream", "publish", "play", "deleteStream", "closeStream", "x"]),
        tail in prop::collection::vec(any::<u8>(), 0..150),
    ) {
        let mut server = handshaken();
        let mut body = vec![2, 0, name.len() as u8];
        body.extend_from_slice(name.as_bytes());
        body.extend_from_slice(&[0, 0x3f, 0xf0, 0, 0, 0, 0, 0, 0]);
        body.extend_from_slice(&tail);
        let _ = server.input(&command(&body));
    }

    #[test]
    fn random_bytes_never_panic_a_client(bytes in prop::collection::vec(any::<u8>(), 0..6000)) {
        let mut client = ClientConn::play(url(), Limits::default()).unwrap();
        let mut hello = vec![3u8];
        hello.resize(1 + 1536 * 2, 0);
        client.input(&hello).unwrap();
        let _ = client.input(&bytes);
    }
}

fn accept_quietly(e: &ServerEvent, server: &mut ServerConn) {
    use ServerEvent::*;
    if matches!(e, ConnectRequested { .. } | PublishRequested { .. } | PlayRequested { .. }) {
        let _ = server.accept();
    }
}
