//! How a chunk's bytes become the bytes of its extent, and back: a form for each way, chosen by the tensor's codec.
//!
//! Invariant: [`decode`] of what [`encode`] made is the chunk, bit for bit but for the lossy codecs, whose bounds
//! [`narrow`] states. Where encoding saves too little, or the chunk does not suit the codec, it says so, and the chunk
//! is stored as it is.

pub mod constant;
pub mod narrow;
pub mod pay;
mod planes;
pub mod seal;
mod shuffle;

pub use planes::Space;
pub use seal::{Seal, Sealer};

use crate::error::Result;
use crate::policy::Codec;

/// What a stored copy looks like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Form {
    /// The chunk's bytes.
    #[default]
    Raw,
    /// Nothing: the chunk repeats these eight bytes.
    Constant(u64),
    /// Planes of elements of so many bytes.
    Planes(u8),
    /// `f32` numbers as `bf16`.
    Bf16,
    /// `f32` numbers as `f16`.
    F16,
    /// `f32` numbers as blocks of `i8`.
    Int8,
}

/// Lossless storage that saves less than one part in so many is none: the time of the processor costs more.
const LEAST_SAVED: usize = 4;

/// Stores `input`, elements of `width` bytes, in `output` by `codec`: the form, and the bytes it took. `None` where the
/// chunk is best stored as it is.
pub fn encode(
    codec: Codec,
    width: u8,
    input: &[u8],
    output: &mut [u8],
    space: &mut Space,
) -> Option<(Form, usize)> {
    let with = |form: Form| move |len: usize| (form, len);
    match codec {
        Codec::Raw => None,
        Codec::Lossless => {
            let limit = input.len() - input.len() / LEAST_SAVED;
            planes::encode(usize::from(width), input, output, limit, space).map(with(Form::Planes(width)))
        }
        Codec::Bf16 => narrow::encode_bf16(input, output).map(with(Form::Bf16)),
        Codec::F16 => narrow::encode_f16(input, output).map(with(Form::F16)),
        Codec::Int8 => narrow::encode_int8(input, output).map(with(Form::Int8)),
    }
}

/// Restores a chunk from its stored bytes.
///
/// # Errors
/// `Corrupt` where `stored` is not what the form says.
pub fn decode(form: Form, stored: &[u8], output: &mut [u8], space: &mut Space) -> Result<()> {
    match form {
        Form::Raw => {
            let whole = stored.len() == output.len();
            let cut =
                || crate::error::Error::new(crate::error::ErrorKind::Corrupt, "a stored chunk is cut short");
            whole.then(|| output.copy_from_slice(stored)).ok_or_else(cut)
        }
        Form::Constant(word) => {
            constant::fill(word, output);
            Ok(())
        }
        Form::Planes(width) => planes::decode(usize::from(width), stored, output, space),
        Form::Bf16 => narrow::decode_bf16(stored, output),
        Form::F16 => narrow::decode_f16(stored, output),
        Form::Int8 => narrow::decode_int8(stored, output),
    }
}
