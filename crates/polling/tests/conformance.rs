//! The shared promises, kept over polling.

conformance::suite!(polling::TRANSPORT, polling::serve, conformance::Polling);
