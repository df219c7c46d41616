//! A draft that is posted again is not said again.

use tokio::task::JoinSet;

use crate::{Client, Posted, Setup, Subject, Target, draft, next, post, soon};

/// The answer to a repeated nonce is the first message, whatever the text; followers get nothing.
pub async fn a_repeated_nonce_answers_with_the_first_message_whatever_the_text<S: Subject>() {
    let target = Target::<S>::start().await;
    let mut client = target.connect(None).await;
    let Posted::New(first) = post(&mut client, &draft("brian", "first", Some("n1"))).await else {
        panic!("the first draft with a nonce is new");
    };
    for (user, text) in [("brian", "first"), ("brian", "another text"), (" brian\u{3000}", "trimmed alike")] {
        let again = post(&mut client, &draft(user, text, Some("n1"))).await;
        assert_eq!(again, Posted::Repeated(first.clone()), "{user:?} says {text:?} with the nonce n1 again");
    }
    let from_another = target.post(&draft("brian", "over another connection", Some("n1"))).await;
    assert_eq!(from_another.message(), first, "over another connection");

    let next_one = post(&mut client, &draft("brian", "second", Some("n2"))).await;
    assert_eq!(next_one.message().id, 2, "the id after four repeated drafts");
    let all = next(&mut target.connect(None).await).await;
    assert_eq!(all.ids(), [1, 2], "the log after four repeated drafts");
    target.stop().await;
}

/// A client that loses its connection before the answer posts again, and its message is there once.
pub async fn a_lost_answer_is_asked_for_again<S: Subject>() {
    let target = Target::<S>::start().await;
    let mut watcher = target.connect(None).await;
    next(&mut watcher).await;
    for number in 1..=10 {
        let sent = draft("brian", &format!("number {number}"), Some(&format!("lost-{number}")));
        let mut client = target.connect(None).await;
        let cursor = next(&mut client).await.cursor;
        soon("a draft to be sent", client.send_draft(&sent)).await.expect("a draft is sent");
        let seen = next(&mut watcher).await;
        client.cut();

        let mut client = target.connect(cursor.as_deref()).await;
        let answer = post(&mut client, &sent).await.message();
        assert_eq!((answer.id, seen.messages), (number, vec![answer]), "the answer to a draft posted again");
    }
    target.stop().await;
}

/// Two users may have the same nonce.
pub async fn a_nonce_belongs_to_its_user<S: Subject>() {
    let target = Target::<S>::start().await;
    let mut client = target.connect(None).await;
    for (id, user) in [(1, "brian"), (2, "dana"), (3, "Brian"), (4, "bri an")] {
        let posted = post(&mut client, &draft(user, "hi", Some("same"))).await;
        assert!(
            matches!(&posted, Posted::New(message) if message.id == id),
            "{user:?} is another user: {posted:?}"
        );
    }
    let again = post(&mut client, &draft("dana", "hi", Some("same"))).await;
    assert!(matches!(&again, Posted::Repeated(message) if message.id == 2), "dana had it: {again:?}");
    target.stop().await;
}

/// A draft without a nonce is a message each time.
pub async fn without_a_nonce_every_draft_is_new<S: Subject>() {
    let target = Target::<S>::start().await;
    let mut client = target.connect(None).await;
    for id in 1..=3 {
        let posted = post(&mut client, br#"{"user":"brian","text":"again"}"#).await;
        assert!(matches!(&posted, Posted::New(message) if message.id == id), "draft {id} is new: {posted:?}");
    }
    target.stop().await;
}

/// Nonces are known for the newest 4,096 messages, however few of them are retained.
pub async fn the_nonces_of_the_newest_4096_messages_are_known<S: Subject>() {
    let target = Target::<S>::with(Setup::with_history(2)).await;
    let mut client = target.connect(None).await;
    let sent = draft("brian", "hi", Some("old"));
    let first = post(&mut client, &sent).await.message();
    client.close().await.expect("a close in good order");
    target.fill((0..4_095).map(|number| format!("number {number}"))).await;
    let mut client = target.connect(None).await;
    let known = post(&mut client, &sent).await;
    assert_eq!(known, Posted::Repeated(first), "the first of the newest 4,096 messages");
    target.fill(["one more".to_owned()]).await;
    let forgotten = post(&mut client, &sent).await;
    assert!(matches!(&forgotten, Posted::New(message) if message.id == 4_098), "one past: {forgotten:?}");
    target.stop().await;
}

/// The same draft, posted over many connections at once, is one message.
pub async fn the_same_draft_from_many_connections_is_one_message<S: Subject>() {
    let target = Target::<S>::start().await;
    let mut posts = JoinSet::new();
    for _ in 0..12 {
        let mut client = target.connect(None).await;
        posts.spawn(
            async move { post(&mut client, &draft("brian", "at once", Some("same"))).await.message() },
        );
    }
    let answers = posts.join_all().await;
    assert!(
        answers.iter().all(|answer| *answer == answers[0]),
        "one message is the answer to all: {answers:?}"
    );
    let all = next(&mut target.connect(None).await).await;
    assert_eq!(all.messages, answers[..1], "the log");
    target.stop().await;
}
