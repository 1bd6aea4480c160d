//! Memory for large frames and bodies, shared by all connections.
//!
//! Owns how much may be read in at one time. Invariant: nothing larger than [`SMALL`] is read before it has its share.

use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Frames and bodies up to this size need no share.
pub(crate) const SMALL: u64 = 64 * 1024;
/// What all large frames and bodies that are being read may take together.
const TOTAL: usize = 64 * 1024 * 1024;

/// The shares, counted in KiB.
#[derive(Debug, Clone)]
pub(crate) struct Budget {
    shares: Arc<Semaphore>,
    /// Parsing a large frame takes a core for some time: so many at once.
    parsing: Arc<Semaphore>,
}

/// A share; given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Share {
    _permit: OwnedSemaphorePermit,
}

impl Share {
    pub fn new(permit: OwnedSemaphorePermit) -> Self {
        Self { _permit: permit }
    }
}

impl Budget {
    pub fn new() -> Self {
        Self { shares: Arc::new(Semaphore::new(TOTAL / 1024)), parsing: Arc::new(Semaphore::new(2)) }
    }

    /// Waits for room for so many bytes; `None` where so many need none.
    pub async fn take(&self, bytes: u64) -> Option<Share> {
        if bytes <= SMALL {
            return None;
        }
        self.shares.clone().acquire_many_owned(Self::permits(bytes)).await.ok().map(Share::new)
    }

    /// A turn at parsing something large.
    pub async fn parse(&self) -> Option<OwnedSemaphorePermit> {
        self.parsing.clone().acquire_owned().await.ok()
    }

    pub fn shares(&self) -> Arc<Semaphore> {
        self.shares.clone()
    }

    /// Never more than there are: the largest frame that settings allow (64 MiB) passes, alone.
    pub fn permits(bytes: u64) -> u32 {
        u32::try_from(bytes.div_ceil(1024).min(TOTAL as u64 / 1024)).unwrap_or(u32::MAX)
    }
}
