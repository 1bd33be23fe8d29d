//! Who a token acts as.

use odeus::domain::people::tokens;
use serde_json::json;

use crate::api::stage::problem;
use crate::api::stage::shown;
use crate::support::TestApp;

#[tokio::test]
async fn a_token_says_whose_it_is_and_what_they_may_do() {
    let app = TestApp::start();
    let (eve, acme) = (&app.cast.eve, &app.cast.acme);

    let me = shown(&app.token(eve).get("/api/v1/me").await);

    assert_eq!(
        me,
        json!({
            "user": { "id": eve.id.to_string(), "name": "Eve Editor", "email": "eve@acme.example" },
            "workspace": { "id": acme.id.to_string(), "slug": "acme", "name": "Acme" },
            "role": "editor",
            "permissions": ["createAgents", "createIntegrations", "configurePreselectedConnections"],
        })
    );
}

#[tokio::test]
async fn a_member_holds_less_than_an_admin() {
    let app = TestApp::start();

    let permissions = async |person| shown(&app.token(person).get("/api/v1/me").await)["permissions"].clone();

    assert_eq!(permissions(&app.cast.max).await, json!(["createAgents"]));
    assert_eq!(permissions(&app.cast.ada).await, permissions(&app.cast.eve).await);
}

#[tokio::test]
async fn without_a_token_that_is_known_there_is_nothing() {
    let app = TestApp::start();
    let program = app.token(&app.cast.ada);

    for header in ["", "Bearer odeus_nonsense", "Basic b2RldXM6eA==", "Bearer"] {
        let answer = program.call(http::Method::GET, "/api/v1/me").header("authorization", header).send().await;

        problem(&answer, 401, "unauthorized");
        assert_eq!(answer.header("www-authenticate"), "Bearer");
    }
}

#[tokio::test]
async fn a_session_is_no_token() {
    let app = TestApp::start();
    let browser = app.signed_in(&app.cast.ada).await;

    problem(&browser.get("/api/v1/me").await, 401, "unauthorized");
}

#[tokio::test]
async fn a_token_that_was_revoked_is_out() {
    let app = TestApp::start();
    let program = app.token(&app.cast.ada);
    shown(&program.get("/api/v1/me").await);

    let actor = app.cast.ada.actor(&mut app.conn(), app.clock.now());
    let token = tokens::list(&mut app.conn(), &actor).unwrap().remove(0);
    tokens::remove(&mut app.conn(), &actor, token.id).unwrap();

    problem(&program.get("/api/v1/me").await, 401, "unauthorized");
}
