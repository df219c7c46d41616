//! The minutes of half a day, a day and two days: which steps are built, and which are shown.

use maud::{Markup, html};

use crate::page::{Page, Section};

/// Minutes of teaching, breaks left out.
const DAYS: [(&str, u32); 3] = [("half a day", 210), ("a day", 390), ("two days", 780)];

/// A step that is shown and not built takes this part of its minutes, in whole fives.
const SHOWN_SHARE: u32 = 4;

/// A section in a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Part {
    minutes: u32,
    /// A step of a track that everybody builds.
    is_built: bool,
}

fn shown(minutes: u32) -> u32 {
    minutes.div_ceil(SHOWN_SHARE).next_multiple_of(5)
}

/// What there is time for: everything is shown, and steps are built from the first on while the minutes last.
fn parts(sections: &[(bool, u32)], minutes: u32) -> Vec<Part> {
    let least = |&(is_step, minutes): &(bool, u32)| if is_step { shown(minutes) } else { minutes };
    let mut total: u32 = sections.iter().map(least).sum();
    let mut parts = Vec::new();
    for section @ &(is_step, full) in sections {
        let with = total - least(section) + full;
        let is_built = is_step && with <= minutes;
        if is_built {
            total = with;
        }
        parts.push(Part { minutes: if is_built { full } else { least(section) }, is_built });
    }
    parts
}

/// The plan as a table: a row for each section that takes time.
pub(crate) fn html(pages: &[Page]) -> Markup {
    let sections: Vec<(&Page, &Section)> = pages
        .iter()
        .flat_map(|page| page.sections.iter().map(move |section| (page, section)))
        .filter(|(_, section)| section.minutes > 0)
        .collect();
    let lengths: Vec<_> = sections.iter().map(|(_, section)| (section.is_step, section.minutes)).collect();
    let plans = DAYS.map(|(_, minutes)| parts(&lengths, minutes));
    html! {
        div.wide tabindex="0" {
            table.plan {
                thead { tr { th scope="col" { "section" } @for (name, minutes) in DAYS {
                    th scope="col" { (name) ", " (minutes) " min" }
                } } }
                tbody { @for (at, (page, section)) in sections.iter().enumerate() {
                    tr {
                        td { a href=(format!("{}#{}", page.path(), section.id)) { (section.title) } }
                        @for plan in &plans { td { @if let Some(part) = plan.get(at) { (cell(*part, section.is_step)) } } }
                    }
                } }
                tfoot { tr { th scope="row" { "together" } @for ((_, day), plan) in DAYS.iter().zip(&plans) {
                    @let total = plan.iter().map(|part| part.minutes).sum::<u32>();
                    td { (total) " min" @if let Some(left @ 1..) = day.checked_sub(total) { ", " (left) " left" } }
                } } }
            }
        }
    }
}

fn cell(part: Part, is_step: bool) -> Markup {
    html! { (part.minutes) @if part.is_built { " " strong { "build" } } @else if is_step { " show" } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_built_while_the_minutes_last() {
        let sections = [(false, 10), (true, 40), (true, 100), (true, 20)];
        let told = |minutes| {
            parts(&sections, minutes).iter().map(|part| (part.minutes, part.is_built)).collect::<Vec<_>>()
        };
        assert_eq!(told(0), [(10, false), (10, false), (25, false), (5, false)]);
        assert_eq!(told(95), [(10, false), (40, true), (25, false), (20, true)]);
        assert_eq!(told(170), [(10, false), (40, true), (100, true), (20, true)]);
    }
}
