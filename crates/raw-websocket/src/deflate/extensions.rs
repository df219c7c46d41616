//! The field `Sec-WebSocket-Extensions`, RFC 6455 §9.1: a list of extensions with parameters.
//!
//! ```text
//! extension-list  = 1#extension
//! extension       = extension-token *( ";" extension-param )
//! extension-param = token [ "=" ( token | quoted-string ) ]
//! ```

use std::borrow::Cow;

use crate::handshake::is_token_octet;

/// A field line that is not of the grammar. RFC 6455 §9.1: the recipient MUST fail the connection, so a server
/// answers 400. It says nothing of extensions and parameters that are well-formed but not acceptable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MalformedExtensions {
    /// The field is there, but no line has an extension.
    #[error("Sec-WebSocket-Extensions must list at least one extension (RFC 6455 §9.1)")]
    Empty,
    /// No token where there must be one.
    #[error("Sec-WebSocket-Extensions must have a token at octet {position} of its line (RFC 6455 §9.1)")]
    Token {
        /// Octets of the line before it.
        position: usize,
    },
    /// Something else behind an extension or a parameter.
    #[error("Sec-WebSocket-Extensions must have `;` or `,` at octet {position} of its line (RFC 6455 §9.1)")]
    Separator {
        /// Octets of the line before it.
        position: usize,
    },
    /// A quoted string that does not end, or is not a token once it is unescaped.
    #[error(
        "Sec-WebSocket-Extensions must have a token in the quotes at octet {position} of its line (RFC 6455 §9.1)"
    )]
    QuotedString {
        /// Octets of the line before the opening quote.
        position: usize,
    },
}

/// A parameter: its name, and its value if it has one.
pub(super) type Parameter<'a> = (&'a str, Option<Cow<'a, str>>);

/// Reads one field line from front to back. Nothing is kept, so a long line costs no memory.
#[derive(Debug)]
pub(super) struct ExtensionList<'a> {
    rest: &'a [u8],
    len: usize,
}

impl<'a> ExtensionList<'a> {
    pub(super) const fn new(line: &'a [u8]) -> Self {
        Self { rest: line, len: line.len() }
    }

    /// The name of the next extension, once the parameters of the one before are read.
    pub(super) fn next_extension(&mut self) -> Result<Option<&'a str>, MalformedExtensions> {
        // RFC 9110 §5.6.1.2: empty elements are ignored.
        while self.take(b',') {}
        if self.rest.is_empty() {
            return Ok(None);
        }
        self.token().map(Some)
    }

    /// The next parameter of this extension.
    pub(super) fn next_parameter(&mut self) -> Result<Option<Parameter<'a>>, MalformedExtensions> {
        if !self.take(b';') {
            return match self.rest.first() {
                None | Some(b',') => Ok(None),
                Some(_) => Err(MalformedExtensions::Separator { position: self.position() }),
            };
        }
        let name = self.token()?;
        let value = if self.take(b'=') { Some(self.value()?) } else { None };
        Ok(Some((name, value)))
    }

    fn value(&mut self) -> Result<Cow<'a, str>, MalformedExtensions> {
        let before = self.position();
        if self.take(b'"') {
            // RFC 6455 §9.1: unescaped, the value MUST be a token.
            let invalid = MalformedExtensions::QuotedString { position: before };
            return self.quoted_token().map(Cow::Owned).ok_or(invalid);
        }
        self.token().map(Cow::Borrowed)
    }

    /// What is left of a quoted string, unescaped (RFC 9110 §5.6.4).
    fn quoted_token(&mut self) -> Option<String> {
        let mut token = String::new();
        loop {
            let octet = match self.next()? {
                b'"' => return (!token.is_empty()).then_some(token),
                b'\\' => self.next()?,
                octet => octet,
            };
            if !is_token_octet(&octet) {
                return None;
            }
            token.push(char::from(octet));
        }
    }

    fn token(&mut self) -> Result<&'a str, MalformedExtensions> {
        self.skip_space();
        let len = self.rest.iter().take_while(|octet| is_token_octet(octet)).count();
        let missing = MalformedExtensions::Token { position: self.position() };
        let (token, rest) = self.rest.split_at_checked(len).ok_or(missing)?;
        self.rest = rest;
        std::str::from_utf8(token).ok().filter(|token| !token.is_empty()).ok_or(missing)
    }

    /// Takes this separator if it is next.
    fn take(&mut self, separator: u8) -> bool {
        self.skip_space();
        let is_next = self.rest.first() == Some(&separator);
        if is_next {
            self.next();
        }
        is_next
    }

    /// RFC 6455 §9.1 uses the grammar of RFC 2616, where white space may stand around each separator, `=` too.
    fn skip_space(&mut self) {
        while let Some(b' ' | b'\t') = self.rest.first() {
            self.next();
        }
    }

    fn next(&mut self) -> Option<u8> {
        let (&octet, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(octet)
    }

    const fn position(&self) -> usize {
        self.len - self.rest.len()
    }
}
