//! Tells systemd that the recorder listens, where systemd started it and asked to be told.
//!
//! Source: sd_notify(3). Never fails: without anybody to tell there is nothing to say. Invariant: told once.

/// What the recorder says when clients can connect.
#[cfg(target_os = "linux")]
pub fn tell() {
    if let Some(socket) = std::env::var_os("NOTIFY_SOCKET").filter(|socket| !socket.is_empty())
        && let Err(error) = send(&socket, b"READY=1")
    {
        tracing::warn!(%error, "systemd cannot be told that the recorder is ready");
    }
}

#[cfg(not(target_os = "linux"))]
pub fn tell() {}

#[cfg(target_os = "linux")]
fn send(socket: &std::ffi::OsStr, message: &[u8]) -> std::io::Result<()> {
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::net::{SocketAddr, UnixDatagram};
    let address = match socket.as_bytes() {
        [b'@', name @ ..] => SocketAddr::from_abstract_name(name)?,
        _ => SocketAddr::from_pathname(socket)?,
    };
    UnixDatagram::unbound()?.send_to_addr(message, &address).map(drop)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use std::ffi::OsString;
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::{SocketAddr, UnixDatagram};

    #[test]
    fn a_path_and_an_abstract_name_are_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let name = format!("chasm-ready-{}", std::process::id());
        let abstract_name = SocketAddr::from_abstract_name(&name).unwrap();
        for (socket, address) in [
            (UnixDatagram::bind(&path).unwrap(), path.into_os_string()),
            (UnixDatagram::bind_addr(&abstract_name).unwrap(), OsString::from(format!("@{name}"))),
        ] {
            send(&address, b"READY=1").unwrap();
            let mut heard = [0; 16];
            let length = socket.recv(&mut heard).unwrap();
            assert_eq!(heard.get(..length), Some(&b"READY=1"[..]));
        }
        assert!(send(&folder.path().join("nobody").into_os_string(), b"READY=1").is_err());
    }
}
