//! What `cargo workshop` does, a file for each verb or for what belongs together.

pub mod back;
pub mod changes;
pub mod check;
pub mod class;
pub mod demo;
pub mod doctor;
pub mod hint;
pub mod map;
pub mod start;
pub mod watch;

use crate::terminal::Paint;

/// What all verbs are told.
#[derive(Clone, Debug)]
pub struct Setting {
    /// The repository.
    pub repository: crate::place::Repository,
    /// Whether to colour.
    pub paint: Paint,
    /// The browser for the steps in the page, for as long as this process runs.
    pub browser: crate::browser::Shared,
}
