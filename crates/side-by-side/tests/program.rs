//! The main program as people start and stop it.

use std::{
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
    process::{Command, Output},
};

/// The program, not started yet, with a data folder of its own.
fn program(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_side-by-side"));
    command.arg("--data").arg(folder).args(arguments).env_remove("RUST_LOG");
    command
}

fn folder(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("crosstalk-program-{}-{name}", std::process::id()))
}

/// What it says and how it ends.
fn run(arguments: &[&str]) -> Output {
    program(&folder("ends"), arguments).output().expect("the program starts")
}

fn text(octets: &[u8]) -> &str {
    std::str::from_utf8(octets).expect("UTF-8")
}

/// `--help` names every option with its default.
#[test]
fn help_lists_every_option() {
    let output = run(&["--help"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let help = text(&output.stdout);
    for (option, default) in [
        ("--port <PORT>", "[default: 8080]"),
        ("--listen <ADDRESS>", "Default: both 127.0.0.1 and ::1"),
        ("--host <NAME>", "Default: none"),
        ("--allow-origin <URL>", "Default: none"),
        ("--history <MESSAGES>", "[default: 256]"),
        ("--post-rate <POSTS>", "[default: 20]"),
        ("--max-connections <CONNECTIONS>", "[default: 20000]"),
        ("--data <FOLDER>", "[default: .crosstalk]"),
        ("--expose-wire", "Default: from this machine only"),
        ("--help", ""),
    ] {
        let behind = help.split_once(option).unwrap_or_else(|| panic!("{option} is not in:\n{help}")).1;
        let of_option: String =
            behind.split("\n  ").take_while(|line| !line.trim_start().starts_with("--")).collect();
        let of_option = of_option.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(of_option.contains(default), "{default} of {option} is not in:\n{help}");
    }
}

/// A mistake on the command line is told, with the option, and starts nothing.
#[test]
fn a_mistake_on_the_command_line_is_told() {
    for (arguments, option) in [
        (["--port", "65536"], "--port"),
        (["--history", "0"], "--history"),
        (["--allow-origin", "https://example.com/path"], "--allow-origin"),
        (["--host", "http://chat.example"], "--host"),
        (["--listen", "localhost"], "an IP address of this machine"),
        (["--nothing", "1"], "--nothing"),
    ] {
        let output = run(&arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {output:?}");
        assert!(text(&output.stderr).contains(option), "{arguments:?}: {output:?}");
        assert!(output.stdout.is_empty(), "{output:?}");
    }
}

/// A port that is taken is named, with who wanted it and the option that helps; the program ends with status 1 and has
/// promised nothing.
#[test]
fn a_port_that_is_taken_is_named_with_the_option() {
    for (offset, title) in [(0, "Side by side"), (3, "HTTP/2 streaming")] {
        // Those before it may be taken by chance, by others; then that is what is told.
        let found = (0..10).any(|_| {
            let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
            let port = taken.local_addr().expect("an address").port();
            let output = run(&["--port", &(port - offset).to_string()]);
            assert_eq!(output.status.code(), Some(1), "{output:?}");
            assert!(output.stdout.is_empty(), "it says nothing of listening: {output:?}");
            let said = text(&output.stderr);
            let line = said.lines().last().unwrap_or_default();
            assert!(line.starts_with("error: ") && line.contains("--port"), "{said}");
            line.contains(&format!("port {port} ")) && line.contains(title)
        });
        assert!(found, "the port of {title} was never named");
    }
    let output = run(&["--port", "65533"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(text(&output.stderr).contains("--port"), "{output:?}");
}

/// Where there can be no folder for the certificate, the option is named that tells another.
#[test]
fn a_folder_that_cannot_be_made_is_named_with_the_option() {
    let file = folder("file");
    std::fs::write(&file, "").expect("a file");
    let output = program(&file, &["--port", "0"]).output().expect("the program starts");
    std::fs::remove_file(&file).expect("the file goes");
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let said = text(&output.stderr);
    assert!(said.contains("certificate.pem") && said.contains("--data"), "{said}");
}

/// Signals, which only Unix can send to another program.
#[cfg(unix)]
mod signals {
    use std::{
        io::{BufRead, BufReader, Read},
        net::{Ipv4Addr, SocketAddr},
        path::PathBuf,
        process::{Child, Command, ExitStatus, Stdio},
        time::{Duration, Instant},
    };

    use conformance::{
        Client, Http1, Http2Streaming, Link, LongPolling, OverWebSocket, Polling, http2, next, soon,
    };

    use super::{folder, program};

    /// A running program, killed if the test fails.
    struct Running {
        child: Child,
        /// The page, then the transports.
        addresses: Vec<SocketAddr>,
        folder: PathBuf,
    }

    impl Running {
        fn start(name: &str) -> Self {
            let folder = folder(name);
            let mut child = program(&folder, &["--port", "0", "--listen", "127.0.0.1"])
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .expect("the program starts");
            let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
            let mut addresses = Vec::new();
            // The last line says how to stop it.
            for line in lines.by_ref().map(|line| line.expect("a line")) {
                if let Some((_, authority)) = line.split_once("://") {
                    let port =
                        authority.trim_end_matches('/').rsplit(':').next().and_then(|port| port.parse().ok());
                    addresses.push((Ipv4Addr::LOCALHOST, port.expect("a port in the line")).into());
                }
                if line.contains("Ctrl-C") {
                    break;
                }
            }
            assert_eq!(addresses.len(), 6, "the page's and five transports' addresses");
            Self { child, addresses, folder }
        }

        /// Waits for the end; gives the status, and what was logged.
        fn end(mut self) -> (ExitStatus, String) {
            let status = self.child.wait().expect("a child");
            let mut log = String::new();
            self.child.stderr.take().expect("a pipe").read_to_string(&mut log).expect("the log");
            (status, log)
        }
    }

    impl Drop for Running {
        fn drop(&mut self) {
            // They fail where there is nothing left to end or to remove.
            let _ = self.child.kill();
            let _ = self.child.wait();
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }

    async fn follow<C: Client>(address: SocketAddr) -> C {
        let mut client =
            soon("a connection", C::connect(&Link::to(address), None)).await.expect("it is taken");
        next(&mut client).await;
        client
    }

    /// Ctrl-C, or SIGTERM, ends all that follow and then the program, within 2 s and with status 0.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn ctrl_c_ends_it_within_two_seconds() {
        for signal in ["INT", "TERM"] {
            let running = Running::start(signal);
            let [page, polling, long_polling, streaming, raw, tungstenite] = running.addresses[..] else {
                panic!("six addresses");
            };
            let silent = Http1::connect(&Link::to(page)).await.expect("the page accepts");
            let polling = follow::<Polling>(polling).await;
            let mut long_polling = follow::<LongPolling>(long_polling).await;
            long_polling.ask_and_not_read().await.expect("a request is sent");
            let streaming = follow::<Http2Streaming>(streaming).await;
            let raw = follow::<OverWebSocket>(raw).await;
            let tungstenite = follow::<OverWebSocket>(tungstenite).await;

            let asked = Instant::now();
            let pid = running.child.id().to_string();
            let sent = Command::new("kill").args(["-s", signal, &pid]).status().expect("kill is there");
            assert!(sent.success(), "the signal is sent");
            let ends = async {
                streaming.graceful_end().await?;
                raw.graceful_end().await?;
                tungstenite.graceful_end().await
            };
            soon("the followers' ends", ends).await.expect("the ends that the protocol names");
            let (status, log) =
                tokio::task::spawn_blocking(|| running.end()).await.expect("a wait without a panic");
            let took = asked.elapsed();
            assert_eq!(status.code(), Some(0), "after SIG{signal}: {status}, {log}");
            assert!(took < Duration::from_secs(2), "it took {took:?} after SIG{signal}");
            assert!(!log.contains("panicked"), "{log}");
            assert!(log.contains("stopping") && !log.contains('\x1b'), "no colours in a file: {log:?}");
            drop((silent, polling, long_polling));
        }
    }

    /// A client that floods is no line of the log, so that no client fills a disk: not even where h2 warns of it.
    #[tokio::test]
    async fn a_flood_writes_nothing_to_the_log() {
        let running = Running::start("flood");
        let streaming = running.addresses[3];
        let mut octets = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
        octets.extend(http2::frame(4, 0, 0, &[]));
        // GET / of localhost (RFC 7541 appendix A), END_STREAM and END_HEADERS, reset at once.
        let request = [&[0x82, 0x86, 0x84, 0x41, 9][..], b"localhost"].concat();
        for stream in (1..100).step_by(2) {
            octets.extend(http2::frame(1, 0x5, stream, &request));
            octets.extend(http2::frame(3, 0, stream, &8_u32.to_be_bytes()));
        }
        let mut flood = Http1::connect(&Link::to(streaming)).await.expect("the server accepts");
        flood.send_raw(&octets).await.expect("a flood is sent");
        let said = soon("the end of a flood", flood.until_closed()).await;
        assert!(said.windows(9).any(|frame| frame[3] == 7), "it ends with GOAWAY: {said:?}");
        let pid = running.child.id().to_string();
        let sent = Command::new("kill").args(["-s", "TERM", &pid]).status().expect("kill is there");
        assert!(sent.success(), "the signal is sent");
        let (_, log) = tokio::task::spawn_blocking(|| running.end()).await.expect("a wait without a panic");
        let other = log.lines().find(|line| !line.contains("certificate") && !line.contains("stopping"));
        assert_eq!(other, None, "{log}");
    }
}
