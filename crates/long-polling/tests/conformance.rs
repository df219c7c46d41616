//! The shared promises, kept over long polling.

conformance::suite!(long_polling::TRANSPORT, long_polling::serve, conformance::LongPolling);
