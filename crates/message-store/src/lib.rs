//! message-store
