//! Following goes on from a cursor, whatever happened to the connection.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use tokio::task::JoinSet;

use crate::{
    Client, Cutter, Fate, Ledger, Lost, Random, ReliableFollower, ReliablePoster, Setup, Subject, Target,
    draft, next, post, soon,
};

/// What was posted while a client was away comes when it is back, and nothing of what it had.
pub async fn a_follower_resumes_from_its_cursor<S: Subject>() {
    let target = Target::<S>::start().await;
    let mut poster = target.connect(None).await;
    let mut ledger = Ledger::after(0);
    for round in 1..=5 {
        let mut client = target.connect(ledger.cursor.as_deref()).await;
        let missed_meanwhile = next(&mut client).await;
        assert_eq!(
            missed_meanwhile.messages.len(),
            usize::from(round > 1),
            "round {round}: what came meanwhile"
        );
        ledger.add(missed_meanwhile);
        post(&mut poster, &draft("brian", "while it follows", Some(&format!("a{round}")))).await.message();
        ledger.add(next(&mut client).await);
        if round % 2 == 0 {
            client.cut();
        } else {
            client.close().await.expect("a close in good order");
        }
        post(&mut poster, &draft("brian", "while it is away", Some(&format!("b{round}")))).await.message();
    }
    assert_eq!(ledger.ids(), (1..=9).collect::<Vec<_>>(), "the ids over five connections");
    target.stop().await;
}

/// Connections of followers and posters are cut at 200 random octets while messages flow; every follower ends
/// with the same list, nothing twice and nothing missing, and every draft is in the log once.
pub async fn two_hundred_cuts_lose_nothing_and_repeat_nothing<S: Subject>() {
    const CUTS: usize = 200;
    const FOLLOWERS: usize = 6;
    const POSTERS: usize = 3;
    let mut random = Random::seeded();
    let target = Target::<S>::with(Setup::with_history(1_000_000)).await;
    let link = target.link();
    let cuts = Arc::new(AtomicUsize::new(0));

    let mut posters = JoinSet::new();
    for number in 0..POSTERS {
        // One of them is never cut, so that messages flow whatever happens.
        let cutter = (number > 0).then(|| Cutter::new(random.split()));
        let cuts = Arc::clone(&cuts);
        posters.spawn(async move {
            let mut poster = ReliablePoster::<S::Client>::new(link, cutter);
            let (mut posted, mut counted) = (Vec::new(), 0);
            while cuts.load(Ordering::Relaxed) < CUTS || posted.len() < 50 {
                let text = format!("text {} {}", posted.len(), "x".repeat(posted.len() * 7 % 700));
                let nonce = format!("{number}-{}", posted.len());
                posted.push(poster.post(&draft(&format!("user {number}"), &text, Some(&nonce))).await);
                let cut = poster.cutter.as_ref().map_or(0, |cutter| cutter.cuts);
                cuts.fetch_add(cut - counted, Ordering::Relaxed);
                counted = cut;
            }
            (posted, poster.repeated)
        });
    }
    let done = Arc::new(AtomicBool::new(false));
    let mut followers = JoinSet::new();
    for _ in 0..FOLLOWERS {
        let cutter = Cutter::new(random.split());
        let (cuts, done) = (Arc::clone(&cuts), Arc::clone(&done));
        followers.spawn(async move {
            let mut follower = ReliableFollower::<S::Client>::new(link, Some(cutter));
            let mut counted = 0;
            // The last draft is posted when `done` is set, so that no step waits in vain.
            while !done.load(Ordering::Relaxed) {
                follower.step().await;
                let cut = follower.cutter.as_ref().map_or(0, |cutter| cutter.cuts);
                cuts.fetch_add(cut - counted, Ordering::Relaxed);
                counted = cut;
            }
            follower
        });
    }
    let posted = posters.join_all().await;
    done.store(true, Ordering::Relaxed);
    let mut poster = target.connect(None).await;
    let last = post(&mut poster, &draft("last", "last", Some("last"))).await.message();
    let repeated: usize = posted.iter().map(|(_, repeated)| repeated).sum();
    let mut expected: Vec<_> =
        posted.into_iter().flat_map(|(posted, _)| posted).chain([last.clone()]).collect();
    expected.sort_by_key(|message| message.id);
    let ids: Vec<_> = expected.iter().map(|message| message.id).collect();
    assert_eq!(
        ids,
        (1..=last.id).collect::<Vec<_>>(),
        "the ids of all drafts, each posted until it was answered"
    );
    let cuts = cuts.load(Ordering::Relaxed);
    assert!(cuts >= CUTS, "{cuts} cuts");
    for mut follower in followers.join_all().await {
        follower.finish(last.id).await;
        assert_eq!(follower.ledger.missed, 0, "all messages are retained");
        assert_eq!(
            follower.ledger.messages.len(),
            expected.len(),
            "the number of messages after {cuts} cuts"
        );
        assert_eq!(follower.ledger.messages, expected, "what a follower got in {cuts} cuts");
    }
    println!("{cuts} cuts, {} messages, {repeated} drafts posted again had been taken", expected.len());
    target.stop().await;
}

/// A follower whose cursor fell off the end is told how many messages it missed, and goes on.
pub async fn missed_is_told_truly<S: Subject>() {
    let target = Target::<S>::with(Setup::with_history(10)).await;
    target.fill(["one".to_owned()]).await;
    let first = next(&mut target.connect(None).await).await;
    let cursor = first.cursor.expect("the cursor of a batch");
    let mut posted = 1;
    for (total, missed) in [(2, None), (11, None), (12, Some(1)), (13, Some(2)), (40, Some(29))] {
        target.fill((posted..total).map(|number| format!("number {number}"))).await;
        posted = total;
        let mut client = target.connect(Some(&cursor)).await;
        let batch = next(&mut client).await;
        assert_eq!(
            (batch.missed, batch.reset),
            (missed, false),
            "after 1 of {total} messages, 10 being retained"
        );
        let oldest = missed.unwrap_or(0) + 2;
        assert_eq!(
            batch.ids(),
            (oldest..=total).collect::<Vec<_>>(),
            "after 1 of {total}, 10 being retained"
        );
        let again = next(&mut target.connect(batch.cursor.as_deref()).await).await;
        assert!(!again.has_news(), "`missed` is told once: {again:?}");
    }
    target.stop().await;
}

/// A cursor of another log gives `reset`, and all that is retained.
pub async fn a_foreign_epoch_resets<S: Subject>() {
    let (target, other) = (Target::<S>::with(Setup::with_history(3)).await, Target::<S>::start().await);
    other.fill(["elsewhere".to_owned()]).await;
    let foreign = next(&mut other.connect(None).await).await.cursor.expect("the cursor of a batch");
    let mut waiting = target.connect(Some(&foreign)).await;
    let empty = next(&mut waiting).await;
    assert!(empty.reset && empty.messages.is_empty(), "a foreign cursor in an empty log: {empty:?}");

    target.fill((1..=5).map(|number| format!("number {number}"))).await;
    for cursor in [foreign.as_str(), "x-0", "0-18446744073709551615", "A-b-C-7"] {
        let mut client = target.connect(Some(cursor)).await;
        let batch = next(&mut client).await;
        assert_eq!(
            (batch.reset, batch.missed),
            (true, None),
            "after the cursor {cursor} of another log: {batch:?}"
        );
        assert_eq!(batch.ids(), [3, 4, 5], "after the cursor {cursor} of another log");
        let again = next(&mut target.connect(batch.cursor.as_deref()).await).await;
        assert!(!again.has_news(), "`reset` is told once: {again:?}");
    }
    target.stop().await;
}

/// A cursor past the newest message gives `reset`, and all that is retained.
pub async fn a_cursor_past_the_newest_message_resets<S: Subject>() {
    let target = Target::<S>::start().await;
    target.fill((1..=3).map(|number| format!("number {number}"))).await;
    let newest = next(&mut target.connect(None).await).await.cursor.expect("the cursor of a batch");
    let epoch = newest.strip_suffix("-3").unwrap_or_else(|| panic!("{newest} stands after 3")).to_owned();
    for past in ["4", "18446744073709551615", "18446744073709551616", "99999999999999999999999"] {
        let mut client = target.connect(Some(&format!("{epoch}-{past}"))).await;
        let batch = next(&mut client).await;
        assert_eq!((batch.reset, batch.missed), (true, None), "after {epoch}-{past}: {batch:?}");
        assert_eq!(batch.ids(), [1, 2, 3], "after {epoch}-{past}");
    }
    target.stop().await;
}

/// Clients reset their connections, at any octet and in any number; the others notice nothing.
pub async fn a_connection_that_is_reset_harms_nobody<S: Subject>() {
    let mut random = Random::seeded();
    let target = Target::<S>::start().await;
    let mut bystander = target.connect(None).await;
    let mut ledger = Ledger::after(0);
    ledger.add(next(&mut bystander).await);
    for round in 0..60 {
        let octets = random.within(0..400);
        let fate =
            if random.once_in(2) { Fate::CutAfterReading(octets) } else { Fate::CutAfterWriting(octets) };
        let link = target.link().with_fate(fate);
        let _: Result<(), Lost> = soon("a connection's end", async {
            let mut client = S::Client::connect(&link, None).await?;
            client.next_batch().await?;
            client.post(&draft("gone", "before the answer", Some(&format!("gone-{round}")))).await?;
            client.cut();
            Ok(())
        })
        .await;
        if round % 10 == 9 {
            let nonce = format!("here-{round}");
            let posted = post(&mut bystander, &draft("here", "still here", Some(&nonce))).await.message();
            while ledger.last() < posted.id {
                ledger.add(next(&mut bystander).await);
            }
        }
    }
    target.stop().await;
}
