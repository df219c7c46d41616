//! The self-signed certificate, made on first use and kept, and TLS with it.

use std::{
    fs, io,
    path::Path,
    pin::Pin,
    sync::Arc,
    task::{Context as TaskContext, Poll, ready},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ProtocolVersion, ServerConfig, ServerConnection,
        crypto::ring,
        pki_types::{
            CertificateDer, PrivateKeyDer,
            pem::{self, PemObject},
        },
    },
    server::TlsStream,
};
use wire::tap::Recorder;

use crate::{Context, Stream, stream::Connection};

/// How long a certificate is valid. Browsers refuse more than 398 days, from whomever it is.
const VALIDITY: Duration = Duration::from_secs(397 * 24 * 60 * 60);

/// A kept certificate that has less than this left is made anew.
const RENEWAL: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Certificate and key in one file, so that they always belong together.
const FILE: &str = "certificate.pem";

/// TLS for `context`'s server, offering `alpn`, with the certificate of its data folder; it is made there if
/// there is none that can be read, if it is about to expire, or if it lacks one of the server's names.
///
/// # Errors
///
/// The folder or the file cannot be read or written; the message names it.
pub fn acceptor(context: &Context, alpn: &[&[u8]]) -> io::Result<TlsAcceptor> {
    let path = context.data.join(FILE);
    let pem = kept_or_new(&path, &names(context)).map_err(|error| {
        let kept = path.display();
        let reason =
            format!("the certificate cannot be kept as {kept}: {error}; choose another folder with --data");
        io::Error::new(error.kind(), reason)
    })?;
    let (chain, key) = chain_and_key(&pem).map_err(io::Error::other)?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(io::Error::other)?;
    config.alpn_protocols = alpn.iter().map(|protocol| protocol.to_vec()).collect();
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// The certificate and its key out of the file's text.
fn chain_and_key(pem: &str) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), pem::Error> {
    let chain: Vec<_> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect::<Result<_, _>>()?;
    if chain.is_empty() {
        return Err(pem::Error::NoItemsFound);
    }
    Ok((chain, PrivateKeyDer::from_pem_slice(pem.as_bytes())?))
}

/// TLS behind a tap: what is read and written inside it is told to the connection's record.
#[derive(Debug)]
pub struct Recorded {
    tls: TlsStream<Stream>,
    recorder: Recorder,
}

impl Recorded {
    /// Records what passes inside `tls`, whose handshake is over.
    pub fn new(tls: TlsStream<Stream>, recorder: Recorder) -> Self {
        recorder.tls_began(record_overhead(tls.get_ref().1));
        Self { tls, recorder }
    }
}

/// Octets of a record beside its header and plaintext: the content's type and a tag of 16 (RFC 8446 §5.2), before
/// TLS 1.3 the tag and, but for ChaCha20, a nonce of 8 (RFC 5288 §3, RFC 7905 §2).
fn record_overhead(tls: &ServerConnection) -> u64 {
    let suite = tls.negotiated_cipher_suite().map(|suite| suite.suite());
    match suite.and_then(|suite| suite.as_str()) {
        _ if tls.protocol_version() == Some(ProtocolVersion::TLSv1_3) => 17,
        Some(name) if name.contains("CHACHA20") => 16,
        _ => 24,
    }
}

impl Connection for Recorded {
    fn stream(&self) -> &Stream {
        self.tls.get_ref().0
    }
}

impl AsyncRead for Recorded {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut TaskContext<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        ready!(Pin::new(&mut this.tls).poll_read(cx, buf))?;
        this.recorder.client_plaintext(buf.filled().get(before..).unwrap_or_default());
        Poll::Ready(Ok(()))
    }
}

/// Not vectored: one slice at a time is what can be told simply.
impl AsyncWrite for Recorded {
    fn poll_write(self: Pin<&mut Self>, cx: &mut TaskContext<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = ready!(Pin::new(&mut this.tls).poll_write(cx, buf))?;
        this.recorder.server_plaintext(buf.get(..written).unwrap_or_default());
        Poll::Ready(Ok(written))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().tls).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().tls).poll_shutdown(cx)
    }
}

fn names(context: &Context) -> Vec<String> {
    let mut names = ["localhost", "127.0.0.1", "::1"].map(str::to_owned).to_vec();
    for host in context.gate.hosts() {
        let name = host.trim_matches(['[', ']']);
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    names
}

fn kept_or_new(path: &Path, names: &[String]) -> io::Result<String> {
    match fs::read_to_string(path) {
        Ok(pem)
            if pem.lines().next().is_some_and(|line| is_current(line, names))
                && chain_and_key(&pem).is_ok() =>
        {
            return Ok(pem);
        }
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let pem = make(names)?;
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    // Renamed into place, so that a server that starts at the same time reads a whole one.
    let unfinished = path.with_extension(format!("{}.tmp", std::process::id()));
    write_private(&unfinished, &pem)?;
    fs::rename(&unfinished, path)?;
    tracing::info!("made a self-signed certificate for {}: {}", names.join(", "), path.display());
    Ok(pem)
}

/// The first line of the file: what a reader of the certificate would have to decode it for.
fn heading(names: &[String], expires: SystemTime) -> String {
    format!("crosstalk certificate, expires {}, for {}", seconds(expires), names.join(" "))
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

fn is_current(line: &str, names: &[String]) -> bool {
    let parsed = line
        .strip_prefix("crosstalk certificate, expires ")
        .and_then(|rest| rest.split_once(", for "))
        .and_then(|(expires, kept)| Some((expires.parse::<u64>().ok()?, kept)));
    let Some((expires, kept)) = parsed else { return false };
    let kept: Vec<_> = kept.split(' ').collect();
    expires > seconds(SystemTime::now() + RENEWAL) && names.iter().all(|name| kept.contains(&name.as_str()))
}

fn make(names: &[String]) -> io::Result<String> {
    let now = SystemTime::now();
    let mut params = CertificateParams::new(names).map_err(io::Error::other)?;
    params.distinguished_name.push(DnType::CommonName, "Crosstalk, self-signed");
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.not_before = (now - Duration::from_secs(24 * 60 * 60)).into();
    params.not_after = (now - Duration::from_secs(24 * 60 * 60) + VALIDITY).into();
    let key = KeyPair::generate().map_err(io::Error::other)?;
    let certificate = params.self_signed(&key).map_err(io::Error::other)?;
    let heading = heading(names, now - Duration::from_secs(24 * 60 * 60) + VALIDITY);
    Ok(format!("{heading}\n{}{}", certificate.pem(), key.serialize_pem()))
}

fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    io::Write::write_all(&mut options.open(path)?, text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn a_certificate_is_kept_until_it_lacks_a_name() {
        let folder = std::env::temp_dir().join(format!("crosstalk-tls-{}", std::process::id()));
        let path = folder.join(FILE);
        let first = kept_or_new(&path, &names(&["localhost", "::1"])).unwrap();
        assert_eq!(kept_or_new(&path, &names(&["localhost"])).unwrap(), first, "kept");
        let second = kept_or_new(&path, &names(&["localhost", "chat.example"])).unwrap();
        assert_ne!(second, first, "made anew for a new name");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(
                fs::metadata(&path).unwrap().permissions().mode() & 0o777,
                0o600,
                "the key is private"
            );
        }
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_certificate_that_is_cut_off_is_made_anew() {
        let folder = std::env::temp_dir().join(format!("crosstalk-tls-cut-{}", std::process::id()));
        let path = folder.join(FILE);
        let ours = names(&["localhost"]);
        let whole = kept_or_new(&path, &ours).unwrap();
        for cut in [whole.find("-----END CERT").unwrap(), whole.find("-----BEGIN PRIV").unwrap()] {
            fs::write(&path, &whole[..cut]).unwrap();
            let anew = kept_or_new(&path, &ours).unwrap();
            assert!(chain_and_key(&anew).is_ok(), "{anew}");
        }
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_certificate_about_to_expire_is_made_anew() {
        let ours = names(&["localhost"]);
        let soon = heading(&ours, SystemTime::now() + RENEWAL - Duration::from_secs(60));
        let late = heading(&ours, SystemTime::now() + RENEWAL + Duration::from_secs(60));
        assert!(!is_current(&soon, &ours) && is_current(&late, &ours));
        assert!(!is_current("-----BEGIN CERTIFICATE-----", &ours));
    }
}
