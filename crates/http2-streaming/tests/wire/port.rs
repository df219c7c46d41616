//! What the port speaks: TLS with ALPN `h2`, HTTP/2 in cleartext with prior knowledge, and how it sends others on.

use std::{sync::Arc, time::Duration};

use conformance::{Http1, Http2, Link, Request, Response, Setup, http2, soon};
use server::{Limits, Options};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio_rustls::{
    TlsConnector,
    rustls::{
        AlertDescription, CertificateError, ClientConfig, Error, RootCertStore,
        crypto::ring,
        pki_types::{CertificateDer, ServerName},
    },
};

use crate::Server;

/// The HTTP/1.1 answer to `octets` over `io`, which the server has to close behind it.
async fn http1_answer(mut io: impl AsyncRead + AsyncWrite + Unpin, octets: &[u8]) -> String {
    io.write_all(octets).await.expect("the connection lives");
    let mut answer = Vec::new();
    soon("the end of the answer", io.read_to_end(&mut answer)).await.expect("an end in good order");
    String::from_utf8(answer).expect("an answer in UTF-8")
}

/// A TLS error's cause.
fn cause(error: &std::io::Error) -> Option<&Error> {
    error.get_ref()?.downcast_ref()
}

/// ALPN settles on `h2`, also where it is not the first that is offered; everything is served over TLS as in cleartext.
#[tokio::test]
async fn over_tls_alpn_is_h2() {
    let server = Server::start().await;
    for offered in [&[b"h2".as_slice()] as &[&[u8]], &[b"http/1.1", b"h2"], &[b"h2", b"http/1.1"]] {
        let stream = soon("TLS", http2::tls(&server.link(), offered)).await.expect("a handshake");
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(b"h2".as_slice()));
    }
    let mut http = soon("TLS", Http2::connect_tls(&server.link())).await.expect("a connection");
    let posted = http.exchange(&Request::post(conformance::draft("brian", "over TLS", None))).await;
    let posted: Response = posted.expect("an answer");
    assert_eq!(posted.status, 201, "{posted}");
    let mut stream = http.start(&Request::get("/messages")).await.expect("a stream");
    let line = http2::next_line(&mut stream.body, &mut bytes::BytesMut::new()).await.expect("a line");
    assert!(line.contains(posted.text()), "the same octets: {line}");
    drop((http, stream));
    server.stop().await;
}

/// Who offers protocols by ALPN and not `h2` is told by the alert that says so (RFC 7301 §3.2).
#[tokio::test]
async fn alpn_without_h2_fails_the_handshake() {
    let server = Server::start().await;
    for offered in [&[b"http/1.1".as_slice()] as &[&[u8]], &[b"http/1.0", b"h3"], &[b"h2c"], &[b"H2"]] {
        let refused = soon("TLS", http2::tls(&server.link(), offered)).await.expect_err("no handshake");
        assert_eq!(cause(&refused), Some(&Error::AlertReceived(AlertDescription::NoApplicationProtocol)));
    }
    server.stop().await;
}

/// Who offers nothing by ALPN speaks HTTP/1.1, and is told that this port does not.
#[tokio::test]
async fn tls_without_alpn_is_505() {
    let server = Server::start().await;
    for line in ["GET /", "GET /messages", "HEAD /", "POST /messages", "PUT /nothing", "OPTIONS *"] {
        let stream = soon("TLS", http2::tls(&server.link(), &[])).await.expect("a handshake");
        let request = format!("{line} HTTP/1.1\r\nhost: localhost\r\n\r\n");
        let answer = http1_answer(stream, request.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 505 HTTP Version Not Supported\r\n"), "{line}: {answer}");
        let head = answer.to_ascii_lowercase();
        assert!(head.contains("\r\nconnection: close\r\n"), "{line}: {answer}");
        assert!(head.contains("\r\ncontent-type: application/problem+json\r\n"), "{line}: {answer}");
        assert!(head.contains("\r\ncache-control: no-store\r\n"), "{line}: {answer}");
    }
    server.stop().await;
}

/// HTTP/1.1 in cleartext is led to https, target and all, for GET and HEAD; others are 505. Nobody is led to a host that
/// is not ours.
#[tokio::test]
async fn http_1_in_cleartext_is_led_to_https() {
    let server = Server::start().await;
    let own = server.authority();
    let h2c = format!(
        "connection: upgrade, http2-settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABkAAQAAP__\r\nhost: {own}\r\n"
    );
    let host = format!("host: {own}\r\n");
    for (line, fields, status, location) in [
        (
            "GET /messages?after=x-1&wait=2",
            host.as_str(),
            307,
            Some(format!("https://{own}/messages?after=x-1&wait=2")),
        ),
        ("GET /", &host, 307, Some(format!("https://{own}/"))),
        ("HEAD /nothing", &host, 307, Some(format!("https://{own}/nothing"))),
        ("GET //evil.example/", &host, 307, Some(format!("https://{own}//evil.example/"))),
        ("GET /messages", &h2c, 307, Some(format!("https://{own}/messages"))),
        ("POST /messages", &host, 505, None),
        ("OPTIONS /messages", &host, 505, None),
        ("DELETE /", &host, 505, None),
        ("GET /", "host: evil.example\r\n", 421, None),
        ("GET http://evil.example/", &host, 421, None),
        ("GET /", "", 400, None),
    ] {
        let mut http = Http1::connect(&server.link()).await.expect("the server accepts");
        let request = format!("{line} HTTP/1.1\r\n{fields}connection: close\r\n\r\n");
        http.send_raw(request.as_bytes()).await.expect("a request is sent");
        let answered = soon("an answer", http.response_to(line.split(' ').next().expect("a method"))).await;
        let response = answered.expect("an answer");
        assert_eq!(response.status, status, "{line}: {response}");
        assert_eq!(response.field("location"), location.as_deref(), "{line}: {response}");
        response.expect_common_fields(line);
    }
    server.stop().await;
}

/// The certificate is good for localhost, both loopback addresses and each `--host`, and for nobody else.
#[tokio::test]
async fn the_certificate_names_each_host() {
    let options = Options { host: vec!["chat.example".to_owned()], ..Options::default() };
    let server = Server::with(Setup { options, ..Setup::default() }).await;
    let stream = soon("TLS", http2::tls(&server.link(), &[b"h2"])).await.expect("a handshake");
    let chain = stream.get_ref().1.peer_certificates().expect("a certificate");
    let certificate: CertificateDer<'static> = chain[0].clone().into_owned();
    drop(stream);
    let mut roots = RootCertStore::empty();
    roots.add(certificate).expect("a certificate that can be trusted");
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions of TLS")
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let connector = TlsConnector::from(Arc::new(config));
    for (name, is_named) in [
        ("localhost", true),
        ("127.0.0.1", true),
        ("::1", true),
        ("chat.example", true),
        ("evil.example", false),
        ("x.chat.example", false),
        ("192.0.2.1", false),
    ] {
        let socket = server.link().connect().await.expect("the server accepts");
        let name = ServerName::try_from(name).expect("a name");
        match soon("TLS", connector.connect(name.clone(), socket)).await {
            Ok(_) => assert!(is_named, "{name:?} is taken"),
            Err(error) => {
                let named_otherwise = matches!(
                    cause(&error),
                    Some(Error::InvalidCertificate(CertificateError::NotValidForNameContext { .. }))
                );
                assert!(!is_named && named_otherwise, "{name:?}: {error}");
            }
        }
    }
    server.stop().await;
}

/// A port that speaks three things cannot be kept waiting by who does not say which: a handshake, a preface or a first
/// octet has its time, and then the connection is over.
#[tokio::test]
async fn half_a_handshake_ends_at_its_deadline() {
    let limit = Duration::from_millis(300);
    let server = Server::with(Setup::with_limits(Limits { handshake: limit, ..Limits::default() })).await;
    let mut waiting = Vec::new();
    for octets in [
        b"".as_slice(),
        b"\x16",
        b"\x16\x03\x01\x02\x00\x01",
        b"P",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n",
        // A preface goes up to its SETTINGS frame.
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ] {
        let mut http = Http1::connect(&server.link()).await.expect("the server accepts");
        http.send_raw(octets).await.expect("octets are sent");
        waiting.push((octets, http));
    }
    for (octets, mut http) in waiting {
        let said = soon(format!("the end after {octets:?}"), http.until_closed()).await;
        assert!(!said.starts_with(b"HTTP/1.1"), "nothing in HTTP/1.1 after {octets:?}");
    }
    server.stop().await;
}

/// What is no TLS ends the handshake, and nobody else notices.
#[tokio::test]
async fn broken_tls_ends_and_harms_nobody() {
    let server = Server::start().await;
    for octets in [
        [b"\x16\x03\x01\x00\x05".as_slice(), &[0; 5]].concat(),
        [b"\x16\xff\xff\xff\xff".as_slice(), &[0xff; 200]].concat(),
        // A ClientHello of TLS 1.0 without extensions.
        [
            b"\x16\x03\x01\x00\x2d\x01\x00\x00\x29\x03\x01".as_slice(),
            &[7; 32],
            b"\x00\x00\x02\x00\x2f\x01\x00",
        ]
        .concat(),
    ] {
        let mut http = Http1::connect(&server.link()).await.expect("the server accepts");
        http.send_raw(&octets).await.expect("octets are sent");
        let said = soon(format!("the end after {octets:?}"), http.until_closed()).await;
        // A TLS alert is a record of type 21.
        assert!(said.is_empty() || said.first() == Some(&21), "{said:?} after {octets:?}");
    }
    let link: Link = server.link();
    let mut http = soon("TLS", Http2::connect_tls(&link)).await.expect("a connection");
    let ready = http.exchange(&Request::get("/healthz")).await.expect("an answer");
    assert_eq!(ready.status, 200, "{ready}");
    drop(http);
    server.stop().await;
}
