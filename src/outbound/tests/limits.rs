//! How long, how large and how odd an answer may be.

use std::io::Write;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use http::Method;
use tokio::time::Instant;

use crate::outbound::client::Client;
use crate::outbound::client::Limits;
use crate::outbound::client::Phase;
use crate::outbound::client::SendError;
use crate::outbound::guard::Egress;
use crate::outbound::request::Request;
use crate::outbound::request::Response;
use crate::outbound::tests::server::Server;
use crate::outbound::tests::server::Step;
use crate::outbound::tests::server::answer;
use crate::outbound::tests::server::get;
use crate::outbound::tests::server::limits;
use crate::outbound::tests::server::only;

const SHORT: Duration = Duration::from_millis(100);
const LONG: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(10);

async fn ask(server: &Server, limits: Limits) -> Result<Response, SendError> {
    let url = server.url("/");
    server.client_with(limits).send(get(url.clone()), &only(&url)).await
}

fn impatient() -> Limits {
    Limits { connect: SHORT, idle_read: SHORT, total: LONG, ..limits() }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn a_head_that_does_not_end_is_given_up() {
    let head = b"HTTP/1.1 200 OK\r\nX-A: ".to_vec();
    let silent = Server::doing(vec![Step::Hang]).await;
    let stopped = Server::doing(vec![Step::Say(head.clone()), Step::Hang]).await;
    let dripping = Server::doing(vec![Step::Say(head), Step::Drip(b"a", PAUSE)]).await;

    for server in [silent, stopped, dripping] {
        for limits in [impatient(), Limits { total: SHORT, connect: LONG, idle_read: LONG, ..limits() }] {
            let started = Instant::now();
            let error = ask(&server, limits).await.unwrap_err();
            assert!(matches!(error, SendError::TimedOut { phase: Phase::Head, .. }), "{error:?}");
            assert!(error.may_have_arrived() && started.elapsed() < LONG, "{:?}", started.elapsed());
        }
    }
}

#[tokio::test]
async fn a_body_that_stops_is_given_up() {
    let start = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nsome".to_vec();
    let server = Server::doing(vec![Step::Say(start), Step::Hang]).await;

    let started = Instant::now();
    let error = ask(&server, impatient()).await.unwrap_err();

    assert!(matches!(error, SendError::TimedOut { phase: Phase::Body, .. }), "{error:?}");
    assert!(error.may_have_arrived() && started.elapsed() < LONG, "{:?}", started.elapsed());
}

#[tokio::test]
async fn a_body_that_drips_is_given_up_at_the_total() {
    let start = b"HTTP/1.1 200 OK\r\nContent-Length: 400\r\n\r\n".to_vec();
    let server = Server::doing(vec![Step::Say(start), Step::Drip(b"a", PAUSE)]).await;

    let error = ask(&server, Limits { total: SHORT * 3, ..limits() }).await.unwrap_err();

    assert!(matches!(error, SendError::TimedOut { phase: Phase::Body, .. }), "{error:?}");
}

#[tokio::test]
async fn an_answer_that_is_cut_is_broken() {
    let starts: [&[u8]; 5] = [
        b"",
        b"HTTP/1.1 200 OK\r\nX-",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nsome",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nsome\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nsome\r\n",
    ];
    for start in starts {
        let server = Server::doing(vec![Step::Say(start.to_vec()), Step::Close]).await;
        let error = ask(&server, limits()).await.unwrap_err();
        assert!(matches!(error, SendError::Broken { .. }) && error.may_have_arrived(), "{error:?}");
        assert_eq!(server.requests().len(), 1);
    }
}

#[tokio::test]
async fn an_answer_of_exactly_the_limit_passes_and_one_byte_more_does_not() {
    let limits = || Limits { response_bytes: 300_000, ..limits() };
    let body = vec![b'a'; 300_001];
    let chunked = |body: &[u8]| {
        let head = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n", body.len());
        [head.as_bytes(), body, b"\r\n0\r\n\r\n"].concat()
    };

    for answer in [answer("", &body[1..]), chunked(&body[1..])] {
        assert_eq!(ask(&Server::saying(answer).await, limits()).await.unwrap().body.len(), 300_000);
    }
    for answer in [answer("", &body), chunked(&body)] {
        let error = ask(&Server::saying(answer).await, limits()).await.unwrap_err();
        assert!(matches!(error, SendError::TooLarge { limit_bytes: 300_000, .. }), "{error:?}");
        assert!(error.may_have_arrived());
    }
}

#[tokio::test]
async fn an_endless_answer_is_given_up_at_the_limit() {
    let start = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
    let server = Server::doing(vec![Step::Say(start), Step::Drip(&[b'a'; 65_536], Duration::ZERO)]).await;

    let error = ask(&server, limits()).await.unwrap_err();

    assert!(matches!(error, SendError::TooLarge { limit_bytes: 5_242_880, .. }), "{error:?}");
}

#[tokio::test]
async fn a_length_beyond_the_limit_is_refused_before_the_body_comes() {
    let head = b"HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551615\r\n\r\n".to_vec();
    let huge = b"HTTP/1.1 200 OK\r\nContent-Length: 9999999999\r\n\r\n".to_vec();

    for head in [head, huge] {
        let server = Server::doing(vec![Step::Say(head), Step::Hang]).await;
        let error = ask(&server, limits()).await.unwrap_err();
        assert!(matches!(error, SendError::TooLarge { .. } | SendError::Broken { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn a_gzip_bomb_is_stopped() {
    let bomb = gzip(&vec![0; 32 * 1024 * 1024]);
    let server = Server::answering("Content-Encoding: gzip\r\n", &bomb).await;

    let error = ask(&server, limits()).await.unwrap_err();

    assert!(matches!(error, SendError::Inflated { .. }) && error.may_have_arrived(), "{error:?}");
}

#[tokio::test]
async fn a_packed_answer_is_unpacked_and_its_length_not_handed_on() {
    let headers = "Content-Encoding: gzip\r\nContent-Type: text/plain\r\n";
    let server = Server::answering(headers, &gzip(b"a packed answer")).await;

    let response = ask(&server, limits()).await.unwrap();

    assert_eq!(response.body, b"a packed answer");
    assert_eq!(response.headers, [("content-type".to_owned(), "text/plain".to_owned())]);
}

#[tokio::test]
async fn a_damaged_or_oddly_packed_answer_is_malformed() {
    let cut = gzip(b"a packed answer");
    for (headers, body) in [
        ("Content-Encoding: gzip\r\n", &cut[..cut.len() - 4]),
        ("Content-Encoding: gzip\r\n", b"plain"),
        ("Content-Encoding: zstd\r\n", b"plain"),
        ("Content-Encoding: gzip, gzip\r\n", b"plain"),
        ("Content-Encoding: gzip\r\nContent-Encoding: gzip\r\n", b"plain"),
    ] {
        let error = ask(&Server::answering(headers, body).await, limits()).await.unwrap_err();
        assert!(matches!(error, SendError::Malformed { .. }), "{headers} {error:?}");
    }
}

#[tokio::test]
async fn headers_have_limits() {
    let fill = |count: usize, bytes: usize| -> String {
        (0..count).map(|number| format!("X-{number}: {}\r\n", "a".repeat(bytes))).collect::<Vec<_>>().concat()
    };

    for headers in [fill(150, 1), fill(40, 1_000), fill(1, 40_000)] {
        let error = ask(&Server::answering(&headers, b"").await, limits()).await.unwrap_err();
        assert!(matches!(error, SendError::Malformed { .. } | SendError::Broken { .. }), "{error:?}");
    }
    assert!(ask(&Server::answering(&fill(90, 300), b"").await, limits()).await.is_ok());
}

#[tokio::test]
async fn only_listed_headers_are_handed_on() {
    let headers = "Content-Type: application/json\r\nSet-Cookie: a=b\r\nWWW-Authenticate: Bearer\r\nLocation: /x\r\n\
                   Retry-After: 7\r\nX-RateLimit-Remaining: 5\r\nRateLimit: limit=5\r\nX-Request-ID: 1\r\n\
                   Link: </next>; rel=next\r\nServer: x\r\nX-Api-Key: y\r\nX-Frame-Options: DENY\r\n";
    let server = Server::answering(headers, b"{}").await;

    let response = ask(&server, limits()).await.unwrap();

    let mut names: Vec<&str> = response.headers.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    let expected =
        ["content-length", "content-type", "link", "ratelimit", "retry-after", "x-ratelimit-remaining", "x-request-id"];
    assert_eq!(names, expected);
}

#[tokio::test]
async fn answers_without_a_body_are_complete() {
    let head = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 9999999\r\n\r\n";
    let server = Server::saying(head).await;
    let request = Request::new(Method::HEAD, server.url("/"));
    let response = server.client().send(request, &only(&server.url("/"))).await.unwrap();
    assert_eq!((response.status, response.body.len()), (200, 0));

    for status in [204, 304] {
        let server = Server::saying(format!("HTTP/1.1 {status} X\r\n\r\n")).await;
        assert_eq!(ask(&server, limits()).await.unwrap().status, status);
    }
}

#[tokio::test]
async fn errors_of_the_provider_are_answers() {
    for status in [400, 401, 403, 404, 429, 500, 503] {
        let server = Server::saying(format!("HTTP/1.1 {status} X\r\nContent-Length: 2\r\n\r\nno")).await;
        let response = ask(&server, limits()).await.unwrap();
        assert_eq!((response.status, response.body.as_slice()), (status, b"no".as_slice()));
    }
}

#[tokio::test]
async fn a_request_that_is_too_large_is_not_sent() {
    let server = Server::answering("", b"").await;
    let (client, url) = (server.client(), server.url("/"));
    let post = |bytes| Request::new(Method::POST, url.clone()).body("text/plain", vec![b'a'; bytes]);

    client.send(post(1024 * 1024), &only(&url)).await.unwrap();
    let body = client.send(post(1024 * 1024 + 1), &only(&url)).await.unwrap_err();
    let long = server.url(&format!("/{}", "a".repeat(70_000)));
    let address = client.send(get(long), &only(&url)).await.unwrap_err();

    assert!(matches!(body, SendError::RequestTooLarge { limit_bytes: 1_048_576 }), "{body:?}");
    assert!(matches!(address, SendError::RequestTooLarge { .. }), "{address:?}");
    assert!(!body.may_have_arrived() && !address.may_have_arrived());
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn requests_to_one_origin_wait_for_their_turn() {
    let slow = Server::doing(vec![Step::Hang]).await;
    let quick = Server::answering("", b"").await;
    let limits = Limits { per_origin: 3, idle_read: SHORT, connect: SHORT, total: LONG, ..limits() };
    let client = Client::new(Egress::allowing("127.0.0.0/8").unwrap(), limits).unwrap();
    let (url, origins) = (slow.url("/"), only(&slow.url("/")));

    let waiting = futures_util::future::join_all((0..6).map(|_| client.send(get(url.clone()), &origins)));
    let other = async {
        let response = client.send(get(quick.url("/")), &only(&quick.url("/"))).await;
        (response.is_ok(), slow.connections())
    };
    let (results, (has_passed, busy)) = futures_util::future::join(waiting, other).await;

    assert!(has_passed && busy <= 3, "{busy}");
    assert!(results.iter().all(|result| matches!(result, Err(SendError::TimedOut { phase: Phase::Head, .. }))));
    assert_eq!(slow.connections(), 6);
}
