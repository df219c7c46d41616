//! A learner of a class: what they joined, and what is sent.

use std::{
    collections::hash_map::RandomState,
    fs,
    hash::{BuildHasher, Hasher},
    io::{self, Read, Write},
    net::{SocketAddr, TcpStream, ToSocketAddrs},
    path::{Path, PathBuf},
    time::Duration,
};

use serde::{Deserialize, Serialize};

use super::{
    is_near,
    report::{Report, Standing},
};
use crate::{
    learner::{Learner, Trouble},
    place::Repository,
    progress,
};

/// How long the wall may take for anything: a check does not wait for a class.
const WALL_LIMIT: Duration = Duration::from_millis(1_500);

/// Octets of an answer that are read.
const MAX_ANSWER_BYTES: u64 = 8 * 1024;

/// What a learner joined, as `my/.class.json` has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Joined {
    /// Host and port of the wall.
    pub wall: String,
    /// The name on it.
    pub name: String,
    /// Random: what makes the name theirs.
    pub seat: String,
    /// Whether they want to be seen when they are stuck.
    pub shows_stuck: bool,
}

/// Why the wall did not take a report.
#[derive(Debug, thiserror::Error)]
pub enum Unsent {
    /// It refused, in its own words.
    #[error("{0}")]
    Refused(String),
    /// Nobody answered as a wall does.
    #[error("the wall at {wall} does not answer: {error}")]
    Silent {
        /// Host and port.
        wall: String,
        /// Why.
        error: io::Error,
    },
}

/// 64 bits that nobody guesses: a hash under keys of the system's.
fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

fn path_of(repository: &Repository) -> PathBuf {
    repository.my.join(".class.json")
}

/// Host and port of an address such as `http://192.168.1.5:8090/`.
fn wall_of(address: &str) -> Option<&str> {
    let wall = address.strip_prefix("http://").unwrap_or(address);
    let wall = wall.strip_suffix('/').unwrap_or(wall);
    let is_plain = |octet: u8| octet.is_ascii_alphanumeric() || b"-._:[]".contains(&octet);
    let (host, port) = wall.rsplit_once(':')?;
    let is_wall = !host.is_empty() && wall.bytes().all(is_plain) && port.parse::<u16>().is_ok();
    is_wall.then_some(wall)
}

impl Joined {
    /// A new seat at the wall of this address.
    ///
    /// # Errors
    ///
    /// It is no address of a wall.
    pub fn new(address: &str, name: &str, shows_stuck: bool) -> Result<Self, Trouble> {
        let wall = wall_of(address).ok_or_else(|| {
            Trouble::Told(format!("{address} is no address of a wall, such as http://192.168.1.5:8090/"))
        })?;
        let seat = format!("{:016x}{:016x}", random(), random());
        Ok(Self { wall: wall.to_owned(), name: name.to_owned(), seat, shows_stuck })
    }

    /// What was joined; nothing where nothing is.
    pub fn read(repository: &Repository) -> Option<Self> {
        serde_json::from_slice(&fs::read(path_of(repository)).ok()?).ok()
    }

    /// Keeps it.
    ///
    /// # Errors
    ///
    /// It cannot be written.
    pub fn write(&self, repository: &Repository) -> io::Result<()> {
        fs::create_dir_all(&repository.my)?;
        fs::write(path_of(repository), serde_json::to_vec_pretty(self).map_err(io::Error::other)?)
    }

    /// Forgets what was joined.
    ///
    /// # Errors
    ///
    /// The file cannot be removed.
    pub fn forget(repository: &Repository) -> io::Result<()> {
        fs::remove_file(path_of(repository))
    }

    /// The report of this standing.
    pub fn report(&self, standing: Standing) -> Report {
        Report { name: self.name.clone(), seat: self.seat.clone(), standing }
    }

    /// Sends a report, and waits for what the wall says of it.
    ///
    /// # Errors
    ///
    /// The wall refuses it, or does not answer.
    pub fn send(&self, report: &Report) -> Result<(), Unsent> {
        let silent = |error| Unsent::Silent { wall: self.wall.clone(), error };
        let answer = exchange(&self.wall, report).map_err(silent)?;
        let (head, content) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        let status = head.lines().next().unwrap_or_default();
        if status.split(' ').nth(1) == Some("204") {
            return Ok(());
        }
        let problem: Option<serde_json::Value> = serde_json::from_str(content).ok();
        match problem.as_ref().and_then(|problem| problem.get("detail")?.as_str()) {
            Some(detail) => Err(Unsent::Refused(plain(detail))),
            None => Err(silent(io::Error::other(format!("{:?} is no answer of a wall", plain(status))))),
        }
    }
}

/// What somebody else said, without what a terminal would obey.
fn plain(text: &str) -> String {
    text.chars().filter(|character| !character.is_control()).collect()
}

/// Posts the report, and gives the answer as it came.
fn exchange(wall: &str, report: &Report) -> io::Result<String> {
    let far = || io::Error::other("it is neither of this machine nor of a local network");
    let mut near = wall.to_socket_addrs()?.filter(|address: &SocketAddr| is_near(address.ip())).peekable();
    near.peek().ok_or_else(far)?;
    let mut connected = Err(far());
    for address in near {
        connected = TcpStream::connect_timeout(&address, WALL_LIMIT);
        if connected.is_ok() {
            break;
        }
    }
    let mut tcp = connected?;
    tcp.set_read_timeout(Some(WALL_LIMIT))?;
    tcp.set_write_timeout(Some(WALL_LIMIT))?;
    let content = serde_json::to_string(report).map_err(io::Error::other)?;
    let length = content.len();
    let request = format!(
        "POST /reports HTTP/1.1\r\nhost: {wall}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\
         connection: close\r\n\r\n{content}"
    );
    tcp.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    tcp.take(MAX_ANSWER_BYTES).read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// Where a learner stands, and whether the last check passed.
pub fn standing(learner: &Learner, passed: Option<bool>) -> Standing {
    let progress = &learner.progress;
    Standing {
        track: Some(learner.track.name.clone()),
        step: Some(progress.step.clone()),
        passed,
        minutes: progress::now().saturating_sub(progress.begun) / 60,
        done: progress.minutes.clone(),
        ..Standing::default()
    }
}

/// Where the learner stands whose track is under way; nowhere, if none is.
pub fn standing_now(repository: &Repository) -> Standing {
    let Ok(learner) = Learner::active(repository) else { return Standing::default() };
    standing(&learner, None)
}

/// The folder of the wall's own, in the folder of learners' work.
pub fn folder_of_wall(my: &Path) -> PathBuf {
    my.join(".class")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_host_and_a_port() {
        for (address, wall) in [
            ("http://192.168.1.5:8090/", "192.168.1.5:8090"),
            ("localhost:8090", "localhost:8090"),
            ("http://[::1]:80", "[::1]:80"),
        ] {
            assert_eq!(wall_of(address), Some(wall));
        }
        for wrong in ["", "http://", "host", "https://host:1/", "host:70000", "a b:1", "h:1/x", "h\r\nx:1"] {
            assert_eq!(wall_of(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn a_seat_is_random() {
        let seat = || Joined::new("localhost:1", "Ada", false).unwrap().seat;
        let (one, other) = (seat(), seat());
        assert_ne!(one, other);
        let report = Joined::new("localhost:1", "Ada", false).unwrap().report(Standing::default());
        Report::from_json(&serde_json::to_vec(&report).unwrap()).unwrap();
    }

    /// What stands in an answer is shown in a terminal.
    #[test]
    fn a_terminal_is_not_told_what_to_do() {
        assert_eq!(plain("a\x1b[2Jb\r\n"), "a[2Jb");
    }

    #[test]
    fn a_wall_elsewhere_is_not_told() {
        let joined = Joined::new("192.0.2.1:1", "Ada", false).unwrap();
        let unsent = joined.send(&joined.report(Standing::default())).unwrap_err();
        assert!(unsent.to_string().contains("neither of this machine nor of a local network"), "{unsent}");
    }
}
