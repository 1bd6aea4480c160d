//! Text from chats, made fit for a terminal.
//!
//! Invariant: nothing that a chat says can move the cursor, change colours or write titles: control characters are shown, not
//! sent.

/// Replaces control characters by their pictures; line ends and tabs stay.
pub fn clean(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\n' | '\t' => c,
            '\u{0}'..='\u{1f}' => char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{FFFD}'),
            '\u{7f}' => '\u{2421}',
            '\u{80}'..='\u{9f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{FFFD}',
            _ => c,
        })
        .collect()
}

/// The same on one line, spaces folded.
pub fn one_line(text: &str) -> String {
    clean(&text.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// Cut to so many columns, with an ellipsis.
pub fn fit(text: &str, columns: usize) -> String {
    console::truncate_str(text, columns, "…").into_owned()
}

/// Filled up with spaces to so many columns.
pub fn pad(text: &str, columns: usize) -> String {
    console::pad_str(text, columns, console::Alignment::Left, None).into_owned()
}

pub fn pad_left(text: &str, columns: usize) -> String {
    console::pad_str(text, columns, console::Alignment::Right, None).into_owned()
}

pub fn columns(text: &str) -> usize {
    console::measure_text_width(text)
}

/// Every line behind `margin`.
pub fn indent(text: &str, margin: &str) -> String {
    text.lines().map(|line| format!("{}\n", format!("{margin}{line}").trim_end())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_shown() {
        assert_eq!(clean("a\u{1b}]0;x\u{7}\n\tb\u{9b}\u{202e}\u{7f}"), "a␛]0;x␇\n\tb��␡");
        assert_eq!(one_line(" a \n b\t c "), "a b c");
        assert_eq!(fit("会话会话会话", 7), "会话会…");
        assert_eq!(columns(&pad("会话", 6)), 6);
    }
}
