//! Answers over HTTP/1.1: a head and the content that belongs to it (RFC 9112 §6.3).

use crate::client::{Ended, Head, Wire};

/// Characters of a content that a failure shows.
const SHOWN: usize = 160;

/// An answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Status line and fields.
    pub head: Head,
    /// The content, without chunks.
    pub content: Vec<u8>,
}

impl Answer {
    /// The status line.
    pub fn line(&self) -> String {
        self.head.text.lines().next().unwrap_or_default().to_owned()
    }

    /// Status line and the beginning of the content.
    pub fn told(&self) -> String {
        let content = String::from_utf8_lossy(&self.content);
        let shown: String = content.chars().take(SHOWN).collect();
        let more = if shown.len() < content.len() { " …" } else { "" };
        match shown.is_empty() {
            true => format!("{}, no content", self.line()),
            false => format!("{}, {shown}{more}", self.line()),
        }
    }
}

impl Wire {
    /// The next answer, whole.
    ///
    /// # Errors
    ///
    /// What came instead; what was read of it stays in the buffer.
    pub fn answer(&mut self) -> Result<Answer, Ended> {
        let head = self.head()?;
        let has_content = !matches!(head.status, 100..200 | 204 | 304);
        let length = head.field("content-length").and_then(|length| length.parse::<usize>().ok());
        let content = match length {
            _ if !has_content => Vec::new(),
            _ if head.lists("transfer-encoding", "chunked") => self.read_until(self.patience, chunks)?,
            Some(length) => self.read_until(self.patience, |octets| {
                octets.get(..length).map(|content| (content.to_vec(), length))
            })?,
            None => {
                while self.read_until::<()>(self.patience, |_| None) != Err(Ended::Closed) {}
                std::mem::take(&mut self.buffer)
            }
        };
        Ok(Answer { head, content })
    }
}

/// A whole chunked content, and how many octets it takes.
fn chunks(octets: &[u8]) -> Option<(Vec<u8>, usize)> {
    let (mut content, mut at) = (Vec::new(), 0);
    loop {
        let rest = octets.get(at..)?;
        let line = rest.windows(2).position(|end| end == b"\r\n")?;
        let size = std::str::from_utf8(rest.get(..line)?).ok()?.split(';').next()?.trim();
        let size = usize::from_str_radix(size, 16).ok()?;
        let from = line + 2;
        content.extend_from_slice(rest.get(from..from + size)?);
        rest.get(from + size..from + size + 2)?;
        at += from + size + 2;
        if size == 0 {
            return Some((content, at));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_whole_with_their_last() {
        let octets = b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\nHTTP";
        assert_eq!(chunks(octets), Some((b"abcde".to_vec(), octets.len() - 4)));
        for cut in 0..octets.len() - 4 {
            assert_eq!(chunks(&octets[..cut]), None, "{cut}");
        }
    }
}
