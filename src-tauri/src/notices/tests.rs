//! The whole way: from an event of the engine to the screen, on a real session bus.

use super::testing::{Bus, Service, in_time, until};
use super::*;
use chasm_protocol::ConnectionId;
use chasm_protocol::lifecycle::StopReason;
use chasm_protocol::session::InterruptionReason;
use chasm_server::settings::ClockTime;
use std::sync::Mutex;

struct Desk {
    live: broadcast::Sender<LiveEvent>,
    opened: mpsc::UnboundedReceiver<String>,
    settings: Arc<Mutex<NotificationSettings>>,
    notices: Notices,
}

impl Desk {
    fn at(address: &str) -> Self {
        let (live, events) = broadcast::channel(16);
        let (open, opened) = mpsc::unbounded_channel();
        let settings = Arc::new(Mutex::new(NotificationSettings::default()));
        let read = settings.clone();
        let standing: Lookup = Arc::new(|sessions| {
            let of = |session_id| Standing { session_id, missing: 0, replayed: 6 };
            Box::pin(async move { sessions.into_iter().map(of).collect() })
        });
        let notices = spawn(Wiring {
            live: events,
            start: None,
            settings: Arc::new(move || *read.lock().unwrap()),
            standing,
            open: Arc::new(move |path| open.send(path).unwrap()),
            allow: Arc::new(|_| {}),
            bus: Some(String::from(address)),
        });
        Self { live, opened, settings, notices }
    }

    fn tell(&self, event: LifecycleEvent) {
        self.live.send(LiveEvent::Lifecycle { at: now(), event }).unwrap();
    }

    fn lose(&self, client: &str, session: &str) {
        let sessions = vec![String::from(session)];
        let client = Some(String::from(client));
        self.tell(LifecycleEvent::Dropped { connection: ConnectionId(1), client, sessions });
        let (session_id, reason) = (String::from(session), InterruptionReason::Disconnect);
        self.tell(LifecycleEvent::Interrupted { session_id, reason, since: now(), title: None });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_drops_is_clicked_and_comes_back() {
    let home = tempfile::tempdir().unwrap();
    let bus = Bus::start(home.path()).await;
    let mut service = Service::start(&bus).await;
    let mut desk = Desk::at(&bus.address);
    until(&mut desk.notices.availability, |now| *now == Availability::Ready).await;
    desk.lose("vscode/1.99", "a b");
    let ids = service.shows(&["VS Code dropped"]).await;
    let asked = service.until(|_| true).await;
    assert_eq!(asked.shown[&ids[0]].body, "1 live session is waiting · 0 events missing so far");
    service.click(ids[0], "open").await;
    assert_eq!(in_time(desk.opened.recv()).await.unwrap(), "/session/a%20b");
    desk.tell(LifecycleEvent::Reconnected {
        session_id: String::from("a b"),
        since: now(),
        replayed: 2,
        missing: 3,
        title: None,
    });
    assert_eq!(service.shows(&["VS Code is back"]).await, ids);
    let asked = service.until(|_| true).await;
    // the store knows better
    assert_eq!(asked.shown[&ids[0]].body, "6 events replayed, nothing missing");
    desk.notices.stop().await;
    service.shows(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_is_shown_whoever_tells_of_it_and_switched_off_at_once() {
    let home = tempfile::tempdir().unwrap();
    let bus = Bus::start(home.path()).await;
    let mut service = Service::start(&bus).await;
    let desk = Desk::at(&bus.address);
    let stop = |reason| LifecycleEvent::RecordingStopped { reason, message: String::from("why") };
    desk.notices.tell(stop(StopReason::SyncFailed));
    service.shows(&["Not recording — the disk failed"]).await;
    desk.tell(stop(StopReason::DiskFull));
    service.shows(&["Not recording — disk full"]).await;
    desk.settings.lock().unwrap().recording = false;
    // any event has the settings read
    desk.tell(LifecycleEvent::Resumed);
    service.shows(&[]).await;
    desk.notices.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_is_shown_to_who_asks_for_it_even_where_all_are_switched_off() {
    let home = tempfile::tempdir().unwrap();
    let bus = Bus::start(home.path()).await;
    let mut service = Service::start(&bus).await;
    let mut desk = Desk::at(&bus.address);
    *desk.settings.lock().unwrap() = NotificationSettings {
        dropped: false,
        returned: false,
        recovered: false,
        damage: false,
        recording: false,
        quiet_from: ClockTime::new(0, 0),
        quiet_until: ClockTime::new(23, 59),
    };
    until(&mut desk.notices.availability, |now| *now == Availability::Ready).await;
    desk.notices.try_out().unwrap();
    let ids = service.shows(&["Chasm Recorder can tell you"]).await;
    let body = service.until(|_| true).await.shown[&ids[0]].body.clone();
    assert_eq!(body, "This is how drops, returns and recoveries are told.");
    service.dismiss(ids[0]).await;
    desk.notices.try_out().unwrap();
    // another one, though the first was dismissed
    service.until(|asked| asked.shows.len() == 2).await;
    service.click(2, "open").await;
    assert_eq!(in_time(desk.opened.recv()).await.unwrap(), "/settings");
    desk.notices.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_where_nothing_can_be_shown_is_told_so() {
    let mut desk = Desk::at("unix:path=/nowhere/bus");
    until(&mut desk.notices.availability, |now| matches!(now, Availability::Missing(_))).await;
    let why = desk.notices.try_out().unwrap_err();
    assert!(why.contains("session bus"), "{why}");
}

#[tokio::test]
async fn more_events_than_can_be_read_leave_nothing_doubtful() {
    let home = tempfile::tempdir().unwrap();
    let bus = Bus::start(home.path()).await;
    let mut service = Service::start(&bus).await;
    let desk = Desk::at(&bus.address);
    desk.lose("vscode", "a");
    service.shows(&["VS Code dropped"]).await;
    // in one go, on the only thread: more than the channel holds
    (0..100).for_each(|_| desk.tell(LifecycleEvent::Resumed));
    service.shows(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bus_elsewhere_is_refused_and_another_one_used() {
    let home = tempfile::tempdir().unwrap();
    let bus = Bus::start(home.path()).await;
    let mut service = Service::start(&bus).await;
    let mut desk = Desk::at("unix:path=/nowhere/bus");
    until(&mut desk.notices.availability, |now| matches!(now, Availability::Missing(_))).await;
    desk.lose("vscode", "a");
    desk.notices.use_bus(String::from("tcp:host=example.org,port=1"));
    desk.notices.use_bus(bus.address.clone());
    service.shows(&["VS Code dropped"]).await;
    assert_eq!(desk.notices.availability(), Availability::Ready);
}

fn message(n: u64) -> chasm_protocol::Parsed {
    let text = format!(
        r#"{{"session_id":"s","event_type":"message","event_id":"e{n}","seq":{n},"timestamp":{},
            "data":{{"role":"user","content":"a secret"}}}}"#,
        1_760_000_000_000_u64 + n
    );
    chasm_protocol::parse_event(&text, &chasm_protocol::Limits::default()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_daemon_is_listened_to() {
    let (home, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let bus = Bus::start(home.path()).await;
    let mut service = Service::start(&bus).await;
    std::fs::write(data.path().join("config.toml"), "port = 0\n[recording]\ngrace_secs = 0\n").unwrap();
    let daemon = chasm_server::Daemon::start(chasm_server::Options::new(data.path())).await.unwrap();
    let notices = spawn(Wiring {
        live: daemon.engine().live(),
        start: daemon.engine().status().await.last_recovery,
        settings: Arc::new(NotificationSettings::default),
        standing: engine_standing(&daemon),
        open: Arc::new(|_| {}),
        allow: Arc::new(|_| {}),
        bus: Some(bus.address.clone()),
    });
    let client = daemon.engine().connect(Some(String::from("vscode/1.99"))).await.unwrap();
    client.submit(vec![message(1), message(4)]).await.unwrap().await.unwrap();
    drop(client);
    let ids = service.shows(&["VS Code dropped"]).await;
    let body = service.until(|_| true).await.shown[&ids[0]].body.clone();
    assert_eq!(body, "1 live session is waiting · 2 events missing so far");

    let client = daemon.engine().connect(Some(String::from("vscode/1.99"))).await.unwrap();
    client.submit(vec![message(2)]).await.unwrap().await.unwrap();
    client.submit(vec![message(3)]).await.unwrap().await.unwrap();
    assert_eq!(service.shows(&["VS Code is back"]).await, ids);
    let whole = |asked: &super::testing::Asked| {
        asked.shown.values().all(|seen| seen.body == "2 events replayed, nothing missing")
    };
    let asked = service.until(whole).await;
    assert!(asked.shows.iter().all(|(_, seen)| !format!("{seen:?}").contains("secret")));
    notices.stop().await;
    service.shows(&[]).await;
    drop(client);
    daemon.stop().await;
}
