//! What is taught in half a day, a day and two days: a choice of sections and steps, whose minutes are those of the pages.
//!
//! The choice stands in `web/walkthrough/plans.toml`. A day that its minutes do not fill, or more than fill, is an error:
//! who changes a plan, or the minutes of a step, learns it from the build.

use std::{collections::BTreeSet, path::Path};

use serde::Deserialize;

use crate::{
    material::{Unusable, text},
    page::{Page, Section},
};

/// Where the plans are, in the repository.
const PLANS: &str = "web/walkthrough/plans.toml";

/// A step that is shown and not built takes this part of its minutes, in whole fives.
const SHOWN_SHARE: u32 = 4;

/// Minutes of a day that may be left over.
const MAX_LEFT: u32 = 10;

/// The plans, as they are written.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Plans {
    plan: Vec<Plan>,
}

/// What is taught within some days.
#[derive(Debug, Deserialize)]
struct Plan {
    name: String,
    day: Vec<Day>,
}

/// A day, or half of one.
#[derive(Debug, Deserialize)]
struct Day {
    title: String,
    /// When it begins and ends, as `9:00`.
    begin: String,
    end: String,
    /// Its breaks in their order, in minutes. They are spread evenly.
    breaks: Vec<u32>,
    chapter: Vec<Choice>,
}

/// What is taken from a chapter.
#[derive(Debug, Deserialize)]
struct Choice {
    page: String,
    /// Sections that are told, by their names in the address; all that are no step where it is absent.
    tell: Option<Vec<String>>,
    /// Steps that everybody builds.
    #[serde(default)]
    build: Vec<String>,
    /// Steps whose code is read, and whose finished program is run.
    #[serde(default)]
    show: Vec<String>,
}

/// How a section is taught.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// Told, with what it has to show.
    Tell,
    /// Its step is built by everybody.
    Build,
    /// The code of its step is read, and the finished program is run.
    Show,
}

/// A section in a plan.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Part<'a> {
    pub(crate) page: &'a Page,
    pub(crate) section: &'a Section,
    pub(crate) manner: Manner,
    pub(crate) minutes: u32,
}

/// What stands in a timetable.
#[derive(Debug)]
pub(crate) enum Entry<'a> {
    /// Parts of one chapter, from this minute of the day on.
    Chapter(u32, Vec<Part<'a>>),
    /// A break, from this minute of the day on, of so many minutes.
    Break(u32, u32),
    /// The end, in this minute of the day, with so many minutes left over.
    End(u32, u32),
}

/// A chapter of a plan: what is taught of a page, and the chapters around it.
#[derive(Debug)]
pub(crate) struct Chapter<'a> {
    pub(crate) plan: &'a str,
    pub(crate) parts: Vec<Part<'a>>,
    pub(crate) previous: Option<&'a Page>,
    pub(crate) next: Option<&'a Page>,
}

/// A plan, worked out.
#[derive(Debug)]
pub(crate) struct Worked<'a> {
    /// Its name in the address.
    pub(crate) name: &'a str,
    /// The days, with what each is called.
    pub(crate) days: Vec<(&'a str, Vec<Entry<'a>>)>,
    /// What is left to be read, by chapter.
    pub(crate) left: Vec<(&'a Page, Vec<&'a Section>)>,
}

impl Plans {
    /// Reads them from the repository at `root`.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or is not as it should be.
    pub(crate) fn read(root: &Path) -> Result<Self, Unusable> {
        let path = root.join(PLANS);
        toml::from_str(&text(&path)?).map_err(|error| (path, error.to_string()))
    }

    /// Works out the plan of this name.
    ///
    /// # Errors
    ///
    /// There is none; it names what no page has; or a day's minutes do not fill it, or more than fill it.
    pub(crate) fn work<'a>(&'a self, name: &str, pages: &'a [Page]) -> Result<Worked<'a>, String> {
        let plan = self.plan.iter().find(|plan| plan.name == name);
        let plan = plan.ok_or_else(|| {
            let names: Vec<_> = self.plan.iter().map(|plan| &*plan.name).collect();
            format!("the plan must be one of {}, not {name:?}", names.join(", "))
        })?;
        let mut days = Vec::new();
        let mut taught = BTreeSet::new();
        for day in &plan.day {
            let parts = day.parts(pages)?;
            taught.extend(parts.iter().map(|part| (&*part.page.slug, &*part.section.id)));
            days.push((&*day.title, day.entries(&parts)?));
        }
        let mut left = Vec::new();
        for page in pages {
            let takes_time = page.sections.iter().filter(|section| section.minutes > 0);
            let not_taught = |section: &&Section| !taught.contains(&(&*page.slug, &*section.id));
            let sections: Vec<_> = takes_time.filter(not_taught).collect();
            if !sections.is_empty() {
                left.push((page, sections));
            }
        }
        Ok(Worked { name: &plan.name, days, left })
    }

    /// The chapters that plans make of the page `slug`. A plan that cannot be worked out has none: its directive says why.
    pub(crate) fn chapters<'a>(&'a self, slug: &str, pages: &'a [Page]) -> Vec<Chapter<'a>> {
        let chapter = |plan: &'a Plan| {
            let mut taught: Vec<(&Page, Vec<Part<'a>>)> = Vec::new();
            for part in self.work(&plan.name, pages).ok()?.parts() {
                match taught.iter_mut().find(|(page, _)| page.slug == part.page.slug) {
                    Some((_, parts)) => parts.push(part),
                    None => taught.push((part.page, vec![part])),
                }
            }
            let at = taught.iter().position(|(page, _)| page.slug == slug)?;
            let page = |at: usize| taught.get(at).map(|(page, _)| *page);
            let (previous, next) = (at.checked_sub(1).and_then(page), page(at + 1));
            Some(Chapter { plan: &plan.name, parts: taught.swap_remove(at).1, previous, next })
        };
        self.plan.iter().filter_map(chapter).collect()
    }
}

impl<'a> Worked<'a> {
    /// What is taught, in its order.
    fn parts(&self) -> Vec<Part<'a>> {
        self.days.iter().flat_map(|(_, entries)| entries).flat_map(Entry::parts).copied().collect()
    }
}

impl<'a> Entry<'a> {
    /// What is taught in it.
    pub(crate) fn parts(&self) -> &[Part<'a>] {
        match self {
            Self::Chapter(_, parts) => parts,
            Self::Break(..) | Self::End(..) => &[],
        }
    }
}

impl Day {
    fn parts<'a>(&self, pages: &'a [Page]) -> Result<Vec<Part<'a>>, String> {
        let mut parts = Vec::new();
        for choice in &self.chapter {
            let page = pages.iter().find(|page| page.slug == choice.page);
            let page =
                page.ok_or_else(|| format!("{PLANS} names the page {:?}, which must be", choice.page))?;
            let before = parts.len();
            for section in page.sections.iter().filter(|section| section.minutes > 0) {
                let Some(manner) = choice.manner(section) else { continue };
                let minutes = if manner == Manner::Show { shown(section.minutes) } else { section.minutes };
                parts.push(Part { page, section, manner, minutes });
            }
            if parts.len() - before != choice.asked(page) {
                return Err(format!(
                    "{PLANS}: what {:?} takes from {} must be its sections and steps, each once",
                    self.title, choice.page
                ));
            }
        }
        Ok(parts)
    }

    /// The timetable: a row for each chapter, parted where a break is.
    fn entries<'a>(&self, parts: &[Part<'a>]) -> Result<Vec<Entry<'a>>, String> {
        let (begin, end) = (minute_of(&self.begin)?, minute_of(&self.end)?);
        let taught: u32 = parts.iter().map(|part| part.minutes).sum();
        let there = end.saturating_sub(begin).saturating_sub(self.breaks.iter().sum());
        let left = there.checked_sub(taught).filter(|left| *left <= MAX_LEFT);
        let left = left.ok_or_else(|| {
            format!(
                "{PLANS}: {:?} has {there} minutes to teach, and must be filled: it has {taught}",
                self.title
            )
        })?;
        let mut breaks = (1_u32..).zip(&self.breaks).peekable();
        let spaces = u32::try_from(self.breaks.len()).unwrap_or(u32::MAX - 1) + 1;
        let mut entries = Vec::new();
        let (mut now, mut done) = (begin, 0);
        for part in parts {
            // Before the part in whose middle a break would fall, or later.
            if let Some((_, minutes)) =
                breaks.next_if(|(number, _)| (done + part.minutes / 2) * spaces >= number * taught)
            {
                entries.push(Entry::Break(now, *minutes));
                now += minutes;
            }
            match entries.last_mut() {
                Some(Entry::Chapter(_, row))
                    if row.first().is_some_and(|first| first.page.slug == part.page.slug) =>
                {
                    row.push(*part);
                }
                _ => entries.push(Entry::Chapter(now, vec![*part])),
            }
            now += part.minutes;
            done += part.minutes;
        }
        entries.push(Entry::End(now, left));
        Ok(entries)
    }
}

impl Choice {
    fn manner(&self, section: &Section) -> Option<Manner> {
        let Some(step) = &section.step else {
            return self.tell.as_ref().is_none_or(|tell| tell.contains(&section.id)).then_some(Manner::Tell);
        };
        if self.build.contains(step) {
            Some(Manner::Build)
        } else {
            self.show.contains(step).then_some(Manner::Show)
        }
    }

    /// How many sections it asks for.
    fn asked(&self, page: &Page) -> usize {
        let told =
            page.sections.iter().filter(|section| section.minutes > 0 && section.step.is_none()).count();
        self.tell.as_ref().map_or(told, Vec::len) + self.build.len() + self.show.len()
    }
}

/// The minutes of a step that is shown.
const fn shown(minutes: u32) -> u32 {
    minutes.div_ceil(SHOWN_SHARE).next_multiple_of(5)
}

/// The minute of the day, of `9:30`.
fn minute_of(clock: &str) -> Result<u32, String> {
    let parts =
        clock.split_once(':').and_then(|(hours, minutes)| Some((hours.parse().ok()?, minutes.parse().ok()?)));
    let within = |&(hours, minutes): &(u32, u32)| hours < 24 && minutes < 60;
    let (hours, minutes) =
        parts.filter(within).ok_or_else(|| format!("{PLANS}: a time must be as 9:30, not {clock:?}"))?;
    Ok(hours * 60 + minutes)
}

#[cfg(test)]
mod tests;
