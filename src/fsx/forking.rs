//! Unit tests are threads of one process. A program that one of them starts holds, for the moment until it is executed,
//! the locks of all others, and what another test gives back in this moment is not free yet.

use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

static FORKS: RwLock<()> = RwLock::new(());

/// Held by a test while it starts processes.
pub fn forks() -> RwLockReadGuard<'static, ()> {
    FORKS.read().unwrap_or_else(PoisonError::into_inner)
}

/// Held by a test in which a lock that is given back has to be free at once.
pub fn nobody_forks() -> RwLockWriteGuard<'static, ()> {
    FORKS.write().unwrap_or_else(PoisonError::into_inner)
}
