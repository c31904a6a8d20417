//! The stages again, each over plain bytes: what a device that the host simulates runs.
//!
//! ```text
//! host(0, HostStage{written, read, sizes, scalars}) ──> host_0 ── elements of the bytes ──> the call of stage 0
//! ```

use super::rust::{Printer, name};
use super::schedule::Stage;
use crate::kernel::item::{KernelItem, ParamKind};
use crate::kernel::number::Number;
use proc_macro2::{Ident, Literal, TokenStream};
use quote::quote;

/// `fn host`, and a function for each stage.
pub(super) fn host(item: &KernelItem, printer: &Printer<'_>) -> TokenStream {
    let private = printer.private;
    let stages = &printer.schedule.stages;
    let functions = stages.iter().enumerate().map(|(number, stage)| one(item, printer, number, stage));
    let arms = (0..stages.len()).map(|number| {
        let (at, function) = (Literal::usize_unsuffixed(number), name("host_", number));
        quote!(#at => #function(stage),)
    });
    quote! {
        #(#functions)*
        fn host(number: #private::usize, stage: #private::HostStage<'_>) -> #private::u32 {
            let done = match number {
                #(#arms)*
                _ => return #private::BROKEN,
            };
            done.unwrap_or_else(|fault| fault)
        }
    }
}

/// That of a kernel which the host cannot run.
pub(super) fn none(private: &TokenStream) -> TokenStream {
    quote! {
        fn host(_: #private::usize, _: #private::HostStage<'_>) -> #private::u32 {
            #private::BROKEN
        }
    }
}

fn one(item: &KernelItem, printer: &Printer<'_>, number: usize, stage: &Stage) -> TokenStream {
    let private = printer.private;
    let function = name("host_", number);
    let used = printer.used(stage);
    let sizes: Vec<Ident> = (0..item.symbols.len()).map(|at| name("n", at)).collect();
    let places = (0..sizes.len()).map(Literal::usize_unsuffixed);
    let reads = used.nodes.iter().enumerate().map(|(at, node)| {
        let buffer = name("b", *node);
        let element = printer.element(printer.schedule.kernel.nodes[*node].element);
        let at = Literal::usize_unsuffixed(at);
        quote!(let #buffer = #private::read_as::<#element>(read, #at)?;)
    });
    let scalars = used.scalars.iter().enumerate().map(|(at, (place, number))| {
        let (value, at) = (name("s", *place), Literal::usize_unsuffixed(at));
        if *number == Number::Usize {
            return quote!(let #value = stage.scalar::<#private::u64>(#at) as #private::usize;);
        }
        let number = printer.number(*number);
        quote!(let #value = stage.scalar::<#number>(#at);)
    });
    let element = printer.element(printer.schedule.kernel.nodes[stage.out].element);
    let call = printer.call(number, stage);
    quote! {
        fn #function(mut stage: #private::HostStage<'_>) -> #private::Result<#private::u32, #private::u32> {
            #(let #sizes = stage.sizes[#places];)*
            #(#scalars)*
            let (out, read) = stage.memory();
            #(#reads)*
            let out = #private::written_as::<#element>(out)?;
            let mut fault: #private::u32 = 0;
            #call
            #private::Ok(fault)
        }
    }
}

/// What `request` passes: the tensors, and the numbers as words.
pub(super) fn passed(item: &KernelItem, private: &TokenStream) -> (Vec<TokenStream>, Vec<TokenStream>) {
    let (mut tensors, mut scalars) = (Vec::new(), Vec::new());
    for (place, param) in item.params.iter().enumerate() {
        let field = name("p", place);
        match &param.kind {
            ParamKind::Tensor { .. } => tensors.push(quote!(self.#field)),
            ParamKind::Scalar { number: Number::Usize, .. } => {
                scalars.push(quote!(#private::to_word(self.#field as #private::u64)));
            }
            ParamKind::Scalar { .. } => scalars.push(quote!(#private::to_word(self.#field))),
        }
    }
    (tensors, scalars)
}
