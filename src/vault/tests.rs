//! Calls with a credential, over a real connection.

use http::Method;
use url::Url;

use crate::outbound::origin::Origins;
use crate::outbound::request::Request;
use crate::outbound::request::Response;
use crate::vault::CallError;
use crate::vault::Credential;
use crate::vault::Vault;
use crate::vault::VaultError;
use crate::vault::sealed::Purpose;
use crate::vault::slot::Slot;
use crate::vault::testing::Bench;
use crate::vault::testing::Server;
use crate::vault::testing::answer;
use crate::vault::testing::context;
use crate::vault::testing::json;

/// Sends one request with `fields` in `slots`; gives what the server saw and what came back.
async fn sent(fields: &[(&str, &str)], slots: &[Slot], body: &str) -> (String, Result<Response, CallError>) {
    let bench = Bench::new();
    let server = Server::answering([json(200, body)]).await;
    let context = context(Purpose::Access, &server.origins);
    let sealed = bench.fields(&context, fields);
    let request = Request::new(Method::GET, server.url.clone());
    let credential = Credential { sealed: &sealed, context, slots };

    let response = bench.vault.call(&server.client(), request, &server.origins, Some(credential)).await;
    let seen = if response.is_ok() { server.requests().await.remove(0) } else { String::new() };
    (seen, response)
}

fn field(name: &str) -> String {
    name.to_owned()
}

#[tokio::test]
async fn each_slot_is_filled() {
    let fields = [("key", "sk-live-0001"), ("user", "ada"), ("empty", "")];
    let header = |prefix: &str| Slot::Header { field: field("key"), name: field("X-Api-Key"), prefix: field(prefix) };
    let basic = |username: &str, password: &str| Slot::Basic { username: field(username), password: field(password) };
    let slots = [
        (Slot::Bearer { field: field("key") }, "authorization: Bearer sk-live-0001\r\n"),
        (header(""), "x-api-key: sk-live-0001\r\n"),
        (header("Token "), "x-api-key: Token sk-live-0001\r\n"),
        (Slot::Query { field: field("key"), name: field("api key") }, "GET /token?api+key=sk-live-0001 HTTP"),
        (basic("user", "key"), "authorization: Basic YWRhOnNrLWxpdmUtMDAwMQ==\r\n"),
        (basic("key", "empty"), "authorization: Basic c2stbGl2ZS0wMDAxOg==\r\n"),
        (basic("key", "none"), "authorization: Basic c2stbGl2ZS0wMDAxOg==\r\n"),
    ];

    for (slot, wanted) in slots {
        let (seen, response) = sent(&fields, std::slice::from_ref(&slot), "{}").await;
        assert!(response.is_ok(), "{response:?}");
        assert!(seen.contains(wanted), "{seen}");
    }
}

#[tokio::test]
async fn what_cannot_be_sent_names_the_field_and_not_its_value() {
    let bearer = |name: &str| [Slot::Bearer { field: field(name) }];
    let fields = [("tab", "CANARY\tx"), ("line", "CANARY\r\nX: y"), ("letter", "CANARYü"), ("empty", " ")];

    for name in ["tab", "line", "letter"] {
        let (_, response) = sent(&fields, &bearer(name), "{}").await;
        let error = response.unwrap_err();
        assert!(matches!(&error, CallError::Unsendable(field) if field == name));
        assert!(!format!("{error} {error:?}").contains("CANARY"));
    }
    for name in ["empty", "missing"] {
        let (_, response) = sent(&fields, &bearer(name), "{}").await;
        assert!(matches!(response, Err(CallError::MissingField(field)) if field == name));
    }
    let colon = [Slot::Basic { username: field("line"), password: field("tab") }];
    assert!(matches!(sent(&[("line", "a:b"), ("tab", "c")], &colon, "").await.1, Err(CallError::Unsendable(_))));
}

#[tokio::test]
async fn a_parameter_of_the_request_does_not_stand_in_for_the_credential() {
    let bench = Bench::new();
    let server = Server::answering([json(200, "{}")]).await;
    let context = context(Purpose::Access, &server.origins);
    let sealed = bench.fields(&context, &[("key", "sk-live-0001")]);
    let slots = [Slot::Query { field: field("key"), name: field("key") }];
    let request = Request::new(Method::GET, server.url.join("?key=mine").unwrap());

    let credential = Credential { sealed: &sealed, context, slots: &slots };
    let response = bench.vault.call(&server.client(), request, &server.origins, Some(credential)).await;

    assert!(matches!(response, Err(CallError::Slot)));
}

#[tokio::test]
async fn an_echo_comes_back_without_the_secret() {
    let fields = [("user", "ada-lovelace"), ("key", "sk-live-0001")];
    let slots = [Slot::Basic { username: field("user"), password: field("key") }];
    let body = r#"{"user":"ada-lovelace","auth":"Basic YWRhLWxvdmVsYWNlOnNrLWxpdmUtMDAwMQ==","key":"sk-live-0001","access_token":"new"}"#;

    let (_, response) = sent(&fields, &slots, body).await;

    let body = String::from_utf8(response.unwrap().body).unwrap();
    assert!(body.starts_with(r#"{"user":"ada-lovelace","auth":"Basic "#), "{body}");
    assert!(body.ends_with(r#","key":"[removed]","access_token":"[removed]"}"#), "{body}");
    assert!(!body.contains("YWRhLWxvdmVsYWNlOnNr"), "{body}");
}

#[tokio::test]
async fn another_origin_is_refused_before_anything_is_opened() {
    let bench = Bench::new();
    let server = Server::answering([]).await;
    let elsewhere: Origins = ["https://evil.test".parse().unwrap()].into_iter().collect();
    let both: Origins = server.origins.iter().chain(elsewhere.iter()).cloned().collect();
    let client = server.client();
    // Sealed for the other context, so that opening it would give another error.
    let sealed = bench.fields(&context(Purpose::Grant, &server.origins), &[("key", "sk-live-0001")]);
    let call = async |url: &str, origins: &Origins, bound_to: &Origins| {
        let credential = Credential { sealed: &sealed, context: context(Purpose::Access, bound_to), slots: &[] };
        let request = Request::new(Method::GET, Url::parse(url).unwrap());
        bench.vault.call(&client, request, origins, Some(credential)).await
    };

    assert!(matches!(call("https://evil.test/", &both, &server.origins).await, Err(CallError::OutsideOrigins)));
    assert!(matches!(call("https://evil.test/", &server.origins, &both).await, Err(CallError::OutsideOrigins)));
    let bare = Request::new(Method::GET, Url::parse("https://evil.test/").unwrap());
    assert!(matches!(bench.vault.call(&client, bare, &server.origins, None).await, Err(CallError::OutsideOrigins)));
    let here = call(server.url.as_str(), &server.origins, &server.origins).await;
    assert!(matches!(here, Err(CallError::Vault(VaultError::Unreadable))));
}

#[tokio::test]
async fn a_call_without_a_credential_goes_out_plain() {
    let bench = Bench::new();
    let server = Server::answering([answer(200, "text/plain", "hello")]).await;
    let request = Request::new(Method::GET, server.url.clone());

    let response = bench.vault.call(&server.client(), request, &server.origins, None).await.unwrap();

    assert_eq!(response.body, b"hello");
    assert!(!server.requests().await.remove(0).contains("authorization"));
}

#[tokio::test]
async fn a_secret_whose_key_is_not_in_memory_is_locked() {
    let (sealing, opening) = (Bench::new(), Bench::new());
    let server = Server::answering([]).await;
    let context = context(Purpose::Access, &server.origins);
    let sealed = sealing.fields(&context, &[("key", "sk-live-0001")]);

    let unopened = opening.vault.open(&context, &sealed);
    assert!(matches!(unopened, Err(VaultError::Unreadable)), "the same id, another key");
    let empty = Vault::new(crate::vault::keyring::Keyring::of_test());
    assert!(matches!(empty.open(&context, &sealed), Err(VaultError::Locked)));
}
