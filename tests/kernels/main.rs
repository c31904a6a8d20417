//! Promise: a kernel computes what its body says, whatever the sizes, and says what does not fit before it computes.

mod devices;
mod everywhere;
mod fake;
mod generated;
mod language;
mod refusals;
mod whole;
mod wrapped;

#[global_allocator]
static COUNTED: stratal_support::counted::CountingAllocator = stratal_support::counted::CountingAllocator;
