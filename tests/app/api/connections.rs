//! Connections: made, tested, changed and deleted, and never a secret in an answer.

use http::Method;
use odeus::sandbox;
use serde_json::Value;
use serde_json::json;

use crate::api::stage::CONNECTIONS;
use crate::api::stage::INTEGRATIONS;
use crate::api::stage::Stage;
use crate::api::stage::connect_crm;
use crate::api::stage::crm_key;
use crate::api::stage::id;
use crate::api::stage::items;
use crate::api::stage::made;
use crate::api::stage::members;
use crate::api::stage::pluck;
use crate::api::stage::problem;
use crate::api::stage::shown;
use crate::api::stage::wrong_fields;

fn at(connection: &Value) -> String {
    format!("{CONNECTIONS}/{}", id(connection))
}

#[tokio::test]
async fn a_key_is_tried_and_kept_and_never_shown() {
    let stage = Stage::with(&["sandbox-crm"]).await;
    let max = stage.max();

    let connection = connect_crm(&max, "Sales").await;

    assert_eq!(
        members(&connection),
        [
            "access",
            "access_until",
            "account",
            "auth_type",
            "created_at",
            "id",
            "integration",
            "last_used_at",
            "name",
            "owner",
            "scopes",
            "status",
            "status_reason",
            "tenant"
        ]
    );
    assert_eq!(connection["owner"], json!({ "id": stage.app.cast.max.id.to_string(), "name": "Max Member" }));
    assert_eq!(
        (&connection["account"], &connection["status"]),
        (&json!(sandbox::CRM_KEYS[0].account), &json!("active"))
    );
    assert_eq!((&connection["name"], &connection["auth_type"]), (&json!("Sales"), &json!("api_key")));
    assert_eq!(shown(&max.get(&at(&connection)).await), connection);
    let tried = ("GET".to_owned(), "/crm/v1/me".to_owned(), "api_key".to_owned());
    let received = stage.outside.received_at("/crm");
    assert_eq!(received.into_iter().map(|(method, path, kind, _)| (method, path, kind)).collect::<Vec<_>>(), [tried]);
    stage.app.assert_no_canary(&[crm_key()]).await;
}

#[tokio::test]
async fn a_service_accounts_key_is_taken_as_text_and_as_the_object_it_is() {
    let stage = Stage::with(&["sandbox-warehouse"]).await;
    let key = sandbox::service_account_key(&stage.outside.url);
    let object: Value = serde_json::from_str(&key).unwrap();

    for credentials in [json!(key), object] {
        let body = json!({
            "integration": "sandbox-warehouse", "auth_type": "service_account", "fields": { "credentials": credentials },
        });
        let connection = made(&stage.max().json(Method::POST, CONNECTIONS, &body).await);
        assert_eq!(
            (&connection["account"], &connection["name"]),
            (&json!(sandbox::CLIENT_EMAIL), &json!("Sandbox Warehouse"))
        );
    }

    let principals: Vec<_> = stage.outside.received_at("/warehouse").into_iter().map(|call| (call.2, call.3)).collect();
    let expected = ("service_account".to_owned(), Some(sandbox::CLIENT_EMAIL.to_owned()));
    assert_eq!(principals, [expected.clone(), expected]);
    stage.app.assert_no_canary(&["PRIVATE KEY", "demo-only-key-1"]).await;
}

#[tokio::test]
async fn what_needs_no_credential_is_connected_without() {
    let stage = Stage::with(&["sandbox-holidays"]).await;
    let body = json!({ "integration": "sandbox-holidays", "auth_type": "none" });

    let connection = made(&stage.max().json(Method::POST, CONNECTIONS, &body).await);

    assert_eq!((&connection["auth_type"], &connection["account"]), (&json!("none"), &Value::Null));
    let received = stage.outside.received_at("/holidays");
    assert_eq!(received.iter().map(|call| call.2.as_str()).collect::<Vec<_>>(), ["none"]);
}

#[tokio::test]
async fn oauth_is_connected_in_the_browser() {
    let stage = Stage::with(&["sandbox-calendar"]).await;
    let body = json!({ "integration": "sandbox-calendar", "auth_type": "oauth", "name": "Mine", "fields": {} });

    let answer = problem(&stage.max().json(Method::POST, CONNECTIONS, &body).await, 409, "browser_required");

    let page = stage.app.parts.public.absolute("/w/acme/integrations/sandbox-calendar");
    assert_eq!(answer["connect_url"], page);
    assert!(items(&stage.max().get(CONNECTIONS).await).is_empty());
}

#[tokio::test]
async fn a_credential_that_does_not_work_is_not_kept() {
    let stage = Stage::with(&["sandbox-crm"]).await;
    let max = stage.max();
    let connect = async |fields: Value| {
        let body = json!({ "integration": "sandbox-crm", "auth_type": "api_key", "fields": fields });
        max.json(Method::POST, CONNECTIONS, &body).await
    };

    problem(&connect(json!({ "key": "CANARY-wrong-key" })).await, 422, "credential_refused");
    stage.outside.pull("fail?status=503&times=2&path=/crm").await;
    problem(&connect(json!({ "key": crm_key() })).await, 422, "provider_unreachable");
    assert_eq!(wrong_fields(&connect(json!({})).await), ["fields.key"]);
    assert_eq!(wrong_fields(&connect(json!({ "key": " " })).await), ["fields.key"]);
    assert_eq!(wrong_fields(&connect(json!({ "key": "x", "secret": "CANARY-2" })).await), ["fields.secret"]);
    assert_eq!(wrong_fields(&connect(json!({ "key": 7 })).await), ["fields.key"]);
    assert_eq!(wrong_fields(&connect(json!("CANARY-3")).await), ["fields"]);

    assert!(items(&max.get(CONNECTIONS).await).is_empty());
    stage.app.assert_no_canary(&["CANARY", crm_key()]).await;
}

#[tokio::test]
async fn only_what_is_offered_to_the_caller_can_be_connected() {
    let stage = Stage::with(&["sandbox-crm", "sandbox-holidays"]).await;
    let connect = async |client: crate::support::Client, integration: &str, auth_type: &str| {
        let body = json!({ "integration": integration, "auth_type": auth_type });
        client.json(Method::POST, CONNECTIONS, &body).await
    };

    assert_eq!(wrong_fields(&connect(stage.max(), "sandbox-holidays", "api_key").await), ["auth_type"]);
    assert_eq!(wrong_fields(&connect(stage.max(), "sandbox-holidays", "password").await), ["auth_type"]);
    assert_eq!(wrong_fields(&connect(stage.max(), "sandbox-crm", "oauth").await), ["auth_type"]);
    let unknown = problem(&connect(stage.max(), "no-such-thing", "none").await, 404, "not_found");
    shown(
        &stage
            .ada()
            .json(Method::PATCH, &format!("{INTEGRATIONS}/sandbox-holidays"), &json!({ "enabled": false }))
            .await,
    );
    let hidden = problem(&connect(stage.max(), "sandbox-holidays", "none").await, 404, "not_found");
    assert_eq!(hidden["detail"], unknown["detail"]);
    problem(&connect(stage.mallory(), "sandbox-crm", "api_key").await, 404, "not_found");
    made(&connect(stage.ada(), "sandbox-holidays", "none").await);
}

#[tokio::test]
async fn a_list_has_ones_own_and_an_admins_all() {
    let stage = Stage::with(&["sandbox-crm", "sandbox-holidays"]).await;
    let holidays = json!({ "integration": "sandbox-holidays", "auth_type": "none", "name": "Days off" });
    connect_crm(&stage.max(), "Of Max").await;
    made(&stage.max().json(Method::POST, CONNECTIONS, &holidays).await);
    connect_crm(&stage.ada(), "Of Ada").await;
    let names = async |client: crate::support::Client, query: &str| {
        let list = items(&client.get(&format!("{CONNECTIONS}{query}")).await);
        pluck(&list, "name").into_iter().map(str::to_owned).collect::<Vec<_>>()
    };

    assert_eq!(names(stage.max(), "").await, ["Days off", "Of Max"]);
    assert_eq!(names(stage.max(), "?view=mine&integration=sandbox-crm").await, ["Of Max"]);
    assert_eq!(names(stage.max(), "?view=shared").await, Vec::<String>::new());
    assert_eq!(names(stage.max(), "?status=needs_reconnect").await, Vec::<String>::new());
    assert_eq!(names(stage.ada(), "?view=all").await, ["Of Ada", "Days off", "Of Max"]);
    assert_eq!(names(stage.ada(), "?view=mine").await, ["Of Ada"]);
    assert_eq!(names(stage.mia(), "").await, Vec::<String>::new());
    assert_eq!(names(stage.mallory(), "").await, Vec::<String>::new());
}

#[tokio::test]
async fn what_is_not_visible_is_not_there_whatever_is_asked_of_it() {
    let stage = Stage::with(&["sandbox-crm"]).await;
    let connection = at(&connect_crm(&stage.max(), "Sales").await);

    for client in [stage.mia(), stage.mallory()] {
        problem(&client.get(&connection).await, 404, "not_found");
        problem(&client.get(&format!("{connection}/usage")).await, 404, "not_found");
        problem(&client.json(Method::PATCH, &connection, &json!({ "name": "Mine now" })).await, 404, "not_found");
        // The body is not looked at before the right to see it.
        problem(&client.json(Method::PATCH, &connection, &json!({ "nmae": 7 })).await, 404, "not_found");
        problem(&client.call(Method::POST, &format!("{connection}/test")).send().await, 404, "not_found");
        problem(&client.call(Method::DELETE, &connection).send().await, 404, "not_found");
    }
    shown(&stage.max().get(&connection).await);
}

#[tokio::test]
async fn an_admin_may_look_and_delete_but_not_act_as_the_owner() {
    let stage = Stage::with(&["sandbox-crm"]).await;
    let connection = at(&connect_crm(&stage.max(), "Sales").await);
    let ada = stage.ada();

    shown(&ada.get(&connection).await);
    problem(&ada.json(Method::PATCH, &connection, &json!({ "name": "Ours" })).await, 403, "forbidden");
    problem(&ada.call(Method::POST, &format!("{connection}/test")).send().await, 403, "forbidden");

    assert_eq!(ada.call(Method::DELETE, &connection).send().await.status, 204);
    problem(&stage.max().get(&connection).await, 404, "not_found");
}

#[tokio::test]
async fn a_connection_gets_another_name() {
    let stage = Stage::with(&["sandbox-crm"]).await;
    let max = stage.max();
    let connection = connect_crm(&max, "Sales").await;

    let renamed = shown(&max.json(Method::PATCH, &at(&connection), &json!({ "name": " Sales EU " })).await);

    assert_eq!(renamed["name"], "Sales EU");
    let unchanged = shown(&max.json(Method::PATCH, &at(&connection), &json!({})).await);
    assert_eq!(unchanged, renamed);
    for name in ["", "a\u{202e}b", &"x".repeat(101)] {
        assert_eq!(wrong_fields(&max.json(Method::PATCH, &at(&connection), &json!({ "name": name })).await), ["name"]);
    }
}

#[tokio::test]
async fn another_credential_takes_the_place_of_the_one_before_once_it_works() {
    let stage = Stage::with(&["sandbox-crm"]).await;
    let max = stage.max();
    let connection = connect_crm(&max, "Sales").await;
    let replace = async |key: &str| {
        let body = json!({ "name": "Read only", "fields": { "key": key } });
        max.json(Method::PATCH, &at(&connection), &body).await
    };

    problem(&replace("CANARY-wrong").await, 422, "credential_refused");
    assert_eq!(shown(&max.get(&at(&connection)).await), connection, "a refused change changes nothing");
    let read_only = &sandbox::CRM_KEYS[1];
    let replaced = shown(&replace(read_only.key).await);

    assert_eq!((&replaced["id"], &replaced["account"]), (&connection["id"], &json!(read_only.account)));
    assert_eq!(replaced["name"], "Read only");
    let last = stage.outside.received_at("/crm").pop().unwrap();
    assert_eq!(last.3.as_deref(), Some(read_only.account));
    stage.app.assert_no_canary(&["CANARY", crm_key(), read_only.key]).await;
}

#[tokio::test]
async fn a_connection_is_switched_off_and_on_by_its_owner_or_an_admin() {
    let stage = Stage::with(&["sandbox-crm"]).await;
    let (ada, max) = (stage.ada(), stage.max());
    let connection = at(&connect_crm(&max, "Sales").await);
    let switch = async |client: &crate::support::Client, to: &str| {
        shown(&client.json(Method::PATCH, &connection, &json!({ "status": to })).await)["status"].clone()
    };

    assert_eq!(switch(&ada, "disabled").await, "disabled");
    assert_eq!(switch(&max, "disabled").await, "disabled");
    let test = shown(&max.call(Method::POST, &format!("{connection}/test")).send().await);
    assert_eq!(test["ok"], false);
    assert_eq!(switch(&max, "active").await, "active");

    let both = json!({ "status": "disabled", "name": "Ours" });
    problem(&ada.json(Method::PATCH, &connection, &both).await, 403, "forbidden");
    assert_eq!(shown(&max.get(&connection).await)["status"], "active", "a refused change changes nothing");
    assert_eq!(
        wrong_fields(&max.json(Method::PATCH, &connection, &json!({ "status": "needs_reconnect" })).await),
        ["status"]
    );
}

#[tokio::test]
async fn a_test_says_whether_a_connection_works() {
    let stage = Stage::with(&["sandbox-crm"]).await;
    let max = stage.max();
    let test = format!("{}/test", at(&connect_crm(&max, "Sales").await));

    let works = shown(&max.call(Method::POST, &test).send().await);
    assert_eq!(members(&works), ["checked_at", "detail", "ok"]);
    assert_eq!(works["ok"], true);
    assert!(works["detail"].as_str().unwrap().contains(sandbox::CRM_KEYS[0].account));

    stage.outside.pull("fail?status=401&times=1&path=/crm").await;
    let broken = shown(&max.call(Method::POST, &test).send().await);
    assert_eq!(broken["ok"], false);
}

#[tokio::test]
async fn deleting_takes_the_secret_with_it() {
    let stage = Stage::with(&["sandbox-crm"]).await;
    let max = stage.max();
    let connection = at(&connect_crm(&max, "Sales").await);

    let answer = max.call(Method::DELETE, &connection).send().await;

    assert_eq!((answer.status, answer.body.as_str()), (204, ""));
    problem(&max.get(&connection).await, 404, "not_found");
    problem(&max.call(Method::DELETE, &connection).send().await, 404, "not_found");
    assert!(items(&max.get(CONNECTIONS).await).is_empty());
}

#[tokio::test]
async fn usage_says_what_depends_on_it() {
    let stage = Stage::with(&["sandbox-crm"]).await;
    let eve = stage.eve();
    let connection = connect_crm(&eve, "Sales").await;
    let usage = format!("{}/usage", at(&connection));
    let nothing = json!({
        "agents": [], "agent_count": 0, "workflows": [], "shares": 0, "people": 0, "runs_last_30_days": 0,
    });
    assert_eq!(shown(&eve.get(&usage).await), nothing);

    let action = json!({
        "integration": "sandbox-crm", "action": "listContacts", "credentials": "preselected",
        "connection_id": connection["id"],
    });
    let (agent, action) = crate::api::stage::agent_with(&eve, &action).await;
    let run = format!("/api/v1/agents/{agent}/actions/{action}/runs");
    shown(&eve.json(Method::POST, &run, &json!({})).await);

    let used = shown(&eve.get(&usage).await);
    assert_eq!(used["agents"], json!([{ "id": agent, "name": "Helper" }]));
    assert_eq!((&used["agent_count"], &used["runs_last_30_days"]), (&json!(1), &json!(1)));
    // An admin is told how many, but sees no agent that is private.
    let seen_by_ada = shown(&stage.ada().get(&usage).await);
    assert_eq!((&seen_by_ada["agents"], &seen_by_ada["agent_count"]), (&json!([]), &json!(1)));
}
