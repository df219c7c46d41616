//! Fuzz target: see `raw_websocket_fuzz::targets::deflate`.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| raw_websocket_fuzz::targets::deflate::check(data));
