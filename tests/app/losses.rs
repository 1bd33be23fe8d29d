//! What is said before something is taken away names the first two hundred of each kind, and says how many there are.

use diesel::connection::SimpleConnection;
use http::Method;
use serde_json::json;

use crate::api::stage::shown;
use crate::support::TestApp;
use crate::support::cast;

/// Eve owns `count` keys, each shared with the group and preselected on an agent of Max's.
fn keys(app: &TestApp, count: u32) -> String {
    let conn = &mut app.conn();
    let group = cast::group(conn, &app.cast.ada, "Sales", &[&app.cast.mia]);
    let (acme, eve, max) = (app.cast.acme.id, app.cast.eve.id, app.cast.max.id);
    let id = |kind: u32| format!("('{kind:08x}-0000-4000-8000-' || lpad(to_hex(n), 12, '0'))::uuid");
    let (connection, agent, action) = (id(1), id(2), id(3));
    conn.batch_execute(&format!(
        "INSERT INTO connections (workspace_id, id, owner_id, integration, auth_type, name, status, scopes, origins,
                token_version, client_generation, created_at)
            SELECT '{acme}', {connection}, '{eve}', 'stripe', 'api_key', 'Key ' || n, 'active', '{{}}',
                '{{https://api.stripe.com}}', 1, 0, now() FROM generate_series(1, {count}) n;
         INSERT INTO connection_shares (workspace_id, id, connection_id, connection_auth, grantee_group, access, created_by,
                created_at)
            SELECT '{acme}', gen_random_uuid(), {connection}, 'api_key', '{group}', 'use', '{eve}', now()
            FROM generate_series(1, {count}) n;
         INSERT INTO agents (workspace_id, id, owner_id, name, description, instructions, enabled, created_at, updated_at)
            SELECT '{acme}', {agent}, '{max}', 'Agent ' || n, '', '', true, now(), now()
            FROM generate_series(1, {count}) n;
         INSERT INTO agent_actions (workspace_id, id, agent_id, integration, action, credentials, requires_confirmation,
                created_at)
            SELECT '{acme}', {action}, {agent}, 'stripe', 'listCustomers', 'preselected', false, now()
            FROM generate_series(1, {count}) n;
         INSERT INTO bindings (workspace_id, agent_action_id, connection_id, connection_auth, connection_owner, attached_by,
                attached_at, approved_fingerprint)
            SELECT '{acme}', {action}, {connection}, 'api_key', '{eve}', '{eve}', now(), ''
            FROM generate_series(1, {count}) n;"
    ))
    .unwrap();
    group.to_string()
}

#[tokio::test]
async fn more_than_two_hundred_are_counted_and_said_to_be_cut() {
    let app = TestApp::start();
    let (ada, program) = (app.signed_in(&app.cast.ada).await, app.token(&app.cast.ada));
    let (group, eve) = (keys(&app, 203), app.cast.eve.id);

    let shared = shown(&program.get(&format!("/api/v1/groups/{group}/usage")).await);
    assert_eq!((&shared["connection_count"], &shared["agent_count"]), (&json!(203), &json!(0)));
    assert_eq!(shared["connections"].as_array().unwrap().len(), 200);
    for page in ["", "/deletion"] {
        let page = ada.get(&format!("/w/acme/groups/{group}{page}")).await;
        assert!(page.shows("The first 200 of 203 connections are listed."), "{}", page.body);
    }
    let before = shown(&program.get(&format!("/api/v1/members/{eve}/usage")).await);
    assert_eq!((before["agents"].as_array().unwrap().len(), &before["agent_count"]), (200, &json!(203)));
    let page = ada.get(&format!("/w/acme/people/{eve}/deactivation")).await;
    assert!(page.shows("The first 200 of 203 agents are listed."), "{}", page.body);

    let away = json!({ "status": "deactivated" });
    shown(&program.json(Method::PATCH, &format!("/api/v1/members/{eve}"), &away).await);

    let left = shown(&program.get("/api/v1/adoptions").await);
    let counts = (&left["connection_count"], &left["action_count"]);
    assert_eq!((counts, left["connections"].as_array().unwrap().len()), ((&json!(203), &json!(203)), 200));
    let page = ada.get("/w/acme/people/adoptions").await;
    assert!(page.shows("The first 200 of 203 keys are listed."), "{}", page.body);
    assert!(page.shows("The first 200 of 203 actions are listed."), "{}", page.body);
    assert!(ada.get("/w/acme/people").await.shows("406 connections and actions wait"));
}

#[tokio::test]
async fn where_all_are_listed_nothing_is_said_about_it() {
    let app = TestApp::start();
    let ada = app.signed_in(&app.cast.ada).await;
    let group = keys(&app, 2);

    let page = ada.get(&format!("/w/acme/groups/{group}")).await;

    assert!(page.shows("Where it has access 2") && !page.shows("are listed"), "{}", page.body);
}
