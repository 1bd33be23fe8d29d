//! Agents: made, shared, and given actions with whose credentials they use.

use http::Method;
use serde_json::Value;
use serde_json::json;

use crate::api::stage::AGENTS;
use crate::api::stage::INTEGRATIONS;
use crate::api::stage::Stage;
use crate::api::stage::agent_with;
use crate::api::stage::connect_crm;
use crate::api::stage::id;
use crate::api::stage::items;
use crate::api::stage::made;
use crate::api::stage::members;
use crate::api::stage::pluck;
use crate::api::stage::problem;
use crate::api::stage::shown;
use crate::api::stage::wrong_fields;
use crate::support::Client;
use crate::support::TestApp;
use crate::support::cast::Person;

async fn agent(client: &Client, name: &str) -> String {
    let made = made(&client.json(Method::POST, AGENTS, &json!({ "name": name })).await);
    format!("{AGENTS}/{}", id(&made))
}

async fn share(client: &Client, agent: &str, with: &Person, access: &str) -> Value {
    let body = json!({ "grantee": { "type": "user", "id": with.id.to_string() }, "access": access });
    made(&client.json(Method::POST, &format!("{agent}/shares"), &body).await)
}

fn list_contacts() -> Value {
    json!({ "integration": "sandbox-crm", "action": "listContacts" })
}

#[tokio::test]
async fn an_agent_is_made_changed_and_deleted() {
    let app = TestApp::start();
    let max = app.token(&app.cast.max);
    let body = json!({ "name": " Helper ", "description": "Helps", "instructions": "Be kind.", "enabled": false });

    let agent = made(&max.json(Method::POST, AGENTS, &body).await);

    assert_eq!(
        members(&agent),
        [
            "access",
            "action_count",
            "created_at",
            "description",
            "enabled",
            "id",
            "instructions",
            "name",
            "owner",
            "updated_at"
        ]
    );
    assert_eq!(
        (&agent["name"], &agent["enabled"], &agent["access"]),
        (&json!("Helper"), &json!(false), &json!("edit"))
    );
    assert_eq!(agent["owner"], json!({ "id": app.cast.max.id.to_string(), "name": "Max Member" }));
    let path = format!("{AGENTS}/{}", id(&agent));
    assert_eq!(shown(&max.get(&path).await), agent);

    let changed = shown(&max.json(Method::PATCH, &path, &json!({ "enabled": true, "description": "" })).await);
    assert_eq!((&changed["enabled"], &changed["description"]), (&json!(true), &json!("")));
    assert_eq!(changed["instructions"], "Be kind.", "what is not given stays");

    assert_eq!(max.call(Method::DELETE, &path).send().await.status, 204);
    problem(&max.get(&path).await, 404, "not_found");
}

#[tokio::test]
async fn what_an_agent_is_called_must_be_readable() {
    let app = TestApp::start();
    let max = app.token(&app.cast.max);

    for (body, field) in [
        (json!({ "name": "" }), "name"),
        (json!({ "name": "x".repeat(101) }), "name"),
        (json!({ "name": "A", "description": "x".repeat(501) }), "description"),
        (json!({ "name": "A", "instructions": "a\u{0}b" }), "instructions"),
    ] {
        assert_eq!(wrong_fields(&max.json(Method::POST, AGENTS, &body).await), [field]);
    }
    assert!(items(&max.get(AGENTS).await).is_empty());
}

#[tokio::test]
async fn an_agent_is_its_makers_secret_until_it_is_shared() {
    let stage = Stage::with(&["sandbox-crm"]).await;
    let max = stage.max();
    let agent = agent(&max, "Private").await;

    for client in [stage.ada(), stage.mia(), stage.mallory()] {
        assert!(items(&client.get(AGENTS).await).is_empty());
        for path in [agent.clone(), format!("{agent}/actions"), format!("{agent}/shares")] {
            problem(&client.get(&path).await, 404, "not_found");
        }
        problem(&client.json(Method::PATCH, &agent, &json!({ "name": "Mine" })).await, 404, "not_found");
        problem(&client.call(Method::DELETE, &agent).send().await, 404, "not_found");
        problem(&client.json(Method::POST, &format!("{agent}/actions"), &list_contacts()).await, 404, "not_found");
    }
    assert_eq!(pluck(&items(&max.get(AGENTS).await), "name"), ["Private"]);
}

#[tokio::test]
async fn use_is_not_edit() {
    let stage = Stage::with(&["sandbox-crm"]).await;
    let (max, mia) = (stage.max(), stage.mia());
    let agent = agent(&max, "Shared").await;
    let use_share = share(&max, &agent, &stage.app.cast.mia, "use").await;

    assert_eq!(shown(&mia.get(&agent).await)["access"], "use");
    assert!(items(&mia.get(&format!("{agent}/actions")).await).is_empty());
    problem(&mia.json(Method::PATCH, &agent, &json!({ "name": "Mine" })).await, 403, "forbidden");
    problem(&mia.json(Method::POST, &format!("{agent}/actions"), &list_contacts()).await, 403, "forbidden");
    problem(&mia.get(&format!("{agent}/shares")).await, 403, "forbidden");
    problem(&mia.call(Method::DELETE, &format!("{agent}/shares/{}", id(&use_share))).send().await, 403, "forbidden");
    problem(&mia.call(Method::DELETE, &agent).send().await, 403, "forbidden");

    assert_eq!(max.call(Method::DELETE, &format!("{agent}/shares/{}", id(&use_share))).send().await.status, 204);
    problem(&mia.get(&agent).await, 404, "not_found");
    share(&max, &agent, &stage.app.cast.mia, "edit").await;
    made(&mia.json(Method::POST, &format!("{agent}/actions"), &list_contacts()).await);
    problem(&mia.call(Method::DELETE, &agent).send().await, 403, "forbidden");
    stage.app.mails().await;
}

#[tokio::test]
async fn shares_have_their_shape_and_their_limits() {
    let app = TestApp::start();
    let max = app.token(&app.cast.max);
    let agent = agent(&max, "Shared").await;
    let shares = format!("{agent}/shares");

    let made_share = share(&max, &agent, &app.cast.mia, "use").await;
    assert_eq!(members(&made_share), ["access", "created_at", "created_by", "grantee", "id"]);
    let mia = app.cast.mia.id.to_string();
    assert_eq!(made_share["grantee"], json!({ "type": "user", "id": mia, "name": "Mia Member" }));
    let everyone = json!({ "grantee": { "type": "workspace" }, "access": "use" });
    let workspace = made(&max.json(Method::POST, &shares, &everyone).await);
    assert_eq!(workspace["grantee"], json!({ "type": "workspace", "id": null, "name": null }));
    assert_eq!(items(&max.get(&shares).await), [workspace, made_share.clone()]);

    problem(&max.json(Method::POST, &shares, &everyone).await, 409, "already_shared");
    let with = |person: &Person| json!({ "grantee": { "type": "user", "id": person.id.to_string() }, "access": "use" });
    for stranger in [&app.cast.mallory, &app.cast.max] {
        assert_eq!(wrong_fields(&max.json(Method::POST, &shares, &with(stranger)).await), ["grantee"]);
    }
    let no_access = json!({ "grantee": { "type": "workspace" }, "access": "attach" });
    assert_eq!(wrong_fields(&max.json(Method::POST, &shares, &no_access).await), ["access"]);
    // A share is a part of its own agent and of no other.
    let other = self::agent(&max, "Other").await;
    problem(&max.call(Method::DELETE, &format!("{other}/shares/{}", id(&made_share))).send().await, 404, "not_found");
    problem(&max.call(Method::DELETE, &format!("{shares}/7")).send().await, 404, "not_found");
    app.mails().await;
}

#[tokio::test]
async fn an_action_says_what_it_takes_and_whose_credential_it_uses() {
    let stage = Stage::with(&["sandbox-crm"]).await;
    let max = stage.max();
    let agent = agent(&max, "Helper").await;

    let read = made(&max.json(Method::POST, &format!("{agent}/actions"), &list_contacts()).await);
    let create = json!({ "integration": "sandbox-crm", "action": "createContact" });
    let write = made(&max.json(Method::POST, &format!("{agent}/actions"), &create).await);

    assert_eq!(
        members(&read),
        [
            "action",
            "connection",
            "created_at",
            "credentials",
            "description",
            "effect",
            "id",
            "input_schema",
            "integration",
            "name",
            "requires_confirmation",
            "trouble"
        ]
    );
    assert_eq!((&read["credentials"], &read["connection"]), (&json!("own"), &Value::Null));
    assert_eq!((&read["effect"], &read["requires_confirmation"]), (&json!("read"), &json!(false)));
    assert_eq!((&write["effect"], &write["requires_confirmation"]), (&json!("write"), &json!(true)));
    assert_eq!(write["input_schema"]["required"], json!(["name", "email"]));
    assert_eq!(items(&max.get(&format!("{agent}/actions")).await), [read.clone(), write]);
    assert_eq!(shown(&max.get(&agent).await)["action_count"], 2);
    problem(&max.json(Method::POST, &format!("{agent}/actions"), &list_contacts()).await, 409, "already_there");

    let path = format!("{agent}/actions/{}", id(&read));
    let changed = shown(&max.json(Method::PATCH, &path, &json!({ "requires_confirmation": true })).await);
    assert_eq!(changed["requires_confirmation"], true);
    assert_eq!(wrong_fields(&max.json(Method::PATCH, &path, &json!({ "action": "createContact" })).await), ["action"]);
    // An action is a part of its own agent and of no other.
    let other = self::agent(&max, "Other").await;
    problem(&max.get(&format!("{other}/actions/{}", id(&read))).await, 404, "not_found");
    assert_eq!(max.call(Method::DELETE, &path).send().await.status, 204);
    problem(&max.get(&path).await, 404, "not_found");
}

#[tokio::test]
async fn only_what_the_editor_reaches_can_be_put_on_an_agent() {
    let stage = Stage::with(&["sandbox-crm"]).await;
    let max = stage.max();
    let actions = format!("{}/actions", agent(&max, "Helper").await);
    let add = async |integration: &str, action: &str| {
        max.json(Method::POST, &actions, &json!({ "integration": integration, "action": action })).await
    };

    problem(&add("no-such-thing", "ping").await, 404, "not_found");
    assert_eq!(wrong_fields(&add("sandbox-crm", "ping").await), ["action"]);
    let off = json!({ "enabled": false });
    shown(&stage.ada().json(Method::PATCH, &format!("{INTEGRATIONS}/sandbox-crm"), &off).await);
    problem(&add("sandbox-crm", "listContacts").await, 404, "not_found");
}

#[tokio::test]
async fn preselecting_needs_the_permission_and_a_right_to_the_connection() {
    let stage = Stage::with(&["sandbox-crm", "sandbox-holidays"]).await;
    let (eve, max) = (stage.eve(), stage.max());
    let (of_eve, of_max) = (connect_crm(&eve, "Of Eve").await, connect_crm(&max, "Of Max").await);
    let preselected = |connection: &Value| {
        json!({
            "integration": "sandbox-crm", "action": "listContacts", "credentials": "preselected",
            "connection_id": connection["id"],
        })
    };
    let for_eve = format!("{}/actions", agent(&eve, "Of Eve").await);
    let for_max = format!("{}/actions", agent(&max, "Of Max").await);

    // Max owns it, but members may not preselect.
    let refused = problem(&max.json(Method::POST, &for_max, &preselected(&of_max)).await, 403, "forbidden");
    assert!(refused["detail"].as_str().unwrap().contains("configurePreselectedConnections"));
    // Eve may, but cannot even see what is Max's.
    problem(&eve.json(Method::POST, &for_eve, &preselected(&of_max)).await, 404, "not_found");
    assert!(items(&eve.get(&for_eve).await).is_empty(), "nothing of a refused action stays");

    let mut nothing = preselected(&of_eve);
    nothing["connection_id"] = Value::Null;
    assert_eq!(wrong_fields(&eve.json(Method::POST, &for_eve, &nothing).await), ["connection_id"]);
    let mut own = preselected(&of_eve);
    own["credentials"] = json!("own");
    assert_eq!(wrong_fields(&eve.json(Method::POST, &for_eve, &own).await), ["connection_id"]);
    let mut other = preselected(&of_eve);
    other["integration"] = json!("sandbox-holidays");
    other["action"] = json!("listCountries");
    assert_eq!(wrong_fields(&eve.json(Method::POST, &for_eve, &other).await), ["connection_id"]);

    let action = made(&eve.json(Method::POST, &for_eve, &preselected(&of_eve)).await);
    assert_eq!(action["credentials"], "preselected");
    assert_eq!(action["connection"], json!({ "id": of_eve["id"], "name": "Of Eve" }));
    // An admin may attach what is Max's: it is no OAuth connection.
    let ada = stage.ada();
    let for_ada = format!("{}/actions", agent(&ada, "Of Ada").await);
    made(&ada.json(Method::POST, &for_ada, &preselected(&of_max)).await);
    assert_eq!(stage.app.mails().await.len(), 1, "Max is told");
}

#[tokio::test]
async fn whose_credential_an_action_uses_can_be_changed() {
    let stage = Stage::with(&["sandbox-crm"]).await;
    let eve = stage.eve();
    let (one, two) = (connect_crm(&eve, "One").await, connect_crm(&eve, "Two").await);
    let (agent, action) = agent_with(&eve, &list_contacts()).await;
    let path = format!("{AGENTS}/{agent}/actions/{action}");
    let change = async |body: Value| shown(&eve.json(Method::PATCH, &path, &body).await);

    let preselected = change(json!({ "credentials": "preselected", "connection_id": one["id"] })).await;
    assert_eq!(preselected["connection"]["name"], "One");
    let other = change(json!({ "connection_id": two["id"] })).await;
    assert_eq!((&other["credentials"], &other["connection"]["name"]), (&json!("preselected"), &json!("Two")));
    let own = change(json!({ "credentials": "own" })).await;
    assert_eq!((&own["credentials"], &own["connection"]), (&json!("own"), &Value::Null));
    let alone = json!({ "connection_id": one["id"] });
    assert_eq!(wrong_fields(&eve.json(Method::PATCH, &path, &alone).await), ["connection_id"]);
}

#[tokio::test]
async fn d36_an_editor_takes_anothers_connection_off_or_puts_their_own_and_cannot_point_it_elsewhere() {
    let stage = Stage::with(&["sandbox-crm"]).await;
    let (ada, eve, max) = (stage.ada(), stage.eve(), stage.max());
    let of_eve = connect_crm(&eve, "Of Eve").await;
    let mut body = list_contacts();
    body["credentials"] = json!("preselected");
    body["connection_id"] = of_eve["id"].clone();
    let (agent, action) = agent_with(&eve, &body).await;
    let (actions, path) = (format!("{AGENTS}/{agent}/actions"), format!("{AGENTS}/{agent}/actions/{action}"));
    share(&eve, &format!("{AGENTS}/{agent}"), &stage.app.cast.max, "edit").await;
    let permissions = json!({ "permissions": ["createAgents", "configurePreselectedConnections"] });
    shown(&ada.json(Method::PATCH, "/api/v1/roles/member", &permissions).await);

    // Another operation with the same credential is another attachment, which only who has a right to it makes.
    let mut other = body.clone();
    other["action"] = json!("createDeal");
    problem(&max.json(Method::POST, &actions, &other).await, 404, "not_found");
    assert_eq!(wrong_fields(&max.json(Method::PATCH, &path, &json!({ "action": "createDeal" })).await), ["action"]);
    let again = json!({ "credentials": "preselected", "connection_id": of_eve["id"] });
    problem(&max.json(Method::PATCH, &path, &again).await, 404, "not_found");
    let runs = format!("{path}/runs");
    shown(&max.json(Method::POST, &runs, &json!({ "input": {} })).await);

    let of_max = connect_crm(&max, "Of Max").await;
    let his = json!({ "credentials": "preselected", "connection_id": of_max["id"] });
    assert_eq!(shown(&max.json(Method::PATCH, &path, &his).await)["connection"]["name"], "Of Max");
    let off = shown(&max.json(Method::PATCH, &path, &json!({ "credentials": "own" })).await);
    assert_eq!((&off["credentials"], &off["connection"]), (&json!("own"), &Value::Null));
    problem(&max.json(Method::PATCH, &path, &again).await, 404, "not_found");
    stage.app.mails().await;
}

#[tokio::test]
async fn a_user_of_an_agent_does_not_learn_what_is_preselected() {
    let stage = Stage::with(&["sandbox-crm"]).await;
    let eve = stage.eve();
    let connection = connect_crm(&eve, "Secret name").await;
    let mut body = list_contacts();
    body["credentials"] = json!("preselected");
    body["connection_id"] = connection["id"].clone();
    let (agent, _) = agent_with(&eve, &body).await;
    share(&eve, &format!("{AGENTS}/{agent}"), &stage.app.cast.mia, "use").await;

    let answer = stage.mia().get(&format!("{AGENTS}/{agent}/actions")).await;

    let action = items(&answer).remove(0);
    assert_eq!((&action["credentials"], &action["connection"]), (&json!("preselected"), &Value::Null));
    for hidden in ["Secret name", &id(&connection), "Acme CRM"] {
        assert!(!answer.body.contains(hidden), "{hidden}");
    }
    stage.app.mails().await;
}
