//! Where a request goes, and where it does not.

use std::error::Error;
use std::process::Command;

use http::HeaderName;
use http::HeaderValue;
use http::Method;

use crate::outbound::client::Client;
use crate::outbound::client::SendError;
use crate::outbound::guard::Blocked;
use crate::outbound::guard::Egress;
use crate::outbound::origin::Origins;
use crate::outbound::request::Request;
use crate::outbound::tests::server::Server;
use crate::outbound::tests::server::Step;
use crate::outbound::tests::server::answer;
use crate::outbound::tests::server::dns;
use crate::outbound::tests::server::get;
use crate::outbound::tests::server::limits;
use crate::outbound::tests::server::only;

/// The test that the one on proxy settings runs again.
const WHOLE: &str = "outbound::tests::roads::a_request_arrives_whole";

fn with_secrets(method: Method, url: url::Url) -> Request {
    let mut request = Request::new(method, url);
    request.set_credential_header(HeaderName::from_static("x-api-key"), HeaderValue::from_static("SECRET-1"));
    request.set_credential_header(http::header::AUTHORIZATION, HeaderValue::from_static("Bearer SECRET-2"));
    request.set_credential_query("key", "SECRET-3");
    request
}

#[tokio::test]
async fn a_request_arrives_whole() {
    let server = Server::answering("X-Request-Id: 7\r\n", b"done").await;
    let url = server.url("/v1/things?a=b");

    let request = with_secrets(Method::POST, url.clone()).body("application/json", b"{}".to_vec());
    let response = server.client().send(request, &only(&url)).await.unwrap();

    assert_eq!((response.status, response.body.as_slice()), (200, b"done".as_slice()));
    let seen = server.requests().remove(0);
    assert!(seen.starts_with("POST /v1/things?a=b&key=SECRET-3 HTTP/1.1\r\n"), "{seen}");
    assert!(seen.ends_with("\r\n\r\n{}"), "{seen}");
    let version = env!("CARGO_PKG_VERSION");
    for line in [
        "x-api-key: SECRET-1",
        "authorization: Bearer SECRET-2",
        "content-type: application/json",
        "accept-encoding: gzip, br",
        &format!("user-agent: Odeus/{version}"),
        &format!("host: {}", server.address),
    ] {
        assert!(seen.contains(&format!("\r\n{line}\r\n")), "{line} in {seen}");
    }
    assert!(!seen.to_lowercase().contains("referer"), "{seen}");
}

/// The environment cannot be changed inside a test, so the test above runs again in a process that has it set.
#[tokio::test]
async fn proxy_settings_of_the_environment_are_ignored() {
    let proxy = Server::answering("", b"from the proxy").await;
    let address = format!("http://{}", proxy.address);

    let run = tokio::task::spawn_blocking(move || {
        let mut command = Command::new(std::env::current_exe().unwrap());
        for name in ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
            command.env(name, &address);
        }
        command.env_remove("NO_PROXY").env_remove("no_proxy").args(["--exact", WHOLE]).output().unwrap()
    });
    let output = run.await.unwrap();

    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
    assert_eq!(proxy.connections(), 0);
}

#[tokio::test]
async fn a_foreign_origin_gets_nothing() {
    let (own, other) = (Server::answering("", b"").await, Server::answering("", b"").await);
    let client = Client::new(Egress::allowing("127.0.0.0/8").unwrap(), limits()).unwrap();

    let error = client.send(with_secrets(Method::GET, other.url("/x?y=z")), &only(&own.url("/"))).await.unwrap_err();

    let expected = format!("http://{}", other.address);
    assert!(matches!(&error, SendError::ForeignOrigin { origin } if *origin == expected), "{error:?}");
    assert!(!error.may_have_arrived());
    let none = client.send(get(own.url("/")), &Origins::default()).await.unwrap_err();
    assert!(matches!(none, SendError::ForeignOrigin { .. }), "{none:?}");
    assert_eq!((own.connections(), other.connections()), (0, 0));
}

#[tokio::test]
async fn an_inner_address_that_is_not_allowed_gets_nothing() {
    let server = Server::answering("", b"").await;
    let client = Client::new(Egress::allowing("127.0.0.1:1").unwrap(), limits()).unwrap();

    for text in ["http://127.0.0.1", "https://127.0.0.1", "https://localhost", "https://0x7f.1", "https://[::1]"] {
        let url: url::Url = format!("{text}:{}/", server.address.port()).parse().unwrap();
        let error = client.send(get(url.clone()), &only(&url)).await.unwrap_err();
        assert!(matches!(error, SendError::Blocked(_)) && !error.may_have_arrived(), "{url} {error:?}");
    }
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn a_name_that_leads_to_an_inner_address_gets_nothing() {
    let server = Server::answering("", b"").await;
    let url: url::Url = format!("https://rebind.example:{}/", server.address.port()).parse().unwrap();

    for found in [["127.0.0.1"].as_slice(), &["8.8.8.8", "127.0.0.1"], &["::ffff:127.0.0.1"], &["169.254.169.254"]] {
        let client = Client::with_lookup(Egress::strict(), limits(), &dns(&[found])).unwrap();
        let error = client.send(get(url.clone()), &only(&url)).await.unwrap_err();
        assert!(matches!(error, SendError::Blocked(Blocked::NotPublic { .. })), "{found:?} {error:?}");
        assert!(!error.may_have_arrived() && error.to_string().contains("rebind.example"), "{error}");
    }
    assert_eq!(server.connections(), 0);
}

/// reqwest does not tell its resolver the port; the client must not lose it.
#[tokio::test]
async fn an_allowed_address_is_reached_by_name_on_its_own_port_only() {
    let (allowed, other) = (Server::answering("", b"").await, Server::answering("", b"").await);
    let egress = Egress::allowing(&allowed.address.to_string()).unwrap();
    let client = Client::with_lookup(egress, limits(), &dns(&[&["127.0.0.1"]])).unwrap();
    let url =
        |server: &Server| -> url::Url { format!("https://rebind.example:{}/", server.address.port()).parse().unwrap() };

    let blocked = client.send(get(url(&other)), &only(&url(&other))).await.unwrap_err();
    let no_tls = client.send(get(url(&allowed)), &only(&url(&allowed))).await.unwrap_err();

    assert!(matches!(blocked, SendError::Blocked(Blocked::NotPublic { .. })), "{blocked:?}");
    assert!(matches!(no_tls, SendError::Unreachable { .. }), "{no_tls:?}");
    assert_eq!((allowed.connections(), other.connections()), (1, 0));
}

#[tokio::test]
async fn a_name_is_checked_again_when_its_address_changes() {
    let server = Server::doing(vec![Step::Say(answer("", b"first")), Step::Close]).await;
    let port = server.address.port();
    let egress = Egress::allowing(&format!("crm.internal:{port}")).unwrap();
    let lookup = dns(&[&["127.0.0.1"], &["169.254.169.254"]]);
    let client = Client::with_lookup(egress, limits(), &lookup).unwrap();
    let url: url::Url = format!("http://crm.internal:{port}/").parse().unwrap();

    let first = client.send(get(url.clone()), &only(&url)).await.unwrap();
    let mut second = client.send(get(url.clone()), &only(&url)).await;
    if matches!(second, Err(SendError::Broken { .. })) {
        // The closed connection was still thought to be open.
        second = client.send(get(url.clone()), &only(&url)).await;
    }

    assert_eq!(first.body, b"first");
    assert!(matches!(second, Err(SendError::Blocked(_))), "{second:?}");
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_no_secret_goes_with_it() {
    let target = Server::answering("", b"").await;
    let client = Client::new(Egress::allowing("127.0.0.0/8").unwrap(), limits()).unwrap();

    for status in [300, 301, 302, 303, 307, 308] {
        let head =
            format!("HTTP/1.1 {status} X\r\nLocation: {}\r\nContent-Length: 0\r\n\r\n", target.url("/p?q=SECRET-4"));
        let server = Server::saying(head).await;
        let request = with_secrets(Method::POST, server.url("/")).body("application/json", b"SECRET-5".to_vec());
        let origins = server_and(&server, &target);

        let error = client.send(request, &origins).await.unwrap_err();

        let (text, debug) = (error.to_string(), format!("{error:?}"));
        assert!(!text.contains("SECRET") && !debug.contains("SECRET") && !debug.contains("/p"), "{debug}");
        assert!(error.may_have_arrived());
        let to = Some(format!("http://{}", target.address));
        assert!(
            matches!(error, SendError::Redirected { status: seen, to_origin, .. } if seen == status && to_origin == to)
        );
        assert_eq!((server.requests().len(), target.connections()), (1, 0));
    }
}

fn server_and(server: &Server, target: &Server) -> Origins {
    [server.url("/"), target.url("/")].iter().flat_map(|url| only(url).iter().cloned().collect::<Vec<_>>()).collect()
}

#[tokio::test]
async fn a_redirect_to_nowhere_is_one_as_well() {
    for location in ["", "Location: javascript:alert(1)\r\n", "Location: http://\r\n"] {
        let server = Server::saying(format!("HTTP/1.1 302 X\r\n{location}Content-Length: 0\r\n\r\n")).await;

        let error = server.client().send(get(server.url("/")), &only(&server.url("/"))).await.unwrap_err();

        assert!(matches!(error, SendError::Redirected { status: 302, to_origin: None, .. }), "{error:?}");
    }
}

#[tokio::test]
async fn a_header_of_the_connection_cannot_be_set() {
    let server = Server::answering("", b"").await;
    let (client, url) = (server.client(), server.url("/"));

    for name in ["host", "content-length", "transfer-encoding", "connection", "te", "upgrade", "proxy-authorization"] {
        let request = get(url.clone()).header(HeaderName::from_static(name), HeaderValue::from_static("1"));
        let error = client.send(request, &only(&url)).await.unwrap_err();
        assert!(matches!(error, SendError::ForbiddenHeader { .. }) && !error.may_have_arrived(), "{name} {error:?}");
    }
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn a_credential_replaces_a_plain_header_whatever_came_first() {
    let server = Server::answering("", b"").await;
    let url = server.url("/");

    let request = with_secrets(Method::GET, url.clone());
    let request = request.header(http::header::AUTHORIZATION, HeaderValue::from_static("Bearer mine"));
    server.client().send(request, &only(&url)).await.unwrap();

    let seen = server.requests().remove(0);
    assert!(seen.contains("Bearer SECRET-2") && !seen.contains("Bearer mine"), "{seen}");
}

#[tokio::test]
async fn an_error_shows_neither_query_nor_credential() {
    let closed = Server::doing(vec![Step::Close]).await;
    let cut =
        Server::doing(vec![Step::Say(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n1".to_vec()), Step::Close]).await;
    let junk = Server::saying("SSH-2.0-OpenSSH_9\r\n\r\n").await;
    let client = Client::new(Egress::allowing("127.0.0.0/8").unwrap(), limits()).unwrap();
    let nobody = "http://127.0.0.1:1/path?q=SECRET-6".parse().unwrap();

    for url in [closed.url("/?q=SECRET-6"), cut.url("/?q=SECRET-6"), junk.url("/?q=SECRET-6"), nobody] {
        let error = client.send(with_secrets(Method::GET, url.clone()), &only(&url)).await.unwrap_err();

        let sources = std::iter::successors(error.source(), |error| (**error).source());
        let shown = sources.map(|error| format!("{error} {error:?}")).collect::<Vec<_>>().join(" ");
        assert!(!shown.contains("SECRET") && !format!("{error} {error:?}").contains("SECRET"), "{error:?}");
        assert_eq!(error.may_have_arrived(), url.port() != Some(1), "{error:?}");
    }
}

#[tokio::test]
async fn a_name_without_an_address_is_unresolvable() {
    let client = Client::with_lookup(Egress::strict(), limits(), &dns(&[&[]])).unwrap();
    let url: url::Url = "https://nowhere.example/".parse().unwrap();

    let error = client.send(get(url.clone()), &only(&url)).await.unwrap_err();

    assert!(matches!(&error, SendError::Unresolvable { host } if host == "nowhere.example"), "{error:?}");
    assert!(!error.may_have_arrived());
}

#[tokio::test]
async fn connections_are_used_again() {
    let server = Server::answering("", b"done").await;
    let (client, url) = (server.client(), server.url("/"));

    for _ in 0..5 {
        client.clone().send(get(url.clone()), &only(&url)).await.unwrap();
    }

    assert_eq!((server.connections(), server.requests().len()), (1, 5));
}
