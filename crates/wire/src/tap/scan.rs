//! The chat's JSON as it passes, in any pieces: which octets are texts, and which messages they are of.

use super::limits::{MAX_NAMED, MAX_NONCE_BYTES};

/// What a piece of JSON told.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Told {
    /// Octets of texts, escapes as they stand.
    pub(super) payload: u64,
    /// Messages that the piece has octets of.
    pub(super) messages: Vec<u64>,
    /// Nonces that end in the piece.
    pub(super) nonces: Vec<String>,
}

/// The members that are looked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Member {
    Id,
    Text,
    Nonce,
    #[default]
    Other,
}

/// Reads JSON, or lines of it, without keeping it. What is no JSON does no harm.
#[derive(Debug, Default)]
pub(super) struct Scan {
    in_string: bool,
    escaped: bool,
    /// Behind a colon: what comes is a value.
    is_value: bool,
    member: Member,
    /// The string under way, as far as it may be a member's name or a nonce.
    word: Vec<u8>,
    number: Option<u64>,
    /// The message whose `id` came and whose end did not.
    message: Option<u64>,
}

impl Scan {
    /// Takes the next octets.
    pub(super) fn push(&mut self, octets: &[u8]) -> Told {
        let mut told = Told::default();
        told.messages.extend(self.message.filter(|_| !octets.is_empty()));
        for octet in octets {
            if self.in_string {
                self.within_string(*octet, &mut told);
            } else {
                self.between(*octet, &mut told);
            }
        }
        told
    }

    fn within_string(&mut self, octet: u8, told: &mut Told) {
        if octet == b'"' && !self.escaped {
            self.in_string = false;
            match (self.is_value, self.member) {
                (false, _) => {
                    self.member = match &*self.word {
                        b"id" => Member::Id,
                        b"text" => Member::Text,
                        b"nonce" => Member::Nonce,
                        _ => Member::Other,
                    }
                }
                (true, Member::Nonce) if self.word.len() <= MAX_NONCE_BYTES => {
                    if let Ok(nonce) = std::str::from_utf8(&self.word)
                        && told.nonces.len() < MAX_NAMED
                    {
                        told.nonces.push(nonce.to_owned());
                    }
                }
                _ => {}
            }
            return;
        }
        self.escaped = octet == b'\\' && !self.escaped;
        if self.is_value && self.member == Member::Text {
            told.payload += 1;
        } else if self.word.len() <= MAX_NONCE_BYTES {
            self.word.push(octet);
        }
    }

    fn between(&mut self, octet: u8, told: &mut Told) {
        match octet {
            b'"' => {
                self.in_string = true;
                self.escaped = false;
                self.word.clear();
            }
            b':' => {
                self.is_value = true;
                self.number = None;
            }
            b'0'..=b'9' if self.is_value && self.member == Member::Id => {
                let number = self.number.unwrap_or_default();
                self.number = Some(number.saturating_mul(10).saturating_add(u64::from(octet - b'0')));
            }
            b',' | b'{' | b'}' | b'[' | b']' | b'\n' => {
                if let Some(id) = self.number.take() {
                    self.message = Some(id);
                    if told.messages.len() < MAX_NAMED {
                        told.messages.push(id);
                    }
                }
                if octet == b'}' {
                    self.message = None;
                }
                self.is_value = false;
                self.member = Member::Other;
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BATCH: &str = r#"{"messages":[{"id":7,"user":"text","text":"a \"b\" \\","time":17,"nonce":"n-1"},{"id":18,"user":"id","text":"ü","time":18}],"cursor":"id-7"}"#;

    #[test]
    fn texts_and_ids_are_found() {
        let told = Scan::default().push(BATCH.as_bytes());
        assert_eq!(told.payload, r#"a \"b\" \\"#.len() as u64 + 2);
        assert_eq!(told.messages, [7, 18]);
        assert_eq!(told.nonces, ["n-1"]);
    }

    #[test]
    fn pieces_make_no_difference_and_each_names_its_messages() {
        for at in 0..=BATCH.len() {
            let (head, tail) = BATCH.as_bytes().split_at(at);
            let mut scan = Scan::default();
            let (first, second) = (scan.push(head), scan.push(tail));
            assert_eq!(first.payload + second.payload, 12, "cut at {at}");
            let mut messages = [first.messages, second.messages].concat();
            messages.dedup();
            assert_eq!(messages, [7, 18], "cut at {at}");
            assert_eq!([first.nonces, second.nonces].concat(), ["n-1"], "cut at {at}");
        }
        let cut = BATCH.find("b\\\"").unwrap();
        let mut scan = Scan::default();
        scan.push(BATCH.get(..cut).unwrap().as_bytes());
        assert_eq!(scan.push(b"b").messages, [7], "within message 7");
    }

    #[test]
    fn a_draft_has_no_id() {
        let told = Scan::default().push(br#"{"user":"a","text":"hello","nonce":"x"}"#);
        assert_eq!(told, Told { payload: 5, messages: vec![], nonces: vec!["x".to_owned()] });
    }
}
