//! side-by-side
