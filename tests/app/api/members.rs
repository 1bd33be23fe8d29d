//! Members: inviting, roles, the last admin, deactivating with what it stops, adopting what is left.

use std::time::Duration;

use http::Method;
use serde_json::Value;
use serde_json::json;

use crate::api::stage::CONNECTIONS;
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
use crate::support::cast::Person;

const MEMBERS: &str = "/api/v1/members";
const ADOPTIONS: &str = "/api/v1/adoptions";

fn path(person: &Person) -> String {
    format!("{MEMBERS}/{}", person.id)
}

#[tokio::test]
async fn members_are_listed_narrowed_and_paged() {
    let stage = Stage::start();
    let (ada, max) = (stage.ada(), stage.max());

    let all = items(&ada.get(MEMBERS).await);
    assert_eq!(all.len(), 4);
    let keys = ["connection_count", "created_at", "email", "id", "last_seen_at", "name", "pending", "role", "status"];
    assert_eq!(members(&all[0]), keys);
    assert_eq!(pluck(&items(&max.get(&format!("{MEMBERS}?q=eve@")).await), "name"), ["Eve Editor"]);
    assert_eq!(pluck(&items(&max.get(&format!("{MEMBERS}?role=admin")).await), "name"), ["Ada Admin"]);
    let first = shown(&max.get(&format!("{MEMBERS}?limit=3")).await);
    let second = shown(&max.get(&format!("{MEMBERS}?limit=3&cursor={}", first["next"].as_str().unwrap())).await);
    assert_eq!((first["items"].as_array().unwrap().len(), second["items"].as_array().unwrap().len()), (3, 1));
    for one in items(&max.get(MEMBERS).await) {
        assert_eq!((&one["connection_count"], &one["last_seen_at"]), (&Value::Null, &Value::Null), "{one}");
    }
    assert!(all.iter().all(|one| one["connection_count"] == 0));
}

#[tokio::test]
async fn whoever_was_seen_in_a_browser_was_seen_last_then() {
    let stage = Stage::start();
    stage.app.signed_in(&stage.app.cast.max).await.get("/w/acme/agents").await;

    let max = shown(&stage.ada().get(&path(&stage.app.cast.max)).await);
    let mia = shown(&stage.ada().get(&path(&stage.app.cast.mia)).await);

    assert!(max["last_seen_at"].is_string(), "{max}");
    assert_eq!(mia["last_seen_at"], Value::Null);
}

#[tokio::test]
async fn an_invited_person_is_mailed_a_link_and_comes_in_by_it() {
    let stage = Stage::start();
    let new = json!({ "email": "Nia.New@acme.example", "role": "editor" });

    let invited = made(&stage.ada().json(Method::POST, MEMBERS, &new).await);

    assert_eq!((&invited["name"], &invited["email"]), (&json!("Nia New"), &json!("nia.new@acme.example")));
    assert_eq!(
        (&invited["role"], &invited["pending"], &invited["link"]),
        (&json!("editor"), &json!(true), &Value::Null)
    );
    let mail = stage.app.mails().await.remove(0);
    assert!(mail.text.contains("Ada Admin invited you to the workspace Acme"), "{}", mail.text);
    let link = mail.text.lines().find(|line| line.contains("/set-password?token=")).unwrap().trim();
    let token = link.split("token=").nth(1).unwrap();
    let browser = stage.app.anon();
    let page = browser.get(&format!("/set-password?token={token}")).await;
    let set = page.form("form").set("password", "a sentence of several words").submit().await;
    assert_eq!(set.status, 303, "{}", set.body);
    assert_eq!(browser.get("/w/acme/agents").await.status, 200);
    let after = shown(&stage.ada().get(&format!("{MEMBERS}/{}", id(&invited))).await);
    assert_eq!(after["pending"], false);
}

#[tokio::test]
async fn a_link_is_handed_over_only_while_nobody_else_hangs_on_the_account() {
    let stage = Stage::start();
    let (ada, mallory) = (stage.ada(), stage.mallory());
    let by_link = json!({ "email": "nia@acme.example", "role": "member", "invite": "link" });

    let invited = made(&mallory.json(Method::POST, MEMBERS, &by_link).await);
    let token = invited["link"].as_str().unwrap().split("token=").nth(1).unwrap().to_owned();
    problem(&ada.json(Method::POST, MEMBERS, &by_link).await, 409, "link_unsafe");
    let max = json!({ "email": "max@acme.example", "role": "member", "invite": "link" });
    problem(&mallory.json(Method::POST, MEMBERS, &max).await, 409, "link_unsafe");
    // Mallory takes the account for herself before its person comes.
    let browser = stage.app.anon();
    let page = browser.get(&format!("/set-password?token={token}")).await;
    page.form("form").set("password", "mallory was here first").submit().await;
    assert_eq!(browser.get("/w/globex/agents").await.status, 200);
    made(&ada.json(Method::POST, MEMBERS, &json!({ "email": "nia@acme.example", "role": "member" })).await);

    let page = browser.get("/w/acme/agents").await;
    assert_eq!(page.location(), "/sign-in?next=%2Fw%2Facme%2Fagents", "{}", page.body);
    let sign_in = stage.app.anon().get("/sign-in").await.form("form");
    let sign_in = sign_in.set("email", "nia@acme.example").set("password", "mallory was here first").submit().await;
    assert_eq!(sign_in.status, 422, "{}", sign_in.body);
    stage.app.mails().await;
}

#[tokio::test]
async fn whoever_has_an_account_is_no_member_before_they_accept() {
    let stage = Stage::with(&["sandbox-crm"]).await;
    let (ada, mallory) = (stage.ada(), &stage.app.cast.mallory);
    let new = json!({ "email": mallory.email, "role": "admin" });
    let mallorys = path(mallory);

    let invited = made(&ada.json(Method::POST, MEMBERS, &new).await);
    assert_eq!((&invited["status"], &invited["pending"]), (&json!("invited"), &json!(true)));
    problem(&ada.json(Method::POST, MEMBERS, &new).await, 409, "already_invited");
    for status in ["active", "deactivated"] {
        problem(&ada.json(Method::PATCH, &mallorys, &json!({ "status": status })).await, 409, "not_accepted");
    }
    let to_invited = json!({ "status": "invited" });
    assert_eq!(wrong_fields(&ada.json(Method::PATCH, &path(&stage.app.cast.max), &to_invited).await), ["status"]);
    let key = id(&connect_crm(&ada, "Sales key").await);
    let share = json!({ "grantee": { "type": "user", "id": mallory.id.to_string() }, "access": "use" });
    let shared = ada.json(Method::POST, &format!("{CONNECTIONS}/{key}/shares"), &share).await;
    assert_eq!(shared.status, 422, "nothing is shared with them: {}", shared.body);
    problem(&stage.eve().get(&mallorys).await, 404, "not_found");
    assert_eq!(items(&stage.eve().get(MEMBERS).await).len(), 4);

    assert_eq!(ada.call(Method::DELETE, &mallorys).send().await.status, 204);
    problem(&ada.get(&mallorys).await, 404, "not_found");
    problem(&ada.call(Method::DELETE, &mallorys).send().await, 404, "not_found");
    stage.app.mails().await;
}

#[tokio::test]
async fn what_cannot_be_invited_is_said() {
    let stage = Stage::start();
    let ada = stage.ada();
    let invite =
        async |email: &str| ada.json(Method::POST, MEMBERS, &json!({ "email": email, "role": "member" })).await;

    problem(&invite("max@acme.example").await, 409, "already_member");
    assert_eq!(wrong_fields(&invite("nobody").await), ["email"]);
    assert_eq!(ada.call(Method::DELETE, &path(&stage.app.cast.max)).send().await.status, 204);
    problem(&invite("max@acme.example").await, 409, "deactivated");
    for client in [stage.eve(), stage.mia()] {
        let new = json!({ "email": "nia@acme.example", "role": "admin" });
        problem(&client.json(Method::POST, MEMBERS, &new).await, 403, "forbidden");
        problem(
            &client.json(Method::PATCH, &path(&stage.app.cast.mia), &json!({ "role": "admin" })).await,
            403,
            "forbidden",
        );
        problem(&client.call(Method::DELETE, &path(&stage.app.cast.ada)).send().await, 403, "forbidden");
        problem(&client.get(ADOPTIONS).await, 403, "forbidden");
    }
    problem(&stage.mallory().get(&path(&stage.app.cast.mia)).await, 404, "not_found");
}

#[tokio::test]
async fn a_role_holds_from_the_next_call() {
    let stage = Stage::start();
    let (ada, mia) = (stage.ada(), stage.mia());
    let mias = path(&stage.app.cast.mia);

    problem(&mia.get(ADOPTIONS).await, 403, "forbidden");
    let promoted = shown(&ada.json(Method::PATCH, &mias, &json!({ "role": "admin" })).await);
    shown(&mia.get(ADOPTIONS).await);
    shown(&ada.json(Method::PATCH, &mias, &json!({ "role": "member" })).await);
    problem(&mia.get(ADOPTIONS).await, 403, "forbidden");

    assert_eq!(promoted["role"], "admin");
}

#[tokio::test]
async fn the_last_active_admin_stays() {
    let stage = Stage::start();
    let (ada, adas) = (stage.ada(), path(&stage.app.cast.ada));

    for change in [json!({ "role": "editor" }), json!({ "status": "deactivated" })] {
        problem(&ada.json(Method::PATCH, &adas, &change).await, 409, "last_admin");
    }
    problem(&ada.call(Method::DELETE, &adas).send().await, 409, "last_admin");
    shown(&ada.json(Method::PATCH, &path(&stage.app.cast.mia), &json!({ "role": "admin" })).await);
    shown(&ada.json(Method::PATCH, &adas, &json!({ "role": "editor" })).await);
    problem(&stage.mia().call(Method::DELETE, &path(&stage.app.cast.mia)).send().await, 409, "last_admin");
}

#[tokio::test]
async fn of_two_admins_who_give_up_at_the_same_time_one_stays() {
    let stage = Stage::start();
    let (ada, mia) = (stage.ada(), stage.mia());
    let (adas, mias) = (path(&stage.app.cast.ada), path(&stage.app.cast.mia));

    for round in 0..6 {
        shown(&ada.json(Method::PATCH, &mias, &json!({ "role": "admin" })).await);
        let down = json!({ "role": "editor" });
        let both =
            futures_util::future::join(ada.json(Method::PATCH, &adas, &down), mia.json(Method::PATCH, &mias, &down));
        let (first, second) = tokio::time::timeout(Duration::from_secs(20), both).await.unwrap();
        let statuses = [first.status, second.status];
        assert!(statuses.contains(&200) && statuses.contains(&409), "round {round}: {statuses:?}");
        // Ada is the one who stays, for the next round.
        if first.status == 200 {
            shown(&mia.json(Method::PATCH, &adas, &json!({ "role": "admin" })).await);
            shown(&ada.json(Method::PATCH, &mias, &down).await);
        }
    }
}

#[tokio::test]
async fn deactivating_holds_at_once_and_can_be_undone() {
    let stage = Stage::with(&["sandbox-crm"]).await;
    let (ada, max, maxs) = (stage.ada(), stage.max(), path(&stage.app.cast.max));
    let browser = stage.app.signed_in(&stage.app.cast.max).await;
    let key = id(&connect_crm(&max, "Sales key").await);

    let gone = shown(&ada.json(Method::PATCH, &maxs, &json!({ "status": "deactivated" })).await);
    problem(&max.get("/api/v1/me").await, 401, "unauthorized");
    assert_eq!(browser.get("/w/acme/agents").await.status, 303, "the session is gone: there is nothing else to see");
    let stopped = shown(&ada.get(&format!("{CONNECTIONS}/{key}")).await);
    problem(&stage.mia().get(&maxs).await, 404, "not_found");
    let back = shown(&ada.json(Method::PATCH, &maxs, &json!({ "status": "active" })).await);

    assert_eq!((&gone["status"], &back["status"]), (&json!("deactivated"), &json!("active")));
    assert_eq!(stopped["status"], "suspended");
    assert_eq!(shown(&ada.get(&format!("{CONNECTIONS}/{key}")).await)["status"], "active");
    problem(&max.get("/api/v1/me").await, 401, "unauthorized");
    shown(&stage.max().get("/api/v1/me").await);
}

#[tokio::test]
async fn what_a_leaver_left_is_named_adopted_and_works_again() {
    let stage = Stage::with(&["sandbox-crm"]).await;
    let (ada, eve, max) = (stage.ada(), stage.eve(), stage.max());
    let key = connect_crm(&eve, "Sales key").await;
    let action = json!({
        "integration": "sandbox-crm", "action": "listContacts", "credentials": "preselected", "connection_id": id(&key),
    });
    let (agent, action) = agent_with(&eve, &action).await;
    let share = json!({ "grantee": { "type": "workspace" }, "access": "use" });
    made(&eve.json(Method::POST, &format!("/api/v1/agents/{agent}/shares"), &share).await);
    let runs = format!("/api/v1/agents/{agent}/actions/{action}/runs");
    let run = async || max.json(Method::POST, &runs, &json!({ "input": {} })).await.json()["status"].clone();
    connect_crm(&ada, "Another key").await;

    assert_eq!(run().await, "succeeded");
    let usage = shown(&ada.get(&format!("{}/usage", path(&stage.app.cast.eve))).await);
    assert_eq!(usage["connections"], json!({ "oauth": 0, "other": 1 }));
    assert_eq!((&usage["agents"][0]["name"], &usage["agents"][0]["people"]), (&json!("Helper"), &json!(3)));
    assert_eq!(ada.call(Method::DELETE, &path(&stage.app.cast.eve)).send().await.status, 204);
    assert_eq!(run().await, 403);

    let left = shown(&ada.get(ADOPTIONS).await);
    assert_eq!((&left["connections"][0]["id"], &left["connections"][0]["actions"]), (&json!(id(&key)), &json!(1)));
    assert_eq!((&left["actions"][0]["id"], &left["actions"][0]["suppliers"]), (&json!(action), &json!(["Ada Admin"])));
    let transfer = format!("{CONNECTIONS}/{}/transfer", id(&key));
    let to = |person: &Person| json!({ "user": person.id.to_string() });
    problem(&max.json(Method::POST, &transfer, &to(&stage.app.cast.max)).await, 404, "not_found");
    problem(&ada.json(Method::POST, &transfer, &to(&stage.app.cast.eve)).await, 409, "same_owner");
    assert_eq!(wrong_fields(&ada.json(Method::POST, &transfer, &to(&stage.app.cast.mallory)).await), ["user"]);
    let adopted = shown(&ada.json(Method::POST, &transfer, &to(&stage.app.cast.max)).await);
    assert_eq!((&adopted["status"], &adopted["owner"]["name"]), (&json!("active"), &json!("Max Member")));
    assert!(shown(&ada.get(ADOPTIONS).await)["connections"].as_array().unwrap().is_empty());
    assert_eq!(run().await, 403, "whoever attached it is gone; somebody who may has to do it anew");
    stage.app.mails().await;
}
