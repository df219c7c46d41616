//! The comparison: the same load on each transport and on the servers that people would use instead.
//!
//! - [`catalogue`]: what figures are called
//! - [`diff`]: two records beside one another
//! - [`record`]: the document that a comparison writes; `schema.json` describes it
//! - [`report`]: the page that shows a record
//! - [`theory`]: what each transport should cost, from the RFCs and from how messages come
//! - [`statistics`]: medians and their intervals
//! - [`subjects`], [`plan`], [`runner`], [`whole`]: who is measured, what, how a run is made, and all of them
//! - [`programs`], [`server`], [`relay`], [`floor`], [`forgets`]: the processes beside the load
//! - [`load`]: the process that makes the load and measures
//! - [`clock`], [`counted`], [`layers`], [`machine`]: what measures

pub mod catalogue;
pub mod clock;
pub mod counted;
pub mod diff;
pub mod figures;
pub mod floor;
pub mod forgets;
pub mod layers;
pub mod load;
pub mod machine;
pub mod plan;
pub mod programs;
pub mod progress;
pub mod record;
pub mod relay;
pub mod report;
pub mod runner;
pub mod server;
pub mod statistics;
pub mod subjects;
pub mod theory;
pub mod whole;
