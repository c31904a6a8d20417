//! The one way this room takes a lock.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks, whoever panicked before: what is behind these locks is whole after every statement.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
