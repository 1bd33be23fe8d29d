//! OAuth connections over the API: made in a browser, used and looked at by programs, never shared and never attached by
//! others.

use http::Method;
use serde_json::Value;
use serde_json::json;

use crate::api::stage::AGENTS;
use crate::api::stage::CONNECTIONS;
use crate::api::stage::agent_with;
use crate::api::stage::id;
use crate::api::stage::items;
use crate::api::stage::problem;
use crate::api::stage::shown;
use crate::support::stage::Stage;

const MAX: &str = "max@sandbox.example";

/// Max's calendar, connected in his browser.
async fn connected() -> (Stage, Value) {
    let stage = Stage::with(&["sandbox-calendar"]).await;
    stage.connect_calendar(&stage.max().await, MAX).await;
    let connection = items(&stage.app.token(&stage.app.cast.max).get(CONNECTIONS).await).remove(0);
    (stage, connection)
}

#[tokio::test]
async fn a_program_acts_through_what_its_person_connected() {
    let (stage, connection) = connected().await;
    let max = stage.app.token(&stage.app.cast.max);
    assert_eq!((&connection["auth_type"], &connection["account"]), (&json!("oauth"), &json!(MAX)));
    let list = json!({ "integration": "sandbox-calendar", "action": "listEvents" });
    let (agent, action) = agent_with(&max, &list).await;
    let runs = format!("{AGENTS}/{agent}/actions/{action}/runs");

    let done = shown(&max.json(Method::POST, &runs, &json!({})).await);
    assert_eq!(done["response"]["body"]["calendar"], MAX);
    stage.outside.pull("expire-tokens").await;
    let renewed = shown(&max.json(Method::POST, &runs, &json!({})).await);
    assert_eq!(renewed["status"], "succeeded");

    stage.outside.pull(&format!("revoke/{MAX}")).await;
    let dead = problem(&max.json(Method::POST, &runs, &json!({})).await, 409, "reconnect_required");
    assert_eq!(dead["connection_id"], connection["id"]);
    let shown_now = shown(&max.get(&format!("{CONNECTIONS}/{}", id(&connection))).await);
    assert_eq!(shown_now["status"], "needs_reconnect");
    stage.app.mails().await;
}

#[tokio::test]
async fn of_anothers_account_an_admin_sees_integration_owner_and_state_alone() {
    let (stage, connection) = connected().await;
    let (ada, path) = (stage.app.token(&stage.app.cast.ada), format!("{CONNECTIONS}/{}", id(&connection)));

    let seen = shown(&ada.get(&path).await);

    assert_eq!((&seen["account"], &seen["scopes"]), (&Value::Null, &json!([])));
    assert_eq!((&seen["owner"]["name"], &seen["status"]), (&json!("Max Member"), &json!("active")));
    assert!(!seen.to_string().contains(MAX));
    assert_eq!(items(&ada.get(CONNECTIONS).await), [seen]);
    let attach = json!({
        "integration": "sandbox-calendar", "action": "listEvents", "credentials": "preselected",
        "connection_id": connection["id"],
    });
    let agent = format!(
        "{AGENTS}/{}/actions",
        agent_with(&ada, &json!({ "integration": "sandbox-calendar", "action": "getOwner" })).await.0
    );
    let refused = problem(&ada.json(Method::POST, &agent, &attach).await, 403, "forbidden");
    assert!(refused["detail"].as_str().unwrap().contains("OAuth"));
}

#[tokio::test]
async fn its_credential_is_replaced_in_the_browser() {
    let (stage, connection) = connected().await;
    let max = stage.app.token(&stage.app.cast.max);
    let path = format!("{CONNECTIONS}/{}", id(&connection));

    let answer = max.json(Method::PATCH, &path, &json!({ "fields": { "token": "CANARY-token" } })).await;

    let page = stage.app.parts.public.absolute(&format!("/w/acme/connections/{}", id(&connection)));
    assert_eq!(problem(&answer, 409, "browser_required")["connect_url"], page);
    assert_eq!(shown(&max.json(Method::PATCH, &path, &json!({ "name": "Mine" })).await)["name"], "Mine");
    stage.app.assert_no_canary(&["CANARY-token"]).await;
}
