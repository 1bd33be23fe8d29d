//! From the consent page to the first access token.

use crate::sandbox::tests::support::RETURN;
use crate::sandbox::tests::support::SECRET;
use crate::sandbox::tests::support::VERIFIER;
use crate::sandbox::tests::support::authorization;
use crate::sandbox::tests::support::authorization_but;
use crate::sandbox::tests::support::encoded;
use crate::sandbox::tests::support::started;

#[actix_web::test]
async fn a_person_who_allows_is_sent_back_with_code_state_and_issuer() {
    let provider = started();

    let reply = provider.consent("eve@sandbox.example", "calendar.read").await;

    assert_eq!(reply.status, 303);
    assert!(reply.header("location").unwrap().starts_with(RETURN));
    assert_eq!(reply.returned("state").unwrap(), "st/ate");
    assert_eq!(reply.returned("iss").unwrap(), provider.public_url);
    assert!(reply.returned("code").is_some());
}

#[actix_web::test]
async fn a_code_becomes_tokens_that_speak_for_the_person() {
    let provider = started();
    let code = provider.code_of("eve@sandbox.example", "calendar.read calendar.write").await;

    let reply = provider.redeem(&code, VERIFIER).await;

    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    assert_eq!(reply.json()["token_type"], "Bearer");
    assert_eq!(reply.json()["expires_in"], 120);
    assert_eq!(reply.json()["scope"], "calendar.read calendar.write");
    let me = provider.get_as("/calendar/v1/me", &reply.tokens().access).await;
    assert_eq!(me.json()["email"], "eve@sandbox.example");
}

#[actix_web::test]
async fn a_person_who_denies_is_sent_back_with_access_denied() {
    let provider = started();
    let mut form = authorization("calendar.read");
    form.push(("decision", "deny".to_owned()));

    let reply = provider.ask("POST", "/oauth/authorize").form(&form).await;

    assert_eq!(reply.status, 303);
    assert_eq!(reply.returned("error").unwrap(), "access_denied");
    assert_eq!(reply.returned("state").unwrap(), "st/ate");
    assert_eq!(reply.returned("iss").unwrap(), provider.public_url);
    assert!(reply.returned("code").is_none());
}

#[actix_web::test]
async fn an_unknown_client_or_return_address_is_never_redirected_to() {
    let provider = started();

    for (name, value) in [
        ("client_id", "nobody"),
        ("client_id", ""),
        ("redirect_uri", ""),
        ("redirect_uri", "https://app.example.evil.example/oauth/callback"),
        ("redirect_uri", "https://app.example@evil.example/oauth/callback"),
        ("redirect_uri", "https://app.example/oauth/callback/../../evil"),
        ("redirect_uri", "https://app.example/oauth/callback/%2e%2e/%2e%2e/evil"),
        ("redirect_uri", "https://app.example/oauth/callback-evil"),
        ("redirect_uri", "http://app.example/oauth/callback"),
        ("redirect_uri", "https://app.example/oauth/callback#here"),
        ("redirect_uri", "javascript:alert(1)"),
        ("redirect_uri", "https://other.example/"),
    ] {
        let mut form = authorization_but(name, value);
        let asked = format!("/oauth/authorize?{}", encoded(&form));
        let shown = provider.ask("GET", &asked).send().await;
        form.push(("decision", "allow".to_owned()));
        form.push(("person", "ada@sandbox.example".to_owned()));
        let posted = provider.ask("POST", "/oauth/authorize").form(&form).await;

        for reply in [shown, posted] {
            assert_eq!(reply.status, 400, "{name}={value}");
            assert!(reply.header("location").is_none(), "{name}={value}");
        }
    }
}

#[actix_web::test]
async fn other_mistakes_are_told_to_the_app() {
    let provider = started();

    for (name, value, error) in [
        ("response_type", "token", "unsupported_response_type"),
        ("code_challenge", "", "invalid_request"),
        ("code_challenge", "short", "invalid_request"),
        ("code_challenge_method", "plain", "invalid_request"),
        ("code_challenge_method", "", "invalid_request"),
        ("scope", "calendar.read mail.read", "invalid_scope"),
        ("scope", "warehouse.read", "invalid_scope"),
    ] {
        let asked = format!("/oauth/authorize?{}", encoded(&authorization_but(name, value)));

        let reply = provider.ask("GET", &asked).send().await;

        assert_eq!(reply.status, 303, "{name}={value}");
        assert_eq!(reply.returned("error").unwrap(), error, "{name}={value}");
        assert_eq!(reply.returned("iss").unwrap(), provider.public_url);
        assert_eq!(reply.returned("state").unwrap(), "st/ate");
    }
}

#[actix_web::test]
async fn a_consent_posted_from_another_site_is_refused() {
    let provider = started();
    let mut form = authorization("calendar.read");
    form.push(("decision", "allow".to_owned()));
    form.push(("person", "ada@sandbox.example".to_owned()));

    let reply = provider.ask("POST", "/oauth/authorize").header("Sec-Fetch-Site", "cross-site").form(&form).await;

    assert_eq!(reply.status, 400);
    assert!(reply.header("location").is_none());
}

#[actix_web::test]
async fn a_code_needs_its_verifier_and_is_burnt_by_a_wrong_one() {
    let provider = started();
    let code = provider.code_of("ada@sandbox.example", "calendar.read").await;

    let wrong = provider.redeem(&code, "another-verifier-that-is-long-enough-to-be-one").await;
    let right = provider.redeem(&code, VERIFIER).await;

    assert_eq!((wrong.status, wrong.error().as_str()), (400, "invalid_grant"));
    assert_eq!((right.status, right.error().as_str()), (400, "invalid_grant"));
}

#[actix_web::test]
async fn a_code_used_twice_ends_the_grant_it_made() {
    let provider = started();
    let code = provider.code_of("ada@sandbox.example", "calendar.read").await;
    let first = provider.redeem(&code, VERIFIER).await.tokens();

    let second = provider.redeem(&code, VERIFIER).await;

    assert_eq!(second.error(), "invalid_grant");
    let me = provider.get_as("/calendar/v1/me", &first.access).await;
    assert_eq!(me.status, 401);
    assert_eq!(provider.refresh(&first.refresh).await.error(), "invalid_grant");
}

#[actix_web::test]
async fn a_code_is_good_for_a_minute() {
    let provider = started();
    let code = provider.code_of("ada@sandbox.example", "calendar.read").await;

    provider.pass(60);
    let reply = provider.redeem(&code, VERIFIER).await;

    assert_eq!(reply.error(), "invalid_grant");
}

#[actix_web::test]
async fn a_code_goes_with_the_redirect_address_it_was_sent_to() {
    let provider = started();
    let code = provider.code_of("ada@sandbox.example", "calendar.read").await;
    let form = [
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", "https://app.example/oauth/callback/else"),
        ("code_verifier", VERIFIER),
    ];

    let reply = provider.ask("POST", "/oauth/token").by_client().form(&form).await;

    assert_eq!(reply.error(), "invalid_grant");
}

#[actix_web::test]
async fn a_code_is_of_no_use_to_another_client() {
    let provider = started();
    let code = provider.code_of("ada@sandbox.example", "calendar.read").await;
    let form = [
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", RETURN),
        ("code_verifier", VERIFIER),
        ("client_id", "other"),
        ("client_secret", SECRET),
    ];

    let stolen = provider.ask("POST", "/oauth/token").form(&form).await;
    let own = provider.redeem(&code, VERIFIER).await;

    assert_eq!(stolen.error(), "invalid_grant");
    assert_eq!(own.status, 200);
}
