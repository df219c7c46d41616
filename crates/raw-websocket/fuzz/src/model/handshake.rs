//! The opening handshake, RFC 6455 §4: what is wrong with a request or an answer, all of it and in no order.

use super::extensions;

/// A field line: its name in lower case, and its value.
pub type Field = (String, Vec<u8>);

/// A request or an answer.
#[derive(Clone, Debug)]
pub struct Head<'a> {
    /// Its field lines.
    pub fields: &'a [Field],
}

impl Head<'_> {
    fn lines<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.fields.iter().filter(move |(field, _)| field == name).map(|(_, value)| &value[..])
    }

    /// The elements of a list, RFC 9110 §5.6.1.
    fn elements(&self, name: &str) -> Vec<String> {
        let lines: Vec<String> =
            self.lines(name).map(|line| line.iter().copied().map(char::from).collect()).collect();
        let elements = lines.iter().flat_map(|line| line.split(','));
        elements
            .map(|element| element.trim_matches([' ', '\t']).to_owned())
            .filter(|element| !element.is_empty())
            .collect()
    }

    fn has(&self, name: &str, element: &str) -> bool {
        self.elements(name).iter().any(|listed| listed.to_ascii_lowercase() == element)
    }

    /// The extensions; `None` where the field is malformed.
    pub fn extensions(&self) -> Option<Vec<extensions::Extension>> {
        extensions::parse(self.lines("sec-websocket-extensions"))
    }

    /// The statuses that this request may be refused with, each for a rule that it breaks (§4.2.1); none: it must be accepted.
    pub fn refusals(&self, method: &str, http_11: bool) -> Vec<u16> {
        let count = |name| self.lines(name).count();
        if count("upgrade") == 0 && !self.has("connection", "upgrade") {
            return vec![426];
        }
        let keys: Vec<&[u8]> = self.lines("sec-websocket-key").collect();
        let tokens = self.elements("sec-websocket-protocol");
        let protocols_are_right = count("sec-websocket-protocol") == 0
            || !tokens.is_empty()
                && tokens.iter().all(|token| {
                    extensions::parse([token.as_bytes()]).is_some_and(|parsed| parsed.len() == 1)
                        && !token.contains([';', ' ', '\t'])
                });
        let rules = [
            (http_11, 400),
            (method == "GET", 405),
            (count("host") == 1, 400),
            (self.has("upgrade", "websocket"), 400),
            (self.has("connection", "upgrade"), 400),
            (self.lines("sec-websocket-version").eq([b"13"]), 426),
            (keys.len() == 1 && is_nonce(keys[0]), 400),
            (protocols_are_right, 400),
            (self.extensions().is_some(), 400),
        ];
        rules.into_iter().filter(|(is_kept, _)| !is_kept).map(|(_, status)| status).collect()
    }

    /// Whether this subprotocol is offered.
    pub fn offers(&self, subprotocol: &str) -> bool {
        self.elements("sec-websocket-protocol").iter().any(|offered| offered == subprotocol)
    }

    /// What the answer to this request must have in `Sec-WebSocket-Accept`.
    pub fn accept(&self) -> String {
        self.lines("sec-websocket-key").next().map(accept).unwrap_or_default()
    }

    /// Whether this answer opens the connection, but for its extensions: the checks of §4.1 for a client that sent `key`.
    pub fn opens(&self, status: u16, key: &[u8], offered: &[&str]) -> bool {
        let protocols: Vec<&[u8]> = self.lines("sec-websocket-protocol").collect();
        status == 101
            && self.lines("upgrade").next().is_some_and(|value| value.eq_ignore_ascii_case(b"websocket"))
            && self.has("connection", "upgrade")
            && self.lines("sec-websocket-accept").eq([accept(key).as_bytes()])
            && (protocols.is_empty()
                || protocols.len() == 1 && offered.iter().any(|name| name.as_bytes() == protocols[0]))
    }
}

/// §4.1 no. 7: base64 of 16 octets, which is 22 digits, and two for what is missing.
fn is_nonce(key: &[u8]) -> bool {
    key.len() == 24
        && key.ends_with(b"==")
        && key[..22].iter().all(|octet| octet.is_ascii_alphanumeric() || [b'+', b'/'].contains(octet))
}

/// §4.2.2 no. 5.4.
fn accept(key: &[u8]) -> String {
    use sha1::Digest;
    let octets = [key, b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"].concat();
    base64(&sha1::Sha1::digest(octets))
}

/// RFC 4648 §4, of octets whose count is 2 more than a multiple of 3 or 1 more or that.
pub fn base64(octets: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut digits = String::new();
    for group in octets.chunks(3) {
        let number =
            (0..3).fold(0, |number, i| number << 8 | u32::from(group.get(i).copied().unwrap_or_default()));
        for i in 0..4 {
            let digit = DIGITS[(number >> (18 - 6 * i) & 63) as usize];
            digits.push(if i <= group.len() { char::from(digit) } else { '=' });
        }
    }
    digits
}
