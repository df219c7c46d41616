//! The comparison: the same load on each transport and on the servers that people would use instead.
//!
//! - [`record`]: the document that a comparison writes; `schema.json` describes it
//! - [`theory`]: what each transport should cost, from the RFCs and from how messages come
//! - [`statistics`]: medians and their intervals

pub mod record;
pub mod statistics;
pub mod theory;
