//! The pages of connections: who sees what (R1), and what owners and admins do.

use diesel::RunQueryDsl;
use diesel::sql_query;
use diesel::sql_types::Text;
use diesel::sql_types::Uuid;
use http::Method;
use odeus::kernel::ids::ConnectionId;
use odeus::kernel::ids::ShareId;
use odeus::sandbox;
use serde_json::json;

use crate::support::cast::Person;
use crate::support::stage::CONNECTIONS;
use crate::support::stage::Stage;
use crate::support::stage::connect_crm;
use crate::support::stage::crm_key;

const EVE: &str = "eve@sandbox.example";

async fn stage() -> Stage {
    Stage::with(&["sandbox-calendar", "sandbox-crm"]).await
}

/// Shares a connection as the dialog will.
fn share(stage: &Stage, connection: &str, with: &Person, access: &str) {
    let id: ConnectionId = connection.rsplit('/').next().unwrap().parse().unwrap();
    sql_query(
        "INSERT INTO connection_shares
             (workspace_id, id, connection_id, connection_auth, grantee_user, access, created_by, created_at)
         SELECT workspace_id, $1, id, auth_type, $2, $3, owner_id, created_at FROM connections WHERE id = $4",
    )
    .bind::<Uuid, _>(ShareId::new())
    .bind::<Uuid, _>(with.id)
    .bind::<Text, _>(access)
    .bind::<Uuid, _>(id)
    .execute(&mut stage.app.conn())
    .unwrap();
}

#[tokio::test]
async fn a_connection_is_its_owners_alone_until_it_is_shared() {
    let stage = stage().await;
    let (eve, max, ada) = (stage.eve().await, stage.max().await, stage.ada().await);
    let key = connect_crm(&eve, "Sales key").await;

    for part in ["", "/name", "/secret", "/deletion"] {
        assert_eq!(max.get(&format!("{key}{part}")).await.status, 404, "{part}");
    }
    for part in ["/name", "/secret", "/tests", "/reconnect", "/state", "/deletion"] {
        assert_eq!(max.post(&format!("{key}{part}"), &[("name", "x")]).await.status, 404, "{part}");
    }
    assert!(max.get(CONNECTIONS).await.shows("No connections yet"));
    let seen = ada.get(&key).await;
    assert!(seen.shows("owned by Eve Editor") && seen.shows("Acme CRM"));
    assert!(ada.get(&format!("{CONNECTIONS}?view=all")).await.shows("Sales key"));
    assert!(max.get(&format!("{CONNECTIONS}?view=all")).await.shows("No connections yet"));
}

#[tokio::test]
async fn of_another_persons_sign_in_an_admin_sees_owner_and_state() {
    let stage = stage().await;
    let (eve, ada) = (stage.eve().await, stage.ada().await);
    let connection = stage.connect_calendar(&eve, EVE).await;
    eve.get(&connection).await.form_of("Rename").set("name", "Private matters").submit().await;

    let all = format!("{CONNECTIONS}?view=all");
    for address in [connection.as_str(), all.as_str(), "/w/acme/integrations/sandbox-calendar"] {
        let page = ada.get(address).await;
        assert!(page.shows("Eve Editor") && page.shows("Active"), "{address}");
        for hidden in [EVE, "Private matters", "calendar.read", "never used", "Last used", "Created"] {
            let is_calendars_own = hidden == "calendar.read" && address.ends_with("sandbox-calendar");
            assert!(is_calendars_own || !page.shows(hidden), "{address} shows {hidden}");
        }
    }
    assert_eq!(ada.get(&format!("{connection}/name")).await.status, 403);
    assert_eq!(ada.post(&format!("{connection}/tests"), &[]).await.status, 403);
    assert!(ada.get(&connection).await.texts("button").contains(&"Disable connection".to_owned()));
    assert!(!ada.get(&format!("{connection}/deletion")).await.shows("in the last 30 days"));
}

#[tokio::test]
async fn whoever_it_is_shared_with_sees_it_and_leaves_it_as_it_is() {
    let stage = stage().await;
    let (eve, max) = (stage.eve().await, stage.max().await);
    let key = connect_crm(&eve, "Sales key").await;

    share(&stage, &key, &stage.app.cast.max, "use");

    let page = max.get(&key).await;
    assert!(page.shows("May use it. Eve Editor owns it"));
    assert!(
        !page.texts("button").iter().any(|button| ["Test", "Rename", "Disable connection"].contains(&button.as_str()))
    );
    assert!(max.get(&format!("{CONNECTIONS}?view=shared")).await.shows("Sales key"));
    assert!(max.get("/w/acme/integrations/sandbox-crm").await.shows("may use"));
    let refused = max.get(&format!("{key}/name")).await;
    assert_eq!((refused.status, refused.shows("Only the owner can do this.")), (403, true));
    assert_eq!(max.get(&format!("{key}/deletion")).await.status, 403);
    assert!(eve.get(&key).await.shows("1 other person can act through it."));
}

#[tokio::test]
async fn a_name_is_changed_by_its_owner_and_never_empty() {
    let stage = stage().await;
    let eve = stage.eve().await;
    let key = connect_crm(&eve, "Sales key").await;

    let refused = eve.get(&format!("{key}/name")).await.form_of("Rename").set("name", "  ").submit().await;
    let answer = refused.form_of("Rename").set("name", "Key of <sales>").submit().await;

    assert_eq!((refused.status, refused.text("#name-error")), (422, "Please fill this in.".to_owned()));
    let page = answer.follow().await;
    assert_eq!(page.text("h1"), "Key of <sales>");
    assert!(page.shows("Renamed to Key of <sales>."));
}

#[tokio::test]
async fn another_secret_is_tried_before_it_takes_the_place_of_the_old_one() {
    let stage = stage().await;
    let eve = stage.eve().await;
    let key = connect_crm(&eve, "Sales key").await;
    let other = sandbox::CRM_KEYS[1].key;

    let refused = eve.get(&format!("{key}/secret")).await.form_of("Replace").set("key", "CANARY-no").submit().await;
    let still = eve.get(&key).await.form_of("Test").submit().await;
    let answer = refused.form_of("Replace").set("key", other).submit().await;

    assert_eq!(refused.status, 422);
    assert!(refused.text("#form-errors").contains("The old secret is still there."));
    assert!(still.shows("Test passed"));
    let page = answer.follow().await;
    assert!(page.shows("Replaced. It was tried, and it works."));
    assert_eq!(eve.get(&key).await.text("h1"), "Sales key");
    stage.app.assert_no_canary(&["CANARY-no", crm_key(), other]).await;
}

#[tokio::test]
async fn a_test_says_in_the_providers_words_what_is_wrong() {
    let stage = stage().await;
    let eve = stage.eve().await;
    let key = connect_crm(&eve, "Sales key").await;
    let test = async || eve.get(&key).await.form_of("Test").submit().await;

    stage.outside.pull("fail?status=401&path=/crm&error=key_revoked").await;
    let refused = test().await;
    let works = test().await;

    assert!(refused.shows("Test failed") && refused.shows("did not accept this (status 401)"), "{}", refused.body);
    assert!(works.shows("Test passed") && works.shows("Last usedjust now"), "{:?}", works.texts("main"));
    assert_eq!(eve.get(&format!("{key}/tests")).await.location(), key);
}

#[tokio::test]
async fn the_test_of_a_sign_in_renews_its_access_once() {
    let stage = stage().await;
    let eve = stage.eve().await;
    let connection = stage.connect_calendar(&eve, EVE).await;

    stage.outside.pull("expire-tokens").await;
    let works = eve.get(&connection).await.form_of("Test").submit().await;
    stage.outside.pull(&format!("revoke/{EVE}")).await;
    let dead = eve.get(&connection).await.form_of("Test").submit().await;

    assert!(works.shows("It works, as eve@sandbox.example."), "{}", works.body);
    assert!(dead.shows("Test failed") && dead.shows("Needs reconnect"), "{}", dead.body);
    assert_eq!(dead.form_of("Reconnect").action(), format!("{connection}/reconnect"));
    assert!(eve.get(CONNECTIONS).await.shows("Sandbox Calendar needs you"));
    assert!(eve.get("/w/acme/integrations").await.shows("Sandbox Calendar needs you"));
    assert_eq!(stage.app.mails().await.len(), 1);
}

#[tokio::test]
async fn what_is_disabled_is_not_tested_and_can_be_enabled_again() {
    let stage = stage().await;
    let (eve, ada) = (stage.eve().await, stage.ada().await);
    let key = connect_crm(&eve, "Sales key").await;
    let test = eve.get(&key).await.form_of("Test");

    let disabled = ada.get(&key).await.form_of("Disable connection").submit().await;
    let calls = stage.outside.received().len();
    let refused = test.submit().await;

    assert_eq!(disabled.location(), key);
    assert!(refused.shows("It is switched off, so nothing was tried."));
    assert_eq!(stage.outside.received().len(), calls);
    let page = eve.get(&key).await.form_of("Enable connection").submit().await.follow().await;
    assert!(page.shows("Enabled.") && page.texts("button").contains(&"Test".to_owned()));
}

#[tokio::test]
async fn a_deletion_says_first_what_stops_working() {
    let stage = stage().await;
    let (eve, ada) = (stage.eve().await, stage.ada().await);
    let key = connect_crm(&eve, "Sales key").await;
    let id = key.rsplit('/').next().unwrap();
    let program = stage.app.token(&stage.app.cast.eve);
    let agent = program.json(Method::POST, "/api/v1/agents", &json!({ "name": "Sales assistant" })).await.json();
    let agent = agent["id"].as_str().unwrap().to_owned();
    let action = json!({
        "integration": "sandbox-crm", "action": "listContacts", "credentials": "preselected", "connection_id": id,
    });
    let attached = program.json(Method::POST, &format!("/api/v1/agents/{agent}/actions"), &action).await;
    assert_eq!(attached.status, 201, "{}", attached.body);
    share(&stage, &key, &stage.app.cast.max, "attach");

    let hers = eve.get(&format!("{key}/deletion")).await;
    let admins = ada.get(&format!("{key}/deletion")).await;

    assert!(hers.shows("Sales assistant") && hers.shows("1 on 1 agent") && hers.shows("1 share"));
    assert!(hers.shows("1 other person can no longer act through it"));
    assert!(admins.shows("1 agent that you cannot see") && !admins.shows("Sales assistant"));
    assert!(eve.get(&key).await.shows("Sales assistant"), "nothing is deleted yet");
    let gone = hers.form_of("Delete connection").submit().await.follow().await;
    assert!(gone.shows("Sales key is deleted.") && gone.shows("No connections yet"));
    assert_eq!(eve.get(&key).await.status, 404);
}

#[tokio::test]
async fn lists_are_narrowed_by_integration_and_state() {
    let stage = stage().await;
    let eve = stage.eve().await;
    connect_crm(&eve, "Sales key").await;
    let other = connect_crm(&eve, "Support key").await;
    stage.connect_calendar(&eve, EVE).await;
    eve.get(&other).await.form_of("Disable connection").submit().await;
    let found = async |query: &str| eve.get(&format!("{CONNECTIONS}{query}")).await.texts(".row__title");

    assert_eq!(found("").await, ["Sandbox Calendar", "Support key", "Sales key"]);
    assert_eq!(found("?integration=sandbox-crm").await, ["Support key", "Sales key"]);
    assert_eq!(found("?integration=sandbox-crm&status=active").await, ["Sales key"]);
    assert_eq!(found("?status=nonsense&view=nonsense&cursor=nonsense").await.len(), 3);
    assert!(eve.get(&format!("{CONNECTIONS}?status=suspended")).await.shows("Nothing matches"));
}
