//! The page: one file, nothing loaded from elsewhere.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::{
    calculator, method,
    notices::{self, Weight},
    plot::{
        Plot,
        style::{self, LAYERS},
    },
    questions::{Answer, View, octets::LAYER_FIGURES},
    style_sheet,
    summary::{self, Piece},
    tables, words,
};
use crate::record::Record;

/// The whole page.
pub fn page(view: &View<'_>, answers: &[Answer]) -> String {
    let record = view.record;
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "Comparison of transports, " (record.begun) }
                style { (PreEscaped(style_sheet::text(view))) }
            }
            body {
                (head(record))
                main {
                    (notice_list(record))
                    (paragraph(view))
                    h2 #plots { "Questions and answers" }
                    (how_to_read(record))
                    div.plots { @for answer in answers { @if let Answer::Plot(plot) = answer { (figure(plot)) } } }
                    (not_shown(answers))
                    (calculator_part(view))
                    (departures(record))
                    (method_part(record))
                    (subject_part(record))
                    h2 #cases { "All cases" }
                    div #all-cases { @for case in &record.cases { (tables::case(case)) } }
                }
                script type="module" { (PreEscaped(SCRIPT)) }
            }
        }
    };
    markup.into_string()
}

/// Opens the case that a link leads to, and switches light and dark; the calculator starts itself where it is.
const SCRIPT: &str = "
const open = () => {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target?.matches('details')) target.open = true;
  target?.scrollIntoView();
};
addEventListener('hashchange', open);
if (location.hash) open();
document.querySelector('#theme').addEventListener('click', () => {
  const dark = getComputedStyle(document.documentElement).colorScheme === 'dark'
    || (!document.documentElement.dataset.theme && matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.dataset.theme = dark ? 'light' : 'dark';
});
";

fn head(record: &Record) -> Markup {
    let machine = &record.machine;
    html! {
        header {
            h1 { "What sets real-time transports apart, measured" }
            button #theme type="button" { "Light or dark" }
            p.quiet {
                (record.begun.replace('T', " ").replace('Z', " UTC")) " · " (machine.cpu) ", "
                (words::count(machine.cores, "core", "cores")) " · " (format!("{:?}", record.size).to_lowercase())
                " · seed " (record.seed) " · took " (words::digits(record.seconds)) " s"
            }
            nav aria-label="Parts of the report" {
                a href="#plots" { "Questions and answers" }
                a href="#calculator" { "Calculator" }
                a href="#departures" { "Departures from theory" }
                a href="#method" { "Method" }
                a href="#subjects" { "Who was measured" }
                a href="#cases" { "All cases" }
                a href="record.json" { "Record (JSON)" }
                a href="histograms.json" { "Histograms (JSON)" }
            }
        }
    }
}

fn notice_list(record: &Record) -> Markup {
    let notices = notices::notices(record);
    html! {
        @if !notices.is_empty() {
            ul.notices aria-label="What to know before any figure" {
                @for notice in &notices {
                    li class=(match notice.weight { Weight::Bad => "bad", Weight::Careful => "careful", Weight::Note => "note" }) {
                        b { (notice.head) } ". " (notice.text)
                    }
                }
            }
        }
        @if !record.notes.is_empty() {
            details {
                summary { (words::count(record.notes.len(), "note", "notes")) " of the program" }
                ul { @for note in &record.notes { li { (note) } } }
            }
        }
    }
}

fn paragraph(view: &View<'_>) -> Markup {
    html! {
        p.says {
            @for sentence in summary::paragraph(view) {
                @for piece in sentence {
                    @match piece {
                        Piece::Words(words) => (words),
                        Piece::Figure { said, case, name } => a href=(tables::link(&case)) data-figure=(name) { (said) },
                    }
                }
                " "
            }
        }
    }
}

fn how_to_read(record: &Record) -> Markup {
    html! {
        p.quiet.read {
            "A point is the median of the repetitions of a case, the bar through it the median’s interval. A dotted line, or an \
             upright one, is what theory expects; a ring marks what leaves it by more than chance and "
            (words::exact(record.method.theory_tolerance * 100.0)) " %."
        }
    }
}

/// The questions that the record does not answer, and why.
fn not_shown(answers: &[Answer]) -> Markup {
    let absent: Vec<_> = answers
        .iter()
        .filter_map(|answer| match answer {
            Answer::Absent { question, why } => Some((question, why)),
            Answer::Plot(_) => None,
        })
        .collect();
    html! {
        @if !absent.is_empty() {
            section.sheet.absent {
                h3 { "Not answered by this record" }
                ul { @for (question, why) in absent { li { b { (question) } " " (why) } } }
            }
        }
    }
}

fn figure(plot: &Plot) -> Markup {
    html! {
        figure.plot .wide[plot.panels.len() > 1] id=(plot.id) {
            h3 { (plot.question) }
            figcaption { (plot.caption) }
            @if plot.id == "octets" {
                ul.legend {
                    @for ((name, _), colour) in LAYER_FIGURES.iter().zip(LAYERS) {
                        li { i style={ "background:var(--" (style_sheet::layer_property(name)) "," (style::hex(colour)) ")" } {} (name) }
                    }
                }
            }
            div.panels {
                @for panel in &plot.panels {
                    div {
                        @if !panel.title.is_empty() { p.panel-title { (panel.title) } }
                        (PreEscaped(&panel.svg))
                    }
                }
            }
            details {
                summary { "The same as a table" }
                (tables::table(&plot.table, plot.question))
            }
        }
    }
}

fn calculator_part(view: &View<'_>) -> Markup {
    let Some(controls) = calculator::controls(view) else {
        return html! { h2 #calculator { "Calculator" } p { "The record has no delivery for it to read." } };
    };
    html! {
        section #calculator {
            h2 { "Calculator" }
            div.sheet {
                p.quiet {
                    "What each transport would cost you, read between the points that were measured on this machine, never \
                     beyond them. Where more than one parameter lies between points, each is taken to act by itself, times by sums and costs \
                     by factors; only where measured corners bear that out, within a quarter, and then it says “about”."
                }
                (controls)
            }
            script type="module" { (PreEscaped(calculator::SCRIPT)) }
        }
    }
}

fn departures(record: &Record) -> Markup {
    let table = tables::departures(record);
    html! {
        h2 #departures { "Departures from theory" }
        div.sheet {
            @if table.rows.is_empty() {
                p { "No figure leaves its theory by more than the tolerance." }
            } @else {
                p.quiet { "For a reader to explain: what is measured here and not expected, or expected and not modelled. F, in a formula, is \
                 what the floor takes for as many clients; what a server takes beyond it, theory has for nothing: what is \
                 as many milliseconds at every delay is that, the more clients the more." }
                (tables::table(&table, "Figures that leave their theory"))
            }
        }
    }
}

fn method_part(record: &Record) -> Markup {
    html! {
        h2 #method { "Method" }
        div.sheet {
            p.quiet { "The faults of other comparisons, and what this record has against each." }
            dl { @for answer in method::answers(record) { dt { (answer.fault) } dd { (answer.answer) } } }
        }
    }
}

fn subject_part(record: &Record) -> Markup {
    let machine = &record.machine;
    html! {
        h2 #subjects { "Who was measured" }
        div.sheet { (tables::subjects(record)) }
        h2 { "Settings" }
        div.sheet { (tables::settings(record)) }
        h2 { "Machine and versions" }
        div.sheet {
            dl {
                dt { "processor" } dd { (machine.cpu) ", " (words::count(machine.cores, "core", "cores")) }
                dt { "memory" } dd { (words::value(machine.memory_octets as f64, "octets")) }
                dt { "system" } dd { (machine.os) ", kernel " (machine.kernel) }
                dt { "hypervisor" } dd { (machine.hypervisor) }
                dt { "frequency governor" } dd { (machine.governor) }
                dt { "load before" } dd { (words::digits(machine.load_average)) }
                @for (name, version) in &record.versions { dt { (name) } dd { code { (version) } } }
            }
        }
        @if !record.complete {
            h2 { "What was stopped half-way" }
            div.sheet {
                p { (notices::half_done(record)) }
                ul.id { @for case in notices::not_run(record) { li { (case) } } }
            }
        }
    }
}
