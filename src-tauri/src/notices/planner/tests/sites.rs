//! Web pages that were refused.

use super::*;
use crate::notices::sites::SITES_MAX;

fn refused(screen: &mut Screen, origin: &str) {
    screen.tell(LifecycleEvent::OriginRefused { origin: String::from(origin) });
}

#[test]
fn a_refused_page_is_asked_about_with_a_button() {
    let mut screen = Screen::default();
    refused(&mut screen, "https://chat.example");
    refused(&mut screen, "https://chat.example");
    screen.pass(2_000);
    let notes: Vec<&Note> = screen.shown.values().collect();
    let [note] = notes.as_slice() else { panic!("{notes:?}") };
    assert_eq!(note.title, "https://chat.example wants to record here");
    assert!(note.body.contains("It was refused") && note.body.contains("reads nothing"), "{}", note.body);
    assert_eq!((note.allow.as_deref(), note.link.as_str()), (Some("https://chat.example"), "/status"));
    assert_eq!(screen.shows.len(), 1);
    // nobody answers: it goes after a day
    screen.pass(25 * 3_600_000);
    assert!(screen.shown.is_empty());
    refused(&mut screen, "https://chat.example");
    screen.pass(2_000);
    assert_eq!(screen.shown.len(), 1);
}

#[test]
fn few_are_asked_about_and_none_that_could_be_misread() {
    let mut screen = Screen::default();
    let long = format!("https://bank.example.{}.evil.example", "a".repeat(90));
    for origin in ["https://\u{202E}example", "https://a&b", &long, ""] {
        refused(&mut screen, origin);
    }
    screen.pass(2_000);
    assert!(screen.shown.is_empty(), "{:?}", screen.shown);
    (0..20).for_each(|n| refused(&mut screen, &format!("https://{n}.example")));
    screen.pass(2_000);
    assert_eq!(screen.shown.len(), SITES_MAX);
}

#[test]
fn quiet_hours_hold_the_question_back() {
    let hour = |hour| ClockTime::new(hour, 0);
    let quiet = NotificationSettings {
        quiet_from: hour(11),
        quiet_until: hour(13),
        ..NotificationSettings::default()
    };
    let mut screen = Screen::new(quiet);
    refused(&mut screen, "https://chat.example");
    screen.pass(10_000);
    assert!(screen.shown.is_empty());
    screen.pass(61 * 60_000);
    assert_eq!(screen.shown.len(), 1);
}
