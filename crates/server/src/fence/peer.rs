//! Whose the other end of a connection is.
//!
//! Owns the look into the kernel's socket tables (Linux). Never trusts a row without an inode: an orphaned socket belongs to
//! nobody and is shown with uid 0. Invariant: what cannot be found out is «not the same user».

use std::net::SocketAddr;

/// The other end of a connection, found out when it was accepted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer {
    /// Its socket is open in a process of the user that this recorder runs as.
    pub is_same_user: bool,
    /// Our end.
    pub local: Option<SocketAddr>,
}

#[cfg(target_os = "linux")]
pub(crate) use linux::PeerUsers;
#[cfg(target_os = "linux")]
pub(crate) use linux::tables;

#[cfg(not(target_os = "linux"))]
pub(crate) use elsewhere::PeerUsers;

#[cfg(not(target_os = "linux"))]
mod elsewhere {
    use std::net::SocketAddr;

    /// Other systems do not tell: there, callers show the token.
    pub(crate) struct PeerUsers;

    impl PeerUsers {
        pub fn start() -> std::io::Result<Self> {
            Ok(Self)
        }

        pub async fn is_same_user(&self, _peer: SocketAddr, _local: SocketAddr) -> bool {
            false
        }
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::net::SocketAddr;
    use std::sync::mpsc;
    use tokio::sync::oneshot;

    struct Question {
        peer: SocketAddr,
        local: SocketAddr,
        answer: oneshot::Sender<bool>,
    }

    /// A thread that reads the socket tables: once for all connections that came in since the last reading.
    pub(crate) struct PeerUsers {
        questions: mpsc::Sender<Question>,
    }

    impl PeerUsers {
        pub fn start() -> std::io::Result<Self> {
            let (questions, asked) = mpsc::channel();
            std::thread::Builder::new().name(String::from("peer-users")).spawn(move || answer_all(&asked))?;
            Ok(Self { questions })
        }

        pub async fn is_same_user(&self, peer: SocketAddr, local: SocketAddr) -> bool {
            let (answer, answered) = oneshot::channel();
            self.questions.send(Question { peer, local, answer }).is_ok() && answered.await.unwrap_or(false)
        }
    }

    fn answer_all(asked: &mpsc::Receiver<Question>) {
        let uid = rustix::process::geteuid().as_raw();
        while let Ok(first) = asked.recv() {
            let mut open: Vec<Question> = std::iter::once(first).chain(asked.try_iter()).collect();
            for table in tables::TABLES {
                if open.is_empty() {
                    break;
                }
                open = answer_from(table, open, uid);
            }
            for question in open {
                let _ = question.answer.send(false);
            }
        }
    }

    /// Answers what this table knows; gives back the rest.
    fn answer_from(table: &str, open: Vec<Question>, uid: u32) -> Vec<Question> {
        let Ok(text) = std::fs::read_to_string(table) else { return open };
        let mut open: Vec<Option<Question>> = open.into_iter().map(Some).collect();
        for row in text.lines().skip(1).filter_map(tables::Row::parse) {
            let same =
                |q: &Question| row.local == tables::plain(q.peer) && row.remote == tables::plain(q.local);
            let hit = open.iter_mut().find(|slot| slot.as_ref().is_some_and(same));
            if let Some(question) = hit.and_then(Option::take) {
                let _ = question.answer.send(row.uid == uid && row.inode != 0);
            }
        }
        open.into_iter().flatten().collect()
    }

    /// The text of `/proc/net/tcp` and `tcp6`.
    pub(crate) mod tables {
        use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

        pub(crate) const TABLES: [&str; 2] = ["/proc/net/tcp", "/proc/net/tcp6"];
        pub(crate) const LISTEN: &str = "0A";

        /// One socket.
        #[derive(Debug, PartialEq, Eq)]
        pub(crate) struct Row<'a> {
            pub local: SocketAddr,
            pub remote: SocketAddr,
            pub state: &'a str,
            pub uid: u32,
            /// 0 where no process has it open any more.
            pub inode: u64,
        }

        impl<'a> Row<'a> {
            /// `sl local remote st tx:rx tr:when retrnsmt uid timeout inode …`
            pub fn parse(line: &'a str) -> Option<Self> {
                let mut fields = line.split_ascii_whitespace();
                let (local, remote, state) = (fields.nth(1)?, fields.next()?, fields.next()?);
                let (uid, inode) = (fields.nth(3)?, fields.nth(1)?);
                Some(Self {
                    local: address(local)?,
                    remote: address(remote)?,
                    state,
                    uid: uid.parse().ok()?,
                    inode: inode.parse().ok()?,
                })
            }
        }

        /// An IPv4 address that an IPv6 socket uses is the IPv4 address.
        pub(crate) fn plain(address: SocketAddr) -> SocketAddr {
            SocketAddr::new(address.ip().to_canonical(), address.port())
        }

        /// Words of 32 bits in the machine's byte order, in hex, then the port.
        fn address(text: &str) -> Option<SocketAddr> {
            let (ip, port) = text.split_once(':')?;
            let port = u16::from_str_radix(port, 16).ok()?;
            let words: Vec<[u8; 4]> = (0..ip.len() / 8)
                .map(|n| ip.get(n * 8..n * 8 + 8).and_then(|w| u32::from_str_radix(w, 16).ok()))
                .map(|word| word.map(u32::to_ne_bytes))
                .collect::<Option<_>>()?;
            let ip = match words.as_slice() {
                [v4] if ip.len() == 8 => IpAddr::V4(Ipv4Addr::from(*v4)),
                [a, b, c, d] if ip.len() == 32 => {
                    let bytes: [u8; 16] = [*a, *b, *c, *d].concat().try_into().ok()?;
                    IpAddr::V6(Ipv6Addr::from(bytes))
                }
                _ => return None,
            };
            Some(plain(SocketAddr::new(ip, port)))
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;
        use tables::Row;

        #[cfg(target_endian = "little")]
        #[test]
        fn rows_are_read() {
            let v4 = "   0: 0100007F:2253 0100007F:C0DE 01 00000000:00000000 00:00000000 00000000  1000        0 12345 1 0000000000000000 20 4 30 10 -1";
            let row = Row::parse(v4).unwrap();
            assert_eq!(row.local, "127.0.0.1:8787".parse().unwrap());
            assert_eq!(row.remote, "127.0.0.1:49374".parse().unwrap());
            assert_eq!((row.uid, row.inode, row.state), (1000, 12345, "01"));
            let v6 = "   1: 00000000000000000000000001000000:2253 0000000000000000FFFF00000100007F:0050 0A 00000000:00000000 00:00000000 00000000     0        0 0 1";
            let row = Row::parse(v6).unwrap();
            assert_eq!(row.local, "[::1]:8787".parse().unwrap());
            assert_eq!(row.remote, "127.0.0.1:80".parse().unwrap());
            assert_eq!((row.inode, row.state), (0, tables::LISTEN));
            for bad in ["", "x", "  sl  local_address rem_address   st", "0: zz:1 0100007F:1 01 a b c 0 0 1"]
            {
                assert_eq!(Row::parse(bad), None, "{bad}");
            }
        }

        #[tokio::test]
        async fn our_own_socket_is_ours_and_a_closed_one_nobodys() {
            for listen in ["127.0.0.1:0", "[::1]:0"] {
                let Ok(listener) = tokio::net::TcpListener::bind(listen).await else { continue };
                let users = PeerUsers::start().unwrap();
                let client = tokio::net::TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
                let (server, peer) = listener.accept().await.unwrap();
                let local = server.local_addr().unwrap();
                assert!(users.is_same_user(peer, local).await);
                drop(client);
                assert!(!users.is_same_user(peer, local).await);
            }
        }
    }
}
