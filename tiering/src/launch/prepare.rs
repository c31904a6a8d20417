//! A kernel made ready for a stream: its code loaded, its entries found, its parameters laid out.
//!
//! Invariant: what is ready stays loaded as long as the stream's work may run it.

use super::arguments::Layout;
use super::cache::Cache;
use super::{host, lock};
use crate::device::{Code, Driver, Function, Module, Source as Text, Stream};
use crate::error::{Error, ErrorKind, Result};
use std::sync::{Arc, Mutex};
use stratal_runtime::kernel::{Descriptor, Request, Source, device_only};

/// The kernels that a stream has run, by the address of their table, which is never given to another.
#[derive(Debug, Default)]
struct Kernels(Mutex<Vec<(usize, Arc<Ready>)>>);

/// A kernel that can be launched.
#[derive(Debug)]
pub(super) struct Ready {
    pub(super) stages: Vec<ReadyStage>,
    /// Whether it has to be waited for, as something may go wrong while it runs.
    pub(super) can_fail: bool,
    /// Whether its code is of this process.
    pub(super) on_host: bool,
}

/// One entry.
#[derive(Debug)]
pub(super) struct ReadyStage {
    pub(super) function: Function,
    pub(super) layout: Layout,
}

/// The kernel of a request, made ready at its first launch.
pub(super) fn ready(stream: &Stream, request: &Request<'_>) -> Result<Arc<Ready>> {
    let Some(Kernels(kernels)) = stream.attachment(Kernels::default) else {
        return Err(Error::new(
            ErrorKind::Conflict,
            "the stream belongs to somebody who keeps other things beside it",
        ));
    };
    let key = std::ptr::from_ref(request.descriptor).addr();
    let find = |kernels: &[(usize, Arc<Ready>)]| {
        kernels.iter().find(|(table, _)| *table == key).map(|(_, ready)| Arc::clone(ready))
    };
    if let Some(ready) = find(&lock(kernels)) {
        return Ok(ready);
    }
    // Without the lock: a compiler takes its time. Whoever comes second keeps what the first made.
    let made =
        make(stream.driver(), request).map_err(|error| error.with("kernel", request.descriptor.name))?;
    let mut kernels = lock(kernels);
    Ok(find(&kernels).unwrap_or_else(|| {
        let made = Arc::new(made);
        kernels.push((key, Arc::clone(&made)));
        made
    }))
}

fn make(driver: &Arc<dyn Driver>, request: &Request<'_>) -> Result<Ready> {
    let descriptor = request.descriptor;
    let on_host = driver.properties().capability == (0, 0);
    let module = match descriptor.source {
        _ if on_host && !descriptor.source.runs_on_host() => return device_only(descriptor),
        _ if on_host => Module::load(driver, &Code::Host(&host::entries(descriptor, request.host)?))?,
        Source::Ptx { text, .. } => Module::load(driver, &Code::Ptx(text))?,
        Source::Generated(_) | Source::Cuda { .. } => compiled(driver, descriptor)?,
    };
    let stage = |stage: &'static stratal_runtime::kernel::Stage| -> Result<ReadyStage> {
        Ok(ReadyStage { function: module.function(stage.entry)?, layout: Layout::of(descriptor, stage)? })
    };
    let stages = descriptor.stages.iter().map(stage).collect::<Result<_>>()?;
    Ok(Ready { stages, can_fail: descriptor.can_fail(), on_host })
}

/// CUDA C, by way of the cache. What is generated keeps products and sums apart, as the host does; for the C of a file
/// the compiler's defaults stand.
fn compiled(driver: &Arc<dyn Driver>, descriptor: &Descriptor) -> Result<Arc<Module>> {
    let (name, options): (_, &[&str]) = match descriptor.source {
        Source::Cuda { file, .. } | Source::Ptx { file, .. } => (file, &[]),
        Source::Generated(_) => (descriptor.name, &["--fmad=false"]),
    };
    let text = descriptor.cuda_source();
    let source = Text { text: &text, name, options };
    let Some(cache) = Cache::of_user() else {
        return Module::load(driver, &Code::Image(&driver.compile(&source)?));
    };
    let key = cache.key(driver, &source)?;
    if let Some(image) = cache.fetch(&key) {
        match Module::load(driver, &Code::Image(&image)) {
            // An image that this driver does not take, though it is whole: compile it anew.
            Err(error) if error.kind() == ErrorKind::Device && !driver.is_lost() => {}
            other => return other,
        }
    }
    let image = driver.compile(&source)?;
    cache.keep(&key, &image);
    Module::load(driver, &Code::Image(&image))
}
