//! Step 2: posts, their rules, their limits.

use std::{collections::BTreeSet, sync::Barrier, thread};

use serde_json::Value;

use crate::{
    checks::http::{Client, draft, listed},
    client::Ended,
    failure::Failure,
    http1::Answer,
    probe::{Outcome, Probe},
};

/// The most octets of a content.
const MAX_CONTENT: usize = 32 * 1024;

/// The longest text, in characters.
const MAX_CHARS: usize = 2_000;

/// Connections that post at the same time, and how often each does. All are retained.
const POSTERS: usize = 8;
const ROUNDS: usize = 30;

fn member<'a>(message: &'a Value, name: &str) -> &'a str {
    message.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// Posts, reads back, and posts the same draft again.
pub(super) fn post_then_get(probe: &Probe) -> Outcome {
    probe.serve(&[], &[], |server| {
        let mut client = Client::new(probe, server)?;
        let (user, nonce) = (probe.word(6), probe.word(8));
        let text = format!(" {}\r\n{}", probe.word(5), "\u{1f600}".repeat(MAX_CHARS - 8));
        let kept = text.replace("\r\n", "\n");
        let did = format!("We posted a text of {} characters with CR LF in it.", MAX_CHARS - 1);
        let posted = draft(&user, &text, &nonce);
        let message = client.posted(&posted).map_err(|failure| failure.did(did.clone()))?;
        let fail = |due: &str, got: String, cause: &str| {
            Err(Failure::new(due, got).did(did.clone()).likely(cause.to_owned()))
        };
        if member(&message, "text") != kept || member(&message, "user") != user {
            let got: String = message.to_string().chars().take(100).collect();
            return fail(
                "201 and the message: `text` as it was sent, but for CR LF, which becomes LF",
                got,
                "nothing else of a text is changed: spaces at its ends, line feeds and characters of any length stay",
            );
        }
        let history = client.follow(None)?;
        if history.messages != [message.clone()] {
            let got = format!("{} messages, ids {}", history.messages.len(), listed(&history.ids()));
            return fail(
                "GET gives the message that 201 gave, and no other",
                got,
                "what is answered must be in the log, the same JSON",
            );
        }
        client.post(posted.as_bytes());
        let again = client.answer("200 OK, and the first message")?;
        let is_first = serde_json::from_slice::<Value>(&again.content).is_ok_and(|first| first == message);
        let count = client.follow(None)?.messages.len();
        if again.head.status != 200 || !is_first || count != 1 {
            let failure = Failure::new(
                "200 and the first message, for the same nonce; one message in the log",
                format!("{}; {count} messages in the log", again.line()),
            );
            return Err(failure.did(did).did("We posted it again, as who lost the answer does.").likely(
                "a nonce that the same user posted before adds nothing: look it up before an id is given",
            ));
        }
        Ok(())
    })
}

/// What is refused, the status it is refused with, and what it is.
fn refused() -> Vec<(Vec<u8>, u16, &'static str)> {
    let of_text = |text: &str| draft("brian", text, "n").into_bytes();
    vec![
        (b"{\"user\":\"brian\",\"text\":".to_vec(), 400, "JSON that is cut off"),
        (b"hello".to_vec(), 400, "what is no JSON"),
        (b"{\"user\":\"brian\",\"text\":\"\xff\"}".to_vec(), 400, "what is not UTF-8"),
        (br#"{"user":"brian","user":"dana","text":"hi"}"#.to_vec(), 400, "a member twice"),
        (b"[]".to_vec(), 422, "JSON that is no object"),
        (br#"{"user":"brian"}"#.to_vec(), 422, "a draft without `text`"),
        (of_text(""), 422, "an empty text"),
        (of_text(" \n\t "), 422, "a text of white space"),
        (of_text("\u{7}"), 422, "a text with a control character"),
        (of_text(&"x".repeat(MAX_CHARS + 1)), 422, "a text of 2,001 characters"),
    ]
}

/// Each is refused as a problem, and the connection goes on.
pub(super) fn bad_json(probe: &Probe) -> Outcome {
    probe.serve(&[], &[], |server| {
        for (content, status, what) in refused() {
            let mut client = Client::new(probe, server)?;
            let did = format!("We posted {what}.");
            let due = format!("{status}, and a problem (application/problem+json)");
            client.post(&content);
            let answer = client.answer(&due).map_err(|failure| failure.did(did.clone()))?;
            let is_problem = answer.head.field("content-type").as_deref() == Some("application/problem+json");
            if answer.head.status != status || !is_problem {
                let cause = match answer.head.status {
                    201 => "this draft must not come into the log: everyone would be shown it".to_owned(),
                    500.. => "a client's mistake is no error of the server".to_owned(),
                    _ => format!(
                        "{status} is for {}",
                        if status == 400 {
                            "what cannot be parsed; 422 for JSON that breaks a rule"
                        } else {
                            "JSON that breaks a rule; 400 for what cannot be parsed"
                        }
                    ),
                };
                return Err(Failure::new(due, answer.told()).did(did).likely(cause));
            }
        }
        let text = "a\tb\nc";
        Client::new(probe, server)?.posted(&draft("brian", text, &probe.word(6))).map(|_| ()).map_err(
            |failure| {
                failure
                    .did("After all that was refused a good draft came, with a tab and a line feed.")
                    .likely("of the control characters line feed and tab are allowed")
            },
        )
    })
}

fn judged(answer: &Answer, due: &str, did: &str, cause: &str) -> Outcome {
    if answer.head.status == 413 {
        return Ok(());
    }
    Err(Failure::new(due, answer.told()).did(did).likely(cause))
}

/// A length that is too large, before any content; content of the limit, and one octet more.
pub(super) fn too_big(probe: &Probe) -> Outcome {
    probe.serve(&[], &[], |server| {
        let due = "413 Content Too Large";
        let announced = MAX_CONTENT + 1 + probe.below(1 << 30);
        let did =
            format!("We sent the head of a POST with `Content-Length: {announced}`, and nothing of it.");
        let mut client = Client::new(probe, server)?;
        client.post_head(announced);
        let early = client.wire.answer().map_err(|ended| {
            let failure = Failure::new(format!("{due}, before the content"), ended.told()).did(did.clone());
            match ended {
                Ended::Silent(_) => failure
                    .likely("the content is waited for: who announces too much is refused by the head alone"),
                _ => failure,
            }
        })?;
        judged(&early, due, &did, "the announced length is not looked at")?;
        // White space after the draft is JSON too: the length is all that differs.
        let padded = |length: usize| format!("{:length$}", draft("brian", "hi", &probe.word(6)));
        let mut client = Client::new(probe, server)?;
        client.posted(&padded(MAX_CONTENT)).map_err(|failure| {
            failure.did("It has exactly 32 KiB.").likely("32 KiB is the last length that is allowed")
        })?;
        client.post(padded(MAX_CONTENT + 1).as_bytes());
        let did = "We posted a draft with white space behind it, 32 KiB and one octet.";
        let answer = client.answer(due).map_err(|failure| failure.did(did))?;
        judged(&answer, due, did, "32 KiB is the last length that is allowed")
    })
}

/// Eight connections post at the same time: ids without holes or doubles, in one order for everyone.
pub(super) fn two_posters(probe: &Probe) -> Outcome {
    probe.serve(&[], &[], |server| {
        let did = format!("{POSTERS} clients posted {ROUNDS} drafts each, at the same time.");
        let word = probe.word(6);
        let clients = (0..POSTERS).map(|_| Client::new(probe, server)).collect::<Result<Vec<_>, _>>()?;
        let together = Barrier::new(POSTERS);
        let post = |number: usize, mut client: Client| -> Result<Vec<Value>, Failure> {
            let draft = |round| draft(&word, &format!("{number}/{round}"), &format!("{number}-{round}"));
            let drafts: Vec<_> = (0..ROUNDS).map(draft).collect();
            together.wait();
            client.posted_all(&drafts)
        };
        let answers: Vec<_> = thread::scope(|scope| {
            let tasks: Vec<_> = clients
                .into_iter()
                .enumerate()
                .map(|(number, client)| scope.spawn(move || post(number, client)))
                .collect();
            tasks.into_iter().filter_map(|task| task.join().ok()).collect()
        });
        let mut answered = Vec::new();
        for answers in answers {
            answered.extend(answers.map_err(|failure| failure.did(did.clone()))?);
        }
        let fail = |due: String, got: String, cause: &str| {
            Err(Failure::new(due, got).did(did.clone()).likely(cause.to_owned()))
        };
        let all = POSTERS * ROUNDS;
        let ids: BTreeSet<_> = answered.iter().filter_map(|message| message.get("id")?.as_u64()).collect();
        let atomic =
            "an id is given, and its message put into the log, as one: two posts may come between two steps";
        if ids.len() != all {
            let got = format!("{} different ids in {all} answers", ids.len());
            return fail(format!("{all} different ids"), got, atomic);
        }
        let log = Client::new(probe, server)?.follow(None)?;
        let wanted: Vec<_> = (1..=all as u64).collect();
        if log.ids() != wanted {
            return fail(format!("ids {}, in order", listed(&wanted)), listed(&log.ids()), atomic);
        }
        let lost = answered.iter().find(|message| !log.messages.contains(message));
        lost.map_or(Ok(()), |lost| {
            fail("each answered message in the log".into(), format!("{lost} is not"), atomic)
        })
    })
}
