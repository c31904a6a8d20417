//! Any bytes as a safetensors header: refused, or an exact account of every payload byte.
#![no_main]

use libfuzzer_sys::fuzz_target;
use stratal_tiering::origin::safetensors::header;

fuzz_target!(|input: &[u8]| {
    let Some((payload, text)) = input.split_first_chunk::<2>() else { return };
    let payload = u64::from(u16::from_le_bytes(*payload));
    let start = header::PREFIX_BYTES + text.len() as u64;
    let Ok(header) = header::parse(text, start + payload) else { return };
    let mut next = start;
    for tensor in header.tensors() {
        assert_eq!(tensor.offset, next, "{}", tensor.name);
        assert_eq!(tensor.dtype.bytes_of(&tensor.shape), Some(tensor.bytes), "{}", tensor.name);
        next = tensor.end();
    }
    assert_eq!(next, start + payload);
});
