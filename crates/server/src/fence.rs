//! Who may connect: the decision that every request passes, whatever its path.
//!
//! Owns the rules of «Who may connect» in the protocol. [`decide`] is a pure function of the request's facts and the rules;
//! `facts` reads the facts, `peer` finds out whose a socket is, `passes` keeps token, tickets and cookies, `dress` writes the
//! headers of an answer; `asking` knows the pages that were refused and may be told of. Invariant: what no rule allows is refused.

mod asking;
mod dress;
mod facts;
mod passes;
mod peer;

pub(crate) use asking::{Asking, would_record};
pub(crate) use dress::{dress, preflight};
pub(crate) use facts::{Facts, cookie_of};
pub(crate) use passes::{Passes, TICKET_SECS, token_protocol};
#[cfg(target_os = "linux")]
pub(crate) use peer::tables;
pub(crate) use peer::{Peer, PeerUsers};

use crate::error::Failure;
use crate::settings::{Auth, Origin};
use chasm_protocol::ErrorCode;
use http::Method;
use std::net::{IpAddr, SocketAddr};

/// What the decision depends on besides the request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules<'a> {
    /// Where the server listens.
    pub address: SocketAddr,
    pub auth: Auth,
    pub allowed_origins: &'a [Origin],
}

/// What a request may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Access {
    /// Everything.
    Owner,
    /// A web page that the user allowed: it may record.
    Page,
    /// A browser asks what this origin may send.
    Preflight { methods: &'static str },
    /// Only a ticket can let it in.
    Ticket,
}

/// What an allowed page may do.
const PAGE_POSTS: [&str; 4] =
    ["/api/recording/events", "/api/recording/snapshot", "/recording/events", "/recording/snapshot"];
const PAGE_SOCKETS: [&str; 2] = ["/ws/recording", "/recording/ws"];

/// The decision. The order is that of the protocol: which server is meant, who asks, as whom, with what.
pub(crate) fn decide(facts: &Facts<'_>, rules: &Rules<'_>) -> Result<Access, Failure> {
    check_host(facts, rules)?;
    let page = check_origin(facts, rules)?;
    if let Some(wanted) = facts.preflight_for {
        return Ok(Access::Preflight { methods: check_preflight(facts, page, wanted)? });
    }
    if page && !page_may(facts.method, facts.path) {
        let message =
            "this web page may only record (POST events and snapshots, WebSocket): it reads nothing";
        return Err(Failure::new(ErrorCode::ForbiddenOrigin, message));
    }
    if !is_known(facts, rules) {
        let asks_with_ticket = facts.has_ticket && facts.path == "/" && facts.method == Method::GET;
        if asks_with_ticket && rules.auth == Auth::Token {
            return Ok(Access::Ticket);
        }
        return Err(unauthorized(rules.auth));
    }
    check_content_type(facts)?;
    Ok(if page { Access::Page } else { Access::Owner })
}

/// Whether this origin is the app's own or allowed; browsers must be told by name.
pub(crate) fn is_own_origin(origin: &str, address: SocketAddr) -> bool {
    const SHELL: [&str; 2] = ["tauri://localhost", "http://tauri.localhost"];
    SHELL.contains(&origin)
        || origin.strip_prefix("http://").is_some_and(|host| is_own_host(host, address, None))
}

fn check_host(facts: &Facts<'_>, rules: &Rules<'_>) -> Result<(), Failure> {
    let refused = |why: &str| Err(Failure::new(ErrorCode::ForbiddenHost, why));
    let [host] = facts.hosts.as_slice() else {
        return refused("exactly one Host header is needed");
    };
    let good = |name: &str| is_own_host(name, rules.address, facts.local);
    if !good(host) || !facts.authority.is_none_or(good) {
        return refused(&format!("this is not the host that was asked for: use http://{}", rules.address));
    }
    Ok(())
}

/// A loopback name with the server's port, or, where the server listens elsewhere, the address of the socket itself. Names are
/// never trusted there: a name is what DNS rebinding turns.
fn is_own_host(host: &str, address: SocketAddr, local: Option<SocketAddr>) -> bool {
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => match port.parse::<u16>() {
            Ok(n) if !port.starts_with('+') => (name, n),
            _ => return false,
        },
        _ => (host, 80),
    };
    if port != address.port() {
        return false;
    }
    if ["127.0.0.1", "[::1]"].contains(&name) || name.eq_ignore_ascii_case("localhost") {
        return true;
    }
    let bare = name.strip_prefix('[').and_then(|n| n.strip_suffix(']')).unwrap_or(name);
    let is_bracketed = bare.len() != name.len();
    match bare.parse::<IpAddr>() {
        Ok(ip) if ip.is_ipv6() == is_bracketed && !address.ip().is_loopback() => {
            ip == address.ip() || local.is_some_and(|l| l.ip().to_canonical() == ip)
        }
        Ok(ip) => ip == address.ip() && ip.is_ipv6() == is_bracketed,
        Err(_) => false,
    }
}

/// `true` for a page that the user allowed, `false` for the app itself and for what is no web page.
fn check_origin(facts: &Facts<'_>, rules: &Rules<'_>) -> Result<bool, Failure> {
    let refused = |why: String| Err(Failure::new(ErrorCode::ForbiddenOrigin, why));
    match facts.origins.as_slice() {
        [] => match facts.site {
            None | Some("same-origin" | "none") => Ok(false),
            Some(_) => Err(Failure::new(
                ErrorCode::ForbiddenSite,
                "another web site asks: open this page by its address",
            )),
        },
        [origin] if is_own_origin(origin, rules.address) => Ok(false),
        [origin] if *origin != "null" && rules.allowed_origins.iter().any(|o| o.as_str() == *origin) => {
            Ok(true)
        }
        [origin] => {
            let shown: String = origin.chars().take(100).collect();
            refused(format!("the web page {shown:?} may not connect: add it to the setting allowed_origins"))
        }
        _ => refused(String::from("more than one Origin header")),
    }
}

fn check_preflight(facts: &Facts<'_>, page: bool, wanted: &str) -> Result<&'static str, Failure> {
    if !page {
        return Ok("GET, POST, PATCH, DELETE");
    }
    if wanted == "POST" && PAGE_POSTS.contains(&facts.path) {
        return Ok("POST");
    }
    Err(Failure::new(ErrorCode::ForbiddenOrigin, "this web page may only record: POST events and snapshots"))
}

fn page_may(method: &Method, path: &str) -> bool {
    (method == Method::POST && PAGE_POSTS.contains(&path))
        || (method == Method::GET && PAGE_SOCKETS.contains(&path))
}

fn is_known(facts: &Facts<'_>, rules: &Rules<'_>) -> bool {
    match rules.auth {
        Auth::User => facts.same_user,
        Auth::Token => facts.has_pass,
    }
}

fn unauthorized(auth: Auth) -> Failure {
    let message = match auth {
        Auth::User => "only the user whom this recorder runs as may connect",
        Auth::Token => {
            "a token is needed: `Authorization: Bearer …` from the file `token` of the data folder, or open the page with `chasm open`"
        }
    };
    Failure::new(ErrorCode::Unauthorized, message)
}

/// What changes something is JSON: no page can send that to another origin without asking first. A request without a body
/// needs no type where no browser sent it (every browser says `Origin` with such a request).
fn check_content_type(facts: &Facts<'_>) -> Result<(), Failure> {
    if [Method::GET, Method::HEAD, Method::OPTIONS].contains(facts.method) {
        return Ok(());
    }
    let is_json = |value: &str| {
        value.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
    };
    let good = match facts.content_types.as_slice() {
        [one] => is_json(one),
        [] => !facts.has_body && (facts.method == Method::DELETE || !facts.from_browser),
        _ => false,
    };
    if good {
        return Ok(());
    }
    Err(Failure::new(ErrorCode::UnsupportedMediaType, "send it with `Content-Type: application/json`"))
}

#[cfg(test)]
mod tests;
