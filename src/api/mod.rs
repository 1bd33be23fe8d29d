//! The face for programs: `/api/v1`, one room for each noun, over the same domain functions as the pages. What it takes and
//! gives is described by `openapi.json`, which is made from the handlers and their types.

pub mod agents;
pub mod audit;
pub mod connections;
pub mod groups;
pub mod integrations;
pub mod mails;
pub mod me;
pub mod members;
pub mod outbox;
pub mod roles;
pub mod runs;

use std::sync::LazyLock;

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::web::ServiceConfig;
use utoipa::Modify;
use utoipa::OpenApi;
use utoipa::openapi::Content;
use utoipa::openapi::Ref;
use utoipa::openapi::RefOr;
use utoipa::openapi::Response;
use utoipa::openapi::ResponseBuilder;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::HttpAuthScheme;
use utoipa::openapi::security::HttpBuilder;
use utoipa::openapi::security::SecurityScheme;

use crate::http::gate::Public;
use crate::http::gate::route;
use crate::http::json;

/// Adds every route.
pub fn routes(cfg: &mut ServiceConfig) {
    route(cfg, Method::GET, "/api/v1/openapi.json", show_description);
    me::routes(cfg);
    integrations::routes(cfg);
    connections::routes(cfg);
    agents::routes(cfg);
    runs::routes(cfg);
    groups::routes(cfg);
    members::routes(cfg);
    audit::routes(cfg);
    mails::routes(cfg);
    outbox::routes(cfg);
    roles::routes(cfg);
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Odeus",
        description = "Connections for AI agents: made once, kept sealed, used with exactly the right person’s rights.\n\n\
            A token belongs to one member of one workspace, who makes it on their profile page; it can do what they can. \
            What is not visible to them is 404, the same as what does not exist. What is visible, but not allowed, is 403 \
            and says who can help.\n\n\
            Fields and query parameters that a call does not know are refused. Ids are texts. Every answer that is not \
            what was asked for is `application/problem+json`, with a stable `code`."
    ),
    paths(show_description),
    components(schemas(json::Problem)),
    security(("token" = [])),
    tags(
        (name = "Me", description = "Who the token acts as"),
        (name = "Integrations", description = "What can be connected, and what it can do"),
        (name = "Connections", description = "Saved authentication links between their owners and integrations"),
        (name = "Agents", description = "Named helpers with actions, used by the people they are shared with"),
        (name = "Runs", description = "Executions of an agent’s actions"),
        (name = "Members", description = "Who is in the workspace, as what"),
        (name = "Groups", description = "Named sets of members, to share with"),
        (name = "Mails", description = "What the workspace writes to its people, for admins"),
        (name = "Audit", description = "Who did what, for admins"),
        (name = "Roles", description = "What admins, editors and members may do"),
        (name = "Description", description = "This document"),
    ),
    modifiers(&EveryCall)
)]
struct Description;

/// What holds for every call: the token, and the problems that any of them can have.
struct EveryCall;

impl Modify for EveryCall {
    fn modify(&self, description: &mut utoipa::openapi::OpenApi) {
        let token = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("odeus_…");
        let token = token.description(Some("An API token, made on the profile page."));
        let components = description.components.get_or_insert_default();
        components.add_security_scheme("token", SecurityScheme::Http(token.build()));
    }
}

/// The whole description.
pub fn description() -> utoipa::openapi::OpenApi {
    let mut description = Description::openapi();
    for noun in [
        me::Description::openapi(),
        integrations::Description::openapi(),
        connections::Description::openapi(),
        agents::Description::openapi(),
        runs::Description::openapi(),
        groups::Description::openapi(),
        members::Description::openapi(),
        audit::Description::openapi(),
        mails::Description::openapi(),
        outbox::Description::openapi(),
        roles::Description::openapi(),
    ] {
        description.merge(noun);
    }
    for (path, item) in &mut description.paths.paths {
        for operation in [&mut item.get, &mut item.post, &mut item.put, &mut item.patch, &mut item.delete] {
            let Some(operation) = operation else { continue };
            if operation.security.is_none() {
                add_common_problems(operation, path.contains('{'));
            }
            operation.responses.responses.iter_mut().for_each(name_media_type);
        }
    }
    description
}

fn add_common_problems(operation: &mut Operation, names_something: bool) {
    let mut add = |status: &str, what: &str| {
        let responses = &mut operation.responses.responses;
        responses.entry(status.to_owned()).or_insert_with(|| RefOr::T(problem(what)));
    };
    add("401", "`unauthorized`: no token, or one that is not known");
    if names_something {
        add("404", "`not_found`: it does not exist, or is not visible to the caller");
    }
    add("503", "`unavailable`: try again after `Retry-After` seconds");
}

fn problem(what: &str) -> Response {
    let content = Content::new(Some(Ref::from_schema_name("Problem")));
    ResponseBuilder::new().description(what).content("application/json", content).build()
}

/// Problems are JSON by a name of their own.
fn name_media_type((status, response): (&String, &mut RefOr<Response>)) {
    if status.starts_with(['4', '5'])
        && let RefOr::T(response) = response
        && let Some(content) = response.content.swap_remove("application/json")
    {
        response.content.insert("application/problem+json".to_owned(), content);
    }
}

static DESCRIPTION: LazyLock<String> = LazyLock::new(|| description().to_json().unwrap_or_default());

/// Describe these calls
#[utoipa::path(get, path = "/api/v1/openapi.json", operation_id = "getDescription", tag = "Description", security(()),
    responses((status = 200, description = "This document", content_type = "application/json", body = Object)))]
async fn show_description(_: Public) -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(DESCRIPTION.as_str())
}
