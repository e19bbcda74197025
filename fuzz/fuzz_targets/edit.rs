#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| sindri_fuzz::edit(bytes));
