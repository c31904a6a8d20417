//! Loaded code and its entries, which keep it loaded.

use super::code::Code;
use super::driver::{Driver, RawFunction, RawModule};
use crate::error::{Error, ErrorKind, Result};
use std::ffi::CString;
use std::sync::Arc;

/// Code on a device, unloaded with its last handle. Whoever launches holds a [`Function`] until the launch has ended.
#[derive(Debug)]
pub struct Module {
    driver: Arc<dyn Driver>,
    raw: RawModule,
}

impl Module {
    /// Loads code.
    ///
    /// # Errors
    /// Those of [`Driver::load`].
    pub fn load(driver: &Arc<dyn Driver>, code: &Code<'_>) -> Result<Arc<Self>> {
        let raw = driver.load(code)?;
        Ok(Arc::new(Self { driver: Arc::clone(driver), raw }))
    }

    /// One entry.
    ///
    /// # Errors
    /// `Missing` when there is none of that name.
    pub fn function(self: &Arc<Self>, entry: &str) -> Result<Function> {
        let missing = |_| Error::new(ErrorKind::Missing, "no entry has a zero byte in its name");
        let name = CString::new(entry).map_err(missing)?;
        // SAFETY: the module is loaded as long as it lives.
        let raw = unsafe { self.driver.function(self.raw, &name) }?;
        Ok(Function { module: Arc::clone(self), raw })
    }
}

impl Drop for Module {
    fn drop(&mut self) {
        // SAFETY: functions hold the module, and whoever launches holds a function until the launch has ended. A
        // driver that refuses keeps the code.
        let _ = unsafe { self.driver.unload(self.raw) };
    }
}

/// One entry of loaded code; a handle that clones and keeps the code loaded.
#[derive(Clone, Debug)]
pub struct Function {
    module: Arc<Module>,
    raw: RawFunction,
}

impl Function {
    /// The driver's handle.
    #[must_use]
    pub fn raw(&self) -> RawFunction {
        self.raw
    }

    /// The device.
    #[must_use]
    pub fn driver(&self) -> &Arc<dyn Driver> {
        &self.module.driver
    }
}
