//! HTTP/2 as a client, by the `h2` crate: cleartext with prior knowledge, or TLS that trusts anyone.

use std::{io, net::SocketAddr, sync::Arc};

use bytes::{Bytes, BytesMut};
use h2::{
    RecvStream, SendStream,
    client::{ResponseFuture, SendRequest},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    task::JoinHandle,
};
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{
        self, ClientConfig, DigitallySignedStruct, SignatureScheme,
        client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
        pki_types::{CertificateDer, ServerName, UnixTime},
    },
};

use crate::{
    Link, Lost, Socket,
    http1::{Request, Response},
    socket::{ResetOnDrop, soon},
};

/// The connection's flow-control window in octets: more than that of a stream (65,535, RFC 9113 §6.9.2), so that a
/// stream that is not read does not stop the answers on the others.
const CONNECTION_WINDOW: u32 = 1024 * 1024;

/// One connection that speaks HTTP/2.
#[derive(Debug)]
pub struct Http2 {
    send: SendRequest<Bytes>,
    driver: JoinHandle<Result<(), h2::Error>>,
    reset: ResetOnDrop,
    scheme: &'static str,
    authority: String,
}

/// A response whose content is still to come.
#[derive(Debug)]
pub struct Streamed {
    /// Status and fields; the content is empty.
    pub head: Response,
    /// The content.
    pub body: RecvStream,
}

impl Http2 {
    /// Connects in cleartext, with prior knowledge.
    ///
    /// # Errors
    ///
    /// The server does not accept, or does not speak HTTP/2.
    pub async fn connect(link: &Link) -> Result<Self, Lost> {
        let socket = link.connect().await?;
        let reset = socket.reset_on_drop();
        Self::over(socket, reset, "http", link.authority()).await
    }

    /// Connects over TLS, offering `h2` by ALPN.
    ///
    /// # Errors
    ///
    /// The server does not accept, or the TLS or HTTP/2 handshake fails.
    pub async fn connect_tls(link: &Link) -> Result<Self, Lost> {
        let stream = tls(link, &[b"h2"]).await?;
        let reset = stream.get_ref().0.reset_on_drop();
        Self::over(stream, reset, "https", link.authority()).await
    }

    async fn over<I>(io: I, reset: ResetOnDrop, scheme: &'static str, authority: String) -> Result<Self, Lost>
    where
        I: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let mut builder = h2::client::Builder::new();
        builder.initial_connection_window_size(CONNECTION_WINDOW);
        let (send, connection) = builder.handshake(io).await?;
        Ok(Self { send, driver: tokio::spawn(connection), reset, scheme, authority })
    }

    /// Sends a request with all of its content, and waits for the head of the response.
    ///
    /// # Errors
    ///
    /// The stream or the connection fails.
    pub async fn start(&mut self, request: &Request) -> Result<Streamed, Lost> {
        Self::head_of(self.send(request).await?).await
    }

    /// Sends a request with all of its content; the response is left to the caller.
    ///
    /// A `host` field becomes `:authority`; a second one stays a field.
    ///
    /// # Errors
    ///
    /// The stream or the connection fails.
    pub async fn send(&mut self, request: &Request) -> Result<ResponseFuture, Lost> {
        let (response, mut body) = self.open(request).await?;
        if let Some(content) = &request.content {
            // A server may refuse before it has read all; the answer counts.
            let _ = body.send_data(Bytes::from(content.clone()), true);
        }
        Ok(response)
    }

    /// Sends the head of a request. If it has content, that is left to the caller.
    ///
    /// # Errors
    ///
    /// The stream or the connection fails.
    pub async fn open(&mut self, request: &Request) -> Result<(ResponseFuture, SendStream<Bytes>), Lost> {
        let host = request.fields.iter().position(|(name, _)| name.eq_ignore_ascii_case("host"));
        let authority = host.map_or(&self.authority, |at| &request.fields[at].1);
        let uri = format!("{}://{authority}{}", self.scheme, request.target);
        let mut head =
            http::Request::builder().method(request.method.as_str()).uri(uri).version(http::Version::HTTP_2);
        for (at, (name, value)) in request.fields.iter().enumerate() {
            if Some(at) != host {
                head = head.header(name.to_ascii_lowercase(), value);
            }
        }
        if let Some(content) = &request.content {
            head = head.header("content-length", content.len());
        }
        let head = head.body(()).expect("a request of a test that HTTP/2 can carry");
        let mut ready = self.send.clone().ready().await?;
        Ok(ready.send_request(head, request.content.is_none())?)
    }

    /// Waits for the head of the response.
    ///
    /// # Errors
    ///
    /// The stream or the connection fails.
    pub async fn head_of(response: ResponseFuture) -> Result<Streamed, Lost> {
        let (head, body) = response.await?.into_parts();
        let fields = head.fields();
        Ok(Streamed { head: Response { status: head.status.as_u16(), fields, content: Vec::new() }, body })
    }

    /// Sends a request and reads the whole response.
    ///
    /// # Errors
    ///
    /// The stream or the connection fails.
    pub async fn exchange(&mut self, request: &Request) -> Result<Response, Lost> {
        let response = self.send(request).await?;
        Self::whole(response).await
    }

    /// Reads a whole response.
    ///
    /// # Errors
    ///
    /// The stream or the connection fails.
    pub async fn whole(response: ResponseFuture) -> Result<Response, Lost> {
        let Streamed { mut head, mut body } = Self::head_of(response).await?;
        while let Some(data) = next_data(&mut body).await? {
            head.content.extend_from_slice(&data);
        }
        Ok(head)
    }

    /// Resets the connection.
    pub fn cut(self) {
        self.reset.set();
        self.driver.abort();
    }

    /// Lets go of the connection, and waits until it is closed.
    ///
    /// # Errors
    ///
    /// The connection ended otherwise than in good order.
    pub async fn close(self) -> Result<(), Lost> {
        drop(self.send);
        self.driver.await.expect("the driver of the connection does not panic")?;
        Ok(())
    }

    /// Waits until the server has ended the connection, with all requests given up on this side kept open.
    ///
    /// # Errors
    ///
    /// The connection ended otherwise than with `GOAWAY(NO_ERROR)`.
    pub async fn ended(&mut self) -> Result<(), h2::Error> {
        match (&mut self.driver).await.expect("the driver of the connection does not panic") {
            Err(error) if error.is_go_away() && error.reason() == Some(h2::Reason::NO_ERROR) => Ok(()),
            ended => ended,
        }
    }
}

/// The next DATA of `body`, its octets given back to the flow-control window.
///
/// # Errors
///
/// The stream or the connection fails.
pub async fn next_data(body: &mut RecvStream) -> Result<Option<Bytes>, Lost> {
    let Some(data) = body.data().await.transpose()? else { return Ok(None) };
    body.flow_control().release_capacity(data.len())?;
    Ok(Some(data))
}

/// The next line of `body`, without its end; `buffer` keeps what came behind it.
///
/// # Errors
///
/// [`Lost::StreamEnded`] after the last line; the stream or the connection fails.
pub async fn next_line(body: &mut RecvStream, buffer: &mut BytesMut) -> Result<String, Lost> {
    let mut searched = 0;
    loop {
        if let Some(end) = buffer[searched..].iter().position(|octet| *octet == b'\n') {
            let line = buffer.split_to(searched + end + 1);
            let line = line[..searched + end].to_vec();
            return Ok(
                String::from_utf8(line).unwrap_or_else(|error| panic!("a line that is not UTF-8: {error}"))
            );
        }
        searched = buffer.len();
        match next_data(body).await? {
            Some(data) => buffer.extend_from_slice(&data),
            None => {
                assert!(
                    buffer.is_empty(),
                    "the stream ended within a line: {:?}",
                    String::from_utf8_lossy(buffer)
                );
                return Err(Lost::StreamEnded);
            }
        }
    }
}

trait Fields {
    fn fields(&self) -> Vec<(String, String)>;
}

impl Fields for http::response::Parts {
    fn fields(&self) -> Vec<(String, String)> {
        let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        self.headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect()
    }
}

/// A TLS connection that offers these protocols by ALPN (none: no ALPN) and trusts any certificate.
///
/// # Errors
///
/// The server does not accept, or the handshake fails.
pub async fn tls(link: &Link, alpn: &[&[u8]]) -> io::Result<TlsStream<Socket>> {
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(TrustAnyone(ring::default_provider())))
        .with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|protocol| protocol.to_vec()).collect();
    let name = ServerName::try_from("localhost").map_err(io::Error::other)?;
    TlsConnector::from(Arc::new(config)).connect(name, link.connect().await?).await
}

/// Sends these octets after the client's connection preface and an empty SETTINGS frame, answers nothing, and
/// gives all that the server sends until it ends the connection.
///
/// # Panics
///
/// The server does not end the connection.
pub async fn raw_frames(address: SocketAddr, octets: &[u8]) -> Vec<u8> {
    let whole = [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".as_slice(), &frame(4, 0, 0, &[]), octets].concat();
    soon("the end of an HTTP/2 connection that answers nothing", async {
        let mut http = crate::Http1::connect(&Link::to(address)).await.expect("the server accepts");
        let _ = http.send_raw(&whole).await;
        http.until_closed().await
    })
    .await
}

/// A frame (RFC 9113 §4.1).
pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("a payload below 2^24 octets").to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// The HEADERS frame of `GET path` on stream 1, with `END_STREAM` and `END_HEADERS`.
pub fn get_frame(path: &str, authority: &str) -> Vec<u8> {
    // RFC 7541 §6.1: indexed `:method GET` and `:scheme http`; §6.2.2: literals of `:path` and `:authority`.
    let mut block = vec![0x82, 0x86];
    for (name, value) in [(0x04, path), (0x01, authority)] {
        block.extend([
            name,
            u8::try_from(value.len()).ok().filter(|length| *length < 127).expect("a short value"),
        ]);
        block.extend(value.as_bytes());
    }
    frame(1, 0x05, 1, &block)
}

/// Every certificate is taken: the server's is self-signed, and who it is is not what is tested.
#[derive(Debug)]
struct TrustAnyone(CryptoProvider);

impl ServerCertVerifier for TrustAnyone {
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
        verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
