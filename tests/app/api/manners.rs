//! What holds for all calls: problems, lists, unknown fields.

use http::Method;
use serde_json::Value;
use serde_json::json;

use crate::api::stage::AGENTS;
use crate::api::stage::CONNECTIONS;
use crate::api::stage::INTEGRATIONS;
use crate::api::stage::id;
use crate::api::stage::items;
use crate::api::stage::made;
use crate::api::stage::pluck;
use crate::api::stage::problem;
use crate::api::stage::shown;
use crate::api::stage::wrong_fields;
use crate::support::TestApp;

#[tokio::test]
async fn an_address_that_is_not_there_is_a_problem_document() {
    let app = TestApp::start();
    let program = app.token(&app.cast.ada);

    for path in ["/api/v1/nothing", "/api/", "/api/v2/me", "/api/v1/connections/x/y/z"] {
        problem(&program.get(path).await, 404, "not_found");
    }
}

#[tokio::test]
async fn a_method_that_an_address_does_not_take_is_405_and_says_which_ones_it_takes() {
    let app = TestApp::start();
    let program = app.token(&app.cast.ada);

    for (method, path, allowed) in [
        (Method::DELETE, "/api/v1/me", "GET"),
        (Method::PUT, "/api/v1/connections", "GET, POST"),
        (Method::POST, "/api/v1/agents/7", "DELETE, GET, PATCH"),
    ] {
        let answer = program.call(method, path).send().await;

        problem(&answer, 405, "method_not_allowed");
        assert_eq!(answer.header("allow"), allowed);
    }
}

#[tokio::test]
async fn an_id_that_is_none_is_not_found() {
    let app = TestApp::start();
    let program = app.token(&app.cast.ada);

    for path in [
        "/api/v1/connections/7",
        "/api/v1/connections/019a0000-0000-7000-8000-000000000000",
        "/api/v1/agents/x",
        "/api/v1/runs/x",
        "/api/v1/integrations/no-such-thing",
    ] {
        problem(&program.get(path).await, 404, "not_found");
    }
}

#[tokio::test]
async fn a_field_that_a_call_does_not_know_is_refused_by_name() {
    let app = TestApp::start();
    let program = app.token(&app.cast.ada);

    let answer = program.json(Method::POST, AGENTS, &json!({ "name": "A", "owner_id": "x" })).await;
    assert_eq!(wrong_fields(&answer), ["owner_id"]);

    let body = json!({ "integration": "a", "auth_type": "none", "status": "active" });
    assert_eq!(wrong_fields(&program.json(Method::POST, CONNECTIONS, &body).await), ["status"]);

    let body = json!({ "enabled": true, "access": { "workspace": true, "all": true } });
    let answer = program.json(Method::PATCH, &format!("{INTEGRATIONS}/slack"), &body).await;
    assert_eq!(wrong_fields(&answer), ["access.all"]);
}

#[tokio::test]
async fn a_field_that_is_missing_or_of_another_kind_is_named_with_the_way_to_it() {
    let app = TestApp::start();
    let program = app.token(&app.cast.ada);
    let agent = id(&made(&program.json(Method::POST, AGENTS, &json!({ "name": "A" })).await));
    let shares = format!("{AGENTS}/{agent}/shares");

    for (path, body, field) in [
        (AGENTS, json!({}), "name"),
        (AGENTS, json!({ "name": 7 }), "name"),
        (&shares, json!({ "grantee": { "type": "robot" }, "access": "use" }), "grantee.type"),
        (&shares, json!({ "grantee": { "type": "user", "id": "7" }, "access": "use" }), "grantee.id"),
        (&shares, json!({ "grantee": { "type": "user" }, "access": "use" }), "grantee.id"),
        (AGENTS, json!([]), "body"),
    ] {
        assert_eq!(wrong_fields(&program.json(Method::POST, path, &body).await), [field], "{body}");
    }
}

#[tokio::test]
async fn what_is_not_json_is_refused_before_anything_else_but_the_token() {
    let app = TestApp::start();
    let program = app.token(&app.cast.ada);

    let text = program.call(Method::POST, AGENTS).body("text/plain", r#"{"name": "A"}"#.to_owned()).send().await;
    problem(&text, 415, "unsupported_media_type");
    let broken = program.call(Method::POST, AGENTS).body("application/json", "{".to_owned()).send().await;
    problem(&broken, 400, "bad_request");
    let large = json!({ "name": "A", "instructions": "x".repeat(300 * 1024) });
    problem(&program.json(Method::POST, AGENTS, &large).await, 413, "too_large");
    // A stranger with a bad body is told that they are a stranger.
    let stranger = program.call(Method::POST, AGENTS).without("authorization");
    problem(&stranger.body("text/plain", "x".to_owned()).send().await, 401, "unauthorized");
}

#[tokio::test]
async fn every_list_refuses_what_it_does_not_know_and_pages_that_are_none() {
    let app = TestApp::start();
    let program = app.token(&app.cast.ada);
    let agent = id(&made(&program.json(Method::POST, AGENTS, &json!({ "name": "A" })).await));
    let (shares, actions) = (format!("{AGENTS}/{agent}/shares"), format!("{AGENTS}/{agent}/actions"));

    for list in [INTEGRATIONS, CONNECTIONS, AGENTS, &shares, &actions, "/api/v1/runs"] {
        for (query, field) in
            [("colour=red", "colour"), ("limit=0", "limit"), ("limit=101", "limit"), ("cursor=x", "cursor")]
        {
            let answer = program.get(&format!("{list}?{query}")).await;

            assert_eq!(wrong_fields(&answer), [field], "{list}?{query}");
        }
        shown(&program.get(&format!("{list}?limit=100")).await);
    }
    for (query, field) in [
        ("connections?view=theirs", "view"),
        ("connections?status=broken", "status"),
        ("runs?status=broken", "status"),
        ("runs?agent=7", "agent"),
    ] {
        assert_eq!(wrong_fields(&program.get(&format!("/api/v1/{query}")).await), [field]);
    }
}

#[tokio::test]
async fn pages_follow_each_other_and_leave_nothing_out() {
    let app = TestApp::start();
    let program = app.token(&app.cast.ada);
    for name in ["one", "two", "three", "four", "five"] {
        made(&program.json(Method::POST, AGENTS, &json!({ "name": name })).await);
    }

    let mut seen = Vec::new();
    let mut path = format!("{AGENTS}?limit=2");
    for pages in 1.. {
        let page = shown(&program.get(&path).await);
        let names = pluck(page["items"].as_array().unwrap(), "name");
        seen.extend(names.into_iter().map(str::to_owned));
        let Some(next) = page["next"].as_str() else {
            assert_eq!(pages, 3);
            break;
        };
        path = format!("{AGENTS}?limit=2&cursor={next}");
    }

    assert_eq!(seen, ["five", "four", "three", "two", "one"]);
    assert_eq!(items(&program.get(&format!("{AGENTS}?limit=5")).await).len(), 5);
}

#[tokio::test]
async fn a_list_that_is_made_whole_has_pages_too() {
    let app = TestApp::start();
    let program = app.token(&app.cast.ada);
    let all = items(&program.get(&format!("{INTEGRATIONS}?limit=100")).await);

    let first = shown(&program.get(&format!("{INTEGRATIONS}?limit=3")).await);
    let next = first["next"].as_str().unwrap();
    let second = shown(&program.get(&format!("{INTEGRATIONS}?limit=3&cursor={next}")).await);

    assert_eq!(first["items"], Value::from(all[..3].to_vec()));
    assert_eq!(second["items"], Value::from(all[3..6].to_vec()));
}
