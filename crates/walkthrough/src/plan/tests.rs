//! Days that are filled, those that are not, and where a break falls.

use super::*;
use crate::material::Material;

const PAGE: &str = "# A\n\n{{minutes 10}}\n\n## B\n\n{{step raw-websocket/handshake}}\n\n## C\n\n{{minutes 5}}\n\n\
    ## D\n\n{{step raw-websocket/encode}}\n";

/// What a day from 9:00 with a break of 10 minutes is, as times and minutes, and what it leaves out.
fn worked(end: &str, choice: &str) -> Result<(Vec<String>, Vec<String>), String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let material = Material::read(&root).unwrap();
    let pages = [Page::parse("01-a.md", PAGE, &material).unwrap()];
    let plans: Plans = toml::from_str(&format!(
        "[[plan]]\nname = \"p\"\n[[plan.day]]\ntitle = \"d\"\nbegin = \"9:00\"\nend = \"{end}\"\nbreaks = [10]\n\
         [[plan.day.chapter]]\npage = \"a\"\n{choice}\n"
    ))
    .unwrap();
    let plan = plans.work("p", &pages)?;
    let told = |entry: &Entry<'_>| match entry {
        Entry::Chapter(at, parts) => {
            let parts =
                parts.iter().map(|part| format!(" {} {:?} {}", part.section.id, part.manner, part.minutes));
            format!("{at}{}", parts.collect::<String>())
        }
        Entry::Break(at, minutes) => format!("{at} break {minutes}"),
        Entry::End(at, left) => format!("{at} end, {left} left"),
    };
    let entries = plan.days.iter().flat_map(|(_, entries)| entries).map(told).collect();
    let left =
        plan.left.iter().flat_map(|(_, sections)| sections).map(|section| section.id.clone()).collect();
    Ok((entries, left))
}

#[test]
fn a_day_is_told_built_shown_and_has_its_break_in_the_middle() {
    let (entries, left) =
        worked("10:00", "tell = [\"a\"]\nbuild = [\"handshake\"]\nshow = [\"encode\"]").unwrap();
    assert_eq!(
        entries,
        ["540 a Tell 10", "550 break 10", "560 b Build 30 d Show 5", "595 end, 5 left"],
        "45 minutes of 50; the break falls into the handshake, and comes before it"
    );
    assert_eq!(left, ["c"]);
}

#[test]
fn a_day_is_filled_and_names_what_there_is() {
    // All that is told, and one step: 35 minutes.
    assert!(worked("9:45", "build = [\"encode\"]").is_ok());
    for (end, choice, told) in [
        ("9:40", "build = [\"encode\"]", "\"d\" has 30 minutes to teach, and must be filled: it has 35"),
        ("10:00", "build = [\"encode\"]", "\"d\" has 50 minutes to teach, and must be filled: it has 35"),
        (
            "9:45",
            "build = [\"encoded\"]",
            "what \"d\" takes from a must be its sections and steps, each once",
        ),
        ("9:45", "tell = [\"b\"]", "what \"d\" takes from a must be its sections and steps, each once"),
        ("9.45", "", "a time must be as 9:30, not \"9.45\""),
    ] {
        assert_eq!(worked(end, choice).unwrap_err(), format!("{PLANS}: {told}"));
    }
}

#[test]
fn a_chapter_has_what_the_plan_takes_of_it_and_its_neighbours() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let material = Material::read(&root).unwrap();
    let pages = ["a", "b", "c"]
        .map(|name| Page::parse(name, &format!("# {name}\n\n{{{{minutes 10}}}}\n"), &material).unwrap());
    let plan = |name: &str, second: &str| {
        format!(
            "[[plan]]\nname = \"{name}\"\n[[plan.day]]\ntitle = \"d\"\nbegin = \"9:00\"\nend = \"9:20\"\nbreaks = []\n\
             [[plan.day.chapter]]\npage = \"c\"\n[[plan.day.chapter]]\npage = \"{second}\"\n"
        )
    };
    let plans: Plans =
        toml::from_str(&format!("{}{}", plan("good", "a"), plan("of a page that is not", "d"))).unwrap();
    let told = |slug| {
        let chapter = |chapter: Chapter<'_>| {
            let slug = |page: Option<&Page>| page.map(|page| page.slug.clone()).unwrap_or_default();
            let parts: Vec<_> = chapter.parts.iter().map(|part| (&*part.section.id, part.minutes)).collect();
            format!("{} {parts:?} {:?} {:?}", chapter.plan, slug(chapter.previous), slug(chapter.next))
        };
        plans.chapters(slug, &pages).into_iter().map(chapter).collect::<Vec<_>>()
    };
    assert_eq!(told("c"), ["good [(\"c\", 10)] \"\" \"a\""]);
    assert_eq!(told("a"), ["good [(\"a\", 10)] \"c\" \"\""]);
    assert!(told("b").is_empty());
}
