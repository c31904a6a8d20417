//! What stands in for a kernel that was refused: a function of the same signature, so that calls of it have no second
//! error. Where the signature itself is refused there is none.

use super::{host, private, signature::Signature};
use crate::kernel::item::KernelItem;
use proc_macro2::TokenStream;
use quote::quote;
use syn::Path;

pub(crate) fn refused_kernel(item: &KernelItem, krate: Option<&Path>) -> TokenStream {
    let private = private(krate);
    let signature = Signature::new(item, &private);
    let descriptor = quote!(#private::Descriptor::REFUSED);
    signature.function(&host::none(&private), &descriptor, &quote!(#private::refused()))
}
