//! A plan as it stands on a page: a timetable for each of its days, and what is left to be read.

use maud::{Markup, html};

use crate::{
    page::{Page, Section},
    plan::{Entry, Manner, Part, Worked},
};

/// A plan: its days, and what they leave out.
pub(crate) fn html(plan: &Worked<'_>) -> Markup {
    html! {
        @for (title, entries) in &plan.days {
            @if let Some(first) = entries.iter().flat_map(Entry::parts).next() {
                p.present { a href=(format!("{}?present&plan={}", first.page.path(), plan.name)) { "Present: " (title) } }
            }
            div.wide tabindex="0" {
                table.plan {
                    @if plan.days.len() > 1 { caption { (title) } }
                    thead { tr { th scope="col" { "from" } th scope="col" { "chapter" } th scope="col" { "min" } th scope="col" { "what" } } }
                    tbody { @for entry in entries { (row(entry)) } }
                }
            }
        }
        p { "Left to be read, or for another day:" }
        ul.left-out { @for (page, sections) in &plan.left { li { (left_out(page, sections)) } } }
    }
}

fn row(entry: &Entry<'_>) -> Markup {
    match entry {
        Entry::Chapter(begin, parts) => html! {
            tr {
                td { (clock(*begin)) }
                td { @if let Some(first) = parts.first() { a href=(first.page.path()) { (first.page.title()) } } }
                td { (parts.iter().map(|part| part.minutes).sum::<u32>()) }
                td { @for (manner, word) in [(Manner::Tell, "tell"), (Manner::Build, "build"), (Manner::Show, "show")] {
                    @let these: Vec<_> = parts.iter().filter(|part| part.manner == manner).collect();
                    @if !these.is_empty() { p { strong { (word) } " " @for (at, part) in these.iter().enumerate() { @if at > 0 { ", " } (link(part)) } } }
                } }
            }
        },
        Entry::Break(begin, minutes) => html! {
            tr.pause { td { (clock(*begin)) } td { @if *minutes >= 45 { "meal" } @else { "break" } } td { (minutes) } td {} }
        },
        Entry::End(at, left) => html! {
            tr.pause { td { (clock(*at)) } td { "end" } td { @if *left > 0 { (left) } } td { @if *left > 0 { "left for questions" } } }
        },
    }
}

fn link(part: &Part<'_>) -> Markup {
    html! { a href=(format!("{}#{}", part.page.path(), part.section.id)) { (part.section.title) } " " span.minutes { (part.minutes) } }
}

fn left_out(page: &Page, sections: &[&Section]) -> Markup {
    let all = page.sections.iter().filter(|section| section.minutes > 0).count();
    html! {
        a href=(page.path()) { (page.title()) }
        @if sections.len() == all { ", all of it: " (page.minutes()) " min" }
        @else {
            ": "
            @for (at, section) in sections.iter().enumerate() {
                @if at > 0 { ", " }
                a href=(format!("{}#{}", page.path(), section.id)) { (section.title) }
            }
        }
    }
}

fn clock(minute: u32) -> String {
    format!("{}:{:02}", minute / 60, minute % 60)
}
