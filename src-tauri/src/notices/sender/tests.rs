//! A real session bus, and notification services of every kind on it.

use super::*;
use crate::notices::testing::{Bus, Service, in_time, until};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// A sender at work.
struct Desk {
    wants: watch::Sender<Wanted>,
    bus: watch::Sender<Option<String>>,
    availability: watch::Receiver<Availability>,
    opened: mpsc::UnboundedReceiver<String>,
    allowed: mpsc::UnboundedReceiver<String>,
    task: JoinHandle<()>,
}

impl Desk {
    fn at(address: &str, patience: Patience) -> Self {
        let (wants, wanted) = watch::channel(Wanted::default());
        let (bus, buses) = watch::channel(Some(String::from(address)));
        let (available, availability) = watch::channel(Availability::default());
        let (open, opened) = mpsc::unbounded_channel();
        let open: Open = Arc::new(move |path| open.send(path).unwrap());
        let (allow, allowed) = mpsc::unbounded_channel();
        let allow: Allow = Arc::new(move |origin| allow.send(origin).unwrap());
        let task = tokio::spawn(Sender::new(buses, open, allow, available, patience).run(wanted));
        Self { wants, bus, availability, opened, allowed, task }
    }

    fn on(bus: &Bus) -> Self {
        Self::at(&bus.address, Patience::default())
    }

    fn want(&self, incident: Incident, title: &str, body: &str) {
        let note = Note::new(title, body, format!("/{title}"));
        self.wants.send_modify(|wanted| {
            wanted.insert(incident, Arc::new(note));
        });
    }

    fn unwant(&self, incident: Incident) {
        self.wants.send_modify(|wanted| {
            wanted.remove(&incident);
        });
    }

    async fn is_missing(&mut self, words: &str) {
        until(&mut self.availability, |now| matches!(now, Availability::Missing(why) if why.contains(words)))
            .await;
    }

    async fn is_ready(&mut self) {
        until(&mut self.availability, |now| *now == Availability::Ready).await;
    }

    /// Waits until all that it was told before is done: a click is heard after it, and the second one after what was wanted
    /// when the first was heard. Needs a note with the title «other».
    async fn is_idle(&mut self, service: &mut Service) {
        let other = |asked: &crate::notices::testing::Asked| {
            asked.shown.iter().find(|(_, seen)| seen.title == "other").map(|(id, _)| *id)
        };
        let id = other(&service.until(|asked| other(asked).is_some()).await).unwrap();
        for _ in 0..2 {
            service.click(id, "default").await;
            assert_eq!(in_time(self.opened.recv()).await.unwrap(), "/other");
        }
    }

    /// Ends it; all that it was told before is done then.
    async fn end(self) {
        drop(self.wants);
        in_time(self.task).await.unwrap();
    }
}

const DROP: Incident = Incident::Drop(1);

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

/// Tries again at once.
fn hasty() -> Patience {
    Patience { retry: Duration::from_millis(20), ..Patience::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_note_is_shown_replaced_and_closed() {
    let home = folder();
    let bus = Bus::start(home.path()).await;
    let mut service = Service::start(&bus).await;
    let mut desk = Desk::on(&bus);
    desk.is_ready().await;
    desk.want(DROP, "VS Code dropped", "1 live session is waiting");
    let first = service.shows(&["VS Code dropped"]).await;
    desk.want(DROP, "VS Code is back", "nothing missing");
    assert_eq!(service.shows(&["VS Code is back"]).await, first);
    let asked = service.until(|_| true).await;
    let seen = asked.shown.values().next().unwrap();
    assert_eq!((seen.urgency, seen.timeout, seen.desktop_entry.as_str()), (1, -1, "chasm-recorder"));
    assert_eq!(seen.actions, ["default", "Open", "open", "Open"]);
    desk.unwant(DROP);
    service.shows(&[]).await;
    desk.end().await;
    let asked = service.until(|_| true).await;
    assert_eq!((asked.shows.len(), asked.closes), (2, first));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_urgent_note_stays_until_it_is_dismissed() {
    let home = folder();
    let bus = Bus::start(home.path()).await;
    let mut service = Service::start(&bus).await;
    let desk = Desk::on(&bus);
    let note = Note {
        urgency: crate::notices::note::Urgency::Critical,
        ..Note::new("Not recording", "why", "/status")
    };
    desk.wants.send_modify(|wanted| {
        wanted.insert(Incident::Recording, Arc::new(note));
    });
    let asked = service.until(|asked| !asked.shown.is_empty()).await;
    let seen = asked.shown.values().next().unwrap();
    assert_eq!((seen.urgency, seen.timeout), (2, 0));
    assert_eq!(seen.actions, ["default", "Show status", "open", "Show status"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_click_opens_what_the_note_is_about() {
    let home = folder();
    let bus = Bus::start(home.path()).await;
    let mut service = Service::start(&bus).await;
    let mut desk = Desk::on(&bus);
    desk.want(DROP, "a", "");
    desk.want(Incident::Recovery, "b", "");
    service.until(|asked| asked.shown.len() == 2).await;
    let shown = service.asked.borrow().shown.clone();
    let id_of = |title: &str| *shown.iter().find(|(_, seen)| seen.title == title).unwrap().0;
    service.click(id_of("a"), "default").await;
    assert_eq!(in_time(desk.opened.recv()).await.unwrap(), "/a");
    service.click(id_of("b"), "another").await;
    service.click(99, "default").await;
    service.click(id_of("b"), "open").await;
    assert_eq!(in_time(desk.opened.recv()).await.unwrap(), "/b");
    assert!(desk.opened.try_recv().is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_comes_later_is_told_what_is_still_open() {
    let home = folder();
    let bus = Bus::start(home.path()).await;
    let mut desk = Desk::on(&bus);
    desk.is_missing("no notification service runs").await;
    desk.want(DROP, "open", "");
    desk.want(Incident::Damage, "over", "");
    desk.unwant(Incident::Damage);
    let mut service = Service::start(&bus).await;
    service.shows(&["open"]).await;
    desk.is_ready().await;
    desk.want(Incident::Recovery, "next", "");
    service.shows(&["open", "next"]).await;
    desk.end().await;
    // each once: that the service has come is no reason to show again what it has shown
    assert_eq!(service.until(|asked| asked.shown.is_empty()).await.shows.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_bus_nothing_waits_and_another_bus_can_be_named() {
    let home = folder();
    let mut desk = Desk::at("unix:path=/nowhere/bus", Patience::default());
    desk.is_missing("the session bus cannot be reached").await;
    desk.want(DROP, "open", "");
    let bus = Bus::start(home.path()).await;
    let mut service = Service::start(&bus).await;
    desk.bus.send_replace(Some(bus.address.clone()));
    service.shows(&["open"]).await;
    desk.is_ready().await;
    desk.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_open_moves_to_another_bus() {
    let (home, other) = (folder(), folder());
    let bus = Bus::start(home.path()).await;
    let mut service = Service::start(&bus).await;
    let desk = Desk::on(&bus);
    desk.want(DROP, "open", "");
    service.shows(&["open"]).await;
    let other_bus = Bus::start(other.path()).await;
    let mut other_service = Service::start(&other_bus).await;
    desk.bus.send_replace(Some(other_bus.address.clone()));
    other_service.shows(&["open"]).await;
    desk.end().await;
    other_service.shows(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_does_not_answer_is_asked_once() {
    let home = folder();
    let bus = Bus::start(home.path()).await;
    let mut service = Service::start_silent(&bus).await;
    let patience = Patience { answer: Duration::from_millis(300), ..Patience::default() };
    let mut desk = Desk::at(&bus.address, patience);
    desk.want(DROP, "first", "");
    desk.is_missing("does not answer").await;
    desk.want(DROP, "second", "");
    desk.want(Incident::Recovery, "third", "");
    desk.unwant(DROP);
    desk.end().await;
    let asked = service.until(|_| true).await;
    assert_eq!((asked.shows.len(), asked.closes.len()), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_answers_again_is_told_what_is_open() {
    let home = folder();
    let bus = Bus::start(home.path()).await;
    let mut service = Service::start_silent(&bus).await;
    let mut desk = Desk::at(&bus.address, Patience { answer: Duration::from_millis(300), ..hasty() });
    desk.want(DROP, "open", "");
    desk.is_missing("does not answer").await;
    service.answer_from_now_on();
    desk.is_ready().await;
    service.until(|asked| asked.shown.values().any(|seen| seen.title == "open")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_service_is_told_what_is_open_and_not_dismissed() {
    let home = folder();
    let bus = Bus::start(home.path()).await;
    let mut service = Service::start(&bus).await;
    let mut desk = Desk::on(&bus);
    desk.want(DROP, "open", "");
    desk.want(Incident::Damage, "dismissed", "");
    service.until(|asked| asked.shown.len() == 2).await;
    let shown = service.asked.borrow().shown.clone();
    let dismissed = *shown.iter().find(|(_, seen)| seen.title == "dismissed").unwrap().0;
    service.dismiss(dismissed).await;
    service.stop().await;
    desk.is_missing("no notification service runs").await;
    let mut service = Service::start(&bus).await;
    service.shows(&["open"]).await;
    desk.end().await;
    assert_eq!(service.until(|asked| asked.shown.is_empty()).await.shows.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bus_that_is_restarted_is_found_again() {
    let home = folder();
    let bus = Bus::start(home.path()).await;
    let mut service = Service::start(&bus).await;
    let mut desk = Desk::at(&bus.address, hasty());
    desk.want(DROP, "open", "");
    service.shows(&["open"]).await;
    bus.stop().await;
    desk.is_missing("the session bus cannot be reached").await;
    let bus = Bus::start(home.path()).await;
    let mut service = Service::start(&bus).await;
    service.shows(&["open"]).await;
    desk.is_ready().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_person_closed_comes_back_only_with_other_news() {
    let home = folder();
    let bus = Bus::start(home.path()).await;
    let mut service = Service::start(&bus).await;
    let mut desk = Desk::on(&bus);
    desk.want(DROP, "VS Code dropped", "1 waits");
    let first = service.shows(&["VS Code dropped"]).await;
    service.dismiss(first[0]).await;
    desk.want(Incident::Recovery, "other", "");
    desk.is_idle(&mut service).await;
    desk.want(DROP, "VS Code dropped", "2 wait");
    desk.is_idle(&mut service).await;
    assert_eq!(service.until(|_| true).await.shows.len(), 2);
    desk.want(DROP, "VS Code is back", "nothing missing");
    let asked = service.until(|asked| asked.shows.len() > 2).await;
    let (replaced, seen) = asked.shows.last().unwrap();
    assert_eq!((*replaced, seen.title.as_str()), (0, "VS Code is back"));
    desk.end().await;
    assert!(!service.until(|_| true).await.closes.contains(&first[0]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_closed_by_itself_comes_back_when_it_changes() {
    let home = folder();
    let bus = Bus::start(home.path()).await;
    let mut service = Service::start(&bus).await;
    let mut desk = Desk::on(&bus);
    desk.want(DROP, "VS Code dropped", "1 waits");
    let first = service.shows(&["VS Code dropped"]).await;
    desk.want(Incident::Recovery, "other", "");
    service.expire(first[0]).await;
    desk.is_idle(&mut service).await;
    desk.want(DROP, "VS Code dropped", "2 wait");
    let asked = service.until(|asked| asked.shows.len() == 3).await;
    let (replaced, seen) = asked.shows.last().unwrap();
    assert_eq!((*replaced, seen.body.as_str()), (0, "2 wait"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_clears_the_screen() {
    let home = folder();
    let bus = Bus::start(home.path()).await;
    let mut service = Service::start(&bus).await;
    let desk = Desk::on(&bus);
    desk.want(DROP, "a", "");
    desk.want(Incident::Recovery, "b", "");
    service.until(|asked| asked.shown.len() == 2).await;
    desk.end().await;
    service.shows(&[]).await;
}

#[tokio::test]
async fn a_page_is_allowed_by_its_button_and_asked_about_no_more() {
    let folder = folder();
    let bus = Bus::start(folder.path()).await;
    let mut service = Service::start(&bus).await;
    let mut desk = Desk::on(&bus);
    let site = Incident::Site(1);
    let note =
        Note { allow: Some(String::from("https://a.example")), ..Note::new("site", "body", "/status") };
    desk.wants.send_modify(|wanted| drop(wanted.insert(site, Arc::new(note))));
    let asked = service.until(|asked| !asked.shown.is_empty()).await;
    let (id, seen) = asked.shown.iter().next().unwrap();
    let allow = seen.actions.chunks(2).find(|action| action[0] == "allow").unwrap();
    assert_eq!(allow[1], "Allow");
    service.click(*id, "allow").await;
    assert_eq!(in_time(desk.allowed.recv()).await.unwrap(), "https://a.example");
    service.until(|asked| asked.closes.contains(id)).await;
    desk.end().await;
    bus.stop().await;
}
