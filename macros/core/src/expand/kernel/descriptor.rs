//! The table that goes with a kernel: what it is called with, and what a device launches.

use super::plain;
use super::schedule::Schedule;
use crate::kernel::ir::Size;
use crate::kernel::item::{KernelItem, ParamKind};
use crate::kernel::number::Element;
use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::quote;

pub(super) fn descriptor(item: &KernelItem, _schedule: &Schedule, private: &TokenStream) -> TokenStream {
    let name = plain(&item.name);
    let symbols = item.symbols.iter().map(|symbol| match &symbol.name {
        Some(name) => plain(name),
        None => "_".to_owned(),
    });
    let tensors = item.params.iter().filter_map(|param| match &param.kind {
        ParamKind::Tensor { ty, mutable } => {
            let (name, dtype) = (plain(&param.name), dtype(ty.element));
            let extents = ty.dims.iter().map(|dim| extent(dim.size, private));
            Some(quote! {
                #private::TensorParameter {
                    name: #name, dtype: #private::DType::#dtype, written: #mutable, extents: &[#(#extents),*],
                }
            })
        }
        ParamKind::Scalar { .. } => None,
    });
    quote! {
        #private::Descriptor { name: #name, symbols: &[#(#symbols),*], tensors: &[#(#tensors),*] }
    }
}

fn extent(size: Size, private: &TokenStream) -> TokenStream {
    match size {
        Size::Symbol(symbol) => quote!(#private::Extent::Symbol(#symbol)),
        Size::Fixed(size) => {
            let size = Literal::u64_unsuffixed(size);
            quote!(#private::Extent::Fixed(#size))
        }
    }
}

/// The variant of `DType`.
fn dtype(element: Element) -> Ident {
    let name = match element {
        Element::Bf16 => "BF16".to_owned(),
        other => {
            let name = other.name();
            let (first, rest) = name.split_at(1);
            format!("{}{rest}", first.to_uppercase())
        }
    };
    Ident::new(&name, Span::call_site())
}
