//! The comparison: the same load on each transport and on the servers that people would use instead.
//!
//! - [`catalogue`]: what figures are called
//! - [`diff`]: two records beside one another
//! - [`record`]: the document that a comparison writes; `schema.json` describes it
//! - [`report`]: the page that shows a record
//! - [`theory`]: what each transport should cost, from the RFCs and from how messages come
//! - [`statistics`]: medians and their intervals

pub mod catalogue;
pub mod diff;
pub mod record;
pub mod report;
pub mod statistics;
pub mod theory;
