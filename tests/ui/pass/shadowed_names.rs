//! A crate whose own modules and types have the names of the standard ones, all in scope where the macros are used.
#![deny(warnings, missing_docs, unsafe_code)]

/// Not the standard library.
pub mod std {}
/// Not the core library.
pub mod core {}
/// Not the allocation library.
pub mod alloc {}

/// Names that generated code could mean by mistake.
pub mod names {
    #![allow(non_camel_case_types, non_snake_case, reason = "names chosen to collide")]
    /// Not `Result`.
    pub struct Result;
    /// Not `Vec`.
    pub struct Vec;
    /// Not `String`.
    pub struct String;
    /// Not `Some`.
    pub fn Some() {}
    /// Not `Ok`.
    pub fn Ok() {}
    /// Not `str`.
    pub struct str;
    /// Not `bool`.
    pub struct bool;
    /// Not `usize`.
    pub struct usize;
    /// Not `Load`.
    pub struct Load;
    /// Not `Walk`.
    pub struct Walk;
}

/// Everything at once.
pub mod used {
    #[allow(unused_imports, reason = "in scope is enough")]
    use crate::names::*;
    use ::std::default::Default;
    use ::std::marker::Copy;

    /// Has methods with the names of what is generated.
    pub trait Confusing {
        /// Not that of `Load`.
        fn field(&self) {}
        /// Not that of `Params`.
        fn walk(&self) {}
        /// Not that of `Params`.
        fn each_field(&self) {}
    }
    impl<T: ?Sized> Confusing for T {}

    /// Skipped values.
    #[derive(Default, Clone, Copy)]
    pub struct Skipped;

    ::stratal::dims! {
        /// Rows.
        pub Rows
    }

    /// Every option that writes code of its own.
    #[derive(::stratal::Params)]
    #[params(prefix = "p", allow_unused, rename_all = "camelCase", require(N > 0))]
    pub struct Model<P: ::stratal::Params + Copy, const N: ::std::primitive::usize>
    where
        P: Default,
    {
        /// A keyword.
        pub r#match: ::stratal::Tensor<f32, ::stratal::Shape![Rows, _]>,
        /// Elements.
        #[param(each = "e.{i}", len = N)]
        pub elements: ::std::vec::Vec<P>,
        /// Absent or not.
        #[param(optional, tier = "dram")]
        pub optional: ::std::option::Option<::stratal::Tensor<f32, ::stratal::Shape![{ N }]>>,
        /// A map.
        pub map: ::std::collections::HashMap<::std::string::String, ::std::boxed::Box<P>>,
        /// Shares.
        #[param(tied = r#match)]
        pub tied: ::stratal::Tied<::stratal::Tensor<f32, ::stratal::Shape![Rows, _]>>,
        /// Not loaded.
        #[param(skip)]
        pub skipped: Skipped,
    }

    /// Variants of every sort.
    #[derive(::stratal::Params)]
    pub enum Choice<P: ::stratal::Params> {
        /// Named like a variant of the standard library.
        None {
            /// A field.
            r#type: P,
        },
        /// Unnamed.
        Some(P),
        /// Nothing.
        #[params(prefix = "x")]
        Ok {},
        /// Nothing at all.
        Err,
    }
}

/// Kernels among names that they use.
pub mod kernels {
    #[allow(unused_imports, reason = "in scope is enough")]
    use crate::names::*;
    #[allow(unused_imports, reason = "in scope is enough")]
    use crate::used::Confusing;

    /// Not the primitive.
    #[allow(non_camel_case_types, reason = "a name chosen to collide")]
    pub struct u32;

    /// Every form of a statement and of a number.
    #[::stratal::kernel]
    pub fn r#match(
        r#type: &::stratal::Tensor<f32, { [N, M] }>,
        out: &mut ::stratal::Tensor<f32, { [N, 4] }>,
        first: f32,
        fault: i32,
    ) -> (::stratal::Tensor<f32, { [N] }>, ::stratal::Tensor<i32, { [] }>) {
        let sizes = r#type.sum(M);
        for [q, p] in out.dims() {
            let mut run = out[[q, p]] * first;
            for k in 0..M {
                if k != p {
                    run += r#type[[q, k]].sqrt().max(0.5);
                }
            }
            out[[q, p]] = run;
        }
        let total = r#type.map(|x| x as i32 / fault).sum(0).sum(0);
        (sizes, total)
    }
}

macro_rules! kernels {
    ($($name:ident: $param:ident $element:ty, $factor:literal;)*) => {
        $(
            /// Made by a macro.
            #[::stratal::kernel]
            pub fn $name($param: &::stratal::Tensor<f32, { [N] }>, k: $element) -> ::stratal::Tensor<f32, { [N] }> {
                $param.map(|x| x * $factor + k as f32)
            }
        )*
    };
}

kernels! {
    doubled: input f32, 2.0;
    tripled: r#type i32, 3.0;
}

macro_rules! wrappers {
    ($($name:ident: $file:literal, $entry:literal, $param:ident, $threads:expr;)*) => {
        $(
            /// Of a file, made by a macro.
            #[::stratal::kernel(file = $file, entry = $entry, arguments = [$param, call], threads = $threads)]
            pub fn $name($param: &mut ::stratal::Tensor<f32, { [N] }>, call: f32);
        )*
    };
}

wrappers! {
    scale: "tests/ui/native/step.cu", "scale", r#match, 64;
    include_str: "tests/ui/native/step.cu", "scale", sizes, 2 * 64;
}

macro_rules! layers {
    ($($name:ident: $field:ident $kind:ty, $pattern:literal;)*) => {
        $(
            /// Made by a macro.
            #[derive(::stratal::Params)]
            pub struct $name {
                /// Of a type that a macro was given.
                pub $field: $kind,
                /// With an option that a macro was given.
                #[param(each = $pattern)]
                pub each: Vec<$kind>,
            }
        )*
    };
}

layers! {
    First: weight ::stratal::Tensor<f32, ::stratal::Shape![3]>, "first.{i}";
    Second: r#type First, "second.{i}";
}

/// Inside a function, beside a constant with the name of a local.
pub fn inside() {
    #[derive(::stratal::Params)]
    struct Local {
        weight: ::stratal::Tensor<f32, ::stratal::Shape![3]>,
    }
    let _ = |local: Local| local.weight;
}
