//! A server in this process, and the load in one of its own.

use std::{
    io::{BufRead, BufReader, Lines, Write},
    net::{IpAddr, Ipv4Addr, SocketAddr},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use comparison::{
    load::{Fault, Plan, Report, Said},
    plan::Job,
    record::Question,
    runner::LIMITS,
    subjects::find,
};
use message_store::MessageStore;
use server::{Context, Listener, Options};

/// A process of the comparison that listens or speaks.
pub(crate) struct Process {
    process: Child,
    pub(crate) input: ChildStdin,
    pub(crate) output: Lines<BufReader<ChildStdout>>,
}

impl Process {
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_comparison"));
        let mut process =
            command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (input, output) = (process.stdin.take().unwrap(), process.stdout.take().unwrap());
        Self { process, input, output: BufReader::new(output).lines() }
    }

    pub(crate) fn line(&mut self) -> String {
        self.output.next().unwrap().unwrap()
    }

    pub(crate) fn say(&mut self, line: &str) {
        writeln!(self.input, "{line}").unwrap();
    }

    /// Where it says that it listens.
    pub(crate) fn address(&mut self) -> SocketAddr {
        let line = self.line();
        let port = line.trim_end_matches('/').rsplit(':').next().unwrap().parse().unwrap();
        SocketAddr::from((Ipv4Addr::LOCALHOST, port))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Serves a house transport in this process until the test ends.
pub(crate) fn serve(name: &str) -> SocketAddr {
    let name = name.to_owned();
    let (listening, address) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        tokio::runtime::Runtime::new().unwrap().block_on(async {
            let data =
                std::env::temp_dir().join(format!("crosstalk-comparison-{}-{name}", std::process::id()));
            let options = Options { post_rate: 0, data, ..Options::default() };
            let listener = Listener::bind(Some(IpAddr::V4(Ipv4Addr::LOCALHOST)), 0).await.unwrap();
            listening.send(listener.local_addr()).unwrap();
            let store = MessageStore::in_memory(options.history);
            macro_rules! serve {
                ($crate_name:ident) => {
                    $crate_name::serve(listener, store, Context::new($crate_name::TRANSPORT, &options)).await
                };
            }
            match name.as_str() {
                "polling" => serve!(polling),
                "long-polling" => serve!(long_polling),
                "http2-streaming" => serve!(http2_streaming),
                "raw-websocket" => serve!(raw_websocket),
                _ => serve!(tungstenite_websocket),
            }
            .unwrap();
        });
    });
    address.recv().unwrap()
}

/// A small case of a subject.
pub(crate) fn job(question: Question, subject: &str, delay_ms: u32) -> Job {
    Job::new(question, find(subject).unwrap(), 1)
        .with(|parameters| {
            (parameters.rate, parameters.audience, parameters.delay_ms) = (50.0, 5, delay_ms);
            (parameters.warm_up_s, parameters.window_s) = (0.1, 0.6);
            parameters.pause_s = parameters.pause_s.map(|_| 0.1);
        })
        .opening(2)
}

/// Makes the load for a server, with a relay before it; gives what it reports.
pub(crate) fn load(job: &Job, server: SocketAddr) -> Report {
    let parameters = job.case.parameters.clone();
    let mut relay = Process::start(&["relay", &server.to_string(), &parameters.delay_ms.to_string()]);
    let plan = Plan {
        question: job.case.question,
        parameters,
        addresses: vec![relay.address()],
        relays: Vec::new(),
        server_port: server.port(),
        pid: std::process::id(),
        seed: 1,
        openings: job.openings,
        limits: LIMITS,
    };
    let mut load = Process::start(&["load"]);
    load.say(&serde_json::to_string(&plan).unwrap());
    loop {
        match serde_json::from_str(&load.line()).unwrap() {
            Said::Done(report) => return *report,
            Said::Fault(fault) => {
                relay.say(match fault {
                    Fault::Cut => "cut",
                    Fault::BeginBlackhole => "hold",
                    Fault::EndBlackhole => "pass",
                    Fault::Kill | Fault::Start => panic!("this server is not to be killed"),
                });
                assert_eq!(relay.line(), "done");
                load.say("done");
            }
        }
    }
}
