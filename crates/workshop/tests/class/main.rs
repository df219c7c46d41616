//! The wall of a class over real sockets: who joins is on it, each check is told, and nobody is told more.

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "the functions that tests share are tests too"
)]

mod desk;

use std::{fs, net::TcpListener};

use desk::{Desk, Wall, post};
use serde_json::{Value, json};

const SEAT: &str = "0123456789abcdef0123456789abcdef";

#[test]
fn each_check_of_who_joined_is_told_and_nothing_after_they_left() {
    let desk = Desk::new("told");
    let wall = Wall::start(&desk, &["--port", "0"]);
    assert!(wall.rows().is_empty());
    desk.says(&["start", "raw-websocket"]);
    desk.checks();
    assert!(wall.rows().is_empty(), "who has not joined is not told of");

    let said = desk.says(&["join", &wall.address, "--name", "Ada"]);
    assert!(said.contains(&format!("You are Ada on the wall at {}", wall.host())), "{said}");
    assert!(said.contains("Which check fails is not sent"), "{said}");
    let row = wall.row("Ada");
    assert_eq!((&row["track"], &row["passed"]), (&json!("raw-websocket"), &Value::Null), "{row}");

    // The server in JavaScript has the first three steps.
    fs::copy(desk::server(), desk.learner().join("server.mjs")).unwrap();
    for (step, next) in [("request", "handshake"), ("handshake", "encode"), ("encode", "decode")] {
        let said = desk.checks();
        let row = wall.row("Ada");
        assert_eq!((&row["step"], &row["passed"]), (&json!(next), &json!(true)), "{row}\n{said}");
        assert!(row["done"][step].is_u64(), "{row}");
    }
    let said = desk.checks();
    let row = wall.row("Ada");
    assert_eq!((&row["step"], &row["passed"]), (&json!("decode"), &json!(false)), "{row}\n{said}");
    assert_eq!(row.get("stuck_at"), None, "they did not say so: {row}");

    let said = desk.says(&["join", &wall.address, "--name", "Ada", "--stuck"]);
    assert!(said.contains("its name is sent"), "{said}");
    desk.checks();
    let row = wall.row("Ada");
    assert_eq!(row["stuck_at"], "length-126", "{row}");

    let said = desk.says(&["leave"]);
    assert!(said.contains("Nothing is sent any more"), "{said}");
    assert!(wall.rows().is_empty());
    let before = wall.log().len();
    desk.checks();
    assert_eq!(wall.log().len(), before, "nothing comes of who has left");
    assert!(desk.fails(&["leave"]).contains("you are on no wall"));
}

/// What `join` shows is what comes, to the field.
#[test]
fn what_is_sent_is_what_was_shown() {
    let desk = Desk::new("shown");
    let wall = Wall::start(&desk, &["--port", "0"]);
    desk.says(&["start", "raw-websocket"]);
    desk.says(&["join", &wall.address, "--name", "Ada"]);
    desk.says(&["leave"]);

    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/", listener.local_addr().unwrap());
    let hearing = std::thread::spawn(move || desk::hear(&listener, 2));
    let said = desk.says(&["join", &address, "--name", "Ada", "--stuck"]);
    desk.checks();
    let heard = hearing.join().unwrap();
    let shown: String = said.lines().map(str::trim).collect::<Vec<_>>().join(" ");
    let example = &shown[shown.find("{ \"name\"").unwrap()..];
    let example = serde_json::Deserializer::from_str(example).into_iter::<Value>().next().unwrap().unwrap();
    let fields = |value: &Value| {
        let of = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        (of(value), of(&value["standing"]))
    };
    let sent: Value = serde_json::from_str(heard[1].split_once("\r\n\r\n").unwrap().1).unwrap();
    assert_eq!(fields(&sent), fields(&example), "{sent}");
    assert_eq!((&sent["name"], &sent["seat"]), (&example["name"], &example["seat"]));
    for heard in heard {
        assert!(heard.starts_with("POST /reports HTTP/1.1\r\n"), "{heard}");
        assert!(!heard.contains("my/") && !heard.contains("fn "), "no file, no code: {heard}");
    }
}

#[test]
fn a_name_is_one_learners() {
    let (desk, other) = (Desk::new("one"), Desk::new("other"));
    let wall = Wall::start(&desk, &["--port", "0"]);
    desk.says(&["join", &wall.address, "--name", "Ada"]);
    let said = other.fails(&["join", &wall.address, "--name", " Ada "]);
    assert!(said.contains("the name \"Ada\" is taken in this class"), "{said}");
    other.says(&["join", &wall.address, "--name", "Grace Hopper"]);
    let said = other.fails(&["join", &wall.address, "--name", "Grace"]);
    assert!(said.contains("`cargo workshop leave` comes first"), "{said}");
    assert_eq!(wall.rows().keys().collect::<Vec<_>>(), ["Ada", "Grace Hopper"]);
    assert!(!wall.log().concat().contains("seat"), "a seat is between its learner and the wall");
    let long = "x".repeat(33);
    for (name, says) in [("", "`user` is empty"), (&*long, "33 characters"), ("a\u{7}", "U+0007")] {
        let said = other.fails(&["join", &wall.address, "--name", name]);
        assert!(said.contains(says), "{name:?}: {said}");
    }
}

#[test]
fn what_was_told_is_there_after_the_wall_was_started_again() {
    let desk = Desk::new("again");
    let wall = Wall::start(&desk, &["--port", "0"]);
    desk.says(&["start", "raw-websocket"]);
    desk.says(&["join", &wall.address, "--name", "Ada"]);
    let (before, port) = (wall.row("Ada"), wall.port().to_string());
    drop(wall);
    let said = desk.checks();
    assert!(said.contains("not on the wall, which the next check makes up for"), "{said}");

    let wall = Wall::start(&desk, &["--port", &port]);
    assert_eq!(wall.row("Ada"), before);
    desk.checks();
    assert_eq!(wall.row("Ada")["passed"], false);
    drop(wall);
    let wall = Wall::start(&desk, &["--port", &port, "--anew"]);
    assert!(wall.rows().is_empty());
}

#[test]
fn a_wall_refuses_what_is_no_report() {
    let desk = Desk::new("refused");
    let wall = Wall::start(&desk, &["--port", "0"]);
    let report = |standing: &Value| json!({ "name": "Ada", "seat": SEAT, "standing": standing }).to_string();
    let fine = report(&json!({}));
    let large = "x".repeat(5_000);
    for (status, target, fields, content) in [
        (204, "/reports", "", &*fine),
        (422, "/reports", "", "{}"),
        (422, "/reports", "", "no JSON"),
        (422, "/reports", "", &report(&json!({ "track": "<script>" }))),
        (422, "/reports", "", &report(&json!({ "code": "fn main() {}" }))),
        (413, "/reports", "", &large),
        (403, "/reports", "origin: https://evil.example\r\n", &fine),
        (405, "/messages", "", "{\"user\":\"x\",\"text\":\"y\"}"),
    ] {
        let answer = post(wall.port(), target, fields, content);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{target} {content:.60}: {answer}");
    }
    let host = post(wall.port(), "/reports", "", &fine);
    assert!(host.starts_with("HTTP/1.1 204 "), "{host}");
    assert_eq!(wall.rows().len(), 1);
    let said = desk.fails(&["class", "--port", "0", "--listen", "8.8.8.8"]);
    assert!(said.contains("8.8.8.8 is no address of a local network"), "{said}");
    let said = desk.fails(&["join", "http://192.0.2.1:8090/", "--name", "Ada"]);
    assert!(said.contains("neither of this machine nor of a local network"), "{said}");
}

/// A wall that goes does not hold up a check, and its answer is not obeyed by a terminal.
#[test]
fn a_wall_that_says_something_else_is_told_so() {
    let desk = Desk::new("else");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/", listener.local_addr().unwrap());
    let hearing =
        std::thread::spawn(move || desk::hear_and_say(&listener, b"HTTP/1.1 200 \x1b[2JOK\r\n\r\nhi"));
    let said = desk.fails(&["join", &address, "--name", "Ada"]);
    hearing.join().unwrap();
    assert!(said.contains("is no answer of a wall") && !said.contains('\x1b'), "{said:?}");
    assert!(desk.fails(&["leave"]).contains("you are on no wall"), "nothing was joined");
}
