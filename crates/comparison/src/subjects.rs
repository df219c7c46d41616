//! Who is measured: the house's transports, a control, the floor, and peers.

use std::collections::BTreeMap;

use crate::record::{Kind, Subject, Transport};

mod settings;

use settings::{
    BATCH, BOUND, BROADCAST, COMMON, COURSE_HTTP2, COURSE_POLLING, HTTP2_STREAMING, LONG_POLLING, NO_BOUND,
    NODE, POLLING, PRODUCTION, RAW_WEBSOCKET, SOCKET_IO, Setting, TOKIO, TUNGSTENITE,
};

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
    settings: &'static [Setting],
}

impl Entry {
    /// True if it keeps messages for newcomers, and takes `--history`.
    pub fn keeps_history(&self) -> bool {
        !matches!(self.program, Program::Own(_))
    }

    /// Beyond what it was not measured, and why; nothing for those that are asked for all.
    pub fn bound(&self) -> Option<&'static str> {
        self.settings.iter().find(|(name, _)| *name == BOUND).map(|&(_, bound)| bound)
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

/// What lifts the house's limits for a load from one address.
const UNLIMITED: &[&str] = &["--post-rate", "0"];

const fn house(
    name: &'static str,
    title: &'static str,
    transport: Transport,
    made_of: &'static str,
    settings: &'static [Setting],
) -> Entry {
    Entry {
        name,
        title,
        kind: Kind::House,
        transport,
        made_of,
        program: Program::Binary(name),
        arguments: UNLIMITED,
        settings,
    }
}

const fn peer(
    name: &'static str,
    title: &'static str,
    transport: Transport,
    made_of: &'static str,
    program: Program,
    settings: &'static [Setting],
) -> Entry {
    Entry { name, title, kind: Kind::Peer, transport, made_of, program, arguments: &[], settings }
}

/// All subjects, in the order reports show them; the broken ones are for tests only.
pub const ENTRIES: &[Entry] = &[
    house("polling", "Polling", Transport::Polling, "axum, hyper", POLLING),
    house("long-polling", "Long polling", Transport::LongPolling, "axum, hyper", LONG_POLLING),
    house("http2-streaming", "HTTP/2 streaming", Transport::Http2Streaming, "h2", HTTP2_STREAMING),
    house("raw-websocket", "Raw WebSocket", Transport::Websocket, "by hand, on hyper", RAW_WEBSOCKET),
    house(
        "tungstenite-websocket",
        "tungstenite",
        Transport::Websocket,
        "tokio-tungstenite, on hyper",
        TUNGSTENITE,
    ),
    Entry {
        kind: Kind::Control,
        program: Program::Binary("raw-websocket"),
        ..house(
            "raw-websocket-again",
            "Raw WebSocket, again",
            Transport::Websocket,
            "by hand, on hyper",
            RAW_WEBSOCKET,
        )
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
                (
                    "runtime",
                    "tokio, one thread: it is woken by tokio, reads a post, and calls send for each client in turn",
                ),
                ("envelope", r#"{"messages":[{"id","user","text"}]}"#),
                ("history", "none"),
                ("heartbeat", "none"),
                ("buffers", "the kernel's; who does not take what it is sent is dropped"),
            ],
        )
    },
    peer(
        "npm-ws",
        "npm ws",
        Transport::Websocket,
        "ws, node:http",
        Program::Node("ws.js"),
        &[NODE, PRODUCTION, BATCH, ("heartbeat", "none"), NO_BOUND],
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
        COURSE_POLLING,
    ),
    peer(
        "course-http2",
        "The course's HTTP/2 stream",
        Transport::CourseHttp2,
        "node:http2, nanobuffer",
        Program::Node("course-http2.js"),
        COURSE_HTTP2,
    ),
    peer(
        "axum-ws",
        "axum ws",
        Transport::Websocket,
        "axum's ws (tokio-tungstenite)",
        Program::Binary("peer-axum"),
        &[TOKIO, BATCH, ("heartbeat", "none"), BROADCAST],
    ),
    peer(
        "fastwebsockets",
        "fastwebsockets",
        Transport::Websocket,
        "fastwebsockets, hyper",
        Program::Binary("peer-fastwebsockets"),
        &[TOKIO, BATCH, ("heartbeat", "none"), BROADCAST],
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
    Entry {
        kind: Kind::Broken,
        ..peer(
            "forgets-on-write",
            "Long polling that forgets on write",
            Transport::LongPolling,
            "axum, wrong on purpose",
            Program::Own(&["forgets"]),
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
