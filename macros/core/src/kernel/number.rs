//! The numbers of a kernel: what a tensor stores, and what arithmetic is done in.

/// What arithmetic is done in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Number {
    F64,
    F32,
    I64,
    I32,
    U64,
    U32,
    /// A size or an index: 64 bits, unsigned.
    Usize,
    Bool,
}

impl Number {
    /// Every number that may be written as a type.
    pub(crate) const NAMES: [&'static str; 8] = ["f64", "f32", "i64", "i32", "u64", "u32", "usize", "bool"];

    /// The number of that name in Rust.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "f64" => Self::F64,
            "f32" => Self::F32,
            "i64" => Self::I64,
            "i32" => Self::I32,
            "u64" => Self::U64,
            "u32" => Self::U32,
            "usize" => Self::Usize,
            "bool" => Self::Bool,
            _ => return None,
        })
    }

    /// Its name in Rust.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::F64 => "f64",
            Self::F32 => "f32",
            Self::I64 => "i64",
            Self::I32 => "i32",
            Self::U64 => "u64",
            Self::U32 => "u32",
            Self::Usize => "usize",
            Self::Bool => "bool",
        }
    }

    /// Its name in C, and the ending of the names of functions on it.
    pub(crate) fn c_name(self) -> &'static str {
        match self {
            Self::F64 => "double",
            Self::F32 => "float",
            Self::I64 => "long long",
            Self::I32 => "int",
            Self::U64 | Self::Usize => "unsigned long long",
            Self::U32 => "unsigned",
            Self::Bool => "bool",
        }
    }

    pub(crate) fn is_float(self) -> bool {
        matches!(self, Self::F64 | Self::F32)
    }

    pub(crate) fn is_integer(self) -> bool {
        !self.is_float() && self != Self::Bool
    }

    pub(crate) fn is_signed(self) -> bool {
        self.is_float() || matches!(self, Self::I64 | Self::I32)
    }
}

/// What a tensor stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Element {
    F16,
    Bf16,
    I16,
    I8,
    U16,
    U8,
    /// Stored as it is computed with; no `usize`.
    Plain(Number),
}

impl Element {
    /// Every element that may be written.
    pub(crate) const NAMES: [&'static str; 13] =
        ["f64", "f32", "f16", "bf16", "i64", "i32", "i16", "i8", "u64", "u32", "u16", "u8", "bool"];

    /// The element of that name in Rust.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "f16" => Self::F16,
            "bf16" => Self::Bf16,
            "i16" => Self::I16,
            "i8" => Self::I8,
            "u16" => Self::U16,
            "u8" => Self::U8,
            "usize" => return None,
            name => Self::Plain(Number::named(name)?),
        })
    }

    /// What arithmetic on it is done in.
    pub(crate) fn number(self) -> Number {
        match self {
            Self::F16 | Self::Bf16 => Number::F32,
            Self::I16 | Self::I8 => Number::I32,
            Self::U16 | Self::U8 => Number::U32,
            Self::Plain(number) => number,
        }
    }

    /// Its name in Rust.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::F16 => "f16",
            Self::Bf16 => "bf16",
            Self::I16 => "i16",
            Self::I8 => "i8",
            Self::U16 => "u16",
            Self::U8 => "u8",
            Self::Plain(number) => number.name(),
        }
    }

    /// The type of the prelude that stores it.
    pub(crate) fn c_name(self) -> &'static str {
        match self {
            Self::F16 => "st_f16",
            Self::Bf16 => "st_bf16",
            Self::I16 => "short",
            Self::I8 => "signed char",
            Self::U16 => "unsigned short",
            Self::U8 => "unsigned char",
            Self::Plain(Number::Bool) => "st_bool",
            Self::Plain(number) => number.c_name(),
        }
    }
}
