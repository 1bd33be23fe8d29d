//! A call that is sent again with the same idempotency key happens once.

use http::Method;
use serde_json::Value;
use serde_json::json;

use crate::api::runs::RUNS;
use crate::api::runs::contact;
use crate::api::runs::on;
use crate::api::runs::runs_of;
use crate::api::stage::Stage;
use crate::api::stage::connect_crm;
use crate::api::stage::items;
use crate::api::stage::problem;
use crate::api::stage::shown;
use crate::api::stage::wrong_fields;
use crate::support::Answer;
use crate::support::Client;

async fn run_once(client: &Client, path: &str, key: &str, body: &Value) -> Answer {
    let call = client.call(Method::POST, path).header("idempotency-key", key);
    call.body("application/json", body.to_string()).send().await
}

#[tokio::test]
async fn the_same_key_does_it_once() {
    let stage = Stage::with(&["sandbox-crm"]).await;
    let max = stage.max();
    connect_crm(&max, "Sales").await;
    let mut action = on("createContact");
    action["requires_confirmation"] = json!(false);
    let (_, path) = runs_of(&max, &action).await;
    let body = json!({ "input": contact() });

    let first = run_once(&max, &path, "key-1", &body).await;
    let again = run_once(&max, &path, "key-1", &body).await;

    assert_eq!((first.status, first.header("idempotent-replay")), (200, ""));
    assert_eq!((again.status, again.header("idempotent-replay")), (200, "true"));
    let (first, again) = (first.json(), again.json());
    for member in ["id", "status", "response", "duration_ms", "credentials", "input"] {
        assert_eq!(again[member], first[member], "{member}");
    }
    assert_eq!(stage.outside.received_at("/crm/v1/contacts").len(), 1);
    let other = json!({ "input": { "name": "Other", "email": "other@adatum.example" } });
    problem(&run_once(&max, &path, "key-1", &other).await, 422, "idempotency_key_reused");
    // The key is the caller's own.
    let refused = shown(&run_once(&max, &path, "key-2", &body).await);
    assert_eq!((&refused["status"], &refused["response"]["status"]), (&json!("failed"), &json!(409)));
    for wrong in ["", "two words", &"x".repeat(256)] {
        assert_eq!(wrong_fields(&run_once(&max, &path, wrong, &body).await), ["Idempotency-Key"]);
    }
}

#[tokio::test]
async fn the_same_key_while_it_runs_is_told_to_wait() {
    let stage = Stage::with(&["sandbox-crm"]).await;
    let max = stage.max();
    connect_crm(&max, "Sales").await;
    let (_, path) = runs_of(&max, &on("listContacts")).await;
    stage.outside.pull("slow?ms=1500&path=/crm/v1/contacts").await;

    let body = json!({});
    let first = run_once(&max, &path, "key-1", &body);
    let second = async {
        loop {
            let begun = items(&max.get(&format!("{RUNS}?status=begun")).await);
            if !begun.is_empty() {
                return (begun, run_once(&max, &path, "key-1", &body).await);
            }
        }
    };
    let (first, (begun, second)) = tokio::join!(first, second);

    let waits = problem(&second, 409, "run_under_way");
    assert_eq!((&waits["run_id"], &begun[0]["id"]), (&first.json()["id"], &first.json()["id"]));
    assert_eq!(shown(&first)["status"], "succeeded");
}
