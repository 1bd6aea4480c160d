//! The little JSON scanning that serde_json does not do: depth, and lone surrogates.
//!
//! Both work on bytes in one pass without allocation per value. Neither validates; the parser does.

/// Deepest nesting of arrays and objects in `text`; brackets inside strings do not count.
pub fn depth(text: &str) -> usize {
    let (mut depth, mut deepest, mut in_string, mut escaped) = (0usize, 0usize, false, false);
    for byte in text.bytes() {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'[' | b'{' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// `text` with every `\uD800`–`\uDFFF` escape that has no partner replaced by `\uFFFD`; `None` where there is none.
/// Programs that cut strings by UTF-16 units (every JavaScript editor) write such halves; JSON's grammar allows them.
pub fn replace_lone_surrogates(text: &str) -> Option<String> {
    let mut out: Option<String> = None;
    let (mut copied, mut at) = (0usize, 0usize);
    let bytes = text.as_bytes();
    while let Some(found) = text.get(at..).and_then(|rest| rest.find('\\')) {
        let escape = at + found;
        match unit(bytes, escape) {
            Some(0xD800..=0xDBFF) => {
                if matches!(unit(bytes, escape + 6), Some(0xDC00..=0xDFFF)) {
                    at = escape + 12;
                    continue;
                }
            }
            Some(0xDC00..=0xDFFF) => {}
            Some(_) => {
                at = escape + 6;
                continue;
            }
            None => {
                at = escape + 2;
                continue;
            }
        }
        let fixed = out.get_or_insert_with(|| String::with_capacity(text.len()));
        fixed.push_str(text.get(copied..escape).unwrap_or_default());
        fixed.push_str("\\uFFFD");
        at = escape + 6;
        copied = at;
    }
    let mut fixed = out?;
    fixed.push_str(text.get(copied..).unwrap_or_default());
    Some(fixed)
}

/// The code unit of a `\uXXXX` escape that starts at `at`.
fn unit(bytes: &[u8], at: usize) -> Option<u32> {
    let hex = bytes.get(at..at + 6)?.strip_prefix(b"\\u")?;
    u32::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_ignores_strings() {
        assert_eq!(depth(r#"{"a":[1,{"b":"[[[{{{\"[["}]}"#), 3);
        assert_eq!(depth("1"), 0);
        assert_eq!(depth(&"[".repeat(100_000)), 100_000);
    }

    #[test]
    fn only_lone_halves_are_replaced() {
        assert_eq!(replace_lone_surrogates(r#""😀 \n \u00e9""#), None);
        assert_eq!(replace_lone_surrogates(r#""a\ud83d""#).unwrap(), r#""a\uFFFD""#);
        assert_eq!(
            replace_lone_surrogates(r#""\ude00\ud83d\ud83d\ude00""#).unwrap(),
            r#""\uFFFD\uFFFD\ud83d\ude00""#
        );
        assert_eq!(replace_lone_surrogates(r#""\\ud83d""#), None);
        assert_eq!(replace_lone_surrogates(r#""\ud83d\n""#).unwrap(), r#""\uFFFD\n""#);
        assert_eq!(replace_lone_surrogates(r#""é\"#), None);
    }
}
