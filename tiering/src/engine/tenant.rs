//! Tenants: programs, models or customers that share one engine, each within its quota.
//!
//! Bytes are on the account of the tenant whose tensor they are; staging, and tensors of the engine itself, on nobody's.
//! A tenant at its cap makes room by its own copies alone, and its leases hold up nobody else's. What is reserved for a
//! tenant is there for it whenever it asks, if only by evicting what others have beyond their own reserved parts: who has
//! most of that gives first.

use super::Engine;
use super::source::Source;
use super::state::{Core, Shared};
use super::victims::Givers;
use crate::error::{Error, ErrorKind, Result};
use crate::origin::Checkpoint;
use crate::policy::TenantChoice;
use crate::residency::ledger::Shortage;
use crate::tier::{Quota, TenantId};
use std::fmt;
use stratal_runtime::tensor::params::Adopt;
use stratal_runtime::tensor::{AnyTensor, DType, Element, Shape, Tensor};

/// Makes tensors that belong to a tenant of the policy. Cloning shares it; it keeps the engine.
///
/// ```
/// # use stratal_tiering::engine::Engine;
/// # use stratal_tiering::policy::Policy;
/// # use stratal_tiering::tier::TierKind;
/// # use stratal_runtime::tensor::Dyn;
/// # fn main() -> stratal_tiering::error::Result<()> {
/// let policy = Policy::builder()
///     .tier("dram", TierKind::Dram, "32 MiB")
///     .tenant("batch", "0 B", "8 MiB") // no more than that at once
///     .uncapped_tenant("web", "16 MiB") // never less than that
///     .build()?;
/// let engine = Engine::builder().policy(policy).build()?;
/// let batch = engine.tenant("batch")?;
/// for i in 0..8 {
///     batch.zeros::<f32, (Dyn,)>(&format!("rows.{i}"), [1 << 20])?.write()?.fill(1.0); // 4 MiB each
/// }
/// let report = engine.report();
/// assert!(report.tenants[0].peak_bytes <= 8 << 20, "{report}");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Tenant {
    engine: Engine,
    id: TenantId,
}

/// What a tenant uses of the host tier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TenantReport {
    /// Its name in the policy.
    pub name: String,
    /// What it may use.
    pub quota: Quota,
    /// Bytes it uses, in-flight ones included.
    pub used_bytes: u64,
    /// Most bytes it used at once.
    pub peak_bytes: u64,
}

impl fmt::Display for TenantReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
        let (used, peak) = (mib(self.used_bytes), mib(self.peak_bytes));
        write!(f, "tenant {}: {used:.1} MiB used, peak {peak:.1}", self.name)?;
        write!(f, ", {:.1} reserved", mib(self.quota.reserved_bytes))?;
        match self.quota.cap_bytes {
            Some(bytes) => write!(f, ", at most {:.1}", mib(bytes)),
            None => Ok(()),
        }
    }
}

impl Engine {
    /// A tenant of the policy, to make tensors that are its own.
    ///
    /// # Errors
    /// `Missing` where the policy has no tenant of that name.
    pub fn tenant(&self, name: &str) -> Result<Tenant> {
        let tenants = self.handle.0.policy.tenants();
        let missing = || {
            let names: Vec<String> = tenants.iter().map(|tenant| format!("`{}`", tenant.name)).collect();
            let message = format!("the policy has no such tenant; it has {}", names.join(", "));
            Error::new(ErrorKind::Missing, message).with("tenant", name)
        };
        let at = tenants.iter().position(|tenant| tenant.name == name).ok_or_else(missing)?;
        // The policy allows fewer than there are numbers.
        Ok(Tenant { engine: self.clone(), id: TenantId(at as u16 + 1) })
    }
}

impl Tenant {
    /// Its name in the policy.
    #[must_use]
    pub fn name(&self) -> &str {
        self.choice().map_or("", |tenant| &tenant.name)
    }

    /// What it may use of the host tier.
    #[must_use]
    pub fn quota(&self) -> Quota {
        self.choice().map(|tenant| tenant.quota).unwrap_or_default()
    }

    fn choice(&self) -> Option<&TenantChoice> {
        self.engine.handle.0.policy.tenants().get(usize::from(self.id.0).checked_sub(1)?)
    }

    /// A tensor of this tenant, otherwise as [`Engine::zeros`].
    ///
    /// # Errors
    /// As [`Engine::zeros`].
    pub fn zeros<T: Element, S: Shape>(
        &self,
        name: &str,
        shape: impl AsRef<[usize]>,
    ) -> Result<Tensor<T, S>> {
        Tensor::from_any(self.zeros_any(name, T::DTYPE, shape.as_ref())?).map_err(Into::into)
    }

    /// As [`Self::zeros`], with dtype and shape known only at run time.
    ///
    /// # Errors
    /// As [`Engine::zeros`].
    pub fn zeros_any(&self, name: &str, dtype: DType, shape: &[usize]) -> Result<AnyTensor> {
        self.engine.zeros_of(self.id, name, dtype, shape)
    }
}

/// Adopted tensors are the tenant's.
impl Adopt<Checkpoint> for Tenant {
    type Source = Source;

    fn source(&self, checkpoint: &Checkpoint) -> Result<Source> {
        self.engine.source_of(self.id, checkpoint)
    }
}

impl Shared {
    /// Whose copies make room for `bytes` of a tenant.
    pub(super) fn givers(&self, core: &Core, tenant: TenantId, bytes: u64) -> Givers {
        if !core.ledger.is_shared(self.host) {
            return Givers::All;
        }
        let shortage = core.ledger.shortage(self.host, tenant, bytes).unwrap_or(Shortage::Tier);
        Givers::These(core.ledger.givers(self.host, tenant, shortage))
    }

    /// Whose copies go when the tier holds more than its budget: of those who have more than is reserved for them.
    pub(super) fn surplus_givers(&self, core: &Core) -> Givers {
        if !core.ledger.is_shared(self.host) {
            return Givers::All;
        }
        Givers::These(core.ledger.givers(self.host, TenantId::default(), Shortage::Tier))
    }

    /// Names the tenant of an object in an error about it.
    pub(super) fn of_tenant(&self, core: &Core, object: u32, error: Error) -> Error {
        let at = usize::from(core.victims.owner(object).0).checked_sub(1);
        match at.and_then(|at| self.policy.tenants().get(at)) {
            Some(tenant) => error.with("tenant", &tenant.name),
            None => error,
        }
    }

    /// What each tenant uses.
    pub(super) fn tenant_reports(&self, core: &Core) -> Vec<TenantReport> {
        let report = |(id, tenant): (u16, &TenantChoice)| {
            let (used_bytes, peak_bytes) = core.ledger.used_by(self.host, TenantId(id));
            TenantReport { name: tenant.name.clone(), quota: tenant.quota, used_bytes, peak_bytes }
        };
        (1..).zip(self.policy.tenants()).map(report).collect()
    }
}
