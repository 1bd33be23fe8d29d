//! Integrations: what can be connected, and what admins decide about it.

use http::Method;
use serde_json::Value;
use serde_json::json;

use crate::api::stage::INTEGRATIONS;
use crate::api::stage::Stage;
use crate::api::stage::items;
use crate::api::stage::members;
use crate::api::stage::pluck;
use crate::api::stage::problem;
use crate::api::stage::shown;
use crate::api::stage::wrong_fields;
use crate::support::TestApp;

const CRM: &str = "/api/v1/integrations/sandbox-crm";
const CALENDAR: &str = "/api/v1/integrations/sandbox-calendar";

#[tokio::test]
async fn the_built_in_ones_are_listed_by_name() {
    let app = TestApp::start();

    let list = items(&app.token(&app.cast.max).get(&format!("{INTEGRATIONS}?limit=100")).await);

    let names: Vec<String> = pluck(&list, "name").iter().map(|name| name.to_lowercase()).collect();
    assert!(names.is_sorted() && names.len() >= 5, "{names:?}");
    let slack = list.iter().find(|integration| integration["key"] == "slack").unwrap();
    assert_eq!(members(slack), ["auth_types", "category", "custom", "description", "enabled", "key", "name"]);
    assert_eq!((&slack["custom"], &slack["enabled"]), (&json!(false), &json!(true)));
}

#[tokio::test]
async fn a_list_is_narrowed_by_text_and_by_category() {
    let stage = Stage::with(&["sandbox-crm", "sandbox-holidays"]).await;
    let max = stage.max();
    let keys = async |query: &str| {
        let list = items(&max.get(&format!("{INTEGRATIONS}?{query}")).await);
        pluck(&list, "key").into_iter().map(str::to_owned).collect::<Vec<_>>()
    };

    assert_eq!(keys("q=SANDBOX").await, ["sandbox-crm", "sandbox-holidays"]);
    assert_eq!(keys("q=sandbox&category=crm").await, ["sandbox-crm"]);
    assert_eq!(keys("q=no%20such%20text").await, Vec::<String>::new());
}

#[tokio::test]
async fn one_shows_how_to_connect_it_and_what_it_can_do() {
    let stage = Stage::with(&["sandbox-crm"]).await;

    let crm = shown(&stage.max().get(CRM).await);

    assert_eq!(
        members(&crm),
        ["actions", "auth", "auth_types", "category", "custom", "description", "enabled", "key", "name"]
    );
    assert_eq!((&crm["auth_types"], &crm["custom"]), (&json!(["api_key"]), &json!(true)));
    let auth = &crm["auth"][0];
    assert_eq!(auth["type"], "api_key");
    assert_eq!(members(&auth["fields"][0]), ["help", "label", "name", "required", "secret"]);
    assert_eq!((&auth["fields"][0]["secret"], &auth["fields"][0]["required"]), (&json!(true), &json!(true)));
    let action = |key: &str| {
        let actions = crm["actions"].as_array().unwrap();
        actions.iter().find(|action| action["key"] == key).unwrap().clone()
    };
    let list = action("listContacts");
    assert_eq!(members(&list), ["auth_types", "description", "effect", "input_schema", "key", "name"]);
    assert_eq!(list["effect"], "read");
    assert_eq!(list["input_schema"]["properties"]["limit"]["maximum"], 100);
    let deal = action("createDeal");
    assert_eq!(deal["effect"], "write");
    assert!(deal["input_schema"]["properties"].get("X-Note").is_some());
}

#[tokio::test]
async fn only_an_admin_sees_the_settings() {
    let stage = Stage::with(&["sandbox-crm", "sandbox-calendar"]).await;

    let calendar = shown(&stage.ada().get(CALENDAR).await);
    let redirect_uri = stage.app.parts.public.absolute("/oauth/callback/acme/sandbox-calendar");
    assert_eq!(calendar["oauth"], json!({ "client_configured": false, "redirect_uri": redirect_uri, "problem": null }));
    assert_eq!(calendar["access"], json!({ "workspace": true, "users": [], "groups": [] }));

    let crm = shown(&stage.ada().get(CRM).await);
    assert_eq!(crm.get("oauth"), None);
    for client in [stage.eve(), stage.max()] {
        let calendar = shown(&client.get(CALENDAR).await);
        assert_eq!((calendar.get("oauth"), calendar.get("access")), (None, None));
    }
}

#[tokio::test]
async fn a_custom_one_is_another_workspaces_secret() {
    let stage = Stage::with(&["sandbox-crm"]).await;
    let mallory = stage.mallory();

    problem(&mallory.get(CRM).await, 404, "not_found");
    problem(&mallory.json(Method::PATCH, CRM, &json!({ "enabled": false })).await, 404, "not_found");
    assert!(items(&mallory.get(&format!("{INTEGRATIONS}?q=sandbox")).await).is_empty());
}

#[tokio::test]
async fn the_oauth_client_can_be_set_and_its_secret_never_seen() {
    let stage = Stage::with(&["sandbox-crm", "sandbox-calendar"]).await;
    let ada = stage.ada();
    let client = json!({ "oauth_client": { "client_id": "app-1", "client_secret": "CANARY-client-secret" } });

    let changed = shown(&ada.json(Method::PATCH, CALENDAR, &client).await);

    assert_eq!(changed["oauth"]["client_configured"], true);
    assert_eq!(shown(&ada.get(CALENDAR).await), changed);
    assert_eq!(wrong_fields(&ada.json(Method::PATCH, CRM, &client).await), ["oauth_client"]);
    let nameless = json!({ "oauth_client": { "client_id": " ", "client_secret": "CANARY-client-secret" } });
    assert_eq!(wrong_fields(&ada.json(Method::PATCH, CALENDAR, &nameless).await), ["oauth_client"]);
    let misplaced = json!({ "oauth_client": "CANARY-client-secret" });
    assert_eq!(wrong_fields(&ada.json(Method::PATCH, CALENDAR, &misplaced).await), ["oauth_client"]);
    stage.app.assert_no_canary(&["CANARY-client-secret"]).await;
}

#[tokio::test]
async fn what_is_switched_off_is_there_for_admins_alone() {
    let stage = Stage::with(&["sandbox-crm"]).await;
    let (ada, max) = (stage.ada(), stage.max());

    let off = shown(&ada.json(Method::PATCH, CRM, &json!({ "enabled": false })).await);
    assert_eq!(off["enabled"], false);
    assert_eq!(off["access"]["workspace"], true, "what is not given stays");
    problem(&max.get(CRM).await, 404, "not_found");
    assert!(items(&max.get(&format!("{INTEGRATIONS}?q=sandbox")).await).is_empty());
    assert_eq!(items(&ada.get(&format!("{INTEGRATIONS}?q=sandbox")).await)[0]["enabled"], false);

    shown(&ada.json(Method::PATCH, CRM, &json!({ "enabled": true })).await);
    shown(&max.get(CRM).await);
}

#[tokio::test]
async fn one_can_be_kept_for_some_people() {
    let stage = Stage::with(&["sandbox-crm"]).await;
    let (ada, mia) = (stage.ada(), stage.app.cast.mia.id.to_string());
    let access = json!({ "access": { "workspace": false, "users": [mia] } });

    let restricted = shown(&ada.json(Method::PATCH, CRM, &access).await);

    assert_eq!(restricted["access"], json!({ "workspace": false, "users": [mia], "groups": [] }));
    shown(&stage.mia().get(CRM).await);
    problem(&stage.max().get(CRM).await, 404, "not_found");
    let stranger = stage.app.cast.mallory.id.to_string();
    let wrong = json!({ "access": { "workspace": false, "users": [stranger] } });
    assert_eq!(wrong_fields(&ada.json(Method::PATCH, CRM, &wrong).await), ["access"]);
    assert_eq!(shown(&ada.get(CRM).await)["access"], restricted["access"], "nothing of a refused change stays");
}

#[tokio::test]
async fn settings_are_for_admins() {
    let stage = Stage::with(&["sandbox-crm"]).await;

    for client in [stage.eve(), stage.max()] {
        let refused = problem(&client.json(Method::PATCH, CRM, &json!({ "enabled": false })).await, 403, "forbidden");
        assert!(refused["detail"].as_str().unwrap().contains("workspace admin"));
    }
    assert_eq!(shown(&stage.ada().get(CRM).await)["enabled"], Value::Bool(true));
}
