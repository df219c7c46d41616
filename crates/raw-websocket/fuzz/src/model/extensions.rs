//! `Sec-WebSocket-Extensions`, RFC 6455 §9.1, and permessage-deflate in it, RFC 7692 §7.1: strict, by words.

/// The name of the extension.
const NAME: &str = "permessage-deflate";

/// What a field line is made of, white space left out.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Word {
    Token(String),
    /// Unescaped.
    Quoted(String),
    Separator(char),
}

/// An extension: its name, and parameters with or without a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extension {
    name: String,
    parameters: Vec<(String, Option<String>)>,
}

/// The parameters of permessage-deflate as they stand in a field. `Some(None)`: without a value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Parameters {
    /// `server_no_context_takeover`.
    pub server_alone: bool,
    /// `client_no_context_takeover`.
    pub client_alone: bool,
    /// `server_max_window_bits`.
    pub server_bits: Option<u8>,
    /// `client_max_window_bits`.
    pub client_bits: Option<Option<u8>>,
}

/// What a server prefers: at least this much alone, windows at most of these.
#[derive(Clone, Copy, Debug)]
pub struct Wishes {
    /// The server compresses each message by itself.
    pub server_alone: bool,
    /// The client shall.
    pub client_alone: bool,
    /// The largest window of the server.
    pub server_bits: u8,
    /// The largest window of the client.
    pub client_bits: u8,
}

/// What holds in the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Agreed {
    /// The server compresses each message by itself.
    pub server_alone: bool,
    /// The client does.
    pub client_alone: bool,
    /// The server's window.
    pub server_bits: u8,
    /// The client's window.
    pub client_bits: u8,
}

const fn is_token(c: char) -> bool {
    // RFC 2616 §2.2: any CHAR except CTLs or separators.
    let is_separator = matches!(
        c,
        '(' | ')'
            | '<'
            | '>'
            | '@'
            | ','
            | ';'
            | ':'
            | '\\'
            | '"'
            | '/'
            | '['
            | ']'
            | '?'
            | '='
            | '{'
            | '}'
            | ' '
            | '\t'
    );
    c.is_ascii() && !c.is_ascii_control() && !is_separator
}

fn words(line: &[u8]) -> Option<Vec<Word>> {
    let chars: Vec<char> = line.iter().map(|&octet| char::from(octet)).collect();
    let mut words = Vec::new();
    let mut at = 0;
    while let Some(&c) = chars.get(at) {
        at += 1;
        match c {
            ' ' | '\t' => {}
            ',' | ';' | '=' => words.push(Word::Separator(c)),
            '"' => {
                let mut quoted = String::new();
                loop {
                    let c = *chars.get(at)?;
                    at += 1;
                    match c {
                        '"' => break,
                        '\\' => {
                            quoted.push(*chars.get(at)?);
                            at += 1;
                        }
                        c => quoted.push(c),
                    }
                }
                words.push(Word::Quoted(quoted));
            }
            c if is_token(c) => {
                let len = chars[at..].iter().take_while(|&&c| is_token(c)).count();
                words.push(Word::Token(chars[at - 1..at + len].iter().collect()));
                at += len;
            }
            _ => return None,
        }
    }
    Some(words)
}

/// All extensions of the field's lines; `None` where the field is malformed.
pub fn parse<'a>(lines: impl IntoIterator<Item = &'a [u8]>) -> Option<Vec<Extension>> {
    let mut extensions = Vec::new();
    let mut is_there = false;
    for line in lines {
        is_there = true;
        let words = words(line)?;
        for element in words.split(|word| *word == Word::Separator(',')).filter(|element| !element.is_empty())
        {
            extensions.push(extension(element)?);
        }
    }
    (!is_there || !extensions.is_empty()).then_some(extensions)
}

fn extension(words: &[Word]) -> Option<Extension> {
    let mut parts = words.split(|word| *word == Word::Separator(';'));
    let Some([Word::Token(name)]) = parts.next() else { return None };
    let parameters = parts.map(|part| match part {
        [Word::Token(name)] => Some((name.clone(), None)),
        [Word::Token(name), Word::Separator('='), Word::Token(value)] => {
            Some((name.clone(), Some(value.clone())))
        }
        // §9.1: unescaped, it must be a token.
        [Word::Token(name), Word::Separator('='), Word::Quoted(value)]
            if !value.is_empty() && value.chars().all(is_token) =>
        {
            Some((name.clone(), Some(value.clone())))
        }
        _ => None,
    });
    Some(Extension { name: name.clone(), parameters: parameters.collect::<Option<_>>()? })
}

impl Extension {
    /// Its parameters, if it is permessage-deflate; the inner `None` where they are against RFC 7692 §7.
    pub fn deflate(&self, by_client: bool) -> Option<Option<Parameters>> {
        (self.name == NAME).then(|| self.parameters(by_client))
    }

    fn parameters(&self, by_client: bool) -> Option<Parameters> {
        let mut names: Vec<_> = self.parameters.iter().map(|(name, _)| name).collect();
        names.sort_unstable();
        names.dedup();
        if names.len() < self.parameters.len() {
            return None;
        }
        let bits = |value: &str| (8..=15).find(|bits: &u8| bits.to_string() == value);
        let mut parameters = Parameters::default();
        for (name, value) in &self.parameters {
            match (name.as_str(), value.as_deref()) {
                ("server_no_context_takeover", None) => parameters.server_alone = true,
                ("client_no_context_takeover", None) => parameters.client_alone = true,
                ("server_max_window_bits", Some(value)) => parameters.server_bits = Some(bits(value)?),
                ("client_max_window_bits", Some(value)) => parameters.client_bits = Some(Some(bits(value)?)),
                ("client_max_window_bits", None) if by_client => parameters.client_bits = Some(None),
                _ => return None,
            }
        }
        Some(parameters)
    }
}

/// Whether a server may give this answer to this offer, §7.1.1 and §7.1.2: what holds then.
pub fn agree(offer: Parameters, answer: Parameters) -> Option<Agreed> {
    let server_bits = answer.server_bits.unwrap_or(15);
    let client_bits = match (offer.client_bits, answer.client_bits) {
        (None, Some(_)) | (_, Some(None)) => return None,
        (Some(offered), Some(Some(answered))) if answered > offered.unwrap_or(15) => return None,
        (_, Some(Some(answered))) => answered,
        // The client keeps to what it offered.
        (offered, None) => offered.flatten().unwrap_or(15),
    };
    let is_allowed =
        (answer.server_alone || !offer.server_alone) && server_bits <= offer.server_bits.unwrap_or(15);
    is_allowed.then_some(Agreed {
        server_alone: answer.server_alone,
        client_alone: answer.client_alone || offer.client_alone,
        server_bits,
        client_bits,
    })
}

impl Wishes {
    /// Whether a server that compresses with 2^9 octets or more, and wishes so, accepts the offer.
    pub fn accept(&self, offer: Parameters) -> bool {
        offer.server_bits.unwrap_or(15).min(self.server_bits) >= 9
    }

    /// Whether what was agreed on is as wished, as far as the offer allows.
    pub fn are_kept(&self, offer: Parameters, agreed: Agreed) -> bool {
        (agreed.server_alone || !self.server_alone)
            && (agreed.client_alone || !self.client_alone)
            && agreed.server_bits == self.server_bits.min(offer.server_bits.unwrap_or(15))
            && (offer.client_bits.is_none()
                || agreed.client_bits == self.client_bits.min(offer.client_bits.flatten().unwrap_or(15)))
    }
}
