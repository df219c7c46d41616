//! What the store promises, one test a promise.
#![allow(clippy::unwrap_used, reason = "the functions that tests share are tests too")]

mod common;

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use common::{Parsed, now_or_pending, parse};
use message_store::{
    Appended, Cursor, Draft, MAX_BATCH_BYTES, MAX_BATCH_MESSAGES, MessageStore, NONCE_WINDOW,
};

fn draft(text: &str) -> Draft {
    Draft::new("brian", text, None).unwrap()
}

fn with_nonce(user: &str, text: &str, nonce: &str) -> Draft {
    Draft::new(user, text, Some(nonce)).unwrap()
}

async fn append(store: &MessageStore, messages: usize) {
    for _ in 0..messages {
        store.append(draft("hi")).await;
    }
}

fn ids(batch: &Parsed) -> Vec<u64> {
    batch.messages.iter().map(|message| message.id).collect()
}

fn cursor(text: &str) -> Option<Cursor> {
    Some(text.parse().unwrap())
}

/// The cursor after message `id` of this store's log.
fn after(store: &MessageStore, id: u64) -> Option<Cursor> {
    let any = store.follow(None).cursor().to_string();
    let (epoch, _) = any.rsplit_once('-').unwrap();
    cursor(&format!("{epoch}-{id}"))
}

#[tokio::test]
async fn ids_count_up_from_1_and_time_is_the_clock() {
    let clock = || u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap();
    let store = MessageStore::in_memory(256);
    for id in 1..=3 {
        let before = clock();
        let appended = store.append(draft("hi")).await;
        assert!(matches!(appended, Appended::New(_)));
        let batch = parse(appended.message().batch());
        assert_eq!((appended.message().id(), ids(&batch)), (id, vec![id]));
        assert!((before..=clock()).contains(&batch.messages[0].time));
    }
}

#[tokio::test]
async fn an_appended_message_is_what_followers_get() {
    let store = MessageStore::in_memory(256);
    let mut followers: Vec<_> = std::iter::repeat_with(|| store.follow(None)).take(3).collect();
    let message = store.append(draft("hi")).await.into_message();
    for follower in &mut followers {
        let batch = follower.read();
        assert_eq!(batch.json(), message.batch());
        assert_eq!(batch.json().as_ptr(), message.batch().as_ptr());
        assert_eq!((batch.len(), batch.is_empty(), batch.has_news()), (1, false, true));
        assert_eq!((batch.missed(), batch.reset()), (None, false));
    }
    let stats = store.stats();
    assert_eq!((stats.messages_appended, stats.messages_encoded, stats.batches_encoded), (1, 1, 0));
}

#[tokio::test]
async fn messages_have_the_same_bytes_in_every_batch() {
    let store = MessageStore::in_memory(256);
    let a = store.append(with_nonce("brian", "\"\\\n", "b7c1")).await.into_message();
    let b = store.append(draft("😀")).await.into_message();
    let (a, b) = (std::str::from_utf8(a.json()).unwrap(), std::str::from_utf8(b.json()).unwrap());
    let batch = store.follow(None).read();
    let expected = format!(r#"{{"messages":[{a},{b}],"cursor":"{}"}}"#, batch.cursor());
    assert_eq!(batch.json(), expected.as_bytes());
    assert_eq!(batch.clone().into_json(), batch.json());
}

#[tokio::test]
async fn without_a_cursor_following_starts_at_the_oldest_retained() {
    let store = MessageStore::in_memory(3);
    append(&store, 5).await;
    let batch = store.follow(None).read();
    let parsed = parse(batch.json());
    assert_eq!((ids(&parsed), parsed.missed, parsed.reset), (vec![3, 4, 5], None, None));
    assert_eq!((batch.missed(), batch.reset()), (None, false));
}

#[tokio::test]
async fn an_empty_log_gives_an_empty_batch_and_a_cursor_that_holds() {
    let store = MessageStore::in_memory(3);
    let mut follower = store.follow(None);
    assert!(!follower.has_news());
    let batch = follower.read();
    assert_eq!(batch.json(), format!(r#"{{"messages":[],"cursor":"{}"}}"#, batch.cursor()).as_bytes());
    assert_eq!((batch.len(), batch.is_empty(), batch.has_news()), (0, true, false));
    assert!(batch.cursor().to_string().ends_with("-0"));

    append(&store, 4).await;
    assert!(follower.has_news());
    let parsed = parse(store.follow(Some(batch.cursor().clone())).read().json());
    assert_eq!((ids(&parsed), parsed.missed), (vec![2, 3, 4], Some(1)));
}

#[tokio::test]
async fn reading_moves_the_cursor_and_gives_nothing_twice() {
    let store = MessageStore::in_memory(256);
    append(&store, 2).await;
    let mut follower = store.follow(None);
    assert_eq!(Some(follower.cursor()), after(&store, 0));
    assert_eq!(ids(&parse(follower.read().json())), [1, 2]);
    assert_eq!(Some(follower.cursor()), after(&store, 2));
    assert!(!follower.has_news());
    assert!(!follower.read().has_news());
    append(&store, 1).await;
    let batch = follower.read();
    assert_eq!((ids(&parse(batch.json())), batch.cursor()), (vec![3], &follower.cursor()));
}

#[tokio::test]
async fn missed_counts_the_messages_after_the_cursor_that_are_gone() {
    let store = MessageStore::in_memory(3);
    append(&store, 10).await;
    for (id, missed, expected) in [
        (0, Some(7), vec![8, 9, 10]),
        (6, Some(1), vec![8, 9, 10]),
        (7, None, vec![8, 9, 10]),
        (8, None, vec![9, 10]),
        (9, None, vec![10]),
        (10, None, vec![]),
    ] {
        let mut follower = store.follow(after(&store, id));
        assert_eq!(follower.has_news(), id != 10);
        let batch = follower.read();
        let parsed = parse(batch.json());
        assert_eq!((batch.missed(), parsed.missed, ids(&parsed)), (missed, missed, expected), "after {id}");
        assert_eq!((batch.reset(), parsed.reset), (false, None));
        assert_eq!((batch.cursor(), parsed.cursor), (&after(&store, 10).unwrap(), batch.cursor().clone()));
    }
}

#[tokio::test]
async fn missed_is_told_when_only_one_message_is_retained() {
    let store = MessageStore::in_memory(1);
    append(&store, 2).await;
    let batch = store.follow(after(&store, 0)).read();
    assert_eq!((batch.len(), batch.missed()), (1, Some(1)));
}

#[tokio::test]
async fn reset_is_told_of_another_epoch_and_past_the_newest() {
    let store = MessageStore::in_memory(3);
    append(&store, 5).await;
    let beyond = format!("{}9", after(&store, u64::MAX).unwrap());
    for foreign in [cursor("k3f9-0"), cursor("k3f9-5"), cursor("--5"), after(&store, 6), cursor(&beyond)] {
        let mut follower = store.follow(foreign.clone());
        assert_eq!(Some(follower.cursor()), foreign);
        assert!(follower.has_news());
        let batch = follower.read();
        let parsed = parse(batch.json());
        assert_eq!((ids(&parsed), parsed.reset, parsed.missed), (vec![3, 4, 5], Some(true), None));
        assert_eq!((batch.reset(), batch.missed()), (true, None));
        assert!(!follower.read().reset(), "told once");
    }
}

#[tokio::test]
async fn reset_is_told_even_if_the_log_is_empty() {
    let store = MessageStore::in_memory(3);
    for foreign in [cursor("k3f9-5"), after(&store, 1)] {
        let mut follower = store.follow(foreign);
        let batch = now_or_pending(follower.next()).unwrap();
        assert_eq!((batch.len(), batch.reset(), batch.has_news()), (0, true, true));
        assert_eq!(batch.cursor(), &after(&store, 0).unwrap());
        assert!(now_or_pending(follower.next()).is_none(), "told once");
    }
}

#[tokio::test]
async fn history_is_at_least_one() {
    let store = MessageStore::in_memory(0);
    append(&store, 2).await;
    assert_eq!(ids(&parse(store.follow(None).read().json())), [2]);
}

#[tokio::test]
async fn a_batch_holds_256_messages_and_the_follower_reads_on() {
    let store = MessageStore::in_memory(1_000);
    append(&store, MAX_BATCH_MESSAGES + 1).await;
    let mut follower = store.follow(None);
    let batch = follower.read();
    assert_eq!((batch.len(), parse(batch.json()).messages.len()), (256, 256));
    assert_eq!(batch.cursor(), &after(&store, 256).unwrap());
    assert!(follower.has_news());
    assert_eq!(ids(&parse(now_or_pending(follower.next()).unwrap().json())), [257]);

    // Exactly full, and nothing after.
    let batch = store.follow(after(&store, 1)).read();
    assert_eq!((batch.len(), batch.cursor()), (256, &after(&store, 257).unwrap()));
}

#[tokio::test]
async fn a_batch_holds_256_kib_and_the_follower_reads_on() {
    let store = MessageStore::in_memory(200);
    let longest = Draft::new(&"😀".repeat(32), &"😀".repeat(2_000), Some(&"n".repeat(64))).unwrap();
    let mut bytes = 0;
    for id in 0..200 {
        let draft = with_nonce(longest.user(), longest.text(), &format!("{id:n<64}"));
        bytes = store.append(draft).await.message().json().len();
    }
    let mut follower = store.follow(None);
    let (mut next, mut batches) = (1, 0);
    while follower.has_news() {
        let batch = follower.read();
        assert!(batch.json().len() <= MAX_BATCH_BYTES);
        if follower.has_news() {
            // As many as fit: one more would not have, but for what is set aside for the envelope.
            assert!(batch.json().len() + bytes + 128 > MAX_BATCH_BYTES);
        }
        for id in ids(&parse(batch.json())) {
            assert_eq!(id, next);
            next += 1;
        }
        batches += 1;
    }
    assert_eq!((next, batches), (201, 200_usize.div_ceil(MAX_BATCH_BYTES / bytes)));
}

#[tokio::test]
async fn followers_at_the_same_place_share_one_encoding() {
    let store = MessageStore::in_memory(256);
    append(&store, 5).await;
    let first = store.follow(None).read();
    for same in [None, after(&store, 0)] {
        assert_eq!(store.follow(same).read().json().as_ptr(), first.json().as_ptr());
    }
    assert_eq!(store.stats().batches_encoded, 1);
    // Another place, or a gap to tell, is another batch.
    assert_eq!(store.follow(after(&store, 2)).read().len(), 3);
    assert!(store.follow(cursor("k3f9-0")).read().reset());
    assert_eq!(store.stats().batches_encoded, 3);
    // So is the same place once the log went on.
    append(&store, 1).await;
    assert_eq!(ids(&parse(store.follow(None).read().json())), [1, 2, 3, 4, 5, 6]);
    assert_eq!(store.stats().batches_encoded, 4);
}

#[tokio::test]
async fn a_full_batch_is_shared_while_the_log_goes_on() {
    let store = MessageStore::in_memory(1_000);
    append(&store, 300).await;
    let first = store.follow(None).read();
    append(&store, 300).await;
    let second = store.follow(None).read();
    assert_eq!((second.len(), second.json().as_ptr()), (256, first.json().as_ptr()));
}

#[tokio::test]
async fn a_repeated_nonce_gives_the_first_message_whatever_the_text() {
    let store = MessageStore::in_memory(256);
    let mut follower = store.follow(None);
    let first = store.append(with_nonce("brian", "hi", "b7c1")).await;
    let again = store.append(with_nonce("brian", "other", "b7c1")).await;
    assert_eq!(again, Appended::Repeated(first.message().clone()));
    assert!(matches!(store.append(with_nonce("dana", "hi", "b7c1")).await, Appended::New(_)));
    assert!(matches!(store.append(with_nonce("brian", "hi", "B7C1")).await, Appended::New(_)));
    assert_eq!(ids(&parse(follower.read().json())), [1, 2, 3]);
    let stats = store.stats();
    assert_eq!((stats.messages_appended, stats.messages_encoded), (3, 3));
}

#[tokio::test]
async fn a_repeat_wakes_nobody() {
    let store = MessageStore::in_memory(256);
    store.append(with_nonce("brian", "hi", "b7c1")).await;
    let mut follower = store.follow(None);
    follower.read();
    let mut next = pin!(follower.next());
    let wakes = Arc::new(Wakes::default());
    let waker = Waker::from(Arc::clone(&wakes));
    assert!(next.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    store.append(with_nonce("brian", "hi", "b7c1")).await;
    assert_eq!(wakes.0.load(Ordering::Relaxed), 0);
    store.append(with_nonce("brian", "hi", "b7c2")).await;
    assert_eq!(wakes.0.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_nonce_is_found_among_the_newest_4096_messages_whatever_the_history() {
    for history in [1, 10_000] {
        let store = MessageStore::in_memory(history);
        let nonce = with_nonce("brian", "hi", "b7c1");
        store.append(nonce.clone()).await;
        append(&store, NONCE_WINDOW - 1).await;
        assert_eq!(store.append(nonce.clone()).await.into_message().id(), 1, "1 of the newest 4,096");
        append(&store, 1).await;
        let late = store.append(nonce.clone()).await;
        assert!(matches!(&late, Appended::New(message) if message.id() == 4_098));
        assert_eq!(store.append(nonce).await, Appended::Repeated(late.into_message()));
    }
}

#[derive(Default)]
struct Wakes(AtomicU64);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[tokio::test]
async fn next_waits_and_an_append_wakes_it() {
    let store = MessageStore::in_memory(256);
    let mut follower = store.follow(None);
    let wakes = Arc::new(Wakes::default());
    let waker = Waker::from(Arc::clone(&wakes));
    let context = &mut Context::from_waker(&waker);
    let mut next = pin!(follower.next());
    assert!(next.as_mut().poll(context).is_pending());
    assert_eq!(wakes.0.load(Ordering::Relaxed), 0);
    let message = store.append(draft("hi")).await.into_message();
    assert_eq!(wakes.0.load(Ordering::Relaxed), 1);
    let Poll::Ready(batch) = next.as_mut().poll(context) else { panic!("woken for nothing") };
    assert_eq!(batch.json(), message.batch());
}

#[tokio::test]
async fn next_that_is_dropped_has_not_moved_the_cursor() {
    let store = MessageStore::in_memory(256);
    append(&store, 1).await;
    let mut follower = store.follow(None);
    follower.read();
    let before = follower.cursor();
    {
        let mut next = pin!(follower.next());
        assert!(now_or_pending(next.as_mut()).is_none());
        // Woken, but dropped before it is polled again.
        append(&store, 1).await;
    }
    assert_eq!(follower.cursor(), before);
    assert_eq!(ids(&parse(now_or_pending(follower.next()).unwrap().json())), [2]);
}

#[tokio::test]
async fn ready_waits_as_next_does_and_reads_nothing() {
    let store = MessageStore::in_memory(256);
    let mut follower = store.follow(None);
    follower.read();
    let before = follower.cursor();
    {
        let mut ready = pin!(follower.ready());
        assert!(now_or_pending(ready.as_mut()).is_none());
        append(&store, 1).await;
        assert!(now_or_pending(ready).is_some());
    }
    assert!(now_or_pending(follower.ready()).is_some(), "until it is read");
    assert_eq!(follower.cursor(), before);
    // What came meanwhile is read with it.
    append(&store, 1).await;
    assert_eq!(ids(&parse(follower.read().json())), [1, 2]);
    assert!(now_or_pending(follower.ready()).is_none());
}

#[tokio::test]
async fn ready_is_told_of_a_reset() {
    let store = MessageStore::in_memory(256);
    assert!(now_or_pending(store.follow(cursor("k3f9-5")).ready()).is_some());
}

#[tokio::test]
async fn a_clone_reads_on_by_itself() {
    let store = MessageStore::in_memory(256);
    let mut follower = store.follow(None);
    append(&store, 2).await;
    let mut clone = follower.clone();
    assert_eq!(ids(&parse(follower.read().json())), [1, 2]);
    assert_eq!(ids(&parse(clone.read().json())), [1, 2]);
}

#[tokio::test]
async fn next_tells_missed_without_waiting() {
    let store = MessageStore::in_memory(1);
    let mut follower = store.follow(None);
    follower.read();
    append(&store, 3).await;
    let batch = now_or_pending(follower.next()).unwrap();
    assert_eq!((batch.len(), batch.missed()), (1, Some(2)));
}

#[tokio::test]
async fn what_is_dropped_before_it_is_polled_did_nothing() {
    let store = MessageStore::in_memory(1);
    drop(store.append(draft("hi")));
    assert_eq!(store.stats().messages_appended, 0);
}

/// Another thread appends while the follower is at its look or about to wait, each time at another moment; no message
/// follows that would wake it in the stead of one that did not.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn no_wake_up_is_lost() {
    const ROUNDS: u64 = 20_000;
    let store = MessageStore::in_memory(16);
    let received = Arc::new(AtomicU64::new(0));
    let mut follower = store.follow(None);
    let following = {
        let received = Arc::clone(&received);
        tokio::spawn(async move {
            loop {
                follower.next().await;
                received.fetch_add(1, Ordering::Release);
            }
        })
    };
    let appending = std::thread::spawn(move || {
        let deadline = Instant::now() + Duration::from_secs(60);
        for round in 0..ROUNDS {
            while received.load(Ordering::Acquire) < round {
                assert!(Instant::now() < deadline, "not woken for message {round}");
                std::thread::yield_now();
            }
            for _ in 0..round % 512 {
                std::hint::spin_loop();
            }
            now_or_pending(store.append(draft("hi"))).unwrap();
        }
    });
    tokio::task::spawn_blocking(|| appending.join().unwrap()).await.unwrap();
    following.abort();
}

/// Many append at once while followers wait, were just woken, or are slow.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn everybody_gets_the_same_order_from_many_who_append() {
    const APPENDERS: u64 = 8;
    const EACH: u64 = 250;
    const FOLLOWERS: u64 = 64;
    let store = MessageStore::in_memory(16);
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..FOLLOWERS {
        let mut follower = store.follow(None);
        // From the start of the log, however many messages there are before its task runs.
        assert!(!follower.read().has_news());
        tasks.spawn(async move {
            let mut newest = 0;
            while newest < APPENDERS * EACH {
                let batch = parse(follower.next().await.json());
                newest += batch.missed.unwrap_or(0);
                for message in batch.messages {
                    newest += 1;
                    assert_eq!(message.id, newest, "follower {number}");
                }
                for _ in 0..number % 4 {
                    tokio::task::yield_now().await;
                }
            }
            assert_eq!(newest, APPENDERS * EACH);
        });
    }
    for appender in 0..APPENDERS {
        let store = store.clone();
        tasks.spawn(async move {
            for number in 0..EACH {
                let user = format!("user {appender}");
                let appended = store.append(with_nonce(&user, "hi", &number.to_string())).await;
                assert!(matches!(appended, Appended::New(_)));
                tokio::task::yield_now().await;
            }
        });
    }
    let all = async {
        while let Some(done) = tasks.join_next().await {
            done.unwrap();
        }
    };
    tokio::time::timeout(Duration::from_secs(60), all).await.expect("a follower was not woken");
}

/// The same draft posted by many at once is one message.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_nonce_posted_by_many_at_once_is_one_message() {
    let store = MessageStore::in_memory(256);
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let store = store.clone();
        tasks.spawn(async move {
            let mut new = 0;
            for number in 0..200 {
                let appended = store.append(with_nonce("brian", "hi", &number.to_string())).await;
                new += u64::from(matches!(appended, Appended::New(_)));
            }
            new
        });
    }
    let new: u64 = tasks.join_all().await.into_iter().sum();
    assert_eq!((new, store.stats().messages_appended), (200, 200));
}

#[test]
fn handles_go_between_threads() {
    fn shared<T: Send + Sync + 'static>(_: &T) {}
    fn sent<T: Send>(_: T) {}
    let store = MessageStore::in_memory(1);
    let mut follower = store.follow(None);
    shared(&store);
    shared(&follower);
    shared(&follower.read());
    sent(follower.next());
    sent(follower.ready());
    sent(store.append(draft("hi")));
}

#[test]
fn a_follower_is_at_most_32_bytes() {
    assert!(size_of::<message_store::Follower>() <= 32);
}
