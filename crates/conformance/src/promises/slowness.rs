//! Nobody waits for a slow follower.

use std::time::Duration;

use crate::{Client, Ledger, Setup, Subject, Target, draft, next, post, within};

/// How late a message may be for a follower that reads, while another does not. Far above what it takes, far
/// below every deadline that could end the slow one.
const PROMPT: Duration = Duration::from_secs(3);

/// More than socket buffers and flow-control windows hold, in messages of 8 KiB.
const MESSAGES: u64 = 1_200;

/// One client stops reading; the others get every message promptly. When it reads again, it gets the rest.
pub async fn a_slow_reader_holds_up_nobody_and_gets_the_rest<S: Subject>() {
    slow_reader::<S>(usize::try_from(MESSAGES).expect("a small number") + 1, false).await;
}

/// One client stops reading until more was said than is retained; when it reads again, it gets a true `missed`.
pub async fn a_slow_reader_that_fell_off_the_end_gets_a_true_missed<S: Subject>() {
    slow_reader::<S>(64, true).await;
}

async fn slow_reader<S: Subject>(history: usize, misses: bool) {
    let target = Target::<S>::with(Setup::with_history(history)).await;
    let link = target.link().with_receive_buffer(8 * 1024);
    let mut slow = target.connect_over(&link, None).await;
    let mut at_once = Ledger::after(0);
    at_once.add(next(&mut slow).await);

    let mut reader = target.connect(None).await;
    let mut poster = target.connect(None).await;
    let mut prompt = Ledger::after(0);
    prompt.add(next(&mut reader).await);
    prompt.add(next_of(&target, &mut reader, "first").await);
    at_once.add(next(&mut slow).await);
    slow.ask_and_not_read().await.expect("a request for what comes next");
    for number in 2..=MESSAGES {
        let promptly = async {
            if number % 100 == 0 {
                // Posting goes on as well.
                post(&mut poster, &draft("brian", &format!("number {number}"), Some(&number.to_string())))
                    .await;
            } else {
                target.fill(["\u{1f600}".repeat(2_000)]).await;
            }
            while prompt.last() < number {
                prompt.add(next(&mut reader).await);
            }
        };
        within(PROMPT, format!("message {number}, while another client does not read"), promptly).await;
    }
    assert_eq!(prompt.missed, 0, "one that reads misses nothing");

    // The pollers' unread answer is one batch, which they have asked for and cannot ask for again: they begin anew.
    let mut slow = match S::Client::FAMILY {
        crate::Family::Http1 => {
            slow.cut();
            target.connect_over(&link, at_once.cursor.as_deref()).await
        }
        _ => slow,
    };
    while at_once.last() < MESSAGES {
        at_once.add(next(&mut slow).await);
    }
    assert_eq!(at_once.missed > 0, misses, "{} missed, with a history of {history}", at_once.missed);
    let mut same = prompt.messages.iter();
    let is_part = at_once.messages.iter().all(|message| same.any(|other| other == message));
    assert!(is_part, "what the slow reader got is what the others got");
    assert_eq!(at_once.messages.len() as u64 + at_once.missed, MESSAGES, "messages got and missed");
    drop((reader, poster, slow));
    target.stop().await;
}

async fn next_of<S: Subject>(target: &Target<S>, client: &mut S::Client, text: &str) -> crate::Batch {
    target.fill([text.to_owned()]).await;
    next(client).await
}
