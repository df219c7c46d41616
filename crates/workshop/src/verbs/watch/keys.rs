//! Keys that are told at once and not shown, and the terminal as it was.

#[cfg(unix)]
use std::{
    io::{self, IsTerminal},
    sync::{Mutex, PoisonError},
};

#[cfg(unix)]
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

/// How the terminal was before keys were listened to.
#[cfg(unix)]
static BEFORE: Mutex<Option<Termios>> = Mutex::new(None);

/// Puts the terminal back as it was when it is dropped.
pub(super) struct Keys(());

impl Keys {
    /// Each key is told at once and not shown, where standard input is a terminal.
    pub(super) fn listen() -> Self {
        #[cfg(unix)]
        if io::stdin().is_terminal()
            && let Ok(before) = tcgetattr(io::stdin())
        {
            let mut modes = before.clone();
            modes.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO);
            let _ = tcsetattr(io::stdin(), OptionalActions::Now, &modes);
            *BEFORE.lock().unwrap_or_else(PoisonError::into_inner) = Some(before);
        }
        Self(())
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        restore();
    }
}

/// Puts the terminal back as it was before keys were listened to; by Ctrl-C, too.
pub fn restore() {
    #[cfg(unix)]
    if let Some(before) = BEFORE.lock().unwrap_or_else(PoisonError::into_inner).take() {
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &before);
    }
}
