//! Whoever follows gets every message, in one order, as the same octets.

use std::time::{SystemTime, UNIX_EPOCH};

use message_store::Draft;
use tokio::task::JoinSet;

use crate::{Client, Ledger, Setup, Subject, Target, draft, next, post};

/// A follower without a cursor begins at the oldest retained message, one with a cursor after it; where there is
/// nothing, the first batch is empty.
pub async fn the_first_batch_is_what_is_retained<S: Subject>() {
    let target = Target::<S>::with(Setup::with_history(5)).await;
    let empty = next(&mut target.connect(None).await).await;
    assert!(!empty.has_news(), "the first batch of a log without messages: {empty:?}");

    target.fill((1..=12).map(|number| format!("number {number}"))).await;
    let all = next(&mut target.connect(None).await).await;
    assert_eq!((all.ids(), all.missed, all.reset), (vec![8, 9, 10, 11, 12], None, false), "the first batch");

    let newest = all.cursor.expect("the cursor of a batch");
    let nothing = next(&mut target.connect(Some(&newest)).await).await;
    assert!(!nothing.has_news(), "the first batch after the newest message: {nothing:?}");
    assert_eq!(nothing.cursor.as_deref(), Some(newest.as_str()), "the cursor of a batch without messages");

    let middle = newest.replace("-12", "-9");
    let rest = next(&mut target.connect(Some(&middle)).await).await;
    assert_eq!(
        (rest.ids(), rest.missed, rest.reset),
        (vec![10, 11, 12], None, false),
        "the first batch after 9"
    );

    let from_empty = empty.cursor.expect("the cursor of the empty batch");
    let late = next(&mut target.connect(Some(&from_empty)).await).await;
    assert_eq!(
        (late.ids(), late.missed),
        (vec![8, 9, 10, 11, 12], Some(7)),
        "after the cursor of the empty log"
    );
    target.stop().await;
}

/// Ids count up from 1, the time is the server's clock, a nonce is there only if the draft had one, and the JSON
/// that the poster gets is that of every follower.
pub async fn a_message_is_what_was_posted<S: Subject>() {
    let target = Target::<S>::start().await;
    let now = || SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock past 1970").as_millis();
    let mut client = target.connect(None).await;
    next(&mut client).await;
    let before = now();
    let first = post(&mut client, br#"{"user":"brian","text":"hi","nonce":"b7c1"}"#).await.message();
    let second =
        post(&mut client, br#"{"nonce":null,"more":[1],"text":"hi \"you\"","user":"dana"}"#).await.message();
    let after = now();
    for (message, id, user, text, nonce) in
        [(&first, 1, "brian", "hi", Some("b7c1")), (&second, 2, "dana", "hi \"you\"", None)]
    {
        let fields = (message.id, message.user.as_str(), message.text.as_str(), message.nonce.as_deref());
        assert_eq!(fields, (id, user, text, nonce), "the message {}", message.json);
        assert!(
            (before..=after).contains(&u128::from(message.time)),
            "between {before} and {after}: {}",
            message.json
        );
    }
    let mut ledger = Ledger::after(0);
    while ledger.last() < 2 {
        ledger.add(next(&mut client).await);
    }
    assert_eq!(ledger.messages, [first, second], "what a follower gets, and what the poster was answered");
    // The same octets on every transport are those of the log.
    let third = Draft::new("log", "past all transports \u{1f600} \"</script>", Some("n")).expect("a draft");
    let appended = target.store.append(third).await;
    let followed = next(&mut client).await;
    assert_eq!(followed.messages[0].json.as_bytes(), &appended.message().json()[..], "the octets of the log");
    target.stop().await;
}

/// Many clients post and follow at the same time, and end with the same list.
pub async fn every_follower_gets_every_message_in_one_order_and_the_same_octets<S: Subject>() {
    const CLIENTS: usize = 12;
    const DRAFTS: usize = 20;
    let target = Target::<S>::with(Setup::with_history(CLIENTS * DRAFTS)).await;
    let all = (CLIENTS * DRAFTS) as u64;
    let mut clients = JoinSet::new();
    for number in 0..CLIENTS {
        let mut client = target.connect(None).await;
        clients.spawn(async move {
            let mut answers = Vec::new();
            for at in 0..DRAFTS {
                let nonce = format!("{number}-{at}");
                let draft = draft(&format!("user {number}"), &format!("text {at} \u{1f600}"), Some(&nonce));
                answers.push(post(&mut client, &draft).await.message());
            }
            let mut ledger = Ledger::after(0);
            while ledger.last() < all {
                ledger.add(next(&mut client).await);
            }
            (ledger, answers)
        });
    }
    let mut watcher = target.connect(None).await;
    let mut expected = Ledger::after(0);
    while expected.last() < all {
        expected.add(next(&mut watcher).await);
    }
    for (ledger, answers) in clients.join_all().await {
        assert_eq!(ledger.messages, expected.messages, "two followers of one log");
        for answer in answers {
            let at = usize::try_from(answer.id).expect("an id within the test") - 1;
            assert_eq!(answer, expected.messages[at], "the answer to a post, and what followers got");
        }
    }
    let cursors = watcher.close().await;
    assert!(cursors.is_ok(), "a close in good order: {cursors:?}");
    target.stop().await;
}

/// When the answer has come, a new follower finds the message in its first batch.
pub async fn an_answered_post_is_in_the_log<S: Subject>() {
    let target = Target::<S>::start().await;
    let mut client = target.connect(None).await;
    for number in 1..=20 {
        let answer =
            post(&mut client, &draft("brian", &format!("number {number}"), Some(&number.to_string()))).await;
        let found = next(&mut target.connect(None).await).await;
        assert_eq!(
            found.messages.last(),
            Some(&answer.message()),
            "the newest message that a new follower finds"
        );
    }
    target.stop().await;
}

/// A batch holds at most 256 messages and 256 KiB; following from its cursor gives the next message.
pub async fn a_batch_keeps_its_limits_and_is_read_on_from<S: Subject>() {
    let target = Target::<S>::with(Setup::with_history(1_000)).await;
    target.fill((0..600).map(|number| format!("number {number}"))).await;
    // A text of 2,000 characters of 4 octets each: 32 of these are less than 256 KiB, 33 more.
    target.fill((0..100).map(|_| "\u{1f600}".repeat(2_000))).await;
    let (mut by_count, mut by_size) = (0, 0);
    let mut client = target.connect(None).await;
    let mut following = Ledger::after(0);
    let mut resuming = Ledger::after(0);
    while following.last() < 700 {
        let batch = next(&mut client).await;
        assert!(batch.messages.len() <= 256, "a batch of {} messages", batch.messages.len());
        assert!(batch.size <= 256 * 1024, "a batch of {} octets", batch.size);
        by_count += usize::from(batch.messages.len() == 256);
        by_size += usize::from(batch.messages.len() == 32);
        following.add(batch);
        if following.last() < 700 || resuming.messages.is_empty() {
            let cursor = resuming.cursor.clone();
            resuming.add(next(&mut target.connect(cursor.as_deref()).await).await);
        }
    }
    assert!(by_count >= 2 && by_size >= 2, "batches at their limits: {by_count} by count, {by_size} by size");
    while resuming.last() < 700 {
        let cursor = resuming.cursor.clone();
        resuming.add(next(&mut target.connect(cursor.as_deref()).await).await);
    }
    assert_eq!(following.ids(), (1..=700).collect::<Vec<_>>(), "the ids of one connection");
    assert_eq!(following.messages, resuming.messages, "one connection, and a connection for each batch");
    target.stop().await;
}
