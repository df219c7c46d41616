//! What a client posts, and the rules it has to keep.

use std::fmt;

use crate::json::{JsonType, MAX_DEPTH, Value, read_members};

/// The longest `user`, in Unicode scalar values, after trimming.
pub const MAX_USER_CHARS: usize = 32;

/// The longest `text`, in Unicode scalar values, after CR LF became LF.
pub const MAX_TEXT_CHARS: usize = 2_000;

/// The longest `nonce`, in bytes.
pub const MAX_NONCE_BYTES: usize = 64;

/// What a client posts: a message that the log has not accepted yet. One that exists keeps every rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    user: String,
    text: String,
    nonce: Option<String>,
}

impl Draft {
    /// Judges the members of a draft, in the order `user`, `text`, `nonce`.
    ///
    /// `user` is stored trimmed of Unicode white space; in `text`, CR LF becomes LF.
    ///
    /// # Errors
    ///
    /// The first rule that is broken; never one of those that are [syntax](DraftError::is_syntax).
    pub fn new(user: &str, text: &str, nonce: Option<&str>) -> Result<Self, DraftError> {
        Ok(Self {
            user: judge_user(user)?,
            text: judge_text(text)?,
            nonce: nonce.map(judge_nonce).transpose()?,
        })
    }

    /// Reads a draft from JSON. Members that are unknown are ignored, a `nonce` of `null` is absent.
    ///
    /// Time and memory grow with the length of `bytes`; who reads them from a network limits that.
    ///
    /// # Errors
    ///
    /// What is not strict JSON, to its end, comes before any rule that its content breaks. See [`DraftError`].
    pub fn from_json(bytes: &[u8]) -> Result<Self, Rejected> {
        let members = read_members(bytes).map_err(|error| Rejected { error, nonce: None })?;
        let nonce = match members.nonce {
            None | Some(Value::Other(JsonType::Null)) => Ok(None),
            given => string(Member::Nonce, given).and_then(|nonce| judge_nonce(&nonce)).map(Some),
        };
        let judge = || {
            let user = judge_user(&string(Member::User, members.user)?)?;
            Ok((user, judge_text(&string(Member::Text, members.text)?)?))
        };
        match (judge(), nonce) {
            (Ok((user, text)), Ok(nonce)) => Ok(Self { user, text, nonce }),
            (Err(error), nonce) => Err(Rejected { error, nonce: nonce.ok().flatten() }),
            (Ok(_), Err(error)) => Err(Rejected { error, nonce: None }),
        }
    }

    /// Who posts; 1 to [`MAX_USER_CHARS`] characters.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// What is said; 1 to [`MAX_TEXT_CHARS`] characters.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The mark by which the same draft, posted again, is known; 1 to [`MAX_NONCE_BYTES`] bytes.
    pub fn nonce(&self) -> Option<&str> {
        self.nonce.as_deref()
    }
}

/// The string that `member` has to be.
fn string(member: Member, value: Option<Value>) -> Result<String, DraftError> {
    match value {
        Some(Value::String(string)) => Ok(string),
        Some(Value::Other(found)) => Err(DraftError::WrongType { member, found }),
        None => Err(DraftError::MissingMember { member }),
    }
}

fn judge_user(user: &str) -> Result<String, DraftError> {
    let user = user.trim();
    let chars = user.chars().count();
    if chars == 0 {
        return Err(DraftError::UserEmpty);
    }
    if chars > MAX_USER_CHARS {
        return Err(DraftError::UserTooLong { chars });
    }
    if let Some(control) = user.chars().find(|char| char.is_control()) {
        return Err(DraftError::UserControl { control });
    }
    Ok(user.to_owned())
}

fn judge_text(text: &str) -> Result<String, DraftError> {
    // region: judge-text
    let text = text.replace("\r\n", "\n");
    let chars = text.chars().count();
    if chars == 0 {
        return Err(DraftError::TextEmpty);
    }
    if chars > MAX_TEXT_CHARS {
        return Err(DraftError::TextTooLong { chars });
    }
    if let Some(control) = text.chars().find(|char| char.is_control() && !matches!(char, '\n' | '\t')) {
        return Err(DraftError::TextControl { control });
    }
    if text.chars().all(char::is_whitespace) {
        return Err(DraftError::TextBlank);
    }
    Ok(text)
    // endregion: judge-text
}

fn judge_nonce(nonce: &str) -> Result<String, DraftError> {
    if nonce.is_empty() {
        return Err(DraftError::NonceEmpty);
    }
    let allowed = |char: &char| char.is_ascii_alphanumeric() || matches!(char, '_' | '-');
    if let Some(found) = nonce.chars().find(|char| !allowed(char)) {
        return Err(DraftError::NonceChar { found });
    }
    if nonce.len() > MAX_NONCE_BYTES {
        return Err(DraftError::NonceTooLong { bytes: nonce.len() });
    }
    Ok(nonce.to_owned())
}

/// A draft that was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{error}")]
pub struct Rejected {
    /// The rule that it breaks.
    pub error: DraftError,
    /// Its nonce, where it was read and is valid, so that the poster knows which draft this is about.
    pub nonce: Option<String>,
}

/// A member of a draft.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Member {
    /// `user`
    User,
    /// `text`
    Text,
    /// `nonce`
    Nonce,
}

impl Member {
    /// The member of that name, if a draft knows one.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        match name {
            "user" => Some(Self::User),
            "text" => Some(Self::Text),
            "nonce" => Some(Self::Nonce),
            _ => None,
        }
    }
}

impl fmt::Display for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::User => "`user`",
            Self::Text => "`text`",
            Self::Nonce => "`nonce`",
        })
    }
}

/// The rule that a draft breaks. Its sentence is for the poster: at most 512 bytes, of the input a short name at most.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DraftError {
    /// Syntax: JSON is UTF-8 (RFC 8259 §8.1).
    #[error("the draft is not UTF-8 after its first {} bytes", grouped(*valid_bytes))]
    NotUtf8 {
        /// How many bytes before are.
        valid_bytes: usize,
    },
    /// Syntax: no byte order mark (RFC 8259 §8.1).
    #[error("the draft begins with a byte order mark; JSON has none")]
    ByteOrderMark,
    /// Syntax: the grammar of JSON (RFC 8259 §2), which a lone surrogate in a string breaks too (§8.2).
    #[error("the draft is not JSON: {reason}")]
    NotJson {
        /// What was wrong, and at which line and column.
        reason: String,
    },
    /// Syntax: nested deeper than [`MAX_DEPTH`].
    #[error("the draft is nested too deep; at most {MAX_DEPTH} levels are allowed")]
    TooDeep,
    /// Syntax: an object, at any level, with the same member twice.
    #[error("the draft has the member \"{name}\" twice in one object")]
    RepeatedMember {
        /// Its name, escaped and cut short.
        name: String,
    },

    /// JSON, but no object.
    #[error("the draft is {found}; it has to be an object")]
    NotAnObject {
        /// What it is.
        found: JsonType,
    },
    /// A member that has to be there is not.
    #[error("{member} is missing")]
    MissingMember {
        /// Which.
        member: Member,
    },
    /// A member that has to be a string is not one.
    #[error("{member} is {found}; it has to be a string")]
    WrongType {
        /// Which.
        member: Member,
        /// What it is.
        found: JsonType,
    },
    /// `user` is empty or white space.
    #[error("`user` is empty; at least 1 character that is not white space is needed")]
    UserEmpty,
    /// `user` is longer than [`MAX_USER_CHARS`].
    #[error("`user` has {} characters; at most {MAX_USER_CHARS} are allowed", grouped(*chars))]
    UserTooLong {
        /// Its length, in Unicode scalar values.
        chars: usize,
    },
    /// `user` has a character of category Cc.
    #[error("`user` has the control character U+{:04X}; none is allowed", u32::from(*control))]
    UserControl {
        /// The first of them.
        control: char,
    },
    /// `text` is empty.
    #[error("`text` is empty; at least 1 character is needed")]
    TextEmpty,
    /// `text` is longer than [`MAX_TEXT_CHARS`].
    #[error("`text` has {} characters; at most {} are allowed", grouped(*chars), grouped(MAX_TEXT_CHARS))]
    TextTooLong {
        /// Its length, in Unicode scalar values.
        chars: usize,
    },
    /// `text` is nothing but white space.
    #[error("`text` is only white space; at least 1 other character is needed")]
    TextBlank,
    /// `text` has a character of category Cc that is neither line feed nor tab.
    #[error(
        "`text` has the control character U+{:04X}; only line feed and tab are allowed",
        u32::from(*control)
    )]
    TextControl {
        /// The first of them.
        control: char,
    },
    /// `nonce` is empty.
    #[error("`nonce` is empty; at least 1 character is needed")]
    NonceEmpty,
    /// `nonce` is longer than [`MAX_NONCE_BYTES`].
    #[error("`nonce` has {} characters; at most {MAX_NONCE_BYTES} are allowed", grouped(*bytes))]
    NonceTooLong {
        /// Its length, in bytes.
        bytes: usize,
    },
    /// `nonce` has a character outside `[A-Za-z0-9_-]`.
    #[error("`nonce` has the character U+{:04X}; only A-Z, a-z, 0-9, _ and - are allowed", u32::from(*found))]
    NonceChar {
        /// The first of them.
        found: char,
    },
}

impl DraftError {
    /// Whether the draft could not be parsed (over HTTP `400`); else it was, and breaks a rule (`422`).
    pub fn is_syntax(&self) -> bool {
        match self {
            Self::NotUtf8 { .. }
            | Self::ByteOrderMark
            | Self::NotJson { .. }
            | Self::TooDeep
            | Self::RepeatedMember { .. } => true,
            Self::NotAnObject { .. }
            | Self::MissingMember { .. }
            | Self::WrongType { .. }
            | Self::UserEmpty
            | Self::UserTooLong { .. }
            | Self::UserControl { .. }
            | Self::TextEmpty
            | Self::TextTooLong { .. }
            | Self::TextBlank
            | Self::TextControl { .. }
            | Self::NonceEmpty
            | Self::NonceTooLong { .. }
            | Self::NonceChar { .. } => false,
        }
    }

    /// The error for a member that is there twice, whatever its name has in it.
    pub(crate) fn repeated_member(name: &str) -> Self {
        const MAX_QUOTED_CHARS: usize = 32;
        let mut quoted: String = name.chars().take(MAX_QUOTED_CHARS).flat_map(char::escape_default).collect();
        if name.chars().nth(MAX_QUOTED_CHARS).is_some() {
            quoted.push('…');
        }
        Self::RepeatedMember { name: quoted }
    }
}

/// A number as people read it: `2,001`.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(user: &str) -> Result<String, DraftError> {
        Draft::new(user, "hi", None).map(|draft| draft.user)
    }

    fn text(text: &str) -> Result<String, DraftError> {
        Draft::new("brian", text, None).map(|draft| draft.text)
    }

    fn nonce(nonce: &str) -> Result<Option<String>, DraftError> {
        Draft::new("brian", "hi", Some(nonce)).map(|draft| draft.nonce)
    }

    #[test]
    fn user_is_trimmed_of_unicode_white_space() {
        for white in
            [" ", "\t", "\n", "\r\n", "\u{85}", "\u{a0}", "\u{1680}", "\u{2003}", "\u{2028}", "\u{3000}"]
        {
            assert_eq!(user(&format!("{white}bri an{white}{white}")).unwrap(), "bri an", "{white:?}");
            assert_eq!(user(white), Err(DraftError::UserEmpty), "{white:?}");
        }
        // Not white space to Unicode.
        for kept in ["\u{200b}", "\u{feff}"] {
            assert_eq!(user(kept).unwrap(), kept);
        }
    }

    #[test]
    fn user_has_1_to_32_characters() {
        assert_eq!(user(""), Err(DraftError::UserEmpty));
        for char in ["b", "é", "語", "😀"] {
            assert_eq!(user(char).unwrap(), char);
            assert_eq!(user(&char.repeat(32)).unwrap(), char.repeat(32));
            assert_eq!(user(&format!("  {}  ", char.repeat(32))).unwrap(), char.repeat(32));
            assert_eq!(user(&char.repeat(33)), Err(DraftError::UserTooLong { chars: 33 }));
        }
    }

    #[test]
    fn user_has_no_control_character() {
        for control in ['\0', '\u{1}', '\t', '\n', '\u{1f}', '\u{7f}', '\u{80}', '\u{9f}'] {
            assert_eq!(user(&format!("a{control}b")), Err(DraftError::UserControl { control }));
        }
        for allowed in [' ', '~', '\u{a0}', '\u{ad}', '\u{202e}'] {
            assert_eq!(user(&format!("a{allowed}b")).unwrap(), format!("a{allowed}b"));
        }
    }

    #[test]
    fn names_of_objects_in_other_languages_are_names() {
        for name in ["__proto__", "constructor", "toString", "hasOwnProperty", "<img src=x>"] {
            assert_eq!(user(name).unwrap(), name);
        }
    }

    #[test]
    fn text_is_kept_but_for_line_ends() {
        for (given, kept) in [
            (" hi ", " hi "),
            ("a\r\nb", "a\nb"),
            ("\r\na\r\n\r\nb\r\n", "\na\n\nb\n"),
            ("a\n\tb", "a\n\tb"),
            ("<img src=x onerror=alert(1)>", "<img src=x onerror=alert(1)>"),
            ("\u{feff}", "\u{feff}"),
        ] {
            assert_eq!(text(given).unwrap(), kept);
        }
    }

    #[test]
    fn text_has_1_to_2000_characters() {
        assert_eq!(text(""), Err(DraftError::TextEmpty));
        for char in ["b", "é", "語", "😀"] {
            assert_eq!(text(char).unwrap(), char);
            assert_eq!(text(&char.repeat(2_000)).unwrap(), char.repeat(2_000));
            assert_eq!(text(&char.repeat(2_001)), Err(DraftError::TextTooLong { chars: 2_001 }));
        }
        // Counted after CR LF became LF.
        assert_eq!(text(&format!("{}b", "\r\n".repeat(1_999))).unwrap().len(), 2_000);
        assert_eq!(
            text(&format!("{}b", "\r\n".repeat(2_000))),
            Err(DraftError::TextTooLong { chars: 2_001 })
        );
    }

    #[test]
    fn text_is_not_only_white_space() {
        for blank in [" ", "\n", "\r\n", "\t \n", "\u{3000}\u{a0}"] {
            assert_eq!(text(blank), Err(DraftError::TextBlank), "{blank:?}");
        }
    }

    #[test]
    fn text_has_no_control_character_but_line_feed_and_tab() {
        for control in ['\0', '\u{8}', '\u{b}', '\r', '\u{1f}', '\u{7f}', '\u{80}', '\u{85}', '\u{9f}'] {
            assert_eq!(text(&format!("a{control}b")), Err(DraftError::TextControl { control }));
        }
        assert_eq!(text("a\r\r\nb"), Err(DraftError::TextControl { control: '\r' }));
        assert_eq!(text("a\r"), Err(DraftError::TextControl { control: '\r' }));
    }

    #[test]
    fn nonce_has_1_to_64_of_its_alphabet() {
        assert_eq!(nonce(""), Err(DraftError::NonceEmpty));
        for allowed in ["b", "AZaz09_-", "__proto__", "-"] {
            assert_eq!(nonce(allowed).unwrap().as_deref(), Some(allowed));
        }
        assert_eq!(nonce(&"n".repeat(64)).unwrap(), Some("n".repeat(64)));
        assert_eq!(nonce(&"n".repeat(65)), Err(DraftError::NonceTooLong { bytes: 65 }));
        for found in [' ', '.', '/', ':', '@', '[', '`', '{', '"', '\0', 'é', '٣'] {
            assert_eq!(nonce(&format!("a{found}")), Err(DraftError::NonceChar { found }));
        }
    }

    #[test]
    fn json_becomes_the_same_draft() {
        for (json, user, text, nonce) in [
            (r#"{"user":"brian","text":"hi","nonce":"b7c1"}"#, "brian", "hi", Some("b7c1")),
            (r#"{"text":"hi","user":" brian "}"#, "brian", "hi", None),
            (r#"{"user":"brian","text":"hi","nonce":null}"#, "brian", "hi", None),
            (r#" { "user" : "b\u00e9" , "text" : "\"\\\/\t" } "#, "bé", "\"\\/\t", None),
            (r#"{"id":7,"user":"b","text":"hi","time":{"x":[null]},"User":1}"#, "b", "hi", None),
        ] {
            assert_eq!(
                Draft::from_json(json.as_bytes()),
                Ok(Draft::new(user, text, nonce).unwrap()),
                "{json}"
            );
        }
    }

    #[test]
    fn each_rule_of_json_is_named() {
        use DraftError::{MissingMember, NonceChar, NonceEmpty, TextEmpty, UserEmpty, WrongType};
        use JsonType::{Array, Boolean, Null, Number, Object};
        use Member::{Nonce, Text, User};
        for (json, error, nonce) in [
            (r#"{}"#, MissingMember { member: User }, None),
            (r#"{"text":"hi","nonce":"b7c1"}"#, MissingMember { member: User }, Some("b7c1")),
            (r#"{"user":"b","nonce":"b7c1"}"#, MissingMember { member: Text }, Some("b7c1")),
            (r#"{"user":null,"text":"hi","nonce":"n"}"#, WrongType { member: User, found: Null }, Some("n")),
            (r#"{"user":7,"text":"hi"}"#, WrongType { member: User, found: Number }, None),
            (r#"{"user":"b","text":["hi"]}"#, WrongType { member: Text, found: Array }, None),
            (r#"{"user":"b","text":{}}"#, WrongType { member: Text, found: Object }, None),
            (r#"{"user":"b","text":null}"#, WrongType { member: Text, found: Null }, None),
            (r#"{"user":"b","text":"hi","nonce":true}"#, WrongType { member: Nonce, found: Boolean }, None),
            (r#"{"user":"b","text":"hi","nonce":7}"#, WrongType { member: Nonce, found: Number }, None),
            (r#"{"user":"b","text":"hi","nonce":""}"#, NonceEmpty, None),
            (r#"{"user":"b","text":"hi","nonce":"a b"}"#, NonceChar { found: ' ' }, None),
            (r#"{"user":" ","text":"","nonce":"a b"}"#, UserEmpty, None),
            (r#"{"user":"b","text":"","nonce":"n-1"}"#, TextEmpty, Some("n-1")),
        ] {
            let rejected = Draft::from_json(json.as_bytes()).unwrap_err();
            assert!(!rejected.error.is_syntax(), "{json}");
            assert_eq!(rejected, Rejected { error, nonce: nonce.map(str::to_owned) }, "{json}");
        }
    }

    #[test]
    fn syntax_comes_before_every_rule_and_has_no_nonce() {
        for json in [
            r#"{"user":null,"nonce":"b7c1"} x"#,
            r#"{"user":7,"nonce":"b7c1","x":"\ud800"}"#,
            r#"{"nonce":"b7c1","nonce":"b7c1"}"#,
            r#"[1,"#,
            "\u{feff}{}",
        ] {
            let rejected = Draft::from_json(json.as_bytes()).unwrap_err();
            assert!(rejected.error.is_syntax(), "{json}: {rejected}");
            assert_eq!(rejected.nonce, None, "{json}");
        }
        assert!(Draft::from_json(b"\xff").unwrap_err().error.is_syntax());
    }

    #[test]
    fn sentences_name_the_member_and_the_rule() {
        for (error, sentence) in [
            (
                DraftError::TextTooLong { chars: 2_001 },
                "`text` has 2,001 characters; at most 2,000 are allowed",
            ),
            (
                DraftError::UserTooLong { chars: 1_234_567 },
                "`user` has 1,234,567 characters; at most 32 are allowed",
            ),
            (
                DraftError::UserControl { control: '\u{7}' },
                "`user` has the control character U+0007; none is allowed",
            ),
            (
                DraftError::NonceChar { found: '😀' },
                "`nonce` has the character U+1F600; only A-Z, a-z, 0-9, _ and - are allowed",
            ),
            (DraftError::MissingMember { member: Member::Text }, "`text` is missing"),
            (
                DraftError::WrongType { member: Member::User, found: JsonType::Null },
                "`user` is null; it has to be a string",
            ),
            (
                DraftError::NotAnObject { found: JsonType::Array },
                "the draft is an array; it has to be an object",
            ),
            (
                DraftError::repeated_member("a\"<\u{202e}"),
                r#"the draft has the member "a\"<\u{202e}" twice in one object"#,
            ),
        ] {
            assert_eq!(error.to_string(), sentence);
        }
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (100_000, "100,000")] {
            assert_eq!(grouped(number), text);
        }
    }

    #[test]
    fn sentences_have_at_most_512_bytes_and_are_ascii_but_for_an_ellipsis() {
        let hostile = "\u{10ffff}".repeat(4_000);
        for json in [
            format!(r#"{{"{hostile}":1,"{hostile}":1}}"#),
            format!(r#"{{"x":{hostile}}}"#),
            format!("{hostile}{{"),
            format!(r#"{{"user":"{hostile}","text":"hi"}}"#),
            format!(r#"{{"user":"b","text":"{hostile}"}}"#),
            format!(r#"{{"user":"b","text":"hi","nonce":"{hostile}"}}"#),
            format!("{}7", " \n".repeat(100_000)),
        ] {
            let sentence = Draft::from_json(json.as_bytes()).unwrap_err().to_string();
            assert!(sentence.len() <= 512, "{} bytes", sentence.len());
            assert!(sentence.replace('…', "").is_ascii(), "{sentence}");
        }
    }
}
