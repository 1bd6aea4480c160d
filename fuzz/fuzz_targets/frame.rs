//! Bytes to the reader of frames and bodies: nothing may panic, and what is accepted is kept word for word.
#![no_main]

use chasm_protocol::{ClientFrame, Limits, parse_event, parse_frame};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let limits = Limits::default();
    let _ = chasm_protocol::parse::parse_events_body(text, &limits);
    let Ok(ClientFrame::Events(events)) = parse_frame(text, &limits) else { return };
    for event in events.into_iter().flatten() {
        assert!(text.contains(&*event.event.raw), "the text of an event was changed");
        let again = parse_event(&event.event.raw, &limits).expect("an accepted event is refused when read again");
        assert_eq!(again, event, "an event reads differently the second time");
    }
});
