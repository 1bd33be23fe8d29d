//! Runs: an agent's action executed over the API, with every way it can turn out.

use http::Method;
use odeus::domain::connections::lifecycle;
use odeus::sandbox;
use serde_json::Value;
use serde_json::json;

use crate::api::stage::AGENTS;
use crate::api::stage::CONNECTIONS;
use crate::api::stage::Stage;
use crate::api::stage::agent_with;
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
use crate::support::Answer;
use crate::support::Client;
use crate::support::cast::Person;

pub(super) const RUNS: &str = "/api/v1/runs";

pub(super) fn on(action: &str) -> Value {
    json!({ "integration": "sandbox-crm", "action": action })
}

pub(super) fn contact() -> Value {
    json!({ "name": "Nora Lind", "email": "nora@adatum.example" })
}

/// Where an agent's action is run.
pub(super) async fn runs_of(client: &Client, action: &Value) -> (String, String) {
    let (agent, action) = agent_with(client, action).await;
    (format!("{AGENTS}/{agent}"), format!("{AGENTS}/{agent}/actions/{action}/runs"))
}

async fn run(client: &Client, path: &str, body: &Value) -> Answer {
    client.json(Method::POST, path, body).await
}

async fn share(client: &Client, agent: &str, with: &Person) {
    let body = json!({ "grantee": { "type": "user", "id": with.id.to_string() }, "access": "use" });
    made(&client.json(Method::POST, &format!("{agent}/shares"), &body).await);
}

#[tokio::test]
async fn a_run_brings_back_the_providers_answer() {
    let stage = Stage::with(&["sandbox-crm"]).await;
    let max = stage.max();
    let connection = connect_crm(&max, "Sales").await;
    let (_, path) = runs_of(&max, &on("listContacts")).await;

    let done = shown(&run(&max, &path, &json!({ "input": { "q": "northwind", "limit": 1 } })).await);

    assert_eq!(
        members(&done),
        [
            "action",
            "agent",
            "agent_action_id",
            "caller",
            "connection",
            "credentials",
            "detail",
            "duration_ms",
            "effect",
            "finished_at",
            "id",
            "input",
            "integration",
            "request_line",
            "response",
            "started_at",
            "status"
        ]
    );
    assert_eq!((&done["status"], &done["credentials"]), (&json!("succeeded"), &json!("own")));
    assert_eq!(members(&done["response"]), ["body", "headers", "status", "truncated"]);
    assert_eq!(done["response"]["status"], 200);
    assert_eq!(done["response"]["headers"]["content-type"], "application/json");
    assert_eq!(done["response"]["body"]["account"], sandbox::CRM_KEYS[0].account);
    assert!(done["duration_ms"].as_i64().unwrap() >= 0);
    assert_eq!(done["connection"]["id"], connection["id"]);
    let sent = stage.outside.received_at("/crm/v1/contacts").pop().unwrap();
    assert_eq!((sent.2.as_str(), sent.3.as_deref()), ("api_key", Some(sandbox::CRM_KEYS[0].account)));
    assert_eq!(shown(&max.get(&format!("{RUNS}/{}", id(&done))).await)["response"], done["response"]);
    let counted = stage.app.anon().get("/metrics").await.body;
    assert!(counted.contains(r#"odeus_runs_total{outcome="succeeded"} 1"#), "{counted}");
    stage.app.assert_no_canary(&[crm_key()]).await;
}

#[tokio::test]
async fn every_kind_of_connection_runs() {
    let stage = Stage::with(&["sandbox-warehouse", "sandbox-holidays"]).await;
    let max = stage.max();
    let key = sandbox::service_account_key(&stage.outside.url);
    let connect = async |integration: &str, auth_type: &str, fields: Value| {
        let body = json!({ "integration": integration, "auth_type": auth_type, "fields": fields });
        made(&max.json(Method::POST, CONNECTIONS, &body).await);
    };
    connect("sandbox-warehouse", "service_account", json!({ "credentials": key })).await;
    connect("sandbox-holidays", "none", json!({})).await;

    let query = json!({ "integration": "sandbox-warehouse", "action": "queryTable" });
    let (_, path) = runs_of(&max, &query).await;
    let where_de = json!({ "input": { "table": "customers", "where": { "column": "country", "equals": "DE" } } });
    let rows = shown(&run(&max, &path, &where_de).await);
    let (_, path) = runs_of(&max, &json!({ "integration": "sandbox-holidays", "action": "listHolidays" })).await;
    let holidays = shown(&run(&max, &path, &json!({ "input": { "country": "DE", "year": 2030 } })).await);

    assert_eq!(rows["response"]["body"]["asked_by"], sandbox::CLIENT_EMAIL);
    assert_eq!(holidays["response"]["body"]["country"], "Germany");
    assert!(holidays["request_line"].as_str().unwrap().ends_with("/holidays/v1/DE/2030"));
}

#[tokio::test]
async fn an_input_that_does_not_fit_is_refused_by_field() {
    let stage = Stage::with(&["sandbox-crm"]).await;
    let max = stage.max();
    connect_crm(&max, "Sales").await;
    let (_, path) = runs_of(&max, &on("listContacts")).await;

    for (body, fields) in [
        (json!({ "input": { "limit": 0 } }), vec!["input.limit"]),
        (json!({ "input": { "colour": "red" } }), vec!["input.colour"]),
        (json!({ "input": [] }), vec!["input"]),
        (json!({ "inputs": {} }), vec!["inputs"]),
        (json!({ "connection_id": "7" }), vec!["connection_id"]),
    ] {
        assert_eq!(wrong_fields(&run(&max, &path, &body).await), fields, "{body}");
    }
    assert!(stage.outside.received_at("/crm/v1/contacts").is_empty());
    assert!(items(&max.get(RUNS).await).is_empty());
}

#[tokio::test]
async fn without_a_connection_the_caller_is_told_where_to_make_one() {
    let stage = Stage::with(&["sandbox-crm"]).await;
    let max = stage.max();
    let (agent, path) = runs_of(&max, &on("listContacts")).await;

    let first = problem(&run(&max, &path, &json!({ "input": { "q": "lind" } })).await, 409, "connection_required");

    assert_eq!(first["integration"], "sandbox-crm");
    let pages = agent.replace("/api/v1/", "/w/acme/");
    let page = stage.app.parts.public.absolute(&pages);
    let connect_url = first["connect_url"].as_str().unwrap();
    assert!(connect_url.starts_with(&page), "{connect_url}");
    let path_of_page = stage.app.parts.public.absolute("");
    let browser = stage.app.signed_in(&stage.app.cast.max).await;
    let prompt = browser.get(connect_url.strip_prefix(&path_of_page).unwrap()).await;
    assert_eq!(prompt.text("h1"), "This action needs your Sandbox CRM");
    assert!(prompt.shows("lind"), "it knows the input");
    connect_crm(&max, "Sales").await;
    shown(&run(&max, &path, &json!({ "input": { "q": "lind" } })).await);
}

#[tokio::test]
async fn of_several_connections_one_is_chosen_once() {
    let stage = Stage::with(&["sandbox-crm"]).await;
    let max = stage.max();
    let (one, two) = (connect_crm(&max, "One").await, connect_crm(&max, "Two").await);
    let (_, path) = runs_of(&max, &on("listContacts")).await;

    let choice = problem(&run(&max, &path, &json!({})).await, 409, "connection_choice_required");
    let choices = choice["choices"].as_array().unwrap();
    assert_eq!(pluck(choices, "name"), ["One", "Two"]);
    assert_eq!(members(&choices[0]), ["access", "access_until", "account", "id", "name", "owner", "status"]);
    assert_eq!((&choices[0]["id"], &choices[0]["access"]), (&one["id"], &Value::Null));

    let chosen = shown(&run(&max, &path, &json!({ "connection_id": two["id"] })).await);
    assert_eq!(chosen["connection"]["name"], "Two");
    let again = shown(&run(&max, &path, &json!({})).await);
    assert_eq!(again["connection"]["name"], "Two", "it is remembered");
}

#[tokio::test]
async fn somebody_elses_connection_cannot_be_chosen() {
    let stage = Stage::with(&["sandbox-crm"]).await;
    let (max, mia) = (stage.max(), stage.mia());
    let of_mia = connect_crm(&mia, "Of Mia").await;
    connect_crm(&max, "Of Max").await;
    let (_, path) = runs_of(&max, &on("listContacts")).await;

    let answer = run(&max, &path, &json!({ "connection_id": of_mia["id"] })).await;

    assert!((400..500).contains(&answer.status), "{}", answer.body);
    assert!(!answer.body.contains("Of Mia"));
    assert!(stage.outside.received_at("/crm/v1/contacts").is_empty());
}

#[tokio::test]
async fn what_changes_something_is_confirmed_exactly_as_shown() {
    let stage = Stage::with(&["sandbox-crm"]).await;
    let max = stage.max();
    connect_crm(&max, "Sales").await;
    let (_, path) = runs_of(&max, &on("createContact")).await;

    let first = problem(&run(&max, &path, &json!({ "input": contact() })).await, 409, "confirmation_required");
    let preview = &first["preview"];
    assert_eq!(members(preview), ["body", "headers", "method", "url"]);
    assert_eq!(preview["method"], "POST");
    assert_eq!(preview["url"], format!("{}/crm/v1/contacts", stage.outside.url));
    assert_eq!(preview["body"], contact());
    assert!(stage.outside.received_at("/crm/v1/contacts").is_empty());

    let confirmation = &first["confirmation"];
    let other =
        json!({ "input": { "name": "Someone Else", "email": "x@adatum.example" }, "confirmation": confirmation });
    problem(&run(&max, &path, &other).await, 409, "confirmation_required");
    let done = shown(&run(&max, &path, &json!({ "input": contact(), "confirmation": confirmation })).await);
    assert_eq!((&done["status"], &done["response"]["status"]), (&json!("succeeded"), &json!(201)));
    assert_eq!(stage.outside.received_at("/crm/v1/contacts").len(), 1);
    stage.app.assert_no_canary(&[crm_key()]).await;
}

#[tokio::test]
async fn what_the_provider_refuses_is_a_failed_run() {
    let stage = Stage::with(&["sandbox-crm"]).await;
    let max = stage.max();
    connect_crm(&max, "Sales").await;
    let (_, path) = runs_of(&max, &on("getContact")).await;

    let failed = shown(&run(&max, &path, &json!({ "input": { "contactId": "contact_0" } })).await);

    assert_eq!((&failed["status"], &failed["response"]["status"]), (&json!("failed"), &json!(404)));
    assert_eq!(failed["response"]["body"]["error"]["code"], "not_found");
    assert!(failed["detail"].as_str().unwrap().contains("404"));
}

#[tokio::test]
async fn a_preselected_action_acts_as_its_connection_and_says_nothing_of_it() {
    let stage = Stage::with(&["sandbox-crm"]).await;
    let (eve, mia) = (stage.eve(), stage.mia());
    let connection = connect_crm(&eve, "Name of Eve’s").await;
    let mut action = on("listDeals");
    action["credentials"] = json!("preselected");
    action["connection_id"] = connection["id"].clone();
    let (agent, path) = runs_of(&eve, &action).await;
    share(&eve, &agent, &stage.app.cast.mia).await;

    let answer = run(&mia, &path, &json!({ "input": { "limit": 1 } })).await;

    let done = shown(&answer);
    assert_eq!((&done["status"], &done["credentials"]), (&json!("succeeded"), &json!("preselected")));
    assert_eq!(done["connection"], Value::Null);
    for hidden in ["Name of Eve", &id(&connection), "Eve Editor", crm_key()] {
        assert!(!answer.body.contains(hidden), "{hidden}");
    }
    let run = format!("{RUNS}/{}", id(&done));
    assert_eq!(shown(&mia.get(&run).await)["connection"], Value::Null);
    let seen_by_eve = shown(&eve.get(&run).await);
    assert_eq!(
        (&seen_by_eve["connection"]["id"], &seen_by_eve["caller"]["name"]),
        (&connection["id"], &json!("Mia Member"))
    );
    assert_eq!(
        (&seen_by_eve["response"], &seen_by_eve["input"]),
        (&Value::Null, &Value::Null),
        "content is the caller's"
    );
    stage.app.mails().await;
}

#[tokio::test]
async fn what_a_rule_refuses_says_who_can_help() {
    let stage = Stage::with(&["sandbox-crm"]).await;
    let (eve, mia) = (stage.eve(), stage.mia());
    let connection = connect_crm(&eve, "Sales").await;
    let mut action = on("listContacts");
    action["credentials"] = json!("preselected");
    action["connection_id"] = connection["id"].clone();
    let (agent, path) = runs_of(&eve, &action).await;
    share(&eve, &agent, &stage.app.cast.mia).await;
    assert_eq!(eve.call(Method::DELETE, &format!("{CONNECTIONS}/{}", id(&connection))).send().await.status, 204);

    let refused = problem(&run(&mia, &path, &json!({})).await, 403, "forbidden");

    assert!(refused["detail"].as_str().unwrap().contains("deleted"));
    let record = shown(&mia.get(&format!("{RUNS}/{}", refused["run_id"].as_str().unwrap())).await);
    assert_eq!(record["status"], "refused");
    let actions = items(&eve.get(&format!("{agent}/actions")).await);
    assert!(actions[0]["trouble"].as_str().unwrap().contains("deleted"));
    shown(&eve.json(Method::PATCH, &agent, &json!({ "enabled": false })).await);
    problem(&run(&mia, &path, &json!({})).await, 403, "forbidden");
    stage.app.mails().await;
}

#[tokio::test]
async fn a_broken_connection_is_mended_and_nothing_takes_its_place() {
    let stage = Stage::with(&["sandbox-crm"]).await;
    let max = stage.max();
    let connection = connect_crm(&max, "Sales").await;
    let (_, path) = runs_of(&max, &on("listContacts")).await;
    let broken = id(&connection).parse().unwrap();
    let workspace = stage.app.cast.acme.id;
    assert!(lifecycle::mark_needs_reconnect(&mut stage.app.conn(), workspace, broken, 1, "It ended.").unwrap());

    let first = problem(&run(&max, &path, &json!({})).await, 409, "reconnect_required");

    let page = stage.app.parts.public.absolute(&format!("/w/acme/connections/{}", id(&connection)));
    assert_eq!((&first["connect_url"], &first["connection_id"]), (&json!(page), &connection["id"]));
    assert_eq!(
        shown(&max.get(&format!("{RUNS}/{}", first["run_id"].as_str().unwrap())).await)["status"],
        "needs_reconnect"
    );
    let mended = json!({ "fields": { "key": crm_key() } });
    shown(&max.json(Method::PATCH, &format!("{CONNECTIONS}/{}", id(&connection)), &mended).await);
    assert_eq!(shown(&run(&max, &path, &json!({})).await)["status"], "succeeded");
}

#[tokio::test]
async fn runs_are_listed_for_those_who_may_see_them() {
    let stage = Stage::with(&["sandbox-crm"]).await;
    let (max, mia) = (stage.max(), stage.mia());
    let connection = connect_crm(&max, "Sales").await;
    let (agent, path) = runs_of(&max, &on("listContacts")).await;
    let first = id(&shown(&run(&max, &path, &json!({})).await));
    let second = id(&shown(&run(&max, &path, &json!({ "input": { "q": "x" } })).await));
    let ids = async |client: &Client, query: &str| {
        let list = items(&client.get(&format!("{RUNS}{query}")).await);
        pluck(&list, "id").into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    let agent = agent.rsplit('/').next().unwrap();

    assert_eq!(ids(&max, "").await, [second.as_str(), first.as_str()]);
    assert_eq!(ids(&max, &format!("?agent={agent}&status=succeeded")).await.len(), 2);
    assert_eq!(ids(&max, &format!("?connection={}", id(&connection))).await.len(), 2);
    assert_eq!(ids(&max, "?status=failed").await, Vec::<String>::new());
    assert_eq!(ids(&max, "?view=on_my_connections").await.len(), 2);
    assert_eq!(ids(&stage.ada(), "").await.len(), 2);
    assert_eq!(ids(&mia, "").await, Vec::<String>::new());
    assert_eq!(ids(&stage.mallory(), "").await, Vec::<String>::new());
    let listed = &items(&max.get(RUNS).await)[0];
    assert_eq!((&listed["response"], &listed["input"]), (&Value::Null, &Value::Null));
    for client in [mia, stage.mallory()] {
        problem(&client.get(&format!("{RUNS}/{first}")).await, 404, "not_found");
        problem(&run(&client, &path, &json!({})).await, 404, "not_found");
    }
}
