//! The verbs that build nothing, as a learner types them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "the functions that tests share are tests too")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use workshop::{learner::Learner, place::Repository};

/// A learner at a step, in a folder of the test's own.
struct Desk {
    repository: Repository,
}

impl Desk {
    fn at(name: &str, step: usize) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap();
        let my = root.join("target/workshop-tests").join(name);
        let _ = fs::remove_dir_all(&my);
        let repository = Repository { root, my };
        Learner::start(&repository, "raw-websocket", step, "start").unwrap();
        Self { repository }
    }

    fn says(&self, arguments: &[&str]) -> String {
        let mut command = Command::new(env!("CARGO_BIN_EXE_workshop"));
        command.args(arguments).current_dir(&self.repository.root).env("WORKSHOP_MY", &self.repository.my);
        let output = command.env("WORKSHOP_NO_BROWSER", "1").output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{arguments:?}");
        assert!(!said.contains('\x1b'), "colours where output is no terminal: {said:?}");
        said
    }

    fn file(&self) -> PathBuf {
        self.repository.my.join("raw-websocket/src/frame.rs")
    }
}

#[test]
fn the_map_says_where_the_learner_is() {
    let said = Desk::at("map", 3).says(&[]);
    assert!(said.contains("  ->  3  A frame from the server"), "{said}");
    assert!(said.lines().all(|line| line.chars().count() <= 80), "{said}");
}

#[test]
fn hints_come_level_by_level() {
    let desk = Desk::at("hints", 3);
    assert!(desk.says(&["hint"]).contains("hint 1 of 3"));
    let second = desk.says(&["hint"]);
    assert!(second.contains("hint 1 of 3") && second.contains("hint 2 of 3"), "{second}");
    assert!(desk.says(&["hint"]).contains("cargo workshop solution"));
}

#[test]
fn a_hint_is_chosen_by_what_failed() {
    let desk = Desk::at("chosen", 3);
    let folder = desk.repository.mine("raw-websocket");
    let mut progress = workshop::progress::Progress::read(&folder).unwrap();
    progress.failed = Some(("reply-lengths".into(), "the length is little-endian".into()));
    progress.write(&folder).unwrap();
    let said = desk.says(&["hint"]);
    assert!(said.contains("The octets are right, their order is not."), "{said}");
}

#[test]
fn a_solution_applied_can_be_undone_and_reset() {
    let desk = Desk::at("undo", 3);
    let starter = fs::read_to_string(desk.file()).unwrap();
    let mine = starter.replace("// raw-websocket/3: FIN", "// my own thoughts on FIN");
    assert_ne!(mine, starter);
    fs::write(desk.file(), &mine).unwrap();
    let diff = desk.says(&["diff"]);
    assert!(diff.contains("- ") && diff.contains("my own thoughts") && diff.contains("put_u16"), "{diff}");

    assert!(desk.says(&["solution"]).contains("out.put_u16(payload_len);"));
    assert_eq!(fs::read_to_string(desk.file()).unwrap(), mine, "to look is not to apply");
    desk.says(&["solution", "--apply"]);
    let finished = desk.repository.root.join("crates/raw-websocket/src/frame.rs");
    let encode = "out.put_u16(payload_len);";
    assert!(fs::read_to_string(finished).unwrap().contains(encode));
    assert!(fs::read_to_string(desk.file()).unwrap().contains(encode));
    assert!(desk.says(&["diff"]).contains("as in the solution"));

    let said = desk.says(&["undo"]);
    assert_eq!(fs::read_to_string(desk.file()).unwrap(), mine);
    let (_, forward) = said.trim().rsplit_once(' ').unwrap();
    desk.says(&["undo", forward]);
    assert!(fs::read_to_string(desk.file()).unwrap().contains(encode), "forward again: {said}");
    desk.says(&["undo"]);
    assert_eq!(fs::read_to_string(desk.file()).unwrap(), mine);
    assert!(desk.says(&["history"]).contains("<- you are here"));
    desk.says(&["reset"]);
    assert_eq!(fs::read_to_string(desk.file()).unwrap(), starter);
    desk.says(&["undo"]);
    assert_eq!(fs::read_to_string(desk.file()).unwrap(), mine);
}

#[test]
fn who_catches_up_loses_nothing() {
    let desk = Desk::at("catch-up", 3);
    fs::write(desk.file(), "mine\n").unwrap();
    let said = desk.says(&["catch-up", "follow"]);
    assert!(said.contains("raw-websocket.saved-1") && said.contains("Step 9 of "), "{said}");
    let aside = desk.repository.my.join("raw-websocket.saved-1/src/frame.rs");
    assert_eq!(fs::read_to_string(aside).unwrap(), "mine\n");
    assert!(fs::read_to_string(desk.file()).unwrap().contains("out.put_u16(payload_len);"));
}

#[test]
fn a_lost_marker_is_told_with_the_way_back() {
    let desk = Desk::at("marker", 3);
    let text = fs::read_to_string(desk.file()).unwrap();
    let without: String = text
        .lines()
        .filter(|line| !line.contains("region: encode-header"))
        .fold(String::new(), |all, line| all + line + "\n");
    fs::write(desk.file(), without).unwrap();
    let said = desk.says(&["diff"]);
    assert!(said.contains("the markers of the region encode-header are gone"), "{said}");
}

#[test]
fn explain_shows_the_rule_and_a_recorded_conversation() {
    let said = Desk::at("explain", 1).says(&["explain", "close-echo"]);
    assert!(said.contains("RFC 6455 §5.5.1") && said.contains("you <--"), "{said}");
    let none = Desk::at("explain-nothing", 1).says(&["explain"]);
    assert!(none.contains("no check has failed yet"), "{none}");
    let unknown = Desk::at("unknown", 1).says(&["explain", "nothing"]);
    assert!(unknown.contains("there is no check nothing"), "{unknown}");
}
