//! The table that goes with a kernel: what it is called with, and what a device launches.

use super::cuda::{self, Work};
use super::rust::Printer;
use super::schedule::{Form, Stage};
use crate::kernel::ir::{NodeId, Origin, Size};
use crate::kernel::item::plain;
use crate::kernel::item::{KernelItem, ParamKind};
use crate::kernel::number::{Element, Number};
use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::quote;

pub(super) fn descriptor(item: &KernelItem, printer: &Printer<'_>) -> TokenStream {
    let private = printer.private;
    let device = Device { item, printer, buffers: buffers(printer) };
    let (buffers, stages) = (device.buffers(), device.stages());
    let source = device.source();
    let parameters = parameters(item, private);
    quote! {
        #private::Descriptor {
            #parameters
            buffers: &[#(#buffers),*],
            stages: &[#(#stages),*],
            source: #private::Source::Generated(#source),
        }
    }
}

/// The fields that say what a kernel is called with.
pub(super) fn parameters(item: &KernelItem, private: &TokenStream) -> TokenStream {
    let name = plain(&item.name);
    let symbols = item.symbols.iter().map(|symbol| match &symbol.name {
        Some(name) => plain(name),
        None => "_".to_owned(),
    });
    let tensors = item.params.iter().filter_map(|param| match &param.kind {
        ParamKind::Tensor { ty, mutable, .. } => {
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
    let scalars = item.params.iter().filter_map(|param| match &param.kind {
        ParamKind::Scalar { number, .. } => {
            let (name, dtype) = (plain(&param.name), scalar_dtype(*number));
            Some(quote!(#private::ScalarParameter { name: #name, dtype: #private::DType::#dtype }))
        }
        ParamKind::Tensor { .. } => None,
    });
    quote! {
        name: #name,
        symbols: &[#(#symbols),*],
        tensors: &[#(#tensors),*],
        scalars: &[#(#scalars),*],
    }
}

/// The nodes that are kept in memory, in order.
fn buffers(printer: &Printer<'_>) -> Vec<NodeId> {
    let schedule = printer.schedule;
    let kept = |node: &NodeId| {
        matches!(schedule.kernel.nodes[*node].origin, Origin::Parameter(_))
            || schedule.kernel.results.contains(node)
            || schedule.temporaries.contains(node)
    };
    (0..schedule.kernel.nodes.len()).filter(kept).collect()
}

/// Prints what only devices need.
struct Device<'a> {
    item: &'a KernelItem,
    printer: &'a Printer<'a>,
    buffers: Vec<NodeId>,
}

impl Device<'_> {
    fn buffers(&self) -> Vec<TokenStream> {
        let (private, kernel) = (self.printer.private, &self.printer.schedule.kernel);
        let one = |node: &NodeId| {
            let role = if let Origin::Parameter(place) = kernel.nodes[*node].origin {
                let tensor = before(self.item, place, true);
                quote!(#private::Role::Passed(#tensor))
            } else if let Some(result) = kernel.results.iter().position(|result| result == node) {
                quote!(#private::Role::Result(#result))
            } else {
                quote!(#private::Role::Temporary)
            };
            let dtype = dtype(kernel.nodes[*node].element);
            let extents = kernel.nodes[*node].dims.iter().map(|size| extent(*size, private));
            quote!(#private::Buffer { role: #role, dtype: #private::DType::#dtype, extents: &[#(#extents),*] })
        };
        self.buffers.iter().map(one).collect()
    }

    fn buffer(&self, node: NodeId) -> usize {
        self.buffers.iter().position(|kept| *kept == node).unwrap_or(0)
    }

    fn entry(&self, number: usize) -> String {
        format!("{}_{number}", plain(&self.item.name))
    }

    fn stages(&self) -> Vec<TokenStream> {
        let private = self.printer.private;
        let one = |(number, stage): (usize, &Stage)| {
            let (entry, work) = (self.entry(number), self.work(stage));
            let used = self.printer.used(stage);
            let out = self.buffer(stage.out);
            let reads = used.nodes.iter().map(|node| self.buffer(*node));
            let scalars = used.scalars.keys().map(|place| before(self.item, *place, false));
            let sizes = &used.sizes;
            quote! {
                #private::Stage {
                    entry: #entry,
                    work: #work,
                    arguments: &[
                        #private::Argument::Written(#out),
                        #(#private::Argument::Read(#reads),)*
                        #(#private::Argument::Size(#sizes),)*
                        #(#private::Argument::Scalar(#scalars),)*
                        #private::Argument::Faults,
                    ],
                }
            }
        };
        self.printer.schedule.stages.iter().enumerate().map(|(number, stage)| one((number, stage))).collect()
    }

    fn work(&self, stage: &Stage) -> TokenStream {
        let private = self.printer.private;
        let dims = &self.printer.schedule.kernel.nodes[stage.out].dims;
        let extents =
            |dims: &[Size]| -> Vec<TokenStream> { dims.iter().map(|size| extent(*size, private)).collect() };
        match (cuda::work(stage), &stage.form) {
            (Work::Tiles, _) => {
                let extents = extents(dims);
                quote!(#private::Work::Tiles(&[#(#extents),*]))
            }
            (Work::Rows, Form::Points) => {
                let extents = extents(dims);
                quote!(#private::Work::Rows(&[#(#extents),*]))
            }
            (Work::Rows, _) => {
                let extents = extents(&dims[..dims.len().saturating_sub(1)]);
                quote!(#private::Work::Rows(&[#(#extents),*]))
            }
            (Work::Elements, _) => {
                let extents = extents(dims);
                quote!(#private::Work::Elements(&[#(#extents),*]))
            }
        }
    }

    fn source(&self) -> String {
        let stages = self.printer.schedule.stages.iter().enumerate();
        let entries = stages.map(|(number, stage)| {
            cuda::entry(self.printer.schedule, &self.entry(number), stage, &self.printer.used(stage))
        });
        entries.collect()
    }
}

/// How many parameters of its kind stand before a parameter.
pub(super) fn before(item: &KernelItem, place: usize, tensor: bool) -> usize {
    let kind = |param: &&crate::kernel::item::Param| matches!(param.kind, ParamKind::Tensor { .. }) == tensor;
    item.params.iter().take(place).filter(kind).count()
}

pub(super) fn extent(size: Size, private: &TokenStream) -> TokenStream {
    match size {
        Size::Symbol(symbol) => quote!(#private::Extent::Symbol(#symbol)),
        Size::Fixed(size) => {
            let size = Literal::u64_unsuffixed(size);
            quote!(#private::Extent::Fixed(#size))
        }
    }
}

/// The variant of `DType` that a number is passed as.
pub(super) fn scalar_dtype(number: Number) -> Ident {
    dtype(Element::Plain(if number == Number::Usize { Number::U64 } else { number }))
}

/// The variant of `DType`.
pub(super) fn dtype(element: Element) -> Ident {
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
