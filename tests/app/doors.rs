//! What every answer carries and what every request has to: headers, host, the signs that a form is ours (D-53, D-58,
//! D-59).

use http::Method;

use crate::support::Answer;
use crate::support::Options;
use crate::support::TestApp;
use crate::support::cast::PASSWORD;

const HTTPS: &str = "https://odeus.example";

fn behind_https() -> TestApp {
    TestApp::with(Options { public_url: Some(HTTPS.to_owned()), ..Options::default() })
}

fn has_every_header(answer: &Answer, what: &str) {
    let policy = answer.header("content-security-policy");
    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{what}: {policy}");
    assert!(!policy.contains("unsafe"), "{what}: {policy}");
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
    ] {
        assert_eq!(answer.header(name), value, "{what}");
    }
    assert!(answer.header("cache-control").contains("no-store") || what.contains("/static/"), "{what}");
    assert_eq!(answer.header("x-request-id").len(), 32, "{what}");
}

#[tokio::test]
async fn every_kind_of_answer_carries_the_headers() {
    let app = TestApp::start();
    let (anon, ada) = (app.anon(), app.signed_in(&app.cast.ada).await);
    let stylesheet = anon.get("/sign-in").await.attribute("link[rel=stylesheet]", "href").unwrap();

    for path in ["/sign-in", "/", "/nowhere", "/w/acme/profile", "/api/v1/nowhere", "/healthz", "/readyz", "/metrics"] {
        has_every_header(&anon.get(path).await, path);
        has_every_header(&ada.get(path).await, path);
    }
    has_every_header(&anon.get(&stylesheet).await, &stylesheet);
    has_every_header(&anon.call(Method::PUT, "/sign-in").send().await, "405");
    has_every_header(&anon.post("/sign-in", &[("email", "x")]).await, "400");
    has_every_header(&anon.call(Method::GET, "/").header("host", "evil.test").send().await, "421");
    let forged = anon.call(Method::POST, "/sign-out").header("sec-fetch-site", "cross-site").send().await;
    has_every_header(&forged, "403");
}

#[tokio::test]
async fn when_the_database_is_away_the_answer_is_503_with_every_header() {
    let app = TestApp::start();
    let ada = app.signed_in(&app.cast.ada).await;

    app.database.close();
    let answer = ada.get("/w/acme/profile").await;
    let ready = app.anon().get("/readyz").await;
    let lives = app.anon().get("/healthz").await;
    app.database.open();

    assert_eq!(answer.status, 503, "{}", answer.body);
    assert!(answer.header("retry-after").parse::<u64>().unwrap() >= 1);
    has_every_header(&answer, "503");
    assert_eq!((ready.status, ready.body.as_str()), (503, "not ready\n"));
    assert_eq!(lives.status, 200);
    assert_eq!(ada.get("/w/acme/profile").await.status, 200, "and it is well again by itself");
}

#[tokio::test]
async fn a_request_for_another_host_is_refused() {
    let app = TestApp::start();
    let anon = app.anon();

    for host in ["evil.test", "127.0.0.1", "localhost:1"] {
        let answer = anon.call(Method::GET, "/sign-in").header("host", host).send().await;
        assert_eq!(answer.status, 421, "{host}");
    }
    let probe = anon.call(Method::GET, "/healthz").header("host", "10.0.0.7:8080").send().await;
    assert_eq!(probe.status, 200, "load balancers come by address");
}

#[tokio::test]
async fn over_http_the_cookie_is_for_this_site_alone_and_no_script_reads_it() {
    let app = TestApp::start();
    let page = app.anon().get("/sign-in").await;

    let answer = page.form("form").set("email", &app.cast.ada.email).set("password", PASSWORD).submit().await;

    let cookie = answer.header("set-cookie");
    assert!(cookie.starts_with("sid="), "{cookie}");
    for part in ["HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(!cookie.contains("Secure") && !cookie.contains("Domain"), "{cookie}");
    assert_eq!(answer.header("strict-transport-security"), "");
    assert!(page.header("set-cookie").is_empty(), "nobody has a session before signing in");
}

#[tokio::test]
async fn under_an_https_address_the_cookie_is_secure_and_hsts_is_sent() {
    let app = behind_https();
    let page = app.anon().get("/sign-in").await;

    let answer = page.form("form").set("email", &app.cast.ada.email).set("password", PASSWORD).submit().await;

    let cookie = answer.header("set-cookie");
    assert!(cookie.starts_with("__Host-sid=") && cookie.contains("Secure") && cookie.contains("Path=/"), "{cookie}");
    assert!(!cookie.contains("Domain"), "{cookie}");
    assert!(answer.header("strict-transport-security").contains("max-age=31536000"));
}

#[tokio::test]
async fn a_request_from_another_site_is_refused_and_ours_is_not() {
    let app = TestApp::start();
    let ada = app.signed_in(&app.cast.ada).await;
    let form = ada.get("/w/acme/profile").await.form_of("Create token");
    let (action, csrf) = (form.action().to_owned(), form.value("csrf").unwrap().to_owned());
    let fields = [("token_name", "reporting"), ("csrf", csrf.as_str())];
    let post = || ada.call(Method::POST, &action).fields(&fields);

    for site in ["cross-site", "same-site", "none"] {
        let answer = post().header("sec-fetch-site", site).send().await;
        assert_eq!(answer.status, 403, "{site}");
    }
    let by_origin = post().without("sec-fetch-site").header("origin", "https://evil.test").send().await;
    let null = post().without("sec-fetch-site").header("origin", "null").send().await;
    let neither = post().without("sec-fetch-site").without("origin").send().await;
    assert_eq!((by_origin.status, null.status, neither.status), (403, 403, 403));
    assert!(ada.get("/w/acme/profile").await.texts("tbody tr").is_empty(), "nothing was made");

    assert_eq!(post().without("sec-fetch-site").send().await.status, 201, "an older browser, by its Origin");
    assert_eq!(post().send().await.status, 201);
}

#[tokio::test]
async fn a_form_without_the_sessions_token_is_refused() {
    let app = TestApp::start();
    let (ada, max) = (app.signed_in(&app.cast.ada).await, app.signed_in(&app.cast.max).await);
    let others = max.get("/w/acme/profile").await.form_of("Create token").value("csrf").unwrap().to_owned();
    let path = "/w/acme/profile/tokens";

    let missing = ada.post(path, &[("token_name", "reporting")]).await;
    let wrong = ada.post(path, &[("token_name", "reporting"), ("csrf", "x")]).await;
    let foreign = ada.post(path, &[("token_name", "reporting"), ("csrf", &others)]).await;

    assert_eq!((missing.status, wrong.status, foreign.status), (403, 403, 403));
    assert!(ada.get("/w/acme/profile").await.texts("tbody tr").is_empty());
}

#[tokio::test]
async fn signing_in_from_another_site_is_refused_too() {
    let app = TestApp::start();
    let fields = [("email", app.cast.ada.email.as_str()), ("password", PASSWORD)];

    let call = app.anon().call(Method::POST, "/sign-in").fields(&fields);
    let answer = call.header("sec-fetch-site", "cross-site").send().await;

    assert_eq!(answer.status, 403);
    assert!(answer.header("set-cookie").is_empty());
}

#[tokio::test]
async fn strangers_are_sent_to_sign_in_and_members_of_other_workspaces_see_nothing() {
    let app = TestApp::start();
    let mallory = app.signed_in(&app.cast.mallory).await;

    let stranger = app.anon().get("/w/acme/profile").await;
    let foreign = mallory.get("/w/acme/profile").await;
    let missing = mallory.get("/w/nowhere/profile").await;

    assert_eq!((stranger.status, stranger.location()), (303, "/sign-in?next=%2Fw%2Facme%2Fprofile"));
    assert_eq!((foreign.status, missing.status), (404, 404));
    let without_id = |answer: &Answer| answer.body.replace(answer.header("x-request-id"), "…");
    assert_eq!(without_id(&foreign), without_id(&missing));
}

#[tokio::test]
async fn a_fragment_is_told_where_to_sign_in_and_why_it_was_refused() {
    let app = TestApp::start();
    let mallory = app.signed_in(&app.cast.mallory).await;

    let stranger = app.anon().call(Method::GET, "/w/acme/profile").header("hx-request", "true").send().await;
    let foreign = mallory.call(Method::GET, "/w/acme/profile").header("hx-request", "true").send().await;

    assert_eq!((stranger.status, stranger.header("hx-redirect")), (200, "/sign-in?next=%2Fw%2Facme%2Fprofile"));
    assert_eq!(foreign.status, 404);
    assert!(foreign.header("hx-trigger").contains("toast"));
}

#[tokio::test]
async fn a_static_file_may_be_kept_for_good_under_its_own_address_alone() {
    let app = TestApp::start();
    let path = app.anon().get("/sign-in").await.attribute("link[rel=stylesheet]", "href").unwrap();

    let current = app.anon().get(&path).await;
    let other = app.anon().get("/static/000000000000/app.css").await;
    let packed = app.anon().call(Method::GET, &path).header("accept-encoding", "gzip").send().await;

    assert!(current.header("cache-control").contains("immutable"));
    assert_eq!(other.header("cache-control"), "no-cache");
    assert_eq!(packed.header("content-encoding"), "gzip");
    assert_eq!(app.anon().get("/static/000000000000/../Cargo.toml").await.status, 404);
}

#[tokio::test]
async fn a_body_without_end_is_refused() {
    let app = TestApp::start();
    let call = app.anon().call(Method::POST, "/sign-in");

    let answer = call.body("application/x-www-form-urlencoded", "x".repeat(100 * 1024)).send().await;

    assert_eq!(answer.status, 413);
}

#[tokio::test]
async fn what_is_answered_is_counted_by_its_route_and_never_by_its_path() {
    let app = TestApp::start();
    app.anon().get("/w/CANARY-workspace/profile").await;
    app.anon().get("/CANARY-nowhere").await;

    let metrics = app.anon().get("/metrics").await.body;

    assert!(metrics.contains(r#"route="/w/{workspace}/profile""#), "{metrics}");
    assert!(!metrics.contains("CANARY"), "{metrics}");
}
