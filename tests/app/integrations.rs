//! The pages of integrations: the grid, connecting by every auth type that is typed, the OAuth client, bringing in one's
//! own.

use odeus::kernel::ids::AgentActionId;
use odeus::kernel::ids::AgentId;
use odeus::sandbox;

use crate::support::TestApp;
use crate::support::outside::CLIENT;
use crate::support::stage::CALENDAR;
use crate::support::stage::CONNECTIONS;
use crate::support::stage::CRM;
use crate::support::stage::IMPORT;
use crate::support::stage::Stage;
use crate::support::stage::connect_crm;
use crate::support::stage::crm_key;

const GRID: &str = "/w/acme/integrations";
const WAREHOUSE: &str = "/w/acme/integrations/sandbox-warehouse";
const HOLIDAYS: &str = "/w/acme/integrations/sandbox-holidays";

#[tokio::test]
async fn a_connection_is_made_by_each_auth_type_that_is_typed() {
    let stage = Stage::with(&["sandbox-crm", "sandbox-warehouse", "sandbox-holidays"]).await;
    let max = stage.max().await;

    let by_key = max.get(&connect_crm(&max, "Sales key").await).await;
    let key_file = sandbox::service_account_key(&stage.outside.url);
    let form = max.get(WAREHOUSE).await.form_of("Connect");
    let by_account = form.set("credentials", &key_file).submit().await.follow().await;
    let open = max.get(HOLIDAYS).await.form_of("Connect").submit().await.follow().await;

    assert_eq!((by_key.text("h1"), by_key.status), ("Sales key".to_owned(), 200));
    assert!(by_key.shows("Acme CRM") && by_key.shows("Connected to Sandbox CRM."));
    assert_eq!(by_account.text("h1"), "Sandbox Warehouse");
    assert!(by_account.shows(sandbox::CLIENT_EMAIL));
    assert_eq!(open.text("h1"), "Sandbox Holidays");
    assert_eq!(max.get(CONNECTIONS).await.texts("li.row").len(), 3);
    stage.app.assert_no_canary(&[crm_key(), "BEGIN PRIVATE KEY"]).await;
}

#[tokio::test]
async fn a_service_account_asks_to_act_as_the_person_that_is_named() {
    let stage = Stage::with(&["sandbox-warehouse"]).await;
    let max = stage.max().await;
    let key_file = sandbox::service_account_key(&stage.outside.url);
    let form = || async { max.get(WAREHOUSE).await.form_of("Connect").set("credentials", &key_file) };

    let no_address = form().await.set("act_as", "ada").submit().await;
    // The sandbox has nobody to act as, and says so: it was asked.
    let asked = form().await.set("act_as", "ada@example.com").submit().await;
    let itself = form().await.set("act_as", " ").submit().await.follow().await;

    assert_eq!(no_address.status, 422);
    assert!(no_address.shows("This should be the e-mail address of the person to act as"));
    assert_eq!(no_address.form_of("Connect").value("act_as"), Some("ada"));
    assert_eq!(asked.status, 422);
    assert!(asked.text("#form-errors").contains("the service account may not act for others"));
    assert_eq!((itself.status, itself.text("h1")), (200, "Sandbox Warehouse".to_owned()));
    stage.app.assert_no_canary(&["BEGIN PRIVATE KEY"]).await;
}

#[tokio::test]
async fn a_key_that_the_provider_refuses_leaves_the_form_as_it_was() {
    let stage = Stage::with(&["sandbox-crm"]).await;
    let max = stage.max().await;

    let form = max.get(CRM).await.form_of("Connect");
    let answer = form.set("key", "crm_CANARY-wrong").set("name", "Sales & more").submit().await;

    assert_eq!(answer.status, 422);
    assert!(answer.text("#form-errors").contains("the API key is not known here"));
    let form = answer.form_of("Connect");
    assert_eq!((form.value("name"), form.value("key")), (Some("Sales & more"), Some("")));
    assert!(max.get(CONNECTIONS).await.shows("No connections yet"));
    stage.app.assert_no_canary(&["CANARY-wrong"]).await;
    let again = max.get(&format!("{CRM}/connections")).await;
    assert_eq!((again.status, again.location()), (303, CRM));
}

#[tokio::test]
async fn a_field_that_is_missing_or_wrong_is_named_beside_it() {
    let stage = Stage::with(&["sandbox-crm", "sandbox-warehouse"]).await;
    let max = stage.max().await;

    let nothing = max.get(CRM).await.form_of("Connect").submit().await;
    let name = max.get(CRM).await.form_of("Connect").set("key", "x").set("name", &"n".repeat(101)).submit().await;
    let no_key = max.get(WAREHOUSE).await.form_of("Connect").set("credentials", "{}").submit().await;

    assert_eq!((nothing.status, nothing.text("#api_key-key-error")), (422, "API key is missing.".to_owned()));
    assert_eq!((name.status, name.text("#api_key-name-error").contains("at most 100")), (422, true));
    assert_eq!((no_key.status, no_key.texts("#service_account-credentials-error").len()), (422, 1));
    assert!(stage.outside.received().is_empty(), "nothing was sent");
}

#[tokio::test]
async fn a_provider_that_gives_no_answer_stores_nothing_and_says_so() {
    let stage = Stage::with(&["sandbox-crm"]).await;
    let max = stage.max().await;
    stage.outside.pull("fail?status=503&path=/crm").await;

    let answer = max.get(CRM).await.form_of("Connect").set("key", crm_key()).submit().await;

    assert_eq!(answer.status, 422);
    assert!(answer.text("#form-errors").contains("has trouble of its own at the moment (status 503)"));
    assert!(max.get(CONNECTIONS).await.shows("No connections yet"));
}

#[tokio::test]
async fn connecting_for_an_agents_action_leads_back_to_it_with_the_draft() {
    let stage = Stage::with(&["sandbox-crm"]).await;
    let max = stage.max().await;
    let (agent, action) = (AgentId::new(), AgentActionId::new());
    let page = max.get(&format!("{CRM}?agent={agent}&action={action}&draft=d%261")).await;
    assert!(page.shows("Once connected, you go back to it"));

    let refused = page.form_of("Connect").set("key", "wrong").submit().await;
    let answer = refused.form_of("Connect").set("key", crm_key()).submit().await;

    assert_eq!(answer.location(), format!("/w/acme/agents/{agent}/actions/{action}?draft=d%261"));
}

#[tokio::test]
async fn a_return_that_names_no_action_leads_to_the_connection() {
    let stage = Stage::with(&["sandbox-crm"]).await;
    let max = stage.max().await;

    let page = max.get(&format!("{CRM}?agent=//evil.test&action=x&draft=y")).await;
    let answer = page.form_of("Connect").set("key", crm_key()).submit().await;

    assert!(answer.location().starts_with("/w/acme/connections/"), "{}", answer.location());
}

#[tokio::test]
async fn the_grid_is_searched_by_name_action_and_category() {
    let stage = Stage::with(&["sandbox-crm"]).await;
    let max = stage.max().await;
    let found = async |query: &str| max.get(&format!("{GRID}{query}")).await.texts("h3");

    assert!(found("").await.contains(&"Google Calendar".to_owned()));
    assert_eq!(found("?q=sandbox+crm").await, ["Sandbox CRM"]);
    let by_action = found("?q=create+a+deal").await;
    assert!(by_action.contains(&"Sandbox CRM".to_owned()) && !by_action.contains(&"Slack".to_owned()), "{by_action:?}");
    let by_category = found("?category=CRM&q=").await;
    assert!(
        by_category.contains(&"Sandbox CRM".to_owned()) && !by_category.contains(&"Slack".to_owned()),
        "{by_category:?}"
    );
    assert!(found("?q=no-such-thing").await.is_empty());
    assert!(max.get(&format!("{GRID}?q=no-such-thing")).await.shows("Nothing matches"));
}

#[tokio::test]
async fn the_grid_says_how_each_integration_stands_for_the_person() {
    let stage = Stage::with(&["sandbox-crm"]).await;
    let (max, eve) = (stage.max().await, stage.eve().await);
    connect_crm(&max, "Sales key").await;

    let his = max.get(GRID).await;
    let hers = eve.get(GRID).await;

    assert_eq!(his.texts("section:first-child h3"), ["Sandbox CRM"]);
    assert_eq!(his.text("section:first-child .badge"), "Connected");
    assert!(!hers.texts(".badge").contains(&"Connected".to_owned()));
    assert!(hers.texts(".card").iter().any(|card| card.contains("Slack") && card.contains("Not set up")));
    assert!(hers.shows("Import OpenAPI") && !his.shows("Import OpenAPI"));
}

#[tokio::test]
async fn an_oauth_client_is_entered_by_an_admin_and_its_secret_never_shown() {
    let stage = Stage::with(&[]).await;
    let (ada, max) = (stage.ada().await, stage.max().await);
    let slack = "/w/acme/integrations/slack";
    assert!(max.get(slack).await.shows("A workspace admin has to enter its OAuth client"));
    assert!(!max.get(slack).await.shows("Redirect URI"));

    let page = ada.get(slack).await;
    let redirect_uri = page.attribute("#redirect_uri", "value").unwrap();
    let half = page.form_of("Save client").set("client_id", "app-1").submit().await;
    let whole = half.form_of("Save client").set("client_secret", CLIENT.1).submit().await;

    assert_eq!(redirect_uri, "http://127.0.0.1/oauth/callback/acme/slack");
    assert_eq!(half.status, 422);
    assert!(half.text("#client_secret-error").contains("The client secret is missing"));
    assert_eq!((whole.status, whole.location()), (303, slack));
    assert_eq!(ada.get(slack).await.attribute("#client_id", "value").as_deref(), Some("app-1"));
    assert!(!max.get(slack).await.shows("Not set up"));
    assert_eq!(max.post(&format!("{slack}/oauth-client"), &[]).await.status, 403);
    stage.app.assert_no_canary(&[CLIENT.1]).await;
}

#[tokio::test]
async fn what_an_admin_switches_off_is_gone_for_members() {
    let stage = Stage::with(&["sandbox-crm"]).await;
    let (ada, max) = (stage.ada().await, stage.max().await);
    let csrf = max.get(CRM).await.form_of("Connect").value("csrf").unwrap().to_owned();
    let fields = [("csrf", csrf.as_str()), ("enabled", "false")];
    assert_eq!(max.post(&format!("{CRM}/settings"), &fields).await.status, 403);

    let review = ada.get(&format!("{CRM}/access/review?enabled=false")).await;
    review.form_of("Switch off Sandbox CRM").submit().await;

    assert_eq!(max.get(CRM).await.status, 404);
    assert_eq!(max.post(&format!("{CRM}/connections"), &[("auth_type", "api_key")]).await.status, 404);
    assert!(!max.get(GRID).await.shows("Sandbox CRM"));
    ada.get(CRM).await.form_of("Switch on Sandbox CRM").submit().await;
    assert_eq!(max.get(CRM).await.status, 200);
}

#[tokio::test]
async fn a_document_with_problems_comes_back_with_each_of_them() {
    let app = TestApp::start();
    let eve = app.signed_in(&app.cast.eve).await;
    let private = "openapi: 3.1.0\r\ninfo: {title: Billing, version: \"1\"}\r\nservers: [{url: \"https://10.2.0.8/v1\"}]\r\n\
                   paths: {/i: {get: {operationId: list, responses: {}}}}\r\n";
    let import = async |document: &str, key: &str| {
        eve.get(IMPORT).await.form_of("Import").set("document", document).set("key", key).submit().await
    };

    let refused = import(private, "billing").await;
    let broken = import("openapi: [", "").await;
    let empty = import(" ", "").await;
    let taken = import(&sandbox::document("sandbox-crm", "https://crm.example.com").unwrap(), "slack").await;

    assert_eq!(refused.status, 422);
    let problems = refused.text("#form-errors");
    assert!(
        problems.contains("/servers/0/url") && problems.contains("10.2.0.8 leads to a private address"),
        "{problems}"
    );
    let form = refused.form_of("Import");
    assert_eq!(form.value("document"), Some(private.replace("\r\n", "\n").as_str()));
    assert_eq!(form.value("key"), Some("billing"));
    assert!(broken.text("#form-errors").contains("line 1"), "{}", broken.text("#form-errors"));
    assert_eq!((empty.status, empty.text("#document-error").contains("missing")), (422, true));
    assert_eq!((taken.status, taken.text("#key-error").contains("Choose another key")), (422, true));
}

#[tokio::test]
async fn an_imported_integration_says_what_could_not_be_carried_over() {
    let app = TestApp::start();
    let (eve, max) = (app.signed_in(&app.cast.eve).await, app.signed_in(&app.cast.max).await);
    let document = r#"{"openapi": "3.0.3", "info": {"title": "Pets", "version": "1"},
        "servers": [{"url": "https://pets.example.com"}], "paths": {
        "/pets": {"get": {"operationId": "listPets", "summary": "List pets", "responses": {}}},
        "/pictures": {"post": {"operationId": "upload", "responses": {}, "requestBody":
            {"required": true, "content": {"multipart/form-data": {"schema": {"type": "object"}}}}}}}}"#;

    let form = eve.get(IMPORT).await.form_of("Import");
    let answer = form.set("document", document).set("key", "pets").submit().await;
    let page = eve.get(answer.location()).await;

    assert_eq!(answer.location(), "/w/acme/integrations/pets?imported=1");
    assert!(page.shows("Pets is here, with 1 action."));
    assert!(page.shows("/paths/~1pictures/post") && page.shows("multipart/form-data"));
    assert!(!max.get("/w/acme/integrations/pets").await.shows("multipart/form-data"));
    assert_eq!(max.get(IMPORT).await.status, 403);
}

#[tokio::test]
async fn the_calendar_is_not_offered_by_key() {
    let stage = Stage::with(&["sandbox-calendar"]).await;
    let max = stage.max().await;
    let csrf = max.get(CALENDAR).await.form_of("Connect").value("csrf").unwrap().to_owned();
    let post = async |auth_type: &str| {
        max.post(&format!("{CALENDAR}/connections"), &[("csrf", csrf.as_str()), ("auth_type", auth_type)]).await
    };

    assert_eq!(post("api_key").await.status, 422);
    assert_eq!(post("magic").await.status, 400);
}

#[tokio::test]
async fn a_document_that_no_longer_reads_leaves_the_others_in_the_list() {
    let stage = Stage::with(&["sandbox-crm", "sandbox-calendar"]).await;
    let eve = stage.app.signed_in(&stage.app.cast.eve).await;
    let spoil = "UPDATE custom_integrations SET document = 'openapi: 9', digest = 'x' WHERE key = 'sandbox-calendar'";

    diesel::RunQueryDsl::execute(diesel::sql_query(spoil), &mut stage.app.conn()).unwrap();
    let grid = eve.get(GRID).await;

    assert_eq!(grid.status, 200);
    assert!(grid.shows("Sandbox CRM") && !grid.shows("Sandbox Calendar"));
}
