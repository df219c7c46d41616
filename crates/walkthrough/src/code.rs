//! Code in colours, without a script: tree-sitter's grammars of Rust and JavaScript take it apart, and each token gets
//! a class that the style sheet colours.

use std::{ops::Range, sync::LazyLock};

use maud::{Markup, html};
use tree_sitter_highlight::{Highlight, HighlightConfiguration, HighlightEvent, Highlighter};

/// What the grammars call a token, and the class that it gets; what is not named here stays as it is. The longest name
/// that is a part of the grammar's is the one that counts.
const CLASSES: &[(&str, &str)] = &[
    ("comment", "c"),
    ("string", "s"),
    ("escape", "s"),
    ("number", "n"),
    ("constant", "n"),
    ("keyword", "k"),
    ("type", "t"),
    ("constructor", "t"),
    ("label", "t"),
    ("function", "f"),
];

/// A language that is shown in colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    Rust,
    JavaScript,
}

impl Language {
    /// The language of a file, by how its name ends.
    pub(crate) fn of(path: &str) -> Option<Self> {
        match path.rsplit_once('.')?.1 {
            "rs" => Some(Self::Rust),
            "js" | "mjs" => Some(Self::JavaScript),
            _ => None,
        }
    }

    fn grammar(self) -> &'static Result<HighlightConfiguration, String> {
        static RUST: LazyLock<Result<HighlightConfiguration, String>> = LazyLock::new(|| {
            configured(HighlightConfiguration::new(
                tree_sitter_rust::LANGUAGE.into(),
                "rust",
                tree_sitter_rust::HIGHLIGHTS_QUERY,
                "",
                "",
            ))
        });
        static JAVASCRIPT: LazyLock<Result<HighlightConfiguration, String>> = LazyLock::new(|| {
            configured(HighlightConfiguration::new(
                tree_sitter_javascript::LANGUAGE.into(),
                "javascript",
                tree_sitter_javascript::HIGHLIGHT_QUERY,
                "",
                tree_sitter_javascript::LOCALS_QUERY,
            ))
        });
        match self {
            Self::Rust => &RUST,
            Self::JavaScript => &JAVASCRIPT,
        }
    }
}

fn configured<E: ToString>(
    grammar: Result<HighlightConfiguration, E>,
) -> Result<HighlightConfiguration, String> {
    let mut grammar = grammar.map_err(|error| error.to_string())?;
    let names: Vec<_> = CLASSES.iter().map(|(name, _)| *name).collect();
    grammar.configure(&names);
    Ok(grammar)
}

/// A part of a text, with its class if it has one.
pub(crate) type Token<'a> = (Option<&'static str>, &'a str);

/// The text in colours.
///
/// # Errors
///
/// The grammar does not fit its library.
pub(crate) fn coloured(text: &str, language: Language) -> Result<Markup, String> {
    tokens(text, Some(language)).map(|tokens| shown(&tokens))
}

/// These octets of a text in colours, without the white space `indent` that their lines begin with. What a part is, the
/// whole text tells: an arm alone reads as a call.
pub(crate) fn excerpt(tokens: &[Token<'_>], part: &Range<usize>, indent: &str) -> Markup {
    let (mut at, mut is_new_line, mut excerpt) = (0, true, Vec::new());
    for (class, token) in tokens {
        let (from, to) = (part.start.saturating_sub(at), part.end.saturating_sub(at).min(token.len()));
        at += token.len();
        for line in token.get(from..to).unwrap_or_default().split_inclusive('\n') {
            let rest = line.strip_prefix(indent).filter(|_| is_new_line);
            excerpt.push((*class, rest.unwrap_or(line)));
            is_new_line = line.ends_with('\n');
        }
    }
    shown(&excerpt)
}

fn shown(tokens: &[Token<'_>]) -> Markup {
    html! {
        @for (class, token) in tokens {
            @if let Some(class) = class { span class=(class) { (token) } } @else { (token) }
        }
    }
}

/// The tokens of a text; put together, they are the text. A text of no language that is known is one token.
///
/// # Errors
///
/// The grammar does not fit its library.
pub(crate) fn tokens(text: &str, language: Option<Language>) -> Result<Vec<Token<'_>>, String> {
    let Some(language) = language else { return Ok(vec![(None, text)]) };
    let grammar = language.grammar().as_ref().map_err(Clone::clone)?;
    let mut highlighter = Highlighter::new();
    let events = highlighter.highlight(grammar, text.as_bytes(), None, None, |_| None);
    let (mut open, mut tokens) = (Vec::new(), Vec::new());
    for event in events.map_err(|error| error.to_string())? {
        match event.map_err(|error| error.to_string())? {
            HighlightEvent::HighlightStart(Highlight(at)) => {
                open.push(CLASSES.get(at).map(|(_, class)| *class));
            }
            HighlightEvent::HighlightEnd => _ = open.pop(),
            HighlightEvent::Source { start, end } => {
                tokens.push((open.last().copied().flatten(), text.get(start..end).unwrap_or_default()));
            }
        }
    }
    Ok(tokens)
}
