//! How a block of a page is shown: prose, fences, and each directive.

use std::{collections::BTreeSet, path::PathBuf};

use maud::{Markup, PreEscaped, html};
use wire::explain::Side;

use crate::{
    Broken,
    blocks::Block,
    code::{self, Language},
    conversation,
    material::Material,
    page::Page,
    prose::{self, Links},
    timetable,
};

/// Transports that a panel may show, as `GET /transports` names them, with their ports when nothing else is said.
const TRANSPORTS: [(&str, &str, u16); 5] = [
    ("polling", "Polling", 8081),
    ("long-polling", "Long polling", 8082),
    ("http2-streaming", "HTTP/2 streaming", 8083),
    ("raw-websocket", "Raw WebSocket", 8084),
    ("tungstenite-websocket", "tungstenite", 8085),
];

/// Commands that a page may show: those that the tests know how to run.
const COMMANDS: [&str; 2] = ["cargo workshop", "curl "];

/// What a page's blocks are shown with.
pub(crate) struct Scope<'a> {
    pub(crate) material: &'a Material,
    pub(crate) anchors: &'a BTreeSet<String>,
    pub(crate) path: &'a str,
    /// All pages, for what is made of several.
    pub(crate) pages: &'a [Page],
    /// Regions that stand in the page so far, with their lines.
    pub(crate) regions: Vec<(usize, String)>,
    /// Whole files that stand in the page so far.
    pub(crate) files: Vec<PathBuf>,
    /// What recordings have shown so far.
    pub(crate) seen: conversation::Seen,
}

impl<'a> Scope<'a> {
    pub(crate) const fn links(&self) -> Links<'a> {
        Links { anchors: self.anchors, path: self.path }
    }
}

/// Shows a block.
///
/// # Errors
///
/// The rule that it breaks, with its line.
pub(crate) fn block(scope: &mut Scope<'_>, line: usize, block: &Block) -> Result<Markup, Broken> {
    let shown = match block {
        Block::Heading(..) => Ok(html! {}),
        Block::Prose(markdown) => prose::html(markdown, scope.links()),
        Block::Fence(info, text) => fence(scope, info, text),
        Block::Directive(name, argument) => match &**name {
            "code" => {
                scope.regions.push((line, argument.clone()));
                excerpt(scope.material, argument)
            }
            "file" => file(scope, argument),
            "step" => step(scope, argument),
            "recording" => recording(scope, argument),
            "octets" => octets(argument),
            "panel" => panel(argument),
            "diagram" => diagram(scope.material, argument),
            "table" => table(scope, argument),
            "calculator" => calculator(scope.material),
            "plan" => scope.material.plans.work(argument, scope.pages).map(|plan| timetable::html(&plan)),
            _ => Err(format!(
                "a directive must be code, file, step, recording, octets, panel, diagram, table, calculator, minutes or plan, not {name:?}"
            )),
        },
    };
    shown.map_err(|rule| (line, rule))
}

fn fence(scope: &Scope<'_>, info: &str, text: &str) -> Result<Markup, String> {
    let (language, rest) = info.split_once(' ').unwrap_or((info, ""));
    match language {
        "notes" => {
            let notes = prose::html(text, scope.links())?;
            Ok(html! { div.notes hidden { (notes) } })
        }
        "sh" => shell(text, rest),
        "console" => console(text, rest),
        "rust" => Ok(listing(&code::coloured(text, Language::Rust)?)),
        "js" => Ok(listing(&code::coloured(text, Language::JavaScript)?)),
        "text" => Ok(listing(&html! { (text) })),
        _ => Err(format!("a fence must be console, sh, notes, rust, js or text, not {language:?}")),
    }
}

fn listing(content: &Markup) -> Markup {
    html! { pre tabindex="0" { code { (content) } } }
}

/// A text to be copied, under a line that says where it goes and what comes of it.
fn copied(class: &str, place: &Markup, text: &str, shown: &Markup, expected: &str) -> Markup {
    html! {
        figure class=(format!("copied {class}")) data-expects=(expected) {
            figcaption { span { (place) } button.copy type="button" data-copy=(text.trim_end()) { "Copy" } }
            pre tabindex="0" { code { (shown) } }
            @if !expected.is_empty() { p.expects { "shows " code { (expected) } } }
        }
    }
}

fn shell(text: &str, expected: &str) -> Result<Markup, String> {
    let joined = text.replace("\\\n", " ");
    if let Some(line) = joined.lines().find(|line| !COMMANDS.iter().any(|command| line.starts_with(command)))
    {
        return Err(format!("a command must begin with {}: {line}", COMMANDS.join(" or ")));
    }
    Ok(copied("shell", &html! { "In a terminal" }, text, &html! { (text) }, expected))
}

fn console(text: &str, rest: &str) -> Result<Markup, String> {
    let (name, expected) = rest.split_once(' ').unwrap_or((rest, ""));
    let (_, title, port) = transport(name)?;
    if expected.is_empty() {
        return Err("a console fence must say what it shows: ```console TRANSPORT WORDS".into());
    }
    let place = html! {
        "In the console of "
        a.of-transport href=(format!("http://localhost:{port}/")) data-transport=(name) { "the page of " (title) }
    };
    Ok(copied("console", &place, text, &code::coloured(text, Language::JavaScript)?, expected))
}

fn transport(name: &str) -> Result<(&'static str, &'static str, u16), String> {
    let names = TRANSPORTS.map(|(name, ..)| name).join(", ");
    let found = TRANSPORTS.into_iter().find(|(known, ..)| *known == name);
    found.ok_or_else(|| format!("the transport must be one of {names}, not {name:?}"))
}

fn excerpt(material: &Material, argument: &str) -> Result<Markup, String> {
    let excerpt = material.excerpt(argument)?;
    Ok(html! {
        figure.excerpt data-region=(argument) {
            figcaption { code { (excerpt.path) ":" (excerpt.line) } }
            pre tabindex="0" { code { (excerpt.code) } }
        }
    })
}

fn file(scope: &mut Scope<'_>, argument: &str) -> Result<Markup, String> {
    let (path, text) = scope.material.file(argument)?;
    scope.files.push(path);
    Ok(html! {
        figure.excerpt {
            figcaption { code { (argument) } }
            pre tabindex="0" { code { (text) } }
        }
    })
}

fn step(scope: &Scope<'_>, argument: &str) -> Result<Markup, String> {
    let (track, number, step) = scope.material.step(argument)?;
    let task = prose::html(&step.task, scope.links())?;
    let command = format!("cargo workshop start {argument}");
    let mistakes: Vec<_> = track.mistakes_of(step).collect();
    Ok(html! {
        aside.step id=(format!("step-{}", step.name)) data-step=(argument) aria-label=(format!("Exercise: {}", step.title)) {
            p.step-head { strong { "Build it: step " (number) " of " (track.steps.len()) ", " (step.title) }
                (step.minutes) " minutes · " (step.read) }
            (task)
            (copied("shell", &html! { "Begin here, in a terminal" }, &command, &html! { (command) }, ""))
            p.step-label { "What it is held to" }
            ul.checks { @for check in track.checks_of(step) {
                li data-check=(check.id) { (ticked(&check.rule)) " " code { (check.id) } " " span.source { (check.rfc) } }
            } }
            @if !mistakes.is_empty() {
                p.step-label { "What people get wrong, and what the check says then" }
                ul.mistakes { @for mistake in mistakes { li { (ticked(&mistake.what)) ": " q { (ticked(&mistake.says)) } } } }
            }
        }
    })
}

/// A line of the workshop, its back-ticks read.
fn ticked(line: &str) -> Markup {
    html! {
        @for (at, piece) in line.split('`').enumerate() {
            @if at % 2 == 1 { code { (piece) } } @else { (piece) }
        }
    }
}

fn recording(scope: &mut Scope<'_>, argument: &str) -> Result<Markup, String> {
    let (check, pieces) = scope.material.recording(argument)?;
    let told = conversation::recorded(&pieces, &mut scope.seen)?;
    Ok(html! {
        figure.recording {
            figcaption { span { "Recorded: " (ticked(&check.rule)) " " code { (check.id) } } }
            (told)
        }
    })
}

fn octets(argument: &str) -> Result<Markup, String> {
    let (side, digits) = argument.split_once(' ').unwrap_or((argument, ""));
    let side = match side {
        "client" => Side::Client,
        "server" => Side::Server,
        _ => return Err(format!("the octets must be of the client or the server, not of {side:?}")),
    };
    let told = conversation::frames(side, digits)?;
    Ok(html! { figure.recording { (told) } })
}

fn panel(argument: &str) -> Result<Markup, String> {
    let (name, title, _) = transport(argument)?;
    Ok(html! {
        figure.live {
            figcaption { "Live: " (title) }
            div.live-panel data-live=(name) {}
            noscript { p { "The panel needs JavaScript." } }
        }
    })
}

fn diagram(material: &Material, name: &str) -> Result<Markup, String> {
    let svg = material.diagram(name)?;
    Ok(html! { figure.diagram { div.wide tabindex="0" { (PreEscaped(svg)) } } })
}

/// The calculator of the newest record, worked by the script that works it in the comparison's report.
fn calculator(material: &Material) -> Result<Markup, String> {
    let Some(controls) = material.calculator()? else {
        let command = "cargo run --release -p comparison";
        return Ok(
            html! { p { "No record is kept yet: " code { (command) } " makes one, and its report has the calculator." } },
        );
    };
    Ok(html! {
        div.wide.calculator #calculator { (PreEscaped(controls)) }
        script type="module" src="/walkthrough/calculator.js" {}
    })
}

/// The links of a woven table are the README's own, so they are left out.
fn table(scope: &Scope<'_>, name: &str) -> Result<Markup, String> {
    let woven = scope.material.table(name)?;
    let mut told = String::new();
    let mut rest = &*woven;
    while let Some((before, after)) = rest.split_once('[') {
        told.push_str(before);
        let linked = after.split_once("](").and_then(|(words, rest)| Some((words, rest.split_once(')')?.1)));
        let (words, after) = linked.unwrap_or(("[", after));
        told.push_str(words);
        rest = after;
    }
    told.push_str(rest);
    prose::html(&told, scope.links())
}
