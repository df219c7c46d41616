//! The log: drafts are appended to it, messages are followed in it from a cursor.
//!
//! A [`Follower`] is a cursor and a handle of the store, and no queue. [`Follower::read`] gives what stands after the
//! cursor now, [`Follower::next`] waits until something does; each moves the cursor to the end of what it gave. One
//! that is slow finds more than one message next time; one that is too slow is told how many it missed.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use message_store::{Cursor, Draft, MessageStore};
//!
//! let store = MessageStore::in_memory(256);
//! let mut follower = store.follow(None);
//!
//! let appended = store.append(Draft::new("brian", "hi", Some("b7c1"))?).await;
//! let batch = follower.next().await;
//! assert_eq!(batch.json(), appended.message().batch());
//!
//! // Later, perhaps over another connection: on from the cursor that the client kept.
//! let cursor: Cursor = batch.cursor().to_string().parse()?;
//! store.append(Draft::from_json(br#"{"user":"dana","text":"hello"}"#)?).await;
//! let batch = store.follow(Some(cursor)).read();
//! assert_eq!((batch.len(), batch.missed(), batch.reset()), (1, None, false));
//! # Ok(())
//! # }
//! ```
//!
//! The modules, in the order a message passes them:
//!
//! - `json`: reads JSON strictly: nothing twice, nothing too deep, also in what is ignored.
//! - `draft`: [`Draft`], and the rules for `user`, `text` and `nonce`, each with its [`DraftError`].
//! - `store`: [`MessageStore`], the handle; [`Appended`] and [`Stats`].
//! - `log`: gives ids, and holds what appends and followers share: two short locks and one wake-up.
//! - `nonces`: finds the first message of a repeated nonce.
//! - `message`: [`Message`], encoded once.
//! - `ring`: the retained messages, and where in them a cursor stands.
//! - `cursor`: [`Cursor`], a place in the log, and its text form.
//! - `batch`: [`Batch`], what a follower gets at once, within its limits.
//! - `follower`: [`Follower`].

mod batch;
mod cursor;
mod draft;
mod follower;
mod json;
mod log;
mod message;
mod nonces;
mod ring;
mod store;

pub use batch::{Batch, MAX_BATCH_BYTES, MAX_BATCH_MESSAGES};
pub use cursor::{Cursor, CursorError, MAX_CURSOR_BYTES};
pub use draft::{Draft, DraftError, MAX_NONCE_BYTES, MAX_TEXT_CHARS, MAX_USER_CHARS, Member, Rejected};
pub use follower::Follower;
pub use json::{JsonType, MAX_DEPTH};
pub use message::Message;
pub use nonces::NONCE_WINDOW;
pub use store::{Appended, MessageStore, Stats};
