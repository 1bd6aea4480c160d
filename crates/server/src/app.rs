//! What every handler can reach.
//!
//! Owns nothing itself. Invariant: all of it lives as long as the daemon.

use crate::budget::Budget;
use crate::chasm2::Ledger;
use crate::desktop::Desktop;
use crate::fence::{Asking, Passes};
use crate::metrics::Metrics;
use crate::settings::SettingsStore;
use chasm_engine::{Engine, Roots};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub(crate) struct App {
    pub engine: Engine,
    pub settings: SettingsStore,
    pub passes: Passes,
    /// The pages that were refused lately.
    pub asking: Asking,
    pub metrics: Metrics,
    pub budget: Budget,
    /// What clients of «chasm-cli 2.0.0» have sent.
    pub chasm2: Ledger,
    /// Where the server listens.
    pub address: SocketAddr,
    pub stop: Stop,
    /// Every connection's task.
    pub tasks: TaskTracker,
    /// The data folder.
    pub data_dir: PathBuf,
    pub seats: Arc<AtomicUsize>,
    /// Absent in `chasm serve`.
    pub desktop: Option<Arc<dyn Desktop>>,
    /// Where editors keep their files of themselves.
    pub editors: Roots,
}

/// The two steps of an end.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stop {
    /// Take nothing new, finish what is there.
    pub gently: CancellationToken,
    /// Time is up.
    pub now: CancellationToken,
}

impl App {
    /// Where editors' files are now.
    pub fn editor_roots(&self) -> Roots {
        self.settings.current().editor_roots(self.editors.clone())
    }

    /// The address that clients use.
    pub fn url(&self) -> String {
        let mut address = self.address;
        match address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
            IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
            _ => {}
        }
        format!("http://{address}")
    }

    /// A place for one more connection; `None` where the limit is reached.
    pub fn seat(&self) -> Option<Seat> {
        let limit = self.settings.current().limits.connections;
        let seat = Seat(self.seats.clone());
        // the seat counts itself out when it is dropped, so a refused one leaves no trace
        (self.seats.fetch_add(1, Ordering::AcqRel) < limit).then_some(seat)
    }
}

/// A connection's place, from accept to the end of its WebSocket.
#[derive(Debug)]
pub(crate) struct Seat(Arc<AtomicUsize>);

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}
