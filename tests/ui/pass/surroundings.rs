//! Names around the macros that would catch what they emit, if it were not absolute.
#![deny(warnings, missing_docs, unsafe_code, missing_debug_implementations, unused, nonstandard_style)]
#![no_implicit_prelude]
#![allow(non_camel_case_types, non_upper_case_globals, reason = "names chosen to collide")]

/// Shadows of the standard names.
pub mod shadowed {
    /// Not `Result`.
    #[derive(::std::fmt::Debug)]
    pub struct Result;
    /// Not `Option`.
    #[derive(::std::fmt::Debug)]
    pub struct Option;
    /// Not `Default`.
    pub trait Default {}
    /// Not `core`.
    pub mod core {}
    /// Not `std`.
    pub mod std {}
    /// Not `stratal`.
    pub mod stratal {}
    /// A constant that would turn a binding into a pattern.
    pub const survey: u8 = 1;
    /// Another.
    pub const intake: u8 = 2;
    /// Another.
    pub static visit: u8 = 3;
    /// Not `Ok`.
    #[allow(non_snake_case, reason = "a name chosen to collide")]
    pub fn Ok() {}

    /// Fields are called like the locals of the generated code.
    #[derive(::stratal::Params)]
    #[params(prefix = "model.deep", allow_unused)]
    pub struct Model<I: ::stratal::Dim, const K: usize, P>
    where
        P: ::stratal::Params,
    {
        /// Like a local.
        pub survey: ::stratal::Tensor<f32, ::stratal::Shape![I, { K }, 3, _]>,
        /// Like a local.
        pub intake: ::std::option::Option<::stratal::Tensor<::stratal::bf16, (I, ::stratal::C<K>)>>,
        /// Like a local.
        pub visit: ::std::vec::Vec<P>,
        /// A keyword.
        pub r#type: ::stratal::Tensor<i64, ::stratal::Shape![]>,
        /// Not loaded.
        #[param(skip)]
        pub skipped: ::std::marker::PhantomData<&'static ()>,
        /// Renamed.
        #[param(rename = "a.b.c")]
        pub renamed: [::std::boxed::Box<P>; 2],
    }

    impl<I: ::stratal::Dim, const K: usize, P: ::stratal::Params> ::std::fmt::Debug for Model<I, K, P> {
        fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
            f.write_str("Model")
        }
    }
}

::stratal::dims! {
    pub Batch,
    /// Positions in a sequence.
    pub Seq,
    pub Hidden,
}

/// Names are usable where types are.
pub type Scores = ::stratal::Tensor<f32, ::stratal::Shape![Batch, Seq, Hidden, _, 4, { 2 * 8 }]>;

/// A kernel without imports. (Where one repeats a dimension, attributes of the compiler's must be in scope, and these
/// come with the prelude.)
#[::stratal::kernel]
pub fn scale(x: &::stratal::Tensor<f32, { [N, M] }>, k: f32) -> ::stratal::Tensor<f32, { [N, M] }> {
    let sums = x.map(|x| x + k).sum(1);
    zip(x, sums, |x, sum| if x < sum { x / sum } else { x.exp() })
}

/// A kernel of a file, without imports.
#[::stratal::kernel(file = "tests/ui/native/step.cu", entry = "scale", arguments = [x, by])]
pub fn scale_there(x: &mut ::stratal::Tensor<f32, { [N] }>, by: f32);

/// A struct without tensors.
#[derive(::stratal::Params, ::std::fmt::Debug)]
pub struct Empty {}

/// Inside a function, and made by another macro.
pub fn inside() -> usize {
    macro_rules! make {
        ($name:ident, $size:literal, $dim:ty) => {
            #[derive(::stratal::Params)]
            struct $name {
                weight: ::stratal::Tensor<f32, ::stratal::Shape![$size, 2]>,
                bias: ::stratal::Tensor<f32, ($dim,)>,
            }
        };
    }
    ::stratal::dims! { Local }
    make!(Made, 7, Local);
    let rank = |made: &Made| made.weight.shape().len() + made.bias.shape().len();
    ::std::mem::size_of_val(&rank)
}
