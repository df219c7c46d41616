//! What the shared server puts on the wire, whichever transport runs over it: framing, limits, refusals, the
//! page and its files.

mod common;
mod connections;
mod content;
mod framing;
mod gate;
mod heads;
mod site;
mod taking;
