//! Which mails people want: on their page, over the API, and by the link below a mail.

use http::Method;
use odeus::domain::outbox::Kind;
use odeus::domain::people::mail_preferences::links;
use serde_json::json;

use crate::agent_pages::stage::Stage;
use crate::mails::break_connections;
use crate::mails::broken_calendar;
use crate::support::TestApp;

const PAGE: &str = "/w/acme/profile/mails";

/// The path and query of the link that turns off, from the header of the only mail.
async fn link_of_the_mail(stage: &Stage) -> String {
    let mails = stage.app.mails().await;
    let [mail] = mails.as_slice() else { panic!("{mails:?}") };
    let link = mail.list_unsubscribe.clone().unwrap();
    assert!(mail.text.contains(&link), "{}", mail.text);
    link.strip_prefix("http://127.0.0.1").unwrap().to_owned()
}

#[tokio::test]
async fn a_kind_that_is_turned_off_is_not_sent_until_it_is_turned_on() {
    let stage = Stage::start().await;
    broken_calendar(&stage).await;
    let max = stage.max().await;

    let form = max.get(PAGE).await.form_of("Save");
    assert_eq!(form.untick("on", "needs_reconnect").submit().await.status, 303);
    assert!(stage.app.mails().await.is_empty(), "what waits already is not sent either");

    let saved = max.get(PAGE).await;
    assert!(saved.attribute("input[value=needs_reconnect]", "checked").is_none());
    assert!(saved.attribute("input[value=connection_attached]", "checked").is_some());
    saved.form_of("Save").tick("on", "needs_reconnect").submit().await;
    break_connections(&stage);
    assert_eq!(stage.app.mails().await.len(), 1);
}

#[tokio::test]
async fn a_mail_program_turns_a_kind_off_by_one_post_without_signing_in() {
    let stage = Stage::start().await;
    broken_calendar(&stage).await;
    let link = link_of_the_mail(&stage).await;

    // As RFC 8058 has it: no cookie, no origin, a body that says so.
    let program = stage.app.anon();
    let answer = program
        .call(Method::POST, &link)
        .without("sec-fetch-site")
        .without("origin")
        .fields(&[("List-Unsubscribe", "One-Click")])
        .send()
        .await;

    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(answer.shows("Turned off") && answer.shows("max@acme.example"));
    break_connections(&stage);
    assert!(stage.app.mails().await.is_empty());
    let said = stage.ada().await.get("/w/acme/audit?actor=max@acme.example").await;
    assert!(said.texts(".log__said").contains(&"Max Member changed which mails they get".to_owned()), "{}", said.body);
}

#[tokio::test]
async fn looking_at_the_link_turns_nothing_off_and_its_button_does() {
    let stage = Stage::start().await;
    broken_calendar(&stage).await;
    let link = link_of_the_mail(&stage).await;
    let anyone = stage.app.anon();

    let page = anyone.get(&link).await;
    break_connections(&stage);
    assert_eq!(stage.app.mails().await.len(), 1, "a scanner that looks at links changes nothing");

    assert!(page.shows("A connection needs you") && page.shows("Acme"));
    let done = page.form_of("Turn off").submit().await;
    assert!(done.shows("Turned off"), "{}", done.body);
    break_connections(&stage);
    assert!(stage.app.mails().await.is_empty());
    // Twice is as good as once.
    assert_eq!(anyone.post(&link, &[]).await.status, 200);
}

#[tokio::test]
async fn a_link_that_was_bent_turns_nothing_off() {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    let stage = Stage::start().await;
    broken_calendar(&stage).await;
    let link = link_of_the_mail(&stage).await;
    let (path, token) = link.split_once("?token=").unwrap();
    let bytes = URL_SAFE_NO_PAD.decode(token).unwrap();
    let of_another = [&bytes[..16], stage.app.cast.mia.id.uuid().as_bytes(), &bytes[32..]].concat();
    let other_kind = [&bytes[..80], b"connection_attached".as_slice()].concat();
    let other_workspace = [stage.app.cast.mallory.workspace.id.uuid().as_bytes(), &bytes[16..]].concat();
    let mut bent = bytes.clone();
    bent[70] ^= 1;

    for wrong in [of_another, other_kind, other_workspace, bent, bytes[..40].to_vec(), Vec::new()] {
        let link = format!("{path}?token={}", URL_SAFE_NO_PAD.encode(wrong));
        for method in [Method::GET, Method::POST] {
            let answer = stage.app.anon().call(method, &link).send().await;
            assert_eq!(answer.status, 404, "{link}");
        }
    }
    break_connections(&stage);
    assert_eq!(stage.app.mails().await.len(), 1);
}

#[tokio::test]
async fn no_link_turns_off_what_is_always_sent() {
    let app = TestApp::start();
    let (conn, mia) = (&mut app.conn(), &app.cast.mia);
    let links = [Kind::SharedWithYou, Kind::Invited]
        .map(|kind| links::token(conn, &app.parts.vault, mia.workspace.id, mia.id, kind).unwrap());

    let found = links.map(|token| links::find(conn, &app.parts.vault, &token).unwrap().map(|it| it.kind));

    assert_eq!(found, [Some(Kind::SharedWithYou), None]);
}

#[tokio::test]
async fn a_program_chooses_for_the_holder_of_its_token() {
    let stage = Stage::start().await;
    broken_calendar(&stage).await;
    let max = stage.app.token(&stage.app.cast.max);

    let chosen = max.json(Method::PUT, "/api/v1/me/mails", &json!({ "off": ["needs_reconnect"] })).await;
    let wrong = max.json(Method::PUT, "/api/v1/me/mails", &json!({ "off": ["password_reset"] })).await;

    assert!(stage.app.mails().await.is_empty());
    assert_eq!(chosen.status, 200, "{}", chosen.body);
    assert_eq!(max.get("/api/v1/me/mails").await.json(), chosen.json());
    let kinds = chosen.json();
    let of = |kind: &str| kinds["items"].as_array().unwrap().iter().find(|it| it["kind"] == kind).unwrap().clone();
    assert_eq!((&of("needs_reconnect")["on"], &of("connection_attached")["on"]), (&json!(false), &json!(true)));
    assert_eq!((&of("invited")["optional"], &of("invited")["on"]), (&json!(false), &json!(true)));
    assert_eq!((wrong.status, &wrong.json()["errors"][0]["field"]), (422, &json!("off[0]")));
}

#[tokio::test]
async fn the_choice_is_ones_own_and_of_one_workspace() {
    let app = TestApp::start();
    let max = app.token(&app.cast.max);
    max.json(Method::PUT, "/api/v1/me/mails", &json!({ "off": ["needs_reconnect"] })).await;

    let kinds = app.token(&app.cast.mia).get("/api/v1/me/mails").await.json();

    assert!(kinds["items"].as_array().unwrap().iter().all(|it| it["on"] == true), "{kinds}");
}
