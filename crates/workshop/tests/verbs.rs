//! The verbs, as a learner types them; those that build have next to nothing to build.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "the functions that tests share are tests too"
)]

use std::{
    fs,
    io::{Read, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use workshop::{learner::Learner, place::Repository};

/// A learner at a step, in a folder of the test's own.
struct Desk {
    repository: Repository,
    track: &'static str,
}

impl Desk {
    fn at(name: &str, step: usize) -> Self {
        Self::of("raw-websocket", name, step)
    }

    fn of(track: &'static str, name: &str, step: usize) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap();
        let my = root.join("target/workshop-tests").join(name);
        let _ = fs::remove_dir_all(&my);
        let repository = Repository { root, my };
        Learner::start(&repository, track, step, "start").unwrap();
        Self { repository, track }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_workshop"));
        command.args(arguments).current_dir(&self.repository.root).env("WORKSHOP_MY", &self.repository.my);
        command.env("WORKSHOP_NO_BROWSER", "1");
        command
    }

    /// So that cargo gives up before it compiles anything.
    fn breaks_the_build(&self) {
        fs::write(self.repository.mine(self.track).join("Cargo.toml"), "no manifest\n").unwrap();
    }

    /// Another program in place of the learner's: one of std alone.
    fn is_instead(&self, main: &str) {
        let folder = self.repository.mine(self.track);
        let manifest = "[package]\nname = \"instead\"\nedition = \"2024\"\n[[bin]]\nname = \"instead\"\n\
                        path = \"src/instead.rs\"\n[workspace]\n";
        fs::write(folder.join("Cargo.toml"), manifest).unwrap();
        fs::write(folder.join("src/instead.rs"), main).unwrap();
        let _ = fs::remove_file(folder.join("src/lib.rs"));
    }

    /// What a check says that fails; cargo's own words apart.
    fn fails(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    fn says(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments).output().unwrap();
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
    assert!(said.contains("(before solution --apply)") && said.contains("  src/frame.rs +1 -"), "{said}");
    assert!(said.contains("+ ") && said.contains("my own thoughts"), "what was put back: {said}");
    let said = desk.says(&["redo"]);
    assert!(fs::read_to_string(desk.file()).unwrap().contains(encode), "forward again: {said}");
    assert!(desk.says(&["redo"]).contains("nothing comes after them"));
    desk.says(&["undo"]);
    assert_eq!(fs::read_to_string(desk.file()).unwrap(), mine);
    assert!(desk.says(&["history"]).contains("<- you are here"));
    desk.says(&["reset"]);
    assert_eq!(fs::read_to_string(desk.file()).unwrap(), starter);
    assert!(desk.says(&["redo"]).contains("your files were changed since"));
    desk.says(&["undo"]);
    assert_eq!(fs::read_to_string(desk.file()).unwrap(), mine);
}

#[test]
fn the_history_says_what_each_snapshot_is_and_what_it_changed() {
    let desk = Desk::at("history", 3);
    let text = fs::read_to_string(desk.file()).unwrap();
    fs::write(desk.file(), format!("{text}// one\n// two\n")).unwrap();
    desk.breaks_the_build();
    desk.says(&["check"]);
    desk.says(&["reset"]);
    let said = desk.says(&["history"]);
    assert!(said.contains("encode: as the step encode begins"), "{said}");
    assert!(said.contains("encode: checked: it does not compile; before reset"), "{said}");
    assert!(said.contains("src/frame.rs +2 -0"), "{said}");
    assert!(said.lines().all(|line| line.chars().count() <= 80), "{said}");
}

#[test]
fn without_a_terminal_a_check_says_what_it_builds() {
    let desk = Desk::at("plain", 3);
    desk.breaks_the_build();
    let said = desk.says(&["check"]);
    assert!(said.contains("raw-websocket …\n"), "{said}");
    assert!(said.contains("it does not compile"), "{said}");
    assert!(!said.contains('\r'), "control codes where lines stay: {said:?}");
}

#[test]
fn the_step_under_way_is_judged_first_and_what_fails_below_it_is_to_be_mended_first() {
    let desk = Desk::at("first", 4);
    // In JavaScript, three steps.
    let server = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/programs/server.mjs");
    desk.is_instead(&format!(
        "fn main() {{ std::process::Command::new(\"node\").arg({server:?}).status().unwrap(); }}"
    ));
    let said = desk.fails(&["check"]);
    let failure = said.find("raw-websocket / 4 / length-126").unwrap_or_else(|| panic!("{said}"));
    let below = said.find("Steps 1 to 3 still pass.").unwrap_or_else(|| panic!("{said}"));
    assert!(failure < below, "{said}");
    assert!(desk.says(&["hint"]).contains("for length-126"));

    // It closes every connection.
    desk.is_instead(
        "fn main() { let listener = std::net::TcpListener::bind(\"127.0.0.1:0\").unwrap();\n\
         println!(\"listening on http://{}\", listener.local_addr().unwrap());\n\
         listener.incoming().for_each(drop); }",
    );
    let said = desk.fails(&["check"]);
    let own = said.find("raw-websocket / 4 / length-126").unwrap_or_else(|| panic!("{said}"));
    let news = "Step 1 fails too, and passed once: mend this first.";
    let news = said.find(news).unwrap_or_else(|| panic!("{said}"));
    let below = said.find("raw-websocket / 1 / plain-get-426").unwrap_or_else(|| panic!("{said}"));
    assert!(own < news && news < below, "{said}");
    assert!(desk.says(&["hint"]).contains("for plain-get-426"), "a hint is for what is to be mended first");
    let told: serde_json::Value = serde_json::from_str(&desk.fails(&["check", "--json"])).unwrap();
    assert_eq!(told["failed"]["check"], "plain-get-426", "{told}");
}

/// `watch` where nothing builds, its keys, and what it says.
fn watched(desk: &Desk) -> (Child, ChildStdin, Said) {
    desk.breaks_the_build();
    let mut watch = desk.command(&["watch"]);
    let mut watch = watch.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let keys = watch.stdin.take().unwrap();
    let said = Said { output: watch.stdout.take().unwrap(), text: String::new() };
    (watch, keys, said)
}

#[test]
fn keys_say_what_they_do() {
    let (mut watch, mut keys, mut said) = watched(&Desk::at("keys", 3));
    // Before that it builds, and a key has to wait.
    said.until("q quit");
    keys.write_all(b"n").unwrap();
    said.until("Step 4 of ");
    keys.write_all(b"s").unwrap();
    said.until("Step 3 of ");
    keys.write_all(b"\x1b[A").unwrap();
    said.until("n next step");
    keys.write_all(b"q").unwrap();
    assert!(watch.wait().unwrap().success());
}

#[test]
fn a_save_in_any_crate_of_the_track_is_seen() {
    let desk = Desk::of("polling", "saved", 1);
    let (mut watch, mut keys, mut said) = watched(&desk);
    said.until("q quit");
    let shared = desk.repository.mine("polling").join("crates/message-store/src/batch.rs");
    let text = fs::read_to_string(&shared).unwrap();
    fs::write(shared, text + "// mine\n").unwrap();
    said.until("it does not compile");
    said.until("q quit");
    keys.write_all(b"q").unwrap();
    assert!(watch.wait().unwrap().success());
}

/// What a program says, as it says it.
struct Said {
    output: ChildStdout,
    text: String,
}

impl Said {
    /// Reads on until these words come.
    fn until(&mut self, words: &str) {
        let mut octets = [0; 512];
        loop {
            if let Some(at) = self.text.find(words) {
                self.text.drain(..at + words.len());
                return;
            }
            let count = self.output.read(&mut octets).unwrap();
            assert_ne!(count, 0, "it ended, and did not say {words:?}: {}", self.text);
            self.text.push_str(&String::from_utf8_lossy(&octets[..count]));
        }
    }
}

#[test]
fn who_is_done_has_nothing_to_catch_up_with() {
    let desk = Desk::at("done", 3);
    let folder = desk.repository.mine("raw-websocket");
    let (track, _) = desk.repository.track("raw-websocket").unwrap();
    let mut progress = workshop::progress::Progress::read(&folder).unwrap();
    progress.passed = track.steps.iter().map(|step| (step.name.clone(), 1)).collect();
    progress.step = track.steps.last().unwrap().name.clone();
    progress.write(&folder).unwrap();
    let said = desk.says(&["catch-up"]);
    assert!(said.contains("steps of raw-websocket are done"), "{said}");
    assert!(!desk.repository.my.join("raw-websocket.saved-1").exists(), "nothing is saved aside");
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
    let desk = Desk::at("explain", 1);
    let said = desk.says(&["explain", "close-echo"]);
    assert!(said.contains("RFC 6455 §5.5.1") && said.contains("you <--"), "{said}");
    // The subject of the check is in it, whatever comes before.
    for (check, subjects) in [
        ("header-case", &["Connection: keep-alive, Upgrade", "Connection: UPGRADE", "Upgrade: h2c"][..]),
        ("byte-by-byte", &["writes", "\"text\":"]),
        ("close-then-eof", &["close, 1000", "the end of TCP", "times more"]),
        ("too-big-1009", &["81 fe 80 01", "1009"]),
        ("reply-lengths", &["81 7d", "81 7e 00 7e", "81 7f 00 00 00 00 00 01 00 00"]),
        ("not-cached", &["cache-control: no-store"]),
        ("memory-bounded", &["of memory"]),
        ("slow-handshake-does-not-block", &["the rest later", "the rest: GET"]),
        ("alpn-h2", &["by ALPN the protocol \"h2\""]),
        ("quiet-when-hidden", &["the tab is hidden", "the page asks for nothing"]),
    ] {
        let said = desk.says(&["explain", check]);
        for subject in subjects {
            assert!(said.contains(subject), "{check} does not show {subject:?}:\n{said}");
        }
        assert!(said.lines().all(|line| line.chars().count() <= 80), "{said}");
    }
    let none = Desk::at("explain-nothing", 1).says(&["explain"]);
    assert!(none.contains("no check has failed yet"), "{none}");
    let unknown = Desk::at("unknown", 1).says(&["explain", "nothing"]);
    assert!(unknown.contains("there is no check nothing"), "{unknown}");
}
