//! How much memory accepted events may take until the store has them.
//!
//! Invariant: the sum of what was taken and not given back never exceeds the maximum; who wants more waits (backpressure).

use tokio::sync::Semaphore;

/// A pool of bytes.
#[derive(Debug)]
pub struct Budget {
    free: Semaphore,
    max: usize,
}

impl Budget {
    pub fn new(max: usize) -> Self {
        let max = max.min(Semaphore::MAX_PERMITS).min(u32::MAX as usize);
        Self { free: Semaphore::new(max), max }
    }

    /// Waits for so many bytes and takes them. One taker never needs more than half of the pool, so that the largest
    /// frame still passes. Says how many were taken: so many have to be given back.
    pub async fn take(&self, bytes: usize) -> usize {
        let wanted = bytes.min(self.max / 2);
        match self.free.acquire_many(u32::try_from(wanted).unwrap_or(u32::MAX)).await {
            Ok(permit) => permit.forget(),
            // Only a closed semaphore refuses, and this one is never closed.
            Err(_) => return 0,
        }
        wanted
    }

    pub fn give(&self, bytes: usize) {
        self.free.add_permits(bytes);
    }

    pub fn used(&self) -> usize {
        self.max.saturating_sub(self.free.available_permits())
    }

    pub const fn max(&self) -> usize {
        self.max
    }
}
