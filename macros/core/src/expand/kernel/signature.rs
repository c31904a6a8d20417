//! The signature that callers see, and what holds its dimensions together.

use super::host;
use crate::kernel::ir::Size;
use crate::kernel::item::plain;
use crate::kernel::item::{Dim, KernelItem, ParamKind, TensorType, WrittenDim};
use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote};
use std::collections::BTreeSet;

pub(super) struct Signature<'a> {
    item: &'a KernelItem,
    private: &'a TokenStream,
    /// The type parameter of each axis of each tensor, by parameter.
    axes: Vec<Vec<Ident>>,
    /// Bounds of the axes that must meet something.
    bounds: Vec<TokenStream>,
    /// The traits that say so.
    relations: Vec<TokenStream>,
}

impl<'a> Signature<'a> {
    pub(super) fn new(item: &'a KernelItem, private: &'a TokenStream) -> Self {
        let mut signature =
            Self { item, private, axes: Vec::new(), bounds: Vec::new(), relations: Vec::new() };
        for (place, param) in item.params.iter().enumerate() {
            let dims = match &param.kind {
                ParamKind::Tensor { ty, .. } => &ty.dims[..],
                ParamKind::Scalar { .. } => &[],
            };
            let axes = dims.iter().enumerate().map(|(axis, dim)| signature.axis(place, axis, dim)).collect();
            signature.axes.push(axes);
        }
        signature
    }

    /// The type parameter of an axis; where it repeats a dimension, also the bound that holds it to that.
    fn axis(&mut self, place: usize, axis: usize, dim: &Dim) -> Ident {
        let (kernel, param) = (plain(&self.item.name), plain(&self.item.params[place].name));
        let private = self.private;
        let generated = format_ident!("__P{place}A{axis}", span = Span::mixed_site());
        let (meets, message) = match (&dim.written, dim.size) {
            (WrittenDim::Symbol(name), Size::Symbol(symbol)) => {
                let bound = self.item.symbols[symbol].bound;
                if bound == (place, axis) {
                    return name.clone();
                }
                let first = self.first(bound);
                let (other, symbol) = (plain(&self.item.params[bound.0].name), plain(name));
                let message = format!(
                    "kernel `{kernel}`: dimension `{symbol}` is `{{D}}` in `{other}` (axis {}) but `{{Self}}` in `{param}` (axis {axis})",
                    bound.1
                );
                (first.to_token_stream(), message)
            }
            (WrittenDim::Number(number), _) => {
                let message = format!(
                    "kernel `{kernel}`: axis {axis} of `{param}` is declared {number} but is `{{Self}}`"
                );
                (quote!(#private::C<#number>), message)
            }
            (WrittenDim::Constant(block), _) => {
                let message = format!(
                    "kernel `{kernel}`: axis {axis} of `{param}` is declared `{{D}}` but is `{{Self}}`"
                );
                (quote!(#private::C<#block>), message)
            }
            _ => return generated,
        };
        let relation = format_ident!("__{kernel}_{param}_{axis}", span = Span::mixed_site());
        let label = format!("`{param}` is declared `{}`", self.declared(place));
        let visibility = &self.item.visibility;
        self.relations.push(quote! {
            #[doc(hidden)]
            #[diagnostic::on_unimplemented(message = #message, label = #label)]
            #visibility trait #relation<D> {}
            #[diagnostic::do_not_recommend]
            impl<D, X: #private::Meets<D>> #relation<D> for X {}
        });
        self.bounds.push(quote!(#generated: #relation<#meets>));
        generated
    }

    /// The type parameter of the axis that binds a symbol.
    fn first(&self, (place, axis): (usize, usize)) -> Ident {
        let known = self.axes.get(place).and_then(|axes| axes.get(axis)).cloned();
        // An axis of the parameter that is being read has the name of the symbol itself.
        known.unwrap_or_else(|| {
            let name = self.item.symbols.iter().find(|symbol| symbol.bound == (place, axis));
            name.and_then(|symbol| symbol.name.clone()).unwrap_or_else(|| Ident::new("_", Span::call_site()))
        })
    }

    /// The shape of a parameter as it is written.
    fn declared(&self, place: usize) -> String {
        let ParamKind::Tensor { ty, .. } = &self.item.params[place].kind else { return String::new() };
        let dims: Vec<String> = ty
            .dims
            .iter()
            .map(|dim| match &dim.written {
                WrittenDim::Symbol(name) => plain(name),
                WrittenDim::Number(number) => number.to_string(),
                WrittenDim::Constant(block) => block.to_token_stream().to_string(),
                WrittenDim::Any => "_".to_owned(),
            })
            .collect();
        format!("[{}]", dims.join(", "))
    }

    fn tensor(&self, ty: &TensorType, dims: &[TokenStream]) -> TokenStream {
        let (path, element) = (&ty.path, &ty.element_path);
        quote!(#path<#element, (#(#dims,)*)>)
    }

    /// The type of parameter `place`, borrowed for `'__call`.
    fn param(&self, place: usize) -> TokenStream {
        let private = self.private;
        match &self.item.params[place].kind {
            ParamKind::Tensor { ty, mutable, .. } => {
                let dims: Vec<TokenStream> = self.axes[place].iter().map(ToTokens::to_token_stream).collect();
                let tensor = self.tensor(ty, &dims);
                if *mutable { quote!(&'__call mut #tensor) } else { quote!(&'__call #tensor) }
            }
            ParamKind::Scalar { number, .. } => {
                let name = format_ident!("{}", number.name());
                quote!(#private::#name)
            }
        }
    }

    /// The type of a result.
    pub(super) fn result(&self, number: usize) -> TokenStream {
        let private = self.private;
        let ty = &self.item.results[number];
        let dims: Vec<TokenStream> = ty
            .dims
            .iter()
            .map(|dim| match dim.size {
                Size::Symbol(symbol) => self.first(self.item.symbols[symbol].bound).to_token_stream(),
                Size::Fixed(size) => {
                    let size = proc_macro2::Literal::u64_unsuffixed(size);
                    quote!(#private::C<#size>)
                }
            })
            .collect();
        self.tensor(ty, &dims)
    }

    fn output(&self) -> TokenStream {
        let results: Vec<TokenStream> = (0..self.item.results.len()).map(|at| self.result(at)).collect();
        match (&results[..], self.item.tuple) {
            ([one], false) => one.clone(),
            _ => quote!((#(#results,)*)),
        }
    }

    /// Names that are written in the signature and would else be used nowhere.
    fn mentions(&self) -> TokenStream {
        let params = self.item.params.iter().filter_map(|param| match &param.kind {
            ParamKind::Tensor { ty, .. } => ty.shape_macro.as_ref(),
            ParamKind::Scalar { .. } => None,
        });
        let macros = params.chain(self.item.results.iter().filter_map(|ty| ty.shape_macro.as_ref()));
        let mut seen = BTreeSet::new();
        let macros = macros.filter(|path| seen.insert(path.to_token_stream().to_string()));
        let private = self.private;
        macros.map(|path| quote!(let _: #private::PhantomData<#path![]>;)).collect()
    }

    /// What a call asks for.
    fn request(&self) -> TokenStream {
        let (private, symbols) = (self.private, self.item.symbols.len());
        let (tensors, scalars) = host::passed(self.item, private);
        quote! {
            fn request<__R>(
                &self,
                with: impl #private::FnOnce(&#private::Request<'_>) -> #private::Result<__R>,
            ) -> #private::Result<__R> {
                let mut sizes = [0; #symbols];
                #private::bind_sizes(Self::DESCRIPTOR, &[#(#tensors.shape()),*], &mut sizes)?;
                with(&#private::Request {
                    descriptor: Self::DESCRIPTOR,
                    sizes: &sizes,
                    tensors: &[#(#tensors.as_any()),*],
                    scalars: &[#(#scalars),*],
                    host,
                })
            }
        }
    }

    /// The new tensors with their types.
    fn finish(&self) -> TokenStream {
        let (private, output) = (self.private, self.output());
        let next = (0..self.item.results.len()).map(|_| quote!(#private::made(&mut made)?));
        let value = match (self.item.results.len(), self.item.tuple) {
            (1, false) => quote!(#(#next)*),
            _ => quote!((#(#next,)*)),
        };
        quote! {
            fn finish(mut made: #private::IntoIter<#private::AnyTensor>) -> #private::Result<#output> {
                #private::Ok(#value)
            }
        }
    }

    /// The whole function: `functions` and `descriptor` stand beside it, `run` is what it does on the host.
    pub(super) fn function(
        &self,
        functions: &TokenStream,
        descriptor: &TokenStream,
        run: &TokenStream,
    ) -> TokenStream {
        let private = self.private;
        let KernelItem { attributes, visibility, name, params, .. } = self.item;
        let axes: Vec<&Ident> = {
            let mut seen = BTreeSet::new();
            self.axes.iter().flatten().filter(|axis| seen.insert(axis.to_string())).collect()
        };
        let (bounds, relations) = (&self.bounds, &self.relations);
        let names: Vec<&Ident> = params.iter().map(|param| &param.name).collect();
        let types: Vec<TokenStream> = (0..params.len()).map(|place| self.param(place)).collect();
        let fields: Vec<Ident> = (0..params.len()).map(|place| super::name("p", place)).collect();
        let (output, mentions) = (self.output(), self.mentions());
        let (request, finish) = (self.request(), self.finish());
        let call = format_ident!("__{}_call", plain(name), span = Span::mixed_site());
        quote! {
            #(#relations)*

            #[doc(hidden)]
            #[allow(non_camel_case_types, missing_debug_implementations, reason = "named after the kernel, for it alone")]
            #visibility struct #call<'__call, #(#axes: #private::Dim),*> {
                #(#fields: #types,)*
                __call: #private::PhantomData<&'__call ()>,
            }

            #[allow(clippy::all, clippy::pedantic, unused_mut, unused_variables, reason = "one pattern for all kernels")]
            const _: () = {
                #functions

                #[automatically_derived]
                impl<'__call, #(#axes: #private::Dim),*> #private::Kernel for #call<'__call, #(#axes),*> {
                    type Output = #output;
                    const DESCRIPTOR: &'static #private::Descriptor = &#descriptor;
                    fn run(self) -> #private::Result<#output> {
                        #run
                    }
                    #request
                    #finish
                }
            };

            #(#attributes)*
            #[must_use = "a kernel computes nothing until its call is run"]
            #visibility fn #name<'__call, #(#axes: #private::Dim),*>(
                #(#names: #types),*
            ) -> #private::Call<#call<'__call, #(#axes),*>>
            where
                #(#bounds),*
            {
                #mentions
                #private::Call::new(#call { #(#fields: #names,)* __call: #private::PhantomData })
            }
        }
    }
}
