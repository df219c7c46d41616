//! Fuzz target: see `raw_websocket_fuzz::targets::handshake`.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| raw_websocket_fuzz::targets::handshake::check(data));
