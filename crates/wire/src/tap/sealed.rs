//! The plaintext that a server wrote into TLS, until the records that hold it have reached the client: the octets of a
//! record tell how much that is.

use std::collections::VecDeque;

use bytes::Bytes;

use super::limits::MAX_WAITING_PLAINTEXT_BYTES;

/// Octets of a record's header: type, version, length (RFC 8446 §5.1).
const HEADER_BYTES: usize = 5;

/// What the server wrote and when the client has it.
#[derive(Debug, Default)]
pub(super) struct Sealed {
    /// Octets of ciphertext that reached the client.
    passed: u64,
    /// Those before the first record with plaintext, once that is known.
    handshake: Option<u64>,
    /// What a record has beside its header and plaintext.
    overhead: u64,
    /// The header under way.
    header: Vec<u8>,
    /// Octets of the record under way that are to come, and those of plaintext in it.
    record: Option<(u64, u64)>,
    /// Octets of plaintext that reached the client, and were not given out.
    delivered: u64,
    /// Octets of plaintext that were given out early.
    early: u64,
    waiting: VecDeque<Bytes>,
    waiting_octets: usize,
}

impl Sealed {
    /// The handshake is over: what follows `handshake` octets are records with plaintext, each `overhead` octets longer
    /// than it, without the header.
    pub(super) const fn begin(&mut self, handshake: u64, overhead: u64) {
        self.handshake = Some(handshake);
        self.overhead = overhead;
    }

    /// Takes plaintext that was written.
    pub(super) fn written(&mut self, octets: &[u8]) {
        self.waiting.push_back(Bytes::copy_from_slice(octets));
        self.waiting_octets += octets.len();
    }

    /// Takes ciphertext that reached the client.
    pub(super) fn reached(&mut self, mut octets: &[u8]) {
        let before = self.passed;
        self.passed += octets.len() as u64;
        let Some(handshake) = self.handshake else { return };
        let skipped = usize::try_from(handshake.saturating_sub(before)).unwrap_or(usize::MAX);
        octets = octets.get(skipped..).unwrap_or_default();
        while let Some(first) = octets.first() {
            let Some((left, plaintext)) = &mut self.record else {
                self.header.push(*first);
                octets = octets.get(1..).unwrap_or_default();
                self.end_header();
                continue;
            };
            let taken = usize::try_from(*left).unwrap_or(usize::MAX).min(octets.len());
            *left -= taken as u64;
            octets = octets.get(taken..).unwrap_or_default();
            if *left == 0 {
                self.delivered += *plaintext;
                self.record = None;
            }
        }
    }

    fn end_header(&mut self) {
        if let [_, _, _, high, low] = &self.header[..] {
            let length = u64::from(u16::from_be_bytes([*high, *low]));
            self.header.clear();
            self.header.reserve(HEADER_BYTES);
            self.record = (length > 0).then(|| (length, length.saturating_sub(self.overhead)));
        }
    }

    /// The next plaintext that the client has, or that is too much to be kept.
    pub(super) fn next(&mut self) -> Option<Bytes> {
        let repaid = self.delivered.min(self.early);
        self.delivered -= repaid;
        self.early -= repaid;
        let front = self.waiting.front_mut()?;
        let size = usize::try_from(self.delivered).unwrap_or(usize::MAX).min(front.len());
        let octets = if size > 0 {
            self.delivered -= size as u64;
            front.split_to(size)
        } else if self.waiting_octets > MAX_WAITING_PLAINTEXT_BYTES {
            self.early += front.len() as u64;
            std::mem::take(front)
        } else {
            return None;
        };
        self.waiting_octets -= octets.len();
        if front.is_empty() {
            self.waiting.pop_front();
        }
        Some(octets)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(sealed: &mut Sealed) -> Vec<u8> {
        std::iter::from_fn(|| sealed.next()).flatten().collect()
    }

    /// A record of this much plaintext, as TLS 1.3 has it.
    fn record(plaintext: u16) -> Vec<u8> {
        let length = plaintext + 17;
        [&[23, 3, 3][..], &length.to_be_bytes(), &vec![0; length.into()]].concat()
    }

    #[test]
    fn plaintext_comes_with_the_last_octet_of_its_record() {
        let ciphertext = [vec![22; 100], record(3), record(4)].concat();
        for size in 1..ciphertext.len() {
            let mut sealed = Sealed::default();
            sealed.begin(100, 17);
            sealed.written(b"abcdefg");
            let (mut given, mut passed) = (Vec::new(), 0);
            for piece in ciphertext.chunks(size) {
                sealed.reached(piece);
                given.extend(all(&mut sealed));
                passed += piece.len();
                let expected = match passed {
                    ..125 => "",
                    125..151 => "abc",
                    _ => "abcdefg",
                };
                assert_eq!(given, expected.as_bytes(), "{passed} octets in pieces of {size}");
            }
        }
    }

    #[test]
    fn the_relay_may_be_quicker_than_who_tells() {
        let mut sealed = Sealed::default();
        sealed.reached(&[22; 60]);
        sealed.begin(100, 17);
        sealed.reached(&[22; 40]);
        sealed.reached(&record(3));
        assert_eq!(all(&mut sealed), b"");
        sealed.written(b"abcdef");
        assert_eq!(all(&mut sealed), b"abc");
    }

    #[test]
    fn what_is_too_much_to_be_kept_is_given_out_once() {
        let mut sealed = Sealed::default();
        sealed.begin(0, 17);
        let piece = vec![0; 16_384];
        let pieces = MAX_WAITING_PLAINTEXT_BYTES / piece.len() + 4;
        let mut given = 0;
        for _ in 0..pieces {
            sealed.written(&piece);
            given += all(&mut sealed).len();
        }
        assert_eq!(given, 4 * piece.len());
        for _ in 0..pieces {
            sealed.reached(&record(16_384));
            given += all(&mut sealed).len();
        }
        assert_eq!(given, pieces * piece.len());
    }
}
