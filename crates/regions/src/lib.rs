//! Regions: the parts of a source file that a learner writes and the walkthrough shows, from `// region: NAME` to
//! `// endregion: NAME`.

use std::path::{Path, PathBuf};

/// A region of a text. Its content begins on the line after its first marker and ends before its last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Region {
    /// Its name.
    pub name: String,
    /// The line of the first marker, counted from 1.
    pub line: usize,
    /// Octets of the text before the content.
    pub start: usize,
    /// Octets of the text up to the line of the last marker.
    pub end: usize,
    /// The white space before the first marker.
    pub indent: String,
}

impl Region {
    /// The content: whole lines.
    pub fn content<'a>(&self, text: &'a str) -> &'a str {
        text.get(self.start..self.end).unwrap_or_default()
    }
}

/// Why the regions of a file cannot be told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}:{line}: {what}", path.display())]
pub struct RegionError {
    /// The file.
    pub path: PathBuf,
    /// The line, counted from 1.
    pub line: usize,
    /// The rule that the line breaks.
    pub what: String,
}

enum Marker<'a> {
    Begin(&'a str),
    End(&'a str),
}

/// The marker on a line, if there is one: a comment of its own.
fn marker(line: &str) -> Option<Marker<'_>> {
    let comment = line.trim_start().strip_prefix("//")?.trim_start();
    if let Some(name) = comment.strip_prefix("region:") {
        return Some(Marker::Begin(name.trim()));
    }
    comment.strip_prefix("endregion:").map(|name| Marker::End(name.trim()))
}

/// The regions of a text, in its order.
///
/// # Errors
///
/// A marker without a name, a region within another, that has no end or a second one of its name.
pub fn parse(path: &Path, text: &str) -> Result<Vec<Region>, RegionError> {
    let mut regions: Vec<Region> = Vec::new();
    let mut open: Option<Region> = None;
    let mut at = 0;
    for (number, line) in (1..).zip(text.split_inclusive('\n')) {
        let fail = |what: String| Err(RegionError { path: path.to_owned(), line: number, what });
        let begin = at;
        at += line.len();
        match (marker(line), &open) {
            (Some(Marker::Begin("") | Marker::End("")), _) => {
                return fail("a region must have a name".into());
            }
            (Some(Marker::Begin(name)), Some(outer)) => {
                return fail(format!("the region {name} must not begin within {}", outer.name));
            }
            (Some(Marker::Begin(name)), None) => {
                if let Some(first) = regions.iter().find(|region| region.name == name) {
                    return fail(format!(
                        "the region {name} must not begin again; line {} has it",
                        first.line
                    ));
                }
                let indent = line.chars().take_while(|char| char.is_whitespace()).collect();
                open = Some(Region { name: name.to_owned(), line: number, start: at, end: at, indent });
            }
            (Some(Marker::End(name)), _) => match open.take() {
                Some(region) if region.name == name => regions.push(Region { end: begin, ..region }),
                Some(region) => return fail(format!("{} must end before {name} does", region.name)),
                None => return fail(format!("the region {name} must begin before it ends")),
            },
            (None, _) => {}
        }
    }
    match open {
        Some(Region { name, line, .. }) => {
            Err(RegionError { path: path.to_owned(), line, what: format!("the region {name} must end") })
        }
        None => Ok(regions),
    }
}

/// The text with the content of each region that `content` gives one for replaced by it.
pub fn replace(text: &str, regions: &[Region], content: impl Fn(&Region) -> Option<String>) -> String {
    let mut composed = String::with_capacity(text.len());
    let mut at = 0;
    for region in regions {
        if let Some(content) = content(region) {
            composed.push_str(text.get(at..region.start).unwrap_or_default());
            composed.push_str(&content);
            at = region.end;
        }
    }
    composed.push_str(text.get(at..).unwrap_or_default());
    composed
}

/// Lines with this indent before each that is not empty.
pub fn indented(lines: &str, indent: &str) -> String {
    let line = |line: &str| if line.is_empty() { "\n".to_owned() } else { format!("{indent}{line}\n") };
    lines.trim_end().lines().map(line).collect()
}

/// The name of the function that a line is in, as its signature says.
pub fn function_at(text: &str, line: usize) -> Option<&str> {
    let before: Vec<_> = text.lines().take(line).collect();
    before.into_iter().rev().find_map(|line| {
        let (_, rest) = line.split_once("fn ").or_else(|| line.split_once("function "))?;
        let end = rest.find(|char: char| !char.is_alphanumeric() && char != '_')?;
        rest.get(..end).filter(|name| !name.is_empty() && !line.trim_start().starts_with("//"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str =
        "fn one() {\n    // region: a\n    1;\n    // endregion: a\n}\n// region: b\n// endregion: b\n";

    fn fails(text: &str) -> String {
        parse(Path::new("x.rs"), text).unwrap_err().to_string()
    }

    #[test]
    fn regions_are_the_lines_between_their_markers() {
        let regions = parse(Path::new("x.rs"), TEXT).unwrap();
        let told: Vec<_> =
            regions.iter().map(|region| (&*region.name, region.line, region.content(TEXT))).collect();
        assert_eq!(told, [("a", 2, "    1;\n"), ("b", 6, "")]);
        assert_eq!(function_at(TEXT, 2), Some("one"));
    }

    #[test]
    fn replaced_by_their_own_content_nothing_changes() {
        let regions = parse(Path::new("x.rs"), TEXT).unwrap();
        assert_eq!(replace(TEXT, &regions, |region| Some(region.content(TEXT).to_owned())), TEXT);
        let stubbed =
            replace(TEXT, &regions, |region| (region.name == "a").then(|| indented("2;\n\n3;", "    ")));
        assert_eq!(stubbed, TEXT.replace("    1;\n", "    2;\n\n    3;\n"));
    }

    #[test]
    fn what_is_wrong_is_told_with_file_and_line() {
        assert_eq!(fails("// region: a\n"), "x.rs:1: the region a must end");
        assert_eq!(fails("\n// endregion: a\n"), "x.rs:2: the region a must begin before it ends");
        assert_eq!(fails("// region: a\n// region: b\n"), "x.rs:2: the region b must not begin within a");
        assert_eq!(fails("// region: a\n// endregion: b\n"), "x.rs:2: a must end before b does");
        assert_eq!(fails("// region:\n"), "x.rs:1: a region must have a name");
        let again = "// region: a\n// endregion: a\n// region: a\n";
        assert_eq!(fails(again), "x.rs:3: the region a must not begin again; line 1 has it");
    }
}
