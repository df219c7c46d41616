//! Markdown to HTML: what prose may have in it, and where its links may lead.

use std::collections::BTreeSet;

use maud::{Markup, PreEscaped};
use pulldown_cmark::{Alignment, Event, Options, Parser, Tag, TagEnd, html};

/// What a link may lead to, and from where.
#[derive(Clone, Copy)]
pub(crate) struct Links<'a> {
    /// Pages and their sections, as paths with fragments.
    pub(crate) anchors: &'a BTreeSet<String>,
    /// The page that it stands in.
    pub(crate) path: &'a str,
}

/// Renders Markdown.
///
/// # Errors
///
/// HTML or a picture in it, or a link within that leads nowhere.
pub(crate) fn html(markdown: &str, links: Links<'_>) -> Result<Markup, String> {
    let mut events = Vec::new();
    for event in Parser::new_ext(markdown, Options::ENABLE_TABLES) {
        match &event {
            Event::Html(_) | Event::InlineHtml(_) => return Err("prose must not have HTML in it".into()),
            Event::Start(Tag::Image { .. }) => {
                return Err("a picture must be a diagram: {{diagram NAME}}".into());
            }
            Event::Start(Tag::Link { dest_url, .. }) => judge(dest_url, links)?,
            Event::Start(Tag::Table(alignments)) => {
                // An alignment would become a style attribute, which the pages' security policy forbids.
                let right = (1..).zip(alignments).filter(|(_, alignment)| **alignment == Alignment::Right);
                let right: String = right.map(|(column, _)| format!(" right-{column}")).collect();
                events.push(Event::Html(format!("<div class=\"wide{right}\" tabindex=\"0\">").into()));
                events.push(Event::Start(Tag::Table(vec![Alignment::None; alignments.len()])));
                continue;
            }
            // An empty cell of the head is the head of nothing.
            Event::End(TagEnd::TableCell) if matches!(events.last(), Some(Event::Start(Tag::TableCell))) => {
                events.pop();
                events.push(Event::Html("<td></td>".into()));
                continue;
            }
            _ => {}
        }
        let ends_table = matches!(event, Event::End(TagEnd::Table));
        events.push(event);
        if ends_table {
            events.push(Event::Html("</div>".into()));
        }
    }
    let mut rendered = String::new();
    html::push_html(&mut rendered, events.into_iter());
    Ok(PreEscaped(rendered))
}

/// Renders a line of Markdown without a paragraph around it.
///
/// # Errors
///
/// Those of [`html`].
pub(crate) fn inline(markdown: &str, links: Links<'_>) -> Result<Markup, String> {
    let Markup { 0: rendered, .. } = html(markdown, links)?;
    let inner = rendered.trim().trim_start_matches("<p>").trim_end_matches("</p>");
    Ok(PreEscaped(inner.to_owned()))
}

/// The words of a line of Markdown.
pub(crate) fn words(markdown: &str) -> String {
    let text = |event| match event {
        Event::Text(text) | Event::Code(text) => Some(text.into_string()),
        _ => None,
    };
    Parser::new(markdown).filter_map(text).collect()
}

fn judge(url: &str, links: Links<'_>) -> Result<(), String> {
    let is_elsewhere = url.starts_with("https://") || url.starts_with("http://localhost:");
    let target = if url.starts_with('#') { format!("{}{url}", links.path) } else { url.to_owned() };
    if is_elsewhere || url == "/" || links.anchors.contains(&target) {
        return Ok(());
    }
    Err(format!("the link {url} must lead to https://…, /, or a page or section of the walkthrough"))
}
