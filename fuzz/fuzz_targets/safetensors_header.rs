//! Any bytes as a safetensors header: refused, or an exact account of every payload byte, in which the reference
//! implementation agrees: what we accept is a subset of what it accepts.
#![no_main]

use libfuzzer_sys::fuzz_target;
use safetensors::SafeTensors;
use stratal_tiering::origin::safetensors::header;

fuzz_target!(|input: &[u8]| {
    let Some((payload, text)) = input.split_first_chunk::<2>() else { return };
    let payload = usize::from(u16::from_le_bytes(*payload));
    let start = 8 + text.len();
    let Ok(header) = header::parse(text, (start + payload) as u64) else { return };
    let whole = [&(text.len() as u64).to_le_bytes(), text, &vec![0; payload]].concat();
    let reference = SafeTensors::deserialize(&whole).expect("the reference accepts what we accept");
    assert_eq!(header.tensors().len(), reference.len());
    let mut next = start as u64;
    for tensor in header.tensors() {
        let other = reference.tensor(&tensor.name).expect("the reference knows each name");
        assert_eq!((tensor.offset, &*tensor.shape), (next, other.shape()), "{}", tensor.name);
        assert_eq!(tensor.bytes, other.data().len() as u64, "{}", tensor.name);
        assert_eq!(tensor.dtype.name(), other.dtype().to_string(), "{}", tensor.name);
        next = tensor.end();
    }
    assert_eq!(next, whole.len() as u64);
});
