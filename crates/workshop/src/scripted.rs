//! A server that does what a check says: it gives the chat page, with the learner's modules in it, and hands every
//! request for `/messages` to the check, which answers it, delays it, cuts it, or never does.

mod asked;

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

pub use self::asked::{Asked, Pieces, Socket};
use crate::client::Wire;

/// The most that a head, or a body, may have.
const MAX_BYTES: u64 = 256 << 10;

/// How long a browser's idle connection is kept.
const IDLE: Duration = Duration::from_secs(60);

/// What a page is made of.
#[derive(Clone, Debug)]
pub struct Site {
    /// Folders with a `web` in them: a file is taken from the first that has it.
    pub folders: Vec<PathBuf>,
    /// The name of the transport.
    pub transport: String,
}

impl Site {
    /// The file for a path, and its type.
    fn file(&self, path: &str) -> Option<(Vec<u8>, &'static str)> {
        let path = if path == "/" { "/index.html" } else { path };
        let name =
            path.strip_prefix('/').filter(|name| name.split('/').all(|part| !part.starts_with('.')))?;
        let mut octets = self.folders.iter().find_map(|folder| read(&folder.join("web").join(name)))?;
        let kind = match Path::new(name).extension()?.to_str()? {
            "html" => {
                let text = String::from_utf8_lossy(&octets);
                let text = text.replace("{{transport}}", &self.transport).replace("{{title}}", "Yours");
                octets = text.into_bytes();
                "text/html; charset=utf-8"
            }
            "js" => "text/javascript; charset=utf-8",
            "css" => "text/css; charset=utf-8",
            "svg" => "image/svg+xml",
            _ => return None,
        };
        Some((octets, kind))
    }
}

fn read(path: &Path) -> Option<Vec<u8>> {
    std::fs::read(path).ok()
}

/// The server; it stops when it is dropped.
#[derive(Debug)]
pub struct Scripted {
    /// Where it listens.
    pub address: SocketAddr,
    stopped: Arc<AtomicBool>,
}

impl Scripted {
    /// Serves `site`; each request for `/messages` is given to `asked`.
    ///
    /// # Errors
    ///
    /// No port is free.
    pub fn start(site: Site, asked: impl Fn(Arrived) + Clone + Send + 'static) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let address = listener.local_addr()?;
        let stopped = Arc::new(AtomicBool::new(false));
        let (site, stop) = (Arc::new(site), Arc::clone(&stopped));
        thread::spawn(move || {
            for tcp in listener.incoming().map_while(Result::ok) {
                if stop.load(Ordering::Acquire) {
                    return;
                }
                let (site, asked) = (Arc::clone(&site), asked.clone());
                thread::spawn(move || serve(tcp, &site, &asked));
            }
        });
        Ok(Self { address, stopped })
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Release);
        // Wakes the thread that accepts.
        let _ = TcpStream::connect(self.address);
    }
}

/// Requests of one connection, until one is the check's.
fn serve(tcp: TcpStream, site: &Site, asked: &impl Fn(Arrived)) {
    let _ = tcp.set_nodelay(true);
    let _ = tcp.set_read_timeout(Some(IDLE));
    let Ok(other) = tcp.try_clone() else { return };
    let (mut input, mut tcp) = (BufReader::new(other), tcp);
    while let Some(request) = Request::read(&mut input) {
        if request.path() == "/messages" {
            asked(Arrived { request, tcp, early: input.buffer().to_vec() });
            return;
        }
        let (status, octets, kind) = match site.file(request.path()) {
            Some((octets, kind)) => ("200 OK", octets, kind),
            None => ("404 Not Found", Vec::new(), "text/plain"),
        };
        let head = format!(
            "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {}\r\ncache-control: no-store\r\n\r\n",
            octets.len()
        );
        if tcp.write_all(&[head.as_bytes(), &octets].concat()).is_err() {
            return;
        }
    }
}

/// A request of the page.
#[derive(Debug, Default)]
pub struct Request {
    /// Such as `GET`.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// Names in lower case, and values.
    pub fields: Vec<(String, String)>,
    /// Its content.
    pub body: Vec<u8>,
    octets: Vec<u8>,
}

impl Request {
    fn read(input: &mut BufReader<TcpStream>) -> Option<Self> {
        let mut octets = Vec::new();
        while !octets.ends_with(b"\r\n\r\n") {
            match input.by_ref().take(MAX_BYTES).read_until(b'\n', &mut octets) {
                Ok(1..) if (octets.len() as u64) < MAX_BYTES => {}
                _ => return None,
            }
        }
        let text = String::from_utf8_lossy(&octets).into_owned();
        let mut lines = text.lines();
        let mut first = lines.next()?.split(' ').map(ToOwned::to_owned);
        let (method, target) = (first.next()?, first.next()?);
        let fields: Vec<_> = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        let mut request = Self { method, target, fields, octets, ..Self::default() };
        let length: u64 = request.field("content-length").and_then(|value| value.parse().ok()).unwrap_or(0);
        input.by_ref().take(length.min(MAX_BYTES)).read_to_end(&mut request.body).ok()?;
        request.octets.extend_from_slice(&request.body);
        Some(request)
    }

    /// The target without its query.
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// The value of a field.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str())
    }

    /// A member of the query, as it stands there: what the chat's cursors are needs no decoding.
    pub fn query(&self, name: &str) -> Option<&str> {
        let (_, query) = self.target.split_once('?')?;
        query
            .split('&')
            .filter_map(|member| member.split_once('='))
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value)
    }

    /// Whether it asks for a WebSocket.
    pub fn is_upgrade(&self) -> bool {
        self.field("upgrade").is_some_and(|value| value.eq_ignore_ascii_case("websocket"))
    }

    /// Its first line without the version.
    pub fn told(&self) -> String {
        let what = if self.is_upgrade() { ", a WebSocket" } else { "" };
        format!("{} {}{what}", self.method, self.target)
    }
}

/// A request and its connection, on the way to the check.
#[derive(Debug)]
pub struct Arrived {
    request: Request,
    tcp: TcpStream,
    early: Vec<u8>,
}

impl Arrived {
    /// Whether it asks for a WebSocket.
    pub(crate) fn is_upgrade(&self) -> bool {
        self.request.is_upgrade()
    }

    /// From now on it is the check's; what came is in the trace of this thread.
    pub(crate) fn asked(self, patience: Duration) -> Asked {
        let wire = Wire::of(self.tcp, self.early, patience);
        wire.record(&self.request.octets);
        Asked { request: self.request, wire }
    }
}
