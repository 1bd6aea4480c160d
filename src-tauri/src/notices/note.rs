//! What a notification says and which matter it belongs to.
//!
//! Never decides when something is shown. Invariant: a note has no text of a chat, no title and no id of a session in what a
//! person reads; the link alone names a session.

/// A matter that has one notification, updated in place and closed when it is over. In the order of importance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Incident {
    /// Nothing can be recorded.
    Recording,
    /// What the start found, and what became of it.
    Recovery,
    Damage,
    /// Clients that went at one time.
    Drop(u64),
    /// A web page that was refused.
    Site(u64),
    /// What happened in quiet hours.
    Summary,
    /// One that a person asked for, to see one.
    Trial(u64),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Urgency {
    Normal,
    /// Stays until it is dismissed.
    Critical,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// What happened.
    pub title: String,
    /// What it means and what to do.
    pub body: String,
    /// Where a click leads: a path of the UI.
    pub link: String,
    pub urgency: Urgency,
    /// The web page that a button of its own allows to record.
    pub allow: Option<String>,
}

impl Note {
    pub fn new(title: impl Into<String>, body: impl Into<String>, link: impl Into<String>) -> Self {
        let (title, body, link) = (title.into(), body.into(), link.into());
        Self { title, body, link, urgency: Urgency::Normal, allow: None }
    }
}

/// What the plan asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// Show it; an incident that is shown already is replaced.
    Show(Incident, Note),
    Close(Incident),
}

/// The setting that an incident, as it stands now, is shown by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Switch {
    Dropped,
    Returned,
    Recovered,
    Damage,
    Recording,
    /// Made of others that were allowed.
    Always,
}

/// An incident as it stands now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Face {
    pub note: Note,
    pub switch: Switch,
    /// Over: how long the note stays, in microseconds.
    pub over: Option<i64>,
    /// Where it is over before anyone was told, and only because it was too short for that (this setting is on), nobody is.
    pub silent: Option<Switch>,
}
