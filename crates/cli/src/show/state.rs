//! States as shape, word and colour; never as colour alone.

use anstyle::{AnsiColor, Color, Style};
use chasm_protocol::State;
use chasm_protocol::status::Health;

/// A shape with its word and colour.
#[derive(Debug, Clone, Copy)]
pub struct Sign {
    pub shape: &'static str,
    pub word: &'static str,
    pub style: Style,
}

impl Sign {
    /// `● recording`
    pub fn both(&self) -> String {
        paint(self.style, &format!("{} {}", self.shape, self.word))
    }

    pub fn shape(&self) -> String {
        paint(self.style, self.shape)
    }
}

pub const GREEN: Style = colour(AnsiColor::Green);
pub const YELLOW: Style = colour(AnsiColor::Yellow);
pub const BLUE: Style = colour(AnsiColor::Blue);
pub const RED: Style = colour(AnsiColor::Red);
pub const DIM: Style = Style::new().dimmed();
pub const BOLD: Style = Style::new().bold();

pub const fn of(state: State) -> Sign {
    match state {
        State::Recording => Sign { shape: "●", word: "recording", style: GREEN },
        State::Completed => Sign { shape: "✓", word: "completed", style: DIM },
        State::Interrupted => Sign { shape: "◐", word: "interrupted", style: YELLOW },
        State::Recovered => Sign { shape: "↺", word: "recovered", style: BLUE },
    }
}

pub const fn of_health(health: Health) -> Sign {
    match health {
        Health::Recording => Sign { shape: "●", word: "Recording", style: GREEN },
        Health::Paused => Sign { shape: "‖", word: "Paused", style: DIM },
        Health::Degraded => Sign { shape: "▲", word: "Not recording", style: RED },
    }
}

pub fn paint(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

const fn colour(colour: AnsiColor) -> Style {
    Style::new().fg_color(Some(Color::Ansi(colour)))
}
