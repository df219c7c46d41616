//! Each directive resolves, or fails with the page, the line and the rule; and the pages themselves.

use std::{collections::BTreeSet, path::Path, sync::LazyLock};

use super::*;
use crate::code::{Language, excerpt, tokens};

/// Read once: it has all code in colours.
static MATERIAL: LazyLock<Material> = LazyLock::new(|| Material::read(&root()).unwrap());

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn rendered(pages: &[(&str, &str)]) -> Result<Walkthrough, String> {
    let pages: Vec<_> = pages.iter().map(|&(name, text)| (name.to_owned(), text.to_owned())).collect();
    render_pages(&MATERIAL, &pages).map_err(|error| error.to_string())
}

/// A page whose third line is this one.
fn fails(line: &str) -> String {
    rendered(&[("01-a.md", &format!("# A\n\n{line}\n"))]).err().unwrap_or_else(|| format!("{line} is taken"))
}

fn shows(lines: &str) -> String {
    let page = format!("# A\n\n{lines}\n");
    rendered(&[("01-a.md", &page)]).unwrap_or_else(|error| panic!("{error}")).pages.remove(0).html
}

#[test]
fn a_directive_that_does_not_resolve_fails_with_file_line_and_rule() {
    let page = "web/walkthrough/01-a.md:3: ";
    for (line, rule) in [
        ("{{code raw-websocket/unmusk}}", "the track raw-websocket must have the region \"unmusk\""),
        ("{{code unmask}}", "the argument must be TRACK/NAME, not \"unmask\""),
        ("{{file scripts/none}}", "the repository must have the file \"scripts/none\""),
        ("{{file ../outside}}", "the repository must have the file \"../outside\""),
        ("{{step raw-websocket/nine}}", "the track raw-websocket must have the step \"nine\""),
        ("{{recording raw-websocket/none}}", "the track raw-websocket must have the check \"none\""),
        (
            "{{recording raw-websocket/plain-get-426/99}}",
            "the check plain-get-426 must have a recording of its connection 99",
        ),
        ("{{octets client 81 zz}}", "octets must be pairs of hexadecimal digits"),
        ("{{octets client 81 85 01}}", "the octets must be whole frames"),
        ("{{octets nobody 81 00}}", "the octets must be of the client or the server, not of \"nobody\""),
        ("{{diagram none}}", "web/walkthrough/diagrams must have none.svg"),
        ("{{diagram ../../favicon}}", "web/walkthrough/diagrams must have ../../favicon.svg"),
        ("{{table none}}", "README.md must have the woven block \"none\""),
        ("{{minutes many}}", "minutes must be a number from 1 to 120"),
        ("text {{plan}}", "a directive must stand on a line of its own: {{NAME ARGUMENT}}"),
        ("{{plan a-week}}", "the plan must be one of half-a-day, a-day, two-days, not \"a-week\""),
        ("{{plan a-day}}", "web/walkthrough/plans.toml names the page \"opening\", which must be"),
        ("<b>bold</b>", "prose must not have HTML in it"),
        ("![a](b.png)", "a picture must be a diagram: {{diagram NAME}}"),
        ("#### Deep", "a heading must begin with #, ## or ### and a space"),
        ("# Again", "a page must have one heading with a single #, its first line"),
        ("```sh", "a fence must end with ``` on a line of its own"),
        ("```ruby\n```", "a fence must be console, sh, notes, rust, js or text, not \"ruby\""),
        ("```sh\nrm -r x\n```", "a command must begin with cargo workshop or curl : rm -r x"),
        (
            "```console raw-websocket\n1\n```",
            "a console fence must say what it shows: ```console TRANSPORT WORDS",
        ),
    ] {
        assert_eq!(fails(line), format!("{page}{rule}"));
    }
    for (line, words) in [
        ("{{code ws/unmask}}", "the track must be one of "),
        ("{{panel ws}}", "the transport must be one of polling, "),
        ("{{unmask}}", "a directive must be code, file, step, "),
        ("[a](/walkthrough/b)", "the link /walkthrough/b must lead to "),
        ("[a](#b)", "the link #b must lead to "),
    ] {
        let told = fails(line);
        assert!(told.starts_with(&format!("{page}{words}")), "{told}");
    }
}

#[test]
fn a_region_stands_once_and_a_heading_differs() {
    let code = "# A\n\n{{code raw-websocket/unmask}}\n";
    let told = rendered(&[("01-a.md", code), ("02-b.md", code)]).unwrap_err();
    let rule = "the region raw-websocket/unmask must stand in one page only; it is in 01-a.md already";
    assert_eq!(told, format!("web/walkthrough/02-b.md:3: {rule}"));
    let told = rendered(&[("01-a.md", "# A\n## B\n## b!\n")]).unwrap_err();
    assert_eq!(told, "web/walkthrough/01-a.md:3: the heading must differ from that of line 2");
    let told = rendered(&[("01-a.md", "text\n")]).unwrap_err();
    assert_eq!(told, "web/walkthrough/01-a.md:1: a page must begin with its title: # TITLE");
}

#[test]
fn what_is_shown_is_what_is_in_the_repository() {
    let code = shows("{{code raw-websocket/derive-accept-key}}");
    assert!(code.contains("crates/raw-websocket/src/handshake.rs:"), "{code}");
    assert!(code.contains("<span class=\"k\">let</span> digest = "), "{code}");
    let step = shows("{{step raw-websocket/encode}}");
    assert!(step.contains("cargo workshop start raw-websocket/encode"), "{step}");
    assert!(step.contains("<figure class=\"copied shell\""), "{step}");
    assert!(step.contains("a length has the shortest of its three forms"), "{step}");
    assert!(step.contains("126 in 7 bits"), "{step}");
    let close = shows("{{octets client 88 82 2d bd 6a 11 2e 54}}");
    assert!(close.contains("1001 GOING_AWAY"), "{close}");
    let recording = shows("{{recording raw-websocket/rfc-example-key}}");
    assert!(recording.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "{recording}");
    let calculator = shows("{{calculator}}");
    assert!(
        calculator.contains("cargo run --release -p comparison")
            || calculator.contains("id=\"calculator-data\"")
    );
    let table = shows("{{table transports}}");
    assert!(table.contains("<td>Raw WebSocket</td>") && !table.contains("crates/raw-websocket"), "{table}");
}

#[test]
fn user_words_are_text() {
    let shown = shows("```text\n<script>\n```\n\n```js\n\"<script>\"\n```");
    assert!(!shown.contains("<script>"), "{shown}");
    let table = shows("| | b |\n| --- | ---: |\n| c | 1 |");
    assert!(table.contains("<div class=\"wide right-2\"") && !table.contains("style="), "{table}");
    assert!(table.contains("<td></td><th>b</th>"), "{table}");
    let notes = shows("```notes\nfor the *speaker*\n```");
    assert!(notes.contains("<div class=\"notes\" hidden><p>for the <em>speaker</em>"), "{notes}");
}

#[test]
fn every_region_and_step_of_a_track_with_a_chapter_stands_in_one_page() {
    let walkthrough = render(&root()).unwrap();
    for track in &MATERIAL.tracks {
        let chapter = format!("/walkthrough/{}", track.name);
        if !walkthrough.pages.iter().any(|page| page.path == chapter) {
            continue;
        }
        let expected: BTreeSet<_> =
            track.excerpts.keys().map(|region| format!("{}/{region}", track.name)).collect();
        let prefix = format!("{}/", track.name);
        let shown = walkthrough.regions.keys().filter(|region| region.starts_with(&prefix)).cloned();
        assert_eq!(shown.collect::<BTreeSet<_>>(), expected);
        let html: String = walkthrough.pages.iter().map(|page| &*page.html).collect();
        for step in &track.steps {
            let command = format!("data-copy=\"cargo workshop start {}/{}\"", track.name, step.name);
            assert_eq!(html.matches(&command).count(), 1, "{command}");
        }
    }
    for chapter in ["polling", "raw-websocket"] {
        assert!(walkthrough.pages.iter().any(|page| page.path == format!("/walkthrough/{chapter}")));
    }
}

#[test]
fn back_ticks_of_the_workshop_are_read() {
    let html = shows("{{step long-polling/time-limit}}\n\n{{recording long-polling/204-after-wait}}");
    assert_eq!(html.matches("after <code>wait</code> seconds").count(), 2, "{html}");
}

#[test]
fn tokens_put_together_are_the_text() {
    let files = [
        ("crates/raw-websocket/src/frame.rs", Language::Rust),
        ("crates/raw-websocket/src/handshake.rs", Language::Rust),
        ("crates/workshop/src/client.rs", Language::Rust),
        ("web/transports/websocket.js", Language::JavaScript),
        ("web/protocol.js", Language::JavaScript),
    ];
    for (path, language) in files {
        let text = fs::read_to_string(root().join(path)).unwrap();
        let joined: String =
            tokens(&text, Some(language)).unwrap().into_iter().map(|(_, token)| token).collect();
        assert_eq!(joined, text, "{path}");
    }
}

#[test]
fn tokens_are_told_apart() {
    let classes = |text: &'static str, language| {
        let shown = tokens(text, Some(language)).unwrap().into_iter();
        shown.filter_map(|(class, token)| Some((class?, token))).collect::<Vec<_>>()
    };
    assert_eq!(
        classes("fn go() { let a: u8 = b'\\'' + 25; } // 'b'", Language::Rust),
        [("k", "fn"), ("f", "go"), ("k", "let"), ("t", "u8"), ("s", "b'\\''"), ("n", "25"), ("c", "// 'b'")]
    );
    assert_eq!(
        classes("a / b; x.replace(/[/]\\//g, `'`)", Language::JavaScript),
        [("f", "replace"), ("s", "/[/]\\//g"), ("s", "`'`")]
    );
}

#[test]
fn a_part_has_the_colours_that_it_has_in_the_whole() {
    let text = "fn go(f: Frame) {\n    match f {\n        Some(data) => go(data),\n    }\n}\n";
    let arm = text.find("        Some").unwrap();
    let shown = excerpt(
        &tokens(text, Some(Language::Rust)).unwrap(),
        &(arm..text.find("    }").unwrap()),
        "        ",
    );
    let rest = r#"(data) =&gt; <span class="f">go</span>(data),"#;
    assert_eq!(shown.into_string(), format!("<span class=\"t\">Some</span>{rest}\n"));
}
