//! Compares what a kernel of a file takes with what a signature in Rust passes, parameter by parameter.
//!
//! Everything that C says is compared: pointer or number, what the pointer leads to, its `const`, width, sign and kind
//! of a number. PTX says less: widths, floats or not, `.ptr`, and a sign only where it is `.s`.

use super::{Class, Param, Pointee, Register, Signature, Type};
use crate::kernel::item::{KernelItem, ParamKind, TensorType};
use crate::kernel::number::{Element, Number};
use crate::kernel::wrapper::Passed;
use crate::valid::native::{self as valid, Differs, Place};
use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::Error;

/// Most alignment that memory on a device is known to have, in bytes.
const ALIGNMENT: u64 = 256;

/// Every difference, each where it stands in the signature.
pub(crate) fn compare(
    item: &KernelItem,
    passed: &[Passed],
    native: &Signature,
    place: &Place<'_>,
) -> Result<(), Error> {
    if passed.len() != native.params.len() {
        return Err(valid::count(item, passed, native.params.len(), place));
    }
    // Compilers mark all pointers or none.
    let marked = native.params.iter().any(|param| matches!(&param.ty, Type::Register(it) if it.pointer));
    let mut errors: Option<Error> = None;
    for (number, (passed, param)) in passed.iter().zip(&native.params).enumerate() {
        let compared = Comparison { item, marked }.one(passed, &param.ty);
        if let Err(differs) = compared {
            let error = valid::differs(
                &tokens(item, passed, differs),
                item,
                passed,
                differs,
                Native { place, number: number + 1, param },
            );
            match &mut errors {
                Some(errors) => errors.combine(error),
                None => errors = Some(error),
            }
        }
    }
    errors.map_or(Ok(()), Err)
}

/// A parameter of the file, for messages.
pub(crate) struct Native<'a> {
    pub(crate) place: &'a Place<'a>,
    /// From 1.
    pub(crate) number: usize,
    pub(crate) param: &'a Param,
}

/// The tokens of the signature that a difference is about.
fn tokens(item: &KernelItem, passed: &Passed, differs: Differs) -> TokenStream {
    let tensor = |ty: &TensorType, reference: &TokenStream| match differs {
        Differs::Element(_) => ty.element_path.to_token_stream(),
        Differs::Constant | Differs::Mutable if !reference.is_empty() => reference.clone(),
        _ => ty.path.to_token_stream(),
    };
    match passed {
        Passed::Param(place) => match &item.params[*place].kind {
            ParamKind::Tensor { ty, reference, .. } => tensor(ty, reference),
            ParamKind::Scalar { path, .. } => path.to_token_stream(),
        },
        Passed::Result(place) => tensor(&item.results[*place], &TokenStream::new()),
        Passed::Count { written, .. } => written.clone(),
    }
}

struct Comparison<'a> {
    item: &'a KernelItem,
    /// Whether the entry marks its pointers.
    marked: bool,
}

impl Comparison<'_> {
    fn one(&self, passed: &Passed, ty: &Type) -> Result<(), Differs> {
        if let Type::Other(reason) = ty {
            return Err(Differs::Unknown(*reason));
        }
        match passed {
            Passed::Param(place) => match &self.item.params[*place].kind {
                ParamKind::Tensor { ty: tensor, mutable, .. } => self.tensor(tensor.element, *mutable, ty),
                ParamKind::Scalar { number, .. } => number_meets(*number, ty),
            },
            Passed::Result(place) => self.tensor(self.item.results[*place].element, true, ty),
            Passed::Count { number, .. } => number_meets(*number, ty),
        }
    }

    fn tensor(&self, element: Element, written: bool, ty: &Type) -> Result<(), Differs> {
        match ty {
            Type::Pointer { to: Pointee::Other(reason), .. } => Err(Differs::Unknown(*reason)),
            Type::Pointer { to: Pointee::Elements(found), .. } if *found != element => {
                Err(Differs::Element(element))
            }
            Type::Pointer { constant: true, .. } if written => Err(Differs::Mutable),
            Type::Pointer { constant: false, .. } if !written => Err(Differs::Constant),
            Type::Pointer { .. } => Ok(()),
            Type::Register(register) => self.address(register),
            Type::Number(_) | Type::Other(_) => Err(Differs::Tensor),
        }
    }

    fn address(&self, register: &Register) -> Result<(), Differs> {
        let aligned = register.align.unwrap_or(1);
        if register.bytes != 8 || register.class == Class::Float || register.array {
            return Err(Differs::Tensor);
        }
        match (register.pointer, self.marked) {
            (true, _) if register.elsewhere => Err(Differs::Elsewhere),
            (true, _) if aligned > ALIGNMENT => Err(Differs::Aligned),
            (false, _) if aligned != 8 && register.align.is_some() => Err(Differs::Aligned),
            (false, true) => Err(Differs::Unmarked),
            _ => Ok(()),
        }
    }
}

/// A number passed by value.
fn number_meets(number: Number, ty: &Type) -> Result<(), Differs> {
    let passed = if number == Number::Usize { Number::U64 } else { number };
    match ty {
        Type::Number(found) if *found == Element::Plain(passed) => Ok(()),
        Type::Pointer { .. } => Err(Differs::Number),
        Type::Register(register) if register.pointer => Err(Differs::Number),
        Type::Register(register) => {
            let class = match register.class {
                Class::Bits => true,
                Class::Float => passed.is_float(),
                Class::Unsigned => !passed.is_float(),
                Class::Signed => passed.is_signed() && !passed.is_float(),
            };
            if register.array || register.bytes != bytes(passed) || !class {
                return Err(Differs::Width(number));
            }
            let natural = register.align.is_none_or(|align| align == register.bytes);
            if natural { Ok(()) } else { Err(Differs::Aligned) }
        }
        _ => Err(Differs::Width(number)),
    }
}

/// The width of a number that is passed.
fn bytes(number: Number) -> u64 {
    match number {
        Number::F64 | Number::I64 | Number::U64 | Number::Usize => 8,
        Number::F32 | Number::I32 | Number::U32 => 4,
        Number::Bool => 1,
    }
}
