//! A page taken apart by lines: headings, prose, directives, and the fences that are more than code.

use crate::Broken;

/// A part of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Block {
    /// `# …` to `### …`.
    Heading(u8, String),
    /// Markdown without headings, directives and fences.
    Prose(String),
    /// `{{NAME ARGUMENT}}` on a line of its own.
    Directive(String, String),
    /// The words after three back-ticks, and the lines up to the next three.
    Fence(String, String),
}

/// The parts of a page, each with its line, counted from 1.
///
/// # Errors
///
/// A fence that does not end; a directive that is not one, or not on a line of its own; a heading of a fourth level.
pub(crate) fn blocks(text: &str) -> Result<Vec<(usize, Block)>, Broken> {
    let mut blocks: Vec<(usize, Block)> = Vec::new();
    let mut lines = (1..).zip(text.lines());
    while let Some((number, line)) = lines.next() {
        if let Some(info) = line.strip_prefix("```") {
            let mut body = String::new();
            loop {
                match lines.next() {
                    Some((_, "```")) => break,
                    Some((_, line)) => body.extend([line, "\n"]),
                    None => return Err((number, "a fence must end with ``` on a line of its own".into())),
                }
            }
            blocks.push((number, Block::Fence(info.trim().to_owned(), body)));
        } else if line.starts_with('#') {
            blocks.push((number, heading(number, line)?));
        } else if line.contains("{{") {
            blocks.push((number, directive(number, line)?));
        } else if let Some((_, Block::Prose(prose))) = blocks.last_mut() {
            prose.extend([line, "\n"]);
        } else if !line.trim().is_empty() {
            blocks.push((number, Block::Prose(format!("{line}\n"))));
        }
    }
    Ok(blocks)
}

fn heading(number: usize, line: &str) -> Result<Block, Broken> {
    for level in 1..=3_u8 {
        let marks = "#".repeat(level.into());
        if let Some(text) = line.strip_prefix(&*marks).and_then(|rest| rest.strip_prefix(' ')) {
            return Ok(Block::Heading(level, text.trim().to_owned()));
        }
    }
    Err((number, "a heading must begin with #, ## or ### and a space".into()))
}

fn directive(number: usize, line: &str) -> Result<Block, Broken> {
    let inner = line.strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}"));
    let Some(inner) = inner.filter(|inner| !inner.contains("{{") && !inner.contains("}}")) else {
        return Err((number, "a directive must stand on a line of its own: {{NAME ARGUMENT}}".into()));
    };
    let (name, argument) = inner.trim().split_once(' ').unwrap_or((inner.trim(), ""));
    Ok(Block::Directive(name.to_owned(), argument.trim().to_owned()))
}
