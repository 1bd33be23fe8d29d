//! What an admin sees of the mails, and sending one again.

use chrono::Duration;
use http::Method;
use odeus::jobs::send_mail;
use odeus::kernel::clock::Clock;
use odeus::mail::transport::MailSettings;
use odeus::mail::transport::Transport;
use odeus::mail::transport::Way;
use serde_json::Value;
use serde_json::json;

use crate::agent_pages::stage::Stage;
use crate::agent_pages::stage::hrefs;
use crate::mails::broken_calendar;
use crate::mails::enqueue_hopeless;
use crate::support::Options;
use crate::support::TestApp;

const PAGE: &str = "/w/acme/mails";

/// Tries to send everything to a mail server that is not there.
async fn send_into_the_void(app: &TestApp) {
    let way = Way::Smtp("smtp://127.0.0.1:1".to_owned());
    let mut work = app.parts.mail_job();
    work.transport = Transport::new(MailSettings { from: "odeus@odeus.example".to_owned(), way }).unwrap();
    send_mail::once(&work).await;
}

#[tokio::test]
async fn an_admin_sees_what_waits_what_was_sent_and_what_failed_and_why() {
    let stage = Stage::start().await;
    broken_calendar(&stage).await;
    enqueue_hopeless(&stage.app, &stage.app.cast.mia, "hopeless");
    send_into_the_void(&stage.app).await;
    let ada = stage.ada().await;
    let states = async |progress: &str| {
        let page = ada.get(&format!("{PAGE}?progress={progress}")).await;
        assert_eq!(page.status, 200);
        page.texts("tbody tr")
    };

    let waiting = states("waiting").await;
    let failed = states("failed").await;

    assert_eq!((waiting.len(), failed.len(), states("sent").await.len()), (1, 1, 0));
    assert!(waiting[0].contains("A connection needs you") && waiting[0].contains("max@acme.example"), "{waiting:?}");
    assert!(waiting[0].contains("the connection to the mail server failed at the greeting"), "{waiting:?}");
    assert!(failed[0].contains("the mail's row does not hold what its letter needs"), "{failed:?}");
    crate::mails::break_connections(&stage);
    stage.app.mails().await;
    assert_eq!(states("sent").await.len(), 1);
    assert_eq!(ada.get(PAGE).await.texts("tbody tr").len(), 3);
    // The first still waits for its next try.
    ada.get(&format!("{PAGE}?progress=waiting")).await.form_of("Send again").submit().await;
    assert_eq!(stage.app.mails().await.len(), 1);
}

#[tokio::test]
async fn a_mail_that_was_given_up_is_sent_again_under_the_same_id() {
    let clock = Clock::frozen(Clock::system().now());
    let app = TestApp::with(Options { clock: Some(clock.clone()), ..Options::default() });
    enqueue_hopeless(&app, &app.cast.mia, "hopeless");
    let ada = app.token(&app.cast.ada);
    app.mails().await;
    let failed = ada.get("/api/v1/mails?status=failed").await.json()["items"][0].clone();
    clock.advance(Duration::minutes(1));

    let path = format!("/api/v1/mails/{}/retries", failed["id"].as_str().unwrap());
    let again = ada.call(Method::POST, &path).send().await;

    assert_eq!(again.status, 200, "{}", again.body);
    assert_eq!((&again.json()["status"], &again.json()["attempts"]), (&json!("waiting"), &json!(0)));
    assert_eq!(again.json()["id"], failed["id"]);
    app.mails().await;
    let tried = ada.get("/api/v1/mails").await.json()["items"][0].clone();
    assert_eq!((&tried["status"], &tried["attempts"]), (&json!("failed"), &json!(1)));
    let log = ada.get("/api/v1/audit?kind=mail").await.json();
    assert_eq!(log["items"][0]["action"], "mail.retried");
}

#[tokio::test]
async fn what_has_arrived_is_not_sent_again() {
    let stage = Stage::start().await;
    broken_calendar(&stage).await;
    assert_eq!(stage.app.mails().await.len(), 1);
    let ada = stage.app.token(&stage.app.cast.ada);
    let sent = ada.get("/api/v1/mails").await.json()["items"][0].clone();

    let again = ada.call(Method::POST, &format!("/api/v1/mails/{}/retries", sent["id"].as_str().unwrap())).send().await;

    assert_eq!((again.status, &again.json()["code"]), (409, &json!("nothing_to_send")));
    assert!(stage.app.mails().await.is_empty());
    assert!(stage.ada().await.get(PAGE).await.texts("tbody button").is_empty());
}

#[tokio::test]
async fn nobody_sees_what_a_mail_says_and_no_workspace_anothers_mails() {
    let app = TestApp::start();
    enqueue_hopeless(&app, &app.cast.mia, "hopeless");
    app.mails().await;
    let (ada, mallory) = (app.token(&app.cast.ada), app.token(&app.cast.mallory));
    let mail = ada.get("/api/v1/mails").await.json()["items"][0].clone();

    let foreign = format!("/api/v1/mails/{}/retries", mail["id"].as_str().unwrap());
    assert_eq!(mallory.get("/api/v1/mails").await.json()["items"], json!([]));
    assert_eq!(mallory.call(Method::POST, &foreign).send().await.status, 404);
    assert_eq!(app.token(&app.cast.eve).get("/api/v1/mails").await.status, 403);
    let said =
        format!("{}{}", app.signed_in(&app.cast.ada).await.get(PAGE).await.body, ada.get("/api/v1/mails").await.body);
    assert!(!said.contains("CANARY"), "{said}");
}

#[tokio::test]
async fn a_forgotten_password_is_no_admins_business() {
    let app = TestApp::start();
    app.anon().get("/forgot-password").await.form("form").set("email", "mia@acme.example").submit().await;

    let listed = app.token(&app.cast.ada).get("/api/v1/mails").await.json();

    assert_eq!(listed["items"], json!([]));
    assert_eq!(app.mails().await.len(), 1);
}

#[tokio::test]
async fn many_mails_come_in_pages() {
    let app = TestApp::start();
    for number in 0..60 {
        enqueue_hopeless(&app, &app.cast.mia, &format!("hopeless {number}"));
    }
    app.mails().await;
    let ada = app.signed_in(&app.cast.ada).await;

    let first = ada.get(&format!("{PAGE}?progress=failed")).await;
    let second = ada.get(&hrefs(&first, "a[rel=next]").remove(0)).await;

    assert_eq!((first.texts("tbody tr").len(), second.texts("tbody tr").len()), (50, 10));
    let program = app.token(&app.cast.ada);
    let page: Value = program.get("/api/v1/mails?limit=7&status=failed").await.json();
    assert_eq!(page["items"].as_array().unwrap().len(), 7);
    assert!(page["next"].is_string());
}
