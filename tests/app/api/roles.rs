//! Roles: what each may do, who switches it, and that a loss holds from the next call.

use http::Method;
use serde_json::json;

use crate::api::stage::AGENTS;
use crate::api::stage::Stage;
use crate::api::stage::items;
use crate::api::stage::made;
use crate::api::stage::members;
use crate::api::stage::problem;
use crate::api::stage::shown;
use crate::api::stage::wrong_fields;

const ROLES: &str = "/api/v1/roles";

#[tokio::test]
async fn the_three_roles_are_listed_with_what_they_may_do() {
    let stage = Stage::start();

    let roles = items(&stage.max().get(ROLES).await);

    assert_eq!(members(&roles[0]), ["member_count", "permissions", "role"]);
    let all = json!(["createAgents", "createIntegrations", "configurePreselectedConnections"]);
    assert_eq!(roles[0], json!({ "role": "admin", "permissions": all, "member_count": 1 }));
    assert_eq!(roles[1], json!({ "role": "editor", "permissions": all, "member_count": 1 }));
    assert_eq!(roles[2], json!({ "role": "member", "permissions": ["createAgents"], "member_count": 2 }));
}

#[tokio::test]
async fn a_permission_that_is_taken_is_gone_from_the_next_call_and_one_that_is_given_is_there() {
    let stage = Stage::start();
    let (ada, max, mallory) = (stage.ada(), stage.max(), stage.mallory());
    let agent = json!({ "name": "Helper" });
    let member = format!("{ROLES}/member");

    made(&max.json(Method::POST, AGENTS, &agent).await);
    let none = shown(&ada.json(Method::PATCH, &member, &json!({ "permissions": [] })).await);
    let refused = problem(&max.json(Method::POST, AGENTS, &agent).await, 403, "forbidden");
    shown(&ada.json(Method::PATCH, &member, &json!({ "permissions": ["createAgents"] })).await);
    made(&max.json(Method::POST, AGENTS, &agent).await);

    assert_eq!(none["permissions"], json!([]));
    assert!(refused["detail"].as_str().unwrap().contains("“createAgents”"));
    let elsewhere = items(&mallory.get(ROLES).await);
    assert_eq!(elsewhere[2]["permissions"], json!(["createAgents"]), "another workspace has roles of its own");
}

#[tokio::test]
async fn an_admin_always_holds_every_permission() {
    let stage = Stage::start();
    let (ada, admin) = (stage.ada(), format!("{ROLES}/admin"));

    let fewer = json!({ "permissions": ["createAgents"] });
    assert_eq!(wrong_fields(&ada.json(Method::PATCH, &admin, &fewer).await), ["permissions"]);
    let all = json!({ "permissions": ["createAgents", "createIntegrations", "configurePreselectedConnections"] });
    shown(&ada.json(Method::PATCH, &admin, &all).await);
    assert_eq!(items(&ada.get(ROLES).await)[0]["permissions"], all["permissions"]);
}

#[tokio::test]
async fn switching_is_for_admins_and_a_role_that_is_none_is_not_there() {
    let stage = Stage::start();
    let none = json!({ "permissions": [] });

    for client in [stage.eve(), stage.max()] {
        problem(&client.json(Method::PATCH, &format!("{ROLES}/member"), &none).await, 403, "forbidden");
    }
    problem(&stage.ada().json(Method::PATCH, &format!("{ROLES}/owner"), &none).await, 404, "not_found");
    let unknown = json!({ "permissions": ["rule"] });
    let answer = stage.ada().json(Method::PATCH, &format!("{ROLES}/member"), &unknown).await;
    assert_eq!(wrong_fields(&answer), ["permissions[0]"]);
}
