//! What a program says: the first octets of its standard output and standard error, and what is looked for in them.

use std::{
    io::Read,
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
};

/// What stands before the address in the line of a server that listens.
pub const LISTENING: &str = "listening on ";

/// The most octets that are kept of either.
const MAX_BYTES: usize = 64 * 1024;

/// What came of a stream so far; what is past the limit is read and dropped.
#[derive(Clone, Debug, Default)]
pub struct Said(Arc<Mutex<Vec<u8>>>);

impl Said {
    /// Reads a stream to its end, and tells the port in the address that it says behind `says`. The channel ends with the stream.
    pub fn of(stream: Option<impl Read + Send + 'static>, says: &'static str) -> (Self, mpsc::Receiver<u16>) {
        let (sender, receiver) = mpsc::channel();
        let said = Self::default();
        let kept = said.clone();
        if let Some(mut stream) = stream {
            thread::spawn(move || {
                let mut octets = [0; 4096];
                let mut told = false;
                while let Ok(count @ 1..) = stream.read(&mut octets) {
                    kept.push(octets.get(..count).unwrap_or_default());
                    if let (false, Some(port)) = (told, port_of(&kept.text(), says)) {
                        told = sender.send(port).is_ok();
                    }
                }
            });
        }
        (said, receiver)
    }

    fn push(&self, octets: &[u8]) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let room = MAX_BYTES.saturating_sub(kept.len()).min(octets.len());
        kept.extend_from_slice(octets.get(..room).unwrap_or_default());
    }

    /// It as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}

/// The port in a whole line such as `listening on http://127.0.0.1:8084/`, where `says` is what stands before the address.
fn port_of(text: &str, says: &str) -> Option<u16> {
    text.split_inclusive('\n').filter(|line| line.ends_with('\n')).find_map(|line| {
        let (_, address) = line.split_once(says)?;
        let (_, authority) = address.split_once("://")?;
        let (_, port) = authority.trim().trim_end_matches('/').rsplit_once(':')?;
        port.parse().ok().filter(|&port| port != 0)
    })
}

/// The message of the first panic in a log, and its place.
pub fn panic_of(log: &str) -> Option<(String, String)> {
    let mut lines = log.lines().skip_while(|line| !line.contains("panicked at"));
    let (_, place) = lines.next()?.split_once("panicked at ")?;
    let message = lines.next().unwrap_or_default();
    Some((message.to_owned(), place.trim_end_matches(':').to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_is_read_however_the_host_is_written() {
        assert_eq!(port_of("x\nlistening on http://127.0.0.1:8084\n", LISTENING), Some(8084));
        assert_eq!(port_of("listening on https://localhost:8083/\n", LISTENING), Some(8083));
        assert_eq!(port_of("> listening on ws://[::1]:9/\n", LISTENING), Some(9));
        assert_eq!(port_of("listening on port 80\n", LISTENING), None);
        assert_eq!(port_of("listening on http://127.0.0.1:80", LISTENING), None, "a line that may go on");
    }

    #[test]
    fn a_panic_is_told_with_its_place() {
        let log = "x\nthread 'a' (12) panicked at src/mask.rs:9:5:\nnot yet implemented: 4\nnote: run";
        assert_eq!(panic_of(log).unwrap(), ("not yet implemented: 4".into(), "src/mask.rs:9:5".into()));
    }

    #[test]
    fn no_more_is_kept_than_the_limit() {
        let (said, port) = Said::of(Some(&[b'x'; 3 * MAX_BYTES][..]), LISTENING);
        assert!(port.recv().is_err());
        assert_eq!(said.text().len(), MAX_BYTES);
    }
}
