//! A page: its sections, one idea each, with their names and minutes.

use std::{collections::BTreeSet, path::PathBuf};

use maud::{Markup, PreEscaped, html};

use crate::{
    Broken,
    blocks::{Block, blocks},
    conversation,
    directive::{self, Scope},
    material::Material,
    prose,
};

/// One idea: a heading and what stands under it. On a slide it is alone.
#[derive(Debug)]
pub(crate) struct Section {
    pub(crate) line: usize,
    pub(crate) level: u8,
    /// As it is written, in Markdown.
    pub(crate) heading: String,
    /// The words of the heading.
    pub(crate) title: String,
    /// Its name in the address.
    pub(crate) id: String,
    /// How long it takes, in minutes.
    pub(crate) minutes: u32,
    /// The step of a track that is in it.
    pub(crate) step: Option<String>,
    blocks: Vec<(usize, Block)>,
}

/// A page of the walkthrough.
#[derive(Debug)]
pub(crate) struct Page {
    /// The name of its file.
    pub(crate) file: String,
    /// Its name in the address; empty for the contents.
    pub(crate) slug: String,
    /// The first is the page's own.
    pub(crate) sections: Vec<Section>,
}

/// A page's body, and the regions and whole files that stand in it.
pub(crate) struct Shown {
    pub(crate) body: Markup,
    pub(crate) regions: Vec<(usize, String)>,
    pub(crate) files: Vec<PathBuf>,
}

impl Page {
    /// Takes a page apart: `01-opening.md` is the page `opening`.
    ///
    /// # Errors
    ///
    /// It does not begin with its title, a heading has the words of another, or minutes are none.
    pub(crate) fn parse(file: &str, text: &str, material: &Material) -> Result<Self, Broken> {
        let stem = file.trim_end_matches(".md");
        let slug = stem.trim_start_matches(|char: char| char.is_ascii_digit() || char == '-');
        let slug = if stem == "index" { "" } else { slug };
        let mut sections: Vec<Section> = Vec::new();
        for (line, block) in blocks(text)? {
            match (block, sections.last_mut()) {
                (Block::Heading(level, heading), last) => {
                    if (level == 1) != last.is_none() {
                        return Err((
                            line,
                            "a page must have one heading with a single #, its first line".into(),
                        ));
                    }
                    let title = prose::words(&heading);
                    let id = slug_of(&title);
                    if let Some(first) = sections.iter().find(|section| section.id == id) {
                        return Err((
                            line,
                            format!("the heading must differ from that of line {}", first.line),
                        ));
                    }
                    let blocks = Vec::new();
                    sections.push(Section {
                        line,
                        level,
                        heading,
                        title,
                        id,
                        minutes: 0,
                        step: None,
                        blocks,
                    });
                }
                (_, None) => return Err((line, "a page must begin with its title: # TITLE".into())),
                (Block::Directive(name, argument), Some(section)) if name == "minutes" => {
                    let minutes = argument.parse::<u32>().ok().filter(|minutes| (1..=120).contains(minutes));
                    section.minutes +=
                        minutes.ok_or((line, "minutes must be a number from 1 to 120".to_owned()))?;
                }
                (block, Some(section)) => {
                    if let Block::Directive(name, argument) = &block
                        && name == "step"
                    {
                        let (_, _, step) = material.step(argument).map_err(|rule| (line, rule))?;
                        section.minutes += step.minutes;
                        section.step = Some(step.name.clone());
                    }
                    section.blocks.push((line, block));
                }
            }
        }
        if sections.is_empty() {
            return Err((1, "a page must begin with its title: # TITLE".into()));
        }
        Ok(Self { file: file.to_owned(), slug: slug.to_owned(), sections })
    }

    /// The path that it is served under.
    pub(crate) fn path(&self) -> String {
        if self.slug.is_empty() { "/walkthrough".into() } else { format!("/walkthrough/{}", self.slug) }
    }

    /// Its title.
    pub(crate) fn title(&self) -> &str {
        self.sections.first().map_or("", |section| &section.title)
    }

    /// All its minutes.
    pub(crate) fn minutes(&self) -> u32 {
        self.sections.iter().map(|section| section.minutes).sum()
    }

    /// What links may lead to.
    pub(crate) fn anchors(&self) -> Vec<String> {
        let path = self.path();
        let within = self.sections.iter().map(|section| format!("{path}#{}", section.id));
        within.chain([path.clone()]).collect()
    }

    /// Renders its sections.
    ///
    /// # Errors
    ///
    /// The first rule that a line breaks.
    pub(crate) fn html(
        &self,
        material: &Material,
        anchors: &BTreeSet<String>,
        pages: &[Self],
    ) -> Result<Shown, Broken> {
        let path = self.path();
        let mut scope = Scope {
            material,
            anchors,
            path: &path,
            pages,
            regions: Vec::new(),
            files: Vec::new(),
            seen: conversation::Seen::new(),
        };
        let mut body = String::new();
        for section in &self.sections {
            let mut content = Vec::new();
            for (line, block) in &section.blocks {
                content.push(directive::block(&mut scope, *line, block)?);
            }
            body.push_str(&section.html(&scope, &content)?.into_string());
        }
        Ok(Shown { body: PreEscaped(body), regions: scope.regions, files: scope.files })
    }
}

impl Section {
    fn html(&self, scope: &Scope<'_>, content: &[Markup]) -> Result<Markup, Broken> {
        let heading = prose::inline(&self.heading, scope.links()).map_err(|rule| (self.line, rule))?;
        let minutes = (self.minutes > 0).then_some(self.minutes);
        Ok(html! {
            section.idea id=(self.id) data-level=(self.level) data-minutes=[minutes] {
                @match self.level {
                    1 => h1 { (heading) },
                    2 => h2 { (heading) },
                    _ => h3 { (heading) },
                }
                @if let Some(minutes) = minutes { p.minutes { (minutes) " min" } }
                @for part in content { (part) }
            }
        })
    }
}

/// The words of a heading as a name: small letters and digits, with hyphens between.
fn slug_of(title: &str) -> String {
    let words = title.to_lowercase();
    let parts = words.split(|char: char| !char.is_alphanumeric()).filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join("-")
}
