//! What one append costs when 10,000 follow: time (one over `item/s` is the time a follower) and allocations.
//!
//! Before it measures, it counts that the message was encoded once.
#![allow(clippy::print_stdout, reason = "a benchmark reports to who runs it")]

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use divan::counter::ItemsCount;
use divan::{AllocProfiler, Bencher, black_box};
use message_store::{Batch, Draft, Follower, MessageStore};
use tokio::sync::Notify;
use tokio::task::LocalSet;

#[global_allocator]
static ALLOC: AllocProfiler = AllocProfiler::system();

const FOLLOWERS: usize = 10_000;
const HISTORY: usize = 256;

fn main() {
    show_encoded_once();
    divan::main();
}

type Next = Pin<Box<dyn Future<Output = Batch>>>;

fn draft() -> Draft {
    Draft::new("brian", "one line of chat, as long as most are", Some("b7c1")).expect("it keeps the rules")
}

/// Runs a future of the store that is ready at once.
fn now<T>(future: impl Future<Output = T>) -> T {
    match std::pin::pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => unreachable!("it waits for nothing"),
    }
}

/// Followers of `store`, each waiting in `next`.
fn waiting(store: &MessageStore) -> Vec<Next> {
    let context = &mut Context::from_waker(Waker::noop());
    let next = || -> Next {
        let mut follower = store.follow(None);
        Box::pin(async move { follower.next().await })
    };
    let mut waiting: Vec<_> = std::iter::repeat_with(next).take(FOLLOWERS).collect();
    for next in &mut waiting {
        assert!(next.as_mut().poll(context).is_pending());
    }
    waiting
}

fn show_encoded_once() {
    let store = MessageStore::in_memory(HISTORY);
    let mut waiting = waiting(&store);
    let message = now(store.append(draft())).into_message();
    for next in &mut waiting {
        let batch = now(next.as_mut());
        assert_eq!(batch.json().as_ptr(), message.batch().as_ptr(), "followers share the bytes");
    }
    let stats = store.stats();
    println!(
        "{FOLLOWERS} followers, {} append: {} message encoded, {} other batches encoded",
        stats.messages_appended, stats.messages_encoded, stats.batches_encoded,
    );
    assert_eq!((stats.messages_appended, stats.messages_encoded, stats.batches_encoded), (1, 1, 0));
}

/// The store alone: every follower waits, one message is appended, every follower has it.
#[divan::bench(sample_count = 100, sample_size = 1)]
fn one_append_to_10000_waiting(bencher: Bencher<'_, '_>) {
    bencher
        .counter(ItemsCount::new(FOLLOWERS))
        .with_inputs(|| {
            let store = MessageStore::in_memory(HISTORY);
            let waiting = waiting(&store);
            (store, waiting)
        })
        .bench_local_refs(|(store, waiting)| {
            black_box(now(store.append(draft())));
            for next in waiting {
                black_box(now(next.as_mut()));
            }
        });
}

/// The same with tokio's scheduler: every follower is a task that waits again.
#[divan::bench(sample_count = 100, sample_size = 1)]
fn one_append_to_10000_tasks(bencher: Bencher<'_, '_>) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime starts");
    let tasks = LocalSet::new();
    let store = MessageStore::in_memory(HISTORY);
    let (received, all_received) = (Rc::new(Cell::new(0)), Rc::new(Notify::new()));
    for _ in 0..FOLLOWERS {
        let mut follower = store.follow(None);
        let (received, all_received) = (Rc::clone(&received), Rc::clone(&all_received));
        tasks.spawn_local(async move {
            loop {
                black_box(follower.next().await);
                received.set(received.get() + 1);
                if received.get() % FOLLOWERS == 0 {
                    all_received.notify_one();
                }
            }
        });
    }
    let plain =
        Draft::new("brian", "one line of chat, as long as most are", None).expect("it keeps the rules");
    bencher.counter(ItemsCount::new(FOLLOWERS)).bench_local(|| {
        runtime.block_on(tasks.run_until(async {
            store.append(plain.clone()).await;
            all_received.notified().await;
        }));
    });
    let stats = store.stats();
    assert_eq!(stats.messages_encoded, stats.messages_appended);
    assert_eq!(stats.batches_encoded, 0);
}

/// Every follower comes back at the same time and reads the whole history.
#[divan::bench(sample_count = 100, sample_size = 1)]
fn history_of_256_to_10000(bencher: Bencher<'_, '_>) {
    let plain =
        Draft::new("brian", "one line of chat, as long as most are", None).expect("it keeps the rules");
    bencher
        .counter(ItemsCount::new(FOLLOWERS))
        .with_inputs(|| {
            let store = MessageStore::in_memory(HISTORY);
            for _ in 0..HISTORY {
                now(store.append(plain.clone()));
            }
            let followers: Vec<Follower> =
                std::iter::repeat_with(|| store.follow(None)).take(FOLLOWERS).collect();
            (store, followers)
        })
        .bench_local_refs(|(store, followers)| {
            for follower in followers {
                assert_eq!(black_box(follower.read()).len(), HISTORY);
            }
            assert_eq!(store.stats().batches_encoded, 1);
        });
}
