//! Who did what, for programs of admins.

use odeus::http::audit::export::Format;
use serde_json::Value;
use serde_json::json;

use crate::api::stage::Stage;
use crate::api::stage::agent_with;
use crate::api::stage::connect_crm;
use crate::api::stage::id;
use crate::api::stage::items;
use crate::api::stage::members;
use crate::api::stage::problem;
use crate::api::stage::shown;
use crate::api::stage::wrong_fields;

#[tokio::test]
async fn an_entry_says_who_did_what_to_what_when_and_from_where() {
    let stage = Stage::with(&["sandbox-crm"]).await;
    let eve = stage.eve();
    let connection = id(&connect_crm(&eve, "Sales").await);

    let entries = items(&stage.ada().get("/api/v1/audit?kind=connection").await);

    let [entry] = entries.as_slice() else { panic!("{entries:?}") };
    assert_eq!(members(entry), ["action", "actor", "agent", "at", "connection", "detail", "id", "ip", "object", "via"]);
    assert_eq!(entry["actor"], json!({ "id": stage.app.cast.eve.id.to_string(), "name": "Eve Editor" }));
    assert_eq!((&entry["action"], &entry["via"]), (&json!("connection.created"), &json!("token")));
    assert_eq!(entry["object"], json!({ "kind": "connection", "id": connection, "name": "Sales" }));
    assert_eq!(entry["connection"], json!({ "id": connection, "name": "Sales", "owner_name": "Eve Editor" }));
    assert_eq!(entry["ip"], "127.0.0.1");
}

#[tokio::test]
async fn it_is_narrowed_by_actor_object_and_time() {
    let stage = Stage::with(&["sandbox-crm"]).await;
    let (eve, ada) = (stage.eve(), stage.ada());
    connect_crm(&eve, "Sales").await;
    let action = json!({ "integration": "sandbox-crm", "action": "listContacts" });
    let (agent, action) = agent_with(&eve, &action).await;
    let run = eve.json(http::Method::POST, &format!("/api/v1/agents/{agent}/actions/{action}/runs"), &json!({})).await;
    assert_eq!(run.status, 200, "{}", run.body);
    let actions = async |query: &str| {
        let entries = items(&ada.get(&format!("/api/v1/audit?limit=100&{query}")).await);
        entries.iter().map(|entry| entry["action"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };

    assert_eq!(actions(&format!("object={agent}")).await, ["run.begun", "agent_action.added", "agent.created"]);
    assert_eq!(actions(&format!("object={agent}&kind=agent")).await, ["agent.created"]);
    let by_eve = actions(&format!("actor={}", stage.app.cast.eve.id)).await;
    assert!(by_eve.contains(&"run.begun".to_owned()) && !by_eve.contains(&"integration.created".to_owned()));
    let tomorrow = stage.app.clock.now() + chrono::Duration::days(1);
    assert!(actions(&format!("since={}", tomorrow.format("%Y-%m-%dT%H:%M:%SZ"))).await.is_empty());
}

#[tokio::test]
async fn a_filter_that_makes_no_sense_is_named() {
    let stage = Stage::start();
    let ada = stage.ada();

    for (query, field) in [
        ("actor=nobody", "actor"),
        ("kind=boss", "kind"),
        ("since=yesterday", "since"),
        ("until=never", "until"),
        ("colour=red", "colour"),
        ("limit=0", "limit"),
    ] {
        assert_eq!(wrong_fields(&ada.get(&format!("/api/v1/audit?{query}")).await), [field], "{query}");
    }
    assert_eq!(wrong_fields(&ada.get("/api/v1/audit.csv?limit=1").await), ["limit"], "a file has no pages");
}

#[tokio::test]
async fn it_comes_in_pages() {
    let stage = Stage::start();
    let ada = stage.ada();
    let first = shown(&ada.get("/api/v1/audit?limit=2").await);
    let next = first["next"].as_str().unwrap();

    let second = shown(&ada.get(&format!("/api/v1/audit?limit=2&cursor={next}")).await);

    let ids = |page: &Value| page["items"].as_array().unwrap().iter().map(id).collect::<Vec<_>>();
    assert_eq!(ids(&first).len(), 2);
    assert!(ids(&second).iter().all(|it| !ids(&first).contains(it)));
}

#[tokio::test]
async fn it_is_for_admins() {
    let stage = Stage::start();
    let formats = Format::ALL.iter().map(|format| format!("/api/v1/audit.{format}"));

    for path in formats.chain(["/api/v1/audit".to_owned()]) {
        for client in [stage.eve(), stage.max()] {
            problem(&client.get(&path).await, 403, "forbidden");
        }
        assert_eq!(stage.mallory().get(&path).await.status, 200, "her own workspace's");
    }
}
