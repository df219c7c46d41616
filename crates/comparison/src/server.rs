//! A subject's server, or the relay before it: a process of its own, started and ended.

use std::{
    env, io,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
    time::timeout,
};

use crate::subjects::{Entry, Program};

/// How long a server may take to listen.
const START: Duration = Duration::from_secs(20);

/// How long the relay may take to do what it is told.
const COMMAND: Duration = Duration::from_secs(5);

/// A process that listens. Dropping it kills it.
pub struct Server {
    process: Child,
    input: Option<ChildStdin>,
    output: Lines<BufReader<ChildStdout>>,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Server {
    /// Starts a subject on a port, 0 being any, and waits until it listens.
    ///
    /// # Errors
    ///
    /// Its program is missing, ends, or says nothing for 20 s.
    pub async fn start(entry: &Entry, history: u32, port: u16, data: &Path) -> io::Result<Self> {
        let mut command = match entry.program {
            Program::Binary(name) => Command::new(programs()?.join(name)),
            Program::Own(subcommand) => {
                let mut command = Command::new(env::current_exe()?);
                command.args(subcommand);
                command
            }
            Program::Node(file) => {
                let mut command = Command::new("node");
                command.arg(peers().join(file));
                command
            }
        };
        command.args(entry.arguments).args(["--port", &port.to_string()]);
        if entry.keeps_history() {
            command.args(["--history", &history.to_string()]);
        }
        if entry.has_tls() {
            command.arg("--data").arg(data);
        }
        Self::listening(command).await
    }

    /// Starts the relay before a server.
    ///
    /// # Errors
    ///
    /// It does not start.
    pub async fn relay(before: SocketAddr, delay_ms: u32) -> io::Result<Self> {
        let mut command = Command::new(env::current_exe()?);
        command.args(["relay", &before.to_string(), &delay_ms.to_string()]);
        Self::listening(command).await
    }

    async fn listening(mut command: Command) -> io::Result<Self> {
        // A group of its own: Ctrl-C is for the comparison, which then ends the others in order.
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        command.process_group(0).kill_on_drop(true).env("NODE_ENV", "production").env_remove("RUST_LOG");
        let name = command.as_std().get_program().display().to_string();
        let mut process = command.spawn().map_err(|error| io::Error::other(format!("{name}: {error}")))?;
        let output = process.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
        let mut output = BufReader::new(output).lines();
        let first = timeout(START, output.next_line()).await.map_err(|_| io::ErrorKind::TimedOut)??;
        let port = first.as_deref().and_then(port);
        let port =
            port.ok_or_else(|| io::Error::other(format!("{name} did not say where it listens: {first:?}")))?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        Ok(Self { input: process.stdin.take(), process, output, address })
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.process.id().unwrap_or(0)
    }

    /// Kills it, and waits until it is gone.
    ///
    /// # Errors
    ///
    /// It cannot be killed.
    pub async fn kill(&mut self) -> io::Result<()> {
        self.process.kill().await
    }

    /// Has the relay do something, and waits until it is done.
    ///
    /// # Errors
    ///
    /// It has ended, or takes longer than 5 s.
    pub async fn command(&mut self, command: &str) -> io::Result<()> {
        let input = self.input.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
        input.write_all(format!("{command}\n").as_bytes()).await?;
        let done = timeout(COMMAND, self.output.next_line()).await.map_err(|_| io::ErrorKind::TimedOut)??;
        done.map(|_| ()).ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }
}

/// The port in `listening on http://localhost:8081/`.
fn port(line: &str) -> Option<u16> {
    line.strip_prefix("listening on ")?.trim_end_matches('/').rsplit(':').next()?.parse().ok()
}

/// Where the programs of the workspace are: beside this one, that of a test one folder above.
///
/// # Errors
///
/// The path of this program is not known.
pub fn programs() -> io::Result<PathBuf> {
    let program = env::current_exe()?;
    let folder = program.parent().ok_or(io::ErrorKind::NotFound)?;
    let folder = if folder.ends_with("deps") { folder.parent().unwrap_or(folder) } else { folder };
    Ok(folder.to_owned())
}

/// Where the peers' sources are.
pub fn peers() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("peers")
}
