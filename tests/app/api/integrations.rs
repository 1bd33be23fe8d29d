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
use crate::support::stage::crm_key;

const CONNECTIONS: &str = "/api/v1/connections";
const CRM: &str = "/api/v1/integrations/sandbox-crm";
const CALENDAR: &str = "/api/v1/integrations/sandbox-calendar";

#[tokio::test]
async fn the_built_in_ones_are_listed_by_name() {
    let app = TestApp::start();

    let list = items(&app.token(&app.cast.max).get(&format!("{INTEGRATIONS}?limit=100")).await);

    let names: Vec<String> = pluck(&list, "name").iter().map(|name| name.to_lowercase()).collect();
    assert!(names.is_sorted() && names.len() >= 5, "{names:?}");
    let slack = list.iter().find(|integration| integration["key"] == "slack").unwrap();
    assert_eq!(members(slack), ["auth_types", "category", "custom", "description", "enabled", "key", "name", "usable"]);
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
        ["actions", "auth", "auth_types", "category", "custom", "description", "enabled", "key", "name", "usable"]
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
    assert_eq!(members(&list), ["auth_types", "description", "effect", "input_schema", "key", "name", "usable"]);
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
    assert_eq!(shown(&stage.mia().get(CRM).await)["usable"], true);
    let his = shown(&stage.max().get(CRM).await);
    assert_eq!((&his["usable"], &his["actions"][0]["usable"]), (&json!(false), &json!(false)));
    assert!(his["hint"].as_str().unwrap().ends_with("Ask Ada Admin."), "{}", his["hint"]);
    assert_eq!(items(&stage.max().get(&format!("{INTEGRATIONS}?q=sandbox")).await)[0]["usable"], false);
    let new = json!({ "integration": "sandbox-crm", "auth_type": "api_key", "fields": { "key": "crm_x" } });
    let refused = problem(&stage.max().json(Method::POST, CONNECTIONS, &new).await, 403, "forbidden");
    assert_eq!(refused["who_can_help"][0]["name"], "Ada Admin");
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

#[tokio::test]
async fn single_actions_can_be_kept_for_some_people_and_others_stay_open() {
    let stage = Stage::with(&["sandbox-crm"]).await;
    let (ada, max, mia) = (stage.ada(), stage.max(), stage.app.cast.mia.id.to_string());
    let of = |shown: &Value, key: &str| {
        let actions = shown["actions"].as_array().unwrap();
        actions.iter().find(|action| action["key"] == key).unwrap().clone()
    };
    let only = json!({ "actions": { "createDeal": { "workspace": false, "users": [mia] } } });

    let changed = shown(&ada.json(Method::PATCH, CRM, &only).await);

    assert_eq!(of(&changed, "createDeal")["access"], json!({ "workspace": false, "users": [mia], "groups": [] }));
    assert_eq!(of(&changed, "listContacts")["access"], json!({ "workspace": true, "users": [], "groups": [] }));
    let his = shown(&max.get(CRM).await);
    assert_eq!((&of(&his, "createDeal")["usable"], &of(&his, "listContacts")["usable"]), (&json!(false), &json!(true)));
    assert_eq!(of(&his, "createDeal").get("access"), None, "for admins alone");
    assert_eq!(of(&shown(&stage.mia().get(CRM).await), "createDeal")["usable"], true);

    let unknown = json!({ "actions": { "noSuchAction": { "workspace": false } } });
    assert_eq!(wrong_fields(&ada.json(Method::PATCH, CRM, &unknown).await), ["actions.noSuchAction"]);
    let stranger = json!({ "actions": { "createDeal": { "workspace": false, "users": [stage.app.cast.mallory.id] } } });
    assert_eq!(wrong_fields(&ada.json(Method::PATCH, CRM, &stranger).await), ["actions.createDeal"]);
    let many: Vec<_> = (0..101).map(uuid::Uuid::from_u128).collect();
    let many = json!({ "access": { "workspace": false, "users": many } });
    assert_eq!(wrong_fields(&ada.json(Method::PATCH, CRM, &many).await), ["access"]);

    let open = json!({ "actions": { "createDeal": { "workspace": true } } });
    assert_eq!(of(&shown(&ada.json(Method::PATCH, CRM, &open).await), "createDeal")["access"]["workspace"], true);
    assert_eq!(of(&shown(&max.get(CRM).await), "createDeal")["usable"], true);
}

#[tokio::test]
async fn a_way_to_connect_that_admins_keep_is_refused_to_others_with_who_can_help() {
    let stage = Stage::with(&["sandbox-crm"]).await;
    let (ada, max) = (stage.ada(), stage.max());
    let new = |key: &str| json!({ "integration": "sandbox-crm", "auth_type": "api_key", "fields": { "key": key } });
    let made = max.json(Method::POST, CONNECTIONS, &new(crm_key())).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let made = format!("{CONNECTIONS}/{}", shown_id(&made.body));

    let reserve = json!({ "reserved_auth_types": ["api_key"] });
    let changed = shown(&ada.json(Method::PATCH, CRM, &reserve).await);

    assert_eq!((&changed["reserved_auth_types"], &changed["auth"][0]["usable"]), (&json!(["api_key"]), &json!(true)));
    assert_eq!(shown(&max.get(CRM).await)["auth"][0]["usable"], false);
    let refused = problem(&max.json(Method::POST, CONNECTIONS, &new(crm_key())).await, 403, "forbidden");
    assert!(refused["detail"].as_str().unwrap().ends_with("Ask Ada Admin."), "{}", refused["detail"]);
    let replaced = json!({ "fields": { "key": crm_key() } });
    let refused = problem(&max.json(Method::PATCH, &made, &replaced).await, 403, "forbidden");
    assert!(refused["detail"].as_str().unwrap().contains("Only workspace admins"), "{}", refused["detail"]);
    let tested = shown(&max.json(Method::POST, &format!("{made}/test"), &json!({})).await);
    assert_eq!(tested["ok"], true, "what there is works on");
    assert_eq!(ada.json(Method::POST, CONNECTIONS, &new(crm_key())).await.status, 201);

    let other = json!({ "reserved_auth_types": ["oauth"] });
    assert_eq!(wrong_fields(&ada.json(Method::PATCH, CRM, &other).await), ["reserved_auth_types"]);
    shown(&ada.json(Method::PATCH, CRM, &json!({ "reserved_auth_types": [] })).await);
    assert_eq!(max.json(Method::PATCH, &made, &replaced).await.status, 200);
}

#[tokio::test]
async fn a_preview_says_who_loses_what_and_changes_nothing() {
    let stage = Stage::with(&["sandbox-crm"]).await;
    let (ada, max) = (stage.ada(), stage.max());
    let new = json!({ "integration": "sandbox-crm", "auth_type": "api_key", "name": "Sales", "fields": { "key": crm_key() } });
    assert_eq!(max.json(Method::POST, CONNECTIONS, &new).await.status, 201);
    let mia = stage.app.cast.mia.id;
    let agent = shown_id(&max.json(Method::POST, "/api/v1/agents", &json!({ "name": "Helper" })).await.body);
    let action = json!({ "integration": "sandbox-crm", "action": "listContacts" });
    assert_eq!(max.json(Method::POST, &format!("/api/v1/agents/{agent}/actions"), &action).await.status, 201);
    let before = shown(&ada.get(CRM).await);
    let preview = format!("{CRM}?preview=true");

    let access = json!({ "access": { "workspace": false, "users": [mia] }, "reserved_auth_types": ["api_key"] });
    let whole = shown(&ada.json(Method::PATCH, &preview, &access).await)["losses"].clone();
    let one = json!({ "actions": { "listContacts": { "workspace": false, "users": [mia] } } });
    let one = shown(&ada.json(Method::PATCH, &preview, &one).await)["losses"].clone();
    let nothing = shown(&ada.json(Method::PATCH, &preview, &json!({ "enabled": true })).await)["losses"].clone();

    assert_eq!(whole["people"], 2, "Eve and Max: Ada is an admin, Mia is named");
    assert_eq!(whole["integration"], json!({ "people": 2, "names": ["Eve Editor", "Max Member"] }));
    assert_eq!((&whole["agents"][0]["people"], &whole["agents"][0]["name"]), (&json!(1), &Value::Null));
    assert_eq!(whole["agents"][0]["owner_name"], "Max Member");
    assert_eq!((&whole["connections"][0]["name"], &whole["connection_count"]), (&json!("Sales"), &json!(1)));
    assert_eq!(whole["reserved"], json!([{ "auth_type": "api_key", "connections": 1 }]));
    assert_eq!((&one["integration"], &one["actions"][0]["key"]), (&Value::Null, &json!("listContacts")));
    assert_eq!((&one["people"], &one["connection_count"], &one["agent_count"]), (&json!(2), &json!(0), &json!(1)));
    assert_eq!((&nothing["people"], &nothing["agents"]), (&json!(0), &json!([])));
    assert_eq!(shown(&ada.get(CRM).await), before);
    problem(&max.json(Method::PATCH, &preview, &access).await, 403, "forbidden");
    assert_eq!(wrong_fields(&ada.json(Method::PATCH, &format!("{CRM}?try=true"), &access).await), ["try"]);
}

fn shown_id(body: &str) -> String {
    let body: Value = serde_json::from_str(body).unwrap();
    body["id"].as_str().unwrap().to_owned()
}
