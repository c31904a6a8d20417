//! Promise: the `stratal` command does what README.md says.
