//! What outlives a restart, and the levers for tests.

use crate::sandbox::CRM_KEYS;
use crate::sandbox::tests::support::StateFile;
use crate::sandbox::tests::support::started;
use crate::sandbox::tests::support::started_with;
use serde_json::json;

const EVE: &str = "eve@sandbox.example";
const ME: &str = "/calendar/v1/me";

#[actix_web::test]
async fn tokens_and_data_outlive_a_restart() {
    let file = StateFile::new("restart");
    let before = started_with(|options| options.state_file = Some(file.path()));
    let given = before.tokens_of(EVE, "calendar.read").await;
    let contact = json!({"name": "Nora", "email": "nora@adatum.example"});
    let ask = before.ask("POST", "/crm/v1/contacts").key(CRM_KEYS[0].key);
    ask.json(contact).await;
    before.sandbox.stop().await;

    let after = started_with(|options| options.state_file = Some(file.path()));

    let me = after.get_as(ME, &given.access).await;
    assert_eq!(me.json()["email"], EVE);
    assert_eq!(after.refresh(&given.refresh).await.status, 200);
    assert_eq!(after.refresh(&given.refresh).await.error(), "invalid_grant");
    let found = after.ask("GET", "/crm/v1/contacts?q=nora").key(CRM_KEYS[0].key).send().await;
    assert_eq!(found.json()["total"], 1);
}

#[actix_web::test]
async fn the_state_file_holds_no_token_that_works() {
    let file = StateFile::new("secrets");
    let provider = started_with(|options| options.state_file = Some(file.path()));
    let given = provider.tokens_of(EVE, "calendar.read").await;

    let text = std::fs::read_to_string(file.path()).unwrap();

    assert!(text.contains(EVE));
    assert!(!text.contains(&given.access));
    assert!(!text.contains(&given.refresh));
}

#[actix_web::test]
async fn a_broken_state_file_is_named_and_not_overwritten() {
    let file = StateFile::new("broken");
    std::fs::write(file.path(), "{").unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();

    let outcome = crate::sandbox::start(crate::sandbox::SandboxOptions {
        listener,
        public_url: "http://127.0.0.1".to_owned(),
        state_file: Some(file.path()),
        access_token_life: chrono::Duration::seconds(120),
        now: std::sync::Arc::new(crate::sandbox::tests::support::noon),
        clients: Vec::new(),
        strict_rotation: true,
        controls: false,
    });

    let message = outcome.err().unwrap().to_string();
    assert!(message.contains("state.json"));
    assert_eq!(std::fs::read_to_string(file.path()).unwrap(), "{");
}

#[actix_web::test]
async fn a_test_can_expire_and_revoke() {
    let provider = started();
    let given = provider.tokens_of(EVE, "calendar.read").await;

    provider.ask("POST", "/control/expire-tokens").send().await;
    let expired = provider.get_as(ME, &given.access).await;
    let renewed = provider.refresh(&given.refresh).await;
    let revoked = provider.ask("POST", "/control/revoke/eve@sandbox.example").send().await;

    assert_eq!(expired.json()["error"]["code"], "token_expired");
    assert_eq!(renewed.status, 200);
    assert_eq!(revoked.json()["ended"], 1);
    let tokens = renewed.tokens();
    assert_eq!(provider.get_as(ME, &tokens.access).await.status, 401);
    assert_eq!(provider.refresh(&tokens.refresh).await.error(), "invalid_grant");
}

#[actix_web::test]
async fn a_test_can_make_calls_fail_a_number_of_times() {
    let provider = started();
    let fault = "/control/fail?status=503&times=2&path=/holidays&retry_after=7";
    provider.ask("POST", fault).send().await;
    let list = || provider.ask("GET", "/holidays/v1/countries").send();

    let elsewhere = provider.ask("GET", "/").send().await;
    let (first, second, third) = (list().await, list().await, list().await);

    assert_eq!(elsewhere.status, 200);
    assert_eq!((first.status, second.status, third.status), (503, 503, 200));
    assert_eq!(first.header("retry-after"), Some("7"));
}

#[actix_web::test]
async fn a_test_can_make_the_token_endpoint_fail_with_a_certain_error() {
    let provider = started();
    let given = provider.tokens_of(EVE, "calendar.read").await;
    let fault = "/control/fail?status=400&path=/oauth/token&error=invalid_grant";
    provider.ask("POST", fault).send().await;

    let failed = provider.refresh(&given.refresh).await;
    let then = provider.refresh(&given.refresh).await;

    assert_eq!(failed.error(), "invalid_grant");
    assert_eq!(then.status, 200);
}

#[actix_web::test]
async fn a_test_can_make_calls_slow() {
    let provider = started();
    provider.ask("POST", "/control/slow?ms=60000").send().await;
    let slow = provider.ask("GET", "/holidays/v1/countries").send();

    let waited = tokio::time::timeout(std::time::Duration::from_millis(100), slow).await;
    provider.ask("POST", "/control/slow?ms=0").send().await;
    let quick = provider.ask("GET", "/holidays/v1/countries").send().await;

    assert!(waited.is_err());
    assert_eq!(quick.status, 200);
}

#[actix_web::test]
async fn the_log_names_callers_and_headers_but_no_secret() {
    let provider = started();
    let given = provider.tokens_of(EVE, "calendar.read").await;
    provider.get_as(ME, &given.access).await;
    provider.ask("GET", "/crm/v1/me").key(CRM_KEYS[0].key).send().await;
    provider.ask("GET", "/holidays/v1/countries").send().await;

    let log = provider.ask("GET", "/control/log").send().await;

    let calls = log.json()["calls"].as_array().unwrap().clone();
    let seen: Vec<(&str, &str, &str)> = calls
        .iter()
        .map(|call| {
            let text = |name: &str| call[name].as_str().unwrap_or_default();
            (text("path"), text("credential"), text("principal"))
        })
        .collect();
    assert_eq!(
        seen,
        [
            ("/oauth/authorize", "none", ""),
            ("/oauth/token", "client_basic", "odeus demo"),
            (ME, "bearer", EVE),
            ("/crm/v1/me", "api_key", "Acme CRM (production key)"),
            ("/holidays/v1/countries", "none", ""),
        ]
    );
    assert_eq!(log.json()["token_calls"]["authorization_code"], 1);
    assert!(calls[3]["headers"].as_array().unwrap().contains(&json!("x-api-key")));
    assert!(!log.body.contains(CRM_KEYS[0].key));
    assert!(!log.body.contains(&given.access));
    provider.ask("DELETE", "/control/log").send().await;
    assert!(provider.sandbox.state().calls.is_empty());
}

#[actix_web::test]
async fn without_controls_there_are_none() {
    let provider = started_with(|options| options.controls = false);

    let log = provider.ask("GET", "/control/log").send().await;
    let expiry = provider.ask("POST", "/control/expire-tokens").send().await;

    assert_eq!((log.status, expiry.status), (404, 404));
}
