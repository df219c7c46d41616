//! A connection to the server, counted.

use std::{io, net::SocketAddr, sync::Arc};

use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpSocket,
};
use tokio_rustls::{TlsConnector, rustls};

use crate::{
    counted::{Counted, Counts},
    layers::Speaks,
};

/// The receive buffer of a client that does not read (octets).
const SMALL_BUFFER: u32 = 16 * 1024;

/// A stream of octets, whatever counts or encrypts it.
pub(super) trait Octets: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Octets for S {}

/// Where to connect, and how.
#[derive(Clone)]
pub(super) struct Target {
    addresses: Arc<[SocketAddr]>,
    pub(super) address: SocketAddr,
    pub(super) tls: Option<TlsConnector>,
    has_small_buffer: bool,
}

impl Target {
    /// With TLS, it is HTTP/2 that is agreed on, and any certificate will do.
    ///
    /// # Errors
    ///
    /// There is no address.
    pub(super) fn new(addresses: &[SocketAddr], tls: bool) -> io::Result<Self> {
        let address = *addresses.first().ok_or(io::ErrorKind::AddrNotAvailable)?;
        let tls = if tls { Some(trusting()?) } else { None };
        Ok(Self { addresses: addresses.into(), address, tls, has_small_buffer: false })
    }

    /// The same for one of the audience, which takes the relays in turn.
    pub(super) fn of_client(mut self, client: usize) -> Self {
        self.address = self.addresses.get(client % self.addresses.len()).copied().unwrap_or(self.address);
        self
    }

    /// The same for clients of which the kernel takes little while they do not read.
    pub(super) fn with_small_buffer(self) -> Self {
        Self { has_small_buffer: true, ..self }
    }

    /// The field `host`.
    pub(super) fn host(&self) -> String {
        format!("127.0.0.1:{}", self.address.port())
    }

    /// Connects. With `counts`, what passes is counted there by layer.
    pub(super) async fn connect(
        &self,
        speaks: Speaks,
        counts: Option<&Arc<Counts>>,
    ) -> io::Result<Box<dyn Octets>> {
        let socket = TcpSocket::new_v4()?;
        if self.has_small_buffer {
            socket.set_recv_buffer_size(SMALL_BUFFER)?;
        }
        let socket = socket.connect(self.address).await?;
        socket.set_nodelay(true)?;
        let Some(counts) = counts else { return self.encrypt(Box::new(socket)).await };
        counts.add_connection(socket.local_addr()?, self.address);
        let octets = self.encrypt(Box::new(Counted::octets(socket, counts.clone()))).await?;
        Ok(Box::new(Counted::layers(octets, counts.clone(), speaks)))
    }

    async fn encrypt(&self, socket: Box<dyn Octets>) -> io::Result<Box<dyn Octets>> {
        match &self.tls {
            Some(tls) => {
                let name = rustls::pki_types::ServerName::from(self.address.ip());
                Ok(Box::new(tls.connect(name, socket).await?))
            }
            None => Ok(socket),
        }
    }
}

/// A client that trusts any certificate: servers under test make their own.
fn trusting() -> io::Result<TlsConnector> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AnyCertificate(provider)))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec()];
    Ok(TlsConnector::from(Arc::new(config)))
}

#[derive(Debug)]
struct AnyCertificate(Arc<rustls::crypto::CryptoProvider>);

impl rustls::client::danger::ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &rustls::pki_types::CertificateDer<'_>,
        _: &[rustls::pki_types::CertificateDer<'_>],
        _: &rustls::pki_types::ServerName<'_>,
        _: &[u8],
        _: rustls::pki_types::UnixTime,
    ) -> Result<rustls::client::danger::ServerCertVerified, rustls::Error> {
        Ok(rustls::client::danger::ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &rustls::pki_types::CertificateDer<'_>,
        signed: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(
            message,
            certificate,
            signed,
            &self.0.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &rustls::pki_types::CertificateDer<'_>,
        signed: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(
            message,
            certificate,
            signed,
            &self.0.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
