//! Integrations where each customer has an address of their own (D-40): what a connection says is one label of the host, and
//! its secret goes there and nowhere else.

use diesel::RunQueryDsl;
use http::Method;
use odeus::outbound::origin::OriginMap;
use odeus::sandbox;
use serde_json::Value;
use serde_json::json;

use crate::api::runs::runs_of;
use crate::api::stage::CONNECTIONS;
use crate::api::stage::INTEGRATIONS;
use crate::api::stage::crm_key;
use crate::api::stage::id;
use crate::api::stage::items;
use crate::api::stage::made;
use crate::api::stage::problem;
use crate::api::stage::shown;
use crate::api::stage::wrong_fields;
use crate::support::Client;
use crate::support::Options;
use crate::support::Outside;
use crate::support::TestApp;

struct Stage {
    app: TestApp,
    acme: Outside,
    globex: Outside,
}

impl Stage {
    /// Two customers of the same vendor, each with an address of their own, played by two servers.
    async fn start() -> Self {
        let (acme, globex) = (Outside::start(), Outside::start());
        let pairs = [("https://acme.crm.example", acme.url.as_str()), ("https://globex.crm.example", &globex.url)];
        let origin_map = OriginMap::from_pairs(pairs).unwrap();
        let allow = vec![acme.address, globex.address];
        let app = TestApp::with(Options { allow, origin_map, ..Options::default() });
        let mut document: Value = serde_saphyr::from_str(&acme.document("sandbox-crm")).unwrap();
        document["servers"] = json!([{ "url": "https://{company}.crm.example/crm/v1", "variables": { "company": {
            "default": "your-company", "x-odeus": { "label": "Company", "help": "The first part of its address." } } } }]);
        let body = json!({ "key": "desk", "document": document });
        made(&app.token(&app.cast.ada).json(Method::POST, INTEGRATIONS, &body).await);
        Self { app, acme, globex }
    }

    fn max(&self) -> Client {
        self.app.token(&self.app.cast.max)
    }

    fn seen(&self) -> (usize, usize) {
        (self.acme.received_at("/crm").len(), self.globex.received_at("/crm").len())
    }
}

fn to(company: &str) -> Value {
    json!({ "integration": "desk", "auth_type": "api_key", "fields": { "company": company, "key": crm_key() } })
}

fn on(action: &str) -> Value {
    json!({ "integration": "desk", "action": action })
}

fn sql(stage: &Stage, statement: &str) -> Result<usize, diesel::result::Error> {
    diesel::sql_query(statement).execute(&mut stage.app.database.conn())
}

#[tokio::test]
async fn a_connection_says_which_customer_it_is_for_and_everything_goes_there() {
    let stage = Stage::start().await;
    let max = stage.max();

    let connection = made(&max.json(Method::POST, CONNECTIONS, &to("acme")).await);
    let (_, path) = runs_of(&max, &on("listContacts")).await;
    let done = shown(&max.json(Method::POST, &path, &json!({ "input": {} })).await);

    assert_eq!((&connection["tenant"], &connection["account"]), (&json!("acme"), &json!(sandbox::CRM_KEYS[0].account)));
    assert_eq!(done["status"], "succeeded");
    assert_eq!(stage.seen(), (2, 0), "the test call and the run, both to the one customer");
    let page = stage.app.signed_in(&stage.app.cast.max).await;
    let own = page.get(&format!("/w/acme/connections/{}", id(&connection))).await;
    assert!(own.shows(&stage.acme.address.to_string()) && !own.shows(&stage.globex.address.to_string()));
    stage.app.assert_no_canary(&[crm_key()]).await;
}

#[tokio::test]
async fn what_is_no_label_of_a_host_is_refused_before_anything_is_sent() {
    let stage = Stage::start().await;
    let max = stage.max();

    for wrong in
        ["a.b", "acme.", "evil.test/", "acme%2e", "acme/x", "ACME", "a b", "a@b", "a:1", "xn--a", "-a", "", "a#"]
    {
        let answer = max.json(Method::POST, CONNECTIONS, &to(wrong)).await;
        assert_eq!(wrong_fields(&answer), ["fields.company"], "{wrong:?}: {}", answer.body);
    }

    assert!(items(&max.get(CONNECTIONS).await).is_empty());
    assert_eq!(stage.seen(), (0, 0));
    stage.app.assert_no_canary(&[crm_key()]).await;
}

#[tokio::test]
async fn the_form_says_what_is_wrong_and_keeps_what_was_typed_but_not_the_secret() {
    let stage = Stage::start().await;
    let max = stage.app.signed_in(&stage.app.cast.max).await;
    let form = max.get("/w/acme/integrations/desk").await.form_of("Connect");

    let refused = form.set("company", "acme.evil").set("key", crm_key()).submit().await;
    let connected = refused.form_of("Connect").set("company", "acme").set("key", crm_key()).submit().await;
    let replace = max.get(&format!("{}/secret", connected.location())).await;

    assert_eq!(refused.status, 422);
    assert!(refused.text("#api_key-company-error").contains("without a dot"));
    assert_eq!(refused.attribute("#api_key-company", "value").as_deref(), Some("acme.evil"));
    assert_eq!(replace.attribute("#api_key-company", "value").as_deref(), Some("acme"), "{}", replace.body);
    assert_eq!(replace.attribute("#api_key-key", "value").unwrap_or_default(), "");
    stage.app.assert_no_canary(&[crm_key()]).await;
}

#[tokio::test]
async fn another_customer_takes_the_secret_again() {
    let stage = Stage::start().await;
    let max = stage.max();
    let connection = made(&max.json(Method::POST, CONNECTIONS, &to("acme")).await);
    let at = format!("{CONNECTIONS}/{}", id(&connection));

    let without = max.json(Method::PATCH, &at, &json!({ "fields": { "company": "globex" } })).await;
    assert_eq!(wrong_fields(&without), ["fields.key"]);
    let with = json!({ "fields": { "company": "globex", "key": crm_key() } });
    let moved = shown(&max.json(Method::PATCH, &at, &with).await);

    assert_eq!(moved["tenant"], "globex");
    assert_eq!(stage.seen(), (1, 1));
}

#[tokio::test]
async fn a_secret_of_one_customer_does_not_open_for_another() {
    let stage = Stage::start().await;
    let max = stage.max();
    made(&max.json(Method::POST, CONNECTIONS, &to("acme")).await);
    let (_, path) = runs_of(&max, &on("listContacts")).await;
    let run = async || max.json(Method::POST, &path, &json!({ "input": {} })).await.json();
    let before = stage.seen();

    // Behind our back: another customer, and then also the origins that go with it.
    sql(&stage, "UPDATE connections SET tenant = 'globex'").unwrap();
    let elsewhere = run().await;
    sql(&stage, &format!("UPDATE connections SET origins = ARRAY['{}']", stage.globex.url)).unwrap();
    let unsealed = run().await;

    for refused in [elsewhere, unsealed] {
        assert_ne!(refused["status"], "succeeded", "{refused}");
    }
    assert_eq!(stage.seen(), before, "nothing was sent");
    assert!(sql(&stage, "UPDATE connections SET tenant = 'evil.test'").is_err(), "the table takes labels only");
}

#[tokio::test]
async fn a_preselected_connection_does_not_tell_whose_it_is() {
    let stage = Stage::start().await;
    let (ada, max) = (stage.app.token(&stage.app.cast.ada), stage.max());
    let connection = made(&ada.json(Method::POST, CONNECTIONS, &to("acme")).await);
    let mut action = on("createDeal");
    action["credentials"] = json!("preselected");
    action["connection_id"] = connection["id"].clone();
    let (agent, path) = runs_of(&ada, &action).await;
    let share = json!({ "grantee": { "type": "user", "id": stage.app.cast.max.id.to_string() }, "access": "use" });
    made(&ada.json(Method::POST, &format!("{agent}/shares"), &share).await);
    let mut body = json!({ "input": { "contactId": "con_1", "title": "Renewal", "amount": 100 } });

    let asked = problem(&max.json(Method::POST, &path, &body).await, 409, "confirmation_required");
    body["confirmation"] = asked["confirmation"].clone();
    let done = shown(&max.json(Method::POST, &path, &body).await);

    assert!(asked["preview"]["url"].as_str().unwrap().starts_with("https://your-company.crm.example/"), "{asked}");
    assert_eq!(done["status"], "succeeded");
    assert_eq!(stage.seen(), (2, 0));
    let told = max.get(&format!("/api/v1/runs/{}", id(&done))).await.body;
    assert!(!told.contains(&stage.acme.address.to_string()), "{told}");
}
