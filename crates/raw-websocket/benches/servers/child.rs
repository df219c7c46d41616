//! A server under measurement: a process of its own, this program started again or Node.

use std::{
    env,
    io::{BufRead, BufReader},
    net::SocketAddrV4,
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use crate::{Outcome, cases::Peer, node};

/// What a server says on its first line, and where it listens.
pub(crate) const LISTENING: &str = "listening on ";

/// Dropping it ends the process. The process ends by itself when its standard input does, so none outlives the bench.
pub(crate) struct Server {
    process: Child,
    pub(crate) address: SocketAddrV4,
    /// Whether its clients are to offer permessage-deflate.
    pub(crate) deflates: bool,
}

impl Server {
    /// Starts it and waits until it listens; `echo`: it is to say each message back as it is.
    pub(crate) fn start(peer: &Peer, echo: bool) -> Outcome<Self> {
        let mut command = if peer.program == node::PROGRAM {
            let mut command = Command::new("node");
            command.arg(node::folder()?.join(node::SERVER));
            command
        } else {
            let mut command = Command::new(env::current_exe()?);
            command.args(["serve", peer.program]);
            command
        };
        if echo {
            command.arg("--echo");
        }
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        if let Some(stdout) = &mut process.stdout {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        let address = line.trim().strip_prefix(LISTENING).map(str::parse);
        let Some(Ok(address)) = address else {
            let _ = process.kill();
            return Err(format!("{} did not start: {line:?}", peer.name).into());
        };
        Ok(Self { process, address, deflates: peer.deflates })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Where the build's results are: `target`.
pub(crate) fn target_folder() -> Outcome<PathBuf> {
    // target/release/deps/servers-0123456789abcdef
    let program = env::current_exe()?;
    Ok(program.ancestors().nth(3).ok_or("this program is not in a target folder")?.to_owned())
}
