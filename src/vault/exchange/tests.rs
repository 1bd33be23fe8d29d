//! Token traffic over a real connection: what is sent, and what each answer means.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::DateTime;
use chrono::Duration;
use serde_json::json;
use url::Url;

use crate::kernel::clock::Timestamp;
use crate::outbound::origin::Origins;
use crate::vault::VaultError;
use crate::vault::exchange::Bound;
use crate::vault::exchange::ClientAuthentication;
use crate::vault::exchange::ExchangeError;
use crate::vault::exchange::TokenEndpoint;
use crate::vault::exchange::TokenSet;
use crate::vault::input::SecretInput;
use crate::vault::sealed::Context;
use crate::vault::sealed::Purpose;
use crate::vault::sealed::Sealed;
use crate::vault::testing::Bench;
use crate::vault::testing::RSA_KEY;
use crate::vault::testing::Server;
use crate::vault::testing::answer;
use crate::vault::testing::context;
use crate::vault::testing::json;

const TOKENS: &str = r#"{"access_token":"new-access","token_type":"Bearer","refresh_token":"new-refresh","expires_in":3600,"scope":"a b"}"#;
const AWKWARD: &str = "s:e c+r&e%t=ü/";

fn now() -> Timestamp {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

fn endpoint<'a>(url: &'a Url, secret: Option<Bound<'a>>, authentication: ClientAuthentication) -> TokenEndpoint<'a> {
    TokenEndpoint { token_url: url, client_id: "id:1 ü", client_secret: secret, authentication }
}

fn form(request: &str) -> Vec<(String, String)> {
    let (_, body) = request.split_once("\r\n\r\n").unwrap();
    url::form_urlencoded::parse(body.as_bytes()).into_owned().collect()
}

fn pair(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

fn secret(text: &str) -> SecretInput {
    SecretInput::from(text.to_owned())
}

/// Refreshes once against a server that gives `answer`.
async fn refreshed(answer: String) -> (Result<TokenSet, ExchangeError>, Server) {
    let bench = Bench::new();
    let server = Server::answering([answer]).await;
    let grant_context = context(Purpose::Grant, &server.origins);
    let grant = bench.fields(&grant_context, &[("token", "old-refresh-token")]);
    let url = server.url.clone();
    let endpoint = endpoint(&url, None, ClientAuthentication::Post);
    let outcome = bench.vault.refresh(&server.client(), &endpoint, (&grant, grant_context), now()).await;
    (outcome, server)
}

#[tokio::test]
async fn a_code_is_exchanged_with_its_verifier() {
    let bench = Bench::new();
    let server = Server::answering([json(200, TOKENS)]).await;
    let (verifier, challenge) = bench.vault.new_pkce().unwrap();
    assert_eq!((verifier.expose().len(), challenge.len()), (43, 43));
    let verifier_context = context(Purpose::FlowVerifier, &server.origins);
    let sealed = bench.text(&verifier_context, verifier.expose());
    let secret_context = context(Purpose::ClientSecret, &server.origins);
    let client_secret = bench.text(&secret_context, AWKWARD);
    let endpoint = endpoint(&server.url, Some((&client_secret, secret_context)), ClientAuthentication::Post);

    let redirect = "https://odeus.test/oauth/callback/x?a=b";
    let tokens = bench
        .vault
        .exchange_code(
            &server.client(),
            &endpoint,
            secret("code-1"),
            Some((&sealed, verifier_context)),
            redirect,
            now(),
        )
        .await
        .unwrap();

    assert_eq!(tokens.access.expose(), "new-access");
    assert_eq!(tokens.refresh.unwrap().expose(), "new-refresh");
    assert_eq!(tokens.expires_in, Some(Duration::hours(1)));
    assert_eq!(tokens.scopes.unwrap(), ["a", "b"]);
    assert_eq!((tokens.subject, tokens.requested_at), (None, now()));
    let request = server.requests().await.remove(0);
    assert!(request.starts_with("POST /token HTTP/1.1\r\n"), "{request}");
    assert!(request.contains("accept: application/json\r\n"), "{request}");
    assert!(request.contains("content-type: application/x-www-form-urlencoded\r\n"), "{request}");
    assert!(!request.contains("authorization:"), "{request}");
    let mut form = form(&request);
    form.sort();
    let mut wanted = vec![
        pair("grant_type", "authorization_code"),
        pair("code", "code-1"),
        pair("code_verifier", verifier.expose()),
        pair("client_id", "id:1 ü"),
        pair("client_secret", AWKWARD),
        pair("redirect_uri", redirect),
    ];
    wanted.sort();
    assert_eq!(form, wanted);
}

#[tokio::test]
async fn basic_authentication_encodes_both_parts_first() {
    let bench = Bench::new();
    let server = Server::answering([json(200, TOKENS), json(200, "")]).await;
    let secret_context = context(Purpose::ClientSecret, &server.origins);
    let client_secret = bench.text(&secret_context, AWKWARD);
    let grant_context = context(Purpose::Grant, &server.origins);
    let grant = bench.fields(&grant_context, &[("token", "old-refresh-token")]);
    let endpoint = endpoint(&server.url, Some((&client_secret, secret_context)), ClientAuthentication::Basic);
    let client = server.client();

    bench.vault.refresh(&client, &endpoint, (&grant, grant_context), now()).await.unwrap();
    bench.vault.revoke(&client, &server.url, &endpoint, (&grant, grant_context), "token").await.unwrap();

    // "id%3A1+%C3%BC:s%3Ae+c%2Br%26e%25t%3D%C3%BC%2F"
    let wanted = "authorization: Basic aWQlM0ExKyVDMyVCQzpzJTNBZStjJTJCciUyNmUlMjV0JTNEJUMzJUJDJTJG\r\n";
    let requests = server.requests().await;
    for request in &requests {
        assert!(request.contains(wanted), "{request}");
    }
    let refresh = [pair("grant_type", "refresh_token"), pair("refresh_token", "old-refresh-token")];
    let revoke = [pair("token", "old-refresh-token"), pair("token_type_hint", "refresh_token")];
    assert_eq!((form(&requests[0]), form(&requests[1])), (refresh.to_vec(), revoke.to_vec()));
}

#[tokio::test]
async fn each_answer_means_what_the_table_says() {
    let plain = |status| answer(status, "text/html", "<html>CANARY</html>");
    let redirect = |status| format!("HTTP/1.1 {status} X\r\nlocation: https://evil.test/\r\ncontent-length: 0\r\n\r\n");
    let text = |body| answer(200, "application/x-www-form-urlencoded; charset=utf-8", body);
    let cut = "HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{\"access_".to_owned();

    let accepted =
        [json(200, TOKENS), text("access_token=new-access&token_type=bearer"), answer(200, "text/plain", TOKENS)];
    for answer in accepted {
        assert_eq!(refreshed(answer).await.0.unwrap().access.expose(), "new-access");
    }
    for status in [301, 302, 307, 308] {
        assert!(matches!(refreshed(redirect(status)).await.0, Err(ExchangeError::Redirected)));
    }
    assert!(matches!(refreshed(plain(503)).await.0, Err(ExchangeError::Transient { .. })));
    assert!(matches!(refreshed(plain(200)).await.0, Err(ExchangeError::Malformed)));
    assert!(matches!(refreshed(plain(404)).await.0, Err(ExchangeError::Refused { error, .. }) if error == "http_404"));
    let dead = r#"{"error":"invalid_grant","error_description":"old-refresh-token was revoked"}"#;
    for status in [200, 400] {
        let Err(ExchangeError::InvalidGrant { description }) = refreshed(json(status, dead)).await.0 else {
            panic!("a dead grant")
        };
        assert_eq!(description, "[removed] was revoked");
    }
    for lost in [String::new(), cut, "not http at all\r\n\r\n".to_owned()] {
        assert!(matches!(refreshed(lost).await.0, Err(ExchangeError::UnknownOutcome)));
    }
}

#[tokio::test]
async fn a_server_that_takes_too_long_leaves_the_outcome_open() {
    let bench = Bench::new();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = Url::parse(&format!("http://{}/token", listener.local_addr().unwrap())).unwrap();
    let silent = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        std::future::pending::<()>().await;
        drop(stream);
    });
    let egress = crate::outbound::guard::Egress::allowing(&format!("127.0.0.1:{}", url.port().unwrap())).unwrap();
    let limits = crate::outbound::client::Limits {
        total: std::time::Duration::from_millis(200),
        ..crate::outbound::client::Limits::default()
    };
    let client = crate::outbound::client::Client::new(egress, limits).unwrap();
    let origins = crate::vault::testing::origins_of(&url);
    let grant_context = context(Purpose::Grant, &origins);
    let grant = bench.fields(&grant_context, &[("token", "old-refresh-token")]);
    let endpoint = endpoint(&url, None, ClientAuthentication::Post);

    let outcome = bench.vault.refresh(&client, &endpoint, (&grant, grant_context), now()).await;

    assert!(matches!(outcome, Err(ExchangeError::UnknownOutcome)), "{outcome:?}");
    silent.abort();
}

#[tokio::test]
async fn a_server_that_is_not_there_is_for_later() {
    let bench = Bench::new();
    let server = Server::answering([]).await;
    let url = server.url.clone();
    let client = server.client();
    let origins = server.origins.clone();
    server.requests().await;
    let grant_context = context(Purpose::Grant, &origins);
    let grant = bench.fields(&grant_context, &[("token", "old-refresh-token")]);
    let endpoint = endpoint(&url, None, ClientAuthentication::Post);

    let outcome = bench.vault.refresh(&client, &endpoint, (&grant, grant_context), now()).await;

    assert!(matches!(outcome, Err(ExchangeError::Transient { .. })), "{outcome:?}");
}

#[tokio::test]
async fn secrets_go_to_the_origins_they_are_sealed_for_alone() {
    let bench = Bench::new();
    let server = Server::answering([]).await;
    let client = server.client();
    let elsewhere: Origins = ["https://evil.test".parse().unwrap()].into_iter().collect();
    let sealed = |purpose, origins| -> (Sealed, Context<'_>) {
        let context = context(purpose, origins);
        (bench.fields(&context, &[("token", "t"), ("credentials", "{}")]), context)
    };
    let (grant, grant_context) = sealed(Purpose::Grant, &elsewhere);
    let (secret, secret_context) = sealed(Purpose::ClientSecret, &elsewhere);
    let (own, own_context) = sealed(Purpose::Grant, &server.origins);
    let bare = endpoint(&server.url, None, ClientAuthentication::Post);
    let full = endpoint(&server.url, Some((&secret, secret_context)), ClientAuthentication::Post);
    let outside = |outcome: Result<(), ExchangeError>| matches!(outcome, Err(ExchangeError::OutsideOrigins));
    let vault = &bench.vault;

    assert!(outside(vault.refresh(&client, &bare, (&grant, grant_context), now()).await.map(drop)));
    assert!(outside(vault.refresh(&client, &full, (&own, own_context), now()).await.map(drop)));
    assert!(outside(vault.mint(&client, &server.url, (&grant, grant_context), &[], now()).await.map(drop)));
    assert!(outside(vault.revoke(&client, &server.url, &bare, (&grant, grant_context), "token").await));
    assert!(outside(vault.revoke(&client, &server.url, &full, (&own, own_context), "token").await));
    let code = vault.exchange_code(
        &client,
        &bare,
        self::secret("code"),
        Some((&grant, grant_context)),
        "https://odeus.test/",
        now(),
    );
    assert!(outside(code.await.map(drop)));
}

#[tokio::test]
async fn a_service_account_asks_with_a_signed_assertion() {
    let bench = Bench::new();
    let server =
        Server::answering([json(200, r#"{"access_token":"minted","expires_in":3599,"token_type":"Bearer"}"#)]).await;
    let credentials = json!({
        "type": "service_account", "client_email": "bot@p.example", "private_key": RSA_KEY,
        "token_uri": "https://evil.test/token",
    });
    let key_context = context(Purpose::Grant, &server.origins);
    let key = bench.fields(&key_context, &[("credentials", &credentials.to_string())]);
    let scopes = ["x".to_owned(), "y".to_owned()];

    let tokens = bench.vault.mint(&server.client(), &server.url, (&key, key_context), &scopes, now()).await.unwrap();

    assert_eq!(tokens.access.expose(), "minted");
    assert!(tokens.refresh.is_none());
    let form = form(&server.requests().await.remove(0));
    assert_eq!(form[0], pair("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"));
    assert_eq!((form[1].0.as_str(), form[1].1.split('.').count()), ("assertion", 3));
    assert_eq!(form[2], pair("scope", "x y"));
}

#[tokio::test]
async fn a_service_account_that_acts_as_a_person_names_them_in_what_it_signs() {
    let bench = Bench::new();
    let server = Server::answering([json(200, r#"{"access_token":"minted","token_type":"Bearer"}"#)]).await;
    let credentials =
        json!({"type": "service_account", "client_email": "bot@p.example", "private_key": RSA_KEY}).to_string();
    let key_context = context(Purpose::Grant, &server.origins);
    let key = bench.fields(&key_context, &[("credentials", &credentials), ("act_as", "ada@p.example")]);

    bench.vault.mint(&server.client(), &server.url, (&key, key_context), &[], now()).await.unwrap();

    let form = form(&server.requests().await.remove(0));
    let claims = URL_SAFE_NO_PAD.decode(form[1].1.split('.').nth(1).unwrap()).unwrap();
    let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
    assert_eq!((&claims["iss"], &claims["sub"]), (&json!("bot@p.example"), &json!("ada@p.example")));
}

#[tokio::test]
async fn a_key_that_cannot_sign_is_said_so() {
    let bench = Bench::new();
    let server = Server::answering([]).await;
    let key_context = context(Purpose::Grant, &server.origins);
    let key = bench.fields(&key_context, &[("credentials", "{}")]);
    let token = bench.fields(&key_context, &[("token", "t")]);
    let client = server.client();

    let outcome = bench.vault.mint(&client, &server.url, (&key, key_context), &[], now()).await;
    assert!(matches!(outcome, Err(ExchangeError::KeyUnusable(_))));
    let outcome = bench.vault.mint(&client, &server.url, (&token, key_context), &[], now()).await;
    assert!(matches!(outcome, Err(ExchangeError::Vault(VaultError::NotFields))));
}

#[tokio::test]
async fn revoking_what_is_gone_already_is_a_success() {
    let answers = [
        (json(200, ""), true),
        (json(400, r#"{"error":"invalid_token"}"#), true),
        (json(400, r#"{"error":"unsupported_token_type"}"#), false),
        (json(401, r#"{"error":"invalid_client"}"#), false),
        (json(503, ""), false),
    ];

    for (answer, is_done) in answers {
        let bench = Bench::new();
        let server = Server::answering([answer.clone()]).await;
        let token_context = context(Purpose::Access, &server.origins);
        let token = bench.fields(&token_context, &[("token", "access-token-1")]);
        let bare = endpoint(&server.url, None, ClientAuthentication::Post);
        let outcome = bench.vault.revoke(&server.client(), &server.url, &bare, (&token, token_context), "token").await;
        assert_eq!(outcome.is_ok(), is_done, "{answer} {outcome:?}");
        let sent = form(&server.requests().await.remove(0));
        assert_eq!(sent[..2], [pair("token", "access-token-1"), pair("token_type_hint", "access_token")]);
        assert_eq!(sent[2], pair("client_id", "id:1 ü"));
    }
}

#[test]
fn the_futures_can_move_between_threads() {
    fn is_send<T: Send>(_: T) {}

    let bench = Bench::new();
    let url = Url::parse("https://example.com/").unwrap();
    let origins = crate::vault::testing::origins_of(&url);
    let grant_context = context(Purpose::Grant, &origins);
    let grant = bench.fields(&grant_context, &[]);
    let egress = crate::outbound::guard::Egress::strict();
    let client = crate::outbound::client::Client::new(egress, crate::outbound::client::Limits::default()).unwrap();
    let bare = endpoint(&url, None, ClientAuthentication::Post);
    let vault = &bench.vault;

    is_send(vault.refresh(&client, &bare, (&grant, grant_context), now()));
    is_send(vault.mint(&client, &url, (&grant, grant_context), &[], now()));
    is_send(vault.revoke(&client, &url, &bare, (&grant, grant_context), "token"));
    is_send(vault.exchange_code(&client, &bare, secret("c"), None, "https://a.test/", now()));
    let request = crate::outbound::request::Request::new(http::Method::GET, url.clone());
    is_send(vault.call(&client, request, &origins, None));
}
