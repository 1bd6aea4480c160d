use super::*;

/// A sender: one letter an event; capitals begin a message, «^» a session, digits are other events.
struct Sender {
    stance: Stance<char>,
}

struct Desk {
    trail: Trail,
    /// What was recorded, in order.
    recorded: String,
}

fn look(letter: char) -> Look {
    let nature = match letter {
        '^' => Nature::Start,
        'A'..='Z' => Nature::Add,
        'a'..='z' => Nature::Append,
        _ => Nature::Other,
    };
    Look { hash: u64::from(u32::from(letter)), nature, bytes: 10 }
}

impl Desk {
    fn new() -> Self {
        Self { trail: Trail::default(), recorded: String::new() }
    }

    fn push(&mut self, letter: char) {
        let number = self.recorded.len() as u64;
        self.trail.push(look(letter), Mark { run: 1, number });
        self.recorded.push(letter);
    }

    fn say(&mut self, sender: &mut Sender, letters: &str) -> &mut Self {
        for letter in letters.chars() {
            let Verdict { same, again } = self.trail.judge(&mut sender.stance, look(letter), &letter);
            again.into_iter().for_each(|(_, letter)| self.push(letter));
            match same {
                Some(mark) => {
                    let at = usize::try_from(mark.number).unwrap();
                    assert_eq!(self.recorded.as_bytes()[at], letter as u8, "the same is the same");
                }
                None => self.push(letter),
            }
        }
        self
    }
}

/// What is recorded when each of these is said over a connection of its own; `loose`: nobody knows what was answered.
fn recorded(loose: bool, connections: &[&str]) -> String {
    let mut desk = Desk::new();
    for letters in connections {
        desk.trail.loose = loose;
        desk.say(&mut Sender { stance: Stance::Fresh }, letters);
    }
    desk.recorded
}

#[test]
fn within_a_connection_everything_is_new() {
    assert_eq!(recorded(true, &["^Aabab11bb"]), "^Aabab11bb");
}

#[test]
fn what_is_sent_again_is_recorded_once() {
    for again in ["^Aabab", "Aabab", "abab", "bab", "ab", "b"] {
        assert_eq!(recorded(true, &["^Aabab", again]), "^Aabab", "{again}");
        let more = format!("{again}Cxyz");
        assert_eq!(recorded(true, &["^Aabab", &more]), "^AababCxyz", "{more}");
    }
    assert_eq!(recorded(true, &["^Aabab", "^Aabab", "bab", "^Aabab12", "12"]), "^Aabab12");
}

#[test]
fn what_only_looks_alike_is_recorded() {
    // «a» is said early in the trail, and what follows shows that it is not that one
    assert_eq!(recorded(true, &["^Aabcd", "axy"]), "^Aabcdaxy");
    assert_eq!(recorded(true, &["^Aabcd", "abxy"]), "^Aabcdabxy");
    // the end fits first, then a longer piece does
    assert_eq!(recorded(true, &["^Aabcab", "abcabz"]), "^Aabcabz");
    assert_eq!(recorded(true, &["^Aabcab", "abx"]), "^Aabcabx");
}

#[test]
fn a_message_is_begun_once() {
    // the client announces session and message again, and goes on
    assert_eq!(recorded(true, &["^Aabc", "^Axyz"]), "^Aabcxyz");
    assert_eq!(recorded(false, &["^Aabc", "^Axyz", "^A"]), "^Aabcxyz");
}

#[test]
fn after_an_answer_an_append_is_new() {
    assert_eq!(recorded(false, &["^Aaa", "a", "aa"]), "^Aaaaaa");
    // and all of it from the beginning is still all of it
    assert_eq!(recorded(false, &["^Aaa", "^Aaa"]), "^Aaa");
}

#[test]
fn a_long_repetition_holds_little() {
    let long: String = ('a'..='z').cycle().take(5_000).collect();
    let mut desk = Desk::new();
    desk.say(&mut Sender { stance: Stance::Fresh }, &format!("^A{long}"));
    let mut sender = Sender { stance: Stance::Fresh };
    desk.trail.loose = true;
    desk.say(&mut sender, &format!("^A{}", &long[..4_000]));
    let Stance::Doubt(doubt) = &sender.stance else { panic!("{:?}", sender.stance) };
    assert!(doubt.held.is_empty() && doubt.sure);
    assert_eq!(desk.recorded.len(), 5_002);
}

#[test]
fn the_trail_is_bounded_and_its_end_is_still_found() {
    let mut trail = Trail::default();
    for number in 0..(TRAIL_MAX as u64 + 100) {
        trail.push(Look { hash: number, nature: Nature::Other, bytes: 1 }, Mark { run: 1, number });
    }
    let judge = |stance: &mut Stance<()>, hash| {
        trail.judge(stance, Look { hash, nature: Nature::Other, bytes: 1 }, &()).same.map(|mark| mark.number)
    };
    let last = TRAIL_MAX as u64 + 99;
    assert_eq!(judge(&mut Stance::Fresh, 50), None, "forgotten");
    let mut stance = Stance::Fresh;
    assert_eq!(judge(&mut stance, last - 1), Some(last - 1));
    assert_eq!(judge(&mut stance, last), Some(last));
    assert!(matches!(stance, Stance::Clear));
}

#[test]
fn a_mark_is_read_back() {
    let mark = Mark { run: 1_767_225_600_000_000, number: 17 };
    assert_eq!(Mark::read(&mark.id()), Some(mark));
    assert!(mark.id() < Mark { number: 18, ..mark }.id());
    for foreign in ["", "chasm2-", "chasm2-1", "chasm2-x-1", "mine-1-1"] {
        assert_eq!(Mark::read(foreign), None, "{foreign}");
    }
}
