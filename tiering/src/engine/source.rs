//! Checkpoints as sources of parameters: adopting a tensor makes it an object whose home is the checkpoint.
//!
//! Nothing is read here. The files are opened anew for direct I/O through the descriptors that the checkpoint
//! already holds, so a checkpoint that is renamed or replaced meanwhile is still the one that was judged.

use super::Engine;
use super::catalogue::{Home, Object, OriginFile};
use super::lease::{Entry, Handle};
use super::state::Shared;
use crate::device::host::PAGE_BYTES;
use crate::error::{Error, ErrorKind, Result};
use crate::io::file::IoFile;
use crate::origin::{Checkpoint, TensorEntry};
use crate::tier::TenantId;
use crate::transfer::Placement;
use std::sync::{Arc, OnceLock};
use stratal_runtime::tensor::AnyTensor;
use stratal_runtime::tensor::params::{Adopt, ParamInfo, ParamSource};

/// Alignment of the first byte of every adopted tensor.
const TENSOR_ALIGN: u64 = 64;

/// A checkpoint opened for one engine.
#[derive(Debug)]
pub struct Source {
    checkpoint: Checkpoint,
    files: Vec<Arc<OriginFile>>,
    handle: Arc<Handle>,
    /// Whose the tensors become.
    tenant: TenantId,
}

impl Adopt<Checkpoint> for Engine {
    type Source = Source;

    fn source(&self, checkpoint: &Checkpoint) -> Result<Source> {
        self.source_of(TenantId::default(), checkpoint)
    }
}

impl Engine {
    /// A checkpoint whose tensors become a tenant's.
    pub(super) fn source_of(&self, tenant: TenantId, checkpoint: &Checkpoint) -> Result<Source> {
        self.handle.0.lock().open()?;
        let reopen = |stored: &crate::origin::CheckpointFile| {
            let file = IoFile::reopen_read(&stored.file, &stored.path)?;
            let align = file.offset_align();
            if align > PAGE_BYTES as u64 {
                let message = format!("direct I/O demands blocks of {align} bytes, more than a page");
                return Err(Error::new(ErrorKind::Unsupported, message).with("file", stored.path.display()));
            }
            if let Some(reason) = file.buffered_because() {
                self.handle.0.event("buffered", reason);
            }
            Ok(Arc::new(OriginFile { file: Arc::new(file), slot: OnceLock::new() }))
        };
        let files = checkpoint.files().iter().map(reopen).collect::<Result<_>>()?;
        Ok(Source { checkpoint: checkpoint.clone(), files, handle: Arc::clone(&self.handle), tenant })
    }
}

impl Source {
    /// The entry called `name`.
    fn entry(&self, name: &str) -> Result<&TensorEntry> {
        self.checkpoint.get(name).ok_or_else(|| {
            let error = Error::new(ErrorKind::Missing, "the checkpoint has no such tensor");
            error.with("tensor", name).with("file", self.checkpoint.path().display())
        })
    }

    /// The entry called `name`, which should be the one at `at`.
    fn entry_at(&self, at: usize, name: &str) -> Result<&TensorEntry> {
        let entry = self.checkpoint.tensors().get(at).filter(|entry| &*entry.name == name);
        entry.map_or_else(|| self.entry(name), Ok)
    }

    /// Makes an object of an entry, and a tensor of that.
    fn adopt_entry(&self, entry: &TensorEntry, tier: Option<&str>) -> Result<AnyTensor> {
        tier.map_or(Ok(()), |tier| self.check_tier(tier))?;
        let name = &entry.name;
        let Some((dtype, shape)) = entry.dtype.held_as(&entry.shape) else {
            let message = format!("no tensor holds {:?} elements of {}", entry.shape, entry.dtype);
            return Err(Error::new(ErrorKind::Unsupported, message).with("tensor", name));
        };
        let origin = self.files.get(entry.file as usize).ok_or_else(|| {
            Error::new(ErrorKind::Missing, "the tensor's file is not open").with("tensor", name)
        })?;
        let placement = Placement::new(entry.offset, entry.bytes, origin.file.offset_align(), TENSOR_ALIGN);
        let element_align = dtype.size() as u64;
        let mut object =
            Object::new(Arc::clone(name), placement, Home::Origin(Arc::clone(origin)), element_align)?;
        object.tenant = self.tenant;
        let gates = Arc::clone(&object.gates);
        let index = self.handle.0.add_object(&mut self.handle.0.lock(), object)?;
        let managed = Entry::managed(&self.handle, index, gates, Arc::clone(name));
        AnyTensor::managed(dtype, &shape, managed)
    }
}

/// What is known of a tensor before it is read; nothing where no tensor can hold it.
fn info(entry: &TensorEntry) -> Option<ParamInfo> {
    let (dtype, shape) = entry.dtype.tensor_of(&entry.shape)?;
    Some(ParamInfo { dtype, shape })
}

impl ParamSource for Source {
    fn title(&self) -> String {
        self.checkpoint.path().display().to_string()
    }

    fn names(&self) -> Vec<&str> {
        self.checkpoint.tensors().iter().map(|entry| &*entry.name).collect()
    }

    fn find(&self, name: &str) -> Option<ParamInfo> {
        info(self.checkpoint.get(name)?)
    }

    fn find_at(&self, at: usize, name: &str) -> Option<ParamInfo> {
        info(self.entry_at(at, name).ok()?)
    }

    /// Leases bring tensors to the one tier of kind `dram`, so that is the tier a field may name.
    fn check_tier(&self, tier: &str) -> Result<()> {
        let Shared { topology, host, .. } = &*self.handle.0;
        if topology.by_name(tier) == Some(*host) {
            return Ok(());
        }
        let names: Vec<String> = topology.tiers.iter().map(|tier| format!("`{}`", tier.name)).collect();
        let message = match topology.by_name(tier) {
            Some(_) => "this version brings tensors to the tier of kind `dram` and to no other".to_owned(),
            None => format!("the policy has no such tier; it has {}", names.join(", ")),
        };
        Err(Error::new(ErrorKind::Unsupported, message).with("tier", tier))
    }

    fn adopt(&self, name: &str, tier: Option<&str>) -> Result<AnyTensor> {
        self.adopt_entry(self.entry(name)?, tier)
    }

    fn adopt_at(&self, at: usize, name: &str, tier: Option<&str>) -> Result<AnyTensor> {
        self.adopt_entry(self.entry_at(at, name)?, tier)
    }
}
