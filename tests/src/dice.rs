//! Random numbers that can be had again: the seed is printed, and `CHASM_SEED` sets it.

use std::ops::Range;

/// xorshift64*
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// Seeded by `CHASM_SEED`, else by the clock; says which.
    pub fn seeded(what: &str) -> Self {
        let given = std::env::var("CHASM_SEED").ok().and_then(|text| text.parse().ok());
        let seed = given.unwrap_or_else(|| {
            let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
            u64::try_from(now.as_nanos() & 0xffff_ffff_ffff).unwrap() | 1
        });
        println!("{what}: CHASM_SEED={seed}");
        Self(seed)
    }

    /// Dice of their own for one of several tasks.
    pub fn split(&mut self) -> Self {
        Self(self.roll() | 1)
    }

    pub fn roll(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    pub fn within(&mut self, range: Range<u64>) -> u64 {
        range.start + self.roll() % (range.end - range.start)
    }
}
