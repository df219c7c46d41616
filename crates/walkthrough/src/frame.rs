//! What stands around each page: its head, the contents, the way on.

use maud::{DOCTYPE, Markup, html};

use crate::{page::Page, plan::Plans};

/// The whole document of the page at `at`.
pub(crate) fn html(pages: &[Page], plans: &Plans, at: usize, body: &Markup) -> String {
    let Some(page) = pages.get(at) else { return String::new() };
    let next = pages.get(at + 1);
    let previous = at.checked_sub(1).and_then(|at| pages.get(at));
    let document = html! {
        (DOCTYPE)
        html.walkthrough lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (page.title()) " · Crosstalk" }
                link rel="icon" href="/favicon.svg" type="image/svg+xml";
                script src="/theme.js" {}
                link rel="stylesheet" href="/style.css";
                link rel="stylesheet" href="/wire/wire.css";
                link rel="stylesheet" href="/wire/variants.css";
                link rel="stylesheet" href="/walkthrough/walkthrough.css";
                link rel="stylesheet" href="/walkthrough/code.css";
                link rel="stylesheet" href="/walkthrough/tables.css";
                link rel="stylesheet" href="/walkthrough/exhibits.css";
                link rel="stylesheet" href="/walkthrough/diagrams.css";
                link rel="stylesheet" href="/walkthrough/slides.css";
                link rel="stylesheet" href="/walkthrough/notes.css";
                link rel="stylesheet" href="/walkthrough/handout.css";
                script type="module" src="/walkthrough/walkthrough.js" {}
            }
            body {
                header.site {
                    p.brand { a href="/" { "Crosstalk" } }
                    nav.site-links aria-label="Site" {
                        a href="/walkthrough" aria-current=[(at == 0).then_some("page")] { "Walkthrough" }
                        a href="/" { "Side by side" }
                        a.present href="?present" { "Present" }
                    }
                    button.theme-switch #theme-switch type="button" {
                        span aria-hidden="true" { "◐" } " " span.theme-word { "auto" }
                    }
                }
                div.course {
                    (contents(pages, at))
                    main {
                        article #page data-title=(page.title()) data-minutes=(page.minutes()) { (body) }
                        nav.way aria-label="Previous and next" {
                            @if let Some(page) = previous { a rel="prev" href=(page.path()) { "← " (page.title()) } }
                            @if let Some(page) = next { a rel="next" href=(page.path()) { (page.title()) " →" } }
                        }
                        (plan_ways(plans, page, pages))
                    }
                }
                noscript { p.notice { "Without JavaScript the pages can be read; copying, live panels and slides need it." } }
            }
        }
    };
    document.into_string()
}

/// What plans take of the page, with its minutes, and the ways to the chapters around it: for slides that follow a plan.
fn plan_ways(plans: &Plans, page: &Page, pages: &[Page]) -> Markup {
    html! {
        @for chapter in plans.chapters(&page.slug, pages) {
            @let parts: Vec<_> = chapter.parts.iter().map(|part| format!("{}:{}", part.section.id, part.minutes)).collect();
            nav.plan-way hidden data-plan=(chapter.plan) data-parts=(parts.join(" ")) {
                @if let Some(page) = chapter.previous { a rel="prev" href=(page.path()) { (page.title()) } }
                @if let Some(page) = chapter.next { a rel="next" href=(page.path()) { (page.title()) } }
            }
        }
    }
}

fn contents(pages: &[Page], at: usize) -> Markup {
    html! {
        nav.contents aria-label="Contents" {
            ol {
                @for (number, page) in pages.iter().enumerate() {
                    li {
                        a href=(page.path()) aria-current=[(number == at).then_some("page")] { (page.title()) }
                        @if page.minutes() > 0 { span.minutes { (page.minutes()) " min" } }
                        @if number == at { (sections(page)) }
                    }
                }
            }
        }
    }
}

fn sections(page: &Page) -> Markup {
    html! {
        ol { @for section in page.sections.iter().filter(|section| section.level == 2) {
            li { a href=(format!("#{}", section.id)) { (section.title) } }
        } }
    }
}
