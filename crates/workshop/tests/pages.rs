//! The code of the walkthrough's pages, copied into a track's first starter in the order of the pages, is the finished crate.

#![allow(clippy::unwrap_used, clippy::panic, reason = "the functions that tests share are tests too")]

use std::collections::BTreeMap;

use workshop::{place::Repository, source::SourceFile};

/// The code that a page shows of a track's regions, by their names, in the order of the page: tags away, entities read.
fn shown(html: &str, track: &str) -> Vec<(String, String)> {
    let begin = format!(r#"<figure class="excerpt" data-region="{track}/"#);
    let figures = html.split(&*begin).skip(1);
    let figure = |figure: &str| {
        let (name, rest) = figure.split_once('"').unwrap();
        let (_, rest) = rest.split_once("<code>").unwrap().1.split_once("<code>").unwrap();
        let (code, _) = rest.split_once("</code>").unwrap();
        let tagless: String = code
            .split('<')
            .enumerate()
            .map(|(at, piece)| if at == 0 { piece } else { piece.split_once('>').unwrap().1 })
            .collect();
        let text =
            tagless.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&");
        (name.to_owned(), text)
    };
    figures.map(figure).collect()
}

#[test]
fn the_pages_code_in_order_makes_the_finished_crate() {
    let repository = Repository::find(None);
    let pages = walkthrough::render(&repository.root).unwrap().pages;
    for track in repository.all().unwrap() {
        let (track, finished) = repository.track(&track.name).unwrap();
        let mut files: BTreeMap<_, _> = finished.after(&track, 0).into_iter().collect();
        let mut step = 0;
        for (name, code) in pages.iter().flat_map(|page| shown(&page.html, &track.name)) {
            let (number, _) = track.hole(&name).unwrap();
            assert!(number >= step, "{name} of step {number} of {} stands behind step {step}", track.name);
            step = number;
            let path = &finished.region(&name).unwrap().0.path;
            let mine = SourceFile::new(path.clone(), files[path].clone()).unwrap();
            let text =
                mine.with(|region| (region.name == name).then(|| regions::indented(&code, &region.indent)));
            files.insert(path.clone(), text);
        }
        for file in &finished.files {
            let made = &files[&file.path];
            let line = made.lines().zip(file.text.lines()).position(|(one, other)| one != other);
            let at = format!("{}/{}:{}", track.name, file.path.display(), line.map_or(0, |line| line + 1));
            assert!(
                *made == file.text,
                "{at} is not as it is in the finished crate: no page has it, or not so"
            );
        }
        assert_eq!(step, track.steps.len(), "the pages lack the last steps of {}", track.name);
    }
}
