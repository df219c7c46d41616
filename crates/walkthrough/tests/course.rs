//! What the courses that this one grew out of show has its place on the pages: `web/walkthrough/course.toml`.

#![allow(clippy::unwrap_used, clippy::panic, reason = "the functions that tests share are tests too")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

/// How many behaviours the courses have.
const BEHAVIOURS: usize = 70;
/// How many defects they have.
const DEFECTS: usize = 17;

/// The words of each section, by its address below `/walkthrough/`: tags away, entities read, one space between two.
fn sections(root: &Path) -> BTreeMap<String, String> {
    let mut sections = BTreeMap::new();
    for page in walkthrough::render(root).unwrap().pages {
        for section in page.html.split(r#"<section class="idea" id=""#).skip(1) {
            let (id, rest) = section.split_once('"').unwrap();
            let (content, _) = rest.split_once('>').unwrap().1.split_once("</section>").unwrap();
            let place = format!("{}#{id}", page.path.trim_start_matches("/walkthrough/"));
            sections.insert(place, words(content));
        }
    }
    sections
}

fn words(html: &str) -> String {
    let mut text = String::new();
    for (at, piece) in html.split('<').enumerate() {
        text.push_str(if at == 0 { piece } else { piece.split_once('>').unwrap().1 });
    }
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn all_that_the_courses_show_has_its_place() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let list = fs::read_to_string(root.join("web/walkthrough/course.toml")).unwrap();
    let list: BTreeMap<String, BTreeMap<String, String>> = toml::from_str(&list).unwrap();
    let behaviours = (1..=BEHAVIOURS).map(|number| format!("B{number:02}"));
    let expected: BTreeSet<_> = behaviours.chain((1..=DEFECTS).map(|number| format!("D{number}"))).collect();
    assert_eq!(list.keys().cloned().collect::<BTreeSet<_>>(), expected);
    let sections = sections(&root);
    for (id, mut places) in list {
        assert!(places.remove("shows").is_some_and(|shows| !shows.is_empty()), "{id} must say what it shows");
        assert!(!places.is_empty(), "{id} must have a place");
        for (place, words) in places {
            let section = sections.get(&place);
            let section = section.unwrap_or_else(|| panic!("{id}: no page has the section {place}"));
            assert!(
                !words.is_empty() && section.contains(&words),
                "{id}: {place} must have the words {words:?}"
            );
        }
    }
}
