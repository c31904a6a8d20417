//! A kernel whose code stands in a file: the same function and call as of any kernel, with a table of one stage, and
//! nothing for the host to run. `include_str!` takes the file, so what depends on it is built again when it changes.

use super::descriptor::{before, dtype, extent, parameters, scalar_dtype};
use super::{host, private, signature::Signature};
use crate::kernel::item::{KernelItem, ParamKind, TensorType};
use crate::kernel::native::Language;
use crate::kernel::wrapper::{Passed, Term, Wrapper};
use proc_macro2::{Literal, TokenStream};
use quote::quote;
use syn::Path;

/// The function of a kernel that was held against its file.
pub(crate) fn wrapped_kernel(item: &KernelItem, wrapper: &Wrapper, krate: Option<&Path>) -> TokenStream {
    let private = private(krate);
    let signature = Signature::new(item, &private);
    let descriptor = Table { item, wrapper, private: &private }.descriptor();
    let run = quote!(#private::device_only(Self::DESCRIPTOR));
    signature.function(&host::none(&private), &descriptor, &run)
}

struct Table<'a> {
    item: &'a KernelItem,
    wrapper: &'a Wrapper,
    private: &'a TokenStream,
}

impl Table<'_> {
    fn descriptor(&self) -> TokenStream {
        let (private, Wrapper { entry, file, path, .. }) = (self.private, self.wrapper);
        let parameters = parameters(self.item, private);
        let (buffers, work) = (self.buffers(), self.work());
        let arguments = self.wrapper.passed.iter().map(|passed| self.argument(passed));
        let language = match self.wrapper.language {
            Language::Cuda => quote!(Cuda),
            Language::Ptx => quote!(Ptx),
        };
        quote! {
            #private::Descriptor {
                #parameters
                buffers: &[#(#buffers),*],
                stages: &[#private::Stage { entry: #entry, work: #work, arguments: &[#(#arguments),*] }],
                source: #private::Source::#language { file: #file, text: ::core::include_str!(#path) },
            }
        }
    }

    /// Tensors in the order of the parameters, then results.
    fn buffers(&self) -> Vec<TokenStream> {
        let private = self.private;
        let buffer = |role: TokenStream, ty: &TensorType| {
            let dtype = dtype(ty.element);
            let extents = ty.dims.iter().map(|dim| extent(dim.size, private));
            quote!(#private::Buffer { role: #role, dtype: #private::DType::#dtype, extents: &[#(#extents),*] })
        };
        let passed = self.item.params.iter().filter_map(|param| match &param.kind {
            ParamKind::Tensor { ty, .. } => Some(ty),
            ParamKind::Scalar { .. } => None,
        });
        let passed = passed.enumerate().map(|(at, ty)| buffer(quote!(#private::Role::Passed(#at)), ty));
        let results = self.item.results.iter().enumerate();
        let results = results.map(|(at, ty)| buffer(quote!(#private::Role::Result(#at)), ty));
        passed.chain(results).collect()
    }

    fn argument(&self, passed: &Passed) -> TokenStream {
        let private = self.private;
        match passed {
            Passed::Param(place) => match &self.item.params[*place].kind {
                ParamKind::Tensor { mutable, .. } => {
                    let buffer = before(self.item, *place, true);
                    let touch = if *mutable { quote!(Written) } else { quote!(Read) };
                    quote!(#private::Argument::#touch(#buffer))
                }
                ParamKind::Scalar { .. } => {
                    let scalar = before(self.item, *place, false);
                    quote!(#private::Argument::Scalar(#scalar))
                }
            },
            Passed::Result(place) => {
                let buffer = before(self.item, self.item.params.len(), true) + place;
                quote!(#private::Argument::Written(#buffer))
            }
            Passed::Count { count, number, .. } => {
                let (count, dtype) = (self.count(count), scalar_dtype(*number));
                quote!(#private::Argument::Count(#count, #private::DType::#dtype))
            }
        }
    }

    fn work(&self) -> TokenStream {
        let private = self.private;
        let grid = self.wrapper.grid.iter().map(|axis| self.count(axis));
        let block = self.wrapper.block.iter().map(|axis| Literal::u64_unsuffixed(*axis));
        let shared = self.count(&self.wrapper.shared);
        quote!(#private::Work::Given { grid: [#(#grid),*], block: [#(#block),*], shared_bytes: #shared })
    }

    fn count(&self, terms: &[Term]) -> TokenStream {
        let private = self.private;
        let terms = terms.iter().map(|term| match term {
            Term::Size(size) => {
                let extent = extent(*size, private);
                quote!(#private::Term::Size(#extent))
            }
            Term::Sum => quote!(#private::Term::Sum),
            Term::Product => quote!(#private::Term::Product),
            Term::Quotient => quote!(#private::Term::Quotient),
        });
        quote!(#private::Count(&[#(#terms),*]))
    }
}
