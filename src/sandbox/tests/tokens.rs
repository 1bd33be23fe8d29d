//! Client authentication, refresh, revocation, expiry, scopes.

use crate::sandbox::tests::support::CLIENT;
use crate::sandbox::tests::support::SECRET;
use crate::sandbox::tests::support::VERIFIER;
use crate::sandbox::tests::support::started;
use crate::sandbox::tests::support::started_with;

const ADA: &str = "ada@sandbox.example";
const ME: &str = "/calendar/v1/me";

#[actix_web::test]
async fn a_client_may_show_its_secret_in_the_form() {
    let provider = started();
    let given = provider.tokens_of(ADA, "calendar.read").await;
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", &given.refresh),
        ("client_id", CLIENT),
        ("client_secret", SECRET),
    ];

    let reply = provider.ask("POST", "/oauth/token").form(&form).await;

    assert_eq!(reply.status, 200);
}

#[actix_web::test]
async fn a_wrong_secret_is_invalid_client() {
    let provider = started();
    for (id, secret) in [(CLIENT, "wrong"), ("nobody", SECRET), (CLIENT, "")] {
        let form =
            [("grant_type", "refresh_token"), ("refresh_token", "any"), ("client_id", id), ("client_secret", secret)];

        let reply = provider.ask("POST", "/oauth/token").form(&form).await;

        assert_eq!((reply.status, reply.error().as_str()), (401, "invalid_client"));
        assert!(reply.header("www-authenticate").unwrap().starts_with("Basic"));
    }
}

#[actix_web::test]
async fn malformed_token_requests_have_their_own_errors() {
    let provider = started();
    for (body, error) in [
        ("", "invalid_request"),
        ("grant_type=password&username=a", "unsupported_grant_type"),
        ("grant_type=refresh_token", "invalid_request"),
        ("grant_type=refresh_token&grant_type=refresh_token", "invalid_request"),
        ("grant_type=refresh_token&refresh_token=a&client_secret=b", "invalid_request"),
        ("grant_type=refresh_token&refresh_token=a&scope=nonsense", "invalid_scope"),
        ("grant_type=refresh_token&refresh_token=unknown", "invalid_grant"),
    ] {
        let pairs: Vec<(&str, &str)> = body.split('&').filter_map(|pair| pair.split_once('=')).collect();

        let reply = provider.ask("POST", "/oauth/token").by_client().form(&pairs).await;

        assert_eq!((reply.status, reply.error().as_str()), (400, error), "{body}");
    }
}

#[actix_web::test]
async fn a_refresh_token_is_replaced_at_each_use() {
    let provider = started();
    let first = provider.tokens_of(ADA, "calendar.read").await;

    let second = provider.refresh(&first.refresh).await.tokens();
    let third = provider.refresh(&second.refresh).await.tokens();

    assert_ne!(first.refresh, second.refresh);
    assert_ne!(second.refresh, third.refresh);
    assert_eq!(provider.get_as(ME, &third.access).await.status, 200);
}

#[actix_web::test]
async fn a_spent_refresh_token_ends_the_whole_grant() {
    let provider = started();
    let first = provider.tokens_of(ADA, "calendar.read").await;
    let second = provider.refresh(&first.refresh).await.tokens();

    let again = provider.refresh(&first.refresh).await;

    assert_eq!((again.status, again.error().as_str()), (400, "invalid_grant"));
    assert_eq!(provider.refresh(&second.refresh).await.error(), "invalid_grant");
    assert_eq!(provider.get_as(ME, &second.access).await.status, 401);
    assert!(provider.sandbox.state().grants.is_empty());
}

#[actix_web::test]
async fn a_refresh_token_is_of_no_use_to_another_client() {
    let provider = started();
    let given = provider.tokens_of(ADA, "calendar.read").await;
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", &given.refresh),
        ("client_id", "other"),
        ("client_secret", SECRET),
    ];

    let stolen = provider.ask("POST", "/oauth/token").form(&form).await;

    assert_eq!(stolen.error(), "invalid_grant");
    assert_eq!(provider.refresh(&given.refresh).await.status, 200);
}

#[actix_web::test]
async fn a_forgiving_sandbox_repeats_its_answer_for_ten_seconds() {
    let provider = started_with(|options| options.strict_rotation = false);
    let first = provider.tokens_of(ADA, "calendar.read").await;
    let second = provider.refresh(&first.refresh).await.tokens();

    provider.pass(9);
    let repeated = provider.refresh(&first.refresh).await.tokens();
    provider.pass(1);
    let late = provider.refresh(&first.refresh).await;

    assert_eq!(repeated.refresh, second.refresh);
    assert_eq!(repeated.access, second.access);
    assert_eq!(late.error(), "invalid_grant");
    assert_eq!(provider.refresh(&second.refresh).await.error(), "invalid_grant");
}

#[actix_web::test]
async fn a_forgiving_sandbox_does_not_repeat_an_answer_that_was_used() {
    let provider = started_with(|options| options.strict_rotation = false);
    let first = provider.tokens_of(ADA, "calendar.read").await;
    let second = provider.refresh(&first.refresh).await.tokens();
    let third = provider.refresh(&second.refresh).await.tokens();

    let again = provider.refresh(&first.refresh).await;

    assert_eq!(again.error(), "invalid_grant");
    assert_eq!(provider.refresh(&third.refresh).await.error(), "invalid_grant");
}

#[actix_web::test]
async fn a_refresh_may_ask_for_fewer_scopes_but_not_for_more() {
    let provider = started();
    let given = provider.tokens_of(ADA, "calendar.read").await;
    let both = provider.tokens_of(ADA, "calendar.read calendar.write").await;
    let refresh = |token: String, scope: &'static str| {
        let provider = &provider;
        async move {
            let form = [("grant_type", "refresh_token"), ("refresh_token", token.as_str()), ("scope", scope)];
            let ask = provider.ask("POST", "/oauth/token").by_client();
            ask.form(&form).await
        }
    };

    let more = refresh(given.refresh, "calendar.read calendar.write").await;
    let fewer = refresh(both.refresh, "calendar.read").await;

    assert_eq!(more.error(), "invalid_scope");
    assert_eq!(fewer.json()["scope"], "calendar.read");
}

#[actix_web::test]
async fn an_access_token_expires() {
    let provider = started();
    let given = provider.tokens_of(ADA, "calendar.read").await;

    provider.pass(119);
    let before = provider.get_as(ME, &given.access).await;
    provider.pass(1);
    let after = provider.get_as(ME, &given.access).await;

    assert_eq!(before.status, 200);
    assert_eq!(after.status, 401);
    let challenge = after.header("www-authenticate").unwrap();
    assert!(challenge.contains("error=\"invalid_token\""));
    assert_eq!(after.json()["error"]["code"], "token_expired");
}

#[actix_web::test]
async fn a_call_without_a_token_or_with_a_false_one_is_challenged() {
    let provider = started();

    let without = provider.ask("GET", ME).send().await;
    let false_one = provider.get_as(ME, "sbx_at_nonsense").await;

    assert_eq!(without.status, 401);
    assert_eq!(without.header("www-authenticate"), Some("Bearer realm=\"sandbox\""));
    assert_eq!(false_one.status, 401);
    assert!(false_one.header("www-authenticate").unwrap().contains("invalid_token"));
}

#[actix_web::test]
async fn a_missing_scope_is_forbidden_and_named() {
    let provider = started();
    let given = provider.tokens_of(ADA, "calendar.read").await;

    let reply = provider.ask("POST", "/calendar/v1/events").bearer(&given.access).send().await;

    assert_eq!(reply.status, 403);
    let challenge = reply.header("www-authenticate").unwrap();
    assert!(challenge.contains("insufficient_scope"));
    assert!(challenge.contains("calendar.write"));
}

#[actix_web::test]
async fn revoking_a_refresh_token_ends_its_grant() {
    let provider = started();
    let given = provider.tokens_of(ADA, "calendar.read").await;
    let other = provider.tokens_of(ADA, "calendar.read").await;

    let reply = provider.revoke(&given.refresh).await;

    assert_eq!(reply.status, 200);
    assert_eq!(provider.get_as(ME, &given.access).await.status, 401);
    assert_eq!(provider.refresh(&given.refresh).await.error(), "invalid_grant");
    assert_eq!(provider.get_as(ME, &other.access).await.status, 200);
}

#[actix_web::test]
async fn revoking_an_access_token_leaves_the_grant() {
    let provider = started();
    let given = provider.tokens_of(ADA, "calendar.read").await;

    let reply = provider.revoke(&given.access).await;

    assert_eq!(reply.status, 200);
    assert_eq!(provider.get_as(ME, &given.access).await.status, 401);
    assert_eq!(provider.refresh(&given.refresh).await.status, 200);
}

#[actix_web::test]
async fn revoking_needs_the_right_client_and_forgives_unknown_tokens() {
    let provider = started();
    let given = provider.tokens_of(ADA, "calendar.read").await;
    let as_other = [("token", given.refresh.as_str()), ("client_id", "other"), ("client_secret", SECRET)];

    let unknown = provider.revoke("sbx_rt_nonsense").await;
    let anonymous = provider.ask("POST", "/oauth/revoke").form(&[("token", &given.refresh)]).await;
    let foreign = provider.ask("POST", "/oauth/revoke").form(&as_other).await;

    assert_eq!(unknown.status, 200);
    assert_eq!(anonymous.error(), "invalid_client");
    assert_eq!(foreign.error(), "unauthorized_client");
    assert_eq!(provider.refresh(&given.refresh).await.status, 200);
}

#[actix_web::test]
async fn metadata_says_what_the_server_does() {
    let provider = started();

    let reply = provider.ask("GET", "/.well-known/oauth-authorization-server").send().await;

    let metadata = reply.json();
    assert_eq!(metadata["issuer"], provider.public_url.as_str());
    assert_eq!(metadata["authorization_response_iss_parameter_supported"], true);
    assert_eq!(metadata["code_challenge_methods_supported"][0], "S256");
    let endpoint = format!("{}/oauth/token", provider.public_url);
    assert_eq!(metadata["token_endpoint"], endpoint.as_str());
}

#[actix_web::test]
async fn tokens_are_counted_by_grant() {
    let provider = started();
    let given = provider.tokens_of(ADA, "calendar.read").await;
    provider.refresh(&given.refresh).await;
    provider.refresh(&given.refresh).await;
    provider.redeem("nonsense", VERIFIER).await;

    let state = provider.sandbox.state();

    assert_eq!(state.token_calls["authorization_code"], 2);
    assert_eq!(state.tokens_issued["authorization_code"], 1);
    assert_eq!(state.token_calls["refresh_token"], 2);
    assert_eq!(state.tokens_issued["refresh_token"], 1);
}
