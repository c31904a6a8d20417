//! Promise: a kernel computes what its body says, whatever the sizes, and says what does not fit before it computes.

mod generated;
mod language;
mod refusals;
mod whole;
mod wrapped;
