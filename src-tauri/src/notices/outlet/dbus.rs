//! Notifications over D-Bus (`org.freedesktop.Notifications`), on one connection that lives as long as the bus does.
//!
//! notify-rust composes what is sent, but does not send it: it opens a connection for each notification, reads the bus's
//! address from the environment alone, and starts to listen for clicks only after the notification is shown. Here the
//! address can be one that a later login brought, services that tie a notification to its sender (GNOME) see one
//! sender, and no click is lost. Invariant: what can be heard is listened for before the first notification is sent.

use super::{Failure, Heard, Sent};
use crate::notices::compose::{ALLOW, BUTTON, CLICK, compose};
use crate::notices::note::Note;
use futures_util::StreamExt;
use std::collections::HashMap;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use zbus::message::{Flags, Message, Type};
use zbus::{Connection, MessageStream, Variant, connection};

const NAME: &str = "org.freedesktop.Notifications";
const PATH: &str = "/org/freedesktop/Notifications";
const BUS: &str = "org.freedesktop.DBus";
const BUS_PATH: &str = "/org/freedesktop/DBus";
/// Signals that wait to be looked at; more are dropped.
const HEARD_MAX: usize = 64;

pub struct Outlet {
    connection: Connection,
    heard: mpsc::Receiver<Heard>,
    listener: JoinHandle<()>,
    answer: Duration,
}

impl Drop for Outlet {
    fn drop(&mut self) {
        self.listener.abort();
    }
}

impl Outlet {
    /// Connects and listens. `None`: the bus that the environment names, else the user's own.
    pub async fn connect(address: Option<&str>, answer: Duration) -> Result<Self, Failure> {
        let connecting = async {
            let builder = match address {
                Some(address) => connection::Builder::address(address),
                None => connection::Builder::session(),
            };
            let connection = builder.build().await?;
            let (tell, heard) = mpsc::channel(HEARD_MAX);
            let listener = tokio::spawn(listen(MessageStream::from(&connection), tell));
            let outlet = Self { connection, heard, listener, answer };
            for rule in [
                format!("type='signal',sender='{NAME}',interface='{NAME}',path='{PATH}'"),
                format!(
                    "type='signal',sender='{BUS}',interface='{BUS}',member='NameOwnerChanged',arg0='{NAME}'"
                ),
            ] {
                outlet.connection.call_method(Some(BUS), BUS_PATH, Some(BUS), "AddMatch", &rule).await?;
            }
            zbus::Result::Ok(outlet)
        };
        match tokio::time::timeout(answer, connecting).await {
            Ok(Ok(outlet)) => Ok(outlet),
            Ok(Err(error)) => Err(Failure::NoBus(words(&error))),
            Err(_) => Err(Failure::NoBus(String::from("it does not answer"))),
        }
    }

    /// Whether a notification service runs, or would be started. Starts none.
    pub async fn has_service(&self) -> Result<bool, Failure> {
        let bus = Some(BUS);
        let owned = self.connection.call_method(bus, BUS_PATH, bus, "NameHasOwner", &NAME);
        if self.in_time(owned).await?.body().deserialize().unwrap_or(false) {
            return Ok(true);
        }
        let startable = self.connection.call_method(bus, BUS_PATH, bus, "ListActivatableNames", &());
        let startable = self.in_time(startable).await?;
        let names: Vec<String> = startable.body().deserialize().unwrap_or_default();
        Ok(names.iter().any(|name| name == NAME))
    }

    /// Shows a note, in the place of another one where `replaces` is not 0.
    pub async fn show(&self, note: &Note, replaces: u32) -> Result<Sent, Failure> {
        let shown = compose(note);
        let hints: HashMap<&str, Variant<'_>> = shown.hints.iter().map(Into::into).collect();
        let body = (
            &shown.appname,
            replaces,
            &shown.icon,
            &shown.summary,
            &shown.body,
            &shown.actions,
            hints,
            i32::from(shown.timeout),
        );
        let call = self.connection.call_method(Some(NAME), PATH, Some(NAME), "Notify", &body);
        let answer = self.in_time(call).await?;
        let id = answer.body().deserialize().map_err(|error| Failure::Refused(words(&error)))?;
        let service = answer.header().sender().map(ToString::to_string).unwrap_or_default();
        Ok(Sent { id, service })
    }

    /// Starts no service for it, and waits for no answer.
    pub async fn close(&self, id: u32) -> Result<(), Failure> {
        let message = Message::method_call(PATH, "CloseNotification")
            .destination(NAME)
            .interface(NAME)
            .with_flags(Flags::NO_AUTO_START | Flags::NO_REPLY_EXPECTED)
            .build(&id)
            .map_err(|error| failure(&error))?;
        match tokio::time::timeout(self.answer, self.connection.send(&message)).await {
            Ok(sent) => sent.map_err(|error| failure(&error)),
            Err(_) => Err(Failure::Silent),
        }
    }

    /// Waits for what happens on the screen.
    pub async fn heard(&mut self) -> Heard {
        self.heard.recv().await.unwrap_or(Heard::Gone)
    }

    async fn in_time(&self, call: impl Future<Output = zbus::Result<Message>>) -> Result<Message, Failure> {
        match tokio::time::timeout(self.answer, call).await {
            Ok(Ok(message)) => Ok(message),
            Ok(Err(error)) => Err(failure(&error)),
            Err(_) => Err(Failure::Silent),
        }
    }
}

fn failure(error: &zbus::Error) -> Failure {
    use zbus::Error as E;
    use zbus::fdo::Error as Fdo;
    match error {
        E::InputOutput(_) | E::Connection(..) | E::Handshake(_) | E::Address(_) => {
            Failure::NoBus(words(error))
        }
        E::FDO(fdo) => match &**fdo {
            Fdo::ServiceUnknown(_) | Fdo::NameHasNoOwner(_) => Failure::NoService,
            Fdo::NoReply(_) | Fdo::Timeout(_) | Fdo::TimedOut(_) => Failure::Silent,
            Fdo::Disconnected(_) => Failure::NoBus(words(error)),
            other => Failure::Refused(words(other)),
        },
        other => Failure::Refused(words(other)),
    }
}

fn words(error: &impl std::fmt::Display) -> String {
    crate::notices::words::plain(&error.to_string(), 200)
}

/// Reads signals until the connection ends. Never waits for who listens: a full connection would take in nothing more.
async fn listen(mut messages: MessageStream, tell: mpsc::Sender<Heard>) {
    while let Some(Ok(message)) = messages.next().await {
        if let Some(heard) = read(&message)
            && tell.try_send(heard).is_err()
        {
            tracing::debug!("a signal of the notification service is dropped");
        }
    }
    let _ = tell.send(Heard::Gone).await;
}

fn read(message: &Message) -> Option<Heard> {
    /// Reasons of `NotificationClosed`.
    const DISMISSED: u32 = 2;
    if message.message_type() != Type::Signal {
        return None;
    }
    let header = message.header();
    let body = message.body();
    match (header.interface()?.as_str(), header.member()?.as_str()) {
        (NAME, "ActionInvoked") => {
            let (id, key): (u32, String) = body.deserialize().ok()?;
            match key.as_str() {
                CLICK | BUTTON => Some(Heard::Clicked(id)),
                ALLOW => Some(Heard::Allowed(id)),
                _ => None,
            }
        }
        (NAME, "NotificationClosed") => {
            let (id, reason): (u32, u32) = body.deserialize().ok()?;
            Some(Heard::Closed { id, dismissed: reason == DISMISSED })
        }
        (BUS, "NameOwnerChanged") => {
            let (name, _old, new): (String, String, String) = body.deserialize().ok()?;
            (name == NAME).then(|| Heard::Service(Some(new).filter(|new| !new.is_empty())))
        }
        _ => None,
    }
}
