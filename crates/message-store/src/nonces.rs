//! Finds the first message of a repeated nonce.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use crate::draft::Draft;
use crate::message::Message;

/// Among how many of the newest messages a repeated nonce is found.
pub const NONCE_WINDOW: usize = 4_096;

/// The newest messages, by the user and nonce they came with.
pub(crate) struct Nonces {
    window: usize,
    /// One entry a message, oldest first; a message without a nonce takes its place too.
    order: VecDeque<Option<Arc<str>>>,
    messages: HashMap<Arc<str>, Message>,
}

impl Nonces {
    pub(crate) fn new(window: usize) -> Self {
        Self { window, order: VecDeque::new(), messages: HashMap::new() }
    }

    /// The message that the same user posted with the same nonce, among the newest.
    pub(crate) fn find(&self, key: &str) -> Option<&Message> {
        self.messages.get(key)
    }

    /// Remembers the newest message, and forgets the one that falls off the window. `key` is not in it yet.
    pub(crate) fn insert(&mut self, key: Option<String>, message: &Message) {
        if self.order.len() == self.window
            && let Some(Some(oldest)) = self.order.pop_front()
        {
            self.messages.remove(&oldest);
        }
        let key: Option<Arc<str>> = key.map(Into::into);
        if let Some(key) = &key {
            self.messages.insert(Arc::clone(key), message.clone());
        }
        self.order.push_back(key);
    }
}

/// By what a repeat is known: user and nonce, if there is one. No nonce has a space, so no two pairs look alike.
pub(crate) fn key(draft: &Draft) -> Option<String> {
    draft.nonce().map(|nonce| format!("{nonce} {}", draft.user()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cursor::Cursor;

    fn draft(user: &str, nonce: Option<&str>) -> Draft {
        Draft::new(user, "hi", nonce).unwrap()
    }

    fn insert(nonces: &mut Nonces, id: u64, draft: &Draft) {
        nonces.insert(key(draft), &Message::encode(&Cursor::new("k".into(), id), 0, draft));
    }

    fn found(nonces: &Nonces, user: &str, nonce: &str) -> Option<u64> {
        nonces.find(&key(&draft(user, Some(nonce))).unwrap()).map(Message::id)
    }

    #[test]
    fn scope_is_the_user() {
        let mut nonces = Nonces::new(4);
        insert(&mut nonces, 1, &draft("a", Some("n")));
        insert(&mut nonces, 2, &draft("b", Some("n")));
        assert_eq!(found(&nonces, "a", "n"), Some(1));
        assert_eq!(found(&nonces, "b", "n"), Some(2));
        assert_eq!(found(&nonces, "c", "n"), None);
        assert_eq!(found(&nonces, "a", "m"), None);
    }

    #[test]
    fn user_and_nonce_do_not_run_together() {
        let mut nonces = Nonces::new(4);
        insert(&mut nonces, 1, &draft("b c", Some("a")));
        assert_eq!(found(&nonces, "c", "a"), None);
        assert_eq!(found(&nonces, "b c", "a"), Some(1));
    }

    #[test]
    fn messages_without_a_nonce_move_the_window_too() {
        let mut nonces = Nonces::new(2);
        insert(&mut nonces, 1, &draft("a", Some("n")));
        insert(&mut nonces, 2, &draft("a", None));
        assert_eq!(found(&nonces, "a", "n"), Some(1));
        insert(&mut nonces, 3, &draft("a", None));
        assert_eq!(found(&nonces, "a", "n"), None);
        assert!(nonces.messages.is_empty());
        assert_eq!(nonces.order.len(), 2);
    }
}
