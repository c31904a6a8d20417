//! `#[kernel]`: a function that says what is to be computed, and does it when the call is run.
//!
//! ```text
//! fn step(data: &Tensor<f32, {[N, D]}>, …) -> Tensor<f32, {[D, C]}> { … }
//!   │  one type parameter per axis; a trait per axis that repeats a dimension, so that two sizes that cannot be one
//!   │  are an error at the argument, in `cargo check`, naming kernel, dimension, both parameters and axes
//!   ▼
//! fn step<N, D, …>(data: &Tensor<f32, (N, D)>, …) -> Call<__step_call<N, D, …>>
//!     a struct of the arguments, whose `Kernel` holds the descriptor with the stages as CUDA C, `run` with the stages as
//!     functions over slices, and `request`, which says what a device needs
//! ```
//!
//! The language is described in `kernel`; `schedule` makes stages, `rust` and `cuda` print them. What a stage does, and
//! in which order, is decided before it is printed, so that both say the same.

mod cuda;
mod descriptor;
mod host;
mod refused;
mod rust;
mod schedule;
mod signature;
mod visit;
mod wrapped;

use crate::kernel::ir::{Kernel, NodeId, Origin};
use crate::kernel::item::{KernelItem, ParamKind};
use proc_macro2::{Ident, TokenStream};
use quote::quote;
use rust::{Printer, name, product};
use schedule::{Schedule, schedule};
use signature::Signature;
use syn::Path;

pub(crate) use refused::refused_kernel;
pub(crate) use wrapped::wrapped_kernel;

/// The path of the crate's private module.
fn private(krate: Option<&Path>) -> TokenStream {
    match krate {
        Some(path) => quote!(#path::__private),
        None => quote!(::stratal::__private),
    }
}

/// The function of a kernel that was read.
pub(crate) fn kernel(item: &KernelItem, kernel: &Kernel, krate: Option<&Path>) -> TokenStream {
    let private = private(krate);
    let signature = Signature::new(item, &private);
    let schedule = schedule(kernel);
    let printer = Printer { private: &private, schedule: &schedule };
    let descriptor = descriptor::descriptor(item, &printer);
    let functions = schedule.stages.iter().enumerate().map(|(number, stage)| printer.function(number, stage));
    let body = Body { item, printer: &printer, signature: &signature };
    let (run, host) = (body.run(), host::host(item, &printer));
    signature.function(&quote!(#(#functions)* #host), &descriptor, &run)
}

/// Prints what happens when a kernel runs on the host.
struct Body<'a> {
    item: &'a KernelItem,
    printer: &'a Printer<'a>,
    signature: &'a Signature<'a>,
}

impl Body<'_> {
    fn schedule(&self) -> &Schedule {
        self.printer.schedule
    }

    fn run(&self) -> TokenStream {
        let private = self.printer.private;
        let tensors = self.item.params.iter().enumerate().filter_map(|(place, param)| match &param.kind {
            ParamKind::Tensor { .. } => Some(name("p", place)),
            ParamKind::Scalar { .. } => None,
        });
        let symbols = self.item.symbols.len();
        let sizes: Vec<Ident> = (0..symbols).map(|at| name("n", at)).collect();
        let scalars: Vec<Ident> = self
            .item
            .params
            .iter()
            .enumerate()
            .filter(|(_, param)| matches!(param.kind, ParamKind::Scalar { .. }))
            .map(|(place, _)| name("p", place))
            .collect();
        let values: Vec<Ident> = self
            .item
            .params
            .iter()
            .enumerate()
            .filter(|(_, param)| matches!(param.kind, ParamKind::Scalar { .. }))
            .map(|(place, _)| name("s", place))
            .collect();
        let memory: TokenStream =
            (0..self.schedule().kernel.nodes.len()).map(|node| self.memory(node)).collect();
        let stages: TokenStream =
            self.schedule().stages.iter().enumerate().map(|(number, _)| self.stage(number)).collect();
        let results = self.results();
        quote! {
            let mut sizes = [0; #symbols];
            #private::bind_sizes(Self::DESCRIPTOR, &[#(self.#tensors.shape()),*], &mut sizes)?;
            let [#(#sizes),*] = sizes;
            #(let #values = self.#scalars;)*
            #memory
            let mut fault: #private::u32 = 0;
            #stages
            #private::settled(Self::DESCRIPTOR, fault)?;
            #results
        }
    }

    /// Takes the memory that a node lives in, if it does.
    fn memory(&self, node: NodeId) -> TokenStream {
        let private = self.printer.private;
        let (tensor, lease) = (name("t", node), name("l", node));
        if let Origin::Parameter(place) = self.schedule().kernel.nodes[node].origin {
            let param = name("p", place);
            return match &self.item.params[place].kind {
                ParamKind::Tensor { mutable: true, .. } => quote!(let mut #lease = self.#param.write()?;),
                _ => quote!(let #lease = self.#param.read()?;),
            };
        }
        let dims = &self.schedule().kernel.nodes[node].dims;
        if let Some(result) = self.schedule().kernel.results.iter().position(|result| *result == node) {
            let ty = self.signature.result(result);
            let sizes = dims.iter().map(|size| rust::size(*size));
            return quote!(let #tensor = <#ty>::zeros([#(#sizes),*])?; let mut #lease = #tensor.write()?;);
        }
        if self.schedule().temporaries.contains(&node) {
            let element = self.printer.element(self.schedule().kernel.nodes[node].element);
            let total = product(dims);
            return quote!(let mut #lease = #private::scratch::<#element>(#total)?;);
        }
        TokenStream::new()
    }

    fn stage(&self, number: usize) -> TokenStream {
        let stage = &self.schedule().stages[number];
        let used = self.printer.used(stage);
        let reads = used.nodes.iter().map(|node| {
            let (buffer, lease) = (name("b", *node), name("l", *node));
            quote!(let #buffer = #lease.as_slice();)
        });
        let lease = name("l", stage.out);
        let call = self.printer.call(number, stage);
        quote! {
            {
                #(#reads)*
                let out = #lease.as_mut_slice();
                #call
            }
        }
    }

    fn results(&self) -> TokenStream {
        let private = self.printer.private;
        let results = &self.schedule().kernel.results;
        let leases = results.iter().map(|node| name("l", *node));
        let tensors: Vec<Ident> = results.iter().map(|node| name("t", *node)).collect();
        let value = match (&tensors[..], self.item.tuple) {
            ([one], false) => quote!(#one),
            _ => quote!((#(#tensors,)*)),
        };
        quote!(#(#private::drop(#leases);)* #private::Ok(#value))
    }
}
