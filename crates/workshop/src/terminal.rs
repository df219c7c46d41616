//! Text for a terminal of 80 columns: colours that can be turned off, lines that are wrapped.

use std::{
    fmt::{self, Write as _},
    io::{self, IsTerminal, Write as _},
};

/// The width of everything that is printed.
pub const COLUMNS: usize = 80;

/// How text stands out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// A title.
    Bold,
    /// What matters less.
    Dim,
    /// Good.
    Green,
    /// Wrong.
    Red,
    /// Where to look.
    Yellow,
    /// A command to type, or a place in a file.
    Cyan,
}

/// Whether and how to colour.
#[derive(Clone, Copy, Debug)]
pub struct Paint(pub bool);

impl Paint {
    /// Colours, unless `NO_COLOR` is set, `--no-color` was given, or standard output is no terminal.
    pub fn of_process(off: bool) -> Self {
        let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self(!off && !unwanted && io::stdout().is_terminal())
    }

    /// The text in this style.
    pub fn text(self, style: Style, text: impl fmt::Display) -> String {
        if !self.0 {
            return text.to_string();
        }
        let code = match style {
            Style::Bold => 1,
            Style::Dim => 2,
            Style::Green => 32,
            Style::Red => 31,
            Style::Yellow => 33,
            Style::Cyan => 36,
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }
}

/// The text in lines of at most [`COLUMNS`], each after `indent`.
pub fn wrap(text: &str, indent: &str) -> String {
    let mut wrapped = String::new();
    for paragraph in text.trim().lines() {
        let mut line = String::new();
        for word in paragraph.split_whitespace() {
            let long = indent.chars().count() + line.chars().count() + 1 + word.chars().count() > COLUMNS;
            if long && !line.is_empty() {
                let _ = writeln!(wrapped, "{indent}{line}");
                line.clear();
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        let _ = writeln!(wrapped, "{indent}{line}");
    }
    wrapped
}

/// `left`, and `right` at the right margin of the line; on a line of its own where both do not fit.
pub fn justified(left: &str, right: &str) -> String {
    let width = left.chars().count() + right.chars().count();
    let gap = COLUMNS.saturating_sub(width).max(2);
    format!("{left}{}{right}", " ".repeat(gap))
}

/// Prints to standard output. That nobody reads any more is no error.
pub fn print(text: impl fmt::Display) {
    let mut output = io::stdout().lock();
    let _ = write!(output, "{text}").and_then(|()| output.flush());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_have_at_most_80_columns() {
        let wrapped = wrap(&"word ".repeat(40), "    ");
        assert!(wrapped.lines().all(|line| line.chars().count() <= COLUMNS), "{wrapped}");
        assert_eq!(wrapped.split_whitespace().count(), 40);
        assert_eq!(justified("a", "b").chars().count(), COLUMNS);
    }
}
