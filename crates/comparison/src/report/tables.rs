//! The parts of the page that are tables: figures, departures from theory, subjects, settings.

use maud::{Markup, html};

use super::{
    method,
    plot::{Cell, Table},
    words,
};
use crate::{
    catalogue::{self, title},
    record::{Case, Figure, Record, Run},
};

/// A table; its cells link to the cases that they come from.
pub fn table(of: &Table, caption: &str) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label=(caption) {
            table {
                caption { (caption) }
                thead { tr { @for (index, head) in of.head.iter().enumerate() { (head_cell(index, head)) } } }
                tbody {
                    @for row in &of.rows {
                        tr { @for (index, one) in row.iter().enumerate() { (cell(index, one)) } }
                    }
                }
            }
        }
    }
}

fn head_cell(index: usize, head: &str) -> Markup {
    html! {
        @if head.is_empty() && index == 0 { td {} } @else { th scope="col" { (head) } }
    }
}

fn cell(index: usize, of: &Cell) -> Markup {
    let text = html! {
        @if let Some(case) = &of.case { a href=(link(case)) { (of.text) } } @else { (of.text) }
    };
    html! {
        @if index == 0 { th scope="row" .flagged[of.flagged] { (text) } }
        @else { td .number .flagged[of.flagged] { (text) } }
    }
}

/// The address of a case on the page.
pub fn link(case: &str) -> String {
    // What an id may have and a fragment may not.
    format!("#{}", case.replace('%', "%25").replace(' ', "%20").replace('"', "%22"))
}

/// Each figure that leaves its theory, for a reader to explain.
pub fn departures(record: &Record) -> Table {
    let head =
        ["case", "figure", "measured", "theory", "off by", "that is", "formula"].map(str::to_owned).to_vec();
    let mut rows = vec![];
    for case in &record.cases {
        for (name, figure, expected) in case.departures() {
            rows.push(vec![
                Cell { case: Some(case.id.clone()), ..Cell::text(&case.id) },
                Cell::text(title(name)),
                Cell::text(words::figure(figure)),
                Cell::text(words::value(expected.value, &figure.unit)),
                Cell::text(words::percent(expected.deviation)),
                Cell::text(words::value(figure.median - expected.value, &figure.unit)),
                Cell::text(&expected.formula),
            ]);
        }
    }
    Table { head, rows }
}

/// Who was measured, and with what.
pub fn subjects(record: &Record) -> Markup {
    html! {
        dl {
            @for subject in &record.subjects {
                dt { (subject.title) }
                dd {
                    (subject.made_of) "."
                    @if let Some(why) = &subject.left_out { " " b { "Left out: " } (why) "." }
                    br;
                    code { (subject.command) }
                }
            }
        }
    }
}

/// Every setting that is not alike for all, and who has which value; then those that are.
pub fn settings(record: &Record) -> Markup {
    let settings = method::settings(record);
    let all = settings.values().map(|values| values.values().map(Vec::len).sum::<usize>()).max().unwrap_or(0);
    let (alike, differ): (Vec<_>, Vec<_>) = settings
        .iter()
        .partition(|(_, values)| values.len() == 1 && values.values().all(|who| who.len() == all));
    html! {
        @if differ.is_empty() { p { "No setting differs." } } @else {
            div.scroll tabindex="0" role="region" aria-label="Settings that differ" {
                table {
                    caption { "Settings that differ" }
                    thead { tr { th scope="col" { "setting" } th scope="col" { "value" } th scope="col" { "who" } } }
                    tbody {
                        @for (name, values) in differ {
                            @for (value, who) in values {
                                tr {
                                    th scope="row" { (name) }
                                    td { code { (value) } }
                                    td { (words::list(&who.iter().map(|one| one.title.clone()).collect::<Vec<_>>())) }
                                }
                            }
                        }
                    }
                }
            }
        }
        @if !alike.is_empty() {
            p.quiet {
                "Alike for all: "
                (alike.iter().map(|(name, values)| {
                    format!("{name}: {}", values.keys().next().copied().unwrap_or_default())
                }).collect::<Vec<_>>().join("; "))
                "."
            }
        }
    }
}

/// A case with all its figures, to be linked to.
pub fn case(of: &Case) -> Markup {
    let sum = |field: fn(&Run) -> u64| words::exact(of.runs.iter().map(field).sum::<u64>() as f64);
    html! {
        details id=(of.id) {
            summary.id { (of.id) }
            p.quiet {
                (words::setting(&of.parameters)) "; "
                (words::count(of.runs.len(), "run", "runs")) " of " (words::exact(of.parameters.window_s)) " s after "
                (words::exact(of.parameters.warm_up_s)) " s; "
                (sum(|run| run.accounting.delivered)) " delivered, " (sum(|run| run.accounting.lost)) " lost, "
                (sum(|run| run.accounting.doubled)) " doubled, " (sum(|run| run.accounting.reordered)) " reordered, "
                (sum(|run| run.accounting.refused)) " refused."
            }
            (table(&case_table(of), &format!("All figures of {}", of.id)))
        }
    }
}

fn case_table(of: &Case) -> Table {
    let head =
        ["figure", "median (interval)", "confidence", "runs", "theory", "off by"].map(str::to_owned).to_vec();
    let mut names: Vec<_> = of.figures.keys().map(String::as_str).collect();
    names.sort_by_key(|name| catalogue::order(name));
    let row = |name: &str| {
        let figure: &Figure = of.figures.get(name)?;
        let expected = figure.expected.as_ref();
        Some(vec![
            Cell::text(title(name)),
            Cell { flagged: expected.is_some_and(|it| it.flagged), ..Cell::text(words::figure(figure)) },
            Cell::text(format!("{} %", words::digits(figure.confidence * 100.0))),
            Cell::text(figure.repetitions.to_string()),
            expected.map_or_else(Cell::none, |it| Cell::text(words::value(it.value, &figure.unit))),
            expected.map_or_else(Cell::none, |it| Cell::text(words::percent(it.deviation))),
        ])
    };
    Table { head, rows: names.into_iter().filter_map(row).collect() }
}
