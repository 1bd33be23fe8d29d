//! Groups: who sees them, who changes them, and what each call says.

use http::Method;
use serde_json::Value;
use serde_json::json;

use crate::api::stage::Stage;
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

const GROUPS: &str = "/api/v1/groups";

async fn group(client: &Client, name: &str) -> String {
    id(&made(&client.json(Method::POST, GROUPS, &json!({ "name": name })).await))
}

async fn status(client: &Client, method: Method, path: &str) -> u16 {
    client.call(method, path).send().await.status
}

#[tokio::test]
async fn a_group_is_made_renamed_filled_and_deleted() {
    let stage = Stage::start();
    let (ada, mia) = (stage.ada(), stage.app.cast.mia.id.to_string());

    let sales = made(&ada.json(Method::POST, GROUPS, &json!({ "name": " Sales " })).await);
    assert_eq!(members(&sales), ["created_at", "id", "member_count", "name"]);
    assert_eq!((&sales["name"], &sales["member_count"]), (&json!("Sales"), &json!(0)));
    let path = format!("{GROUPS}/{}", id(&sales));
    let seat = format!("{path}/members/{mia}");
    assert_eq!(status(&ada, Method::PUT, &seat).await, 204);
    assert_eq!(status(&ada, Method::PUT, &seat).await, 204);
    let people = items(&ada.get(&format!("{path}/members")).await);
    assert_eq!(members(&people[0]), ["added_at", "email", "id", "name", "role", "status"]);
    assert_eq!(pluck(&people, "email"), ["mia@acme.example"]);
    let renamed = shown(&ada.json(Method::PATCH, &path, &json!({ "name": "Care" })).await);
    assert_eq!((&renamed["name"], &renamed["member_count"]), (&json!("Care"), &json!(1)));

    assert_eq!(status(&ada, Method::DELETE, &seat).await, 204);
    problem(&ada.call(Method::DELETE, &seat).send().await, 404, "not_found");
    assert_eq!(status(&ada, Method::DELETE, &path).await, 204);
    problem(&ada.get(&path).await, 404, "not_found");
    assert!(items(&ada.get(GROUPS).await).is_empty());
}

#[tokio::test]
async fn groups_are_listed_by_name_page_by_page() {
    let stage = Stage::start();
    let ada = stage.ada();
    for name in ["Sales", "Art", "Support", "Care"] {
        group(&ada, name).await;
    }

    let first = shown(&stage.max().get(&format!("{GROUPS}?limit=3")).await);
    let next = first["next"].as_str().unwrap();
    let second = shown(&stage.max().get(&format!("{GROUPS}?limit=3&cursor={next}")).await);

    let names = |list: &Value| pluck(list["items"].as_array().unwrap(), "name").join(" ");
    assert_eq!((names(&first), names(&second)), ("Art Care Sales".to_owned(), "Support".to_owned()));
    assert_eq!(second["next"], Value::Null);
    assert_eq!(pluck(&items(&ada.get(&format!("{GROUPS}?q=s")).await), "name"), ["Sales", "Support"]);
    assert!(items(&ada.get(&format!("{GROUPS}?q=s%25")).await).is_empty());
}

#[tokio::test]
async fn addresses_are_added_at_once_and_unknown_ones_named() {
    let stage = Stage::start();
    let ada = stage.ada();
    let members = format!("{GROUPS}/{}/members", group(&ada, "Sales").await);
    let emails = json!({ "emails": ["Mia@acme.example", "mallory@globex.example", "nobody"] });

    let first = shown(&ada.json(Method::POST, &members, &emails).await);
    let second = shown(&ada.json(Method::POST, &members, &emails).await);

    assert_eq!(first["added"], json!([{ "id": stage.app.cast.mia.id.to_string(), "name": "Mia Member" }]));
    assert_eq!(first["unknown"], json!(["mallory@globex.example", "nobody"]));
    assert_eq!((&second["added"], &second["already"]), (&json!([]), &json!(1)));
    assert_eq!(wrong_fields(&ada.json(Method::POST, &members, &json!({ "emails": [] })).await), ["emails"]);
}

#[tokio::test]
async fn what_cannot_be_is_said() {
    let stage = Stage::start();
    let ada = stage.ada();
    let sales = group(&ada, "Sales").await;
    let care = format!("{GROUPS}/{}", group(&ada, "Care").await);

    let taken = json!({ "name": "Sales" });
    problem(&ada.json(Method::POST, GROUPS, &taken).await, 409, "name_taken");
    problem(&ada.json(Method::PATCH, &care, &taken).await, 409, "name_taken");
    assert_eq!(wrong_fields(&ada.json(Method::POST, GROUPS, &json!({ "name": " " })).await), ["name"]);
    let stranger = format!("{GROUPS}/{sales}/members/{}", stage.app.cast.mallory.id);
    problem(&ada.call(Method::PUT, &stranger).send().await, 404, "not_found");
    problem(&stage.mallory().get(&care).await, 404, "not_found");
    assert!(items(&stage.mallory().get(GROUPS).await).is_empty());
}

#[tokio::test]
async fn changing_groups_is_for_admins() {
    let stage = Stage::start();
    let path = format!("{GROUPS}/{}", group(&stage.ada(), "Sales").await);
    let seat = format!("{path}/members/{}", stage.app.cast.max.id);
    let name = json!({ "name": "Mine" });

    for client in [stage.eve(), stage.max()] {
        shown(&client.get(&path).await);
        problem(&client.json(Method::POST, GROUPS, &name).await, 403, "forbidden");
        problem(&client.json(Method::PATCH, &path, &name).await, 403, "forbidden");
        problem(&client.get(&format!("{path}/usage")).await, 403, "forbidden");
        for (method, path) in [(Method::PUT, &seat), (Method::DELETE, &seat), (Method::DELETE, &path)] {
            let refused = problem(&client.call(method, path).send().await, 403, "forbidden");
            assert!(refused["detail"].as_str().unwrap().contains("workspace admin"));
        }
    }
}

#[tokio::test]
async fn usage_counts_those_who_have_a_thing_by_the_group_alone() {
    let stage = Stage::with(&["sandbox-crm"]).await;
    let (ada, eve) = (stage.ada(), stage.eve());
    let sales = group(&ada, "Sales").await;
    let people = json!({ "emails": ["max@acme.example", "mia@acme.example", "ada@acme.example"] });
    shown(&ada.json(Method::POST, &format!("{GROUPS}/{sales}/members"), &people).await);
    connect_crm(&eve, "Sales key").await;
    let only = json!({ "access": { "workspace": false, "users": [stage.app.cast.max.id], "groups": [sales] } });
    shown(&ada.json(Method::PATCH, "/api/v1/integrations/sandbox-crm", &only).await);
    let agent = id(&made(&eve.json(Method::POST, "/api/v1/agents", &json!({ "name": "Helper" })).await));
    let share = json!({ "grantee": { "type": "group", "id": sales }, "access": "use" });
    made(&eve.json(Method::POST, &format!("/api/v1/agents/{agent}/shares"), &share).await);

    let usage = shown(&ada.get(&format!("{GROUPS}/{sales}/usage")).await);

    let counts = ["agent_count", "agents", "connection_count", "connections", "integration_count", "integrations"];
    assert_eq!(members(&usage), [&counts[..], &["stopping_actions"]].concat());
    // Ada is an admin, Max has it by himself.
    assert_eq!(usage["integrations"], json!([{ "key": "sandbox-crm", "action": null, "losing": 1 }]));
    assert_eq!((&usage["agents"][0]["name"], &usage["agents"][0]["losing"]), (&json!("Helper"), &json!(3)));
    stage.app.mails().await;
}
