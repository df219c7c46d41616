//! Somebody at a desk: a folder of their own, a repository whose tracks run a server in JavaScript, and the verbs.

use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::Duration,
};

use serde_json::Value;

/// How long an answer may take, on a machine that has much to do.
const PATIENCE: Duration = Duration::from_secs(60);

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// The server in JavaScript that has the first three steps of raw-websocket.
pub(super) fn server() -> PathBuf {
    root().join("crates/workshop/tests/programs/server.mjs")
}

/// A learner, or the instructor.
pub(super) struct Desk {
    root: PathBuf,
}

impl Desk {
    /// A repository like this one, but that the learner's program is `node server.mjs`. `name` is that of the test.
    pub(super) fn new(name: &str) -> Self {
        let (real, folder) = (root(), root().join("target/workshop-tests/class").join(name));
        let _ = fs::remove_dir_all(&folder);
        let tracks = folder.join("crates/workshop/tracks");
        fs::create_dir_all(&tracks).unwrap();
        for shared in ["web", "Cargo.toml", "Cargo.lock"] {
            symlink(real.join(shared), folder.join(shared)).unwrap();
        }
        for entry in fs::read_dir(real.join("crates")).unwrap() {
            let entry = entry.unwrap();
            if entry.file_name() != "workshop" {
                symlink(entry.path(), folder.join("crates").join(entry.file_name())).unwrap();
            }
        }
        for entry in fs::read_dir(real.join("crates/workshop/tracks")).unwrap() {
            let entry = entry.unwrap();
            let text = fs::read_to_string(entry.path()).unwrap();
            let (head, steps) = text.split_once("\n[[step]]").unwrap();
            let text = format!("{head}\nrun = [\"node\", \"server.mjs\"]\n\n[[step]]{steps}");
            fs::write(tracks.join(entry.file_name()), text).unwrap();
        }
        Self { root: folder }
    }

    /// Their files of the track raw-websocket.
    pub(super) fn learner(&self) -> PathBuf {
        self.root.join("my/raw-websocket")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_workshop"));
        command.args(arguments).current_dir(&self.root).env_remove("WORKSHOP_MY");
        command.env("WORKSHOP_NO_BROWSER", "1");
        command
    }

    fn output(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// What a verb says that does what it should.
    pub(super) fn says(&self, arguments: &[&str]) -> String {
        let output = self.output(arguments);
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// What a verb says that cannot.
    pub(super) fn fails(&self, arguments: &[&str]) -> String {
        let output = self.output(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// What `check` says, however it ends.
    pub(super) fn checks(&self) -> String {
        String::from_utf8(self.output(&["check"]).stdout).unwrap()
    }
}

/// The wall of a class, running.
pub(super) struct Wall {
    child: Child,
    pub(super) address: String,
}

impl Wall {
    pub(super) fn start(desk: &Desk, options: &[&str]) -> Self {
        let mut command = desk.command(&["class"]);
        let mut child = command.args(options).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = lines.next().expect("the wall listens").unwrap();
        let address = line.strip_prefix("listening on ").unwrap_or_else(|| panic!("{line}")).to_owned();
        // What it still says is read, so that it can say it.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address }
    }

    pub(super) fn host(&self) -> &str {
        self.address.trim_start_matches("http://").trim_end_matches('/')
    }

    pub(super) fn port(&self) -> u16 {
        self.host().rsplit_once(':').unwrap().1.parse().unwrap()
    }

    /// The texts of its log, oldest first.
    pub(super) fn log(&self) -> Vec<String> {
        self.batch().into_iter().map(|message| message["text"].as_str().unwrap().to_owned()).collect()
    }

    /// The last that each learner told.
    pub(super) fn rows(&self) -> BTreeMap<String, Value> {
        let mut rows = BTreeMap::new();
        for message in self.batch() {
            let name = message["user"].as_str().unwrap().to_owned();
            let row: Value = serde_json::from_str(message["text"].as_str().unwrap()).unwrap();
            if row["standing"]["left"] == true {
                rows.remove(&name);
            } else {
                rows.insert(name, row["standing"].clone());
            }
        }
        rows
    }

    pub(super) fn row(&self, name: &str) -> Value {
        self.rows().remove(name).unwrap_or_else(|| panic!("{name} is not on the wall"))
    }

    fn batch(&self) -> Vec<Value> {
        let answer =
            exchange(self.port(), "GET /messages HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
        let (head, content) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
        let batch: Value = serde_json::from_str(content).unwrap();
        batch["messages"].as_array().unwrap().clone()
    }
}

impl Drop for Wall {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Posts to a wall, and gives the answer.
pub(super) fn post(port: u16, target: &str, fields: &str, content: &str) -> String {
    let length = content.len();
    exchange(
        port,
        &format!(
            "POST {target} HTTP/1.1\r\nhost: localhost:{port}\r\ncontent-length: {length}\r\n{fields}\
             connection: close\r\n\r\n{content}"
        ),
    )
}

fn exchange(port: u16, request: &str) -> String {
    let mut tcp = TcpStream::connect(("127.0.0.1", port)).unwrap();
    tcp.set_read_timeout(Some(PATIENCE)).unwrap();
    tcp.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    tcp.read_to_end(&mut answer).unwrap();
    String::from_utf8(answer).unwrap()
}

/// What so many clients say to who says `204` to everything.
pub(super) fn hear(listener: &TcpListener, clients: usize) -> Vec<String> {
    (0..clients).map(|_| hear_and_say(listener, b"HTTP/1.1 204 No Content\r\n\r\n")).collect()
}

/// What a client says, and says this to it.
pub(super) fn hear_and_say(listener: &TcpListener, answer: &[u8]) -> String {
    let (mut tcp, _) = listener.accept().unwrap();
    tcp.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut heard = Vec::new();
    let is_whole = |heard: &[u8]| {
        let text = String::from_utf8_lossy(heard);
        let (head, content) = text.split_once("\r\n\r\n")?;
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "))?;
        Some(content.len() >= length.parse().ok()?)
    };
    while is_whole(&heard) != Some(true) {
        let mut octets = [0; 4096];
        let count = tcp.read(&mut octets).unwrap();
        assert_ne!(count, 0, "the request ends early");
        heard.extend_from_slice(&octets[..count]);
    }
    tcp.write_all(answer).unwrap();
    String::from_utf8(heard).unwrap()
}
