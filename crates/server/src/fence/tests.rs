use super::*;
use http::Request;

const JSON: (&str, &str) = ("content-type", "application/json");
const HOST: (&str, &str) = ("host", "127.0.0.1:8787");

struct Case {
    address: &'static str,
    auth: Auth,
    same_user: bool,
}

const USER: Case = Case { address: "127.0.0.1:8787", auth: Auth::User, same_user: true };

fn ask(case: &Case, method: &str, target: &str, headers: &[(&str, &str)]) -> Result<Access, ErrorCode> {
    let mut request = Request::builder().method(method).uri(target);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let (parts, ()) = request.body(()).unwrap().into_parts();
    let passes = Passes::new("secret", 8787);
    let peer = Peer { is_same_user: case.same_user, local: Some("192.168.1.5:8787".parse().unwrap()) };
    let allowed = [Origin::parse("https://chat.example.org").unwrap()];
    let rules = Rules { address: case.address.parse().unwrap(), auth: case.auth, allowed_origins: &allowed };
    decide(&Facts::of(&parts, &peer, &passes), &rules).map_err(|f| f.code)
}

fn get(headers: &[(&str, &str)]) -> Result<Access, ErrorCode> {
    ask(&USER, "GET", "/api/recording/sessions", headers)
}

#[test]
fn host() {
    for good in ["127.0.0.1:8787", "localhost:8787", "LOCALHOST:8787", "[::1]:8787"] {
        assert_eq!(get(&[("host", good)]), Ok(Access::Owner), "{good}");
    }
    for bad in [
        "127.0.0.1",
        "127.0.0.1:8788",
        "localhost",
        "localhost.:8787",
        "evil.example:8787",
        "",
        ":8787",
        "127.0.0.1:",
        "127.0.0.1:+8787",
        "127.0.0.2:8787",
        "::1:8787",
        "[::1]",
        "user@localhost:8787",
        "192.168.1.5:8787",
        "localhost:8787:8787",
        "0.0.0.0:8787",
        "127.1:8787",
        "ü",
    ] {
        assert_eq!(get(&[("host", bad)]), Err(ErrorCode::ForbiddenHost), "{bad}");
    }
    assert_eq!(get(&[]), Err(ErrorCode::ForbiddenHost));
    assert_eq!(get(&[HOST, HOST]), Err(ErrorCode::ForbiddenHost));
    assert_eq!(ask(&USER, "GET", "http://evil.example/", &[HOST]), Err(ErrorCode::ForbiddenHost));
    assert_eq!(ask(&USER, "GET", "http://localhost:8787/", &[HOST]), Ok(Access::Owner));
    assert_eq!(ask(&USER, "GET", "/no/such/path", &[("host", "evil")]), Err(ErrorCode::ForbiddenHost));
}

#[test]
fn host_without_a_port_is_port_80() {
    let at_80 = Case { address: "127.0.0.1:80", ..USER };
    assert_eq!(ask(&at_80, "GET", "/", &[("host", "localhost")]), Ok(Access::Owner));
    assert_eq!(ask(&at_80, "GET", "/", &[("host", "[::1]")]), Ok(Access::Owner));
}

#[test]
fn host_of_a_server_that_listens_elsewhere() {
    let open = Case { address: "0.0.0.0:8787", auth: Auth::Token, same_user: false };
    let token = ("authorization", "Bearer secret");
    for good in ["192.168.1.5:8787", "localhost:8787"] {
        assert_eq!(ask(&open, "GET", "/", &[("host", good), token]), Ok(Access::Owner), "{good}");
    }
    for bad in ["192.168.1.6:8787", "evil.example:8787", "192.168.1.5"] {
        assert_eq!(ask(&open, "GET", "/", &[("host", bad), token]), Err(ErrorCode::ForbiddenHost), "{bad}");
    }
}

#[test]
fn origin() {
    for own in [
        "http://127.0.0.1:8787",
        "http://localhost:8787",
        "http://[::1]:8787",
        "tauri://localhost",
        "http://tauri.localhost",
    ] {
        assert_eq!(get(&[HOST, ("origin", own)]), Ok(Access::Owner), "{own}");
    }
    for bad in [
        "null",
        "",
        "https://evil.example",
        "http://127.0.0.1:8788",
        "http://localhost",
        "https://localhost:8787",
        "http://localhost:8787.evil.example",
        "https://chat.example.org.evil.example",
        "https://chat.example.org:8443",
        "http://chat.example.org",
        "tauri://localhost.evil",
    ] {
        assert_eq!(get(&[HOST, ("origin", bad)]), Err(ErrorCode::ForbiddenOrigin), "{bad}");
    }
    let own = ("origin", "http://localhost:8787");
    assert_eq!(get(&[HOST, own, own]), Err(ErrorCode::ForbiddenOrigin));
}

#[test]
fn an_allowed_page_may_only_record() {
    let page = ("origin", "https://chat.example.org");
    for (method, path) in [
        ("POST", "/api/recording/events"),
        ("POST", "/api/recording/snapshot"),
        ("GET", "/ws/recording"),
        ("POST", "/recording/events"),
        ("POST", "/recording/snapshot"),
        ("GET", "/recording/ws"),
    ] {
        assert_eq!(ask(&USER, method, path, &[HOST, page, JSON]), Ok(Access::Page), "{method} {path}");
    }
    for (method, path) in [
        ("GET", "/api/recording/sessions"),
        ("GET", "/api/recording/status"),
        ("GET", "/"),
        ("GET", "/metrics"),
        ("POST", "/api/recording/pause"),
        ("POST", "/api/ticket"),
        ("PATCH", "/api/settings"),
        ("DELETE", "/api/recording/sessions/a"),
        ("GET", "/api/recording/events"),
        ("POST", "/ws/recording"),
        ("POST", "/api/recording/events/"),
        ("OPTIONS", "/api/recording/events"),
    ] {
        assert_eq!(
            ask(&USER, method, path, &[HOST, page, JSON]),
            Err(ErrorCode::ForbiddenOrigin),
            "{method} {path}"
        );
    }
    let other_user = Case { same_user: false, ..USER };
    let answer = ask(&other_user, "POST", "/api/recording/events", &[HOST, page, JSON]);
    assert_eq!(answer, Err(ErrorCode::Unauthorized));
}

#[test]
fn a_page_that_wants_to_record_and_may_not_is_known() {
    let asked = |case: &Case, method: &str, target: &str, headers: &[(&str, &str)]| {
        let mut request = Request::builder().method(method).uri(target);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let passes = Passes::new("secret", 8787);
        let peer = Peer { is_same_user: case.same_user, local: None };
        let allowed = [Origin::parse("https://chat.example.org").unwrap()];
        let rules =
            Rules { address: case.address.parse().unwrap(), auth: case.auth, allowed_origins: &allowed };
        would_record(&Facts::of(&parts, &peer, &passes), &rules).map(|origin| origin.to_string())
    };
    let (page, post) = (("origin", "https://new.example"), "/api/recording/events");
    let known = Some(String::from("https://new.example"));
    for (method, path) in [
        ("POST", post),
        ("POST", "/api/recording/snapshot"),
        ("POST", "/recording/events"),
        ("GET", "/ws/recording"),
        ("GET", "/recording/ws"),
    ] {
        assert_eq!(asked(&USER, method, path, &[HOST, page]), known, "{method} {path}");
    }
    let wants = |method| ("access-control-request-method", method);
    assert_eq!(asked(&USER, "OPTIONS", post, &[HOST, page, wants("POST")]), known);
    assert_eq!(asked(&USER, "OPTIONS", post, &[HOST, page, wants("DELETE")]), None);
    for (method, path) in [("GET", "/api/recording/sessions"), ("PATCH", "/api/settings"), ("GET", "/")] {
        assert_eq!(asked(&USER, method, path, &[HOST, page]), None, "{method} {path}");
    }
    let long = format!("https://{}.example", "a".repeat(100));
    for origin in [
        "null",
        "https://chat.example.org",
        "tauri://x",
        "file://",
        "https://A.example",
        "https://a/b",
        &long,
    ] {
        assert_eq!(asked(&USER, "POST", post, &[HOST, ("origin", origin)]), None, "{origin}");
    }
    assert_eq!(asked(&USER, "POST", post, &[HOST, page, page]), None);
    // another user of the machine cannot make it ask
    let stranger = Case { same_user: false, ..USER };
    assert_eq!(asked(&stranger, "POST", post, &[HOST, page]), None);
    let token = Case { auth: Auth::Token, ..USER };
    assert_eq!(asked(&token, "POST", post, &[HOST, page]), None);
    assert_eq!(asked(&token, "OPTIONS", post, &[HOST, page, wants("POST")]), known);
}

#[test]
fn site() {
    let site = |value| get(&[HOST, ("sec-fetch-site", value)]);
    assert_eq!(site("same-origin"), Ok(Access::Owner));
    assert_eq!(site("none"), Ok(Access::Owner));
    for bad in ["cross-site", "same-site", "", "None"] {
        assert_eq!(site(bad), Err(ErrorCode::ForbiddenSite), "{bad}");
    }
    let twice = get(&[HOST, ("sec-fetch-site", "none"), ("sec-fetch-site", "none")]);
    assert_eq!(twice, Err(ErrorCode::ForbiddenSite));
}

#[test]
fn preflight() {
    let page = ("origin", "https://chat.example.org");
    let wants = |method| ("access-control-request-method", method);
    let events = "/api/recording/events";
    let answer = ask(&USER, "OPTIONS", events, &[HOST, page, wants("POST")]);
    assert_eq!(answer, Ok(Access::Preflight { methods: "POST" }));
    for (path, method) in
        [(events, "GET"), (events, "DELETE"), ("/api/settings", "PATCH"), ("/ws/recording", "GET")]
    {
        let answer = ask(&USER, "OPTIONS", path, &[HOST, page, wants(method)]);
        assert_eq!(answer, Err(ErrorCode::ForbiddenOrigin), "{method} {path}");
    }
    let evil = ("origin", "https://evil.example");
    assert_eq!(ask(&USER, "OPTIONS", events, &[HOST, evil, wants("POST")]), Err(ErrorCode::ForbiddenOrigin));
    // a preflight carries no token
    let token = Case { auth: Auth::Token, same_user: false, ..USER };
    assert!(ask(&token, "OPTIONS", events, &[HOST, page, wants("POST")]).is_ok());
}

#[test]
fn content_type() {
    let post = |headers: &[(&str, &str)]| {
        let all: Vec<_> = std::iter::once(HOST).chain(headers.iter().copied()).collect();
        ask(&USER, "POST", "/api/recording/resume", &all)
    };
    let body = ("content-length", "2");
    for good in ["application/json", "application/json; charset=utf-8", "Application/JSON ;x"] {
        assert_eq!(post(&[body, ("content-type", good)]), Ok(Access::Owner), "{good}");
    }
    for bad in [
        "text/plain",
        "",
        "application/x-www-form-urlencoded",
        "text/plain;application/json",
        "application/jsonx",
    ] {
        assert_eq!(post(&[body, ("content-type", bad)]), Err(ErrorCode::UnsupportedMediaType), "{bad}");
    }
    let refused = Err(ErrorCode::UnsupportedMediaType);
    assert_eq!(post(&[body]), refused);
    assert_eq!(post(&[("transfer-encoding", "chunked")]), refused);
    assert_eq!(post(&[JSON, JSON]), refused);
    // without a body: curl may, a browser may not
    assert_eq!(post(&[]), Ok(Access::Owner));
    assert_eq!(post(&[("content-length", "0")]), Ok(Access::Owner));
    assert_eq!(post(&[("content-type", "text/plain")]), refused);
    assert_eq!(post(&[("origin", "http://localhost:8787")]), refused);
    assert_eq!(post(&[("sec-fetch-mode", "no-cors")]), refused);
    let delete = |headers: &[(&str, &str)]| ask(&USER, "DELETE", "/api/recording/sessions/a", headers);
    assert_eq!(delete(&[HOST, ("origin", "http://localhost:8787")]), Ok(Access::Owner));
    assert_eq!(delete(&[HOST, body]), refused);
}

#[test]
fn caller() {
    let stranger = Case { same_user: false, ..USER };
    let bearer = ("authorization", "Bearer secret");
    // a token is no way round the socket's owner
    assert_eq!(ask(&stranger, "GET", "/", &[HOST, bearer]), Err(ErrorCode::Unauthorized));
    assert_eq!(ask(&stranger, "GET", "/?ticket=x", &[HOST]), Err(ErrorCode::Unauthorized));

    let token = Case { auth: Auth::Token, ..USER };
    let unauthorized = Err(ErrorCode::Unauthorized);
    assert_eq!(ask(&token, "GET", "/", &[HOST]), unauthorized);
    assert_eq!(ask(&token, "GET", "/", &[HOST, bearer]), Ok(Access::Owner));
    assert_eq!(ask(&token, "GET", "/", &[HOST, ("authorization", "bearer secret")]), Ok(Access::Owner));
    for wrong in ["Bearer wrong", "Bearer ", "secret", "Basic secret", "Bearer secretx"] {
        assert_eq!(ask(&token, "GET", "/", &[HOST, ("authorization", wrong)]), unauthorized, "{wrong}");
    }
    let offer = |text| ask(&token, "GET", "/ws/recording", &[HOST, ("sec-websocket-protocol", text)]);
    assert_eq!(offer("chasm.v1, chasm.token.secret"), Ok(Access::Owner));
    assert_eq!(offer("chasm.token.wrong"), unauthorized);
    assert_eq!(offer("chasm.v1"), unauthorized);
    assert_eq!(ask(&token, "GET", "/?ticket=x", &[HOST]), Ok(Access::Ticket));
    assert_eq!(ask(&token, "GET", "/api/recording/sessions?ticket=x", &[HOST]), unauthorized);
    assert_eq!(ask(&token, "POST", "/?ticket=x", &[HOST, JSON]), unauthorized);
}

#[test]
fn a_cookie_is_a_pass_where_a_token_is_asked_for() {
    let passes = Passes::new("secret", 8787);
    let cookie = passes.redeem(&passes.ticket().unwrap()).unwrap();
    let pair = cookie.split(';').next().unwrap();
    let request = Request::builder()
        .uri("/")
        .header("host", "localhost:8787")
        .header("cookie", format!("other=1; {pair}"))
        .body(())
        .unwrap();
    let (parts, ()) = request.into_parts();
    let peer = Peer { is_same_user: false, local: None };
    let rules = Rules { address: "127.0.0.1:8787".parse().unwrap(), auth: Auth::Token, allowed_origins: &[] };
    assert_eq!(decide(&Facts::of(&parts, &peer, &passes), &rules), Ok(Access::Owner));
}
