//! The workshop: a learner builds each transport, from a frame with holes that is cut out of the finished crate.
//!
//! - [`regions`]: the parts of a file that a learner writes
//! - [`track`]: track files: steps, holes, checks, hints
//! - [`source`], [`manifest`]: the program after a step, and a starter
//! - [`process`], [`said`]: a learner's program as a process, and what it says
//! - [`browser`], [`stage`], [`scripted`]: the chat page in a browser, and the server that a check is for it
//! - [`probe`]: what a check has: a program, chance, deadlines
//! - [`checks`]: the checks of each track
//! - [`client`], [`http1`], [`http2`]: a client of octets, answers over HTTP/1.1, HTTP/2 frame by frame
//! - [`failure`]: what a check says when it fails
//! - [`judge`]: runs checks step by step
//! - [`mistakes`]: what people get wrong, for the tests of the checks
//! - [`place`], [`learner`], [`progress`], [`snapshots`]: where things stand, a learner's files, and what they were
//! - [`building`]: builds a learner's program
//! - [`class`]: the wall of a class, and who is on it
//! - [`trace`]: what passes while a check runs
//! - [`verbs`]: what `cargo workshop` does
//! - [`terminal`]: text for a terminal

pub mod browser;
pub mod building;
pub mod checks;
pub mod class;
pub mod client;
pub mod failure;
pub mod http1;
pub mod http2;
pub mod judge;
pub mod learner;
pub mod manifest;
pub mod mistakes;
pub mod place;
pub mod probe;
pub mod process;
pub mod progress;
pub mod said;
pub mod scripted;
pub mod snapshots;
pub mod source;
pub mod stage;
pub mod terminal;
pub mod trace;
pub mod track;
pub mod verbs;

pub use regions;
