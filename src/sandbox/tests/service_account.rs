//! Signed assertions for access tokens.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::RSA_PKCS1_SHA256;
use ring::signature::RsaKeyPair;
use serde_json::Value;
use serde_json::json;

use crate::sandbox::service_account_key;
use crate::sandbox::tests::support::Provider;
use crate::sandbox::tests::support::Reply;
use crate::sandbox::tests::support::noon;
use crate::sandbox::tests::support::started;

/// Signs claims with the key file's key, as a program that holds the file would.
fn signed(key_file: &Value, head: &Value, claims: &Value) -> String {
    let pem = key_file["private_key"].as_str().unwrap();
    let base64: String = pem.lines().filter(|line| !line.contains("--")).collect();
    let key = RsaKeyPair::from_pkcs8(&STANDARD.decode(base64).unwrap()).unwrap();
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", part(head), part(claims));
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message.as_bytes(), &mut signature).unwrap();
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn key_file(provider: &Provider) -> Value {
    serde_json::from_str(&service_account_key(&provider.public_url)).unwrap()
}

fn head() -> Value {
    json!({"alg": "RS256", "typ": "JWT", "kid": "demo-only-key-1"})
}

fn claims(key_file: &Value) -> Value {
    let now = noon().timestamp();
    json!({
        "iss": key_file["client_email"],
        "sub": key_file["client_email"],
        "aud": key_file["token_uri"],
        "scope": "warehouse.read",
        "iat": now,
        "exp": now + 3600,
    })
}

async fn present(provider: &Provider, assertion: &str) -> Reply {
    let form = [("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"), ("assertion", assertion)];
    provider.ask("POST", "/oauth/token").form(&form).await
}

async fn token(provider: &Provider) -> String {
    let key_file = key_file(provider);
    let assertion = signed(&key_file, &head(), &claims(&key_file));
    let reply = present(provider, &assertion).await;
    reply.json()["access_token"].as_str().unwrap().to_owned()
}

#[actix_web::test]
async fn an_assertion_becomes_an_access_token_without_a_refresh_token() {
    let provider = started();
    let key_file = key_file(&provider);

    let reply = present(&provider, &signed(&key_file, &head(), &claims(&key_file))).await;

    assert_eq!(reply.status, 200);
    assert_eq!(reply.json()["scope"], "warehouse.read");
    assert!(reply.json().get("refresh_token").is_none());
    let access = reply.json()["access_token"].as_str().unwrap().to_owned();
    let me = provider.get_as("/warehouse/v1/me", &access).await;
    assert_eq!(me.json()["client_email"], key_file["client_email"]);
}

#[actix_web::test]
async fn an_assertion_with_something_wrong_is_invalid_grant() {
    let provider = started();
    let key_file = key_file(&provider);
    let now = noon().timestamp();

    for (name, value) in [
        ("iss", json!("someone@else.example")),
        ("sub", json!("ada@sandbox.example")),
        ("aud", json!("https://elsewhere.example/oauth/token")),
        ("aud", json!([])),
        ("exp", json!(now - 61)),
        ("exp", json!(now + 3601)),
        ("iat", json!(now - 10)),
        ("iat", json!(now + 61)),
        ("nbf", json!(now + 61)),
    ] {
        let mut claims = claims(&key_file);
        claims[name] = value.clone();

        let reply = present(&provider, &signed(&key_file, &head(), &claims)).await;

        assert_eq!(reply.status, 400, "{name} {value}");
        assert_eq!(reply.error(), "invalid_grant", "{name} {value}");
    }
}

#[actix_web::test]
async fn an_assertion_with_a_bent_signature_or_another_algorithm_is_refused() {
    let provider = started();
    let key_file = key_file(&provider);
    let good = signed(&key_file, &head(), &claims(&key_file));
    let (message, _) = good.rsplit_once('.').unwrap();
    let mut other = claims(&key_file);
    other["exp"] = json!(noon().timestamp() + 1800);
    let another = signed(&key_file, &head(), &other);
    let (_, foreign) = another.rsplit_once('.').unwrap();
    let unsigned = signed(&key_file, &json!({"alg": "none"}), &claims(&key_file));
    let unknown_key = json!({"alg": "RS256", "kid": "another"});

    for assertion in [
        format!("{message}.{foreign}"),
        format!("{message}."),
        message.to_owned(),
        String::from("nonsense"),
        unsigned,
        signed(&key_file, &unknown_key, &claims(&key_file)),
    ] {
        let reply = present(&provider, &assertion).await;

        assert_eq!(reply.error(), "invalid_grant", "{assertion}");
    }
}

#[actix_web::test]
async fn an_assertion_needs_a_scope_that_service_accounts_can_have() {
    let provider = started();
    let key_file = key_file(&provider);

    for scope in [json!("calendar.read"), json!(""), Value::Null] {
        let mut claims = claims(&key_file);
        claims["scope"] = scope;

        let reply = present(&provider, &signed(&key_file, &head(), &claims)).await;

        assert_eq!(reply.error(), "invalid_scope");
    }
}

#[actix_web::test]
async fn the_warehouse_lists_tables_and_answers_questions() {
    let provider = started();
    let token = token(&provider).await;
    let ask = |question: Value| {
        let call = provider.ask("POST", "/warehouse/v1/query").bearer(&token);
        call.json(question)
    };

    let tables = provider.get_as("/warehouse/v1/tables", &token).await;
    let all = ask(json!({"table": "orders", "limit": 3})).await;
    let germans = ask(json!({"table": "customers", "where": {"column": "country", "equals": "DE"}})).await;
    let third = ask(json!({"table": "customers", "where": {"column": "id", "equals": "3"}})).await;
    let no_table = ask(json!({"table": "secrets"})).await;
    let no_column = ask(json!({"table": "orders", "where": {"column": "x", "equals": 1}})).await;

    assert_eq!(tables.json()["tables"].as_array().unwrap().len(), 3);
    assert_eq!(all.json()["rows"].as_array().unwrap().len(), 3);
    assert_eq!(all.json()["total"], 32);
    assert_eq!(germans.json()["total"], 2);
    assert_eq!(third.json()["rows"][0]["name"], "Contoso");
    assert_eq!((no_table.status, no_column.status), (404, 422));
}

#[actix_web::test]
async fn people_and_service_accounts_do_not_get_into_each_others_apis() {
    let provider = started();
    let service = token(&provider).await;
    let person = provider.tokens_of("ada@sandbox.example", "calendar.read").await;

    let warehouse = provider.get_as("/warehouse/v1/me", &person.access).await;
    let calendar = provider.get_as("/calendar/v1/me", &service).await;

    assert_eq!((warehouse.status, calendar.status), (403, 403));
}
