//! The person's own page: password, sessions, tokens.

use http::Method;

use crate::support::TestApp;
use crate::support::cast::PASSWORD;

const PROFILE: &str = "/w/acme/profile";

#[tokio::test]
async fn the_page_says_who_one_is_and_where_one_is_signed_in() {
    let app = TestApp::start();
    app.signed_in(&app.cast.ada).await;
    let ada = app.signed_in(&app.cast.ada).await;

    let page = ada.get(PROFILE).await;

    assert!(page.shows("Ada Admin · ada@acme.example"));
    assert_eq!(page.text("#sessions-title .count"), "2");
    assert_eq!(page.text(".nav__item[aria-current=page], .whoami [aria-current=page] .strong"), "Ada Admin");
}

#[tokio::test]
async fn changing_the_password_asks_the_old_one_and_ends_the_other_sessions() {
    let app = TestApp::start();
    let (elsewhere, ada) = (app.signed_in(&app.cast.ada).await, app.signed_in(&app.cast.ada).await);
    let before = ada.cookie("sid").unwrap();
    let change = async |old: &str, new: &str| {
        let form = ada.get(PROFILE).await.form_of("Change password");
        form.set("current_password", old).set("password", new).submit().await
    };

    let wrong = change("not the password", "roses over amsterdam").await;
    let common = change(PASSWORD, "password123").await;
    assert_eq!((wrong.status, common.status), (422, 422));
    assert_eq!(wrong.text("#current_password-error"), "This is not your current password.");
    assert_eq!(elsewhere.get(PROFILE).await.status, 200);

    let changed = change(PASSWORD, "roses over amsterdam").await.follow().await;
    assert!(changed.shows("Your password is changed."));
    assert_ne!(ada.cookie("sid").unwrap(), before);
    assert_eq!(elsewhere.get(PROFILE).await.status, 303);
    let fields = [("email", app.cast.ada.email.as_str()), ("password", "roses over amsterdam")];
    assert_eq!(app.anon().post("/sign-in", &fields).await.status, 303);
}

#[tokio::test]
async fn one_session_can_be_ended_and_all_others_at_once() {
    let app = TestApp::start();
    let (first, second, ada) =
        (app.signed_in(&app.cast.ada).await, app.signed_in(&app.cast.ada).await, app.signed_in(&app.cast.ada).await);
    let max = app.signed_in(&app.cast.max).await;

    let page = ada.get(PROFILE).await.form("[action$='/profile/sessions/deletion']").submit().await.follow().await;
    assert!(page.shows("That session is signed out."));
    assert_eq!(page.text("#sessions-title .count"), "2");
    let living = [first.get(PROFILE).await.status, second.get(PROFILE).await.status];
    assert_eq!(living.iter().filter(|status| **status == 200).count(), 1);

    let page = ada.get(PROFILE).await.form_of("Sign out everywhere else").submit().await.follow().await;
    assert_eq!(page.text("#sessions-title .count"), "1");
    assert_eq!((first.get(PROFILE).await.status, second.get(PROFILE).await.status), (303, 303));
    assert_eq!(max.get(PROFILE).await.status, 200);
}

#[tokio::test]
async fn nobody_ends_another_persons_session_or_token() {
    let app = TestApp::start();
    let (ada, max) = (app.signed_in(&app.cast.ada).await, app.signed_in(&app.cast.max).await);
    app.signed_in(&app.cast.ada).await;
    let page = ada.get(PROFILE).await;
    let session = page.form("[action$='/profile/sessions/deletion']").value("session").unwrap().to_owned();
    let made = page.form_of("Create token").set("token_name", "reporting").submit().await;
    let token = made.form_of("Revoke reporting").value("token").unwrap().to_owned();
    let csrf = max.get(PROFILE).await.form_of("Sign out").value("csrf").unwrap().to_owned();

    max.post("/w/acme/profile/sessions/deletion", &[("session", &session), ("csrf", &csrf)]).await;
    max.post("/w/acme/profile/tokens/deletion", &[("token", &token), ("csrf", &csrf)]).await;

    let page = ada.get(PROFILE).await;
    assert_eq!(page.text("#sessions-title .count"), "2");
    assert_eq!(page.text("#tokens-title .count"), "1");
}

#[tokio::test]
async fn a_session_that_was_ended_does_not_come_back_by_its_own_last_request() {
    let app = TestApp::start();
    let ada = app.signed_in(&app.cast.ada).await;
    app.signed_in(&app.cast.ada).await;
    let page = ada.get(PROFILE).await;
    let csrf = page.form_of("Sign out").value("csrf").unwrap().to_owned();
    let own = app.session_of(&ada);

    ada.post("/w/acme/profile/sessions/deletion", &[("session", &own), ("csrf", &csrf)]).await;

    assert_eq!(ada.get(PROFILE).await.status, 303);
}

#[tokio::test]
async fn a_token_is_shown_once_and_stops_working_when_it_is_revoked() {
    let app = TestApp::start();
    let ada = app.signed_in(&app.cast.ada).await;

    let made = ada.get(PROFILE).await.form_of("Create token").set("token_name", "reporting").submit().await;
    let token = made.text("#new-token");
    assert_eq!(made.status, 201);
    assert!(token.starts_with("odeus_") && token.len() > 40, "{token}");
    assert!(!ada.get(PROFILE).await.body.contains(&token));

    let call = async || {
        let call = app.anon().call(Method::GET, "/api/v1/me").header("authorization", &format!("Bearer {token}"));
        call.send().await.status
    };
    let before = call().await;
    let page = ada.get(PROFILE).await.form_of("Revoke reporting").submit().await.follow().await;
    assert!(page.shows("The token is revoked."));
    assert_ne!(before, 401);
    // Until the API has its routes, an address there is unknown to everyone.
    assert!(matches!((before, call().await), (200, 401) | (404, 404)));
    app.assert_not_stored(&[&token]);
    app.assert_not_logged(&[&token]);
}

#[tokio::test]
async fn a_token_needs_a_name() {
    let app = TestApp::start();
    let ada = app.signed_in(&app.cast.ada).await;

    let refused = ada.get(PROFILE).await.form_of("Create token").set("token_name", "  ").submit().await;

    assert_eq!(refused.status, 422);
    assert_eq!(refused.text("#token_name-error"), "Please fill this in.");
}

#[tokio::test]
async fn a_member_who_was_deactivated_is_out_at_once() {
    use diesel::RunQueryDsl;

    let app = TestApp::start();
    let max = app.signed_in(&app.cast.max).await;
    assert_eq!(max.get(PROFILE).await.status, 200);

    diesel::sql_query("UPDATE memberships SET status = 'deactivated' WHERE user_id = $1")
        .bind::<diesel::sql_types::Uuid, _>(app.cast.max.id)
        .execute(&mut app.conn())
        .unwrap();

    assert_eq!(max.get(PROFILE).await.status, 404);
    assert!(max.get("/").await.shows("You are in no workspace"));
}
