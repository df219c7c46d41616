//! The store against a model that keeps everything: whatever happens in whatever order, each follower gets every
//! retained message once and in order, or is told truly how many it missed.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "the functions that tests share are tests too"
)]

mod common;

use common::{now_or_pending, parse};
use message_store::{
    Appended, Batch, Cursor, Draft, Follower, MAX_BATCH_BYTES, MAX_BATCH_MESSAGES, MessageStore, NONCE_WINDOW,
};
use proptest::collection::vec;
use proptest::prelude::*;

const USERS: [&str; 2] = ["brian", "dana"];
const FOLLOWERS: usize = 4;

#[derive(Clone, Debug)]
enum Step {
    /// `times` drafts, so that followers fall off the end and batches fill up.
    Append { user: usize, text: String, nonce: Option<u8>, times: usize },
    /// A follower reads what there is, or is in `next` until it is ready or dropped.
    Read { follower: usize, wait: bool },
    /// A follower goes and one comes back with its cursor, as text.
    Reconnect { follower: usize },
    /// One comes without a cursor.
    Fresh { follower: usize },
    /// One comes with the cursor of another log.
    Foreign { follower: usize, id: u64 },
    /// One comes with a cursor somewhere in this log, or past it.
    Jump { follower: usize, id: u64 },
}

fn step() -> impl Strategy<Value = Step> {
    let follower = 0..FOLLOWERS;
    let text = prop_oneof![
        4 => "[a-z\"\\\\\n😀]{1,8}x",
        1 => Just("😀".repeat(2_000)),
    ];
    let times = prop_oneof![8 => Just(1_usize), 4 => 2..12_usize, 1 => 100..300_usize];
    prop_oneof![
        6 => (0..USERS.len(), text, proptest::option::of(0..6_u8), times)
            .prop_map(|(user, text, nonce, times)| Step::Append { user, text, nonce, times }),
        8 => (follower.clone(), any::<bool>()).prop_map(|(follower, wait)| Step::Read { follower, wait }),
        3 => follower.clone().prop_map(|follower| Step::Reconnect { follower }),
        1 => follower.clone().prop_map(|follower| Step::Fresh { follower }),
        1 => (follower.clone(), 0..20_u64).prop_map(|(follower, id)| Step::Foreign { follower, id }),
        1 => (follower, 0..400_u64).prop_map(|(follower, id)| Step::Jump { follower, id }),
    ]
}

/// Where the model knows a follower to stand.
#[derive(Clone, Copy, Debug)]
enum Place {
    Start,
    After(u64),
    Foreign,
}

/// Every message that was ever appended; the id of one is its index plus 1.
struct Model {
    history: u64,
    messages: Vec<(String, String, Option<String>)>,
}

impl Model {
    fn newest(&self) -> u64 {
        self.messages.len() as u64
    }

    /// The id before the oldest that is retained.
    fn floor(&self) -> u64 {
        self.newest().saturating_sub(self.history)
    }

    /// The id after which `place` reads, what it missed, and whether it is told of a reset.
    fn read(&self, place: Place) -> (u64, Option<u64>, bool) {
        match place {
            Place::Start => (self.floor(), None, false),
            Place::Foreign => (self.floor(), None, true),
            Place::After(id) if id > self.newest() => (self.floor(), None, true),
            Place::After(id) if id < self.floor() => (self.floor(), Some(self.floor() - id), false),
            Place::After(id) => (id, None, false),
        }
    }

    fn has_news(&self, place: Place) -> bool {
        let (after, missed, reset) = self.read(place);
        after < self.newest() || missed.is_some() || reset
    }

    /// Judges what a follower at `place` was given; gives where it stands now.
    fn check(&self, place: Place, batch: &Batch) -> Result<Place, TestCaseError> {
        let (mut id, missed, reset) = self.read(place);
        let parsed = parse(batch.json());
        prop_assert_eq!((batch.missed(), parsed.missed), (missed, missed));
        prop_assert_eq!((batch.reset(), parsed.reset), (reset, reset.then_some(true)));
        prop_assert_eq!(batch.has_news(), self.has_news(place));
        prop_assert_eq!((batch.len(), batch.is_empty()), (parsed.messages.len(), parsed.messages.is_empty()));
        prop_assert!(batch.len() <= MAX_BATCH_MESSAGES && batch.json().len() <= MAX_BATCH_BYTES);
        prop_assert!(!batch.is_empty() || id == self.newest(), "nothing, though there was something");
        for message in parsed.messages {
            id += 1;
            prop_assert_eq!(message.id, id);
            let index = usize::try_from(id - 1).unwrap();
            prop_assert_eq!(&(message.user, message.text, message.nonce), &self.messages[index]);
        }
        prop_assert_eq!(&parsed.cursor, batch.cursor());
        let ending = format!("-{id}");
        prop_assert!(batch.cursor().to_string().ends_with(&ending));
        Ok(Place::After(id))
    }
}

/// Appends to both, and compares the answers.
fn append(store: &MessageStore, model: &mut Model, draft: &Draft) -> Result<(), TestCaseError> {
    let appended = now_or_pending(store.append(draft.clone())).unwrap();
    let same = |(user, _, nonce): &(String, String, Option<String>)| {
        nonce.is_some() && nonce.as_deref() == draft.nonce() && user == draft.user()
    };
    let window = model.messages.len().saturating_sub(NONCE_WINDOW);
    match model.messages.iter().skip(window).position(same).map(|index| window + index) {
        Some(index) => {
            prop_assert!(matches!(appended, Appended::Repeated(_)));
            prop_assert_eq!(appended.message().id(), index as u64 + 1);
        }
        None => {
            prop_assert!(matches!(appended, Appended::New(_)));
            let nonce = draft.nonce().map(str::to_owned);
            model.messages.push((draft.user().to_owned(), draft.text().to_owned(), nonce));
            prop_assert_eq!(appended.message().id(), model.newest());
        }
    }
    Ok(())
}

fn run(history: usize, steps: Vec<Step>) -> Result<(), TestCaseError> {
    let store = MessageStore::in_memory(history);
    let mut model = Model { history: history as u64, messages: Vec::new() };
    let mut followers: Vec<(Follower, Place)> =
        (0..FOLLOWERS).map(|_| (store.follow(None), Place::Start)).collect();
    let own = store.follow(None).cursor().to_string();
    let epoch = own.strip_suffix("-0").unwrap();
    let parsed = |text: String| -> Option<Cursor> { Some(text.parse().unwrap()) };

    for step in steps {
        match step {
            Step::Append { user, text, nonce, times } => {
                let nonce = nonce.map(|nonce| nonce.to_string());
                let draft = Draft::new(USERS[user], &text, nonce.as_deref()).unwrap();
                for _ in 0..times {
                    append(&store, &mut model, &draft)?;
                }
            }
            Step::Read { follower, wait } => {
                let (follower, place) = &mut followers[follower];
                prop_assert_eq!(follower.has_news(), model.has_news(*place));
                let before = follower.cursor();
                let batch = if wait { now_or_pending(follower.next()) } else { Some(follower.read()) };
                match batch {
                    Some(batch) => {
                        *place = model.check(*place, &batch)?;
                        prop_assert_eq!(&follower.cursor(), batch.cursor());
                    }
                    None => {
                        prop_assert!(!model.has_news(*place), "waits, though there is something");
                        prop_assert_eq!(follower.cursor(), before);
                    }
                }
            }
            Step::Reconnect { follower } => {
                let (follower, place) = &mut followers[follower];
                let cursor = follower.cursor();
                *follower = store.follow(parsed(cursor.to_string()));
                prop_assert_eq!(follower.cursor(), cursor);
                if let Place::Start = *place {
                    *place = Place::After(model.floor());
                }
            }
            Step::Fresh { follower } => followers[follower] = (store.follow(None), Place::Start),
            Step::Foreign { follower, id } => {
                let cursor = parsed(format!("{epoch}x-{id}"));
                followers[follower] = (store.follow(cursor), Place::Foreign);
            }
            Step::Jump { follower, id } => {
                let cursor = parsed(format!("{epoch}-{id}"));
                followers[follower] = (store.follow(cursor), Place::After(id));
            }
        }
    }

    // In the end all read to the end, and stand at the same place.
    for (follower, place) in &mut followers {
        while let Some(batch) = now_or_pending(follower.next()) {
            *place = model.check(*place, &batch)?;
        }
        let batch = follower.read();
        model.check(*place, &batch)?;
        prop_assert_eq!(batch.cursor().to_string(), format!("{epoch}-{}", model.newest()));
    }
    let stats = store.stats();
    prop_assert_eq!((stats.messages_appended, stats.messages_encoded), (model.newest(), model.newest()));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn small_histories(history in 1..9_usize, steps in vec(step(), 1..80)) {
        run(history, steps)?;
    }

    #[test]
    fn histories_of_more_than_a_batch(history in 250..700_usize, steps in vec(step(), 1..40)) {
        run(history, steps)?;
    }

    #[test]
    fn any_text_is_a_cursor_that_comes_back_or_an_error(text in "[A-Za-z0-9-]{0,66}|\\PC{0,8}") {
        if let Ok(cursor) = text.parse::<Cursor>() {
            prop_assert_eq!(cursor.to_string().parse::<Cursor>(), Ok(cursor));
        }
    }

    #[test]
    fn any_bytes_are_a_draft_or_a_short_sentence(bytes in vec(any::<u8>(), 0..64)) {
        if let Err(rejected) = Draft::from_json(&bytes) {
            prop_assert!(rejected.to_string().len() <= 512);
        }
    }

    #[test]
    fn any_strings_are_the_same_draft_as_members_and_as_json(
        user in "\\PC{0,34}|[ \t\u{3000}]{0,2}[a-z]{1,32} ?",
        text in "\\PC{0,20}|[a\r\n\t \u{7}]{0,6}",
        nonce in proptest::option::of("[A-Za-z0-9_-]{0,66}|\\PC{1,4}"),
    ) {
        let json = serde_json::json!({ "user": user, "text": text, "nonce": nonce }).to_string();
        let read = Draft::from_json(json.as_bytes()).map_err(|rejected| rejected.error);
        prop_assert_eq!(&read, &Draft::new(&user, &text, nonce.as_deref()));
        // What was accepted is accepted again, unchanged.
        if let Ok(draft) = read {
            prop_assert_eq!(Draft::new(draft.user(), draft.text(), draft.nonce()), Ok(draft));
        }
    }
}
