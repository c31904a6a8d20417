//! Promise: bad input and bad luck give a typed error that names the tensor; nothing is lost, nothing hangs.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test that it stands in")]

mod adam;
mod advice;
mod auto;
mod budget;
mod campaign;
mod checksums;
mod codecs;
mod damage;
mod devices;
mod faults;
mod futures;
mod hits;
mod learning;
mod limits;
mod means;
mod persist;
mod policies;
mod pressure;
mod spill;
mod streaming;
mod tenants;
mod world;
mod writes;
