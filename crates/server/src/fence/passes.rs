//! What lets a caller in where the socket's owner does not: the token, one-time tickets, the cookies they become.
//!
//! Never keeps or logs one in the clear: only hashes are kept, and comparing hashes takes the same time for every guess.
//! Invariant: a ticket works once, within [`TICKET_SECS`].

use crate::folder::hex;
use http::HeaderMap;
use http::header::SEC_WEBSOCKET_PROTOCOL;
use std::sync::{Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

pub(crate) const TICKET_SECS: u64 = 60;
/// Tickets and browsers at one time; the oldest goes.
const MOST: usize = 64;

/// The subprotocol that carries the token: browsers can set no header on a WebSocket.
const TOKEN_PROTOCOL: &str = "chasm.token.";

pub(crate) struct Passes {
    token: RwLock<blake3::Hash>,
    /// One change of the token at a time.
    rotating: Mutex<()>,
    /// Cookies are shared by all ports of a host: the name tells this server's from another's.
    cookie_name: String,
    tickets: Mutex<Vec<(blake3::Hash, Instant)>>,
    cookies: Mutex<Vec<blake3::Hash>>,
}

impl Passes {
    pub fn new(token: &str, port: u16) -> Self {
        Self {
            token: RwLock::new(blake3::hash(token.as_bytes())),
            rotating: Mutex::new(()),
            cookie_name: format!("chasm_{port}"),
            tickets: Mutex::default(),
            cookies: Mutex::default(),
        }
    }

    /// `blake3::Hash` compares in constant time.
    pub fn is_token(&self, text: &str) -> bool {
        blake3::hash(text.as_bytes()) == *self.token.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// `name=value`, as it stands in a `Cookie` header.
    pub fn is_cookie(&self, cookie: &str) -> bool {
        let Some((name, value)) = cookie.split_once('=') else { return false };
        let hash = blake3::hash(value.as_bytes());
        name == self.cookie_name && lock(&self.cookies).contains(&hash)
    }

    /// A new ticket; `None` where the system has no random numbers.
    pub fn ticket(&self) -> Option<String> {
        let ticket = random()?;
        let mut tickets = lock(&self.tickets);
        tickets.retain(|(_, made)| made.elapsed() < Duration::from_secs(TICKET_SECS));
        keep(&mut tickets, (blake3::hash(ticket.as_bytes()), Instant::now()));
        Some(ticket)
    }

    /// Puts a new token in force once `write` has kept it; the old one, all tickets and all cookies end. With `cookie` there is
    /// a new one, as the value of a `Set-Cookie` header. Writes: call it where blocking is allowed.
    pub fn rotate<E>(
        &self,
        token: &str,
        cookie: bool,
        write: impl FnOnce() -> Result<(), E>,
    ) -> Result<Option<String>, E> {
        let _turn = self.rotating.lock().unwrap_or_else(PoisonError::into_inner);
        write()?;
        let value = if cookie { random() } else { None };
        let kept = value.iter().map(|value| blake3::hash(value.as_bytes())).collect();
        *self.token.write().unwrap_or_else(PoisonError::into_inner) = blake3::hash(token.as_bytes());
        lock(&self.tickets).clear();
        *lock(&self.cookies) = kept;
        Ok(value.map(|value| self.set_cookie(&value)))
    }

    fn set_cookie(&self, value: &str) -> String {
        format!("{}={value}; HttpOnly; SameSite=Strict; Path=/", self.cookie_name)
    }

    /// Turns a ticket into the value of a `Set-Cookie` header.
    pub fn redeem(&self, ticket: &str) -> Option<String> {
        let hash = blake3::hash(ticket.as_bytes());
        let mut tickets = lock(&self.tickets);
        let at = tickets.iter().position(|(known, _)| *known == hash)?;
        let (_, made) = tickets.swap_remove(at);
        drop(tickets);
        if made.elapsed() >= Duration::from_secs(TICKET_SECS) {
            return None;
        }
        let value = random()?;
        keep(&mut lock(&self.cookies), blake3::hash(value.as_bytes()));
        Some(self.set_cookie(&value))
    }
}

/// The token among the subprotocols that a WebSocket client offers.
pub(crate) fn token_protocol(headers: &HeaderMap) -> Option<&str> {
    headers
        .get_all(SEC_WEBSOCKET_PROTOCOL)
        .iter()
        .filter_map(|v| v.to_str().ok())
        .flat_map(|line| line.split(','))
        .find_map(|offer| offer.trim().strip_prefix(TOKEN_PROTOCOL))
}

fn random() -> Option<String> {
    let mut bytes = [0u8; 32];
    getrandom::fill(&mut bytes).ok()?;
    Some(hex(&bytes))
}

fn keep<T>(list: &mut Vec<T>, item: T) {
    if list.len() >= MOST {
        list.remove(0);
    }
    list.push(item);
}

fn lock<T>(list: &Mutex<Vec<T>>) -> std::sync::MutexGuard<'_, Vec<T>> {
    list.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_works_once() {
        let passes = Passes::new("secret", 8787);
        let ticket = passes.ticket().unwrap();
        let cookie = passes.redeem(&ticket).unwrap();
        assert!(passes.redeem(&ticket).is_none());
        assert!(passes.redeem("").is_none());
        assert!(cookie.ends_with("; HttpOnly; SameSite=Strict; Path=/"), "{cookie}");
        let pair = cookie.split(';').next().unwrap();
        assert!(passes.is_cookie(pair));
        assert!(!passes.is_cookie(&pair.replace("8787", "8788")));
        assert!(!passes.is_cookie("chasm_8787="));
    }

    #[test]
    fn only_the_token_is_the_token() {
        let passes = Passes::new("secret", 8787);
        assert!(passes.is_token("secret"));
        for wrong in ["", "secre", "secret ", "SECRET"] {
            assert!(!passes.is_token(wrong));
        }
    }

    #[test]
    fn a_new_token_ends_all_that_was_given_out() {
        let passes = Passes::new("secret", 8787);
        let (open, used) = (passes.ticket().unwrap(), passes.ticket().unwrap());
        let old = passes.redeem(&used).unwrap();
        assert_eq!(passes.rotate("other", true, || Err("disk full")), Err("disk full"));
        assert!(passes.is_token("secret") && passes.is_cookie(old.split(';').next().unwrap()));
        let new = passes.rotate("other", true, || Ok::<_, ()>(())).unwrap().unwrap();
        assert!(passes.is_token("other") && !passes.is_token("secret"));
        assert!(!passes.is_cookie(old.split(';').next().unwrap()));
        assert!(passes.is_cookie(new.split(';').next().unwrap()));
        assert!(passes.redeem(&open).is_none());
        assert_eq!(passes.rotate("third", false, || Ok::<_, ()>(())), Ok(None));
        assert!(!passes.is_cookie(new.split(';').next().unwrap()));
    }

    #[test]
    fn old_tickets_make_room() {
        let passes = Passes::new("secret", 1);
        let first = passes.ticket().unwrap();
        for _ in 0..MOST {
            passes.ticket().unwrap();
        }
        assert!(passes.redeem(&first).is_none());
    }
}
