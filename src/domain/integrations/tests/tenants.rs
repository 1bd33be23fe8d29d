//! Servers whose address has each customer's own name in it: one label, and nothing that leads elsewhere (D-40).

use serde_json::Value;
use serde_json::json;

use crate::domain::integrations::definition::Definition;
use crate::domain::integrations::document;
use crate::outbound::label::Label;
use crate::outbound::origin::Origin;
use crate::outbound::origin::OriginMap;

fn text(servers: Value) -> String {
    let document = json!({
        "openapi": "3.1.0",
        "info": { "title": "Desk" },
        "servers": servers,
        "paths": { "/tickets/{id}": { "get": { "operationId": "getTicket", "parameters": [
            { "name": "id", "in": "path", "required": true, "schema": { "type": "string" } }] } } },
        "components": { "securitySchemes": { "key": { "type": "http", "scheme": "bearer" } } },
        "security": [{ "key": [] }],
    });
    document.to_string()
}

fn server(url: &str, variable: Value) -> Value {
    json!([{ "url": url, "variables": { "subdomain": variable } }])
}

fn asked() -> Value {
    json!({ "default": "your-company", "description": "The name in the address.", "x-odeus": { "label": "Subdomain" } })
}

fn desk() -> Definition {
    document::read(&text(server("https://{subdomain}.desk.example/api/v2", asked()))).unwrap().definition
}

fn label(text: &str) -> Label {
    text.parse().unwrap()
}

fn url_of(definition: &Definition, tenant: Option<&str>) -> Option<String> {
    let tenant = tenant.map(label);
    let request = definition.actions[0].build_for(tenant.as_ref(), &json!({ "id": "7" }));
    request.ok().map(|request| request.url().to_string())
}

#[test]
fn the_name_is_a_field_of_the_connection_that_is_no_secret() {
    let definition = desk();

    let fields = definition.auth[0].fields.iter().map(|field| (field.name.as_str(), field.secret, field.required));
    assert_eq!(fields.collect::<Vec<_>>(), [("subdomain", false, true), ("key", true, true)]);
    assert_eq!(definition.auth[0].fields[0].label, "Subdomain");
    assert_eq!(definition.auth[0].fields[0].help.as_deref(), Some("The name in the address."));
}

#[test]
fn a_request_goes_to_the_tenant_s_own_address_and_no_other() {
    let definition = desk();

    assert_eq!(url_of(&definition, Some("acme")).as_deref(), Some("https://acme.desk.example/api/v2/tickets/7"));
    assert_eq!(url_of(&definition, None), None);
    let origins = definition.api_origins_of(Some(&label("acme"))).unwrap();
    assert_eq!(origins.iter().map(Origin::to_string).collect::<Vec<_>>(), ["https://acme.desk.example"]);
    assert!(definition.api_origins_of(None).is_none());
}

#[test]
fn without_a_connection_the_example_is_shown() {
    let request = desk().actions[0].build(&json!({ "id": "7" })).unwrap();

    assert_eq!(request.url().as_str(), "https://your-company.desk.example/api/v2/tickets/7");
}

#[test]
fn a_tenant_s_address_can_be_mapped() {
    let map = OriginMap::from_pairs([("https://acme.desk.example", "https://desk.acme.example:8443")]).unwrap();
    let definition = desk().mapped(&map);

    assert_eq!(url_of(&definition, Some("acme")).as_deref(), Some("https://desk.acme.example:8443/api/v2/tickets/7"));
    assert_eq!(url_of(&definition, Some("other")).as_deref(), Some("https://other.desk.example/api/v2/tickets/7"));
}

#[test]
fn only_the_names_that_a_document_lists_are_taken_where_it_lists_them() {
    let variable = json!({ "default": "api", "enum": ["api", "api-free"], "x-odeus": {} });
    let definition = document::read(&text(server("https://{subdomain}.desk.example", variable))).unwrap().definition;

    assert!(url_of(&definition, Some("api-free")).is_some());
    assert_eq!(url_of(&definition, Some("evil")), None);
}

#[test]
fn a_name_stands_at_the_beginning_of_the_vendor_s_own_host() {
    let wrong = [
        "https://api.{subdomain}.example.com",
        "https://{subdomain}",
        "https://{subdomain}.com",
        "https://{subdomain}desk.example.com",
        "https://api.example.com/{subdomain}",
        "https://{subdomain}.desk.example/{subdomain}",
        "https://x@{subdomain}.desk.example",
        "https://{subdomain}:443.desk.example",
    ];
    for url in wrong {
        assert!(document::read(&text(server(url, asked()))).is_err(), "{url}");
    }
    let odd = json!({ "default": "evil.test/", "x-odeus": {} });
    assert!(document::read(&text(server("https://{subdomain}.desk.example", odd))).is_err());
}

#[test]
fn a_variable_that_is_not_asked_for_is_its_default_as_before() {
    let variable = json!({ "default": "eu" });
    let definition = document::read(&text(server("https://{subdomain}.desk.example", variable))).unwrap().definition;

    assert_eq!(definition.variable, None);
    assert_eq!(url_of(&definition, None).as_deref(), Some("https://eu.desk.example/tickets/7"));
}

#[test]
fn a_name_that_is_also_a_part_of_the_credential_is_refused() {
    let document = text(json!([{ "url": "https://{key}.desk.example", "variables": { "key": asked() } }]));

    let problems = document::read(&document).unwrap_err();

    assert!(problems[0].message.contains("part of the credential"), "{problems:?}");
}
