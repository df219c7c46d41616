//! Code in colours, without a script: Rust and JavaScript taken apart into tokens, each of a class that the style sheet
//! colours. The tokens of a text, put together, are the text.

use maud::{Markup, html};

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Plain,
    Comment,
    Literal,
    Number,
    Keyword,
    Type,
    Function,
}

/// A language that is shown in colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    Rust,
    JavaScript,
}

const RUST: &[&str] = &[
    "as", "async", "await", "break", "const", "continue", "crate", "dyn", "else", "enum", "false", "fn",
    "for", "if", "impl", "in", "let", "loop", "match", "mod", "move", "mut", "pub", "ref", "return", "self",
    "Self", "static", "struct", "super", "trait", "true", "type", "unsafe", "use", "where", "while",
];

const JAVASCRIPT: &[&str] = &[
    "async",
    "await",
    "break",
    "case",
    "catch",
    "class",
    "const",
    "continue",
    "default",
    "delete",
    "do",
    "else",
    "export",
    "extends",
    "false",
    "finally",
    "for",
    "from",
    "function",
    "get",
    "if",
    "import",
    "in",
    "instanceof",
    "let",
    "new",
    "null",
    "of",
    "return",
    "set",
    "static",
    "super",
    "switch",
    "this",
    "throw",
    "true",
    "try",
    "typeof",
    "undefined",
    "var",
    "void",
    "while",
    "yield",
];

impl Language {
    /// The language of a file, by how its name ends.
    pub(crate) fn of(path: &str) -> Option<Self> {
        match path.rsplit_once('.')?.1 {
            "rs" => Some(Self::Rust),
            "js" | "mjs" => Some(Self::JavaScript),
            _ => None,
        }
    }

    const fn keywords(self) -> &'static [&'static str] {
        match self {
            Self::Rust => RUST,
            Self::JavaScript => JAVASCRIPT,
        }
    }
}

/// The text in colours.
pub(crate) fn coloured(text: &str, language: Language) -> Markup {
    let class = |kind| match kind {
        Kind::Plain => None,
        Kind::Comment => Some("c"),
        Kind::Literal => Some("s"),
        Kind::Number => Some("n"),
        Kind::Keyword => Some("k"),
        Kind::Type => Some("t"),
        Kind::Function => Some("f"),
    };
    html! {
        @for (kind, token) in tokens(text, language) {
            @if let Some(class) = class(kind) { span class=(class) { (token) } } @else { (token) }
        }
    }
}

/// The tokens of a text.
pub(crate) fn tokens(text: &str, language: Language) -> Vec<(Kind, &str)> {
    let mut tokens: Vec<(Kind, &str)> = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let before = tokens.iter().rev().map(|(_, token)| token.trim()).find(|token| !token.is_empty());
        let (kind, length) = token(rest, first, before.unwrap_or_default(), language);
        let (token, after) = rest.split_at_checked(length.max(first.len_utf8())).unwrap_or((rest, ""));
        tokens.push((kind, token));
        rest = after;
    }
    tokens
}

/// The kind and the length of the token that `rest` begins with; `before` is the one before it.
fn token(rest: &str, first: char, before: &str, language: Language) -> (Kind, usize) {
    let is_rust = language == Language::Rust;
    if rest.starts_with("//") {
        return (Kind::Comment, rest.find('\n').unwrap_or(rest.len()));
    }
    if rest.starts_with("/*") {
        return (Kind::Comment, rest.find("*/").map_or(rest.len(), |end| end + 2));
    }
    if is_rust && let Some(length) = raw_string(rest) {
        return (Kind::Literal, length);
    }
    if is_rust && (rest.starts_with("b\"") || rest.starts_with("b'")) {
        return (Kind::Literal, 1 + quoted(rest.get(1..).unwrap_or_default()));
    }
    match first {
        '"' => (Kind::Literal, quoted(rest)),
        '\'' if is_rust => lifetime_or_char(rest),
        '\'' | '`' => (Kind::Literal, quoted(rest)),
        '/' if !is_rust && begins_value(before) => (Kind::Literal, pattern(rest)),
        _ if first.is_ascii_digit() => (Kind::Number, number(rest)),
        _ if first.is_alphabetic() || first == '_' || first == '$' || first == '#' && !is_rust => {
            word(rest, before, language)
        }
        _ => (Kind::Plain, first.len_utf8()),
    }
}

/// From a quote to the next of its kind that no backslash stands before.
fn quoted(rest: &str) -> usize {
    let quote = rest.chars().next().unwrap_or('"');
    let mut escaped = false;
    for (at, char) in rest.char_indices().skip(1) {
        match char {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if char == quote => return at + char.len_utf8(),
            _ => {}
        }
    }
    rest.len()
}

/// `r"…"`, `br#"…"#`.
fn raw_string(rest: &str) -> Option<usize> {
    let inner = rest.strip_prefix("br").or_else(|| rest.strip_prefix('r'))?;
    let marks = inner.len() - inner.trim_start_matches('#').len();
    let begin = rest.len() - inner.len() + marks;
    let body = rest.get(begin..)?.strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(marks));
    Some(body.find(&end).map_or(rest.len(), |at| begin + 1 + at + end.len()))
}

/// `'a'` and `'\n'` are characters, `'a` is a lifetime.
fn lifetime_or_char(rest: &str) -> (Kind, usize) {
    let mut chars = rest.chars().skip(1);
    match (chars.next(), chars.next()) {
        (Some('\\'), _) | (Some(_), Some('\'')) => (Kind::Literal, quoted(rest)),
        _ => (
            Kind::Type,
            1 + span(rest.get(1..).unwrap_or_default(), |char| char.is_alphanumeric() || char == '_'),
        ),
    }
}

/// A regular expression of JavaScript, up to its flags.
fn pattern(rest: &str) -> usize {
    let mut escaped = false;
    let mut in_class = false;
    for (at, char) in rest.char_indices().skip(1) {
        match char {
            '\n' => return 1,
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '[' => in_class = true,
            ']' => in_class = false,
            '/' if !in_class => {
                let flags = rest.get(at + 1..).unwrap_or_default();
                return at + 1 + span(flags, |char| char.is_ascii_lowercase());
            }
            _ => {}
        }
    }
    1
}

/// Whether a value may begin after this token, so that `/` divides nothing.
fn begins_value(before: &str) -> bool {
    before.is_empty()
        || before == "return"
        || before.ends_with(|char: char| "(,=:[!&|?{};+-*%<>~^".contains(char))
}

/// A number ends before `..`, and before a method.
fn number(rest: &str) -> usize {
    let whole = span(rest, |char| char.is_ascii_alphanumeric() || char == '_');
    let fraction = rest.get(whole..).and_then(|rest| rest.strip_prefix('.')).unwrap_or_default();
    if fraction.starts_with(|char: char| char.is_ascii_digit()) {
        return whole + 1 + span(fraction, |char| char.is_ascii_alphanumeric() || char == '_');
    }
    whole
}

fn word(rest: &str, before: &str, language: Language) -> (Kind, usize) {
    let length = 1 + span(rest.get(1..).unwrap_or_default(), |char| {
        char.is_alphanumeric() || char == '_' || char == '$'
    });
    let (word, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
    let is_constant = word.len() > 1
        && word.chars().all(|char| char.is_ascii_uppercase() || char.is_ascii_digit() || char == '_');
    let is_member = before.ends_with('.') && language == Language::JavaScript;
    let kind = if language.keywords().contains(&word) && !is_member {
        Kind::Keyword
    } else if is_constant {
        Kind::Number
    } else if word.starts_with(|char: char| char.is_ascii_uppercase()) {
        Kind::Type
    } else if after.starts_with('(') || after.starts_with("!(") || after.starts_with("![") {
        Kind::Function
    } else {
        Kind::Plain
    };
    (kind, length)
}

fn span(rest: &str, belongs: impl Fn(char) -> bool) -> usize {
    rest.find(|char| !belongs(char)).unwrap_or(rest.len())
}
