//! Auth methods: listed by the extension, or made from what the document asks for.

use serde_json::Value;
use serde_json::json;

use super::bad;
use super::document;
use super::get_things;
use super::good;
use super::noted;
use crate::authz::facts::AuthType;
use crate::domain::integrations::definition::ClientAuthentication;
use crate::domain::integrations::definition::Definition;
use crate::vault::slot::Slot;

fn schemes() -> Value {
    json!({
        "key": { "type": "apiKey", "in": "header", "name": "X-Api-Key", "description": "From the settings." },
        "app": { "type": "apiKey", "in": "query", "name": "app_id", "x-odeus": { "label": "App id", "help": "Find it" } },
        "token": { "type": "http", "scheme": "Bearer" },
        "prefixed": { "type": "apiKey", "in": "header", "name": "Authorization", "x-odeus": { "prefix": "Token " } },
        "login": { "type": "http", "scheme": "basic" },
        "code": { "type": "oauth2", "flows": { "authorizationCode": {
            "authorizationUrl": "https://auth.example.com/authorize", "tokenUrl": "https://auth.example.com/token",
            "scopes": { "read": "See things", "write": "Change things" } } } },
        "machine": { "type": "oauth2", "flows": { "clientCredentials": { "tokenUrl": "https://auth.example.com/token", "scopes": {} } } },
        "oidc": { "type": "openIdConnect", "openIdConnectUrl": "https://auth.example.com/.well-known" },
        "cookie": { "type": "apiKey", "in": "cookie", "name": "sid" },
        "digest": { "type": "http", "scheme": "digest" },
    })
}

fn with(security: Value, auth: Option<Value>) -> String {
    let mut more = json!({ "security": security, "components": { "securitySchemes": schemes() } });
    if let Some(auth) = auth {
        more["x-odeus"] = json!({ "auth": auth });
    }
    document(get_things(), more)
}

fn types(definition: &Definition) -> Vec<AuthType> {
    definition.auth.iter().map(|method| method.auth_type).collect()
}

#[test]
fn a_key_becomes_one_field_named_after_its_scheme() {
    let definition = good(&with(json!([{ "key": [] }]), None));

    let method = definition.method(AuthType::ApiKey).unwrap();
    assert_eq!(types(&definition), [AuthType::ApiKey]);
    assert_eq!(method.slots, [Slot::Header { field: "key".into(), name: "X-Api-Key".into(), prefix: String::new() }]);
    assert_eq!((method.fields[0].name.as_str(), method.fields[0].label.as_str()), ("key", "API key"));
    assert_eq!(method.fields[0].help.as_deref(), Some("From the settings."));
    assert!(method.fields[0].secret && method.fields[0].required);
}

#[test]
fn each_kind_of_key_has_its_slot() {
    let slot = |name: &str| good(&with(json!([{ name: [] }]), None)).auth[0].slots[0].clone();

    assert_eq!(slot("token"), Slot::Bearer { field: "token".into() });
    assert_eq!(slot("app"), Slot::Query { field: "app".into(), name: "app_id".into() });
    assert_eq!(
        slot("prefixed"),
        Slot::Header { field: "prefixed".into(), name: "Authorization".into(), prefix: "Token ".into() }
    );
    assert_eq!(slot("login"), Slot::Basic { username: "username".into(), password: "password".into() });
    let login = good(&with(json!([{ "login": [] }]), None)).auth[0].fields.clone();
    assert_eq!(
        login.iter().map(|field| (field.name.as_str(), field.secret)).collect::<Vec<_>>(),
        [("username", false), ("password", true)]
    );
}

#[test]
fn schemes_that_are_asked_for_together_are_one_method() {
    let definition = good(&with(json!([{ "key": [], "app": [] }]), None));

    let names: Vec<&str> = definition.auth[0].fields.iter().map(|field| field.name.as_str()).collect();
    assert_eq!(types(&definition), [AuthType::ApiKey]);
    assert_eq!(names, ["app", "key"]);
    assert_eq!(definition.auth[0].fields[0].label, "App id");
}

#[test]
fn oauth_takes_its_addresses_and_scopes_from_the_code_flow() {
    let definition = good(&with(json!([{ "code": ["read", "write"] }, { "code": ["read"] }]), None));

    let method = definition.method(AuthType::Oauth).unwrap();
    let oauth = method.oauth.as_ref().unwrap();
    assert_eq!(method.slots, [Slot::Bearer { field: "token".into() }]);
    assert_eq!(oauth.authorize_url.as_str(), "https://auth.example.com/authorize");
    assert_eq!(oauth.client_authentication, ClientAuthentication::Basic);
    assert!(oauth.pkce && oauth.scope_separator == " " && oauth.revoke_url.is_none());
    assert_eq!(oauth.scope_descriptions["read"], "See things");
    assert_eq!(definition.actions[0].scopes, ["read"]);
    assert_eq!(
        definition.actions[0].scope_alternatives,
        [vec!["read".to_owned(), "write".to_owned()], vec!["read".to_owned()]]
    );
    assert_eq!(definition.scopes(), ["read"]);
    let pointers: Vec<String> = definition.addresses().into_iter().map(|(pointer, _)| pointer).collect();
    assert_eq!(pointers[1], "/components/securitySchemes/code/flows/authorizationCode/authorizationUrl");
}

#[test]
fn the_extension_lists_methods_in_order() {
    let auth = json!([
        { "type": "service_account", "scheme": "machine" },
        { "type": "oauth", "scheme": "code", "authorize_params": { "access_type": "offline" }, "client_authentication": "post",
          "revoke_url": "https://auth.example.com/revoke", "pkce": false, "issuer": "https://auth.example.com", "scope_separator": "," },
        { "type": "api_key", "schemes": ["key", "app"] },
    ]);
    let definition = good(&with(json!([{ "code": ["read"] }, { "machine": ["read"] }, { "key": [] }]), Some(auth)));

    assert_eq!(types(&definition), [AuthType::ServiceAccount, AuthType::Oauth, AuthType::ApiKey]);
    assert_eq!(definition.actions[0].auth_types, types(&definition));
    let account = &definition.auth[0];
    assert_eq!(account.fields.len(), 1);
    assert_eq!(account.fields[0].name, "credentials");
    assert!(account.fields[0].multiline);
    let endpoint = account.service_account.as_ref().unwrap();
    assert_eq!(
        (endpoint.token_url.as_str(), endpoint.scopes.as_slice()),
        ("https://auth.example.com/token", &["read".to_owned()][..])
    );
    let oauth = definition.auth[1].oauth.as_ref().unwrap();
    assert_eq!(oauth.client_authentication, ClientAuthentication::Post);
    assert_eq!(oauth.authorize_params, [("access_type".to_owned(), "offline".to_owned())]);
    assert_eq!(oauth.issuer.as_deref(), Some("https://auth.example.com"));
    assert!(!oauth.pkce && oauth.scope_separator == "," && oauth.revoke_url.is_some());
}

#[test]
fn scopes_that_come_along_are_asked_for_and_needed_by_no_action() {
    let auth = json!([{ "type": "oauth", "scheme": "code", "scopes": ["offline_access", "read"] }]);
    let definition = good(&with(json!([{ "code": ["read"] }]), Some(auth)));

    assert_eq!(definition.scopes(), ["read"]);
    assert_eq!(definition.asked_scopes(), ["read", "offline_access"]);
}

#[test]
fn a_service_account_with_delegation_may_say_whom_it_acts_as() {
    let auth = json!([{ "type": "service_account", "scheme": "machine", "delegation": true }]);
    let definition = good(&with(json!([{ "machine": ["read"] }]), Some(auth)));

    let fields: Vec<(&str, bool, bool)> =
        definition.auth[0].fields.iter().map(|field| (field.name.as_str(), field.required, field.secret)).collect();
    assert_eq!(fields, [("credentials", true, true), ("act_as", false, false)]);
}

#[test]
fn without_any_security_nothing_is_asked() {
    let definition = good(&document(get_things(), json!({})));

    assert_eq!(types(&definition), [AuthType::None]);
    assert!(definition.auth[0].slots.is_empty());
    assert_eq!(types(&good(&document(get_things(), json!({ "security": [] })))), [AuthType::None]);
}

#[test]
fn schemes_that_no_requirement_names_are_offered() {
    let more = json!({ "components": { "securitySchemes": { "token": { "type": "http", "scheme": "bearer" } } } });

    let definition = good(&document(get_things(), more));

    assert_eq!(types(&definition), [AuthType::ApiKey, AuthType::None]);
    assert_eq!(definition.actions[0].auth_types, [AuthType::ApiKey, AuthType::None]);
}

#[test]
fn what_cannot_be_carried_over_is_noted() {
    for name in ["machine", "oidc", "cookie", "digest", "missing"] {
        let (definition, notes) = noted(&with(json!([{ "key": [] }, { name: [] }]), None));

        assert_eq!(types(&definition), [AuthType::ApiKey], "{name}");
        assert_eq!(notes.len(), 1, "{name}: {notes:#?}");
    }
}

#[test]
fn an_operation_that_asks_for_another_key_is_left_out() {
    let paths = json!({ "/a": { "get": { "operationId": "a" } }, "/b": { "get": { "operationId": "b" } },
        "/admin": { "get": { "operationId": "c", "security": [{ "token": [] }] } } });
    let more = json!({ "security": [{ "key": [] }], "components": { "securitySchemes": schemes() } });

    let (definition, notes) = noted(&document(paths, more));

    assert_eq!(definition.actions.len(), 2);
    assert!(notes[0].message.contains("it asks for token"), "{notes:#?}");
}

#[test]
fn a_wrong_method_is_said_with_its_place() {
    let refused = |entry: Value| bad(&with(json!([{ "code": [] }, { "key": [] }]), Some(json!([entry]))));

    assert!(refused(json!({ "type": "oauth", "scheme": "nope" })).1.contains("no security scheme “nope”"));
    assert!(refused(json!({ "type": "oauth", "scheme": "key" })).1.contains("no oauth2 scheme"));
    assert!(refused(json!({ "type": "oauth", "scheme": "machine" })).1.contains("no authorizationCode flow"));
    assert!(refused(json!({ "type": "api_key", "scheme": "code" })).1.contains("oauth2 scheme"));
    assert!(refused(json!({ "type": "api_key" })).1.contains("name the scheme"));
    assert!(refused(json!({ "type": "api_key", "schemes": ["token", "prefixed"] })).1.contains("the same place"));
    assert!(refused(json!({ "type": "saml" })).0 == "/x-odeus/auth/0");
    let own =
        json!({ "type": "oauth", "scheme": "code", "authorize_params": { "redirect_uri": "https://evil.example" } });
    assert_eq!(refused(own).0, "/x-odeus/auth/0/authorize_params/redirect_uri");
    let script = json!({ "type": "oauth", "scheme": "code", "revoke_url": "javascript:alert(1)" });
    assert_eq!(refused(script).0, "/x-odeus/auth/0/revoke_url");
    let twice = json!([{ "type": "api_key", "scheme": "key" }, { "type": "api_key", "scheme": "token" }]);
    assert!(bad(&with(json!([{ "key": [] }]), Some(twice))).1.contains("two methods of type api_key"));
}

#[test]
fn a_sign_in_address_must_be_one_that_a_browser_may_be_sent_to() {
    for url in ["javascript:alert(1)", "/authorize", "data:text/html,x", "https://a:b@auth.example.com/"] {
        let scheme = json!({ "type": "oauth2", "flows": { "authorizationCode": { "authorizationUrl": url, "tokenUrl": "https://a.example/t", "scopes": {} } } });
        let more = json!({ "security": [{ "s": [] }], "components": { "securitySchemes": { "s": scheme } } });

        let (pointer, _) = bad(&document(get_things(), more));

        assert_eq!(pointer, "/components/securitySchemes/s/flows/authorizationCode/authorizationUrl");
    }
}

#[test]
fn a_key_cannot_go_into_a_header_that_steers_the_request() {
    for header in ["Host", "Cookie", "X-Forwarded-For", "a b"] {
        let more = json!({ "security": [{ "s": [] }], "components": { "securitySchemes": { "s": { "type": "apiKey", "in": "header", "name": header } } } });

        assert_eq!(bad(&document(get_things(), more)).0, "/components/securitySchemes/s", "{header}");
    }
}
