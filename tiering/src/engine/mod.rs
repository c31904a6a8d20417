//! The only place that both decides and acts: residency and plans say what should be where, the worker moves it.
//!
//! ```text
//!  user threads                              one lock                       the worker's thread
//!  acquire ─ hit: lease ───────────────>  residency table                     completions
//!          └ miss: request, sleep ─────>  requests, oldest first  <──────────  fill, spill, prefetch
//!  release ────────────────────────────>  victims, follower       ─────────>  flights ──> driver
//! ```
//!
//! The walk of one tensor: `source` adopts it as an object; `lease` asks for its bytes; `request` waits; `room`
//! finds a block in the budget; `fill` starts its reads and seats it in the tensor's window; `grant` lends it out and
//! takes it back; `spill` writes it down when it is dirty and must go; `forget` gives everything back.

mod advice;
mod auto;
mod budget;
mod builder;
mod catalogue;
mod codec;
mod coders;
mod coding;
mod devices;
mod early;
mod fill;
mod forget;
mod grant;
mod hint;
#[allow(unsafe_code, reason = "promises to leases that their bytes stay")]
mod lease;
mod pass;
mod persist;
mod pressure;
mod report;
mod request;
mod room;
mod slice;
mod source;
mod spill;
mod state;
mod tenant;
mod turns;
mod verify;
mod victims;
mod waits;
mod wear;
mod worker;
mod write_back;

pub use builder::EngineBuilder;
pub use devices::DeviceReport;
pub use pass::PassTaken;
pub use persist::StoredTensor;
pub use pressure::MemoryPressure;
pub use report::{Bounds, PassReport, Report};
pub use source::Source;
pub use tenant::{Tenant, TenantReport};
pub use wear::WearReport;

use crate::error::Result;
use crate::io::DriverReport;
use crate::object::Trace;
use crate::observe::counters::Snapshot;
use crate::policy::Policy;
use crate::tier::TenantId;
use crate::transfer::Placement;
use catalogue::{Home, Object};
use lease::{Entry, Handle};
use std::sync::Arc;
use stratal_runtime::tensor::{AnyTensor, DType, Element, Layout, Shape, Tensor};

/// Keeps tensors in tiers within their budgets, and lends out their bytes. Cloning shares it; it ends with its last
/// clone, tensor and lease.
///
/// ```
/// use stratal_tiering::engine::Engine;
/// use stratal_tiering::policy::Policy;
/// use stratal_tiering::tier::TierKind;
/// # fn main() -> stratal_tiering::error::Result<()> {
/// let policy = Policy::builder().tier("dram", TierKind::Dram, "8 MiB").build()?;
/// let engine = Engine::builder().policy(policy).build()?;
/// let tensors = (0..4)
///     .map(|i| engine.zeros::<f32, (stratal_runtime::tensor::Dyn,)>(&format!("state.{i}"), [1 << 20]))
///     .collect::<Result<Vec<_>, _>>()?;
/// for (i, tensor) in tensors.iter().enumerate() {
///     tensor.write()?.as_mut_slice().fill(i as f32); // 16 MiB in all: what does not fit is spilled
/// }
/// for (i, tensor) in tensors.iter().enumerate() {
///     assert!(tensor.read()?.iter().all(|&value| value == i as f32));
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Engine {
    handle: Arc<Handle>,
}

impl Engine {
    /// A builder that starts from the default policy.
    #[must_use]
    pub fn builder() -> EngineBuilder {
        EngineBuilder::default()
    }

    /// A tensor that lives in the engine, zeros until written. It takes no memory before its first lease; what does
    /// not fit is spilled to the store.
    ///
    /// # Errors
    /// `Shape` when the shape does not match `S` or its size overflows; `Closed`.
    pub fn zeros<T: Element, S: Shape>(
        &self,
        name: &str,
        shape: impl AsRef<[usize]>,
    ) -> Result<Tensor<T, S>> {
        let any = self.zeros_any(name, T::DTYPE, shape.as_ref())?;
        Tensor::from_any(any).map_err(Into::into)
    }

    /// As [`Self::zeros`], with dtype and shape known only at run time.
    ///
    /// # Errors
    /// As [`Self::zeros`].
    pub fn zeros_any(&self, name: &str, dtype: DType, shape: &[usize]) -> Result<AnyTensor> {
        self.zeros_of(TenantId::default(), name, dtype, shape)
    }

    fn zeros_of(&self, tenant: TenantId, name: &str, dtype: DType, shape: &[usize]) -> Result<AnyTensor> {
        let bytes = Layout::row_major(shape, dtype.size())?.num_bytes() as u64;
        let name: Arc<str> = Arc::from(name);
        let mut object =
            Object::new(Arc::clone(&name), Placement::unfiled(bytes), Home::Spill, dtype.size() as u64)?;
        object.tenant = tenant;
        let gates = Arc::clone(&object.gates);
        let index = self.handle.0.add_object(&mut self.handle.0.lock(), object)?;
        AnyTensor::managed(dtype, shape, Entry::managed(&self.handle, index, gates, name))
    }

    /// Marks the start of a pass: one traversal of the tensors in an order that the next pass repeats. Without marks
    /// the engine finds the period of the leases by itself.
    pub fn begin_pass(&self) {
        let mut core = self.handle.0.lock();
        self.handle.0.catch_up(&mut core);
        self.handle.0.pass_begun(&mut core);
        drop(core);
        self.handle.0.wake();
    }

    /// What the engine has counted so far.
    #[must_use]
    pub fn counters(&self) -> Snapshot {
        self.handle.0.catch_up(&mut self.handle.0.lock());
        self.handle.0.counters.snapshot()
    }

    /// The pass that is followed now, as it was recorded; `None` until one has repeated.
    #[must_use]
    pub fn trace(&self) -> Option<Trace> {
        let mut core = self.handle.0.lock();
        self.handle.0.catch_up(&mut core);
        core.follower.trace().cloned()
    }

    /// The policy it was built with.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.handle.0.policy
    }

    /// Bytes that host copies may take together, page-locked and in-flight ones included.
    #[must_use]
    pub fn budget_bytes(&self) -> u64 {
        self.handle.0.lock().pool.budget_bytes()
    }

    /// Bytes that may be fetched ahead of need, under the present budget.
    #[must_use]
    pub fn window_bytes(&self) -> u64 {
        self.handle.0.lock().allowance.window_bytes()
    }

    /// The driver that moves file bytes: `io_uring` or `threads`.
    #[must_use]
    pub fn io_backend(&self) -> &'static str {
        self.handle.0.driver.get().map_or("none", |driver| driver.name)
    }

    /// What its driver does: depths, lanes, latencies. Cheap enough to ask some times a second.
    #[must_use]
    pub fn driver_report(&self) -> DriverReport {
        self.handle.0.driver_report()
    }

    /// What it holds, moved and decided, to print. Where a schedule is followed this plans it again, to say how far the
    /// last pass was from its bounds: ask now and then, not all the time.
    #[must_use]
    pub fn report(&self) -> Report {
        Report::of(&self.handle.0)
    }

    /// Ends it before its last handle goes: waiting and later leases fail with `Closed`, held ones stay valid.
    pub fn close(&self) {
        self.handle.0.close("the engine was closed");
    }
}
