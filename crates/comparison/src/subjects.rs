//! Who is measured: the house's transports, a control, the floor, and peers.

use std::collections::BTreeMap;

use crate::record::{Kind, Subject, Transport};

/// How a subject's program is had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    /// A binary of this workspace.
    Binary(&'static str),
    /// This program, as this subcommand.
    Own(&'static [&'static str]),
    /// A file of `crates/comparison/peers`, by Node.
    Node(&'static str),
}

/// A subject, and how to start it.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// Its name.
    pub name: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// What it is in the comparison.
    pub kind: Kind,
    /// How it is followed.
    pub transport: Transport,
    /// What it is made of.
    pub made_of: &'static str,
    /// Its program.
    pub program: Program,
    /// Arguments beside `--port` and `--history`.
    pub arguments: &'static [&'static str],
    /// Settings that differ.
    settings: &'static [(&'static str, &'static str)],
}

impl Entry {
    /// True if it keeps messages for newcomers, and takes `--history`.
    pub fn keeps_history(&self) -> bool {
        !matches!(self.program, Program::Own(_))
    }

    /// True if it can be asked for TLS.
    pub fn has_tls(&self) -> bool {
        self.name == "http2-streaming"
    }

    /// As it stands in the record.
    pub fn subject(&self, left_out: Option<String>) -> Subject {
        let settings = COMMON.iter().chain(self.settings);
        Subject {
            name: self.name.to_owned(),
            title: self.title.to_owned(),
            kind: self.kind,
            transport: self.transport,
            made_of: self.made_of.to_owned(),
            command: self.command(),
            left_out,
            settings: settings
                .map(|&(name, value)| (name.to_owned(), value.to_owned()))
                .collect::<BTreeMap<_, _>>(),
        }
    }

    /// The line for a shell at the root of the repository that starts it by hand, on port 9000.
    pub fn command(&self) -> String {
        let arguments = self.arguments.join(" ");
        let line = match self.program {
            Program::Binary(name) if matches!(self.kind, Kind::Peer) => {
                format!("cargo run --release -p comparison --bin {name} -- --port 9000 {arguments}")
            }
            Program::Binary(name) => format!("cargo run --release -p {name} -- --port 9000 {arguments}"),
            Program::Own(subcommand) => {
                format!("cargo run --release -p comparison -- {} --port 9000", subcommand.join(" "))
            }
            Program::Node(file) => {
                let folder = "crates/comparison/peers";
                format!("npm ci --ignore-scripts --prefix {folder} && node {folder}/{file} --port 9000")
            }
        };
        line.trim_end().to_owned()
    }
}

/// What all have, unless they say otherwise.
const COMMON: &[(&str, &str)] = &[
    ("tls", "none; http2-streaming once more with TLS 1.3"),
    ("compression", "none offered"),
    ("nodelay", "yes"),
    ("history", "the case's parameter"),
    ("build", if cfg!(debug_assertions) { "debug: not for figures" } else { "release" }),
];

/// What lifts the house's limits for a load from one address.
const UNLIMITED: &[&str] = &["--post-rate", "0"];

const fn house(
    name: &'static str,
    title: &'static str,
    transport: Transport,
    made_of: &'static str,
) -> Entry {
    Entry {
        name,
        title,
        kind: Kind::House,
        transport,
        made_of,
        program: Program::Binary(name),
        arguments: UNLIMITED,
        settings: &[
            ("envelope", r#"{"messages":[{"id","user","text","time"}],"cursor"}"#),
            ("runtime", "tokio, a thread a core"),
            ("post-rate", "unlimited; by default 20 a second"),
        ],
    }
}

const fn peer(
    name: &'static str,
    title: &'static str,
    transport: Transport,
    made_of: &'static str,
    program: Program,
    settings: &'static [(&'static str, &'static str)],
) -> Entry {
    Entry { name, title, kind: Kind::Peer, transport, made_of, program, arguments: &[], settings }
}

const NODE: (&str, &str) = ("runtime", "Node, one thread");
const TOKIO: (&str, &str) = ("runtime", "tokio, a thread a core");
const BATCH: (&str, &str) = ("envelope", r#"{"messages":[{"id","user","text","time"}]}"#);
const SOCKET_IO: &[(&str, &str)] = &[
    NODE,
    ("envelope", r#"42["messages",[{"id","user","text","time"}]]"#),
    ("heartbeat", "ping every 25 s"),
];
const COURSE: &[(&str, &str)] =
    &[NODE, ("envelope", r#"{"msg":[{"user","text","time"}]}, the newest 50 each time"#), ("history", "50")];

/// All subjects, in the order reports show them; the broken one is for tests only.
pub const ENTRIES: &[Entry] = &[
    house("polling", "Polling", Transport::Polling, "axum, hyper"),
    house("long-polling", "Long polling", Transport::LongPolling, "axum, hyper"),
    house("http2-streaming", "HTTP/2 streaming", Transport::Http2Streaming, "h2"),
    house("raw-websocket", "Raw WebSocket", Transport::Websocket, "by hand, on hyper"),
    house("tungstenite-websocket", "tungstenite", Transport::Websocket, "tokio-tungstenite, on hyper"),
    Entry {
        kind: Kind::Control,
        program: Program::Binary("raw-websocket"),
        ..house("raw-websocket-again", "Raw WebSocket, again", Transport::Websocket, "by hand, on hyper")
    },
    Entry {
        kind: Kind::Floor,
        ..peer(
            "floor",
            "The floor: one send a delivery",
            Transport::Websocket,
            "a loop around send",
            Program::Own(&["floor"]),
            &[
                ("runtime", "tokio, one thread"),
                ("history", "none"),
                ("heartbeat", "none"),
                ("limits", "none"),
            ],
        )
    },
    peer(
        "npm-ws",
        "npm ws",
        Transport::Websocket,
        "ws, node:http",
        Program::Node("ws.js"),
        &[NODE, BATCH, ("heartbeat", "none")],
    ),
    peer(
        "socket-io-websocket",
        "Socket.IO, WebSocket",
        Transport::SocketIoWebsocket,
        "socket.io, node:http",
        Program::Node("socket-io.js"),
        SOCKET_IO,
    ),
    peer(
        "socket-io-polling",
        "Socket.IO, long polling",
        Transport::SocketIoPolling,
        "socket.io, node:http",
        Program::Node("socket-io.js"),
        SOCKET_IO,
    ),
    peer(
        "course-polling",
        "The course's polling",
        Transport::CoursePolling,
        "express, nanobuffer",
        Program::Node("course-polling.js"),
        COURSE,
    ),
    peer(
        "course-http2",
        "The course's HTTP/2 stream",
        Transport::CourseHttp2,
        "node:http2, nanobuffer",
        Program::Node("course-http2.js"),
        COURSE,
    ),
    peer(
        "axum-ws",
        "axum ws",
        Transport::Websocket,
        "axum's ws (tokio-tungstenite)",
        Program::Binary("peer-axum"),
        &[TOKIO, BATCH, ("heartbeat", "none")],
    ),
    peer(
        "fastwebsockets",
        "fastwebsockets",
        Transport::Websocket,
        "fastwebsockets, hyper",
        Program::Binary("peer-fastwebsockets"),
        &[TOKIO, BATCH, ("heartbeat", "none")],
    ),
    Entry {
        kind: Kind::Broken,
        ..peer(
            "drops-one-in-10000",
            "Drops one delivery in 10,000",
            Transport::Websocket,
            "the floor, broken on purpose",
            Program::Own(&["floor", "--drop-one-in", "10000"]),
            &[],
        )
    },
];

/// The subject of this name.
pub fn find(name: &str) -> Option<&'static Entry> {
    ENTRIES.iter().find(|entry| entry.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_every_peer_says_how_to_start_it() {
        for (index, entry) in ENTRIES.iter().enumerate() {
            assert!(ENTRIES[..index].iter().all(|other| other.name != entry.name), "{}", entry.name);
            assert!(entry.command().contains("--port 9000"), "{}", entry.command());
        }
    }
}
