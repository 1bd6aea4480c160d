//! Text that looks like chat: words of a fixed vocabulary in the proportions of a language, from a seed.

/// A small generator of pseudo-random numbers (SplitMix64); the same seed gives the same text.
#[derive(Clone)]
pub struct Words(u64);

const COMMON: [&str; 24] = [
    "the", "a", "to", "of", "is", "in", "and", "that", "it", "for", "this", "we", "with", "on", "you", "be",
    "as", "not", "are", "have", "should", "can", "file", "test",
];

impl Words {
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Half common words, half words of a long tail of 20,000.
    pub fn text(&mut self, bytes: usize) -> String {
        let mut text = String::with_capacity(bytes + 16);
        while text.len() < bytes {
            let n = self.next();
            match COMMON.get(usize::try_from(n % 48).unwrap_or(0)) {
                Some(word) => text.push_str(word),
                None => {
                    let rank = (n >> 8) % 20_000;
                    text.push_str(&rare((rank * rank) / 20_000));
                }
            }
            text.push(' ');
        }
        text.truncate(bytes);
        text
    }
}

/// The `n`th word of the long tail.
pub fn rare(mut n: u64) -> String {
    const SYLLABLES: [&str; 16] =
        ["ka", "lo", "mi", "ne", "ru", "so", "ti", "vu", "be", "da", "fo", "gi", "hu", "ja", "pe", "zu"];
    let mut word = String::from("q");
    loop {
        word.push_str(SYLLABLES.get(usize::try_from(n % 16).unwrap_or(0)).copied().unwrap_or("x"));
        n /= 16;
        if n == 0 {
            return word;
        }
    }
}

/// One message event of about 300 bytes as a client of today would send it.
pub fn message(words: &mut Words, session: &str, n: u64) -> String {
    let content = words.text(130);
    let role = if n % 2 == 1 { "user" } else { "assistant" };
    let at = 1_790_000_000_000u64 + n;
    format!(
        r#"{{"session_id":"{session}","event_type":"message","event_id":"{session}-{n:010}","timestamp":{at},"seq":{n},"data":{{"role":"{role}","content":"{content}"}}}}"#
    )
}
