//! Coming in and going out, as a browser does it.

use chrono::Duration;
use odeus::domain::accounts::links;
use odeus::domain::accounts::links::Purpose;
use odeus::kernel::clock::Clock;

use crate::support::Answer;
use crate::support::Client;
use crate::support::Options;
use crate::support::TestApp;
use crate::support::cast::PASSWORD;

fn with_a_clock() -> TestApp {
    TestApp::with(Options { clock: Some(Clock::frozen(Clock::system().now())), ..Options::default() })
}

async fn try_password(client: &Client, email: &str, password: &str) -> Answer {
    client.get("/sign-in").await.form("form").set("email", email).set("password", password).submit().await
}

async fn ask_for_a_link(client: &Client, email: &str) -> Answer {
    client.get("/forgot-password").await.form("form").set("email", email).submit().await
}

/// The path of the link in a mail.
fn link(text: &str) -> String {
    let (_, rest) = text.split_once("/set-password?token=").unwrap();
    format!("/set-password?token={}", rest.split_whitespace().next().unwrap())
}

#[tokio::test]
async fn the_right_password_lets_one_in() {
    let app = TestApp::start();

    let client = app.signed_in(&app.cast.ada).await;

    let answer = client.get("/").await;
    assert_eq!((answer.status, answer.location()), (303, "/w/acme/integrations"));
    assert_eq!(client.get("/sign-in").await.status, 303);
}

#[tokio::test]
async fn a_wrong_password_gives_the_form_back_without_it() {
    let app = TestApp::start();

    let answer = try_password(&app.anon(), &app.cast.ada.email, "not the password").await;

    assert_eq!(answer.status, 422);
    assert_eq!(answer.text("[role=alert]"), "E-mail or password is wrong.");
    assert_eq!(answer.form("form").value("email"), Some(app.cast.ada.email.as_str()));
    assert!(!answer.body.contains("not the password"));
    assert_eq!(answer.client_cookie("sid"), None);
}

#[tokio::test]
async fn an_unknown_address_gets_the_same_answer_as_a_wrong_password() {
    let app = TestApp::start();
    let address_out = |answer: &Answer, email: &str| answer.body.replace(email, "…");

    let known = try_password(&app.anon(), &app.cast.ada.email, "not the password").await;
    let unknown = try_password(&app.anon(), "nobody@acme.example", "not the password").await;

    assert_eq!(known.status, unknown.status);
    assert_eq!(address_out(&known, &app.cast.ada.email), address_out(&unknown, "nobody@acme.example"));
}

#[tokio::test]
async fn guessing_is_slowed_for_known_and_unknown_accounts_alike() {
    let app = with_a_clock();

    for email in [app.cast.ada.email.as_str(), "nobody@acme.example"] {
        for _ in 0..5 {
            assert_eq!(try_password(&app.anon(), email, "not the password").await.status, 422);
        }
        let slowed = try_password(&app.anon(), email, PASSWORD).await;
        assert_eq!(slowed.status, 429, "{email}");
        assert!(slowed.header("retry-after").parse::<u64>().unwrap() >= 1);
    }
    app.clock.advance(Duration::seconds(2));
    assert_eq!(try_password(&app.anon(), &app.cast.ada.email, PASSWORD).await.status, 303);
}

#[tokio::test]
async fn only_failures_count() {
    let app = with_a_clock();

    for _ in 0..8 {
        assert_eq!(try_password(&app.anon(), &app.cast.ada.email, PASSWORD).await.status, 303);
    }
}

#[tokio::test]
async fn thirty_failures_from_one_address_slow_every_account() {
    let app = with_a_clock();

    for number in 0..30 {
        try_password(&app.anon(), &format!("nobody{number}@acme.example"), "not the password").await;
    }

    assert_eq!(try_password(&app.anon(), &app.cast.ada.email, PASSWORD).await.status, 429);
    app.clock.advance(Duration::minutes(11));
    assert_eq!(try_password(&app.anon(), &app.cast.ada.email, PASSWORD).await.status, 303);
}

#[tokio::test]
async fn signing_in_begins_a_new_session() {
    let app = TestApp::start();
    let client = app.signed_in(&app.cast.ada).await;
    let before = client.cookie("sid").unwrap();

    let stranger = app.anon();
    stranger.set_cookie("sid", &before);
    app.signed_in(&app.cast.max).await;
    let token = client.get("/w/acme/profile").await.form_of("Sign out").value("csrf").unwrap().to_owned();
    let again = [("email", app.cast.ada.email.as_str()), ("password", PASSWORD), ("csrf", token.as_str())];
    assert_eq!(client.post("/sign-in", &again).await.status, 303);

    assert_ne!(client.cookie("sid").unwrap(), before);
    assert_eq!(stranger.get("/w/acme/profile").await.location(), "/sign-in?next=%2Fw%2Facme%2Fprofile");
}

#[tokio::test]
async fn one_comes_back_to_where_one_wanted_to_go() {
    let app = TestApp::start();
    let client = app.anon();

    let page = client.get("/w/acme/profile?x=1").await.follow().await;
    let answer = page.form("form").set("email", &app.cast.ada.email).set("password", PASSWORD).submit().await;

    assert_eq!(answer.location(), "/w/acme/profile?x=1");
}

#[tokio::test]
async fn the_way_back_never_leads_to_another_site() {
    let app = TestApp::start();

    for next in ["https://evil.test/", "//evil.test/", "/\\evil.test", "/%09/evil.test", "javascript:alert(1)"] {
        let page = app.anon().get(&format!("/sign-in?next={}", next.replace('\\', "%5C"))).await;
        assert!(page.texts("input[name=next]").is_empty() || next == "/%09/evil.test", "{next}");
        let fields = [("email", app.cast.ada.email.as_str()), ("password", PASSWORD), ("next", next)];
        let answer = app.anon().post("/sign-in", &fields).await;
        assert!(answer.location().starts_with('/') && !answer.location().starts_with("//"), "{next}");
        assert!(!answer.location().contains('\\'), "{next}");
    }
}

#[tokio::test]
async fn signing_out_ends_the_session_and_clears_the_cookie() {
    let app = TestApp::start();
    let client = app.signed_in(&app.cast.ada).await;
    let stolen = app.anon();
    stolen.set_cookie("sid", &client.cookie("sid").unwrap());

    let answer = client.get("/w/acme/profile").await.form_of("Sign out").submit().await;

    assert_eq!((answer.status, answer.location()), (303, "/sign-in"));
    assert_eq!(client.cookie("sid"), None);
    assert_eq!(answer.header("clear-site-data"), r#""cache", "storage""#);
    assert_eq!(stolen.get("/w/acme/profile").await.status, 303);
}

#[tokio::test]
async fn a_session_ends_when_nobody_uses_it() {
    let app = with_a_clock();
    let client = app.signed_in(&app.cast.ada).await;

    app.clock.advance(Duration::hours(11));
    assert_eq!(client.get("/w/acme/profile").await.status, 200);
    app.clock.advance(Duration::hours(13));

    assert_eq!(client.get("/w/acme/profile").await.status, 303);
}

#[tokio::test]
async fn a_forgotten_password_is_set_anew_by_a_link_that_works_once() {
    let app = TestApp::start();
    let elsewhere = app.signed_in(&app.cast.ada).await;
    let client = app.anon();

    assert_eq!(ask_for_a_link(&client, &app.cast.ada.email.to_uppercase()).await.status, 200);
    let mails = app.mails().await;
    let path = link(&mails.first().unwrap().text);
    let (first, second) = (client.get(&path).await, client.get(&path).await);
    let set = first.form("form").set("password", "roses over amsterdam").submit().await;
    let again = second.form("form").set("password", "weeds over amsterdam").submit().await;

    assert_eq!(mails.len(), 1);
    assert_eq!((set.status, set.location()), (303, "/"));
    assert!(client.get("/w/acme/profile").await.shows("Your password is set."));
    assert_eq!(again.status, 403, "the form is of a time before the person was signed in");
    assert_eq!(app.anon().get(&path).await.status, 410);
    assert_eq!(
        app.anon().post("/set-password", &[("token", "x"), ("password", "weeds over amsterdam")]).await.status,
        410
    );
    assert_eq!(elsewhere.get("/w/acme/profile").await.status, 303, "every session ends with the old password");
    assert_eq!(try_password(&app.anon(), &app.cast.ada.email, PASSWORD).await.status, 422);
    assert_eq!(try_password(&app.anon(), &app.cast.ada.email, "roses over amsterdam").await.status, 303);
}

#[tokio::test]
async fn asking_for_a_link_says_the_same_for_every_address() {
    let app = TestApp::start();

    let known = ask_for_a_link(&app.anon(), &app.cast.ada.email).await;
    let unknown = ask_for_a_link(&app.anon(), "nobody@acme.example").await;

    assert_eq!(known.status, unknown.status);
    assert_eq!(known.body.replace(&app.cast.ada.email, "…"), unknown.body.replace("nobody@acme.example", "…"));
    let mails = app.mails().await;
    assert_eq!(mails.iter().map(|mail| mail.to.email.as_str()).collect::<Vec<_>>(), [app.cast.ada.email.as_str()]);
}

#[tokio::test]
async fn only_three_mails_an_hour_go_to_one_address() {
    let app = with_a_clock();

    for _ in 0..5 {
        assert_eq!(ask_for_a_link(&app.anon(), &app.cast.ada.email).await.status, 200);
    }

    assert_eq!(app.mails().await.len(), 3);
    app.clock.advance(Duration::minutes(61));
    ask_for_a_link(&app.anon(), &app.cast.ada.email).await;
    assert_eq!(app.mails().await.len(), 1);
}

#[tokio::test]
async fn a_link_is_too_old_after_half_an_hour() {
    let app = with_a_clock();
    ask_for_a_link(&app.anon(), &app.cast.ada.email).await;
    let path = link(&app.mails().await.first().unwrap().text);

    app.clock.advance(Duration::minutes(31));

    let answer = app.anon().get(&path).await;
    assert_eq!(answer.status, 410);
    assert!(answer.shows("This link no longer works"));
}

#[tokio::test]
async fn a_password_that_anybody_would_try_is_refused_beside_its_field() {
    let app = TestApp::start();
    ask_for_a_link(&app.anon(), &app.cast.ada.email).await;
    let client = app.anon();
    let page = client.get(&link(&app.mails().await.first().unwrap().text)).await;

    let refused = page.form("form").set("password", "password123").submit().await;
    let mended = refused.form("form").set("password", "roses over amsterdam").submit().await;

    assert_eq!(refused.status, 422);
    assert!(refused.text("#password-error").contains("first that anybody would try"));
    assert_eq!(mended.status, 303);
}

#[tokio::test]
async fn looking_at_a_sign_in_link_does_not_use_it_up_and_its_button_does() {
    let app = TestApp::start();
    let token = links::create(&mut app.conn(), app.cast.max.id, Purpose::SignIn, app.clock.now()).unwrap();
    let path = format!("/sign-in/link?token={token}");
    let client = app.anon();

    for _ in 0..3 {
        assert_eq!(client.get(&path).await.text("h1"), "Sign in as Max Member");
    }
    let page = client.get(&path).await;
    assert_eq!(page.form("form").submit().await.location(), "/");

    assert_eq!(client.get("/w/acme/profile").await.status, 200);
    assert_eq!(app.anon().get(&path).await.status, 410);
    assert_eq!(app.anon().post("/sign-in/link", &[("token", token.as_str())]).await.status, 410);
}

#[tokio::test]
async fn a_link_serves_its_own_purpose_alone() {
    let app = TestApp::start();
    let conn = &mut app.conn();
    let mut make = |purpose| links::create(conn, app.cast.max.id, purpose, app.clock.now()).unwrap();
    let (to_sign_in, to_set) = (make(Purpose::SignIn), make(Purpose::SetPassword));

    assert_eq!(app.anon().get(&format!("/set-password?token={to_sign_in}")).await.status, 410);
    let fields = [("token", to_sign_in.as_str()), ("password", "roses over amsterdam")];
    assert_eq!(app.anon().post("/set-password", &fields).await.status, 410);
    assert_eq!(app.anon().get(&format!("/sign-in/link?token={to_set}")).await.status, 410);
    assert_eq!(app.anon().post("/sign-in/link", &[("token", to_set.as_str())]).await.status, 410);

    assert_eq!(app.anon().get(&format!("/set-password?token={to_set}")).await.status, 200, "it was not used up");
}

#[tokio::test]
async fn tokens_and_passwords_are_in_no_log_and_no_column() {
    let app = TestApp::start();
    ask_for_a_link(&app.anon(), &app.cast.ada.email).await;
    let mail = app.mails().await.remove(0);
    let path = link(&mail.text);
    let token = path.split_once('=').unwrap().1.to_owned();

    let page = app.anon().get(&path).await;
    page.form("form").set("password", "CANARY roses over amsterdam").submit().await;
    try_password(&app.anon(), "nobody@acme.example", "CANARY weeds over amsterdam").await;

    app.assert_no_canary(&["CANARY roses", "CANARY weeds"]).await;
    app.assert_not_logged(&[&token, &app.cast.ada.email]);
}
