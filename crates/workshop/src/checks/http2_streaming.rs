//! Checks of the track http2-streaming, a file for each step, and what they share: connections, streams, records.

mod connection;
mod flow;
mod heartbeat;
mod leaving;
mod page;
mod posts;
mod records;
mod stream;

use std::sync::Arc;

use serde_json::Value;
use tokio_rustls::rustls::{
    self, ClientConfig, ClientConnection, DigitallySignedStruct, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, ServerName, UnixTime},
};

use crate::{
    checks::{Check, http::Batch},
    client::{Ended, Head, Wire},
    failure::Failure,
    http2::{Event, Http2},
    probe::Probe,
    process::Running,
};

checks! {
    Server {
        connection::alpn "alpn-h2", "TLS with ALPN h2, and no other", "RFC 9113 §3.2", "alpn";
        connection::page "page-served", "one port speaks TLS, and HTTP/2 with prior knowledge", "RFC 9113 §3.3", "speaks";
        stream::head "headers-before-end", "the head comes at once, and the stream stays open", "RFC 9113 §8.1", "head";
        stream::first_record "first-record", "what is retained comes first", "the chat's protocol", "head";
        stream::still_open "still-open", "each message comes on the same stream", "RFC 6202 §3", "next";
        records::newline "newline-in-text", "a record is a line, whatever its texts have", "the chat's protocol", "line";
        records::two "two-records-one-frame", "records end where their lines end, not where frames do", "RFC 9113 §6.1", "line";
        posts::many_streams "one-connection-many-streams", "streams of one connection do not wait for each other", "RFC 9113 §5", "spawn";
        posts::ends "post-ends", "an answer that is whole ends its stream", "RFC 9113 §8.1", "respond";
        leaving::reset "reset-removes", "a stream that is reset is gone, and nothing else", "RFC 9113 §5.4.2", "stream-ended";
        leaving::others "others-go-on", "an error of one stream is no error of the connection", "RFC 9113 §5.4.2", "stream-ended";
        flow::stuck "stuck-reader-does-not-stall", "who does not read holds up nobody", "RFC 9113 §5.2", "flow-control";
        flow::memory "memory-bounded", "who does not read costs no memory", "RFC 9113 §5.2", "in-turn";
        heartbeat::ping "ping-after-silence", "a silent peer is pinged", "RFC 9113 §6.7", "silence";
        heartbeat::dropped "no-answer-dropped", "who answers no ping is dropped", "RFC 9113 §6.7", "silence";
    }
    Page {
        page::split "split-anywhere", "a record is a line, wherever chunks end", "WHATWG Fetch §5.3", "read-lines";
        page::utf8 "utf8-split", "a character is decoded whole, wherever chunks end", "WHATWG Encoding §7.2", "read-lines";
        page::red "red-on-end", "every end of a stream is told, and asked after", "WHATWG Streams §4.3", "stream-follow";
        page::no_loss "reconnects-without-loss", "the next stream begins behind the last whole line", "the chat's protocol", "stream-follow";
        page::silence "silence-is-an-end", "without a sign of life for 45 s a stream is dead", "the page's clock", "stream-follow";
    }
}

/// How far the connection's window is opened at first: more than a stream's.
const MORE: u32 = 1 << 20;

/// What RST_STREAM says when a client wants no more.
const CANCEL: u32 = 8;

/// TLS that trusts anyone: the certificate is self-signed.
#[derive(Debug)]
struct TrustsAnyone(CryptoProvider);

impl ServerCertVerifier for TrustsAnyone {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// A TLS client that offers these protocols.
fn tls(alpn: &[&str]) -> Result<ClientConnection, Failure> {
    let fail = |error: rustls::Error| Failure::new("a TLS client", error.to_string());
    let provider = Arc::new(ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(fail)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(TrustsAnyone(ring::default_provider())))
        .with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
    let name =
        ServerName::try_from("localhost").map_err(|error| Failure::new("a name", error.to_string()))?;
    ClientConnection::new(Arc::new(config), name).map_err(fail)
}

fn connect(probe: &Probe, server: &Running) -> Result<Wire, Failure> {
    Wire::connect(server.address, probe.patience(), None)
}

/// HTTP/2 in cleartext, with prior knowledge.
fn open(probe: &Probe, server: &Running) -> Result<Http2, Failure> {
    Ok(Http2::new(connect(probe, server)?, server.address.port(), "http", None, MORE))
}

/// A failure with the frame that came, or with what came instead.
fn unless(client: &Http2, due: &str, event: Result<Event, Ended>) -> Failure {
    Failure::new(due, event.map_or_else(Ended::told, |event| event.told())).came_http2(&client.last)
}

/// The head of the answer on a stream.
fn head(client: &mut Http2, stream: u32, due: &str) -> Result<(Head, bool), Failure> {
    match client.on(stream) {
        Ok(Event::Head { head, end, .. }) => Ok((head, end)),
        other => Err(unless(client, due, other)),
    }
}

/// The answer on a stream, to its end.
fn answer(client: &mut Http2, stream: u32, due: &str) -> Result<(Head, Vec<u8>), Failure> {
    let (head, mut end) = head(client, stream, due)?;
    let mut content = Vec::new();
    while !end {
        match client.on(stream) {
            Ok(Event::Data { octets, end: last, .. }) => {
                content.extend(octets);
                end = last;
            }
            Err(Ended::Silent(_)) => {
                let got = format!("status {}, {} octets, and no END_STREAM", head.status, content.len());
                return Err(Failure::new(due, got).likely(
                    "the last frame of a whole answer has END_STREAM: else the client waits for more",
                ));
            }
            other => return Err(unless(client, due, other)),
        }
    }
    Ok((head, content))
}

/// A stream of records.
struct Records {
    stream: u32,
    /// What came behind the last line.
    rest: Vec<u8>,
    /// Lines without a record.
    empty: usize,
}

impl Records {
    /// Opens a stream, and reads its head.
    fn open(client: &mut Http2, path: &str) -> Result<Self, Failure> {
        let stream = client.get(path);
        let due = "HEADERS with 200, and a stream that stays open";
        match head(client, stream, due)? {
            (head, false) if head.status == 200 => Ok(Self { stream, rest: Vec::new(), empty: 0 }),
            (head, end) => {
                let got = format!("HEADERS {}{}", head.status, if end { " with END_STREAM" } else { "" });
                Err(Failure::new(due, got))
            }
        }
    }

    /// The next piece of the stream.
    fn piece(&mut self, client: &mut Http2, due: &str) -> Result<(), Failure> {
        match client.on(self.stream) {
            Ok(Event::Data { octets, end: false, .. }) => {
                self.rest.extend(octets);
                Ok(())
            }
            Ok(Event::Data { .. }) => Err(Failure::new(due, "END_STREAM: the stream is over")
                .likely("the stream ends only when either side goes: what comes later comes on it too")),
            other => Err(unless(client, due, other)),
        }
    }

    /// The next record.
    fn next(&mut self, client: &mut Http2, due: &str) -> Result<Batch, Failure> {
        loop {
            while let Some(end) = self.rest.iter().position(|&octet| octet == b'\n') {
                let line: Vec<_> = self.rest.drain(..=end).collect();
                if line.len() > 1 {
                    return record(&line).map_err(|cause| {
                        let got: String = String::from_utf8_lossy(&line).chars().take(120).collect();
                        Failure::new(due, format!("the line {got:?}")).likely(cause)
                    });
                }
                self.empty += 1;
            }
            self.piece(client, due).map_err(|failure| {
                if self.rest.is_empty() || !failure.got.starts_with("nothing came") {
                    return failure;
                }
                let got: String = String::from_utf8_lossy(&self.rest).chars().take(80).collect();
                Failure::new(due, format!("{got:?}, and no line feed behind it"))
                    .likely("without a delimiter behind each record nobody can tell where it ends")
            })?;
        }
    }

    /// Records until this message has come: the ids of all on the way, and how many were missed.
    fn until(&mut self, client: &mut Http2, id: u64, due: &str) -> Result<(Vec<u64>, u64), Failure> {
        let (mut ids, mut missed) = (Vec::new(), 0);
        while ids.last() < Some(&id) {
            let batch = self.next(client, due)?;
            missed += batch.missed.unwrap_or_default();
            ids.extend(batch.ids());
        }
        Ok((ids, missed))
    }
}

/// A record's batch, or what is wrong with it.
fn record(line: &[u8]) -> Result<Batch, String> {
    let value: Value = serde_json::from_slice(line).map_err(|error| {
        format!("a line that is no JSON ({error}): a line feed within a record cuts it in two")
    })?;
    let messages = value.get("messages").and_then(Value::as_array).ok_or("a record is a batch")?;
    let cursor = value.get("cursor").and_then(Value::as_str).ok_or("a batch has a cursor")?;
    Ok(Batch {
        messages: messages.clone(),
        cursor: cursor.to_owned(),
        missed: value.get("missed").and_then(Value::as_u64),
        reset: value.get("reset").is_some(),
    })
}

/// Posts, and waits for the head of 201: that the answer ends is a step of its own.
fn posted(client: &mut Http2, draft: &str) -> Result<(), Failure> {
    let stream = client.post(draft);
    let due = "201 Created";
    let (head, _) = head(client, stream, due)?;
    if head.status == 201 { Ok(()) } else { Err(Failure::new(due, format!("status {}", head.status))) }
}
